//! Which n-grams the model weighs, and for which languages: counts of all sources, kept where they say most.

use std::path::Path;

use dataprep::language::grams::{Letters, hash, hashes, signs, whole};
use dataprep::language::languages::CODES;

use crate::corpus::{Line, Words, tables, words};

/// Rates below this share of the highest count as nothing.
const LEAST: f32 = 0.04;
const MOST: usize = 12;

/// Hash, language, occurrences a word.
type Entry = (u32, u8, f32);

/// Sparse rows: n-gram `hashes[r]` has the entries `starts[r]..starts[r + 1]`.
pub struct Rows {
    pub hashes: Vec<u32>,
    pub starts: Vec<u32>,
    pub langs: Vec<u8>,
    pub weights: Vec<f32>,
    /// Occurrences a word, summed over the languages.
    pub rates: Vec<f32>,
}

/// Reads all sources; gives the rows, best first cut to `limit`, and each language's words.
pub fn select(registry: &Path, lists: &Path, lines: &[Line], draws: usize, limit: usize) -> (Rows, Vec<Words>) {
    let letters = Letters::default();
    let (mut entries, mut all): (Vec<Entry>, Vec<Words>) = (Vec::new(), Vec::new());
    for (at, code) in CODES.iter().enumerate() {
        let lingua = tables(registry, code);
        let before = entries.len();
        if let Some(lingua) = &lingua {
            lingua.grams(|gram, rate| {
                if rate > 1.5e-6 {
                    entries.push((hash(gram.iter().copied()), at as u8, rate as f32));
                }
            });
        }
        let words = words(code, lists, lingua.as_ref(), lines, if lingua.is_some() { draws } else { 0 });
        let mut stream = Vec::new();
        for (word, weight) in words.words.iter().zip(&words.weights) {
            stream.clear();
            stream.extend(word.chars().map(u32::from));
            if let Some(hash) = whole(&stream).filter(|_| *weight > 4.0) {
                entries.push((hash, at as u8, (*weight / 1e6) as f32));
            }
        }
        own(&letters, code, at as u8, lines, if matches!(*code, "zh" | "ja" | "ne") { 1.0 } else { 0.1 }, &mut entries);
        eprintln!("{code}: {} counts, {} words", entries.len() - before, words.words.len());
        all.push(words);
    }
    entries.sort_unstable_by_key(|entry| (entry.0, entry.1));
    entries.dedup_by(|next, first| {
        (next.0, next.1) == (first.0, first.1) && {
            first.2 += next.2;
            true
        }
    });
    (rank(&entries, limit), all)
}

/// Counts of the n-grams of the lines themselves.
fn own(letters: &Letters, code: &str, at: u8, lines: &[Line], weight: f32, entries: &mut Vec<Entry>) {
    let (mut stream, mut found, mut words) = (Vec::new(), Vec::new(), 0);
    for line in lines.iter().filter(|line| line.code == code && !line.held) {
        signs(letters, &line.text, &mut stream);
        words += stream.iter().filter(|sign| **sign == dataprep::language::grams::EDGE).count() - 1;
        hashes(&stream, |hash, _| found.push(hash));
    }
    found.sort_unstable();
    for run in found.chunk_by(|a, b| a == b).filter(|run| run.len() > 1) {
        entries.push((run[0], at, weight * run.len() as f32 / words.max(1) as f32));
    }
}

fn rank(entries: &[Entry], limit: usize) -> Rows {
    let mut scored: Vec<(f32, &[Entry])> = entries
        .chunk_by(|a, b| a.0 == b.0)
        .map(|row| {
            let sum: f32 = row.iter().map(|entry| entry.2).sum();
            let score = row.iter().map(|entry| entry.2 * (entry.2 * 40.0 / sum).ln()).sum();
            (score, row)
        })
        .collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1[0].0.cmp(&b.1[0].0)));
    scored.truncate(limit);
    scored.sort_unstable_by_key(|(_, row)| row[0].0);
    let mut rows = Rows { hashes: Vec::new(), starts: vec![0], langs: Vec::new(), weights: Vec::new(), rates: Vec::new() };
    for (_, row) in scored {
        let mut row = row.to_vec();
        row.sort_unstable_by(|a, b| b.2.total_cmp(&a.2));
        let floor = row[0].2 * LEAST;
        row.retain(|entry| entry.2 >= floor);
        row.truncate(MOST);
        rows.rates.push(row.iter().map(|entry| entry.2).sum());
        let least = row.last().expect("a language").2.min(row[0].2 * 0.2);
        row.sort_unstable_by_key(|entry| entry.1);
        rows.hashes.push(row[0].0);
        for (_, lang, rate) in row {
            rows.langs.push(lang);
            rows.weights.push(0.15 * (1.0 + rate / least).ln());
        }
        rows.starts.push(rows.langs.len() as u32);
    }
    rows
}
