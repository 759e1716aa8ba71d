//! Which pieces of a text (lines, paragraphs) occur before.

use xxhash_rust::xxh3::xxh3_64;

use super::chars;

/// How many pieces there are, how many of them stand earlier in the text too, and the characters of the latter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// All pieces.
    pub pieces: usize,
    /// Pieces that stand earlier too.
    pub repeated: usize,
    /// Their characters.
    pub repeated_chars: usize,
}

impl Repeats {
    /// Counts over `pieces`, in order; `seen` is working memory.
    pub fn count<'t>(pieces: impl Iterator<Item = &'t str>, seen: &mut Seen) -> Self {
        let mut found = Self::default();
        seen.clear(0);
        for piece in pieces {
            found.pieces += 1;
            if !seen.insert(xxh3_64(piece.as_bytes())) {
                found.repeated += 1;
                found.repeated_chars += chars::count(piece);
            }
        }
        found
    }
}

/// A set of 64-bit hashes whose memory is used again.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// A power of two of them, at most half in use; 0 where empty.
    slots: Vec<u64>,
    used: usize,
}

impl Seen {
    /// Empties the set and makes room for `expected` hashes.
    pub fn clear(&mut self, expected: usize) {
        self.slots.clear();
        self.slots.resize((expected * 2).next_power_of_two().max(64), 0);
        self.used = 0;
    }

    /// Adds `hash`; false where it was there already.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> bool {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash.max(1);
        let mask = self.slots.len() - 1;
        let mut place = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            match &mut self.slots[place] {
                slot if *slot == hash => return false,
                slot if *slot == 0 => {
                    *slot = hash;
                    self.used += 1;
                    return true;
                }
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.clear(old.len().max(32));
        for hash in old.into_iter().filter(|hash| *hash != 0) {
            self.insert(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_occurrences_count_in_characters() {
        let mut seen = Seen::default();
        let found = Repeats::count(["é", "b", "é", "é", ""].into_iter(), &mut seen);
        assert_eq!(found, Repeats { pieces: 5, repeated: 2, repeated_chars: 2 });
        assert_eq!(Repeats::count([].into_iter(), &mut seen), Repeats::default());
    }

    #[test]
    fn the_set_grows() {
        let mut seen = Seen::default();
        seen.clear(0);
        assert!((0..1000u64).all(|hash| seen.insert(hash + 1)));
        assert!((0..1000u64).all(|hash| !seen.insert(hash + 1)));
    }
}
