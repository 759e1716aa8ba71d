//! Edits that line rules name.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::{
    measures::List,
    text::{
        chars::{DIGIT, SPACE, is},
        words,
    },
};

/// What an edit takes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `[12]`, `[]`, `[edit]` and `[citation needed]`, as C4 cleans Wikipedia's text.
    Citations,
    /// Listed phrases.
    Phrase,
    /// One at the start of the line.
    PhraseAtStart,
    /// One at its end.
    PhraseAtEnd,
}

/// All edits, by name.
pub const CUTS: &[(&str, How)] =
    &[("citations", How::Citations), ("phrase", How::Phrase), ("phrase_at_start", How::PhraseAtStart), ("phrase_at_end", How::PhraseAtEnd)];

impl How {
    /// Whether it takes out what is listed.
    pub fn wants_list(self) -> bool {
        self != Self::Citations
    }
}

/// An edit.
#[derive(Clone, Debug)]
pub struct Cut {
    how: How,
    list: List,
    /// Lines of more words, white space parting them, are left as they are.
    max_words: usize,
}

impl Cut {
    /// An edit that takes out what is in `list`, from lines of at most `max_words` words.
    pub fn new(how: How, list: List, max_words: Option<usize>) -> Self {
        Self { how, list, max_words: max_words.unwrap_or(usize::MAX) }
    }

    /// `line` without what is taken out; borrowed where that is nothing.
    pub fn of<'l>(&self, line: &'l str) -> Cow<'l, str> {
        match self.how {
            How::Citations => without_citations(line),
            _ if self.max_words < usize::MAX && spaced_words(line) > self.max_words => Cow::Borrowed(line),
            How::Phrase => self.list.iter().fold(Cow::Borrowed(line), |line, phrase| without(line, phrase)),
            How::PhraseAtStart => self.list.iter().find_map(|phrase| after(line, phrase)).map_or(Cow::Borrowed(line), |rest| Cow::Owned(rest.to_owned())),
            How::PhraseAtEnd => self.list.iter().find_map(|phrase| before(line, phrase)).map_or(Cow::Borrowed(line), |rest| Cow::Owned(rest.to_owned())),
        }
    }
}

fn spaced_words(line: &str) -> usize {
    let mut count = 0;
    words::find_runs(line, |_| count += 1);
    count
}

/// `line` without every occurrence of `phrase` and one white space before each.
fn without<'l>(line: Cow<'l, str>, phrase: &str) -> Cow<'l, str> {
    let first = phrase.bytes().next().unwrap_or_default();
    let mut kept = String::new();
    let (mut start, mut at) = (0, 0);
    let next = |from: usize| memchr2(first.to_ascii_lowercase(), first.to_ascii_uppercase(), line.as_bytes().get(from..)?).map(|ahead| from + ahead);
    while let Some(place) = next(at) {
        at = place + 1;
        if line.get(place..).is_some_and(|rest| starts_with(rest, phrase)) {
            let head = line.get(start..place).unwrap_or_default();
            kept.push_str(head.strip_suffix(|c| is(c, SPACE)).unwrap_or(head));
            at = place + phrase.len();
            start = at;
        }
    }
    if start == 0 {
        return line;
    }
    kept.push_str(line.get(start..).unwrap_or_default());
    Cow::Owned(kept)
}

/// What follows `phrase` and one white space at the start of `line`.
fn after<'l>(line: &'l str, phrase: &str) -> Option<&'l str> {
    let rest = if starts_with(line, phrase) { line.get(phrase.len()..)? } else { return None };
    Some(rest.strip_prefix(|c| is(c, SPACE)).unwrap_or(rest))
}

/// What stands before `phrase` and one white space at the end of `line`.
fn before<'l>(line: &'l str, phrase: &str) -> Option<&'l str> {
    let (head, tail) = line.split_at_checked(line.len().checked_sub(phrase.len())?)?;
    let head = if tail.eq_ignore_ascii_case(phrase) { head } else { return None };
    Some(head.strip_suffix(|c| is(c, SPACE)).unwrap_or(head))
}

fn starts_with(text: &str, phrase: &str) -> bool {
    text.get(..phrase.len()).is_some_and(|head| head.eq_ignore_ascii_case(phrase))
}

fn without_citations(line: &str) -> Cow<'_, str> {
    if memchr(b'[', line.as_bytes()).is_none() {
        return Cow::Borrowed(line);
    }
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

    fn cut<'l>(how: How, line: &'l str) -> Cow<'l, str> {
        Cut::new(how, List::new(["Sign-In".into()]), Some(3)).of(line)
    }

    #[test]
    fn cuts_citations_only() {
        let citations = |line| cut(How::Citations, line);
        assert_eq!(citations("a[1] b[edit][] c[citation needed][٣]."), "a b c.");
        assert_eq!(citations("[a][[2]] [x"), "[a][] [x");
        assert!(matches!(citations("a [b] [c]"), Cow::Borrowed("a [b] [c]")));
        assert!(matches!(citations("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn cuts_phrases_with_one_white_space() {
        assert_eq!(cut(How::Phrase, "é  sign-in SIGN-IN"), "é ");
        assert_eq!((cut(How::PhraseAtStart, "Sign-in  é"), cut(How::PhraseAtEnd, "é sign-in")), (" é".into(), "é".into()));
        for (how, line) in [(How::PhraseAtStart, "é sign-in"), (How::PhraseAtEnd, "sign-in é"), (How::Phrase, "sign in"), (How::Phrase, "a b c sign-in")] {
            assert!(matches!(cut(how, line), Cow::Borrowed(_)), "{line}");
        }
        for how in [How::Phrase, How::PhraseAtStart, How::PhraseAtEnd] {
            assert_eq!((cut(how, "sign-in"), cut(how, "")), ("".into(), "".into()));
        }
    }
}
