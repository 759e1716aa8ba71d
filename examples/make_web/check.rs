//! What must hold before a byte is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::{crawl::Crawl, nearcopy};

/// No two clean pages may share a run of this many bytes.
const RUN: usize = 100;

/// # Panics
/// With the names of the pages at fault, when the crawl is not what the tests count on.
pub fn check(crawl: &Crawl) {
    no_shared_run(&crawl.texts);
    let urls: HashSet<&str> = crawl.records.iter().chain(&crawl.heldout).map(|record| record.url.as_str()).collect();
    assert_eq!(urls.len(), crawl.records.len() + crawl.heldout.len(), "two records have one URL");

    let faults = count_faults(crawl);
    for (fault, count) in &faults {
        assert!(*count >= 2 || *fault == "truncated_member", "`{fault}` stands only {count} times");
    }
    let places: HashMap<&str, usize> = crawl.records.iter().enumerate().map(|(at, record)| (record.url.as_str(), at)).collect();
    for (at, record) in crawl.records.iter().enumerate() {
        let Some(twin) = &record.truth.twin else { continue };
        let original = places.get(twin.as_str()).copied();
        assert!(original.is_some_and(|original| original < at), "{} stands before its original", record.url);
        assert!(record.truth.jaccard.is_some_and(|likeness| likeness >= nearcopy::LEAST), "{} is not near", record.url);
    }
    let clean = crawl.records.iter().filter(|record| matches!(record.truth.fate, "keep" | "edit")).count();
    assert_eq!(clean + crawl.heldout.len(), crawl.texts.len(), "a clean page is missing or stands twice");
}

/// How often each fault is planted.
pub fn count_faults(crawl: &Crawl) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for fault in crawl.records.iter().filter_map(|record| record.truth.fault) {
        *counts.entry(fault).or_default() += 1;
    }
    counts
}

fn no_shared_run(texts: &[(String, String)]) {
    let mut owners: HashMap<u64, usize> = HashMap::new();
    for (at, (name, text)) in texts.iter().enumerate() {
        for run in text.as_bytes().windows(RUN) {
            let owner = *owners.entry(xxh3_64(run)).or_insert(at);
            assert!(owner == at, "{name} and {} share `{}`", texts[owner].0, String::from_utf8_lossy(run));
        }
    }
}
