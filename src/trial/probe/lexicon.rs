//! The words of all held-out texts, by what another word must share to take their place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Lang, Prose};
use crate::train::random::Random;

/// What makes two words exchangeable: language, characters, how they are written, how frequent they are.
type Shape = (Lang, usize, Case, u32);

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    /// Letters, the first of them upper case.
    Capital,
    /// Letters.
    Small,
    /// A number.
    Number,
}

impl Case {
    /// `None` for words of signs and of letters and digits mixed.
    pub(super) fn of(word: &str) -> Option<Case> {
        if word.chars().all(char::is_numeric) {
            return Some(Case::Number);
        }
        let letters = word.chars().all(char::is_alphabetic);
        letters.then(|| if word.starts_with(char::is_uppercase) { Case::Capital } else { Case::Small })
    }
}

/// A word and the only text that has it.
type Rare<'t> = (&'t str, usize);

struct Entry {
    count: u32,
    /// The only text that has it.
    only: Option<usize>,
}

/// Words with their counts.
pub(super) struct Lexicon<'t> {
    words: HashMap<(Lang, &'t str), Entry>,
    shapes: BTreeMap<Shape, Vec<&'t str>>,
    /// Words that one text alone has, with that text.
    rare: BTreeMap<(Lang, usize, Case), Vec<Rare<'t>>>,
}

impl<'t> Lexicon<'t> {
    pub(super) fn of(prose: &[Prose<'t>]) -> Lexicon<'t> {
        let mut words: HashMap<(Lang, &'t str), Entry> = HashMap::new();
        for (number, text) in prose.iter().enumerate() {
            for sentence in &text.sentences {
                for at in 0..sentence.words.len() {
                    let entry = words.entry((text.lang, sentence.word(at))).or_insert(Entry { count: 0, only: Some(number) });
                    entry.count += 1;
                    entry.only = entry.only.filter(|only| *only == number);
                }
            }
        }
        // Sorted, so that nothing depends on the order of the table.
        let sorted: BTreeSet<(Lang, &'t str)> = words.keys().copied().collect();
        let (mut shapes, mut rare) = (BTreeMap::<Shape, Vec<&str>>::new(), BTreeMap::<_, Vec<Rare<'t>>>::new());
        for (lang, word) in sorted {
            let (Some(case), Some(entry)) = (Case::of(word), words.get(&(lang, word))) else { continue };
            let length = word.chars().count();
            shapes.entry((lang, length, case, entry.count.ilog2())).or_default().push(word);
            if let Some(only) = entry.only {
                rare.entry((lang, length, case)).or_default().push((word, only));
            }
        }
        Lexicon { words, shapes, rare }
    }

    /// Another word of as many characters, as frequent to a factor of two.
    pub(super) fn as_frequent(&self, lang: Lang, word: &str, random: &mut Random) -> Option<&'t str> {
        let entry = self.words.get(&(lang, word))?;
        let alike = self.shapes.get(&(lang, word.chars().count(), Case::of(word)?, entry.count.ilog2()))?;
        draw(alike.len(), random, |at| (alike[at] != word).then_some(alike[at]))
    }

    /// The text that alone has the word.
    pub(super) fn only(&self, lang: Lang, word: &str) -> Option<usize> {
        self.words.get(&(lang, word))?.only
    }

    /// A word of as many characters that another text alone has.
    pub(super) fn of_another_text(&self, lang: Lang, word: &str, text: usize, random: &mut Random) -> Option<&'t str> {
        let alike = self.rare.get(&(lang, word.chars().count(), Case::of(word)?))?;
        draw(alike.len(), random, |at| (alike[at].1 != text).then_some(alike[at].0))
    }
}

/// The first of a few draws that is good.
fn draw<'t>(count: usize, random: &mut Random, good: impl Fn(usize) -> Option<&'t str>) -> Option<&'t str> {
    const TRIES: usize = 8;
    (0..TRIES).find_map(|_| good(random.below(count.max(1)).min(count.checked_sub(1)?)))
}
