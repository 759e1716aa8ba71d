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

    /// Calls `found` with offset and hash of each anchor of the text that tells something, in order, each once. `ring` is working memory. Texts beyond 2^32
    /// symbols are read that far.
    ///
    /// Where a text repeats itself at a short distance ("aaaa", "ababab"), its anchors stand as densely, and but for those at the ends all have the same
    /// symbols around them. Of these the first two and the last are told: the whole stretch follows from them, see [`Anchors::stretch`].
    pub fn each<S: Symbol>(&self, text: &[S], ring: &mut Vec<u64>, mut found: impl FnMut(u32, u64)) {
        let mut run: Option<Run> = None;
        self.all(text, ring, |at, hash| {
            let next = match run {
                Some(run) if run.hash == hash && run.goes_on(text, self.k, at) => Run { step: at - run.last, last: at, ..run },
                _ => {
                    if let Some(run) = run {
                        run.held(self.reach as u32).for_each(|at| found(at, run.hash));
                    }
                    Run { hash, first: at, step: 0, last: at }
                }
            };
            run = Some(next);
            if next.last - next.first < next.open(self.reach as u32) {
                found(at, hash);
            }
        });
        if let Some(run) = run {
            run.held(self.reach as u32).for_each(|at| found(at, run.hash));
        }
    }

    /// Given three neighbouring occurrences of an anchor of k symbols in one text: the whole stretch of it around them, as a range, in which everything repeats
    /// what stands `two - one` before. None where no occurrences between `two` and `three` can have been passed over.
    pub fn stretch<S: Symbol>(text: &[S], k: usize, [one, two, three]: [u32; 3]) -> Option<(u32, u32)> {
        let step = two.checked_sub(one).filter(|step| (1..=k).contains(&(*step as usize)))? as usize;
        let (one, gap) = (one as usize, three.checked_sub(two)? as usize);
        if gap == step || gap % step != 0 {
            return None;
        }
        let same = |at: &usize| text[at - step] == text[*at];
        let end = (one + step..text.len()).find(|at| !same(at)).unwrap_or(text.len());
        let start = (step..one + step).rev().take_while(same).last().unwrap_or(one + step) - step;
        (end >= three as usize + k).then_some((start as u32, end as u32))
    }

    /// The same with every anchor.
    fn all<S: Symbol>(&self, text: &[S], ring: &mut Vec<u64>, mut found: impl FnMut(u32, u64)) {
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

/// Anchors of one hash, one after another at the same distance, over symbols that repeat at that distance.
#[derive(Clone, Copy)]
struct Run {
    hash: u64,
    first: u32,
    step: u32,
    last: u32,
}

impl Run {
    /// Whether an anchor of the same hash at `at` continues the run.
    fn goes_on<S: Symbol>(self, text: &[S], k: usize, at: u32) -> bool {
        let step = at - self.last;
        let (from, to) = (self.last as usize, at as usize);
        step as usize <= k && (self.step == 0 || self.step == step) && text.get(from..from + k) == text.get(to..to + k)
    }

    /// How far from the first anchors are told as they come: until there are two that have `reach` symbols of the run before them.
    fn open(self, reach: u32) -> u32 {
        self.reached(reach) + 2 * self.step.max(1)
    }

    /// Symbols from the first anchor to the first that has `reach` of the run before it.
    fn reached(self, reach: u32) -> u32 {
        reach.next_multiple_of(self.step.max(1))
    }

    /// The anchors that were not told and must be: the last that has `reach` symbols of the run after it, and those behind it.
    fn held(self, reach: u32) -> impl Iterator<Item = u32> {
        let step = self.step.max(1);
        let open = self.first + self.open(reach);
        let from = (self.last - self.first).checked_sub(self.reached(reach)).map_or(open, |offset| (self.first + offset).max(open));
        (from..=self.last).step_by(step as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn anchors(length: usize, text: &[u8]) -> BTreeMap<u32, u64> {
        let mut all = BTreeMap::new();
        Anchors::new(length).all(text, &mut Vec::new(), |at, hash| assert!(all.insert(at, hash).is_none()));
        all
    }

    #[test]
    fn what_is_passed_over_follows_from_what_is_told() {
        let mut passed = 0;
        for seed in 0..400u64 {
            let roll = |what: u64| mix(seed << 32 | what);
            let length = [2, 5, 10, 33, 100][roll(0) as usize % 5];
            let anchors = Anchors::new(length);
            // Stretches of short period between random ones.
            let mut text: Vec<u8> = Vec::new();
            for piece in 0..1 + roll(1) % 6 {
                let period = 1 + roll(2 + piece) as usize % 8;
                let count = roll(20 + piece) as usize % 300;
                let letters: Vec<u8> = (0..period).map(|at| (roll(100 * piece + 1000 + at as u64) % 3) as u8).collect();
                text.extend((0..count).map(|at| letters[at % period]));
                text.extend((0..roll(40 + piece) % 60).map(|at| (roll(piece << 20 | at) % 4) as u8));
            }
            let mut told: Vec<(u32, u64)> = Vec::new();
            anchors.each(&text, &mut Vec::new(), |at, hash| told.push((at, hash)));
            assert!(told.is_sorted() && told.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let all: Vec<(u32, u64)> = self::anchors(length, &text).into_iter().collect();
            let (k, reach) = (anchors.k, anchors.reach);
            for anchor in &all {
                if told.contains(anchor) {
                    continue;
                }
                passed += 1;
                let same = |side: &&(u32, u64)| side.1 == anchor.1;
                let before: Vec<u32> = told.iter().filter(|other| other.0 < anchor.0).filter(same).map(|other| other.0).collect();
                let after = told.iter().filter(|other| other.0 > anchor.0).find(same).map(|other| other.0);
                let (Some([one, two]), Some(three)) = (before.last_chunk::<2>(), after) else { panic!("seed {seed}: {anchor:?}") };
                let (from, to) = Anchors::stretch(&text, k, [*one, *two, three]).unwrap();
                assert!(from as usize + reach <= anchor.0 as usize && anchor.0 as usize + k + reach <= to as usize);
            }
            for three in told.windows(3) {
                if let Some((from, to)) = Anchors::stretch(&text, k, [three[0].0, three[1].0, three[2].0]) {
                    let (step, text) = ((three[1].0 - three[0].0) as usize, &text[from as usize..to as usize]);
                    assert_eq!(text[..text.len() - step], text[step..]);
                }
            }
        }
        assert!(passed > 5000, "{passed}");
        let mut told = 0;
        Anchors::new(100).each(&[b'a'; 100_000], &mut Vec::new(), |_, _| told += 1);
        assert_eq!(told, 64 + 2 + 1 + 64);
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
