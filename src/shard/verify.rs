//! Proves a shard set: every file is there, whole and what the manifest says; every id, length and span is in range.

use std::path::Path;

use super::docs::DocsTable;
use super::pack::{PackEntry, PackTable};
use super::part::MAX_DOCUMENT_TOKENS;
use super::{Digest, FileEntry, Manifest, PartStats, ShardError, Shards, Tokens, forget, table};

impl Manifest {
    /// All faults found in `dir`, or none. `quick` looks at sizes, sidecars and sums; otherwise every byte is hashed, every id
    /// compared with the vocabulary and every pack list checked to hold each token once at most.
    pub fn verify(&self, dir: &Path, quick: bool) -> Result<(), Vec<ShardError>> {
        let mut faults = Vec::new();
        for part in &self.parts {
            faults.extend(self.verify_part(dir, part, quick).err());
            if let Some(mask) = part.mask.as_ref().filter(|_| !quick) {
                faults.extend(verify_hash(dir, mask).err());
            }
        }
        match forget::strays(dir, self) {
            Ok(strays) => faults.extend(strays.iter().map(|path| ShardError::Left { path: path.clone() })),
            Err(fault) => faults.push(fault),
        }
        // Lengths are needed to judge pack lists, so they wait for sound parts.
        if faults.is_empty() {
            match Shards::with_manifest(dir, self.clone()) {
                Ok(shards) => {
                    let lengths: Vec<u32> = if quick { Vec::new() } else { shards.lengths().collect() };
                    let lengths = (!quick).then_some(&lengths[..]);
                    let found = self.packs.iter().filter_map(|pack| verify_pack(dir, pack, lengths).err());
                    faults.extend(found);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn verify_part(&self, dir: &Path, part: &PartStats, quick: bool) -> Result<(), ShardError> {
        let docs = DocsTable::open(dir, &part.docs)?;
        let (mut last, mut bytes) = (0, 0u64);
        for i in 0..docs.rows() {
            let row = docs.row(i).filter(|row| row.end >= last);
            let row = row.ok_or_else(|| ShardError::damaged(docs.path(), format!("row {i} ends before it starts")))?;
            if row.end - last > MAX_DOCUMENT_TOKENS {
                return Err(ShardError::damaged(docs.path(), format!("document {i} has {} tokens, the limit is 2^31 - 1", row.end - last)));
            }
            last = row.end;
            bytes = bytes.saturating_add(row.bytes);
        }
        let (found, listed) = ((docs.rows(), last, bytes), (part.documents, part.tokens, part.text_bytes));
        if found != listed {
            let fault = format!("(documents, tokens, bytes of text) are {found:?}, the manifest says {listed:?}");
            return Err(ShardError::damaged(docs.path(), fault));
        }
        let path = dir.join(&part.payload.name);
        let payload = table::map(&path, part.payload.bytes)?;
        if quick {
            return Ok(());
        }
        verify_hash(dir, &part.payload)?;
        let tokens = Tokens::new(&payload, self.dtype);
        match tokens.iter().max() {
            Some(max) if max >= self.vocab_size => {
                let fault = format!("it holds token {max}, beyond the vocabulary of {}", self.vocab_size);
                Err(ShardError::damaged(&path, fault))
            }
            _ => Ok(()),
        }
    }
}

fn verify_hash(dir: &Path, entry: &FileEntry) -> Result<(), ShardError> {
    let path = dir.join(&entry.name);
    let found = Digest::of_file(&path)?;
    if found == entry.xxh3 {
        return Ok(());
    }
    Err(ShardError::damaged(&path, format!("its xxh3 is {found}, the manifest says {}", entry.xxh3)))
}

/// With the lengths of all documents: spans are in range, rows fit, and the pieces of each document add up to its length.
fn verify_pack(dir: &Path, pack: &PackEntry, lengths: Option<&[u32]>) -> Result<(), ShardError> {
    let table = PackTable::open(dir, pack)?;
    let Some(lengths) = lengths else {
        return Ok(());
    };
    let damaged = |fault: String| ShardError::damaged(&dir.join(&pack.file.name), fault);
    let mut left = lengths.to_vec();
    for row in 0..table.rows() {
        let spans = table.row(row).ok_or_else(|| damaged(format!("row {row} cannot be read")))?;
        let tokens: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
        if tokens > u64::from(pack.seq_len) {
            return Err(damaged(format!("row {row} holds {tokens} tokens")));
        }
        for span in spans {
            let index = usize::try_from(span.document).unwrap_or(usize::MAX);
            let whole = lengths.get(index).copied().unwrap_or(0);
            let fits = span.start.checked_add(span.length).is_some_and(|end| end <= whole);
            let rest = left.get(index).and_then(|left| left.checked_sub(span.length));
            match (fits, rest) {
                (true, Some(rest)) => left[index] = rest,
                _ => {
                    return Err(damaged(format!("row {row} has a span outside its document: {span:?}")));
                }
            }
        }
    }
    match left.iter().position(|left| *left > 0) {
        Some(document) => Err(damaged(format!("{} tokens of document {document} are in no row", left[document]))),
        None => Ok(()),
    }
}
