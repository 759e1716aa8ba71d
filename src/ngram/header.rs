//! The header of KenLM's binary files (version 5): what kind of model, of what order, and how many n-grams of each.

use super::bits::{f32_at, u32_at, u64_at};
use super::{MAX_ORDER, NgramError};

const FAMILY: &[u8] = b"mmap lm http://kheafield.com/code";
const MAGIC: &[u8] = b"mmap lm http://kheafield.com/code format version 5\n\0";
/// Magic, its zero and padding to eight bytes.
const MAGIC_BYTES: usize = 56;
/// Magic, and numbers whose bytes tell the machine that wrote the file.
const SANITY_BYTES: usize = MAGIC_BYTES + 32;
/// Order, multiplier, kind, vocabulary flag, version of the search structure; each on a boundary of four.
const FIXED_BYTES: usize = 20;

/// How n-grams are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Hash tables. `rest`: with a third number a row, which scoring does not need.
    Probing { rest: bool },
    /// A trie over sorted word ids.
    Trie { quantized: bool, array: bool },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub kind: Kind,
    /// Buckets of a hash table for each of its entries.
    pub multiplier: f32,
    pub has_words: bool,
    /// N-grams of each order, from 1.
    pub counts: Vec<u64>,
}

/// True where the bytes begin as KenLM's binary files do, of whatever version.
pub(super) fn is_kenlm(bytes: &[u8]) -> bool {
    bytes.starts_with(FAMILY)
}

fn sanity() -> [u8; SANITY_BYTES] {
    let mut out = [0; SANITY_BYTES];
    out[..MAGIC.len()].copy_from_slice(MAGIC);
    let words = [0f32.to_bits(), 1f32.to_bits(), (-0.5f32).to_bits(), 1, u32::MAX, 0, 1, 0];
    for (slot, word) in out[MAGIC_BYTES..].as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *slot = word.to_le_bytes();
    }
    out
}

impl Header {
    pub fn parse(bytes: &[u8]) -> Result<Header, NgramError> {
        let cut = || NgramError::damaged("it ends within its header");
        let begin = bytes.get(..SANITY_BYTES).ok_or_else(cut)?;
        if begin != sanity() {
            return Err(other_version(begin));
        }
        let fixed = bytes.get(SANITY_BYTES..SANITY_BYTES + FIXED_BYTES).ok_or_else(cut)?;
        let word = |at| u32_at(fixed, at).ok_or_else(cut);
        let multiplier = f32_at(fixed, 4).ok_or_else(cut)?;
        let (kind, version) = match word(8)? {
            0 => (Kind::Probing { rest: false }, 0),
            1 => (Kind::Probing { rest: true }, 0),
            code @ 2..=5 => (Kind::Trie { quantized: code % 2 == 1, array: code >= 4 }, 1),
            code => {
                return Err(NgramError::Kind(format!(
                    "a KenLM file of model type {code}, which is not known; convert its ARPA file with `build_binary probing`"
                )));
            }
        };
        if word(16)? != version {
            return Err(NgramError::Kind(format!(
                "a KenLM file whose search structure is of version {}; build it again with a current build_binary",
                word(16)?
            )));
        }
        let order = usize::from(fixed[0]);
        if !(2..=MAX_ORDER).contains(&order) {
            return Err(NgramError::Order(order as u64));
        }
        let is_probing = matches!(kind, Kind::Probing { .. });
        if is_probing && !(multiplier.is_finite() && multiplier >= 1.0) {
            return Err(NgramError::damaged(format!("a probing multiplier of {multiplier}")));
        }
        let counts = (0..order).map(|n| u64_at(bytes, SANITY_BYTES + FIXED_BYTES + 8 * n).ok_or_else(cut)).collect::<Result<Vec<u64>, _>>()?;
        // No n-gram takes less than a bit, so this bounds every product of counts that follows.
        if let Some(count) = counts.iter().find(|count| **count / 8 > bytes.len() as u64) {
            return Err(NgramError::damaged(format!("{count} n-grams in {} bytes", bytes.len())));
        }
        Ok(Header { kind, multiplier, has_words: fixed[12] != 0, counts })
    }

    /// Bytes of a header for so many orders.
    pub fn size(orders: usize) -> usize {
        (SANITY_BYTES + FIXED_BYTES + 8 * orders).next_multiple_of(8)
    }

    /// The header of a file of plain probing tables.
    pub fn write(&self, out: &mut [u8]) {
        let fixed = [self.counts.len() as u32, self.multiplier.to_bits(), 0, u32::from(self.has_words), 0];
        let words = fixed.into_iter().flat_map(u32::to_le_bytes);
        let counts = self.counts.iter().flat_map(|count| count.to_le_bytes());
        out.iter_mut().zip(sanity().into_iter().chain(words).chain(counts)).for_each(|(slot, byte)| *slot = byte);
    }
}

fn other_version(begin: &[u8]) -> NgramError {
    let begins = |with: &[u8]| begin.starts_with(&[FAMILY, with].concat());
    let said = if begins(b" incomplete") {
        "a KenLM file that was never finished; build it again"
    } else if begins(b" format version 5\n") {
        "a KenLM file of a 32-bit or big-endian machine; build it again from its ARPA file"
    } else {
        "a KenLM file of another version than 5; build it again from its ARPA file with a current build_binary"
    };
    NgramError::Kind(said.to_owned())
}
