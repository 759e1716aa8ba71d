//! Faults that other tools pass over in silence: here each is an error with its place, or has a result.

use super::super::RuleSet;

/// What is wrong with a set of one rule `lines`, and the text at which the error points.
fn fault(lines: &str) -> (String, String, String) {
    let toml = format!("source = \"s\"\n{lines}\n");
    let error = RuleSet::parse(&toml).unwrap_err().swap_remove(0);
    (error.message, toml[error.span].to_owned(), error.help.unwrap_or_default())
}

fn rule(lines: &str) -> (String, String, String) {
    fault(&format!("[[rule]]\ndrop = \"d\"\n{lines}"))
}

#[test]
fn a_misspelt_key_is_an_error() {
    // In allenai/datamap-rs `max_length` for `max_len` leaves the limit at its default.
    let (message, at, help) = fault("[[line]]\ncut = \"phrase\"\nlist = [\"items in cart\"]\nmax_length = 10");
    assert_eq!((message.as_str(), at.as_str(), help.as_str()), ("there is no key `max_length` here", "max_length", "known: as, cut, list, max_words"));
    let (message, at, help) = rule("measure = \"words\"\nmaxx = 10");
    assert_eq!((message.as_str(), at.as_str(), help.as_str()), ("there is no key `maxx` here", "maxx", "did you mean `max`?"));
    assert_eq!(fault("[[line]]\ncut = \"phrase\"\nmax_words = 10").0, "this cut wants `list`");
    assert_eq!(fault("[[line]]\ncut = \"citations\"\nlist = [\"x\"]").1, "list");
    assert_eq!(fault("[lines]\nkeep_emtpy = true").2, "did you mean `keep_empty`?");
}

#[test]
fn a_name_that_nothing_has_is_an_error() {
    // In dolma's mixes a rule over `..._2gram`, which is written `..._2grams`, never excludes anything.
    let (message, at, help) = rule("measure = \"top_ngram_word_char_shares\"\nn = 2\nmax = 0.2");
    assert_eq!(message, "there is no measure `top_ngram_word_char_shares`");
    assert_eq!((at.as_str(), help.as_str()), ("\"top_ngram_word_char_shares\"", "did you mean `top_ngram_word_char_share`?"));
    let (message, at, _) = rule("measure = \"listed_words\"\nlist = \"stop-words.txt\"\nmin = 2");
    assert!(message.starts_with("cannot read the list `stop-words.txt`"), "{message}");
    assert_eq!(at, "\"stop-words.txt\"");
    let (message, at, help) = rule("measure = \"words\"\nmin = 1\nwords = \"white_space\"");
    assert_eq!((message.as_str(), at.as_str(), help.as_str()), ("there is no `white_space` for `words`", "\"white_space\"", "did you mean `whitespace`?"));
    assert_eq!(rule("measure = \"chars\"\nmin = 1\nwords = \"unicode\"").1, "words");
    assert_eq!(fault("words = \"unicod\"\n[[line]]\ncut = \"citations\"").2, "did you mean `unicode`?");
}

#[test]
fn a_measure_is_never_missing() {
    // A rule either has a value on every text, or its set is not read at all.
    let set = RuleSet::parse("source = \"s\"\n[[rule]]\ndrop = \"d\"\nmeasure = \"top_ngram_word_char_share\"\nn = 9\nmin = 0.1\n").unwrap();
    let mut told = Vec::new();
    set.apply("", &mut super::facts(), true, &mut |outcome| told.push((outcome.value, outcome.keep)));
    assert_eq!(told, [(0.0, false)]);
}

#[test]
fn capitals_that_would_never_be_found_are_an_error() {
    // datatrove's URL filter compares words in the case of the URL with lists in lower case.
    let (message, at, help) = rule("measure = \"listed_phrases\"\nlist = [\"cookies\", \"Terms of Use\"]\nmax = 0");
    assert_eq!(message, "`listed_phrases` looks for `Terms of Use` in lower case");
    assert_eq!((at.as_str(), help.as_str()), ("[\"cookies\", \"Terms of Use\"]", "write `terms of use`"));
    for measure in ["counter", "listed_block_share", "listed_words_in_any_case", "not_blank_line_end_share"] {
        assert!(rule(&format!("measure = \"{measure}\"\nlist = [\"É\"]\nmax = 0")).0.ends_with("in lower case"), "{measure}");
    }
    // Where case counts, capitals may be meant.
    for measure in ["listed_words", "distinct_listed_words", "listed_per_word", "line_start_share"] {
        assert!(RuleSet::parse(&format!("source = \"s\"\n[[rule]]\ndrop = \"d\"\nmeasure = \"{measure}\"\nlist = [\"THE\"]\nmax = 0")).is_ok());
    }
}
