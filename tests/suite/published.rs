//! Runs that are published to an object store: the same bytes as on this machine, whatever the store does.

use std::process::Command;
use std::sync::atomic::Ordering;

use super::bucket::Bucket;
use super::stores::{both, call, run};
use super::support::{Folder, said, tree};

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
    published_by(folder, bucket, PUBLISHED, address)
}

/// The same of another pipeline.
fn published_by(folder: &Folder, bucket: &Bucket, toml: &str, address: &str) -> Vec<(String, Vec<u8>)> {
    let output = run(folder, toml, address);
    assert!(output.status.success(), "{}", said(&output));
    published(bucket)
}

#[test]
fn a_run_is_published_as_it_stands_here_and_goes_on_on_another_machine() {
    goes_on_elsewhere("s3");
}

#[test]
fn googles_store_is_published_to_in_its_own_words() {
    goes_on_elsewhere("gs");
}

fn goes_on_elsewhere(scheme: &str) {
    let (folder, bucket) = both();
    let toml = PUBLISHED.replace("s3://", &format!("{scheme}://"));
    bucket.serve(|address| {
        let whole = published_by(&folder, &bucket, &toml, address);
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
        let output = run(&folder, &toml, address);
        assert!(output.status.success(), "{}", said(&output));
        assert!(bucket.lock().remove("runs/a/.dataprep-probe-1").is_some() && !folder.path("out/.dataprep-probe-1").exists());
        assert_eq!((tree(&folder.path("out/docs")), differences(&published(&bucket), &whole)), (docs, vec![]));
        // A finished run is fetched, and there is nothing to do.
        std::fs::remove_dir_all(folder.path("out")).expect("the second machine");
        let output = run(&folder, &toml, address);
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
    for scheme in ["s3", "gs"] {
        let (folder, bucket) = (Folder::new(), Bucket::default());
        folder.write("in/a.jsonl", format!("{{\"text\": \"{}\"}}\n", "seventeen letters ".repeat(500_000)));
        let toml = PUBLISHED.replace("[[sink]]\nuse = \"jsonl\"", "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"");
        bucket.unheard.store(1, Ordering::Relaxed);
        bucket.serve(|address| {
            let output = run(&folder, &toml.replace("s3://", &format!("{scheme}://")), address);
            assert!(output.status.success(), "{}", said(&output));
        });
        assert_eq!(bucket.unheard.load(Ordering::Relaxed), 0);
        let (name, sent) = bucket.lock().iter().find(|(name, _)| name.ends_with(".tokens")).map(|(name, bytes)| (name.clone(), bytes.clone())).expect("tokens");
        assert!(sent.len() > 16 << 20 && std::fs::read(folder.path("out").join(&name["runs/a/".len()..])).is_ok_and(|here| here == sent), "{name}");
    }
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
        let doctor = |store: &str| {
            Command::new(env!("CARGO_BIN_EXE_dataprep"))
                .args(["doctor", "--store", store])
                .envs(Bucket::environment(address))
                .output()
                .expect("the binary runs")
        };
        for store in ["s3://runs/x", "gs://runs/x"] {
            bucket.careless.store(false, Ordering::Relaxed);
            assert_eq!(doctor(store).status.code(), Some(0), "{store}");
            bucket.careless.store(true, Ordering::Relaxed);
            let found = doctor(store);
            assert!(found.status.code() == Some(1) && String::from_utf8_lossy(&found.stdout).contains("`run.publish` refuses this store"), "{found:?}");
        }
        let output = run(&folder, PUBLISHED, address);
        assert!(output.status.code() == Some(2) && said(&output).contains("honours `If-None-Match`"), "{}", said(&output));
        let output = run(&folder, &PUBLISHED.replace("DIR/out", "s3://runs/a"), address);
        assert!(said(&output).contains("`run.output` is a folder of this machine"), "{}", said(&output));
    });
    assert!(bucket.lock().keys().all(|name| !name.starts_with("runs/")));
}
