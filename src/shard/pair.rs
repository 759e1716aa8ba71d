//! Pairs: two answers to one prompt, of which one was chosen and one rejected.
//!
//! A pair is two documents, one behind the other in the same part, with the same key and place in the input: prompt and chosen answer, flagged [`CHOSEN`], then prompt
//! and rejected answer, flagged [`REJECTED`]. The mask says which tokens are the answer, so the prompt of a member is what comes before the first of them. No
//! pack list parts the two: they lie side by side in one row, whole. A pair that is longer than a row is in no row, and counted.

use std::ops::Range;

use super::pack::Span;
use super::{Document, ShardError, Shards, mask};

/// Flag of the document with the chosen answer; the one with the rejected answer follows.
pub const CHOSEN: u16 = 1 << 14;
/// Flag of the document with the rejected answer.
pub const REJECTED: u16 = 1 << 13;

/// One member of a pair in a training row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its tokens, by their places in the row.
    pub tokens: Range<usize>,
    /// How many of them are the prompt.
    pub prompt: usize,
}

/// A pair in a training row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The prompt with the answer that is preferred.
    pub chosen: Member,
    /// The prompt with the other answer.
    pub rejected: Member,
}

/// The pairs of a row.
pub(super) fn of_row(shards: &Shards, spans: &[Span]) -> Result<Vec<Pair>, ShardError> {
    let (mut pairs, mut start) = (Vec::new(), 0);
    for (at, span) in spans.iter().enumerate() {
        let length = span.length as usize;
        if shards.document_info(span.document)?.flags & CHOSEN != 0 {
            let parted = || ShardError::Refused(format!("document {} stands in a row without its partner; run `dataprep shards verify`", span.document));
            let other = spans.get(at + 1).filter(|other| other.document == span.document + 1).ok_or_else(parted)?;
            let chosen = member(shards, span, start)?;
            pairs.push(Pair { chosen, rejected: member(shards, other, start + length)? });
        }
        start += length;
    }
    Ok(pairs)
}

fn member(shards: &Shards, span: &Span, start: usize) -> Result<Member, ShardError> {
    let mask = shards.mask(span.document)?.unwrap_or_default();
    let prompt = mask.iter().position(|bits| bits & mask::LOSS != 0).unwrap_or(mask.len());
    Ok(Member { tokens: start..start + span.length as usize, prompt })
}

/// What is wrong with a document as a neighbour of the one before it, if anything is.
pub(super) fn fault(before: Option<&Document<'_>>, document: Option<&Document<'_>>) -> Option<&'static str> {
    let chosen = before.filter(|before| before.flags & CHOSEN != 0);
    let rejected = document.filter(|document| document.flags & REJECTED != 0);
    match (chosen, rejected) {
        (Some(_), None) => Some("a chosen document is not followed by a rejected one"),
        (None, Some(_)) => Some("a rejected document does not follow a chosen one"),
        (Some(chosen), Some(rejected)) if (chosen.key, chosen.place) != (rejected.key, rejected.place) => {
            Some("the two documents of a pair have different keys")
        }
        _ => document.filter(|document| document.flags & CHOSEN != 0 && document.flags & REJECTED != 0).map(|_| "a document is both chosen and rejected"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::pack::{self, Method, PackOptions};
    use super::super::{Digest, DocTokens, Manifest, PartOptions, PartWriter, Place, ShardReader, TokenizerEntry};
    use super::*;

    /// A set of pairs: of each the tokens of the prompt, the chosen and the rejected answer; packed at 16.
    fn write_pairs(dir: &Path, pairs: &[[usize; 3]], method: Method) -> Manifest {
        let tokenizer = TokenizerEntry { name: "bytes".into(), xxh3: Digest(1) };
        let mut manifest = Manifest::new(1000, tokenizer, BTreeMap::new(), 7);
        let mut part = PartWriter::create(dir, "part-00000", manifest.dtype, PartOptions { vocab_size: 1000, mask: true }).unwrap();
        for (at, [prompt, chosen, rejected]) in (0u32..).zip(pairs) {
            for (flags, answer) in [(CHOSEN, chosen), (REJECTED, rejected)] {
                let ids: Vec<u32> = (0..prompt + answer).map(|token| at * 20 + token as u32).collect();
                let mask: Vec<u8> = (0..ids.len()).map(|token| u8::from(token >= *prompt)).collect();
                let place = Place { split: 0, ordinal: at };
                part.push(&DocTokens { ids: &ids, key: at.into(), source: "", source_offset: 0, url: None, place, bytes: 1, flags, mask: Some(&mask) })
                    .unwrap();
            }
        }
        manifest.push_part(part.finish().unwrap());
        let shards = Shards::with_manifest(dir, manifest.clone()).unwrap();
        manifest.push_pack(pack::write(dir, &shards, &PackOptions { seq_len: 16, method, seed: 7, window: 100 }).unwrap());
        manifest.save(dir).unwrap();
        manifest
    }

    const PAIRS: [[usize; 3]; 5] = [[3, 2, 1], [2, 2, 4], [4, 5, 4], [1, 1, 1], [0, 6, 2]];

    #[test]
    fn members_lie_side_by_side_and_know_their_prompts() {
        for method in [Method::BestFit, Method::Concat, Method::OnePerRow] {
            let dir = tempfile::tempdir().unwrap();
            let manifest = write_pairs(dir.path(), &PAIRS, method);
            manifest.verify(dir.path(), false).unwrap();
            let stats = manifest.packs[0].stats;
            assert_eq!((manifest.pairs(), stats.documents, stats.left_out, stats.left_out_tokens), (5, 8, 2, 17), "the third has 17 tokens");
            let reader = ShardReader::open(dir.path(), 16, None).unwrap();
            let mut found = Vec::new();
            for position in 0..reader.rows() {
                let sample = reader.sample(position).unwrap();
                for Pair { chosen, rejected } in sample.pairs {
                    assert_eq!(chosen.tokens.end, rejected.tokens.start);
                    assert_eq!(sample.ids[chosen.tokens.start..][..chosen.prompt], sample.ids[rejected.tokens.start..][..rejected.prompt]);
                    found.push([chosen.prompt, chosen.tokens.len() - chosen.prompt, rejected.tokens.len() - rejected.prompt]);
                }
            }
            found.sort_unstable();
            assert_eq!(found, [[0, 6, 2], [1, 1, 1], [2, 2, 4], [3, 2, 1]], "{method:?}");
        }
    }

    #[test]
    fn a_row_that_parts_a_pair_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let mut manifest = write_pairs(dir.path(), &PAIRS[..2], Method::BestFit);
        let lengths = Shards::open(dir.path()).unwrap().lengths().collect::<Vec<_>>();
        let options = PackOptions { seq_len: 6, method: Method::BestFit, seed: 7, window: 100 };
        manifest.push_pack(pack::write(dir.path(), lengths.as_slice(), &options).unwrap());
        let fault = manifest.verify(dir.path(), false).unwrap_err()[0].to_string();
        assert!(fault.contains("parts the pair of document"), "{fault}");
    }

    #[test]
    fn a_pair_that_is_none_is_refused_at_writing() {
        let dir = tempfile::tempdir().unwrap();
        let push = |flags: &[u16], keys: [u128; 2], mask: &[u8]| {
            let mut part = PartWriter::create(dir.path(), "part-00000", super::super::Dtype::U16, PartOptions { vocab_size: 10, mask: true }).unwrap();
            for (flags, key) in flags.iter().zip(keys) {
                let place = Place::default();
                part.push(&DocTokens { ids: &[1, 2], key, source: "", source_offset: 0, url: None, place, bytes: 1, flags: *flags, mask: Some(mask) })?;
            }
            part.finish().map(|stats| stats.pairs)
        };
        assert_eq!(push(&[CHOSEN, REJECTED], [1, 1], &[0, 1]).unwrap(), 1);
        let said = |result: Result<u64, ShardError>| result.unwrap_err().to_string();
        assert!(said(push(&[CHOSEN, REJECTED], [1, 2], &[0, 1])).contains("different keys"));
        assert!(said(push(&[CHOSEN, 0], [1, 1], &[0, 1])).contains("not followed by a rejected"));
        assert!(said(push(&[CHOSEN], [1, 1], &[0, 1])).contains("not followed by a rejected"));
        assert!(said(push(&[REJECTED], [1, 1], &[0, 1])).contains("does not follow"));
        assert!(said(push(&[CHOSEN, REJECTED], [1, 1], &[0, 0])).contains("no token of its answer"));
    }

    #[test]
    fn a_takedown_takes_both_and_a_mixture_keeps_them_together() {
        let dir = tempfile::tempdir().unwrap();
        write_pairs(dir.path(), &PAIRS, Method::BestFit);
        super::super::forget::write(dir.path(), &[3, 4].into()).unwrap();
        let after = Manifest::load(dir.path()).unwrap();
        after.verify(dir.path(), false).unwrap();
        assert_eq!((after.pairs(), after.packs[0].stats.documents, after.packs[0].stats.left_out), (3, 6, 0));

        let (source, mixed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_pairs(source.path(), &PAIRS, Method::BestFit);
        let shards = Shards::open(source.path()).unwrap();
        let sources = [super::super::merge::Source { name: "p", weight: 1.0, shards: &shards }];
        let manifest = super::super::merge::write(mixed.path(), &sources, Some(60), 3).unwrap();
        manifest.verify(mixed.path(), false).unwrap();
        assert!((44..=60).contains(&manifest.tokens) && manifest.pairs() * 2 == manifest.documents, "{} tokens", manifest.tokens);
    }
}
