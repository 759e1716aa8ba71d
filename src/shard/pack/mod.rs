//! Packing: which pieces of which documents make up each training row. Metadata only; the payload is never rewritten.
//!
//! Rows are emitted while lengths stream in, and stored in that order; the seeded order in which they are read is a
//! [`super::Permutation`] of the row numbers, evaluated by [`super::Packs::row`]. No token is lost by any method: a document
//! longer than a row is cut into pieces, a row that is not full is padded by whoever loads it. Where the mask says where words begin, `BestFit` and `OnePerRow` cut there alone.
//! The two documents of a pair lie in one row, whole; those of a pair that is longer than a row are left out, and counted.

mod best_fit;
mod concat;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FileEntry, ShardError, Shards, mask};
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
    /// document is cut that fits a row. Longer ones fill what the others leave.
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
    /// Documents that `BestFit` looks at together: 48 bytes of memory each. Other methods need none.
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
    /// Tokens in them: all of the set, but for what is left out.
    pub tokens: u64,
    /// Documents of at least one token that lie in them.
    pub documents: u64,
    /// Documents that lie in more than one piece.
    pub cut_documents: u64,
    /// Cut documents that would have fitted a row.
    pub needless_cuts: u64,
    /// `rows * seq_len - tokens`.
    pub padding: u64,
    /// Documents of pairs that are longer than a row: they are in no row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Tokens of those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out_tokens: u64,
}

pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A document, as packing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Of the document.
    pub tokens: u32,
    /// It and the one behind it are a pair.
    pub chosen: bool,
}

/// What is packed: documents, or their lengths alone.
pub trait Documents {
    /// Each document in order.
    fn items(&self) -> impl Iterator<Item = Item>;

    /// The last token in `from + 1..=to` of a document at which it may be cut, the cut being before it: a word begins there. `None` where none does.
    fn cut(&self, document: u64, from: u32, to: u32) -> Option<u32>;
}

impl Documents for [u32] {
    fn items(&self) -> impl Iterator<Item = Item> {
        self.iter().map(|tokens| Item { tokens: *tokens, chosen: false })
    }

    fn cut(&self, _: u64, from: u32, to: u32) -> Option<u32> {
        (to > from).then_some(to)
    }
}

impl Documents for Shards {
    fn items(&self) -> impl Iterator<Item = Item> {
        Shards::items(self)
    }

    fn cut(&self, document: u64, from: u32, to: u32) -> Option<u32> {
        // Where words are told, a document's first token begins one.
        match self.mask(document) {
            Ok(Some(mask)) if mask.first().is_some_and(|bits| bits & mask::WORD_START != 0) => {
                let begins = |at: &u32| mask.get(*at as usize).is_some_and(|bits| bits & mask::WORD_START != 0);
                (from + 1..=to).rev().find(begins)
            }
            _ => (to > from).then_some(to),
        }
    }
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

/// Writes `packs-<seq_len>.arrow` into `dir` for these documents; push the entry onto the manifest.
pub fn write<D: Documents + ?Sized>(dir: &Path, documents: &D, options: &PackOptions) -> Result<PackEntry, ShardError> {
    write_as(dir, format!("packs-{}.arrow", options.seq_len), documents, options)
}

fn write_as<D: Documents + ?Sized>(dir: &Path, name: String, documents: &D, options: &PackOptions) -> Result<PackEntry, ShardError> {
    let PackOptions { seq_len, method, seed, .. } = *options;
    let mut out = PackWriter::create(dir, name, seq_len)?;
    let stats = plan(documents, options, &mut |row| out.push(row))?;
    Ok(PackEntry { seq_len, method, seed, stats, file: out.finish()? })
}

/// Makes a pack list of an open set in its folder, in place of one of the same length, and enters it in the manifest there. The new one has another name than the old, so that
/// the set is whole whenever this is broken off.
pub fn add(shards: &Shards, options: &PackOptions) -> Result<PackEntry, ShardError> {
    let (dir, part, seq_len) = (shards.dir(), shards.dir().join("pack.part"), options.seq_len);
    let mut manifest = shards.manifest().clone();
    let old = manifest.packs.iter().find(|old| old.seq_len == seq_len).map(|old| old.file.name.clone());
    let usual = format!("packs-{seq_len}.arrow");
    let name = if old.as_ref() == Some(&usual) { format!("packs-{seq_len}.2.arrow") } else { usual };
    // What a packing that was broken off, or refused, has left.
    let clear = || if part.is_dir() { std::fs::remove_dir_all(&part).map_err(ShardError::io("remove", &part)) } else { Ok(()) };
    clear()?;
    std::fs::create_dir_all(&part).map_err(ShardError::io("create", &part))?;
    let entry = match write_as(&part, name, shards, options) {
        Ok(entry) => entry,
        Err(fault) => {
            clear()?;
            return Err(fault);
        }
    };
    let (from, to) = (part.join(&entry.file.name), dir.join(&entry.file.name));
    std::fs::rename(&from, &to).map_err(ShardError::io("write", &to))?;
    clear()?;
    manifest.push_pack(entry.clone());
    manifest.save(dir)?;
    if let Some(path) = old.map(|name| dir.join(name)) {
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
    for document in gone {
        match (pieces.get(document), tokens(*document)?) {
            (_, 0) => {}
            (None, length) => {
                stats.left_out -= 1;
                stats.left_out_tokens -= length;
            }
            (Some(pieces), length) => {
                stats.documents -= 1;
                stats.cut_documents -= u64::from(*pieces > 1);
                stats.needless_cuts -= u64::from(*pieces > 1 && length <= u64::from(entry.seq_len));
            }
        }
    }
    let file = out.finish()?;
    if touched == 0 {
        let path = dir.join(&file.name);
        std::fs::remove_file(&path).map_err(ShardError::io("remove", &path))?;
    }
    Ok((PackEntry { stats, file, ..entry.clone() }, touched))
}

/// Calls `emit` with the spans of each row, in stored order. Cost: O(N log L) for N documents.
pub fn plan<D: Documents + ?Sized>(
    documents: &D,
    options: &PackOptions,
    emit: &mut dyn FnMut(&[Span]) -> Result<(), ShardError>,
) -> Result<PackStats, ShardError> {
    let seq_len = options.seq_len;
    if seq_len == 0 || seq_len > i32::MAX as u32 {
        return Err(ShardError::BadSequenceLength { seq_len });
    }
    let mut stats = PackStats::default();
    let mut counted = PackStats::default();
    let mut count = |row: &[Span]| {
        stats.add(row, seq_len);
        emit(row)
    };
    let cut = |document, from, to| documents.cut(document, from, to);
    let mut packer = Packer::new(options);
    let mut items = (0..).zip(documents.items());
    while let Some((document, item)) = items.next() {
        let partner = if item.chosen { items.next() } else { None };
        let rejected = partner.map_or(0, |(_, partner)| partner.tokens);
        if item.tokens > 0 && rejected > 0 {
            let whole = |document, length| Span { document, start: 0, length };
            if u64::from(item.tokens) + u64::from(rejected) > u64::from(seq_len) {
                counted.left_out += 2;
                counted.left_out_tokens += u64::from(item.tokens) + u64::from(rejected);
            } else {
                packer.push_pair([whole(document, item.tokens), whole(document + 1, rejected)], &cut, &mut count)?;
                counted.documents += 2;
            }
            continue;
        }
        for (document, Item { tokens, .. }) in [(document, item)].into_iter().chain(partner).filter(|(_, item)| item.tokens > 0) {
            let pieces = packer.push(document, tokens, &cut, &mut count)?;
            counted.documents += 1;
            counted.cut_documents += u64::from(pieces > 1);
            counted.needless_cuts += u64::from(pieces > 1 && tokens <= seq_len);
        }
    }
    packer.finish(&cut, &mut count)?;
    Ok(PackStats { rows: stats.rows, spans: stats.spans, tokens: stats.tokens, padding: stats.padding, ..counted })
}

type Emit<'a> = dyn FnMut(&[Span]) -> Result<(), ShardError> + 'a;
/// As [`Documents::cut`].
type Cut<'a> = dyn Fn(u64, u32, u32) -> Option<u32> + 'a;

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

    /// Takes a document of at least one token and says in how many pieces it lies, at least.
    fn push(&mut self, document: u64, length: u32, cut: &Cut, emit: &mut Emit) -> Result<u32, ShardError> {
        match self {
            Packer::Concat(concat) => concat.push(document, length, emit),
            Packer::BestFit(best_fit) => best_fit.push(document, length, cut, emit),
            Packer::OnePerRow { seq_len } => {
                let mut count = 0;
                for piece in pieces(document, length, *seq_len, cut) {
                    emit(&[piece])?;
                    count += 1;
                }
                Ok(count)
            }
        }
    }

    /// Takes a pair that fits a row.
    fn push_pair(&mut self, pair: [Span; 2], cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        match self {
            Packer::Concat(concat) => concat.push_pair(pair, emit),
            Packer::BestFit(best_fit) => best_fit.push_pair(pair, cut, emit),
            Packer::OnePerRow { .. } => emit(&pair),
        }
    }

    fn finish(self, cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        match self {
            Packer::Concat(concat) => concat.finish(emit),
            Packer::BestFit(best_fit) => best_fit.finish(cut, emit),
            Packer::OnePerRow { .. } => Ok(()),
        }
    }
}

/// A document cut into rows from its start, at words where they are told; the last piece may be shorter. A word that is longer than a row is cut where the row ends.
fn pieces<'a>(document: u64, length: u32, seq_len: u32, cut: &'a Cut<'a>) -> impl Iterator<Item = Span> + 'a {
    let mut start = 0;
    std::iter::from_fn(move || {
        let left = length - start;
        let take = match seq_len {
            _ if left == 0 => return None,
            _ if left <= seq_len => left,
            _ => cut(document, start, start + seq_len).map_or(seq_len, |at| at - start),
        };
        start += take;
        Some(Span { document, start: start - take, length: take })
    })
}

#[cfg(test)]
mod tests;
