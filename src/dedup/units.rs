//! The pieces of a text that are compared as wholes: lines, paragraphs, runs of sentences.

use memchr::memchr_iter;

use crate::text::sentences;

/// A kind of piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// What newlines part.
    Line,
    /// Lines with no blank line between them.
    Paragraph,
    /// So many sentences one after another, from each sentence on; a sentence ends with its paragraph at the latest. Runs overlap.
    Sentences(usize),
}

impl Unit {
    /// Calls `see` with start and end of each piece in order, the line end or white space after it included. What is only white space is none. Texts
    /// beyond 4 GiB are read that far.
    pub fn each(self, text: &str, mut see: impl FnMut(u32, u32)) {
        match self {
            Unit::Line => lines(text, |start, end, blank| {
                if !blank {
                    see(start, end);
                }
            }),
            Unit::Paragraph => paragraphs(text, see),
            Unit::Sentences(run) => {
                let mut all = Vec::new();
                paragraphs(text, |start, end| {
                    let inside = sentences::spans(&text[start as usize..end as usize]);
                    all.extend(inside.into_iter().map(|(from, to)| (start + from, start + to)));
                });
                all.windows(run).for_each(|run| see(run[0].0, run[run.len() - 1].1));
            }
        }
    }
}

fn paragraphs(text: &str, mut see: impl FnMut(u32, u32)) {
    let mut open: Option<(u32, u32)> = None;
    lines(text, |start, end, blank| match (&mut open, blank) {
        (Some(paragraph), false) => paragraph.1 = end,
        (None, false) => open = Some((start, end)),
        (_, true) => open.take().into_iter().for_each(|(start, end)| see(start, end)),
    });
    open.into_iter().for_each(|(start, end)| see(start, end));
}

/// Calls `see` with start and end of each line, its newline included, and whether it is only white space.
fn lines(text: &str, mut see: impl FnMut(u32, u32, bool)) {
    let mut start = 0;
    for end in memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1).chain([text.len()]) {
        let Ok(last) = u32::try_from(end) else { return };
        if end > start {
            see(start as u32, last, text[start..end].trim().is_empty());
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(unit: Unit, text: &str) -> Vec<&str> {
        let mut all = Vec::new();
        unit.each(text, |start, end| all.push(&text[start as usize..end as usize]));
        all
    }

    #[test]
    fn lines_and_paragraphs_hold_all_but_blank_lines() {
        let text = "\n a\r\nb\n \t\n\u{3000}\n中文\n\nd";
        assert_eq!(pieces(Unit::Line, text), [" a\r\n", "b\n", "中文\n", "d"]);
        assert_eq!(pieces(Unit::Paragraph, text), [" a\r\nb\n", "中文\n", "d"]);
        assert!(pieces(Unit::Line, "").is_empty() && pieces(Unit::Paragraph, "\n \n").is_empty());
    }

    #[test]
    fn runs_of_sentences_overlap_and_paragraphs_end_them() {
        // The blank line between paragraphs lies inside a run, not at its end.
        let runs = ["A b. C!\n\nTitle\n", "C!\n\nTitle\n\nD? ", "Title\n\nD? E."];
        assert_eq!(pieces(Unit::Sentences(3), "A b. C!\n\nTitle\n\nD? E."), runs);
        assert_eq!(pieces(Unit::Sentences(2), "一。二！三"), ["一。二！", "二！三"]);
        assert!(pieces(Unit::Sentences(3), "One. Two.").is_empty());
    }
}
