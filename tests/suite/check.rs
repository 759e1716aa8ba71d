//! `dataprep check` and `dataprep profile` through the binary: faults planted one by one, and clean corpora drawn anew.

use std::path::Path;

use serde_json::{Value, json};

use super::support::{Folder, dataprep, said};

/// Documents of a corpus: so many that a shift of five points is no chance.
const DOCUMENTS: u64 = 6000;

/// Numbers that look random and are the same each time.
fn mixed(seed: u64, number: u64, what: u64) -> u64 {
    let mut x = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for _ in 0..3 {
        x = (x ^ (x >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
    }
    x ^ (x >> 32)
}

/// Sentences of the prose that the quickstart's pages are made of, by language.
fn sentences(lang: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/prose");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the prose").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let named = |path: &&std::path::PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(lang));
    let mut all = Vec::new();
    for file in files.iter().filter(named) {
        let text = std::fs::read_to_string(file).expect("a text");
        let body = text.split_once("\n---").map_or(text.as_str(), |(_, body)| body);
        all.extend(body.split_inclusive(['.', '。']).map(|sentence| sentence.trim().to_owned()).filter(|sentence| sentence.chars().count() > 15));
    }
    assert!(all.len() > 100, "{lang}");
    all
}

/// A corpus: four sources, two languages, twelve hosts and a score.
fn corpus(seed: u64) -> Vec<Value> {
    let (english, chinese) = (sentences("en"), sentences("zh"));
    let sources = ["books", "forum", "news", "web"];
    let document = |number: u64| {
        let lang = if number % 10 < 7 { "en" } else { "zh" };
        let pool = if lang == "en" { &english } else { &chinese };
        let chosen = (0..8 + mixed(seed, number, 1) % 8).map(|at| pool[mixed(seed, number, 100 + at) as usize % pool.len()].as_str());
        let text = chosen.collect::<Vec<_>>().join(if lang == "en" { " " } else { "" });
        json!({
            "id": format!("{seed}-{number}"),
            "url": format!("https://host{}.example/{number}", mixed(seed, number, 2) % 12),
            "text": text,
            "source": sources[number as usize % 4],
            "score": (mixed(seed, number, 3) % 1000) as f64 / 1000.0,
        })
    };
    (0..DOCUMENTS).map(document).collect()
}

fn write(folder: &Folder, name: &str, documents: &[Value]) {
    folder.write(name, documents.iter().map(|document| format!("{document}\n")).collect::<String>());
}

const HEAD: &str = "[run]\noutput = \"DIR/out\"\nseed = 1\n[source]\nuse = \"jsonl\"\npath = \"DIR/in*.jsonl\"\n";
const LANGUAGE: &str = "[[stage]]\nuse = \"language\"\n";
const QUALITY: &str = "[[stage]]\nuse = \"rules\"\nset = \"multilingual\"\nname = \"quality\"\n";
const CLEAN: &str = "[[stage]]\nuse = \"decontaminate\"\nagainst = \"fixtures/evals.jsonl\"\nngram = 8\n";
const SHARDS: &str = "[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 512\n";
const DOCS: &str = "[[sink]]\nuse = \"jsonl\"\n";

/// Runs a pipeline over `documents`, anew.
fn run(folder: &Folder, documents: &[Value], pipeline: &str) {
    let _ = std::fs::remove_dir_all(folder.path("out"));
    write(folder, "in.jsonl", documents);
    folder.report(pipeline, &[]);
}

/// Exit code, and the names of the checks that fail.
fn check(folder: &Folder, more: &[&str]) -> (Option<i32>, Vec<String>) {
    let out = folder.path("out").display().to_string();
    let output = dataprep(&["check", &out, "--json"], more);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let failed = told["checks"].as_array().expect("a list").iter().filter(|one| one["outcome"] == "fail");
    let mut names: Vec<String> = failed.map(|one| one["check"].as_str().expect("a name").to_owned()).collect();
    names.dedup();
    (output.status.code(), names)
}

/// Changes every document that `of` chooses.
fn change(documents: &[Value], of: impl Fn(usize) -> bool, edit: impl Fn(&mut Value)) -> Vec<Value> {
    let mut changed = documents.to_vec();
    changed.iter_mut().enumerate().filter(|(at, _)| of(*at)).for_each(|(_, document)| edit(document));
    changed
}

fn edit_text(edit: impl Fn(&str) -> String) -> impl Fn(&mut Value) {
    move |document| document["text"] = edit(document["text"].as_str().unwrap_or_default()).into()
}

#[test]
fn planted_faults_are_caught_under_their_names_and_clean_corpora_pass() {
    let folder = Folder::new();
    let full = format!("{HEAD}{LANGUAGE}{QUALITY}{CLEAN}{SHARDS}{DOCS}");
    let clean = corpus(0);
    run(&folder, &clean, &full);
    let baseline = folder.path("baseline.json").display().to_string();
    let against = ["--baseline", baseline.as_str()];
    let (code, failed) = check(&folder, &["--baseline", &baseline, "--update-baseline"]);
    assert_eq!((code, failed), (Some(0), vec![]));
    assert_eq!(check(&folder, &against), (Some(0), vec![]));

    // Another draw of the same kind of corpus is no fault.
    for seed in 1..=20 {
        run(&folder, &corpus(seed), &full);
        assert_eq!(check(&folder, &against), (Some(0), vec![]), "clean corpus {seed}");
    }

    let caught = |name: &str, documents: &[Value], pipeline: &str| {
        run(&folder, documents, pipeline);
        let (code, failed) = check(&folder, &against);
        assert!(code == Some(1) && failed.iter().any(|check| check == name), "{name}: {code:?}, {failed:?}");
    };
    let every = |n: usize| move |at: usize| at.is_multiple_of(n);
    let chinese = sentences("zh");
    let shifted = change(&clean, |at| at % 20 == 0, edit_text(|_| chinese[..12].concat()));
    caught("mix", &shifted, &full);
    let cyrillic = |text: &str| text.chars().map(|c| if c.is_ascii_lowercase() { 'ж' } else { c }).collect::<String>();
    caught("scripts", &change(&clean, |_| true, edit_text(|text| format!("{text} {}", cyrillic(&text.chars().take(60).collect::<String>())))), &full);
    caught("drop_rates", &clean, &full.replace(QUALITY, &format!("{QUALITY}bounds.too_few_words.min = 170\n")));
    caught("drop_rates", &clean, &full.replace(QUALITY, ""));
    let item: Value = serde_json::from_str(include_str!("../../fixtures/evals.jsonl").lines().next().expect("an item")).expect("JSON");
    let question = item["question"].as_str().expect("a question");
    caught("contamination", &change(&clean, every(150), edit_text(|text| format!("{text} {question}"))), &full);
    let (read, learned) = (folder.path("in.jsonl").display().to_string(), folder.path("other.json").display().to_string());
    assert!(dataprep(&["learn-tokenizer", &read, "--out", &learned, "--vocab-size", "400"], &[]).status.success());
    caught("tokenizer", &clean, &full.replace("\"bytes\"", &format!("{learned:?}")));
    caught("amount", &clean[..4000], &full);
    caught("mix", &clean.iter().filter(|document| document["source"] != "news").cloned().collect::<Vec<_>>(), &full);
    caught("mix", &clean.iter().filter(|document| !document["url"].as_str().is_some_and(|url| url.contains("host3."))).cloned().collect::<Vec<_>>(), &full);
    let twice: Vec<Value> = clean.iter().chain(&clean[..400]).cloned().collect();
    caught("repeats", &twice, &full);
    caught("ids_not_repeated", &twice, &full);
    caught("fields", &change(&clean, every(15), |document| drop(document.as_object_mut().map(|fields| fields.remove("score")))), &full);
    caught("scores", &change(&clean, |_| true, |document| document["score"] = document["score"].as_f64().map(|score| score * 0.8).into()), &full);
    caught("lengths", &change(&clean, |_| true, edit_text(|text| text.chars().take(700).collect())), &full);
    caught("damage", &change(&clean, every(100), edit_text(|text| format!("{text} Le cafÃ© dÃ©jÃ  prÃªt."))), &full);
    caught("damage", &change(&clean, every(30), edit_text(|text| text.replacen(' ', "\u{fffd}", 3))), &full);
    caught("damage", &change(&clean, every(30), edit_text(|text| text.replacen(' ', "\u{1}", 1))), &full);
    caught("damage", &change(&clean, every(30), edit_text(|text| format!("<div><p>{text}</p></div>"))), &full);
    // Nothing stands between the source and the sink that would drop them.
    caught("texts_not_empty", &change(&clean, every(100), edit_text(|_| " ".to_owned())), &format!("{HEAD}{LANGUAGE}{SHARDS}{DOCS}"));
    caught("source_readable", &change(&clean, every(10), |document| document["text"] = 7.into()), &full);

    // As a run leaves it whose stage panicked over three documents.
    run(&folder, &clean, &full);
    let mut report = folder.json("out/report.json");
    report["stages"][0]["drops"]["panicked"] = 3.into();
    folder.write("out/report.json", report.to_string());
    assert_eq!(check(&folder, &against), (Some(1), vec!["nothing_panicked".to_owned()]));

    // Faults of files, after the run.
    let broken = |hurt: &dyn Fn()| {
        run(&folder, &clean, &full);
        hurt();
        let (code, failed) = check(&folder, &against);
        assert!(code == Some(1) && failed == ["files_whole"], "{code:?}, {failed:?}");
    };
    let first = |inside: &str, end: &str| {
        let mut files: Vec<_> = std::fs::read_dir(folder.path(inside)).expect("a folder").flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.into_iter().find(|path| path.to_string_lossy().ends_with(end)).expect("a file")
    };
    broken(&|| {
        let path = first("out/shards", ".tokens");
        let mut bytes = std::fs::read(&path).expect("tokens");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("tokens");
        // Who does not read payloads cannot know, and does not say that all is well.
        let out = folder.path("out").display().to_string();
        let quick = dataprep(&["check", &out, "--quick", "--metrics"], &[]);
        assert!(quick.status.success() && String::from_utf8_lossy(&quick.stdout).contains("integrity/shards  not known: --quick"));
        assert_eq!(dataprep(&["check", &out, "--quick", "--strict"], &[]).status.code(), Some(1));
    });
    broken(&|| {
        let path = first("out/shards", ".tokens");
        let bytes = std::fs::read(&path).expect("tokens");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("tokens");
    });
    broken(&|| std::fs::remove_file(first("out/docs", ".zst")).expect("a part"));
    broken(&|| {
        let path = first("out/docs", ".zst");
        let mut bytes = std::fs::read(&path).expect("a part");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("a part");
    });
}

#[test]
fn files_that_dataprep_did_not_make_are_profiled_first() {
    let folder = Folder::new();
    let mut documents = corpus(3);
    documents.truncate(400);
    write(&folder, "c.jsonl", &documents);
    let file = folder.path("c.jsonl").display().to_string();
    let told = dataprep(&["profile", &file], &[]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    for part in ["documents   400, ", "lang        en ", "source      books 25.0 %, forum 25.0 %, news 25.0 %, web 25.0 %", "script      latin "] {
        assert!(told.contains(part), "{part} is missing from\n{told}");
    }
    assert_eq!(dataprep(&["check", &file], &[]).status.code(), Some(0));

    let checks = folder.write(
        "checks.toml",
        "[[check]]\nname = \"long_enough\"\nmetric = \"characters/p50\"\nmin = 100000\nhelp = \"look at the source\"\n\
         [[check]]\nname = \"mostly_english\"\nmetric = \"values/lang/en\"\nmin = 0.5\n[[check]]\nname = \"drops\"\nmetric = \"drop/quality\"\nmax = 0.5\n",
    );
    let checks = checks.display().to_string();
    let junit = folder.path("checks.xml").display().to_string();
    let output = dataprep(&["check", &file, "--checks", &checks, "--junit", &junit], &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "failed: long_enough: characters/p50 is ",
        "checks.toml:4:7",
        "look at the source",
        "cannot tell: drops: `drop/quality` was not measured here",
        "1 fail, 1 cannot be told",
    ] {
        assert!(told.contains(part), "{part} is missing from\n{told}");
    }
    assert!(std::fs::read_to_string(&junit).expect("the results").contains("failures=\"1\""));

    let leaked = documents[7]["text"].as_str().expect("a text").chars().take(200).collect::<String>();
    let eval = folder
        .write("eval.jsonl", format!("{}\n{}\n", json!({ "q": "Which of these was it that nobody ever said to anyone at all?" }), json!({ "q": leaked })));
    let eval = eval.display().to_string();
    let output = dataprep(&["check", &file, "--against", &eval, "--json"], &[]);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let failed: Vec<&Value> = told["checks"].as_array().expect("a list").iter().filter(|one| one["outcome"] == "fail").collect();
    assert_eq!((output.status.code(), failed.len()), (Some(1), 1), "{told}");
    assert_eq!((&failed[0]["check"], &failed[0]["documents"]), (&json!("no_evaluation_items"), &json!(400)));
    assert!(failed[0]["examples"][0].as_str().expect("an example").ends_with("eval.jsonl:2"), "{}", failed[0]);
    let few = folder.write("few.jsonl", format!("{}\n", json!({ "q": "Too short." }))).display().to_string();
    assert!(said(&dataprep(&["check", &file, "--against", &few], &[])).contains("give a smaller --ngram"));
    let only = folder.write("ok.toml", "[[check]]\nname = \"drops\"\nmetric = \"drop/quality\"\nmax = 0.5\n").display().to_string();
    assert_eq!(dataprep(&["check", &file, "--checks", &only], &[]).status.code(), Some(0), "what cannot be told is no failure");
    assert_eq!(dataprep(&["check", &file, "--checks", &only, "--strict"], &[]).status.code(), Some(1), "unless asked for");
}

#[test]
fn what_cannot_be_checked_says_what_to_do() {
    let folder = Folder::new();
    let refused = |arguments: &[&str], part: &str| {
        let output = dataprep(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(part), "{part} is missing from\n{}", said(&output));
    };
    let empty = folder.path("none").display().to_string();
    refused(&["check", &empty], "no file matches");
    write(&folder, "c.jsonl", &corpus(1)[..5]);
    let file = folder.path("c.jsonl").display().to_string();
    refused(&["check", &file, "--baseline", &empty], "make it with --update-baseline");
    let wrong = folder.write("wrong.toml", "[[check]]\nname = \"a\"\nmetric = \"kpet\"\nmax = 1\n").display().to_string();
    refused(&["check", &file, "--checks", &wrong], "did you mean `kept`?");
    let old = folder.write("old.json", "{\"schema\":0,\"version\":\"0\",\"facts\":{}}").display().to_string();
    refused(&["check", &file, "--baseline", &old], "it has form 0, this version of dataprep reads form 1");
    folder.write("half/run.json", "{}");
    refused(&["check", &folder.path("half").display().to_string()], "has not ended: start it again");
}

#[test]
fn a_run_can_be_looked_at_in_terminal_and_browser_and_expects_what_is_measured() {
    let folder = Folder::new();
    let mut documents = corpus(5);
    documents.truncate(200);
    documents.iter_mut().step_by(4).for_each(|document| document["text"] = "too short\u{1b}[2J".into());
    write(&folder, "in.jsonl", &documents);
    let head = HEAD.replace("seed = 1\n", "seed = 1\ndropped = 1.0\n");
    let pipeline = format!("{head}{LANGUAGE}{QUALITY}{DOCS}[expect]\n\"values/source/web\" = {{ min = 0.4 }}\n\"field/lang\" = {{ min = 1 }}\n");
    let output = folder.run(&pipeline, &["--lang", "en"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("`values/source/web` is 0.") && !said(&output).contains("field/lang"), "{}", said(&output));

    let out = folder.path("out").display().to_string();
    let shown = dataprep(&["inspect", &out, "--reason", "too_few_words", "-n", "3"], &[]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("quality: too_few_words: 3 against 50\n  too short[2J\n"), "{shown}");
    assert_eq!(shown.matches("too_few_words").count(), 3);
    let kept = dataprep(&["inspect", &out, "--kept", "--lang", "zh", "-n", "2", "--json"], &[]);
    let kept = String::from_utf8_lossy(&kept.stdout).into_owned();
    assert_eq!((kept.lines().count(), kept.matches("\"lang\":\"zh-Hans\"").count()), (2, 2), "{kept}");
    let unknown = dataprep(&["inspect", &out, "--stage", "qualty"], &[]);
    assert!(said(&unknown).contains("did you mean `quality`?"), "{}", said(&unknown));

    let page = std::fs::read_to_string(folder.path("out/report.html")).expect("the page of the run");
    assert!(page.len() < 5_000_000 && page.contains("too_few_words 50 (25.0 %)") && page.contains("lang=\"en\""), "{}", page.len());
    let chinese = dataprep(&["report", &out, "--lang", "zh"], &[]);
    assert!(chinese.status.success(), "{}", said(&chinese));
    assert!(std::fs::read_to_string(folder.path("out/report.html")).expect("the page").contains("逐级流程"));
}
