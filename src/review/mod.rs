//! What a finished run has written, read again: the story of one document, what another bound would have changed,
//! which documents went for the sake of another.
//!
//! Only files of the run's folder are looked at: `report.json`, the kept documents as JSON lines or parquet, `dropped/`, and tables under `artifacts/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod clusters;
pub mod diff;
pub mod files;
pub mod page;
pub mod records;
pub mod story;
pub mod whatif;

/// The folder of a finished run.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Stages in their order.
    pub stages: Vec<String>,
    /// Whether every rule's verdict stands beside each document, and nothing was dropped.
    pub annotated: bool,
    /// Documents dropped, by stage and reason.
    drops: Vec<(String, BTreeMap<String, u64>)>,
    /// Folders of its outputs.
    outputs: Vec<String>,
}

/// A document as the run has written it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    /// Its id, if it has one.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its URL, if it has one.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its text.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its language, where a stage has found it.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// What each rule said, in a run that annotates.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Said>,
    /// The stage that dropped it, with the reason, the value and the threshold.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Why it was dropped.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was measured.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Against what.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The document for whose sake it was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Value>,
    /// Where it stood in the input, if it was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Value>,
    /// More about the reason.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A column of a kept document is the user's and may hold anything: an id may be a number, and what is no text at all is none.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Ok(Value::deserialize(from)?.as_f64())
}

/// Parquet has them as a text of JSON.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Said>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => serde_json::from_str(&text),
        value => serde_json::from_value(value),
    }
    .unwrap_or_default())
}

/// What one rule said of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The stage.
    pub stage: String,
    /// The rule.
    pub rule: String,
    /// Whether the document passes.
    pub keep: bool,
    /// What was measured.
    pub value: Option<f64>,
    /// Against what.
    pub threshold: Option<f64>,
}

#[derive(Deserialize)]
struct Report {
    annotated: bool,
    stages: Vec<Named>,
    #[serde(default)]
    outputs: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    drops: BTreeMap<String, u64>,
}

/// Why a folder cannot be reviewed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system or the parser says.
        cause: String,
    },
    /// A question that this run cannot answer.
    #[error("{0}")]
    Cannot(String),
}

impl Folder {
    /// Opens the folder of a run.
    ///
    /// # Errors
    /// Where no run has ended there.
    pub fn open(path: &Path) -> Result<Folder, Error> {
        let file = path.join("report.json");
        if !file.is_file() {
            let help = "name the folder that `run.output` of its pipeline says";
            return Err(Error::Cannot(format!("{} holds no finished run\n  help: {help}", path.display())));
        }
        let text = std::fs::read_to_string(&file).map_err(|cause| unreadable(&file, cause))?;
        let Report { annotated, stages, outputs } = serde_json::from_str(&text).map_err(|cause| unreadable(&file, cause))?;
        let drops: Vec<_> = stages.into_iter().map(|stage| (stage.name, stage.drops)).collect();
        Ok(Folder { path: path.to_owned(), stages: drops.iter().map(|(name, _)| name.clone()).collect(), annotated, drops, outputs })
    }

    /// How many documents the run has dropped, of one stage and for one reason where they are given.
    pub fn count_dropped(&self, stage: Option<&str>, reason: Option<&str>) -> u64 {
        let of_stage = self.drops.iter().filter(|(name, _)| stage.is_none_or(|stage| stage == name)).flat_map(|(_, drops)| drops);
        of_stage.filter(|(name, _)| reason.is_none_or(|reason| reason == name.as_str())).map(|(_, count)| count).sum()
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the kept documents, by name: those of the first output that holds documents, since every sink writes all of them.
    ///
    /// # Errors
    /// Where no sink has written documents.
    pub fn documents(&self) -> Result<Vec<PathBuf>, Error> {
        let folders = self.outputs.iter().map(String::as_str).chain(["docs"]);
        let found = folders.map(|folder| files::of_documents(&self.path.join(folder))).find(|files| !files.is_empty());
        found.ok_or_else(|| {
            let message = "holds no documents as JSON lines or parquet: add a sink `jsonl`, or `run.keep_docs = true`, and run again";
            Error::Cannot(format!("{} {message}", self.path.display()))
        })
    }

    /// Calls `see` with every document that was kept, in output order, until it answers false.
    ///
    /// # Errors
    /// Where no sink has written documents, and what cannot be read.
    pub fn kept(&self, see: &mut dyn FnMut(Document) -> bool) -> Result<(), Error> {
        files::each(&self.documents()?, see)
    }

    /// Calls `see` with every document that was dropped and written down, until it answers false.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn dropped(&self, see: &mut dyn FnMut(Document) -> bool) -> Result<(), Error> {
        files::each(&files::of_documents(&self.path.join("dropped")), see)
    }
}

pub(crate) fn unreadable(path: &Path, cause: impl ToString) -> Error {
    Error::Unreadable { path: path.display().to_string(), cause: cause.to_string() }
}

/// The first characters of a text, on one line; control characters, which could steer a terminal, are left out.
pub fn excerpt(text: Option<&str>, chars: usize) -> String {
    let words = text.unwrap_or_default().split_whitespace();
    let mut out = String::new();
    for word in words {
        if out.chars().count() >= chars {
            break;
        }
        out.push_str(if out.is_empty() { "" } else { " " });
        out.extend(word.chars().filter(|c| !c.is_control()));
    }
    if out.chars().count() > chars { out.chars().take(chars).chain(['…']).collect() } else { out }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// The folder of a run with these kept and dropped documents.
    pub fn folder(annotated: bool, stages: &[&str], kept: &str, dropped: &str) -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let stages: Vec<Value> = stages.iter().map(|name| serde_json::json!({ "name": name })).collect();
        std::fs::write(dir.path().join("report.json"), serde_json::json!({ "annotated": annotated, "stages": stages }).to_string()).unwrap();
        for (name, lines) in [("docs", kept), ("dropped", dropped)] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("part-00000-000.jsonl.zst"), zstd::bulk::compress(lines.as_bytes(), 1).unwrap()).unwrap();
        }
        let folder = Folder::open(dir.path()).unwrap();
        (dir, folder)
    }

    #[test]
    fn what_is_no_run_says_so() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Folder::open(dir.path()).unwrap_err().to_string().contains("holds no finished run"));
        let (dir, folder) = folder(false, &["url"], "{}\n{\"id\": 1, \"reason\": [2], \"value\": \"x\", \"lang\": null}\nno JSON\n", "");
        let mut ids = Vec::new();
        let read = folder.kept(&mut |document| {
            ids.push((document.id, document.reason, document.value));
            true
        });
        assert!(matches!(read, Err(Error::Unreadable { .. })));
        assert_eq!(ids, [(None, None, None), (Some("1".to_owned()), None, None)], "columns of the user's may hold anything");
        std::fs::remove_dir_all(dir.path().join("docs")).unwrap();
        assert!(folder.kept(&mut |_| true).unwrap_err().to_string().contains("keep_docs"));
    }

    #[test]
    fn excerpts_are_one_line() {
        assert_eq!(excerpt(Some("a\n b"), 10), "a b");
        assert_eq!(excerpt(Some("水车在河边 转动"), 4), "水车在河…");
        assert_eq!(excerpt(Some("a\u{1b}[31mred"), 20), "a[31mred");
        assert_eq!(excerpt(None, 4), "");
    }
}
