//! How much of a text was there before: lines, paragraphs, word n-grams.
//!
//! Measures of Rae et al. 2021, table A1, and FineWeb's, in datatrove 0.10.1's definitions.

use memchr::memchr_iter;

use super::{Params, share};
use crate::text::Facts;

/// Share of the lines (between runs of newlines) that occur earlier.
pub fn line_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.repeated_lines(text);
    share(found.repeated, found.pieces)
}

/// Characters of those lines by the characters of the text.
pub fn line_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    share(facts.repeated_lines(text).repeated_chars, facts.chars(text))
}

/// Characters of lines not blank that occur earlier, by the characters other than newlines.
pub fn not_blank_line_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let newlines = memchr_iter(b'\n', text.as_bytes()).count();
    share(facts.repeated_lines_not_blank(text).repeated_chars, facts.chars(text) - newlines)
}

/// Share of the paragraphs (between blank lines) that occur earlier.
pub fn paragraph_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.repeated_paragraphs(text);
    share(found.repeated, found.pieces)
}

/// Characters of those paragraphs by the characters of the text.
pub fn paragraph_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    share(facts.repeated_paragraphs(text).repeated_chars, facts.chars(text))
}

/// Characters of all occurrences of the most frequent `n`-gram of words, spaces between them included, by the characters of the text.
pub fn top_ngram_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    share(facts.ngrams(text).top(params.n), facts.chars(text))
}

/// Characters of `n`-grams of words that occur earlier, overlaps counted once, by the characters of the text.
pub fn ngram_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    share(facts.ngrams(text).repeated(params.n), facts.chars(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(measure: fn(&str, &mut Facts, &Params) -> f64, text: &str, n: usize) -> f64 {
        measure(text, &mut Facts::new(), &Params { n, ..Params::default() })
    }

    #[test]
    fn lines_and_paragraphs() {
        let text = "éé\néé\n\nb\n\néé\néé";
        assert_eq!(of(line_share, text, 0), 3.0 / 5.0);
        assert_eq!(of(line_char_share, text, 0), 6.0 / 15.0);
        assert_eq!(of(not_blank_line_char_share, text, 0), 6.0 / 9.0);
        assert_eq!(of(paragraph_share, text, 0), 1.0 / 3.0);
        assert_eq!(of(paragraph_char_share, text, 0), 5.0 / 15.0);
    }

    #[test]
    fn ngrams() {
        assert_eq!(of(top_ngram_char_share, "a b a b", 2), 6.0 / 7.0);
        assert_eq!(of(ngram_char_share, "a b a b", 2), 2.0 / 7.0);
    }
}
