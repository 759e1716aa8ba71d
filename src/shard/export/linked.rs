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

/// `NAME.bin` and `NAME.idx`: the sizes of all sequences as i32, where each starts in bytes as i64, and at which sequence each document starts.
pub(super) fn megatron(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    let dtype = shards.manifest().dtype;
    // Megatron's codes; it has none for u32, and ids below 2^31 are the same bytes as i32.
    let code: u8 = match dtype {
        Dtype::U16 => 8,
        Dtype::U32 => 4,
    };
    for (part, range) in shards.parts() {
        let documents = documents(shards, range, out)?;
        if documents.is_empty() {
            continue;
        }
        out.link(&shards.dir().join(&part.payload.name), format!("{}.bin", part.name))?;
        let mut index = out.create(format!("{}.idx", part.name))?;
        index.put(b"MMIDIDX\0\0")?;
        index.put(&1u64.to_le_bytes())?;
        index.put(&[code])?;
        index.put(&(documents.len() as u64).to_le_bytes())?;
        index.put(&(documents.len() as u64 + 1).to_le_bytes())?;
        for document in &documents {
            index.put(&(document.tokens as i32).to_le_bytes())?;
        }
        let mut at = 0i64;
        for document in &documents {
            index.put(&at.to_le_bytes())?;
            at += document.tokens as i64 * dtype.width() as i64;
        }
        for number in 0..=documents.len() as i64 {
            index.put(&number.to_le_bytes())?;
        }
        index.close()?;
    }
    Ok(())
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
