//! Reads pages from WARC and ARC files, or texts from WET files.
//!
//! WARC 0.17 to 1.1 and ARC 1 and 2, plain or compressed (gzip, zstd, bzip2, xz, told from the content; one member a record or a whole
//! file in one). Transfer and content codings are undone. Responses with a 2xx status and an HTML type become documents; every other
//! record is counted by kind. Damage (a clipped member, a wrong length, a bad header, stray bytes) is counted with its reason and place,
//! and reading goes on at the next record. A tar archive, compressed or not, stands for the members whose names end in `.warc`, `.arc` or `.wet`, compressed or not.
//!
//! ```toml
//! [source]
//! use = "warc"
//! path = "crawl/*.warc.gz"
//! ```

mod header;
mod http;
mod reader;
mod record;
#[cfg(test)]
mod tests;
pub mod write;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

pub use reader::Reader as RecordReader;
pub use record::{Fault, FaultKind, Item, Kind, Record};

use super::archive::{self, Section, is_archive, is_named};
use super::compression::{Format, Position, Trail};
use super::paths;
use crate::doc::{Doc, Html};
use crate::stage::{self, Built, ByteSize, Complaint, OneOrMany, Read, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warc {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// `"pages"` (default) reads HTML responses and resources, `"text"` the conversion records of WET files.
    #[serde(default)]
    records: Records,
    /// A record, or its page once decoded, of more bytes is counted as `record_too_large` and not held. Default 64 MiB.
    #[serde(default = "max_record")]
    max_record: ByteSize,
}

/// Which records become documents.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Records {
    /// HTML pages as fetched.
    #[default]
    Pages,
    /// Plain text that someone extracted.
    Text,
}

fn max_record() -> ByteSize {
    ByteSize::new(64 << 20)
}

impl Recipe for Warc {
    const NAME: &'static str = "warc";

    fn spec(&self) -> Spec {
        let content = match self.records {
            Records::Pages => "html",
            Records::Text => "text",
        };
        let spec = Spec::new().gives("url").gives(content).reason("not_utf8");
        FaultKind::ALL.iter().fold(spec, |spec, kind| spec.reason(kind.name()))
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let files = paths::expand("path", &self.path)?;
        Ok(Built::source(Archive { files, records: self.records, max_record: self.max_record.as_usize() }))
    }
}

struct Archive {
    files: Vec<PathBuf>,
    records: Records,
    max_record: usize,
}

impl Source for Archive {
    fn splits(&self) -> Result<Vec<Split>> {
        self.files.iter().map(|path| paths::whole(path)).collect()
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        if is_archive(path).map_err(RunError::file("cannot read", path))? {
            let form = Arc::new(WarcMembers { path: path.to_owned(), wanted: self.records, max_record: self.max_record });
            return Ok(Box::new(archive::ArchiveReader::open(path, form, at)?));
        }
        let (from, passed) = at.map_or_else(Default::default, Trail::unpack);
        let records = RecordReader::open_at(path, from, self.max_record).map_err(RunError::file("cannot read", path))?;
        let trail = Trail::new(records.format() == Format::Plain, from);
        let mut reader = ArchiveReader { records, trail, path: path.to_owned(), wanted: self.records, position: 0 };
        for _ in 0..passed {
            reader.next_record()?;
        }
        reader.locate(None)?;
        Ok(Box::new(reader))
    }
}

struct ArchiveReader {
    records: RecordReader,
    trail: Trail,
    path: PathBuf,
    wanted: Records,
    position: u64,
}

impl ArchiveReader {
    fn next_record(&mut self) -> Result<Option<Item>> {
        let item = self.records.next().transpose().map_err(RunError::file("cannot read", &self.path))?;
        if let Some(item) = &item {
            self.trail.passed(item.position());
        }
        Ok(item)
    }

    fn locate(&mut self, item: Option<&Item>) -> Result<()> {
        let empty = matches!(item, Some(Item::Fault(fault)) if fault.kind == FaultKind::EmptyFile);
        let place = if empty { Some(Trail::END) } else { self.trail.pack(self.records.position()) };
        let sentence = || format!("{} holds too many records in one compressed member; cut it into smaller files", self.path.display());
        self.position = place.ok_or_else(|| RunError::stop(sentence()))?;
        Ok(())
    }
}

impl Reader for ArchiveReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let item = self.next_record()?;
        self.locate(item.as_ref())?;
        Ok(item.map(|item| read_item(item, self.wanted)))
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn consumed(&self) -> u64 {
        self.records.consumed()
    }
}

/// Members of a tar archive that hold records, told by their names.
struct WarcMembers {
    /// Of the archive.
    path: PathBuf,
    wanted: Records,
    max_record: usize,
}

impl archive::Form for WarcMembers {
    fn open(&self, name: &str, member: Section) -> Result<Option<Box<dyn Reader>>> {
        if !is_named(name, &[".warc", ".arc", ".wet"]) {
            return Ok(None);
        }
        let records = RecordReader::new(Box::new(member), Position::default(), self.max_record).map_err(RunError::file("cannot read", &self.path))?;
        Ok(Some(Box::new(MemberReader { records, path: self.path.clone(), wanted: self.wanted })))
    }
}

/// Reads a member, whose items the archive counts.
struct MemberReader {
    records: RecordReader,
    path: PathBuf,
    wanted: Records,
}

impl Reader for MemberReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let item = self.records.next().transpose().map_err(RunError::file("cannot read", &self.path))?;
        Ok(item.map(|item| read_item(item, self.wanted)))
    }

    fn position(&self) -> u64 {
        self.records.position().offset
    }

    fn consumed(&self) -> u64 {
        self.records.consumed()
    }
}

fn read_item(item: Item, wanted: Records) -> Read {
    match item {
        Item::Record(record) => read_record(record, wanted),
        Item::Fault(fault) => {
            let (reason, offset) = (fault.kind.name().to_owned(), fault.position.offset);
            Read::Fault(stage::Fault { reason, detail: fault.detail, offset })
        }
    }
}

/// What a sound record is to the pipeline: a document, or counted under the reason for which it is none.
pub(super) fn read_record(record: Record, wanted: Records) -> Read {
    match (wanted, record.kind) {
        (Records::Pages, Kind::Response | Kind::Resource) => {
            if record.http_status.is_some_and(|status| !(200..300).contains(&status)) {
                return Read::Skip("http_status");
            }
            if !is_html(&record) {
                return Read::Skip("not_html");
            }
        }
        (Records::Text, Kind::Conversion) => {
            if !media_type(&record.content_type).eq_ignore_ascii_case("text/plain") {
                return Read::Skip("not_text");
            }
        }
        (_, kind) => return Read::Skip(kind.name()),
    }
    let Record { id, url, date, content_type, body, truncated, position, .. } = record;
    let some = |text: String| (!text.is_empty()).then_some(text);
    let (id, url) = (some(id), some(url));
    let mut doc = match wanted {
        Records::Pages => Doc::new(id, url, Some(Html { bytes: body, content_type: some(content_type) }), None),
        Records::Text => match String::from_utf8(body) {
            Ok(text) => Doc::new(id, url, None, Some(text)),
            Err(error) => {
                let detail = format!("byte {} of the text", error.utf8_error().valid_up_to());
                return Read::Fault(stage::Fault { reason: "not_utf8".to_owned(), detail, offset: position.offset });
            }
        },
    };
    doc.origin.offset = position.offset;
    if !date.is_empty() {
        doc.extra.insert("date".to_owned(), date.into());
    }
    if truncated {
        doc.extra.insert("truncated".to_owned(), true.into());
    }
    Read::Doc(Box::new(doc))
}

/// By its declared type; a record that declares none is a page if it begins with markup.
fn is_html(record: &Record) -> bool {
    match media_type(&record.content_type).to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => true,
        "" => record.body.trim_ascii_start().starts_with(b"<"),
        _ => false,
    }
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}
