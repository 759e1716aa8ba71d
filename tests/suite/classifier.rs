//! `dataprep train-classifier` and the stage `classify`, from texts to kept documents.

use super::support::{Folder, dataprep, gzip, real_data, said};

fn good(number: usize) -> String {
    format!("the river of town {number} runs under an old bridge of stone, and boats go down it to the sea")
}

fn bad(number: usize) -> String {
    format!("buy {number} cheap watches now, click here for the best offer, free delivery, no questions asked")
}

fn lines(text: fn(usize) -> String, name: &str, numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{{\"id\":\"{name}{number}\",\"text\":\"{}\"}}\n", text(number))).collect()
}

/// A folder with texts of two kinds in three forms, and the model `m.bin`.
fn trained(arguments: &[&str]) -> (Folder, String) {
    let folder = Folder::new();
    folder.write("good.jsonl.gz", gzip(lines(good, "g", 0..60).as_bytes()));
    (0..60).for_each(|number| _ = folder.write(&format!("bad/{number}.txt"), bad(number)));
    let output = train(&folder, &["good.jsonl.gz"], &["bad"], arguments);
    assert!(output.status.success(), "{}", said(&output));
    (folder, String::from_utf8(output.stdout).expect("UTF-8"))
}

fn train(folder: &Folder, good: &[&str], bad: &[&str], arguments: &[&str]) -> std::process::Output {
    let at = |names: &[&str]| names.iter().map(|name| folder.path(name).display().to_string()).collect::<Vec<_>>();
    let (good, bad, out) = (at(good), at(bad), folder.path("m.bin").display().to_string());
    let mut all = vec!["train-classifier", "--out", &out, "--good"];
    all.extend(good.iter().map(String::as_str));
    all.push("--bad");
    all.extend(bad.iter().map(String::as_str));
    dataprep(&all, arguments)
}

fn pipeline(stage: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"classify\"\nmodel = \"DIR/m.bin\"\n{stage}[[sink]]\nuse = \"jsonl\"\n"
    )
}

#[test]
fn a_classifier_is_trained_measured_and_used() {
    let (folder, printed) = trained(&["--bucket", "5000"]);
    assert!(printed.contains("kept back: accuracy 1.0000, ROC AUC 1.0000, average precision 1.0000"), "{printed}");
    let first = std::fs::read(folder.path("m.bin")).expect("a model");
    for threads in ["1", "2", "3"] {
        train(&folder, &["good.jsonl.gz"], &["bad"], &["--bucket", "5000", "--threads", threads]);
        assert!(std::fs::read(folder.path("m.bin")).expect("a model") == first, "{threads} threads");
    }
    folder.write("in.jsonl", lines(good, "g", 100..130) + &lines(bad, "b", 100..170));

    let report = folder.report(&pipeline("label = \"good\"\nmin = 0.5\n"), &[]);
    assert_eq!(report["stages"][0]["drops"]["low_score"], 70, "{report}");
    let docs = folder.docs();
    assert!(docs.len() == 30 && docs.iter().all(|doc| doc["text"].as_str().is_some_and(|text| text.starts_with("the river"))));
    assert!(docs.iter().all(|doc| doc["quality"].as_f64().is_some_and(|score| score > 0.5)), "{}", docs[0]);

    std::fs::remove_dir_all(folder.path("out")).expect("an output");
    let report = folder.report(&pipeline("label = \"good\"\nkeep_share = 0.17\n"), &[]);
    assert_eq!(report["stages"][0]["drops"]["not_in_share"], 83, "{report}");
    let docs = folder.docs();
    assert!(docs.len() == 17 && docs.iter().all(|doc| doc["quality"].as_f64().is_some_and(|score| score > 0.5)), "{}", docs[0]);

    std::fs::remove_dir_all(folder.path("out")).expect("an output");
    let annotate = pipeline("label = \"good\"\nkeep_share = 0.17\n").replace("[source]", "mode = \"annotate\"\n[source]");
    folder.report(&annotate, &[]);
    let docs = folder.docs();
    let dropped: Vec<_> = docs.iter().filter(|doc| doc["verdicts"][0]["keep"] == false).collect();
    assert_eq!((docs.len(), dropped.len()), (100, 83), "{}", docs[0]);
    assert!(dropped.iter().all(|doc| doc["verdicts"][0]["value"] == doc["quality"] && doc["verdicts"][0]["threshold"].is_number()), "{}", dropped[0]);
}

#[test]
fn a_quantised_model_is_small_and_agrees() {
    let (folder, printed) = trained(&["--bucket", "5000", "--quantize"]);
    assert!(printed.contains("accuracy 1.0000"), "{printed}");
    assert!(std::fs::metadata(folder.path("m.bin")).expect("a model").len() < 80_000);
}

#[test]
fn what_cannot_be_trained_on_is_named() {
    let folder = Folder::new();
    folder.write("a.jsonl", lines(good, "g", 0..30));
    folder.write("empty.jsonl", "{\"text\":\" \"}\n{\"text\":\"\"}\nno json\n");
    folder.write("mixed/a.txt", "a");
    folder.write("mixed/b.jsonl", "{\"text\":\"a\"}\n");
    for (bad, more, wanted) in [
        ("none.jsonl", vec![], "--bad: no file matches"),
        ("empty.jsonl", vec![], "--bad: no document with a text to train on"),
        ("empty.jsonl", vec![], "empty 2, not_json 1"),
        ("a.jsonl", vec!["--text", "body"], "--good: no document with a text to train on"),
        ("a.jsonl", vec!["--prepare", "datatrov"], "did you mean `datatrove`?"),
        ("a.jsonl", vec!["--holdout", "1"], "--holdout is 1"),
        ("a.jsonl", vec!["--dim", "0"], "the dimension is out of range: wanted 1 to 4096"),
    ] {
        let output = train(&folder, &["a.jsonl"], &[bad], &more);
        assert_eq!(output.status.code(), Some(2), "{bad} {more:?}");
        assert!(said(&output).contains(wanted), "{wanted} is missing from\n{}", said(&output));
        assert!(!folder.path("m.bin").exists());
    }
    // Each file is read as its name says.
    let output = train(&folder, &["a.jsonl"], &["mixed"], &["--holdout", "0"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("bad            2 documents"), "{printed}{}", said(&output));
}

#[test]
fn mistakes_in_the_stage_have_a_caret() {
    let (folder, _) = trained(&["--bucket", "5000", "--quiet"]);
    folder.write("in.jsonl", "{\"text\":\"a\"}\n");
    for (stage, wanted) in [
        ("label = \"god\"\n", "one of: good, bad"),
        ("label = \"good\"\nmin = 0.5\nkeep_share = 0.1\n", "`keep_share` and `min` both say who stays"),
        ("label = \"good\"\npareto = -1.0\n", "-1 is no shape of a Pareto distribution"),
        ("label = \"good\"\nkeep_shares = 0.1\n", "did you mean `keep_share`?"),
        ("label = \"good\"\nprepare = \"none\"\n", "datatrove"),
        ("", "lacks the key `label`"),
    ] {
        let output = folder.run(&pipeline(stage), &[]);
        let shown = said(&output);
        assert!(output.status.code() == Some(2) && shown.contains(wanted) && shown.contains(" --> ") && shown.contains('^'), "{wanted}:\n{shown}");
    }
}

#[test]
fn real_mail_is_told_from_unwanted_mail() {
    let Some(data) = real_data() else { return };
    let folder = Folder::new();
    let mail = std::fs::File::open(data.join("quality-spamassassin/mail.jsonl.gz")).expect("the corpus");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(mail), &mut text).expect("UTF-8");
    for (name, label) in [("good.jsonl", "\"label\": \"ham\""), ("bad.jsonl", "\"label\": \"spam\"")] {
        folder.write(name, text.lines().filter(|line| line.contains(label)).map(|line| format!("{line}\n")).collect::<String>());
    }
    let output = train(&folder, &["good.jsonl"], &["bad.jsonl"], &["--bucket", "200000"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let measure = |name: &str| printed.split(name).nth(1).and_then(|rest| rest.trim().split([',', '\n']).next()?.parse::<f64>().ok()).unwrap_or(0.0);
    assert!(measure("accuracy") > 0.95 && measure("ROC AUC") > 0.98 && measure("average precision") > 0.98, "{printed}{}", said(&output));
}
