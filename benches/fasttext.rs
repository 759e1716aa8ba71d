//! Agreement with fastText and speed: `cargo bench --bench fasttext -- FOLDER`, where FOLDER holds a model `lid.176.ftz` and lists
//! `golden-*.tsv` (label, probability, true code, text), unpacked.

use std::time::Instant;

use dataprep::fasttext::{Model, Scratch};

#[path = "common/clock.rs"]
mod clock;
use clock::seconds;

fn main() {
    let Some(folder) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) else {
        println!("no folder given");
        return;
    };
    let first = Instant::now();
    let start = seconds(first);
    let file = std::fs::read(format!("{folder}/lid.176.ftz")).expect("the model");
    let model = Model::load(&file).expect("a model");
    println!("loaded in {:.1} ms, {} labels", (seconds(first) - start) * 1e3, model.labels());
    let mut scratch = Scratch::default();
    let (mut texts, mut wrong, mut most) = (Vec::new(), 0, 0f32);
    for name in ["sentences", "word-pairs", "single-words"] {
        let list = std::fs::read_to_string(format!("{folder}/golden-{name}.tsv")).expect("a list");
        for line in list.lines() {
            let parts: Vec<&str> = line.splitn(4, '\t').collect();
            let [label, probability, _, text] = parts[..] else { panic!("four columns: {line}") };
            let found = model.predict(text, 1, 0.0, &mut scratch)[0];
            let label = label.trim_start_matches("__label__");
            let off = (found.probability - probability.parse::<f32>().expect("a number")).abs();
            most = most.max(off);
            if model.label(found.label) != label || off > 1e-4 {
                wrong += 1;
                println!("{text}: {label} {probability}, here {} {}", model.label(found.label), found.probability);
            }
            texts.push(text.to_owned());
        }
    }
    println!("{} texts, {wrong} differ, probabilities by {most:.1e} at most", texts.len());
    let mut long: Vec<String> = vec![String::new()];
    for text in &texts {
        if long.last().is_some_and(|last| last.len() > 9_000) {
            long.push(String::new());
        }
        let last = long.last_mut().expect("one");
        last.push_str(text);
        last.push(' ');
    }
    for (name, texts) in [("short texts", &texts), ("9 KB texts", &long)] {
        let (start, mut bytes) = (seconds(first), 0);
        for text in texts.iter().cycle().take(texts.len() * 10) {
            bytes += text.len();
            std::hint::black_box(model.predict(text, 1, 0.0, &mut scratch));
        }
        println!("{name}: {:.1} MB/s", bytes as f64 / 1e6 / (seconds(first) - start));
    }
}
