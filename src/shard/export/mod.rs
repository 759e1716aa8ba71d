//! Other trainers' forms of a set. Where the payload is the same bytes it is a hard link, and only an index is written beside it.
//!
//! | format | payload | boundaries of documents | loss mask |
//! |---|---|---|---|
//! | `megatron` | link, `.bin` | `.idx`, a sequence a document | none |
//! | `megatron-sentences` | link, `.bin` | `.idx`, a sequence a sentence | none |
//! | `datatrove` | link, `.ds` | `.ds.index` | `.ds.loss` |
//! | `olmo` | link, `.npy` | `.csv.gz` | `.mask.npy` |
//! | `nanogpt` | link or one file after another, `train.bin`, u16 only | none | none |
//! | `llmc` | header and payload, files of up to 100 million tokens | none | none |
//! | `litdata` | chunks of up to 64 MiB, an item a document | offsets in the chunk; its `TokensLoader` passes over them | none |
//! | `mds` | shards of up to 64 MiB, a sample a document or row | a sample, or `cu_seqlens` | `loss` |
//! | `parquet`, `arrow` | a list of int32 a document or row | a row, or `seq_lens` | `loss_mask` |
//!
//! Nothing is lost in silence: documents of no token, which most of these formats cannot hold, are left out and counted; a set that masks tokens out of
//! the loss is refused by a format that has no mask. The layouts are those that the readers' own sources show (megatron-core 0.16, datatrove 0.10,
//! ai2-olmo-core 3.0, litdata 0.2, mosaicml-streaming 0.13, datasets 5.2, llm.c and nanoGPT as of 2025); `tests/readers/` opens each with its reader.

mod columns;
mod headers;
mod linked;
mod litdata;
mod mds;
mod records;
mod tables;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Dtype, ShardError, Shards, mask};

/// Whose form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Megatron-Core's indexed dataset.
    Megatron,
    /// The same by sentences, for its BERT and T5.
    MegatronSentences,
    /// datatrove's `.ds`.
    Datatrove,
    /// llm.c's files with a header; modded-nanoGPT reads the narrow one.
    Llmc,
    /// nanoGPT's `train.bin`.
    Nanogpt,
    /// OLMo-core's and dolma's flat arrays.
    Olmo,
    /// MosaicML's MDS.
    Mds,
    /// litdata's chunks for its `TokensLoader`.
    Litdata,
    /// Parquet for `datasets`.
    Parquet,
    /// Arrow streams as `datasets` saves to disk.
    Arrow,
}

impl Format {
    /// All of them, by name.
    pub const ALL: [(&'static str, Format); 10] = [
        ("megatron", Format::Megatron),
        ("megatron-sentences", Format::MegatronSentences),
        ("datatrove", Format::Datatrove),
        ("llmc", Format::Llmc),
        ("nanogpt", Format::Nanogpt),
        ("olmo", Format::Olmo),
        ("mds", Format::Mds),
        ("litdata", Format::Litdata),
        ("parquet", Format::Parquet),
        ("arrow", Format::Arrow),
    ];

    fn name(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    fn holds_masks(self) -> bool {
        matches!(self, Format::Datatrove | Format::Olmo | Format::Mds | Format::Parquet | Format::Arrow)
    }

    fn holds_rows(self) -> bool {
        matches!(self, Format::Mds | Format::Parquet | Format::Arrow)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        let found = Format::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| format!("one of: {}", Format::ALL.map(|(name, _)| name).join(", ")))
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Names of the files, in order of writing.
    pub files: Vec<String>,
    /// How many of them are links to the set's own.
    pub linked: usize,
    /// Documents or rows in them.
    pub records: u64,
    /// Tokens in them.
    pub tokens: u64,
    /// Documents of no token, left out.
    pub empty: u64,
}

/// Writes the set into `dir`, an empty folder, as documents, or for the formats that hold rows as rows of the pack list for `rows` tokens.
///
/// # Errors
/// Where the format cannot hold the set: its vocabulary, its mask, a document's length; and what cannot be written.
pub fn write(shards: &Shards, dir: &Path, format: Format, rows: Option<u32>) -> Result<Exported, ShardError> {
    check(shards, format, rows)?;
    let mut out = Out { dir, done: Exported::default() };
    match format {
        Format::Megatron => linked::megatron(shards, &mut out),
        Format::MegatronSentences => linked::megatron_sentences(shards, &mut out),
        Format::Datatrove => linked::datatrove(shards, &mut out),
        Format::Olmo => linked::olmo(shards, &mut out),
        Format::Nanogpt => headers::nanogpt(shards, &mut out),
        Format::Llmc => headers::llmc(shards, &mut out),
        Format::Litdata => litdata::write(shards, &mut out),
        Format::Mds => mds::write(shards, rows, &mut out),
        Format::Parquet => tables::parquet(shards, rows, &mut out),
        Format::Arrow => tables::arrow(shards, rows, &mut out),
    }?;
    Ok(out.done)
}

fn check(shards: &Shards, format: Format, rows: Option<u32>) -> Result<(), ShardError> {
    let (manifest, name) = (shards.manifest(), format.name());
    let refused = |why: String| Err(ShardError::Refused(format!("{name} cannot hold this set: {why}")));
    if format == Format::Nanogpt && manifest.dtype == Dtype::U32 {
        return refused(format!("its tokens are u16, and a vocabulary of {} needs u32: export to llmc or megatron", manifest.vocab_size));
    }
    // Megatron, parquet and Arrow readers take ids as i32.
    if manifest.vocab_size > 1 << 31 && matches!(format, Format::Megatron | Format::MegatronSentences | Format::Parquet | Format::Arrow) {
        return refused(format!("its tokens are i32, and the vocabulary has {} entries", manifest.vocab_size));
    }
    if rows.is_some() && !format.holds_rows() {
        return refused("it holds documents, which its trainer packs itself: leave the row length out".to_owned());
    }
    if format == Format::MegatronSentences && shards.tokens() > 0 {
        let begins = |bits: &u8| bits & mask::SENTENCE_START != 0;
        let mut marked = false;
        for document in 0..shards.documents() {
            marked = marked || shards.mask(document)?.is_some_and(|mask| mask.iter().any(begins));
        }
        if !marked {
            return refused("it does not say where sentences begin: tokenize with `marks = true` and write it with `mask = true` in the sink".to_owned());
        }
    }
    if !format.holds_masks() {
        for document in 0..shards.documents() {
            if shards.mask(document)?.is_some_and(|mask| mask.iter().any(|bits| bits & mask::LOSS == 0)) {
                return refused(format!(
                    "document {document} has tokens that are not to be learned, and it has no place for a mask: export to datatrove, olmo, mds, parquet or arrow"
                ));
            }
        }
    }
    Ok(())
}

/// The folder that is written into.
struct Out<'a> {
    dir: &'a Path,
    done: Exported,
}

impl Out<'_> {
    fn create(&mut self, name: String) -> Result<OutFile, ShardError> {
        let path = self.dir.join(&name);
        let file = File::create(&path).map_err(ShardError::io("create", &path))?;
        self.done.files.push(name);
        Ok(OutFile { path, out: BufWriter::with_capacity(1 << 18, file) })
    }

    /// A second name of a file of the set; a copy where the file system has no links, or another one is written to.
    fn link(&mut self, from: &Path, name: String) -> Result<(), ShardError> {
        let path = self.dir.join(&name);
        if fs::hard_link(from, &path).is_err() {
            fs::copy(from, &path).map_err(ShardError::io("write", &path))?;
        }
        self.done.files.push(name);
        self.done.linked += 1;
        Ok(())
    }

    /// Counts a record.
    fn count(&mut self, tokens: usize) {
        self.done.records += 1;
        self.done.tokens += tokens as u64;
    }
}

/// A file being written.
struct OutFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl OutFile {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ShardError> {
        self.out.write_all(bytes).map_err(ShardError::io("write", &self.path))
    }

    fn close(mut self) -> Result<(), ShardError> {
        self.out.flush().map_err(ShardError::io("write", &self.path))
    }
}

fn json(value: &serde_json::Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
