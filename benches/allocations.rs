//! Counts the allocations that a document costs once memory has been taken up: in steady state there should be next to none.
//!
//! usage: cargo bench --bench allocations -- DOCS.jsonl.gz
//! DOCS holds `text`. Each row goes over all documents twice and counts the second time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dataprep::language::{BUILT_IN as MODEL, Identifier, Scratch};
use dataprep::measures::rules::{BUILT_IN, ByLanguage};
use dataprep::text::{Facts, Splitter};
use serde_json::Value;

/// The system's allocator, counting.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let docs = std::env::args().skip(1).find(|argument| argument != "--bench").ok_or("which documents?")?;
    let mut lines = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(docs)?).read_to_string(&mut lines)?;
    let texts: Vec<String> = lines
        .lines()
        .map(|line| Ok(serde_json::from_str::<Value>(line)?["text"].as_str().unwrap_or_default().to_owned()))
        .collect::<Result<_, serde_json::Error>>()?;
    let count = |name: &str, work: &mut dyn FnMut(&str)| {
        texts.iter().for_each(|text| work(text));
        let before = COUNT.load(Relaxed);
        texts.iter().for_each(|text| work(text));
        println!("{name:<28} {:>8.2} allocations a document", (COUNT.load(Relaxed) - before) as f64 / texts.len() as f64);
    };
    for splitter in [Splitter::SpacyEn, Splitter::Unicode, Splitter::Icu] {
        let mut sets = Vec::new();
        for name in ["gopher_repetition", "gopher", "c4", "fineweb"] {
            let toml = BUILT_IN.iter().find(|(known, _)| *known == name).ok_or(name)?.1;
            let mut set = ByLanguage::parse(toml, &mut |_| Err("no lists".into())).map_err(|errors| format!("{errors:?}"))?;
            set.split_by(Some(splitter));
            sets.push((name, set));
        }
        let mut facts = Facts::new();
        for (name, set) in &sets {
            count(&format!("{name} {splitter:?}"), &mut |text| {
                facts.reset();
                set.of("en").apply(text, &mut facts, false, &mut |_| {});
            });
        }
        count(&format!("the four {splitter:?}"), &mut |text| {
            facts.reset();
            for (_, set) in &sets {
                set.of("en").apply(text, &mut facts, false, &mut |_| {});
            }
        });
    }
    let (identifier, mut scratch) = (Identifier::load(MODEL)?, Scratch::default());
    count("language", &mut |text| {
        identifier.identify(text, &mut scratch);
    });
    Ok(())
}
