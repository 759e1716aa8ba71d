//! How good trained classifiers are and how fast: `cargo bench --bench classifier -- MAIL.jsonl [FOLDER]`, where each line of MAIL.jsonl has `id`,
//! `label` (`ham` or `spam`) and `text`. A fifth, chosen by a hash of the id that no seed changes, is kept back. With a FOLDER, the split is written
//! there as fastText reads it (`train.txt`, `test.txt`) and so are the models of seed 0, so that fastText can be measured on the same.

use std::time::Instant;

use dataprep::doc::Doc;
use dataprep::fasttext::measure::Measures;
use dataprep::fasttext::train::{Example, Quantise, Settings, train};
use dataprep::fasttext::{Model, Scratch};
use dataprep::stage::Dice;

const NAMES: [&str; 2] = ["ham", "spam"];

#[path = "common/clock.rs"]
mod clock;
use clock::seconds;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let Some(mail) = arguments.next() else {
        println!("no file given");
        return;
    };
    let folder = arguments.next();
    let (mut seen, mut kept) = (Vec::new(), Vec::new());
    for line in std::fs::read_to_string(mail).expect("the mail").lines() {
        let mail: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| mail[key].as_str().expect("a text").to_owned();
        let doc = Doc::new(Some(text("id")), None, None, Some(text("text")));
        let label = NAMES.iter().position(|name| *name == mail["label"]).expect("a label");
        if Dice::new(0, "holdout").roll(doc.key()) < 0.2 { &mut kept } else { &mut seen }.push((label, doc.text().to_owned()));
    }
    println!("{} to train on, {} kept back", seen.len(), kept.len());
    if let Some(folder) = &folder {
        let line = |(label, text): &(usize, String)| format!("__label__{} {}\n", NAMES[*label], text.replace(['\n', '\r', '\0'], " "));
        std::fs::write(format!("{folder}/train.txt"), seen.iter().map(line).collect::<String>()).expect("a file");
        std::fs::write(format!("{folder}/test.txt"), kept.iter().map(line).collect::<String>()).expect("a file");
    }
    let examples: Vec<Example<'_>> = seen.iter().map(|(label, text)| Example { text, label: *label }).collect();
    let settings = Settings { epochs: 25, buckets: 2_000_000, ..Settings::default() };
    for dim in [16, 100] {
        let mut sums = [[0.0; 3]; 2];
        for seed in 0..5 {
            let settings = Settings { dim, seed, ..settings.clone() };
            let clock = Instant::now();
            let start = seconds(clock);
            let trained = train(&examples, &NAMES, &settings, &|_| ()).expect("a model");
            let took = seconds(clock) - start;
            let clock = Instant::now();
            train(&examples, &NAMES, &Settings { threads: 2, ..settings }, &|_| ()).expect("a model");
            println!("dim {dim}, seed {seed}: trained in {took:.2} s of one thread, {:.2} s by the clock with two", clock.elapsed().as_secs_f64());
            let mut bytes = [Vec::new(), Vec::new()];
            trained.write(&mut bytes[0]).expect("memory");
            trained.write_quantised(&Quantise::default(), &mut bytes[1]).expect("memory");
            for ((bytes, end), sums) in bytes.iter().zip(["bin", "ftz"]).zip(&mut sums) {
                let measures = measured(bytes, &kept);
                let Measures { accuracy, roc_auc, average_precision } = measures;
                println!("  .{end} {} bytes: accuracy {accuracy:.4}, AUC {roc_auc:.4}, average precision {average_precision:.4}", bytes.len());
                sums.iter_mut().zip([accuracy, roc_auc, average_precision]).for_each(|(sum, value)| *sum += value / 5.0);
                if seed == 0 {
                    speed(bytes, &kept);
                    folder.iter().for_each(|folder| std::fs::write(format!("{folder}/dataprep-{dim}.{end}"), bytes).expect("a file"));
                }
            }
        }
        println!("dim {dim}, mean of five seeds (accuracy, AUC, average precision): .bin {:.4?}, .ftz {:.4?}", sums[0], sums[1]);
    }
}

fn measured(bytes: &[u8], texts: &[(usize, String)]) -> Measures {
    let model = Model::load(bytes).expect("a model");
    let (spam, mut scratch) = (model.find_label("spam").expect("the label"), Scratch::default());
    let scores: Vec<(f32, bool)> = texts.iter().map(|(label, text)| (model.probability(text, spam, &mut scratch), *label == 1)).collect();
    Measures::of(&scores).expect("both labels")
}

/// The best of five passes.
fn speed(bytes: &[u8], texts: &[(usize, String)]) {
    let (model, mut scratch, clock) = (Model::load(bytes).expect("a model"), Scratch::default(), Instant::now());
    let pass = |_| {
        let start = seconds(clock);
        for (_, text) in texts.iter().cycle().take(texts.len() * 40) {
            std::hint::black_box(model.predict(text, 1, 0.0, &mut scratch));
        }
        (seconds(clock) - start) / 40.0
    };
    let least = (0..5).map(pass).fold(f64::MAX, f64::min);
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    println!("  {:.0} documents/s, {:.1} MB/s", texts.len() as f64 / least, bytes as f64 / 1e6 / least);
}
