//! Writes what was learnt as a tokenizer.json that Hugging Face `tokenizers` and `transformers` load. The vocabulary is in
//! order of id, so that equal vocabularies are equal files.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::{Kind, LearnOptions, Learnt};
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
        unk_token: (),
        continuing_subword_prefix: (),
        end_of_word_suffix: (),
        fuse_unk: bool,
        byte_fallback: bool,
        ignore_merges: bool,
        vocab: Vocab<'a>,
        merges: Vec<(&'a str, &'a str)>,
    },
    WordPiece {
        unk_token: &'static str,
        continuing_subword_prefix: &'static str,
        max_input_chars_per_word: u32,
        vocab: Vocab<'a>,
    },
}

struct Vocab<'a>(&'a [String]);

impl Serialize for Vocab<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (piece, id) in self.0.iter().zip(0u32..) {
            map.serialize_entry(piece, &id)?;
        }
        map.end()
    }
}

pub(super) fn write(learnt: &Learnt, options: &LearnOptions) -> Result<Vec<u8>, TokenizerError> {
    let special = |(token, id): (&String, u32)| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let byte_level = |regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex});
    let (normalizer, pre_tokenizer, post_processor, decoder) = match options.kind {
        Kind::ByteLevelBpe { pattern, normalize } => {
            let split = match pattern.regex() {
                None => byte_level(true),
                Some(regex) => json!({"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false},
                    byte_level(false),
                ]}),
            };
            let normalizer = normalize.map_or(Value::Null, |form| json!({"type": form.name()}));
            (normalizer, split, Value::Null, byte_level(true))
        }
        Kind::WordPiece { lowercase } => (
            json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                "lowercase": lowercase}),
            json!({"type": "BertPreTokenizer"}),
            surround(&options.special_tokens),
            json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
        ),
    };
    let file = File {
        version: "1.0",
        truncation: (),
        padding: (),
        added_tokens: options.special_tokens.iter().zip(0..).map(special).collect(),
        normalizer,
        pre_tokenizer,
        post_processor,
        decoder,
        model: model(learnt, options.kind),
    };
    serde_json::to_vec(&file).map_err(|e| TokenizerError::Learn { fault: e.to_string() })
}

fn model(learnt: &Learnt, kind: Kind) -> Model<'_> {
    let vocab = Vocab(&learnt.vocabulary);
    let piece = |id: u32| learnt.vocabulary.get(id as usize).map_or("", String::as_str);
    match kind {
        Kind::ByteLevelBpe { .. } => Model::Bpe {
            dropout: (),
            unk_token: (),
            continuing_subword_prefix: (),
            end_of_word_suffix: (),
            fuse_unk: false,
            byte_fallback: false,
            ignore_merges: false,
            vocab,
            merges: learnt.merges.iter().map(|(left, right)| (piece(*left), piece(*right))).collect(),
        },
        Kind::WordPiece { .. } => Model::WordPiece { unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
    }
}

/// `[CLS] text [SEP]`, where both are special tokens.
fn surround(special_tokens: &[String]) -> Value {
    let id = |token: &str| special_tokens.iter().position(|known| known == token);
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
