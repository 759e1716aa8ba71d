//! Words and phrases of a list in a text, standing by themselves where their script parts words.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::chars::{ALPHA, is, without_spaces};

/// Where a phrase must begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Not inside a word, where both sides of an edge belong to scripts that part words; anywhere in others.
    ByScript,
    /// Beside characters other than letters, digits and `_`, as Python's `re` has them: marks are none of them.
    Python,
    /// Anywhere.
    Free,
}

/// Phrases to look for.
#[derive(Debug)]
pub struct Phrases {
    finder: AhoCorasick,
    edges: Edges,
}

impl Phrases {
    /// Phrases as they are looked for, letter by letter. `None` where they are too many for a search.
    pub fn new<S: AsRef<str>>(phrases: impl IntoIterator<Item = S>, edges: Edges) -> Option<Phrases> {
        let mut phrases: Vec<String> = phrases.into_iter().map(|phrase| phrase.as_ref().to_owned()).filter(|phrase| !phrase.is_empty()).collect();
        phrases.sort_unstable();
        phrases.dedup();
        Some(Phrases { finder: AhoCorasick::new(&phrases).ok()?, edges })
    }

    /// Number of phrases.
    pub fn len(&self) -> usize {
        self.finder.patterns_len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places of phrases that do not overlap, as many as there can be, from the front.
    pub fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut end = 0;
        // In the order of their ends; of those that end together the longest comes first and, if it begins too early, a shorter one may do.
        self.finder.find_overlapping_iter(text).map(|found| found.range()).filter(move |place| {
            let stands = place.start >= end && self.stands(text, place);
            if stands {
                end = place.end;
            }
            stands
        })
    }

    fn stands(&self, text: &str, place: &Range<usize>) -> bool {
        let cuts = |at: usize| {
            let (Some(before), Some(after)) = (text[..at].chars().next_back(), text[at..].chars().next()) else { return true };
            match self.edges {
                Edges::Free => true,
                Edges::ByScript => !([before, after].into_iter().all(|c| (c.is_alphanumeric() || c == '_') && !without_spaces(c))),
                // The phrase's own first and last character may be anything.
                Edges::Python => !is_python_word(if at == place.start { before } else { after }),
            }
        };
        cuts(place.start) && cuts(place.end)
    }
}

/// `\w` of Python.
fn is_python_word(c: char) -> bool {
    c == '_' || is(c, ALPHA) || c.is_numeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(phrases: &[&str], edges: Edges, text: &'t str) -> Vec<&'t str> {
        Phrases::new(phrases, edges).unwrap().find(text).map(|place| &text[place]).collect()
    }

    #[test]
    fn edges_follow_the_script() {
        let list = ["ass", "av女优", "казино", "ข่าว", "x-y"];
        let text = "ass class ass_ ass, 看av女优的 lav女优 казино казиной อ่านข่าววันนี้ ax-y x-y";
        assert_eq!(found(&list, Edges::ByScript, text), ["ass", "ass", "av女优", "казино", "ข่าว", "x-y"]);
        assert_eq!(found(&list, Edges::Free, "class lav女优"), ["ass", "av女优"]);
        assert_eq!(found(&list, Edges::Python, "看av女优的 av女优 é: ass."), ["av女优", "ass"]);
    }

    #[test]
    fn a_longer_phrase_that_does_not_fit_hides_no_shorter_one() {
        assert_eq!(found(&["ab", "ab c", "b c"], Edges::ByScript, "ab cd ab c"), ["ab", "ab"]);
        assert_eq!(found(&["ab c"], Edges::ByScript, "ab c ab c"), ["ab c", "ab c"]);
        assert_eq!(found(&["aa"], Edges::Free, "aaaaa"), ["aa", "aa"]);
        assert!(Phrases::new([""], Edges::Free).unwrap().is_empty());
    }
}
