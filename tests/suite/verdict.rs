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
