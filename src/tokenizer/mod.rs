//! Text to token ids: any Hugging Face tokenizer.json, unigram and BPE models of SentencePiece, tiktoken rank files, bytes, characters.
//!
//! Hugging Face `tokenizers` is the reference. Where a file is of a kind that is known here (byte-level BPE with a known split
//! pattern, BERT's WordPiece, BPE with byte fallback in the manner of Llama 2) an encoder of our own gives the same ids several
//! times faster; [`Tokenizer::path`] says which of the two runs. Models of SentencePiece have the ids of its own library. [`learn`] makes new vocabularies.

mod added;
mod bert;
mod byte_level;
mod chars;
mod classes;
mod error;
mod hugging_face;
pub mod learn;
mod merges;
mod metaspace;
mod normal;
mod pairs;
mod ranks;
mod seams;
mod sentencepiece;
mod spans;
mod special;
mod split;
mod surface;
mod wordpiece;
mod words;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use added::Segment;
use chars::Chars;
pub use error::TokenizerError;
use hugging_face::{Fast, FastEngine, HuggingFace};
pub use normal::Form;
use ranks::Ranks;
pub use split::Pattern;
pub use surface::Surfaces;
use words::WordCache;

/// An immutable encoder, shared by all threads; each thread brings its own [`EncodeScratch`].
pub struct Tokenizer {
    name: String,
    hash: u128,
    vocab_size: u32,
    special: BTreeMap<String, u32>,
    engine: Engine,
}

enum Engine {
    Bytes,
    Chars(Chars),
    Ranks(Box<Ranks>),
    HuggingFace(Box<HuggingFace>),
}

/// What an encoder keeps between texts: words met before and buffers. It changes the time, never the ids.
pub struct EncodeScratch {
    /// Hash of the tokenizer whose words are in the cache.
    owner: Option<u128>,
    cache: WordCache,
    word: Vec<u32>,
    bytes: Vec<u8>,
    text: String,
}

impl EncodeScratch {
    /// Empty; grows to some four megabytes.
    pub fn new() -> EncodeScratch {
        EncodeScratch { owner: None, cache: WordCache::new(), word: Vec::new(), bytes: Vec::new(), text: String::new() }
    }
}

impl Default for EncodeScratch {
    fn default() -> EncodeScratch {
        EncodeScratch::new()
    }
}

impl Tokenizer {
    /// `bytes` by that name, else the file at that path. `pattern` says how text is split for ranks of an unknown vocabulary.
    pub fn load(name: &str, pattern: Option<Pattern>) -> Result<Tokenizer, TokenizerError> {
        if name == "bytes" {
            return Ok(Tokenizer::bytes());
        }
        let io = |source| TokenizerError::Io { name: name.to_owned(), source };
        let file = std::fs::read(name).map_err(io)?;
        let short = Path::new(name).file_name().map_or(name.into(), |name| name.to_string_lossy());
        Tokenizer::from_bytes(&short, &file, pattern)
    }

    /// From the content of a file: tokenizer.json, a model of SentencePiece, ranks or a character vocabulary, told apart by content.
    pub fn from_bytes(name: &str, file: &[u8], pattern: Option<Pattern>) -> Result<Tokenizer, TokenizerError> {
        let hash = xxh3_128(file);
        let (converted, native) = if sentencepiece::is_model(file) {
            let (json, native) = sentencepiece::read(file).map_err(|fault| TokenizerError::Format { name: name.to_owned(), fault })?;
            (Some(json), native)
        } else {
            (None, None)
        };
        let file = converted.as_deref().unwrap_or(file);
        let is_json = file.trim_ascii_start().starts_with(b"{");
        if is_json && file.trim_ascii_start()[1..].trim_ascii_start().starts_with(b"\"type\"") {
            let chars = Chars::parse(name, file)?;
            return Ok(Tokenizer {
                name: "chars".into(),
                hash,
                vocab_size: chars.vocab_size(),
                special: BTreeMap::from([("unk".to_owned(), chars.unknown())]),
                engine: Engine::Chars(chars),
            });
        }
        if !is_json {
            let ranks = Ranks::parse(name, file, pattern)?;
            let largest = ranks.special.values().copied().max().unwrap_or(0);
            return Ok(Tokenizer {
                name: ranks.known_name().unwrap_or(name).to_owned(),
                hash,
                vocab_size: largest.saturating_add(1).max(ranks.tokens.len() as u32),
                special: special::roles(|token| ranks.special.get(token).copied()),
                engine: Engine::Ranks(Box::new(ranks)),
            });
        }
        let mut parsed = HuggingFace::parse(name, file)?;
        if native.is_some() {
            (parsed.native, parsed.fast) = (native, None);
        }
        let ids = parsed.reference.get_vocab(true).into_values();
        let mut tokenizer = Tokenizer {
            name: name.to_owned(),
            hash,
            vocab_size: ids.max().map_or(0, |id| id.saturating_add(1)),
            special: special::roles(|token| parsed.reference.token_to_id(token)),
            engine: Engine::HuggingFace(Box::new(parsed)),
        };
        tokenizer.distrust_fast_path();
        Ok(tokenizer)
    }

    /// Every byte of UTF-8 is a token: 256 ids.
    pub fn bytes() -> Tokenizer {
        Tokenizer { name: "bytes".into(), hash: 0, vocab_size: 256, special: BTreeMap::new(), engine: Engine::Bytes }
    }

    /// The file of a character vocabulary with these characters.
    pub fn chars_file(chars: impl IntoIterator<Item = char>) -> Result<Vec<u8>, TokenizerError> {
        chars::to_json(chars)
    }

    /// Appends the ids of a text. `special_tokens` adds what the tokenizer puts around a text (`[CLS]`, `<s>`). Special tokens
    /// spelt out in the text become their ids where the reference does so (tokenizer.json), never with ranks.
    pub fn encode(&self, text: &str, special_tokens: bool, out: &mut Vec<u32>, scratch: &mut EncodeScratch) -> Result<(), TokenizerError> {
        if scratch.owner != Some(self.hash) {
            scratch.cache.clear();
            scratch.owner = Some(self.hash);
        }
        match &self.engine {
            Engine::Bytes => out.extend(text.bytes().map(u32::from)),
            Engine::Chars(chars) => chars.encode(text, out),
            Engine::Ranks(ranks) => ranks.engine.encode(text, out, scratch),
            Engine::HuggingFace(parsed) => {
                if let Some(native) = &parsed.native {
                    native.encode(text, out, None);
                    return Ok(());
                }
                let start = out.len();
                if encode_fast(parsed, text, special_tokens, out, scratch).is_break() {
                    out.truncate(start);
                    let encoding = parsed.reference.encode_fast(text, special_tokens);
                    let fault = |e: tokenizers::Error| TokenizerError::Encode { name: self.name.clone(), fault: e.to_string() };
                    out.extend_from_slice(encoding.map_err(fault)?.get_ids());
                }
            }
        }
        Ok(())
    }

    /// The text of these ids; bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let no_token = |id: u32| TokenizerError::NoToken { name: self.name.clone(), id, vocab_size: self.vocab_size };
        if let Some(id) = ids.iter().find(|id| **id >= self.vocab_size) {
            return Err(no_token(*id));
        }
        match &self.engine {
            Engine::Bytes => {
                let bytes: Vec<u8> = ids.iter().map(|id| *id as u8).collect();
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            Engine::Chars(chars) => Ok(ids.iter().map(|id| chars.decode(*id)).collect()),
            Engine::Ranks(ranks) => {
                let mut bytes = Vec::new();
                for id in ids {
                    let special = ranks.special.iter().find(|(_, special)| *special == id);
                    match (ranks.tokens.get(*id as usize).filter(|token| !token.is_empty()), special) {
                        (Some(token), _) => bytes.extend_from_slice(token),
                        (None, Some((token, _))) => bytes.extend_from_slice(token.as_bytes()),
                        (None, None) => return Err(no_token(*id)),
                    }
                }
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            Engine::HuggingFace(parsed) => {
                parsed.reference.decode(ids, false).map_err(|e| TokenizerError::Encode { name: self.name.clone(), fault: e.to_string() })
            }
        }
    }

    /// One more than the largest id, special tokens included.
    pub fn vocab_size(&self) -> u32 {
        self.vocab_size
    }

    /// Special tokens by role: `eos`, `bos`, `pad`, `unk`, `mask`, `cls`, `sep`, as far as the vocabulary has them.
    pub fn special(&self) -> &BTreeMap<String, u32> {
        &self.special
    }

    /// The id of a token by its text, special tokens included.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        match &self.engine {
            Engine::Bytes => token.as_bytes().first().filter(|_| token.len() == 1).map(|byte| u32::from(*byte)),
            Engine::Chars(chars) => {
                let mut ids = Vec::new();
                chars.encode(token, &mut ids);
                ids.first().copied().filter(|id| ids.len() == 1 && *id != chars.unknown())
            }
            Engine::Ranks(ranks) => ranks.special.get(token).copied(),
            Engine::HuggingFace(parsed) => parsed.reference.token_to_id(token),
        }
    }

    /// The texts of all tokens by id, as they stand in a tokenizer.json (with `▁` or `Ġ` for a space); `None` for other kinds of file.
    pub fn pieces(&self) -> Option<Vec<String>> {
        let Engine::HuggingFace(parsed) = &self.engine else { return None };
        Some((0..self.vocab_size).map(|id| parsed.reference.id_to_token(id).unwrap_or_default()).collect())
    }

    /// The vocabulary's name where it is a known one, else the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// xxh3-128 of the file; 0 for `bytes`.
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// `fast` where an encoder of our own runs, `reference` where Hugging Face's does.
    pub fn path(&self) -> &'static str {
        match &self.engine {
            Engine::HuggingFace(parsed) if parsed.fast.is_none() && parsed.native.is_none() => "reference",
            _ => "fast",
        }
    }

    /// Gives the fast path up if it differs from the reference on a text of many scripts.
    fn distrust_fast_path(&mut self) {
        let Engine::HuggingFace(parsed) = &mut self.engine else {
            return;
        };
        let mut ids = Vec::new();
        let flow = encode_fast(parsed, PROBE, false, &mut ids, &mut EncodeScratch::new());
        let same = parsed.reference.encode_fast(PROBE, false).is_ok_and(|reference| reference.get_ids() == ids);
        if flow.is_break() || !same {
            parsed.fast = None;
        }
    }
}

const PROBE: &str = "It's a probe:  doN'T trust 12345 (or 3.14)!\r\n\tTabs\u{a0}and \u{3000}spaces  \n\n 中文分词，测试。 Straße ÉCOLE İ \
    प्रश्न العربية ไทย 한국어 🙂🏽 e\u{301} x=y+z; // end  ";

fn encode_fast(parsed: &HuggingFace, text: &str, special_tokens: bool, out: &mut Vec<u32>, scratch: &mut EncodeScratch) -> ControlFlow<()> {
    let Some(Fast { added, engine }) = &parsed.fast else {
        return ControlFlow::Break(());
    };
    let no_affixes = (Vec::new(), Vec::new());
    let affixes = if special_tokens { parsed.affixes.as_ref() } else { Some(&no_affixes) };
    let Some((prefix, suffix)) = affixes else {
        return ControlFlow::Break(());
    };
    if added.is_awkward(text) {
        return ControlFlow::Break(());
    }
    out.extend_from_slice(prefix);
    let mut flow = ControlFlow::Continue(());
    added.split(text, &mut |segment| match (segment, engine) {
        (Segment::Token(id), _) => out.push(id),
        (Segment::Text(text), FastEngine::ByteLevel(engine)) => engine.encode(text, out, scratch),
        (Segment::Text(text), FastEngine::Metaspace(engine)) => engine.encode(text, out, scratch),
        (Segment::Text(text), FastEngine::WordPiece(engine)) => {
            if engine.encode(text, out, scratch).is_break() {
                flow = ControlFlow::Break(());
            }
        }
    });
    out.extend_from_slice(suffix);
    flow
}

#[cfg(test)]
mod tests;
