//! Everything that can go wrong with a shard set, each with the file it is about and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// See the messages: each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The file system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried, a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Arrow could not write a sidecar.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: arrow::error::ArrowError,
    },
    /// Ids up to the vocabulary size do not fit the payload.
    #[error("a vocabulary of {vocab_size} entries does not fit {dtype} tokens: use u32")]
    VocabularyTooLarge {
        /// Entries of the vocabulary.
        vocab_size: u32,
        /// Width of a token.
        dtype: super::Dtype,
    },
    /// An id that the vocabulary does not have; it would wrap or crash a trainer later.
    #[error(
        "`{path}`: document {document} holds token {id}, beyond the vocabulary of {vocab_size}: \
         give the size of the tokenizer that made these ids, its added tokens included"
    )]
    TokenOutOfVocabulary {
        /// The file.
        path: PathBuf,
        /// Its number in the part.
        document: u64,
        /// The id.
        id: u32,
        /// Entries of the vocabulary.
        vocab_size: u32,
    },
    /// More tokens than the indices count.
    #[error("`{path}`: document {document} has {tokens} tokens, the limit is 2^31 - 1: split it before it is written")]
    DocumentTooLong {
        /// The file.
        path: PathBuf,
        /// Its number in the part.
        document: u64,
        /// Tokens of the document.
        tokens: u64,
    },
    /// A mask where none was announced, none where one was, or one of another length.
    #[error("`{path}`: document {document} has {tokens} tokens and {mask} mask bytes: {remedy}")]
    MaskMismatch {
        /// The file.
        path: PathBuf,
        /// Its number in the part.
        document: u64,
        /// Tokens of the document.
        tokens: usize,
        /// Bytes of its mask.
        mask: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// A document is flagged as a member of a pair, and is none.
    #[error("`{path}`: document {document}: {fault}")]
    BrokenPair {
        /// The file.
        path: PathBuf,
        /// Its number in the part.
        document: u64,
        /// What is wrong.
        fault: &'static str,
    },
    /// A file is torn, changed or contradicts the manifest.
    #[error("`{path}` is damaged: {fault}; restore it from a copy or write the shards again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// `manifest.json` cannot be understood or does not add up.
    #[error("`{path}` is not a manifest of token shards: {fault}")]
    NotAManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// A document number beyond the set.
    #[error("no document {index}: the set has {count}")]
    NoDocument {
        /// The number asked for.
        index: u64,
        /// How many there are.
        count: u64,
    },
    /// A row number beyond the pack list.
    #[error("no training row {index}: the pack list has {count}")]
    NoRow {
        /// The number asked for.
        index: u64,
        /// How many there are.
        count: u64,
    },
    /// The set was not packed at this length.
    #[error("`{dir}` has no pack list for rows of {seq_len} tokens (it has {have:?}): pack the shards at that length")]
    NoPacks {
        /// The shard set.
        dir: PathBuf,
        /// Tokens a row.
        seq_len: u32,
        /// Lengths that it is packed at.
        have: Vec<u32>,
    },
    /// A share of the rows that does not exist.
    #[error("rank {rank} of {world} with worker {worker} of {workers} and batches of {batch}: ranks and workers count from 0, and a batch has a row at least")]
    BadShare {
        /// Number of the process.
        rank: u64,
        /// Processes.
        world: u64,
        /// Number of the worker in its process.
        worker: u64,
        /// Workers of a process.
        workers: u64,
        /// Rows of a micro-batch.
        batch: u64,
    },
    /// A state of another set, or of another order.
    #[error("the state does not belong to these rows: {fault}")]
    ForeignState {
        /// What differs.
        fault: String,
    },
    /// A file that holds what was taken out of the set.
    #[error("`{path}` is left from before a takedown that was interrupted: call `dataprep forget` again, which removes it")]
    Left {
        /// The file.
        path: PathBuf,
    },
    /// What was asked for cannot be done with this set.
    #[error("{0}")]
    Refused(String),
    /// A row length that makes no sense.
    #[error("rows of {seq_len} tokens cannot be packed: the length must be between 1 and 2^31 - 1")]
    BadSequenceLength {
        /// Tokens a row.
        seq_len: u32,
    },
}

impl ShardError {
    /// For `map_err` over `std::io`; `action` is a verb: "read", "create".
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ShardError {
        move |source| ShardError::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(arrow::error::ArrowError) -> ShardError {
        move |source| ShardError::Write { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, fault: impl Into<String>) -> ShardError {
        ShardError::Damaged { path: path.to_owned(), fault: fault.into() }
    }
}
