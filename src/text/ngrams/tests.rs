use super::*;
use crate::text::Splitter;

/// The words of a text.
pub(super) fn learnt(text: &str) -> Words {
    let (mut spans, mut words) = (Vec::new(), Words::default());
    Splitter::Whitespace.split(text, &mut spans);
    words.learn(text, &spans);
    words
}

#[test]
fn the_first_of_the_most_frequent_counts() {
    assert_eq!(learnt("a bb c a bb c").top(2), 2 * 4);
    assert_eq!(learnt("éé b c").top(2), 4);
    assert_eq!(learnt("a").top(2), 0);
    assert_eq!(learnt("").top(1), 0);
}

#[test]
fn repeated_ngrams_do_not_overlap() {
    assert_eq!(learnt("é é é é é é").repeated(2), 4);
    assert_eq!(learnt("a b c d a b c").repeated(3), 3);
    assert_eq!(learnt("a b").repeated(3), 0);
}

/// As its definition says, with every n-gram spelt out.
fn plainly(text: &str, n: usize) -> (usize, usize) {
    let words: Vec<&str> = text.split(' ').collect();
    let grams: Vec<&[&str]> = words.windows(n).collect();
    let count = |gram: &[&str]| grams.iter().filter(|other| **other == gram).count();
    let most = grams.iter().map(|gram| count(gram)).max().unwrap_or_default();
    let top = grams.iter().find(|gram| count(gram) == most).map_or(0, |gram| gram.join(" ").chars().count() * most);
    let (mut seen, mut chars, mut at) = (std::collections::HashSet::new(), 0, 0);
    while let Some(gram) = grams.get(at) {
        let repeats = !seen.insert(gram.concat());
        chars += if repeats { gram.concat().chars().count() } else { 0 };
        at += if repeats { n } else { 1 };
    }
    (top, chars)
}

#[test]
fn counts_are_those_of_the_definition_in_whatever_order_they_are_asked_for() {
    let (mut state, mut repeated) = (1u64, 0);
    for round in 0..60 {
        let mut text = Vec::new();
        for _ in 0..200 {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            // Words of one byte and of many, alike when joined, and whole passages again.
            match state % 40 {
                0 if text.len() > 20 => text.extend_from_within(text.len() - 20..),
                _ => text.push(["a", "aa", "é", "aé", "漢", "letters", "longer-than-eight"][(state >> 8) as usize % (3 + round % 5)]),
            }
        }
        let text = text.join(" ");
        let mut words = learnt(&text);
        for n in [5, 6, 10, 8, 5, 2, 3, 4, 7, 2, 12] {
            assert_eq!((words.top(n), words.repeated(n)), plainly(&text, n), "{n} of {text}");
            repeated += words.repeated(n);
        }
    }
    assert!(repeated > 10_000, "{repeated}");
}

#[test]
fn words_joined_alike_are_alike() {
    assert_eq!(learnt("ab c x a bc").repeated(2), 3);
}

#[test]
fn long_words_hash_alike_wherever_they_stand() {
    let word = "é".repeat(100);
    assert_eq!(learnt(&format!("{word} x {word} x")).repeated(2), 101);
    assert_eq!(learnt(&format!("{word}a {word}b")).top(1), 101);
}
