//! Numbers at any place of a file: little-endian, unaligned, and `None` beyond its end.

use std::ops::Deref;

use memmap2::Mmap;

/// A model's file, mapped or held.
pub(super) enum Bytes {
    Mapped(Mmap),
    Held(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Held(bytes) => bytes,
        }
    }
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline]
pub(super) fn f32_at(bytes: &[u8], at: usize) -> Option<f32> {
    u32_at(bytes, at).map(f32::from_bits)
}

/// `width` bits, 57 at most, that begin at bit `bit` of the bytes from `at` on; the lowest bit of a byte is its first.
#[inline]
pub(super) fn bits_at(bytes: &[u8], at: usize, bit: u64, width: u8) -> Option<u64> {
    let word = u64_at(bytes, at.checked_add(usize::try_from(bit >> 3).ok()?)?)?;
    Some((word >> (bit & 7)) & ((1 << width) - 1))
}

/// Bits that `largest` takes; 0 for 0.
pub(super) fn bits_of(largest: u64) -> u8 {
    (64 - largest.leading_zeros()) as u8
}

/// 64-bit MurmurHash2 (Austin Appleby, public domain) with seed 0: the name of a word in KenLM's files.
pub(super) fn murmur(bytes: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = (bytes.len() as u64).wrapping_mul(M);
    let (blocks, rest) = bytes.as_chunks::<8>();
    for block in blocks {
        let mut k = u64::from_le_bytes(*block).wrapping_mul(M);
        k = (k ^ (k >> 47)).wrapping_mul(M);
        hash = (hash ^ k).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 47)).wrapping_mul(M);
    hash ^ (hash >> 47)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_across_bytes_and_never_beyond() {
        let bytes = 0xfedc_ba98_7654_3210u64.to_le_bytes();
        assert_eq!(bits_at(&bytes, 0, 0, 12), Some(0x210));
        assert_eq!(bits_at(&bytes, 0, 4, 57), Some(0x0fed_cba9_8765_4321 & ((1 << 57) - 1)));
        assert_eq!(bits_at(&bytes, 0, 8, 8), None, "eight bytes are read at once");
        assert_eq!(bits_at(&bytes, usize::MAX, u64::MAX, 1), None);
        assert_eq!([0, 1, 255, 256].map(bits_of), [0, 1, 8, 9]);
    }

    #[test]
    fn words_hash_as_published() {
        // Computed with KenLM's own function.
        assert_eq!([b"".as_slice(), b"<unk>", b"</s>", b"language"].map(murmur), [0, 0xea91_e756_1f5b_392b, 0x6be0_737d_f1f7_6c0a, 0xe593_dbe7_5938_9d87]);
    }
}
