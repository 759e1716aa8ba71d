//! Byte-level BPE with a known split pattern: the fast path of GPT-2, cl100k, o200k, Llama 3 and Qwen vocabularies.

use super::EncodeScratch;
use super::merges::Merges;
use super::normal::Form;
use super::seams::Seams;
use super::split::Pattern;
use super::words::{PIECE, WordTable, key};

/// Words that are looked up together.
const TOGETHER: usize = 64;

pub(super) struct ByteLevel {
    normalize: Option<Form>,
    pattern: Pattern,
    /// The symbol of each byte.
    bytes: [u32; 256],
    /// What each two bytes merge into, by the first and the second: most look-ups, in a table that a cache holds.
    byte_pairs: Vec<u64>,
    merges: Merges,
    /// Words that become one token.
    words: WordTable,
    seams: Seams,
}

impl ByteLevel {
    /// `tokens`: the bytes of each token and its id. With `whole_words`, a word that is a token becomes it whatever the merges
    /// would make of it (tiktoken; `ignore_merges` in a tokenizer.json). `None` unless every byte is a token.
    pub fn new(normalize: Option<Form>, pattern: Pattern, tokens: &[(Vec<u8>, u32)], pairs: &[(u32, u32, u32, u32)], whole_words: bool) -> Option<ByteLevel> {
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
        let whole: Vec<(&[u8], u32)> = tokens.iter().map(|(token, id)| (&token[..], *id)).filter(|(token, id)| whole_words || is_whole(token, *id)).collect();
        let words = WordTable::new(whole.iter().copied());
        Some(ByteLevel {
            normalize,
            pattern,
            byte_pairs: (0..1 << 16).map(|pair: usize| merges.get(bytes[pair >> 8], bytes[pair & 0xff])).collect(),
            bytes,
            merges,
            words,
            seams: Seams::of(tokens.iter().map(|(token, _)| &token[..])),
        })
    }

    pub fn encode(&self, text: &str, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        match self.normalize {
            None => self.encode_normal(text, out, scratch),
            Some(form) => {
                let mut buffer = std::mem::take(&mut scratch.text);
                self.encode_normal(form.apply(text, &mut buffer), out, scratch);
                scratch.text = buffer;
            }
        }
    }

    /// Words are looked up a few dozen at a time: what the processor waits for is the cache, and so it waits for many words at once.
    fn encode_normal(&self, text: &str, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        let mut ends = [0; TOGETHER];
        let (mut from, mut count) = (0, 0);
        self.pattern.split(text, |_, to| {
            ends[count] = to;
            count += 1;
            if count == TOGETHER {
                self.look_up(text, from, &ends, out, scratch);
                (from, count) = (to, 0);
            }
        });
        self.look_up(text, from, &ends[..count], out, scratch);
    }

    /// The ids of words that follow one another from `from` to these ends.
    #[inline(always)]
    fn look_up(&self, text: &str, from: usize, ends: &[usize], out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        let bytes = text.as_bytes();
        let mut places = [(0, 0); TOGETHER];
        let mut start = from;
        for (place, end) in places.iter_mut().zip(ends) {
            let key = key(bytes, start, *end).unwrap_or(0);
            *place = (key, scratch.cache.fetch(key));
            start = *end;
        }
        let mut start = from;
        for (&(key, line), &end) in places.iter().zip(ends) {
            if key == 0 {
                match self.words.get_long(&bytes[start..end]) {
                    Some(id) => out.push(id),
                    None => self.merge_long(text, start, end, out, scratch),
                }
            } else if !scratch.cache.get_at(line, key, out) {
                let first = out.len();
                match self.words.get(key) {
                    Some(id) => out.push(id),
                    None => self.merge(&bytes[start..end], out, &mut scratch.word),
                }
                scratch.cache.put(key, &out[first..]);
            }
            start = end;
        }
    }

    /// Merges a word of more bytes than a key has, piece by piece. Pieces are remembered apart from words: a word that is a
    /// token may become it although no merge makes it.
    #[inline(never)]
    fn merge_long(&self, text: &str, from: usize, to: usize, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        let bytes = text.as_bytes();
        self.seams.cut(text, from, to, |from, to| match key(bytes, from, to) {
            Some(key) => {
                let key = key | PIECE;
                if !scratch.cache.get(key, out) {
                    let start = out.len();
                    self.merge(&bytes[from..to], out, &mut scratch.word);
                    scratch.cache.put(key, &out[start..]);
                }
            }
            None => self.merge(&bytes[from..to], out, &mut scratch.word),
        });
    }

    #[inline(never)]
    fn merge(&self, word: &[u8], out: &mut Vec<u32>, symbols: &mut Vec<u32>) {
        symbols.clear();
        symbols.extend(word.iter().map(|byte| self.bytes[usize::from(*byte)]));
        let pair = |i: usize| self.byte_pairs[usize::from(word[i]) << 8 | usize::from(word[i + 1])];
        self.merges.apply_with(symbols, pair);
        out.extend_from_slice(symbols);
    }
}
