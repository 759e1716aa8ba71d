//! `shards/manifest.json`: what a shard set is. A directory that has one is complete.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::pack::PackEntry;
use super::{Digest, Dtype, FileEntry, PartStats, ShardError};

/// Its name in the directory of a set.
pub const MANIFEST_FILE: &str = "manifest.json";
const FORMAT: &str = "dataprep-shards";
/// 2: `docs.arrow` says URL and place; mixtures and takedowns are recorded.
const VERSION: u32 = 2;

/// Which tokenizer made the ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerEntry {
    /// As the pipeline names it.
    pub name: String,
    /// Of the tokenizer's file; zero for one that is built in.
    pub xxh3: Digest,
}

/// A shard set: what is in it and how to know that it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    version: u32,
    /// Width of a token.
    pub dtype: Dtype,
    /// Ids are below it.
    pub vocab_size: u32,
    /// Its maker.
    pub tokenizer: TokenizerEntry,
    /// By role: `eos`, `bos`, `pad`, `unk`, `mask`, `cls`, `sep`.
    pub special: BTreeMap<String, u32>,
    /// Of the pipeline.
    pub seed: u64,
    /// Documents of all parts.
    pub documents: u64,
    /// Tokens of all parts.
    pub tokens: u64,
    /// UTF-8 bytes of all texts.
    pub text_bytes: u64,
    /// In document order.
    pub parts: Vec<PartStats>,
    /// By sequence length.
    pub packs: Vec<PackEntry>,
}

impl Manifest {
    /// An empty set; the dtype follows from the vocabulary.
    pub fn new(vocab_size: u32, tokenizer: TokenizerEntry, special: BTreeMap<String, u32>, seed: u64) -> Manifest {
        Manifest {
            format: FORMAT.into(),
            version: VERSION,
            dtype: Dtype::for_vocab(vocab_size),
            vocab_size,
            tokenizer,
            special,
            seed,
            documents: 0,
            tokens: 0,
            text_bytes: 0,
            parts: Vec::new(),
            packs: Vec::new(),
        }
    }

    /// Adds a part and its counts; the order of the calls numbers the documents.
    pub fn push_part(&mut self, part: PartStats) {
        self.documents += part.documents;
        self.tokens += part.tokens;
        self.text_bytes += part.text_bytes;
        self.parts.push(part);
    }

    /// Adds a pack list in place of one for the same sequence length; lists are kept by length.
    pub fn push_pack(&mut self, pack: PackEntry) {
        self.packs.retain(|old| old.seq_len != pack.seq_len);
        let at = self.packs.partition_point(|old| old.seq_len < pack.seq_len);
        self.packs.insert(at, pack);
    }

    /// Every file that the set consists of, the manifest itself left out.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.parts.iter().flat_map(PartStats::files).chain(self.packs.iter().map(|pack| &pack.file))
    }

    /// The bytes of `manifest.json`; equal sets give equal bytes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        Ok(json)
    }

    /// Writes `manifest.json` into `dir`, over one that is there.
    pub fn save(&self, dir: &Path) -> Result<(), ShardError> {
        let path = dir.join(MANIFEST_FILE);
        let json = self.to_json().map_err(|e| ShardError::NotAManifest { path: path.clone(), fault: e.to_string() })?;
        fs::write(&path, json).map_err(ShardError::io("write", &path))
    }

    /// Reads and checks `manifest.json`: format, version, and that its counts add up. Files are looked at by `verify`.
    pub fn load(dir: &Path) -> Result<Manifest, ShardError> {
        let path = dir.join(MANIFEST_FILE);
        let json = fs::read(&path).map_err(ShardError::io("read", &path))?;
        Manifest::parse(&json).map_err(|fault| ShardError::NotAManifest { path, fault })
    }

    fn parse(json: &[u8]) -> Result<Manifest, String> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        if head.format != FORMAT || head.version != VERSION {
            return Err(format!("its format is {} version {}, this build reads {FORMAT} version {VERSION}", head.format, head.version));
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        manifest.check_counts()?;
        Ok(manifest)
    }

    fn check_counts(&self) -> Result<(), String> {
        if self.dtype == Dtype::U16 && Dtype::for_vocab(self.vocab_size) == Dtype::U32 {
            return Err(format!("a vocabulary of {} does not fit u16", self.vocab_size));
        }
        let sum = |count: fn(&PartStats) -> u64| self.parts.iter().try_fold(0u64, |sum, part| sum.checked_add(count(part)));
        let counts = [
            ("documents", self.documents, sum(|part| part.documents)),
            ("tokens", self.tokens, sum(|part| part.tokens)),
            ("bytes of text", self.text_bytes, sum(|part| part.text_bytes)),
        ];
        for (what, total, parts) in counts {
            if parts != Some(total) {
                return Err(format!("it says {total} {what}, its parts have {parts:?}"));
            }
        }
        let width = self.dtype.width() as u64;
        let wrong = self.parts.iter().find(|part| Some(part.payload.bytes) != part.tokens.checked_mul(width));
        match wrong {
            Some(part) => Err(format!("`{}` has {} bytes for {} tokens of {}", part.payload.name, part.payload.bytes, part.tokens, self.dtype)),
            None => Ok(()),
        }
    }
}
