//! `shards/manifest.json`: what a shard set is. A directory that has one is complete.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::pack::PackEntry;
use super::{Digest, Dtype, FileEntry, Ingredient, PartStats, ShardError, Takedown};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What the label numbers in the mask mean, from 1 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
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
    /// What the set was mixed from, where it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixture: Vec<Ingredient>,
    /// What was taken out of the set after it was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takedowns: Vec<Takedown>,
    /// Of the file with zeros in this place; zero in memory.
    xxh3: Digest,
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
            labels: Vec::new(),
            seed,
            documents: 0,
            tokens: 0,
            text_bytes: 0,
            parts: Vec::new(),
            packs: Vec::new(),
            mixture: Vec::new(),
            takedowns: Vec::new(),
            xxh3: Digest(0),
        }
    }

    /// Adds a part and its counts; the order of the calls numbers the documents.
    pub fn push_part(&mut self, part: PartStats) {
        self.documents += part.documents;
        self.tokens += part.tokens;
        self.text_bytes += part.text_bytes;
        self.parts.push(part);
    }

    /// Puts a part in the place of the one of that name, and counts anew.
    pub(super) fn replace_part(&mut self, name: &str, new: PartStats) {
        let parts = std::mem::take(&mut self.parts);
        (self.documents, self.tokens, self.text_bytes) = (0, 0, 0);
        let mut new = Some(new);
        for part in parts {
            let part = if part.name == name { new.take().unwrap_or(part) } else { part };
            self.push_part(part);
        }
    }

    /// Adds a pack list in place of one for the same sequence length; lists are kept by length.
    pub fn push_pack(&mut self, pack: PackEntry) {
        self.packs.retain(|old| old.seq_len != pack.seq_len);
        let at = self.packs.partition_point(|old| old.seq_len < pack.seq_len);
        self.packs.insert(at, pack);
    }

    /// Pairs of documents in all parts, see [`super::pair`].
    pub fn pairs(&self) -> u64 {
        self.parts.iter().map(|part| part.pairs).sum()
    }

    /// Every file that the set consists of, the manifest itself left out.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.parts.iter().flat_map(PartStats::files).chain(self.packs.iter().map(|pack| &pack.file))
    }

    /// Of everything that decides which rows a reader gives: payloads, sidecars, pack lists, vocabulary.
    pub fn fingerprint(&self) -> Digest {
        let mut text = format!("{} {} {}", self.dtype, self.vocab_size, self.tokenizer.xxh3);
        for file in self.files() {
            text += &format!(" {}", file.xxh3);
        }
        Digest::of(text.as_bytes())
    }

    /// The bytes of `manifest.json`; equal sets give equal bytes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        let digest = Digest::of(json.as_bytes());
        Ok(with_digest(&json, digest))
    }

    /// Writes `manifest.json` into `dir` so that it stands there whole or not at all, over one that is there.
    pub fn save(&self, dir: &Path) -> Result<(), ShardError> {
        let (path, part) = (dir.join(MANIFEST_FILE), dir.join(format!("{MANIFEST_FILE}.part")));
        let json = self.to_json().map_err(|e| ShardError::NotAManifest { path: path.clone(), fault: e.to_string() })?;
        fs::write(&part, json).map_err(ShardError::io("write", &part))?;
        fs::rename(&part, &path).map_err(ShardError::io("write", &path))
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
        let mut manifest: Manifest = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        let said = std::mem::replace(&mut manifest.xxh3, Digest(0));
        let found = Digest::of(with_digest(&String::from_utf8_lossy(json), Digest(0)).as_bytes());
        if found != said {
            return Err(format!("its content was changed: its xxh3 is {found}, it says {said}"));
        }
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
        if let Some((role, id)) = self.special.iter().find(|(_, id)| **id >= self.vocab_size) {
            return Err(format!("its `{role}` is token {id}, beyond the vocabulary of {}", self.vocab_size));
        }
        let width = self.dtype.width() as u64;
        let wrong = self.parts.iter().find(|part| Some(part.payload.bytes) != part.tokens.checked_mul(width));
        match wrong {
            Some(part) => Err(format!("`{}` has {} bytes for {} tokens of {}", part.payload.name, part.payload.bytes, part.tokens, self.dtype)),
            None => Ok(()),
        }
    }
}

/// The text with another digest in the place of the last one, which is the manifest's own.
fn with_digest(json: &str, digest: Digest) -> String {
    const FIELD: &str = "\"xxh3\": \"";
    let Some(at) = json.rfind(FIELD).map(|at| at + FIELD.len()) else { return json.to_owned() };
    let end = json[at..].find('"').map_or(json.len(), |length| at + length);
    format!("{}{digest}{}", &json[..at], &json[end..])
}

/// The shard sets at `path`: itself, or those below the folder of a run (`shards/`, `shards/en/`), by name.
pub fn sets(path: &Path) -> Vec<PathBuf> {
    const DEEPEST: usize = 3;
    #[derive(Deserialize)]
    struct Head {
        format: String,
    }
    let is_set = |dir: &Path| {
        let head = fs::read(dir.join(MANIFEST_FILE)).ok().and_then(|json| serde_json::from_slice::<Head>(&json).ok());
        head.is_some_and(|head| head.format == FORMAT)
    };
    // A folder whose manifest cannot be parsed is still what was meant.
    let holds_parts = |dir: &Path| dir.join(MANIFEST_FILE).is_file() && !dir.join("report.json").is_file();
    let (mut found, mut folders) = (Vec::new(), vec![(path.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        if is_set(&folder) || holds_parts(&folder) {
            found.push(folder);
        } else if depth < DEEPEST {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
            folders.extend(entries.filter(|path| path.is_dir() && !path.is_symlink()).map(|path| (path, depth + 1)));
        }
    }
    found.sort();
    found
}
