//! From a text to a language model, and from the model to the part of a corpus that it finds plain.

use super::support::{Folder, dataprep, said, tree};

const PIPELINE: &str = r#"
[run]
output = "DIR/out"
part = "20 kB"

[source]
use = "text"
path = ["fixtures/prose/en-*.md", "fixtures/prose/de-*.md"]

[[stage]]
use = "perplexity"
model = "DIR/en.bin"
keep = "head"
head = 0.85

[[sink]]
use = "jsonl"
"#;

fn train(folder: &Folder, out: &str, more: &[&str]) -> std::process::Output {
    let out = folder.path(out).display().to_string();
    dataprep(&["train-lm", "--text", "fixtures/prose/en-*.md", "--order", "3", "--discount-fallback", "--held-out", "0.1", "--out", &out], more)
}

#[test]
fn a_model_of_english_keeps_the_english_texts() {
    let folder = Folder::new();
    let trained = train(&folder, "en.bin", &[]);
    let printed = String::from_utf8_lossy(&trained.stdout).into_owned();
    assert!(trained.status.success() && printed.contains("3-grams: ") && printed.contains("held out: perplexity "), "{printed}{}", said(&trained));
    let held: f64 = printed.split("perplexity ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a number");
    assert!((100.0..1500.0).contains(&held), "{held}");
    let report = folder.report(PIPELINE, &["--threads", "1"]);
    let (read, written) = (report["documents"]["read"].as_f64().expect("read"), report["documents"]["written"].as_f64().expect("written"));
    assert!((written / read - 0.85).abs() < 0.02, "{written} of {read}");
    let kept = folder.docs();
    let english = kept.iter().filter(|doc| doc["path"].as_str().is_some_and(|path| path.contains("/en-"))).count();
    assert!(english > 100 && kept.len() - english < 3, "{english} of {}", kept.len());
    assert!(kept.iter().all(|doc| doc["perplexity_bucket"] == "head" && doc["perplexity"].as_f64().is_some_and(|found| found > 1.0)), "{:?}", kept.first());
    let one = tree(&folder.path("out/docs"));
    std::fs::remove_dir_all(folder.path("out")).expect("the first run");
    folder.report(PIPELINE, &["--threads", "3"]);
    assert_eq!(tree(&folder.path("out/docs")), one, "the same bytes on any number of threads");
}

#[test]
fn training_again_gives_the_same_bytes_and_faults_are_said() {
    let folder = Folder::new();
    assert!(train(&folder, "a.arpa", &["--prune", "0,1"]).status.success() && train(&folder, "b.arpa", &["--prune", "0,1"]).status.success());
    let [a, b] = ["a.arpa", "b.arpa"].map(|name| std::fs::read(folder.path(name)).expect("a model"));
    assert!(a == b && a.starts_with(b"\\data\\\nngram 1="));
    let fault = |out: &str, more: &[&str]| {
        let output = train(&folder, out, more);
        assert_eq!(output.status.code(), Some(2));
        said(&output)
    };
    assert!(fault("c.model", &[]).contains("must end in .arpa or .bin"));
    assert!(fault("c.bin", &["--memory", "10 kB"]).contains("distinct words take more than half of 10000 bytes"));
    assert!(fault("c.bin", &["--prune", "3,1"]).contains("ascending order"));
    assert!(fault("c.bin", &["--words", "no/such.json"]).contains("--words: cannot read no/such.json"));
    assert!(!folder.path("c.bin").exists());
}
