//! Scores extraction against sets of pages: `cargo bench --bench extraction -- FOLDER... [NAME=FILE...]`.
//!
//! A folder holds `gold.jsonl` and `html/<id>.html.gz`. FILE holds another tool's texts as JSON lines (`id`, `text`); the difference
//! to it comes with a 95 % interval of the paired bootstrap over pages. Rows are all pages, kinds of pages and scripts; scores are
//! F1 of words (`\w+`, lower case), of character pairs and of shingles of four tokens, which depend on order. Sets without full
//! gold are judged by the segments that must and must not be there. `DUMP=1` writes our texts as JSON lines instead.

use dataprep::{html, text::charset};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::{Error, Read};
use std::path::Path;

const RESAMPLES: usize = 2000;
const SCORES: [&str; 3] = ["words", "pairs", "shingles"];

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn pairs(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    chars.windows(2).map(|w| w.iter().collect()).collect()
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// Runs of four words, letters of scripts without spaces being words of their own.
fn shingles(text: &str) -> Vec<String> {
    let spaced: String = text.chars().flat_map(|c| if is_unspaced(c) { vec![' ', c, ' '] } else { vec![c] }).collect();
    let tokens = words(&spaced);
    if tokens.len() < 4 { vec![tokens.join(" ")] } else { tokens.windows(4).map(|w| w.join(" ")).collect() }
}

fn f1(got: &[String], gold: &[String]) -> f64 {
    if got.is_empty() || gold.is_empty() {
        return f64::from(u8::from(got.is_empty() && gold.is_empty()));
    }
    let mut left: HashMap<&str, i64> = HashMap::new();
    gold.iter().for_each(|w| *left.entry(w).or_default() += 1);
    let mut hit = 0;
    for word in got {
        if let Some(n) = left.get_mut(word.as_str()).filter(|n| **n > 0) {
            *n -= 1;
            hit += 1;
        }
    }
    2.0 * f64::from(hit) / (got.len() + gold.len()) as f64
}

/// F1 of words, pairs and shingles.
fn scores(text: &str, gold: &str) -> [f64; 3] {
    [words, pairs, shingles].map(|parts| f1(&parts(text), &parts(gold)))
}

/// The script of most letters.
fn script(text: &str) -> &'static str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        let name = match c {
            '\0'..='\u{24f}' => "Latin",
            '\u{370}'..='\u{3ff}' => "Greek",
            '\u{400}'..='\u{52f}' => "Cyrillic",
            '\u{590}'..='\u{5ff}' => "Hebrew",
            '\u{600}'..='\u{6ff}' => "Arabic",
            '\u{e00}'..='\u{e7f}' => "Thai",
            '\u{1000}'..='\u{109f}' => "Myanmar",
            '\u{3040}'..='\u{30ff}' => "Japanese",
            '\u{3400}'..='\u{9fff}' => "Han",
            '\u{ac00}'..='\u{d7af}' => "Hangul",
            _ => "other script",
        };
        *counts.entry(name).or_default() += 1;
    }
    // Japanese is written with more Han letters than its own.
    if counts.get("Japanese").is_some_and(|kana| kana * 4 > counts.values().sum()) {
        return "Japanese";
    }
    counts.into_iter().max_by_key(|(_, n)| *n).map_or("no letters", |(name, _)| name)
}

/// Bounds of the middle 95 % of resampled means.
fn interval(differences: &[f64]) -> (f64, f64) {
    let mut state = 42u64;
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = differences.iter().map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                differences[(state >> 33) as usize % differences.len()]
            });
            drawn.sum::<f64>() / differences.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

/// Segments found and missed that must be there, and found that must not.
#[derive(Clone, Copy, Default)]
struct Segments([usize; 3]);

impl Segments {
    fn count(&mut self, text: &str, gold: &Value) {
        let list = |key: &str| gold[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(|part| text.contains(part)).collect::<Vec<_>>();
        list("with").iter().for_each(|&found| self.0[usize::from(!found)] += 1);
        self.0[2] += list("without").iter().filter(|found| **found).count();
    }

    fn print(&self, name: &str) {
        let [hit, missed, wrong] = self.0.map(|n| n as f64);
        if hit + missed > 0.0 {
            let (precision, recall) = (hit / (hit + wrong), hit / (hit + missed));
            println!("  {name:<22} segments {:.4} (precision {precision:.4}, recall {recall:.4})", 2.0 * hit / (2.0 * hit + missed + wrong));
        }
    }
}

type Texts = HashMap<String, String>;

fn texts(file: &str) -> Result<Texts, Error> {
    let mut out = Texts::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let value: Value = serde_json::from_str(line)?;
        out.insert(value["id"].as_str().unwrap_or_default().to_owned(), value["text"].as_str().unwrap_or_default().to_owned());
    }
    Ok(out)
}

fn main() -> Result<(), Error> {
    let dump = std::env::var_os("DUMP").is_some();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let (peers, folders): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|a| a.contains('='));
    let mut others = Vec::new();
    for (name, file) in peers.iter().filter_map(|p| p.split_once('=')) {
        others.push((name, texts(file)?));
    }
    for folder in folders.into_iter().map(Path::new) {
        // For each row the scores of each page: ours first, then the others' in their order.
        let mut rows: BTreeMap<String, Vec<Vec<[f64; 3]>>> = BTreeMap::new();
        let mut segments = vec![Segments::default(); others.len() + 1];
        let (mut bytes, mut seconds) = (0usize, 0.0);
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
            let all: Vec<&str> = std::iter::once(text.as_str()).chain(others.iter().map(|(_, t)| t.get(id).map_or("", String::as_str))).collect();
            segments.iter_mut().zip(&all).for_each(|(segments, text)| segments.count(text, &gold));
            if let Some(expected) = gold["text"].as_str() {
                let page: Vec<[f64; 3]> = all.iter().map(|text| scores(text, expected)).collect();
                let kind = gold["page_type"].as_str().map(|kind| format!("kind {kind}"));
                for row in [Some("all".to_owned()), kind, Some(format!("script {}", script(expected)))].into_iter().flatten() {
                    rows.entry(row).or_default().push(page.clone());
                }
            }
        }
        if dump {
            continue;
        }
        println!("{}: {:.1} MB/s", folder.display(), bytes as f64 / 1e6 / seconds);
        for (row, pages) in &rows {
            let mean = |tool: usize, score: usize| pages.iter().map(|p| p[tool][score]).sum::<f64>() / pages.len() as f64;
            println!("  {row:<22} {:4} pages  {}", pages.len(), [0, 1, 2].map(|s| format!("{} {:.4}", SCORES[s], mean(0, s))).join("  "));
            for (tool, (name, _)) in others.iter().enumerate() {
                let differences = [0, 1, 2].map(|s| {
                    let (low, high) = interval(&pages.iter().map(|p| p[0][s] - p[tool + 1][s]).collect::<Vec<_>>());
                    format!("{} {:.4} (we {:+.4}, {low:+.4} to {high:+.4})", SCORES[s], mean(tool + 1, s), mean(0, s) - mean(tool + 1, s))
                });
                println!("    {name:<20}             {}", differences.join("  "));
            }
        }
        segments[0].print("ours");
        others.iter().zip(&segments[1..]).for_each(|((name, _), segments)| segments.print(name));
    }
    Ok(())
}
