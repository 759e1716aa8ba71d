//! Reads datasets of the Hugging Face Hub, or of a mirror with its interface: Parquet, JSON lines, CSV and text, nothing but the files that are named.
//!
//! `files` are globs over the dataset's files (`*` stays in a folder, `**` does not), each read as its name says: `*.parquet`, `*.jsonl`, `*.json`, `*.csv`, `*.tsv` as the sources of these
//! formats, compressed or not, `*.html` as pages, `*.txt` and `*.md` as texts. They are read in ranges where they lie; nothing is copied.
//!
//! `revision` is a branch, a tag or a commit. What a branch stands for is asked once: a run that goes on reads the commit that it began with, wherever the branch is by then, and a
//! new `run.output` reads the new one. `token` names a file that holds a token, for private and gated datasets; the hub's own tool keeps it in `~/.cache/huggingface/token`. Whose it is does not
//! change the run. It is shown to `endpoint` alone, not to the servers that hold the files' bytes.
//!
//! ```toml
//! [source]
//! use = "hub"
//! repo = "HuggingFaceFW/fineweb"
//! files = "sample/10BT/*.parquet"
//! ```

mod repository;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::fields::Fields;
use super::jsonl;
use super::texts::{ending, of_file};
use super::{csv, paths};
use crate::stage::{Built, Complaint, OneOrMany, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};
use crate::store;
use repository::{Entry, Repository};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// The dataset, as `user/name`.
    repo: String,
    /// Globs over the dataset's files: a text or a list of texts.
    files: OneOrMany,
    /// A branch, a tag or a commit. Default `main`.
    #[serde(default = "main_branch")]
    revision: String,
    /// Columns of `id`, `url`, `html` and `text`, where files have columns; by default those names. `""` reads none.
    #[serde(default)]
    fields: Fields,
    /// The hub. Default `https://huggingface.co`.
    #[serde(default = "endpoint")]
    endpoint: String,
    /// A file that holds a token.
    token: Option<PathBuf>,
}

fn main_branch() -> String {
    "main".to_owned()
}

fn endpoint() -> String {
    "https://huggingface.co".to_owned()
}

impl Recipe for Hub {
    const NAME: &'static str = "hub";

    fn spec(&self) -> Spec {
        let spec = self.fields.named().iter().filter(|(key, _)| *key != "id").fold(Spec::new().moves(), |spec, (key, _)| spec.gives(*key));
        let reasons = jsonl::faults().chain(csv::FAULTS).chain(["not_parquet", "member_too_large", "file_too_large"]);
        reasons.fold(spec, Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        self.fields.check()?;
        let repository = Repository::new(self.endpoint, self.repo, self.token.as_deref())?;
        let commit = repository.commit(&self.revision)?;
        let entries = repository.files(&commit)?;
        let wanted = chosen(&self.files, &entries)?;
        let fields = toml::Table::try_from(&self.fields).map_err(|error| Complaint::new("fields", error.to_string(), "name columns by texts"))?;
        let mut files = BTreeMap::new();
        let mut order = Vec::new();
        for entry in wanted {
            let address = repository.address(&commit, &entry.path);
            let unread = |cause| Complaint::new("files", format!("cannot read `{}`: {cause}", entry.path), "name other files");
            store::know(address.as_ref(), entry.size, &entry.version).map_err(unread)?;
            files.insert(address.clone(), of_file(&address, &fields, "by_suffix").map_err(about_files)?);
            order.push(address);
        }
        Ok(Built::source(Dataset { commit, files, order }))
    }
}

/// Names of files that are read.
const READ: [&str; 12] = ["parquet", "jsonl", "ndjson", "json", "csv", "tsv", "tab", "txt", "md", "html", "htm", "xhtml"];

/// The files that globs choose: those of the first glob in byte order, then those of the next, each once.
fn chosen<'a>(globs: &OneOrMany, entries: &'a [Entry]) -> std::result::Result<Vec<&'a Entry>, Vec<Complaint>> {
    let options = glob::MatchOptions { require_literal_separator: true, require_literal_leading_dot: true, ..Default::default() };
    let mut wanted: Vec<&Entry> = Vec::new();
    for text in &globs.0 {
        let pattern = glob::Pattern::new(text)
            .map_err(|error| Complaint::new("files", format!("`{text}` is no glob: {}", error.msg), "write one as \"data/train-*.parquet\""))?;
        let matches = |entry: &&Entry| entry.path == *text || pattern.matches_with(&entry.path, options);
        let before = wanted.len();
        let mut known = false;
        for entry in entries.iter().filter(matches) {
            known = true;
            if !ends_in(entry, &READ) {
                let help = format!("name files by `files` that end in .{}", READ.join(", ."));
                return Err(Complaint::new("files", format!("`{}` is no file that can be read", entry.path), help).into());
            }
            if !wanted[..before].iter().any(|other| other.path == entry.path) {
                wanted.push(entry);
            }
        }
        if !known {
            return Err(Complaint::new("files", format!("the dataset has no file that matches `{text}`"), holds(entries)).into());
        }
    }
    if wanted.is_empty() {
        return Err(Complaint::new("files", "no file is named", holds(entries)).into());
    }
    Ok(wanted)
}

/// Those of them that hold rows.
const TABLES: &[&str] = READ.split_at(7).0;

fn ends_in(entry: &Entry, known: &[&str]) -> bool {
    ending(&entry.path).is_some_and(|end| known.contains(&end.as_str()))
}

/// Files that are named where none was found.
const NAMED: usize = 5;

fn holds(entries: &[Entry]) -> String {
    let name = |entry: &Entry| format!("`{}`", entry.path);
    let mut names: Vec<String> = entries.iter().filter(|entry| ends_in(entry, TABLES)).take(NAMED).map(name).collect();
    if names.is_empty() {
        names = entries.iter().take(NAMED).map(name).collect();
    }
    match names.len() {
        0 => "it holds no file".to_owned(),
        NAMED => format!("it holds {}, and others", names.join(", ")),
        _ => format!("it holds {}", names.join(", ")),
    }
}

/// What the sources of single files say of their `path` is about `files` here.
fn about_files(mut found: Vec<Complaint>) -> Vec<Complaint> {
    found.iter_mut().filter(|one| one.key == "path").for_each(|one| "files".clone_into(&mut one.key));
    found
}

/// Files of a dataset, each with the source that reads it.
struct Dataset {
    commit: String,
    files: BTreeMap<String, Box<dyn Source>>,
    order: Vec<String>,
}

impl Source for Dataset {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits = Vec::new();
        for source in self.order.iter().filter_map(|file| self.files.get(file)) {
            splits.extend(source.splits()?);
        }
        Ok(splits)
    }

    fn pinned(&self) -> Option<(&'static str, String)> {
        Some(("revision", self.commit.clone()))
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        let source = path.to_str().and_then(|file| self.files.get(file));
        source.ok_or_else(|| RunError::stop(format!("{} is no file of the dataset", path.display())))?.open(split, at)
    }
}
