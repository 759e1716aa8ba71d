use std::collections::BTreeMap;
use std::str::FromStr;

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::unigram::{Unigram as ReferenceUnigram, UnigramTrainer};
use tokenizers::models::wordpiece::{WordPiece, WordPieceTrainer};
use tokenizers::{AddedToken, Model as _, Tokenizer as Reference};

use super::*;
use crate::tokenizer::{EncodeScratch, Form, Pattern, Tokenizer};

/// Words of skewed counts and many shared parts, with ties.
fn counted() -> Vec<(String, u64)> {
    let stems = ["low", "new", "wid", "slow", "know", "aaa", "straß", "中文", "naïve", "e\u{301}t"];
    let ends = ["", "er", "est", "ing", "ness", "aaa", "ly", "文中"];
    let all = stems.iter().flat_map(|stem| ends.iter().map(move |end| format!(" {stem}{end}")));
    all.zip(1..).map(|(word, i)| (word, 1 + (i * 7919 % 23))).collect()
}

fn options(model: Model, split: Split) -> LearnOptions {
    let text = TextForm { normalize: None, lowercase: model == Model::WordPiece, split };
    LearnOptions { special_tokens: Vec::new(), ..LearnOptions::new(model, text, 330) }
}

fn byte_level() -> LearnOptions {
    options(Model::Bpe, Split::ByteLevel(Pattern::Gpt2))
}

fn words(counted: Vec<(String, u64)>) -> Words {
    Words::all(counted).unwrap()
}

fn spelt(spelling: &alphabet::Spelling, word: &str) -> String {
    let mut text = String::new();
    spelling.each(word, &mut |letter| text.push(letter));
    text
}

/// Each word as often as it was counted, in the letters of the vocabulary.
fn repeated(counted: &[(String, u64)], options: &LearnOptions) -> Vec<String> {
    let spelling = alphabet::Spelling::of(options);
    counted.iter().flat_map(|(word, count)| std::iter::repeat_n(spelt(&spelling, word), *count as usize)).collect()
}

fn trained<T: tokenizers::Trainer>(mut trainer: T, words: &[String], model: &mut T::Model) {
    trainer.feed(words.iter(), |word| Ok(vec![word.to_owned()])).unwrap();
    trainer.train(model).unwrap();
}

fn encode(tokenizer: &Tokenizer, text: &str, special_tokens: bool) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.encode(text, special_tokens, &mut ids, &mut EncodeScratch::new()).unwrap();
    ids
}

#[test]
fn merges_are_those_of_hugging_face() {
    // Half of the counts are equal, so that ties decide much.
    let ties: Vec<(String, u64)> = counted().into_iter().map(|(word, count)| (word, count.div_ceil(12))).collect();
    for (counted, longest) in [(counted(), None), (ties.clone(), None), (counted(), Some(4)), (ties, Some(3))] {
        for split in [Split::ByteLevel(Pattern::Gpt2), Split::Metaspace] {
            let mut wanted = LearnOptions { max_piece_length: longest, byte_fallback: false, ..options(Model::Bpe, split) };
            wanted.special_tokens = SpecialToken::in_order(["<unk>", "lo"]);
            let special = wanted.special_tokens.iter().map(|token| AddedToken::from(token.text.clone(), true)).collect();
            let spelling = alphabet::Spelling::of(&wanted);
            let alphabet = if let alphabet::Spelling::Bytes(chars) = &spelling { chars.iter().copied().collect() } else { Default::default() };
            let trainer = BpeTrainer::builder().show_progress(false).vocab_size(330).min_frequency(2).special_tokens(special).initial_alphabet(alphabet);
            // Theirs is the first length that is too long.
            let trainer = trainer.max_token_length(longest.map(|longest| longest + 1)).build();
            let mut model = BPE::default();
            trained(trainer, &repeated(&counted, &wanted), &mut model);
            let learned = learn(&words(counted.clone()), &wanted).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&learned.file).unwrap();
            let merges: Vec<(String, String)> = serde_json::from_value(json["model"]["merges"].clone()).unwrap();
            let theirs = serde_json::to_value(&model).unwrap();
            let theirs: Vec<(String, String)> = serde_json::from_value(theirs["merges"].clone()).unwrap();
            assert!(merges.len() > 20, "{}", merges.len());
            assert_eq!(merges, theirs, "{split:?} {longest:?}");
            let found: BTreeMap<String, u32> = Reference::from_bytes(&learned.file).unwrap().get_vocab(true).into_iter().collect();
            assert_eq!(found, model.get_vocab().into_iter().collect(), "{split:?} {longest:?}");
        }
    }
}

#[test]
fn word_pieces_are_those_of_hugging_face() {
    let counted: Vec<(String, u64)> = counted().into_iter().map(|(word, count)| (word.trim_start().to_owned(), count)).collect();
    for limit in [None, Some(15)] {
        let mut wanted = LearnOptions { limit_alphabet: limit, vocab_size: 110, ..options(Model::WordPiece, Split::Bert) };
        wanted.special_tokens = SpecialToken::in_order(["[PAD]", "[UNK]"]);
        let special: Vec<_> = wanted.special_tokens.iter().map(|token| AddedToken::from(token.text.clone(), true)).collect();
        let mut trainer = WordPieceTrainer::builder().show_progress(false).vocab_size(110).min_frequency(2).special_tokens(special);
        if let Some(limit) = limit {
            trainer = trainer.limit_alphabet(limit);
        }
        let mut model = WordPiece::default();
        trained(trainer.build(), &repeated(&counted, &wanted), &mut model);
        let learned = learn(&words(counted.clone()), &wanted).unwrap();
        assert_eq!(learned.letters_left_out > 0, limit.is_some());
        let found = Reference::from_bytes(&learned.file).unwrap().get_vocab(true);
        // Their ids of letters inside words are in the order of a hash table, so pieces are compared, not ids; these decide ties of later merges.
        let theirs = model.get_vocab();
        let same = found.keys().filter(|piece| theirs.contains_key(*piece)).count();
        assert_eq!((found.len(), theirs.len()), (110, 110));
        assert!(same >= 107, "{same} of 110");
    }
}

/// English and Chinese prose of the fixtures in words of Metaspace: the lines that `chosen` says.
fn prose_of(chosen: impl Fn(usize) -> bool) -> Vec<(String, u64)> {
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/prose")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let of = |lang: &'static str, most| files.iter().filter(move |file| file.file_name().unwrap().to_str().unwrap().starts_with(lang)).take(most);
    let texts: Vec<String> = of("en-", 60).chain(of("zh-", 5)).map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(texts.len(), 65);
    let splitter = PreSplitter::new(&unigram()).unwrap();
    let mut counts = BTreeMap::new();
    for (_, line) in texts.iter().flat_map(|text| text.lines()).enumerate().filter(|(i, _)| chosen(*i)) {
        splitter.split(line, &mut |word| *counts.entry(word.to_owned()).or_insert(0) += 1);
    }
    counts.into_iter().collect()
}

fn prose() -> Vec<(String, u64)> {
    prose_of(|_| true)
}

fn unigram() -> LearnOptions {
    let mut options = options(Model::Unigram(Unigram::DEFAULT), Split::Metaspace);
    options.special_tokens = SpecialToken::in_order(["<unk>"]);
    options
}

#[test]
fn unigram_pieces_are_as_likely_as_those_of_hugging_face() {
    let (learnt_from, held_out) = (prose_of(|line| line % 5 > 0), prose_of(|line| line % 5 == 0));
    let letters: std::collections::BTreeSet<char> = learnt_from.iter().chain(&held_out).flat_map(|(word, _)| word.chars()).collect();
    let size = letters.len() as u32 + 400;
    let wanted = LearnOptions { vocab_size: size, byte_fallback: false, initial_alphabet: letters.iter().collect(), ..unigram() };
    let learned = learn(&words(learnt_from.clone()), &wanted).unwrap();
    assert_eq!(learned.vocab_size, size);
    let trainer = UnigramTrainer::builder()
        .show_progress(false)
        .vocab_size(size)
        .special_tokens(vec![AddedToken::from("<unk>", true)])
        .unk_token(Some("<unk>".to_owned()))
        .initial_alphabet(letters.into_iter().collect())
        .build()
        .unwrap();
    let mut theirs = ReferenceUnigram::default();
    trained(trainer, &repeated(&learnt_from, &wanted), &mut theirs);
    let ours: serde_json::Value = serde_json::from_slice(&learned.file).unwrap();
    let scores = |vocab: &serde_json::Value| serde_json::from_value::<Vec<(String, f64)>>(vocab.clone()).unwrap();
    let (ours, theirs) = (scores(&ours["model"]["vocab"]), scores(&serde_json::to_value(&theirs).unwrap()["vocab"]));
    // What is held out of so little text hangs on a few words; `benches/tokenizer_peers.py` compares the two on megabytes.
    for (text, room) in [(&learnt_from, 1.0), (&held_out, 1.02)] {
        let (mine, peer) = (log_likelihood(&ours, text), log_likelihood(&theirs, text));
        assert!(mine >= peer * room, "{mine} against {peer} nats a character");
        assert!(mine > -4.0 && mine < -1.0, "{mine}");
    }
}

/// Of the best cuts, a character, by a plain search; scores are made to sum to 1 first.
fn log_likelihood(vocab: &[(String, f64)], text: &[(String, u64)]) -> f64 {
    let all = vocab[1..].iter().map(|(_, score)| score.exp()).sum::<f64>().ln();
    let scores: std::collections::HashMap<&str, f64> = vocab[1..].iter().map(|(piece, score)| (piece.as_str(), score - all)).collect();
    let (mut sum, mut length) = (0.0, 0);
    for (word, count) in text {
        let places: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        let mut best = vec![f64::NEG_INFINITY; places.len()];
        best[0] = 0.0;
        for to in 1..places.len() {
            for from in to.saturating_sub(16)..to {
                if let Some(score) = scores.get(&word[places[from]..places[to]]) {
                    best[to] = f64::max(best[to], best[from] + score);
                }
            }
        }
        sum += best[places.len() - 1] * *count as f64;
        length += (places.len() - 1) as u64 * count;
    }
    sum / length as f64
}

#[test]
fn counts_beyond_32_bits_do_not_wrap() {
    let counted = || vec![("ab".to_owned(), 3_000_000_000), ("cd".to_owned(), 5_000_000_000), ("ab".to_owned(), 3_000_000_000)];
    let wanted = LearnOptions { vocab_size: 257, ..byte_level() };
    let learned = learn(&words(counted()), &wanted).unwrap();
    assert_eq!(Tokenizer::from_bytes("t", &learned.file, None).unwrap().token_id("ab"), Some(256));
    assert_eq!((learned.usage.tokens, learned.usage.bytes), (6_000_000_000 + 10_000_000_000, 22_000_000_000));
    let unigram = learn(&words(counted()), &LearnOptions { vocab_size: 6, byte_fallback: false, ..unigram() }).unwrap();
    assert!(Tokenizer::from_bytes("t", &unigram.file, None).unwrap().token_id("ab").is_some());
}

#[test]
fn what_is_learnt_encodes_fast_and_decodes() {
    for normalize in [None, Some(Form::Nfkc)] {
        for pattern in [Pattern::Gpt2, Pattern::Llama3, Pattern::O200k] {
            let mut wanted = byte_level();
            wanted.text = TextForm { normalize, lowercase: false, split: Split::ByteLevel(pattern) };
            wanted.special_tokens = SpecialToken::in_order(["<|endoftext|>", "<pad>"]);
            let learnt = learn(&words(counted()), &wanted).unwrap().file;
            let tokenizer = Tokenizer::from_bytes("learnt", &learnt, None).unwrap();
            assert_eq!(tokenizer.path(), "fast", "{wanted:?}");
            assert_eq!(tokenizer.vocab_size(), 330);
            assert_eq!((tokenizer.special()["eos"], tokenizer.special()["pad"]), (0, 1));
            let text = " slower 中文 knowing it's naïve\n";
            let ids = encode(&tokenizer, text, false);
            assert_eq!(ids, Reference::from_bytes(&learnt).unwrap().encode(text, false).unwrap().get_ids());
            assert!(ids.len() < text.len() * 3 / 4, "{} ids", ids.len());
            assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        }
    }
}

/// A character of each block of 128 code points, and bytes that fell on characters by chance.
fn odd_text() -> String {
    // From the second on, since the first of a block is U+2581, which stands for a space.
    let blocks = (0..0x11_0000u32).step_by(128).filter_map(|first| (first + 2..first + 128).find_map(char::from_u32));
    let bytes: Vec<u8> = (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    blocks.collect::<String>() + "\n" + &String::from_utf8_lossy(&bytes)
}

#[test]
fn every_block_and_random_bytes_are_learnt_from_and_come_back() {
    let text = odd_text();
    assert!(text.chars().count() > 8_000);
    for mut wanted in [byte_level(), options(Model::Bpe, Split::Metaspace), options(Model::Unigram(Unigram::DEFAULT), Split::Metaspace)] {
        wanted.special_tokens = SpecialToken::in_order(["<unk>"]);
        wanted.limit_alphabet = Some(500);
        wanted.vocab_size = 1000;
        let splitter = PreSplitter::new(&wanted).unwrap();
        let mut counts = Vec::new();
        splitter.split(&text, &mut |word| counts.push((word.to_owned(), 1)));
        let learned = learn(&words(counts), &wanted).unwrap();
        let tokenizer = Tokenizer::from_bytes("t", &learned.file, None).unwrap();
        let ids = encode(&tokenizer, &text, false);
        assert!(tokenizer.decode(&ids).unwrap() == text, "{wanted:?}");
        assert!(!ids.contains(&0), "no <unk>");
        assert_eq!(learned.letters_left_out > 5_000, wanted.byte_fallback);
        // What the report counts is what encoding gives, but where long words were counted in parts.
        let ratio = learned.usage.tokens as f64 / ids.len() as f64;
        assert!((0.99..1.01).contains(&ratio), "{} {}", learned.usage.tokens, ids.len());
    }
}

#[test]
fn ten_million_letters_of_one_kind() {
    let text = "a".repeat(10_000_000);
    for wanted in [byte_level(), options(Model::Bpe, Split::Metaspace), unigram()] {
        let mut counter = Counter::new(1 << 20, std::path::Path::new("not-needed"));
        let mut failed = Ok(());
        PreSplitter::new(&wanted).unwrap().split(&text, &mut |word| {
            if failed.is_ok() {
                failed = counter.add(word)
            }
        });
        failed.unwrap();
        let mut wanted = wanted;
        wanted.special_tokens = SpecialToken::in_order(["<unk>"]);
        let learned = learn(&counter.finish(1 << 20).unwrap(), &wanted).unwrap();
        assert!(learned.usage.characters >= 10_000_000 && learned.usage.bytes < 10_000_010);
        // The longest piece takes a whole word, or the 16 letters that unigram pieces have at most.
        assert!(learned.usage.tokens < if wanted.model == Model::Bpe { 20_000 } else { 800_000 }, "{}", learned.usage.tokens);
        let tokenizer = Tokenizer::from_bytes("t", &learned.file, None).unwrap();
        assert_eq!(tokenizer.decode(&encode(&tokenizer, &text[..1000], false)).unwrap(), text[..1000]);
    }
}

#[test]
fn word_pieces_are_learnt_from_normalized_words() {
    let mut wanted = options(Model::WordPiece, Split::Bert);
    wanted.special_tokens = SpecialToken::in_order(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    wanted.vocab_size = 90;
    let splitter = PreSplitter::new(&wanted).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let text = "Lower, slower, LOWEST: naïve newest 中文 wider \u{302e}widest low".repeat(3);
    splitter.split(&text, &mut |word| *counts.entry(word.to_owned()).or_default() += 1);
    assert!(counts.contains_key("naive") && counts.contains_key("中") && counts.contains_key(","));
    let learned = learn(&words(counts.into_iter().collect()), &wanted).unwrap();
    let tokenizer = Tokenizer::from_bytes("learnt", &learned.file, None).unwrap();
    assert_eq!(learned.usage.tokens, encode(&tokenizer, &text, false).len() as u64);
    let file = std::str::from_utf8(&learned.file).unwrap();
    assert_eq!(tokenizer.path(), "fast");
    let ids = encode(&tokenizer, "Slowest [MASK] 文 ☃", true);
    assert_eq!(ids, Reference::from_str(file).unwrap().encode("Slowest [MASK] 文 ☃", true).unwrap().get_ids());
    assert_eq!((ids[0], ids[ids.len() - 1], ids[ids.len() - 2]), (2, 3, 1));
    assert!(ids.contains(&4));
}

#[test]
fn special_tokens_stand_at_their_ids() {
    let at = |text: &str, id| SpecialToken { text: text.to_owned(), id };
    for mut wanted in [byte_level(), unigram()] {
        wanted.special_tokens = vec![at("<unk>", None), at("<end>", Some(300)), at("<start>", Some(7)), at("<pad>", None)];
        let counted = if wanted.byte_fallback { prose() } else { counted() };
        wanted.vocab_size = if wanted.byte_fallback { 1200 } else { 330 };
        let learned = learn(&words(counted.clone()), &wanted).unwrap();
        let tokenizer = Tokenizer::from_bytes("t", &learned.file, None).unwrap();
        assert_eq!(["<unk>", "<end>", "<start>", "<pad>"].map(|token| tokenizer.token_id(token)), [Some(0), Some(300), Some(7), Some(1)]);
        assert_eq!(encode(&tokenizer, "<end><pad>", false), [300, 1]);
        assert_eq!(tokenizer.vocab_size(), wanted.vocab_size);
        let reference = Reference::from_bytes(&learned.file).unwrap();
        let text = "lower 中文 <start> news";
        assert_eq!(encode(&tokenizer, text, false), reference.encode(text, false).unwrap().get_ids());
        wanted.special_tokens[1].id = Some(100_000);
        wanted.vocab_size = 200_000;
        let error = learn(&words(counted), &wanted).err().unwrap().to_string();
        assert!(error.contains("`<end>` is to have id 100000, but the texts gave"), "{error}");
    }
}

#[test]
fn metaspace_models_take_their_fast_path_and_cut_as_the_reference() {
    let mut wanted = options(Model::Bpe, Split::Metaspace);
    wanted.special_tokens = SpecialToken::in_order(["<unk>", "<s>", "</s>"]);
    wanted.vocab_size = 1500;
    let text = "  two  spaces\nand 中文 lines\t<unk> ☃";
    let learned = learn(&words(prose()), &wanted).unwrap();
    let tokenizer = Tokenizer::from_bytes("t", &learned.file, None).unwrap();
    assert_eq!(tokenizer.path(), "fast");
    assert_eq!(encode(&tokenizer, text, false), Reference::from_bytes(&learned.file).unwrap().encode(text, false).unwrap().get_ids());
    let pieces = tokenizer.pieces().unwrap();
    assert!(pieces.iter().any(|piece| piece == "▁the") && pieces.iter().all(|piece| !piece.trim_start_matches('▁').contains('▁')));
}

#[test]
fn order_and_repetition_of_words_do_not_matter() {
    for mut wanted in [byte_level(), unigram()] {
        wanted.special_tokens = SpecialToken::in_order(["<unk>"]);
        let halves = counted().into_iter().rev().flat_map(|(word, n)| [(word.clone(), n / 2), (word, n - n / 2)]).collect();
        assert_eq!(learn(&words(counted()), &wanted).unwrap().file, learn(&words(halves), &wanted).unwrap().file);
    }
}

#[test]
fn threads_do_not_change_a_unigram_model() {
    let (counted, wanted) = (words(prose()), LearnOptions { vocab_size: 1200, ..unigram() });
    let with = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| learn(&counted, &wanted).unwrap().file);
    assert_eq!(with(1), with(5));
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let error = |counted: Vec<(String, u64)>, wanted: &LearnOptions| learn(&words(counted), wanted).err().unwrap().to_string();
    let found = error(Vec::new(), &byte_level());
    assert!(found.contains("no words"), "{found}");
    let found = error(counted(), &options(Model::WordPiece, Split::Bert));
    assert!(found.contains("[UNK]"), "{found}");
    for mut wanted in [options(Model::Bpe, Split::Metaspace), unigram(), options(Model::WordPiece, Split::Bert)] {
        wanted.special_tokens = SpecialToken::in_order([if wanted.model == Model::WordPiece { "[UNK]" } else { "<unk>" }]);
        wanted.byte_fallback = false;
        wanted.vocab_size = 20;
        let found = error(counted(), &wanted);
        assert!(found.contains("the alphabet of 21 characters") && found.contains("vocab_size is 20"), "{found}");
    }
}
