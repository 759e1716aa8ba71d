//! Speed of what deduplication of passages asks of a text before it is compared, on one core, in megabytes of text a second.
//!
//! usage: cargo bench --bench substring -- DOCS.jsonl...
//! The whole of it, from file to cut text, is timed beside its peers by `benches/peers_substring.py`.

use std::hint::black_box;

use dataprep::dedup::anchors::Anchors;
use dataprep::dedup::cuts::{Snap, without};
use dataprep::dedup::normal::{Normal, digest};
use dataprep::dedup::units::Unit;

#[path = "common/pace.rs"]
mod pace;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = pace::texts("substring")?;
    let measure = |name: &str, each: &mut dyn FnMut(&str)| pace::measure(&texts, name, each);
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
