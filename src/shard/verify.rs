//! Proves a shard set: every file is there, whole and what the manifest says; every id, length and span is in range.

use std::path::Path;

use rayon::prelude::*;

use super::docs::DocsTable;
use super::pack::{Item, PackEntry, PackStats, PackTable};
use super::part::MAX_DOCUMENT_TOKENS;
use super::{Digest, Document, FileEntry, Manifest, PartStats, ShardError, Shards, Tokens, forget, mask, pair, table};

impl Manifest {
    /// All faults found in `dir`, or none. `quick` looks at sizes, sidecars and sums; otherwise every byte is hashed, every id
    /// compared with the vocabulary and every pack list checked to hold each token once at most.
    pub fn verify(&self, dir: &Path, quick: bool) -> Result<(), Vec<ShardError>> {
        let of_part = |part: &PartStats| {
            let mask = part.mask.as_ref().filter(|_| !quick).and_then(|mask| verify_hash(dir, mask).err());
            [self.verify_part(dir, part, quick).err(), mask].into_iter().flatten().collect::<Vec<_>>()
        };
        let mut faults: Vec<ShardError> = self.parts.par_iter().flat_map_iter(of_part).collect();
        match forget::strays(dir, self) {
            Ok(strays) => faults.extend(strays.iter().map(|path| ShardError::Left { path: path.clone() })),
            Err(fault) => faults.push(fault),
        }
        // Lengths are needed to judge pack lists, so they wait for sound parts.
        if faults.is_empty() {
            match Shards::with_manifest(dir, self.clone()) {
                Ok(shards) => {
                    let items: Vec<Item> = if quick { Vec::new() } else { shards.items().collect() };
                    let items = (!quick).then_some(&items[..]);
                    faults.extend(verify_answers(&shards).err());
                    let found = self.packs.iter().filter_map(|pack| verify_pack(dir, pack, items).err());
                    faults.extend(found);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn verify_part(&self, dir: &Path, part: &PartStats, quick: bool) -> Result<(), ShardError> {
        let docs = DocsTable::open(dir, &part.docs)?;
        let (mut last, mut bytes, mut pairs) = (0, 0u64, 0);
        let mut before: Option<Document> = None;
        for i in 0..docs.rows() {
            let row = docs.row(i).filter(|row| row.end >= last);
            let row = row.ok_or_else(|| ShardError::damaged(docs.path(), format!("row {i} ends before it starts")))?;
            if row.end - last > MAX_DOCUMENT_TOKENS {
                return Err(ShardError::damaged(docs.path(), format!("document {i} has {} tokens, the limit is 2^31 - 1", row.end - last)));
            }
            let document = Document {
                tokens: row.end - last,
                key: row.key,
                source: row.source,
                source_offset: row.source_offset,
                url: row.url,
                place: row.place,
                bytes: row.bytes,
                flags: row.flags,
            };
            if let Some(fault) = pair::fault(before.as_ref(), Some(&document)) {
                return Err(ShardError::damaged(docs.path(), format!("document {i}: {fault}")));
            }
            last = row.end;
            bytes = bytes.saturating_add(row.bytes);
            pairs += u64::from(row.flags & pair::CHOSEN != 0);
            before = Some(document);
        }
        if let Some(fault) = pair::fault(before.as_ref(), None) {
            return Err(ShardError::damaged(docs.path(), format!("its last document: {fault}")));
        }
        let (found, listed) = ((docs.rows(), last, bytes, pairs), (part.documents, part.tokens, part.text_bytes, part.pairs));
        if found != listed {
            let fault = format!("(documents, tokens, bytes of text, pairs) are {found:?}, the manifest says {listed:?}");
            return Err(ShardError::damaged(docs.path(), fault));
        }
        let path = dir.join(&part.payload.name);
        // The size is compared on the way.
        table::map(&path, part.payload.bytes)?;
        if quick {
            return Ok(());
        }
        let mut most = None;
        let found = Digest::of_file_seen(&path, &mut |block| most = most.max(Tokens::new(block, self.dtype).max()))?;
        is_written(&path, &part.payload, found)?;
        match most {
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
    is_written(&path, entry, Digest::of_file(&path)?)
}

fn is_written(path: &Path, entry: &FileEntry, found: Digest) -> Result<(), ShardError> {
    if found == entry.xxh3 {
        return Ok(());
    }
    Err(ShardError::damaged(path, format!("its xxh3 is {found}, the manifest says {}", entry.xxh3)))
}

/// Every member of a pair has tokens that are its answer.
fn verify_answers(shards: &Shards) -> Result<(), ShardError> {
    for (part, range) in shards.parts().filter(|(part, _)| part.pairs > 0) {
        for index in range {
            let member = shards.document_info(index)?.flags & (pair::CHOSEN | pair::REJECTED) != 0;
            if member && shards.mask(index)?.is_none_or(|mask| mask.iter().all(|bits| bits & mask::LOSS == 0)) {
                let path = shards.dir().join(&part.mask.as_ref().unwrap_or(&part.payload).name);
                return Err(ShardError::damaged(&path, format!("document {index} of a pair has no token of its answer in the mask")));
            }
        }
    }
    Ok(())
}

/// With what packing sees of all documents: spans are in range, rows fit, the pieces of each document add up to its length, and pairs lie whole in one row.
fn verify_pack(dir: &Path, pack: &PackEntry, items: Option<&[Item]>) -> Result<(), ShardError> {
    let table = PackTable::open(dir, pack)?;
    let Some(items) = items else {
        return Ok(());
    };
    let damaged = |fault: String| ShardError::damaged(&dir.join(&pack.file.name), fault);
    let mut left: Vec<u32> = items.iter().map(|item| item.tokens).collect();
    let index = |document: u64| usize::try_from(document).unwrap_or(usize::MAX);
    let chosen = |document: u64| items.get(index(document)).is_some_and(|item| item.chosen);
    for row in 0..table.rows() {
        let spans = table.row(row).ok_or_else(|| damaged(format!("row {row} cannot be read")))?;
        let tokens: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
        if tokens > u64::from(pack.seq_len) {
            return Err(damaged(format!("row {row} holds {tokens} tokens")));
        }
        for (at, span) in spans.iter().enumerate() {
            let index = index(span.document);
            let whole = items.get(index).map_or(0, |item| item.tokens);
            let fits = span.start.checked_add(span.length).is_some_and(|end| end <= whole);
            let rest = left.get(index).and_then(|left| left.checked_sub(span.length));
            match (fits, rest) {
                (true, Some(rest)) => left[index] = rest,
                _ => {
                    return Err(damaged(format!("row {row} has a span outside its document: {span:?}")));
                }
            }
            let rejected = span.document.checked_sub(1).filter(|before| chosen(*before));
            let partner = |at: Option<usize>, document: u64| at.and_then(|at| spans.get(at)).is_some_and(|span| span.document == document);
            let parted = (chosen(span.document) && (span.length < whole || !partner(Some(at + 1), span.document + 1)))
                || rejected.is_some_and(|before| span.length < whole || !partner(at.checked_sub(1), before));
            if parted {
                return Err(damaged(format!("row {row} parts the pair of document {}", rejected.unwrap_or(span.document))));
            }
        }
    }
    let (mut count, mut tokens) = (0, 0);
    for (document, left) in left.iter().enumerate().filter(|(_, left)| **left > 0) {
        let first = if chosen(document as u64) { Some(document) } else { document.checked_sub(1).filter(|before| chosen(*before as u64)) };
        let pair = first.and_then(|first| Some(u64::from(items[first].tokens) + u64::from(items.get(first + 1)?.tokens)));
        if *left < items[document].tokens || pair.is_none_or(|tokens| tokens <= u64::from(pack.seq_len)) {
            return Err(damaged(format!("{left} tokens of document {document} are in no row")));
        }
        (count, tokens) = (count + 1, tokens + u64::from(*left));
    }
    if (count, tokens) != (pack.stats.left_out, pack.stats.left_out_tokens) {
        let PackStats { left_out, left_out_tokens, .. } = pack.stats;
        return Err(damaged(format!("{count} documents of {tokens} tokens are in no row, the manifest says {left_out} of {left_out_tokens}")));
    }
    Ok(())
}
