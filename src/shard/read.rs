//! Opens a shard set: documents by number, training rows by number, everything mapped.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::docs::{DocsTable, Row};
use super::pack::{Item, PackTable, Span};
use super::pair::CHOSEN;
use super::table;
use super::{Manifest, PartStats, Permutation, Place, ShardError, Tokens};

/// An open set. Cheap to share between threads; nothing in it changes.
pub struct Shards {
    dir: PathBuf,
    manifest: Manifest,
    parts: Vec<Part>,
}

struct Part {
    /// Number of its first document in the set.
    first: u64,
    payload_path: PathBuf,
    payload: Mmap,
    docs: DocsTable,
    mask: Option<Mmap>,
}

/// What the docs sidecar says of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// How many it has.
    pub tokens: u64,
    /// 128 bits.
    pub key: u128,
    /// The file it came from.
    pub source: &'a str,
    /// Where in that file, in bytes.
    pub source_offset: u64,
    /// Where it was fetched.
    pub url: Option<&'a str>,
    /// Where it stood in the input.
    pub place: Place,
    /// UTF-8 bytes of its text.
    pub bytes: u64,
    /// As written.
    pub flags: u16,
}

impl Shards {
    /// Reads the manifest and maps every part. Sizes and the sidecars' hashes are checked, the payloads' are not (see `verify`).
    pub fn open(dir: &Path) -> Result<Shards, ShardError> {
        Shards::with_manifest(dir, Manifest::load(dir)?)
    }

    /// For a set whose manifest is not written yet: packing reads the lengths first.
    pub fn with_manifest(dir: &Path, manifest: Manifest) -> Result<Shards, ShardError> {
        let mut parts = Vec::with_capacity(manifest.parts.len());
        let mut first = 0;
        for stats in &manifest.parts {
            parts.push(Part::open(dir, stats, first)?);
            first += stats.documents;
        }
        Ok(Shards { dir: dir.to_owned(), manifest, parts })
    }

    /// What the set says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its parts, each with the numbers of its documents.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&PartStats, Range<u64>)> {
        self.manifest.parts.iter().zip(&self.parts).map(|(stats, part)| (stats, part.first..part.first + stats.documents))
    }

    /// How many; documents are numbered from 0.
    pub fn documents(&self) -> u64 {
        self.manifest.documents
    }

    /// Tokens of all documents.
    pub fn tokens(&self) -> u64 {
        self.manifest.tokens
    }

    /// The tokens of a document.
    pub fn document(&self, index: u64) -> Result<Tokens<'_>, ShardError> {
        let (part, start, end) = self.bounds(index)?;
        let length = end.checked_sub(start).ok_or_else(|| part.bad_bounds(index))?;
        let all = Tokens::new(&part.payload, self.manifest.dtype);
        all.slice(start as usize, length as usize).ok_or_else(|| part.bad_bounds(index))
    }

    /// The mask of a document, a byte a token; `None` when the set has none.
    pub fn mask(&self, index: u64) -> Result<Option<&[u8]>, ShardError> {
        let (part, start, end) = self.bounds(index)?;
        let Some(mask) = &part.mask else {
            return Ok(None);
        };
        let bytes = mask.get(start as usize..end as usize);
        bytes.map(Some).ok_or_else(|| part.bad_bounds(index))
    }

    /// Whether the set has a mask.
    pub fn has_masks(&self) -> bool {
        self.parts.iter().any(|part| part.mask.is_some())
    }

    /// Whether any token has this bit of the mask. Reads masks as far as the first that has.
    pub fn has_mark(&self, bit: u8) -> bool {
        self.parts.iter().filter_map(|part| part.mask.as_ref()).any(|mask| mask.iter().any(|mark| mark & bit != 0))
    }

    /// What the docs sidecar says of a document.
    pub fn document_info(&self, index: u64) -> Result<Document<'_>, ShardError> {
        let (part, row) = self.locate(index)?;
        let (start, _) = part.docs.bounds(row).ok_or_else(|| part.bad_bounds(index))?;
        let Row { end, key, source, source_offset, url, place, bytes, flags } = part.docs.row(row).ok_or_else(|| part.bad_bounds(index))?;
        let tokens = end.checked_sub(start).ok_or_else(|| part.bad_bounds(index))?;
        Ok(Document { tokens, key, source, source_offset, url, place, bytes, flags })
    }

    /// UTF-8 bytes of a document's text.
    pub fn document_bytes(&self, index: u64) -> Result<u64, ShardError> {
        Ok(self.document_info(index)?.bytes)
    }

    /// The key of a document.
    pub fn key(&self, index: u64) -> Result<u128, ShardError> {
        Ok(self.document_info(index)?.key)
    }

    /// Tokens of each document, in order.
    pub fn lengths(&self) -> impl Iterator<Item = u32> + '_ {
        self.items().map(|item| item.tokens)
    }

    /// Each document as packing sees it, in order.
    pub(super) fn items(&self) -> impl Iterator<Item = Item> + '_ {
        let all = self.parts.iter().flat_map(|part| (0..part.docs.rows()).map(move |row| (part, row)));
        all.filter_map(|(part, row)| {
            let (start, end) = part.docs.bounds(row)?;
            let tokens = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
            Some(Item { tokens, chosen: part.docs.flags(row)? & CHOSEN != 0 })
        })
    }

    /// The pack list for rows of `seq_len` tokens.
    pub fn packs(&self, seq_len: u32) -> Result<Packs, ShardError> {
        let (table, seed) = self.pack_table(seq_len)?;
        Ok(Packs { order: Permutation::new(table.rows(), seed), seq_len, table })
    }

    /// The rows of a pack list as stored, and the seed of their order.
    pub(super) fn pack_table(&self, seq_len: u32) -> Result<(PackTable, u64), ShardError> {
        let entry = self.manifest.packs.iter().find(|pack| pack.seq_len == seq_len);
        let Some(entry) = entry else {
            return Err(ShardError::NoPacks { dir: self.dir.clone(), seq_len, have: self.manifest.packs.iter().map(|pack| pack.seq_len).collect() });
        };
        Ok((PackTable::open(&self.dir, entry)?, entry.seed))
    }

    fn bounds(&self, index: u64) -> Result<(&Part, u64, u64), ShardError> {
        let (part, row) = self.locate(index)?;
        let (start, end) = part.docs.bounds(row).ok_or_else(|| part.bad_bounds(index))?;
        Ok((part, start, end))
    }

    fn locate(&self, index: u64) -> Result<(&Part, u64), ShardError> {
        let after = self.parts.partition_point(|part| part.first <= index);
        let part = after.checked_sub(1).and_then(|i| self.parts.get(i));
        match part {
            Some(part) if index < self.manifest.documents => Ok((part, index - part.first)),
            _ => Err(ShardError::NoDocument { index, count: self.manifest.documents }),
        }
    }
}

impl Part {
    fn open(dir: &Path, stats: &PartStats, first: u64) -> Result<Part, ShardError> {
        let payload_path = dir.join(&stats.payload.name);
        let payload = table::map(&payload_path, stats.payload.bytes)?;
        let docs = DocsTable::open(dir, &stats.docs)?;
        let rows = docs.rows();
        let last = rows.checked_sub(1).and_then(|row| docs.bounds(row)).map_or(0, |(_, end)| end);
        if (rows, last) != (stats.documents, stats.tokens) {
            let fault = format!("it lists {rows} documents and {last} tokens, the manifest {} and {}", stats.documents, stats.tokens);
            return Err(ShardError::damaged(docs.path(), fault));
        }
        let mask = match &stats.mask {
            Some(entry) if entry.bytes != stats.tokens => {
                let fault = format!("it has {} bytes for {} tokens", entry.bytes, stats.tokens);
                return Err(ShardError::damaged(&dir.join(&entry.name), fault));
            }
            Some(entry) => Some(table::map(&dir.join(&entry.name), entry.bytes)?),
            None => None,
        };
        Ok(Part { first, payload_path, payload, docs, mask })
    }

    fn bad_bounds(&self, index: u64) -> ShardError {
        let payload = self.payload_path.display();
        ShardError::damaged(self.docs.path(), format!("document {index} does not lie within `{payload}`"))
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Shards").field("dir", &self.dir).field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// An open pack list: training rows in the order that its seed gives.
pub struct Packs {
    seq_len: u32,
    order: Permutation,
    table: PackTable,
}

impl Packs {
    /// Tokens a row.
    pub fn seq_len(&self) -> u32 {
        self.seq_len
    }

    /// Number of training rows.
    pub fn len(&self) -> u64 {
        self.order.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The spans of row `index` of the seeded order; what they leave of `seq_len` is padding.
    pub fn row(&self, index: u64) -> Result<Vec<Span>, ShardError> {
        let stored = self.order.get(index);
        stored.and_then(|row| self.table.row(row)).ok_or(ShardError::NoRow { index, count: self.len() })
    }
}
