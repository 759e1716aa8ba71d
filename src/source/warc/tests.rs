//! Small files made by hand, sound and damaged: what each gives, and that reading can be taken up at every item.

use std::io::{Cursor, Write};

use super::{FaultKind, Item, Kind, Record, RecordReader};
use crate::source::archive::tests::tar;
use crate::source::compression::Position;
use crate::stage::{Read, Source};

const MAX: usize = 1 << 20;

fn record(url: &str, block: &str) -> Vec<u8> {
    with_length(url, block, block.len())
}

fn with_length(url: &str, block: &str, length: usize) -> Vec<u8> {
    format!("WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:{url}>\r\nWARC-Target-URI: {url}\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n")
        .into_bytes()
}

fn page(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{text}")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_from(bytes: &[u8], from: Position, max: usize) -> Vec<Item> {
    let reader = RecordReader::new(Box::new(Cursor::new(bytes.to_vec())), from, max).unwrap();
    reader.map(Result::unwrap).collect()
}

/// Reads everything, and checks that reading from each record on gives the same rest.
fn read(bytes: &[u8]) -> Vec<Item> {
    let items = read_from(bytes, Position::default(), MAX);
    for (index, item) in items.iter().enumerate() {
        if let Item::Record(record) = item {
            assert_eq!(read_from(bytes, record.position, MAX), items[index..], "from {:?}", record.position);
        }
    }
    items
}

/// Bodies of records and kinds of faults, in order.
fn outline(items: &[Item]) -> Vec<String> {
    let name = |item: &Item| match item {
        Item::Record(Record { body, .. }) => String::from_utf8_lossy(body).into_owned(),
        Item::Fault(fault) => fault.kind.name().to_string(),
    };
    items.iter().map(name).collect()
}

fn three() -> [Vec<u8>; 3] {
    ["one", "two", "three"].map(|text| record(&format!("http://a.example/{text}"), &page(text)))
}

#[test]
fn records_are_equal_in_every_compression() {
    let parts = three();
    let plain = parts.concat();
    let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
    let blocks: Vec<u8> = plain.chunks(37).flat_map(gzip).collect();
    let frames: Vec<u8> = parts.iter().flat_map(|part| zstd::bulk::compress(part, 1).unwrap()).collect();
    let bzip2 = {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    let xz = {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    for bytes in [&plain, &members, &gzip(&plain), &blocks, &frames, &bzip2, &xz, &[bzip2.clone(), bzip2.clone()].concat()] {
        let items = read(bytes);
        assert_eq!(outline(&items)[..3], ["one", "two", "three"]);
        let Item::Record(first) = &items[0] else { panic!("a fault") };
        assert_eq!((first.kind, first.http_status, first.content_type.as_str()), (Kind::Response, Some(200), "text/html"));
        assert_eq!((first.id.as_str(), first.url.as_str()), ("urn:http://a.example/one", "http://a.example/one"));
    }
    assert_eq!(read(&[bzip2.clone(), bzip2].concat()).len(), 6);
    assert_eq!(read(&[gzip(&plain), members, vec![0; 9]].concat()).len(), 6, "two files in a row, zeros at the end");
}

#[test]
fn member_offsets_are_where_members_start() {
    let [one, two, three] = three().map(|part| gzip(&part));
    let items = read(&[one.clone(), two.clone(), three].concat());
    let starts: Vec<Position> = items
        .iter()
        .filter_map(|item| match item {
            Item::Record(record) => Some(record.position),
            Item::Fault(_) => None,
        })
        .collect();
    let at = |offset: usize| Position { offset: offset as u64, skip: 0 };
    assert_eq!(starts, [at(0), at(one.len()), at(one.len() + two.len())]);
}

#[test]
fn a_clipped_member_is_one_fault_and_the_next_is_read() {
    let [one, two, three] = three().map(|part| gzip(&part));
    for cut in 1..two.len() {
        let bytes = [&one[..], &two[..cut], &three[..]].concat();
        let got = outline(&read(&bytes));
        assert_eq!((got[0].as_str(), got[2].as_str(), got.len()), ("one", "three", 3), "cut at {cut}: {got:?}");
        let got = outline(&read(&[&one[..], &two[..cut]].concat()));
        assert_eq!(got.len(), 2, "cut at {cut}: {got:?}");
        assert!(["truncated_record", "garbage_between_records"].contains(&got[1].as_str()), "{got:?}");
    }
}

#[test]
fn flipped_bytes_lose_their_member_only() {
    let [one, two, three] = three().map(|part| gzip(&part));
    for at in 0..two.len() {
        let mut bytes = [&one[..], &two[..], &three[..]].concat();
        bytes[one.len() + at] ^= 0x55;
        let got = outline(&read(&bytes));
        assert_eq!((got[0].as_str(), got.last().unwrap().as_str()), ("one", "three"), "flipped at {at}: {got:?}");
        assert_eq!(got.len(), 3, "flipped at {at}: {got:?}");
    }
}

#[test]
fn wrong_lengths_lose_their_record_only() {
    let [one, _, three] = three();
    for off in [-20_i64, -9, -1, 9, 40, 200, 1 << 30] {
        let block = page("two");
        let two = with_length("http://a.example/two", &block, (block.len() as i64 + off) as usize);
        let plain = [&one[..], &two, &three].concat();
        let members = [gzip(&one), gzip(&two), gzip(&three)].concat();
        for bytes in [plain.clone(), gzip(&plain), members] {
            let kind = if off == 1 << 30 && bytes != plain { "record_too_large" } else { "wrong_record_length" };
            let got = outline(&read(&bytes));
            assert!(got == ["one", kind, "three"] || got == ["one", "wrong_record_length", "three"], "off by {off}: {got:?}");
        }
    }
}

#[test]
fn a_length_that_takes_in_trailing_line_ends_is_believed() {
    let block = page("two");
    let got = outline(&read(&[with_length("http://a.example/", &block, block.len() + 2), record("x:y", "three")].concat()));
    assert_eq!(got, ["two\r\n", "three"]);
}

#[test]
fn a_plain_file_cut_short_ends_in_a_fault() {
    let [one, two, _] = three();
    for cut in 1..two.len() - 4 {
        let got = outline(&read(&[&one[..], &two[..cut]].concat()));
        let fault = if cut < 5 { "garbage_between_records" } else { "truncated_record" };
        assert_eq!(got, ["one", fault], "cut at {cut}");
    }
}

#[test]
fn empty_files_and_other_files_are_named() {
    assert_eq!(outline(&read(b"")), ["empty_file"]);
    assert_eq!(outline(&read(&gzip(b""))), ["empty_file"]);
    assert_eq!(outline(&read(b"<html>\nnot an archive\n</html>")), ["not_a_warc"]);
    assert_eq!(outline(&read(&gzip(b"{\"a\": 1}\n{\"a\": 2}\n"))), ["not_a_warc"]);
    assert_eq!(outline(&read(&[0; 500])), ["not_a_warc"]);
}

#[test]
fn garbage_and_bad_headers_are_passed_over() {
    let [one, two, three] = three();
    let bad = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: many\r\n\r\nsome\r\n\r\n".to_vec();
    let endless = [b"WARC/1.0\r\n".to_vec(), vec![b'x'; 200_000], b"\r\n".to_vec()].concat();
    for (junk, kind) in [
        (b"some words\nand more\n".to_vec(), "garbage_between_records"),
        (bad, "bad_record_header"),
        (endless, "bad_record_header"),
        (vec![0; 100_000], "garbage_between_records"),
    ] {
        let plain = [&one[..], &junk, b"\n", &two, &three].concat();
        let members = [gzip(&one), gzip(&junk), gzip(&[&two[..], &three].concat())].concat();
        for bytes in [&plain, &gzip(&plain), &members] {
            assert_eq!(outline(&read(bytes)), ["one", kind, "two", "three"]);
        }
    }
    let between = [&gzip(&one)[..], b"stray bytes", &gzip(&two)[..], b"more"].concat();
    assert_eq!(outline(&read(&between)), ["one", "garbage_between_records", "two", "garbage_between_records"]);
}

#[test]
fn every_byte_of_a_plain_file_is_in_an_item() {
    let [one, two, three] = three();
    let parts = [&one[..], b"junk\nmore junk\n", &two, b"WARC/1.0\r\nbad\r\n\r\n", &three, b"tail"];
    let starts = |count: usize| parts[..count].iter().map(|part| part.len() as u64).sum::<u64>();
    let items = read(&parts.concat());
    assert_eq!(items.len(), parts.len());
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Record(record) => assert_eq!(record.position.offset, starts(index)),
            Item::Fault(fault) => assert_eq!((fault.position.offset, fault.end.offset), (starts(index), starts(index + 1))),
        }
    }
}

#[test]
fn records_beyond_the_bound_are_counted_not_held() {
    let big = record("http://a.example/big", &"x".repeat(70_000));
    let [one, _, three] = three();
    let plain = [&one[..], &big, &three].concat();
    for bytes in [&plain, &gzip(&plain), &[gzip(&one), gzip(&big), gzip(&three)].concat()] {
        assert_eq!(outline(&read_from(bytes, Position::default(), 50_000)), ["one", "record_too_large", "three"]);
    }
}

#[test]
fn zero_byte_records_and_other_kinds_are_records() {
    let bytes = [record("http://a.example/empty", ""), three()[0].clone()].concat();
    assert_eq!(outline(&read(&bytes)), ["", "one"]);
    let wet = b"WARC/1.0\nWARC-Type: conversion\nContent-Type: text/plain\nContent-Length: 4\n\ntext\n\n";
    let items = read(wet);
    let Item::Record(record) = &items[0] else { panic!("a fault") };
    assert_eq!((record.kind, record.content_type.as_str(), record.body.as_slice()), (Kind::Conversion, "text/plain", &b"text"[..]));
}

#[test]
fn arc_records_are_read_and_their_damage_passed_over() {
    let entry = |url: &str, body: &str| format!("{url} 192.0.2.1 20080430204825 text/html {}\n{body}\n", body.len()).into_bytes();
    let version = "1 0 Archive\nURL IP-address Archive-date Content-type Archive-length\n";
    let start = format!("filedesc://x.arc 0.0.0.0 20080430204825 text/plain {}\n{version}\n", version.len()).into_bytes();
    let short = b"http://a.example/2 192.0.2.1 20080430204825 text/html 3\ntoo long a body\n".to_vec();
    let parts = [start, entry("http://a.example/1", &page("one")), short, entry("http://a.example/a b", &page("two"))];
    for bytes in [parts.concat(), gzip(&parts.concat()), parts.iter().flat_map(|part| gzip(part)).collect()] {
        assert_eq!(outline(&read(&bytes)), [version, "one", "wrong_record_length", "two"]);
    }
}

#[test]
fn hostile_lengths_cost_a_bounded_amount() {
    let claim = |length: usize| with_length("x:y", "", length);
    let bytes: Vec<u8> = (0..20_000).flat_map(|_| claim(1_000_000)).collect();
    let items = read_from(&bytes, Position::default(), MAX);
    assert!(items.len() > 1_000 && items.iter().any(|item| matches!(item, Item::Fault(fault) if fault.kind == FaultKind::WrongLength)));
}

#[test]
fn tar_archives_stand_for_their_members() {
    let parts = three();
    let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
    let clipped = &members[..members.len() - 9];
    let archive = tar(&[
        ("crawl/one.warc", b'0', &parts.concat()),
        ("crawl/README", b'0', b"#"),
        ("crawl/two.warc.gz", b'0', clipped),
        ("crawl/three.arc", b'0', b""),
        ("crawl/four.warc.zst", b'0', &zstd::bulk::compress(&parts[0], 1).unwrap()),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    for bytes in [archive.clone(), gzip(&archive)] {
        std::fs::write(&path, bytes).unwrap();
        let source = super::Archive { files: vec![path.clone()], records: super::Records::Pages, max_record: MAX };
        assert_eq!(
            crate::source::jsonl::outline(&source),
            ["one", "two", "three", "<other_member>", "one", "two", "[truncated_record]", "[empty_file]", "one"]
        );
        let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
        let Ok(Some(Read::Doc(doc))) = reader.next() else { panic!("no document") };
        assert_eq!((doc.origin.member.as_deref(), doc.url.as_deref()), (Some("crawl/one.warc"), Some("http://a.example/one")));
    }
}
