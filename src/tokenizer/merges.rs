//! Byte-pair encoding proper: which pairs of symbols merge, in which order, and the merging of one word.
//!
//! The rule is that of Sennrich et al. 2016 as tiktoken and Hugging Face `tokenizers` apply it: merge the adjacent pair of
//! lowest rank, the leftmost among equals, until none is left.

use std::collections::{BTreeMap, VecDeque};

use super::pairs::{NONE, PairTable};

/// Stands for no symbol.
const NO_SYMBOL: u32 = u32::MAX;
/// Words of up to this many symbols are merged by looking through all pairs each time; most have no more than the smaller number.
const SHORT: usize = 100;
const SHORTEST: usize = 16;

/// Pairs that merge: rank in the high half of the value, merged symbol in the low.
pub(super) struct Merges(PairTable);

impl Merges {
    /// Left, right, rank, merged; the first of equal pairs stays.
    pub fn new(pairs: &[(u32, u32, u32, u32)]) -> Merges {
        let values = pairs.iter().map(|(left, right, rank, merged)| (*left, *right, u64::from(*rank) << 32 | u64::from(*merged)));
        Merges(PairTable::new(values, pairs.len()))
    }

    /// Merges the symbols of a word in place.
    pub fn apply(&self, word: &mut Vec<u32>) {
        self.apply_until(word, NO_SYMBOL);
    }

    /// Merges until the next merge would make `stop`.
    pub fn apply_until(&self, word: &mut Vec<u32>, stop: u32) {
        match word.len() {
            0 | 1 => {}
            2..=SHORTEST => self.apply_short::<SHORTEST>(word, stop, |word, i| self.get(word[i], word[i + 1])),
            ..=SHORT => self.apply_short::<SHORT>(word, stop, |word, i| self.get(word[i], word[i + 1])),
            _ => self.apply_long(word, stop),
        }
    }

    /// As `apply`, where `first` knows what each neighbouring pair of the word at the start merges into.
    #[inline(always)]
    pub fn apply_with(&self, word: &mut Vec<u32>, first: impl Fn(usize) -> u64) {
        match word.len() {
            0 | 1 => {}
            2..=SHORTEST => self.apply_short::<SHORTEST>(word, NO_SYMBOL, |_, i| first(i)),
            ..=SHORT => self.apply_short::<SHORT>(word, NO_SYMBOL, |_, i| first(i)),
            _ => self.apply_long(word, NO_SYMBOL),
        }
    }

    /// Rank and merged symbol of a pair, or `NONE`.
    #[inline(always)]
    pub fn get(&self, left: u32, right: u32) -> u64 {
        self.0.get(left, right)
    }

    #[inline(always)]
    fn apply_short<const N: usize>(&self, word: &mut Vec<u32>, stop: u32, first: impl Fn(&[u32], usize) -> u64) {
        let mut length = word.len();
        let mut pairs = [NONE; N];
        for (i, pair) in pairs[..length - 1].iter_mut().enumerate() {
            *pair = first(word, i);
        }
        loop {
            let (mut best, mut at) = (NONE, 0);
            for (i, pair) in pairs[..length - 1].iter().enumerate() {
                if *pair < best {
                    (best, at) = (*pair, i);
                }
            }
            if best == NONE || best as u32 == stop {
                break;
            }
            word[at] = best as u32;
            word.copy_within(at + 2..length, at + 1);
            pairs.copy_within(at + 1..length - 1, at);
            length -= 1;
            pairs[length - 1] = NONE;
            if at > 0 {
                pairs[at - 1] = self.get(word[at - 1], word[at]);
            }
            if at + 1 < length {
                pairs[at] = self.get(word[at], word[at + 1]);
            }
            if length == 1 {
                break;
            }
        }
        word.truncate(length);
    }

    /// The same for words of any length: places of pairs in one queue a rank, so that a run of ten million equal letters takes
    /// a pass for each rank and not a heap.
    fn apply_long(&self, word: &mut Vec<u32>, stop: u32) {
        const GONE: u32 = NO_SYMBOL;
        let length = word.len();
        if length >= GONE as usize {
            return;
        }
        let mut next: Vec<u32> = (1..=length as u32).collect();
        let mut previous: Vec<u32> = (0..length as u32).map(|i| i.wrapping_sub(1)).collect();
        let mut queues: BTreeMap<u32, Queue> = BTreeMap::new();
        for i in 0..length - 1 {
            let pair = self.get(word[i], word[i + 1]);
            if pair != NONE {
                queues.entry((pair >> 32) as u32).or_default().push(i as u32);
            }
        }
        'merge: while let Some((rank, mut queue)) = queues.pop_first() {
            queue.sort();
            while let Some(at) = queue.places.pop_front() {
                let at = at as usize;
                let right = next[at] as usize;
                if word[at] == GONE || right >= length {
                    continue;
                }
                let pair = self.get(word[at], word[right]);
                if pair == NONE || (pair >> 32) as u32 != rank {
                    continue;
                }
                if pair as u32 == stop {
                    break 'merge;
                }
                word[at] = pair as u32;
                word[right] = GONE;
                let after = next[right] as usize;
                next[at] = after as u32;
                let mut lower = false;
                let mut queue_pair = |left: usize, right: usize| {
                    let pair = self.get(word[left], word[right]);
                    if pair != NONE {
                        let new = (pair >> 32) as u32;
                        queues.entry(new).or_default().push(left as u32);
                        lower |= new < rank;
                    }
                };
                if previous[at] != GONE {
                    queue_pair(previous[at] as usize, at);
                }
                if after < length {
                    previous[after] = at as u32;
                    queue_pair(at, after);
                }
                if lower {
                    // A pair that comes before this rank has appeared: it goes first. The queue of this rank was taken out
                    // of the map, and no merge makes its own pair again, so nothing is overwritten.
                    queues.insert(rank, queue);
                    break;
                }
            }
        }
        word.retain(|symbol| *symbol != GONE);
    }
}

/// Places of pairs of one rank.
#[derive(Default)]
struct Queue {
    places: VecDeque<u32>,
    /// A place came after a later one.
    disordered: bool,
}

impl Queue {
    fn push(&mut self, place: u32) {
        self.disordered |= self.places.back().is_some_and(|last| *last > place);
        self.places.push_back(place);
    }

    fn sort(&mut self) {
        if std::mem::take(&mut self.disordered) {
            self.places.make_contiguous().sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merges over a few symbols in an arbitrary order, some of whose results rank below their parts.
    fn merges() -> Merges {
        let mut pairs = vec![(0, 1, 3, 4), (1, 2, 5, 5), (0, 0, 7, 6), (6, 6, 8, 7), (4, 2, 1, 8), (0, 5, 2, 8)];
        pairs.extend([(8, 8, 0, 9), (6, 0, 9, 10), (7, 7, 4, 11), (3, 0, 6, 12), (12, 4, 2, 13)]);
        Merges::new(&pairs)
    }

    /// The rule as it reads.
    fn by_the_rule(merges: &Merges, word: &[u32]) -> Vec<u32> {
        let mut word = word.to_vec();
        loop {
            let pairs = word.windows(2).map(|pair| merges.get(pair[0], pair[1])).enumerate();
            let Some((at, pair)) = pairs.min_by_key(|(at, pair)| (*pair, *at)).filter(|(_, pair)| *pair != NONE) else {
                return word;
            };
            word.splice(at..at + 2, [pair as u32]);
        }
    }

    #[test]
    fn short_and_long_words_follow_the_rule() {
        let merges = merges();
        let mut state = 1u64;
        for length in (0..60).chain([99, 100, 101, 300]) {
            for _ in 0..20 {
                let mut letter = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 60) as u32 % 4
                };
                let word: Vec<u32> = (0..length).map(|_| letter()).collect();
                let expected = by_the_rule(&merges, &word);
                let (mut any, mut long) = (word.clone(), word.clone());
                merges.apply(&mut any);
                assert_eq!(any, expected, "{word:?}");
                if length > 1 {
                    merges.apply_long(&mut long, NO_SYMBOL);
                    assert_eq!(long, expected, "{word:?}");
                }
            }
        }
    }

    #[test]
    fn a_run_of_one_letter_takes_a_pass_a_rank() {
        let mut word = vec![0; 1_000_003];
        merges().apply(&mut word);
        assert_eq!(word.len(), 125_001, "eights, then a three");
        assert_eq!(word[124_999..], [11, 10]);
    }
}
