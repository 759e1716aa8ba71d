//! N-gram language models with back-off: reading, scoring and training.
//!
//! [`Model`] reads what KenLM writes (Heafield 2011: probing hash tables, with rest costs too, and tries, quantized or not) and ARPA text, which
//! it turns into the probing form. Scores are KenLM's to the last bit: base-10 logarithms in single precision. [`train`] estimates models
//! with modified Kneser-Ney smoothing and writes both forms. Files are not trusted: a damaged one is an error or scores nonsense, and no more.

mod arpa;
mod bits;
mod build;
mod error;
mod header;
pub mod normal;
mod probing;
mod sentences;
pub mod train;
mod trie;

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use bits::Bytes;
pub use error::NgramError;
use header::{Header, Kind};
use probing::Probing;
pub use sentences::{Buffers, EachSentence, Normal, Sentences, Words};
use trie::Trie;

/// The highest order that is read; KenLM itself is built for 6 unless told otherwise.
pub const MAX_ORDER: usize = 8;
/// The highest order that is trained.
pub const MAX_TRAINED: usize = 6;

/// What a look-up finds.
#[derive(Clone, Copy, Debug)]
struct Found {
    prob: f32,
    backoff: f32,
    /// No longer n-gram ends in this one.
    alone: bool,
}

/// How n-grams are found, a word at a time from the last to the first.
trait Search {
    /// The n-gram found so far.
    type Node: Copy;

    fn unigram(&self, bytes: &[u8], word: u32) -> (Found, Self::Node);

    /// The n-gram of order `index + 2` that has `word` before `node`.
    fn middle(&self, bytes: &[u8], index: usize, word: u32, node: Self::Node) -> Option<(Found, Self::Node)>;

    /// The same of the highest order.
    fn longest(&self, bytes: &[u8], word: u32, node: Self::Node) -> Option<f32>;
}

enum Form {
    Probing(Probing),
    Trie(Trie),
}

/// An immutable model, shared by all threads.
pub struct Model {
    bytes: Bytes,
    order: usize,
    form: Form,
    begin: State,
    end: u32,
}

/// The words before the next one, as many as the model needs, with their back-off weights. The latest word comes first.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    words: [u32; MAX_ORDER - 1],
    backoff: [f32; MAX_ORDER - 1],
    length: usize,
}

/// The log-probability of sentences, and of how many words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Base-10 logarithm of the probability of all that was scored.
    pub log10: f64,
    /// Words, with an end of sentence for each sentence.
    pub words: u64,
}

impl Tally {
    /// Perplexity a word; `None` where nothing was scored.
    pub fn perplexity(&self) -> Option<f64> {
        (self.words > 0).then(|| 10f64.powf(-self.log10 / self.words as f64))
    }

    /// Adds a sentence of so many words, whose end counts as another.
    pub fn add(&mut self, log10: f32, words: u64) {
        self.log10 += f64::from(log10);
        self.words += words + 1;
    }
}

impl Model {
    /// Opens the model at that path.
    pub fn open(path: &Path) -> Result<Model, NgramError> {
        Model::from_file(&File::open(path)?)
    }

    /// Maps an open file. An ARPA text is turned into hash tables in memory: some 24 bytes an n-gram.
    pub fn from_file(file: &File) -> Result<Model, NgramError> {
        // SAFETY: the map is only read, as bytes whose every use is checked, and a model is not written to while it is in use, which its users are told.
        let map = unsafe { Mmap::map(file) }?;
        if header::is_kenlm(&map) { Model::binary(Bytes::Mapped(map)) } else { Model::binary(Bytes::Held(arpa::to_binary(&map)?)) }
    }

    /// A model from the content of a file.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Model, NgramError> {
        if header::is_kenlm(&bytes) { Model::binary(Bytes::Held(bytes)) } else { Model::binary(Bytes::Held(arpa::to_binary(&bytes)?)) }
    }

    fn binary(bytes: Bytes) -> Result<Model, NgramError> {
        let header = Header::parse(&bytes)?;
        let (form, size) = match header.kind {
            Kind::Probing { .. } => {
                let probing = Probing::open(&header, &bytes)?;
                let size = probing.size;
                (Form::Probing(probing), size)
            }
            Kind::Trie { .. } => {
                let trie = Trie::open(&header, &bytes)?;
                let size = trie.size;
                (Form::Trie(trie), size)
            }
        };
        if header.has_words && !bytes.get(size..).is_some_and(|words| words.starts_with(b"<unk>\0")) {
            return Err(NgramError::damaged("its list of words is not where it should be"));
        }
        let mut model = Model { bytes, order: header.counts.len(), form, begin: State::default(), end: 0 };
        let (begin, end) = (model.index("<s>"), model.index("</s>"));
        if begin == 0 || end == 0 {
            return Err(NgramError::Kind("a model without <s> or </s>, which sentences begin and end with".to_owned()));
        }
        let backoff = match &model.form {
            Form::Probing(probing) => probing.unigram(&model.bytes, begin).0.backoff,
            Form::Trie(trie) => trie.unigram(&model.bytes, begin).0.backoff,
        };
        model.begin.words[0] = begin;
        model.begin.backoff[0] = backoff;
        model.begin.length = 1;
        model.end = end;
        Ok(model)
    }

    /// The length of its longest n-grams.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The id of a word; 0, that of `<unk>`, for all it does not know.
    pub fn index(&self, word: &str) -> u32 {
        match &self.form {
            Form::Probing(probing) => probing.index(&self.bytes, word.as_bytes()),
            Form::Trie(trie) => trie.index(&self.bytes, word.as_bytes()),
        }
    }

    /// Base-10 logarithm of the probability of a sentence of words with these ids, and of its end, after a beginning of sentence.
    pub fn score(&self, ids: impl IntoIterator<Item = u32>) -> f32 {
        match &self.form {
            Form::Probing(probing) => self.walk(probing, ids.into_iter()),
            Form::Trie(trie) => self.walk(trie, ids.into_iter()),
        }
    }

    /// The same of a line whose words are set off by ASCII white space, as KenLM reads it.
    pub fn score_line(&self, line: &str) -> f32 {
        self.score(words(line).map(|word| self.index(word)))
    }

    fn walk(&self, search: &impl Search, ids: impl Iterator<Item = u32>) -> f32 {
        let (mut state, mut next) = (self.begin, State::default());
        let mut sum = 0.0;
        for id in ids.chain([self.end]) {
            sum += self.step(search, &state, id, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        sum
    }

    /// The log-probability of a word after those in `before`: of the longest n-gram found, with the back-off weights of the longer histories.
    #[inline]
    fn step(&self, search: &impl Search, before: &State, word: u32, after: &mut State) -> f32 {
        let bytes: &[u8] = &self.bytes;
        let (mut found, mut node) = search.unigram(bytes, word);
        let (mut prob, mut matched) = (found.prob, 1);
        after.words[0] = word;
        after.backoff[0] = found.backoff;
        after.length = usize::from(leads_on(found.backoff));
        for (index, earlier) in before.words[..before.length].iter().enumerate() {
            if found.alone {
                break;
            }
            if index + 2 == self.order {
                if let Some(longest) = search.longest(bytes, *earlier, node) {
                    (prob, matched) = (longest, self.order);
                }
                break;
            }
            let Some((longer, at)) = search.middle(bytes, index, *earlier, node) else { break };
            (found, node, prob, matched) = (longer, at, longer.prob, index + 2);
            after.backoff[index + 1] = longer.backoff;
            if leads_on(longer.backoff) {
                after.length = matched;
            }
        }
        if after.length > 1 {
            after.words[1..after.length].copy_from_slice(&before.words[..after.length - 1]);
        }
        before.backoff[..before.length].iter().skip(matched - 1).fold(prob, |sum, backoff| sum + backoff)
    }
}

/// A back-off weight of minus zero says that no longer n-gram begins with this one, so that nothing need be remembered of it.
fn leads_on(backoff: f32) -> bool {
    backoff.to_bits() != (-0.0f32).to_bits()
}

/// The words of a line as KenLM cuts it: at space, tab, line feed, vertical tab, form feed and carriage return.
pub fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ');
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.bytes().position(|byte| !is_space(&byte))?;
        let word = &rest[start..];
        let length = word.bytes().position(|byte| is_space(&byte)).unwrap_or(word.len());
        rest = &word[length..];
        Some(&word[..length])
    })
}

#[cfg(test)]
mod tests;
