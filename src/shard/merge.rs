//! One set out of several, by weight: exact token quotas, epochs recorded, the same bytes for the same sets, weights and seed.
//!
//! Each source gives its documents in a seeded order, every epoch in another; the next document comes from the source that is furthest behind its quota,
//! so that any stretch of the result has nearly the shares of the whole. The last document of a source is cut where its quota is full; pairs stay whole, and their source ends with the
//! last one that its quota holds.

use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::pack::{self, PackOptions};
use super::pair::{CHOSEN, REJECTED};
use super::{Digest, DocTokens, Document, Manifest, PartOptions, PartWriter, Permutation, ShardError, Shards, mask};

/// Tokens after which a new part begins.
const PART_TOKENS: u64 = 1 << 28;

/// A set to take from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// As the manifest of the result is to name it.
    pub name: &'a str,
    /// Share of the result's tokens, relative to the other weights.
    pub weight: f64,
    /// The set.
    pub shards: &'a Shards,
}

/// What a mixture took from one of its sources, in the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingredient {
    /// As it was named when it was mixed in.
    pub name: String,
    /// Of the source.
    pub fingerprint: Digest,
    /// As given.
    pub weight: f64,
    /// Tokens taken: exactly the quota; of pairs, less by a part of one.
    pub tokens: u64,
    /// Documents taken, one as often as it was taken.
    pub documents: u64,
    /// Tokens of the source: `tokens / source_tokens` are its epochs.
    pub source_tokens: u64,
    /// Tokens by which the last document was cut.
    pub cut: u64,
}

impl Ingredient {
    /// How often the source was gone through.
    pub fn epochs(&self) -> f64 {
        if self.source_tokens == 0 { 0.0 } else { self.tokens as f64 / self.source_tokens as f64 }
    }
}

/// Writes a set of `tokens` tokens into `dir`; of as many as no source has to repeat a document for, where none are given. It is packed at the lengths that all
/// sources are packed at, as the first is.
///
/// # Errors
/// Where the vocabularies differ, a weight is no positive number, or a source that should give tokens has none.
pub fn write(dir: &Path, sources: &[Source], tokens: Option<u64>, seed: u64) -> Result<Manifest, ShardError> {
    let Some(first) = sources.first() else {
        return Err(ShardError::Refused("no set is named to take from".to_owned()));
    };
    check(first, sources)?;
    let about = first.shards.manifest();
    let quotas = quotas(sources, tokens);
    let mut manifest = Manifest::new(about.vocab_size, about.tokenizer.clone(), about.special.clone(), seed);
    manifest.labels.clone_from(&about.labels);
    let masked = sources.iter().any(|source| source.shards.manifest().parts.iter().any(|part| part.mask.is_some()));
    let options = PartOptions { vocab_size: about.vocab_size, mask: masked };
    let mut flows: Vec<Flow> = sources.iter().zip(&quotas).map(|(source, quota)| Flow::new(*source, *quota, seed)).collect();
    let mut part: Option<(PartWriter, u64)> = None;
    // The source that is furthest behind: the least share of its quota written, the first among equals.
    while let Some(flow) = flows.iter_mut().filter(|flow| flow.taken.tokens < flow.quota).min_by(|a, b| {
        let done = |flow: &Flow, other: &Flow| u128::from(flow.taken.tokens) * u128::from(other.quota);
        done(a, b).cmp(&done(b, a))
    }) {
        let (writer, written) = match &mut part {
            Some(part) => part,
            None => part.insert((PartWriter::create(dir, &format!("part-{:05}", manifest.parts.len()), about.dtype, options)?, 0)),
        };
        *written += flow.next(writer, masked)?;
        if *written >= PART_TOKENS
            && let Some((writer, _)) = part.take()
        {
            manifest.push_part(writer.finish()?);
        }
    }
    if let Some((writer, _)) = part {
        manifest.push_part(writer.finish()?);
    }
    manifest.mixture = flows.into_iter().map(|flow| flow.taken).collect();
    let shards = Shards::with_manifest(dir, manifest.clone())?;
    for entry in &about.packs {
        let packed = |source: &Source| source.shards.manifest().packs.iter().any(|other| other.seq_len == entry.seq_len);
        if sources.iter().all(packed) {
            let options = PackOptions { seq_len: entry.seq_len, method: entry.method, seed, window: PackOptions::WINDOW };
            manifest.push_pack(pack::write(dir, &shards, &options)?);
        }
    }
    manifest.save(dir)?;
    Ok(manifest)
}

fn check(first: &Source, sources: &[Source]) -> Result<(), ShardError> {
    let refused = |why: String| Err(ShardError::Refused(why));
    let about = first.shards.manifest();
    for Source { name, weight, shards } in sources {
        let manifest = shards.manifest();
        if !(weight.is_finite() && *weight > 0.0) {
            return refused(format!("`{name}` has the weight {weight}: wanted a number above 0"));
        }
        if manifest.tokens == 0 {
            return refused(format!("`{name}` has no tokens: nothing can be taken from it"));
        }
        if (manifest.tokenizer.xxh3, manifest.vocab_size, &manifest.special) != (about.tokenizer.xxh3, about.vocab_size, &about.special) {
            return refused(format!(
                "`{}` was made with the tokenizer `{}` of {} entries, `{name}` with `{}` of {}: their ids mean different texts",
                first.name, about.tokenizer.name, about.vocab_size, manifest.tokenizer.name, manifest.vocab_size
            ));
        }
        if manifest.labels != about.labels {
            return refused(format!("`{}` and `{name}` do not have the same labels", first.name));
        }
    }
    Ok(())
}

/// Tokens of each source: the weights' shares of the whole, rounded by largest remainder, so that they add up to it.
fn quotas(sources: &[Source], tokens: Option<u64>) -> Vec<u64> {
    let sum: f64 = sources.iter().map(|source| source.weight).sum();
    let shares: Vec<f64> = sources.iter().map(|source| source.weight / sum).collect();
    let unrepeated = || sources.iter().zip(&shares).map(|(source, share)| (source.shards.tokens() as f64 / share) as u64).min().unwrap_or(0);
    let whole = tokens.unwrap_or_else(unrepeated);
    let exact: Vec<f64> = shares.iter().map(|share| whole as f64 * share).collect();
    let mut quotas: Vec<u64> = exact.iter().map(|exact| *exact as u64).collect();
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let left = whole.saturating_sub(quotas.iter().sum());
    for at in order.into_iter().cycle().take(left as usize) {
        quotas[at] += 1;
    }
    quotas
}

/// The documents of a source, epoch after epoch.
struct Flow<'a> {
    shards: &'a Shards,
    quota: u64,
    seed: u64,
    at: u64,
    taken: Ingredient,
}

impl<'a> Flow<'a> {
    fn new(source: Source<'a>, quota: u64, seed: u64) -> Flow<'a> {
        let Source { name, weight, shards } = source;
        let fingerprint = shards.manifest().fingerprint();
        let taken = Ingredient { name: name.to_owned(), fingerprint, weight, tokens: 0, documents: 0, source_tokens: shards.tokens(), cut: 0 };
        // By content, not by name: the order is that of the set wherever it lies.
        Flow { shards, quota, seed: xxh3_64_with_seed(&fingerprint.0.to_le_bytes(), seed), at: 0, taken }
    }

    /// Writes the next document that has tokens, cut where the quota is full, or the next pair. Gives the tokens written.
    fn next(&mut self, part: &mut PartWriter, masked: bool) -> Result<u64, ShardError> {
        let documents = self.shards.documents();
        loop {
            let (epoch, place) = (self.at / documents, self.at % documents);
            self.at += 1;
            let order = Permutation::new(documents, xxh3_64_with_seed(&epoch.to_le_bytes(), self.seed));
            let index = order.get(place).ok_or(ShardError::NoDocument { index: place, count: documents })?;
            let info = self.shards.document_info(index)?;
            // The rejected document of a pair comes with the chosen one.
            if info.tokens == 0 || info.flags & REJECTED != 0 {
                continue;
            }
            let left = self.quota - self.taken.tokens;
            if info.flags & CHOSEN == 0 {
                return self.copy(part, index, info.tokens.min(left), masked);
            }
            let rejected = self.shards.document_info(index + 1)?.tokens;
            if info.tokens + rejected > left {
                self.quota = self.taken.tokens;
                return Ok(0);
            }
            return Ok(self.copy(part, index, info.tokens, masked)? + self.copy(part, index + 1, rejected, masked)?);
        }
    }

    /// Writes the first `take` tokens of a document.
    fn copy(&mut self, part: &mut PartWriter, index: u64, take: u64, masked: bool) -> Result<u64, ShardError> {
        let Document { tokens, key, source, source_offset, url, place, bytes, flags } = self.shards.document_info(index)?;
        let mut ids = self.shards.document(index)?.to_vec();
        ids.truncate(take as usize);
        let mask = masked.then(|| match self.shards.mask(index) {
            Ok(Some(mask)) => Ok(mask[..ids.len()].to_vec()),
            Ok(None) => Ok(vec![mask::LOSS; ids.len()]),
            Err(error) => Err(error),
        });
        let mask = mask.transpose()?;
        // What is left of a text that was cut is known by its share of the tokens alone.
        let bytes = (u128::from(bytes) * u128::from(take) / u128::from(tokens)) as u64;
        part.push(&DocTokens { ids: &ids, key, source, source_offset, url, place, bytes, flags, mask: mask.as_deref() })?;
        self.taken.tokens += take;
        self.taken.documents += 1;
        self.taken.cut += tokens - take;
        Ok(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::tests::write_set;
    use std::fs;

    fn set(lengths: &[usize], mask: bool) -> (tempfile::TempDir, Shards) {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path(), lengths, mask, &[8]);
        let shards = Shards::open(dir.path()).unwrap();
        (dir, shards)
    }

    #[test]
    fn quotas_are_exact_and_epochs_recorded() {
        let (_a, big) = set(&[7; 100], true);
        let (_b, small) = set(&[0, 5, 3, 11], false);
        let sources = [Source { name: "big", weight: 0.7, shards: &big }, Source { name: "small", weight: 0.3, shards: &small }];
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let manifest = write(first.path(), &sources, Some(333), 7).unwrap();
        assert_eq!(manifest, write(second.path(), &sources, Some(333), 7).unwrap());
        for file in manifest.files() {
            assert_eq!(fs::read(first.path().join(&file.name)).unwrap(), fs::read(second.path().join(&file.name)).unwrap());
        }
        manifest.verify(first.path(), false).unwrap();
        let taken: Vec<_> = manifest.mixture.iter().map(|part| (part.tokens, part.documents, part.source_tokens, part.cut)).collect();
        assert_eq!((manifest.tokens, taken[0], taken[1].0, taken[1].2), (333, (233, 34, 700, 5), 100, 19));
        assert!((manifest.mixture[1].epochs() - 100.0 / 19.0).abs() < 1e-12);
        assert_ne!(manifest.fingerprint(), write(second.path(), &sources, Some(333), 8).unwrap().fingerprint());
        let mixed = Shards::open(first.path()).unwrap();
        assert_eq!(mixed.manifest().packs[0].seq_len, 8);
        // Every stretch has nearly the shares of the whole: after half of the tokens, half of each quota.
        let lengths: Vec<u64> = (0..mixed.documents()).map(|at| mixed.document_info(at).unwrap().tokens).collect();
        let mut half = (0, 0);
        for tokens in &lengths {
            if half.0 + half.1 < 166 {
                *(if *tokens == 7 { &mut half.0 } else { &mut half.1 }) += tokens;
            }
        }
        assert!((106..=126).contains(&half.0), "{half:?}");
        // The first epoch of a source holds each of its documents once.
        let mut small: Vec<u64> = lengths.into_iter().filter(|tokens| *tokens != 7).take(3).collect();
        small.sort_unstable();
        assert_eq!(small, [3, 5, 11]);
    }

    #[test]
    fn without_a_budget_nothing_is_repeated() {
        let ((_a, big), (_b, small)) = (set(&[10; 30], false), set(&[10; 6], false));
        let sources = [Source { name: "big", weight: 1.0, shards: &big }, Source { name: "small", weight: 1.0, shards: &small }];
        let dir = tempfile::tempdir().unwrap();
        let manifest = write(dir.path(), &sources, None, 1).unwrap();
        assert_eq!(manifest.mixture.iter().map(|part| (part.tokens, part.cut)).collect::<Vec<_>>(), [(60, 0), (60, 0)]);
    }

    #[test]
    fn sets_that_cannot_be_mixed_are_refused() {
        let ((_a, one), (_b, none)) = (set(&[3; 4], false), set(&[0], false));
        let other_dir = tempfile::tempdir().unwrap();
        let mut manifest = write_set(other_dir.path(), &[3], false, &[8]);
        manifest.tokenizer.xxh3 = Digest(99);
        manifest.save(other_dir.path()).unwrap();
        let other = Shards::open(other_dir.path()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let fault = |shards: &Shards, weight: f64| {
            let sources = [Source { name: "one", weight: 1.0, shards: &one }, Source { name: "two", weight, shards }];
            write(dir.path(), &sources, Some(10), 1).unwrap_err().to_string()
        };
        assert!(fault(&other, 1.0).contains("their ids mean different texts"));
        assert!(fault(&none, 1.0).contains("`two` has no tokens"));
        assert!(fault(&one, 0.0).contains("a number above 0") && fault(&one, f64::NAN).contains("a number above 0"));
        assert!(write(dir.path(), &[], None, 1).is_err());
    }
}
