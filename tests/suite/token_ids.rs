//! Ids of real vocabularies against the reference encoders: goldens, every code point, random bytes, long runs. Reads `DATAPREP_DATA`.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataprep::tokenizer::{EncodeScratch, Tokenizer};
use serde_json::{Value, json};

use super::support::real_data;

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .read_to_end(&mut bytes)
        .expect("gzip");
    bytes
}

/// Splitmix64.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// Texts that no corpus has: every code point between spaces, beside letters and beside itself; random bytes read as UTF-8; random characters of few
/// kinds, so that the rules of a split pattern meet in all orders; long runs.
fn odd_texts() -> Vec<String> {
    let mut texts = Vec::new();
    let characters: Vec<char> = (0..0x11_0000).filter_map(char::from_u32).collect();
    for block in characters.chunks(512) {
        texts.push(block.iter().flat_map(|c| ['a', *c, 'B', ' ', *c, *c, '1']).collect());
    }
    let mut draws = Draws(6);
    for length in (0..400).chain([20_000]) {
        let bytes: Vec<u8> = (0..length).map(|_| draws.next() as u8).collect();
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    let kinds: Vec<char> = " \t\n\r\u{a0}\u{3000}''sSlLveREdmt/.!-_'\u{2019}aZéÉßſ中文ひ한ไท\u{301}\u{200d}0９½٣1₂ⅷʰǅ🙂\u{10ffff}\u{85}\0".chars().collect();
    for length in (1..60).cycle().take(4_000) {
        texts.push((0..length).map(|_| kinds[draws.next() as usize % kinds.len()]).collect());
    }
    texts.extend(["a", " ", "\n", "1", "中", "🙂", "ab", "\u{301}"].map(|unit| unit.repeat(100_000)));
    texts
}

/// The two tokens that a token is made of: its bytes merged by all lower ranks.
fn halves<'t>(token: &'t [u8], rank: usize, ranks: &HashMap<&[u8], usize>) -> Option<[&'t [u8]; 2]> {
    let mut parts: Vec<&[u8]> = token.chunks(1).collect();
    while parts.len() > 2 {
        let joined = |at: usize| {
            let before: usize = parts[..at].iter().map(|part| part.len()).sum();
            &token[before..before + parts[at].len() + parts[at + 1].len()]
        };
        let (_, at) = (0..parts.len() - 1).filter_map(|at| Some((*ranks.get(joined(at)).filter(|other| **other < rank)?, at))).min()?;
        parts[at] = joined(at);
        parts.remove(at + 1);
    }
    parts.try_into().ok()
}

/// A tokenizer.json that merges as tiktoken does: a piece that is a token becomes it, else neighbours merge by rank.
fn as_json(ranks: &[u8], pattern: &str) -> String {
    let tokens: Vec<(Vec<u8>, usize)> = ranks
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = std::str::from_utf8(line).expect("base64 and a number");
            let (token, rank) = line.split_once(' ').expect("two columns");
            (STANDARD.decode(token).expect("base64"), rank.parse().expect("a rank"))
        })
        .collect();
    let ranks: HashMap<&[u8], usize> = tokens.iter().map(|(token, rank)| (&token[..], *rank)).collect();
    // GPT-2's letters for bytes: those that can be seen stand for themselves, the others for letters from U+0100 on.
    let shown = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let hidden: Vec<u8> = (0..=255).filter(|byte| !shown(*byte)).collect();
    let letter = |byte: u8| match hidden.iter().position(|other| *other == byte) {
        Some(at) => char::from_u32(256 + at as u32).expect("a letter"),
        None => char::from(byte),
    };
    let spelt = |token: &[u8]| token.iter().map(|byte| letter(*byte)).collect::<String>();
    let mut ordered: Vec<&(Vec<u8>, usize)> = tokens.iter().collect();
    ordered.sort_by_key(|(_, rank)| *rank);
    let merges: Vec<Value> =
        ordered.iter().filter_map(|(token, rank)| halves(token, *rank, &ranks).map(|[left, right]| json!([spelt(left), spelt(right)]))).collect();
    let vocabulary: serde_json::Map<String, Value> = tokens.iter().map(|(token, rank)| (spelt(token), json!(rank))).collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
            "byte_fallback": false, "ignore_merges": true, "vocab": vocabulary, "merges": merges}})
    .to_string()
}

/// Golden ids, then the odd texts against the reference of the same file, one scratch for all.
fn compare(data: &Path, name: &str, file: &[u8], json: &str) {
    let ours = Tokenizer::from_bytes(name, file, None).expect("a tokenizer");
    assert_eq!(ours.path(), "fast", "{name}");
    let mut scratch = EncodeScratch::new();
    let mut encode = |text: &str| {
        let mut ids = Vec::new();
        ours.encode(text, false, &mut ids, &mut scratch).expect("ids");
        ids
    };
    let goldens = String::from_utf8(unpacked(&data.join("tokenizers/golden.jsonl.gz"))).expect("UTF-8");
    let mut number = 0;
    for line in goldens.lines() {
        let golden: Value = serde_json::from_str(line).expect("JSON");
        let ids: Vec<u32> = serde_json::from_value(golden[name].clone()).expect("ids");
        assert_eq!(encode(golden["text"].as_str().expect("a text")), ids, "{name}, golden {}", golden["id"]);
        number += 1;
    }
    assert!(number > 900, "{number} goldens");
    let reference = tokenizers::Tokenizer::from_str(json).expect("the reference");
    for text in odd_texts() {
        let ids = encode(&text);
        let expected = reference.encode_fast(text.as_str(), false).expect("ids");
        let same = ids == expected.get_ids();
        assert!(same, "{name}: {:?}", text.chars().take(200).collect::<String>());
    }
}

#[test]
fn openai_ids_are_those_of_the_reference() {
    let Some(data) = real_data() else { return };
    let patterns: Value = serde_json::from_slice(&std::fs::read(data.join("tokenizers/openai/patterns.json")).expect("the patterns")).expect("JSON");
    for (golden, file) in [("gpt2", "r50k_base"), ("cl100k_base", "cl100k_base"), ("o200k_base", "o200k_base")] {
        let ranks = unpacked(&data.join(format!("tokenizers/openai/{file}.tiktoken.gz")));
        // Possessive braces are not part of Oniguruma's syntax; a number is followed by another piece either way.
        let pattern = patterns[golden].as_str().expect("a pattern").replace("{1,3}+", "{1,3}");
        compare(&data, golden, &ranks, &as_json(&ranks, &pattern));
    }
}

#[test]
fn bert_and_llama_ids_are_those_of_the_reference() {
    let Some(data) = real_data() else { return };
    for (golden, file) in [("bert_uncased", "bert-base-uncased"), ("llama2", "llama2")] {
        let mut json: Value = serde_json::from_slice(&unpacked(&data.join(format!("tokenizers/{file}/tokenizer.json.gz")))).expect("JSON");
        json["truncation"] = Value::Null;
        json["padding"] = Value::Null;
        let json = json.to_string();
        compare(&data, golden, json.as_bytes(), &json);
    }
}
