//! Input from object stores and web servers, and runs that are published there: the same bytes as from this machine, whatever the store does.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use dataprep::plan::Pipeline;
use dataprep::run::{Options, Unwatched};

use super::bucket::{Bucket, Tags};
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

/// Runs it to its end; gives what is then published.
fn published_run(folder: &Folder, bucket: &Bucket, address: &str) -> Vec<(String, Vec<u8>)> {
    let output = run(folder, PUBLISHED, address);
    assert!(output.status.success(), "{}", said(&output));
    published(bucket)
}

#[test]
fn a_run_is_published_as_it_stands_here_and_goes_on_on_another_machine() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let whole = published_run(&folder, &bucket, address);
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
        bucket.conflicts.store(2, Ordering::Relaxed);
        // Another machine tries the store at this moment, and has just taken away what it has used up.
        bucket.put("runs/a/.dataprep-probe-1", b"one");
        *bucket.ghost.lock().expect("no panic") = Some(("a/spool/0/gone".to_owned(), 2));
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert!(bucket.lock().remove("runs/a/.dataprep-probe-1").is_some() && !folder.path("out/.dataprep-probe-1").exists());
        assert_eq!((tree(&folder.path("out/docs")), differences(&published(&bucket), &whole)), (docs, vec![]));
        // A finished run is fetched, and there is nothing to do.
        std::fs::remove_dir_all(folder.path("out")).expect("the second machine");
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(tree(&folder.path("out/docs")), docs);
    });
}

#[test]
fn two_machines_that_publish_the_same_run_do_not_disturb_each_other() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        // It names the folder here.
        let shared = |mut objects: Vec<(String, Vec<u8>)>| {
            objects.retain(|(name, _)| name != "pipeline.json");
            objects
        };
        let whole = shared(published_run(&folder, &bucket, address));
        bucket.lock().retain(|name, _| !name.starts_with("runs/"));
        let begin = |out: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dataprep"));
            let output = format!("run.output={}", folder.path(out).display());
            command
                .arg("run")
                .arg(folder.path("p.toml"))
                .args(["--quiet", "--set", &output])
                .envs(Bucket::environment(address))
                .spawn()
                .expect("the binary runs")
        };
        for mut child in [begin("one"), begin("two")] {
            assert!(child.wait().expect("a child").success());
        }
        assert_eq!(differences(&shared(published(&bucket)), &whole), [""; 0]);
        // Each has made a line of the journal, or has found it there.
        assert!(bucket.lock().keys().any(|name| name.starts_with("runs/a/journal/")));
    });
}

#[test]
fn a_file_that_is_sent_in_parts_is_whole_though_its_end_was_not_heard() {
    let (folder, bucket) = (Folder::new(), Bucket::default());
    folder.write("in/a.jsonl", format!("{{\"text\": \"{}\"}}\n", "seventeen letters ".repeat(500_000)));
    let toml = PUBLISHED.replace("[[sink]]\nuse = \"jsonl\"", "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"");
    bucket.unheard.store(1, Ordering::Relaxed);
    bucket.serve(|address| {
        let output = run(&folder, &toml, address);
        assert!(output.status.success(), "{}", said(&output));
    });
    assert_eq!(bucket.unheard.load(Ordering::Relaxed), 0);
    let (name, sent) = bucket.lock().iter().find(|(name, _)| name.ends_with(".tokens")).map(|(name, bytes)| (name.clone(), bytes.clone())).expect("tokens");
    assert!(sent.len() > 16 << 20 && std::fs::read(folder.path("out").join(&name["runs/a/".len()..])).is_ok_and(|here| here == sent), "{name}");
}

#[test]
fn workers_publish_the_run_that_they_have_finished() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let whole = published_run(&folder, &bucket, address);
        bucket.lock().retain(|name, _| !name.starts_with("runs/"));
        std::fs::remove_dir_all(folder.path("out")).expect("the first machine");
        let output = call("work", &folder, PUBLISHED, address);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(differences(&published(&bucket), &whole), [""; 0]);
    });
}

#[test]
fn a_published_run_is_checked_where_it_lies_and_what_reads_folders_says_so() {
    let (folder, bucket) = both();
    let toml = PUBLISHED.replace("[[sink]]", "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n[[sink]]");
    bucket.serve(|address| {
        let output = run(&folder, &toml, address);
        assert!(output.status.success(), "{}", said(&output));
        let call = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dataprep"));
            command.args(arguments).envs(Bucket::environment(address)).output().expect("the binary runs")
        };
        let told = |arguments: &[&str]| String::from_utf8_lossy(&call(arguments).stdout).into_owned();
        let here = folder.path("out").display().to_string();
        let metrics = |place: &str, more: &[&str]| -> Vec<String> {
            let all = told(&[&["check", place, "--metrics"][..], more].concat());
            all.lines().filter(|line| !line.contains("integrity")).map(str::to_owned).collect()
        };
        let known = metrics("s3://runs/a", &[]);
        assert!(known.len() > 20, "{known:?}");
        assert_eq!(known, metrics(&here, &["--quick"]));
        let checked = call(&["check", "s3://runs/a/"]);
        let shown = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success() && shown.contains("what lies in a store is not read, its sizes are right"), "{shown}{}", said(&checked));
        // Evaluation items are looked for in the documents, where they lie.
        folder.write("eval.jsonl", "{\"text\": \"document 8999 文 word word word word word word word word word word word word\"}\n");
        let against = |place: &str| call(&["check", place, "--quick", "--against", &folder.path("eval.jsonl").display().to_string()]);
        let (there, at_hand) = (against("s3://runs/a"), against(&here));
        assert_eq!((there.status.code(), at_hand.status.code()), (Some(1), Some(1)), "{}{}", said(&there), said(&at_hand));
        // What is missing there, or shorter, is found.
        let shards = bucket.lock().keys().filter(|name| name.ends_with(".tokens")).cloned().collect::<Vec<_>>();
        bucket.lock().remove(&shards[0]);
        let found = told(&["check", "s3://runs/a"]);
        assert!(found.contains(".tokens is missing"), "{found}");
        bucket.lock().remove("runs/a/report.json");
        let output = call(&["check", "s3://runs/a"]);
        assert!(output.status.code() == Some(2) && said(&output).contains("the run in s3://runs/a has not ended"), "{}", said(&output));
        for arguments in [
            &["shards", "verify", "s3://runs/a"][..],
            &["train", "s3://runs/a/shards", "--out", "out"],
            &["shards", "merge", "s3://runs/a/shards=1", "--out", "out"],
            &["report", "s3://runs/a"],
        ] {
            let output = call(arguments);
            assert!(output.status.code() == Some(2) && said(&output).contains("it is an address, and this reads folders of this machine"), "{}", said(&output));
            assert!(said(&output).contains("aws s3 sync s3://runs/a"), "{}", said(&output));
        }
    });
}

#[test]
fn a_run_killed_on_one_machine_ends_on_another_with_the_same_bytes() {
    let (folder, bucket) = both();
    bucket.serve(|address| {
        let whole = published_run(&folder, &bucket, address);
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
