//! Shingles: the n-grams of a text's words or characters, as 64-bit hashes, and the Jaccard similarity of their sets.
//!
//! Each n-gram's hash is a polynomial of its words' hashes, rolled from one to the next (Karp and Rabin 1987) and mixed. Sets of 64-bit
//! hashes stand for sets of n-grams: in two documents of 10,000 words one shingle is taken for another once in 10^11 pairs.

use super::mix;
use super::words::{each_char, each_word};

const BASE: u64 = 0x2d35_8dcc_aa6c_78a5;

/// What a shingle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Words, as [`super::words`] defines them.
    Word,
    /// Characters of the words, and one space between two words.
    Char,
    /// Tokens of a tokenizer.
    Token,
}

/// Makes shingles of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Shingles {
    unit: Unit,
    n: usize,
    /// BASE to the n: what the oldest unit of a shingle is multiplied by when it leaves.
    top: u64,
}

/// Units whose shingles are made at once: what a text takes in memory, however long it is.
const BLOCK: usize = 1 << 14;

/// Working memory: a block of units and their shingles.
#[derive(Debug, Default)]
pub struct Block {
    units: Vec<u64>,
    shingles: Vec<u64>,
}

impl Shingles {
    /// Shingles of `n` units, at least one.
    pub fn new(unit: Unit, n: usize) -> Shingles {
        let n = n.max(1);
        Shingles { unit, n, top: (0..n).fold(1, |power: u64, _| power.wrapping_mul(BASE)) }
    }

    /// Calls `see` with the hashes of all shingles in text order, a block at a time. A text of fewer than n units has one shingle, of what there is; one
    /// without units has none.
    pub fn of(&self, text: &str, block: &mut Block, see: impl FnMut(&[u64])) {
        let mut feed = self.feed(block, see);
        match self.unit {
            Unit::Char => each_char(text, |unit| feed.push(unit)),
            // Tokens need a tokenizer, which feeds them itself.
            Unit::Word | Unit::Token => each_word(text, |unit, _| feed.push(unit)),
        }
        feed.end();
    }

    /// The same for units that are given one by one, by their hashes.
    pub fn feed<'b, F: FnMut(&[u64])>(&self, block: &'b mut Block, see: F) -> Feed<'b, F> {
        block.units.clear();
        Feed { kind: *self, block, first: true, see }
    }

    /// The hashes of all shingles of the units of a block.
    fn over(&self, units: &[u64], shingles: &mut Vec<u64>) {
        shingles.clear();
        let whole = units.len().min(self.n);
        let mut rolling = units[..whole].iter().fold(0u64, |sum, unit| sum.wrapping_mul(BASE).wrapping_add(*unit));
        if whole > 0 {
            shingles.push(mix(rolling));
        }
        shingles.extend(units.iter().zip(units.iter().skip(self.n)).map(|(old, new)| {
            rolling = rolling.wrapping_mul(BASE).wrapping_add(*new).wrapping_sub(old.wrapping_mul(self.top));
            mix(rolling)
        }));
    }

    /// The set of shingles: ascending, each once.
    pub fn set(&self, text: &str, block: &mut Block) -> Vec<u64> {
        let mut set = Set::default();
        self.of(text, block, |shingles| set.add(shingles));
        set.end()
    }
}

/// Units on their way into shingles.
pub struct Feed<'b, F> {
    kind: Shingles,
    block: &'b mut Block,
    /// Whether no block has gone.
    first: bool,
    see: F,
}

impl<F: FnMut(&[u64])> Feed<'_, F> {
    /// The next unit.
    #[inline]
    pub fn push(&mut self, unit: u64) {
        self.block.units.push(unit);
        if self.block.units.len() == BLOCK + self.kind.n {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Block { units, shingles } = &mut *self.block;
        self.kind.over(units, shingles);
        (self.see)(shingles);
        // The next shingle begins in the last n - 1 units.
        units.drain(..(units.len() + 1).saturating_sub(self.kind.n));
        self.first = false;
    }

    /// There are no more.
    pub fn end(mut self) {
        // Less than a shingle's units after another block are what that one has kept.
        if self.first || self.block.units.len() >= self.kind.n {
            self.flush();
        }
    }
}

/// A set of shingles that is being gathered. What occurs again and again takes memory once or twice.
#[derive(Debug, Default)]
pub struct Set {
    hashes: Vec<u64>,
    /// How many of them were put in order last.
    sorted: usize,
}

impl Set {
    /// Takes more hashes.
    pub fn add(&mut self, hashes: &[u64]) {
        if self.hashes.len() + hashes.len() > (2 * self.sorted).max(4 * BLOCK) {
            self.sort();
        }
        self.hashes.extend_from_slice(hashes);
    }

    fn sort(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.sorted = self.hashes.len();
    }

    /// All of them: ascending, each once.
    pub fn end(mut self) -> Vec<u64> {
        self.sort();
        self.hashes
    }
}

/// The Jaccard similarity of two sets given in ascending order, or `None` where it is below `threshold`. Two empty sets are not alike.
pub fn jaccard(a: &[u64], b: &[u64], threshold: f64) -> Option<f64> {
    let (less, more) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    // The smaller set cannot hold more than all of itself.
    if less.is_empty() || (less.len() as f64) < threshold * more.len() as f64 {
        return None;
    }
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while let (Some(x), Some(y)) = (less.get(i), more.get(j)) {
        shared += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    let alike = shared as f64 / (a.len() + b.len() - shared) as f64;
    (alike >= threshold).then_some(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kind: Shingles, text: &str) -> Vec<u64> {
        kind.set(text, &mut Block::default())
    }

    #[test]
    fn rolled_hashes_depend_on_the_shingle_alone() {
        let three = |text| set(Shingles::new(Unit::Word, 3), text);
        assert_eq!(three("a b c d").len(), 2);
        assert_eq!(three("x b c d").iter().filter(|s| three("a b c d e").contains(s)).count(), 1);
        assert_eq!(three("a b a b a b").len(), 2, "a set");
        assert_ne!(three("a b c"), three("c b a"));
    }

    #[test]
    fn short_texts_have_one_shingle() {
        let five = |text| set(Shingles::new(Unit::Word, 5), text);
        assert_eq!(five("Hello world"), five("hello, world!"));
        assert_eq!((five("hello").len(), five("?!").len()), (1, 0));
        assert_eq!(set(Shingles::new(Unit::Char, 5), "我们吃饭").len(), 1);
    }

    #[test]
    fn blocks_lose_and_repeat_no_shingle() {
        let mut block = Block::default();
        for n in [1, 2, 5, 1000] {
            let kind = Shingles::new(Unit::Word, n);
            // Ends just before, at and after the end of a block, and far beyond one.
            for length in [0, 1, n - 1, n, BLOCK + n - 1, BLOCK + n, BLOCK + n + 1, 2 * BLOCK + n, 3 * BLOCK + 7] {
                let units: Vec<u64> = (0..length as u64).map(|unit| mix(unit % 5000 + 1)).collect();
                let (mut whole, mut seen) = (Vec::new(), Vec::new());
                kind.over(&units, &mut whole);
                let mut feed = kind.feed(&mut block, |shingles| seen.extend_from_slice(shingles));
                units.iter().for_each(|unit| feed.push(*unit));
                feed.end();
                assert_eq!(seen, whole, "{length} units, {n} a shingle");
                let mut set = Set::default();
                seen.chunks(999).for_each(|part| set.add(part));
                assert!(set.hashes.capacity() < 9 * BLOCK, "5,000 different ones do not grow with the text");
                whole.sort_unstable();
                whole.dedup();
                assert_eq!(set.end(), whole);
            }
        }
        assert!(block.units.capacity() <= 2 * (BLOCK + 1000) && block.shingles.capacity() <= 2 * (BLOCK + 1000));
    }

    #[test]
    fn jaccard_counts() {
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4], 0.5), Some(0.5));
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4], 0.51), None);
        assert_eq!(jaccard(&[1], &[1], 1.0), Some(1.0));
        assert_eq!(jaccard(&[], &[], 0.0), None);
    }
}
