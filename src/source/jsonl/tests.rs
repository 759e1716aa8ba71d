use super::*;
use crate::stage::Read;

fn source(bytes: &[u8], range: u64) -> (tempfile::TempDir, JsonLines) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.jsonl");
    std::fs::write(&path, bytes).unwrap();
    (dir, JsonLines { files: vec![path], list: false, rows: Arc::new(Fields::default()), max_line: 1000, range })
}

const MIXED: &[u8] =
    b"\xef\xbb\xbf{\"text\": \"one\"}\r\n\n{\"text\": 5}\nnot json\n{\"text\": \"tw\\u00f6\"}\n[1]\n{\"text\": \"\xff\"}\n{\"html\": \"<p>\"}\n{}\n";
const OUTLINE: [&str; 8] = ["one", "[wrong_type]", "[not_json]", "twö", "[wrong_type]", "[not_utf8]", "<p>", "[missing_field]"];

#[test]
fn every_line_is_a_document_or_a_fault_however_the_file_is_cut() {
    for range in [7, 30, 64, 1 << 20] {
        let (_dir, source) = source(MIXED, range);
        assert_eq!(outline(&source), OUTLINE, "ranges of {range} bytes");
    }
}

#[test]
fn compressed_files_are_one_split_and_can_be_taken_up_anywhere() {
    let zstd = zstd::bulk::compress(MIXED, 3).unwrap();
    let frames: Vec<u8> = MIXED.chunks(20).flat_map(|part| zstd::bulk::compress(part, 3).unwrap()).collect();
    for bytes in [zstd, frames] {
        let (_dir, source) = source(&bytes, 7);
        assert_eq!(source.splits().unwrap().len(), 1);
        assert_eq!(outline(&source), OUTLINE);
    }
}

#[test]
fn empty_files_and_long_lines_are_counted() {
    assert_eq!(outline(&source(b"", 9).1), ["[empty_file]"]);
    let long = format!("{{\"text\": \"{}\"}}\n{{\"text\": \"a\"}}", "x".repeat(2000));
    assert_eq!(outline(&source(long.as_bytes(), 100).1), ["[line_too_long]", "a"]);
}

#[test]
fn a_cut_file_ends_in_a_fault() {
    let zstd = zstd::bulk::compress(MIXED, 3).unwrap();
    let found = outline(&source(&zstd[..zstd.len() - 1], 9).1);
    assert_eq!(found.last().unwrap(), "[truncated_data]");
}

#[test]
fn a_list_is_read_like_lines_and_can_be_taken_up_anywhere() {
    let list = "\u{feff}[{\"text\": \"o]ne\"}, 5,\n {\"text\": \"tw\\u00f6\", \"n\": [1, {}]},{\"text\": 5} {bad}, \n{\"html\": \"<p>\"}]\n";
    let wanted = ["o]ne", "[wrong_type]", "twö", "[wrong_type]", "[not_json]", "<p>"];
    let frames: Vec<u8> = list.as_bytes().chunks(20).flat_map(|part| zstd::bulk::compress(part, 3).unwrap()).collect();
    for bytes in [list.as_bytes().to_vec(), zstd::bulk::compress(list.as_bytes(), 3).unwrap(), frames] {
        let (_dir, mut source) = source(&bytes, 7);
        source.list = true;
        assert_eq!(source.splits().unwrap().len(), 1);
        assert_eq!(outline(&source), wanted);
    }
    for (text, wanted) in [
        ("[]", vec!["[empty_file]"]),
        ("[{\"text\": \"a\"}", vec!["a", "[truncated_data]"]),
        ("[{\"text\": \"a\"}, {\"text\": ", vec!["a", "[truncated_data]"]),
        ("[{\"text\": \"a\"}]\n{\"text\": \"b\"}", vec!["a", "[not_json]"]),
    ] {
        let (_dir, mut source) = source(text.as_bytes(), 7);
        source.list = true;
        assert_eq!(outline(&source), wanted, "{text}");
    }
    let (_dir, mut source) = source(b" [ {\"text\": \"a\"} ,  {\"text\": \"b\"}]", 7);
    source.list = true;
    let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
    let places: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).map(|read| if let Read::Doc(doc) = read { doc.origin.offset } else { 99 }).collect();
    assert_eq!(places, [3, 20]);
}

#[test]
fn keys_that_are_no_field_survive() {
    let (_dir, source) = source(b"{\"text\": \"a\", \"n\": {\"x\": 1.5}, \"url\": \"http://a.example/\"}", 99);
    let Some(Read::Doc(doc)) = source.open(&source.splits().unwrap()[0], None).unwrap().next().unwrap() else { panic!("no document") };
    assert_eq!((doc.url.as_deref(), serde_json::to_string(&doc.extra).unwrap().as_str()), (Some("http://a.example/"), r#"{"n":{"x":1.5}}"#));
}

#[test]
fn numbers_survive_to_the_last_bit() {
    // Each of them would be its neighbour if it were read fast.
    let numbers = "[0.9385958677423489,1.2088995980580641,3.9489800985829957]";
    let (_dir, source) = source(format!("{{\"text\": \"a\", \"n\": {numbers}}}").as_bytes(), 99);
    let Some(Read::Doc(doc)) = source.open(&source.splits().unwrap()[0], None).unwrap().next().unwrap() else { panic!("no document") };
    assert_eq!(serde_json::to_string(&doc.extra).unwrap(), format!("{{\"n\":{numbers}}}"));
}
