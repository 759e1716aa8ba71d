//! Anchors of a text: in each window of a fixed length, the k-mer of the smallest hash (winnowing, Schleimer et al. 2003; minimizers, Roberts et
//! al. 2004). Two equal windows have their anchor at the same place inside them, so equal passages of that length share an anchor.

use super::mix;
use super::symbols::Symbol;

const BASE: u64 = 0x9e37_79b9_7f4a_7c15 | 1;

/// Chooses anchors for windows of `length` symbols: bytes, or ids of tokens.
#[derive(Clone, Copy, Debug)]
pub struct Anchors {
    /// Symbols of an anchor.
    pub k: usize,
    /// Symbols of a window beside its anchor: the anchor stands 0 to `reach` symbols after the window's start.
    pub reach: usize,
    /// [`BASE`] to the k: what the oldest symbol of an anchor is multiplied by when it leaves.
    power: u64,
}

impl Anchors {
    /// Anchors for windows of `length` symbols, at least 2: of 36 % of that length (36 bytes of 100), one in 33 bytes of text on the average.
    pub fn new(length: usize) -> Anchors {
        let k = (length * 36 / 100).max(1);
        Anchors { k, reach: length - k, power: (0..k).fold(1u64, |power, _| power.wrapping_mul(BASE)) }
    }

    /// Calls `found` with offset and hash of each anchor of the text, in order, each once. `ring` is working memory. Texts beyond 2^32 symbols are
    /// read that far.
    pub fn each<S: Symbol>(&self, text: &[S], ring: &mut Vec<u64>, mut found: impl FnMut(u32, u64)) {
        let text = &text[..text.len().min(u32::MAX as usize)];
        let windows = self.reach + 1;
        let size = windows.next_power_of_two();
        ring.clear();
        ring.resize(size, 0);
        let Some((head, tail)) = text.split_at_checked(self.k) else { return };
        let mut hash = head.iter().fold(0u64, |hash, symbol| hash.wrapping_mul(BASE).wrapping_add(symbol.spread()));
        ring[0] = hash;
        let (mut least, mut place, mut told) = (hash, 0usize, None);
        if windows == 1 {
            found(0, mix(hash));
        }
        for (before, (old, new)) in text.iter().zip(tail).enumerate() {
            let at = before + 1;
            hash = hash.wrapping_mul(BASE).wrapping_add(new.spread()).wrapping_sub(old.spread().wrapping_mul(self.power));
            ring[at & (size - 1)] = hash;
            if hash < least {
                (least, place) = (hash, at);
            } else if at - place >= windows {
                // The least one has left: the leftmost of the least takes its place, whatever was chosen before.
                (least, place) = (u64::MAX, at);
                for candidate in (at + 1 - windows..=at).rev() {
                    let hash = ring[candidate & (size - 1)];
                    if hash <= least {
                        (least, place) = (hash, candidate);
                    }
                }
            }
            if at + 1 >= windows && told != Some(place) {
                told = Some(place);
                found(place as u32, mix(least));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn anchors(length: usize, text: &[u8]) -> BTreeMap<u32, u64> {
        let mut all = BTreeMap::new();
        Anchors::new(length).each(text, &mut Vec::new(), |at, hash| assert!(all.insert(at, hash).is_none()));
        all
    }

    #[test]
    fn every_window_has_its_anchor_by_its_content_alone() {
        let text: Vec<u8> = (0..2000u64).map(|i| (mix(i) % 3) as u8 * u8::from(i % 500 > 100)).collect();
        for length in [2, 3, 10, 33, 100] {
            let Anchors { k, reach, .. } = Anchors::new(length);
            let all = anchors(length, &text);
            for (start, window) in text.windows(length).enumerate() {
                let own = anchors(length, window);
                assert_eq!(own.len(), 1);
                let (at, hash) = own.first_key_value().unwrap();
                assert!(*at as usize <= reach && *at as usize + k <= length);
                assert_eq!(all.get(&(start as u32 + at)), Some(hash), "length {length}, window {start}");
            }
        }
        assert!(anchors(100, &text[..99]).is_empty());
    }

    #[test]
    fn anchors_of_tokens_are_those_of_their_ids() {
        let ids: Vec<u32> = (0..500u64).map(|i| (mix(i) % 40_000) as u32).collect();
        let of = |ids: &[u32]| {
            let mut all = Vec::new();
            Anchors::new(20).each(ids, &mut Vec::new(), |at, hash| all.push((at, hash)));
            all
        };
        let all = of(&ids);
        for (start, window) in ids.windows(20).enumerate() {
            let [(at, hash)] = of(window)[..] else { panic!("one window has one anchor") };
            assert!(all.contains(&(start as u32 + at, hash)));
        }
    }

    #[test]
    fn anchors_are_sparse() {
        let text: Vec<u8> = (0..100_000u64).map(|i| mix(i) as u8).collect();
        let count = anchors(100, &text).len();
        assert!((2800..3300).contains(&count), "{count}");
    }
}
