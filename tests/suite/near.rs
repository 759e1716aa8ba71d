//! Deduplication of whole documents through the binary: groups shown, an index of an earlier corpus, any cutting of the input.

use super::support::{Folder, dataprep, lines, said};

/// A text of letters that follows from its number.
fn text(number: u64, changed: u64) -> String {
    let mut state = number;
    let word = |place: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Letters for digits: to datatrove, all numbers are one.
        let letters: String = (state >> 40).to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        if place < changed { format!("other{letters}") } else { letters }
    };
    (0..200).map(word).collect::<Vec<_>>().join(" ")
}

/// JSON lines of documents (id, text).
fn jsonl(docs: &[(String, String)]) -> String {
    let line = |(id, text): &(String, String)| serde_json::json!({ "id": id, "url": format!("http://a.example/{id}"), "text": text }).to_string() + "\n";
    docs.iter().map(line).collect()
}

fn corpus(from: u64, to: u64) -> Vec<(String, String)> {
    let near = |number: u64| if number % 5 == 4 { (number - 4, 3 + number % 2) } else { (number, 0) };
    (from..to).map(|number| (format!("d{number}"), text(near(number).0, near(number).1))).collect()
}

fn pipeline(stage: &str) -> String {
    format!("[run]\noutput = \"DIR/out\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in/*\"\n{stage}\n[[sink]]\nuse = \"jsonl\"\n")
}

#[test]
fn groups_are_shown_and_pairs_are_parquet() {
    let folder = Folder::new();
    folder.write("in/a.jsonl", jsonl(&corpus(0, 60)));
    folder.report(&pipeline("[[stage]]\nuse = \"dedup_minhash\"\nkeep = \"last\""), &[]);
    let out = folder.path("out").display().to_string();
    let shown = dataprep(&["clusters", &out, "--json", "-n", "3"], &[]);
    assert!(shown.status.success(), "{}", said(&shown));
    let groups: Vec<serde_json::Value> = String::from_utf8_lossy(&shown.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(groups.len(), 3);
    assert_eq!((&groups[0]["size"], &groups[0]["members"][0]["id"], &groups[0]["members"][1]["id"]), (&2.into(), &"d4".into(), &"d0".into()));
    assert_eq!((&groups[0]["members"][0]["kept"], &groups[0]["members"][1]["kept"]), (&true.into(), &false.into()));
    assert_eq!(groups[0]["members"][1]["url"], "http://a.example/d0");
    let similarity = groups[0]["members"][1]["similarity"].as_f64().expect("a number");
    assert!((0.75..1.0).contains(&similarity), "{similarity}");
    let dropped = lines(&folder.path("out/dropped"));
    assert_eq!((dropped.len(), &dropped[0]["value"]), (12, &groups[0]["members"][1]["similarity"]));
    let table = String::from_utf8_lossy(&dataprep(&["clusters", &out], &[]).stdout).into_owned();
    assert!(table.contains("dedup_minhash: 12 groups with 24 documents, 12 of which stay"), "{table}");
    assert!(folder.path("out/artifacts/dedup_minhash/edges.parquet").is_file());
    let none = dataprep(&["clusters", &out, "--stage", "sample"], &[]);
    assert!(said(&none).contains("`sample` has found no groups; say which with --stage: `dedup_minhash`"), "{}", said(&none));
}

#[test]
fn new_documents_lose_to_an_earlier_corpus() {
    let folder = Folder::new();
    folder.write("old/a.jsonl", jsonl(&corpus(0, 30)));
    let (old, index) = (folder.path("old").display().to_string(), folder.path("index").display().to_string());
    let made = dataprep(&["index-corpus", &old, "-o", &index, "--bands", "20", "--rows", "5", "--memory", "3 kB"], &[]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(String::from_utf8_lossy(&made.stdout).starts_with("30 documents, "));
    assert!(folder.path("index/00001.bands").is_file(), "more than one segment");
    // The same text, the like of an old one, the like of the one before, and something else.
    let renamed = |id: &str, text: String| (id.to_owned(), text);
    let docs = [
        renamed("same", text(10, 0)),
        renamed("like", text(11, 2)),
        renamed("new", text(99, 0)),
        renamed("like_new", text(99, 2)),
        renamed("else", text(77, 0)),
    ];
    folder.write("in/b.jsonl", jsonl(&docs));
    for keep in ["first", "longest", "none"] {
        let near = pipeline(&format!("[[stage]]\nuse = \"dedup_minhash\"\nkeep = \"{keep}\"\nagainst = \"DIR/index\""));
        folder.report(&near, &[]);
        let kept: Vec<String> = folder.docs().iter().map(|doc| doc["id"].as_str().unwrap_or_default().to_owned()).collect();
        let expected: &[&str] = match keep {
            "first" => &["new", "else"],
            "longest" => &["like_new", "else"],
            _ => &["else"],
        };
        assert_eq!(kept, expected, "{keep}");
        let dropped = lines(&folder.path("out/dropped"));
        assert_eq!((&dropped[0]["id"], &dropped[0]["detail"], &dropped[0]["value"]), (&"same".into(), &"d10".into(), &1.0.into()));
        assert_eq!((&dropped[1]["id"], &dropped[1]["detail"], &dropped[1]["other"]), (&"like".into(), &"d11".into(), &serde_json::Value::Null));
        let shown = dataprep(&["clusters", &folder.path("out").display().to_string(), "--json"], &[]);
        assert!(
            String::from_utf8_lossy(&shown.stdout).contains("{\"id\":\"d10\",\"url\":\"http://a.example/d10\",\"place\":null,\"kept\":true"),
            "{}",
            said(&shown)
        );
        std::fs::remove_dir_all(folder.path("out")).expect("the run");
    }
    folder.report(&pipeline("[[stage]]\nuse = \"dedup_exact\"\nagainst = \"DIR/index\""), &[]);
    let dropped = lines(&folder.path("out/dropped"));
    assert_eq!((dropped.len(), &dropped[0]["id"], &dropped[0]["detail"]), (1, &"same".into(), &"d10".into()));
    // What does not agree with the index is refused before anything runs.
    let wrong = folder.run(&pipeline("[[stage]]\nuse = \"dedup_minhash\"\nbands = 14\nagainst = \"DIR/index\""), &[]);
    assert!(said(&wrong).contains("the index was made with other settings: fast, 5 of word, 20 bands of 5 rows"), "{}", said(&wrong));
    let wrong = folder.run(&pipeline("[[stage]]\nuse = \"dedup_exact\"\nagainst = \"DIR/nowhere\""), &[]);
    assert!(said(&wrong).contains("cannot read") && said(&wrong).contains("against"), "{}", said(&wrong));
}

#[test]
fn survivors_depend_on_neither_threads_nor_files() {
    let docs = corpus(0, 400);
    for stage in ["keep = \"first\"", "keep = \"longest\"\nclusters = \"components\"", "keep = \"last\"\nprofile = \"datatrove\""] {
        let mut first: Option<Vec<serde_json::Value>> = None;
        for (files, threads) in [(1, "1"), (7, "2"), (50, "5")] {
            let folder = Folder::new();
            for (number, part) in docs.chunks(docs.len().div_ceil(files)).enumerate() {
                folder.write(&format!("in/{number:03}.jsonl"), jsonl(part));
            }
            let stages = format!("[[stage]]\nuse = \"dedup_exact\"\n[[stage]]\nuse = \"dedup_minhash\"\n{stage}");
            let report = folder.report(&pipeline(&stages), &["--threads", threads]);
            let documents = &report["documents"];
            assert_eq!(documents["read"].as_u64(), documents["written"].as_u64().zip(documents["dropped"].as_u64()).map(|(kept, gone)| kept + gone));
            let kept = folder.docs();
            assert!(kept.len() == 320, "{} kept", kept.len());
            assert!(*first.get_or_insert_with(|| kept.clone()) == kept, "{stage}: {files} files, {threads} threads");
        }
    }
}

#[test]
fn the_plan_shows_the_detection_curve() {
    let folder = Folder::new();
    folder.write("in/a.jsonl", jsonl(&corpus(0, 2)));
    let file = folder.write("p.toml", pipeline("[[stage]]\nuse = \"dedup_minhash\"\ntarget = 0.8").replace("DIR", &folder.path("").display().to_string()));
    let plan = dataprep(&["plan", &file.display().to_string()], &[]);
    assert!(String::from_utf8_lossy(&plan.stdout).contains("13 bands of 7 rows find of the pairs: "), "{}", said(&plan));
}
