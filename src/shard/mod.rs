//! Token shards: one payload, many sidecars; packing is metadata.
//!
//! ```text
//! shards/manifest.json         what the set is: dtype, vocabulary, tokenizer, counts, a hash of every file
//! shards/part-00000.tokens     headerless little-endian u16 (u32 when the vocabulary needs it), in document order
//! shards/part-00000.docs.arrow Arrow IPC file, a row a document: where it ends, its key, file, URL and place
//! shards/part-00000.mask       optional, a byte a token (the bits of [`mask`])
//! shards/packs-2048.arrow      for each training row of 2,048 tokens, its (document, start, length) spans
//! ```
//!
//! [`ShardReader`] gives training rows in one order for any number of processes:
//!
//! ```no_run
//! use dataprep::shard::{Share, ShardReader};
//!
//! let reader = ShardReader::open("out/web/shards".as_ref(), 2048, None)?;
//! let from = 0; // or `reader.resume(&state)?` with the state of a checkpoint
//! let share = Share { rank: 0, world: 8, worker: 0, workers: 2, batch: 4 };
//! for sample in reader.stream(from, share)?.take(100) {
//!     let sample = sample?;
//!     println!("{} tokens of {} documents", sample.ids.len(), sample.spans.len());
//! }
//! let state = reader.state(from + 100 * 2 * 8); // once every worker of every rank has read as many
//! # Ok::<(), dataprep::shard::ShardError>(())
//! ```
//!
//! Preferences are pairs of documents, see [`pair`]; a [`Sample`] says which of its pieces are one.
//!
//! Documents are numbered over all parts in manifest order. Files are written into the directory that is handed over;
//! naming, syncing and resuming are the caller's. Readers map the files and never panic on damage: sizes of all files and
//! hashes of the Arrow sidecars are compared with the manifest when a set is opened, the payload's by [`Manifest::verify`].

mod digest;
mod docs;
mod dtype;
mod error;
pub mod export;
pub mod forget;
mod manifest;
pub mod mask;
pub mod merge;
mod order;
pub mod pack;
pub mod pair;
mod part;
mod read;
mod reader;
mod stats;
mod table;
mod verify;

#[cfg(test)]
mod tests;

pub use digest::{Digest, FileEntry, HashedFile};
pub use dtype::{Dtype, Tokens};
pub use error::ShardError;
pub use forget::Takedown;
pub use manifest::{MANIFEST_FILE, Manifest, TokenizerEntry, sets};
pub use merge::Ingredient;
pub use order::Permutation;
pub use pair::Pair;
pub use part::{DocTokens, PartOptions, PartStats, PartWriter, Place};
pub use read::{Document, Packs, Shards};
pub use reader::{Sample, ShardReader, Share, State};
pub use stats::{LengthClass, SourceStats, Stats};
