//! `by = "lang"`: a sink writes one output a value, `docs/en/`, `docs/zh/`, each whole in itself.
//!
//! The value is that of a tag, or with `"column:NAME"` of a column of the input. Documents without one go to `_none/`. In the name of a
//! folder, signs other than letters, digits, `-`, `_` and `.` stand as `%xx`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::row::Column;
use crate::doc::{Doc, Kind, TagTable};
use crate::stage::{Built, Complaint, Part, Result, RunError, Sink, Spec, Vocabulary, Written};

/// Different values in one part beyond which the tag was surely not meant: each is an open file.
const MOST_VALUES: usize = 1000;
/// Letters of a folder's name; what is longer is told apart by its hash.
const LONGEST_NAME: usize = 100;
const NONE: &str = "_none";
const COLUMN: &str = "column:";

/// What the key `by` needs of the stages before.
pub(super) fn spec(by: Option<&str>, spec: Spec) -> Spec {
    match by {
        Some(tag) if !tag.is_empty() && !tag.starts_with(COLUMN) => spec.needs(tag),
        _ => spec,
    }
}

/// The sink as it is, or one of its outputs for each value of `by`.
pub(super) fn split(by: Option<String>, sink: impl Sink + 'static) -> std::result::Result<Built, Vec<Complaint>> {
    match by {
        None => Ok(Built::sink(sink)),
        Some(by) if by.is_empty() || by == COLUMN => Err(Complaint::new("by", "`by` names nothing", "give a tag, as \"lang\", or \"column:NAME\"").into()),
        Some(by) => Ok(Built::sink(Split { inner: sink, by, column: Column::Id })),
    }
}

struct Split<S> {
    inner: S,
    by: String,
    /// Of `by`, once the tags are known.
    column: Column,
}

impl<S: Sink> Sink for Split<S> {
    fn folder(&self) -> &str {
        self.inner.folder()
    }

    fn input(&mut self, splits: &[crate::stage::Split]) {
        self.inner.input(splits);
    }

    fn open(&mut self, tags: &TagTable, vocabulary: Option<Vocabulary>) -> Result<()> {
        self.column = match self.by.strip_prefix(COLUMN) {
            Some(column) => Column::Extra(column.to_owned()),
            None => Column::of(&self.by, tags),
        };
        let whole = matches!(self.column, Column::Text | Column::Html | Column::Tokens | Column::Verdicts);
        if whole || matches!(self.column, Column::Tag { kind: Kind::Float | Kind::List, .. }) {
            return Err(RunError::stop(format!(
                "sink `{}/`: `by = \"{}\"` has no single value to name a folder after: choose a tag that is a text, a whole number or true and false",
                self.folder(),
                self.by
            )));
        }
        self.inner.open(tags, vocabulary)
    }

    fn part(&self, dir: &Path, name: &str) -> Result<Box<dyn Part + '_>> {
        Ok(Box::new(SplitPart { sink: self, dir: dir.to_owned(), name: name.to_owned(), parts: BTreeMap::new() }))
    }

    fn finish(&self, dir: &Path, parts: &[String], scratch: &Path) -> Result<()> {
        for value in names(dir)? {
            let (of_value, inside) = (dir.join(&value), scratch.join(&value));
            let files = names(&of_value)?;
            // Not every part holds a document of every value.
            let begun = |part: &&String| files.iter().any(|file| file.strip_prefix(part.as_str()).is_some_and(|rest| rest.starts_with('.')));
            let parts: Vec<String> = parts.iter().filter(begun).cloned().collect();
            std::fs::create_dir_all(&inside).map_err(RunError::file("cannot create", &inside))?;
            self.inner.finish(&of_value, &parts, &inside)?;
        }
        Ok(())
    }
}

struct SplitPart<'a, S> {
    sink: &'a Split<S>,
    dir: PathBuf,
    name: String,
    parts: BTreeMap<String, Box<dyn Part + 'a>>,
}

impl<S: Sink> Part for SplitPart<'_, S> {
    fn write(&mut self, doc: &Doc) -> Result<()> {
        let value = folder(&self.sink.column.value(doc));
        if let Some(part) = self.parts.get_mut(&value) {
            return part.write(doc);
        }
        if self.parts.len() == MOST_VALUES {
            return Err(RunError::stop(format!(
                "`by = \"{}\"` has more than {MOST_VALUES} different values in one part: choose a tag of few values",
                self.sink.by
            )));
        }
        let dir = self.dir.join(&value);
        std::fs::create_dir_all(&dir).map_err(RunError::file("cannot create", &dir))?;
        let part = self.parts.entry(value).or_insert(self.sink.inner.part(&dir, &self.name)?);
        part.write(doc)
    }

    fn close(self: Box<Self>) -> Result<Vec<Written>> {
        let mut files = Vec::new();
        for (value, part) in self.parts {
            files.extend(part.close()?.into_iter().map(|file| file.below(&value)));
        }
        Ok(files)
    }
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let read = || -> std::io::Result<Vec<String>> { std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect() };
    let mut names = read().map_err(RunError::file("cannot read", folder))?;
    names.sort();
    Ok(names)
}

/// The folder of a value.
fn folder(value: &Json) -> String {
    let text = match value {
        Json::Null => return NONE.to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut name = String::new();
    for c in text.chars() {
        match c {
            // Neither hidden files nor the parent folder, and nothing that is `_none`.
            '.' | '_' if name.is_empty() => encode(&mut name, c),
            c if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') => name.push(c),
            c => encode(&mut name, c),
        }
        if name.len() > LONGEST_NAME {
            let _ = write!(name, "-{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
            break;
        }
    }
    if name.is_empty() { "%".to_owned() } else { name }
}

fn encode(name: &mut String, c: char) {
    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
        let _ = write!(name, "%{byte:02x}");
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sink::jsonl::JsonLines;

    #[test]
    fn folders_are_named_after_values_and_never_lie_outside() {
        let named = [json!("de"), json!(null), json!(""), json!("../x"), json!("_none"), json!("zh-Hant"), json!("中文"), json!(true), json!(3)];
        assert_eq!(named.map(|value| folder(&value)), ["de", "_none", "%", "%2e.%2fx", "%5fnone", "zh-Hant", "中文", "true", "3"]);
        let long = [json!("a".repeat(200)), json!(format!("{}b", "a".repeat(199)))].map(|value| folder(&value));
        assert!(long[0].len() < 130 && long[0] != long[1]);
    }

    #[test]
    fn each_value_has_its_own_parts() {
        let dir = tempfile::tempdir().unwrap();
        let mut tags = TagTable::default();
        let lang = tags.declare::<String>("lang").unwrap();
        let mut sink = Split { inner: JsonLines::all_fields(), by: "lang".into(), column: Column::Id };
        sink.open(&tags, None).unwrap();
        let mut part = sink.part(dir.path(), "part-00000-000").unwrap();
        for value in [Some("zh"), Some("de"), None, Some("zh")] {
            let mut doc = Doc::from_text("text");
            if let Some(value) = value {
                doc.set_tag(lang, value.into());
            }
            part.write(&doc).unwrap();
        }
        let files: Vec<String> = part.close().unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(files, ["_none", "de", "zh"].map(|value| format!("{value}/part-00000-000.jsonl.zst")));
        assert_eq!(names(dir.path()).unwrap(), ["_none", "de", "zh"]);
        let lines = zstd::decode_all(std::fs::File::open(dir.path().join("zh/part-00000-000.jsonl.zst")).unwrap()).unwrap();
        assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2);
    }

    #[test]
    fn a_value_that_names_no_folder_is_refused() {
        let mut tags = TagTable::default();
        tags.declare::<f64>("score").unwrap();
        for by in ["score", "text"] {
            let mut sink = Split { inner: JsonLines::all_fields(), by: by.into(), column: Column::Id };
            assert!(sink.open(&tags, None).unwrap_err().to_string().contains("no single value"));
        }
        assert!(split(Some(String::new()), JsonLines::all_fields()).is_err());
    }
}
