//! Bloom filters of a size computed from what they are to hold (Bloom 1970, "Space/time trade-offs in hash coding with allowable errors").

use super::mix;

/// Bytes before the bits: the number of bits set for a key.
const HEAD: usize = 8;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes of a filter that holds `keys` keys and takes a share `rate` of other keys for its own: 1.2 bytes a key for one in a hundred.
pub fn size(keys: u64, rate: f64) -> u64 {
    let bits = keys.max(1) as f64 * -rate.ln() / std::f64::consts::LN_2.powi(2);
    HEAD as u64 + (bits / 8.0).ceil() as u64
}

/// A set of 64-bit keys, which are spread evenly (hashes). It depends on the keys alone, not on the order in which they came.
#[derive(Debug)]
pub struct Bloom {
    /// [`HEAD`], then the bits.
    bytes: Vec<u8>,
}

impl Bloom {
    /// An empty filter for so many keys.
    pub fn new(keys: u64, rate: f64) -> Bloom {
        let mut bytes = vec![0; usize::try_from(size(keys, rate)).unwrap_or(usize::MAX)];
        let hashes = (-rate.log2()).round().max(1.0) as u64;
        bytes[..HEAD].copy_from_slice(&hashes.to_le_bytes());
        Bloom { bytes }
    }

    /// The filter as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The inverse; `None` for what is no filter.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Bloom> {
        (bytes.len() > HEAD && (1..=64).contains(&bytes[0])).then_some(Bloom { bytes })
    }

    /// The places of a key, each by a hash of its own: multiples of one hash, the usual way, lie close together too often for small filters and low rates.
    fn places(&self, key: u64) -> impl Iterator<Item = (usize, u8)> + use<> {
        let bits = (self.bytes.len() - HEAD) as u128 * 8;
        (1..=u64::from(self.bytes[0])).map(move |number| {
            let hash = mix(key ^ number.wrapping_mul(GOLDEN));
            let bit = ((u128::from(hash) * bits) >> 64) as usize;
            (HEAD + bit / 8, 1 << (bit % 8))
        })
    }

    /// Adds a key.
    pub fn insert(&mut self, key: u64) {
        self.places(key).for_each(|(byte, bit)| self.bytes[byte] |= bit);
    }

    /// Whether a key was added; wrong for a share of keys that were not.
    pub fn contains(&self, key: u64) -> bool {
        self.places(key).all(|(byte, bit)| self.bytes[byte] & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_and_the_rate_is_kept() {
        for (keys, rate) in [(20_000, 0.01), (20_000, 0.1), (50_000, 0.001)] {
            let mut filter = Bloom::new(keys, rate);
            (0..keys).for_each(|key| filter.insert(mix(key + 1)));
            assert!((0..keys).all(|key| filter.contains(mix(key + 1))));
            let tried = 400_000;
            let wrong = (keys..keys + tried).filter(|key| filter.contains(mix(key + 1))).count() as f64 / tried as f64;
            assert!((rate * 0.7..rate * 1.3).contains(&wrong), "{wrong} where {rate} was wanted");
        }
    }

    #[test]
    fn filters_survive_their_bytes_whatever_the_order() {
        let (mut one, mut other) = (Bloom::new(100, 0.01), Bloom::new(100, 0.01));
        (0..100).for_each(|key| one.insert(mix(key + 1)));
        (0..100).rev().for_each(|key| other.insert(mix(key + 1)));
        let bytes = one.into_bytes();
        assert_eq!((bytes.len() as u64, &bytes), (size(100, 0.01), &other.into_bytes()));
        assert_eq!((size(1_000_000, 0.01), size(0, 0.5)), (8 + 1_198_133, 8 + 1));
        assert!(Bloom::from_bytes(bytes).is_some_and(|filter| filter.contains(mix(1))));
        assert!(Bloom::from_bytes(vec![0; 20]).is_none() && Bloom::from_bytes(Vec::new()).is_none());
    }
}
