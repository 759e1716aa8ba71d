//! Minimal pairs from held-out texts: does a model give the sentence that was written more probability than one with a single thing put wrong?
//!
//! They ask for what a language model is useful for, and share nothing with the taste of a quality classifier: neither what texts are about nor how
//! fine they are enters. After BLiMP (Warstadt et al. 2020), LAMBADA (Paperno et al. 2016) for last words; the sentences are the held-out texts' own.
//!
//! | kind | the wrong member |
//! |---|---|
//! | `en_agreement` | "is" for "are", "this" for "these", "a" for "an" and the reverse |
//! | `zh_agreement` | another measure word after a number or a demonstrative |
//! | `en_order`, `zh_order` | two neighbouring words changed over |
//! | `en_cloze`, `zh_cloze` | another last word, as long and as frequent in the held-out texts |
//! | `en_fact`, `zh_fact` | of two sentences of a text that name the same rare thing, the second names another one, of another text |
//!
//! [`pairs`] is a function of texts and seed alone. Words are those of ICU's dictionaries where a script has no spaces.

mod lexicon;
mod swaps;

use std::collections::{BTreeMap, BTreeSet};

use lexicon::Lexicon;

use crate::language::{BUILT_IN, Identifier, Scratch, covers};
use crate::text::chars::{SENTENCE_END, is};
use crate::text::{Span, Splitter, sentences, slice};
use crate::train::random::Random;

/// Pairs of one kind from one text: more would be about that text alone.
const MOST_OF_A_TEXT: usize = 4;

/// A right sentence and a wrong one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Language and kind, as `en_order`.
    pub kind: String,
    /// As it was written.
    pub right: String,
    /// With one thing put wrong.
    pub wrong: String,
}

/// A language that pairs are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lang {
    En,
    Zh,
}

impl Lang {
    fn of(code: &str) -> Option<Lang> {
        if code == "en" { Some(Lang::En) } else { covers("zh", code).then_some(Lang::Zh) }
    }

    fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// Bytes of a sentence: long enough to say something, short enough for the row of a small model.
    fn length(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Lang::En => 40..=200,
            Lang::Zh => 24..=90,
        }
    }

    /// Characters of a word that can carry a meaning.
    fn least(self) -> usize {
        match self {
            Lang::En => 4,
            Lang::Zh => 2,
        }
    }
}

/// A sentence that ends as one, with its words; marks are no words.
struct Sentence<'t> {
    text: &'t str,
    words: Vec<Span>,
}

impl<'t> Sentence<'t> {
    fn word(&self, number: usize) -> &'t str {
        slice(self.text, self.words[number])
    }

    /// The sentence with the stretch of `span` written anew.
    fn with(&self, (from, to): Span, new: &str) -> String {
        format!("{}{new}{}", slice(self.text, (0, from)), slice(self.text, (to, self.text.len() as u32)))
    }
}

/// A text in a known language, in sentences of which none stood in a text before.
struct Prose<'t> {
    lang: Lang,
    sentences: Vec<Sentence<'t>>,
}

/// At most `most` pairs of each kind, kind by kind in order of their names; kinds of fewer than `least` pairs are left out.
pub fn pairs(texts: &[String], seed: u64, most: usize, least: usize) -> Vec<Pair> {
    let prose = prose(texts);
    let lexicon = Lexicon::of(&prose);
    // (kind) -> (draw, pair): the lowest draws are taken.
    let mut found: BTreeMap<String, Vec<(u64, Pair)>> = BTreeMap::new();
    for (number, text) in prose.iter().enumerate() {
        let mut own: BTreeMap<&'static str, Vec<(u64, Pair)>> = BTreeMap::new();
        let mut seen_words = BTreeMap::new();
        for (at, sentence) in text.sentences.iter().enumerate() {
            let mut offer = |kind: &'static str, right: String, wrong: Option<String>, random: &mut Random| {
                if let Some(wrong) = wrong.filter(|wrong| *wrong != right) {
                    own.entry(kind).or_default().push((random.bits(), Pair { kind: format!("{}_{kind}", text.lang.code()), right, wrong }));
                }
            };
            // What is drawn for a sentence depends on the sentence, not on how many texts there are.
            let random = |kind: &str| Random::new(seed, &format!("{kind} {}", sentence.text));
            let whole = || sentence.text.to_owned();
            let mut dice = random("agreement");
            let wrong = match text.lang {
                Lang::En => swaps::english_agreement(sentence, &mut dice),
                Lang::Zh => swaps::measure_word(sentence, &mut dice),
            };
            offer("agreement", whole(), wrong, &mut dice);
            let mut dice = random("order");
            offer("order", whole(), swaps::order(sentence, &mut dice), &mut dice);
            let mut dice = random("cloze");
            offer("cloze", whole(), swaps::last_word(sentence, text.lang, &lexicon, &mut dice), &mut dice);
            let mut dice = random("fact");
            if let Some((before, wrong)) = swaps::fact(sentence, number, text, &seen_words, &lexicon, &mut dice) {
                let gap = if text.lang == Lang::En { " " } else { "" };
                let context = text.sentences[before].text;
                offer("fact", format!("{context}{gap}{}", sentence.text), Some(format!("{context}{gap}{wrong}")), &mut dice);
            }
            for word in 0..sentence.words.len() {
                seen_words.entry(sentence.word(word)).or_insert(at);
            }
        }
        for mut pairs in own.into_values() {
            pairs.sort_by_key(|(draw, _)| *draw);
            pairs.truncate(MOST_OF_A_TEXT);
            for (draw, pair) in pairs {
                found.entry(pair.kind.clone()).or_default().push((draw, pair));
            }
        }
    }
    let chosen = found.into_values().filter(|pairs| pairs.len() >= least).flat_map(|mut pairs| {
        pairs.sort_by(|(a, one), (b, other)| (a, &one.right).cmp(&(b, &other.right)));
        pairs.truncate(most);
        pairs.into_iter().map(|(_, pair)| pair)
    });
    chosen.collect()
}

fn prose(texts: &[String]) -> Vec<Prose<'_>> {
    // The model is part of the program; were it damaged, there would be no pairs, which the verdict says.
    let Ok(identifier) = Identifier::load(BUILT_IN) else { return Vec::new() };
    let mut scratch = Scratch::default();
    let mut seen = BTreeSet::new();
    let mut prose = Vec::new();
    for text in texts {
        let Some(lang) = Lang::of(identifier.identify(text, &mut scratch).lang) else { continue };
        let spans = text.lines().flat_map(|line| sentences::spans(line).into_iter().map(move |span| slice(line, span).trim()));
        let good = spans.filter(|sentence| {
            let ended = sentence.chars().next_back().is_some_and(|last| is(last, SENTENCE_END));
            ended && lang.length().contains(&sentence.len()) && seen.insert(*sentence)
        });
        let sentences = good.map(|text| {
            let mut words = Vec::new();
            Splitter::Icu.split(text, &mut words);
            words.retain(|word| slice(text, *word).chars().next().is_some_and(char::is_alphanumeric));
            Sentence { text, words }
        });
        prose.push(Prose { lang, sentences: sentences.collect() });
    }
    prose
}

#[cfg(test)]
mod tests;
