//! The words and labels of a model, and the features of a text: words, runs of characters in words, runs of words.
//!
//! Follows fastText's `Dictionary`: FNV-1a over sign-extended bytes, words between `<` and `>`, a final `</s>`, hashed n-grams after the words
//! in the input matrix, and, in pruned models, the index of those n-grams that were kept.

use super::format::{Args, Bytes, Error};
use super::tokens::{END, FNV, START, Token, add, tokens};

/// What the text of a label begins with.
pub const LABEL: &[u8] = b"__label__";

/// Words, labels and the index of pruned n-grams.
pub struct Dictionary {
    args: Args,
    words: usize,
    text: Vec<u8>,
    /// Where entry `n` ends in `text`.
    ends: Vec<usize>,
    /// Occurrences of each label in training.
    pub counts: Vec<i64>,
    /// Open addressing by hash.
    slots: Vec<Slot>,
    pruned: Option<Pruned>,
}

/// What the table of hashes says of an entry: enough to know a short word without a look at its text.
#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// Number of the entry and one, 0 where free.
    number: u32,
    /// First bytes of the word, then zeros, which no word contains.
    start: u64,
}

/// Words whose slots are fetched before the first of them is looked up.
const AHEAD: usize = 32;

/// Which n-grams were kept, and as which.
struct Pruned {
    /// A bit for every kept hash, folded; most others are seen not to be there.
    bits: Vec<u64>,
    /// Open addressing: hash and number; a number of `u32::MAX` is free.
    slots: Vec<(u32, u32)>,
}

/// Buffers for the features of one text.
#[derive(Default)]
pub struct Features {
    /// Rows of the input matrix.
    pub rows: Vec<u32>,
    hashes: Vec<i32>,
    word: Vec<u8>,
}

impl Dictionary {
    /// Reads what follows the options. Whether the input matrix has the rows is not known yet: see `rows_needed`.
    pub fn read(args: Args, bytes: &mut Bytes<'_>) -> Result<Dictionary, Error> {
        let part = "dictionary";
        let (size, words, labels) = (bytes.i32(part)?, bytes.i32(part)?, bytes.i32(part)?);
        let (_tokens, pruned) = (bytes.i64(part)?, bytes.i64(part)?);
        let size = bytes.count(size.into(), 10, "the number of words and labels")?;
        let words = bytes.count(words.into(), 10, "the number of words")?;
        if labels < 1 || words + labels as usize != size {
            return Err(Error::Damaged("the number of labels", labels.into()));
        }
        let (mut text, mut ends, mut counts) = (Vec::new(), Vec::with_capacity(size), Vec::new());
        for at in 0..size {
            let word = bytes.word(part)?;
            let (count, kind) = (bytes.i64(part)?, bytes.u8(part)?);
            if kind != u8::from(at >= words) {
                return Err(Error::Damaged("the kind of a dictionary entry", kind.into()));
            }
            if at >= words {
                std::str::from_utf8(word).map_err(|_| Error::Text("a label"))?;
                counts.push(count);
            }
            text.extend_from_slice(word);
            ends.push(text.len());
        }
        let mut dictionary = Dictionary { args, words, text, ends, counts, slots: Vec::new(), pruned: None };
        dictionary.index();
        if pruned >= 0 {
            let n = bytes.count(pruned, 8, "the number of kept n-grams")?;
            dictionary.pruned = Some(Pruned::read(n, bytes)?);
        }
        Ok(dictionary)
    }

    /// Of words in the order of their rows, and of labels (as in the file) with how often each occurs.
    pub fn of<'w>(args: Args, words: impl Iterator<Item = &'w [u8]>, labels: impl Iterator<Item = (&'w [u8], i64)>) -> Dictionary {
        let mut dictionary = Dictionary { args, words: 0, text: Vec::new(), ends: Vec::new(), counts: Vec::new(), slots: Vec::new(), pruned: None };
        for word in words {
            dictionary.text.extend_from_slice(word);
            dictionary.ends.push(dictionary.text.len());
        }
        dictionary.words = dictionary.ends.len();
        for (label, count) in labels {
            dictionary.text.extend_from_slice(label);
            dictionary.ends.push(dictionary.text.len());
            dictionary.counts.push(count);
        }
        dictionary.index();
        dictionary
    }

    /// Fills the table of hashes.
    fn index(&mut self) {
        self.slots = vec![Slot::default(); (self.ends.len() * 2).next_power_of_two()];
        for at in 0..self.ends.len() {
            let Token { hash, start, .. } = Token::of(self.entry(at));
            let slot = self.slot(Token::of(self.entry(at)));
            if self.slots[slot].number == 0 {
                self.slots[slot] = Slot { hash, number: at as u32 + 1, start };
            }
        }
    }

    /// Rows that the input matrix must have.
    pub fn rows_needed(&self) -> usize {
        let hashed = match &self.pruned {
            Some(pruned) => pruned.slots.iter().filter(|slot| slot.1 != u32::MAX).map(|slot| slot.1 as usize + 1).max().unwrap_or(0),
            None if self.args.maxn > 0 || self.args.word_ngrams > 1 => self.args.bucket as usize,
            None => 0,
        };
        self.words + hashed
    }

    pub fn is_pruned(&self) -> bool {
        self.pruned.is_some()
    }

    pub fn labels(&self) -> usize {
        self.ends.len() - self.words
    }

    /// The text of label `n`, without the `__label__` before it.
    pub fn label(&self, n: usize) -> &str {
        let text = if n < self.labels() { self.entry(self.words + n) } else { &[] };
        std::str::from_utf8(text.strip_prefix(LABEL).unwrap_or(text)).unwrap_or("")
    }

    fn entry(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }

    /// Where a word is or would be; the table is never full.
    fn slot(&self, word: Token<'_>) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = word.hash as usize & mask;
        loop {
            let slot = self.slots[at];
            let alike = slot.hash == word.hash && slot.start == word.start;
            if slot.number == 0 || (alike && (word.bytes.len() < START || self.entry(slot.number as usize - 1) == word.bytes)) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Writes the rows of `text` to `features`. Line breaks count as spaces; one is thought at the end.
    pub fn features(&self, text: &str, features: &mut Features) {
        features.rows.clear();
        features.hashes.clear();
        let mut tokens = tokens(text);
        let mut ahead = [Token::of(END); AHEAD];
        loop {
            let mut count = 0;
            for (place, token) in ahead.iter_mut().zip(&mut tokens) {
                self.fetch(token.hash);
                *place = token;
                count += 1;
            }
            ahead[..count].iter().for_each(|token| self.word(*token, features));
            if count < AHEAD {
                break;
            }
        }
        if self.args.word_ngrams < 2 || self.args.bucket == 0 {
            return;
        }
        let bucket = Divisor::new(self.args.bucket);
        for (at, first) in features.hashes.iter().enumerate() {
            let mut hash = i64::from(*first) as u64;
            for next in features.hashes.iter().skip(at + 1).take(self.args.word_ngrams - 1) {
                hash = hash.wrapping_mul(116_049_371).wrapping_add(i64::from(*next) as u64);
                features.rows.extend(self.row(bucket.rest(hash)));
            }
        }
    }

    /// Tells the processor that the slot of a hash will be looked at: most words are rare, and their slots far from the processor.
    fn fetch(&self, hash: u32) {
        #[cfg(target_arch = "x86_64")]
        if let Some(slot) = self.slots.get(hash as usize & (self.slots.len() - 1)) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: nothing is read, and the place exists.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(slot).cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = hash;
    }

    fn word(&self, token: Token<'_>, features: &mut Features) {
        let known = (self.slots[self.slot(token)].number as usize).checked_sub(1);
        if known.map_or(token.bytes.starts_with(LABEL), |at| at >= self.words) {
            return;
        }
        features.hashes.push(token.hash as i32);
        features.rows.extend(known.map(|at| at as u32));
        if token.bytes == END || self.args.maxn == 0 || self.args.bucket == 0 {
            return;
        }
        features.word.clear();
        features.word.push(b'<');
        features.word.extend_from_slice(token.bytes);
        features.word.push(b'>');
        let word = std::mem::take(&mut features.word);
        self.subwords(&word, &mut features.rows);
        features.word = word;
    }

    /// The runs of `minn` to `maxn` characters of `word`, whose edges alone are none.
    fn subwords(&self, word: &[u8], rows: &mut Vec<u32>) {
        let inside = |at: usize| word.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
        for start in (0..word.len()).filter(|at| !inside(*at)) {
            let (mut at, mut hash) = (start, FNV);
            for n in 1..=self.args.maxn {
                if at >= word.len() {
                    break;
                }
                hash = add(hash, word[at]);
                at += 1;
                while inside(at) {
                    hash = add(hash, word[at]);
                    at += 1;
                }
                if n >= self.args.minn && !(n == 1 && (start == 0 || at == word.len())) {
                    rows.extend(self.row(hash % self.args.bucket));
                }
            }
        }
    }

    /// The row of a hashed n-gram.
    fn row(&self, hash: u32) -> Option<u32> {
        let number = match &self.pruned {
            Some(pruned) => pruned.get(hash)?,
            None => hash,
        };
        Some(self.words as u32 + number)
    }
}

impl Pruned {
    fn read(n: usize, bytes: &mut Bytes<'_>) -> Result<Pruned, Error> {
        let mut pruned = Pruned { bits: vec![0; (n / 2 + 1).next_power_of_two()], slots: vec![(0, u32::MAX); (n * 2 + 1).next_power_of_two()] };
        for _ in 0..n {
            let (hash, number) = (bytes.u32("kept n-grams")?, bytes.i32("kept n-grams")?);
            if number < 0 {
                return Err(Error::Damaged("the number of a kept n-gram", number.into()));
            }
            let bit = pruned.bit(hash);
            pruned.bits[bit.0] |= bit.1;
            let at = pruned.slot(hash);
            pruned.slots[at] = (hash, number as u32);
        }
        Ok(pruned)
    }

    fn bit(&self, hash: u32) -> (usize, u64) {
        ((hash as usize / 64) & (self.bits.len() - 1), 1 << (hash % 64))
    }

    fn slot(&self, hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash.wrapping_mul(0x9e37_79b1) as usize & mask;
        while self.slots[at].1 != u32::MAX && self.slots[at].0 != hash {
            at = (at + 1) & mask;
        }
        at
    }

    fn get(&self, hash: u32) -> Option<u32> {
        let bit = self.bit(hash);
        if self.bits[bit.0] & bit.1 == 0 {
            return None;
        }
        Some(self.slots[self.slot(hash)].1).filter(|number| *number != u32::MAX)
    }
}

/// Remainders of one divisor, by multiplication.
struct Divisor {
    by: u64,
    /// 2^64 divided by it.
    inverse: u64,
}

impl Divisor {
    /// `by` is not 0.
    fn new(by: u32) -> Divisor {
        Divisor { by: by.into(), inverse: (u128::from(u64::MAX) / u128::from(by)) as u64 }
    }

    fn rest(&self, x: u64) -> u32 {
        // The true quotient or one below it.
        let quotient = ((u128::from(x) * u128::from(self.inverse)) >> 64) as u64;
        let rest = x - quotient * self.by;
        (if rest >= self.by { rest - self.by } else { rest }) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders_are_exact() {
        for by in [1, 2, 3, 7, 1000, 2_000_000, 1 << 20, u32::MAX] {
            let divisor = Divisor::new(by);
            for x in [0, 1, 2, u64::from(by) - 1, by.into(), u64::from(by) + 1, u64::MAX, u64::MAX - 1, u64::MAX / u64::from(by) * u64::from(by), 1 << 63] {
                assert_eq!(u64::from(divisor.rest(x)), x % u64::from(by), "{x} by {by}");
            }
            for n in 0..1000u64 {
                let x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                assert_eq!(u64::from(divisor.rest(x)), x % u64::from(by), "{x} by {by}");
            }
        }
    }
}
