//! Training by interpolated, modified Kneser-Ney smoothing (Chen and Goodman 1998, with the closed form of the discounts and the
//! treatment of `<unk>`, `<s>` and pruning of Heafield et al. 2013, so that models equal those of KenLM's lmplz).
//!
//! Everything is counted and estimated on one thread, in an order that depends on the text alone. The words are held in memory; n-grams are sorted in what
//! [`Settings::memory`] leaves besides them, and go to files in [`Settings::folder`] beyond that, so that the model is the same with any memory.

mod counts;
mod estimate;
mod spill;
mod write;

use std::collections::HashMap;
use std::path::PathBuf;

use self::counts::Counter;
pub use self::estimate::Discounts;
use self::estimate::Order;
use self::spill::Space;
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
    /// Bytes that training may take. Words may take half of it.
    pub memory: usize,
    /// Where n-grams go that memory has no room for. The files have no names, and are gone when training ends.
    pub folder: PathBuf,
    /// Discounts of n-grams seen once, twice, and more often, where the text gives none.
    pub fallback: Option<Discounts>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { order: 5, prune: Vec::new(), memory: 4 << 30, folder: PathBuf::from("."), fallback: None }
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
        let space = Space { folder: settings.folder.clone(), memory: settings.memory };
        let counter = Counter::new(settings.order, &space).filter(|_| settings.order <= MAX_TRAINED).ok_or(NgramError::Order(settings.order as u64))?;
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
        let space = self.space()?;
        Ok(self.counter.add(&self.sentence, space.memory)?)
    }

    /// What words leave.
    fn space(&self) -> Result<Space, NgramError> {
        let memory = self.settings.memory;
        if self.word_bytes > memory / 2 {
            return Err(NgramError::Memory { words: self.ids.len() - 3, memory });
        }
        Ok(Space { folder: self.settings.folder.clone(), memory: memory - self.word_bytes })
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
        let space = self.space()?;
        let mut words = vec![Box::from(""); self.ids.len()];
        for (word, id) in self.ids {
            words[id as usize] = word;
        }
        let least: Vec<u32> =
            (2..=self.settings.order).map(|n| self.settings.prune.get(n - 2).or(self.settings.prune.last()).map_or(0, |most| *most)).collect();
        let counts = self.counter.finish(&least, &space)?;
        Ok(Trained { words, orders: estimate::orders(counts, self.settings.fallback, &space)? })
    }
}

/// A model that can be written.
pub struct Trained {
    words: Vec<Box<str>>,
    /// From order 1.
    orders: Vec<Order>,
}

#[cfg(test)]
mod tests;
