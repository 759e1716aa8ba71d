//! Formats whose payload is ours: a link and an index.

use std::io::Write;
use std::ops::Range;

use flate2::{Compression, GzBuilder};

use super::{Out, ShardError};
use crate::shard::{Document, Dtype, PartStats, Shards, mask};

/// The documents of a part that have tokens.
fn documents<'a>(shards: &'a Shards, range: Range<u64>, out: &mut Out) -> Result<Vec<Document<'a>>, ShardError> {
    let mut found = Vec::new();
    for index in range {
        let document = shards.document_info(index)?;
        if document.tokens == 0 {
            out.done.empty += 1;
            continue;
        }
        out.count(document.tokens as usize);
        found.push(document);
    }
    Ok(found)
}

/// `NAME.bin` and `NAME.idx`, a sequence a document.
pub(super) fn megatron(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    for (part, range) in shards.parts() {
        let mut index = Index::new(shards.manifest().dtype);
        let mut at = 0;
        for document in documents(shards, range, out)? {
            index.push(at, document.tokens)?;
            index.end();
            at += document.tokens;
        }
        index.write(shards, part, out)?;
    }
    Ok(())
}

/// The same with a sequence a sentence, as Megatron's BERT and T5 read it. They put special tokens around what they draw themselves, so the sequences pass over those that
/// stand around a document.
pub(super) fn megatron_sentences(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    let special = &shards.manifest().special;
    let around: Vec<u32> = special.iter().filter(|(role, _)| AROUND.contains(&role.as_str())).map(|(_, id)| *id).collect();
    for (part, range) in shards.parts() {
        let mut index = Index::new(shards.manifest().dtype);
        let mut at = 0;
        for number in range {
            let ids: Vec<u32> = shards.document(number)?.iter().collect();
            let marks = shards.mask(number)?.unwrap_or_default();
            let first = ids.iter().position(|id| !around.contains(id)).unwrap_or(ids.len());
            let last = ids.iter().rposition(|id| !around.contains(id)).map_or(first, |last| last + 1);
            let mut start = first;
            for next in first + 1..=last {
                if next == last || marks.get(next).is_some_and(|bits| bits & mask::SENTENCE_START != 0) {
                    index.push(at + start as u64, (next - start) as u64)?;
                    start = next;
                }
            }
            match last - first {
                0 => out.done.empty += 1,
                tokens => {
                    index.end();
                    out.count(tokens);
                }
            }
            at += ids.len() as u64;
        }
        index.write(shards, part, out)?;
    }
    Ok(())
}

/// Roles of tokens that stand around a text and are no part of it.
const AROUND: [&str; 5] = ["bos", "cls", "eos", "pad", "sep"];

/// Megatron's index of a payload.
struct Index {
    dtype: Dtype,
    /// Tokens of each sequence.
    sizes: Vec<i32>,
    /// Where each begins, in bytes.
    starts: Vec<i64>,
    /// At which sequence each document begins, and how many there are.
    documents: Vec<i64>,
}

impl Index {
    fn new(dtype: Dtype) -> Index {
        Index { dtype, sizes: Vec::new(), starts: Vec::new(), documents: vec![0] }
    }

    /// A sequence from token `at` of the payload on.
    fn push(&mut self, at: u64, tokens: u64) -> Result<(), ShardError> {
        let size =
            i32::try_from(tokens).map_err(|_| ShardError::Refused(format!("megatron cannot hold a sequence of {tokens} tokens: the limit is 2^31 - 1")))?;
        self.sizes.push(size);
        self.starts.push(at as i64 * self.dtype.width() as i64);
        Ok(())
    }

    /// The document ends.
    fn end(&mut self) {
        self.documents.push(self.sizes.len() as i64);
    }

    /// Links the payload and writes the index: the sizes of all sequences as i32, where each starts in bytes as i64, and at which sequence each document starts.
    fn write(&self, shards: &Shards, part: &PartStats, out: &mut Out) -> Result<(), ShardError> {
        if self.sizes.is_empty() {
            return Ok(());
        }
        out.link(&shards.dir().join(&part.payload.name), format!("{}.bin", part.name))?;
        let mut index = out.create(format!("{}.idx", part.name))?;
        index.put(b"MMIDIDX\0\0")?;
        index.put(&1u64.to_le_bytes())?;
        // Megatron's codes; it has none for u32, and ids below 2^31 are the same bytes as i32.
        index.put(&[match self.dtype {
            Dtype::U16 => 8u8,
            Dtype::U32 => 4,
        }])?;
        index.put(&(self.sizes.len() as u64).to_le_bytes())?;
        index.put(&(self.documents.len() as u64).to_le_bytes())?;
        self.sizes.iter().try_for_each(|size| index.put(&size.to_le_bytes()))?;
        self.starts.iter().chain(&self.documents).try_for_each(|number| index.put(&number.to_le_bytes()))?;
        index.close()
    }
}

/// `NAME.ds`, `NAME.ds.index` (where each document ends, in tokens, u64), `NAME.ds.metadata` and, for a set with masks, `NAME.ds.loss`.
pub(super) fn datatrove(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    let manifest = shards.manifest();
    for (part, range) in shards.parts() {
        let documents = documents(shards, range.clone(), out)?;
        if documents.is_empty() {
            continue;
        }
        out.link(&shards.dir().join(&part.payload.name), format!("{}.ds", part.name))?;
        let mut index = out.create(format!("{}.ds.index", part.name))?;
        let mut end = 0;
        for document in &documents {
            end += document.tokens;
            index.put(&end.to_le_bytes())?;
        }
        index.close()?;
        let mut about = out.create(format!("{}.ds.metadata", part.name))?;
        let name = manifest.tokenizer.name.replace(['|', '\n'], " ");
        about.put(format!("{name}|{}\n{end}\n{end} tokens", manifest.dtype.width()).as_bytes())?;
        about.close()?;
        loss(shards, part, range, ".ds.loss", out)?;
    }
    Ok(())
}

/// `NAME.npy`, which is a bare array, `NAME.csv.gz` with a line `start,end,id,src,loc` a document, and, for a set with masks, `NAME.mask.npy`.
pub(super) fn olmo(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    for (part, range) in shards.parts() {
        let documents = documents(shards, range.clone(), out)?;
        if documents.is_empty() {
            continue;
        }
        out.link(&shards.dir().join(&part.payload.name), format!("{}.npy", part.name))?;
        let file = out.create(format!("{}.csv.gz", part.name))?;
        let path = file.path.clone();
        let mut table = GzBuilder::new().write(file.out, Compression::default());
        let mut start = 0;
        for document in &documents {
            let end = start + document.tokens;
            let source = quoted(document.url.unwrap_or(document.source));
            writeln!(table, "{start},{end},{:032x},{source},{}", document.key, document.source_offset).map_err(ShardError::io("write", &path))?;
            start = end;
        }
        table.finish().and_then(|mut file| file.flush()).map_err(ShardError::io("write", &path))?;
        loss(shards, part, range, ".mask.npy", out)?;
    }
    Ok(())
}

/// A byte a token, 1 where it is learned.
fn loss(shards: &Shards, part: &PartStats, range: Range<u64>, suffix: &str, out: &mut Out) -> Result<(), ShardError> {
    if part.mask.is_none() {
        return Ok(());
    }
    let mut file = out.create(format!("{}{suffix}", part.name))?;
    for index in range {
        let mask: Vec<u8> = shards.mask(index)?.into_iter().flatten().map(|bits| bits & mask::LOSS).collect();
        file.put(&mask)?;
    }
    file.close()
}

/// A field of a CSV line (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
