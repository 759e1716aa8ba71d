//! Counted words under a bound of memory.
//!
//! Where the words are too many, some are chosen by priority sampling (Duffield, Lund and Thorup 2007): a word's priority is its count divided by a
//! number between 0 and 1 that a hash of the word gives, the words of the highest priority stay, and what is below the highest priority that went
//! counts as much as that. So frequent words stay with their own counts, the rare ones that stay stand for those that went, and the sum over the
//! words of any pair or piece is, in expectation, what it is over all words. Leaving out the rarest would take most of a Chinese corpus, whose
//! words of this kind are runs between two marks of punctuation, away without a trace.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::tokenizer::TokenizerError;

/// Bytes that a word takes besides its text while it waits and is learnt from: its place, its count, its languages.
const WORD_COST: usize = 128;

/// The same for each byte of its text: the text, its symbols, the lists of where pairs stand. Measured on Chinese, in which a byte is a symbol.
const BYTE_COST: usize = 24;

/// A word and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As [`super::PreSplitter`] gives it.
    pub text: Box<str>,
    /// In the whole corpus.
    pub count: u64,
    /// Number of a language and count in it; empty where languages are not told apart.
    pub languages: Vec<(u16, u64)>,
}

/// Takes words, each once, and keeps what fits.
pub struct Sample {
    memory: usize,
    bytes: usize,
    kept: BinaryHeap<Ranked>,
    /// The highest priority that went.
    threshold: f64,
    words: u64,
    occurrences: u128,
}

/// Different words in the order of their bytes, ready to be learnt from.
#[derive(Debug, Default)]
pub struct Words {
    pub(super) words: Vec<Word>,
    /// Different words that were seen, those that did not fit among them.
    pub seen: u64,
}

/// The word to be given up first is the greatest.
struct Ranked {
    priority: f64,
    word: Word,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        other.priority.total_cmp(&self.priority).then_with(|| self.word.text.cmp(&other.word.text))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl Sample {
    /// Words and what learning makes of them take about so many bytes.
    pub fn new(memory: usize) -> Sample {
        Sample { memory, bytes: 0, kept: BinaryHeap::new(), threshold: 0.0, words: 0, occurrences: 0 }
    }

    /// Takes a word that was not given before.
    pub fn add(&mut self, word: Word) {
        self.words += 1;
        self.occurrences += u128::from(word.count);
        let priority = word.count as f64 / uniform(&word.text, PRIORITY);
        if priority <= self.threshold {
            return;
        }
        self.bytes += cost(&word);
        self.kept.push(Ranked { priority, word });
        while self.bytes > self.memory {
            let Some(gone) = self.kept.pop() else { break };
            self.bytes -= cost(&gone.word);
            self.threshold = gone.priority;
        }
    }

    /// The words that stayed, with counts that stand for all. An error where counts could overflow while they are added up.
    pub fn finish(self) -> Result<Words, TokenizerError> {
        if self.occurrences > (i64::MAX / 256) as u128 {
            return Err(TokenizerError::Learn { fault: format!("{} words are more than can be counted: learn from a part of the texts", self.occurrences) });
        }
        let threshold = self.threshold;
        let stands_for = |Ranked { mut word, .. }: Ranked| {
            if (word.count as f64) < threshold {
                // Rounded up as often as the fraction says, so that rounding takes nothing from the sum.
                let count = (threshold + uniform(&word.text, ROUNDING)).ceil() as u64 - 1;
                let times = count as f64 / word.count as f64;
                word.languages.iter_mut().for_each(|(_, share)| *share = (*share as f64 * times).round() as u64);
                word.count = count;
            }
            word
        };
        let mut words: Vec<Word> = self.kept.into_iter().map(stands_for).collect();
        words.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        Ok(Words { words, seen: self.words })
    }
}

impl Words {
    /// All of them, whatever they take; a word may come more than once.
    pub fn all(words: impl IntoIterator<Item = (String, u64)>) -> Result<Words, TokenizerError> {
        let mut all: Vec<(String, u64)> = words.into_iter().collect();
        all.sort_unstable();
        all.dedup_by(|next, word| {
            let same = next.0 == word.0;
            if same {
                word.1 = word.1.saturating_add(next.1);
            }
            same
        });
        let mut sample = Sample::new(usize::MAX);
        all.into_iter().for_each(|(text, count)| sample.add(Word { text: text.into(), count, languages: Vec::new() }));
        sample.finish()
    }

    /// In the order of their bytes.
    pub fn iter(&self) -> std::slice::Iter<'_, Word> {
        self.words.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// True where no text was read.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

fn cost(word: &Word) -> usize {
    WORD_COST + BYTE_COST * word.text.len() + 16 * word.languages.len()
}

/// Seeds of hashes, other than the one that spreads notes and tables.
const PRIORITY: u64 = 0x70_7269_6f72;
const ROUNDING: u64 = 0x72_6f75_6e64;

/// Above 0, at most 1.
fn uniform(text: &str, seed: u64) -> f64 {
    let hash = xxh3_64_with_seed(text.as_bytes(), seed);
    ((hash >> 11) + 1) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(memory: usize) -> Words {
        let mut sample = Sample::new(memory);
        for i in 0..20_000u64 {
            let count = if i % 100 == 0 { 500 } else { 1 + i % 3 };
            let text = format!("{}{i}", if i % 2 == 0 { "even" } else { "odd" });
            sample.add(Word { text: text.into(), count, languages: vec![(0, count)] });
        }
        sample.finish().unwrap()
    }

    #[test]
    fn few_words_stand_for_all_and_frequent_ones_stay_as_they_are() {
        let (whole, part) = (sample(usize::MAX), sample(3 << 19));
        assert_eq!((whole.len(), whole.seen, part.seen), (20_000, 20_000, 20_000));
        assert!((3_000..8_000).contains(&part.len()), "{}", part.len());
        for prefix in ["even", "odd"] {
            let sum = |words: &Words| words.words.iter().filter(|word| word.text.starts_with(prefix)).map(|word| word.count).sum::<u64>() as f64;
            assert!((sum(&part) / sum(&whole) - 1.0).abs() < 0.03, "{prefix}: {} of {}", sum(&part), sum(&whole));
        }
        assert_eq!(part.words.iter().filter(|word| word.count == 500).count(), 200);
        assert!(part.words.iter().all(|word| word.languages == [(0, word.count)] || word.count < 500));
    }

    #[test]
    fn counts_that_could_overflow_are_refused() {
        let error = Words::all([("a".to_owned(), u64::MAX / 2), ("b".to_owned(), 1)]).unwrap_err().to_string();
        assert!(error.contains("9223372036854775808 words are more than can be counted"), "{error}");
    }
}
