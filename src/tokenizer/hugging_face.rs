//! Reads a Hugging Face tokenizer.json and finds the fast path that gives the ids of the reference, if there is one.

use serde_json::Value;
use tokenizers::Tokenizer as Reference;

use super::added::Added;
use super::byte_level::ByteLevel;
use super::error::TokenizerError;
use super::metaspace::Metaspace;
use super::normal::Form;
use super::sentencepiece::Native;
use super::split::Pattern;
use super::wordpiece::WordPiece;

pub(super) struct HuggingFace {
    pub reference: Reference,
    pub fast: Option<Fast>,
    /// For a model of SentencePiece whose ids the reference does not give.
    pub native: Option<Native>,
    /// Ids that the post-processor puts before and after a text; `None` where they cannot be told from an example.
    pub affixes: Option<(Vec<u32>, Vec<u32>)>,
}

/// Added tokens are cut out first, the engine sees what lies between them.
pub(super) struct Fast {
    pub added: Added,
    pub engine: FastEngine,
}

pub(super) enum FastEngine {
    ByteLevel(ByteLevel),
    Metaspace(Metaspace),
    WordPiece(WordPiece),
}

impl HuggingFace {
    pub fn parse(name: &str, file: &[u8]) -> Result<HuggingFace, TokenizerError> {
        let format = |fault: String| TokenizerError::Format { name: name.to_owned(), fault };
        let json: Value = serde_json::from_slice(file).map_err(|e| format(e.to_string()))?;
        let mut reference = Reference::from_bytes(file).map_err(|e| format(e.to_string()))?;
        // Cutting and padding are for batches of a model; a corpus is packed.
        reference.with_truncation(None).map_err(|e| format(e.to_string()))?;
        reference.with_padding(None);
        let fast = fast(&json, &reference);
        let affixes = affixes(&reference);
        Ok(HuggingFace { reference, fast, native: None, affixes })
    }
}

fn fast(json: &Value, reference: &Reference) -> Option<Fast> {
    let engine = match json["model"]["type"].as_str() {
        Some("WordPiece") => FastEngine::WordPiece(WordPiece::from_json(json, reference)?),
        _ => match byte_level(json) {
            Some(engine) => FastEngine::ByteLevel(engine),
            None => FastEngine::Metaspace(Metaspace::from_json(json)?),
        },
    };
    let added = Added::new(reference, !json["normalizer"].is_null())?;
    Some(Fast { added, engine })
}

fn byte_level(json: &Value) -> Option<ByteLevel> {
    let normalize = match &json["normalizer"] {
        Value::Null => None,
        normalizer => Some(Form::from_name(normalizer["type"].as_str()?)?),
    };
    let pattern = pattern(&json["pre_tokenizer"])?;
    let Model { vocabulary, pairs } = Model::of(&json["model"])?;
    let tokens: Vec<(Vec<u8>, u32)> = vocabulary.iter().filter_map(|(token, id)| Some((to_bytes(token)?, *id))).collect();
    let whole_words = json["model"]["ignore_merges"].as_bool().unwrap_or(false);
    ByteLevel::new(normalize, pattern, &tokens, &pairs, whole_words)
}

/// `ByteLevel` with its own pattern, or a `Split` by a known pattern followed by `ByteLevel` without.
fn pattern(json: &Value) -> Option<Pattern> {
    let is_byte_level =
        |json: &Value, regex: bool| json["type"] == "ByteLevel" && json["add_prefix_space"] == false && json["use_regex"].as_bool().unwrap_or(true) == regex;
    if is_byte_level(json, true) {
        return Some(Pattern::Gpt2);
    }
    let [split, bytes] = &json["pretokenizers"].as_array()?[..] else {
        return None;
    };
    let isolates = split["type"] == "Split" && split["behavior"] == "Isolated" && split["invert"] == false;
    if !isolates || !is_byte_level(bytes, false) {
        return None;
    }
    Pattern::from_regex(split["pattern"]["Regex"].as_str()?)
}

/// A BPE model without dropout and affixes.
pub(super) struct Model {
    pub vocabulary: Vec<(String, u32)>,
    /// Left, right, rank, merged.
    pub pairs: Vec<(u32, u32, u32, u32)>,
}

impl Model {
    pub fn of(json: &Value) -> Option<Model> {
        let empty = |key: &str| json[key].is_null() || json[key] == "";
        let plain = json["dropout"].is_null() || json["dropout"] == 0.0;
        if !plain || !empty("continuing_subword_prefix") || !empty("end_of_word_suffix") {
            return None;
        }
        let vocab = json["vocab"].as_object()?;
        let id = |token: &str| vocab.get(token).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let vocabulary: Option<Vec<_>> = vocab.keys().map(|token| Some((token.clone(), id(token)?))).collect();
        let mut pairs = Vec::new();
        for (merge, rank) in json["merges"].as_array()?.iter().zip(0..) {
            let (left, right) = match merge {
                Value::String(both) => both.split_once(' ')?,
                _ => (merge[0].as_str()?, merge[1].as_str()?),
            };
            pairs.push((id(left)?, id(right)?, rank, id(&format!("{left}{right}"))?));
        }
        Some(Model { vocabulary: vocabulary?, pairs })
    }
}

/// Byte-level vocabularies write each byte as a printable character: printable Latin-1 as itself, the other 68 bytes as the
/// characters from U+0100 on (GPT-2, Radford et al. 2019).
pub(super) fn byte_chars() -> [char; 256] {
    let mut next = 256;
    std::array::from_fn(|byte| match byte {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => char::from(byte as u8),
        _ => {
            next += 1;
            char::from_u32(next - 1).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
    })
}

/// The bytes that a token of a byte-level vocabulary is written for.
pub(super) fn to_bytes(token: &str) -> Option<Vec<u8>> {
    static BYTES: std::sync::OnceLock<std::collections::BTreeMap<char, u8>> = std::sync::OnceLock::new();
    let bytes = BYTES.get_or_init(|| byte_chars().into_iter().zip(0..=255).collect());
    token.chars().map(|c| bytes.get(&c).copied()).collect()
}

/// What surrounds a text, seen on one.
fn affixes(reference: &Reference) -> Option<(Vec<u32>, Vec<u32>)> {
    const EXAMPLE: &str = "one text";
    let bare = reference.encode_fast(EXAMPLE, false).ok()?;
    let dressed = reference.encode_fast(EXAMPLE, true).ok()?;
    let (bare, dressed) = (bare.get_ids(), dressed.get_ids());
    if bare.is_empty() {
        return None;
    }
    let mut places = (0..=dressed.len().checked_sub(bare.len())?).filter(|at| dressed[*at..].starts_with(bare));
    let at = places.next()?;
    // In more than one place the surroundings could be taken for the text.
    places.next().is_none().then(|| (dressed[..at].to_vec(), dressed[at + bare.len()..].to_vec()))
}
