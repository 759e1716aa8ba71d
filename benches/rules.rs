//! Compares the rule sets with datatrove's decisions and times them.
//!
//! usage: cargo bench --bench rules -- FILTERS_FOLDER ORACLE.jsonl.gz [SPLITTER]
//! ORACLE holds `id`, `text`, `filters` (name to `keep` or `drop:reason`) and `c4_text` (what C4 left, where it changed anything).

use std::{collections::BTreeMap, fs, io::Read};

use dataprep::{
    measures::rules::{Applied, RuleSet},
    text::{Facts, Splitter},
};
use serde_json::Value;

/// Sets that say themselves how words are found; they are timed only.
const OTHERS: [&str; 6] = ["refinedweb", "dclm", "dolma", "nemo", "madlad", "code"];

const SETS: [(&str, &str); 4] = [("gopher_rep", "gopher_repetition"), ("gopher_quality", "gopher"), ("c4", "c4"), ("fineweb", "fineweb")];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (folder, oracle) = (args.next().ok_or("which folder?")?, args.next().ok_or("which oracle?")?);
    let splitter = Splitter::find(&args.next().unwrap_or_else(|| "spacy_en".into())).ok_or("unknown splitter")?;
    let mut lines = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(oracle)?).read_to_string(&mut lines)?;
    let docs: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let texts: Vec<&str> = docs.iter().map(|doc| doc["text"].as_str().unwrap_or_default()).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let mut sets = Vec::new();
    for (key, file) in SETS {
        let toml = fs::read_to_string(format!("{folder}/rules/{file}.toml"))?;
        sets.push((key, RuleSet::parse(&toml).map_err(|errors| format!("{file}: {errors:?}"))?));
    }
    let mut others = Vec::new();
    for file in OTHERS {
        let toml = fs::read_to_string(format!("{folder}/rules/{file}.toml"))?;
        others.push((file, RuleSet::parse(&toml).map_err(|errors| format!("{file}: {errors:?}"))?));
    }
    let mut facts = Facts::new();
    facts.split_by(splitter);
    let mut wrong = BTreeMap::new();
    for (doc, text) in docs.iter().zip(&texts) {
        for (key, set) in &sets {
            facts.reset();
            let (decision, edited) = match set.apply(text, &mut facts, false, &mut |_| {}) {
                Applied::Keep => ("keep".to_owned(), None),
                Applied::Edited(text) => ("keep".to_owned(), Some(text)),
                Applied::Drop { alias, .. } => (format!("drop:{alias}"), None),
            };
            let want = doc["filters"][key].as_str().unwrap_or_default();
            if decision != want {
                *wrong.entry(format!("{key} decisions")).or_insert(0) += 1;
                println!("{key} {}: {decision}, datatrove {want}", doc["id"]);
            } else if *key == "c4" && decision == "keep" && edited.as_deref() != doc["c4_text"].as_str() {
                *wrong.entry("c4 text".to_owned()).or_insert(0) += 1;
                println!("c4 {}: other text", doc["id"]);
            }
        }
    }
    println!("{} documents, {} MB; differing: {wrong:?}", docs.len(), bytes / 1_000_000);
    let rate = |name: &str, work: &mut dyn FnMut(&str, &mut Facts)| {
        let mut best = f64::MAX;
        let mut facts = Facts::new();
        facts.split_by(splitter);
        for _ in 0..5 {
            let start = cpu_seconds();
            for text in &texts {
                facts.reset();
                work(text, &mut facts);
            }
            best = best.min(cpu_seconds() - start);
        }
        println!("{name}: {:.1} MB/s", bytes as f64 / best / 1e6);
    };
    rate("words", &mut |text, facts| {
        facts.words(text);
    });
    for (key, set) in &sets {
        rate(key, &mut |text, facts| {
            set.apply(text, facts, false, &mut |_| {});
        });
    }
    for (name, set) in &others {
        rate(name, &mut |text, facts| {
            set.apply(text, facts, false, &mut |_| {});
        });
    }
    rate("all four", &mut |text, facts| {
        for (_, set) in &sets {
            set.apply(text, facts, false, &mut |_| {});
        }
    });
    rate("all four, audit", &mut |text, facts| {
        for (_, set) in &sets {
            set.apply(text, facts, true, &mut |_| {});
        }
    });
    Ok(())
}

/// Seconds of this process on a processor (Linux).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}
