//! What repeated passages are made of: the bytes of a text, or the ids of its tokens.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::mix;

/// A byte or the id of a token.
pub trait Symbol: Copy + Ord {
    /// 64 even bits that stand for it.
    fn spread(self) -> u64;

    /// A hash of a run of them.
    fn hash(run: &[Self]) -> u64;
}

const SPREAD: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = mix(byte as u64 + 1);
        byte += 1;
    }
    table
};

impl Symbol for u8 {
    #[inline]
    fn spread(self) -> u64 {
        SPREAD[usize::from(self)]
    }

    fn hash(run: &[u8]) -> u64 {
        xxh3_64(run)
    }
}

impl Symbol for u32 {
    #[inline]
    fn spread(self) -> u64 {
        mix(u64::from(self) + 1)
    }

    fn hash(run: &[u32]) -> u64 {
        let mut hash = Xxh3::new();
        run.iter().for_each(|id| hash.update(&id.to_le_bytes()));
        hash.digest()
    }
}
