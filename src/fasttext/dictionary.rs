//! The words and labels of a model, and the features of a text: words, runs of characters in words, runs of words.
//!
//! Follows fastText's `Dictionary`: FNV-1a over sign-extended bytes, words between `<` and `>`, a final `</s>`, hashed n-grams after the words
//! in the input matrix, and, in pruned models, the index of those n-grams that were kept.

use super::format::{Args, Bytes, Error};

/// The sign for the end of a text, a word like others.
pub const END: &[u8] = b"</s>";
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
    /// Open addressing by hash: the hash, and the number of the entry and one, 0 where free.
    slots: Vec<(u32, u32)>,
    pruned: Option<Pruned>,
}

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
        self.slots = vec![(0, 0); (self.ends.len() * 2).next_power_of_two()];
        for at in 0..self.ends.len() {
            let hash = hash(self.entry(at));
            let slot = self.slot(self.entry(at), hash);
            if self.slots[slot].1 == 0 {
                self.slots[slot] = (hash, at as u32 + 1);
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

    /// Where `word` is or would be; the table is never full.
    fn slot(&self, word: &[u8], hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (known, number) = self.slots[at];
            if number == 0 || (known == hash && self.entry(number as usize - 1) == word) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Writes the rows of `text` to `features`. Line breaks count as spaces; one is thought at the end.
    pub fn features(&self, text: &str, features: &mut Features) {
        features.rows.clear();
        features.hashes.clear();
        tokens(text).for_each(|token| self.word(token, features));
        for at in 0..if self.args.word_ngrams > 1 { features.hashes.len() } else { 0 } {
            let mut hash = i64::from(features.hashes[at]) as u64;
            for next in features.hashes.iter().skip(at + 1).take(self.args.word_ngrams - 1) {
                hash = hash.wrapping_mul(116_049_371).wrapping_add(i64::from(*next) as u64);
                if self.args.bucket > 0 {
                    features.rows.extend(self.row((hash % u64::from(self.args.bucket)) as u32));
                }
            }
        }
    }

    fn word(&self, token: &[u8], features: &mut Features) {
        let hash = hash(token);
        let known = (self.slots[self.slot(token, hash)].1 as usize).checked_sub(1);
        if known.map_or(token.starts_with(LABEL), |at| at >= self.words) {
            return;
        }
        features.hashes.push(hash as i32);
        features.rows.extend(known.map(|at| at as u32));
        if token == END || self.args.maxn == 0 || self.args.bucket == 0 {
            return;
        }
        features.word.clear();
        features.word.push(b'<');
        features.word.extend_from_slice(token);
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

/// The words of a text, the sign for its end last: as fastText has it, that ends the text wherever it stands.
pub fn tokens(text: &str) -> impl Iterator<Item = &[u8]> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0);
    let words = text.as_bytes().split(blank).filter(|token| !token.is_empty());
    words.take_while(|token| *token != END).chain([END])
}

const FNV: u32 = 2_166_136_261;

fn add(hash: u32, byte: u8) -> u32 {
    // The original adds signed characters.
    (hash ^ byte as i8 as u32).wrapping_mul(16_777_619)
}

pub fn hash(word: &[u8]) -> u32 {
    word.iter().fold(FNV, |hash, byte| add(hash, *byte))
}
