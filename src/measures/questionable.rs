//! Sentences that MADLAD-400 calls questionable (Kudugunta et al. 2023, arXiv 2309.04662, section 2.3).

use super::{Params, share};
use crate::text::{Facts, Span, chars, sentences, slice};

/// A sentence of so many words or more is a list where more than half of them begin in upper case.
const LIST_WORDS: usize = 12;
/// Fewer characters, or more, are abnormal.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=500;
/// More than one character in five of these is technical.
const TECHNICAL: [u8; 7] = *b"{}+/()>";
const TECHNICAL_SHARE: usize = 5;

/// Share of the sentences that look like a list, are shorter or longer than prose, or are full of technical characters.
///
/// Two further tests of the paper need a model or a list: whether the sentence is of the document's language, and whether it has a "cursed" substring.
pub fn share_of_sentences(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let mut words = facts.words(text);
    let (mut found, mut all) = (0, 0);
    for span in sentences::spans(text) {
        let (here, rest) = words.split_at(words.partition_point(|word| word.0 < span.1));
        words = rest;
        let sentence = chars::strip(slice(text, span));
        if !sentence.is_empty() {
            all += 1;
            found += usize::from(is_abnormal(sentence) || is_list(text, here));
        }
    }
    share(found, all)
}

fn is_abnormal(sentence: &str) -> bool {
    let length = chars::count(sentence);
    let technical = sentence.bytes().filter(|byte| byte.is_ascii_digit() || TECHNICAL.contains(byte)).count();
    !LENGTHS.contains(&length) || technical * TECHNICAL_SHARE > length
}

fn is_list(text: &str, words: &[Span]) -> bool {
    let capital = |word: &&Span| slice(text, **word).chars().next().is_some_and(char::is_uppercase);
    words.len() >= LIST_WORDS && 2 * words.iter().filter(capital).count() > words.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Splitter;

    fn of(text: &str) -> f64 {
        let mut facts = Facts::new();
        facts.split_by(Splitter::UnicodeWords);
        share_of_sentences(text, &mut facts, &Params::default())
    }

    #[test]
    fn each_test_has_two_sides() {
        let cased = |upper: usize, all: usize| (0..all).map(|i| if i < upper { "Éa " } else { "éa " }).collect::<String>();
        for (text, questionable) in [
            ("é".repeat(20), false),
            ("é".repeat(19), true),
            ("é".repeat(500), false),
            ("é".repeat(501), true),
            (format!("{}{}", "é".repeat(20), "1{/>+"), false),
            (format!("{}{}", "é".repeat(20), "1{/>+}"), true),
            (cased(6, 12), false),
            (cased(7, 12), true),
            (cased(11, 11), false),
        ] {
            assert_eq!(of(&text), f64::from(u8::from(questionable)), "{text}");
        }
    }

    #[test]
    fn sentences_are_those_of_any_script() {
        let long = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往";
        assert_eq!(of(&format!("{long}。短。{long}！")), 1.0 / 3.0);
        assert_eq!(of("It is a long enough sentence. No? And here is another one."), 1.0 / 3.0);
        assert_eq!((of(""), of(" \n ")), (0.0, 0.0));
    }
}
