//! Short byte strings as one number.

/// The first eight bytes, the first lowest; bytes that are not there are 0.
#[inline]
pub fn pack(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    // Reads may overlap: then they bring the same bytes to the same place.
    let length = bytes.len();
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4)),
        _ => match (bytes.first(), bytes.get(length / 2), bytes.last()) {
            (Some(first), Some(middle), Some(last)) => u64::from(*first) | u64::from(*middle) << (8 * (length / 2)) | u64::from(*last) << (8 * (length - 1)),
            _ => 0,
        },
    }
}

/// [`pack`] of the bytes from `from` to `to`, without a branch on their number unless the text ends there, since words are of all lengths.
#[inline]
pub fn pack_at(bytes: &[u8], from: usize, to: usize) -> u64 {
    match bytes.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(eight) => u64::from_le_bytes(*eight) & LOWEST[(to - from).min(8)],
        None => pack(bytes.get(from..to).unwrap_or_default()),
    }
}

/// The lowest bytes of a number, by how many they are.
const LOWEST: [u64; 9] = {
    let (mut masks, mut length) = ([0; 9], 1);
    while length < 9 {
        masks[length] = u64::MAX >> (64 - 8 * length);
        length += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_amid_others_is_packed_alike() {
        let bytes: Vec<u8> = (1..=20).collect();
        for from in 0..bytes.len() {
            for to in from..=bytes.len() {
                assert_eq!(pack_at(&bytes, from, to), pack(&bytes[from..to]), "{from} to {to}");
            }
        }
    }

    #[test]
    fn every_length_is_packed() {
        let bytes = [1u8, 2, 3, 4, 5, 6, 7, 8, 9];
        for length in 0..=9 {
            let wanted = bytes[..length.min(8)].iter().rev().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
            assert_eq!(pack(&bytes[..length]), wanted, "{length}");
        }
    }
}
