//! Bad input: a clear error or a counted drop, never a panic, never silence, nothing half-written under a final name.

use std::io::Write;

use super::support::{Folder, gzip, page, real_data, said, warc_record};

const WARC: &str = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"warc\"\npath = \"DIR/in*\"\n[[stage]]\nuse = \"extract\"\n[[sink]]\nuse = \"jsonl\"\n";
const JSONL: &str = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in*\"\nfields = { id = \"id\", text = \"text\", url = \"url\" }\n[[sink]]\nuse = \"jsonl\"\n";

fn prose(number: usize) -> String {
    format!(
        "The keeper of lighthouse number {number} wrote every evening what the sea had done, and he left out nothing that he had seen. Ships passed, and some of them answered his lamp. In winter the path was ice, so he stayed inside and mended the clock."
    )
}

fn good(number: usize) -> Vec<u8> {
    let text = prose(number);
    warc_record(
        number,
        &format!("http://a.example/{number}"),
        "text/html; charset=utf-8",
        page("A page", &[&text, &text.replace("keeper", "guard")]).as_bytes(),
    )
}

/// Runs over one file and gives (documents written, faults by reason, drops of `extract`).
fn over(toml: &str, content: &[u8]) -> (u64, serde_json::Value, serde_json::Value) {
    let folder = Folder::new();
    folder.write("in", content);
    let report = folder.report(toml, &[]);
    (report["documents"]["written"].as_u64().expect("a count"), report["source"]["faults"].clone(), report["stages"][0]["drops"].clone())
}

fn total(faults: &serde_json::Value) -> u64 {
    faults.as_object().map_or(0, |map| map.values().filter_map(serde_json::Value::as_u64).sum())
}

#[test]
fn damaged_warc_files_are_read_around() {
    let cases: Vec<(&str, Vec<u8>, u64)> = vec![
        ("not a WARC", b"hello there\n".repeat(50), 0),
        (
            "truncated gzip",
            {
                let mut bytes = [gzip(&good(1)), gzip(&good(2))].concat();
                bytes.truncate(bytes.len() - 40);
                bytes
            },
            1,
        ),
        (
            "wrong length, too long",
            [good(1), String::from_utf8_lossy(&good(2)).replacen("Content-Length: ", "Content-Length: 9", 1).into_bytes(), good(3)].concat(),
            1,
        ),
        ("garbage between records", [good(1), b"~~~~ not a record ~~~~\r\n\r\n".to_vec(), good(2)].concat(), 2),
        ("zeros", vec![0; 10_000], 0),
    ];
    for (name, content, least) in cases {
        let (written, faults, _) = over(WARC, &content);
        assert!(written >= least, "{name}: {written} written, {faults}");
        assert!(total(&faults) > 0, "{name}: nothing is counted");
    }
}

#[test]
fn records_without_a_body_or_a_url_are_counted() {
    let bare = String::from_utf8(good(1)).expect("ASCII").replace("WARC-Target-URI: http://a.example/1\r\n", "").into_bytes();
    let empty = warc_record(2, "http://a.example/2", "text/html", b"");
    let (written, faults, drops) = over(WARC, &[bare, empty, good(3)].concat());
    assert!(written >= 1 && written + total(&faults) + total(&drops) == 3, "{written} {faults} {drops}");
}

#[test]
fn pages_that_are_no_text_or_too_much_are_drops_with_a_reason() {
    let nested = format!("<html><body>{}deep", "<div>".repeat(1_000_000));
    let huge = format!("<html><body><p>{}</p></body></html>", "many words ".repeat(2_000_000));
    let binary: Vec<u8> = (0..20_000u32).map(|i| (i * 7 % 256) as u8).collect();
    let records = [
        warc_record(1, "http://a.example/deep", "text/html", nested.as_bytes()),
        warc_record(2, "http://a.example/huge", "text/html", huge.as_bytes()),
        warc_record(3, "http://a.example/binary", "text/html", &binary),
        good(4),
    ];
    let (written, faults, drops) = over(WARC, &records.concat());
    assert!(written >= 1, "{faults} {drops}");
    assert_eq!(written + total(&faults) + total(&drops), 4, "{faults} {drops}");
    assert!(drops.get("too_large").is_some() || faults.get("too_large").is_some(), "{faults} {drops}");
    assert!(drops.get("too_deep").is_some() || drops.get("too_many_nodes").is_some(), "{drops}");
    assert!(drops.get("not_text").is_some(), "{drops}");
}

#[test]
fn a_page_of_200_megabytes_does_not_take_the_memory() {
    let folder = Folder::new();
    let mut encoder = flate2::write::GzEncoder::new(std::fs::File::create(folder.path("in")).expect("a file"), flate2::Compression::fast());
    let body = 200_000_000usize;
    let http = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    write!(encoder, "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/huge\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}", http.len() + body).expect("disk");
    let line = "<p>words and words and more words</p>\n".repeat(1_000);
    let mut left = body;
    while left > 0 {
        let part = left.min(line.len());
        encoder.write_all(&line.as_bytes()[..part]).expect("disk");
        left -= part;
    }
    encoder.write_all(b"\r\n\r\n").expect("disk");
    encoder.finish().expect("disk").write_all(&gzip(&good(2))).expect("disk");
    let report = folder.report(WARC, &[]);
    assert_eq!(report["documents"]["written"], 1, "{report}");
    assert!(report["source"]["faults"]["record_too_large"].as_u64() == Some(1), "{report}");
}

#[test]
fn lines_that_are_no_documents_are_counted_by_reason() {
    let text = prose(1);
    let content = format!(
        "{{\"id\":\"1\",\"text\":\"{text}\"}}\nnot json\n\n{{\"id\":\"2\",\"text\":7}}\n[1,2]\n{{\"id\":\"3\"}}\n{{\"id\":\"4\",\"text\":\"{text}\",\"more\":[1,{{\"a\":null}}]}}\n"
    );
    let mut bytes = content.into_bytes();
    bytes.extend_from_slice(b"{\"text\":\"\xff\xfe\"}\n");
    let folder = Folder::new();
    folder.write("in.jsonl", &bytes);
    let report = folder.report(JSONL, &[]);
    assert_eq!(report["documents"]["written"].as_u64().expect("a count") + total(&report["source"]["faults"]), 7, "{report}");
    let reasons: Vec<&String> = report["source"]["faults"].as_object().expect("faults").keys().collect();
    assert!(reasons.len() >= 3, "told apart: {reasons:?}");
    let docs = folder.docs();
    assert_eq!(docs.last().expect("documents")["more"], serde_json::json!([1, {"a": null}]), "unknown columns survive");
}

#[test]
fn empty_and_unreadable_files() {
    let (written, _, _) = over(JSONL, b"");
    assert_eq!(written, 0);
    let folder = Folder::new();
    std::fs::create_dir(folder.path("in.jsonl")).expect("a folder");
    let output = folder.run(JSONL, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("in.jsonl") || said(&output).contains("in*"), "{}", said(&output));
    folder.write("in.parquet", b"not parquet");
    let report = folder.report(&JSONL.replace("jsonl\"\npath = \"DIR/in*\"", "parquet\"\npath = \"DIR/in.parquet\""), &[]);
    assert_eq!((&report["documents"]["read"], total(&report["source"]["faults"])), (&serde_json::json!(0), 1), "{}", report["source"]);
}

#[test]
fn an_unknown_tokenizer_file_is_refused_before_the_run() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"a\"}\n");
    folder.write("tok.json", "{\"not\": \"a tokenizer\"}");
    let toml = JSONL.replace("[[sink]]", "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"DIR/tok.json\"\n[[sink]]");
    let output = folder.run(&toml, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("tok.json") && said(&output).contains('^'), "{}", said(&output));
}

#[test]
fn a_full_disk_stops_the_run_and_leaves_no_torn_file() {
    // A limit on file size stands in for a full disk: both make the write fail.
    let folder = Folder::new();
    let lines: String = (0..20_000).map(|number| format!("{{\"id\":\"{number}\",\"text\":\"{} {}\"}}\n", prose(number), number * 7919 % 10_007)).collect();
    folder.write("in.jsonl", lines);
    let toml = JSONL.replace("DIR", &folder.path("").display().to_string());
    let file = folder.write("p.toml", toml);
    let command = format!("trap '' XFSZ; ulimit -f 100; exec {} run {} --quiet", env!("CARGO_BIN_EXE_dataprep"), file.display());
    let output = std::process::Command::new("sh").args(["-c", &command]).output().expect("sh");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("cannot write") || said(&output).contains("too large"), "{}", said(&output));
    assert!(!folder.path("out/manifest.json").exists() && !folder.path("out/docs").exists());
    let output = super::support::dataprep(&["run", &file.display().to_string(), "--quiet"], &[]);
    assert!(output.status.success(), "the same command goes on once there is room: {}", said(&output));
    assert_eq!(folder.docs().len(), 20_000);
}

#[test]
fn files_that_are_of_no_run_are_not_overwritten() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"a\"}\n");
    folder.write("out/diary.txt", "dear diary");
    let output = folder.run(JSONL, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("files that are not of a run"), "{}", said(&output));
}

#[test]
fn all_sample_archives_are_read_without_an_abort() {
    let Some(data) = real_data() else { return };
    let folder = Folder::new();
    let mut files = Vec::new();
    for group in std::fs::read_dir(data.join("warc-samples")).expect("samples").flatten().filter(|entry| entry.path().is_dir()) {
        files.extend(std::fs::read_dir(group.path()).expect("a folder").flatten().map(|entry| entry.path()).filter(|path| path.is_file()));
    }
    files.sort();
    assert!(files.len() > 20);
    let paths: Vec<String> = files.iter().map(|path| format!("{:?}", path.display().to_string())).collect();
    let report = folder.report(&WARC.replace("\"DIR/in*\"", &format!("[{}]", paths.join(", "))), &[]);
    assert!(report["documents"]["read"].as_u64() > Some(200) && report["documents"]["written"].as_u64() > Some(150), "{}", report["documents"]);
}
