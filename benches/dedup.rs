//! Speed of what deduplication of whole documents asks of a text, on one core, in megabytes of text a second.
//!
//! usage: cargo bench --bench dedup -- DOCS.jsonl...
//! The whole of it, from file to kept documents, is timed beside its peers by `benches/peers_near.py`.

use std::hint::black_box;

use dataprep::dedup::datatrove::Datatrove;
use dataprep::dedup::normal::{Normal, digest};
use dataprep::dedup::shingles::{Block, Shingles, Unit, jaccard};
use dataprep::dedup::signature::Signature;
use dataprep::dedup::sketch::{Buffers, Sketch};

#[path = "common/pace.rs"]
mod pace;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = pace::texts("dedup")?;
    let measure = |name: &str, each: &mut dyn FnMut(&str)| pace::measure(&texts, name, each);
    for (name, normal) in [("bytes", Normal::Bytes), ("space", Normal::Space), ("words", Normal::Words)] {
        measure(&format!("exact digest, {name}"), &mut |text| {
            black_box(digest(text, normal));
        });
    }
    let words = Shingles::new(Unit::Word, 5);
    let mut block = Block::default();
    measure("shingles, 5 words", &mut |text| {
        words.of(text, &mut block, |shingles| {
            black_box(shingles);
        });
    });
    let mut buffers = Buffers::default();
    let fast = Sketch::Fast(words, Signature::new(14, 8, 1));
    measure("14 bands of 8 rows, fast", &mut |text| fast.digests(text, &mut buffers));
    let theirs = Sketch::Datatrove(Datatrove::new(5, 14, 8));
    measure("14 bands of 8 rows, datatrove", &mut |text| theirs.digests(text, &mut buffers));
    let mut before = Vec::new();
    measure("set and likeness", &mut |text| {
        let set = words.set(text, &mut block);
        black_box(jaccard(&before, &set, 0.0));
        before = set;
    });
    Ok(())
}
