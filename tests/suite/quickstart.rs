//! The quickstart's truth: every record of its small web ends as the truth file says, for the reason it says.

use std::collections::{BTreeMap, HashMap};

use super::support::{Folder, cargo, dataprep, lines, said};

#[test]
fn every_planted_fault_ends_as_its_truth_says() {
    let folder = Folder::new();
    let pipeline = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/quickstart.toml")).expect("the pipeline");
    // The verdict has a test of its own.
    let (without_verdict, _) = pipeline.split_once("[validate]").expect("a verdict");
    let file = folder.write("quickstart.toml", without_verdict);
    let output = dataprep(&["run", &file.display().to_string(), "--quiet", "--set", &format!("run.output={}", folder.path("out").display())], &[]);
    assert!(output.status.success(), "{}", said(&output));

    let kept: HashMap<String, serde_json::Value> = folder.docs().into_iter().map(|doc| (doc["url"].as_str().expect("a URL").to_owned(), doc)).collect();
    let dropped: HashMap<String, serde_json::Value> =
        lines(&folder.path("out/dropped")).into_iter().map(|drop| (drop["url"].as_str().expect("a URL").to_owned(), drop)).collect();
    let report = folder.json("out/report.json");
    let truth = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/web/truth.jsonl")).expect("the truth");
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut uncounted: BTreeMap<(String, String), u64> = BTreeMap::new();
    let (mut clean, mut lost) = (0, Vec::new());
    for line in truth.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let (url, fate) = (text("url"), text("fate"));
        let found = match (kept.contains_key(&url), dropped.get(&url)) {
            (true, None) => "kept".to_owned(),
            (false, Some(drop)) => format!("{}/{}", drop["stage"].as_str().unwrap_or_default(), drop["reason"].as_str().unwrap_or_default()),
            (false, None) => "no document".to_owned(),
            (true, Some(_)) => "both kept and dropped".to_owned(),
        };
        let end = record["end"].as_str();
        let right = match fate.as_str() {
            "keep" | "edit" => {
                clean += 1;
                // A clean page may be lost, but only by a named rule, and seldom.
                let by_rule = ["gopher/", "gopher_repetition/", "c4/", "fineweb/"].iter().any(|stage| found.starts_with(stage));
                lost.extend(by_rule.then(|| format!("{url}: {found}")));
                found == "kept" || by_rule
            }
            "drop" => end == Some(found.as_str()),
            _ => found == "no document",
        };
        if !right {
            wrong.entry(format!("{}: wanted {fate} {end:?}, found {found}", record["fault"].as_str().unwrap_or("clean page"))).or_default().push(url);
        }
        if let Some(reason) = end.and_then(|end| end.strip_prefix("source/")) {
            *uncounted.entry((fate, reason.to_owned())).or_default() += 1;
        }
    }
    let shown: Vec<String> = wrong.iter().map(|(what, urls)| format!("{} x {what}, as {}", urls.len(), urls[0])).collect();
    assert!(wrong.is_empty(), "{}", shown.join("\n"));
    assert!(lost.len() * 20 <= clean, "more than one clean page in twenty is lost:\n{}", lost.join("\n"));

    for ((fate, reason), planted) in uncounted {
        let counts = &report["source"][if fate == "fault" { "faults" } else { "skipped" }];
        assert_eq!(counts[&reason].as_u64(), Some(planted), "{fate} {reason}: {}", report["source"]);
    }
}

#[test]
fn the_web_is_what_its_generator_makes() {
    let folder = Folder::new();
    let target = std::path::Path::new(env!("CARGO_BIN_EXE_dataprep")).parent().and_then(|release| release.parent()).expect("target folder");
    let output = cargo()
        .args(["run", "--release", "--quiet", "--locked", "--example", "make_web", "--target-dir"])
        .arg(target)
        .args(["--", "fixtures/prose"])
        .arg(folder.path("web"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", said(&output));
    for name in ["web-0.warc.gz", "web-1.warc.gz", "web-2.warc.gz", "heldout.warc.gz", "truth.jsonl", "blocked-hosts.txt"] {
        let stored = std::fs::read(format!("{}/fixtures/web/{name}", env!("CARGO_MANIFEST_DIR"))).expect("the fixture");
        assert!(std::fs::read(folder.path("web").join(name)).expect("made") == stored, "{name} is not what the generator makes");
    }
}
