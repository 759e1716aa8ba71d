//! The index of a corpus that later ones are held against: who of a new corpus stands in it already, exactly or nearly.
//!
//! A folder. `index.json` says how it was made and lists the segments, each of as many documents as memory took, in five files: `NNNNN.exact` and
//! `NNNNN.bands` hold digests (16 bytes; 8 bytes for each band), big-endian and sorted, each with the number of its document (4 bytes);
//! `NNNNN.anchors`, empty unless passages are to be found, holds hashes of anchors (8 bytes) with document and offset (4 bytes each), likewise;
//! `NNNNN.docs` holds names, URLs and texts, compressed one by one, so that likenesses and passages are verified on the text itself; `NNNNN.places`
//! holds where each of these begins (8 bytes, little-endian). The files are mapped, not read: what is not looked at takes no memory.

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::anchors::Anchors;
use super::datatrove::Datatrove;
use super::normal::{Normal, digest};
use super::shingles::{Shingles, Unit};
use super::signature::Signature;
use super::sketch::{Buffers, Profile, Sketch};
use super::tokens::{Tokens, Work};

/// The file that says what the others are.
pub const HEAD: &str = "index.json";
const FORMAT: u32 = 1;
/// The files of a segment.
const FILES: [&str; 5] = ["exact", "bands", "anchors", "docs", "places"];

/// How texts were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What of a text counts where the same text is sought.
    pub normal: Normal,
    /// Whose MinHash.
    pub profile: Profile,
    /// What a shingle is made of.
    pub by: Unit,
    /// Units in a shingle.
    pub ngram: usize,
    /// Bands.
    pub bands: usize,
    /// Minima in a band.
    pub rows: usize,
    /// Seed of the permutations.
    pub seed: u64,
    /// [`Tokens::hash`] of the tokens, where something goes by tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
    /// The passages that can be found, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passages: Option<Windows>,
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { normal, profile, by, ngram, bands, rows, seed, tokenizer, passages } = self;
        let shown = format!("{profile:?}, {ngram} of {by:?}, {bands} bands of {rows} rows, seed {seed}, normal {normal:?}").to_lowercase();
        let tokens = if tokenizer.is_some() { ", with a tokenizer" } else { "" };
        match passages {
            None => write!(f, "{shown}{tokens}"),
            Some(Windows::Bytes(bytes)) => write!(f, "{shown}{tokens}, passages of {bytes} bytes"),
            Some(Windows::Tokens(length)) => write!(f, "{shown}{tokens}, passages of {length} tokens"),
        }
    }
}

/// From what length on passages can be found in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Windows {
    /// So many bytes.
    Bytes(usize),
    /// So many tokens.
    Tokens(usize),
}

impl Settings {
    /// The defaults of a profile. Ours spends the 112 minima of datatrove's 14 bands of 8 rows on 16 of 7: since every candidate is compared, a wider net
    /// costs little, and of the pairs at similarity 0.75 it finds 90 % in place of 77 %.
    pub fn of(profile: Profile, seed: u64) -> Settings {
        let (bands, rows) = match profile {
            Profile::Fast => (16, 7),
            Profile::Datatrove => (14, 8),
        };
        Settings { normal: Normal::Space, profile, by: Unit::Word, ngram: 5, bands, rows, seed, tokenizer: None, passages: None }
    }

    /// What makes digests and sets of texts; shingles of tokens are of these.
    pub fn sketch(&self, tokens: Option<&Arc<Tokens>>) -> Sketch {
        let signature = || Signature::new(self.bands, self.rows, self.seed);
        match (self.profile, tokens.filter(|_| self.by == Unit::Token)) {
            (Profile::Fast, None) => Sketch::Fast(Shingles::new(self.by, self.ngram), signature()),
            (Profile::Fast, Some(tokens)) => Sketch::Tokens(tokens.clone(), Shingles::new(self.by, self.ngram), signature()),
            (Profile::Datatrove, _) => Sketch::Datatrove(Datatrove::new(self.ngram, self.bands, self.rows)),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    #[serde(flatten)]
    settings: Settings,
    /// Documents of each segment and the hash of its files.
    segments: Vec<(u32, String)>,
}

/// A document of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Old {
    /// Its id.
    pub name: String,
    /// Its URL.
    pub url: Option<String>,
    /// Its text.
    pub text: String,
}

/// Writes an index.
pub struct Builder {
    folder: PathBuf,
    settings: Settings,
    sketch: Sketch,
    tokens: Option<Arc<Tokens>>,
    buffers: Buffers,
    ring: Vec<u64>,
    work: Work,
    memory: usize,
    segments: Vec<(u32, String)>,
    exact: Vec<[u8; 20]>,
    bands: Vec<[u8; 12]>,
    anchors: Vec<[u8; 16]>,
    places: Vec<u64>,
    docs: Option<BufWriter<File>>,
}

impl Builder {
    /// An index in `folder`, which is made; segments take `memory` bytes while they are made. What goes by tokens goes by `tokens`;
    /// where there are none, shingles are of words, and passages in tokens are not indexed.
    pub fn new(folder: &Path, mut settings: Settings, tokens: Option<Arc<Tokens>>, memory: usize) -> io::Result<Builder> {
        std::fs::create_dir_all(folder)?;
        settings.tokenizer = tokens.as_ref().map(|tokens| tokens.hash());
        if tokens.is_none() {
            settings.passages = settings.passages.filter(|windows| matches!(windows, Windows::Bytes(_)));
            settings.by = if settings.by == Unit::Token { Unit::Word } else { settings.by };
        }
        let (folder, sketch) = (folder.to_owned(), settings.sketch(tokens.as_ref()));
        let (buffers, ring, work, segments, exact, bands, anchors, places) = Default::default();
        Ok(Builder { folder, settings, sketch, tokens, buffers, ring, work, memory, segments, exact, bands, anchors, places, docs: None })
    }

    /// Bytes of memory that the segment takes.
    fn weight(&self) -> usize {
        size_of_val(&*self.exact) + size_of_val(&*self.bands) + size_of_val(&*self.anchors) + size_of_val(&*self.places)
    }

    /// Adds a document.
    pub fn add(&mut self, name: &str, url: Option<&str>, text: &str) -> io::Result<()> {
        if self.weight() > self.memory || self.places.len() > u32::MAX as usize {
            self.close()?;
        }
        let path = self.path("docs");
        let docs = match &mut self.docs {
            Some(docs) => docs,
            none => {
                self.places.push(0);
                none.insert(BufWriter::with_capacity(1 << 18, File::create(path)?))
            }
        };
        let number = (self.places.len() as u32 - 1).to_be_bytes();
        if let Some(digest) = digest(text, self.settings.normal) {
            self.exact.push(join(&digest.to_be_bytes(), &number));
        }
        self.sketch.digests(text, &mut self.buffers);
        self.bands.extend(self.buffers.digests.iter().map(|digest| join(&digest.to_be_bytes(), &number)));
        let anchors = &mut self.anchors;
        let anchor = |at: u32, hash: u64| {
            let place = u64::from(u32::from_be_bytes(number)) << 32 | u64::from(at);
            anchors.push((u128::from(hash) << 64 | u128::from(place)).to_be_bytes());
        };
        match (self.settings.passages, &self.tokens) {
            (Some(Windows::Bytes(length)), _) => Anchors::new(length).each(text.as_bytes(), &mut self.ring, anchor),
            (Some(Windows::Tokens(length)), Some(tokens)) => {
                tokens.read(text, &mut self.work);
                Anchors::new(length).each(&self.work.ids, &mut self.ring, anchor);
            }
            _ => {}
        }
        let url = url.unwrap_or_default();
        let mut bytes = Vec::with_capacity(text.len() + name.len() + url.len() + 8);
        for part in [name, url] {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(text.as_bytes());
        let packed = zstd::bulk::compress(&bytes, 1)?;
        docs.write_all(&(bytes.len() as u32).to_le_bytes())?;
        docs.write_all(&packed)?;
        self.places.push(self.places.last().copied().unwrap_or(0) + 4 + packed.len() as u64);
        Ok(())
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{:05}.{end}", self.segments.len()))
    }

    /// Ends a segment.
    fn close(&mut self) -> io::Result<()> {
        let Some(docs) = self.docs.take() else { return Ok(()) };
        docs.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.exact.sort_unstable();
        self.bands.sort_unstable();
        self.anchors.sort_unstable();
        let places: Vec<u8> = self.places.iter().flat_map(|place| place.to_le_bytes()).collect();
        let (exact, bands, anchors) = (self.exact.as_flattened(), self.bands.as_flattened(), self.anchors.as_flattened());
        for (end, bytes) in [("exact", exact), ("bands", bands), ("anchors", anchors), ("places", &places)] {
            let mut file = File::create(self.path(end))?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        let mut hash = Xxh3::new();
        for end in FILES {
            let path = self.path(end);
            if std::fs::metadata(&path)?.len() > 0 {
                hash.update(&map(&path)?);
            }
        }
        self.segments.push((self.places.len() as u32 - 1, format!("{:032x}", hash.digest128())));
        self.exact.clear();
        self.bands.clear();
        self.anchors.clear();
        self.places.clear();
        Ok(())
    }

    /// Ends the last segment and gives what belongs into [`HEAD`], which makes the folder an index, and the number of documents.
    pub fn finish(mut self) -> io::Result<(Vec<u8>, u64)> {
        self.close()?;
        let documents = self.segments.iter().map(|(documents, _)| u64::from(*documents)).sum();
        let head = Head { format: FORMAT, settings: self.settings, segments: self.segments };
        let mut bytes = serde_json::to_vec_pretty(&head)?;
        bytes.push(b'\n');
        Ok((bytes, documents))
    }
}

fn join<const A: usize, const N: usize>(digest: &[u8; A], number: &[u8; 4]) -> [u8; N] {
    std::array::from_fn(|at| if at < A { digest[at] } else { number[at - A] })
}

fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: an index is not changed once it is made; whoever changes it all the same gets wrong answers, as with any file read twice.
    unsafe { Mmap::map(&file) }
}

/// An index, open.
#[derive(Debug)]
pub struct Index {
    /// How it was made.
    pub settings: Settings,
    segments: Vec<Segment>,
}

#[derive(Debug)]
struct Segment {
    exact: Option<Mmap>,
    bands: Option<Mmap>,
    anchors: Option<Mmap>,
    docs: Mmap,
    places: Mmap,
}

fn damaged(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: make the index again", path.display()))
}

impl Index {
    /// Opens the index in `folder`; `head` is its file [`HEAD`].
    pub fn open(folder: &Path, head: &[u8]) -> io::Result<Index> {
        let head: Head = serde_json::from_slice(head)?;
        if head.format != FORMAT {
            return Err(io::Error::new(io::ErrorKind::Unsupported, format!("the index has format {}; this version reads format {FORMAT}", head.format)));
        }
        let mut segments = Vec::new();
        for (number, (documents, _)) in head.segments.iter().enumerate() {
            let file = |end: &str| folder.join(format!("{number:05}.{end}"));
            let rows = |end: &str, width: usize| -> io::Result<Option<Mmap>> {
                let path = file(end);
                // An empty file cannot be mapped.
                let map = if std::fs::metadata(&path)?.len() == 0 { None } else { Some(map(&path)?) };
                if map.as_ref().is_some_and(|map| map.len() % width != 0) { Err(damaged(&path)) } else { Ok(map) }
            };
            let (exact, bands) = (rows("exact", 20)?, rows("bands", 12)?);
            let anchors = if head.settings.passages.is_some() { rows("anchors", 16)? } else { None };
            let segment = Segment { exact, bands, anchors, docs: map(&file("docs"))?, places: map(&file("places"))? };
            if segment.places.len() != 8 * (*documents as usize + 1) {
                return Err(damaged(&file("places")));
            }
            segments.push(segment);
        }
        Ok(Index { settings: head.settings, segments })
    }

    /// Takes in another index, whose documents come after those of this one; else says how that one was made.
    pub fn join(&mut self, other: Index) -> Result<(), Settings> {
        if self.settings != other.settings {
            return Err(other.settings);
        }
        self.segments.extend(other.segments);
        Ok(())
    }

    /// A look-up of texts by their digest.
    pub fn exact(&self) -> Lookup<'_, 16, 20> {
        Lookup::over(self.segments.iter().map(|segment| segment.exact.as_deref()))
    }

    /// A look-up of documents by the digests of their bands.
    pub fn bands(&self) -> Lookup<'_, 8, 12> {
        Lookup::over(self.segments.iter().map(|segment| segment.bands.as_deref()))
    }

    /// A look-up of the places of anchors by their hashes.
    pub fn anchors(&self) -> Lookup<'_, 8, 16> {
        Lookup::over(self.segments.iter().map(|segment| segment.anchors.as_deref()))
    }

    /// A document by its number.
    pub fn doc(&self, number: u64) -> io::Result<Old> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, format!("document {number} of the index is damaged: make the index again"));
        let segment = self.segments.get((number >> 32) as usize).ok_or_else(wrong)?;
        let place = |at: usize| segment.places.as_chunks::<8>().0.get(at).map(|bytes| u64::from_le_bytes(*bytes) as usize);
        let at = number as u32 as usize;
        let (from, to) = (place(at).ok_or_else(wrong)?, place(at + 1).ok_or_else(wrong)?);
        let (length, packed) = segment.docs.get(from..to).and_then(|bytes| bytes.split_first_chunk::<4>()).ok_or_else(wrong)?;
        let bytes = zstd::bulk::decompress(packed, u32::from_le_bytes(*length) as usize)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let part = |from: usize| -> Option<(&str, usize)> {
            let length = u32::from_le_bytes(*text.as_bytes().get(from..)?.first_chunk::<4>()?) as usize;
            Some((text.get(from + 4..from + 4 + length)?, from + 4 + length))
        };
        let (name, next) = part(0).ok_or_else(wrong)?;
        let (url, next) = part(next).ok_or_else(wrong)?;
        Ok(Old { name: name.to_owned(), url: (!url.is_empty()).then(|| url.to_owned()), text: text.get(next..).ok_or_else(wrong)?.to_owned() })
    }
}

/// Finds the documents of digests that are asked for in ascending order.
pub struct Lookup<'i, const KEY: usize, const ROW: usize> {
    /// Rows of each segment and the place from which the next digest is sought.
    segments: Vec<(&'i [[u8; ROW]], usize)>,
}

impl<'i, const KEY: usize, const ROW: usize> Lookup<'i, KEY, ROW> {
    fn over(files: impl Iterator<Item = Option<&'i [u8]>>) -> Lookup<'i, KEY, ROW> {
        Lookup { segments: files.map(|bytes| (bytes.unwrap_or_default().as_chunks::<ROW>().0, 0)).collect() }
    }

    /// Calls `see` with the number of each document that has the digest, in order, and with what its row holds beside.
    pub fn find(&mut self, digest: &[u8; KEY], mut see: impl FnMut(u64, &[u8])) {
        for (segment, (rows, at)) in (0u64..).zip(&mut self.segments) {
            // Steps that double, then halves of the last one: near where the last digest was.
            let mut step = 1;
            while rows.get(*at + step).is_some_and(|row| row[..KEY] < digest[..]) {
                *at += step;
                step *= 2;
            }
            let end = rows.len().min(*at + step + 1);
            *at += rows[*at..end].partition_point(|row| row[..KEY] < digest[..]);
            for row in rows[*at..].iter().take_while(|row| row[..KEY] == digest[..]) {
                let number = u32::from_be_bytes(std::array::from_fn(|byte| row[KEY + byte]));
                see(segment << 32 | u64::from(number), &row[KEY + 4..]);
            }
        }
    }
}
