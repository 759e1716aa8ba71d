//! How lines begin and end, and how long they are.

use memchr::memchr_iter;

use super::{List, Params, share};
use crate::text::{
    Facts, Span,
    census::Pieces,
    chars::{self, DIGIT, TERMINAL, is},
    lines, slice,
};

/// Share of lines (`str.splitlines`) that begin with a listed mark, white space aside.
pub fn start_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let starts = |line: &str, list: &List| {
        let line = chars::strip_start(line);
        list.iter().any(|mark| line.starts_with(mark))
    };
    line_share(text, facts.lines(text), |line| starts(line, &params.list))
}

/// Share of lines (`str.splitlines`) that end in a listed mark, white space aside.
pub fn end_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let ends = |line: &str, list: &List| {
        let line = chars::strip_end(line);
        list.iter().any(|mark| line.ends_with(mark))
    };
    line_share(text, facts.lines(text), |line| ends(line, &params.list))
}

fn line_share(text: &str, lines: &[Span], with: impl Fn(&str) -> bool) -> f64 {
    share(lines.iter().filter(|line| with(slice(text, **line))).count(), lines.len())
}

/// Lines between newlines that hold more than white space.
pub fn not_blank(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.repeated_lines_not_blank(text).pieces as f64
}

/// Share of the lines not blank whose last character is a terminal mark of any script; white space counts as a character.
pub fn terminal_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let ends = |line: &&str| line.chars().next_back().is_some_and(|c| chars::is(c, TERMINAL));
    share(lines::not_blank(text).filter(ends).count(), facts.repeated_lines_not_blank(text).pieces)
}

/// Share of the lines not blank that have at most `chars` code points.
pub fn short_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let short = |line: &&str| line.len() <= params.chars || line.len() <= 4 * params.chars && chars::count(line) <= params.chars;
    share(lines::not_blank(text).filter(short).count(), facts.repeated_lines_not_blank(text).pieces)
}

/// Share of the lines not blank that have at most `n` words other than symbols.
pub fn few_words_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let mut words = facts.words(text);
    let (mut found, mut all) = (0, 0);
    for line in lines::not_blank(text) {
        let end = (line.as_ptr() as usize - text.as_ptr() as usize + line.len()) as u32;
        let (here, rest) = words.split_at(words.partition_point(|word| word.0 < end));
        words = rest;
        all += 1;
        let is_word = |word: &&Span| slice(text, **word).chars().any(char::is_alphanumeric);
        found += usize::from(here.iter().filter(is_word).take(params.n + 1).count() <= params.n);
    }
    share(found, all)
}

/// Share of `pieces` for which `with` holds.
fn piece_share(text: &str, pieces: Pieces, mut with: impl FnMut(&str) -> bool) -> f64 {
    let (mut found, mut all) = (0, 0);
    pieces.of(text, |piece| {
        all += 1;
        found += usize::from(with(piece));
    });
    share(found, all)
}

/// Share of the lines not blank that begin with a listed mark, white space aside.
pub fn not_blank_start_share(text: &str, _: &mut Facts, params: &Params) -> f64 {
    piece_share(text, Pieces::LinesStripped, |line| params.list.iter().any(|mark| line.starts_with(mark)))
}

/// Share of the lines not blank that end in a listed mark, in any case, white space aside.
pub fn not_blank_end_share(text: &str, _: &mut Facts, params: &Params) -> f64 {
    let ends = |line: &str, mark: &str| line.ends_with(mark) || tail(line, mark.len()).is_some_and(|tail| tail.to_lowercase() == mark);
    piece_share(text, Pieces::LinesStripped, |line| params.list.iter().any(|mark| ends(line, mark)))
}

/// The last `bytes` bytes.
fn tail(line: &str, bytes: usize) -> Option<&str> {
    line.get(line.len().checked_sub(bytes)?..)
}

/// Share of what runs of newlines part that begins with a listed mark; white space before it is no mark.
pub fn bare_start_share(text: &str, _: &mut Facts, params: &Params) -> f64 {
    piece_share(text, Pieces::Lines, |line| params.list.iter().any(|mark| line.starts_with(mark)))
}

/// Share of what runs of newlines part that ends in a listed mark; white space after it is no mark.
pub fn bare_end_share(text: &str, _: &mut Facts, params: &Params) -> f64 {
    piece_share(text, Pieces::Lines, |line| params.list.iter().any(|mark| line.ends_with(mark)))
}

/// Share of what pairs of newlines part that has a listed phrase in it, in any case.
pub fn listed_block_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    piece_share(facts.lowered(text), Pieces::Blocks, |block| params.list.occurrences(block) > 0)
}

/// Newlines, and one.
pub fn lines(text: &str, _: &mut Facts, _: &Params) -> f64 {
    (memchr_iter(b'\n', text.as_bytes()).count() + 1) as f64
}

/// Characters of the longest line between newlines.
pub fn longest(text: &str, _: &mut Facts, _: &Params) -> f64 {
    text.split('\n').map(chars::count).max().unwrap_or_default() as f64
}

/// Mean characters of the lines between newlines.
pub fn mean_length(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let newlines = memchr_iter(b'\n', text.as_bytes()).count();
    share(facts.chars(text) - newlines, newlines + 1)
}

/// 1 where the text is a number, maybe with `k`, `m` or `b`, white space and a listed word in any case, marks around it aside; else 0.
pub fn counter(text: &str, _: &mut Facts, params: &Params) -> f64 {
    let number = text.trim_start_matches(|c| !is_word(c));
    let rest = number.trim_start_matches(|c| is(c, DIGIT) || matches!(c, ',' | '.'));
    if !number.starts_with(|c| is(c, DIGIT)) {
        return 0.0;
    }
    let rest = rest.strip_prefix(['k', 'm', 'b', 'K', 'M', 'B']).unwrap_or(rest);
    let noun = chars::strip_start(rest);
    if noun.len() == rest.len() {
        return 0.0;
    }
    let noun = noun.trim_end_matches(|c| !is_word(c)).to_lowercase();
    f64::from(u8::from(params.list.position(&noun).is_some()))
}

/// `\w`: a letter, a number or `_`.
fn is_word(c: char) -> bool {
    c == '_' || chars::is_alphanumeric(c)
}

/// Newlines for each word.
pub fn newlines_per_word(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    share(memchr_iter(b'\n', text.as_bytes()).count(), facts.words(text).len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(measure: fn(&str, &mut Facts, &Params) -> f64, text: &str, chars: usize, list: &[&str]) -> f64 {
        let list = List::new(list.iter().map(|item| (*item).to_owned()));
        measure(text, &mut Facts::new(), &Params { chars, list, ..Params::default() })
    }

    #[test]
    fn marks_are_sought_past_white_space() {
        assert_eq!(of(start_share, " • a\r\n- b\nc\u{2028}d", 0, &["•", "-"]), 0.5);
        assert_eq!(of(end_share, "a...  \nb…\nc.", 0, &["...", "…"]), 2.0 / 3.0);
    }

    #[test]
    fn terminal_marks_are_those_of_any_script() {
        assert_eq!(of(terminal_share, "a.\n漢。\nb. \n\nक।\n\"c.\"", 0, &[]), 3.0 / 5.0);
    }

    #[test]
    fn lines_have_words() {
        assert_eq!(of_n(few_words_share, "one two three\n\nfour - five\n我 他\n- - -", 2), 0.75);
        assert_eq!(of_n(few_words_share, "", 2), 0.0);
    }

    fn of_n(measure: crate::measures::Of, text: &str, n: usize) -> f64 {
        measure(text, &mut Facts::new(), &Params { n, ..Params::default() })
    }

    #[test]
    fn short_lines_are_measured_in_code_points() {
        assert_eq!(of(short_share, "éé\nabc\n \n", 2, &[]), 0.5);
        assert_eq!(of(not_blank, "a\n\n\t\nb", 0, &[]), 2.0);
        assert_eq!(of(newlines_per_word, "a\nb\n", 0, &[]), 1.0);
    }

    #[test]
    fn peers_see_lines_in_their_own_ways() {
        let text = " - a\n\n-b\n \nREAD MORE ";
        assert_eq!((of(not_blank_start_share, text, 0, &["-"]), of(not_blank_end_share, text, 0, &["read more"])), (2.0 / 3.0, 1.0 / 3.0));
        assert_eq!((of(bare_start_share, text, 0, &["-"]), of(bare_end_share, text, 0, &["a", "E"])), (1.0 / 4.0, 1.0 / 4.0));
        assert_eq!(of(listed_block_share, "a Use Cookies\n\nb\n\n\n\nc", 0, &["use cookies"]), 1.0 / 4.0);
        assert_eq!((of(lines, "a\n\n", 0, &[]), of(longest, "a\néé\r", 0, &[]), of(mean_length, "a\néé\n", 0, &[])), (3.0, 3.0, 1.0));
        assert_eq!((of(lines, "", 0, &[]), of(longest, "", 0, &[]), of(mean_length, "", 0, &[])), (1.0, 0.0, 0.0));
    }

    #[test]
    fn counters_are_numbers_and_nouns() {
        for text in ["3 likes", "• 1,234.5k  LIKES!", "٣\tlikes…", "2. likes"] {
            assert_eq!(of(counter, text, 0, &["likes", "views"]), 1.0, "{text}");
        }
        for text in ["likes", "3likes", "3 like", "a 3 likes", "3 likes a", "3kk likes", "_3 likes", "3 likes_", "", "3"] {
            assert_eq!(of(counter, text, 0, &["likes", "views"]), 0.0, "{text}");
        }
    }
}
