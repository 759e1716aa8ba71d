//! Writes what was learnt as a tokenizer.json that Hugging Face `tokenizers` and `transformers` load. The vocabulary is in
//! order of id, so that equal vocabularies are equal files.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::text_form::{SPACE, Split};
use super::word_piece::PREFIX;
use super::{Entries, LearnOptions, Learnt, Model as Kind, SpecialToken};
use crate::tokenizer::TokenizerError;

#[derive(serde::Serialize)]
struct File<'a> {
    version: &'static str,
    truncation: (),
    padding: (),
    added_tokens: Vec<Value>,
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: Value,
    decoder: Value,
    model: Model<'a>,
}

#[derive(serde::Serialize)]
#[serde(tag = "type")]
enum Model<'a> {
    #[serde(rename = "BPE")]
    Bpe {
        dropout: (),
        unk_token: Option<&'static str>,
        continuing_subword_prefix: (),
        end_of_word_suffix: (),
        fuse_unk: bool,
        byte_fallback: bool,
        ignore_merges: bool,
        vocab: Vocab<'a>,
        merges: Vec<(&'a str, &'a str)>,
    },
    Unigram {
        unk_id: Option<usize>,
        vocab: Vec<(&'a str, f64)>,
        byte_fallback: bool,
    },
    WordPiece {
        unk_token: &'static str,
        continuing_subword_prefix: &'static str,
        max_input_chars_per_word: u32,
        vocab: Vocab<'a>,
    },
}

/// Pieces in the order of their ids.
struct Vocab<'a>(Vec<&'a str>);

impl Serialize for Vocab<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (piece, id) in self.0.iter().zip(0u32..) {
            map.serialize_entry(piece, &id)?;
        }
        map.end()
    }
}

/// For each final id the number of its piece: special tokens stand where they were asked for, all others follow one another.
pub(super) fn place(pieces: &[String], options: &LearnOptions) -> Result<Vec<usize>, TokenizerError> {
    let mut placed: Vec<Option<usize>> = vec![None; pieces.len()];
    for (token, number) in options.special_tokens.iter().zip(0..) {
        let Some(id) = token.id else { continue };
        let Some(slot) = placed.get_mut(id as usize) else {
            let fault = format!(
                "`{}` is to have id {id}, but the texts gave {} entries only, and ids may leave no gap: give it a lower id, lower `min_count`, or learn from more text",
                token.text,
                pieces.len()
            );
            return Err(TokenizerError::Learn { fault });
        };
        *slot = Some(number);
    }
    let has_id = |number: &usize| options.special_tokens.get(*number).is_some_and(|token| token.id.is_some());
    let mut others = (0..pieces.len()).filter(|number| !has_id(number));
    Ok(placed.into_iter().filter_map(|slot| slot.or_else(|| others.next())).collect())
}

pub(super) fn write(learnt: &Learnt, vocabulary: &[usize], options: &LearnOptions) -> Result<Vec<u8>, TokenizerError> {
    let special = |(number, id): (&usize, u32)| {
        let token = options.special_tokens.get(*number)?;
        Some(json!({"id": id, "content": token.text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}))
    };
    let byte_level = |regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex});
    let mut normalizers = Vec::new();
    if options.text.split == Split::Bert {
        let lowercase = options.text.lowercase;
        normalizers.push(json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": lowercase}));
    } else {
        normalizers.extend(options.text.normalize.map(|form| json!({"type": form.name()})));
        normalizers.extend(options.text.lowercase.then(|| json!({"type": "Lowercase"})));
    }
    let (pre_tokenizer, post_processor, decoder) = match options.text.split {
        Split::ByteLevel(pattern) => {
            let split = match pattern.regex() {
                None => byte_level(true),
                Some(regex) => json!({"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false},
                    byte_level(false),
                ]}),
            };
            (split, Value::Null, byte_level(true))
        }
        Split::Bert => {
            (json!({"type": "BertPreTokenizer"}), surround(&options.special_tokens, vocabulary), json!({"type": "WordPiece", "prefix": "##", "cleanup": true}))
        }
        Split::Metaspace => {
            let pre_tokenizer = if options.model == Kind::Bpe {
                // As Llama 2 has it: no merge has a space inside, so the whole text can be one word.
                normalizers.push(json!({"type": "Prepend", "prepend": SPACE}));
                normalizers.push(json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE}));
                Value::Null
            } else {
                json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": true})
            };
            let decoders = json!([
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ]);
            (pre_tokenizer, Value::Null, json!({"type": "Sequence", "decoders": decoders}))
        }
    };
    let normalizer = match normalizers.len() {
        0 => Value::Null,
        1 => normalizers.remove(0),
        _ => json!({"type": "Sequence", "normalizers": normalizers}),
    };
    let file = File {
        version: "1.0",
        truncation: (),
        padding: (),
        added_tokens: vocabulary.iter().zip(0..).filter_map(special).collect(),
        normalizer,
        pre_tokenizer,
        post_processor,
        decoder,
        model: model(learnt, vocabulary, options),
    };
    serde_json::to_vec(&file).map_err(|e| TokenizerError::Learn { fault: e.to_string() })
}

fn model<'a>(learnt: &'a Learnt, vocabulary: &[usize], options: &LearnOptions) -> Model<'a> {
    let piece = |number: usize| learnt.pieces.get(number).map_or("", String::as_str);
    let vocab = Vocab(vocabulary.iter().map(|number| piece(*number)).collect());
    match &learnt.entries {
        Entries::Merges(merges) => Model::Bpe {
            dropout: (),
            unk_token: options.unknown(),
            continuing_subword_prefix: (),
            end_of_word_suffix: (),
            // As Llama 2 has it.
            fuse_unk: options.byte_fallback,
            byte_fallback: options.byte_fallback,
            ignore_merges: false,
            vocab,
            merges: merges.iter().map(|(left, right)| (piece(*left as usize), piece(*right as usize))).collect(),
        },
        Entries::Scores(scores) => Model::Unigram {
            unk_id: options.unknown().and_then(|unknown| vocab.0.iter().position(|piece| *piece == unknown)),
            vocab: vocabulary.iter().map(|number| (piece(*number), scores.get(*number).copied().unwrap_or(0.0))).collect(),
            byte_fallback: options.byte_fallback,
        },
        Entries::Longest => Model::WordPiece { unk_token: "[UNK]", continuing_subword_prefix: PREFIX, max_input_chars_per_word: 100, vocab },
    }
}

/// `[CLS] text [SEP]`, where both are special tokens.
fn surround(special_tokens: &[SpecialToken], vocabulary: &[usize]) -> Value {
    let id = |token: &str| vocabulary.iter().position(|number| special_tokens.get(*number).is_some_and(|known| known.text == token));
    let (Some(cls), Some(sep)) = (id("[CLS]"), id("[SEP]")) else {
        return Value::Null;
    };
    let special = |token: &str, segment: u32| json!({"SpecialToken": {"id": token, "type_id": segment}});
    let text = |name: &str, segment: u32| json!({"Sequence": {"id": name, "type_id": segment}});
    json!({
        "type": "TemplateProcessing",
        "single": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
        "pair": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)],
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [cls], "tokens": ["[CLS]"]},
            "[SEP]": {"id": "[SEP]", "ids": [sep], "tokens": ["[SEP]"]},
        },
    })
}
