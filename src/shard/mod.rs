//! Token shards: one payload, many sidecars; packing is metadata.
//!
//! ```text
//! shards/manifest.json         what the set is: dtype, vocabulary, tokenizer, counts, a hash of every file
//! shards/part-00000.tokens     headerless little-endian u16 (u32 when the vocabulary needs it), in document order
//! shards/part-00000.docs.arrow Arrow IPC file, a row a document: where it ends, its key, where it came from
//! shards/part-00000.mask       optional, a byte a token (the bits of [`mask`])
//! shards/packs-2048.arrow      for each training row of 2,048 tokens, its (document, start, length) spans
//! ```
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
mod part;
mod read;
mod reader;
mod stats;
mod table;
mod verify;

#[cfg(test)]
mod tests;

pub use digest::{Digest, FileEntry};
pub use dtype::{Dtype, Tokens};
pub use error::ShardError;
pub use forget::Takedown;
pub use manifest::{MANIFEST_FILE, Manifest, TokenizerEntry, sets};
pub use merge::Ingredient;
pub use order::Permutation;
pub use part::{DocTokens, PartOptions, PartStats, PartWriter, Place};
pub use read::{Document, Packs, Shards};
pub use reader::{Sample, ShardReader, Share, State};
pub use stats::{LengthClass, SourceStats, Stats};
