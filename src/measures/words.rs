//! Counts over words, by the splitter in use.

use super::{Params, share};
use crate::text::{Facts, slice};

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
}
