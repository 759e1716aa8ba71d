//! Packing: which pieces of which documents make up each training row. Metadata only; the payload is never rewritten.
//!
//! Rows are emitted while lengths stream in, and stored in that order; the seeded order in which they are read is a
//! [`super::Permutation`] of the row numbers, evaluated by [`super::Packs::row`]. No token is lost by any method: a document
//! longer than a row is cut into pieces, a row that is not full is padded by whoever loads it.

mod best_fit;
mod concat;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FileEntry, ShardError, Shards};
use best_fit::BestFit;
use concat::Concat;
pub(super) use file::PackTable;
use file::PackWriter;

/// A piece of a document in a training row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Over all parts in manifest order.
    pub document: u64,
    /// First token, counted from the start of the document.
    pub start: u32,
    /// Tokens; never zero.
    pub length: u32,
}

/// How documents become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// All documents end to end, cut at every row: no padding but in the last row, most cuts.
    Concat,
    /// Best-fit decreasing (Ding et al. 2024, "Fewer Truncations Improve Language Modeling") over windows of documents: no
    /// document is cut that fits a row.
    BestFit,
    /// A row for each document, or for each piece of one that is longer than a row.
    OnePerRow,
}

/// What to pack for.
#[derive(Clone, Copy, Debug)]
pub struct PackOptions {
    /// Tokens a row.
    pub seq_len: u32,
    /// How.
    pub method: Method,
    /// Of every order.
    pub seed: u64,
    /// Documents that `BestFit` looks at together: 32 bytes of memory each. Other methods need none.
    pub window: usize,
}

impl PackOptions {
    /// The window that fills rows of web text to better than 999 in 1,000.
    pub const WINDOW: usize = 1 << 20;
}

/// What a pack list amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackStats {
    /// Training rows.
    pub rows: u64,
    /// Pieces in them.
    pub spans: u64,
    /// Tokens in them: all of the set.
    pub tokens: u64,
    /// Documents of at least one token.
    pub documents: u64,
    /// Documents that lie in more than one piece.
    pub cut_documents: u64,
    /// Cut documents that would have fitted a row.
    pub needless_cuts: u64,
    /// `rows * seq_len - tokens`.
    pub padding: u64,
}

impl PackStats {
    fn add(&mut self, row: &[Span], seq_len: u32) {
        let tokens = row.iter().map(|span| u64::from(span.length)).sum::<u64>();
        self.rows += 1;
        self.spans += row.len() as u64;
        self.tokens += tokens;
        self.padding += u64::from(seq_len).saturating_sub(tokens);
    }

    /// Share of documents that are cut.
    pub fn truncated_share(&self) -> f64 {
        share(self.cut_documents, self.documents)
    }

    /// Share of all positions that hold no token.
    pub fn padding_share(&self) -> f64 {
        share(self.padding, self.padding + self.tokens)
    }

    /// Pieces a row, on average.
    pub fn documents_per_row(&self) -> f64 {
        share(self.spans, self.rows)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A pack list in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackEntry {
    /// Tokens a row.
    pub seq_len: u32,
    /// How.
    pub method: Method,
    /// Of the order in which rows are read.
    pub seed: u64,
    /// What came of it.
    pub stats: PackStats,
    /// Where it lies.
    pub file: FileEntry,
}

/// Writes `packs-<seq_len>.arrow` into `dir` for documents of these lengths; push the entry onto the manifest.
pub fn write(dir: &Path, lengths: impl IntoIterator<Item = u32>, options: &PackOptions) -> Result<PackEntry, ShardError> {
    let PackOptions { seq_len, method, seed, .. } = *options;
    let mut out = PackWriter::create(dir, format!("packs-{seq_len}.arrow"), seq_len)?;
    let stats = plan(lengths, options, &mut |row| out.push(row))?;
    Ok(PackEntry { seq_len, method, seed, stats, file: out.finish()? })
}

/// Makes a pack list of an open set in its folder, in place of one of the same length, and enters it in the manifest there.
pub fn add(shards: &Shards, options: &PackOptions) -> Result<PackEntry, ShardError> {
    let (dir, part) = (shards.dir(), shards.dir().join("pack.part"));
    std::fs::create_dir_all(&part).map_err(ShardError::io("create", &part))?;
    let entry = write(&part, shards.lengths(), options)?;
    let (from, to) = (part.join(&entry.file.name), dir.join(&entry.file.name));
    std::fs::rename(&from, &to).map_err(ShardError::io("write", &to))?;
    std::fs::remove_dir(&part).map_err(ShardError::io("remove", &part))?;
    let mut manifest = shards.manifest().clone();
    let old = manifest.packs.iter().find(|old| old.seq_len == entry.seq_len && old.file.name != entry.file.name);
    let old = old.map(|old| dir.join(&old.file.name));
    manifest.push_pack(entry.clone());
    manifest.save(dir)?;
    if let Some(path) = old {
        std::fs::remove_file(&path).map_err(ShardError::io("remove", &path))?;
    }
    Ok(entry)
}

/// A pack list without some documents, under the name `name`; rows that hold nothing else go. Gives the number of rows that held one of them, beside the entry;
/// no file is left where that is 0.
pub(super) fn without(
    dir: &Path,
    name: String,
    entry: &PackEntry,
    table: &PackTable,
    gone: &BTreeSet<u64>,
    tokens: impl Fn(u64) -> Result<u64, ShardError>,
) -> Result<(PackEntry, u64), ShardError> {
    let mut out = PackWriter::create(dir, name, entry.seq_len)?;
    let (mut touched, mut pieces) = (0, BTreeMap::<u64, u64>::new());
    let mut stats = PackStats { rows: 0, spans: 0, tokens: 0, padding: 0, ..entry.stats };
    for number in 0..table.rows() {
        let mut row = table.row(number).ok_or(ShardError::NoRow { index: number, count: table.rows() })?;
        let before = row.len();
        row.retain(|span| {
            let goes = gone.contains(&span.document);
            if goes {
                *pieces.entry(span.document).or_default() += 1;
            }
            !goes
        });
        touched += u64::from(row.len() < before);
        if !row.is_empty() {
            stats.add(&row, entry.seq_len);
            out.push(&row)?;
        }
    }
    for (document, pieces) in pieces {
        stats.documents -= 1;
        stats.cut_documents -= u64::from(pieces > 1);
        stats.needless_cuts -= u64::from(pieces > 1 && tokens(document)? <= u64::from(entry.seq_len));
    }
    let file = out.finish()?;
    if touched == 0 {
        let path = dir.join(&file.name);
        std::fs::remove_file(&path).map_err(ShardError::io("remove", &path))?;
    }
    Ok((PackEntry { stats, file, ..entry.clone() }, touched))
}

/// Calls `emit` with the spans of each row, in stored order. Cost: O(N log L) for N documents.
pub fn plan(
    lengths: impl IntoIterator<Item = u32>,
    options: &PackOptions,
    emit: &mut dyn FnMut(&[Span]) -> Result<(), ShardError>,
) -> Result<PackStats, ShardError> {
    let seq_len = options.seq_len;
    if seq_len == 0 || seq_len > i32::MAX as u32 {
        return Err(ShardError::BadSequenceLength { seq_len });
    }
    let mut stats = PackStats::default();
    let mut count = |row: &[Span]| {
        stats.add(row, seq_len);
        emit(row)
    };
    let documents = (0..).zip(lengths).filter(|(_, length)| *length > 0);
    let (mut seen, mut cut, mut needless) = (0, 0, 0);
    let mut packer = Packer::new(options);
    for (document, length) in documents {
        let pieces = packer.push(document, length, &mut count)?;
        seen += 1;
        cut += u64::from(pieces > 1);
        needless += u64::from(pieces > 1 && length <= seq_len);
    }
    packer.finish(&mut count)?;
    stats.documents = seen;
    stats.cut_documents = cut;
    stats.needless_cuts = needless;
    Ok(stats)
}

type Emit<'a> = dyn FnMut(&[Span]) -> Result<(), ShardError> + 'a;

enum Packer {
    Concat(Concat),
    BestFit(BestFit),
    OnePerRow { seq_len: u32 },
}

impl Packer {
    fn new(options: &PackOptions) -> Packer {
        let seq_len = options.seq_len;
        match options.method {
            Method::Concat => Packer::Concat(Concat::new(seq_len)),
            Method::BestFit => Packer::BestFit(BestFit::new(seq_len, options.seed, options.window)),
            Method::OnePerRow => Packer::OnePerRow { seq_len },
        }
    }

    /// Takes a document of at least one token and says in how many pieces it lies.
    fn push(&mut self, document: u64, length: u32, emit: &mut Emit) -> Result<u32, ShardError> {
        match self {
            Packer::Concat(concat) => concat.push(document, length, emit),
            Packer::BestFit(best_fit) => best_fit.push(document, length, emit),
            Packer::OnePerRow { seq_len } => {
                for piece in pieces(document, length, *seq_len) {
                    emit(&[piece])?;
                }
                Ok(length.div_ceil(*seq_len))
            }
        }
    }

    fn finish(self, emit: &mut Emit) -> Result<(), ShardError> {
        match self {
            Packer::Concat(concat) => concat.finish(emit),
            Packer::BestFit(best_fit) => best_fit.finish(emit),
            Packer::OnePerRow { .. } => Ok(()),
        }
    }
}

/// A document cut into rows from its start; the last piece may be shorter.
fn pieces(document: u64, length: u32, seq_len: u32) -> impl Iterator<Item = Span> {
    (0..length).step_by(seq_len as usize).map(move |start| Span { document, start, length: seq_len.min(length - start) })
}

#[cfg(test)]
mod tests;
