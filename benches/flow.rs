//! What should flow between stages: rows edited in place, or Arrow batches?
//!
//! Three stages over real text, done both ways: clean the lines of every text (an edit), tag each document with a number (a column), drop the short
//! ones (a filter). `cargo bench --bench flow -- FILE.jsonl.gz` reads texts from any JSON lines; without a file it reads the fixtures' prose.
//!
//! Measured when `Doc` was made (2,297 web texts, 17 MB, one core; three runs; see ARCHITECTURE.md): an edit or a drop costs a batch a copy of the
//! text column, and a row nothing but the edit itself.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, StringBuilder};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use dataprep::doc::{Doc, TagTable};

const BATCH: usize = 256;
const ROUNDS: usize = 20;

fn texts() -> Vec<String> {
    match std::env::args().skip(1).find(|argument| argument.contains(".jsonl")) {
        Some(path) => {
            let file = std::fs::File::open(&path).expect("the file");
            let lines: Box<dyn Read> = if path.ends_with(".gz") { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
            let texts = BufReader::new(lines).lines().map(|line| {
                let value: serde_json::Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
                value["text"].as_str().unwrap_or_default().to_owned()
            });
            texts.collect()
        }
        None => {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/prose");
            let mut files: Vec<_> = std::fs::read_dir(folder).expect("prose").flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
            files.sort();
            files.iter().map(|path| std::fs::read_to_string(path).expect("UTF-8")).collect()
        }
    }
}

/// The edit: trailing space goes from every line.
fn clean(text: &str, out: &mut String) {
    out.clear();
    for line in text.split('\n') {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn rows(texts: &[String]) -> (f64, usize) {
    let mut table = TagTable::default();
    let length = table.declare::<f64>("mean_line").expect("a new tag");
    let mut seconds = 0.0;
    let mut left = 0;
    for batch in texts.chunks(BATCH) {
        let docs: Vec<Doc> = batch.iter().map(Doc::from_text).collect();
        let began = Instant::now();
        let mut buffer = String::new();
        let kept: Vec<Doc> = docs
            .into_iter()
            .filter_map(|mut doc| {
                clean(doc.text(), &mut buffer);
                doc.set_text(buffer.clone());
                let lines = doc.text().matches('\n').count().max(1);
                doc.set_tag(length, doc.text().len() as f64 / lines as f64);
                (doc.text().len() > 1_000).then_some(doc)
            })
            .collect();
        seconds += began.elapsed().as_secs_f64();
        left += black_box(kept).len();
    }
    (seconds, left)
}

fn batches(texts: &[String]) -> (f64, usize) {
    let mut seconds = 0.0;
    let mut left = 0;
    for batch in texts.chunks(BATCH) {
        let column = StringArray::from_iter_values(batch);
        let began = Instant::now();
        // Each stage takes a batch and gives a batch, as stages that know nothing of each other must.
        let mut buffer = String::new();
        let mut edited = StringBuilder::with_capacity(column.len(), column.value_data().len());
        for text in column.iter().flatten() {
            clean(text, &mut buffer);
            edited.append_value(&buffer);
        }
        let edited = edited.finish();
        let lengths = Float64Array::from_iter_values(edited.iter().flatten().map(|text| text.len() as f64 / text.matches('\n').count().max(1) as f64));
        let long: BooleanArray = edited.iter().map(|text| text.map(|text| text.len() > 1_000)).collect();
        let schema = Schema::new(vec![Field::new("text", DataType::Utf8, true), Field::new("mean_line", DataType::Float64, true)]);
        let columns: Vec<ArrayRef> = vec![Arc::new(edited), Arc::new(lengths)];
        let batch = RecordBatch::try_new(Arc::new(schema), columns).expect("columns of one length");
        let kept = filter_record_batch(&batch, &long).expect("a mask of that length");
        seconds += began.elapsed().as_secs_f64();
        left += black_box(kept).num_rows();
    }
    (seconds, left)
}

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut best = [f64::MAX; 2];
    let mut left = [0; 2];
    for _ in 0..ROUNDS {
        for (way, run) in [rows as fn(&[String]) -> (f64, usize), batches].into_iter().enumerate() {
            let (seconds, kept) = run(&texts);
            best[way] = best[way].min(seconds);
            left[way] = kept;
        }
    }
    assert_eq!(left[0], left[1], "both ways keep the same documents");
    let speed = |way: usize| bytes as f64 / 1e6 / best[way];
    println!("{} texts, {:.1} MB, {} kept; best of {ROUNDS}", texts.len(), bytes as f64 / 1e6, left[0]);
    println!("rows     {:>7.0} MB/s", speed(0));
    println!("batches  {:>7.0} MB/s   rows are {:.2} times as fast", speed(1), speed(0) / speed(1));
}
