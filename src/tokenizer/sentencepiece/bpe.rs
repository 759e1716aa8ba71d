//! Merging as SentencePiece does it: the neighbours whose piece has the highest score, the leftmost of equals. A piece without use is merged through and taken apart again in the end; one of
//! the user's stays alone.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::trie::Trie;
use super::{Found, NORMAL, Piece, UNUSED, USER_DEFINED, users};

pub(super) struct Bpe {
    /// Id, score and whether it is without use.
    pieces: HashMap<Box<str>, (u32, f32, bool)>,
    users: Option<Trie>,
}

/// A stretch of the text; empty once it is part of the one before it.
struct Symbol {
    start: usize,
    end: usize,
    before: usize,
    after: usize,
    /// Never merged.
    frozen: bool,
}

/// No neighbour.
const NONE: usize = usize::MAX;

/// Two neighbours that make a piece.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Pair) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Pair) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Pair {
    fn eq(&self, other: &Pair) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Pair {}

impl Bpe {
    pub fn new(pieces: &[Piece]) -> Bpe {
        let merged = (0..).zip(pieces).filter(|(_, piece)| matches!(piece.kind, NORMAL | USER_DEFINED | UNUSED));
        Bpe { pieces: merged.map(|(id, piece)| (piece.text.as_str().into(), (id, piece.score, piece.kind == UNUSED))).collect(), users: users(pieces) }
    }

    pub fn cut(&self, text: &str, found: &mut Vec<Found>) {
        let mut symbols = self.symbols(text);
        let mut pairs = BinaryHeap::new();
        // How each piece without use was made last.
        let mut halves: HashMap<&str, (&str, &str)> = HashMap::new();
        let mut meet = |symbols: &[Symbol], pairs: &mut BinaryHeap<Pair>, left: usize, right: usize| {
            let (Some(one), Some(other)) = (symbols.get(left), symbols.get(right)) else { return };
            let whole = &text[one.start..other.end];
            let Some((_, score, unused)) = self.pieces.get(whole).filter(|_| !one.frozen && !other.frozen) else { return };
            pairs.push(Pair { score: *score + 0.0, left, right, length: whole.len() });
            if *unused {
                halves.insert(whole, (&text[one.start..one.end], &text[other.start..other.end]));
            }
        };
        (1..symbols.len()).for_each(|right| meet(&symbols, &mut pairs, right - 1, right));
        while let Some(Pair { left, right, length, .. }) = pairs.pop() {
            let (one, other) = (&symbols[left], &symbols[right]);
            let gone = one.start == one.end || other.start == other.end;
            if gone || other.end - one.start != length {
                continue;
            }
            let (end, before, after) = (other.end, one.before, other.after);
            (symbols[left].end, symbols[left].after) = (end, after);
            if let Some(next) = symbols.get_mut(after) {
                next.before = left;
            }
            symbols[right].start = symbols[right].end;
            meet(&symbols, &mut pairs, before, left);
            meet(&symbols, &mut pairs, left, after);
        }
        for symbol in symbols.iter().filter(|symbol| symbol.start < symbol.end) {
            let (mut at, mut parts) = (symbol.start, vec![&text[symbol.start..symbol.end]]);
            while let Some(part) = parts.pop() {
                let known = self.pieces.get(part);
                match halves.get(part).filter(|_| known.is_some_and(|(_, _, unused)| *unused)) {
                    Some((left, right)) => parts.extend([right, left]),
                    None => {
                        found.push(Found { id: known.map(|(id, ..)| *id), start: at, end: at + part.len() });
                        at += part.len();
                    }
                }
            }
        }
    }

    /// Characters and pieces of the user's.
    fn symbols(&self, text: &str) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let kept = self.users.as_ref().and_then(|users| users.longest(&text.as_bytes()[at..]));
            let (number, end) = (symbols.len(), at + kept.unwrap_or(c.len_utf8()));
            symbols.push(Symbol { start: at, end, before: number.wrapping_sub(1), after: number + 1, frozen: kept.is_some() });
            at = end;
        }
        if let Some(last) = symbols.last_mut() {
            last.after = NONE;
        }
        symbols
    }
}

#[cfg(test)]
mod tests {
    use super::super::UNKNOWN;
    use super::*;

    #[test]
    fn pieces_without_use_come_apart_and_the_users_stay_alone() {
        let pieces = [("<unk>", 0.0, UNKNOWN), ("a", -4.0, NORMAL), ("b", -5.0, NORMAL), ("c", -6.0, NORMAL), ("ab", -0.5, UNUSED), ("abc", -0.7, NORMAL)];
        let user = ("cc", 0.0, USER_DEFINED);
        let pieces: Vec<Piece> = pieces.into_iter().chain([user]).map(|(text, score, kind)| Piece { text: text.to_owned(), score, kind }).collect();
        let bpe = Bpe::new(&pieces);
        let cut = |text: &'static str| {
            let mut found = Vec::new();
            bpe.cut(text, &mut found);
            found.iter().map(|found| (&text[found.start..found.end], found.id)).collect::<Vec<_>>()
        };
        assert_eq!(cut("abc"), [("abc", Some(5))], "merged through a piece without use");
        assert_eq!(cut("abb"), [("a", Some(1)), ("b", Some(2)), ("b", Some(2))]);
        assert_eq!(cut("abccc"), [("a", Some(1)), ("b", Some(2)), ("cc", Some(6)), ("c", Some(3))]);
        assert_eq!(cut("a水"), [("a", Some(1)), ("水", None)]);
        assert!(cut("").is_empty());
    }
}
