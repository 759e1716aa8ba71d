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

/// Of each of 40 texts 14 revisions, of which neighbours are alike and the ends are not.
#[test]
fn components_are_whole_however_little_memory_there_is() {
    let folder = Folder::new();
    let revisions = (0..14).flat_map(|revision| (0..40).map(move |number| (format!("d{number}-{revision}"), text(number, 10 * revision))));
    folder.write("in/a.jsonl", jsonl(&revisions.collect::<Vec<_>>()));
    for (keep, kept) in [("first", "-0"), ("longest", "-13"), ("none", "nothing")] {
        let mut found = Vec::new();
        for memory in ["20 kB", "64 MiB"] {
            let stage = format!("[[stage]]\nuse = \"dedup_minhash\"\nclusters = \"components\"\nkeep = \"{keep}\"\nmemory = \"{memory}\"");
            let report = folder.report(&pipeline(&stage), &[]);
            let counts = &report["stages"][0]["counts"];
            assert!(counts["clusters"] == 40 && counts["pairs_alike"].as_u64() > Some(900), "{counts}");
            let ids: Vec<String> = folder.docs().iter().map(|doc| doc["id"].as_str().unwrap_or_default().to_owned()).collect();
            let stay = if keep == "none" { 0 } else { 40 };
            assert!(ids.len() == stay && ids.iter().all(|id| id.ends_with(kept)), "{keep}: {ids:?}");
            let blobs = std::fs::read_dir(folder.path("out/artifacts/dedup_minhash")).expect("the decision").map(|entry| entry.expect("a file").path());
            let mut blobs: Vec<_> = blobs.map(|path| (path.file_name().map(ToOwned::to_owned), std::fs::read(&path).expect("a file"))).collect();
            blobs.sort();
            let names: Vec<_> = blobs.iter().filter_map(|(name, _)| name.as_ref()?.to_str()).collect();
            assert_eq!(names, ["clusters.parquet", "drops-00000", "edges.parquet", "examples.jsonl"]);
            found.push(blobs);
            std::fs::remove_dir_all(folder.path("out")).expect("the run");
        }
        assert!(found[0] == found[1], "{keep}");
    }
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
fn passages_of_an_earlier_corpus_are_cut_and_named() {
    let folder = Folder::new();
    folder.write("old/a.jsonl", jsonl(&corpus(0, 30)));
    let (old, index) = (folder.path("old").display().to_string(), folder.path("index").display().to_string());
    let made = dataprep(&["index-corpus", &old, "-o", &index, "--min-bytes", "80"], &[]);
    assert!(made.status.success(), "{}", said(&made));
    let passage = &text(10, 0)[100..400];
    let new = |id: &str, text: String| (id.to_owned(), text);
    let docs =
        [new("holds", format!("{} {passage} {}", text(90, 0), text(91, 0))), new("whole", text(11, 0)), new("own", text(92, 0)), new("again", text(92, 0))];
    folder.write("in/b.jsonl", jsonl(&docs));
    let stage = |keys: &str| pipeline(&format!("[[stage]]\nuse = \"dedup_substring\"\nagainst = \"DIR/index\"\nsnap = \"char\"\n{keys}"));
    folder.report(&stage("min_left = 50"), &[]);
    let kept = folder.docs();
    let text_of = |id: &str| kept.iter().find(|doc| doc["id"] == id).map(|doc| doc["text"].as_str().unwrap_or_default().to_owned());
    let left = text_of("holds").expect("it stays");
    assert!(left.starts_with(&text(90, 0)) && left.ends_with(&text(91, 0)) && left.len() <= docs[0].1.len() - 300, "{left}");
    assert_eq!((text_of("whole"), text_of("own")), (None, Some(text(92, 0))));
    let dropped = lines(&folder.path("out/dropped"));
    let told: Vec<_> = dropped.iter().map(|doc| (&doc["id"], &doc["detail"], &doc["reason"])).collect();
    assert_eq!(told, [(&"whole".into(), &"d11".into(), &"little_left".into()), (&"again".into(), &serde_json::Value::Null, &"little_left".into())]);
    let named = std::fs::read_to_string(folder.path("out/artifacts/dedup_substring/earlier-00000.jsonl")).expect("the names of the copies");
    let named: Vec<serde_json::Value> = named.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let held = docs[0].1.find(passage).expect("there");
    let one = named.iter().find(|line| line["copy"] == "d10").expect("named");
    assert_eq!(one["ordinal"], 0);
    // The space before the passage, or the first letter after it, may happen to be the same, so the range may be longer.
    let (start, end) = (one["start"].as_u64().expect("a number") as usize, one["end"].as_u64().expect("a number") as usize);
    assert!(start <= held && end >= held + passage.len(), "{one}");
    let copy_start = one["copy_start"].as_u64().expect("a number") as usize;
    assert_eq!(docs[0].1[start..end], text(10, 0)[copy_start..][..end - start]);
    // Another length is for an index that was made for it.
    for (keys, message) in [
        ("min_bytes = 50", "the index was made for passages from 80 on, and 50 are asked for"),
        ("min_tokens = 20\ntokenizer = \"bytes\"", "the index measures passages in bytes"),
    ] {
        let wrong = folder.run(&stage(keys), &[]);
        assert!(said(&wrong).contains(message), "{}", said(&wrong));
    }
    let tokens = folder.path("tokens").display().to_string();
    let made = dataprep(&["index-corpus", &old, "-o", &tokens, "--min-tokens", "80", "--by", "token", "--tokenizer", "bytes"], &[]);
    assert!(made.status.success(), "{}", said(&made));
    // Tokens that are bytes cut what bytes do, and what is not written comes from the index.
    std::fs::remove_dir_all(folder.path("out")).expect("the run");
    folder.report(&stage("min_left = 50\ntokenizer = \"bytes\"").replace("DIR/index", "DIR/tokens"), &[]);
    assert_eq!(folder.docs(), kept);
    let near = pipeline("[[stage]]\nuse = \"dedup_minhash\"\ntokenizer = \"bytes\"\nagainst = \"DIR/tokens\"");
    std::fs::remove_dir_all(folder.path("out")).expect("the run");
    folder.report(&near, &[]);
    let dropped = lines(&folder.path("out/dropped"));
    let told: Vec<_> = dropped.iter().map(|doc| (&doc["id"], &doc["detail"], &doc["value"])).collect();
    assert_eq!(told, [(&"whole".into(), &"d11".into(), &1.0.into()), (&"again".into(), &serde_json::Value::Null, &1.0.into())]);
    let wrong = folder.run(&near.replace("tokenizer = \"bytes\"\n", ""), &[]);
    assert!(said(&wrong).contains("tokens are those of a tokenizer"), "{}", said(&wrong));
}

#[test]
fn a_crawl_grows_by_the_indexes_that_its_runs_write() {
    // Three crawls, of which each has old documents, documents like old ones and new ones: dropped are those that one run over all would drop.
    let crawls: Vec<Vec<(String, String)>> =
        (0..3u64).map(|crawl| corpus(20 * crawl, 20 * crawl + 30).into_iter().map(|(id, text)| (format!("{crawl}-{id}"), text)).collect()).collect();
    for stage in ["dedup_exact", "dedup_minhash"] {
        let folder = Folder::new();
        let (mut kept, mut indexes) = (Vec::new(), Vec::<String>::new());
        for (number, crawl) in crawls.iter().enumerate() {
            folder.write(&format!("crawl{number}/a.jsonl"), jsonl(crawl));
            let against = if indexes.is_empty() { String::new() } else { format!("against = {indexes:?}\n") };
            let toml = pipeline(&format!("[[stage]]\nuse = \"{stage}\"\nindex = true\n{against}"));
            let toml = toml.replace("DIR/in", &format!("DIR/crawl{number}")).replace("DIR/out", &format!("DIR/out{number}"));
            let output = folder.run(&toml, &[]);
            assert!(output.status.success(), "{}", said(&output));
            kept.extend(lines(&folder.path(&format!("out{number}/docs"))).iter().map(|doc| doc["id"].clone()));
            let indexed = folder.json(&format!("out{number}/report.json"))["stages"][0]["counts"]["documents_indexed"].as_u64();
            assert_eq!(indexed, Some(lines(&folder.path(&format!("out{number}/docs"))).len() as u64), "{stage}");
            indexes.push(folder.path(&format!("out{number}/artifacts/{stage}/index")).display().to_string());
        }
        folder.write("in/a.jsonl", jsonl(&crawls.concat()));
        folder.report(&pipeline(&format!("[[stage]]\nuse = \"{stage}\"")), &[]);
        let whole: Vec<_> = folder.docs().iter().map(|doc| doc["id"].clone()).collect();
        assert_eq!(kept, whole, "{stage}");
        // All are of 70 texts, of which every fifth is like another.
        assert_eq!(whole.len(), if stage == "dedup_exact" { 70 } else { 56 }, "{stage}");
    }
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
