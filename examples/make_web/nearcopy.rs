//! A page told a second time with one sentence exchanged or added, and how alike the two are.

use std::collections::HashSet;

use crate::{dice::Dice, prose::Page};

/// Words in a shingle, as in the published MinHash settings.
const SHINGLE: usize = 5;
/// The least likeness of a near copy; under it another place is tried.
pub const LEAST: f64 = 0.86;

/// `page` with `sentence` put in place of one of its own or at the end of a paragraph, and the Jaccard similarity of the two.
///
/// # Panics
/// When no place keeps the likeness at or above [`LEAST`].
pub fn make(page: &Page, sentence: &str) -> (Page, f64) {
    let mut dice = Dice::new(&format!("near copy {}", page.url()));
    let paragraphs = page.paragraphs().count();
    for _ in 0..200 {
        let mut copy = page.clone();
        let at = dice.below(paragraphs);
        let Some(text) = copy.paragraphs_mut().nth(at) else { continue };
        let mut sentences = split_sentences(text);
        let place = dice.below(sentences.len());
        if dice.below(3) == 0 {
            sentences.insert(place + 1, sentence);
        } else {
            sentences[place] = sentence;
        }
        *text = sentences.join(" ");
        let likeness = jaccard(&page.text(), &copy.text());
        if (LEAST..1.0).contains(&likeness) {
            return (copy, likeness);
        }
    }
    panic!("no near copy of {} with `{sentence}`", page.stem);
}

/// Jaccard similarity of the sets of 5-word shingles; words are runs of letters and digits, in lower case.
pub fn jaccard(a: &str, b: &str) -> f64 {
    let (a, b) = (words(a), words(b));
    let shingles = |words: &[String]| words.windows(SHINGLE).map(<[String]>::to_vec).collect::<HashSet<_>>();
    let (a, b) = (shingles(&a), shingles(&b));
    let shared = a.intersection(&b).count();
    shared as f64 / (a.len() + b.len() - shared) as f64
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn split_sentences(text: &str) -> Vec<&str> {
    let ends = text.match_indices([' ']).filter(|(at, _)| text[..*at].ends_with(['.', '?', '!'])).map(|(at, _)| at);
    let cuts: Vec<usize> = ends.collect();
    let mut start = 0;
    let mut out = Vec::with_capacity(cuts.len() + 1);
    for cut in cuts {
        out.push(&text[start..cut]);
        start = cut + 1;
    }
    out.push(&text[start..]);
    out
}
