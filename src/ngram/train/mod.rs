//! Training by interpolated, modified Kneser-Ney smoothing (Chen and Goodman 1998, with the closed form of the discounts and the
//! treatment of `<unk>`, `<s>` and pruning of Heafield et al. 2013, so that models equal those of KenLM's lmplz).
//!
//! Everything is counted and estimated in memory, on one thread, in an order that depends on the text alone. [`Trainer`] counts the memory it
//! needs as it goes and gives up, with an error that says so, before it passes what [`Settings::memory`] allows.

mod counts;
mod estimate;
mod write;

use std::collections::HashMap;

use self::counts::Counter;
pub use self::estimate::Discounts;
use self::estimate::Estimate;
use super::{MAX_TRAINED, NgramError};

const BOS: u32 = 1;
const EOS: u32 = 2;

/// How to train.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Words of the longest n-grams, 1 to 6.
    pub order: usize,
    /// N-grams of two words, three, ... that occur so often or less are left out; the last number holds for all longer ones.
    pub prune: Vec<u32>,
    /// Bytes that training may take.
    pub memory: usize,
    /// Discounts of n-grams seen once, twice, and more often, where the text gives none.
    pub fallback: Option<Discounts>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { order: 5, prune: Vec::new(), memory: 4 << 30, fallback: None }
    }
}

/// Counts sentences, then makes the model.
pub struct Trainer {
    settings: Settings,
    ids: HashMap<Box<str>, u32>,
    /// Bytes of the words and of what keeps them.
    word_bytes: usize,
    counter: Counter,
    sentence: Vec<u32>,
    tokens: u64,
    markers: u64,
}

impl Trainer {
    /// Nothing counted yet. `settings.prune` may not fall from one order to the next, or histories would be missing.
    pub fn new(settings: Settings) -> Result<Trainer, NgramError> {
        let counter = Counter::new(settings.order).filter(|_| settings.order <= MAX_TRAINED).ok_or(NgramError::Order(settings.order as u64))?;
        if settings.prune.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(NgramError::Kind("numbers of pruning that fall from one order to the next; give them in ascending order".to_owned()));
        }
        let ids = ["<unk>", "<s>", "</s>"].into_iter().zip(0..).map(|(word, id)| (word.into(), id)).collect();
        Ok(Trainer { settings, ids, word_bytes: 0, counter, sentence: Vec::new(), tokens: 0, markers: 0 })
    }

    /// Counts a sentence. `<s>`, `</s>` and `<unk>` among its words would be mistaken for what they stand for, and are left out and counted.
    pub fn add<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<(), NgramError> {
        self.sentence.clear();
        for word in words {
            let id = match self.ids.get(word) {
                Some(0..=EOS) => {
                    self.markers += 1;
                    continue;
                }
                Some(id) => *id,
                None => {
                    let id = self.ids.len() as u32;
                    self.ids.insert(word.into(), id);
                    // The word, its pointer and id with the table's spare room, and the allocator's own; then twice more when models are written.
                    self.word_bytes += 3 * word.len() + 96;
                    id
                }
            };
            self.sentence.push(id);
        }
        self.sentence.push(EOS);
        self.tokens += self.sentence.len() as u64;
        let memory = self.settings.memory;
        self.counter.add(&self.sentence, memory.saturating_sub(self.word_bytes)).map_err(|grams| NgramError::Memory {
            grams,
            order: self.settings.order,
            memory,
        })
    }

    /// Words so far, with an end for each sentence.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Words left out because they are spelt as `<s>`, `</s>` or `<unk>`.
    pub fn markers(&self) -> u64 {
        self.markers
    }

    /// Estimates the model.
    pub fn finish(self) -> Result<Trained, NgramError> {
        if self.ids.len() == 3 {
            return Err(NgramError::Empty);
        }
        let order = self.settings.order;
        let mut words = vec![Box::from(""); self.ids.len()];
        for (word, id) in self.ids {
            words[id as usize] = word;
        }
        let least: Vec<u32> = (2..=order).map(|n| self.settings.prune.get(n - 2).or(self.settings.prune.last()).map_or(0, |most| *most)).collect();
        let memory = self.settings.memory.saturating_sub(self.word_bytes);
        let too_much = |grams| NgramError::Memory { grams, order, memory: self.settings.memory };
        let grams = self.counter.finish(memory).map_err(too_much)?;
        let estimate = Estimate::new(&grams, words.len(), &least, self.settings.fallback)?;
        Ok(Trained { words, grams, estimate })
    }
}

/// A model that can be written.
pub struct Trained {
    words: Vec<Box<str>>,
    grams: counts::Grams,
    estimate: Estimate,
}

#[cfg(test)]
mod tests;
