//! Speed of n-gram models on one core: `cargo bench --bench perplexity -- MODEL TEXT [ccnet]`.
//!
//! MODEL is a file of KenLM or ARPA text, TEXT a plain text whose lines are sentences. Prints how long opening takes, the perplexity, and megabytes
//! and words scored a second, the best of five passes. With `ccnet` the text is put into cc_net's normal form first, which is counted in.

use std::path::Path;
use std::time::Instant;

use dataprep::ngram::{Buffers, Model, Normal, Sentences, Tally};

#[path = "common/clock.rs"]
mod clock;
use clock::seconds;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let [path, text, rest @ ..] = &args[..] else {
        println!("no model and text given");
        return;
    };
    let clock = Instant::now();
    let begin = seconds(clock);
    let model = Model::open(Path::new(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    println!("{path}: order {}, opened in {:.3} s", model.order(), seconds(clock) - begin);
    let text = std::fs::read_to_string(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let normal = if rest.iter().any(|arg| arg == "ccnet") { Normal::Ccnet } else { Normal::None };
    let sentences = Sentences { normal, ..Sentences::default() };
    let (mut buffers, mut best, mut total) = (Buffers::default(), f64::MAX, Tally::default());
    // The system counts in ticks, so a pass goes over a short text many times.
    let times = 1 + 20_000_000 / text.len().max(1);
    for _ in 0..5 {
        let begin = seconds(clock);
        total = Tally::default();
        let add = &mut |words: &mut dyn Iterator<Item = &str>, count| {
            total.add(model.score(words.map(|word| model.index(word))), count);
            Ok(())
        };
        for _ in 0..times {
            sentences.each(&text, &mut buffers, add).expect("white space cuts every text");
        }
        best = best.min((seconds(clock) - begin) / times as f64);
    }
    let count = total.words / times as u64;
    let (megabytes, words) = (text.len() as f64 / 1e6, count as f64 / 1e6);
    println!(
        "perplexity {:.4} over {} words; {:.1} MB/s, {:.2} million words/s",
        total.perplexity().unwrap_or(f64::NAN),
        count,
        megabytes / best,
        words / best
    );
}
