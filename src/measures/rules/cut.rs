//! Edits that line rules name.

use std::borrow::Cow;

use crate::text::chars::{DIGIT, is};

/// An edit: the line without what was cut.
pub type Cut = for<'l> fn(&'l str) -> Cow<'l, str>;

/// All edits, by name.
pub const CUTS: &[(&str, Cut)] = &[("citations", citations)];

/// Without `[12]`, `[]`, `[edit]` and `[citation needed]`, as C4 cleans Wikipedia's text.
fn citations(line: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut start = 0;
    for (at, _) in line.match_indices('[') {
        if at < start {
            continue;
        }
        let length = citation(line.get(at..).unwrap_or_default());
        if length > 0 {
            kept.push_str(line.get(start..at).unwrap_or_default());
            start = at + length;
        }
    }
    if start == 0 {
        return Cow::Borrowed(line);
    }
    kept.push_str(line.get(start..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Bytes of the citation mark at the start of `text`; 0 where there is none.
fn citation(text: &str) -> usize {
    let inside = text.strip_prefix('[').unwrap_or_default();
    let after = inside
        .trim_start_matches(|c| is(c, DIGIT))
        .strip_prefix(']')
        .or_else(|| inside.strip_prefix("edit]"))
        .or_else(|| inside.strip_prefix("citation needed]"));
    after.map_or(0, |after| text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_citations_only() {
        assert_eq!(citations("a[1] b[edit][] c[citation needed][٣]."), "a b c.");
        assert_eq!(citations("[a][[2]] [x"), "[a][] [x");
        assert!(matches!(citations("a [b] [c]"), Cow::Borrowed("a [b] [c]")));
        assert!(matches!(citations("plain"), Cow::Borrowed("plain")));
    }
}
