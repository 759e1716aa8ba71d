//! Speed of what deduplication of whole documents asks of a text, on one core, in megabytes of text a second.
//!
//! usage: cargo bench --bench dedup -- DOCS.jsonl...
//! The whole of it, from file to kept documents, is timed beside its peers by `benches/peers_near.py`.

use std::hint::black_box;
use std::time::Instant;

use dataprep::dedup::datatrove::Datatrove;
use dataprep::dedup::normal::{Normal, digest};
use dataprep::dedup::shingles::{Shingles, Unit, jaccard};
use dataprep::dedup::signature::Signature;
use dataprep::dedup::sketch::{Buffers, Sketch};
use dataprep::source::texts::Texts;

/// Rounds of which the fastest counts.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if files.is_empty() {
        return Err("which documents? cargo bench --bench dedup -- DOCS.jsonl...".into());
    }
    let mut texts: Vec<String> = Vec::new();
    Texts::open(&files, None)?.each(&mut |doc| {
        texts.push(doc.text().to_owned());
        Ok(())
    })?;
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} documents, {:.1} MB", texts.len(), bytes as f64 / 1e6);
    let measure = |name: &str, each: &mut dyn FnMut(&str)| {
        let seconds = (0..ROUNDS).map(|_| {
            let began = Instant::now();
            texts.iter().for_each(|text| each(text));
            began.elapsed().as_secs_f64()
        });
        println!("{name:<32} {:>8.1} MB/s", bytes as f64 / 1e6 / seconds.fold(f64::INFINITY, f64::min));
    };
    for (name, normal) in [("bytes", Normal::Bytes), ("space", Normal::Space), ("words", Normal::Words)] {
        measure(&format!("exact digest, {name}"), &mut |text| {
            black_box(digest(text, normal));
        });
    }
    let words = Shingles::new(Unit::Word, 5);
    let (mut units, mut shingles) = (Vec::new(), Vec::new());
    measure("shingles, 5 words", &mut |text| words.of(text, &mut units, &mut shingles));
    let mut buffers = Buffers::default();
    let fast = Sketch::Fast(words, Signature::new(14, 8, 1));
    measure("14 bands of 8 rows, fast", &mut |text| fast.digests(text, &mut buffers));
    let theirs = Sketch::Datatrove(Datatrove::new(5, 14, 8));
    measure("14 bands of 8 rows, datatrove", &mut |text| theirs.digests(text, &mut buffers));
    let mut before = Vec::new();
    measure("set and likeness", &mut |text| {
        let set = words.set(text);
        black_box(jaccard(&before, &set, 0.0));
        before = set;
    });
    Ok(())
}
