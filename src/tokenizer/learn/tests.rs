use std::collections::BTreeMap;
use std::str::FromStr;

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::{Tokenizer as Reference, Trainer as _};

use super::*;
use crate::tokenizer::{EncodeScratch, Tokenizer};

/// Words of skewed counts and many shared parts, with ties.
fn counted() -> Vec<(String, u64)> {
    let stems = ["low", "new", "wid", "slow", "know", "aaa", "straß", "中文", "naïve", "e\u{301}t"];
    let ends = ["", "er", "est", "ing", "ness", "aaa", "ly", "文中"];
    let all = stems.iter().flat_map(|stem| ends.iter().map(move |end| format!(" {stem}{end}")));
    all.zip(1..).map(|(word, i)| (word, 1 + (i * 7919 % 23))).collect()
}

fn options(kind: Kind, special: &[&str]) -> LearnOptions {
    let special_tokens = special.iter().map(|token| (*token).to_owned()).collect();
    LearnOptions { kind, vocab_size: 330, special_tokens, min_count: 2 }
}

const BYTE_LEVEL: Kind = Kind::ByteLevelBpe { pattern: Pattern::Gpt2, normalize: None };

#[test]
fn merges_are_those_of_hugging_face() {
    let chars = crate::tokenizer::hugging_face::byte_chars();
    let spell = |word: &str| word.bytes().map(|byte| chars[usize::from(byte)]).collect::<String>();
    let mut trainer = BpeTrainer::builder().show_progress(false).vocab_size(330).min_frequency(2).initial_alphabet(chars.iter().copied().collect()).build();
    let words: Vec<String> = counted().iter().flat_map(|(word, count)| std::iter::repeat_n(spell(word), *count as usize)).collect();
    trainer.feed(words.iter(), |word| Ok(vec![word.to_owned()])).unwrap();
    let mut model = BPE::default();
    trainer.train(&mut model).unwrap();
    let expected: BTreeMap<String, u32> = model.get_vocab().into_iter().collect();

    let learnt = learn(counted(), &options(BYTE_LEVEL, &[])).unwrap();
    let reference = Reference::from_bytes(&learnt).unwrap();
    let found: BTreeMap<String, u32> = reference.get_vocab(true).into_iter().collect();
    assert_eq!(found.len(), 330);
    assert_eq!(found, expected);
}

#[test]
fn counts_beyond_32_bits_do_not_wrap() {
    let words = [("ab".to_owned(), 3_000_000_000), ("cd".to_owned(), 2_000_000_000), ("ab".to_owned(), 3_000_000_000)];
    let mut wanted = options(BYTE_LEVEL, &[]);
    wanted.vocab_size = 257;
    let tokenizer = Tokenizer::from_bytes("t", &learn(words, &wanted).unwrap(), None).unwrap();
    assert_eq!(tokenizer.token_id("ab"), Some(256));
}

#[test]
fn what_is_learnt_encodes_fast_and_decodes() {
    for normalize in [None, Some(Form::Nfkc)] {
        for pattern in [Pattern::Gpt2, Pattern::Llama3, Pattern::O200k] {
            let kind = Kind::ByteLevelBpe { pattern, normalize };
            let learnt = learn(counted(), &options(kind, &["<|endoftext|>", "<pad>"])).unwrap();
            let tokenizer = Tokenizer::from_bytes("learnt", &learnt, None).unwrap();
            assert_eq!(tokenizer.path(), "fast", "{kind:?}");
            assert_eq!(tokenizer.vocab_size(), 330);
            assert_eq!(tokenizer.special()["eos"], 0);
            assert_eq!(tokenizer.special()["pad"], 1);
            let text = " slower 中文 knowing it's naïve\n";
            let mut ids = Vec::new();
            tokenizer.encode(text, false, &mut ids, &mut EncodeScratch::new()).unwrap();
            let reference = Reference::from_bytes(&learnt).unwrap();
            assert_eq!(ids, reference.encode(text, false).unwrap().get_ids());
            assert!(ids.len() < text.len() * 3 / 4, "{} ids", ids.len());
            assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        }
    }
}

#[test]
fn word_pieces_are_learnt_from_normalized_words() {
    let kind = Kind::WordPiece { lowercase: true };
    let splitter = PreSplitter::new(kind).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let text = "Lower, slower, LOWEST: naïve newest 中文 wider \u{302e}widest low".repeat(3);
    splitter.split(&text, &mut |word| *counts.entry(word.to_owned()).or_default() += 1);
    assert!(counts.contains_key("naive") && counts.contains_key("中") && counts.contains_key(","));
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let mut wanted = options(kind, &special);
    wanted.vocab_size = 90;
    let learnt = learn(counts, &wanted).unwrap();
    let tokenizer = Tokenizer::from_bytes("learnt", &learnt, None).unwrap();
    let text = std::str::from_utf8(&learnt).unwrap();
    assert_eq!(tokenizer.path(), "fast");
    let mut ids = Vec::new();
    tokenizer.encode("Slowest [MASK] 文 ☃", true, &mut ids, &mut EncodeScratch::new()).unwrap();
    assert_eq!(ids, Reference::from_str(text).unwrap().encode("Slowest [MASK] 文 ☃", true).unwrap().get_ids());
    assert_eq!((ids[0], ids[ids.len() - 1], ids[ids.len() - 2]), (2, 3, 1));
    assert!(ids.contains(&4));
}

#[test]
fn order_and_repetition_of_words_do_not_matter() {
    let wanted = options(BYTE_LEVEL, &["<eos>"]);
    let halves = counted().into_iter().rev().flat_map(|(word, n)| [(word.clone(), n / 2), (word, n - n / 2)]);
    assert_eq!(learn(counted(), &wanted).unwrap(), learn(halves, &wanted).unwrap());
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let error = learn([], &options(BYTE_LEVEL, &[])).unwrap_err().to_string();
    assert!(error.contains("no words"), "{error}");
    let error = learn(counted(), &options(Kind::WordPiece { lowercase: true }, &["[PAD]"])).unwrap_err().to_string();
    assert!(error.contains("[UNK]"), "{error}");
}
