//! KenLM's trie: word ids sorted by hash, and for each order the n-grams in the order of their ids from the last word to the first, packed
//! to the bit. An entry ends in the place where its longer n-grams begin; where they end is where those of the next entry begin.
//!
//! Numbers may be quantized (codes into tables of values) and places stored in two parts (Raj and Whittaker 2003): high bits in a sorted array.

use super::bits::{bits_at, bits_of, f32_at, murmur, u64_at};
use super::header::{Header, Kind};
use super::{Found, NgramError, Search};

/// Probability, back-off weight, place of the longer n-grams.
const UNIGRAM_ROW: usize = 16;
/// Bits of the high part of a place that build_binary allows at most; the file says how many it used.
const MAX_CODE_BITS: u8 = 25;

#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// Hashes of the words, ascending; the id is the place plus one.
    words: usize,
    word_count: usize,
    unigrams: usize,
    bound: u32,
    middle: Vec<Middle>,
    longest: Packed,
    longest_values: Values,
    /// Bytes up to where the words themselves may stand.
    pub size: usize,
}

/// Entries of equal width, each beginning with a word id.
#[derive(Clone, Debug)]
struct Packed {
    at: usize,
    count: u64,
    word_bits: u8,
    entry_bits: u8,
}

#[derive(Clone, Debug)]
struct Middle {
    packed: Packed,
    values: Values,
    next_bits: u8,
    /// Place and length of the sorted array of high parts; no place has any where there is none.
    high: Option<(usize, usize)>,
}

/// How probability and back-off weight are written.
#[derive(Clone, Debug)]
enum Values {
    /// 31 bits of probability, whose sign is known, and 32 of back-off weight.
    Plain,
    /// Codes: place of the table of probabilities, of back-off weights, and bits of a code of each.
    Quantized { probs: usize, prob_bits: u8, backoffs: usize, backoff_bits: u8 },
}

impl Values {
    fn bits(&self, longest: bool) -> u8 {
        match self {
            Values::Plain => {
                if longest {
                    31
                } else {
                    63
                }
            }
            Values::Quantized { prob_bits, backoff_bits, .. } => {
                if longest {
                    *prob_bits
                } else {
                    prob_bits + backoff_bits
                }
            }
        }
    }

    #[inline]
    fn backoff(&self, bytes: &[u8], at: usize, bit: u64) -> Option<f32> {
        match self {
            Values::Plain => Some(f32::from_bits(bits_at(bytes, at, bit + 31, 32)? as u32)),
            Values::Quantized { backoffs, backoff_bits, .. } => f32_at(bytes, backoffs + 4 * bits_at(bytes, at, bit, *backoff_bits)? as usize),
        }
    }

    #[inline]
    fn prob(&self, bytes: &[u8], at: usize, bit: u64, longest: bool) -> Option<f32> {
        match self {
            Values::Plain => Some(f32::from_bits(bits_at(bytes, at, bit, 31)? as u32 | 1 << 31)),
            Values::Quantized { probs, prob_bits, backoff_bits, .. } => {
                let code = bits_at(bytes, at, if longest { bit } else { bit + u64::from(*backoff_bits) }, *prob_bits)?;
                f32_at(bytes, probs + 4 * code as usize)
            }
        }
    }
}

impl Packed {
    fn new(at: usize, count: u64, word_bits: u8, rest: u8) -> Packed {
        Packed { at, count, word_bits, entry_bits: word_bits + rest }
    }

    /// One entry more than counted, for where the last one's longer n-grams end, and eight bytes to read beyond.
    fn size(&self) -> Option<usize> {
        usize::try_from((1 + self.count).checked_mul(u64::from(self.entry_bits))?.div_ceil(8) + 8).ok()
    }

    /// The entry of `word` among those from `begin` to `end`.
    #[inline]
    fn find(&self, bytes: &[u8], word: u32, (mut begin, mut end): (u64, u64)) -> Option<u64> {
        end = end.min(self.count);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            let found = bits_at(bytes, self.at, middle * u64::from(self.entry_bits), self.word_bits)?;
            match found.cmp(&u64::from(word)) {
                std::cmp::Ordering::Less => begin = middle + 1,
                std::cmp::Ordering::Greater => end = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    fn values_at(&self, entry: u64) -> u64 {
        entry * u64::from(self.entry_bits) + u64::from(self.word_bits)
    }
}

impl Middle {
    /// Where the longer n-grams of an entry begin.
    #[inline]
    fn next(&self, bytes: &[u8], entry: u64) -> Option<u64> {
        let bit = (entry + 1) * u64::from(self.packed.entry_bits) - u64::from(self.next_bits);
        let low = bits_at(bytes, self.packed.at, bit, self.next_bits)?;
        let Some((at, length)) = self.high else { return Some(low) };
        // The high part is the place of the last element that is not above the entry.
        let (mut begin, mut end) = (0, length);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            if u64_at(bytes, at + 8 * middle)? <= entry { begin = middle + 1 } else { end = middle }
        }
        Some((begin.saturating_sub(1) as u64) << self.next_bits | low)
    }
}

/// Bits of a place that go to the sorted array: as many as save the most.
fn high_bits(entries: u64, largest: u64, allowed: u8) -> u8 {
    let required = bits_of(largest);
    let cost = |high: &u8| {
        let table = largest.checked_shr(u32::from(required - high)).unwrap_or(0);
        i128::from(table) * 64 - i128::from(entries) * i128::from(*high)
    };
    (0..=required.min(allowed)).min_by_key(cost).unwrap_or(0)
}

impl Trie {
    pub fn open(header: &Header, bytes: &[u8]) -> Result<Trie, NgramError> {
        let Kind::Trie { quantized, array } = header.kind else { return Err(NgramError::damaged("not a trie")) };
        let cut = || NgramError::damaged("it is shorter than its header asks for");
        let counts = &header.counts;
        let order = counts.len();
        let bound = u32::try_from(counts[0]).map_err(|_| NgramError::damaged("more words than ids"))?;
        let word_bits = bits_of(counts[0]);
        let mut at = Header::size(order);
        let word_count = u64_at(bytes, at).ok_or_else(cut)?;
        if word_count > counts[0] {
            return Err(NgramError::damaged(format!("{word_count} words where its header asks for {bound}")));
        }
        let words = at + 8;
        at = words + 8 * bound as usize;
        let mut values = vec![Values::Plain; order - 1];
        if quantized {
            let &[version, prob_bits, backoff_bits] = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(cut)?;
            if version != 2 || !(1..=MAX_CODE_BITS).contains(&prob_bits) || !(1..=MAX_CODE_BITS).contains(&backoff_bits) {
                return Err(NgramError::damaged(format!("quantized by version {version} to {prob_bits} and {backoff_bits} bits")));
            }
            at += 8;
            for slot in &mut values {
                let backoffs = at + (4 << prob_bits);
                *slot = Values::Quantized { probs: at, prob_bits, backoffs, backoff_bits };
                at = backoffs + (4 << backoff_bits);
            }
            // The longest n-grams have no back-off weights.
            at -= 4 << backoff_bits;
        }
        let longest_values = values.pop().ok_or_else(cut)?;
        let unigrams = at;
        at += (bound as usize + 2) * UNIGRAM_ROW;
        let allowed = if array && order > 2 {
            let &[version, allowed] = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(cut)?;
            if version != 0 {
                return Err(NgramError::damaged(format!("pointers compressed by version {version}")));
            }
            allowed
        } else {
            0
        };
        let mut middle = Vec::new();
        for (values, pair) in values.into_iter().zip(counts[1..].windows(2)) {
            let (count, largest) = (pair[0], pair[1]);
            let required = bits_of(largest);
            let high = if array { high_bits(count + 1, largest, allowed) } else { 0 };
            let next_bits = required - high;
            let array = array.then(|| (at.next_multiple_of(8) + 8, (largest >> next_bits) as usize + 1));
            if let Some((_, length)) = array {
                at += 8 * (1 + length) + 7;
            }
            let packed = Packed::new(at, count, word_bits, values.bits(false) + next_bits);
            at = packed.size().and_then(|size| at.checked_add(size)).filter(|end| *end <= bytes.len()).ok_or_else(cut)?;
            middle.push(Middle { packed, values, next_bits, high: array });
        }
        let longest = Packed::new(at, counts[order - 1], word_bits, longest_values.bits(true));
        let size = longest.size().and_then(|size| at.checked_add(size)).filter(|end| *end <= bytes.len()).ok_or_else(cut)?;
        Ok(Trie { words, word_count: word_count as usize, unigrams, bound, middle, longest, longest_values, size })
    }

    pub fn index(&self, bytes: &[u8], word: &[u8]) -> u32 {
        let hash = murmur(word);
        let (mut begin, mut end) = (0, self.word_count);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            match u64_at(bytes, self.words + 8 * middle).unwrap_or(u64::MAX).cmp(&hash) {
                std::cmp::Ordering::Less => begin = middle + 1,
                std::cmp::Ordering::Greater => end = middle,
                std::cmp::Ordering::Equal => return u32::try_from(middle + 1).ok().filter(|id| *id < self.bound).unwrap_or(0),
            }
        }
        0
    }
}

impl Search for Trie {
    type Node = (u64, u64);

    #[inline]
    fn unigram(&self, bytes: &[u8], word: u32) -> (Found, (u64, u64)) {
        let at = self.unigrams + word as usize * UNIGRAM_ROW;
        let float = |at| f32_at(bytes, at).unwrap_or(0.0);
        let range = (u64_at(bytes, at + 8).unwrap_or(0), u64_at(bytes, at + 8 + UNIGRAM_ROW).unwrap_or(0));
        (Found { prob: float(at), backoff: float(at + 4), alone: range.0 >= range.1 }, range)
    }

    #[inline]
    fn middle(&self, bytes: &[u8], index: usize, word: u32, node: (u64, u64)) -> Option<(Found, (u64, u64))> {
        let middle = self.middle.get(index)?;
        let packed = &middle.packed;
        let entry = packed.find(bytes, word, node)?;
        let bit = packed.values_at(entry);
        let (prob, backoff) = (middle.values.prob(bytes, packed.at, bit, false)?, middle.values.backoff(bytes, packed.at, bit)?);
        let range = (middle.next(bytes, entry)?, middle.next(bytes, entry + 1)?);
        Some((Found { prob, backoff, alone: range.0 >= range.1 }, range))
    }

    #[inline]
    fn longest(&self, bytes: &[u8], word: u32, node: (u64, u64)) -> Option<f32> {
        let entry = self.longest.find(bytes, word, node)?;
        self.longest_values.prob(bytes, self.longest.at, self.longest.values_at(entry), true)
    }
}
