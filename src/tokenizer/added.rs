//! Added tokens of a tokenizer.json: texts that become one id wherever they stand, cut out before anything else happens.

use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::Tokenizer as Reference;

pub(super) struct Added {
    /// Tokens looked for in the text as it is, then those looked for in normalized text; both leftmost-longest.
    passes: Vec<Pass>,
    /// Tokens that also take the space beside them or must stand as a word: texts with one of them go to the reference.
    awkward: Option<AhoCorasick>,
}

struct Pass {
    search: AhoCorasick,
    ids: Vec<u32>,
}

/// A stretch of text between added tokens, or one of these.
pub(super) enum Segment<'a> {
    Text(&'a str),
    Token(u32),
}

impl Added {
    /// `None` when a token must be looked for in text that a normalizer has changed.
    pub fn new(reference: &Reference, normalizes: bool) -> Option<Added> {
        let mut raw: Vec<(String, u32)> = Vec::new();
        let mut normalized: Vec<(String, u32)> = Vec::new();
        let mut awkward: Vec<String> = Vec::new();
        let mut all: Vec<_> = reference.get_added_tokens_decoder().into_iter().collect();
        all.sort_by_key(|(id, _)| *id);
        for (id, token) in all {
            if token.content.is_empty() {
                continue;
            }
            if token.single_word || token.lstrip || token.rstrip {
                awkward.push(token.content);
            } else if !token.normalized {
                raw.push((token.content, id));
            } else if normalizes {
                return None;
            } else {
                normalized.push((token.content, id));
            }
        }
        let mut passes = Vec::new();
        for tokens in [raw, normalized] {
            if !tokens.is_empty() {
                let search = search(tokens.iter().map(|(content, _)| content))?;
                passes.push(Pass { search, ids: tokens.into_iter().map(|(_, id)| id).collect() });
            }
        }
        let awkward = match awkward.is_empty() {
            true => None,
            false => Some(search(awkward.iter())?),
        };
        Some(Added { passes, awkward })
    }

    /// Whether only the reference can tell what becomes of this text.
    pub fn is_awkward(&self, text: &str) -> bool {
        self.awkward.as_ref().is_some_and(|search| search.is_match(text))
    }

    pub fn split<'a>(&self, text: &'a str, each: &mut dyn FnMut(Segment<'a>)) {
        split_by(&self.passes, text, each);
    }
}

fn split_by<'a>(passes: &[Pass], text: &'a str, each: &mut dyn FnMut(Segment<'a>)) {
    if text.is_empty() {
        return;
    }
    let Some((pass, rest)) = passes.split_first() else {
        return each(Segment::Text(text));
    };
    let mut at = 0;
    for found in pass.search.find_iter(text) {
        split_by(rest, &text[at..found.start()], each);
        each(Segment::Token(pass.ids[found.pattern().as_usize()]));
        at = found.end();
    }
    split_by(rest, &text[at..], each);
}

fn search<'a>(contents: impl Iterator<Item = &'a String>) -> Option<AhoCorasick> {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(contents).ok()
}
