//! One thing put wrong in a sentence, in each of the ways that [`super`] lists.

use std::collections::BTreeMap;

use super::lexicon::{Case, Lexicon};
use super::{Lang, Prose, Sentence};
use crate::text::Span;
use crate::train::random::Random;

/// English words that agree with what stands around them, and what they would be if it did not.
const AGREEING: [(&str, &str); 12] = [
    ("is", "are"),
    ("are", "is"),
    ("was", "were"),
    ("were", "was"),
    ("has", "have"),
    ("have", "has"),
    ("does", "do"),
    ("do", "does"),
    ("this", "these"),
    ("these", "this"),
    ("a", "an"),
    ("an", "a"),
];

/// Chinese measure words that go with some nouns only; the general one (个) goes with most and is left out.
const MEASURES: [char; 16] = ['本', '张', '条', '只', '辆', '座', '位', '篇', '首', '棵', '匹', '幅', '艘', '枚', '滴', '扇'];

/// What stands before a measure word.
const COUNTING: [char; 16] = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '两', '几', '这', '那', '每', '某'];

/// One of `places`, if there are any.
fn one<T: Copy>(places: &[T], random: &mut Random) -> Option<T> {
    (!places.is_empty()).then(|| places[random.below(places.len())])
}

/// An English word that agrees put into the other number.
pub(super) fn english_agreement(sentence: &Sentence<'_>, random: &mut Random) -> Option<String> {
    let places: Vec<(Span, &str)> = (0..sentence.words.len())
        .filter_map(|at| AGREEING.iter().find(|(word, _)| *word == sentence.word(at)).map(|(_, other)| (sentence.words[at], *other)))
        .collect();
    one(&places, random).map(|(span, other)| sentence.with(span, other))
}

/// A measure word put for another one.
pub(super) fn measure_word(sentence: &Sentence<'_>, random: &mut Random) -> Option<String> {
    let letters: Vec<(usize, char)> = sentence.text.char_indices().collect();
    let stands = |three: &[(usize, char)]| {
        // A noun has to follow: a measure word at an end may mean something else.
        let fits = COUNTING.contains(&three[0].1) && MEASURES.contains(&three[1].1) && three[2].1.is_alphabetic();
        fits.then(|| (three[1].0 as u32, three[1].1))
    };
    let places: Vec<(u32, char)> = letters.windows(3).filter_map(stands).collect();
    let (at, measure) = one(&places, random)?;
    let others: Vec<char> = MEASURES.into_iter().filter(|other| *other != measure).collect();
    one(&others, random).map(|other| sentence.with((at, at + measure.len_utf8() as u32), &other.to_string()))
}

/// Two neighbouring words, neither of them the first, changed over.
pub(super) fn order(sentence: &Sentence<'_>, random: &mut Random) -> Option<String> {
    let between = |at: usize| &sentence.text[sentence.words[at].1 as usize..sentence.words[at + 1].0 as usize];
    let places: Vec<usize> = (1..sentence.words.len().saturating_sub(1))
        .filter(|&at| {
            let (first, second) = (sentence.word(at), sentence.word(at + 1));
            let words = Case::of(first) == Some(Case::Small) && Case::of(second) == Some(Case::Small);
            words && first != second && matches!(between(at), "" | " ")
        })
        .collect();
    let at = one(&places, random)?;
    let span = (sentence.words[at].0, sentence.words[at + 1].1);
    Some(sentence.with(span, &format!("{}{}{}", sentence.word(at + 1), between(at), sentence.word(at))))
}

/// The last word put for another one that is as long and as frequent.
pub(super) fn last_word(sentence: &Sentence<'_>, lang: Lang, lexicon: &Lexicon<'_>, random: &mut Random) -> Option<String> {
    let last = sentence.words.len().checked_sub(1)?;
    let word = sentence.word(last);
    let fits = Case::of(word) == Some(Case::Small) && word.chars().count() >= lang.least();
    let other = fits.then(|| lexicon.as_frequent(lang, word, random)).flatten()?;
    Some(sentence.with(sentence.words[last], other))
}

/// A word that this text alone has and a sentence before has said, put for one of another text: the number of that sentence, and this one made wrong.
pub(super) fn fact(
    sentence: &Sentence<'_>,
    number: usize,
    text: &Prose<'_>,
    said: &BTreeMap<&str, usize>,
    lexicon: &Lexicon<'_>,
    random: &mut Random,
) -> Option<(usize, String)> {
    let places: Vec<(usize, usize)> = (0..sentence.words.len())
        .filter_map(|at| {
            let word = sentence.word(at);
            let fits = word.chars().count() >= text.lang.least() && lexicon.only(text.lang, word) == Some(number);
            fits.then(|| said.get(word).map(|before| (at, *before))).flatten()
        })
        .collect();
    let (at, before) = one(&places, random)?;
    let other = lexicon.of_another_text(text.lang, sentence.word(at), number, random)?;
    Some((before, sentence.with(sentence.words[at], other)))
}
