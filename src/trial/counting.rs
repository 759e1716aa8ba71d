//! The second measure of a corpus: n-gram models of its tokens, which are counted some seventy times as fast as the Transformer is trained.
//!
//! So they read an arm whole where the Transformer's budget is a sample of it, and see what a sample hides: that documents are there twice. They
//! have no seeds either. What two arms share counts alike in both, and the difference is that of what they do not share. What an arm happens to
//! hold moves them as it moves everything, so [`FOLDS`] models go without one fold of the documents each, and the spread between them gives that of all
//! (the delete-a-group jackknife). All models of all arms read equally many bytes of text, whole documents in the order of a hash of their keys: as many
//! tokens would be more text where documents have lost their line breaks.
//!
//! What they cannot see is anything farther than [`ORDER`] tokens. There the Transformer is asked.

use serde::{Deserialize, Serialize};

use super::TrialError;
use super::study::{Study, fold, place};
use crate::ngram::Model;
use crate::ngram::train::{Discounts, Settings, Trainer};
use crate::train::data::Corpus;

/// Tokens of the longest n-grams.
const ORDER: usize = 4;

/// Models of an arm. Each leaves out one part of as many.
pub const FOLDS: usize = 16;

/// Bytes of text that a model reads at most for every token that a Transformer is trained on.
const OF_BUDGET: u64 = 32;

/// Memory of a model that is being counted. More n-grams than fit go to temporary files.
const MEMORY: usize = 1 << 30;

/// What the n-gram models of an arm make of the held-out documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Name of the arm.
    pub arm: String,
    /// Nats of each held-out document, under each model.
    pub nats: Vec<Vec<f64>>,
}

/// The documents of an arm, parted among the models that go without them.
pub(super) struct Folds {
    /// Fold of each document.
    of: Vec<u8>,
    /// Bytes of text in each fold.
    bytes: [u64; FOLDS],
}

impl Folds {
    pub(super) fn new(corpus: &dyn Corpus) -> Self {
        let mut bytes = [0; FOLDS];
        let part = |document| {
            let number = fold(corpus, document, FOLDS);
            bytes[number] += corpus.bytes(document);
            number as u8
        };
        Self { of: (0..corpus.documents()).map(part).collect(), bytes }
    }

    /// How many hold anything: fewer than all where the arm has few documents.
    pub(super) fn filled(&self) -> usize {
        self.bytes.iter().filter(|bytes| **bytes > 0).count()
    }

    /// Bytes of text that every model of the arm has at least: all but the largest fold.
    fn without_one(&self) -> u64 {
        self.bytes.iter().sum::<u64>() - self.bytes.iter().max().unwrap_or(&0)
    }
}

impl Study<'_> {
    /// Bytes of text that every n-gram model of every arm reads: as many as the smallest arm has without its largest fold, or fewer.
    pub fn counted_bytes(&self) -> u64 {
        let least = self.counting.iter().map(Folds::without_one).min();
        least.unwrap_or(0).min(OF_BUDGET * self.budget())
    }

    /// Nats of each held-out document under the n-gram model of arm number `arm` without fold `left_out`.
    pub fn count(&self, arm: usize, left_out: usize) -> Result<Vec<f64>, TrialError> {
        let corpus = self.arms[arm].corpus;
        let folds = &self.counting[arm].of;
        let mut documents: Vec<usize> = (0..corpus.documents()).filter(|&document| usize::from(folds[document]) != left_out).collect();
        documents.sort_by_cached_key(|&document| (place(corpus.key(document), 0, self.train.seed), document));
        // The trainer's words are tokens, spelt as numbers.
        let names: Vec<String> = (0..self.model.vocab_size).map(|id| id.to_string()).collect();
        let settings = Settings { order: ORDER, memory: MEMORY, folder: std::env::temp_dir(), fallback: Some(Discounts::FALLBACK), ..Settings::default() };
        let mut trainer = Trainer::new(settings)?;
        let (mut left, mut ids) = (self.counted_bytes(), Vec::new());
        for document in documents {
            let (bytes, tokens) = (corpus.bytes(document), corpus.tokens(document));
            // The last one is cut.
            ids.resize(if bytes > left { (tokens as f64 * left as f64 / bytes as f64) as usize } else { tokens }, 0);
            corpus.read(document, 0, &mut ids);
            trainer.add(ids.iter().filter_map(|id| names.get(*id as usize)).map(String::as_str))?;
            left = left.saturating_sub(bytes);
            if left == 0 {
                break;
            }
        }
        let model = trainer.finish()?.model()?;
        let known: Vec<u32> = names.iter().map(|name| model.index(name)).collect();
        // The probability of `<unk>` is that of all tokens together that the arm does not hold.
        let unseen = (known.iter().filter(|id| **id == 0).count().max(1) as f64).ln();
        let held = &self.heldout.documents;
        Ok((0..held.documents()).map(|document| nats(&model, &known, unseen, held, document, &mut ids)).collect())
    }
}

fn nats(model: &Model, known: &[u32], unseen: f64, held: &dyn Corpus, document: usize, ids: &mut Vec<u32>) -> f64 {
    ids.resize(held.tokens(document), 0);
    held.read(document, 0, ids);
    let words = || ids.iter().map(|id| known.get(*id as usize).copied().unwrap_or(0));
    let unknown = words().filter(|word| *word == 0).count();
    unknown as f64 * unseen - f64::from(model.score(words())) * std::f64::consts::LN_10
}
