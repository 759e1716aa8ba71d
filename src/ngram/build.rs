//! Builds a file of KenLM's probing form, in memory or in a mapped file: n-grams go in order by order, unigrams first.

use std::ops::DerefMut;

use super::bits::{f32_at, murmur, u32_at};
use super::header::{Header, Kind};
use super::probing::{Probing, Slot, Table, WORDS_HEADER, extended};
use super::{MAX_ORDER, NgramError};

/// Buckets an entry, as build_binary has it.
const MULTIPLIER: f32 = 1.5;
/// The base-10 logarithm of `<unk>` where a model has none, as KenLM has it.
const NO_UNKNOWN: f32 = -100.0;
const SIGN: u32 = 1 << 31;

pub(super) struct Builder<B> {
    bytes: B,
    header: Header,
    probing: Probing,
    /// All words so far, each with a zero byte after it.
    words: Vec<u8>,
    /// Rows taken in each table: of words, then of each order from 2.
    taken: Vec<usize>,
    next: u32,
    knows_unknown: bool,
}

impl<B: DerefMut<Target = [u8]>> Builder<B> {
    /// For so many n-grams of each order, from 1; `zeros` gives so many bytes to build in. A model of unigrams becomes one of bigrams without any.
    pub fn new(counts: &[u64], zeros: impl FnOnce(usize) -> std::io::Result<B>) -> Result<Builder<B>, NgramError> {
        if counts.is_empty() || counts.len() > MAX_ORDER {
            return Err(NgramError::Order(counts.len() as u64));
        }
        let mut counts = counts.to_vec();
        counts.resize(counts.len().max(2), 0);
        let header = Header { kind: Kind::Probing { rest: false }, multiplier: MULTIPLIER, has_words: true, counts };
        let probing = Probing::layout(&header)?;
        let taken = vec![0; header.counts.len()];
        Ok(Builder { bytes: zeros(probing.size)?, header, probing, words: b"<unk>\0".to_vec(), taken, next: 1, knows_unknown: false })
    }

    /// Adds a word; its id.
    pub fn unigram(&mut self, word: &[u8], prob: f32, backoff: f32) -> Result<u32, String> {
        let id = if word == b"<unk>" || word == b"<UNK>" {
            self.knows_unknown = true;
            0
        } else {
            let at = self.free_row(0, murmur(word)).map_err(|fault| format!("the word `{}` {fault}", String::from_utf8_lossy(word)))?;
            let id = self.next;
            self.put(at + 8, id);
            self.words.extend_from_slice(word);
            self.words.push(0);
            self.next += 1;
            id
        };
        let at = self.probing.unigram_at(id);
        self.put(at, prob.to_bits());
        self.put(at + 4, unextended(backoff).to_bits());
        Ok(id)
    }

    pub fn index(&self, word: &[u8]) -> u32 {
        self.probing.index(&self.bytes, word)
    }

    /// Adds an n-gram of two words or more, the last word first. The longest have no back-off weight.
    pub fn ngram(&mut self, ids: &[u32], prob: f32, backoff: f32) -> Result<(), String> {
        let order = ids.len();
        let mut keys = [0; MAX_ORDER];
        keys[0] = u64::from(ids[0]);
        for (index, id) in ids.iter().enumerate().skip(1) {
            keys[index] = extended(keys[index - 1], *id);
        }
        let at = self.free_row(order - 1, keys[order - 1]).map_err(|fault| format!("this {order}-gram {fault}"))?;
        self.put(at + 8, prob.to_bits() | SIGN);
        if order < self.header.counts.len() {
            self.put(at + 12, unextended(backoff).to_bits());
        }
        self.mark_shorter(ids, &keys)?;
        let history = self.history(ids).ok_or_else(|| format!("the history of this {order}-gram is not among the {}-grams", order - 1))?;
        self.extend(history);
        Ok(())
    }

    /// Notes in the n-grams that this one ends in that it is there. What is missing of them (as pruning by entropy leaves it) is put in, with the
    /// probability that backing off gives it.
    fn mark_shorter(&mut self, ids: &[u32], keys: &[u64]) -> Result<(), String> {
        let mut missing = Vec::new();
        let mut found = self.probing.unigram_at(ids[0]);
        for order in (2..ids.len()).rev() {
            if let Some(at) = self.table(order).find(&self.bytes, keys[order - 1]) {
                found = at;
                break;
            }
            let at = self.free_row(order - 1, keys[order - 1]).map_err(|fault| format!("a {order}-gram that this one ends in {fault}"))?;
            missing.push((order, at + 8));
        }
        let bits = u32_at(&self.bytes, found).unwrap_or(0);
        self.put(found, bits & !SIGN);
        let mut prob = f32::from_bits(bits | SIGN);
        for (order, at) in missing.into_iter().rev() {
            if let Some(history) = self.history(&ids[..order]) {
                self.extend(history);
                prob += f32_at(&self.bytes, history).unwrap_or(0.0);
            }
            self.put(at, prob.to_bits() & !SIGN);
            self.put(at + 4, (-0.0f32).to_bits());
        }
        Ok(())
    }

    /// Where the back-off weight of all words but the last stands.
    fn history(&self, ids: &[u32]) -> Option<usize> {
        let (first, rest) = ids[1..].split_first()?;
        if rest.is_empty() {
            return Some(self.probing.unigram_at(*first) + 4);
        }
        let key = rest.iter().fold(u64::from(*first), |key, id| extended(key, *id));
        self.table(ids.len() - 1).find(&self.bytes, key).map(|at| at + 4)
    }

    /// Notes in a back-off weight that a longer n-gram begins so.
    fn extend(&mut self, backoff_at: usize) {
        if f32_at(&self.bytes, backoff_at) == Some(0.0) {
            self.put(backoff_at, 0);
        }
    }

    fn table(&self, order: usize) -> &Table {
        self.probing.middle.get(order - 2).unwrap_or(&self.probing.longest)
    }

    /// Takes a row of table `table` (0: words, else those of order `table + 1`) for a new key.
    fn free_row(&mut self, table: usize, key: u64) -> Result<usize, &'static str> {
        let place = if table == 0 { &self.probing.words } else { self.table(table + 1) };
        let slot = place.slot(&self.bytes, key);
        let buckets = place.buckets;
        match slot {
            Some(Slot::Taken(_)) => Err("is there twice"),
            Some(Slot::Free(at)) if self.taken[table] + 1 < buckets => {
                self.taken[table] += 1;
                self.bytes[at..at + 8].copy_from_slice(&key.to_le_bytes());
                Ok(at)
            }
            _ => Err("finds no room: more is missing among the shorter n-grams than the counts allow for"),
        }
    }

    fn put(&mut self, at: usize, bits: u32) {
        self.bytes[at..at + 4].copy_from_slice(&bits.to_le_bytes());
    }

    /// The file's tables, and the words that stand after them.
    pub fn finish(mut self) -> (B, Vec<u8>) {
        if !self.knows_unknown {
            let at = self.probing.unigram_at(0);
            self.put(at, NO_UNKNOWN.to_bits());
            self.put(at + 4, 0);
        }
        let begin = self.probing.words.at - WORDS_HEADER;
        self.put(begin, 0);
        self.put(begin + 4, self.next);
        self.header.write(&mut self.bytes);
        (self.bytes, self.words)
    }
}

/// No back-off weight, and a weight of zero, are minus zero until a longer n-gram is seen.
fn unextended(backoff: f32) -> f32 {
    if backoff == 0.0 { -0.0 } else { backoff }
}
