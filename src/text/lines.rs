//! Ways of cutting a text into lines and paragraphs. None of them yields line endings.

use memchr::{memchr_iter, memmem};

use super::{Span, chars, slice};

/// Appends the lines of `text` as Python's `str.splitlines` sees them: any of the Unicode line ends parts two lines, and no empty line follows the last.
pub fn universal(text: &str, lines: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut start = 0;
    if !has_other_ends(text) {
        for end in memchr_iter(b'\n', bytes) {
            lines.push((start as u32, end as u32));
            start = end + 1;
        }
    } else {
        let mut at = 0;
        while at < bytes.len() {
            let width = end_at(bytes.get(at..).unwrap_or_default());
            if width > 0 {
                lines.push((start as u32, at as u32));
                start = at + width;
            }
            at += width.max(1);
        }
    }
    if start < bytes.len() {
        lines.push((start as u32, bytes.len() as u32));
    }
}

/// Whether lines may end in anything but a newline. Whole-text scans, which are quick.
fn has_other_ends(text: &str) -> bool {
    let control = text.bytes().fold(false, |any, b| any | matches!(b, 0x0b..=0x0d | 0x1c..=0x1e));
    control || ["\u{85}", "\u{2028}", "\u{2029}"].iter().any(|end| memmem::find(text.as_bytes(), end.as_bytes()).is_some())
}

/// Bytes of the line end at the start of `bytes`; 0 where there is none.
fn end_at(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\n'..=b'\r' | 0x1c..=0x1e, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// What lies between runs of at least `run` newlines; the empty pieces before the first and after the last run included.
pub fn between_newlines(text: &str, run: usize) -> impl Iterator<Item = &str> {
    let mut newlines = memchr_iter(b'\n', text.as_bytes()).peekable();
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let from = start.take()?;
        while let Some(first) = newlines.next() {
            let mut end = first + 1;
            while newlines.next_if_eq(&end).is_some() {
                end += 1;
            }
            if end - first >= run {
                start = Some(end);
                return text.get(from..first);
            }
        }
        text.get(from..)
    })
}

/// Paragraphs: what blank lines part, the white space around the text left out.
pub fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    between_newlines(chars::strip(text), 2)
}

/// Lines that newlines part and that hold more than white space.
pub fn not_blank(text: &str) -> impl Iterator<Item = &str> {
    let mut newlines = memchr_iter(b'\n', text.as_bytes());
    let mut start = Some(0);
    let lines = std::iter::from_fn(move || {
        let from = start?;
        let end = newlines.next();
        start = end.map(|end| end + 1);
        Some(slice(text, (from as u32, end.unwrap_or(text.len()) as u32)))
    });
    lines.filter(|line| line.chars().any(|c| !chars::is(c, chars::SPACE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universal_lines_end_at_any_line_end() {
        let text = "a\r\nb\rc\n\nd\u{85}e\u{2028}f\u{1c}";
        let mut spans = Vec::new();
        universal(text, &mut spans);
        let lines: Vec<_> = spans.into_iter().map(|span| slice(text, span)).collect();
        assert_eq!(lines, ["a", "b", "c", "", "d", "e", "f"]);
        let mut none = Vec::new();
        universal("", &mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn runs_of_newlines_part_pieces() {
        let pieces = |run| between_newlines("\na\n\n\nb\nc\n\n", run).collect::<Vec<_>>();
        assert_eq!(pieces(1), ["", "a", "b", "c", ""]);
        assert_eq!(pieces(2), ["\na", "b\nc", ""]);
        assert_eq!(between_newlines("", 1).collect::<Vec<_>>(), [""]);
        assert_eq!(paragraphs("\n\n a\n\nb \n").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn blank_lines_are_left_out() {
        assert_eq!(not_blank("a\n \n\u{3000}\nb \n").collect::<Vec<_>>(), ["a", "b "]);
        assert_eq!(not_blank("\n").count(), 0);
    }
}
