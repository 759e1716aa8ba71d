//! Reads JSON lines: one object a line, a document each.
//!
//! `fields` says which keys are the document's id, URL, page and text; all other keys survive to the output. Files may be compressed
//! with gzip, zstd, bzip2 or xz, which is told from their content. Files that are not are cut into ranges that are read in parallel.
//! A line that is not JSON or not UTF-8, or whose field has another type, is counted and passed over.
//!
//! A file may also be one JSON list of objects, `[{...}, {...}]`, whose elements are read like lines, or a tar archive, whose members `*.jsonl`, `*.ndjson` and `*.json` are
//! (compressed or not, as the archive may be) read in its order; other members are counted as `other_member`. Neither is read in parallel.
//!
//! ```toml
//! [source]
//! use = "jsonl"
//! path = "crawl/*.jsonl.zst"
//! fields = { text = "content", url = "source" }
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::compression::{DamageKind, Error, Format, Members, Position};
use super::elements::{Elements, is_list};
use super::fields::{Fields, Rows};
use super::lines::{Lines, window};
use super::paths;
use super::row_files::RowFiles;
use super::units::{UnitReader, Units};
use crate::stage::{Built, ByteSize, Complaint, OneOrMany, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

/// Bytes of a plain file that are one split.
pub(super) const RANGE: u64 = 64 << 20;

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jsonl {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// Keys of `id`, `url`, `html` and `text`; by default those names. `""` reads none.
    #[serde(default)]
    fields: Fields,
    /// A longer line is counted as `line_too_long` and passed over. Default 64 MiB.
    #[serde(default = "max_line")]
    max_line: ByteSize,
}

pub(super) fn max_line() -> ByteSize {
    ByteSize::new(64 << 20)
}

/// Why a line makes no document, whatever its rows hold.
pub(super) fn faults() -> impl Iterator<Item = &'static str> {
    let damage = [DamageKind::Truncated, DamageKind::Corrupt, DamageKind::NotAMember].map(DamageKind::name);
    ["not_json", "not_utf8", "wrong_type", "missing_field", "line_too_long", "empty_file"].into_iter().chain(damage)
}

impl Recipe for Jsonl {
    const NAME: &'static str = "jsonl";

    fn spec(&self) -> Spec {
        let spec = self.fields.named().iter().filter(|(key, _)| *key != "id").fold(Spec::new(), |spec, (key, _)| spec.gives(*key));
        faults().fold(spec, Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        self.fields.check()?;
        Ok(Built::source(RowFiles::without_tables(&self.path, Arc::new(self.fields), self.max_line.as_usize())?))
    }
}

/// Files of JSON lines, or of one list each, whose objects are rows.
pub(super) struct JsonLines {
    pub(super) files: Vec<PathBuf>,
    /// The files are lists.
    pub(super) list: bool,
    pub(super) rows: Arc<dyn Rows>,
    pub(super) max_line: usize,
    pub(super) range: u64,
}

impl Source for JsonLines {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits = Vec::new();
        for path in &self.files {
            let whole = paths::whole(path)?;
            let format = Members::open(path).map_err(RunError::file("cannot read", path))?.format();
            if self.list || format != Format::Plain || whole.bytes <= self.range {
                splits.push(whole);
                continue;
            }
            for start in (0..whole.bytes).step_by(self.range as usize) {
                let end = (start + self.range).min(whole.bytes);
                splits.push(Split { start, end: Some(end), bytes: end - start, files: whole.files.clone() });
            }
        }
        Ok(splits)
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        let open = |from| match (self.list, at) {
            (true, _) => Ok(Units::List(Elements::new(window(Members::open(path)?, from)?, from != Position::default(), self.max_line))),
            (false, Some(_)) => Lines::open(path, from, split.end, self.max_line).map(Units::Lines),
            (false, None) => Lines::open_range(path, split.start, split.end, self.max_line).map(Units::Lines),
        };
        Ok(Box::new(UnitReader::open(path, split.start, at, self.rows.clone(), open)?))
    }
}

/// Reads the rows of a member of an archive: lines or one list, told from its content.
pub(super) fn member(members: Members, path: &Path, rows: Arc<dyn Rows>, max_line: usize) -> std::io::Result<Box<dyn Reader>> {
    let mut window = window(members, Position::default())?;
    let mut damage = None;
    let list = match is_list(&mut window) {
        Ok(list) => list,
        Err(Error::Io(error)) => return Err(error),
        Err(Error::Damage(found)) => {
            window.recover(&found)?;
            damage = Some(found);
            false
        }
    };
    let units = if list { Units::List(Elements::new(window, false, max_line)) } else { Units::Lines(Lines::of(window, None, max_line)) };
    Ok(Box::new(UnitReader::of_member(units, path, rows, damage)))
}

/// Reads every item of a source, for tests: the documents' texts, or reasons in brackets.
#[cfg(test)]
pub(super) fn outline(source: &dyn Source) -> Vec<String> {
    let mut found = Vec::new();
    for split in source.splits().unwrap() {
        let mut reader = source.open(&split, None).unwrap();
        let mut places = vec![reader.position()];
        let mut items = Vec::new();
        while let Some(read) = reader.next().unwrap() {
            items.push(shown(&read));
            places.push(reader.position());
        }
        for (passed, place) in places.iter().enumerate() {
            let mut reader = source.open(&split, Some(*place)).unwrap();
            let rest: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).map(|read| shown(&read)).collect();
            assert_eq!(rest, items[passed..], "resumed after {passed} items");
        }
        found.extend(items);
    }
    found
}

#[cfg(test)]
fn shown(read: &crate::stage::Read) -> String {
    use crate::stage::Read;
    match read {
        Read::Doc(doc) if doc.has_text() => doc.text().to_owned(),
        Read::Doc(doc) => String::from_utf8_lossy(&doc.html.as_ref().unwrap().bytes).into_owned(),
        Read::Fault(fault) => format!("[{}]", fault.reason),
        Read::Skip(kind) => format!("<{kind}>"),
    }
}

#[cfg(test)]
mod tests;
