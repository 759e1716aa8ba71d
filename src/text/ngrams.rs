//! Repeated word n-grams, by hashes that roll: no n-gram is ever spelt out.
//!
//! Definitions of datatrove 0.10.1's `gopher_repetition_filter.py`; lengths are in code points.

use super::{Span, chars, repeats::Seen, slice};

/// What n-gram counting needs to know of the words of a text.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// A hash of each word.
    hashes: Vec<u64>,
    /// Characters in the words before each word; one entry more than there are words.
    chars: Vec<u32>,
    /// Hash of the letters of all words before each word, as a polynomial in `BASE`; one entry more.
    before: Vec<u64>,
    /// What brings a difference of two entries of `before` to the same power: inverse of `BASE` to the bytes before.
    scale: Vec<u64>,
    counts: Vec<Count>,
    places: Vec<u64>,
    seen: Seen,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    hash: u64,
    count: u32,
    first: u32,
}

/// Odd, so that it has an inverse modulo 2^64.
const BASE: u64 = 0x2545_f491_4f6c_dd1d;
const INVERSE: u64 = inverse(BASE);

const fn inverse(odd: u64) -> u64 {
    let (mut x, mut step) = (odd, 0);
    while step < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)));
        step += 1;
    }
    x
}

const fn powers(base: u64) -> [u64; 64] {
    let mut table = [1u64; 64];
    let mut at = 1;
    while at < 64 {
        table[at] = table[at - 1].wrapping_mul(base);
        at += 1;
    }
    table
}

const POWERS: [u64; 64] = powers(BASE);
const INVERSES: [u64; 64] = powers(INVERSE);

impl Words {
    /// Learns the words of `text`.
    pub fn learn(&mut self, text: &str, words: &[Span]) {
        for list in [&mut self.hashes, &mut self.before, &mut self.scale] {
            list.clear();
            list.reserve(words.len() + 1);
        }
        self.chars.clear();
        self.chars.reserve(words.len() + 1);
        let (mut before, mut power, mut scale, mut sum) = (0u64, 1u64, 1u64, 0u32);
        for span in words {
            self.before.push(before);
            self.scale.push(scale);
            self.chars.push(sum);
            let word = slice(text, *span);
            let mut hash = 0u64;
            for block in word.as_bytes().chunks(63) {
                let letters = block.iter().zip(&POWERS);
                let part = letters.fold(0u64, |sum, (b, p)| {
                    sum.wrapping_add((u64::from(*b) + 1).wrapping_mul(*p))
                });
                before = before.wrapping_add(part.wrapping_mul(power));
                power = power.wrapping_mul(POWERS[block.len()]);
                scale = scale.wrapping_mul(INVERSES[block.len()]);
                hash = hash.wrapping_mul(POWERS[block.len()]).wrapping_add(part);
            }
            sum += chars::count(word) as u32;
            self.hashes.push(mix(hash ^ (word.len() as u64) << 48));
        }
        self.before.push(before);
        self.chars.push(sum);
    }

    /// Characters of the `n` words at `at`.
    fn chars(&self, at: usize, n: usize) -> usize {
        match (self.chars.get(at), self.chars.get(at + n)) {
            (Some(from), Some(to)) => (to - from) as usize,
            _ => 0,
        }
    }

    /// Characters of the most frequent n-gram, words joined by spaces, times its count; of several the first in the text. 0 where there is no n-gram.
    pub fn top(&mut self, n: usize) -> usize {
        let total = (self.hashes.len() + 1).saturating_sub(n);
        if total == 0 || n == 0 {
            return 0;
        }
        self.places.clear();
        self.places.extend(self.hashes.windows(n).map(|words| {
            words
                .iter()
                .fold(0u64, |sum, hash| mix(sum.wrapping_add(*hash)))
        }));
        let mask = (total * 2).next_power_of_two().max(64) - 1;
        self.counts.clear();
        self.counts.resize(mask + 1, Count::default());
        let mut best = Count::default();
        for (at, hash) in self.places.iter().enumerate() {
            let mut place = (hash >> 32) as usize & mask;
            while self.counts[place].count > 0 && self.counts[place].hash != *hash {
                place = (place + 1) & mask;
            }
            let entry = &mut self.counts[place];
            if entry.count == 0 {
                *entry = Count {
                    hash: *hash,
                    count: 0,
                    first: at as u32,
                };
            }
            entry.count += 1;
            if entry.count > best.count || entry.count == best.count && entry.first < best.first {
                best = *entry;
            }
        }
        (self.chars(best.first as usize, n) + n - 1) * best.count as usize
    }

    /// Characters in n-grams that stand earlier too, words joined by nothing; after such an n-gram the search goes on behind it.
    pub fn repeated(&mut self, n: usize) -> usize {
        let total = (self.hashes.len() + 1).saturating_sub(n);
        if n == 0 {
            return 0;
        }
        self.seen.clear(total);
        let (mut at, mut chars) = (0, 0);
        while at < total {
            let hash = self.before[at + n]
                .wrapping_sub(self.before[at])
                .wrapping_mul(self.scale[at]);
            if self.seen.insert(hash) {
                at += 1;
            } else {
                chars += self.chars(at, n);
                at += n;
            }
        }
        chars
    }
}

/// Spreads a hash over all its bits.
#[inline]
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Splitter;

    fn learnt(text: &str) -> Words {
        let (mut spans, mut words) = (Vec::new(), Words::default());
        Splitter::Whitespace.split(text, &mut spans);
        words.learn(text, &spans);
        words
    }

    #[test]
    fn the_first_of_the_most_frequent_counts() {
        assert_eq!(learnt("a bb c a bb c").top(2), 2 * 4);
        assert_eq!(learnt("éé b c").top(2), 4);
        assert_eq!(learnt("a").top(2), 0);
        assert_eq!(learnt("").top(1), 0);
    }

    #[test]
    fn repeated_ngrams_do_not_overlap() {
        assert_eq!(learnt("é é é é é é").repeated(2), 4);
        assert_eq!(learnt("a b c d a b c").repeated(3), 3);
        assert_eq!(learnt("a b").repeated(3), 0);
    }

    #[test]
    fn words_joined_alike_are_alike() {
        assert_eq!(learnt("ab c x a bc").repeated(2), 3);
    }

    #[test]
    fn long_words_hash_alike_wherever_they_stand() {
        let word = "é".repeat(100);
        assert_eq!(learnt(&format!("{word} x {word} x")).repeated(2), 101);
        assert_eq!(learnt(&format!("{word}a {word}b")).top(1), 101);
    }
}
