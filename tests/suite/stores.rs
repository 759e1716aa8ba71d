//! Input from object stores and web servers: the same bytes as from this machine, whatever the store does.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use dataprep::plan::Pipeline;
use dataprep::run::{Options, Unwatched};

use super::bucket::{Bucket, Tags};
use super::support::{Folder, gzip, page, said, tree, warc_record};

pub fn run(folder: &Folder, toml: &str, address: &str) -> Output {
    call("run", folder, toml, address)
}

/// A verb over a pipeline.
pub fn call(verb: &str, folder: &Folder, toml: &str, address: &str) -> Output {
    let toml = toml.replace("DIR", &folder.path("").display().to_string());
    let file = folder.write("p.toml", toml);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dataprep"));
    command.arg(verb).arg(file).arg("--quiet").envs(Bucket::environment(address));
    command.output().expect("the binary runs")
}

/// Files of every kind that is read in another way.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let rows = |from: usize, to: usize| -> Vec<u8> {
        (from..to).flat_map(|n| format!("{{\"id\": \"{n}\", \"text\": \"document {n} 文 {}\"}}\n", "word ".repeat(n % 50)).into_bytes()).collect()
    };
    let warc: Vec<u8> = (0..40)
        .flat_map(|n| {
            let body = page("title", &[&format!("the text of page {n} says that the number is {n} and {}", "nothing else ".repeat(n))]);
            gzip(&warc_record(n, &format!("https://example.org/{n}"), "text/html", body.as_bytes()))
        })
        .collect();
    vec![
        ("in/a.jsonl", rows(0, 9_000)),
        ("in/b/c.jsonl.gz", gzip(&rows(9_000, 12_000))),
        ("in/b/d.jsonl", rows(12_000, 12_010)),
        ("in/.hidden.jsonl", rows(0, 3)),
        ("warc/x.warc.gz", warc),
    ]
}

const ROWS: &str = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"PATH\"\n[[sink]]\nuse = \"jsonl\"\n";
const PAGES: &str = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"warc\"\npath = \"PATH\"\n[[stage]]\nuse = \"extract\"\n[[sink]]\nuse = \"jsonl\"\n";

/// A folder and a bucket that hold the same.
pub fn both() -> (Folder, Bucket) {
    let (folder, bucket) = (Folder::new(), Bucket::default());
    for (name, bytes) in inputs() {
        folder.write(name, &bytes);
        bucket.put(&format!("crawl/{name}"), bytes);
    }
    // What consoles make of a new folder.
    ["crawl/in/", "crawl/in/b/", "crawl/in/none/"].iter().for_each(|marker| bucket.put(marker, b""));
    (folder, bucket)
}

#[test]
fn objects_give_the_documents_of_files_whatever_the_store_does() {
    let (folder, bucket) = both();
    for (toml, local, remote) in [
        (ROWS, "DIR/in", "s3://crawl/in"),
        (ROWS, "DIR/in/", "s3://crawl/in/"),
        (ROWS, "DIR/in/**/*.jsonl*", "s3://crawl/in/**/*.jsonl*"),
        (PAGES, "DIR/warc/*.gz", "s3://crawl/warc/x.warc.gz"),
        (ROWS, "DIR/in", "gs://crawl/in"),
        (PAGES, "DIR/warc/*.gz", "gs://crawl/warc/*.gz"),
    ] {
        let docs = |path: &str, address: &str| {
            let _ = std::fs::remove_dir_all(folder.path("out"));
            let output = run(&folder, &toml.replace("PATH", path), address);
            assert!(output.status.success(), "{path}: {}", said(&output));
            tree(&folder.path("out/docs"))
        };
        let wanted = docs(local, "http://127.0.0.1:1");
        bucket.serve(|address| {
            assert_eq!(docs(remote, address), wanted, "{remote}");
            *bucket.tags.lock().expect("no panic") = Tags::Bare;
            assert_eq!(docs(remote, address), wanted, "{remote} with bare tags");
            *bucket.tags.lock().expect("no panic") = Tags::Strong;
            bucket.faulty.store(5, Ordering::Relaxed);
            assert_eq!(docs(remote, address), wanted, "{remote} with faults");
            bucket.faulty.store(0, Ordering::Relaxed);
        });
    }
}

#[test]
fn a_web_server_is_read_in_ranges_and_cannot_be_listed() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let output = run(&folder, &ROWS.replace("PATH", &format!("{address}/crawl/in/a.jsonl")), address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(folder.docs().len(), 9_000);
        let docs = tree(&folder.path("out/docs"));
        std::fs::remove_dir_all(folder.path("out")).expect("the run");
        // A server that knows no ranges is read all the same, as long as the file is small.
        bucket.rangeless.store(true, Ordering::Relaxed);
        let output = run(&folder, &ROWS.replace("PATH", &format!("{address}/crawl/in/a.jsonl")), address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(tree(&folder.path("out/docs")), docs);
        bucket.rangeless.store(false, Ordering::Relaxed);
        for (path, wanted) in [
            ("crawl/in/*.jsonl", "a web server cannot be listed: name every file"),
            ("crawl/none", "the store has no such object"),
            ("crawl/a?x=1", "with a query"),
        ] {
            let output = run(&folder, &ROWS.replace("PATH", &format!("{address}/{path}")), address);
            assert!(output.status.code() == Some(2) && said(&output).contains(wanted), "{}", said(&output));
        }
        let output = run(&folder, &ROWS.replace("PATH", "s3://crawl/none/*.gz"), address);
        assert!(said(&output).contains("no file matches `s3://crawl/none/*.gz`"), "{}", said(&output));
    });
}

#[test]
fn an_object_that_is_replaced_while_it_is_read_stops_the_run() {
    let (folder, bucket) = both();
    let parquet = ROWS.replace("PATH", "DIR/in/b/d.jsonl").replace("[[sink]]\nuse = \"jsonl\"", "[[sink]]\nuse = \"parquet\"");
    let made = run(&folder, &parquet, "http://127.0.0.1:1");
    assert!(made.status.success(), "{}", said(&made));
    let part = std::fs::read_dir(folder.path("out/docs")).expect("a folder").flatten().next().expect("a part");
    bucket.put("crawl/x.parquet", std::fs::read(part.path()).expect("a part"));
    let whole = |name: &str| bucket.lock()[name].clone();
    let (mut rows, table) = (whole("crawl/in/a.jsonl"), whole("crawl/x.parquet"));
    // More than one range.
    rows.truncate(400_000);
    let altered = |bytes: &[u8], more: usize| {
        let mut bytes = bytes.to_vec();
        bytes.iter_mut().filter(|byte| **byte == b'w').for_each(|byte| *byte = b'v');
        bytes.resize(bytes.len() + more, b'\n');
        bytes
    };
    let (tables, rows_of) = (ROWS.replace("\"jsonl\"\npath", "\"parquet\"\npath"), ROWS);
    bucket.serve(|address| {
        let web = format!("{address}/crawl/in/a.jsonl");
        for (tags, toml, path, object, before, after) in [
            (Tags::Strong, rows_of, "s3://crawl/in/a.jsonl", "crawl/in/a.jsonl", &rows, altered(&rows, 0)),
            (Tags::Strong, rows_of, &web, "crawl/in/a.jsonl", &rows, altered(&rows, 0)),
            (Tags::Weak, rows_of, &web, "crawl/in/a.jsonl", &rows, altered(&rows, 0)),
            (Tags::None, rows_of, &web, "crawl/in/a.jsonl", &rows, altered(&rows, 9)),
            (Tags::Strong, &tables, "s3://crawl/x.parquet", "crawl/x.parquet", &table, altered(&table, 0)),
        ] {
            let mut stopped = 0;
            for reads in [1, 5, 6] {
                let _ = std::fs::remove_dir_all(folder.path("out"));
                bucket.put(object, before.clone());
                *bucket.tags.lock().expect("no panic") = tags;
                *bucket.replaced.lock().expect("no panic") = Some((object.to_owned(), reads, after.clone()));
                let output = run(&folder, &toml.replace("PATH", path), address);
                if output.status.success() {
                    // It was read by then.
                    assert!(folder.docs().iter().all(|doc| !doc["text"].as_str().expect("a text").contains("vord")), "{path}, {reads}");
                } else {
                    assert!(output.status.code() == Some(2) && said(&output).contains("it has changed since it was first looked at"), "{}", said(&output));
                    stopped += 1;
                }
            }
            assert!(stopped > 0, "{path}");
        }
    });
}

#[test]
fn a_process_that_lives_long_sees_what_is_there_whenever_it_plans() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let toml = ROWS.replace("PATH", &format!("{address}/crawl/in/b/d.jsonl")).replace("DIR", &folder.path("").display().to_string());
        let plan = || Pipeline::parse("p.toml", &toml, &[]).and_then(Pipeline::plan).unwrap_or_else(|problems| panic!("{problems}"));
        let texts = |plan| {
            let _ = std::fs::remove_dir_all(folder.path("out"));
            let summary = dataprep::run::run(plan, &Options { threads: 1, stop: &AtomicBool::new(false), watch: &Unwatched });
            summary.map(|_| folder.docs().len()).map_err(|error| error.to_string())
        };
        let old = plan();
        assert_eq!(plan().fingerprint, old.fingerprint);
        bucket.put("crawl/in/b/d.jsonl", b"{\"text\": \"one\"}\n".to_vec());
        assert!(texts(old).is_err_and(|said| said.contains("it has changed since it was first looked at")));
        assert_eq!(texts(plan()), Ok(1));
        bucket.put("crawl/in/b/d.jsonl", b"{\"text\": \"one\"}\n{\"text\": \"two\"}\n".to_vec());
        assert_eq!(texts(plan()), Ok(2));
    });
}
