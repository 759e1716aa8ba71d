//! Texts of nothing, or of one thing, through every set: each has a result that stands here.

use super::{Applied, BUILT_IN, facts, read, toml};

/// The sets, and what becomes of nothing, of white space, of one word, of the same in capitals, of symbols, and of text without spaces.
const RESULTS: [(&str, [&str; 6]); 15] = [
    ("c4", ["too_few_sentences"; 6]),
    ("chinese", ["too_few_words"; 6]),
    ("code", ["too_few_lines"; 6]),
    ("code_c", ["too_few_comments"; 6]),
    ("code_html", ["too_little_visible_text"; 6]),
    ("code_python", ["too_few_comments", "too_few_comments", "too_few_comments", "too_few_comments", "keep", "too_few_comments"]),
    ("dclm", ["too_few_words"; 6]),
    ("dolma", ["too_few_words"; 6]),
    ("fineweb", ["empty", "empty", "too_few_terminal_lines", "too_few_terminal_lines", "too_few_terminal_lines", "too_many_short_lines"]),
    ("gopher", ["too_few_words"; 6]),
    ("gopher_repetition", ["empty", "duplicate_lines", "keep", "keep", "top_2_gram", "top_2_gram"]),
    ("madlad", ["too_few_sentences"; 6]),
    ("multilingual", ["too_few_words"; 6]),
    (
        "nemo",
        [
            "too_few_english_characters",
            "too_few_english_characters",
            "too_few_words",
            "too_few_words",
            "too_few_english_characters",
            "too_few_english_characters",
        ],
    ),
    ("refinedweb", ["empty", "duplicate_lines", "too_few_words", "too_few_words", "top_2_gram", "top_2_gram"]),
];

const TEXTS: [&str; 6] = ["", " \n \n", "word", "WORD", "!!! ??? ###", "漢字漢字。"];

#[test]
fn texts_of_nothing_have_results() {
    assert_eq!(BUILT_IN.len(), RESULTS.len());
    for ((set, toml), (name, wanted)) in BUILT_IN.iter().zip(RESULTS) {
        assert_eq!(*set, name);
        let read = read(toml);
        let set = read.of("");
        for (text, wanted) in TEXTS.iter().zip(wanted) {
            let found = match set.apply(text, &mut facts(), false, &mut |_| {}) {
                Applied::Keep => "keep".to_owned(),
                Applied::Edited(left) => left,
                Applied::Drop { reason, .. } => reason,
            };
            assert_eq!(found, wanted, "{text:?} through {name}");
        }
    }
}

#[test]
fn no_rule_is_without_a_number() {
    // NeMo Curator divides by zero on texts without words or lines; here every rule of every set has a finite value on every text.
    for (name, toml) in BUILT_IN {
        let read = read(toml);
        let set = read.of("en");
        for text in TEXTS.into_iter().chain(["\u{feff}", "\u{200b}\n\u{200b}", "#", "…", "{"]) {
            set.apply(text, &mut facts(), true, &mut |outcome| assert!(outcome.value.is_finite(), "{} of {name} on {text:?}", outcome.rule));
        }
    }
}

/// Every rule that [`TEXTS`] fail in the sets whose words are found by script, as a pipeline has them, in a language of theirs.
const FAILED: [(&str, &str, [&str; 6]); 2] = [
    (
        "chinese",
        "zh",
        [
            "too_few_words too_few_alphabetic_words too_few_terminal_lines",
            "too_few_words too_few_alphabetic_words too_few_terminal_lines",
            "too_few_words too_few_terminal_lines too_many_short_lines",
            "too_few_words too_few_terminal_lines too_many_short_lines",
            "too_few_words too_few_alphabetic_words too_few_terminal_lines too_many_short_lines top_2_gram top_4_gram",
            "too_few_words too_many_short_lines top_2_gram",
        ],
    ),
    (
        "multilingual",
        "en",
        [
            "too_few_words short_words too_few_alphabetic_words too_few_stop_words too_few_terminal_lines",
            "too_few_words short_words too_few_alphabetic_words too_few_stop_words too_few_terminal_lines duplicate_lines duplicate_line_chars",
            "too_few_words too_few_stop_words too_few_terminal_lines too_many_short_lines",
            "too_few_words too_few_stop_words too_few_terminal_lines too_many_short_lines",
            "too_few_words short_words too_many_hashes too_few_alphabetic_words too_few_stop_words too_few_terminal_lines too_many_short_lines \
             top_2_gram top_3_gram top_4_gram",
            "too_few_words too_few_alphabetic_words too_few_stop_words too_many_short_lines top_2_gram top_3_gram",
        ],
    ),
];

#[test]
fn each_rule_of_the_sets_by_script_has_its_say() {
    for (set, language, results) in FAILED {
        let mut read = read(toml(set));
        read.split_by(None);
        for (text, wanted) in TEXTS.into_iter().zip(results) {
            let mut failed = Vec::new();
            read.of(language).apply(text, &mut facts(), true, &mut |outcome| {
                if !outcome.keep {
                    failed.push(outcome.rule.to_owned());
                }
            });
            assert_eq!(failed.join(" "), wanted, "{text:?} through {set}");
        }
    }
}
