use serde_json::Value;

use super::super::testing::{Decided, complaints, decided, decided_over, try_made_after};
use super::*;
use crate::doc::TagTable;
use crate::tokenizer::EncodeScratch;

const TEXTS: [&str; 3] = ["the river and the bridge and the river", "the bridge over the river\n", "河上有桥，桥上有人。 the end"];

/// One of each model and split.
const MODELS: [&str; 6] = [
    "vocab_size = 280",
    "vocab_size = 300\nsplit = \"llama3\"\nnormalize = \"nfkc\"\nlowercase = true",
    "vocab_size = 300\nsplit = \"metaspace\"",
    "model = \"wordpiece\"\nvocab_size = 60",
    "model = \"unigram\"\nvocab_size = 300",
    "model = \"chars\"",
];

fn count(decided: &Decided, name: &str) -> u64 {
    decided.decision.counts.get(name).copied().unwrap_or_default()
}

fn tokenizer(decided: &Decided) -> Tokenizer {
    Tokenizer::from_bytes("t", &decided.decision.get(TOKENIZER).unwrap().unwrap(), None).unwrap()
}

#[test]
fn every_model_gives_back_the_text() {
    for toml in MODELS.iter().filter(|toml| !toml.contains("wordpiece") && !toml.contains("lowercase")) {
        let tokenizer = tokenizer(&decided::<LearnTokenizer>(toml, &TEXTS));
        let mut ids = Vec::new();
        tokenizer.encode(TEXTS[2], false, &mut ids, &mut EncodeScratch::new()).unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), TEXTS[2], "{toml}");
        assert!(ids.len() <= TEXTS[2].len() && tokenizer.vocab_size() <= 300, "{} {}", ids.len(), tokenizer.vocab_size());
    }
}

#[test]
fn the_order_of_documents_changes_nothing() {
    let mut turned = TEXTS;
    turned.reverse();
    for toml in MODELS {
        let files = |texts: &[&str]| {
            let decision = decided::<LearnTokenizer>(toml, texts).decision;
            [TOKENIZER, USAGE].map(|name| decision.get(name).unwrap())
        };
        assert_eq!(files(&TEXTS), files(&turned), "{toml}");
        assert!(files(&TEXTS)[0].is_some());
    }
}

#[test]
fn a_sample_stands_for_all_words_where_memory_is_short() {
    let texts: Vec<String> = (0..400).map(|i| format!("the bridge{} over the river{}", i * 7919 % 997, i % 10)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let whole = decided::<LearnTokenizer>("vocab_size = 300", &texts);
    let short = decided::<LearnTokenizer>("vocab_size = 300\nmemory = 60000", &texts);
    assert_eq!(count(&whole, "words_left_out"), 0);
    assert!(count(&short, "words_left_out") > 100, "{:?}", short.decision.counts);
    assert_eq!(count(&whole, "words"), count(&short, "words") + count(&short, "words_left_out"));
    // " the" and " over" are in every text, "bridge" only in words that are seen once.
    assert!(tokenizer(&short).token_id("Ġbridge").is_some());
    let ratio = count(&short, "tokens") as f64 / count(&whole, "tokens") as f64;
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
}

#[test]
fn notes_of_one_thing_are_joined_and_others_are_not() {
    let learn = Learn { learner: Learner::Chars(9), lang: None, memory: 0 };
    let note = |language: &str, what: What<'_>, count: u64| {
        let mut notes = Notes::new(learn.shape(0));
        Counted { language, what }.push(count, &mut notes);
        notes.iter().next().unwrap().to_vec()
    };
    let mut into = note("en", What::Word("a"), 3);
    assert!(learn.combine(&mut into, &note("en", What::Word("a"), 1 << 40)));
    assert_eq!(into, note("en", What::Word("a"), (1 << 40) + 3));
    for other in [note("en", What::Word("b"), 4), note("de", What::Word("a"), 4), note("en", What::Total(0), 4), b"torn".to_vec()] {
        assert!(!learn.combine(&mut into, &other));
    }
}

#[test]
fn languages_are_reported_each_by_itself() {
    let mut tags = TagTable::default();
    let lang = tags.declare::<String>("lang").unwrap();
    let made = try_made_after::<LearnTokenizer>("vocab_size = 280", tags).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    let docs = TEXTS.map(|text| {
        let mut doc = Doc::from_text(text);
        doc.set_tag(lang, if text.starts_with('河') { "zh" } else { "en" }.to_owned());
        doc
    });
    let decided = decided_over(made, &docs);
    let usage: Value = serde_json::from_slice(&decided.decision.get(USAGE).unwrap().unwrap()).unwrap();
    let (en, zh) = (&usage["by_language"]["en"], &usage["by_language"]["zh"]);
    assert_eq!((&en["documents"], &en["words"], &en["characters"]), (&2.into(), &13.into(), &64.into()));
    assert_eq!((&zh["documents"], &zh["bytes"], &zh["characters"]), (&1.into(), &TEXTS[2].len().into(), &18.into()));
    assert_eq!(usage["all"]["tokens"].as_u64(), Some(en["tokens"].as_u64().unwrap() + zh["tokens"].as_u64().unwrap()));
    let tokenizer = tokenizer(&decided);
    let mut ids = Vec::new();
    tokenizer.encode(TEXTS[2], false, &mut ids, &mut EncodeScratch::new()).unwrap();
    assert_eq!(zh["tokens"], ids.len());
    assert_eq!(count(&decided, "zh.tokens"), ids.len() as u64);
    assert_eq!(zh["bytes_per_token"], (TEXTS[2].len() as f64 / ids.len() as f64 * 1e4).round() / 1e4);
    // What is spelt in ids that Chinese never uses, of the 256 bytes and the 23 merges.
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(zh["unused_entries"], 279 - ids.len());
}

#[test]
fn what_cannot_be_learnt_is_said() {
    for (toml, key) in [
        ("vocab_size = 257", "vocab_size"),
        ("model = \"chars\"\nspecial_tokens = [\"x\"]", "special_tokens"),
        ("split = \"bert\"", "split"),
        ("split = \"gpt5\"", "split"),
        ("model = \"unigram\"\nspecial_tokens = [\"<s>\"]", "special_tokens"),
        ("special_tokens = { a = 40000 }", "special_tokens"),
        ("special_tokens = [\"a\", \"a\"]", "special_tokens"),
        ("special_tokens = { a = 3, b = 3 }", "special_tokens"),
        ("byte_fallback = true", "byte_fallback"),
        ("shrinking_factor = 0.5", "shrinking_factor"),
        ("model = \"unigram\"\nshrinking_factor = 1.5", "shrinking_factor"),
        ("model = \"wordpiece\"\nnormalize = \"nfc\"", "normalize"),
        ("max_piece_length = 1", "max_piece_length"),
    ] {
        assert_eq!(complaints::<LearnTokenizer>(toml), [key], "{toml}");
    }
    assert_eq!(complaints::<LearnTokenizer>("model = \"unigrams\"").len(), 1);
}
