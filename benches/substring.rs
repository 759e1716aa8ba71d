//! Speed of what deduplication of passages asks of a text before it is compared, on one core, in megabytes of text a second.
//!
//! usage: cargo bench --bench substring -- DOCS.jsonl...
//! The whole of it, from file to cut text, is timed beside its peers by `benches/peers_substring.py`.

use std::hint::black_box;
use std::time::Instant;

use dataprep::dedup::anchors::Anchors;
use dataprep::dedup::cuts::{Snap, without};
use dataprep::dedup::normal::{Normal, digest};
use dataprep::dedup::units::Unit;
use dataprep::source::texts::Texts;

/// Rounds of which the fastest counts.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if files.is_empty() {
        return Err("which documents? cargo bench --bench substring -- DOCS.jsonl...".into());
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
    let mut ring = Vec::new();
    for length in [50, 100, 500] {
        let anchors = Anchors::new(length);
        measure(&format!("anchors, {length} bytes"), &mut |text| {
            anchors.each(text.as_bytes(), &mut ring, |at, hash| {
                black_box((at, hash));
            });
        });
    }
    for (name, unit) in [("lines", Unit::Line), ("paragraphs", Unit::Paragraph), ("runs of 3 sentences", Unit::Sentences(3))] {
        measure(&format!("{name}, digests of words"), &mut |text| {
            unit.each(text, |start, end| {
                black_box(digest(&text[start as usize..end as usize], Normal::Words));
            });
        });
    }
    measure("a cut in the middle, at words", &mut |text| {
        black_box(without(text, [(text.len() / 3, text.len() / 2)], Snap::Word));
    });
    Ok(())
}
