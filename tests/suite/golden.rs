//! Every text that a mistake meets, whole: rows of what was done and what is then said on standard error, in `golden/*.txt`.
//!
//! A row is `==== NAME`; files (`> NAME CONTENT`, with `\n`, `\t` and `\xHH`; `- NAME` takes one away), commands (`$ dataprep ...`, of which the last one's words count; `dataprep plan p.toml`
//! where there is none) and a pipeline, which gets the sections it lacks unless its first line is `# whole`; `----`; and what is said, or with `? faults` what the
//! report of a run then lists. After a change of words
//! `DATAPREP_GOLDEN=write cargo test --test main suite::golden` writes down what is said now: read the difference before it is committed.

use std::path::Path;
use std::process::Command;

use super::support::Folder;

const SOURCE: &str = "[source]\nuse = \"jsonl\"\npath = \"in.jsonl\"\nfields = { text = \"text\" }\n";
const SINK: &str = "[[sink]]\nuse = \"jsonl\"\n";
const TEXTS: &str = "{\"id\": \"a\", \"url\": \"https://example.org/a\", \"text\": \"One small text about a river and a mill.\", \"label\": \"good\"}\n\
                     {\"id\": \"b\", \"url\": \"https://example.org/b\", \"text\": \"Another text, about a bridge and its stones.\", \"label\": \"bad\"}\n";

/// The bytes that a row writes into a file.
fn unescaped(written: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let (byte, length) = match after.as_bytes().first() {
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'x') => (u8::from_str_radix(&after[1..3], 16).expect("two hexadecimal digits"), 3),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = &after[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// A pipeline with the sections that it lacks.
fn whole(pipeline: &str) -> String {
    if let Some(pipeline) = pipeline.strip_prefix("# whole\n") {
        return pipeline.to_owned();
    }
    let run = if pipeline.contains("[run]\n") { "" } else { "[run]\noutput = \"out\"\n" };
    let source = if pipeline.contains("[source]\n") { "" } else { SOURCE };
    let sink = if pipeline.contains("[[sink]]\n") { "" } else { SINK };
    [run, source, pipeline, sink].concat()
}

/// Words of a command; what stands between double quotes is one.
fn words(command: &str) -> Vec<&str> {
    let pieces = command.split('"').enumerate();
    pieces.flat_map(|(at, piece)| if at % 2 == 1 { vec![piece] } else { piece.split_whitespace().collect() }).collect()
}

/// What standard error says in the end.
fn said(folder: &Folder, input: &str) -> String {
    let (mut commands, mut pipeline, mut faults) = (Vec::new(), String::new(), false);
    for line in input.lines() {
        if let Some(command) = line.strip_prefix("$ dataprep ") {
            commands.push(command);
        } else if let Some((name, content)) = line.strip_prefix("> ").and_then(|file| file.split_once(' ')) {
            folder.write(name, unescaped(content));
        } else if let Some(name) = line.strip_prefix("- ") {
            std::fs::remove_file(folder.path(name)).expect("a file to take away");
        } else if line == "? faults" {
            faults = true;
        } else {
            pipeline.push_str(line);
            pipeline.push('\n');
        }
    }
    if !pipeline.is_empty() {
        folder.write("p.toml", whole(&pipeline));
    }
    if commands.is_empty() {
        commands.push("plan p.toml");
    }
    if faults {
        let _ = std::fs::remove_dir_all(folder.path("out"));
        commands = vec!["run p.toml --quiet"];
    }
    let mut said = String::new();
    for command in commands {
        let mut process = Command::new(env!("CARGO_BIN_EXE_dataprep"));
        let output = process.current_dir(folder.path("")).env("LANG", "en").args(words(command)).output().expect("the binary runs");
        let code = output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
        said = format!("[{code}]\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    if faults {
        let report = folder.json("out/report.json");
        let text = |fault: &serde_json::Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        said = report["source"]["listed"].as_array().into_iter().flatten().map(|one| format!("{}: {}\n", text(one, "reason"), text(one, "detail"))).collect();
    }
    let here = folder.path("").canonicalize().expect("the folder").display().to_string();
    said.lines().map(|line| line.replace(&here, "HERE").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn rows_hold(name: &str, folder: &Folder) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden").join(format!("{name}.txt"));
    let file = std::fs::read_to_string(&path).expect("the rows");
    let (mut now, mut different) = (String::new(), Vec::new());
    for row in file.split("==== ").skip(1) {
        let (title, body) = row.split_once('\n').expect("a row's name");
        let (input, wanted) = body.split_once("----\n").expect("`----` before what is said");
        let found = said(folder, input);
        if found != wanted.trim_end() {
            different.push(format!("{title}\n{found}\n--- instead of\n{}", wanted.trim_end()));
        }
        now += &format!("==== {title}\n{input}----\n{found}\n\n");
    }
    if std::env::var_os("DATAPREP_GOLDEN").is_some() {
        std::fs::write(&path, now.trim_end().to_owned() + "\n").expect("the rows are written");
    } else {
        assert!(different.is_empty(), "{name}: {}", different.join("\n\n"));
    }
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("in.jsonl", TEXTS);
    folder
}

#[test]
fn pipelines() {
    rows_hold("pipelines", &folder());
}

#[test]
fn stages() {
    rows_hold("stages", &folder());
}

#[test]
fn models() {
    rows_hold("models", &folder());
}

#[test]
fn sources_and_sinks() {
    rows_hold("ends", &folder());
}

#[test]
fn faults() {
    rows_hold("faults", &folder());
}

#[test]
fn runs() {
    let folder = folder();
    folder.write("many.jsonl", (0..1001).map(|number| format!("{{\"text\": \"a\", \"number\": {number}}}\n")).collect::<String>());
    rows_hold("runs", &folder);
}

#[test]
fn arguments() {
    rows_hold("arguments", &folder());
}

#[test]
fn verbs() {
    rows_hold("verbs", &folder());
}

#[test]
fn stages_by_themselves() {
    let said = |toml: &str| dataprep::plan::Alone::parse("alone", toml).err().map(|problems| problems.to_string()).unwrap_or_default();
    for (toml, wanted) in [
        (
            "[[stage]]\nuse = \"repair\"\n[[stage]]\nuse = \"repair\"\n",
            "error: there is another stage beside the first\n  --> alone:3:1\n  |\n3 | [[stage]]\n  | ^^^^^^^^^ give one `[[stage]]`\n",
        ),
        (
            "[[stage]]\nuse = \"dedup_exact\"\n",
            "error: stage `dedup_exact` sees all documents before it judges one\n  --> alone:2:7\n  |\n2 | use = \"dedup_exact\"\n  |       ^^^^^^^^^^^^^ run it in a pipeline\n",
        ),
        (
            "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n",
            "error: `stage:bpe` is made in a run, and here is none\n  --> alone:3:13\n  |\n3 | tokenizer = \"stage:bpe\"\n  |             ^^^^^^^^^^^ give the path of a tokenizer\n",
        ),
    ] {
        assert_eq!(said(toml), wanted);
    }
}
