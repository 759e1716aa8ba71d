//! Whole tokenizers against what the reference says of the same file.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokenizers::Tokenizer as Reference;

use super::*;

fn encode(tokenizer: &Tokenizer, text: &str, special: bool) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.encode(text, special, &mut ids, &mut EncodeScratch::new()).unwrap();
    ids
}

/// Encodes with one scratch for all texts, so that cached words are met too, and compares with the reference.
fn assert_same_ids(json: &Value, path: &str, texts: &[String]) {
    let json = json.to_string();
    let tokenizer = Tokenizer::from_bytes("t", json.as_bytes(), None).unwrap();
    assert_eq!(tokenizer.path(), path);
    let reference = Reference::from_str(&json).unwrap();
    let mut scratch = EncodeScratch::new();
    for text in texts.iter().chain(texts) {
        for special in [false, true] {
            let mut ids = vec![7];
            tokenizer.encode(text, special, &mut ids, &mut scratch).unwrap();
            assert_eq!(ids[1..], *reference.encode(text.as_str(), special).unwrap().get_ids(), "{text:?}");
        }
    }
}

/// A few texts, all byte pairs that are characters, and a spread of code points between known ones.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = ["", " ", "low lower  lowest", "a\u{1}b\r\n\r\n c \t", "ab\u{2581}c \u{2581} low", PROBE].map(String::from).to_vec();
    texts.extend((0..0x300).filter_map(char::from_u32).map(|c| format!("low{c}er {c}{c} {c}low")));
    let spread = (0x300..0x11_0000).step_by(997).filter_map(char::from_u32);
    texts.extend(spread.map(|c| format!("l{c}w '{c} 1{c}2")));
    texts
}

const ADDED: [&str; 3] = ["<|end|>", "<|end", "low<"];

fn byte_level(pre_tokenizer: Value, normalizer: Value) -> Value {
    let chars = hugging_face::byte_chars();
    let mut vocab: serde_json::Map<String, Value> = chars.iter().zip(0..).map(|(c, id)| (c.to_string(), json!(id))).collect();
    let merges = ["l o", "lo w", "e r", "Ġ low", "low er", "Ġ Ġ", "o w", "a a", "aa a", "Ċ Ċ", "' s"];
    for (merge, id) in merges.iter().zip(256..) {
        vocab.insert(merge.replace(' ', ""), json!(id));
    }
    let added = |(content, id): (&str, usize)| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true})
    };
    json!({"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": ADDED.iter().copied().zip(300..).map(added).collect::<Vec<_>>(),
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null, "decoder": {"type": "ByteLevel",
        "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges}})
}

fn own_split() -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})
}

fn split_by(pattern: Pattern) -> Value {
    json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern.regex().unwrap()}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})
}

#[test]
fn byte_level_ids_are_those_of_the_reference() {
    let mut texts = texts();
    texts.extend(["x<|end|>low<|end low<|end|> ", "low<low<|endlow"].map(String::from));
    assert_same_ids(&byte_level(own_split(), Value::Null), "fast", &texts);
    for pattern in [Pattern::Llama3, Pattern::Qwen2, Pattern::O200k] {
        assert_same_ids(&byte_level(split_by(pattern), Value::Null), "fast", &texts);
    }
    for form in ["NFC", "NFKC"] {
        assert_same_ids(&byte_level(own_split(), json!({"type": form})), "fast", &texts);
    }
}

#[test]
fn what_is_not_known_goes_to_the_reference() {
    let texts = texts();
    let prefixed = json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
    assert_same_ids(&byte_level(prefixed, Value::Null), "reference", &texts[..60]);
    assert_same_ids(&byte_level(own_split(), json!({"type": "Lowercase"})), "reference", &texts[..60]);
    let mut stripping = byte_level(own_split(), Value::Null);
    stripping["added_tokens"][0]["lstrip"] = json!(true);
    assert_same_ids(&stripping, "fast", &["low  <|end|> low".into(), "low  <|end low".into()]);
}

#[test]
fn byte_fallback_ids_are_those_of_the_reference() {
    let mut vocab = json!({"<unk>": 0, "<s>": 1, "</s>": 2});
    for byte in 0..256 {
        vocab[format!("<0x{byte:02X}>")] = json!(byte + 3);
    }
    let merges = ["l o", "lo w", "\u{2581} low", "e r", "\u{2581} \u{2581}", "中 文", "\u{2581}low er"];
    let single = ["l", "o", "w", "\u{2581}", "e", "r", "中", "文", "s", "t"];
    let made = merges.map(|merge| merge.replace(' ', ""));
    for (token, id) in single.iter().copied().chain(made.iter().map(String::as_str)).zip(300..) {
        vocab[token] = json!(id);
    }
    let special = |id: u32, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true})
    };
    let file = json!({"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u{2581}"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]},
        "pre_tokenizer": null, "decoder": null,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "vocab": vocab, "merges": merges}});
    let mut texts = texts();
    texts.extend(["a</s>b <s>", "中文中", "lowlow   lower"].map(String::from));
    assert_same_ids(&file, "fast", &texts);
}

#[test]
fn word_piece_ids_are_those_of_the_reference() {
    let pieces =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "low", "##er", "l", "##o", "##w", "e", "##e", "##r", "i", ",", "'", "中", "1", "##2", "naive", "##\u{302e}"];
    let vocab: serde_json::Map<String, Value> = pieces.iter().zip(0..).map(|(piece, id)| (piece.to_string(), json!(id))).collect();
    let mut texts = texts();
    texts.extend(["LOWER, Lowe 中low naïve x\u{302e}\u{301}y l\u{302e}".into(), "low".repeat(40), "lo".repeat(50)]);
    for lowercase in [true, false] {
        let file = json!({"version": "1.0", "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0},
            "padding": null, "added_tokens": [],
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": lowercase},
            "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocab}});
        let mut whole = file.clone();
        whole["truncation"] = Value::Null;
        assert_same_ids(&whole, "fast", &texts);
        let cut = Tokenizer::from_bytes("t", file.to_string().as_bytes(), None).unwrap();
        assert_eq!(encode(&cut, "low low low low low low", false).len(), 6, "a corpus is not truncated");
    }
}

fn ranks_file() -> Vec<u8> {
    let bytes = (0..=255u8).map(|byte| vec![byte]);
    let words = ["lo", "low", " low", "ow", "a long token of many bytes"].map(|word| word.as_bytes().to_vec());
    let lines = bytes.chain(words).enumerate().map(|(rank, token)| format!("{} {rank}\n", STANDARD.encode(token)));
    lines.collect::<String>().into_bytes()
}

#[test]
fn ranks_merge_lowest_first_and_take_whole_words() {
    let tokenizer = Tokenizer::from_bytes("own", &ranks_file(), Some(Pattern::Gpt2)).unwrap();
    assert_eq!(tokenizer.path(), "fast");
    assert_eq!(encode(&tokenizer, "low low ow<|endoftext|>", false)[..4], [257, 258, 32, 259]);
    let text = "é low 中 \u{0}";
    assert_eq!(tokenizer.decode(&encode(&tokenizer, text, true)).unwrap(), text);
    assert_eq!(tokenizer.vocab_size(), 261);
    let error = Tokenizer::from_bytes("own", &ranks_file(), None).err().unwrap().to_string();
    assert!(error.contains("261 ranks, which is no vocabulary known here"), "{error}");
}

#[test]
fn bytes_and_characters() {
    let bytes = Tokenizer::load("bytes", None).unwrap();
    assert_eq!(encode(&bytes, "aé", false), [97, 195, 169]);
    assert_eq!(bytes.decode(&[97, 195]).unwrap(), "a\u{fffd}");
    assert!(matches!(bytes.decode(&[256]), Err(TokenizerError::NoToken { id: 256, vocab_size: 256, .. })));
    let file = Tokenizer::chars_file("to be, or not to 中".chars()).unwrap();
    let chars = Tokenizer::from_bytes("c", &file, None).unwrap();
    assert_eq!((chars.name(), chars.vocab_size()), ("chars", 10));
    assert_eq!(encode(&chars, "be x", false), [2, 3, 0, 9]);
    assert_eq!(chars.special()["unk"], 9);
    assert_eq!(chars.decode(&[2, 3, 9]).unwrap(), "be\u{fffd}");
    assert_eq!(chars.token_id("中"), Some(8));
}

#[test]
fn what_is_no_tokenizer_is_refused_with_a_reason() {
    for (file, reason) in [
        (&b"hello world"[..], "line 1 is not a token and a rank"),
        (b"", "0 ranks"),
        (b"{}", "is no tokenizer"),
        (b"{\"type\": \"chars\", \"chars\": [\"a\", \"a\"]}", "listed twice"),
        (b"{\"version\": \"1.0\", \"model\"", "is no tokenizer"),
        (b"YQ== 4000000000\n", "the largest of them"),
        (b"YQ== 0\n", "which is no vocabulary known here"),
    ] {
        let error = Tokenizer::from_bytes("f", file, None).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let error = Tokenizer::load("/no/such/tokenizer.json", None).err().unwrap().to_string();
    assert!(error.starts_with("cannot read the tokenizer `/no/such/tokenizer.json`"), "{error}");
}

#[test]
fn a_scratch_that_changes_hands_forgets_its_words() {
    let bytes = Tokenizer::from_bytes("own", &ranks_file(), Some(Pattern::Gpt2)).unwrap();
    let json = byte_level(own_split(), Value::Null).to_string();
    let other = Tokenizer::from_bytes("other", json.as_bytes(), None).unwrap();
    let mut scratch = EncodeScratch::new();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    bytes.encode(" low", false, &mut first, &mut scratch).unwrap();
    other.encode(" low", false, &mut second, &mut scratch).unwrap();
    assert_eq!(second, encode(&other, " low", false));
    assert_ne!(first, second);
}
