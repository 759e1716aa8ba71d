//! Everything behind the weights of the n-grams: Chinese characters, common words, and the prose model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dataprep::language::chinese::{CHARACTERS, FIRST};
use dataprep::language::grams::Letters;
use dataprep::language::languages::CODES;
use dataprep::language::prose::{FEATURES, SET_BITS, common, word_hash};
use dataprep::language::{Identifier, Scratch};

use crate::corpus::{Line, Words, words};
use crate::net;
use crate::none::{self, Example};
use crate::random::Random;

/// Commonest words of a language that count as such.
const COMMON: usize = 90;

/// Languages whose script decides, and those written without spaces.
const BY_SCRIPT: &[&str] = &["el", "he", "hy", "ka", "ko", "bn", "pa", "gu", "ta", "te"];
const UNSPACED: &[&str] = &["zh", "ja", "th"];

/// Bits of the characters that only simplified, then only traditional Chinese has.
pub fn chinese() -> Vec<u8> {
    let mut bytes = vec![0u8; CHARACTERS / 4];
    for at in 0..CHARACTERS {
        let text = char::from_u32(FIRST + at as u32).map(String::from).unwrap_or_default();
        let (gbk, _, none) = encoding_rs::GBK.encode(&text);
        let simplified = !none && gbk.len() == 2 && (0xb0..=0xf7).contains(&gbk[0]) && gbk[1] >= 0xa1;
        let (big5, _, none) = encoding_rs::BIG5.encode(&text);
        let traditional = !none && big5.len() == 2;
        let frequent = traditional && (0xa4..=0xc6).contains(&big5[0]);
        if simplified && !traditional {
            bytes[at / 8] |= 1 << (at % 8);
        }
        if frequent && !simplified {
            bytes[CHARACTERS / 8 + at / 8] |= 1 << (at % 8);
        }
    }
    bytes
}

/// The set of each language's common words.
pub fn common_words(all: &[Words], codes: &[&str], lists: &Path, lines: &[Line]) -> Vec<u8> {
    let mut bytes = vec![0u8; 1 << (SET_BITS - 3)];
    let mut put = |code: &str, word: &str| {
        let at = common(code, word_hash(word.chars().map(u32::from)));
        bytes[at / 8] |= 1 << (at % 8);
    };
    let mut best = |code: &str, words: &[String], weights: &[f64]| {
        let mut order: Vec<usize> = (0..words.len()).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(words[*a].cmp(&words[*b])));
        order.iter().take(COMMON).for_each(|at| put(code, &words[*at]));
    };
    for (code, words) in codes.iter().zip(all).filter(|(code, _)| !UNSPACED.contains(code)) {
        best(code, &words.words, &words.weights);
    }
    for code in BY_SCRIPT {
        let words = words(code, lists, None, lines, 0);
        best(code, &words.words, &words.weights);
    }
    let letters = Letters::default();
    for code in UNSPACED {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for c in lines.iter().filter(|line| line.code == *code && !line.held).flat_map(|line| line.text.chars()).filter(|c| letters.fold(*c) != 0) {
            *counts.entry(c.to_string()).or_default() += 1.0;
        }
        let (words, weights): (Vec<_>, Vec<_>) = counts.into_iter().unzip();
        best(code, &words, &weights);
    }
    bytes
}

fn labels(lists: &Path, end: &str) -> Vec<Vec<String>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(lists.join("labels")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    // Only of languages that are told apart: in others a menu cannot be seen to be none.
    let known = |path: &PathBuf| {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let code = name.split(['_', '@', '.']).next().unwrap_or("");
        CODES.contains(&code) || BY_SCRIPT.contains(&code) || code == "th"
    };
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default().lines().map(String::from).collect();
    paths.iter().filter(|path| path.extension().is_some_and(|other| other == end) && known(path)).map(read).collect()
}

/// All texts that the prose model learns from and is judged by.
pub fn examples(data: &Path, lists: &Path, code: &[PathBuf], lines: &[Line], words: &[Words], hold: bool) -> Vec<Example> {
    let mut random = Random(11);
    let spoken: Vec<Words> = words
        .iter()
        .filter(|words| words.words.len() > 1000)
        .map(Words::again)
        .chain(BY_SCRIPT.iter().map(|code| self::words(code, lists, None, lines, 0)))
        .filter(|words| words.words.len() > 500)
        .collect();
    let mut out = none::code(code, 1500, &mut random);
    out.extend(none::generated(24_000, &spoken, &mut random));
    let seen = labels(lists, "txt").into_iter().map(|labels| (labels, false));
    let held = labels(lists, "held").into_iter().map(|labels| (labels, true));
    let menus: Vec<(Vec<String>, bool)> = seen.chain(held).collect();
    out.extend(none::menus(&menus, 24_000, &mut random));
    out.extend(none::lists(&spoken, 12_000, &mut random));
    out.extend(none::real(lines, &crate::corpus::pages(data), 40_000, &mut random));
    if !hold {
        out.iter_mut().for_each(|example| example.held = false);
    }
    out
}

/// Losing a real text is worse than keeping a menu, losing a page worst.
fn weight(example: &Example) -> f32 {
    match example.kind {
        _ if example.none => 1.0,
        "pages" => 8.0,
        _ => 3.0,
    }
}

/// Fits the model on `examples` as `file`, whose own is empty, describes them; gives its values.
pub fn fit(file: &[u8], examples: &[Example]) -> Vec<u8> {
    let identifier = Identifier::load(file).expect("a model");
    let mut scratch = Scratch::default();
    let described: Vec<([f32; FEATURES], bool, f32)> = examples
        .iter()
        .filter(|example| !example.held)
        .filter_map(|example| Some((identifier.describe(&example.text, &mut scratch).1?, example.none, weight(example))))
        .collect();
    eprintln!("{} examples, {} no language", described.len(), described.iter().filter(|example| example.1).count());
    net::fit(&described, 40, &mut Random(5)).iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Prints what is caught and what is wrongly called no language, by kind, of the texts held back.
pub fn judge(file: &[u8], examples: &[Example]) {
    let identifier = Identifier::load(file).expect("a model");
    let mut scratch = Scratch::default();
    let mut tally: BTreeMap<(bool, &str), (usize, usize)> = BTreeMap::new();
    for example in examples.iter().filter(|example| example.held) {
        let guess = identifier.identify(&example.text, &mut scratch);
        for kind in [example.kind, "all"] {
            let (found, all) = tally.entry((example.none, kind)).or_default();
            *all += 1;
            *found += usize::from(guess.lang == "zxx");
        }
    }
    for ((none, kind), (found, all)) in tally {
        eprintln!("{} {kind}: {found} of {all} = {:.4}", if none { "caught" } else { "wrong" }, found as f64 / all as f64);
    }
}
