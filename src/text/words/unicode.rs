//! Words by Unicode's default boundaries (UAX 29), within what white space parts.

use unicode_segmentation::UnicodeSegmentation;

use super::{Run, kind};
use crate::text::{Span, slice};

/// Appends the words and marks of `text`.
pub fn split(text: &str, runs: &[Run], words: &mut Vec<Span>) {
    for Run { span, kinds } in runs {
        if kinds & kind::HIGH != 0 {
            let bounds = slice(text, *span).split_word_bound_indices();
            words.extend(bounds.map(|(at, word)| (span.0 + at as u32, span.0 + (at + word.len()) as u32)));
        } else {
            split_ascii(text, *span, *kinds, words);
        }
    }
}

/// Appends the words and marks of a piece in ASCII whose bytes are of these kinds.
pub fn split_ascii(text: &str, span: Span, kinds: u8, words: &mut Vec<Span>) {
    if kinds & kind::OTHER == 0 {
        words.push(span);
    } else {
        ascii(slice(text, span).as_bytes(), span.0, words);
    }
}

/// The rules as they are for ASCII alone, white space aside.
fn ascii(piece: &[u8], offset: u32, words: &mut Vec<Span>) {
    let mut start = 0;
    let mut at = piece.iter().take_while(|byte| joins(**byte)).count().max(1);
    while at < piece.len() {
        let (before, byte) = (piece[at - 1], piece[at]);
        let joined = (joins(before) && joins(byte))
            || piece.get(at + 1).is_some_and(|after| between(before, byte, *after))
            || at >= 2 && between(piece[at - 2], before, byte);
        if !joined {
            words.push((offset + start as u32, offset + at as u32));
            start = at;
        }
        at += 1;
        if joins(byte) {
            at += piece[at..].iter().take_while(|byte| joins(**byte)).count();
        }
    }
    if start < piece.len() {
        words.push((offset + start as u32, offset + piece.len() as u32));
    }
}

fn joins(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `mark` holds two letters, or two digits, together.
fn between(before: u8, mark: u8, after: u8) -> bool {
    match mark {
        b'\'' | b'.' => (before.is_ascii_alphabetic() && after.is_ascii_alphabetic()) || (before.is_ascii_digit() && after.is_ascii_digit()),
        b':' => before.is_ascii_alphabetic() && after.is_ascii_alphabetic(),
        b',' | b';' => before.is_ascii_digit() && after.is_ascii_digit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_rules_are_those_of_unicode() {
        // Every string of four over characters of every class.
        let alphabet = "a1_'.:,;-\"\u{1}";
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            texts = texts.iter().flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}"))).collect();
        }
        for text in texts {
            let mut found = Vec::new();
            ascii(text.as_bytes(), 0, &mut found);
            let wanted: Vec<_> = text.split_word_bound_indices().map(|(at, word)| (at as u32, (at + word.len()) as u32)).collect();
            assert_eq!(found, wanted, "{text:?}");
        }
    }
}
