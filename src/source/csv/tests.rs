use std::io::Write;

use super::super::archive::tests::tar;
use super::super::jsonl::outline;
use super::*;
use crate::stage::Read;

fn built(path: &Path, keys: &str) -> std::result::Result<Box<dyn Source>, Complaint> {
    let recipe: Csv = toml::from_str(&format!("path = {:?}\n{keys}", path.display().to_string())).unwrap();
    let (mut tags, mut files) = (crate::doc::TagTable::default(), BTreeSet::new());
    let mut shop = Shop { stage: Csv::NAME, seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
    match recipe.build(&mut shop) {
        Ok(Built::Source(source)) => Ok(source),
        Ok(_) => panic!("no source"),
        Err(mut complaints) => Err(complaints.remove(0)),
    }
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Everything that a source gives, each fault with what it says.
fn all(source: &dyn Source) -> Vec<String> {
    let mut found = Vec::new();
    for split in source.splits().unwrap() {
        let mut reader = source.open(&split, None).unwrap();
        while let Some(read) = reader.next().unwrap() {
            found.push(match read {
                Read::Doc(doc) => format!("{}@{}", doc.text(), doc.origin.offset),
                Read::Fault(fault) => format!("[{}: {}]", fault.reason, fault.detail),
                Read::Skip(kind) => format!("<{kind}>"),
            });
        }
    }
    found
}

const MIXED: &[u8] =
    b"\xef\xbb\xbfid,\"text\",n\r\n1,one,x\r\n\r\n2,\"t \"\"w\"\"\r\no, and a comma\",y\r\n3,three\r\n4,\xff,z\r\n5,,z\r\n6,\"last\nof all\",\"\"";

#[test]
fn rows_are_documents_or_faults_with_their_lines() {
    let (_dir, path) = file("x.csv", MIXED);
    let source = built(&path, "").unwrap();
    let wanted = [
        "one@16",
        "t \"w\"\r\no, and a comma@27",
        "[ragged_row: line 6: 2 fields, where the header has 3]",
        "[not_utf8: line 7: byte 0 of column `text`]",
        "[missing_field: line 8: neither `html` nor `text` holds a text: the row has `id`, `text`, `n`]",
        "last\nof all@80",
    ];
    assert_eq!(all(source.as_ref()), wanted);
    let Some(Read::Doc(doc)) = source.open(&source.splits().unwrap()[0], None).unwrap().next().unwrap() else { panic!("no document") };
    assert_eq!((doc.name().as_ref(), serde_json::to_string(&doc.extra).unwrap().as_str()), ("1", r#"{"n":"x"}"#));
}

#[test]
fn reading_is_taken_up_at_any_row_and_tells_the_same_lines() {
    let pieces: Vec<u8> = MIXED.chunks(11).flat_map(gzip).collect();
    let long: Vec<u8> = [MIXED.to_vec(), b"\n".to_vec(), b"7,\"many\n\n\nlines\",z\n8,short\n".repeat(20_000)].concat();
    for (name, bytes) in [("x.csv", MIXED.to_vec()), ("x.csv.gz", gzip(MIXED)), ("x.csv.gz", pieces), ("x.csv.zst", zstd::bulk::compress(MIXED, 3).unwrap())] {
        let (_dir, path) = file(name, &bytes);
        assert_eq!(outline(built(&path, "").unwrap().as_ref()).len(), 6, "{name}");
    }
    for bytes in [long.clone(), long.chunks(70_000).flat_map(gzip).collect()] {
        let (_dir, path) = file("x.csv", &bytes);
        let source = built(&path, "").unwrap();
        let split = &source.splits().unwrap()[0];
        let mut reader = source.open(split, None).unwrap();
        let (mut items, mut places) = (Vec::new(), Vec::new());
        let told = |read: Read| if let Read::Fault(fault) = read { fault.detail } else { String::new() };
        while let Some(read) = reader.next().unwrap() {
            items.push(told(read));
            places.push(reader.position());
        }
        assert!(items.len() == 40_006 && items.last().unwrap().starts_with("line 100010: 2 fields"), "{:?}", items.last());
        for after in [5, 6, 17_001, 39_999, 40_004] {
            let mut reader = source.open(split, Some(places[after])).unwrap();
            let rest: Vec<String> = std::iter::from_fn(|| reader.next().unwrap()).map(told).collect();
            assert!(rest == items[after + 1..], "after {after}: {} and {}", rest.len(), items.len() - after - 1);
        }
    }
}

#[test]
fn marks_are_told_by_name_or_key() {
    let one = |name: &str, bytes: &[u8], keys: &str| {
        let (_dir, path) = file(name, bytes);
        outline(built(&path, keys).unwrap().as_ref())
    };
    assert_eq!(one("x.tsv.gz", &gzip(b"text\tb\na, \"b\t1\n"), "quote = \"\""), ["a, \"b"]);
    assert_eq!(one("x.TAB", b"text\tb\n\"a\tc\"\t1\n", ""), ["a\tc"]);
    assert_eq!(one("x.txt", b"b;text\n1;'a;c'\n", "delimiter = \";\"\nquote = \"'\""), ["a;c"]);
    assert_eq!(one("x.csv", b"text\rone\rtwo", ""), ["one", "two"]);
    let (_dir, path) = file("x.csv", b",text,a,a,\n0,one,1,2,\n");
    let source = built(&path, "").unwrap();
    let Some(Read::Doc(doc)) = source.open(&source.splits().unwrap()[0], None).unwrap().next().unwrap() else { panic!("no document") };
    assert_eq!(serde_json::to_string(&doc.extra).unwrap(), r#"{"Unnamed: 0":"0","a":"1","a.1":"2","Unnamed: 4":null}"#);
}

#[test]
fn what_ends_a_file_is_counted() {
    for (bytes, wanted) in [
        (&b""[..], vec!["[empty_file: line 1: nothing to read]"]),
        (b"\xef\xbb\xbf\n\n", vec!["[empty_file: line 3: nothing to read]"]),
        (b"text\n", vec!["[empty_file: line 2: nothing to read]"]),
        (b"text\na\n\"b\nc\n", vec!["a@5", "[unclosed_quote: line 3: a quote that opens in this row is not closed until the end of the file]"]),
        (b"text\n\"0123456789\n0123456789\n0123456789\n0123456789\"\nb\n", vec!["[line_too_long: line 2: a row of 46 bytes]", "b@51"]),
    ] {
        let (_dir, path) = file("x.csv", bytes);
        let source = built(&path, "max_line = \"40 B\"").unwrap();
        assert_eq!(all(source.as_ref()), wanted);
        outline(source.as_ref());
    }
    let packed = zstd::bulk::compress(&[b"text\n".to_vec(), b"word\n".repeat(200)].concat(), 3).unwrap();
    let (_dir, path) = file("x.csv.zst", &packed[..packed.len() - 1]);
    assert_eq!(outline(built(&path, "").unwrap().as_ref()).last().unwrap(), "[truncated_data]");
}

#[test]
fn archives_stand_for_their_members() {
    let archive = tar(&[
        ("a.csv", b'0', b"text,n\none,1\nx\n"),
        ("readme.md", b'0', b"#"),
        ("b/c.tsv.gz", b'0', &gzip(b"n\ttext\n2\ttwo\n")),
        ("torn.csv.gz", b'0', &gzip(b"text\nlost\n")[..12]),
        ("d.csv", b'0', b"body\nthree\n"),
    ]);
    let (_dir, path) = file("x.tar.zst", &zstd::bulk::compress(&archive, 1).unwrap());
    let source = built(&path, "").unwrap();
    assert_eq!(outline(source.as_ref()), ["one", "[ragged_row]", "<other_member>", "two", "[truncated_data]", "[missing_field]"]);
    assert!(all(source.as_ref())[1].contains("a.csv: line 3: 1 fields"), "{:?}", all(source.as_ref()));
}

#[test]
fn a_header_that_does_not_fit_is_complained_of() {
    let said = |bytes: &[u8], keys: &str| {
        let (_dir, path) = file("x.csv", bytes);
        let complaint = built(&path, keys).err().unwrap();
        format!("{}: {}: {}", complaint.key, complaint.message, complaint.help)
    };
    assert!(said(b"a;text\n", "").ends_with("the file has a;text; where another mark stands between columns, name it, as `delimiter = \";\"`"));
    assert!(said(b"a,text\n", "fields = { url = \"link\" }").contains("has no column `link`: the file has a, text"));
    assert!(said(b"text\n", "delimiter = \"ab\"").starts_with("delimiter: `ab` is not one ASCII character"));
    assert!(said(b"text\n", "quote = \"\\n\"").starts_with("quote: "));
}

/// Numbers that look random and are the same each time.
struct Lots(u64);

impl Lots {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn whatever_is_written_is_read_and_damage_is_survived() {
    let mut lots = Lots(1);
    for round in 0..60 {
        let mut field = || (0..lots.below(9)).map(|_| ['a', ',', '"', '\n', '\r', '文', ' '][lots.below(7)]).collect::<String>();
        let rows: Vec<[String; 2]> = (0..20).map(|_| [format!("x{}", field()), field()]).collect();
        let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let lines: String = rows.iter().map(|[text, n]| format!("{},{}\r\n", quoted(n), quoted(text))).collect();
        let mut bytes = format!("n,text\r\n{lines}").into_bytes();
        let (_dir, path) = file("x.csv", &bytes);
        let source = built(&path, "").unwrap();
        assert_eq!(outline(source.as_ref()), rows.iter().map(|[text, _]| text.clone()).collect::<Vec<_>>());
        let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
        for [_, n] in &rows {
            let Some(Read::Doc(doc)) = reader.next().unwrap() else { panic!("no document") };
            assert_eq!(doc.extra["n"].as_str().unwrap_or_default(), n);
        }
        for _ in 0..3 {
            let at = lots.below(bytes.len());
            bytes[at] = [b'"', b',', b'\n', 0xff, 0][lots.below(5)];
        }
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let (_dir, path) = file(if round % 2 == 0 { "x.csv" } else { "x.tsv" }, &bytes);
            // What became of the header may not fit.
            if let Ok(source) = built(&path, "") {
                assert!(!outline(source.as_ref()).is_empty());
            }
        }
    }
}
