//! Takedown: documents leave a set that is written already.
//!
//! Documents keep their numbers: one that has gone is an empty document without key, URL or source, so that only the parts that held it and the pack lists with
//! their rows are written anew, and all other rows stay as they are. The new files have names of their own (`part-00000.r1.tokens`), the manifest is replaced in
//! one step, and only then the old files are removed: whoever is interrupted has the set of before or of after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::pack::{self, Span};
use super::pair::{CHOSEN, REJECTED};
use super::{Digest, DocTokens, Document, Manifest, PartOptions, PartStats, PartWriter, Place, ShardError, Shards};

/// Flag of a document that was taken out.
pub const FORGOTTEN: u16 = 1 << 15;

/// What documents are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Those fetched from this URL, as written.
    Url(String),
    /// Those fetched from this host or one below it.
    Host(String),
    /// The one with this key.
    Key(u128),
}

impl Subject {
    /// Whether a document is meant.
    pub fn means(&self, document: &Document) -> bool {
        match self {
            Subject::Url(url) => document.url == Some(url.as_str()),
            Subject::Key(key) => document.flags & FORGOTTEN == 0 && document.key == *key,
            Subject::Host(host) => document.url.and_then(host_of).is_some_and(|found| {
                let wanted = host.trim_matches('.').to_lowercase();
                found.strip_suffix(wanted.as_str()).is_some_and(|below| !wanted.is_empty() && (below.is_empty() || below.ends_with('.')))
            }),
        }
    }
}

/// The host of a URL in lower case, without user, port and the dot that may end it.
fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host.split_inclusive(']').next()? } else { host.split(':').next()? };
    Some(host.trim_end_matches('.').to_lowercase())
}

/// A takedown in the manifest. It names keys, which say nothing of what the documents were about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Takedown {
    /// Of the documents that went.
    pub keys: Vec<Digest>,
    /// Tokens of them.
    pub tokens: u64,
    /// Parts written anew, under their new names.
    pub parts: Vec<String>,
    /// By row length: rows that held one of the documents.
    pub rows: BTreeMap<u32, u64>,
}

/// Numbers of the documents that any of the subjects means.
pub fn find(shards: &Shards, subjects: &[Subject]) -> Result<BTreeSet<u64>, ShardError> {
    let mut found = BTreeSet::new();
    for index in 0..shards.documents() {
        let document = shards.document_info(index)?;
        if subjects.iter().any(|subject| subject.means(&document)) {
            found.insert(index);
        }
    }
    Ok(found)
}

/// Other documents with the very tokens of one of `documents`, as (the other, the one).
pub fn copies(shards: &Shards, documents: &BTreeSet<u64>) -> Result<Vec<(u64, u64)>, ShardError> {
    let mut known: BTreeMap<Digest, u64> = BTreeMap::new();
    for index in documents.iter().rev() {
        let tokens = shards.document(*index)?;
        if !tokens.is_empty() {
            known.insert(Digest::of(tokens.as_bytes()), *index);
        }
    }
    let mut lengths = BTreeSet::new();
    for index in known.values() {
        lengths.insert(shards.document(*index)?.len());
    }
    let mut found = Vec::new();
    for index in (0..shards.documents()).filter(|index| !documents.contains(index)) {
        let tokens = shards.document(index)?;
        if lengths.contains(&tokens.len())
            && let Some(one) = known.get(&Digest::of(tokens.as_bytes()))
        {
            found.push((index, *one));
        }
    }
    Ok(found)
}

/// Takes `documents` out of the set in `dir`, with the other member of a pair whose one goes, and proves that they have gone.
pub fn write(dir: &Path, documents: &BTreeSet<u64>) -> Result<Takedown, ShardError> {
    let old = Shards::open(dir)?;
    let documents = &with_partners(&old, documents)?;
    let mut manifest = old.manifest().clone();
    let number = manifest.takedowns.len() + 1;
    let mut takedown = Takedown::default();
    for index in documents {
        let document = old.document_info(*index)?;
        takedown.keys.push(Digest(document.key));
        takedown.tokens += document.tokens;
    }
    let packs = std::mem::take(&mut manifest.packs);
    for (stats, range) in old.parts() {
        if documents.range(range.clone()).next().is_none() {
            continue;
        }
        let name = renamed(&stats.name, number);
        let new = rewrite(dir, &old, stats, &name, range, documents)?;
        takedown.parts.push(name);
        manifest.replace_part(&stats.name, new);
    }
    for entry in packs {
        let (table, _) = old.pack_table(entry.seq_len)?;
        let name = format!("{}.arrow", renamed(entry.file.name.trim_end_matches(".arrow"), number));
        let (new, touched) = pack::without(dir, name, &entry, &table, documents, |index| old.document_info(index).map(|document| document.tokens))?;
        match touched {
            0 => manifest.push_pack(entry),
            _ => manifest.push_pack(new),
        }
        takedown.rows.insert(manifest.packs.last().map_or(0, |pack| pack.seq_len), touched);
    }
    manifest.takedowns.push(takedown.clone());
    manifest.save(dir)?;
    drop(old);
    sweep(dir, &manifest)?;
    prove_absent(dir, documents)?;
    Ok(takedown)
}

fn with_partners(shards: &Shards, documents: &BTreeSet<u64>) -> Result<BTreeSet<u64>, ShardError> {
    let mut all = documents.clone();
    for index in documents {
        let flags = shards.document_info(*index)?.flags;
        all.extend((flags & CHOSEN != 0).then_some(index + 1));
        all.extend((flags & REJECTED != 0).then(|| index.saturating_sub(1)));
    }
    Ok(all)
}

/// Removes what an interrupted takedown has left: parts and pack lists that the manifest no longer names.
pub fn sweep(dir: &Path, manifest: &Manifest) -> Result<(), ShardError> {
    for path in strays(dir, manifest)? {
        fs::remove_file(&path).map_err(ShardError::io("remove", &path))?;
    }
    Ok(())
}

/// Those files, by name; none in a set that nothing was taken out of.
pub(super) fn strays(dir: &Path, manifest: &Manifest) -> Result<Vec<PathBuf>, ShardError> {
    let own: BTreeSet<&str> = manifest.files().map(|file| file.name.as_str()).collect();
    let mut found = Vec::new();
    if manifest.takedowns.is_empty() {
        return Ok(found);
    }
    for entry in fs::read_dir(dir).map_err(ShardError::io("read", dir))? {
        let name = entry.map_err(ShardError::io("read", dir))?.file_name().to_string_lossy().into_owned();
        let kind = [".tokens", ".mask", ".docs.arrow"].iter().any(|suffix| name.ends_with(suffix)) || (name.starts_with("packs-") && name.ends_with(".arrow"));
        if kind && !own.contains(name.as_str()) {
            found.push(dir.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// `part-00000` and `part-00000.r1` become `part-00000.r2`.
fn renamed(name: &str, number: usize) -> String {
    let base = name.rsplit_once(".r").filter(|(_, digits)| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()));
    format!("{}.r{number}", base.map_or(name, |(base, _)| base))
}

fn rewrite(dir: &Path, old: &Shards, stats: &PartStats, name: &str, range: std::ops::Range<u64>, gone: &BTreeSet<u64>) -> Result<PartStats, ShardError> {
    let manifest = old.manifest();
    let options = PartOptions { vocab_size: manifest.vocab_size, mask: stats.mask.is_some() };
    let mut part = PartWriter::create(dir, name, manifest.dtype, options)?;
    let mut ids = Vec::new();
    for index in range {
        let Document { key, source, source_offset, url, place, bytes, flags, .. } = old.document_info(index)?;
        ids.clear();
        old.document(index)?.copy_to(&mut ids);
        let kept = DocTokens { ids: &ids, key, source, source_offset, url, place, bytes, flags, mask: old.mask(index)? };
        let nothing = DocTokens {
            ids: &[],
            key: 0,
            source: "",
            source_offset: 0,
            url: None,
            place: Place::default(),
            bytes: 0,
            flags: FORGOTTEN,
            mask: options.mask.then_some(&[]),
        };
        part.push(if gone.contains(&index) { &nothing } else { &kept })?;
    }
    part.finish()
}

/// Reads the set again from the disk: it is sound, the documents are empty and without key and URL, and no row names them. Another document may have the same key,
/// where ids were given twice: whether one that was meant is left, [`find`] says.
fn prove_absent(dir: &Path, documents: &BTreeSet<u64>) -> Result<(), ShardError> {
    let fault = |what: String| ShardError::damaged(dir, format!("the takedown is not complete: {what}"));
    let manifest = Manifest::load(dir)?;
    if let Err(faults) = manifest.verify(dir, true) {
        return Err(faults.into_iter().next().unwrap_or_else(|| fault("the set is not sound".to_owned())));
    }
    let shards = Shards::with_manifest(dir, manifest)?;
    for index in documents {
        let document = shards.document_info(*index)?;
        if document.tokens > 0 || document.key != 0 || document.url.is_some() || document.flags & FORGOTTEN == 0 {
            return Err(fault(format!("document {index} is still there")));
        }
    }
    for entry in &shards.manifest().packs {
        let (table, _) = shards.pack_table(entry.seq_len)?;
        for row in 0..table.rows() {
            let spans: Vec<Span> = table.row(row).unwrap_or_default();
            if let Some(span) = spans.iter().find(|span| documents.contains(&span.document)) {
                return Err(fault(format!("row {row} of {} tokens still names document {}", entry.seq_len, span.document)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::tests::write_set;

    #[test]
    fn hosts_are_compared_whole() {
        let host = |url: &str| host_of(url).unwrap_or_default();
        assert_eq!(host("https://user:pw@Sub.Bad.Example:8080/a@b?c"), "sub.bad.example");
        assert_eq!((host("http://[::1]:80/"), host("http://bad.example./x"), host("no url")), ("[::1]".into(), "bad.example".into(), "".into()));
        let document = |url| Document { tokens: 1, key: 5, source: "", source_offset: 0, url, place: Place::default(), bytes: 1, flags: 0 };
        let bad = Subject::Host("Bad.example".into());
        for (url, meant) in
            [("http://bad.example/", true), ("http://a.bad.example/", true), ("http://notbad.example/", false), ("http://bad.example.org/", false)]
        {
            assert_eq!(bad.means(&document(Some(url))), meant, "{url}");
        }
        assert!(!bad.means(&document(None)) && !Subject::Host(String::new()).means(&document(Some("http://bad.example/"))));
        assert!(Subject::Key(5).means(&document(None)) && !Subject::Key(5).means(&Document { flags: FORGOTTEN, ..document(None) }));
    }

    #[test]
    fn only_what_held_the_documents_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let lengths: Vec<usize> = (0..40).map(|at| at % 11).collect();
        let before = write_set(dir.path(), &lengths, true, &[4, 16]);
        let old = Shards::open(dir.path()).unwrap();
        // The set has two parts; all that goes lies in the second.
        let gone: BTreeSet<u64> = [25, 30, 31].into();
        let texts: Vec<Vec<u32>> = (0..40).map(|at| old.document(at).unwrap().to_vec()).collect();
        let rows = |shards: &Shards, length| {
            let (table, _) = shards.pack_table(length).unwrap();
            (0..table.rows()).map(|row| table.row(row).unwrap()).collect::<Vec<_>>()
        };
        let rows_before = rows(&old, 16);
        let url = old.document_info(25).unwrap().url.unwrap().to_owned();
        let subjects = [Subject::Url(url), Subject::Key(old.key(30).unwrap()), Subject::Key(old.key(31).unwrap())];
        assert_eq!(find(&old, &subjects).unwrap(), gone);
        drop(old);
        let takedown = write(dir.path(), &gone).unwrap();
        assert_eq!((takedown.tokens, takedown.parts.as_slice(), takedown.keys.len()), (3 + 8 + 9, ["part-00001.r1".to_owned()].as_slice(), 3));
        let after = Manifest::load(dir.path()).unwrap();
        after.verify(dir.path(), false).unwrap();
        assert_eq!((after.documents, after.tokens, &after.parts[0]), (before.documents, before.tokens - 20, &before.parts[0]));
        assert_eq!(after.takedowns, [takedown]);
        assert!(!dir.path().join("part-00001.tokens").exists() && !dir.path().join("packs-16.arrow").exists());
        let new = Shards::open(dir.path()).unwrap();
        for (at, text) in (0..40).zip(texts) {
            let there = new.document(at).unwrap().to_vec();
            assert_eq!(there, if gone.contains(&at) { vec![] } else { text });
        }
        assert!(find(&new, &subjects).unwrap().is_empty());
        let left = rows_before.into_iter().map(|row| row.into_iter().filter(|span| !gone.contains(&span.document)).collect::<Vec<_>>());
        assert_eq!(rows(&new, 16), left.filter(|row| !row.is_empty()).collect::<Vec<_>>());
        let (was, is) = (&before.packs[1].stats, &after.packs[1].stats);
        assert_eq!((is.tokens, is.documents, is.needless_cuts), (was.tokens - 20, was.documents - 3, 0));
        assert_eq!(is.padding, is.rows * 16 - is.tokens);
        // What an interruption between manifest and removal leaves is found, and removed by the next call.
        fs::write(dir.path().join("part-00001.tokens"), [1, 0]).unwrap();
        let fault = after.verify(dir.path(), true).unwrap_err()[0].to_string();
        assert!(fault.contains("part-00001.tokens` is left from before a takedown"), "{fault}");
        sweep(dir.path(), &after).unwrap();
        after.verify(dir.path(), true).unwrap();
        // A second takedown goes on from the first.
        drop(new);
        assert_eq!(write(dir.path(), &[24, 3].into()).unwrap().parts, ["part-00000.r2", "part-00001.r2"]);
        Manifest::load(dir.path()).unwrap().verify(dir.path(), false).unwrap();
    }

    #[test]
    fn copies_of_what_goes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path(), &[3, 5, 3, 0], false, &[4]);
        let shards = Shards::open(dir.path()).unwrap();
        assert_eq!(copies(&shards, &[0, 3].into()).unwrap(), []);
        let same = tempfile::tempdir().unwrap();
        let mut manifest = shards.manifest().clone();
        let mut part = PartWriter::create(same.path(), "part-00000", manifest.dtype, PartOptions { vocab_size: manifest.vocab_size, mask: false }).unwrap();
        for (key, ids) in [(1, vec![7, 8]), (2, vec![8, 7]), (3, vec![7, 8]), (4, vec![])] {
            let place = Place::default();
            part.push(&DocTokens { ids: &ids, key, source: "", source_offset: 0, url: None, place, bytes: 1, flags: 0, mask: None }).unwrap();
        }
        manifest = Manifest::new(manifest.vocab_size, manifest.tokenizer, manifest.special, 1);
        manifest.push_part(part.finish().unwrap());
        manifest.save(same.path()).unwrap();
        assert_eq!(copies(&Shards::open(same.path()).unwrap(), &[0].into()).unwrap(), [(2, 0)]);
    }
}
