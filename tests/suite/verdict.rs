//! The verdict calls a spoilt corpus worse, the clean one better, and two halves of one corpus not resolved.

use super::support::{Folder, dataprep, said};

fn corpus(from: usize, to: usize, spoilt: bool) -> String {
    const NAMES: [&str; 8] = ["Ada", "Bertil", "Chiara", "Dmitri", "Esra", "Femi", "Goro", "Hana"];
    const THINGS: [&str; 8] = ["a boat", "the kettle", "her letter", "an old map", "the gate", "a violin", "his coat", "the lamp"];
    const DOES: [&str; 6] = ["carries", "mends", "forgets", "finds", "paints", "sells"];
    const WHEN: [&str; 6] = ["in the morning", "before the rain", "after supper", "on the way home", "without a word", "twice a year"];
    let mut state = 9u64;
    let mut pick = |from: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % from
    };
    let mut lines = Vec::new();
    for number in 0..to {
        let text: Vec<String> = (0..12).map(|_| format!("{} {} {} {}.", NAMES[pick(8)], DOES[pick(6)], THINGS[pick(8)], WHEN[pick(6)])).collect();
        let mut text = text.join(" ");
        if spoilt && number % 2 == 0 {
            text = text.chars().map(|c| if c.is_alphabetic() { (b'a' + pick(26) as u8) as char } else { c }).collect();
        }
        lines.push(format!("{{\"id\":\"{number}\",\"text\":\"{text}\"}}\n"));
    }
    lines.drain(from..).collect()
}

#[test]
fn clean_spoilt_and_equal_arms() {
    let folder = Folder::new();
    folder.write("clean.jsonl", corpus(40, 340, false));
    folder.write("spoilt.jsonl", corpus(40, 340, true));
    folder.write("held.jsonl", corpus(0, 40, false));
    folder.write("one.jsonl", corpus(40, 190, false));
    folder.write("two.jsonl", corpus(190, 340, false));
    let judge = |first: &str, last: &str| {
        let path = |name: &str| folder.path(&format!("{name}.jsonl")).display().to_string();
        let (a, b, held, out) = (format!("a={}", path(first)), format!("b={}", path(last)), path("held"), folder.path("v").display().to_string());
        let output = dataprep(&["validate", "--arm", &a, "--arm", &b, "--heldout", &held, "--out", &out, "--tokens", "20000", "--quiet"], &[]);
        assert!(output.status.success(), "{}", said(&output));
        folder.json("v/validate.json")["verdict"].as_str().expect("a verdict").to_owned()
    };
    assert_eq!(judge("spoilt", "clean"), "better");
    assert_eq!(judge("clean", "spoilt"), "worse");
    assert_eq!(judge("one", "two"), "not_resolved");
}

#[test]
fn a_pipeline_is_judged_on_documents_that_no_arm_has_seen() {
    let folder = Folder::new();
    folder.write("in.jsonl", corpus(0, 300, true));
    let pipeline = |arms: &str, out: &str| {
        format!(
            "[run]\noutput = \"DIR/{out}\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nfields = {{ id = \"id\", text = \"text\" }}\n[[stage]]\nuse = \"language\"\nkeep = [\"en\"]\n\
             [[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 400\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n\
             [validate]\narms = [{arms}]\nheldout_share = 0.2\nseeds = 3\ntokens = 8000\nseq_len = 64\nwidth = 32\n"
        )
    };
    let mut means = Vec::new();
    for (arms, out) in [("\"extracted\", \"full\"", "one"), ("\"full\", \"extracted\"", "two")] {
        let output = folder.run(&pipeline(arms, out), &[]);
        assert!(output.status.success(), "{}", said(&output));
        let verdict = folder.json(&format!("{out}/validate/validate.json"));
        let documents = |name: &str| {
            verdict["arms"].as_array().expect("arms").iter().find(|arm| arm["name"] == name).expect("the arm")["documents"].as_u64().expect("a count")
        };
        let heldout = verdict["heldout_documents"].as_u64().expect("a count");
        assert_eq!(documents("extracted") + heldout, 300);
        assert!((40..80).contains(&heldout) && documents("full") < documents("extracted"), "{verdict}");
        means.push(verdict["differences"][0]["mean"].as_f64().expect("a mean"));
    }
    assert!((means[0] + means[1]).abs() < 1e-12 && means[0] != 0.0, "arms swapped turn the sign: {means:?}");
}

/// A pipeline over half-spoilt texts, whose `rules` stage takes the spoilt ones out and whose `sample` stage nothing of interest.
fn stages(validate: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nfields = {{ id = \"id\", text = \"text\" }}\n[[stage]]\nuse = \"language\"\nkeep = [\"en\"]\n\
         [[stage]]\nuse = \"dedup_exact\"\n[[sink]]\nuse = \"jsonl\"\n[validate]\nheldout = \"DIR/held.jsonl\"\nseeds = 3\ntokens = 6000\nseq_len = 64\nwidth = 32\nvocab_size = 400\n{validate}\n"
    )
}

fn names(verdict: &serde_json::Value, of: &str, key: &str) -> Vec<String> {
    verdict[of].as_array().expect("a list").iter().map(|each| each[key].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn arms_of_each_stage_are_held_against_the_whole_pipeline() {
    let folder = Folder::new();
    folder.write("in.jsonl", corpus(0, 300, true));
    folder.write("held.jsonl", corpus(300, 340, false));
    let toml = stages("arms = [\"extracted\", \"full\", \"each_stage\", \"sample:language\", \"removed:language\"]");
    let output = folder.run(&toml, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let verdict = folder.json("out/validate/validate.json");
    let arms = ["extracted", "full", "without:language", "without:dedup_exact", "sample:language", "removed:language"];
    assert_eq!(names(&verdict, "arms", "name"), arms);
    assert_eq!(names(&verdict, "differences", "arm"), ["full"; 5]);
    assert_eq!(names(&verdict, "differences", "against"), ["without:language", "without:dedup_exact", "sample:language", "removed:language", "extracted"]);
    assert_eq!(verdict["verdict"], verdict["differences"][4]["verdict"]);
    let arm = |name: &str| &verdict["arms"][arms.iter().position(|arm| *arm == name).expect("the arm")];
    let number = |name: &str, key: &str| arm(name)[key].as_f64().expect("a number");
    // No text stands twice, so leaving out `dedup_exact` changes nothing, to the last bit.
    assert_eq!(arm("without:dedup_exact")["runs"], arm("full")["runs"]);
    assert_eq!(number("without:language", "documents"), number("extracted", "documents"));
    assert_eq!(number("removed:language", "documents") + number("full", "documents"), number("without:language", "documents"));
    assert!((number("sample:language", "tokens") / number("full", "tokens") - 1.0).abs() < 0.02, "{verdict}");
    assert!(number("removed:language", "bits_per_byte") > number("sample:language", "bits_per_byte"));
    assert!(number("sample:language", "bits_per_byte") > number("full", "bits_per_byte"));
    // Everything is there: a second start trains nothing and says the same.
    let timing = folder.json("out/validate/timing.json");
    // Without `language` the documents are those of `extracted`, without `dedup_exact` those of `full`: four corpora, three seeds.
    assert_eq!(timing["forecast"]["trainings"], 12, "equal arms are trained once: {timing}");
    assert!(folder.run(&toml, &[]).status.success());
    assert_eq!(folder.json("out/validate/validate.json"), verdict);
    assert_eq!(folder.json("out/validate/timing.json")["forecast"]["trainings"], 0);
}

#[test]
fn domains_count_alike_and_the_worst_is_named() {
    let folder = Folder::new();
    folder.write("clean.jsonl", corpus(40, 340, false));
    folder.write("spoilt.jsonl", corpus(40, 340, true));
    folder.write("easy.jsonl", corpus(0, 40, false));
    // Another kind of text, three times as long: it weighs no more for that.
    let line = |number: usize| {
        let kind = if number < 20 { "odd" } else { "even" };
        format!("{{\"kind\":\"{kind}\",\"text\":\"{}\"}}\n", format!("{number} QUICK BROWN FOXES JUMP OVER {number} LAZY DOGS! ").repeat(30))
    };
    folder.write("hard.jsonl", (0..40).map(line).collect::<String>());
    let path = |name: &str| folder.path(&format!("{name}.jsonl")).display().to_string();
    let out = folder.path("v").display().to_string();
    let judge = |heldout: &[&str]| {
        let (a, b) = (format!("a={}", path("spoilt")), format!("b={}", path("clean")));
        let mut arguments = vec!["validate", "--arm", &a, "--arm", &b, "--out", &out, "--tokens", "8000", "--seeds", "3", "--quiet"];
        arguments.extend(heldout);
        let output = dataprep(&arguments, &[]);
        assert!(output.status.success(), "{}", said(&output));
        folder.json("v/validate.json")
    };
    let (easy, hard) = (format!("easy={}", path("easy")), format!("hard={}", path("hard")));
    let verdict = judge(&["--heldout", &easy, "--heldout", &hard]);
    let arm = &verdict["arms"][1];
    let score = |number: usize| arm["domains"][number]["score"].as_f64().expect("a score");
    assert_eq!((&arm["domains"][0]["name"], &arm["domains"][1]["name"]), (&"easy".into(), &"hard".into()));
    assert!(score(0) < score(1), "{arm}");
    assert!((arm["bits_per_byte"].as_f64().expect("bits") - (score(0) + score(1)) / 2.0).abs() < 1e-9, "{arm}");
    assert_eq!(arm["worst_domain"].as_f64(), Some(score(1)));
    let verdict = judge(&["--heldout", &path("hard"), "--heldout-by", "column:kind"]);
    assert_eq!(names(&verdict["arms"][0], "domains", "name"), ["even", "odd"]);
}

#[test]
fn words_that_name_no_arm_and_verdicts_that_are_none_get_a_caret() {
    let folder = Folder::new();
    folder.write("in.jsonl", corpus(0, 40, true));
    let refused = |validate: &str| {
        let output = folder.run(&stages(validate), &[]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused("arms = [\"full\", \"without:languge\"]");
    assert!(said.contains("`without:languge` names no stage") && said.contains("^^^^^^^^^^^^^^^^^ did you mean `language`?"), "{said}");
    let said = refused("arms = [\"ful\", \"extracted\"]");
    assert!(said.contains("there is no arm `ful`") && said.contains("^^^^^ did you mean `full`?"), "{said}");
    let said = refused("arms = \"each_stag\"");
    assert!(said.contains("`arms` knows nothing of `each_stag`"), "{said}");
    let said = refused("arms = [\"full\"]");
    assert!(said.contains("two arms or more"), "{said}");
    let said = refused("[expect]\nverdict = \"beter\"");
    assert!(said.contains("no verdict is called `beter`") && said.contains("did you mean `better`?"), "{said}");
    assert!(!folder.path("out").exists(), "nothing has run");
}

#[test]
fn stages_that_others_need_stay_in() {
    let folder = Folder::new();
    folder.write("in.jsonl", corpus(0, 200, false));
    folder.write("held.jsonl", corpus(200, 240, false));
    let rules = "[[stage]]\nuse = \"rules\"\nset = \"c4\"\nlanguages = [\"en\"]\n[[stage]]\nuse = \"dedup_exact\"";
    let toml = stages("arms = \"each_stage\"").replace("[[stage]]\nuse = \"dedup_exact\"", rules);
    let output = folder.run(&toml.replace("tokens = 6000", "tokens = 600"), &[]);
    assert!(output.status.success(), "{}", said(&output));
    let verdict = folder.json("out/validate/validate.json");
    assert_eq!(verdict["stages_left_in"], serde_json::json!(["language"]));
    assert_eq!(names(&verdict, "arms", "name"), ["extracted", "full", "without:rules", "without:dedup_exact"]);
    let output = folder.run(&toml.replace("\"each_stage\"", "[\"full\", \"without:language\"]"), &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("does not hold together without `language`") && said.contains("needs `lang`"), "{said}");
}

#[test]
fn an_expected_verdict_that_is_not_met_ends_with_1() {
    let folder = Folder::new();
    folder.write("in.jsonl", corpus(0, 300, true));
    folder.write("held.jsonl", corpus(300, 340, false));
    let judged = |expect: &str, tokens: &str| {
        let output = folder.run(&format!("{}\n[expect]\nverdict = {expect}\n", stages(tokens)), &[]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = judged("\"worse\"", "seed = 3");
    assert!(code == Some(1) && said.contains("the verdict is better") && said.contains("not what is expected here"), "{said}");
    assert_eq!(judged("[\"worse\", \"better\"]", "seed = 3").0, Some(0));
}

#[test]
fn corpora_given_as_files_have_the_keys_of_validate() {
    let folder = Folder::new();
    folder.write("a.jsonl", corpus(0, 60, false));
    folder.write("b.jsonl", corpus(0, 60, true));
    folder.write("held.jsonl", corpus(60, 80, false));
    let path = |name: &str| folder.path(&format!("{name}.jsonl")).display().to_string();
    let (a, b, held, out) = (format!("a={}", path("a")), format!("b={}", path("b")), path("held"), folder.path("v").display().to_string());
    let judged = |set: &str| {
        dataprep(&["validate", "--arm", &a, "--arm", &b, "--heldout", &held, "--out", &out, "--tokens", "2048", "--seeds", "3", "--quiet", "--set", set], &[])
    };
    assert!(judged("validate.minimal_pairs=0").status.success());
    let verdict = folder.json("v/validate.json");
    assert_eq!((&verdict["minimal_pairs"], &verdict["seeds"]), (&0.into(), &3.into()));
    let curves = verdict["arms"][0]["curves"].as_array().expect("a curve a run");
    let last = |curve: &serde_json::Value| curve.as_array().and_then(|points| points.last()?["tokens"].as_u64());
    // The last row of a pass is a short one.
    assert!(curves.len() == 3 && curves.iter().all(|curve| last(curve).is_some_and(|tokens| (1900..=2048).contains(&tokens))), "{curves:?}");
    for (set, want) in [
        ("validate.arms=each_stage", "`--set validate.arms=each_stage` says nothing of corpora given as files: say it by `--arm NAME=FILE`"),
        ("run.seed=3", "it takes keys of `[validate]`, as `--set validate.seq_len=256`"),
        ("validate.seqlen=256", "did you mean `seq_len`"),
    ] {
        let output = judged(set);
        assert!(output.status.code() == Some(2) && said(&output).contains(want), "{}", said(&output));
    }
}
