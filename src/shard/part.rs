//! Writes one part: the payload, its docs sidecar and, when asked for, its mask.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::HashedFile;
use super::docs::{DocsWriter, Row};
use super::pack::is_zero;
use super::{Document, Dtype, FileEntry, ShardError, mask, pair};

/// Megatron's index and the pack lists count the tokens of a document in 31 bits.
pub(super) const MAX_DOCUMENT_TOKENS: u64 = i32::MAX as u64;

/// Where a document stood in the input of the run that wrote it: by this its records (drops, cuts) name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the split.
    pub split: u32,
    /// Number of the document in its split.
    pub ordinal: u32,
}

/// One document on its way into a part.
#[derive(Clone, Copy, Debug)]
pub struct DocTokens<'a> {
    /// The ids, BOS and EOS included where the caller wants them.
    pub ids: &'a [u32],
    /// Of the document, 128 bits.
    pub key: u128,
    /// The file it came from.
    pub source: &'a str,
    /// Where in that file, in bytes.
    pub source_offset: u64,
    /// Where it was fetched.
    pub url: Option<&'a str>,
    /// Where it stood in the input.
    pub place: Place,
    /// UTF-8 bytes of the text that became `ids`: the denominator of bits per byte.
    pub bytes: u64,
    /// [`super::pair::CHOSEN`] and [`super::pair::REJECTED`] have a meaning, others are kept as given.
    pub flags: u16,
    /// A byte a token, see [`super::mask`]; present exactly when the part was created with `mask`.
    pub mask: Option<&'a [u8]>,
}

/// What the writer must know before the first document.
#[derive(Clone, Copy, Debug)]
pub struct PartOptions {
    /// Ids must be below it.
    pub vocab_size: u32,
    /// Write `NAME.mask`.
    pub mask: bool,
}

/// A finished part, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartStats {
    /// File names without their suffix.
    pub name: String,
    /// Documents, empty ones included.
    pub documents: u64,
    /// Tokens of all documents.
    pub tokens: u64,
    /// UTF-8 bytes of all texts.
    pub text_bytes: u64,
    /// Pairs of documents, see [`super::pair`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pairs: u64,
    /// `NAME.tokens`.
    pub payload: FileEntry,
    /// `NAME.docs.arrow`.
    pub docs: FileEntry,
    /// `NAME.mask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<FileEntry>,
}

impl PartStats {
    /// Payload, docs sidecar and mask.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        [&self.payload, &self.docs].into_iter().chain(&self.mask)
    }
}

/// Memory: a block of each file, one record batch of 16,384 rows and the names of the sources.
pub struct PartWriter {
    name: String,
    dtype: Dtype,
    vocab_size: u32,
    payload: HashedFile,
    docs: DocsWriter,
    mask: Option<HashedFile>,
    block: Vec<u8>,
    documents: u64,
    tokens: u64,
    text_bytes: u64,
    pairs: u64,
    /// Key and place of a chosen document that waits for the rejected one.
    chosen: Option<(u128, Place)>,
}

impl PartWriter {
    /// Creates `NAME.tokens`, `NAME.docs.arrow` and perhaps `NAME.mask` in `dir`, over files of those names.
    pub fn create(dir: &Path, name: &str, dtype: Dtype, options: PartOptions) -> Result<PartWriter, ShardError> {
        let vocab_size = options.vocab_size;
        if dtype == Dtype::U16 && Dtype::for_vocab(vocab_size) == Dtype::U32 {
            return Err(ShardError::VocabularyTooLarge { vocab_size, dtype });
        }
        let mask = match options.mask {
            true => Some(HashedFile::create(dir, format!("{name}.mask"))?),
            false => None,
        };
        Ok(PartWriter {
            name: name.to_owned(),
            dtype,
            vocab_size,
            payload: HashedFile::create(dir, format!("{name}.tokens"))?,
            docs: DocsWriter::create(dir, format!("{name}.docs.arrow"))?,
            mask,
            block: Vec::new(),
            documents: 0,
            tokens: 0,
            text_bytes: 0,
            pairs: 0,
            chosen: None,
        })
    }

    /// Appends a document; an empty one keeps its row and has no tokens. After an error the part is unusable.
    pub fn push(&mut self, doc: &DocTokens) -> Result<(), ShardError> {
        self.check(doc)?;
        self.check_pair(Some(doc))?;
        self.pairs += u64::from(doc.flags & pair::CHOSEN != 0);
        self.chosen = (doc.flags & pair::CHOSEN != 0).then_some((doc.key, doc.place));
        self.block.clear();
        self.dtype.put(doc.ids, &mut self.block);
        self.payload.put(&self.block)?;
        if let (Some(file), Some(mask)) = (&mut self.mask, doc.mask) {
            file.put(mask)?;
        }
        self.tokens += doc.ids.len() as u64;
        self.documents += 1;
        self.text_bytes += doc.bytes;
        let DocTokens { key, source, source_offset, url, place, bytes, flags, .. } = *doc;
        self.docs.push(&Row { end: self.tokens, key, source, source_offset, url, place, bytes, flags })
    }

    /// Flushes the files and says what they are.
    pub fn finish(self) -> Result<PartStats, ShardError> {
        self.check_pair(None)?;
        Ok(PartStats {
            name: self.name,
            documents: self.documents,
            tokens: self.tokens,
            text_bytes: self.text_bytes,
            pairs: self.pairs,
            payload: self.payload.finish()?,
            docs: self.docs.finish()?,
            mask: self.mask.map(HashedFile::finish).transpose()?,
        })
    }

    /// A chosen document and a rejected one come one behind the other, each with an answer.
    fn check_pair(&self, next: Option<&DocTokens>) -> Result<(), ShardError> {
        let neighbour = |key, place, flags| Document { tokens: 0, key, source: "", source_offset: 0, url: None, place, bytes: 0, flags };
        let before = self.chosen.map(|(key, place)| neighbour(key, place, pair::CHOSEN));
        let member = next.map(|doc| neighbour(doc.key, doc.place, doc.flags));
        let unanswered =
            |doc: &&DocTokens| doc.flags & (pair::CHOSEN | pair::REJECTED) != 0 && doc.mask.is_none_or(|mask| mask.iter().all(|bits| bits & mask::LOSS == 0));
        let fault = pair::fault(before.as_ref(), member.as_ref());
        match fault.or(next.filter(unanswered).map(|_| "a document of a pair has no token of its answer in the mask")) {
            Some(fault) => Err(ShardError::BrokenPair { path: self.payload.path().to_owned(), document: self.documents, fault }),
            None => Ok(()),
        }
    }

    fn check(&self, doc: &DocTokens) -> Result<(), ShardError> {
        let path = || self.payload.path().to_owned();
        check_length(self.payload.path(), self.documents, doc.ids.len() as u64)?;
        // The maximum of the whole slice is a vector loop; the offender is looked for only when there is one.
        if doc.ids.iter().max().is_some_and(|max| *max >= self.vocab_size) {
            let bad = doc.ids.iter().find(|id| **id >= self.vocab_size);
            return Err(ShardError::TokenOutOfVocabulary {
                path: path(),
                document: self.documents,
                id: bad.copied().unwrap_or(u32::MAX),
                vocab_size: self.vocab_size,
            });
        }
        let remedy = match (&self.mask, doc.mask) {
            (None, None) => return Ok(()),
            (Some(_), Some(mask)) if mask.len() == doc.ids.len() => return Ok(()),
            (Some(_), _) => "the part was created with a mask, give a byte a token",
            (None, Some(_)) => "the part was created without a mask, give none",
        };
        Err(ShardError::MaskMismatch { path: path(), document: self.documents, tokens: doc.ids.len(), mask: doc.mask.map_or(0, <[u8]>::len), remedy })
    }
}

/// Refuses a document of more tokens than the indices count.
fn check_length(path: &Path, document: u64, tokens: u64) -> Result<(), ShardError> {
    if tokens <= MAX_DOCUMENT_TOKENS { Ok(()) } else { Err(ShardError::DocumentTooLong { path: path.to_owned(), document, tokens }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_two_to_the_31_tokens_is_refused() {
        assert!(check_length(Path::new("a"), 3, (1 << 31) - 1).is_ok());
        let refused = check_length(Path::new("a"), 3, 1 << 31).unwrap_err().to_string();
        assert_eq!(refused, "`a`: document 3 has 2147483648 tokens, the limit is 2^31 - 1: split it before it is written");
    }
}
