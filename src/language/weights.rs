//! The weights of the n-grams: how they lie in a file and how they are looked up.
//!
//! The file is `DPLANG01` and one zstd frame. In it, little-endian: the number of n-grams and of weights (u32 each), the value of one step of a weight (f32); then, as
//! planes that compress well each by itself, the gaps between the sorted hashes (a byte, 255 adding to the next), the number of weights of
//! each n-gram (a byte), the language of each weight (a byte) and the weights (a signed byte each). What follows is the prose model.

use super::grams::BITS;

/// Why a file holds no weights.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else, or a model of another version.
    #[error("not a language model of this program")]
    Magic,
    /// The compressed part is cut or damaged.
    #[error("the language model cannot be unpacked: {0}")]
    Packed(#[from] std::io::Error),
    /// What was unpacked contradicts itself in the part named.
    #[error("the language model is damaged in its {0}")]
    Damaged(&'static str),
}

/// How a file begins.
pub const MAGIC: &[u8; 8] = b"DPLANG01";

/// Unpacked bytes at most, so that no file can ask for more.
const MOST: u64 = 16 << 20;

/// Languages that the sums have room for.
pub const LANGUAGES: usize = 128;

/// A weight: language and steps.
#[derive(Clone, Copy)]
struct Weight {
    language: u8,
    steps: i8,
}

/// The weights by hash.
pub struct Weights {
    /// Open addressing, filled in the order of the hashes, 0 where free. Highest a hash, then the number of weights in the slot itself (2 bits),
    /// then those, 12 bits each; where that number is 0, the first of `weights` (24 bits) and how many.
    ///
    /// Nearly all that a text costs is waiting for this table, so most n-grams want one line of the cache only.
    slots: Vec<u64>,
    weights: Vec<Weight>,
    /// Slots that a hash can have for its first.
    homes: usize,
    step: f32,
}

/// Slots for each n-gram, in quarters.
const ROOM: usize = 6;

/// Slots beyond the last home.
const TAIL: usize = 64;

/// Bits of a slot below its hash.
const SHIFT: u32 = 64 - BITS;

/// Hashes whose slots are fetched at the same time.
const BATCH: usize = 32;

/// Takes up to three small weights into a slot.
fn inline(weights: &[Weight]) -> Option<u64> {
    let fit = (1..=3).contains(&weights.len()) && weights.iter().all(|weight| (-16..16).contains(&weight.steps));
    let packed = |sum: u64, weight: &Weight| sum << 12 | u64::from(weight.language) << 5 | (weight.steps + 16) as u64;
    fit.then(|| weights.iter().rev().fold(0, packed) | (weights.len() as u64) << 36)
}

impl Weights {
    /// Unpacks a file; gives what follows the weights as well.
    ///
    /// # Errors
    /// Where the file is cut, damaged or something else.
    pub fn read(file: &[u8]) -> Result<(Weights, Vec<u8>), Error> {
        let packed = file.strip_prefix(MAGIC).ok_or(Error::Magic)?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(zstd::Decoder::new(packed)?, MOST), &mut bytes)?;
        let mut rest = bytes.as_slice();
        let rows = u32::from_le_bytes(head(&mut rest)?) as usize;
        let all = u32::from_le_bytes(head(&mut rest)?) as usize;
        let step = f32::from_le_bytes(head(&mut rest)?);
        if !step.is_finite() {
            return Err(Error::Damaged("step"));
        }
        let mut hashes = Vec::with_capacity(rows.min(rest.len()));
        let mut hash = 0u32;
        while hashes.len() < rows {
            let [gap] = head(&mut rest)?;
            hash = hash.checked_add(gap.into()).filter(|hash| *hash < 1 << BITS).ok_or(Error::Damaged("hashes"))?;
            if gap < 255 {
                hashes.push(hash);
            }
        }
        let counts = plane(&mut rest, rows)?;
        let (languages, steps) = (plane(&mut rest, all)?, plane(&mut rest, all)?);
        if languages.iter().any(|language| *language as usize >= LANGUAGES)
            || counts.contains(&0)
            || counts.iter().map(|count| *count as usize).sum::<usize>() != all
            || all >= 1 << 24
        {
            return Err(Error::Damaged("weights"));
        }
        let mut made = Weights { slots: vec![0; rows * ROOM / 4 + TAIL], weights: Vec::new(), homes: rows * ROOM / 4, step };
        let (mut all, mut free) = (languages.iter().zip(steps), 0);
        let mut row = Vec::new();
        for (hash, count) in hashes.iter().zip(counts) {
            row.clear();
            row.extend(all.by_ref().take((*count).into()).map(|(language, steps)| Weight { language: *language, steps: *steps as i8 }));
            let at = free.max(made.home(*hash));
            let weights = inline(&row).unwrap_or_else(|| {
                made.weights.extend_from_slice(&row);
                ((made.weights.len() - row.len()) as u64) << 8 | row.len() as u64
            });
            if at >= made.slots.len() {
                made.slots.push(0);
            }
            made.slots[at] = u64::from(*hash) << SHIFT | weights;
            free = at + 1;
        }
        made.slots.push(0);
        Ok((made, rest.to_vec()))
    }

    /// Where a hash is looked for first: in the order of the hashes, so that the table is filled from front to back and a search can end early.
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.homes as u64) >> BITS) as usize
    }

    /// Adds the weights of all `hashes` to the languages' `sums`; gives how many of them are known.
    pub fn add(&self, hashes: &[u32], sums: &mut [i32; LANGUAGES]) -> usize {
        let mut known = 0;
        for batch in hashes.chunks(BATCH) {
            let mut homes = [(0, 0); BATCH];
            for (home, hash) in homes.iter_mut().zip(batch) {
                let at = self.home(*hash);
                *home = (at, self.slots.get(at).copied().unwrap_or(0));
            }
            for (hash, (mut at, mut slot)) in batch.iter().zip(homes) {
                while slot != 0 && (slot >> SHIFT) < u64::from(*hash) {
                    at += 1;
                    slot = self.slots.get(at).copied().unwrap_or(0);
                }
                if slot != 0 && slot >> SHIFT == u64::from(*hash) {
                    known += 1;
                    self.add_slot(slot, sums);
                }
            }
        }
        known
    }

    fn add_slot(&self, slot: u64, sums: &mut [i32; LANGUAGES]) {
        let inside = slot >> 36 & 3;
        for n in 0..inside {
            let weight = slot >> (12 * n);
            sums[(weight >> 5) as usize % LANGUAGES] += (weight & 31) as i32 - 16;
        }
        if inside == 0 {
            let start = (slot >> 8) as usize & ((1 << 24) - 1);
            for weight in self.weights.get(start..start + (slot & 0xff) as usize).unwrap_or(&[]) {
                sums[weight.language as usize % LANGUAGES] += i32::from(weight.steps);
            }
        }
    }

    /// The value of one step of the sums.
    pub fn step(&self) -> f32 {
        self.step
    }
}

/// Takes the next bytes off `rest`.
pub fn head<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (first, after) = rest.split_first_chunk().ok_or(Error::Damaged("length"))?;
    *rest = after;
    Ok(*first)
}

fn plane<'a>(rest: &mut &'a [u8], n: usize) -> Result<&'a [u8], Error> {
    let (first, after) = rest.split_at_checked(n).ok_or(Error::Damaged("length"))?;
    *rest = after;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two n-grams: 300 with one weight, 301 with two.
    fn file(change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = [2u32, 3].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        bytes.extend(0.5f32.to_le_bytes());
        bytes.extend([255, 45, 1, 1, 2, 7, 3, 9, 4, 0xfe, 1, 77]);
        change(&mut bytes);
        [MAGIC.to_vec(), zstd::encode_all(bytes.as_slice(), 3).unwrap()].concat()
    }

    #[test]
    fn weights_are_found_by_hash() {
        let (weights, rest) = Weights::read(&file(|_| ())).unwrap();
        let mut sums = [0; LANGUAGES];
        assert_eq!(weights.add(&[300, 301, 301, 302, 0, (1 << BITS) - 1], &mut sums), 3);
        assert_eq!((sums[7], sums[3], sums[9], sums[0]), (4, -4, 2, 0));
        assert_eq!((weights.step(), rest.as_slice()), (0.5, [77u8].as_slice()));
    }

    #[test]
    fn damaged_files_are_refused() {
        assert!(matches!(Weights::read(b"something"), Err(Error::Magic)));
        assert!(matches!(Weights::read(b"DPLANG01?"), Err(Error::Packed(_))));
        for (at, byte) in [(0, 200), (4, 9), (16, 9), (17, 200)] {
            assert!(matches!(Weights::read(&file(|bytes| bytes[at] = byte)), Err(Error::Damaged(_))), "{at}");
        }
        assert!(matches!(Weights::read(&file(|bytes| bytes.truncate(20))), Err(Error::Damaged("length"))));
    }
}
