//! Numbers drawn from a text: one pure function each, found by the name that rule files use.
//!
//! A new measure is one function and one line of [`MEASURES`]. Shares of nothing are 0, so that every
//! measure is a finite number on every text, the empty one included.

mod characters;
mod lines;
mod list;
mod phrases;
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
    N,
    Chars,
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

/// A named number.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    pub name: &'static str,
    /// The keys that it reads.
    pub keys: &'static [Key],
    /// Whether it needs the text cut into words or sentences.
    pub of_words: bool,
    /// The number for a text, whose facts are given.
    pub of: fn(&str, &mut Facts, &Params) -> f64,
}

const fn plain(name: &'static str, of: fn(&str, &mut Facts, &Params) -> f64) -> Measure {
    Measure {
        name,
        keys: &[],
        of_words: false,
        of,
    }
}

const fn of_words(
    name: &'static str,
    keys: &'static [Key],
    of: fn(&str, &mut Facts, &Params) -> f64,
) -> Measure {
    Measure {
        name,
        keys,
        of_words: true,
        of,
    }
}

const fn keyed(
    name: &'static str,
    keys: &'static [Key],
    of: fn(&str, &mut Facts, &Params) -> f64,
) -> Measure {
    Measure {
        name,
        keys,
        of_words: false,
        of,
    }
}

/// All measures, by name.
pub const MEASURES: &[Measure] = &[
    of_words("alphabetic_word_share", &[], words::alphabetic_share),
    plain("chars", characters::chars),
    of_words(
        "distinct_listed_words",
        &[Key::List],
        words::distinct_listed,
    ),
    plain("duplicate_line_char_share", repetition::line_char_share),
    plain("duplicate_line_share", repetition::line_share),
    of_words(
        "duplicate_ngram_char_share",
        &[Key::N],
        repetition::ngram_char_share,
    ),
    plain(
        "duplicate_not_blank_line_char_share",
        repetition::not_blank_line_char_share,
    ),
    plain(
        "duplicate_paragraph_char_share",
        repetition::paragraph_char_share,
    ),
    plain("duplicate_paragraph_share", repetition::paragraph_share),
    keyed(
        "ends_in_listed",
        &[Key::List, Key::Except],
        phrases::ends_in,
    ),
    keyed("line_end_share", &[Key::List], lines::end_share),
    keyed("line_start_share", &[Key::List], lines::start_share),
    of_words("listed_per_word", &[Key::List], phrases::per_word),
    keyed("listed_phrases", &[Key::List], phrases::in_lower_case),
    plain("longest_spaced_word", characters::longest_spaced_word),
    of_words("mean_word_length", &[], words::mean_length),
    of_words("newlines_per_word", &[], lines::newlines_per_word),
    plain("not_blank_lines", lines::not_blank),
    of_words("sentences", &[], words::sentences),
    keyed("short_line_share", &[Key::Chars], lines::short_share),
    plain("spaced_words", characters::spaced_words),
    plain("terminal_line_share", lines::terminal_share),
    of_words(
        "top_ngram_char_share",
        &[Key::N],
        repetition::top_ngram_char_share,
    ),
    of_words("words", &[], words::words),
    of_words("words_not_symbols", &[], words::not_symbols),
];

/// The measure called `name`.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// `part / whole`, 0 where there is no whole.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
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
        let params = Params {
            n: 2,
            chars: 30,
            list: List::new(["the".into(), "#".into()]),
            ..Params::default()
        };
        for (_, splitter) in Splitter::NAMES {
            for text in [
                "",
                " ",
                "\n\n",
                "word",
                "#",
                "!?…\u{0}",
                "漢字漢字漢字",
                "\u{1f600}\u{200d}",
                "\u{301}",
                "\r\n\u{2028}",
            ] {
                let mut facts = Facts::new();
                facts.split_by(splitter);
                for measure in MEASURES {
                    let value = (measure.of)(text, &mut facts, &params);
                    assert!(
                        value.is_finite() && value >= 0.0,
                        "{} of {text:?} is {value}",
                        measure.name
                    );
                }
            }
        }
    }
}
