//! Shares of the languages of a text that mixes them, by paragraph.

use super::languages::NONE;

/// Letters below which a line is too short to be asked alone.
const ALONE: usize = 24;

/// The languages of `text` and their shares of its letters, the largest first; empty for a text without letters. `identify` says which language a
/// line is in.
///
/// Every line is judged by itself; lines of fewer than 24 letters count with the line before them (those at the beginning with the line after).
/// Lines without language count as `zxx`.
pub fn shares<L: Clone + Ord + AsRef<str>>(text: &str, mut identify: impl FnMut(&str) -> L) -> Vec<(L, f32)> {
    let mut sums: Vec<(L, usize)> = Vec::new();
    let mut add = |lang: L, letters: usize| match sums.iter_mut().find(|sum| sum.0 == lang) {
        Some(sum) => sum.1 += letters,
        None => sums.push((lang, letters)),
    };
    let (mut last, mut waiting) = (None, 0);
    for line in text.lines() {
        let letters = line.chars().filter(|c| c.is_alphabetic()).count();
        if letters >= ALONE {
            let lang = identify(line);
            add(lang.clone(), letters + waiting);
            (last, waiting) = (Some(lang), 0);
        } else if let Some(lang) = &last {
            add(lang.clone(), letters);
        } else {
            waiting += letters;
        }
    }
    if waiting > 0 {
        add(identify(text), waiting);
    }
    let all: usize = sums.iter().map(|sum| sum.1).sum();
    sums.retain(|sum| sum.1 > 0);
    let none = |lang: &L| lang.as_ref() == NONE;
    sums.sort_by(|a, b| b.1.cmp(&a.1).then(none(&a.0).cmp(&none(&b.0))).then(a.0.cmp(&b.0)));
    sums.into_iter().map(|(lang, letters)| (lang, letters as f32 / all as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{BUILT_IN, Identifier, Scratch};

    fn shares(text: &str) -> Vec<(&'static str, f32)> {
        let identifier = Identifier::load(BUILT_IN).unwrap();
        super::shares(text, |line| identifier.identify(line, &mut Scratch::default()).lang)
    }

    const ENGLISH: &str = "The river rises in the hills above the town and is crossed there by a bridge of stone.\n";
    const GERMAN: &str = "Der Fluss entspringt in den Hügeln über der Stadt und wird dort von einer Brücke aus Stein überspannt.\n";

    #[test]
    fn paragraphs_count_by_their_letters() {
        let found = shares(&[ENGLISH, GERMAN, "Ende\n", GERMAN].concat());
        assert_eq!(found.iter().map(|share| share.0).collect::<Vec<_>>(), ["de", "en"]);
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() as f32;
        let (german, english) = (letters(GERMAN) * 2.0 + 4.0, letters(ENGLISH));
        assert!((found[0].1 - german / (german + english)).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn short_texts_are_asked_as_a_whole_and_nothing_has_no_shares() {
        assert_eq!(shares("Wie geht es\ndir heute?"), [("de", 1.0)]);
        assert_eq!(shares("12\n--\n"), []);
    }
}
