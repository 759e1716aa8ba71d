//! WordPiece as BERT uses it: normalized words, matched from the left by the longest token each time (Wu et al. 2016, Devlin
//! et al. 2019). A trie finds the longest token in one walk; words over the limit of the model are unknown, so that the work
//! a character is bounded.

use std::ops::ControlFlow;

use serde_json::Value;
use tokenizers::Tokenizer as Reference;

use super::EncodeScratch;
use super::bert::{Bert, Kind};
use super::pairs::{NONE, PairTable};
use super::words::key;

pub(super) struct WordPiece {
    bert: Bert,
    unknown: u32,
    /// Characters of the longest word that is looked at.
    longest: usize,
    /// (node, byte) to node.
    trie: PairTable,
    /// The token that ends at a node, or `NO_TOKEN`.
    tokens: Vec<u32>,
}

const START: u32 = 0;
const CONTINUED: u32 = 1;
const NO_TOKEN: u32 = u32::MAX;

impl WordPiece {
    pub fn from_json(json: &Value, reference: &Reference) -> Option<WordPiece> {
        let is_bert = json["normalizer"]["type"] == "BertNormalizer" && json["pre_tokenizer"]["type"] == "BertPreTokenizer";
        let model = &json["model"];
        let prefix = model["continuing_subword_prefix"].as_str().filter(|prefix| !prefix.is_empty())?;
        if !is_bert {
            return None;
        }
        let vocabulary = model["vocab"].as_object()?;
        let id = |token: &Value| token.as_u64().and_then(|id| u32::try_from(id).ok());
        let vocabulary: Option<Vec<_>> = vocabulary.iter().map(|(token, value)| Some((&token[..], id(value)?))).collect();
        let vocabulary = vocabulary?;
        let unknown = model["unk_token"].as_str()?;
        let unknown = vocabulary.iter().find(|(token, _)| *token == unknown)?.1;
        let (trie, tokens) = trie(&vocabulary, prefix);
        Some(WordPiece {
            bert: Bert::new(reference.get_normalizer()?, reference.get_pre_tokenizer()?)?,
            unknown,
            longest: model["max_input_chars_per_word"].as_u64()? as usize,
            trie,
            tokens,
        })
    }

    /// `Break` when the text has a character that only the reference can tell; `out` then holds ids that are to be dropped.
    pub fn encode(&self, text: &str, out: &mut Vec<u32>, scratch: &mut EncodeScratch) -> ControlFlow<()> {
        let mut word = std::mem::take(&mut scratch.bytes);
        word.clear();
        let mut chars = text.chars();
        let flow = loop {
            let Some(c) = chars.next() else {
                break ControlFlow::Continue(());
            };
            let made = match u8::try_from(c) {
                Ok(byte) if byte < 0x80 => self.bert.ascii(byte),
                _ => self.bert.made(c),
            };
            match made.kind {
                Kind::Word => word.extend_from_slice(made.text()),
                Kind::Space => self.word(&mut word, out, scratch),
                Kind::Alone => {
                    self.word(&mut word, out, scratch);
                    word.extend_from_slice(made.text());
                    self.word(&mut word, out, scratch);
                }
                Kind::Odd => break ControlFlow::Break(()),
            }
        };
        self.word(&mut word, out, scratch);
        scratch.bytes = word;
        flow
    }

    /// Appends the tokens of a word, if there is one, and empties it.
    #[inline(always)]
    fn word(&self, word: &mut Vec<u8>, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        if word.is_empty() {
            return;
        }
        let key = key(word, 0, word.len());
        if !key.is_some_and(|key| scratch.cache.get(key, out)) {
            let start = out.len();
            self.pieces(word, out);
            if let Some(key) = key {
                scratch.cache.put(key, &out[start..]);
            }
        }
        word.clear();
    }

    fn pieces(&self, word: &[u8], out: &mut Vec<u32>) {
        let start = out.len();
        let chars = word.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let mut at = 0;
        while at < word.len() {
            let root = if at == 0 { START } else { CONTINUED };
            match self.longest_token(root, &word[at..]) {
                Some((token, length)) if chars <= self.longest => {
                    out.push(token);
                    at += length;
                }
                _ => {
                    out.truncate(start);
                    out.push(self.unknown);
                    return;
                }
            }
        }
    }

    fn longest_token(&self, root: u32, word: &[u8]) -> Option<(u32, usize)> {
        let (mut node, mut found) = (root, None);
        for (byte, length) in word.iter().zip(1..) {
            let next = self.trie.get(node, u32::from(*byte));
            if next == NONE {
                break;
            }
            node = next as u32;
            match self.tokens[node as usize] {
                NO_TOKEN => {}
                token => found = Some((token, length)),
            }
        }
        found
    }
}

/// Two tries in one: tokens that start a word from node 0, tokens that continue one, their prefix taken off, from node 1. A
/// token with the prefix also stands in the first, where the characters of the prefix begin a word.
fn trie(vocabulary: &[(&str, u32)], prefix: &str) -> (PairTable, Vec<u32>) {
    let mut edges = std::collections::BTreeMap::new();
    let mut tokens = vec![NO_TOKEN; 2];
    let starts = vocabulary.iter().map(|(token, id)| (START, *token, *id));
    let continued = vocabulary.iter().filter_map(|(token, id)| Some((CONTINUED, token.strip_prefix(prefix)?, *id)));
    for (root, token, id) in starts.chain(continued).filter(|(_, token, _)| !token.is_empty()) {
        let node = token.bytes().fold(root, |node, byte| {
            *edges.entry((node, byte)).or_insert_with(|| {
                tokens.push(NO_TOKEN);
                tokens.len() as u32 - 1
            })
        });
        tokens[node as usize] = id;
    }
    let count = edges.len();
    let edges = edges.into_iter().map(|((node, byte), next)| (node, u32::from(byte), u64::from(next)));
    (PairTable::new(edges, count), tokens)
}
