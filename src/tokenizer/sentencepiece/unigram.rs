//! The likeliest cut of a text into pieces (Viterbi 1967; Kudo 2018), with the sums that SentencePiece makes.
//!
//! Cuts whose sums are equal are common (`=` thrice and `==` once in any order), and which of them is found hangs on the rounding: scores are added up over the whole text in 32 bits, and
//! of equal sums the one that was found first stays.

use super::trie::Trie;
use super::{Found, NORMAL, Piece, USER_DEFINED};

/// What an unknown character costs beside the least likely piece.
const PENALTY: f32 = 10.0;
/// What a piece of the user's costs: little enough that it is always taken. SentencePiece's own number is not known to the last bit, so of equal cuts beside such a piece another may stay.
const USERS: f32 = 0.1;

pub(super) struct Unigram {
    trie: Trie,
    /// By id.
    scores: Vec<f32>,
    unknown: f32,
}

/// The best cut of what stands before a place: its score and its last piece.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    start: u32,
    id: Option<u32>,
}

/// No cut ends here yet.
const NOWHERE: Best = Best { score: 0.0, start: u32::MAX, id: None };

impl Unigram {
    pub fn new(pieces: &[Piece]) -> Unigram {
        let cuts = |kind| matches!(kind, NORMAL | USER_DEFINED);
        let numbered = (0..).zip(pieces);
        let trie = Trie::new(numbered.filter(|(_, piece)| cuts(piece.kind)).map(|(id, piece)| (piece.text.as_str(), id)));
        let scores = pieces.iter().map(|piece| if piece.kind == USER_DEFINED { -USERS } else { piece.score }).collect();
        let least = pieces.iter().filter(|piece| piece.kind == NORMAL).map(|piece| piece.score).fold(f32::MAX, f32::min);
        Unigram { trie, scores, unknown: least - PENALTY }
    }

    pub fn cut(&self, text: &str, found: &mut Vec<Found>) {
        let mut best = vec![NOWHERE; text.len() + 1];
        for (at, c) in text.char_indices() {
            let (here, start) = (best[at].score, at as u32);
            let mut single = false;
            self.trie.prefixes(&text.as_bytes()[at..], |length, id| {
                let score = self.scores[id as usize] + here;
                let target = &mut best[at + length];
                if target.start == NOWHERE.start || score > target.score {
                    *target = Best { score, start, id: Some(id) };
                }
                single |= length == c.len_utf8();
            });
            let (score, target) = (self.unknown + here, &mut best[at + c.len_utf8()]);
            if !single && (target.start == NOWHERE.start || score > target.score) {
                *target = Best { score, start, id: None };
            }
        }
        let (mut end, first) = (text.len(), found.len());
        while end > 0 {
            let Best { start, id, .. } = best[end];
            found.push(Found { id, start: start as usize, end });
            end = start as usize;
        }
        found[first..].reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{UNKNOWN, UNUSED};
    use super::*;

    #[test]
    fn of_equal_cuts_the_first_found_stays_and_the_users_pieces_win() {
        let pieces = [("<unk>", 0.0, UNKNOWN), ("=", -2.0, NORMAL), ("==", -3.0, NORMAL), ("ab", -1.0, UNUSED), ("a", -3.0, NORMAL), ("b", -3.0, NORMAL)];
        let user = ("abab", -50.0, USER_DEFINED);
        let pieces: Vec<Piece> = pieces.into_iter().chain([user]).map(|(text, score, kind)| Piece { text: text.to_owned(), score, kind }).collect();
        let unigram = Unigram::new(&pieces);
        let cut = |text: &'static str| {
            let mut found = Vec::new();
            unigram.cut(text, &mut found);
            found.iter().map(|found| (&text[found.start..found.end], found.id)).collect::<Vec<_>>()
        };
        assert_eq!(cut("==="), [("=", Some(1)), ("==", Some(2))]);
        assert_eq!(cut("ab"), [("a", Some(4)), ("b", Some(5))], "a piece without use is none");
        assert_eq!(cut("ababa水"), [("abab", Some(6)), ("a", Some(4)), ("水", None)]);
        assert!(cut("").is_empty());
    }
}
