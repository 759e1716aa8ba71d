//! Barriers of deduplication that are killed at any moment, or find the disk full: the same command then ends with the same bytes.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::support::{Folder, Random, dataprep, repetitive_texts, said, tree};

/// Every barrier of deduplication, with keys that make it do all that it can.
const STAGES: [&str; 9] = [
    "use = \"dedup_exact\"\nkeep = \"longest\"\nindex = true",
    "use = \"url_dedup\"",
    "use = \"dedup_minhash\"\nkeep = \"longest\"\nindex = true",
    "use = \"dedup_minhash\"\nname = \"linked\"\nclusters = \"components\"\nthreshold = 0.6",
    "use = \"dedup_lines\"\nmin_copies = 3",
    "use = \"dedup_paragraphs\"\nkeep = \"none\"",
    "use = \"dedup_sentences\"\nsentences = 1",
    "use = \"dedup_substring\"\nmin_bytes = 60\nindex = true",
    "use = \"bloom\"\nngram = 5\nmin_words = 5\nrate = 0.1",
];

fn pipeline(stage: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\npart = \"60 kB\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in/*\"\n\
         [[stage]]\n{stage}\nmemory = \"1 MiB\"\n[[sink]]\nuse = \"jsonl\"\n"
    )
}

/// Documents among which are copies, near copies and shared lines.
fn write_input(folder: &Folder, documents: usize) {
    let texts = repetitive_texts(11, documents, &["\n", " ", "\n\n"]);
    for (file, chunk) in texts.chunks(documents.div_ceil(3)).enumerate() {
        let line =
            |(at, text): (usize, &String)| serde_json::json!({ "id": format!("{file}-{at}"), "url": format!("http://a.example/{}", at % 90), "text": text });
        folder.write(&format!("in/{file}.jsonl"), chunk.iter().enumerate().map(|doc| line(doc).to_string() + "\n").collect::<String>());
    }
}

/// What must be the same in the end.
fn outcome(folder: &Folder, out: &str) -> ([u128; 3], serde_json::Value) {
    (["docs", "dropped", "artifacts"].map(|name| tree(&folder.path(&format!("{out}/{name}")))), folder.json(&format!("{out}/report.json")))
}

/// Runs the pipeline undisturbed; gives what comes of it and how long it took.
fn undisturbed(folder: &Folder, stage: &str) -> (([u128; 3], serde_json::Value), Duration) {
    let _ = std::fs::remove_dir_all(folder.path("out"));
    let began = Instant::now();
    let report = folder.report(&pipeline(stage), &[]);
    assert!(report["stages"][0]["documents_in"] != report["stages"][0]["documents_out"] || report["stages"][0]["counts"].as_object().is_some(), "{report}");
    let wanted = outcome(folder, "out");
    std::fs::remove_dir_all(folder.path("out")).expect("an output");
    (wanted, began.elapsed())
}

#[test]
fn killed_in_any_barrier_the_same_command_ends_with_the_same_bytes() {
    let folder = Folder::new();
    write_input(&folder, 1200);
    let mut lots = Random(5);
    for stage in STAGES {
        let (wanted, took) = undisturbed(&folder, stage);
        let file = folder.path("p.toml").display().to_string();
        let (mut kills, mut longest) = (0, took);
        for _ in 0..30 {
            let start = Command::new(env!("CARGO_BIN_EXE_dataprep")).args(["run", &file, "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let mut child = start.expect("starts");
            std::thread::sleep(longest.mul_f64(lots.below(1000) as f64 / 1000.0));
            let over = child.try_wait().expect("a state").is_some();
            let _ = child.kill();
            let _ = child.wait();
            if over {
                // It was too fast for the moment drawn: from the start again, and sooner.
                std::fs::remove_dir_all(folder.path("out")).expect("an output");
                longest = longest.mul_f64(0.7);
            } else {
                kills += 1;
            }
            if kills == 4 {
                break;
            }
        }
        assert!(kills > 0, "{stage}: no run was cut short");
        let last = dataprep(&["run", &file, "--quiet"], &[]);
        assert!(last.status.success(), "{stage}: {}", said(&last));
        assert!(outcome(&folder, "out") == wanted, "{stage}");
        assert!(!folder.path("out/tmp").exists() && !folder.path("out/spool").exists(), "{stage}");
    }
}

/// Runs with files that can grow to so many blocks of 512 bytes only. Writing beyond fails as it does on a full disk, with another number.
fn run_with_small_files(file: &Path, blocks: u64) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{}' run '{}' --quiet", env!("CARGO_BIN_EXE_dataprep"), file.display());
    Command::new("sh").args(["-c", &script]).output().expect("a shell")
}

#[test]
fn a_file_that_cannot_grow_stops_any_barrier_and_the_run_goes_on_where_it_can() {
    let folder = Folder::new();
    write_input(&folder, 600);
    for stage in STAGES {
        let (wanted, _) = undisturbed(&folder, stage);
        let mut failed = 0;
        for kilobytes in [4, 30, 60, 90, 130, 200, 400] {
            let output = run_with_small_files(&folder.path("p.toml"), 2 * kilobytes);
            if !output.status.success() {
                failed += 1;
                let error = said(&output);
                assert!(error.contains("cannot write") && error.contains("File too large"), "{stage}, {kilobytes} kB: {error}");
            }
        }
        assert!(failed > 0, "{stage}");
        let last = dataprep(&["run", &folder.path("p.toml").display().to_string(), "--quiet"], &[]);
        assert!(last.status.success(), "{stage}: {}", said(&last));
        assert!(outcome(&folder, "out") == wanted, "{stage}");
    }
}

/// A file system of so many kilobytes, for as long as it lives; none where this process may not mount one.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(at: &Path, kilobytes: u64) -> Option<SmallDisk<'_>> {
        std::fs::create_dir_all(at).expect("a folder");
        let size = format!("size={kilobytes}k");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).stderr(Stdio::null()).status();
        output.is_ok_and(|status| status.success()).then_some(SmallDisk(at))
    }

    fn grow(&self, kilobytes: u64) {
        let size = format!("remount,size={kilobytes}k");
        let status = Command::new("mount").args(["-o", &size]).arg(self.0).status().expect("mount");
        assert!(status.success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_stops_any_barrier_and_the_run_goes_on_where_there_is_room() {
    let folder = Folder::new();
    write_input(&folder, 600);
    let at = folder.path("out");
    for stage in STAGES {
        let (wanted, _) = undisturbed(&folder, stage);
        let Some(disk) = SmallDisk::mount(&at, 100) else {
            eprintln!("skipped: a small file system cannot be mounted here");
            return;
        };
        let file = folder.path("p.toml").display().to_string();
        let (mut failed, mut done) = (0, false);
        // Room grows until the run ends.
        for kilobytes in (100..20_000).step_by(150) {
            disk.grow(kilobytes);
            let output = dataprep(&["run", &file, "--quiet"], &[]);
            if output.status.success() {
                done = true;
                break;
            }
            failed += 1;
            let error = said(&output);
            assert!(error.contains("No space left on device"), "{stage}, {kilobytes} kB: {error}");
        }
        assert!(failed > 1 && done, "{stage}: {failed} runs failed");
        assert!(outcome(&folder, "out") == wanted, "{stage}");
    }
}
