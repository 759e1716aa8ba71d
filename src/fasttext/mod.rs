//! fastText classifiers, plain (`.bin`) and quantised (`.ftz`): lid.176, GlotLID, OpenLID, quality classifiers.
//!
//! Written from the published format; gives the labels and, to rounding, the probabilities of fastText's own `predict`. [`train`] makes such
//! models, and [`measure`] says how good they are.

mod dictionary;
mod format;
mod matrix;
pub mod measure;
mod prepare;
mod tokens;
pub mod train;
mod tree;

use dictionary::{Dictionary, Features};
pub use format::Error;
use format::{Args, Bytes, Loss};
use matrix::{Matrix, Stored};
pub use prepare::Prepare;
use tree::{Tree, log};

/// A supervised model.
pub struct Model {
    dictionary: Dictionary,
    input: Matrix,
    output: Output,
    loss: Loss,
    tree: Option<Tree>,
}

/// What the mean of the input's rows is multiplied with.
enum Output {
    /// The vectors of labels (or inner nodes).
    Vectors { vectors: Matrix, dim: usize },
    /// Nothing: there are fewer labels than dimensions, and the input holds the products of its rows with so many vectors already. The softmax
    /// looks at differences alone: there the products are with what all vectors have over the first.
    Nothing { products: usize, differences: bool },
}

/// One label of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Number of the label: see [`Model::label`].
    pub label: usize,
    /// Can exceed 1 by 0.00001, as fastText's does.
    pub probability: f32,
}

/// Buffers that predictions reuse; one a thread.
#[derive(Default)]
pub struct Scratch {
    features: Features,
    hidden: Vec<f32>,
    row: Vec<f32>,
    scores: Vec<f32>,
    stack: Vec<(u32, f32)>,
    found: Vec<Prediction>,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// Says what is wrong where the bytes are no supervised fastText model, end early or contradict themselves.
    pub fn load(file: &[u8]) -> Result<Model, Error> {
        let mut bytes = Bytes::new(file);
        let args = Args::read(&mut bytes)?;
        let dictionary = Dictionary::read(args, &mut bytes)?;
        let quantised = bytes.u8("input matrix")? != 0;
        let input = Stored::read(quantised, args.dim, &mut bytes, "input matrix")?;
        if dictionary.is_pruned() && !quantised {
            return Err(Error::Damaged("the flag of a quantised input", 0));
        }
        if input.rows() < dictionary.rows_needed() {
            return Err(Error::Damaged("the number of rows of the input matrix", input.rows() as i64));
        }
        let output = bytes.u8("output matrix")? != 0 && quantised;
        let output = Stored::read(output, args.dim, &mut bytes, "output matrix")?;
        if output.rows() != dictionary.labels() {
            return Err(Error::Damaged("the number of rows of the output matrix", output.rows() as i64));
        }
        let tree = (args.loss == Loss::HierarchicalSoftmax).then(|| Tree::new(&dictionary.counts)).transpose()?;
        let (input, output) = if dictionary.labels() < args.dim {
            let (mut vectors, differences) = (output.vectors(args.dim), args.loss == Loss::Softmax);
            if differences {
                let first = vectors.remove(0);
                vectors.iter_mut().flat_map(|vector| vector.iter_mut().zip(&first)).for_each(|(value, first)| *value -= first);
            }
            (input.project(&vectors, args.dim), Output::Nothing { products: vectors.len(), differences })
        } else {
            (input.unpack(), Output::Vectors { vectors: output.unpack(), dim: args.dim })
        };
        Ok(Model { dictionary, input, output, loss: args.loss, tree })
    }

    /// How many labels there are.
    pub fn labels(&self) -> usize {
        self.dictionary.labels()
    }

    /// The text of a label without `__label__`; empty for a number that is none.
    pub fn label(&self, number: usize) -> &str {
        self.dictionary.label(number)
    }

    /// The number of the label of that name, with or without `__label__`.
    pub fn find_label(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix("__label__").unwrap_or(name);
        (0..self.labels()).find(|number| self.label(*number) == name)
    }

    /// The probability of one label, 0 to 1.
    pub fn probability(&self, text: &str, label: usize, scratch: &mut Scratch) -> f32 {
        let found = self.predict(text, self.labels(), 0.0, scratch);
        found.iter().find(|found| found.label == label).map_or(0.0, |found| found.probability.clamp(0.0, 1.0))
    }

    /// The best `k` labels of `text` whose probability is `least` or more, best first. Line breaks count as spaces.
    pub fn predict<'s>(&self, text: &str, k: usize, least: f32, scratch: &'s mut Scratch) -> &'s [Prediction] {
        let Scratch { features, hidden, row, scores, stack, found } = scratch;
        found.clear();
        self.dictionary.features(text, features);
        if features.rows.is_empty() || k == 0 {
            return found;
        }
        let (Output::Vectors { dim: width, .. } | Output::Nothing { products: width, .. }) = &self.output;
        hidden.resize(*width, 0.0);
        self.input.mean(&features.rows, hidden);
        let mut dot = |at: usize| match &self.output {
            Output::Vectors { vectors, .. } => vectors.dot(at, hidden, row),
            Output::Nothing { differences: true, .. } => at.checked_sub(1).and_then(|at| hidden.get(at)).copied().unwrap_or(0.0),
            Output::Nothing { .. } => hidden.get(at).copied().unwrap_or(0.0),
        };
        if let Some(tree) = &self.tree {
            tree.search(stack, log(least), dot, |label, score| keep(found, k, label, score));
        } else {
            scores.clear();
            scores.extend((0..self.labels()).map(&mut dot));
            match self.loss {
                Loss::OneVsAll | Loss::NegativeSampling => scores.iter_mut().for_each(|score| *score = sigmoid(*score)),
                _ => softmax(scores),
            }
            for (label, share) in scores.iter().enumerate().filter(|(_, share)| **share >= least) {
                keep(found, k, label, log(*share));
            }
        }
        found.iter_mut().for_each(|found| found.probability = found.probability.exp());
        found
    }
}

/// Puts a label in its place among the best `k`; gives the score that others must pass.
fn keep(found: &mut Vec<Prediction>, k: usize, label: usize, score: f32) -> f32 {
    let at = found.partition_point(|other| other.probability >= score);
    if at < k {
        found.truncate(k - 1);
        found.insert(at, Prediction { label, probability: score });
    }
    if found.len() < k { f32::MIN } else { found.last().map_or(f32::MIN, |last| last.probability) }
}

fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// In steps of 1/32 from -8 to 8, as fastText looks it up.
fn sigmoid(x: f32) -> f32 {
    match x {
        x if x < -8.0 => 0.0,
        x if x > 8.0 => 1.0,
        x => 1.0 / (1.0 + (8.0 - ((x + 8.0) * 32.0).floor() / 32.0).exp()),
    }
}

#[cfg(test)]
mod tests;
