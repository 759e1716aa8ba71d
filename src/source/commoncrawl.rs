//! Reads chosen pages of a Common Crawl out of its archives, by the crawl's index: nothing else is fetched.
//!
//! `hosts` names sites (`example.org`, which is `www.example.org` too; `*.example.org` with all hosts below it), `languages` the languages that the crawl found (ISO 639-3 codes,
//! as `zho`; one of a page's is enough), `mime` and `status` what the server said; `share` takes a part of what is left, by the hash of the address. Without `hosts` the whole index is
//! gone through. `base` is where the crawls lie: `https://data.commoncrawl.org`, `s3://commoncrawl`, a mirror, or a folder of this machine. Records are fetched eight at a time, each
//! tried again where the server refuses or breaks off. A record that cannot be fetched stops the run, which goes on from there; one that its archive does not hold is counted as
//! `missing_record`, and a line of the index that cannot be read as `bad_index_line`.
//!
//! The index is the sorted one of captures in compressed blocks ("ZipNum CDXJ"), with `cluster.idx` naming the first of each block:
//! <https://commoncrawl.org/blog/announcing-the-common-crawl-index>.
//!
//! ```toml
//! [source]
//! use = "commoncrawl"
//! crawl = "CC-MAIN-2025-21"
//! hosts = ["*.example.org"]
//! languages = ["zho", "eng"]
//! ```

mod index;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, Cursor};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::warc::{self, FaultKind, Item, RecordReader, Records, read_record};
use crate::stage::{self, Built, ByteSize, Complaint, Dice, OneOrMany, Read, Reader, Recipe, Result, RunError, Share, Shop, Source, Spec, Split};
use crate::store;
use index::{Capture, Captures, Hosts, blocks};

/// Captures whose records are fetched together.
const BATCH: usize = 32;

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommonCrawl {
    /// Name of the crawl, as `CC-MAIN-2025-21`.
    crawl: String,
    /// Address or folder under which `cc-index/` and `crawl-data/` lie.
    #[serde(default = "base")]
    base: String,
    /// Hosts, `*.` before one for all below it; by default all.
    #[serde(default)]
    hosts: Option<OneOrMany>,
    /// Languages that a page must have one of, as ISO 639-3 codes; by default any.
    #[serde(default)]
    languages: Option<OneOrMany>,
    /// Types that the crawl detected.
    #[serde(default = "mime")]
    mime: OneOrMany,
    /// Answers of the server.
    #[serde(default = "status")]
    status: Vec<u16>,
    /// Share of the captures to take.
    #[serde(default = "whole")]
    share: Share,
    /// A record of more bytes is counted as `record_too_large`. Default 64 MiB.
    #[serde(default = "max_record")]
    max_record: ByteSize,
}

fn base() -> String {
    "https://data.commoncrawl.org".to_owned()
}

fn mime() -> OneOrMany {
    OneOrMany(vec!["text/html".to_owned(), "application/xhtml+xml".to_owned()])
}

fn status() -> Vec<u16> {
    vec![200]
}

fn whole() -> Share {
    Share::new(1.0)
}

fn max_record() -> ByteSize {
    ByteSize::new(64 << 20)
}

impl Recipe for CommonCrawl {
    const NAME: &'static str = "commoncrawl";

    fn spec(&self) -> Spec {
        let spec = Spec::new().gives("url").gives("html").reason("missing_record").reason("bad_index_line");
        FaultKind::ALL.iter().fold(spec, |spec, kind| spec.reason(kind.name()))
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        Ok(Built::source(self.into_crawl(shop)?))
    }
}

impl CommonCrawl {
    fn into_crawl(self, shop: &mut Shop<'_>) -> std::result::Result<Crawl, Vec<Complaint>> {
        let hosts = self.hosts.map(|hosts| Hosts::new(&hosts.0)).transpose().map_err(|(host, why)| {
            Complaint::new("hosts", format!("`{host}` is no host: {why}"), "write a host as \"example.org\", or \"*.example.org\" for all below it")
        })?;
        let folder = format!("{}/cc-index/collections/{}/indexes", self.base.trim_end_matches('/'), self.crawl);
        let ranges = blocks(&folder, hosts.as_ref()).map_err(|cause| {
            let help = "check `crawl` and `base`; the crawls are listed at https://index.commoncrawl.org";
            Complaint::new("crawl", format!("cannot read the index `{folder}/cluster.idx`: {cause}"), help)
        })?;
        if ranges.is_empty() {
            return Err(Complaint::new("hosts", "the index holds nothing of these hosts", "check their spelling, or try another crawl").into());
        }
        let choice = Choice {
            hosts,
            languages: self.languages.map(|languages| languages.0),
            mime: self.mime.0,
            status: self.status,
            share: (self.share.get() < 1.0).then(|| (shop.dice(), self.share.get())),
        };
        Ok(Crawl { base: self.base.trim_end_matches('/').to_owned(), ranges, choice: Arc::new(choice), max_record: self.max_record.as_usize() })
    }
}

/// Which captures are wanted.
struct Choice {
    hosts: Option<Hosts>,
    languages: Option<Vec<String>>,
    mime: Vec<String>,
    status: Vec<u16>,
    share: Option<(Dice, f64)>,
}

impl Choice {
    fn takes(&self, capture: &Capture) -> bool {
        let of = |wanted: &[String], found: &str| wanted.iter().any(|one| found.split(',').any(|part| part.trim() == one));
        let mime = if capture.mime_detected.is_empty() { &capture.mime } else { &capture.mime_detected };
        self.hosts.as_ref().is_none_or(|hosts| hosts.hold(&capture.key))
            && self.languages.as_ref().is_none_or(|wanted| of(wanted, &capture.languages))
            && of(&self.mime, mime)
            && self.status.iter().any(|status| capture.status == status.to_string())
            && self.share.as_ref().is_none_or(|(dice, share)| dice.roll(xxhash_rust::xxh3::xxh3_128(capture.url.as_bytes())) < *share)
    }
}

struct Crawl {
    base: String,
    /// Stretches of files of the index.
    ranges: Vec<(String, u64, u64)>,
    choice: Arc<Choice>,
    max_record: usize,
}

impl Source for Crawl {
    fn splits(&self) -> Result<Vec<Split>> {
        let split = |(file, start, end): &(String, u64, u64)| Split { files: vec![file.clone()], start: *start, end: Some(*end), bytes: end - start };
        Ok(self.ranges.iter().map(split).collect())
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let file = super::paths::of(split)?.to_owned();
        let range = split.start..split.end.unwrap_or(u64::MAX);
        let mut captures = Captures::open(&file, range).map_err(RunError::file("cannot read", &file))?;
        let position = at.unwrap_or(0);
        for _ in 0..position {
            captures.next().map_err(RunError::file("cannot read", &file))?;
        }
        let (choice, base) = (self.choice.clone(), self.base.clone());
        Ok(Box::new(CrawlReader { file, captures, choice, base, max_record: self.max_record, ready: VecDeque::new(), seen: position, position }))
    }
}

/// Reads the chosen captures of a stretch of the index. A place is the number of a line in it.
struct CrawlReader {
    file: PathBuf,
    captures: Captures,
    choice: Arc<Choice>,
    base: String,
    max_record: usize,
    /// What has been fetched, each with the number of the line behind its own.
    ready: VecDeque<(u64, Read)>,
    /// Lines read.
    seen: u64,
    position: u64,
}

impl CrawlReader {
    /// Fetches the records of the next captures that are wanted; `false` at the end of the stretch.
    fn fetch(&mut self) -> Result<bool> {
        let (mut lines, mut wanted) = (Vec::new(), Vec::new());
        let mut ended = false;
        while wanted.len() < BATCH && !ended {
            match self.captures.next().map_err(RunError::file("cannot read", &self.file))? {
                None => ended = true,
                Some(Ok(capture)) => {
                    self.seen += 1;
                    if !self.choice.takes(&capture) {
                        continue;
                    }
                    if capture.length > self.max_record as u64 {
                        let detail = format!("{}: {} bytes packed", capture.url, capture.length);
                        let fault = stage::Fault { reason: FaultKind::TooLarge.name().to_owned(), detail, offset: capture.offset };
                        lines.push((self.seen, Some(Read::Fault(fault))));
                    } else {
                        wanted.push((PathBuf::from(format!("{}/{}", self.base, capture.filename)), capture.offset..capture.offset + capture.length));
                        lines.push((self.seen, None));
                    }
                }
                Some(Err(detail)) => {
                    self.seen += 1;
                    let fault = stage::Fault { reason: "bad_index_line".to_owned(), detail, offset: self.seen - 1 };
                    lines.push((self.seen, Some(Read::Fault(fault))));
                }
            }
        }
        let mut records = store::stretches(&wanted).into_iter().zip(&wanted);
        for (line, fault) in lines {
            let read = match fault {
                Some(fault) => fault,
                None => match records.next() {
                    Some((bytes, (path, range))) => self.read(bytes, path, range.start)?,
                    None => break,
                },
            };
            self.ready.push_back((line, read));
        }
        if ended && self.ready.is_empty() {
            self.position = self.seen;
        }
        Ok(!ended || !self.ready.is_empty())
    }

    fn read(&self, bytes: io::Result<bytes::Bytes>, path: &std::path::Path, offset: u64) -> Result<Read> {
        let fault =
            |reason: &str, detail: String| Ok(Read::Fault(stage::Fault { reason: reason.to_owned(), detail: format!("{}: {detail}", path.display()), offset }));
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => return fault("missing_record", error.to_string()),
            Err(error) => return Err(RunError::file("cannot read", path)(error)),
        };
        let records = RecordReader::new(Box::new(Cursor::new(bytes)), Default::default(), self.max_record);
        match records.map_err(RunError::file("cannot read", path))?.next() {
            Some(Ok(Item::Record(record))) => {
                let mut read = read_record(record, Records::Pages);
                if let Read::Doc(doc) = &mut read {
                    doc.origin.offset = offset;
                    doc.origin.member = Some(path.display().to_string());
                }
                Ok(read)
            }
            Some(Ok(Item::Fault(warc::Fault { kind, detail, .. }))) => fault(kind.name(), detail),
            Some(Err(error)) => Err(RunError::file("cannot read", path)(error)),
            None => fault("missing_record", "no record stands there".to_owned()),
        }
    }
}

impl Reader for CrawlReader {
    fn next(&mut self) -> Result<Option<Read>> {
        while self.ready.is_empty() {
            if !self.fetch()? {
                return Ok(None);
            }
        }
        let Some((line, read)) = self.ready.pop_front() else { return Ok(None) };
        self.position = line;
        Ok(Some(read))
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn consumed(&self) -> u64 {
        self.captures.consumed()
    }
}
