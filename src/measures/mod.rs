//! Numbers drawn from a text: one pure function each, found by the name that rule files use.
//!
//! A new measure is one function and one line of [`MEASURES`]. Shares of nothing are 0, so that every
//! measure is a finite number on every text, the empty one included.

mod characters;
mod chinese;
mod code;
mod lines;
mod list;
mod phrases;
mod questionable;
mod repetition;
pub mod rules;
mod words;

pub use list::List;

use crate::text::Facts;

/// What a rule tells its measure.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// Words of an n-gram.
    pub n: usize,
    /// A length in characters.
    pub chars: usize,
    /// Words, marks or phrases.
    pub list: List,
    /// Exceptions to `list`.
    pub except: List,
}

/// A key that a measure reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A whole number: the n of n-grams, a length.
    N,
    /// Characters.
    Chars,
    /// Words or phrases.
    List,
    /// May be left out; the others may not.
    Except,
}

impl Key {
    /// As written in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::N => "n",
            Self::Chars => "chars",
            Self::List => "list",
            Self::Except => "except",
        }
    }
}

/// The number for a text, whose facts are given.
pub type Of = fn(&str, &mut Facts, &Params) -> f64;

/// A named number.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// As rule files write it.
    pub name: &'static str,
    /// The keys that it reads.
    pub keys: &'static [Key],
    /// Whether it needs the text cut into words or sentences.
    pub of_words: bool,
    /// Whether it is 0 for every line of a text for which it is 0.
    pub adds_up: bool,
    /// Whether it seeks its list in a text in lower case, where a capital letter would never be found.
    pub in_lower_case: bool,
    /// The function.
    pub of: Of,
}

const fn measure(name: &'static str, of: Of) -> Measure {
    Measure { name, keys: &[], of_words: false, adds_up: false, in_lower_case: false, of }
}

impl Measure {
    const fn keys(self, keys: &'static [Key]) -> Self {
        Self { keys, ..self }
    }

    const fn of_words(self) -> Self {
        Self { of_words: true, ..self }
    }

    const fn adds_up(self) -> Self {
        Self { adds_up: true, ..self }
    }

    const fn in_lower_case(self) -> Self {
        Self { in_lower_case: true, ..self }
    }
}

/// All measures, by name.
pub const MEASURES: &[Measure] = &[
    measure("alphabetic_char_share", characters::alphabetic_share),
    measure("alphabetic_word_share", words::alphabetic_share).of_words(),
    measure("alphanumeric_char_share", characters::alphanumeric_share),
    measure("bare_line_end_share", lines::bare_end_share).keys(&[Key::List]),
    measure("bare_line_start_share", lines::bare_start_share).keys(&[Key::List]),
    measure("chars", characters::chars),
    measure("comment_char_share", code::comment_share).keys(&[Key::List]),
    measure("counter", lines::counter).keys(&[Key::List]).in_lower_case(),
    measure("digit_char_share", characters::digit_share),
    measure("distinct_listed_words", words::distinct_listed).keys(&[Key::List]).of_words(),
    measure("duplicate_block_char_share", repetition::block_char_share),
    measure("duplicate_block_share", repetition::block_share),
    measure("duplicate_line_char_share", repetition::line_char_share),
    measure("duplicate_line_share", repetition::line_share),
    measure("duplicate_ngram_char_share", repetition::ngram_char_share).keys(&[Key::N]).of_words(),
    measure("duplicate_ngram_spaced_char_share", repetition::spaced_ngram_char_share).keys(&[Key::N]).of_words(),
    measure("duplicate_not_blank_line_char_share", repetition::not_blank_line_char_share),
    measure("duplicate_not_blank_line_own_char_share", repetition::not_blank_line_own_char_share),
    measure("duplicate_not_blank_line_share", repetition::not_blank_line_share),
    measure("duplicate_paragraph_char_share", repetition::paragraph_char_share),
    measure("duplicate_paragraph_share", repetition::paragraph_share),
    measure("ends_in_listed", phrases::ends_in).keys(&[Key::List, Key::Except]),
    measure("few_word_line_share", lines::few_words_share).keys(&[Key::N]).of_words(),
    measure("line_end_share", lines::end_share).keys(&[Key::List]),
    measure("line_start_share", lines::start_share).keys(&[Key::List]),
    measure("lines", lines::lines),
    measure("listed_block_share", lines::listed_block_share).keys(&[Key::List]).in_lower_case(),
    measure("listed_char_share", characters::listed_share).keys(&[Key::List]),
    measure("listed_in_first_chars", characters::listed_in_first_chars).keys(&[Key::List, Key::Chars]),
    measure("listed_per_word", phrases::per_word).keys(&[Key::List]).of_words(),
    measure("listed_phrases", phrases::in_lower_case).keys(&[Key::List]).adds_up().in_lower_case(),
    measure("listed_words", words::listed).keys(&[Key::List]).of_words(),
    measure("listed_words_in_any_case", words::listed_in_any_case).keys(&[Key::List]).of_words().in_lower_case(),
    measure("lone_chinese_char_share", chinese::lone_char_share).of_words(),
    measure("longest_line", lines::longest),
    measure("longest_spaced_word", characters::longest_spaced_word),
    measure("longest_top_ngram_word_char_share", repetition::longest_top_ngram_word_char_share).keys(&[Key::N]).of_words(),
    measure("marked_word_share", words::marked_share).keys(&[Key::List]).of_words(),
    measure("mean_length_of_all_words", words::mean_length_of_all).of_words(),
    measure("mean_line_length", lines::mean_length),
    measure("mean_word_length", words::mean_length).of_words(),
    measure("median_word_length", words::median_length).of_words(),
    measure("newlines_per_word", lines::newlines_per_word).of_words(),
    measure("not_blank_line_end_share", lines::not_blank_end_share).keys(&[Key::List]).in_lower_case(),
    measure("not_blank_line_start_share", lines::not_blank_start_share).keys(&[Key::List]),
    measure("not_blank_lines", lines::not_blank),
    measure("questionable_sentence_share", questionable::share_of_sentences).of_words(),
    measure("recurring_line_chars_per_word_char", repetition::recurring_line_chars_per_word_char).of_words(),
    measure("recurring_line_share", repetition::recurring_line_share),
    measure("recurring_ngram_share", repetition::recurring_ngram_share).keys(&[Key::N]).of_words(),
    measure("recurring_ngram_word_char_share", repetition::covered_word_char_share).keys(&[Key::N]).of_words(),
    measure("recurring_stripped_block_char_share", repetition::recurring_stripped_block_char_share),
    measure("recurring_stripped_block_share", repetition::recurring_stripped_block_share),
    measure("recurring_stripped_line_char_share", repetition::recurring_stripped_line_char_share),
    measure("recurring_stripped_line_share", repetition::recurring_stripped_line_share),
    measure("sentences", words::sentences).of_words(),
    measure("short_line_share", lines::short_share).keys(&[Key::Chars]),
    measure("spaced_words", characters::spaced_words),
    measure("symbol_word_share", words::symbol_share).keys(&[Key::List]).of_words(),
    measure("terminal_line_share", lines::terminal_share),
    measure("top_ngram_char_share", repetition::top_ngram_char_share).keys(&[Key::N]).of_words(),
    measure("top_ngram_removed_share", repetition::top_ngram_removed_share).keys(&[Key::N]).of_words(),
    measure("top_ngram_word_char_share", repetition::top_ngram_word_char_share).keys(&[Key::N]).of_words(),
    measure("unlisted_chinese_word_share", chinese::unlisted_share).keys(&[Key::List, Key::N]).of_words(),
    measure("uppercase_char_share", characters::uppercase_share),
    measure("url_char_share", characters::url_share),
    measure("visible_char_share", code::visible_share),
    measure("visible_chars", code::visible_chars),
    measure("words", words::words).of_words(),
    measure("words_not_symbols", words::not_symbols).of_words(),
];

/// The measure called `name`.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// `part / whole`, 0 where there is no whole.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Splitter;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(MEASURES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn every_measure_is_defined_on_every_text() {
        let params = Params { n: 2, chars: 30, list: List::new(["the".into(), "#".into()]), ..Params::default() };
        for (_, splitter) in Splitter::NAMES {
            for text in ["", " ", "\n\n", "word", "#", "!?…\u{0}", "漢字漢字漢字", "\u{1f600}\u{200d}", "\u{301}", "\r\n\u{2028}"] {
                let mut facts = Facts::new();
                facts.split_by(splitter);
                for measure in MEASURES {
                    let value = (measure.of)(text, &mut facts, &params);
                    assert!(value.is_finite() && value >= 0.0, "{} of {text:?} is {value}", measure.name);
                }
            }
        }
    }
}
