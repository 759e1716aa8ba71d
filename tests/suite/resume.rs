//! The same bytes on any number of threads, however the input is cut, and after any interruption.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::support::{Folder, dataprep, said, tree};

const PIPELINE: &str = r#"
[run]
seed = 3
output = "DIR/out"
part = "40 kB"
dropped = 0.5

[source]
use = "jsonl"
path = "DIR/in*.jsonl"
fields = { id = "id", text = "text" }

[[stage]]
use = "sample"
share = 0.9

[[stage]]
use = "dedup_exact"

[[stage]]
use = "dedup_minhash"
memory = "1 MiB"

[[stage]]
use = "dedup_substring"
memory = "1 MiB"

[[stage]]
use = "learn_tokenizer"
name = "bpe"
model = "bpe"
vocab_size = 300

[[stage]]
use = "tokenize"
tokenizer = "stage:bpe"

[[sink]]
use = "jsonl"

[[sink]]
use = "shards"
seq_len = 64
packing = "best_fit"

[[sink]]
use = "shards"
name = "kinds"
folder = "kinds"
by = "column:kind"
seq_len = 64
"#;

/// Texts with exact copies, near copies and shared passages among them.
fn texts() -> Vec<String> {
    const WORDS: [&str; 24] = [
        "river", "stone", "lantern", "quiet", "paper", "north", "winter", "copper", "garden", "signal", "harbour", "ladder", "meadow", "needle", "orchard",
        "pebble", "quarry", "ribbon", "saddle", "timber", "valley", "willow", "yarrow", "zinc",
    ];
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut sentence = |length: usize| (0..length).map(|_| WORDS[next() % WORDS.len()]).collect::<Vec<_>>().join(" ");
    let passage = sentence(30);
    let mut all: Vec<String> = Vec::new();
    for number in 0..400usize {
        let text = match number % 10 {
            7 => all[number / 2].clone(),
            8 => format!("{} altered", all[number / 3]),
            9 => format!("{}. {passage}. {}.", sentence(20), sentence(20)),
            _ => sentence(60),
        };
        all.push(text);
    }
    all
}

fn write_input(folder: &Folder, files: usize) {
    let texts = texts();
    for (file, chunk) in texts.chunks(texts.len().div_ceil(files)).enumerate() {
        let start = file * texts.len().div_ceil(files);
        let lines: String =
            chunk.iter().enumerate().map(|(at, text)| format!("{{\"id\":\"{0}\",\"kind\":{1},\"text\":\"{text}\"}}\n", start + at, at % 3)).collect();
        folder.write(&format!("in{file:03}.jsonl"), lines);
    }
}

/// What must be equal: documents, shards, and shards of each kind.
fn output(folder: &Folder) -> [u128; 4] {
    ["docs", "shards", "kinds", "artifacts"].map(|name| tree(&folder.path(&format!("out/{name}"))))
}

#[test]
fn threads_change_no_byte() {
    let folder = Folder::new();
    write_input(&folder, 3);
    let mut seen = Vec::new();
    for threads in ["1", "2", "5"] {
        let _ = std::fs::remove_dir_all(folder.path("out"));
        let report = folder.report(PIPELINE, &["--threads", threads]);
        let drops = |stage: usize| report["stages"][stage]["drops"].as_object().map_or(0, |drops| drops.len());
        assert!(drops(0) > 0 && drops(1) > 0 && drops(2) > 0, "every kind of drop occurs: {report}");
        seen.push((output(&folder), tree(&folder.path("out/dropped")), std::fs::read(folder.path("out/report.json")).expect("report")));
    }
    assert!(seen.iter().all(|each| *each == seen[0]));
}

#[test]
fn cutting_the_input_into_other_files_keeps_the_same_documents() {
    let mut seen: Vec<Vec<String>> = Vec::new();
    for files in [1, 7, 50] {
        let folder = Folder::new();
        write_input(&folder, files);
        folder.report(PIPELINE, &[]);
        seen.push(folder.docs().iter().map(|doc| format!("{} {}", doc["id"], doc["text"])).collect());
    }
    assert!(seen[0].len() > 150 && seen.iter().all(|each| *each == seen[0]));
}

#[test]
fn killed_anywhere_the_same_command_ends_with_the_same_bytes() {
    let folder = Folder::new();
    write_input(&folder, 3);
    let began = std::time::Instant::now();
    folder.report(PIPELINE, &[]);
    let took = began.elapsed();
    let wanted = output(&folder);
    std::fs::remove_dir_all(folder.path("out")).expect("an output");
    let file = folder.path("p.toml").display().to_string();
    let mut kills = 0;
    for moment in 1..=10u32 {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_dataprep")).args(["run", &file, "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(took.mul_f64(f64::from(moment) * 0.13) / 2 + Duration::from_millis(5));
        kills += u32::from(child.try_wait().expect("a state").is_none());
        let _ = child.kill();
        let _ = child.wait();
    }
    assert!(kills > 0, "no run was cut short");
    let output_of_last = dataprep(&["run", &file, "--quiet"], &[]);
    assert!(output_of_last.status.success(), "{}", said(&output_of_last));
    assert_eq!(output(&folder), wanted);
    assert!(!folder.path("out/tmp").exists() && !folder.path("out/spool").exists());
}

#[test]
fn each_value_of_by_has_a_shard_set_of_its_own_and_none_is_lost() {
    let folder = Folder::new();
    write_input(&folder, 3);
    folder.report(PIPELINE, &[]);
    let open = |name: &str| dataprep::shard::Shards::open(&folder.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let whole = open("out/shards");
    let kinds = ["0", "1", "2"].map(|kind| open(&format!("out/kinds/{kind}")));
    assert!(kinds.iter().all(|kind| kind.documents() > 20), "every kind has documents");
    assert_eq!(kinds.iter().map(|kind| kind.documents()).sum::<u64>(), whole.documents());
    assert_eq!(kinds.iter().map(|kind| kind.manifest().text_bytes).sum::<u64>(), whole.manifest().text_bytes);
    assert_eq!(std::fs::read_dir(folder.path("out/kinds")).expect("a folder").count(), 3);
}

#[test]
fn a_finished_run_started_again_does_nothing() {
    let folder = Folder::new();
    write_input(&folder, 1);
    folder.report(PIPELINE, &[]);
    let times = |folder: &Folder| std::fs::metadata(folder.path("out/manifest.json")).and_then(|meta| meta.modified()).expect("a manifest");
    let before = (times(&folder), output(&folder));
    folder.report(PIPELINE, &[]);
    assert_eq!((times(&folder), output(&folder)), before);
}

#[test]
fn another_run_in_the_directory_is_refused_by_the_name_of_the_key() {
    let folder = Folder::new();
    write_input(&folder, 1);
    folder.report(PIPELINE, &[]);
    for (set, key) in [("run.seed=4", "run.seed"), ("stage.sample.share=0.5", "stage.sample")] {
        let output = folder.run(PIPELINE, &["--set", set]);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("holds another run") && said(&output).contains(key), "{}", said(&output));
    }
    let output = folder.run(PIPELINE, &["--set", "stage.bpe.vocab_size=400"]);
    assert!(said(&output).contains("stage.bpe") && said(&output).contains("spool is gone"), "{}", said(&output));
}
