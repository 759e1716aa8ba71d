//! WordPiece: pieces are found as BPE finds them, and words are cut by the longest piece that matches.

use std::collections::HashMap;

use super::alphabet::Alphabet;
use super::words::Words;
use super::{Cuts, Entries, LearnOptions, Learnt, bpe};
use crate::tokenizer::TokenizerError;

/// What marks a piece that continues a word.
pub(super) const PREFIX: &str = "##";

pub(super) fn train(words: &Words, alphabet: &Alphabet, options: &LearnOptions) -> Result<Learnt, TokenizerError> {
    let learnt = bpe::train(words, alphabet, PREFIX, options)?;
    let ids: HashMap<&str, u32> = learnt.pieces.iter().map(String::as_str).zip(0..).collect();
    let unknown = ids.get("[UNK]").copied().unwrap_or(0);
    let longest = learnt.pieces.iter().map(String::len).max().unwrap_or(0);
    let mut cuts = Cuts::default();
    let mut marked = String::new();
    for word in &words.words {
        let mut found = Vec::new();
        let mut rest: &str = &word.text;
        while !rest.is_empty() {
            marked.clear();
            if !found.is_empty() {
                marked.push_str(PREFIX);
            }
            let before = marked.len();
            marked.push_str(&rest[..rest.floor_char_boundary(longest)]);
            let id = loop {
                match ids.get(marked.as_str()) {
                    Some(id) => break Some(*id),
                    None => marked.pop(),
                };
                if marked.len() == before {
                    break None;
                }
            };
            let Some(id) = id else {
                // A word with a letter that has no piece is unknown as a whole.
                found = vec![unknown];
                break;
            };
            found.push(id);
            rest = &rest[marked.len() - before..];
        }
        cuts.push(found);
    }
    Ok(Learnt { entries: Entries::Longest, cuts, ..learnt })
}
