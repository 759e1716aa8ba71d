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
    // Datatrove's profile comes with the index; nothing is compared then.
    let theirs = folder.path("theirs").display().to_string();
    let made = dataprep(&["index-corpus", &old, "-o", &theirs, "--profile", "datatrove"], &[]);
    assert!(made.status.success(), "{}", said(&made));
    std::fs::remove_dir_all(folder.path("out")).expect("the run");
    folder.report(&pipeline("[[stage]]\nuse = \"dedup_minhash\"\nagainst = \"DIR/theirs\""), &[]);
    let dropped = lines(&folder.path("out/dropped"));
    let found: Vec<_> = dropped.iter().map(|doc| (&doc["id"], &doc["detail"], &doc["value"])).collect();
    let null = serde_json::Value::Null;
    assert_eq!(found, [(&"same".into(), &"d10".into(), &null), (&"like".into(), &"d11".into(), &null), (&"like_new".into(), &null, &null)]);
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
    let file = folder.write(
        "p.toml",
        pipeline("[[stage]]\nuse = \"dedup_minhash\"\ntarget = 0.8").replace("DIR", folder.path("").display().to_string().trim_end_matches('/')),
    );
    let plan = dataprep(&["plan", &file.display().to_string()], &[]);
    assert!(String::from_utf8_lossy(&plan.stdout).contains("13 bands of 7 rows find of the pairs: "), "{}", said(&plan));
}

/// JSON lines of a gzip file of the shared data.
fn gzip_lines(path: &std::path::Path) -> Vec<serde_json::Value> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text).expect("gzip");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Who went (id, the id of the one that stays, similarity), and all (id, text) that are kept.
type Outcome = (Vec<(String, String, f64)>, Vec<(String, String)>);

/// Runs `dedup_minhash` over documents.
fn near_duplicates(folder: &Folder, docs: &[(String, String)], stage: &str) -> Outcome {
    let _ = std::fs::remove_dir_all(folder.path("out"));
    folder.write("in/a.jsonl", jsonl(docs));
    folder.report(&pipeline(&format!("[[stage]]\nuse = \"dedup_minhash\"\n{stage}")), &[]);
    let shown = dataprep(&["clusters", &folder.path("out").display().to_string(), "--json", "-n", "1000000", "-m", "1000000"], &[]);
    let id = |member: &serde_json::Value| member["id"].as_str().expect("an id").to_owned();
    let mut gone = Vec::new();
    for line in String::from_utf8_lossy(&shown.stdout).lines() {
        let group: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let members = group["members"].as_array().expect("members");
        assert_eq!(members.iter().map(|member| member["kept"] == true).collect::<Vec<_>>(), (0..members.len()).map(|at| at == 0).collect::<Vec<_>>());
        gone.extend(members[1..].iter().map(|member| (id(member), id(&members[0]), member["similarity"].as_f64().expect("a number"))));
    }
    let text = |doc: &serde_json::Value| doc["text"].as_str().expect("a text").to_owned();
    let kept: Vec<(String, String)> = folder.docs().iter().map(|doc| (id(doc), text(doc))).collect();
    assert_eq!(kept.len() + gone.len(), docs.len(), "nobody is lost");
    (gone, kept)
}

/// Sets of five words in a row, Chinese characters being words: written anew here, to judge by.
fn five_words(text: &str) -> std::collections::HashSet<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        let han = matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{2ffff}');
        if !c.is_alphanumeric() && c != '_' {
            open = false;
        } else if han || !open {
            words.push(c.to_lowercase().collect());
            open = !han;
        } else if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.windows(5.min(words.len().max(1))).map(|window| window.join(" ")).collect()
}

fn likeness(a: &std::collections::HashSet<String>, b: &std::collections::HashSet<String>) -> f64 {
    let shared = a.intersection(b).count();
    shared as f64 / (a.len() + b.len() - shared).max(1) as f64
}

/// Draws lots that follow from a seed.
struct Lots(u64);

impl Lots {
    fn draw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// A revision: at the given rate words of two characters are replaced, sentences left out or doubled, or paragraphs replaced by those of another text.
fn revised(text: &str, other: &str, kind: usize, rate: f64, lots: &mut Lots) -> String {
    let cut = |text: &str, ends: &[char]| text.split_inclusive(ends).map(str::to_owned).collect::<Vec<_>>();
    let mut parts = match kind {
        0 => text.chars().collect::<Vec<_>>().chunks(2).map(|pair| pair.iter().collect()).collect(),
        1 => cut(text, &['。', '！', '？', '；', '\n']),
        _ => cut(text, &['\n']),
    };
    let strange = match kind {
        0 => other.chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>().chunks(2).map(|pair| pair.iter().collect()).collect(),
        _ => cut(other, &['\n']),
    };
    for _ in 0..(rate * parts.len() as f64).ceil() as usize {
        let place = lots.draw(parts.len());
        match (kind, lots.draw(2)) {
            (1, 0) => parts[place].clear(),
            (1, _) => parts[place] = parts[place].repeat(2),
            _ => parts[place] = strange.get(lots.draw(strange.len())).cloned().unwrap_or_default(),
        }
    }
    parts.concat()
}

#[test]
fn chinese_revisions_are_found_and_nothing_else_goes() {
    let Some(data) = super::support::real_data() else { return };
    let originals: Vec<String> =
        gzip_lines(&data.join("text-debian-docs/zh.jsonl.gz")).iter().map(|doc| doc["text"].as_str().expect("a text").to_owned()).collect();
    assert!(originals.len() > 1000);
    let mut lots = Lots(7);
    let mut docs: Vec<(String, String)> = originals.iter().enumerate().map(|(number, text)| (format!("o{number}"), text.clone())).collect();
    for (number, text) in originals.iter().enumerate() {
        let other = &originals[lots.draw(originals.len())];
        let (kind, rate) = (lots.draw(3), [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2][lots.draw(7)]);
        docs.push((format!("r{number}"), revised(text, other, kind, rate, &mut lots)));
    }
    let sets: std::collections::HashMap<&str, _> = docs.iter().map(|(id, text)| (id.as_str(), five_words(text))).collect();
    let folder = Folder::new();
    let (gone, kept) = near_duplicates(&folder, &docs, "");
    for (id, other, similarity) in &gone {
        let true_one = likeness(&sets[id.as_str()], &sets[other.as_str()]);
        assert!(true_one >= 0.65 && (true_one - similarity).abs() < 0.05, "{id} went for {other}: {similarity}, in truth {true_one}");
    }
    let kept_ids: std::collections::HashSet<&str> = kept.iter().map(|(id, _)| id.as_str()).collect();
    let (mut high, mut both) = (0, 0);
    for number in 0..originals.len() {
        let (original, revision) = (format!("o{number}"), format!("r{number}"));
        if likeness(&sets[original.as_str()], &sets[revision.as_str()]) >= 0.8 {
            high += 1;
            both += usize::from(kept_ids.contains(original.as_str()) && kept_ids.contains(revision.as_str()));
        }
    }
    println!("Chinese: {high} pairs of 0.8 and above, of which {both} stay together; {} of {} gone", gone.len(), docs.len());
    assert!(high > 800 && both as f64 <= 0.01 * high as f64, "{both} of {high} pairs stay together");
    let (again, _) = near_duplicates(&folder, &kept, "");
    assert!(again.is_empty(), "a second pass drops {again:?}");
}

#[test]
fn pairs_of_the_oracle_are_found_and_no_others() {
    let Some(data) = super::support::real_data() else { return };
    let text = |doc: &serde_json::Value, key: &str| doc[key].as_str().expect("a text").to_owned();
    let docs: Vec<(String, String)> =
        gzip_lines(&data.join("oracle/minhash_dev3000.jsonl.gz")).iter().map(|doc| (text(doc, "id"), text(doc, "text"))).collect();
    let pairs: Vec<(String, String, f64)> = gzip_lines(&data.join("oracle/minhash_dev3000.pairs.jsonl.gz"))
        .iter()
        .map(|pair| (text(pair, "a"), text(pair, "b"), pair["j"].as_f64().expect("a number")))
        .collect();
    let (gone, kept) = near_duplicates(&Folder::new(), &docs, "");
    let kept: std::collections::HashSet<&str> = kept.iter().map(|(id, _)| id.as_str()).collect();
    let high: Vec<_> = pairs.iter().filter(|(.., similarity)| *similarity >= 0.8).collect();
    let found = high.iter().filter(|(a, b, _)| !kept.contains(a.as_str()) || !kept.contains(b.as_str())).count();
    println!("oracle: {found} of {} pairs of 0.8 and above found; {} gone", high.len(), gone.len());
    assert!(high.len() > 250 && found as f64 >= 0.99 * high.len() as f64, "{found} of {}", high.len());
    // All pairs of 0.5 and above are listed. There a Chinese sentence is one word, so the likenesses themselves are not always ours.
    for (id, other, similarity) in &gone {
        assert!(pairs.iter().any(|(a, b, _)| (a, b) == (id, other) || (b, a) == (id, other)), "{id} went for {other}: {similarity}");
    }
}

/// A file that can grow no further stands for a full disk: both are an error of `write`.
#[test]
fn a_run_that_could_not_write_goes_on_where_there_is_room() {
    let clean = Folder::new();
    clean.write("in/a.jsonl", jsonl(&corpus(0, 400)));
    let stage = "[[stage]]\nuse = \"dedup_minhash\"\nkeep = \"longest\"";
    clean.report(&pipeline(stage), &[]);
    let folder = Folder::new();
    folder.write("in/a.jsonl", jsonl(&corpus(0, 400)));
    let file = folder.write("p.toml", pipeline(stage).replace("DIR", folder.path("").display().to_string().trim_end_matches('/')));
    let mut failed = 0;
    for kilobytes in [8, 40, 150, 300, 1_000] {
        let script = format!("trap '' XFSZ; ulimit -f {}; exec '{}' run '{}' --quiet", 2 * kilobytes, env!("CARGO_BIN_EXE_dataprep"), file.display());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("a shell");
        if !output.status.success() {
            failed += 1;
            assert!(said(&output).contains("cannot write"), "{}", said(&output));
        }
    }
    assert!(failed > 2, "{failed}");
    folder.report(&pipeline(stage), &[]);
    assert_eq!(folder.docs(), clean.docs());
    assert_eq!(super::support::tree(&folder.path("out/artifacts")), super::support::tree(&clean.path("out/artifacts")));
}
