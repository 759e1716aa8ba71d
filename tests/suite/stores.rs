//! Input from object stores and web servers, and runs that are published there: the same bytes as from this machine, whatever the store does.

use std::process::{Command, Output};
use std::sync::atomic::Ordering;

use super::bucket::Bucket;
use super::support::{Folder, gzip, page, said, tree, warc_record};

fn run(folder: &Folder, toml: &str, address: &str) -> Output {
    call("run", folder, toml, address)
}

/// A verb over a pipeline.
fn call(verb: &str, folder: &Folder, toml: &str, address: &str) -> Output {
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
fn both() -> (Folder, Bucket) {
    let (folder, bucket) = (Folder::new(), Bucket::default());
    for (name, bytes) in inputs() {
        folder.write(name, &bytes);
        bucket.put(&format!("crawl/{name}"), bytes);
    }
    (folder, bucket)
}

#[test]
fn objects_give_the_documents_of_files_whatever_the_store_does() {
    let (folder, bucket) = both();
    for (toml, local, remote) in
        [(ROWS, "DIR/in", "s3://crawl/in"), (ROWS, "DIR/in/**/*.jsonl*", "s3://crawl/in/**/*.jsonl*"), (PAGES, "DIR/warc/*.gz", "s3://crawl/warc/x.warc.gz")]
    {
        let docs = |path: &str, address: &str| {
            let _ = std::fs::remove_dir_all(folder.path("out"));
            let output = run(&folder, &toml.replace("PATH", path), address);
            assert!(output.status.success(), "{path}: {}", said(&output));
            tree(&folder.path("out/docs"))
        };
        let wanted = docs(local, "http://127.0.0.1:1");
        bucket.serve(|address| {
            assert_eq!(docs(remote, address), wanted, "{remote}");
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

/// Everything in a bucket below `run/`, by name, but for the times.
fn published(bucket: &Bucket) -> Vec<(String, Vec<u8>)> {
    // Lines of the journal name the process that made them, and the page shows the times.
    let kept = |name: &str| !["timing.json", "report.html"].contains(&name) && !name.starts_with("journal/");
    bucket.lock().iter().filter_map(|(name, bytes)| Some((name.strip_prefix("runs/a/")?.to_owned(), bytes.clone()))).filter(|(name, _)| kept(name)).collect()
}

/// Names of objects that only one of the two has, or has otherwise.
fn differences<'a>(one: &'a [(String, Vec<u8>)], other: &'a [(String, Vec<u8>)]) -> Vec<&'a str> {
    let lacking = |these: &'a [(String, Vec<u8>)], those: &[(String, Vec<u8>)]| {
        these.iter().filter(|object| !those.contains(object)).map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    [lacking(one, other), lacking(other, one)].concat()
}

const PUBLISHED: &str = "[run]\noutput = \"DIR/out\"\npublish = \"s3://runs/a\"\npart = \"200 kB\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in\"\n\
    [[stage]]\nuse = \"dedup_exact\"\n[[sink]]\nuse = \"jsonl\"\n";

#[test]
fn a_run_is_published_as_it_stands_here_and_goes_on_on_another_machine() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        let whole = published(&bucket);
        assert!(whole.iter().any(|(name, _)| name == "manifest.json") && bucket.lock().contains_key("runs/a/report.html"));
        for (name, bytes) in &whole {
            assert!(std::fs::read(folder.path("out").join(name)).is_ok_and(|here| here == *bytes), "{name}");
        }
        let docs = tree(&folder.path("out/docs"));
        // Of a run that has only begun, in a store that loses answers and refuses requests.
        bucket.lock().retain(|name, _| !name.starts_with("runs/"));
        whole.iter().filter(|(name, _)| name == "run.json").for_each(|(name, bytes)| bucket.put(&format!("runs/a/{name}"), bytes.clone()));
        std::fs::remove_dir_all(folder.path("out")).expect("the first machine");
        bucket.faulty.store(29, Ordering::Relaxed);
        bucket.silent.store(3, Ordering::Relaxed);
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!((tree(&folder.path("out/docs")), differences(&published(&bucket), &whole)), (docs, vec![]));
        // A finished run is fetched, and there is nothing to do.
        std::fs::remove_dir_all(folder.path("out")).expect("the second machine");
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(tree(&folder.path("out/docs")), docs);
    });
}

#[test]
fn workers_publish_the_run_that_they_have_finished() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        let whole = published(&bucket);
        bucket.lock().retain(|name, _| !name.starts_with("runs/"));
        std::fs::remove_dir_all(folder.path("out")).expect("the first machine");
        let output = call("work", &folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(differences(&published(&bucket), &whole), [""; 0]);
    });
}

#[test]
fn a_run_killed_on_one_machine_ends_on_another_with_the_same_bytes() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        let whole = published(&bucket);
        for kill_after in [4, 9, 15] {
            bucket.lock().retain(|name, _| !name.starts_with("runs/"));
            let _ = std::fs::remove_dir_all(folder.path("out"));
            let mut child = Command::new(env!("CARGO_BIN_EXE_dataprep"))
                .arg("run")
                .arg(folder.path("p.toml"))
                .arg("--quiet")
                .envs(Bucket::environment(address))
                .spawn()
                .expect("the binary runs");
            while published(&bucket).len() < kill_after && child.try_wait().expect("a child").is_none() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            let _ = child.kill();
            child.wait().expect("a child");
            std::fs::remove_dir_all(folder.path("out")).expect("the first machine");
            let output = run(&folder, PUBLISHED, address);
            assert!(output.status.success(), "{}", said(&output));
            assert_eq!(differences(&published(&bucket), &whole), [""; 0], "killed at {kill_after} objects");
        }
    });
}

#[test]
fn a_store_that_overwrites_what_must_be_new_is_refused() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let doctor = || {
            Command::new(env!("CARGO_BIN_EXE_dataprep"))
                .args(["doctor", "--store", "s3://runs/x"])
                .envs(Bucket::environment(address))
                .output()
                .expect("the binary runs")
        };
        assert_eq!(doctor().status.code(), Some(0));
        bucket.careless.store(true, Ordering::Relaxed);
        let found = doctor();
        assert!(found.status.code() == Some(1) && String::from_utf8_lossy(&found.stdout).contains("`run.publish` refuses this store"), "{found:?}");
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.code() == Some(2) && said(&output).contains("honours `If-None-Match`"), "{}", said(&output));
        let output = run(&folder, &PUBLISHED.replace("DIR/out", "s3://runs/a"), address);
        assert!(said(&output).contains("`run.output` is a folder of this machine"), "{}", said(&output));
    });
    assert!(bucket.lock().keys().all(|name| !name.starts_with("runs/")));
}
