//! Reads one split as numbered batches, from the source or from the spool of the segment before, and says where chunks close.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use super::chain::Batch;
use super::journal::{Line, Resume};
use super::spool::SpoolReader;
use crate::doc::DocId;
use crate::stage::{Read, Reader, Result};

/// Bytes of documents in a batch, about: small enough for all workers to be busy, large enough for locks not to matter.
const BATCH_BYTES: usize = 1 << 19;
/// Items in a batch at most.
const BATCH_ITEMS: usize = 256;

/// A batch in its place.
pub struct Numbered {
    /// Its number in the lane, from 0.
    pub number: u64,
    /// What was read.
    pub batch: Batch,
    /// Bytes it holds.
    pub weight: usize,
    /// Input bytes consumed up to its end.
    pub consumed: u64,
    /// Set where a chunk ends with this batch.
    pub closes: Option<Close>,
}

/// The end of a chunk.
pub struct Close {
    /// Number of the chunk.
    pub chunk: u32,
    /// Where the next begins; `None` at the end of the split.
    pub next: Option<Resume>,
}

enum From {
    Source { reader: Box<dyn Reader>, part: u64, read: u64 },
    Spool { dir: PathBuf, chunks: VecDeque<Line>, open: Option<SpoolReader> },
}

/// Reads one split.
pub struct Feed {
    from: From,
    split: u32,
    ordinal: u32,
    chunk: u32,
    number: u64,
    ended: bool,
}

impl Feed {
    /// From a source's reader, opened where `chunk` begins; chunks close after `part` bytes of documents.
    pub fn source(reader: Box<dyn Reader>, split: u32, chunk: u32, ordinal: u32, part: u64) -> Feed {
        Feed { from: From::Source { reader, part, read: 0 }, split, ordinal, chunk, number: 0, ended: false }
    }

    /// From the chunks that the segment before has spooled in `dir`, without the first `chunk` ones.
    pub fn spool(dir: PathBuf, split: u32, chunk: u32, chunks: &[Line]) -> Feed {
        let chunks = chunks.iter().skip(chunk as usize).cloned().collect();
        Feed { from: From::Spool { dir, chunks, open: None }, split, ordinal: 0, chunk, number: 0, ended: false }
    }

    /// The next batch; `None` once the split has ended.
    pub fn next(&mut self) -> Result<Option<Numbered>> {
        if self.ended {
            return Ok(None);
        }
        let mut batch = Batch { docs: Vec::new(), faults: Vec::new(), skipped: BTreeMap::new() };
        let mut weight = 0;
        let mut close: Option<Option<Resume>> = None;
        let mut items = 0;
        let consumed;
        match &mut self.from {
            From::Source { reader, part, read } => {
                while weight < BATCH_BYTES && items < BATCH_ITEMS {
                    items += 1;
                    match reader.next()? {
                        None => {
                            close = Some(None);
                            break;
                        }
                        Some(Read::Doc(mut doc)) => {
                            doc.place(DocId { split: self.split, ordinal: self.ordinal });
                            self.ordinal += 1;
                            weight += doc.weight();
                            *read += doc.weight() as u64;
                            batch.docs.push(*doc);
                            if *read >= *part {
                                *read = 0;
                                close = Some(Some(Resume { position: reader.position(), ordinal: self.ordinal }));
                                break;
                            }
                        }
                        Some(Read::Fault(fault)) => batch.faults.push(fault),
                        Some(Read::Skip(kind)) => *batch.skipped.entry(kind.to_owned()).or_default() += 1,
                    }
                }
                consumed = reader.consumed();
            }
            From::Spool { dir, chunks, open } => {
                let Some(line) = chunks.front() else {
                    self.ended = true;
                    return Ok(None);
                };
                consumed = line.consumed;
                if let (None, Some(name)) = (&open, &line.spool) {
                    *open = Some(SpoolReader::open(dir, name)?);
                }
                while weight < BATCH_BYTES && items < BATCH_ITEMS {
                    items += 1;
                    let Some(doc) = open.as_mut().map_or(Ok(None), SpoolReader::next)? else {
                        close = Some(line.next);
                        break;
                    };
                    weight += doc.weight();
                    batch.docs.push(doc);
                }
                if close.is_some() {
                    *open = None;
                    chunks.pop_front();
                }
            }
        }
        let closes = close.map(|next| {
            self.ended = next.is_none();
            self.chunk += 1;
            Close { chunk: self.chunk - 1, next }
        });
        self.number += 1;
        Ok(Some(Numbered { number: self.number - 1, batch, weight, consumed, closes }))
    }
}
