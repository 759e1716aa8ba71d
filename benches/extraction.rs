//! Scores extraction against a set of pages: `cargo bench --bench extraction -- FOLDER...` prints word F1 (and its like) overall and by kind, and speed.
//!
//! A folder holds `gold.jsonl` and `html/<id>.html.gz`. With `DUMP=1` the texts go to standard output as JSON lines instead.

use dataprep::{html, text::charset};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn bigrams(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    chars.windows(2).map(|w| w.iter().collect()).collect()
}

fn f1(got: &[String], gold: &[String]) -> f64 {
    if got.is_empty() || gold.is_empty() {
        return f64::from(u8::from(got.is_empty() && gold.is_empty()));
    }
    let mut left: HashMap<&str, i64> = HashMap::new();
    gold.iter().for_each(|w| *left.entry(w).or_default() += 1);
    let hit = got
        .iter()
        .filter(|w| {
            left.get_mut(w.as_str()).is_some_and(|n| {
                *n -= 1;
                *n >= 0
            })
        })
        .count() as f64;
    2.0 * hit / (got.len() + gold.len()) as f64
}

fn main() -> Result<(), std::io::Error> {
    let dump = std::env::var_os("DUMP").is_some();
    for folder in std::env::args().skip(1).filter(|argument| argument != "--bench") {
        let folder = Path::new(&folder);
        let mut by_kind: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let (mut bytes, mut seconds) = (0usize, 0.0);
        let (mut tp, mut fp, mut fn_) = (0, 0, 0);
        for line in std::fs::read_to_string(folder.join("gold.jsonl"))?.lines() {
            let gold: Value = serde_json::from_str(line)?;
            let id = gold["id"].as_str().unwrap_or_default();
            let mut raw = Vec::new();
            flate2::read::GzDecoder::new(std::fs::File::open(folder.join(format!("html/{id}.html.gz")))?).read_to_end(&mut raw)?;
            let start = std::time::Instant::now();
            let decoded = charset::decode(&raw, None);
            let text = html::extract(&decoded.text, &html::Options::default()).map(|p| p.text).unwrap_or_default();
            seconds += start.elapsed().as_secs_f64();
            bytes += raw.len();
            if dump {
                println!("{}", serde_json::json!({"id": id, "text": text}));
                continue;
            }
            let list = |key: &str| gold[key].as_array().cloned().unwrap_or_default();
            for (key, hit, miss) in [("with", &mut tp, &mut fn_), ("without", &mut fp, &mut 0)] {
                for part in list(key) {
                    *(if text.contains(part.as_str().unwrap_or_default()) { &mut *hit } else { &mut *miss }) += 1;
                }
            }
            if let Some(expected) = gold["text"].as_str() {
                let kind = gold["page_type"].as_str().unwrap_or("page").to_owned();
                let score = f1(&words(&text), &words(expected));
                by_kind.entry(kind).or_default().push(score);
                by_kind.entry("= words".into()).or_default().push(score);
                by_kind.entry("= bigrams".into()).or_default().push(f1(&bigrams(&text), &bigrams(expected)));
            }
        }
        if dump {
            continue;
        }
        println!("{}: {:.1} MB/s", folder.display(), bytes as f64 / 1e6 / seconds);
        for (kind, scores) in by_kind {
            println!("  {kind:15} {:.4} ({})", scores.iter().sum::<f64>() / scores.len() as f64, scores.len());
        }
        if tp + fn_ > 0 {
            println!(
                "  segments        {:.4} (precision {:.4}, recall {:.4})",
                2.0 * tp as f64 / (2 * tp + fp + fn_) as f64,
                tp as f64 / (tp + fp) as f64,
                tp as f64 / (tp + fn_) as f64
            );
        }
    }
    Ok(())
}
