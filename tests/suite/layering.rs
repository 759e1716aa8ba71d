//! Imports go down only: reads every `crate::` path of the sources.

use std::collections::BTreeMap;
use std::path::Path;

/// What each folder (or file) of `src/` may name of the others. `ARCHITECTURE.md` shows the same as a picture.
const ALLOWED: [(&str, &[&str]); 30] = [
    (
        "cli",
        &[
            "doc",
            "run",
            "plan",
            "config",
            "train",
            "trial",
            "stage",
            "html",
            "text",
            "language",
            "fasttext",
            "ngram",
            "measures",
            "dedup",
            "tokenizer",
            "source",
            "review",
            "check",
            "lint",
            "profile",
            "shard",
            "analysis",
            "store",
        ],
    ),
    ("analysis", &["config", "review", "shard"]),
    ("review", &["dedup", "profile", "shard", "source"]),
    ("trial", &["run", "plan", "config", "train", "stage", "shard", "text", "language", "ngram", "store"]),
    ("run", &["plan", "config", "stage", "doc", "scratch", "profile", "store"]),
    ("plan", &["config", "stage", "stages", "source", "sink", "doc", "store"]),
    ("config", &["stage"]),
    ("store", &[]),
    ("stages", &["stage", "scratch", "doc", "html", "text", "language", "fasttext", "linear", "measures", "dedup", "ngram", "tokenizer", "chat"]),
    ("check", &["config", "run", "profile", "shard"]),
    ("lint", &["source", "stages", "stage", "doc", "scratch", "dedup", "text", "tokenizer"]),
    ("profile", &["text"]),
    ("chat", &[]),
    ("source", &["stage", "doc", "text", "store"]),
    ("sink", &["stage", "doc", "shard"]),
    ("stage", &["doc", "scratch", "store"]),
    ("scratch", &["doc", "text"]),
    ("doc", &[]),
    ("train", &["shard"]),
    ("html", &["text"]),
    ("text", &[]),
    ("language", &[]),
    ("fasttext", &[]),
    ("linear", &[]),
    ("measures", &["text"]),
    ("dedup", &["text", "tokenizer"]),
    ("ngram", &["text", "tokenizer"]),
    ("tokenizer", &[]),
    ("shard", &[]),
    ("lib", &[]),
];

#[test]
fn imports_go_down_only() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into();
    let mut faults = Vec::new();
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut |path, text| {
        let inside = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("inside").to_string_lossy().replace(".rs", "");
        let layer = inside.split('/').next().unwrap_or_default().to_owned();
        if layer == "main" {
            return;
        }
        let Some(may) = allowed.get(layer.as_str()) else {
            faults.push(format!("src/{inside}: no layer is written down for it"));
            return;
        };
        // What tests use does not shape the architecture.
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        let code = if is_test { "" } else { text.split("#[cfg(test)]").next().unwrap_or_default() };
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for named in line.split("crate::").skip(1) {
                let name: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != layer && !name.is_empty() && !may.contains(&name.as_str()) {
                    faults.push(format!("src/{inside}.rs:{} names crate::{name}, which lies above or beside {layer}", number + 1));
                }
            }
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn stages_touch_no_thread_clock_or_file() {
    let mut faults = Vec::new();
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/stages")), &mut |path, text| {
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        let code = if is_test { "" } else { text.split("#[cfg(test)]").next().unwrap_or_default() };
        for word in ["std::thread", "std::time", "std::fs", "std::env", "rayon", "println!", "HashMap::iter"] {
            if code.contains(word) {
                faults.push(format!("{} uses {word}", path.display()));
            }
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            visit(&path, see);
        } else if path.extension().is_some_and(|end| end == "rs") {
            see(&path, &std::fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}
