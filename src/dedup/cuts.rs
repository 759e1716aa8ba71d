//! Cutting ranges of bytes out of a text: never inside a character, on request only at word or line boundaries, and the edges joined cleanly.

use crate::text::chars::without_spaces;

/// Where a cut may begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Snap {
    /// Between characters. The text left is the text minus the cut characters, to the byte.
    Char,
    /// Between words; white space that meets at the edges is joined.
    Word,
    /// Between lines: only whole lines go; empty lines that meet at the edges are joined.
    Line,
}

impl Snap {
    /// The range shrunk to whole characters, words or lines; `None` where nothing is left of it. Ends beyond the text are taken back.
    pub fn shrink(self, text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
        let edge = |at: usize| {
            text.is_char_boundary(at)
                && match self {
                    Snap::Char => true,
                    Snap::Word => !inside_word(text, at),
                    Snap::Line => at == 0 || at == text.len() || text.as_bytes()[at - 1] == b'\n',
                }
        };
        let end = end.min(text.len());
        let start = (start..end).find(|at| edge(*at))?;
        let end = (start + 1..=end).rev().find(|at| edge(*at))?;
        Some((start, end))
    }
}

fn inside_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let letter = |c: &char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(*c);
    match (before.chars().next_back().filter(letter), after.chars().next().filter(letter)) {
        // In scripts without spaces a word may end after any character, but not before its mark.
        (Some(_), Some(after)) if without_spaces(after) => unicode_normalization::char::is_combining_mark(after),
        (Some(before), Some(_)) => !without_spaces(before),
        _ => false,
    }
}

/// The text without the ranges, which are ascending and apart; `None` where nothing goes.
pub fn without(text: &str, ranges: impl IntoIterator<Item = (usize, usize)>, snap: Snap) -> Option<String> {
    let whole = ranges.into_iter().filter_map(|(start, end)| snap.shrink(text, start, end));
    let mut left = String::new();
    let mut last: Option<(usize, usize)> = None;
    for (start, end) in whole.map(Some).chain([None]).map(|cut| cut.unwrap_or((text.len(), text.len()))) {
        match last {
            None => left.push_str(&text[..start]),
            Some((_, to)) if snap == Snap::Char => left.push_str(&text[to..start]),
            Some((from, to)) => join(&mut left, &text[from..to], &text[to..start]),
        }
        if end > start {
            last = Some((start, end));
        }
    }
    let (_, end) = last?;
    if snap != Snap::Char && end == text.len() {
        left.truncate(left.trim_end().len());
    }
    Some(left)
}

/// Appends the piece that follows a cut, so that the white space at the seam is that of one of its sides, the one with more line ends.
fn join(left: &mut String, cut: &str, piece: &str) {
    let body = left.trim_end().len();
    let (lead, trail) = (cut.len() - cut.trim_start().len(), cut.trim_end().len());
    let rest = piece.trim_start();
    let after = [&cut[trail..], &piece[..piece.len() - rest.len()]];
    let before = [&left[body..], &cut[..lead]];
    let lines = |side: [&str; 2]| side.iter().map(|space| space.matches('\n').count()).sum::<usize>();
    let gap = match lines(before).max(lines(after)) {
        0 if [before, after].as_flattened().iter().all(|space| space.is_empty()) => "",
        0 => " ",
        1 => "\n",
        _ => "\n\n",
    };
    // A line that follows keeps its indent.
    let indent = match after.map(|space| space.rfind('\n')) {
        [_, Some(end)] => &after[1][end + 1..],
        [Some(_), None] => after[1],
        [None, None] => "",
    };
    left.truncate(body);
    if body > 0 {
        left.push_str(gap);
    }
    left.push_str(indent);
    left.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, ranges: &[(usize, usize)], snap: Snap) -> Option<String> {
        without(text, ranges.iter().copied(), snap)
    }

    #[test]
    fn characters_stay_whole() {
        assert_eq!(cut("aéb", &[(2, 4)], Snap::Char).as_deref(), Some("aé"));
        assert_eq!(cut("aéb", &[(2, 3)], Snap::Char).as_deref(), None);
        assert_eq!(cut("a  b", &[(1, 2)], Snap::Char).as_deref(), Some("a b"));
        assert_eq!(cut("abc", &[(0, 9)], Snap::Char).as_deref(), Some(""));
        assert_eq!(cut("abcdef", &[(0, 1), (2, 3), (5, 6)], Snap::Char).as_deref(), Some("bde"));
    }

    #[test]
    fn words_stay_whole_and_spaces_are_joined() {
        assert_eq!(cut("one two three", &[(1, 9)], Snap::Word).as_deref(), Some("one three"));
        assert_eq!(cut("one two three", &[(0, 8)], Snap::Word).as_deref(), Some("three"));
        assert_eq!(cut("one two three", &[(3, 13)], Snap::Word).as_deref(), Some("one"));
        assert_eq!(cut("one two", &[(1, 2)], Snap::Word), None);
        assert_eq!(cut("one.\n\ntwo.\n\nthree", &[(6, 10)], Snap::Word).as_deref(), Some("one.\n\nthree"));
        assert_eq!(cut("我们吃饭", &[(3, 9)], Snap::Word).as_deref(), Some("我饭"));
    }

    #[test]
    fn lines_stay_whole() {
        assert_eq!(cut("a b\nc d\ne f\n", &[(2, 10)], Snap::Line).as_deref(), Some("a b\ne f\n"));
        assert_eq!(cut("a\n\nb\n\nc\n", &[(3, 5)], Snap::Line).as_deref(), Some("a\n\nc\n"));
        assert_eq!(cut("a b\nc d", &[(2, 7)], Snap::Line).as_deref(), Some("a b"));
        assert_eq!(cut("a\n\n  b\nc", &[(7, 8)], Snap::Line).as_deref(), Some("a\n\n  b"));
        assert_eq!(cut("x\nb\n  c", &[(2, 4)], Snap::Line).as_deref(), Some("x\n  c"));
        assert_eq!(cut("a b c", &[(1, 3)], Snap::Line), None);
    }
}
