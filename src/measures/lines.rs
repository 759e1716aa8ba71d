//! How lines begin and end, and how long they are.

use memchr::memchr_iter;

use super::{List, Params, share};
use crate::text::{
    Facts, Span,
    chars::{self, TERMINAL},
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
    fn short_lines_are_measured_in_code_points() {
        assert_eq!(of(short_share, "éé\nabc\n \n", 2, &[]), 0.5);
        assert_eq!(of(not_blank, "a\n\n\t\nb", 0, &[]), 2.0);
        assert_eq!(of(newlines_per_word, "a\nb\n", 0, &[]), 1.0);
    }
}
