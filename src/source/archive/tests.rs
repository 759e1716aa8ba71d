use std::fs;

use super::super::fields::Fields;
use super::super::jsonl::outline;
use super::super::row_files::RowFiles;
use super::header::tests::header;
use super::*;
use crate::stage::{OneOrMany, Source};

/// Members of a tar archive, by name, kind and content, with the blocks that end it.
pub fn tar(members: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, content) in members {
        bytes.extend(header(name, content.len(), *kind));
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    }
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

fn source(path: &Path) -> RowFiles {
    let entries = OneOrMany(vec![path.to_str().unwrap().to_owned()]);
    RowFiles::without_tables(&entries, Arc::new(Fields::default()), 1000).unwrap_or_else(|_| panic!("the file is there"))
}

fn row(text: &str) -> String {
    format!("{{\"text\": \"{text}\"}}\n")
}

/// Every form of member: plain, compressed, a list, empty, of another form, hidden, with names of either long form.
fn mixed() -> Vec<u8> {
    let long = "n".repeat(120);
    let (lines, list) = (row("a1") + &row("a2") + "bad\n" + &row("a3"), format!("[{}, {}]", row("c1"), row("c2")));
    let pax = format!("135 path={long}.json\n");
    tar(&[
        ("d/", b'5', b""),
        ("d/a.jsonl", b'0', lines.as_bytes()),
        ("d/README.md", b'0', b"# what it is"),
        ("d/._a.jsonl", b'0', b"\0\x05"),
        ("b.jsonl.gz", b'0', &gzip((row("b1") + &row("b2")).as_bytes())),
        ("sparse", b'S', b"xx"),
        ("././@PaxHeader", b'x', pax.as_bytes()),
        ("short", b'0', list.as_bytes()),
        ("empty.json", b'0', b""),
        ("././@LongLink", b'L', format!("{long}/e.ndjson\0").as_bytes()),
        ("short", b'0', row("e1").as_bytes()),
        ("link.json", b'2', b""),
    ])
}
const OUTLINE: [&str; 13] =
    ["a1", "a2", "[not_json]", "a3", "<other_member>", "<other_member>", "b1", "b2", "<sparse_member>", "c1", "c2", "[empty_file]", "e1"];

#[test]
fn members_are_read_in_order_and_can_be_taken_up_anywhere_however_the_archive_is_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let frames: Vec<u8> = mixed().chunks(700).flat_map(zstd).collect();
    for bytes in [mixed(), gzip(&mixed()), zstd(&mixed()), frames] {
        fs::write(&path, bytes).unwrap();
        assert!(is_archive(&path).unwrap());
        assert_eq!(outline(&source(&path)), OUTLINE);
    }
}

#[test]
fn documents_know_their_member() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    fs::write(&path, mixed()).unwrap();
    let source = source(&path);
    let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
    let mut found = Vec::new();
    while let Some(read) = reader.next().unwrap() {
        match read {
            Read::Doc(doc) => found.push((doc.origin.member.unwrap(), doc.origin.offset)),
            Read::Fault(fault) => found.push((fault.detail, fault.offset)),
            Read::Skip(_) => {}
        }
    }
    let long = "n".repeat(120);
    assert_eq!(found[1], ("d/a.jsonl".into(), 15));
    assert!(found[2].0.starts_with("d/a.jsonl: expected") && found[2].1 == 30, "{:?}", found[2]);
    assert_eq!(found[6..8], [(format!("{long}.json"), 1), (format!("{long}.json"), 18)]);
    assert_eq!(found[9].0, format!("{long}/e.ndjson"));
}

#[test]
fn damage_is_counted_once_and_what_stands_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let whole = tar(&[("a.jsonl", b'0', row("a").as_bytes()), ("b.jsonl", b'0', row("b").repeat(100).as_bytes())]);
    let said = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        outline(&source(&path))
    };
    let mut cut = vec!["a"; 1];
    // The file ends inside the last header, inside a line, behind a member without the blocks of zeros.
    assert_eq!(said(&whole[..1024 + 100]), ["a", "[truncated_data]"]);
    cut.extend(["b"; 9]);
    cut.push("[truncated_data]");
    assert_eq!(said(&whole[..1024 + 512 + 130]), cut);
    assert_eq!(said(&whole[..whole.len() - 2 * BLOCK]).len(), 101);
    let mut torn = whole.clone();
    torn[1024 + 5] ^= 1;
    assert_eq!(said(&torn), ["a", "[corrupt_data]"]);
    for compressed in [gzip(&whole), zstd(&whole)] {
        let found = said(&compressed[..compressed.len() - 20]);
        assert_eq!(found.last().unwrap(), "[truncated_data]", "{found:?}");
        assert_eq!(found.iter().filter(|read| read.starts_with('[')).count(), 1);
    }
    // A damaged member ends itself alone.
    let clipped = gzip(row("b").as_bytes());
    let inside = tar(&[("b.jsonl.gz", b'0', &clipped[..clipped.len() - 3]), ("c.jsonl", b'0', row("c").as_bytes())]);
    assert_eq!(said(&inside), ["b", "[truncated_data]", "c"]);
    assert_eq!(said(&tar(&[("a.txt", b'0', b"x")])), ["<other_member>", "[empty_file]"]);
}
