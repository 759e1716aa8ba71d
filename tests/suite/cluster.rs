//! One run by several processes: the same bytes as by one, whoever is killed, hung or late.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::support::{Folder, dataprep, repetitive_texts, said, tree};

/// Every kind of barrier, each over texts that give it something to do.
const STAGES: &str = r#"
[[stage]]
use = "language"

[[stage]]
use = "dedup_exact"

[[stage]]
use = "dedup_minhash"
index = true

[[stage]]
use = "classify"
keep_share = 0.95

[[stage]]
use = "dedup_substring"
min_bytes = 110

[[stage]]
use = "dedup_lines"
min_copies = 38

[[stage]]
use = "bloom"
ngram = 8
min_words = 8

[[stage]]
use = "perplexity"
model = "fixtures/lm/tiny.arpa"
keep = "head"
head = 0.95

[[stage]]
use = "learn_tokenizer"
name = "bpe"
model = "bpe"
vocab_size = 300

[[stage]]
use = "tokenize"
tokenizer = "stage:bpe"
"#;

fn pipeline(stages: &str) -> String {
    let stages = stages.replace("[[stage]]\nuse = \"dedup", "[[stage]]\nmemory = \"1 MiB\"\nuse = \"dedup");
    format!(
        "[run]\noutput = \"DIR/out\"\npart = \"60 kB\"\ndropped = 0.5\n[source]\nuse = \"jsonl\"\npath = \"DIR/in/*\"\n{stages}\n\
         [[sink]]\nuse = \"jsonl\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n"
    )
}

/// Texts with exact copies, near copies, shared passages and shared lines, in files of very different sizes.
fn write_input(folder: &Folder, documents: usize) {
    let texts = repetitive_texts(21, documents, &["\n"]);
    let mut rest = texts.iter().enumerate();
    for (file, share) in [2, 30, 5, 20, 3, 3, 37].into_iter().enumerate() {
        let line = |(at, text): (usize, &String)| serde_json::json!({ "id": at.to_string(), "text": text }).to_string() + "\n";
        folder.write(&format!("in/{file}.jsonl"), rest.by_ref().take(documents * share / 100).map(line).collect::<String>());
    }
}

fn outcome(folder: &Folder) -> ([u128; 4], String) {
    let report = std::fs::read_to_string(folder.path("out/report.json")).expect("a report");
    (["docs", "shards", "dropped", "artifacts"].map(|name| tree(&folder.path(&format!("out/{name}")))), report)
}

/// What one process makes of the pipeline; the output is taken away again.
fn alone(folder: &Folder, stages: &str) -> ([u128; 4], String) {
    let report = folder.report(&pipeline(stages), &["--threads", "2"]);
    for stage in report["stages"].as_array().expect("stages") {
        let idle = ["language", "tokenize", "learn_tokenizer"].contains(&stage["use"].as_str().expect("a recipe"));
        assert!(idle || stage["documents_in"] != stage["documents_out"] || stage["bytes_in"] != stage["bytes_out"], "{stage} has something to do");
    }
    let wanted = outcome(folder);
    std::fs::remove_dir_all(folder.path("out")).expect("an output");
    wanted
}

fn nothing_is_left(folder: &Folder) {
    for name in ["tmp", "spool", "tasks"] {
        let path = folder.path(&format!("out/{name}"));
        assert!(!path.exists(), "{name}: {:?}", std::fs::read_dir(&path).map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>()));
    }
}

fn worker(folder: &Folder) -> Child {
    let file = folder.path("p.toml").display().to_string();
    let arguments = ["work", &file, "--threads", "1", "--patience", "1.5", "--quiet"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_dataprep"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts")
}

fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(120), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(sent.success(), "the process was gone before it could be disturbed");
}

fn ends_well(child: Child) {
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn killed_and_hung_workers_are_replaced_and_no_byte_differs() {
    let folder = Folder::new();
    write_input(&folder, 1000);
    let wanted = alone(&folder, STAGES);

    let mut two = [worker(&folder), worker(&folder)];
    wait_for(&folder.path("out/journal/1"));
    assert!(two[0].try_wait().expect("a state").is_none());
    two[0].kill().expect("killed");
    let [mut killed, other] = two;
    killed.wait().expect("an end");
    ends_well(other);
    assert!(outcome(&folder) == wanted, "two workers, one of them killed");
    nothing_is_left(&folder);
    std::fs::remove_dir_all(folder.path("out")).expect("an output");

    let mut five: Vec<Child> = (0..5).map(|_| worker(&folder)).collect();
    wait_for(&folder.path("out/journal/0"));
    signal(&five[0], "STOP");
    wait_for(&folder.path("out/journal/2"));
    let mut killed = five.pop().expect("five");
    assert!(killed.try_wait().expect("a state").is_none());
    killed.kill().expect("killed");
    killed.wait().expect("an end");
    let hung = five.swap_remove(0);
    five.into_iter().for_each(ends_well);
    assert!(outcome(&folder) == wanted, "five workers, one of them killed and one hung");
    // It wakes up after all is over, finds that others have done its work, and harms nothing.
    signal(&hung, "CONT");
    ends_well(hung);
    assert!(outcome(&folder) == wanted, "the hung one has come back");
    nothing_is_left(&folder);
}

const FEW: &str = "[[stage]]\nuse = \"dedup_exact\"\n[[stage]]\nuse = \"dedup_minhash\"\n[[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 300\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n";

fn listed(folder: &Folder) -> Vec<String> {
    let output = dataprep(&["tasks", &folder.path("p.toml").display().to_string()], &[]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn command(folder: &Folder, verb: &str, arguments: &[&str]) -> Output {
    dataprep(&[verb, &folder.path("out").display().to_string()], arguments)
}

#[test]
fn a_run_can_be_done_task_by_task_and_each_of_them_twice() {
    let folder = Folder::new();
    write_input(&folder, 600);
    let wanted = alone(&folder, FEW);
    let mut phases: Vec<String> = Vec::new();
    loop {
        let tasks = listed(&folder);
        let Some(first) = tasks.first() else { break };
        phases.push(first.split('/').next().expect("a phase").to_owned());
        if phases.len() == 1 {
            assert_eq!(tasks, ["map-0/0", "map-0/1", "map-0/2"], "seven files are cut by their bytes");
            for (wrong, why) in [("map-1/0", "must wait for the tasks of map-0"), ("map-0/999", "there is no map-0/999"), ("map-0", "is no task")] {
                let output = command(&folder, "task", &[wrong]);
                assert!(output.status.code() == Some(2) && said(&output).contains(why), "{}", said(&output));
            }
            let status = command(&folder, "status", &[]);
            let shown = String::from_utf8_lossy(&status.stdout).into_owned();
            assert!(
                shown.starts_with("map-0: segment 1 of 4\n") && shown.contains(&format!("{0} tasks: 0 done, 0 running, 0 failed, {0} waiting", tasks.len())),
                "{shown}"
            );
        }
        // In any order, and two at the same time at each.
        for task in tasks.iter().rev() {
            let both = std::thread::scope(|scope| {
                let other = scope.spawn(|| command(&folder, "task", &[task, "--threads", "3"]));
                [command(&folder, "task", &[task, "--threads", "1"]), other.join().expect("no panic")]
            });
            both.iter().for_each(|output| assert!(output.status.success(), "{task}: {}", said(output)));
        }
        assert!(phases.len() < 40, "{phases:?}");
    }
    assert!(phases.starts_with(&["map-0", "reduce-0-0", "decide-0-0", "map-1", "reduce-1-0", "decide-1-0"].map(str::to_owned)), "{phases:?}");
    assert_eq!(phases.last().map(String::as_str), Some("finish"));
    assert!(outcome(&folder) == wanted);
    nothing_is_left(&folder);
    let again = command(&folder, "task", &["map-0/0"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("map-0/0 was done before"), "{}", said(&again));
    assert!(String::from_utf8_lossy(&command(&folder, "status", &[]).stdout).starts_with("finished"));
}

#[test]
fn gc_takes_away_what_the_dead_have_left_and_nothing_that_counts() {
    let folder = Folder::new();
    write_input(&folder, 600);
    let wanted = alone(&folder, FEW);
    let mut killed = worker(&folder);
    wait_for(&folder.path("out/journal/1"));
    killed.kill().expect("killed");
    killed.wait().expect("an end");
    folder.write("out/tmp/some-attempt/0-part-00000-000/docs/part-00000-000.jsonl.zst", "torn");
    assert!(String::from_utf8_lossy(&command(&folder, "status", &[]).stdout).contains(" waiting"));
    let output = command(&folder, "gc", &[]);
    assert!(output.status.success() && !folder.path("out/tmp").exists(), "{}", said(&output));
    ends_well(worker(&folder));
    assert!(outcome(&folder) == wanted);
    let nowhere = dataprep(&["gc", &folder.path("in").display().to_string()], &[]);
    assert!(nowhere.status.code() == Some(2) && said(&nowhere).contains("holds no run"), "{}", said(&nowhere));
}

/// Does at once what Slurm would do: the tasks of an array one after another, then what waits for them.
const SBATCH: &str = r#"#!/bin/bash
set -eu
array=0-0; list=
for option in "$@"; do
  case "$option" in
    --array=*) array=${option#--array=}; array=${array%\%*};;
    --export=ALL,DATAPREP_TASKS=*) list=${option#--export=ALL,DATAPREP_TASKS=};;
    --dependency=afterok:7) ;;
    --dependency=*) exit 3;;
  esac
  script=$option
done
for number in $(seq "${array%-*}" "${array#*-}"); do
  SLURM_JOB_ID=$$ SLURM_ARRAY_TASK_ID=$number DATAPREP_TASKS=$list bash "$script" >&2
done
echo 7
"#;

#[test]
fn the_scripts_for_slurm_do_the_whole_run() {
    let folder = Folder::new();
    write_input(&folder, 300);
    let wanted = alone(&folder, FEW);
    let sbatch = folder.write("bin/sbatch", SBATCH);
    std::fs::set_permissions(&sbatch, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let file = folder.path("p.toml").display().to_string();
    let output = dataprep(&["slurm", &file, "--array", "2", "--threads", "2", "--sbatch", "--partition=cpu"], &[]);
    let first = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(output.status.success() && first.starts_with("sbatch "), "{}", said(&output));
    let script = std::fs::read_to_string(folder.path("out/slurm/task.sh")).expect("a script");
    assert!(script.contains("#SBATCH --partition=cpu\n") && script.contains("#SBATCH --cpus-per-task=2\n"), "{script}");
    let path = format!("{}:{}", folder.path("bin").display(), std::env::var_os("PATH").expect("a path").to_string_lossy());
    let done = Command::new("bash").args(["-c", first.trim()]).env("PATH", path).current_dir("/").output().expect("bash");
    assert!(done.status.success(), "{}", said(&done));
    assert!(outcome(&folder) == wanted);
    nothing_is_left(&folder);
}
