//! Listed marks and phrases in a text.

use super::{List, Params, share};
use crate::text::Facts;

/// Occurrences of the listed marks for each word.
pub fn per_word(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    share(params.list.occurrences(text), facts.words(text).len())
}

/// Occurrences of the listed phrases in the text in lower case.
pub fn in_lower_case(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    params.list.occurrences(facts.lowered(text)) as f64
}

/// 1 where the text ends in a listed mark but not in an exception, else 0.
pub fn ends_in(text: &str, _: &mut Facts, params: &Params) -> f64 {
    let ends = |list: &List| list.iter().any(|mark| text.ends_with(mark));
    f64::from(u8::from(ends(&params.list) && !ends(&params.except)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> List {
        List::new(items.iter().map(|item| (*item).to_owned()))
    }

    #[test]
    fn marks_do_not_overlap() {
        let params = Params { list: list(&["...", "…"]), ..Params::default() };
        assert_eq!(per_word("a .... b… ......", &mut Facts::new(), &params) * 6.0, 4.0 * 6.0 / per_words("a .... b… ......"));
    }

    fn per_words(text: &str) -> f64 {
        Facts::new().words(text).len() as f64
    }

    #[test]
    fn phrases_are_found_in_any_case() {
        let params = Params { list: list(&["lorem ipsum", "{"]), ..Params::default() };
        assert_eq!(in_lower_case("LOREM Ipsum {É{", &mut Facts::new(), &params), 3.0);
        assert_eq!(in_lower_case("", &mut Facts::new(), &params), 0.0);
    }

    #[test]
    fn exceptions_win() {
        let params = Params { list: list(&[".", "!"]), except: list(&["..."]), ..Params::default() };
        let of = |text| ends_in(text, &mut Facts::new(), &params);
        assert_eq!((of("a."), of("a..."), of("a"), of("")), (1.0, 0.0, 0.0, 0.0));
    }
}
