//! A shard set, or a stretch of one, as a corpus to train on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::data::{Corpus, Span};
use crate::shard::mask::LOSS;
use crate::shard::{ShardError, Shards};

/// Documents of a shard set. Ids stay on disk; what is held is 40 bytes a document.
pub struct ShardCorpus {
    shards: Shards,
    documents: Vec<Piece>,
}

/// A document, or the stretch of it that a split left on this side.
struct Piece {
    document: u64,
    start: usize,
    tokens: usize,
    bytes: u64,
    key: u128,
}

impl ShardCorpus {
    /// All documents of the set in `dir`. Every one is looked at once, so that reading cannot fail later.
    pub fn open(dir: &Path) -> Result<ShardCorpus, ShardError> {
        let shards = Shards::open(dir)?;
        let documents = (0..shards.documents()).map(|document| {
            let tokens = shards.document(document)?.len();
            Ok(Piece { document, start: 0, tokens, bytes: shards.document_bytes(document)?, key: shards.key(document)? })
        });
        let documents = documents.collect::<Result<_, ShardError>>()?;
        Ok(ShardCorpus { shards, documents })
    }

    /// Takes off `share` of the tokens, as (the rest, what was taken): the last ones, where the document that lies on the seam is cut in two, and its bytes are shared
    /// out by tokens. `whole` documents are taken by a hash of their key instead, so that neighbours of one key stay together, and labels may stand in any order.
    pub fn split(dir: &Path, share: f64, whole: bool) -> Result<(ShardCorpus, ShardCorpus), ShardError> {
        let (mut first, mut last) = (ShardCorpus::open(dir)?, ShardCorpus::open(dir)?);
        let total: usize = first.documents.iter().map(|piece| piece.tokens).sum();
        let taken = (total as f64 * share).round() as usize;
        if whole {
            let mut tokens: BTreeMap<(u64, u128), usize> = BTreeMap::new();
            for piece in &first.documents {
                *tokens.entry((xxh3_64(&piece.key.to_le_bytes()), piece.key)).or_default() += piece.tokens;
            }
            let mut sum = 0;
            let mut within = |tokens: usize| {
                sum += tokens;
                sum <= taken
            };
            let keys: BTreeSet<u128> = tokens.into_iter().take_while(|(_, tokens)| within(*tokens)).map(|((_, key), _)| key).collect();
            first.documents.retain(|piece| !keys.contains(&piece.key));
            last.documents.retain(|piece| keys.contains(&piece.key));
            return Ok((first, last));
        }
        let mut left = total - taken;
        last.documents.clear();
        let mut kept = Vec::new();
        for piece in first.documents.drain(..) {
            let here = piece.tokens.min(left);
            left -= here;
            if here == piece.tokens {
                kept.push(piece);
                continue;
            }
            let bytes = (u128::from(piece.bytes) * here as u128 / piece.tokens.max(1) as u128) as u64;
            if here > 0 {
                kept.push(Piece { tokens: here, bytes, ..piece });
            }
            last.documents.push(Piece { start: piece.start + here, tokens: piece.tokens - here, bytes: piece.bytes - bytes, ..piece });
        }
        first.documents = kept;
        Ok((first, last))
    }

    /// The set.
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// The set's vocabulary size.
    pub fn vocab_size(&self) -> usize {
        self.shards.manifest().vocab_size as usize
    }

    /// The vocabulary's special tokens by role.
    pub fn special(&self) -> &BTreeMap<String, u32> {
        &self.shards.manifest().special
    }

    /// What the label numbers in the mask mean.
    pub fn labels(&self) -> &[String] {
        &self.shards.manifest().labels
    }

    /// The rows of the set's pack list for `seq_len`, if it has one and no document is cut by a split.
    pub fn packs(&self, seq_len: usize) -> Option<Vec<Vec<Span>>> {
        let whole = self.documents.len() as u64 == self.shards.documents() && self.documents.iter().all(|piece| piece.start == 0);
        let packs = whole.then(|| self.shards.packs(u32::try_from(seq_len).ok()?).ok()).flatten()?;
        let row = |number| {
            let spans = packs.row(number).ok()?;
            Some(spans.iter().map(|span| Span { document: span.document as usize, start: span.start as usize, len: span.length as usize }).collect())
        };
        (0..packs.len()).map(row).collect()
    }

    /// The row lengths for which the set has pack lists.
    pub fn packed_lengths(&self) -> Vec<usize> {
        self.shards.manifest().packs.iter().map(|pack| pack.seq_len as usize).collect()
    }
}

impl Corpus for ShardCorpus {
    fn documents(&self) -> usize {
        self.documents.len()
    }

    fn tokens(&self, document: usize) -> usize {
        self.documents[document].tokens
    }

    fn bytes(&self, document: usize) -> u64 {
        self.documents[document].bytes
    }

    fn key(&self, document: usize) -> u128 {
        self.documents[document].key
    }

    fn read(&self, document: usize, start: usize, ids: &mut [u32]) {
        let piece = &self.documents[document];
        // Looked at when the set was opened: it is there.
        let Ok(tokens) = self.shards.document(piece.document) else { return };
        let Some(wanted) = tokens.slice(piece.start + start, ids.len()) else { return };
        ids.iter_mut().zip(wanted.iter()).for_each(|(id, found)| *id = found);
    }

    fn marks(&self, document: usize, start: usize, marks: &mut [u8]) {
        let piece = &self.documents[document];
        let start = piece.start + start;
        let known = self.shards.mask(piece.document).ok().flatten();
        match known.and_then(|known| known.get(start..start + marks.len())) {
            Some(known) => marks.copy_from_slice(known),
            None => marks.fill(LOSS),
        }
    }
}

/// The set as it lies on disk, with nothing held for a document. What cannot be read has no tokens, so whoever names a stretch of a document looks first whether it is there.
impl Corpus for Shards {
    fn documents(&self) -> usize {
        Shards::documents(self) as usize
    }

    fn tokens(&self, document: usize) -> usize {
        self.document(document as u64).map_or(0, |tokens| tokens.len())
    }

    fn bytes(&self, document: usize) -> u64 {
        self.document_bytes(document as u64).unwrap_or(0)
    }

    fn key(&self, document: usize) -> u128 {
        Shards::key(self, document as u64).unwrap_or(0)
    }

    fn read(&self, document: usize, start: usize, ids: &mut [u32]) {
        let found = self.document(document as u64).ok().and_then(|tokens| tokens.slice(start, ids.len()));
        if let Some(found) = found {
            ids.iter_mut().zip(found.iter()).for_each(|(id, found)| *id = found);
        }
    }

    fn marks(&self, document: usize, start: usize, marks: &mut [u8]) {
        let known = self.mask(document as u64).ok().flatten();
        match known.and_then(|known| known.get(start..start + marks.len())) {
            Some(known) => marks.copy_from_slice(known),
            None => marks.fill(LOSS),
        }
    }
}
