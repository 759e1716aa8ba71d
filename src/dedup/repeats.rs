//! Repeated windows among the occurrences of one anchor, exactly, in work that grows with their number only.
//!
//! Symbols are bytes, or ids of tokens; what follows speaks of bytes.
//! An occurrence is known by its context: the anchor with up to `reach` bytes on either side. The window that starts x bytes before the anchor
//! is repeated if another occurrence has the same x bytes before it and the same `reach` - x after it. Both matter jointly, so for each x
//! the occurrences are classed by the bytes before (from one sort of the reversed left sides and the common prefixes of neighbours) and by the bytes
//! after (likewise), and those that share both classes have the same window. Bytes decide, never hashes. Equal contexts are
//! taken together first, so a text of one letter costs no more than it has different contexts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::ranges::Core;
use super::symbols::Symbol;

/// Up to so many different contexts are compared all with all.
const FEW: usize = 12;

/// A place in a text: document (numbered so that its order is input order), offset in symbols.
pub type Place = (u64, u32);

/// Windows found repeated: those that start at `first` to `last` symbols before the anchor at `anchor` (`first` the larger).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The anchor's place.
    pub anchor: Place,
    /// Symbols from the leftmost repeated window's start to the anchor.
    pub first: usize,
    /// Symbols from the rightmost repeated window's start to the anchor.
    pub last: usize,
    /// Where the anchor stands in the earliest copy of the leftmost window.
    pub copy: Place,
}

/// What a group tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Repeated windows.
    Found(Found),
    /// An occurrence of a longer anchor, for a later round.
    Core(Core),
}

/// The occurrences of one anchor hash.
#[derive(Debug)]
pub struct Group<S> {
    k: usize,
    reach: usize,
    /// True where each window's first occurrence counts as well.
    all: bool,
    /// Bytes of different contexts to hold.
    limit: usize,
    divided: bool,
    symbols: Vec<S>,
    items: Vec<Item>,
    index: HashMap<u64, usize>,
}

#[derive(Clone, Debug)]
struct Item {
    place: Place,
    start: usize,
    /// Bytes before the anchor.
    left: usize,
    end: usize,
    /// Another occurrence has the same context.
    again: bool,
    /// The item before this one whose context has the same hash.
    chain: Option<usize>,
}

impl<S: Symbol> Group<S> {
    /// For anchors in windows of `length` bytes. `all` reports every repeated window; else a window's first occurrence is passed over. `limit` is the
    /// memory that different contexts may take; it may show in which copy is named, so it must not depend on the machine.
    pub fn new(length: usize, all: bool, limit: usize) -> Group<S> {
        Group { k: length, reach: 0, all, limit, divided: false, symbols: Vec::new(), items: Vec::new(), index: HashMap::new() }
    }

    /// Begins the next group, of an anchor so many bytes shorter than the window.
    pub fn begin(&mut self, reach: usize) {
        (self.k, self.reach) = (self.length() - reach, reach);
    }

    /// Bytes of a window.
    pub fn length(&self) -> usize {
        self.k + self.reach
    }

    /// Bytes of memory taken by contexts.
    pub fn weight(&self) -> usize {
        size_of_val(&*self.symbols) + self.items.len() * (size_of::<Item>() + 32)
    }

    /// Adds the occurrence at `place` of `text`; occurrences come in input order. What is known at once is told at once.
    pub fn add(&mut self, text: &[S], place: Place, tell: &mut impl FnMut(Told)) {
        let at = place.1 as usize;
        let (from, to) = (at.saturating_sub(self.reach), (at + self.k + self.reach).min(text.len()));
        // Without room for a whole window there is nothing to find.
        let Some(context) = text.get(from..to).filter(|context| context.len() >= self.length()) else { return };
        let left = at - from;
        let hash = S::hash(context);
        let head = self.index.get(&hash).copied();
        let mut next = head;
        while let Some(number) = next {
            let item = &mut self.items[number];
            if item.left == left && self.symbols[item.start..item.end] == *context {
                item.again = true;
                let last = self.reach - (context.len() - left - self.k);
                return tell(Told::Found(Found { anchor: place, first: left, last, copy: item.place }));
            }
            next = item.chain;
        }
        if self.weight() > self.limit && !self.divided && self.reach > 0 {
            self.divided = true;
            (0..self.items.len()).for_each(|number| self.divide(&self.symbols[self.items[number].start..], &self.items[number], tell));
        }
        let (start, end) = (self.symbols.len(), self.symbols.len() + context.len());
        let item = Item { place, start, left, end, again: false, chain: head };
        if self.divided {
            return self.divide(context, &item, tell);
        }
        self.index.insert(hash, self.items.len());
        self.symbols.extend_from_slice(context);
        self.items.push(item);
    }

    /// Tells the two longer anchors of an occurrence whose context begins `context`.
    fn divide(&self, context: &[S], item: &Item, tell: &mut impl FnMut(Told)) {
        let (half, length) = (self.reach / 2, self.length());
        // Windows that start 0 to `half` bytes before the anchor, and those that start farther before it.
        for (back, reach) in [(0, half), (half + 1, self.reach - half - 1)] {
            let Some(start) = item.left.checked_sub(back) else { continue };
            let core = (start + length - reach <= item.end - item.start).then(|| &context[start..start + length - reach]);
            if let Some(core) = core {
                let place = (item.place.0, item.place.1 - back as u32);
                tell(Told::Core(Core { hash: S::hash(core), reach: reach as u32, document: place.0, start: place.1 }));
            }
        }
    }

    /// Tells the rest and empties the group.
    pub fn end(&mut self, tell: &mut impl FnMut(Told)) {
        let mut spans = vec![None; self.items.len()];
        match self.items.len() {
            _ if self.divided => {}
            0 | 1 => {}
            2..=FEW => self.pairs(&mut spans),
            _ => self.classes(&mut spans),
        }
        for (number, item) in self.items.iter().enumerate() {
            let right = item.end - item.start - item.left - self.k;
            if self.all && item.again {
                tell(Told::Found(Found { anchor: item.place, first: item.left, last: self.reach - right, copy: item.place }));
            } else if let Some(Span { first, last, copy }) = spans[number] {
                tell(Told::Found(Found { anchor: item.place, first, last, copy: self.items[copy].place }));
            }
        }
        self.items.clear();
        self.symbols.clear();
        self.index.clear();
        self.divided = false;
    }

    /// The bytes before the anchor, nearest last; the anchor and the bytes after it.
    fn sides(&self, number: usize) -> (&[S], &[S]) {
        let item = &self.items[number];
        self.symbols[item.start..item.end].split_at(item.left)
    }

    fn pairs(&self, spans: &mut [Option<Span>]) {
        for one in 0..self.items.len() {
            for two in 0..one {
                let ((left, right), (other_left, other_right)) = (self.sides(one), self.sides(two));
                let after = common(right.iter(), other_right.iter());
                if after < self.k {
                    continue;
                }
                let (before, after) = (common(left.iter().rev(), other_left.iter().rev()), after - self.k);
                if before + after >= self.reach {
                    let last = self.reach - after;
                    Span::widen(&mut spans[one], before, last, two);
                    if self.all {
                        Span::widen(&mut spans[two], before, last, two);
                    }
                }
            }
        }
    }

    fn classes(&self, spans: &mut [Option<Span>]) {
        let count = self.items.len();
        let mut by_left: Vec<usize> = (0..count).collect();
        let mut by_right = by_left.clone();
        by_left.sort_unstable_by(|a, b| self.sides(*a).0.iter().rev().cmp(self.sides(*b).0.iter().rev()));
        by_right.sort_unstable_by_key(|number| self.sides(*number).1);
        let shared = |pair: &[usize], left: bool| match left {
            true => common(self.sides(pair[0]).0.iter().rev(), self.sides(pair[1]).0.iter().rev()),
            false => common(self.sides(pair[0]).1.iter(), self.sides(pair[1]).1.iter()),
        };
        let left_shared: Vec<usize> = by_left.windows(2).map(|pair| shared(pair, true)).collect();
        let right_shared: Vec<usize> = by_right.windows(2).map(|pair| shared(pair, false)).collect();
        let (mut left_class, mut right_class) = (vec![ALONE; count], vec![ALONE; count]);
        let mut firsts: HashMap<u64, usize> = HashMap::new();
        for first in 0..=self.reach {
            class(&by_left, &left_shared, first, &mut left_class);
            class(&by_right, &right_shared, self.k + self.reach - first, &mut right_class);
            firsts.clear();
            for number in 0..count {
                if left_class[number] == ALONE || right_class[number] == ALONE {
                    continue;
                }
                match firsts.entry(u64::from(left_class[number]) << 32 | u64::from(right_class[number])) {
                    Entry::Vacant(free) => {
                        free.insert(number);
                    }
                    Entry::Occupied(known) => {
                        Span::widen(&mut spans[number], first, first, *known.get());
                        if self.all {
                            Span::widen(&mut spans[*known.get()], first, first, *known.get());
                        }
                    }
                }
            }
        }
    }
}

const ALONE: u32 = u32::MAX;

/// Numbers the runs of items that share `depth` bytes; an item that shares them with no neighbour is alone.
fn class(sorted: &[usize], shared: &[usize], depth: usize, classes: &mut [u32]) {
    let joined = |gap: usize| shared.get(gap).is_some_and(|shared| *shared >= depth);
    let mut number = 0;
    for (place, item) in sorted.iter().enumerate() {
        let with_last = place > 0 && joined(place - 1);
        number += u32::from(!with_last);
        classes[*item] = if with_last || joined(place) { number } else { ALONE };
    }
}

fn common<'a, S: Symbol + 'a>(a: impl Iterator<Item = &'a S>, b: impl Iterator<Item = &'a S>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// Repeated windows of one item: from `first` down to `last` bytes before its anchor.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    last: usize,
    copy: usize,
}

impl Span {
    /// Takes in the windows from `first` down to `last`; the copy is the earliest of those that give the largest `first`.
    fn widen(span: &mut Option<Span>, first: usize, last: usize, copy: usize) {
        let wider = match *span {
            None => Span { first, last, copy },
            Some(old) => Span {
                first: old.first.max(first),
                last: old.last.min(last),
                copy: match first.cmp(&old.first) {
                    std::cmp::Ordering::Less => old.copy,
                    std::cmp::Ordering::Equal => old.copy.min(copy),
                    std::cmp::Ordering::Greater => copy,
                },
            },
        };
        *span = Some(wider);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::mix;

    /// By comparing each window with each other.
    fn brute(texts: &[Vec<u8>], at: usize, k: usize, reach: usize, all: bool) -> Vec<Found> {
        let window = |number: usize, first: usize| {
            let start = at.checked_sub(first)?;
            texts[number].get(start..start + k + reach)
        };
        let repeated = |number: usize, first: usize| {
            let own = window(number, first)?;
            let earliest = (0..texts.len()).find(|other| window(*other, first) == Some(own))?;
            let again = (0..texts.len()).any(|other| other != number && window(other, first) == Some(own));
            (earliest < number || all && again).then_some(earliest)
        };
        let mut found = Vec::new();
        for number in 0..texts.len() {
            let firsts: Vec<(usize, usize)> = (0..=reach).filter_map(|first| Some((first, repeated(number, first)?))).collect();
            if let (Some((last, _)), Some((first, copy))) = (firsts.first(), firsts.last()) {
                found.push(Found { anchor: (number as u64, at as u32), first: *first, last: *last, copy: (*copy as u64, at as u32) });
            }
        }
        found
    }

    fn group(texts: &[Vec<u8>], at: usize, k: usize, reach: usize, all: bool) -> Vec<Found> {
        let (mut group, mut found) = (Group::new(k + reach, all, usize::MAX), Vec::new());
        let mut tell = |told| match told {
            Told::Found(one) => found.push(one),
            Told::Core(core) => panic!("{core:?}"),
        };
        group.begin(reach);
        for (number, text) in texts.iter().enumerate() {
            group.add(text, (number as u64, at as u32), &mut tell);
        }
        group.end(&mut tell);
        found
    }

    #[test]
    fn the_group_finds_what_brute_force_finds() {
        for seed in 0..600u64 {
            let roll = |what: u64| mix(seed << 20 ^ mix(what + 1));
            let (k, reach) = (1 + roll(0) as usize % 4, roll(1) as usize % 7);
            let at = 3 + roll(2) as usize % 5;
            let letters = 2 + roll(3) % 2;
            let texts: Vec<Vec<u8>> = (0..2 + roll(4) % 60)
                .map(|text| {
                    let length = at + k + roll(10 + text) as usize % 8;
                    (0..length)
                        .map(|i| if (at..at + k).contains(&i) && roll(5) % 4 > 0 { b'a' } else { b'a' + (roll(100 + text * 100 + i as u64) % letters) as u8 })
                        .collect()
                })
                .collect();
            for all in [false, true] {
                let mut found = group(&texts, at, k, reach, all);
                found.sort_by_key(|one| one.anchor);
                let expected = brute(&texts, at, k, reach, all);
                let spans = |found: &[Found]| found.iter().map(|one| (one.anchor, one.first, one.last)).collect::<Vec<_>>();
                assert_eq!(spans(&found), spans(&expected), "seed {seed}, all {all}");
                // The copy is an earlier occurrence of the same window, or the item itself where it is the first.
                for one in &found {
                    let cut = |place: Place| &texts[place.0 as usize][place.1 as usize - one.first..place.1 as usize - one.first + k + reach];
                    assert!(cut(one.anchor) == cut(one.copy) && one.copy <= one.anchor);
                }
            }
        }
    }

    #[test]
    fn equal_contexts_take_no_memory() {
        let text = vec![b'a'; 10_000];
        let (mut group, mut count) = (Group::new(100, false, 50_000), 0);
        group.begin(64);
        for at in 0..text.len() - 36 {
            group.add(&text, (0, at as u32), &mut |_| count += 1);
        }
        assert!(group.weight() < 50_000);
        group.end(&mut |_| count += 1);
        assert_eq!(count, 10_000 - 36 - 1);
    }
}
