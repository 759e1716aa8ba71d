//! Lengths and shares in code points, and words parted by white space whatever the splitter.

use super::{List, Params, share};
use crate::text::{
    Facts,
    chars::{self, DIGIT},
};

/// Code points of the text.
pub fn chars(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.chars(text) as f64
}

/// Pieces between white space.
pub fn spaced_words(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.spaced(text).words as f64
}

/// Code points of the longest piece between white space.
pub fn longest_spaced_word(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.spaced(text).longest as f64
}

/// Share of the characters for which `wanted` holds.
fn char_share(text: &str, facts: &mut Facts, wanted: impl Fn(char) -> bool) -> f64 {
    share(text.chars().filter(|c| wanted(*c)).count(), facts.chars(text))
}

/// Share of the characters that are letters or numbers (`str.isalnum`).
pub fn alphanumeric_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    char_share(text, facts, chars::is_alphanumeric)
}

/// Share of the characters with Unicode's property Alphabetic, which vowel signs have too.
pub fn alphabetic_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    char_share(text, facts, char::is_alphabetic)
}

/// Share of the characters with Unicode's property Uppercase; white space counts as characters.
pub fn uppercase_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    char_share(text, facts, char::is_uppercase)
}

/// Share of the characters that are decimal digits of any script.
pub fn digit_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    char_share(text, facts, |c| chars::is(c, DIGIT))
}

/// Share of the characters that occur in any of the listed strings.
pub fn listed_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let mut ascii = [false; 128];
    let mut others = Vec::new();
    for c in params.list.iter().flat_map(str::chars) {
        match ascii.get_mut(c as usize) {
            Some(listed) => *listed = true,
            None => others.push(c),
        }
    }
    char_share(text, facts, |c| ascii.get(c as usize).copied().unwrap_or_else(|| others.contains(&c)))
}

/// Share of the characters in `http` and `https` URLs, which go on as far as their characters may stand in a URL unescaped, or escaped by `%`.
pub fn url_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let (mut found, mut start) = (0, 0);
    for (at, _) in text.match_indices("http") {
        if at >= start {
            let length = url(text.get(at..).unwrap_or_default());
            found += length;
            start = at + length;
        }
    }
    share(found, facts.chars(text))
}

/// Bytes, all of them ASCII, of the URL at the start of `text`; 0 where there is none.
fn url(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("http").map(|rest| rest.strip_prefix('s').unwrap_or(rest)).and_then(|rest| rest.strip_prefix("://")) else {
        return 0;
    };
    let mut left = rest.as_bytes();
    loop {
        left = match left {
            [b'%', a, b, after @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
            [byte, after @ ..] if byte.is_ascii_alphanumeric() || b"$-_@.&+/:=?#~!*(),".contains(byte) => after,
            _ => break,
        };
    }
    if left.len() == rest.len() { 0 } else { text.len() - left.len() }
}

/// How many of the listed strings stand in the first `chars` characters, case and all.
pub fn listed_in_first_chars(text: &str, _: &mut Facts, params: &Params) -> f64 {
    let end = text.char_indices().nth(params.chars).map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or_default();
    listed_in(head, &params.list) as f64
}

fn listed_in(text: &str, list: &List) -> usize {
    list.iter().filter(|item| text.contains(item)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_code_points() {
        let (text, mut facts, none) = ("éé a,b\u{3000}c", Facts::new(), Params::default());
        assert_eq!(chars(text, &mut facts, &none), 8.0);
        assert_eq!(spaced_words(text, &mut facts, &none), 3.0);
        assert_eq!(longest_spaced_word(text, &mut facts, &none), 3.0);
    }

    fn of(measure: crate::measures::Of, text: &str, chars: usize, list: &[&str]) -> f64 {
        let list = List::new(list.iter().map(|item| (*item).to_owned()));
        measure(text, &mut Facts::new(), &Params { chars, list, ..Params::default() })
    }

    #[test]
    fn shares_of_kinds_of_characters() {
        assert_eq!(of(alphanumeric_share, "a٣²_ ", 0, &[]), 3.0 / 5.0);
        assert_eq!(of(alphabetic_share, "काⅣ1", 0, &[]), 3.0 / 4.0);
        assert_eq!(of(uppercase_share, "ÉÉ eǅ", 0, &[]), 2.0 / 5.0);
        assert_eq!(of(digit_share, "1٣²a", 0, &[]), 2.0 / 4.0);
        assert_eq!(of(listed_share, "a⟨{é} ", 0, &["{}", "⟨"]), 3.0 / 6.0);
    }

    #[test]
    fn urls_end_where_their_characters_do() {
        assert_eq!(of(url_share, "é https://a.b/c?d=%20e<br>", 0, &[]), 20.0 / 26.0);
        assert_eq!(of(url_share, "http://ahttp://b%zz http:// httphttps://é", 0, &[]), 16.0 / 41.0);
    }

    #[test]
    fn a_head_is_so_many_characters() {
        assert_eq!(of(listed_in_first_chars, "éé<?xml", 6, &["<?xml"]), 0.0);
        assert_eq!(of(listed_in_first_chars, "éé<?xml", 7, &["<?xml", "é", "x>"]), 2.0);
    }
}
