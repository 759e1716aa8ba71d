//! Whole sets: written, opened, damaged, refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::pack::{Method, PackOptions};
use super::*;

fn tokenizer() -> TokenizerEntry {
    TokenizerEntry { name: "bytes".into(), xxh3: Digest(1) }
}

fn doc<'a>(ids: &'a [u32], key: u128, source: &'a str) -> DocTokens<'a> {
    DocTokens { ids, key, source, source_offset: 10, url: None, place: Place::default(), bytes: ids.len() as u64 * 3, flags: 2, mask: None }
}

/// Two parts of documents of these lengths, with ids below 1,000 that tell them apart, from two files, with URLs of three hosts; packed at each length.
pub(crate) fn write_set(dir: &Path, lengths: &[usize], mask: bool, seq_lens: &[u32]) -> Manifest {
    let mut manifest = Manifest::new(1000, tokenizer(), BTreeMap::from([("eos".to_owned(), 0)]), 7);
    let half = lengths.len().div_ceil(2).max(1);
    for (n, lengths) in lengths.chunks(half).enumerate() {
        let mut part = PartWriter::create(dir, &format!("part-{n:05}"), manifest.dtype, PartOptions { vocab_size: 1000, mask }).unwrap();
        for (i, length) in lengths.iter().enumerate() {
            let at = n * half + i;
            let ids: Vec<u32> = (0..*length).map(|token| ((at * 37 + token * 11) % 999 + 1) as u32).collect();
            let bits: Vec<u8> = (0..*length).map(|token| u8::from(token % 3 > 0)).collect();
            let url = format!("http://host{}.example/{at}", at % 3);
            let place = Place { split: n as u32, ordinal: i as u32 };
            let plain = doc(&ids, at as u128 + 1000, ["a.warc.gz", "b.warc.gz"][n]);
            part.push(&DocTokens { url: Some(&url), place, mask: mask.then_some(&bits), ..plain }).unwrap();
        }
        manifest.push_part(part.finish().unwrap());
    }
    let shards = Shards::with_manifest(dir, manifest.clone()).unwrap();
    for seq_len in seq_lens {
        let options = PackOptions { seq_len: *seq_len, method: Method::BestFit, seed: 7, window: 1000 };
        manifest.push_pack(pack::write(dir, &shards, &options).unwrap());
    }
    manifest.save(dir).unwrap();
    manifest
}

/// Two parts: lengths 3, 0, 9 and 4, 1; packed at 4 tokens a row.
fn small_set(dir: &Path, vocab_size: u32, top: u32) -> Manifest {
    let special = BTreeMap::from([("eos".to_owned(), 0)]);
    let mut manifest = Manifest::new(vocab_size, tokenizer(), special, 7);
    let parts: [&[&[u32]]; 2] = [&[&[1, 2, top], &[], &[9; 9]], &[&[4, 5, 6, 7], &[8]]];
    for (n, documents) in parts.iter().enumerate() {
        let options = PartOptions { vocab_size, mask: false };
        let mut part = PartWriter::create(dir, &format!("part-{n:05}"), manifest.dtype, options).unwrap();
        for (i, ids) in documents.iter().enumerate() {
            part.push(&doc(ids, (n * 10 + i) as u128, &format!("crawl-{i}.warc.gz"))).unwrap();
        }
        manifest.push_part(part.finish().unwrap());
    }
    let shards = Shards::with_manifest(dir, manifest.clone()).unwrap();
    let options = PackOptions { seq_len: 4, method: Method::BestFit, seed: 7, window: 100 };
    manifest.push_pack(pack::write(dir, &shards, &options).unwrap());
    manifest.save(dir).unwrap();
    manifest
}

#[test]
fn what_was_written_is_read() {
    for vocab_size in [65_536, 65_537] {
        let dir = tempfile::tempdir().unwrap();
        let manifest = small_set(dir.path(), vocab_size, 65_535);
        let shards = Shards::open(dir.path()).unwrap();
        assert_eq!(shards.manifest(), &manifest);
        assert_eq!((shards.documents(), shards.tokens()), (5, 17));
        assert_eq!(shards.document(0).unwrap().to_vec(), [1, 2, 65_535]);
        assert!(shards.document(1).unwrap().is_empty());
        assert_eq!(shards.document(2).unwrap().to_vec(), [9; 9]);
        assert_eq!(shards.document(4).unwrap().to_vec(), [8]);
        assert_eq!(shards.lengths().collect::<Vec<_>>(), [3, 0, 9, 4, 1]);
        let info = shards.document_info(3).unwrap();
        assert_eq!((info.key, info.source, info.source_offset), (10, "crawl-0.warc.gz", 10));
        assert_eq!((info.bytes, info.flags, info.tokens), (12, 2, 4));
        assert_eq!(shards.key(2).unwrap(), 2);
        assert!(matches!(shards.document(5), Err(ShardError::NoDocument { index: 5, count: 5 })));
        manifest.verify(dir.path(), false).unwrap();
    }
}

#[test]
fn the_payload_is_a_bare_array() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path(), 300, 258);
    let bytes = fs::read(dir.path().join("part-00000.tokens")).unwrap();
    assert_eq!(bytes[..6], [1, 0, 2, 0, 2, 1]);
    assert_eq!(bytes.len(), 24);
}

#[test]
fn writing_twice_gives_the_same_bytes() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let manifest = small_set(first.path(), 100, 9);
    small_set(second.path(), 100, 9);
    for name in manifest.files().map(|file| file.name.as_str()).chain([MANIFEST_FILE]) {
        let read = |dir: &Path| fs::read(dir.join(name)).unwrap();
        assert_eq!(read(first.path()), read(second.path()), "{name}");
    }
}

#[test]
fn rows_come_from_the_pack_list_of_their_length() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path(), 100, 9);
    let shards = Shards::open(dir.path()).unwrap();
    let packs = shards.packs(4).unwrap();
    let mut rows: Vec<Vec<u64>> = (0..packs.len()).map(|i| packs.row(i).unwrap().iter().map(|span| span.document).collect()).collect();
    rows.sort();
    assert_eq!(rows, [vec![0, 2], vec![2], vec![2], vec![3], vec![4]]);
    assert!(matches!(packs.row(packs.len()), Err(ShardError::NoRow { .. })));
    assert!(matches!(shards.packs(8), Err(ShardError::NoPacks { seq_len: 8, .. })));
}

#[test]
fn a_part_of_no_documents_and_a_set_of_no_parts_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifest = Manifest::new(10, tokenizer(), BTreeMap::new(), 0);
    manifest.save(dir.path()).unwrap();
    assert_eq!(Shards::open(dir.path()).unwrap().documents(), 0);
    let options = PartOptions { vocab_size: 10, mask: true };
    let part = PartWriter::create(dir.path(), "part-00000", Dtype::U16, options).unwrap();
    manifest.push_part(part.finish().unwrap());
    let options = PackOptions { seq_len: 4, method: Method::Concat, seed: 0, window: 1 };
    manifest.push_pack(pack::write(dir.path(), [].as_slice(), &options).unwrap());
    manifest.save(dir.path()).unwrap();
    manifest.verify(dir.path(), false).unwrap();
    let shards = Shards::open(dir.path()).unwrap();
    assert_eq!(shards.documents(), 0);
    assert!(shards.packs(4).unwrap().is_empty());
    assert!(shards.document(0).is_err());
}

#[test]
fn rows_beyond_one_record_batch_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let count = table::BATCH_ROWS as u64 * 2 + 5;
    let options = PartOptions { vocab_size: 1000, mask: false };
    let mut part = PartWriter::create(dir.path(), "part-00000", Dtype::U16, options).unwrap();
    for i in 0..count {
        // The second record batch brings sources that the first did not have.
        part.push(&doc(&[i as u32 % 1000], u128::from(i), &format!("file-{}", i / 10_000))).unwrap();
    }
    let mut manifest = Manifest::new(1000, tokenizer(), BTreeMap::new(), 0);
    manifest.push_part(part.finish().unwrap());
    let options = PackOptions { seq_len: 2, method: Method::OnePerRow, seed: 3, window: 1 };
    manifest.push_pack(pack::write(dir.path(), vec![1; count as usize].as_slice(), &options).unwrap());
    manifest.save(dir.path()).unwrap();
    let shards = Shards::open(dir.path()).unwrap();
    for i in [0, 16_383, 16_384, 20_000, count - 1] {
        assert_eq!(shards.document(i).unwrap().to_vec(), [i as u32 % 1000]);
        let info = shards.document_info(i).unwrap();
        assert_eq!((info.key, info.source), (u128::from(i), &*format!("file-{}", i / 10_000)));
    }
    let packs = shards.packs(2).unwrap();
    let mut documents: Vec<u64> = (0..packs.len()).map(|i| packs.row(i).unwrap()[0].document).collect();
    assert_ne!(documents[..3], [0, 1, 2]);
    documents.sort_unstable();
    assert!(documents.into_iter().eq(0..count));
}

#[test]
fn masks_lie_beside_their_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let options = PartOptions { vocab_size: 10, mask: true };
    let mut part = PartWriter::create(dir.path(), "part-00000", Dtype::U16, options).unwrap();
    let bits = [mask::LOSS, mask::LOSS | mask::WORD_START];
    part.push(&DocTokens { mask: Some(&bits[..1]), ..doc(&[3], 0, "a") }).unwrap();
    part.push(&DocTokens { mask: Some(&bits), ..doc(&[1, 2], 1, "a") }).unwrap();
    let short = part.push(&DocTokens { mask: Some(&bits), ..doc(&[1], 2, "a") });
    assert!(matches!(short, Err(ShardError::MaskMismatch { tokens: 1, mask: 2, .. })));
    assert!(matches!(part.push(&doc(&[1], 2, "a")), Err(ShardError::MaskMismatch { mask: 0, .. })));
    let mut manifest = Manifest::new(10, tokenizer(), BTreeMap::new(), 0);
    manifest.push_part(part.finish().unwrap());
    manifest.save(dir.path()).unwrap();
    let shards = Shards::open(dir.path()).unwrap();
    assert_eq!(shards.mask(1).unwrap(), Some(&bits[..]));
}

#[test]
fn ids_and_vocabularies_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = |vocab_size| PartOptions { vocab_size, mask: false };
    let refused = PartWriter::create(dir.path(), "a", Dtype::U16, options(65_537));
    assert!(matches!(refused, Err(ShardError::VocabularyTooLarge { vocab_size: 65_537, .. })));
    let mut part = PartWriter::create(dir.path(), "a", Dtype::U16, options(65_536)).unwrap();
    part.push(&doc(&[65_535], 0, "a")).unwrap();
    let refused = part.push(&doc(&[1, 65_536], 0, "a"));
    assert!(matches!(refused, Err(ShardError::TokenOutOfVocabulary { document: 1, id: 65_536, .. })));
}

#[test]
fn torn_and_flipped_files_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = small_set(dir.path(), 100, 9);
    for entry in manifest.files() {
        let path = dir.path().join(&entry.name);
        let whole = fs::read(&path).unwrap();
        let damage = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let opened = Shards::open(dir.path()).and_then(|shards| shards.packs(4).map(drop)).is_err();
            (opened, manifest.verify(dir.path(), true).is_err(), manifest.verify(dir.path(), false).is_err())
        };
        let torn = damage(&whole[..whole.len() - 1]);
        assert_eq!(torn, (true, true, true), "{} without its last byte", entry.name);
        for at in (0..whole.len()).step_by(41) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            let sidecar = entry.name.ends_with(".arrow");
            assert_eq!(damage(&flipped), (sidecar, sidecar, true), "{} flipped at byte {at}", entry.name);
        }
        fs::write(&path, whole).unwrap();
    }
    manifest.verify(dir.path(), false).unwrap();
}

#[test]
fn an_id_beyond_the_vocabulary_is_found_even_with_a_right_hash() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifest = small_set(dir.path(), 100, 99);
    manifest.vocab_size = 99;
    let faults = manifest.verify(dir.path(), false).unwrap_err();
    assert!(faults[0].to_string().contains("token 99, beyond the vocabulary of 99"), "{}", faults[0]);
}

#[test]
fn a_manifest_that_does_not_add_up_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifest = small_set(dir.path(), 100, 9);
    manifest.tokens += 1;
    manifest.save(dir.path()).unwrap();
    let error = Shards::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("it says 18 tokens, its parts have Some(17)"), "{error}");
    let json = manifest.to_json().unwrap().replace("\"version\": 2", "\"version\": 3");
    fs::write(dir.path().join(MANIFEST_FILE), json).unwrap();
    let error = Shards::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("version 3, this build reads"), "{error}");
    fs::remove_file(dir.path().join(MANIFEST_FILE)).unwrap();
    assert!(matches!(Shards::open(dir.path()), Err(ShardError::Io { .. })));
}

#[test]
fn a_document_too_long_for_the_indices_is_found_in_a_set_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = (1 << 31) + 1;
    let mut docs = docs::DocsWriter::create(dir.path(), "part-00000.docs.arrow".into()).unwrap();
    docs.push(&docs::Row { end: tokens, key: 1, source: "a", source_offset: 0, url: None, place: Place::default(), bytes: 7, flags: 0 }).unwrap();
    // A payload of four gigabytes that takes no place on the disk.
    let payload = fs::File::create(dir.path().join("part-00000.tokens")).unwrap();
    payload.set_len(2 * tokens).unwrap();
    let mut manifest = Manifest::new(10, tokenizer(), BTreeMap::new(), 0);
    let payload = FileEntry { name: "part-00000.tokens".into(), bytes: 2 * tokens, xxh3: Digest(0) };
    manifest.push_part(PartStats {
        name: "part-00000".into(),
        documents: 1,
        tokens,
        text_bytes: 7,
        payload,
        docs: docs.finish().unwrap(),
        mask: None,
        pairs: 0,
    });
    let faults = manifest.verify(dir.path(), true).unwrap_err();
    assert!(faults[0].to_string().contains("document 0 has 2147483649 tokens, the limit is 2^31 - 1"), "{}", faults[0]);
}

#[test]
fn rows_that_do_not_fit_their_documents_are_found_even_with_a_right_hash() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifest = write_set(dir.path(), &[5, 3, 9], false, &[]);
    let mut fault = |lengths: [u32; 3]| {
        let options = PackOptions { seq_len: 4, method: Method::BestFit, seed: 7, window: 100 };
        manifest.push_pack(pack::write(dir.path(), lengths.as_slice(), &options).unwrap());
        manifest.verify(dir.path(), true).unwrap();
        manifest.verify(dir.path(), false).unwrap_err()[0].to_string()
    };
    assert!(fault([5, 3, 10]).contains("a span outside its document: Span { document: 2, start: 8, length: 2 }"));
    assert!(fault([5, 3, 8]).contains("1 tokens of document 2 are in no row"));
}

#[test]
fn a_changed_manifest_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write_set(dir.path(), &[5, 3, 9], true, &[4, 8]);
    let path = dir.path().join(MANIFEST_FILE);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(matches!(Manifest::load(dir.path()), Err(ShardError::NotAManifest { .. })), "byte {at}");
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(Manifest::load(dir.path()).is_err());
}

#[test]
fn sets_are_found_below_a_run() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["shards/en", "shards/zh", "docs"] {
        fs::create_dir_all(dir.path().join(name)).unwrap();
    }
    assert!(sets(dir.path()).is_empty());
    fs::write(dir.path().join(MANIFEST_FILE), "{\"version\":\"0.1.0\"}").unwrap();
    fs::write(dir.path().join("report.json"), "{}").unwrap();
    let paths = ["shards/en", "shards/zh"].map(|name| dir.path().join(name));
    paths.iter().for_each(|path| drop(write_set(path, &[3], false, &[])));
    assert_eq!(sets(dir.path()), paths);
    assert_eq!(sets(&paths[1]), paths[1..]);
    fs::write(paths[0].join(MANIFEST_FILE), "{").unwrap();
    assert_eq!(sets(dir.path()).len(), 2, "a torn manifest is to be reported, not passed over");
}
