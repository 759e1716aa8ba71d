//! The MinHash of datatrove 0.10 (Penedo et al. 2024) to the bit, with its defaults: 64-bit hashes, seed 1, English words.
//!
//! Text: lower case; numbers become `0`; marks of a fixed list and control characters become spaces; white space is squeezed; accents go. Words are
//! spaCy's English tokens of that; a shingle is n of them joined by spaces, hashed by xxh64. Permutations are `(a x + b mod 2^64) mod 2^61 - 1`,
//! all `a` drawn from 1 on and then all `b` from 0 on by the generator of NumPy's `RandomState` (the Mersenne Twister of Matsumoto and Nishimura 1998).
//! A text of fewer than n words has no shingle.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64_with_seed;
use xxhash_rust::xxh64::xxh64;

use crate::text::Span;
use crate::text::words::Splitter;

const PRIME: u64 = (1 << 61) - 1;
/// The seed that datatrove's configuration has where none is given.
const SEED: u32 = 1;

/// A number in any script, with one mark of decimals.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?").ok());
static ACCENT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{Mn}+").ok());

/// Its shingles and permutations.
#[derive(Clone, Debug)]
pub struct Datatrove {
    n: usize,
    rows: usize,
    /// (a, b) of each permutation.
    parameters: Vec<(u64, u64)>,
}

impl Datatrove {
    /// Shingles of `n` words, `bands` bands of `rows` minima.
    pub fn new(n: usize, bands: usize, rows: usize) -> Datatrove {
        let mut twister = Twister::new(SEED);
        let a: Vec<u64> = (0..bands * rows).map(|_| 1 + twister.below(PRIME - 1)).collect();
        let parameters = a.into_iter().map(|a| (a, twister.below(PRIME))).collect();
        Datatrove { n: n.max(1), rows: rows.max(1), parameters }
    }

    /// The hashes of all shingles in text order.
    pub fn shingles(&self, text: &str, shingles: &mut Vec<u64>) {
        shingles.clear();
        let text = simplified(text);
        let mut spans: Vec<Span> = Vec::new();
        Splitter::SpacyEn.split(&text, &mut spans);
        let (mut joined, mut ends) = (String::with_capacity(text.len() + spans.len()), vec![0]);
        for (from, to) in spans {
            joined.push_str(text[from as usize..to as usize].trim());
            joined.push(' ');
            ends.push(joined.len());
        }
        // Each end is also where the next word begins; the space after the last word of a shingle is not part of it.
        shingles.extend(ends.windows(self.n + 1).map(|ends| xxh64(&joined.as_bytes()[ends[0]..ends[self.n] - 1], 0)));
    }

    /// A 64-bit digest for each band, or nothing where there is no shingle.
    pub fn bands(&self, shingles: &[u64], digests: &mut Vec<u64>) {
        digests.clear();
        if shingles.is_empty() {
            return;
        }
        let mut bytes = Vec::with_capacity(8 * self.rows);
        for (band, parameters) in self.parameters.chunks_exact(self.rows).enumerate() {
            bytes.clear();
            parameters.iter().for_each(|permutation| bytes.extend_from_slice(&least(shingles, *permutation).to_le_bytes()));
            digests.push(xxh3_64_with_seed(&bytes, band as u64));
        }
    }
}

fn least(shingles: &[u64], (a, b): (u64, u64)) -> u64 {
    shingles.iter().map(|shingle| modulo(shingle.wrapping_mul(a).wrapping_add(b))).min().unwrap_or_default()
}

fn modulo(x: u64) -> u64 {
    let folded = (x & PRIME) + (x >> 61);
    if folded >= PRIME { folded - PRIME } else { folded }
}

/// The text as datatrove compares it.
fn simplified(text: &str) -> String {
    let lower = text.to_lowercase();
    let numbered = NUMBER.as_ref().map_or(lower.as_str().into(), |number| number.replace_all(&lower, "0"));
    let mut squeezed = String::with_capacity(numbered.len());
    for word in numbered.split(|c: char| c.is_whitespace() || is_mark(c)).filter(|word| !word.is_empty()) {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    if squeezed.is_ascii() {
        return squeezed;
    }
    let apart: String = squeezed.nfd().collect();
    ACCENT.as_ref().map_or(apart.as_str().into(), |accent| accent.replace_all(&apart, "")).trim().to_owned()
}

/// The marks beyond ASCII that become spaces; a full-width digit is among them.
const MARKS: &str = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～";

fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation() || c.is_control() && !matches!(c, '\t' | '\n') || !c.is_ascii() && MARKS.contains(c)
}

/// MT19937.
struct Twister {
    state: [u32; 624],
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Twister {
        let mut state = [seed; 624];
        for i in 1..624 {
            state[i] = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Twister { state, at: 624 }
    }

    fn next(&mut self) -> u64 {
        if self.at == 624 {
            for i in 0..624 {
                let both = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7fff_ffff);
                self.state[i] = self.state[(i + 397) % 624] ^ (both >> 1) ^ if both & 1 == 1 { 0x9908_b0df } else { 0 };
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        u64::from(y ^ (y >> 18))
    }

    /// A number below `limit`: as many bits as it has, drawn until they make one.
    fn below(&mut self, limit: u64) -> u64 {
        let mask = u64::MAX >> (limit - 1).leading_zeros();
        loop {
            let drawn = (self.next() << 32 | self.next()) & mask;
            if drawn < limit {
                return drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_are_those_that_numpy_draws() {
        let made = Datatrove::new(5, 14, 8).parameters;
        assert_eq!(made.len(), 112);
        let a = [775_169_054_918_279_404, 1_758_426_461_858_698_313, 2_109_959_069_025_162, 965_365_488_286_768_774];
        let b = [1_062_448_801_025_099_917, 1_324_811_268_927_594_100, 1_217_488_311_597_731_462, 100_775_521_383_383_736];
        for number in 0..4 {
            assert_eq!(made[number], (a[number], b[number]));
        }
        assert_eq!(made[111], (223_865_076_026_037_746, 1_097_409_548_522_419_201));
    }

    /// Values that datatrove 0.10.1 gave for these texts.
    #[test]
    fn text_shingles_and_minima_are_those_of_datatrove() {
        type Golden = (&'static str, &'static str, usize, u64, u64, u64, u64);
        let golden: [Golden; 4] = [
            (
                "The price was 1,234.50 in 2024, wasn't it? Ça va bien — “déjà vu” at U.S. headquarters.",
                "the price was 0 0 in 0 wasn t it ca va bien deja vu at u s headquarters",
                15,
                6_030_442_287_176_076_327,
                12_521_149_420_440_260_480,
                35_396_278_768_155_784,
                28_286_854_175_517_166,
            ),
            (
                "Ünïcode １２ ٣٫٥ straße ΣΑΣ İstanbul don't can't we'll e-mail foo_bar 3,000,000 a.m. naïve coöperate",
                "unicode 0 0 straße σας istanbul don t can t we ll e mail foo bar 0 0 a m naive cooperate",
                18,
                15_127_421_584_036_987_736,
                2_035_332_233_221_345_986,
                488_686_496_486_502_087,
                383_894_108_387_341_931,
            ),
            (
                "我们 在 here 吃饭 。 很 好 1.5 ok",
                "我们 在 here 吃饭 很 好 0 ok",
                4,
                3_554_889_517_904_921_412,
                10_564_852_607_224_243_430,
                354_576_229_414_735_004,
                364_303_464_617_577_376,
            ),
            ("one two three four", "one two three four", 0, 0, 0, 0, 0),
        ];
        let made = Datatrove::new(5, 14, 8);
        let mut shingles = Vec::new();
        for (text, simple, count, first, last, smallest, last_smallest) in golden {
            assert_eq!(simplified(text), simple);
            made.shingles(text, &mut shingles);
            assert_eq!(shingles.len(), count, "{text}");
            if count > 0 {
                assert_eq!((shingles[0], shingles[count - 1]), (first, last), "{text}");
                let minimum = |number: usize| least(&shingles, made.parameters[number]);
                assert_eq!((minimum(0), minimum(111)), (smallest, last_smallest), "{text}");
            }
        }
    }

    #[test]
    fn remainders_are_those_of_division() {
        for x in [0, 1, PRIME - 1, PRIME, PRIME + 1, u64::MAX, 1 << 61, 7 << 61] {
            assert_eq!(modulo(x), x % PRIME);
        }
    }
}
