//! Counts over words, by the splitter in use.

use super::{Params, share};
use crate::text::{Facts, Span, chars, slice};

/// All words.
pub fn words(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.words(text).len() as f64
}

/// Words with at least one character outside datatrove's `PUNCTUATION_SET`.
pub fn not_symbols(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.word_totals(text).not_symbols as f64
}

/// Mean code points of the words that are not symbols.
pub fn mean_length(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let totals = facts.word_totals(text);
    share(totals.not_symbols_chars, totals.not_symbols)
}

/// Mean code points of all words.
pub fn mean_length_of_all(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let words = facts.words(text).len();
    share(facts.ngrams(text).all_chars(), words)
}

/// Median code points of all words; of two in the middle their mean.
pub fn median_length(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let mut lengths: Vec<_> = facts.words(text).iter().map(|word| chars::count(slice(text, *word))).collect();
    let middle = lengths.len() / 2;
    if lengths.is_empty() {
        return 0.0;
    }
    let even = lengths.len().is_multiple_of(2);
    let (before, median, _) = lengths.select_nth_unstable(middle);
    let other = if even { before.iter().max().copied().unwrap_or_default() } else { *median };
    (*median + other) as f64 / 2.0
}

/// Share of the words that contain a listed mark.
pub fn marked_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let words = facts.words(text);
    let marked = |word: &&Span| params.list.iter().any(|mark| slice(text, **word).contains(mark));
    share(words.iter().filter(marked).count(), words.len())
}

/// Share of the words that are listed, or that have more runs of `#` than half their characters.
pub fn symbol_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let words = facts.words(text);
    let symbol = |word: &&Span| {
        let word = slice(text, **word);
        let runs = word.split('#').skip(1).zip(word.split('#')).enumerate();
        // A run begins where something stands before a mark, or nothing at all does.
        let runs = runs.filter(|(at, (_, before))| *at == 0 || !before.is_empty()).count();
        2 * runs > chars::count(word) || params.list.position(word).is_some()
    };
    share(words.iter().filter(symbol).count(), words.len())
}

/// Occurrences of the listed words, case and all.
pub fn listed(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    facts.words(text).iter().filter(|word| params.list.position(slice(text, **word)).is_some()).count() as f64
}

/// Occurrences of the listed words, which are in lower case, in any case.
pub fn listed_in_any_case(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let longest = params.list.iter().map(str::len).max().unwrap_or_default();
    let is_listed = |word: &&Span| {
        let word = slice(text, **word);
        params.list.position(word).is_some() || word.len() <= 2 * longest && params.list.position(&word.to_lowercase()).is_some()
    };
    facts.words(text).iter().filter(is_listed).count() as f64
}

/// Share of all words that have a letter.
pub fn alphabetic_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let totals = facts.word_totals(text);
    share(totals.alphabetic, totals.words)
}

/// How many of the listed words occur, case and all.
pub fn distinct_listed(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let mut found = vec![false; params.list.len()];
    let mut count = 0;
    for word in facts.words(text) {
        if let Some(seen) = params.list.position(slice(text, *word)).and_then(|place| found.get_mut(place))
            && !std::mem::replace(seen, true)
        {
            count += 1;
            if count == params.list.len() {
                break;
            }
        }
    }
    count as f64
}

/// Sentences; at least one.
pub fn sentences(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.sentences(text) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::List;

    #[test]
    fn symbols_are_words_without_weight() {
        let (text, mut facts, none) = ("The cat -- 42 !", Facts::new(), Params::default());
        assert_eq!(words(text, &mut facts, &none), 6.0);
        assert_eq!(not_symbols(text, &mut facts, &none), 3.0);
        assert_eq!(mean_length(text, &mut facts, &none), 8.0 / 3.0);
        assert_eq!(alphabetic_share(text, &mut facts, &none), 2.0 / 6.0);
    }

    #[test]
    fn listed_words_count_once_and_by_case() {
        let params = Params { list: List::new(["the".into(), "of".into(), "be".into()]), ..Params::default() };
        assert_eq!(distinct_listed("the The the of", &mut Facts::new(), &params), 2.0);
    }

    fn spaced(measure: crate::measures::Of, text: &str, list: &[&str]) -> f64 {
        let mut facts = Facts::new();
        facts.split_by(crate::text::Splitter::Whitespace);
        let list = List::new(list.iter().map(|item| (*item).to_owned()));
        measure(text, &mut facts, &Params { list, ..Params::default() })
    }

    #[test]
    fn lengths_of_all_words() {
        assert_eq!(spaced(mean_length_of_all, "éé -- a", &[]), 5.0 / 3.0);
        assert_eq!((spaced(median_length, "ééé a --", &[]), spaced(median_length, "a bbbb éé ccccc", &[])), (2.0, 3.0));
        assert_eq!((spaced(median_length, "", &[]), spaced(median_length, "éé", &[])), (0.0, 2.0));
    }

    #[test]
    fn words_that_are_symbols_or_have_one() {
        assert_eq!(spaced(marked_share, "#a b… c", &["#", "…"]), 2.0 / 3.0);
        // One run in one character, two in three; not one in two.
        assert_eq!(spaced(symbol_share, "# #é# ## #é ... a", &["..."]), 3.0 / 6.0);
    }

    #[test]
    fn occurrences_of_listed_words() {
        let list = ["the", "be"];
        assert_eq!((spaced(listed, "the The the, be the", &list), spaced(listed_in_any_case, "the The THE, BE", &list)), (3.0, 3.0));
    }
}
