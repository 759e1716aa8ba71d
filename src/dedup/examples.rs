//! A few of the things that deduplication has found, with their texts, for people to look at: lines of JSON in `examples.jsonl` among a stage's files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::cuts::Snap;

/// Name of the file.
pub const FILE: &str = "examples.jsonl";
/// Examples of a stage.
pub const MOST: usize = 24;
/// Passages of a document that are shown.
pub const PASSAGES: usize = 12;
/// Characters of a text that are kept.
const TEXT: usize = 4000;
/// Characters of a repeated passage that are kept, and of what stands before and behind one.
const PASSAGE: usize = 1200;
const AROUND: usize = 400;

/// A document with its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its URL.
    pub url: Option<String>,
    /// The beginning of its text.
    pub text: String,
}

impl Named {
    /// A document with as much of its text as is kept.
    pub fn new((id, url): (String, Option<String>), text: &str) -> Named {
        Named { id, url, text: shortened(text, TEXT, 0) }
    }
}

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// What it says; a long one lacks its middle, where `…` stands.
    pub text: String,
    /// Whether it stands elsewhere too.
    pub repeated: bool,
    /// Name of a document that holds a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Example {
    /// A document that goes, and the one that stays for it.
    Alike {
        /// Whoever stays.
        stays: Named,
        /// Whoever goes.
        goes: Named,
        /// How alike they are, where that was measured.
        similarity: Option<f64>,
    },
    /// A document with passages that stand elsewhere too.
    Repeats {
        /// Its id.
        id: String,
        /// Its URL.
        url: Option<String>,
        /// Its text in order.
        pieces: Vec<Piece>,
    },
}

/// The text with its repeated ranges apart; each range has the name of a document that holds a copy. Ranges are in order.
pub fn pieces(text: &str, ranges: Vec<(usize, usize, Option<String>)>, snap: Snap) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut at = 0;
    for (start, end, copy) in ranges {
        let Some((start, end)) = snap.shrink(text, start.max(at), end) else { continue };
        if start > at {
            found.push(Piece { text: shortened(&text[at..start], AROUND, AROUND), repeated: false, copy: None });
        }
        found.push(Piece { text: shortened(&text[start..end], PASSAGE, PASSAGE), repeated: true, copy });
        at = end;
    }
    if at < text.len() {
        found.push(Piece { text: shortened(&text[at..], AROUND, 0), repeated: false, copy: None });
    }
    found
}

/// The first and the last characters of a text, with a mark between them where something is left out.
pub fn shortened(text: &str, first: usize, last: usize) -> String {
    let Some((head, _)) = text.char_indices().nth(first) else { return text.to_owned() };
    let tail = if last == 0 { text.len() } else { text.char_indices().rev().nth(last - 1).map_or(0, |(at, _)| at) };
    if tail <= head { text.to_owned() } else { format!("{} … {}", &text[..head], &text[tail..]) }
}

/// Chooses [`MOST`] of what comes, in no way that depends on its order or number.
#[derive(Debug)]
pub struct Chosen<T>(BTreeMap<(u64, [u64; 2]), T>);

impl<T> Default for Chosen<T> {
    fn default() -> Self {
        Chosen(BTreeMap::new())
    }
}

impl<T> Chosen<T> {
    /// Offers a thing named by two numbers. Gives the place of what belongs to it, if it is among the chosen so far.
    pub fn offer(&mut self, name: [u64; 2], empty: impl FnOnce() -> T) -> Option<&mut T> {
        let key = (xxh3_64(name.map(u64::to_le_bytes).as_flattened()), name);
        if self.0.len() >= MOST && self.0.last_key_value().is_some_and(|(last, _)| key > *last) {
            return None;
        }
        self.0.entry(key).or_insert_with(empty);
        if self.0.len() > MOST {
            self.0.pop_last();
        }
        self.0.get_mut(&key)
    }

    /// What was chosen, in order of the names.
    pub fn into_sorted(self) -> Vec<([u64; 2], T)> {
        let mut chosen: Vec<_> = self.0.into_iter().map(|((_, name), thing)| (name, thing)).collect();
        chosen.sort_by_key(|(name, _)| *name);
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_the_same_in_any_order() {
        let names: Vec<u64> = (0..1000).collect();
        let choose = |names: &mut dyn Iterator<Item = &u64>| {
            let mut chosen = Chosen::default();
            names.for_each(|name| {
                chosen.offer([*name, 7], || *name);
            });
            chosen.into_sorted()
        };
        let forward = choose(&mut names.iter());
        assert_eq!(forward, choose(&mut names.iter().rev()));
        assert_eq!(forward.len(), MOST);
        // Not just the first ones.
        assert!(forward.last().is_some_and(|(name, _)| name[0] > 500));
    }

    #[test]
    fn a_text_falls_into_what_is_repeated_and_what_is_not() {
        let piece = |text: &str, repeated: bool| Piece { text: text.to_owned(), repeated, copy: repeated.then(|| "x".to_owned()) };
        let copy = || Some("x".to_owned());
        let cut = pieces("one two three four", vec![(3, 9, copy()), (8, 13, copy())], Snap::Word);
        assert_eq!(cut, [piece("one", false), piece(" two ", true), piece("three", true), piece(" four", false)]);
        assert_eq!(pieces("我们", vec![(0, 4, copy())], Snap::Char), [piece("我", true), piece("们", false)]);
        let long = "é".repeat(5000);
        let kept = &pieces(&long, vec![(1000, 9000, copy())], Snap::Char);
        assert_eq!(kept.iter().map(|piece| piece.text.chars().filter(|c| *c == 'é').count()).collect::<Vec<_>>(), [500, 2400, 400]);
        assert!(kept[1].text.contains(" … ") && !kept[0].text.contains('…') && kept[2].text.ends_with(" … "));
    }
}
