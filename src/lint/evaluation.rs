//! Questions that stand in evaluation files, word for word or nearly: MinHash over pairs of words finds who may be alike, the sets of these pairs say who is.

use std::collections::HashMap;

use super::Place;
use crate::dedup::shingles::{Block, Shingles, Unit, jaccard};
use crate::dedup::signature::{Signature, Work, bands_for};
use crate::dedup::words::each_word;
use crate::doc::{Role, Turn};

/// Likeness of two sets of word pairs from which on questions are held to be one: in twenty words, two are another's.
const ALIKE: f64 = 0.7;
/// Questions of fewer words ("Go on.") say nothing of an evaluation.
const WORDS: usize = 4;
/// Questions of one band that are compared; an evaluation file that holds one question more often says nothing new.
const COMPARED: usize = 64;

/// The questions of evaluation files, in memory.
pub(super) struct Evaluation {
    shingles: Shingles,
    signature: Signature,
    /// Where each stands, and its word pairs, ascending.
    questions: Vec<(Place, Vec<u64>)>,
    bands: HashMap<u64, Vec<u32>>,
}

impl Evaluation {
    /// Without questions so far.
    pub fn new() -> Evaluation {
        let (bands, rows) = bands_for(ALIKE).unwrap_or((16, 6));
        Evaluation { shingles: Shingles::new(Unit::Word, 2), signature: Signature::new(bands, rows, 0), questions: Vec::new(), bands: HashMap::new() }
    }

    /// Takes up the questions of a row.
    pub fn add(&mut self, turns: &[Turn<'_>], place: Place) {
        let (mut block, mut work, mut digests) = (Block::default(), Work::default(), Vec::new());
        for question in questions(turns) {
            let set = self.shingles.set(question, &mut block);
            self.sign(&set, &mut work, &mut digests);
            for digest in &digests {
                self.bands.entry(*digest).or_default().push(self.questions.len() as u32);
            }
            self.questions.push((place, set));
        }
    }

    fn sign(&self, set: &[u64], work: &mut Work, digests: &mut Vec<u64>) {
        self.signature.begin(work);
        self.signature.add(set, work);
        self.signature.end(work, digests);
    }

    /// Number of questions.
    pub fn len(&self) -> usize {
        self.questions.len()
    }

    /// The first question of the row that is one of an evaluation: where that stands, and how alike the two are.
    pub fn find(&self, turns: &[Turn<'_>]) -> Option<(Place, f64)> {
        let (mut block, mut work, mut digests) = (Block::default(), Work::default(), Vec::new());
        questions(turns).find_map(|question| {
            let set = self.shingles.set(question, &mut block);
            self.sign(&set, &mut work, &mut digests);
            let mut near: Vec<u32> = digests.iter().filter_map(|digest| self.bands.get(digest)).flat_map(|band| band.iter().take(COMPARED).copied()).collect();
            near.sort_unstable();
            near.dedup();
            let alike = near.into_iter().filter_map(|at| {
                let (place, other) = self.questions.get(at as usize)?;
                Some((*place, jaccard(&set, other, ALIKE)?))
            });
            // Of those that are equally alike the first.
            alike.reduce(|best, next| if next.1 > best.1 { next } else { best })
        })
    }
}

fn questions<'t>(turns: &'t [Turn<'t>]) -> impl Iterator<Item = &'t str> {
    let asked = turns.iter().filter(|turn| turn.role == Role::User).map(|turn| turn.content);
    asked.filter(|asked| {
        let mut words = 0;
        each_word(asked, |_, _| words += 1);
        words >= WORDS
    })
}
