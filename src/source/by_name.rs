//! A source for files that are named on the command line: which one is told from the names.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::{jsonl, parquet, paths, text};
use crate::doc::TagTable;
use crate::stage::{Built, Complaint, OneOrMany, Recipe, Shop, Source};

/// Which source reads a file: `.jsonl`, `.ndjson` and `.json` lines, `.parquet` tables, all else a text each. Suffixes of compression are passed over.
fn kind(path: &Path) -> &'static str {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let bare = ["gz", "zst", "bz2", "xz"].iter().find_map(|suffix| name.strip_suffix(suffix)?.strip_suffix('.')).unwrap_or(&name);
    match bare.rsplit_once('.') {
        Some((_, "jsonl" | "ndjson" | "json")) => jsonl::Jsonl::NAME,
        Some((_, "parquet")) => parquet::Parquet::NAME,
        _ => text::Text::NAME,
    }
}

/// A source of the texts in `entries` (files, folders, globs), which are all of one kind; `column` is the text's name in lines and tables.
///
/// # Errors
/// Says which entry matches no file, mixes kinds, or lacks the column.
pub fn open(entries: &[String], column: &str) -> Result<Box<dyn Source>, Vec<Complaint>> {
    let files = paths::expand("path", &OneOrMany(entries.to_vec()))?;
    let kinds: BTreeSet<&str> = files.iter().map(|file| kind(file)).collect();
    let mut kinds = kinds.into_iter();
    match (kinds.next(), kinds.next()) {
        (Some(one), Some(other)) => Err(Complaint::new("path", format!("these are files of {one} and of {other}"), "name files of one kind").into()),
        (Some(jsonl::Jsonl::NAME), None) => recipe::<jsonl::Jsonl>(json!({ "path": entries, "fields": { "text": column } })),
        (Some(parquet::Parquet::NAME), None) => recipe::<parquet::Parquet>(json!({ "path": entries, "fields": { "text": column } })),
        _ => recipe::<text::Text>(json!({ "path": entries, "content": "text" })),
    }
}

fn recipe<R: Recipe>(table: serde_json::Value) -> Result<Box<dyn Source>, Vec<Complaint>> {
    let filled: R = serde_json::from_value(table).map_err(|error| Complaint::new("", error.to_string(), ""))?;
    let (mut tags, mut files) = (TagTable::default(), BTreeSet::new());
    let mut shop = Shop { stage: R::NAME, seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
    match filled.build(&mut shop)? {
        Built::Source(source) => Ok(source),
        _ => Err(Complaint::new("", format!("{} is no source", R::NAME), "").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::jsonl::outline;
    use super::*;

    #[test]
    fn names_tell_what_files_hold() {
        for (name, wanted) in
            [("a.JSONL.gz", "jsonl"), ("a.json", "jsonl"), ("x.parquet", "parquet"), ("a.txt.zst", "text"), ("jsonl", "text"), ("a.gz", "text")]
        {
            assert_eq!(kind(Path::new(name)), wanted, "{name}");
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(at("a.jsonl"), "{\"body\":\"one\"}\n{\"body\":\"two\"}\n").unwrap();
        std::fs::write(at("b.txt"), "three").unwrap();
        assert_eq!(outline(&*open(&[at("a.jsonl")], "body").unwrap()), ["one", "two"]);
        assert_eq!(outline(&*open(&[at("b.txt")], "body").unwrap()), ["three"]);
        let said = |entries: &[String]| open(entries, "text").err().unwrap()[0].message.clone();
        assert!(said(&[at("")]).contains("files of jsonl and of text"));
        assert!(said(&[at("none")]).contains("no file matches"));
    }
}
