//! The verbs that make what stages read, and those that look at what a run has left, through the binary.

use super::support::{Folder, refused, said, told};

/// A pipeline from `DIR/in.jsonl` to `DIR/out` with these stages.
fn pipeline(stages: &str) -> String {
    format!("[run]\noutput = \"DIR/out\"\n\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n\n{stages}\n\n[[sink]]\nuse = \"jsonl\"\n")
}

#[test]
fn a_list_that_was_built_drops_what_its_text_drops() {
    let folder = Folder::new();
    let text = folder.write("hosts.txt", "# hosts\nbad.example\nWorse.Example\n").display().to_string();
    let built = folder.path("hosts.list").display().to_string();
    assert!(told(&["build-list", &text, "-o", &built]).starts_with("2 entries, "));
    assert!(refused(&["build-list", "no/such.txt", "-o", &built]).contains("cannot read no/such.txt"));
    folder.write(
        "in.jsonl",
        ["https://www.worse.example/a", "https://good.example/", "http://sub.bad.example/x?y"]
            .map(|url| format!("{{\"text\":\"x\",\"url\":\"{url}\"}}\n"))
            .concat(),
    );
    for list in ["hosts.txt", "hosts.list"] {
        let report = folder.report(&pipeline(&format!("[[stage]]\nuse = \"url\"\ndomains = \"DIR/{list}\"")), &[]);
        assert_eq!(report["stages"][0]["drops"], serde_json::json!({ "blocked_domain": 2 }), "{list}: {report}");
        std::fs::remove_dir_all(folder.path("out")).expect("the run");
    }
}

#[test]
fn an_index_of_evaluation_sets_finds_what_its_sets_find() {
    let folder = Folder::new();
    let index = folder.path("evals.index").display().to_string();
    assert!(told(&["build-index", "fixtures/evals.jsonl", "-o", &index, "--ngram", "8"]).contains(" runs of 8 words, "));
    assert!(refused(&["build-index", "fixtures/evals.jsonl", "-o", &index, "--ngram", "0"]).contains("--ngram 0: wanted 1 to "));
    assert!(refused(&["build-index", "fixtures/evals.jsonl", "-o", &index, "--fields", "nothing"]).contains("no item has a field `nothing`"));
    let item = std::fs::read_to_string(folder_of_the_package().join("fixtures/evals.jsonl")).expect("the set");
    let item: serde_json::Value = serde_json::from_str(item.lines().next().expect("an item")).expect("JSON");
    let longest = item.as_object().expect("an object").values().filter_map(|value| value.as_str()).max_by_key(|text| text.len()).expect("a text");
    let leaked = serde_json::json!({ "text": format!("Someone has copied this: {longest}") });
    let clean = serde_json::json!({ "text": "Nothing of what stands here was ever asked by anyone who wanted to know what a model can do." });
    folder.write("in.jsonl", format!("{leaked}\n{clean}\n"));
    let stage = |set: &str, ngram: usize| pipeline(&format!("[[stage]]\nuse = \"decontaminate\"\nagainst = \"{set}\"\nngram = {ngram}"));
    for set in ["fixtures/evals.jsonl", "DIR/evals.index"] {
        let report = folder.report(&stage(set, 8), &[]);
        assert_eq!(report["stages"][0]["drops"], serde_json::json!({ "contaminated": 1 }), "{set}: {report}");
        std::fs::remove_dir_all(folder.path("out")).expect("the run");
    }
    let other = said(&folder.run(&stage("DIR/evals.index", 9), &[]));
    assert!(other.contains("the index holds windows of 8 words, where 9 are wanted"), "{other}");
}

#[test]
fn fitted_thresholds_lose_the_share_that_was_asked_for() {
    let folder = Folder::new();
    let thresholds = folder.path("thresholds.toml").display().to_string();
    let printed = told(&["fit-thresholds", "fixtures/prose/en-*.md", "--lang", "en", "--lost", "0.02", "--least", "20", "-o", &thresholds]);
    assert!(printed.contains("1 languages"), "{printed}");
    let written = std::fs::read_to_string(&thresholds).expect("the file");
    assert!(written.contains("loses at most 2 % of the texts") && written.contains("[en"), "{written}");
    let toml = "[run]\noutput = \"DIR/out\"\n\n[source]\nuse = \"text\"\npath = \"fixtures/prose/en-*.md\"\n\n[[stage]]\nuse = \"language\"\n\n\
                [[stage]]\nuse = \"rules\"\nset = \"multilingual\"\nthresholds = \"DIR/thresholds.toml\"\n\n[[sink]]\nuse = \"jsonl\"\n";
    let report = folder.report(toml, &[]);
    let (read, rules) = (report["documents"]["read"].as_f64().expect("a count"), report["stages"][1]["drops"].as_object().expect("drops"));
    assert!(read > 50.0 && rules.values().all(|drops| drops.as_f64().is_some_and(|drops| drops <= 0.02 * read + 1.0)), "{report}");
    assert!(refused(&["fit-thresholds", "fixtures/prose/en-*.md", "--set", "nothing", "-o", &thresholds]).contains("there is no rule set `nothing`; one of: "));
    assert!(refused(&["fit-thresholds", "fixtures/prose/en-*.md", "--lost", "0.7", "-o", &thresholds]).contains("wanted a share from 0 to below 0.5"));
}

#[test]
fn annotations_tell_a_documents_story_and_what_another_bound_would_do() {
    let folder = Folder::new();
    let words =
        |count: usize| serde_json::json!({ "id": format!("of-{count}"), "text": vec!["the words of a plain text that stand here"; count / 9].join(". ") });
    folder.write("in.jsonl", [45, 90, 450].map(|count| format!("{}\n", words(count))).concat());
    folder.report(&pipeline("[[stage]]\nuse = \"rules\"\nset = \"gopher\"\nname = \"gopher\""), &["--set", "run.mode=annotate"]);
    let run = folder.path("out").display().to_string();
    let story = told(&["trace", "of-45", &run]);
    assert!(story.contains("would be dropped") && story.contains("x too_few_words") && story.contains("45.0000  against 50"), "{story}");
    let story = told(&["trace", "of-450", &run]);
    assert!(!story.contains("x too_few_words"), "{story}");
    assert!(refused(&["trace", "of-46", &run]).contains("of-46"));
    let then = told(&["whatif", &run, "--set", "stage.gopher.bounds.too_few_words.min=40"]);
    assert!(then.contains("1 would come in, 0 would go") && then.contains("+ 45.0000  of-45"), "{then}");
    let then = told(&["whatif", &run, "--set", "stage.gopher.bounds.too_few_words.min=100"]);
    assert!(then.contains("0 would come in, 1 would go") && then.contains("- 90.0000  of-90"), "{then}");
    assert!(refused(&["whatif", &run, "--set", "stage.nothing.bounds.too_few_words.min=1"]).contains("nothing"));
}

fn folder_of_the_package() -> std::path::PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

#[test]
fn a_tokenizer_that_was_learnt_outside_is_the_one_learnt_inside() {
    let folder = Folder::new();
    let texts = ["The river runs under the old bridge.\n", "河上有一座旧桥，桥下有人走过。", "Bridges, rivers & roads: 1234!"];
    folder.write("in.jsonl", texts.map(|text| format!("{}\n", serde_json::json!({ "text": text }))).concat());
    let (input, out, usage) = (folder.path("in.jsonl"), folder.path("t.json"), folder.path("usage.json"));
    let [input, out, usage] = [&input, &out, &usage].map(|path| path.display().to_string());
    for (arguments, stage) in [
        (
            &["--split", "llama3", "--normalize", "nfkc", "--special-tokens", "<pad>", "<end>=9"][..],
            "split = \"llama3\"\nnormalize = \"nfkc\"\nspecial_tokens = { \"<pad>\" = 0, \"<end>\" = 9 }",
        ),
        (&["--model", "unigram"], "model = \"unigram\""),
        (&["--model", "wordpiece", "--lowercase=false"], "model = \"wordpiece\"\nlowercase = false"),
    ] {
        let mut call = vec!["learn-tokenizer", &input, "--out", &out, "--vocab-size", "330", "--usage", &usage];
        call.extend(arguments);
        let output = told(&call);
        assert!(output.contains(" different words") && output.contains(" bytes a token; "), "{output}");
        let run = pipeline(&format!("[[stage]]\nuse = \"learn_tokenizer\"\nname = \"t\"\nvocab_size = 330\n{stage}"));
        let report = folder.report(&run, &[]);
        let read = |path: &str| std::fs::read_to_string(path).expect("a file");
        assert_eq!(read(&folder.path("out/artifacts/t/tokenizer.json").display().to_string()), read(&out), "{stage}");
        let inside: serde_json::Value = serde_json::from_str(&read(&folder.path("out/artifacts/t/usage.json").display().to_string())).expect("JSON");
        let outside: serde_json::Value = serde_json::from_str(&read(&usage)).expect("JSON");
        assert_eq!(inside["all"], outside["all"]);
        assert_eq!(inside["all"]["bytes"], texts.concat().len());
        assert_eq!(inside["all"]["tokens"], report["stages"][0]["counts"]["tokens"]);
        std::fs::remove_dir_all(folder.path("out")).expect("the run");
    }
    assert!(
        refused(&["learn-tokenizer", &input, "--out", &out, "--vocab-size", "200"]).contains("--vocab-size: nothing could be learnt; wanted more than 257")
    );
    assert!(refused(&["learn-tokenizer", &input, "--out", &out, "--split", "gpt5"]).contains("one of gpt2, cl100k"));
    assert!(refused(&["learn-tokenizer", &input, "--out", &out, "--model", "wordpiece", "--vocab-size", "20"]).contains("set limit_alphabet"));
    let empty = folder.write("empty.txt", "").display().to_string();
    assert!(refused(&["learn-tokenizer", &empty, "--out", &out]).contains("there are no words"));
}

#[test]
fn the_plan_shows_the_detection_curve() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\": \"one\"}\n");
    let toml = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n\
        [[stage]]\nuse = \"dedup_minhash\"\ntarget = 0.8\n[[sink]]\nuse = \"jsonl\"\n";
    let file = folder.write("p.toml", toml.replace("DIR", folder.path("").display().to_string().trim_end_matches('/')));
    assert!(told(&["plan", &file.display().to_string()]).contains("13 bands of 7 rows find of the pairs: "));
}
