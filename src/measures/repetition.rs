//! How much of a text was there before: lines, paragraphs, word n-grams.
//!
//! Measures of Rae et al. 2021, table A1, in the definitions of datatrove 0.10.1 (which FineWeb uses), DCLM, dolma 1.2.1 and NeMo Curator 1.4.0. No two
//! of them are alike: *duplicate* pieces here are those that stand earlier too, *recurring* ones are all occurrences of what stands more than once.

use memchr::{memchr_iter, memmem};

use super::{Params, share};
use crate::text::{
    Facts,
    census::{Census, Pieces},
    chars, slice,
};

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

/// Share of the stripped lines not blank that stand more than once (DCLM).
pub fn recurring_stripped_line_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    recurring(facts.census(text, Pieces::LinesStripped))
}

/// The same in characters of those lines (DCLM).
pub fn recurring_stripped_line_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    recurring_chars(facts.census(text, Pieces::LinesStripped))
}

/// Share of what pairs of newlines part, stripped and not blank, that stands more than once (DCLM).
pub fn recurring_stripped_block_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    recurring(facts.census(text, Pieces::BlocksStripped))
}

/// The same in characters (DCLM).
pub fn recurring_stripped_block_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    recurring_chars(facts.census(text, Pieces::BlocksStripped))
}

/// Share of what runs of newlines part that stands more than once (dolma).
pub fn recurring_line_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    recurring(facts.census(text, Pieces::Lines))
}

/// Characters of those lines by the characters of the words; above 1 where there is much white space in them (dolma).
pub fn recurring_line_chars_per_word_char(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.census(text, Pieces::Lines);
    share(found.recurring_chars, facts.ngrams(text).all_chars())
}

/// Share of the lines not blank that occur earlier (NeMo Curator).
pub fn not_blank_line_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.repeated_lines_not_blank(text);
    share(found.repeated, found.pieces)
}

/// Characters of those lines by the characters of the lines not blank (NeMo Curator).
pub fn not_blank_line_own_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.census(text, Pieces::LinesNotBlank);
    share(found.repeated_chars, found.chars)
}

/// Share of what pairs of newlines part that occurs earlier (NeMo Curator).
pub fn block_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.census(text, Pieces::Blocks);
    share(found.repeated, found.pieces)
}

/// Characters of those pieces by the characters of all of them (NeMo Curator).
pub fn block_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let found = facts.census(text, Pieces::Blocks);
    share(found.repeated_chars, found.chars)
}

fn recurring(found: Census) -> f64 {
    share(found.recurring, found.pieces)
}

fn recurring_chars(found: Census) -> f64 {
    share(found.recurring_chars, found.chars)
}

/// Characters of all occurrences of the most frequent `n`-gram, the first of several, by the characters of the words (dolma).
pub fn top_ngram_word_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let words = facts.ngrams(text);
    share(words.top_chars(params.n), words.all_chars())
}

/// The same of the longest of the most frequent ones, and 0 where none stands twice (DCLM).
pub fn longest_top_ngram_word_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let words = facts.ngrams(text);
    share(words.longest_top_chars(params.n), words.all_chars())
}

/// Share of the text that goes when the most frequent `n`-gram, the first of several, its words joined by spaces, is taken out wherever those
/// characters stand; 1 where there are fewer words (NeMo Curator).
pub fn top_ngram_removed_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let Some((first, _)) = facts.ngrams(text).most_frequent(params.n) else {
        return 1.0;
    };
    let words: Vec<_> = facts.words(text).iter().skip(first).take(params.n).map(|word| slice(text, *word)).collect();
    let gram = words.join(" ");
    share(memmem::find_iter(text.as_bytes(), gram.as_bytes()).count() * chars::count(&gram), facts.chars(text))
}

/// Characters of all `n`-grams that stand more than once by the characters of all `n`-grams (dolma).
pub fn recurring_ngram_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let (recurring, all) = facts.ngrams(text).recurring_chars(params.n);
    share(recurring, all)
}

/// Characters of the words in `n`-grams that stand more than once, each word once, by the characters of the words (DCLM).
pub fn covered_word_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let words = facts.ngrams(text);
    share(words.covered_chars(params.n), words.all_chars())
}

/// Characters of `n`-grams that occur earlier, overlaps counted once and spaces too, by the characters of the text; 1 where there are fewer words
/// (NeMo Curator).
pub fn spaced_ngram_char_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    if facts.words(text).len() < params.n {
        return 1.0;
    }
    share(facts.ngrams(text).repeated_spaced_chars(params.n), facts.chars(text))
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

    #[test]
    fn peers_count_lines_in_their_own_ways() {
        let text = "éé\n éé \n\nb\n\néé\néé\n\nb";
        assert_eq!((of(recurring_stripped_line_share, text, 0), of(recurring_stripped_line_char_share, text, 0)), (1.0, 1.0));
        assert_eq!((of(recurring_stripped_block_share, text, 0), of(recurring_stripped_block_char_share, text, 0)), (2.0 / 4.0, 2.0 / 13.0));
        assert_eq!((of(recurring_line_share, text, 0), of(recurring_line_chars_per_word_char, text, 0)), (5.0 / 6.0, 8.0 / 10.0));
        assert_eq!((of(not_blank_line_share, text, 0), of(not_blank_line_own_char_share, text, 0)), (3.0 / 6.0, 5.0 / 12.0));
        assert_eq!((of(block_share, text, 0), of(block_char_share, text, 0)), (1.0 / 4.0, 1.0 / 14.0));
    }

    #[test]
    fn peers_count_ngrams_in_their_own_ways() {
        let text = "a b c ddd a b c ddd";
        assert_eq!((of(top_ngram_word_char_share, text, 2), of(longest_top_ngram_word_char_share, text, 2)), (4.0 / 12.0, 8.0 / 12.0));
        assert_eq!((of(top_ngram_removed_share, text, 2), of(top_ngram_removed_share, text, 9)), (6.0 / 19.0, 1.0));
        assert_eq!((of(recurring_ngram_share, text, 3), of(covered_word_char_share, text, 3)), (16.0 / 26.0, 1.0));
        assert_eq!((of(spaced_ngram_char_share, text, 3), of(spaced_ngram_char_share, text, 9)), (9.0 / 19.0, 1.0));
        // Taken out wherever the characters stand, within words as well.
        assert_eq!(of(top_ngram_removed_share, "b c b c ab cd", 2), 9.0 / 13.0);
    }
}
