//! The bytes of every format, written out by hand from its layout.

use std::collections::BTreeMap;
use std::io::Read;

use super::*;
use crate::shard::pack::{self, Method, PackOptions};
use crate::shard::{Digest, DocTokens, Manifest, PartOptions, PartWriter, Place, TokenizerEntry};

/// One part: documents 1 2 3, nothing, 258 and the last id of the vocabulary.
fn set(dir: &Path, vocab_size: u32, masks: Option<[&[u8]; 3]>) -> Shards {
    let tokenizer = TokenizerEntry { name: "gpt2".into(), xxh3: Digest(5) };
    let mut manifest = Manifest::new(vocab_size, tokenizer, BTreeMap::new(), 7);
    let mut part = PartWriter::create(dir, "part-00000", manifest.dtype, PartOptions { vocab_size, mask: masks.is_some() }).unwrap();
    for (n, ids) in [&[1, 2, 3][..], &[], &[258, vocab_size - 1]].into_iter().enumerate() {
        let url = (n == 2).then_some("http://a.example/?x=1,2");
        let mask = masks.map(|masks| masks[n]);
        part.push(&DocTokens { ids, key: n as u128 + 1, source: "a.gz", source_offset: 9, url, place: Place::default(), bytes: 4, flags: 0, mask }).unwrap();
    }
    manifest.push_part(part.finish().unwrap());
    let shards = Shards::with_manifest(dir, manifest.clone()).unwrap();
    let options = PackOptions { seq_len: 6, method: Method::Concat, seed: 1, window: 1 };
    manifest.push_pack(pack::write(dir, &shards, &options).unwrap());
    manifest.save(dir).unwrap();
    Shards::open(dir).unwrap()
}

struct Case {
    _dirs: (tempfile::TempDir, tempfile::TempDir),
    shards: Shards,
    out: PathBuf,
}

fn case(vocab_size: u32, masks: Option<[&[u8]; 3]>) -> Case {
    let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Case { shards: set(dirs.0.path(), vocab_size, masks), out: dirs.1.path().to_owned(), _dirs: dirs }
}

impl Case {
    fn export(&self, format: &str, rows: Option<u32>) -> Exported {
        write(&self.shards, &self.out, format.parse().unwrap(), rows).unwrap()
    }

    fn refused(&self, format: &str, rows: Option<u32>) -> String {
        write(&self.shards, &self.out, format.parse().unwrap(), rows).unwrap_err().to_string()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.out.join(name)).unwrap()
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }
}

const NARROW: [u8; 10] = [1, 0, 2, 0, 3, 0, 2, 1, 0xff, 0xff];
const WIDE: [u8; 20] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 1, 0];
const LEARNED: [&[u8]; 3] = [&[0, 1, 3], &[], &[1, 4]];

#[test]
fn megatron() {
    for (vocab_size, code, width, payload) in [(65_536, 8u8, 2u8, &NARROW[..]), (65_537, 4, 4, &WIDE[..])] {
        let case = case(vocab_size, None);
        let done = case.export("megatron", None);
        assert_eq!(
            (done.files.as_slice(), done.linked, done.records, done.tokens, done.empty),
            (["part-00000.bin", "part-00000.idx"].map(String::from).as_slice(), 1, 2, 5, 1)
        );
        assert_eq!(case.read("part-00000.bin"), payload);
        let mut index = b"MMIDIDX\0\0\x01\0\0\0\0\0\0\0".to_vec();
        index.push(code);
        index.extend([2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        index.extend([3, 0, 0, 0, 2, 0, 0, 0]);
        index.extend([0, 0, 0, 0, 0, 0, 0, 0, 3 * width, 0, 0, 0, 0, 0, 0, 0]);
        index.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(case.read("part-00000.idx"), index);
        assert_eq!(index.len(), 42 + 20 * 2);
    }
}

/// Two documents of special tokens 101 and 102 around sentences, the second of one alone; between them one of special tokens alone.
#[test]
fn megatron_by_sentences() {
    let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let special = BTreeMap::from([("cls".to_owned(), 101), ("sep".to_owned(), 102), ("unk".to_owned(), 100)]);
    let mut manifest = Manifest::new(300, TokenizerEntry { name: "bert".into(), xxh3: Digest(5) }, special, 7);
    let mut part = PartWriter::create(dirs.0.path(), "part-00000", manifest.dtype, PartOptions { vocab_size: 300, mask: true }).unwrap();
    let (on, starts) = (mask::LOSS, mask::LOSS | mask::SENTENCE_START);
    // The first token that is no special one begins the first sentence, whether it says so or not.
    let documents: [(&[u32], &[u8]); 4] =
        [(&[101, 100, 8, 9, 200, 102], &[on, starts, on, starts, on, on]), (&[101, 102], &[starts, on]), (&[], &[]), (&[101, 7, 102], &[starts, on, on])];
    for (n, (ids, mask)) in (1..).zip(documents) {
        let place = Place::default();
        part.push(&DocTokens { ids, key: n, source: "a", source_offset: 0, url: None, place, bytes: 4, flags: 0, mask: Some(mask) }).unwrap();
    }
    manifest.push_part(part.finish().unwrap());
    manifest.save(dirs.0.path()).unwrap();
    let shards = Shards::open(dirs.0.path()).unwrap();
    let done = write(&shards, dirs.1.path(), Format::MegatronSentences, None).unwrap();
    assert_eq!((done.linked, done.records, done.tokens, done.empty), (1, 2, 5, 2));
    let mut index = b"MMIDIDX\0\0\x01\0\0\0\0\0\0\0\x08".to_vec();
    index.extend([3u64, 3].map(u64::to_le_bytes).as_flattened());
    index.extend([2i32, 2, 1].map(i32::to_le_bytes).as_flattened());
    index.extend([2i64, 6, 18, 0, 2, 3].map(i64::to_le_bytes).as_flattened());
    assert_eq!(fs::read(dirs.1.path().join("part-00000.idx")).unwrap(), index);
    assert_eq!(fs::read(dirs.1.path().join("part-00000.bin")).unwrap(), fs::read(dirs.0.path().join("part-00000.tokens")).unwrap());
    let unmarked = case(300, Some([&[1, 1, 5], &[], &[1, 5]]));
    assert!(unmarked.refused("megatron-sentences", None).contains("it does not say where sentences begin: tokenize with `marks = true`"));
    assert!(case(300, None).refused("megatron-sentences", None).contains("where sentences begin"));
}

#[cfg(unix)]
#[test]
fn the_payload_is_not_written_twice() {
    use std::os::unix::fs::MetadataExt;
    let case = case(65_536, None);
    case.export("nanogpt", None);
    let inode = |path: PathBuf| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(case.out.join("train.bin")), inode(case.shards.dir().join("part-00000.tokens")));
}

#[test]
fn datatrove() {
    let case = case(65_536, Some(LEARNED));
    case.export("datatrove", None);
    assert_eq!(case.read("part-00000.ds"), NARROW);
    assert_eq!(case.read("part-00000.ds.index"), [3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(case.read("part-00000.ds.metadata"), b"gpt2|2\n5\n5 tokens");
    assert_eq!(case.read("part-00000.ds.loss"), [0, 1, 1, 1, 0]);
}

#[test]
fn olmo() {
    let case = case(65_537, Some(LEARNED));
    case.export("olmo", None);
    assert_eq!(case.read("part-00000.npy"), WIDE);
    assert_eq!(case.read("part-00000.mask.npy"), [0, 1, 1, 1, 0]);
    let mut table = String::new();
    flate2::read::GzDecoder::new(case.read("part-00000.csv.gz").as_slice()).read_to_string(&mut table).unwrap();
    assert_eq!(table, "0,3,00000000000000000000000000000001,a.gz,9\n3,5,00000000000000000000000000000003,\"http://a.example/?x=1,2\",9\n");
}

#[test]
fn nanogpt_and_llmc() {
    let narrow = case(65_536, None);
    narrow.export("nanogpt", None);
    assert_eq!(narrow.read("train.bin"), NARROW);
    assert_eq!(narrow.export("llmc", None).files, ["shards_train_000001.bin"]);
    let file = narrow.read("shards_train_000001.bin");
    assert_eq!((&file[..12], &file[1024..]), ([0x88, 0xd8, 0x34, 0x01, 1, 0, 0, 0, 5, 0, 0, 0].as_slice(), NARROW.as_slice()));
    assert!(file[12..1024].iter().all(|byte| *byte == 0));
    let wide = case(65_537, None);
    wide.export("llmc", None);
    let file = wide.read("shards_train_000001.bin");
    assert_eq!((&file[..12], &file[1024..]), ([0xa1, 0xd9, 0x34, 0x01, 7, 0, 0, 0, 5, 0, 0, 0].as_slice(), WIDE.as_slice()));
    assert!(wide.refused("nanogpt", None).contains("its tokens are u16"));
    // Cut between documents where a file is full.
    let mut out = Out { dir: &narrow.out, done: Exported::default() };
    headers::llmc_in(&narrow.shards, 4, &mut out).unwrap();
    assert_eq!(narrow.read("shards_train_000001.bin")[1024..], NARROW[..6]);
    assert_eq!(narrow.read("shards_train_000002.bin")[8..12], [2, 0, 0, 0]);
}

#[test]
fn litdata() {
    let case = case(65_536, None);
    case.export("litdata", None);
    let mut chunk = vec![2, 0, 0, 0, 16, 0, 0, 0, 22, 0, 0, 0, 26, 0, 0, 0];
    chunk.extend(NARROW);
    assert_eq!(case.read("chunk-0-0.bin"), chunk);
    let index = case.json("index.json");
    assert_eq!(index["chunks"], serde_json::json!([{ "chunk_bytes": 26, "chunk_size": 2, "dim": 5, "filename": "chunk-0-0.bin" }]));
    assert_eq!(index["config"]["data_format"], serde_json::json!(["no_header_numpy:5"]));
}

#[test]
fn mds() {
    let config = |columns: &str, encodings: &str, sizes: &str| {
        format!(
            "{{\"column_encodings\":[{encodings}],\"column_names\":[{columns}],\"column_sizes\":[{sizes}],\"compression\":null,\"format\":\"mds\",\"hashes\":[],\"size_limit\":67108864,\"version\":2}}"
        )
    };
    let plain = case(65_536, None);
    plain.export("mds", None);
    let config_of_documents = config("\"key\",\"tokens\"", "\"str\",\"ndarray:uint16\"", "null,null");
    let head = 16 + config_of_documents.len() as u32;
    let mut shard = [2, head, head + 8 + 32 + 11, head + 51 + 8 + 32 + 9].map(u32::to_le_bytes).concat();
    shard.extend(config_of_documents.as_bytes());
    for (key, tokens) in [("00000000000000000000000000000001", &NARROW[..6]), ("00000000000000000000000000000003", &NARROW[6..])] {
        shard.extend([32, 0, 0, 0, tokens.len() as u8 + 5, 0, 0, 0]);
        shard.extend(key.as_bytes());
        shard.extend([6, tokens.len() as u8 / 2, 0, 0, 0]);
        shard.extend(tokens);
    }
    assert_eq!(plain.read("shard.00000.mds"), shard);
    let index = plain.json("index.json");
    assert_eq!((&index["version"], &index["shards"][0]["samples"], &index["shards"][0]["raw_data"]["bytes"]), (&2.into(), &2.into(), &shard.len().into()));
    let masked = case(65_537, Some(LEARNED));
    masked.export("mds", Some(6));
    let config = config("\"cu_seqlens\",\"loss\",\"tokens\"", "\"ndarray:uint32\",\"ndarray:uint8\",\"ndarray:uint32\"", "null,null,null");
    let shard = masked.read("shard.00000.mds");
    let sample = &shard[12 + config.len()..];
    assert_eq!(&shard[12..12 + config.len()], config.as_bytes());
    let mut wanted = [17u32, 10, 25].map(u32::to_le_bytes).concat();
    wanted.extend([6, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0]);
    wanted.extend([6, 5, 0, 0, 0, 0, 1, 1, 1, 0]);
    wanted.extend([6, 5, 0, 0, 0]);
    wanted.extend(WIDE);
    assert_eq!(sample, wanted);
}

#[test]
fn tables_hold_the_same_rows() {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int8Type, Int32Type};
    let case = case(65_537, Some(LEARNED));
    let lists = |column: &dyn Array| (0..column.len()).map(|row| column.as_list::<i32>().value(row)).collect::<Vec<_>>();
    let numbers = |column: &dyn Array| lists(column).iter().map(|list| list.as_primitive::<Int32Type>().values().to_vec()).collect::<Vec<_>>();
    let check = |batch: &arrow::array::RecordBatch, rows: bool| {
        let ids = numbers(batch.column_by_name("input_ids").unwrap());
        let loss: Vec<i8> =
            lists(batch.column_by_name("loss_mask").unwrap()).iter().flat_map(|list| list.as_primitive::<Int8Type>().values().to_vec()).collect();
        assert_eq!((ids.concat(), loss), (vec![1, 2, 3, 258, 65_536], vec![0, 1, 1, 1, 0]));
        assert_eq!(ids.len(), if rows { 1 } else { 2 });
        match rows {
            true => assert_eq!(numbers(batch.column_by_name("seq_lens").unwrap()), [[3, 2]]),
            false => {
                let urls = batch.column_by_name("url").unwrap().as_string::<i32>();
                assert_eq!((urls.is_null(0), urls.value(1)), (true, "http://a.example/?x=1,2"));
            }
        }
    };
    for rows in [None, Some(6)] {
        assert_eq!(case.export("parquet", rows).records, if rows.is_some() { 1 } else { 2 });
        let file = File::open(case.out.join("data-00000.parquet")).unwrap();
        let batches: Vec<_> = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 100).unwrap().collect();
        assert_eq!(batches.len(), 1);
        check(batches[0].as_ref().unwrap(), rows.is_some());
        case.export("arrow", rows);
        let file = File::open(case.out.join("data-00000.arrow")).unwrap();
        let batches: Vec<_> = arrow::ipc::reader::StreamReader::try_new(file, None).unwrap().collect();
        check(batches[0].as_ref().unwrap(), rows.is_some());
        assert_eq!(case.json("state.json")["_data_files"], serde_json::json!([{ "filename": "data-00000.arrow" }]));
    }
}

#[test]
fn parts_follow_one_another() {
    let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    crate::shard::tests::write_set(dirs.0.path(), &[3, 0, 5, 2, 4], false, &[]);
    let shards = Shards::open(dirs.0.path()).unwrap();
    let read = |name: &str| fs::read(dirs.1.path().join(name)).unwrap();
    let all: Vec<u8> = (0..5).flat_map(|at| shards.document(at).unwrap().as_bytes().to_vec()).collect();
    assert_eq!(write(&shards, dirs.1.path(), Format::Nanogpt, None).unwrap().linked, 0);
    assert_eq!(read("train.bin"), all);
    write(&shards, dirs.1.path(), Format::Llmc, None).unwrap();
    assert_eq!(read("shards_train_000001.bin")[1024..], all);
    write(&shards, dirs.1.path(), Format::Litdata, None).unwrap();
    assert_eq!(read("chunk-0-0.bin")[4 * 6..], all);
    let done = write(&shards, dirs.1.path(), Format::Megatron, None).unwrap();
    assert_eq!((done.linked, done.records, done.empty), (2, 4, 1));
    assert_eq!([read("part-00000.bin"), read("part-00001.bin")].concat(), all);
}

#[test]
fn what_would_be_lost_is_refused() {
    let case = case(65_536, Some(LEARNED));
    for format in ["megatron", "nanogpt", "llmc", "litdata"] {
        assert!(case.refused(format, None).contains("document 0 has tokens that are not to be learned"), "{format}");
    }
    assert!(case.refused("olmo", Some(6)).contains("leave the row length out"));
    assert!(case.refused("mds", Some(7)).contains("no pack list for rows of 7 tokens"));
    assert!("tfrecord".parse::<Format>().unwrap_err().starts_with("one of: megatron, "));
    let learned = self::case(65_536, Some([&[1, 1, 3], &[], &[1, 5]]));
    assert_eq!(learned.export("megatron", None).records, 2, "a mask that leaves nothing out is no loss");
}

#[test]
fn a_set_of_nothing_gives_no_payload() {
    let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let manifest = Manifest::new(10, TokenizerEntry { name: "a".into(), xxh3: Digest(0) }, BTreeMap::new(), 0);
    manifest.save(dirs.0.path()).unwrap();
    let shards = Shards::open(dirs.0.path()).unwrap();
    for (name, format) in Format::ALL {
        assert_eq!(write(&shards, dirs.1.path(), format, None).unwrap().tokens, 0, "{name}");
    }
}
