//! The pieces that a unigram model begins with: the parts of words that take up most of the text.
//!
//! A part that is always followed by the same letter says nothing that the longer one does not, so only those count that end a word or go on in
//! more than one way: the inner nodes and leaves of the suffix tree, found in sorted suffixes by a stack.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::slice::ParallelSliceMut;

use super::alphabet::Alphabet;
use super::words::Words;

/// Words as runs of letters of the alphabet.
pub(super) struct Spelt {
    pub letters: Vec<char>,
    pub runs: Vec<Run>,
}

/// A word, or what lies between letters that are not in the alphabet.
pub(super) struct Run {
    pub start: u32,
    pub length: u32,
    /// Number of its word.
    pub word: u32,
    pub count: u64,
}

impl Spelt {
    /// `None` where there are more letters than numbers for them.
    pub fn new(words: &Words, alphabet: &Alphabet) -> Option<Spelt> {
        let mut spelt = Spelt { letters: Vec::new(), runs: Vec::new() };
        for (word, number) in words.words.iter().zip(0..) {
            let mut start = spelt.letters.len();
            let (letters, runs) = (&mut spelt.letters, &mut spelt.runs);
            let mut end_run = |start: &mut usize, letters: &Vec<char>| {
                if letters.len() > *start {
                    runs.push(Run { start: *start as u32, length: (letters.len() - *start) as u32, word: number, count: word.count });
                }
                *start = letters.len();
            };
            alphabet.spelling.each(&word.text, &mut |c| {
                if alphabet.has(c) {
                    letters.push(c);
                } else {
                    end_run(&mut start, letters);
                }
            });
            end_run(&mut start, letters);
        }
        (spelt.letters.len() < u32::MAX as usize).then_some(spelt)
    }

    pub fn letters(&self, run: &Run) -> &[char] {
        &self.letters[run.start as usize..][..run.length as usize]
    }
}

/// A suffix: its first three letters for a quick comparison, where it starts, its run.
type Suffix = (u64, u32, u32);

/// A part of words.
#[derive(Clone, Copy)]
struct Node {
    start: u32,
    length: u32,
    count: u64,
}

/// A node that is taken: its score, its place among nodes (the first wins among equals), start and length.
type Taken = (u64, Reverse<u64>, u32, u32);

/// At most `most` parts of 2 to `longest` letters that stand in the text twice or more, with count times length; the greatest first.
pub(super) fn find(spelt: &Spelt, longest: usize, most: usize) -> Vec<(Box<[char]>, u64)> {
    let mut suffixes = Vec::with_capacity(spelt.letters.len());
    for (run, number) in spelt.runs.iter().zip(0..) {
        let letters = spelt.letters(run);
        // A suffix of one letter has no parts.
        for at in 0..letters.len().saturating_sub(1) {
            let head = (0..3).fold(0, |head, i| head << 21 | letters.get(at + i).map_or(0, |c| *c as u64 + 1));
            suffixes.push((head, run.start + at as u32, number));
        }
    }
    let text = |suffix: &Suffix| {
        let run = &spelt.runs[suffix.2 as usize];
        let end = (run.start + run.length) as usize;
        let start = suffix.1 as usize;
        &spelt.letters[start..end.min(start + longest)]
    };
    suffixes.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a).cmp(text(b))));
    let mut best: BinaryHeap<Reverse<Taken>> = BinaryHeap::new();
    let mut order = 0;
    let mut take = |node: Node| {
        if node.length < 2 || node.count < 2 {
            return;
        }
        order += 1;
        best.push(Reverse((node.count.saturating_mul(u64::from(node.length)), Reverse(order), node.start, node.length)));
        if best.len() > most {
            best.pop();
        }
    };
    let mut open: Vec<Node> = Vec::new();
    let mut before: &[char] = &[];
    for suffix in &suffixes {
        let letters = text(suffix);
        let common = before.iter().zip(letters).take_while(|(a, b)| a == b).count() as u32;
        close(&mut open, common, &mut take);
        let count = spelt.runs[suffix.2 as usize].count;
        match open.last_mut() {
            Some(node) if node.length == letters.len() as u32 => node.count += count,
            _ => open.push(Node { start: suffix.1, length: letters.len() as u32, count }),
        }
        before = letters;
    }
    close(&mut open, 0, &mut take);
    let mut best: Vec<_> = best.into_iter().map(|Reverse(found)| found).collect();
    best.sort_unstable_by_key(|(score, order, ..)| Reverse((*score, *order)));
    best.into_iter().map(|(score, _, start, length)| (spelt.letters[start as usize..][..length as usize].into(), score)).collect()
}

/// Ends the parts that go beyond the `common` letters; what they count goes to the part they begin with.
fn close(open: &mut Vec<Node>, common: u32, take: &mut dyn FnMut(Node)) {
    while let Some(node) = open.pop_if(|node| node.length > common) {
        take(node);
        match open.last_mut() {
            Some(parent) if parent.length >= common => parent.count += node.count,
            _ if common > 0 => open.push(Node { length: common, ..node }),
            _ => {}
        }
    }
}
