//! From files to models that go on from other models: labels, translations, preferences; and the probes that need no pretraining at all.

use dataprep::shard::{Manifest, Shards, mask};
use dataprep::tokenizer::Tokenizer;

use super::support::{Folder, dataprep, said};

const SIZE: [&str; 9] = ["--layers", "1", "--heads", "2", "--width", "32", "--batch", "8", "--quiet"];

/// Texts of one of two topics, with the label of the text and with that of a name in it.
fn texts(documents: usize) -> String {
    let line = |document: usize| {
        let (topic, name) = [("sea", "Anna"), ("山", "Bo")][document % 2];
        let text = format!("{name} goes to the {topic} on day {document}, and the {topic} is wide.");
        let names = serde_json::json!([{"start": 0, "end": name.chars().count(), "label": "person"}]);
        serde_json::json!({"id": document, "text": text, "topic": topic, "names": names}).to_string() + "\n"
    };
    (0..documents).map(line).collect()
}

fn pipeline(tokenize: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n{tokenize}\n[[sink]]\nuse = \"shards\"\nseq_len = 64\nmask = true\n"
    )
}

/// Runs the verb and gives the metrics that it leaves in `out`.
fn train(folder: &Folder, out: &str, arguments: &[&str]) -> serde_json::Value {
    let (shards, path) = (folder.path("out/shards").display().to_string(), folder.path(out).display().to_string());
    let output = dataprep(&["train", &shards, "--out", &path], arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    folder.json(&format!("{out}/metrics.json"))
}

#[test]
fn labels_go_from_a_column_to_a_classifier_that_goes_on_from_a_language_model() {
    let folder = Folder::new();
    folder.write("in.jsonl", texts(120));
    folder.report(&pipeline("label = \"topic\"\nlabels = [\"sea\", \"山\"]"), &[]);
    let set = folder.path("out/shards");
    let (manifest, shards) = (Manifest::load(&set).expect("a manifest"), Shards::open(&set).expect("a set"));
    assert_eq!(manifest.labels, ["sea", "山"]);
    assert!((0..120).all(|document| shards.mask(document).unwrap().unwrap().iter().all(|bits| mask::label(*bits) == 1 + document as u8 % 2)));
    let pretrained = [&SIZE[..], &["--seq-len", "64", "--steps", "60", "--learning-rate", "0.01"]].concat();
    train(&folder, "lm", &pretrained);
    let lm = folder.path("lm").display().to_string();
    let tuned = ["--from", &lm, "--objective", "classify", "--batch", "8", "--steps", "30", "--learning-rate", "0.003", "--quiet"];
    let metrics = train(&folder, "classifier", &tuned);
    assert!(metrics["val_accuracy"].as_f64() > Some(0.9) && metrics["val_f1"].as_f64() > Some(0.9), "{metrics}");

    let refused = |arguments: &[&str]| {
        let (shards, out) = (folder.path("out/shards").display().to_string(), folder.path("no").display().to_string());
        let output = dataprep(&["train", &shards, "--out", &out, "--quiet", "--seq-len", "64", "--steps", "1"], arguments);
        assert!(!output.status.success(), "{arguments:?}");
        said(&output)
    };
    assert!(refused(&["--from", &lm, "--layers", "2"]).contains("cannot be used with"));
    assert!(refused(&["--from", "nowhere"]).contains("cannot open nowhere"));
    assert!(refused(&["--objective", "dpo"]).contains("do not say which documents are pairs"));
    assert!(refused(&["--objective", "ppo"]).contains("give --from CHECKPOINT"));
    assert!(refused(&["--objective", "ppo", "--from", &lm]).contains("needs --reward-model"));
    assert!(refused(&["--preset", "t5", "--objective", "classify"]).contains("one of prefix_lm, span_corruption, blank_infilling, seq2seq"));
    assert!(refused(&["--preset", "elmo", "--objective", "mlm"]).contains("a recurrent model reads in one direction"));
    assert!(refused(&["--objective", "bidirectional"]).contains("preset elmo"));
}

#[test]
fn names_in_texts_are_tagged() {
    let folder = Folder::new();
    folder.write("in.jsonl", texts(120));
    folder.report(&pipeline("label = \"names\"\nlabels = [\"person\"]"), &[]);
    let arguments = [&SIZE[..], &["--preset", "roberta", "--objective", "tag", "--seq-len", "64", "--steps", "60", "--learning-rate", "0.01"]].concat();
    let metrics = train(&folder, "tagger", &arguments);
    assert!(metrics["val_f1"].as_f64() > Some(0.8), "{metrics}");
    let bare = Folder::new();
    bare.write("in.jsonl", texts(20));
    bare.report(&pipeline(""), &[]);
    let (shards, out) = (bare.path("out/shards").display().to_string(), bare.path("no").display().to_string());
    let refused = dataprep(&["train", &shards, "--out", &out, "--objective", "tag"], &["--seq-len", "64"]);
    assert!(said(&refused).contains("do not say which labels there are: write them with `label` and `labels` in stage `tokenize`"), "{}", said(&refused));
}

#[test]
fn a_translation_goes_from_two_files_to_a_model() {
    let folder = Folder::new();
    let words = ["one", "two", "three", "four"];
    let line = |at: usize| format!("{} {}\n", words[at % 4], words[at / 4 % 4]);
    folder.write("in.en", (0..160).map(line).collect::<String>());
    folder.write("in.zh", (0..160).map(|at| format!("{}{}\n", ["一", "二", "三", "四"][at % 4], ["一", "二", "三", "四"][at / 4 % 4])).collect::<String>());
    let text = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"parallel\"\npath = \"DIR/in.en\"\ntarget = \"DIR/in.zh\"\nprefix = \"Chinese: \"\n\
                [[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 300\n\
                [[stage]]\nuse = \"chat_template\"\ntokenizer = \"stage:bpe\"\ntemplate = \"text_to_text\"\n[[sink]]\nuse = \"shards\"\nseq_len = 32\nmask = true\n";
    folder.report(text, &[]);
    let set = Shards::open(&folder.path("out/shards")).expect("a set");
    let file = std::fs::read(folder.path("out/artifacts/bpe/tokenizer.json")).expect("the tokenizer");
    let tokenizer = Tokenizer::from_bytes("bpe", &file, None).expect("a tokenizer");
    let (ids, marks) = (set.document(5).unwrap().to_vec(), set.mask(5).unwrap().unwrap());
    let border = marks.iter().position(|bits| bits & mask::LOSS != 0).expect("a target");
    let eos = tokenizer.decode(&[set.manifest().special["eos"]]).expect("an end");
    assert_eq!(tokenizer.decode(&ids[..border]).unwrap(), format!("Chinese: two two{eos}"));
    assert_eq!(tokenizer.decode(&ids[border..]).unwrap(), format!("二二{eos}"));
    let arguments = ["--preset", "transformer", "--objective", "seq2seq", "--steps", "3"];
    let metrics = train(&folder, "translator", &[&SIZE[..], &arguments].concat());
    assert!(metrics["val_loss"].as_f64().is_some_and(|loss| loss > 0.0 && loss < 7.0), "{metrics}");
}

#[test]
fn preferences_are_learned_by_a_model_that_can_answer() {
    let folder = Folder::new();
    let pair = |i: usize| format!("{{\"prompt\": \"Is {i} even?\", \"chosen\": \"Yes, or no.\", \"rejected\": \"Go away {i}.\"}}\n");
    folder.write("in.jsonl", (0..80).map(pair).collect::<String>());
    let text = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"pairs\"\npath = \"DIR/in.jsonl\"\n\
                [[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 320\n\
                [[stage]]\nuse = \"chat_template\"\ntokenizer = \"stage:bpe\"\ntemplate = \"plain\"\n[[sink]]\nuse = \"shards\"\nseq_len = 96\nmask = true\n";
    folder.report(text, &[]);
    let size = [&SIZE[..], &["--seq-len", "48", "--learning-rate", "0.01"]].concat();
    // A model of the answers of both kinds is where preferences begin.
    let chats = Folder::new();
    let chat = |i: usize| {
        let answer = if i.is_multiple_of(2) { "Yes, or no.".to_owned() } else { format!("Go away {i}.") };
        format!("{{\"instruction\": \"Is {i} even?\", \"output\": \"{answer}\"}}\n")
    };
    chats.write("in.jsonl", (0..80).map(chat).collect::<String>());
    let bpe = folder.path("out/artifacts/bpe/tokenizer.json").display().to_string();
    chats.report(
        &format!(
            "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"chat\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"chat_template\"\ntokenizer = {bpe:?}\ntemplate = \"plain\"\n\
             [[sink]]\nuse = \"shards\"\nseq_len = 48\nmask = true\n"
        ),
        &[],
    );
    train(&chats, "sft", &[&size[..], &["--objective", "sft", "--steps", "40"]].concat());
    let sft = chats.path("sft").display().to_string();
    let tuned = ["--from", &sft, "--batch", "8", "--learning-rate", "0.002", "--quiet"];
    let dpo = train(&folder, "dpo", &[&tuned[..], &["--objective", "dpo", "--steps", "20"]].concat());
    assert!(dpo["val_margin"].as_f64() > Some(1.0) && dpo["val_accuracy"].as_f64() > Some(0.9), "{dpo}");
    train(&folder, "reward", &[&size[..], &["--objective", "reward", "--steps", "40"]].concat());
    let reward = folder.path("reward").display().to_string();
    let ppo = |out, steps| train(&folder, out, &[&tuned[..], &["--objective", "ppo", "--reward-model", &reward, "--steps", steps]].concat());
    let (short, long) = (ppo("ppo1", "1"), ppo("ppo8", "8"));
    assert!(long["val_reward"].as_f64().expect("a reward") > short["val_reward"].as_f64().expect("a reward"), "{short} {long}");
}

#[test]
fn probes_read_the_same_shards() {
    let folder = Folder::new();
    folder.write("in.jsonl", texts(400));
    folder.report(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 400\n\
         [[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n",
        &[],
    );
    let (shards, tokenizer) = (folder.path("out/shards").display().to_string(), folder.path("out/artifacts/bpe/tokenizer.json").display().to_string());
    let model = folder.path("ngrams.bin").display().to_string();
    let ngrams = dataprep(&["train-lm", "--shards", &shards, "--out", &model, "--order", "3"], &["--held-out", "0.2", "--discount-fallback"]);
    let printed = |output: &std::process::Output| format!("{}{}", String::from_utf8_lossy(&output.stdout), said(output));
    let heard = printed(&ngrams);
    let bits: f64 = heard.rsplit_once(" bits per byte").and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{heard}"));
    assert!((0.05..2.0).contains(&bits), "{heard}");

    let out = folder.path("vectors.txt").display().to_string();
    let arguments = ["--tokenizer", &tokenizer, "--near", "sea", "--out", &out, "--width", "16", "--epochs", "10", "--quiet"];
    let mut heard = Vec::new();
    for threads in ["1", "2"] {
        let vectors = dataprep(&["vectors", &shards, "--threads", threads], &arguments);
        assert!(vectors.status.success(), "{}", said(&vectors));
        heard.push((printed(&vectors), std::fs::read_to_string(&out).expect("vectors")));
    }
    assert_eq!(heard[0], heard[1], "threads change nothing");
    let (said_of_sea, file) = &heard[0];
    assert!(said_of_sea.contains("sea: "), "{said_of_sea}");
    let (rows, width) = file.lines().next().and_then(|line| line.split_once(' ')).expect("sizes");
    assert_eq!((file.lines().count() - 1, file.lines().nth(1).map(|line| line.split(' ').count())), (rows.parse().unwrap(), Some(17)));
    assert_eq!(width, "16");

    train(&folder, "lm", &[&SIZE[..], &["--steps", "30"]].concat());
    folder.write("few.jsonl", texts(10).replace("topic", "label"));
    let (lm, few) = (folder.path("lm").display().to_string(), folder.path("few.jsonl").display().to_string());
    let asked = dataprep(&["few-shot", &lm, "--tokenizer", &tokenizer], &["--examples", &few, "--questions", &few, "--shots", "1"]);
    let heard = printed(&asked);
    assert!(
        asked.status.success() && heard.contains("of 10 texts rightly labelled with 1 examples a label; the most frequent label would have 50.0 %"),
        "{heard}"
    );
    let wrong = dataprep(&["few-shot", &lm, "--tokenizer", &tokenizer], &["--examples", &few, "--questions", &few, "--label", "nothing"]);
    assert!(said(&wrong).contains("no text has a `nothing`"), "{}", said(&wrong));
}
