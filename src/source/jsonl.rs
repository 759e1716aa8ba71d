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
use serde_json::Value;

use super::compression::{Damage, DamageKind, Error, Format, Members, Position, Trail};
use super::elements::{Elements, is_list};
use super::fields::{Fields, Rows, type_name};
use super::lines::{Line, Lines, window};
use super::paths;
use super::row_files::RowFiles;
use crate::stage::{Built, ByteSize, Complaint, Fault, OneOrMany, Read, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

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
        let (from, passed) = at.map_or_else(Default::default, Trail::unpack);
        let fresh = split.start == 0 && from == Position::default() && passed == 0;
        let open = || match (self.list, at) {
            (true, _) => Ok(Units::List(Elements::new(window(Members::open(path)?, from)?, !fresh && from != Position::default(), self.max_line))),
            (false, Some(_)) => Lines::open(path, from, split.end, self.max_line).map(Units::Lines),
            (false, None) => Lines::open_range(path, split.start, split.end, self.max_line).map(Units::Lines),
        };
        let units = if at == Some(Trail::END) { Units::Ended } else { open().map_err(RunError::file("cannot read", path))? };
        let mut reader = LineReader::new(units, path, self.rows.clone(), from);
        (reader.start, reader.fresh) = (split.start, fresh);
        for _ in 0..passed {
            reader.pass()?;
        }
        reader.locate()?;
        Ok(Box::new(reader))
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
    let mut reader = LineReader::new(units, path, rows, Position::default());
    (reader.fresh, reader.damage) = (damage.is_none(), damage);
    Ok(Box::new(reader))
}

/// What holds rows in a file.
enum Units {
    Lines(Lines),
    List(Elements),
    /// All has been read.
    Ended,
}

impl Units {
    fn position(&mut self) -> Position {
        match self {
            Units::Lines(lines) => lines.position(),
            Units::List(elements) => elements.position(),
            Units::Ended => Position::default(),
        }
    }

    fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        match self {
            Units::Lines(lines) => lines.next_line(),
            Units::List(elements) => elements.next_element(),
            Units::Ended => Ok(None),
        }
    }

    fn is_plain(&self) -> bool {
        match self {
            Units::Lines(lines) => lines.format() == Format::Plain,
            Units::List(elements) => elements.format() == Format::Plain,
            Units::Ended => true,
        }
    }
}

struct LineReader {
    units: Units,
    trail: Trail,
    path: PathBuf,
    start: u64,
    rows: Arc<dyn Rows>,
    /// Nothing has been read of the file.
    fresh: bool,
    /// Met when the file was opened.
    damage: Option<Damage>,
    ended: bool,
    position: u64,
    /// Lines given, and those before the one given last.
    lines: u64,
    line: u64,
}

impl LineReader {
    fn new(units: Units, path: &Path, rows: Arc<dyn Rows>, from: Position) -> LineReader {
        let (trail, ended) = (Trail::new(units.is_plain(), from), matches!(units, Units::Ended));
        LineReader { units, trail, path: path.to_owned(), start: 0, rows, fresh: false, damage: None, ended, position: 0, lines: 0, line: 0 }
    }

    /// Passes over a line that was given before the reading was broken off.
    fn pass(&mut self) -> Result<()> {
        let position = self.units.position();
        self.trail.passed(position);
        self.units.next().map_err(RunError::file("cannot read", &self.path))?;
        Ok(())
    }

    fn locate(&mut self) -> Result<()> {
        if self.ended {
            self.position = Trail::END;
            return Ok(());
        }
        let now = self.units.position();
        let sentence = || format!("{} holds too many lines in one compressed member; cut it into smaller files", self.path.display());
        self.position = self.trail.pack(now).ok_or_else(|| RunError::stop(sentence()))?;
        Ok(())
    }

    /// The next line's document or fault; `None` at the end.
    fn read(&mut self) -> Result<Option<Read>> {
        let fault = |reason: &str, detail: String, offset: u64| Ok(Some(Read::Fault(Fault { reason: reason.to_owned(), detail, offset })));
        if let Some(damage) = self.damage.take() {
            return fault(damage.kind.name(), damage.detail, damage.offset);
        }
        loop {
            let start = self.units.position();
            self.trail.passed(start);
            let fresh = std::mem::take(&mut self.fresh);
            let (list, plain) = (matches!(self.units, Units::List(_)), self.units.is_plain());
            let line = self.units.next().map_err(RunError::file("cannot read", &self.path))?;
            self.line = self.lines;
            self.lines += u64::from(line.is_some());
            let text = match line {
                None if fresh => {
                    self.ended = true;
                    return fault("empty_file", "nothing to read".to_owned(), start.offset);
                }
                None => return Ok(None),
                Some(Line::TooLong(len)) => return fault("line_too_long", format!("a line of {len} bytes"), start.offset),
                Some(Line::Damaged(damage)) => {
                    self.ended = list;
                    return fault(damage.kind.name(), damage.detail, start.offset);
                }
                Some(Line::Behind) => {
                    self.ended = true;
                    return fault("not_json", "more stands behind the list that begins the file".to_owned(), start.offset);
                }
                Some(Line::Text(text)) => text,
            };
            let text = if start == Position::default() { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
            if text.trim_ascii().is_empty() {
                continue;
            }
            let read = document(text, self.rows.as_ref());
            let lead = if let (Units::List(elements), true) = (&self.units, plain) { elements.lead() } else { 0 };
            return match read {
                Ok(mut doc) => {
                    doc.origin.offset = start.offset + lead;
                    Ok(Some(Read::Doc(doc)))
                }
                Err((reason, detail)) => fault(reason, detail, start.offset + lead),
            };
        }
    }
}

fn document(line: &[u8], rows: &dyn Rows) -> std::result::Result<Box<crate::doc::Doc>, (&'static str, String)> {
    let text = std::str::from_utf8(line).map_err(|error| ("not_utf8", format!("byte {} of the line", error.valid_up_to())))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(row)) => rows.read(row, None).map(Box::new),
        Ok(other) => Err(("wrong_type", format!("the line holds {}, not an object", type_name(&other)))),
        Err(error) => Err(("not_json", error.to_string())),
    }
}

impl Reader for LineReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let read = self.read()?;
        self.locate().map(|()| read)
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn consumed(&self) -> u64 {
        match &self.units {
            Units::Lines(lines) => lines.consumed().saturating_sub(self.start),
            Units::List(elements) => elements.consumed(),
            Units::Ended => 0,
        }
    }

    fn line(&self) -> Option<u64> {
        Some(if let Units::List(elements) = &self.units { elements.line() } else { self.line })
    }
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
fn shown(read: &Read) -> String {
    match read {
        Read::Doc(doc) if doc.has_text() => doc.text().to_owned(),
        Read::Doc(doc) => String::from_utf8_lossy(&doc.html.as_ref().unwrap().bytes).into_owned(),
        Read::Fault(fault) => format!("[{}]", fault.reason),
        Read::Skip(kind) => format!("<{kind}>"),
    }
}

#[cfg(test)]
mod tests;
