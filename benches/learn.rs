//! Learning tokenizers: `cargo bench --bench learn -- time TEXTS.jsonl [MEGABYTES]` says how long counting and learning take, a megabyte of text, for
//! each model with 32,000 entries; `cargo bench --bench learn -- chinese TEXTS.jsonl OUT.jsonl.zst MEGABYTES` writes a large Chinese corpus for
//! `dataprep learn-tokenizer`. `benches/tokenizer_peers.py` runs the peers.
//!
//! The corpus is drawn from the texts as a chain of characters, each by the two before it, so that its runs between marks are of the right length and
//! nearly all different: it is these runs that fill a trainer's memory.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use dataprep::tokenizer::learn::{Counter, LearnOptions, Model, PreSplitter, Split, TextForm, Unigram, learn};

/// Characters of a document of the corpus.
const DOCUMENT: usize = 3000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["time", path] => time(&texts(path, f64::MAX)),
        ["time", path, most] => time(&texts(path, most.parse().expect("megabytes"))),
        ["chinese", path, out, most] => chinese(&texts(path, f64::MAX), Path::new(out), most.parse().expect("megabytes")),
        _ => println!("say what to do: see the head of benches/learn.rs"),
    }
}

fn texts(path: &str, megabytes: f64) -> Vec<String> {
    let file = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = |line: &str| Some(serde_json::from_str::<serde_json::Value>(line).ok()?.get("text")?.as_str()?.to_owned());
    let mut left = megabytes * 1e6;
    let fits = |text: &String| {
        left -= text.len() as f64;
        left > 0.0
    };
    file.lines().filter_map(text).take_while(fits).collect()
}

/// Seconds that the threads of this process have run.
fn seconds(start: Instant) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: Vec<f64> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / 100.0 } else { start.elapsed().as_secs_f64() }
}

fn time(texts: &[String]) {
    let megabytes = texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    let clock = Instant::now();
    for (name, model, split) in [
        ("byte-level BPE", Model::Bpe, "gpt2"),
        ("BPE over characters", Model::Bpe, "metaspace"),
        ("WordPiece", Model::WordPiece, "bert"),
        ("unigram", Model::Unigram(Unigram::DEFAULT), "metaspace"),
    ] {
        let split: Split = split.parse().expect("a split");
        let options = LearnOptions::new(model, TextForm { normalize: None, lowercase: model == Model::WordPiece, split }, 32_000);
        let begin = seconds(clock);
        let splitter = PreSplitter::new(&options).expect("a splitter");
        let mut counter = Counter::new(1 << 30, &std::env::temp_dir().join("dataprep-bench-learn"));
        texts.iter().for_each(|text| splitter.split(text, &mut |word| counter.add(word).expect("room")));
        let words = counter.finish(1 << 30).expect("words");
        let counted = seconds(clock);
        let learned = learn(&words, &options).unwrap_or_else(|error| panic!("{error}"));
        let end = seconds(clock);
        println!(
            "{name}: {megabytes:.1} MB, {} words; counted in {:.2} s, learnt in {:.2} s: {:.1} MB/s; {} entries, {:.4} bytes a token",
            words.seen,
            counted - begin,
            end - counted,
            megabytes / (end - begin),
            learned.vocab_size,
            learned.usage.bytes as f64 / learned.usage.tokens as f64
        );
    }
}

fn chinese(texts: &[String], out: &Path, megabytes: f64) {
    let mut chain: BTreeMap<(char, char), Vec<char>> = BTreeMap::new();
    for text in texts {
        let mut before = ('\n', '\n');
        for c in text.chars() {
            chain.entry(before).or_default().push(c);
            before = (before.1, c);
        }
    }
    // Places instead of searches: each state knows the state that each of its characters leads to.
    let places: BTreeMap<(char, char), u32> = chain.keys().copied().zip(0..).collect();
    let start = places.get(&('\n', '\n')).copied().unwrap_or(0);
    let step = |state: &(char, char), next: &char| (*next, places.get(&(state.1, *next)).copied().unwrap_or(start));
    let states: Vec<Vec<(char, u32)>> = chain.iter().map(|(state, nexts)| nexts.iter().map(|next| step(state, next)).collect()).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut file = zstd::Encoder::new(std::fs::File::create(out).expect("a file"), 1).expect("zstd");
    let (mut written, mut text) = (0.0, String::new());
    while written < megabytes * 1e6 {
        text.clear();
        let mut state = start;
        for _ in 0..DOCUMENT {
            // Xorshift (Marsaglia 2003).
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let nexts = &states[state as usize];
            let (next, to) = nexts[(random >> 33) as usize % nexts.len()];
            text.push(next);
            state = to;
        }
        written += text.len() as f64;
        writeln!(file, "{}", serde_json::json!({ "text": text })).expect("room");
    }
    file.finish().expect("room");
}
