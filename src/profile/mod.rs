//! What a corpus looks like, in numbers that add up: counts, lengths, scripts, values of its fields, token ids, repeats and visible damage.
//!
//! A profile is a few thousand numbers however large the corpus, is made in one pass over the texts, and does not depend on how the work was cut or
//! ordered: profiles of pieces [`merge`](Profile::merge) into that of the whole. `run/` writes one beside every report; `check/` compares them with bounds and
//! with the profile of another day.

mod letters;
mod repeats;
mod shares;
mod sketch;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use memchr::memmem;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

pub use letters::Letters;
pub use repeats::Repeats;
pub use shares::Shares;
pub use sketch::Sketch;

use crate::text::repair::{Fault, Options, Repairer};
use crate::text::url::Url;

/// Into how many classes token ids are hashed: enough to tell two tokenizers or two languages apart, few enough for a file in git.
pub const TOKEN_CLASSES: usize = 1024;

/// Token ids that are counted one by one, the lowest: nearly all tokenizers number their pieces by how often they were needed.
const FIRST_IDS: u32 = 4096;

/// The numbers of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Documents.
    pub documents: u64,
    /// UTF-8 bytes of their texts.
    pub bytes: u64,
    /// Characters by script and kind.
    pub letters: Letters,
    /// Characters a document.
    pub characters: Sketch,
    /// Documents by visible damage, see [`DAMAGE`].
    pub damage: BTreeMap<String, u64>,
    /// Texts that stand more than once.
    pub texts: Repeats,
    /// Ids that stand more than once, of documents that have one.
    pub ids: Repeats,
    /// Documents that have a field, by its name.
    pub fields: BTreeMap<String, u64>,
    /// Values of text fields, and `host` where documents have a URL.
    pub names: BTreeMap<String, Shares>,
    /// Values of number fields.
    pub numbers: BTreeMap<String, Sketch>,
    /// Tokens, where documents were tokenized.
    pub tokens: Option<TokenUse>,
}

/// The token ids of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenUse {
    /// Tokens a document.
    pub lengths: Sketch,
    /// UTF-8 bytes of the texts that were tokenized.
    pub bytes: u64,
    /// Tokens by class of id; as many as [`TOKEN_CLASSES`].
    pub classes: Vec<u64>,
    /// How often each of the lowest ids was seen, up to the last that was.
    #[serde(default)]
    pub first: Vec<u64>,
}

/// A document, as far as a profile looks at it; its fields are told by [`Profile::field`] and its kin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// The id it came with.
    pub id: Option<&'a str>,
    /// Its text.
    pub text: &'a str,
    /// Where it was fetched.
    pub url: Option<&'a str>,
    /// Ids of its tokens.
    pub tokens: Option<&'a [u32]>,
}

impl Profile {
    /// Counts a document.
    pub fn add(&mut self, row: Row<'_>) {
        let letters = Letters::of(row.text);
        self.documents += 1;
        self.bytes += row.text.len() as u64;
        self.characters.add(letters.total() as f64);
        self.letters.merge(&letters);
        self.texts.add(xxh3_64(row.text.as_bytes()));
        for damage in damage(row.text, &letters) {
            *self.damage.entry(damage.to_owned()).or_default() += 1;
        }
        if let Some(id) = row.id {
            self.ids.add(xxh3_64(id.as_bytes()));
        }
        if let Some(host) = row.url.and_then(|url| Url::parse(url).host) {
            self.name("host", &host);
        }
        if let Some(ids) = row.tokens {
            let tokens = self.tokens.get_or_insert_default();
            tokens.classes.resize(TOKEN_CLASSES, 0);
            tokens.lengths.add(ids.len() as f64);
            tokens.bytes += row.text.len() as u64;
            let low = ids.iter().fold(0, |end: u32, id| if *id < FIRST_IDS { end.max(*id + 1) } else { end });
            tokens.first.resize(tokens.first.len().max(low as usize), 0);
            if let Some(classes) = tokens.classes.first_chunk_mut::<TOKEN_CLASSES>() {
                ids.iter().for_each(|id| classes[token_class(*id)] += 1);
            }
            let first = tokens.first.as_mut_slice();
            for id in ids {
                if let Some(count) = first.get_mut(*id as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Counts that a document has the field `name`.
    pub fn field(&mut self, name: &str) {
        count(&mut self.fields, name, 1);
    }

    /// Counts a value of the text field `name`.
    pub fn name(&mut self, name: &str, value: &str) {
        entry(&mut self.names, name).add(value);
    }

    /// Counts a value of the number field `name`.
    pub fn number(&mut self, name: &str, value: f64) {
        entry(&mut self.numbers, name).add(value);
    }

    /// Adds the profile of other documents.
    pub fn merge(&mut self, other: &Profile) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.letters.merge(&other.letters);
        self.characters.merge(&other.characters);
        self.texts.merge(&other.texts);
        self.ids.merge(&other.ids);
        other.damage.iter().for_each(|(name, times)| count(&mut self.damage, name, *times));
        other.fields.iter().for_each(|(name, times)| count(&mut self.fields, name, *times));
        other.names.iter().for_each(|(name, shares)| entry(&mut self.names, name).merge(shares));
        other.numbers.iter().for_each(|(name, sketch)| entry(&mut self.numbers, name).merge(sketch));
        if let Some(more) = &other.tokens {
            let tokens = self.tokens.get_or_insert_default();
            tokens.classes.resize(TOKEN_CLASSES, 0);
            tokens.lengths.merge(&more.lengths);
            tokens.bytes += more.bytes;
            tokens.classes.iter_mut().zip(&more.classes).for_each(|(all, more)| *all += more);
            let first = tokens.first.len().max(more.first.len());
            tokens.first.resize(first, 0);
            tokens.first.iter_mut().zip(&more.first).for_each(|(all, more)| *all += more);
        }
    }
}

impl TokenUse {
    /// Tokens of all documents.
    pub fn total(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Of all tokens, how often each of the lowest ids was seen.
    pub fn frequent(&self) -> Shares {
        let counts: BTreeMap<String, u64> =
            (0..).zip(&self.first).filter(|(_, count)| **count > 0).map(|(id, count): (u64, &u64)| (id.to_string(), *count)).collect();
        Shares { other: self.total() - counts.values().sum::<u64>(), counts }
    }
}

fn entry<'m, T: Default>(map: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.entry(name.to_owned()).or_default()
}

fn count(map: &mut BTreeMap<String, u64>, name: &str, times: u64) {
    *entry(map, name) += times;
}

/// The class of a token id: neighbours fall far apart (Knuth's multiplicative hash).
fn token_class(id: u32) -> usize {
    (id.wrapping_mul(2_654_435_769) >> 22) as usize % TOKEN_CLASSES
}

/// Kinds of visible damage, by name.
pub const DAMAGE: [&str; 7] = ["empty", "no_letters", "mojibake", "replacement", "control", "private_use", "markup"];

/// What anyone would see to be wrong with a text.
fn damage(text: &str, letters: &Letters) -> impl Iterator<Item = &'static str> {
    static MOJIBAKE: LazyLock<Repairer> = LazyLock::new(|| Repairer::new(Options { mojibake: true, double_byte: true, ..Options::nothing() }));
    let mended = (!text.is_ascii()).then(|| MOJIBAKE.repair(text)).flatten();
    let empty = text.trim().is_empty();
    let found = [
        empty,
        !empty && letters.letters() == 0,
        mended.is_some_and(|(_, counts)| counts.of(Fault::Mojibake) + counts.of(Fault::DoubleByte) > 0),
        letters.replacements() > 0,
        letters.controls() > 0,
        letters.private() > 0,
        has_markup(text),
    ];
    DAMAGE.into_iter().zip(found).filter_map(|(name, found)| found.then_some(name))
}

/// Whether an end tag of a usual element of HTML stands in a text.
fn has_markup(text: &str) -> bool {
    const ELEMENTS: [&str; 12] = ["a", "div", "p", "span", "td", "tr", "li", "ul", "script", "style", "strong", "h2"];
    const LONGEST: usize = "strong".len();
    memmem::find_iter(text.as_bytes(), b"</").any(|at| {
        // No further than the longest name reaches, else a text of such beginnings alone would be read once for each.
        let rest = &text.as_bytes()[at + 2..];
        let name = rest.iter().take(LONGEST + 1).position(|byte| *byte == b'>').map(|end| &rest[..end]);
        name.is_some_and(|name| ELEMENTS.iter().any(|element| name.eq_ignore_ascii_case(element.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Profile {
        let mut profile = Profile::default();
        texts.iter().for_each(|text| profile.add(Row { text, ..Row::default() }));
        profile
    }

    #[test]
    fn damage_is_counted_by_document() {
        let profile =
            of(&["Good text.", "  \n", "1, 2, 3", "cafÃ© au lait, dÃ©jÃ  vu", "a \u{fffd}\u{fffd}", "b\u{7}", "<p>left</p>", "\u{e001} c", "好文章。"]);
        let wanted = ["control", "empty", "markup", "mojibake", "no_letters", "private_use", "replacement"].map(|name| (name.to_owned(), 1));
        assert_eq!(profile.damage, BTreeMap::from(wanted));
        assert_eq!(profile.documents, 9);
    }

    #[test]
    fn markup_is_end_tags_of_usual_elements() {
        assert!(["<p>a</p>", "a</STRONG>b"].map(has_markup).iter().all(|found| *found));
        assert!(!["a </", "</strongs>", "x </y>", "a < b </ p>"].map(has_markup).iter().any(|found| *found));
        // Quadratic work over it would take hours.
        assert!(!has_markup(&"</".repeat(5_000_000)));
    }

    #[test]
    fn profiles_of_pieces_add_up_through_json() {
        let texts = ["one", "two words", "one", "三个词"];
        let tell = |profile: &mut Profile, at: usize| {
            let ids = [at as u32, 7, 70_000];
            profile.add(Row { id: Some(texts[at]), text: texts[at], url: Some("https://www.Example.org/a"), tokens: Some(&ids) });
            profile.field("lang");
            profile.name("lang", ["en", "zh"][at / 3]);
            profile.number("score", at as f64 / 10.0);
        };
        let (mut whole, mut left, mut right) = (Profile::default(), Profile::default(), Profile::default());
        (0..4).for_each(|at| tell(&mut whole, at));
        (0..2).for_each(|at| tell(&mut left, at));
        (2..4).for_each(|at| tell(&mut right, at));
        left.merge(&serde_json::from_str(&serde_json::to_string(&right).unwrap()).unwrap());
        assert_eq!(left, whole);
        assert_eq!(whole.texts.rate(), (0.25, 4));
        assert_eq!(whole.tokens.as_ref().map(TokenUse::total), Some(12));
        let frequent = whole.tokens.as_ref().map(TokenUse::frequent).unwrap();
        assert_eq!((frequent.counts["7"], frequent.counts["3"], frequent.other), (4, 1, 4), "70,000 is no low id");
        assert_eq!(whole.names["lang"].counts, [("en".to_owned(), 3), ("zh".to_owned(), 1)].into());
        assert_eq!(whole.names["host"].total(), 4);
    }

    #[test]
    fn token_classes_are_evenly_filled() {
        let mut classes = vec![0; TOKEN_CLASSES];
        (0..50_257).for_each(|id| classes[token_class(id)] += 1);
        assert!(classes.iter().all(|count| (40..60).contains(count)), "{classes:?}");
    }
}
