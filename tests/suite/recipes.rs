//! Every recipe can be built from the example in its own manual, every key is documented, and every ready pipeline can be planned.

use dataprep::plan::{Pipeline, Registry};

/// Before it, what an example needs; after it, what a pipeline needs.
fn around(kind: &str, example: &str, folder: &std::path::Path) -> String {
    let output = folder.join("out");
    let input = folder.join("in.jsonl");
    let head = format!("[run]\noutput = {output:?}\n");
    let source = format!("[source]\nuse = \"jsonl\"\npath = {input:?}\nfields = {{ text = \"text\", html = \"html\", url = \"url\" }}\n");
    let source = if example.contains("\"chat_template\"") { format!("[source]\nuse = \"chat\"\npath = {input:?}\n") } else { source };
    let sink = "[[sink]]\nuse = \"jsonl\"\n";
    let learned = "[[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 300\n";
    match kind {
        "source" => format!("{head}{example}{sink}"),
        "sink" => format!("{head}{source}[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n{example}"),
        _ if example.contains("stage:bpe") && !example.contains("learn_tokenizer") => format!("{head}{source}{learned}{example}{sink}"),
        _ => format!("{head}{source}{example}{sink}"),
    }
}

#[test]
fn every_recipe_is_built_from_its_own_example() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.jsonl"), "{\"text\":\"a\"}\n").expect("a file");
    let registry = Registry::default();
    let mut faults = Vec::new();
    for (kind, shelf) in [("source", &registry.sources), ("stage", &registry.stages), ("sink", &registry.sinks)] {
        for known in shelf.iter() {
            let manual = known.manual();
            let Some(example) = manual.example() else {
                faults.push(format!("{kind} {}: its manual has no example", known.name));
                continue;
            };
            if let Some((key, ..)) = manual.keys.iter().find(|(_, _, text)| text.is_empty()) {
                faults.push(format!("{kind} {}: key `{key}` is not documented", known.name));
            }
            let toml = around(kind, example, folder.path());
            if let Err(problems) = Pipeline::parse(known.name, &toml, &[]).and_then(Pipeline::plan) {
                // An example may name the user's own files, and functions of Python: that they are missing is all that may be said.
                let lacks = ["no file matches", "cannot read", "needs the Python package"];
                if !problems.iter().all(|problem| lacks.iter().any(|said| problem.message.contains(said))) {
                    faults.push(format!("{kind} {}:\n{problems}", known.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_ready_pipeline_can_be_planned_over_files_of_its_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("input.txt");
    std::fs::write(&text, "some text").expect("a file");
    let root = env!("CARGO_MANIFEST_DIR");
    for entry in std::fs::read_dir(format!("{root}/pipelines")).expect("pipelines").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let content = std::fs::read_to_string(&path).expect("UTF-8");
        assert!(content.starts_with("# "), "{} opens with prose", path.display());
        let input = if content.contains("use = \"warc\"") { format!("{root}/fixtures/web/web-*.warc.gz") } else { text.display().to_string() };
        if content.contains("tokenizer = \"out/happy-llm-pretrain/") {
            // Another pipeline makes its tokenizer; `happy_llm.rs` runs the two of them.
            continue;
        }
        let sets = [format!("source.path={input}"), format!("run.output={}", folder.path().join("out").display())];
        std::env::set_current_dir(root).expect("the root");
        if let Err(problems) = Pipeline::load(&path, &sets).and_then(Pipeline::plan) {
            panic!("{}:\n{problems}", path.display());
        }
    }
}
