//! KenLM's probing form: a hash table of words, an array of unigrams, and a hash table of n-grams for each longer order.
//!
//! An n-gram's key is a hash of its word ids from the last to the first, so that one step to the left is one multiplication. The sign of a
//! probability, which is never positive, says that no longer n-gram ends in this one.

use super::bits::{f32_at, murmur, u32_at, u64_at};
use super::header::{Header, Kind};
use super::{Found, NgramError, Search};

/// Version and number of words before the table of words.
pub(super) const WORDS_HEADER: usize = 8;
/// A word's hash and its id.
pub(super) const WORD_ROW: usize = 12;
/// Key and probability of the longest n-grams.
pub(super) const LONGEST_ROW: usize = 12;

/// An open hash table with linear probing inside a file. A row begins with its key; the key 0 is an empty row.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub at: usize,
    pub buckets: usize,
    pub row: usize,
}

/// A row of a table.
pub(super) enum Slot {
    /// The place after the key.
    Taken(usize),
    /// The row itself.
    Free(usize),
}

impl Table {
    /// Where `key` is or would go; `None` in a full table without it.
    #[inline]
    pub fn slot(&self, bytes: &[u8], key: u64) -> Option<Slot> {
        let mut bucket = (key % self.buckets as u64) as usize;
        // A damaged file may have no empty row.
        for _ in 0..self.buckets {
            let at = self.at + bucket * self.row;
            match u64_at(bytes, at)? {
                0 => return Some(Slot::Free(at)),
                found if found == key => return Some(Slot::Taken(at + 8)),
                _ => bucket += 1,
            }
            if bucket == self.buckets {
                bucket = 0;
            }
        }
        None
    }

    #[inline]
    pub fn find(&self, bytes: &[u8], key: u64) -> Option<usize> {
        match self.slot(bytes, key) {
            Some(Slot::Taken(at)) => Some(at),
            _ => None,
        }
    }
}

/// Where everything lies in a file of this form.
#[derive(Clone, Debug)]
pub(super) struct Probing {
    pub words: Table,
    pub unigrams: usize,
    unigram_row: usize,
    /// Ids are below it.
    bound: u32,
    /// Orders 2 to the last but one.
    pub middle: Vec<Table>,
    pub longest: Table,
    /// Bytes up to where the words themselves may stand.
    pub size: usize,
}

/// The key of an n-gram that is one word longer to the left.
#[inline]
pub(super) fn extended(key: u64, word: u32) -> u64 {
    key.wrapping_mul(8_978_948_897_894_561_157) ^ (1 + u64::from(word)).wrapping_mul(17_894_857_484_156_487_943)
}

impl Probing {
    /// The places that follow from the counts; whether the file is that long is for the caller to see.
    pub fn layout(header: &Header) -> Result<Probing, NgramError> {
        let too_many = || NgramError::damaged("more n-grams than can be addressed");
        let rest = header.kind == Kind::Probing { rest: true };
        let (unigram_row, middle_row) = if rest { (12, 20) } else { (8, 16) };
        let mut at = Header::size(header.counts.len()) + WORDS_HEADER;
        let table = |count: u64, row: usize, at: &mut usize| {
            // The product is taken in single precision by the programme that wrote the file.
            let buckets = (count + 1).max((header.multiplier * count as f32) as u64);
            let table = Table { at: *at, buckets: usize::try_from(buckets).ok()?, row };
            *at = table.buckets.checked_mul(row)?.checked_add(*at)?;
            Some(table)
        };
        let words = table(header.counts[0], WORD_ROW, &mut at).ok_or_else(too_many)?;
        let unigrams = at;
        // One more than counted, for an <unk> that the ARPA file may not have had.
        let bound = u32::try_from(header.counts[0] + 1).map_err(|_| too_many())?;
        at = (bound as usize).checked_mul(unigram_row).and_then(|size| size.checked_add(at)).ok_or_else(too_many)?;
        let (longest, middle) = header.counts[1..].split_last().ok_or_else(too_many)?;
        let middle = middle.iter().map(|count| table(*count, middle_row, &mut at)).collect::<Option<Vec<_>>>().ok_or_else(too_many)?;
        let longest = table(*longest, LONGEST_ROW, &mut at).ok_or_else(too_many)?;
        Ok(Probing { words, unigrams, unigram_row, bound, middle, longest, size: at })
    }

    /// As [`Probing::layout`], over a file whose own numbers are checked.
    pub fn open(header: &Header, bytes: &[u8]) -> Result<Probing, NgramError> {
        let probing = Probing::layout(header)?;
        if probing.size > bytes.len() {
            return Err(NgramError::damaged(format!("{} bytes where its header asks for {}", bytes.len(), probing.size)));
        }
        let begin = probing.words.at - WORDS_HEADER;
        match (u32_at(bytes, begin), u32_at(bytes, begin + 4)) {
            (Some(0), Some(words)) if words <= probing.bound => Ok(probing),
            (Some(0), words) => Err(NgramError::damaged(format!("{} words where its header asks for {}", words.unwrap_or(0), probing.bound))),
            (version, _) => Err(NgramError::Kind(format!("a KenLM file whose vocabulary is of version {}; build it again", version.unwrap_or(0)))),
        }
    }

    pub fn index(&self, bytes: &[u8], word: &[u8]) -> u32 {
        let found = self.words.find(bytes, murmur(word)).and_then(|at| u32_at(bytes, at));
        found.filter(|id| *id < self.bound).unwrap_or(0)
    }

    pub fn unigram_at(&self, word: u32) -> usize {
        self.unigrams + word as usize * self.unigram_row
    }
}

impl Search for Probing {
    type Node = u64;

    #[inline]
    fn unigram(&self, bytes: &[u8], word: u32) -> (Found, u64) {
        (row(bytes, self.unigram_at(word)), u64::from(word))
    }

    #[inline]
    fn middle(&self, bytes: &[u8], index: usize, word: u32, node: u64) -> Option<(Found, u64)> {
        let key = extended(node, word);
        let at = self.middle.get(index)?.find(bytes, key)?;
        Some((row(bytes, at), key))
    }

    #[inline]
    fn longest(&self, bytes: &[u8], word: u32, node: u64) -> Option<f32> {
        f32_at(bytes, self.longest.find(bytes, extended(node, word))?)
    }
}

#[inline]
fn row(bytes: &[u8], at: usize) -> Found {
    let prob = u32_at(bytes, at).unwrap_or(0);
    let backoff = f32_at(bytes, at + 4).unwrap_or(0.0);
    Found { prob: f32::from_bits(prob | 1 << 31), backoff, alone: prob >> 31 == 1 }
}
