//! Supervised training: the model, loss and schedule of fastText (Joulin et al. 2016), from scratch.
//!
//! Plain stochastic gradient descent, one example after another, so that the result is that of one thread. Threads share what comes before and
//! after it (words, features, codes), and the descent itself where rows are wide, each owning some of the dimensions of all: see [`descent`]. The
//! same examples, settings and seed give the same bytes on any number of threads.

mod descent;
mod quantise;
mod sparse;
mod vocabulary;

use std::io::{self, Write};

use self::descent::Slice;
pub use self::quantise::Quantise;
use self::sparse::{Place, Sparse};
use self::vocabulary::Vocabulary;
use super::format::{Args, Loss};

/// A text and the number of its label.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The text. Line breaks count as spaces.
    pub text: &'a str,
    /// Index into the names of labels.
    pub label: usize,
}

/// How to train.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Numbers in the vector of a feature.
    pub dim: usize,
    /// Passes over the examples.
    pub epochs: usize,
    /// Learning rate of the first step; it falls to 0 in a straight line.
    pub learning_rate: f32,
    /// Longest run of words that is a feature.
    pub word_ngrams: usize,
    /// Shortest run of characters in a word that is a feature.
    pub min_chars: usize,
    /// Longest run of characters in a word that is a feature; 0 for none.
    pub max_chars: usize,
    /// Rows that hashed n-grams share.
    pub buckets: u32,
    /// A rarer word has no row of its own.
    pub min_count: u64,
    /// A tree over the labels instead of the softmax over all: faster where there are hundreds of them.
    pub hierarchical: bool,
    /// Give every label the same weight in sum, however many examples it has.
    pub balanced: bool,
    /// Of the first vectors and of the order of examples.
    pub seed: u64,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            dim: 16,
            epochs: 10,
            learning_rate: 0.5,
            word_ngrams: 2,
            min_chars: 0,
            max_chars: 0,
            buckets: 1 << 20,
            min_count: 1,
            hierarchical: false,
            balanced: false,
            seed: 0,
            threads: 1,
        }
    }
}

/// Why no model comes of it.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TrainError {
    /// Fewer than two labels have examples.
    #[error("no example of label `{0}`: a classifier learns from two labels or more")]
    NoExample(String),
    /// A label that a model file cannot hold.
    #[error("`{0}` cannot be a label: wanted a name without spaces")]
    Label(String),
    /// A setting out of range: its name, what it must be.
    #[error("{0} is out of range: wanted {1}")]
    Setting(&'static str, &'static str),
    /// The numbers grew beyond all bounds.
    #[error("the training diverged after {0} examples: take a lower learning rate")]
    Diverged(usize),
}

/// A model as trained.
pub struct Trained {
    args: Args,
    settings: Settings,
    vocabulary: Vocabulary,
    places: Vec<Place>,
    slices: Vec<Slice>,
}

/// Learns to tell the labels called `names` apart. `watch` is told the share that is done, now and then.
///
/// # Errors
/// Settings out of range, a label without examples, and a learning rate with which the training diverges.
pub fn train(examples: &[Example<'_>], names: &[&str], settings: &Settings, watch: &(dyn Fn(f64) + Sync)) -> Result<Trained, TrainError> {
    settings.check()?;
    for (number, name) in names.iter().enumerate() {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '\0') {
            return Err(TrainError::Label((*name).to_owned()));
        }
        if names.len() < 2 || !examples.iter().any(|example| example.label == number) {
            return Err(TrainError::NoExample((*name).to_owned()));
        }
    }
    let args = settings.args();
    let vocabulary = Vocabulary::count(examples, names, settings.min_count, settings.threads);
    let rows = vocabulary.words.len() + args.bucket as usize;
    let sparse = Sparse::of(examples, &vocabulary.dictionary(args), rows, settings.threads);
    let number = |name: &str| vocabulary.labels.iter().position(|(label, _)| label == name).unwrap_or(0) as u32;
    let numbers: Vec<u32> = names.iter().map(|name| number(name)).collect();
    let labels = examples.iter().map(|example| numbers[example.label]).collect();
    let counts: Vec<i64> = vocabulary.labels.iter().map(|(_, count)| *count as i64).collect();
    let slices = descent::descend(&sparse, labels, &counts, settings, watch)?;
    Ok(Trained { args, settings: settings.clone(), vocabulary, places: sparse.places, slices })
}

impl Settings {
    fn check(&self) -> Result<(), TrainError> {
        let wrong = |name, wanted| Err(TrainError::Setting(name, wanted));
        match self {
            Settings { dim: 0 | 4097.., .. } => wrong("the dimension", "1 to 4096"),
            Settings { epochs: 0 | 10_001.., .. } => wrong("the number of epochs", "1 to 10000"),
            Settings { learning_rate, .. } if !(*learning_rate > 0.0 && learning_rate.is_finite()) => wrong("the learning rate", "more than 0"),
            Settings { word_ngrams: 0 | 17.., .. } => wrong("the length of word n-grams", "1 to 16"),
            Settings { max_chars: 17.., .. } => wrong("the length of character n-grams", "at most 16"),
            Settings { min_chars, max_chars: most @ 1.., .. } if !(1..=*most).contains(min_chars) => {
                wrong("the least length of character n-grams", "1 or more and not above the greatest")
            }
            Settings { buckets, word_ngrams, max_chars, .. } if *buckets == 0 && (*word_ngrams > 1 || *max_chars > 0) => {
                wrong("the number of buckets", "1 or more")
            }
            Settings { buckets: 1_000_000_001.., .. } => wrong("the number of buckets", "at most 1000000000"),
            _ => Ok(()),
        }
    }

    fn args(&self) -> Args {
        Args {
            dim: self.dim,
            word_ngrams: self.word_ngrams,
            loss: if self.hierarchical { Loss::HierarchicalSoftmax } else { Loss::Softmax },
            bucket: if self.word_ngrams > 1 || self.max_chars > 0 { self.buckets } else { 0 },
            minn: self.min_chars,
            maxn: self.max_chars,
        }
    }
}

impl Trained {
    /// Writes a model file as fastText writes `.bin`. Rows whose features no example had are 0: the model knows nothing of them.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.head(out)?;
        let mut row = vec![0.0; self.args.dim];
        out.write_all(&[0])?;
        self.size(self.places.len(), out)?;
        for at in 0..self.places.len() {
            self.row(at, &mut row);
            floats(&row, out)?;
        }
        self.tail(out)
    }

    /// What stands before the matrices.
    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        self.args.write(self.settings.epochs, self.settings.min_count, out)?;
        self.vocabulary.write(out)
    }

    /// The output matrix, never quantised.
    fn tail(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&[0])?;
        self.size(self.vocabulary.labels.len(), out)?;
        let mut row = vec![0.0; self.args.dim];
        for label in 0..self.vocabulary.labels.len() {
            self.slices.iter().for_each(|slice| slice.output(label, &mut row));
            floats(&row, out)?;
        }
        Ok(())
    }

    fn size(&self, rows: usize, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&(rows as i64).to_le_bytes())?;
        out.write_all(&(self.args.dim as i64).to_le_bytes())
    }

    /// Row `at` of the input matrix; false where it is 0 because no example had its feature.
    fn row(&self, at: usize, out: &mut [f32]) -> bool {
        let seen = self.places[at] != Place::Unseen;
        if seen {
            self.slices.iter().for_each(|slice| slice.input(at as u32, self.places[at], &self.settings, out));
        } else {
            out.fill(0.0);
        }
        seen
    }
}

fn floats(values: &[f32], out: &mut impl Write) -> io::Result<()> {
    values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// Works on stretches of `items` at once, one a thread; results in their order.
fn in_parts<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items.chunks(items.len().div_ceil(threads.max(1)).max(1)).map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests;
