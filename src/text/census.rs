//! How many pieces of a text are alike, in the definitions of DCLM, dolma and NeMo Curator.

use xxhash_rust::xxh3::xxh3_64;

use super::{chars, lines, repeats::Seen};

/// Ways of cutting a text into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// Between runs of newlines, empty pieces at both ends included: dolma's lines.
    Lines,
    /// Between newlines, without those that are blank: NeMo Curator's lines.
    LinesNotBlank,
    /// The same without the white space around them: DCLM's lines.
    LinesStripped,
    /// Between pairs of newlines: NeMo Curator's paragraphs.
    Blocks,
    /// The same without the white space around them and without those that are blank: DCLM's paragraphs.
    BlocksStripped,
}

impl Pieces {
    /// Calls `each` with every piece of `text`.
    pub fn of<'t>(self, text: &'t str, mut each: impl FnMut(&'t str)) {
        let stripped = |piece: &&str| !piece.is_empty();
        match self {
            Self::Lines => lines::between_newlines(text, 1).for_each(each),
            Self::LinesNotBlank => lines::not_blank(text).for_each(each),
            Self::LinesStripped => text.split('\n').map(chars::strip).filter(stripped).for_each(&mut each),
            Self::Blocks => text.split("\n\n").for_each(each),
            Self::BlocksStripped => text.split("\n\n").map(chars::strip).filter(stripped).for_each(&mut each),
        }
    }
}

/// Counts over the pieces of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All pieces.
    pub pieces: usize,
    /// Their characters.
    pub chars: usize,
    /// Pieces that stand earlier too.
    pub repeated: usize,
    /// Their characters.
    pub repeated_chars: usize,
    /// Pieces that stand more than once, each of their occurrences.
    pub recurring: usize,
    /// Their characters.
    pub recurring_chars: usize,
}

impl Census {
    /// Counts over `pieces` of `text`; `seen` is working memory.
    pub fn take(text: &str, pieces: Pieces, seen: &mut Seen) -> Self {
        let mut found = Self::default();
        let mut all = Vec::new();
        let mut again = Vec::new();
        seen.clear(0);
        pieces.of(text, |piece| {
            let (hash, chars) = (xxh3_64(piece.as_bytes()), chars::count(piece));
            found.pieces += 1;
            found.chars += chars;
            if !seen.insert(hash) {
                found.repeated += 1;
                found.repeated_chars += chars;
                again.push(hash);
            }
            all.push((hash, chars));
        });
        if again.is_empty() {
            return found;
        }
        again.sort_unstable();
        for (_, chars) in all.iter().filter(|(hash, _)| again.binary_search(hash).is_ok()) {
            found.recurring += 1;
            found.recurring_chars += chars;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_cutting_has_its_pieces() {
        let of = |pieces: Pieces, text| {
            let mut found = Vec::new();
            pieces.of(text, |piece| found.push(piece));
            found
        };
        let text = " a\n\n\nb \n \na\n";
        assert_eq!(of(Pieces::Lines, text), [" a", "b ", " ", "a", ""]);
        assert_eq!(of(Pieces::LinesNotBlank, text), [" a", "b ", "a"]);
        assert_eq!(of(Pieces::LinesStripped, text), ["a", "b", "a"]);
        assert_eq!(of(Pieces::Blocks, text), [" a", "\nb \n \na\n"]);
        assert_eq!(of(Pieces::BlocksStripped, text), ["a", "b \n \na"]);
    }

    #[test]
    fn all_occurrences_recur_and_all_but_the_first_repeat() {
        let found = Census::take("éé\nb\néé\n\néé", Pieces::LinesNotBlank, &mut Seen::default());
        assert_eq!(found, Census { pieces: 4, chars: 7, repeated: 2, repeated_chars: 4, recurring: 3, recurring_chars: 6 });
        for pieces in [Pieces::Lines, Pieces::LinesNotBlank, Pieces::LinesStripped, Pieces::Blocks, Pieces::BlocksStripped] {
            let found = Census::take("", pieces, &mut Seen::default());
            assert_eq!((found.repeated, found.recurring, found.chars), (0, 0, 0));
        }
    }
}
