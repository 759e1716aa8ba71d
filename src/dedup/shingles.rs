//! Shingles: the n-grams of a text's words or characters, as 64-bit hashes, and the Jaccard similarity of their sets.
//!
//! Each n-gram's hash is a polynomial of its words' hashes, rolled from one to the next (Karp and Rabin 1987) and mixed. Sets of 64-bit
//! hashes stand for sets of n-grams: in two documents of 10,000 words one shingle is taken for another once in 10^11 pairs.

use super::mix;
use super::words::{char_hashes, word_hashes};

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

impl Shingles {
    /// Shingles of `n` units, at least one.
    pub fn new(unit: Unit, n: usize) -> Shingles {
        let n = n.max(1);
        Shingles { unit, n, top: (0..n).fold(1, |power: u64, _| power.wrapping_mul(BASE)) }
    }

    /// The hashes of all shingles in text order. A text of fewer than n units has one shingle, of what there is; one without units has none.
    /// `units` is working memory.
    pub fn of(&self, text: &str, units: &mut Vec<u64>, shingles: &mut Vec<u64>) {
        units.clear();
        match self.unit {
            Unit::Char => char_hashes(text, units),
            // Tokens need a tokenizer, which gives them to `over`.
            Unit::Word | Unit::Token => word_hashes(text, units),
        }
        self.over(units, shingles);
    }

    /// The hashes of all shingles of units that are given by their hashes.
    pub fn over(&self, units: &[u64], shingles: &mut Vec<u64>) {
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
    pub fn set(&self, text: &str) -> Vec<u64> {
        let (mut units, mut shingles) = (Vec::new(), Vec::new());
        self.of(text, &mut units, &mut shingles);
        shingles.sort_unstable();
        shingles.dedup();
        shingles
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

    #[test]
    fn rolled_hashes_depend_on_the_shingle_alone() {
        let three = Shingles::new(Unit::Word, 3);
        assert_eq!(three.set("a b c d").len(), 2);
        assert_eq!(three.set("x b c d").iter().filter(|s| three.set("a b c d e").contains(s)).count(), 1);
        assert_eq!(three.set("a b a b a b").len(), 2, "a set");
        assert_ne!(three.set("a b c"), three.set("c b a"));
    }

    #[test]
    fn short_texts_have_one_shingle() {
        let five = Shingles::new(Unit::Word, 5);
        assert_eq!(five.set("Hello world"), five.set("hello, world!"));
        assert_eq!((five.set("hello").len(), five.set("?!").len()), (1, 0));
        assert_eq!(Shingles::new(Unit::Char, 5).set("我们吃饭").len(), 1);
    }

    #[test]
    fn jaccard_counts() {
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4], 0.5), Some(0.5));
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4], 0.51), None);
        assert_eq!(jaccard(&[1], &[1], 1.0), Some(1.0));
        assert_eq!(jaccard(&[], &[], 0.0), None);
    }
}
