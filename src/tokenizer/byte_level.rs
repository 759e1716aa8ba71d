//! Byte-level BPE with a known split pattern: the fast path of GPT-2, cl100k, o200k, Llama 3 and Qwen vocabularies.

use super::EncodeScratch;
use super::merges::Merges;
use super::split::Pattern;
use super::words::{WordTable, key};

pub(super) struct ByteLevel {
    pattern: Pattern,
    /// The symbol of each byte.
    bytes: [u32; 256],
    merges: Merges,
    /// Words that become one token.
    words: WordTable,
}

impl ByteLevel {
    /// `tokens`: the bytes of each token and its id. With `whole_words`, a word that is a token becomes it whatever the merges
    /// would make of it (tiktoken; `ignore_merges` in a tokenizer.json). `None` unless every byte is a token.
    pub fn new(
        pattern: Pattern,
        tokens: &[(Vec<u8>, u32)],
        pairs: &[(u32, u32, u32, u32)],
        whole_words: bool,
    ) -> Option<ByteLevel> {
        let mut bytes = [u32::MAX; 256];
        for (token, id) in tokens {
            if let [byte] = token[..] {
                bytes[usize::from(byte)] = *id;
            }
        }
        if bytes.contains(&u32::MAX) {
            return None;
        }
        let merges = Merges::new(pairs);
        let mut word = Vec::new();
        let mut is_whole = |token: &[u8], id: u32| {
            word.clear();
            word.extend(token.iter().map(|byte| bytes[usize::from(*byte)]));
            merges.apply(&mut word);
            word == [id]
        };
        let whole: Vec<(&[u8], u32)> = tokens
            .iter()
            .map(|(token, id)| (&token[..], *id))
            .filter(|(token, id)| whole_words || is_whole(token, *id))
            .collect();
        let words = WordTable::new(whole.iter().copied());
        Some(ByteLevel {
            pattern,
            bytes,
            merges,
            words,
        })
    }

    pub fn encode(&self, text: &str, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        let bytes = text.as_bytes();
        self.pattern
            .split(text, |from, to| match key(bytes, from, to) {
                Some(key) => {
                    if scratch.cache.get(key, out) {
                        return;
                    }
                    let start = out.len();
                    match self.words.get(key) {
                        Some(id) => out.push(id),
                        None => self.merge(&bytes[from..to], out, &mut scratch.word),
                    }
                    scratch.cache.put(key, &out[start..]);
                }
                None => match self.words.get_long(&bytes[from..to]) {
                    Some(id) => out.push(id),
                    None => self.merge(&bytes[from..to], out, &mut scratch.word),
                },
            });
    }

    #[inline(never)]
    fn merge(&self, word: &[u8], out: &mut Vec<u32>, symbols: &mut Vec<u32>) {
        symbols.clear();
        symbols.extend(word.iter().map(|byte| self.bytes[usize::from(*byte)]));
        self.merges.apply(symbols);
        out.extend_from_slice(symbols);
    }
}
