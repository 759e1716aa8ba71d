//! Fine-tuning data from file to training row: pairs, long conversations, archives, lists.

use dataprep::shard::{Manifest, Pair, ShardReader, Shards};
use dataprep::tokenizer::Tokenizer;

use super::support::{Folder, dataprep, gzip, said, tar};

const PAIRS: &str = r#"{"id": 1, "prompt": "春天种什么？", "chosen": "种豆子。", "rejected": "不知道。"}
{"id": 2, "chosen": "\n\nHuman: Where is the bridge?\n\nAssistant: Behind the mill.", "rejected": "\n\nHuman: Where is the bridge?\n\nAssistant: Ask someone."}
{"id": 3, "prompt": "p", "chosen": "same", "rejected": "same"}
{"id": 4, "prompt": "p", "chosen": "only"}
{"id": 5, "prompt": "Write to anna@berg.example", "chosen": "Done.", "rejected": "I will not write to anna@berg.example."}
"#;

/// From a source to shards, with a tokenizer of bytes and the marks of ChatML.
fn pipeline(source: &str, keys: &str, sink: &str) -> String {
    format!(
        "[run]\nseed = 3\noutput = \"DIR/out\"\n[source]\n{source}\n[[stage]]\nuse = \"redact\"\n\
         [[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nmodel = \"bpe\"\nvocab_size = 300\nspecial_tokens = [\"<unk>\", \"</s>\", \"<|im_start|>\", \"<|im_end|>\"]\n\
         [[stage]]\nuse = \"chat_template\"\ntokenizer = \"stage:bpe\"\ntemplate = \"chatml\"\n{keys}\n[[sink]]\nuse = \"shards\"\nseq_len = 300\n{sink}\n"
    )
}

fn tokenizer(folder: &Folder) -> Tokenizer {
    let file = std::fs::read(folder.path("out/artifacts/bpe/tokenizer.json")).expect("the tokenizer");
    Tokenizer::from_bytes("bpe", &file, None).expect("a tokenizer")
}

#[test]
fn a_reward_model_learns_from_pairs_and_nothing_else_does() {
    let folder = Folder::new();
    let pair = |i: usize| format!("{{\"prompt\": \"Is {i} even?\", \"chosen\": \"Yes, or no.\", \"rejected\": \"Go away {i}.\"}}\n");
    folder.write("in.jsonl", (0..120).map(pair).collect::<String>());
    folder.report(&pipeline("use = \"pairs\"\npath = \"DIR/in.jsonl\"", "", "mask = true"), &[]);
    let (set, out) = (folder.path("out/shards").display().to_string(), folder.path("model").display().to_string());
    let size = ["--layers", "1", "--heads", "2", "--width", "16", "--batch", "8", "--steps", "60", "--seq-len", "300", "--learning-rate", "0.01", "--quiet"];
    let trained = dataprep(&["train", &set, "--out", &out, "--objective", "reward"], &size);
    assert!(trained.status.success(), "{}", said(&trained));
    let metrics = folder.json("model/metrics.json");
    assert!(metrics["val_accuracy"].as_f64().is_some_and(|share| share > 0.9), "held-out pairs are told apart: {metrics}");
    let refused = dataprep(&["train", &set, "--out", &out], &size);
    assert!(said(&refused).contains("would learn the rejected answers too: give --objective reward"), "{}", said(&refused));
}

#[test]
fn pairs_in_an_archive_become_rows_that_hold_both_members() {
    let folder = Folder::new();
    let list = format!("[{}]", PAIRS.trim_end().replace('\n', ",\n"));
    folder.write("in.tar.gz", gzip(&tar(&[("set/a.jsonl.gz", &gzip(PAIRS.as_bytes())), ("set/notes.txt", b"none"), ("set/b.json", list.as_bytes())])));
    let report = folder.report(&pipeline("use = \"pairs\"\npath = \"DIR/in.tar.gz\"", "", "mask = true"), &[]).to_string();
    for reason in ["\"equal_answers\":2", "\"missing_answer\":2", "\"other_member\":1"] {
        assert!(report.contains(reason), "{reason}: {report}");
    }
    let set = folder.path("out/shards");
    let (manifest, shards, tokenizer) = (Manifest::load(&set).expect("a manifest"), Shards::open(&set).expect("a set"), tokenizer(&folder));
    assert_eq!((manifest.pairs(), manifest.documents), (6, 12));
    manifest.verify(&set, false).expect("a sound set");
    let info = shards.document_info(0).expect("a document");
    assert_eq!((info.source, info.bytes), ("in.tar.gz/set/a.jsonl.gz", "春天种什么？种豆子。".len() as u64));
    assert_eq!(shards.document_info(11).expect("a document").source, "in.tar.gz/set/b.json");
    let reader = ShardReader::open(&set, 300, None).expect("rows");
    let mut answers = Vec::new();
    for position in 0..reader.rows() {
        let sample = reader.sample(position).expect("a row");
        let mask = sample.mask.expect("a mask");
        for Pair { chosen, rejected } in sample.pairs {
            let said = [chosen, rejected].map(|member| {
                let (prompt, answer) = member.tokens.clone().partition::<Vec<_>, _>(|at| at - member.tokens.start < member.prompt);
                assert!(prompt.iter().all(|at| mask[*at] == 0));
                let counts: Vec<u32> = answer.into_iter().filter(|at| mask[*at] == 1).map(|at| sample.ids[at]).collect();
                tokenizer.decode(&counts).expect("text")
            });
            answers.push(said);
        }
    }
    answers.sort();
    assert_eq!(answers.len(), 6);
    assert_eq!(answers[0], ["Behind the mill.<|im_end|>", "Ask someone.<|im_end|>"].map(str::to_owned));
    assert_eq!(answers[4], ["种豆子。<|im_end|>", "不知道。<|im_end|>"].map(str::to_owned));
    assert!(answers[2][0] == "Done.<|im_end|>" && !answers[2][1].contains("anna"), "{:?}", answers[2]);

    // Rows of 75 tokens hold the short pairs alone.
    let set = set.display().to_string();
    let packed = dataprep(&["shards", "pack", &set, "--seq-len", "75"], &[]);
    let shown = String::from_utf8_lossy(&packed.stdout).into_owned();
    assert!(packed.status.success() && shown.contains("in no row: "), "{shown}{}", said(&packed));
    let verified = dataprep(&["shards", "verify", &set], &[]);
    assert!(verified.status.success(), "{}", said(&verified));
    let stats = dataprep(&["shards", "stats", &set], &[]);
    assert!(String::from_utf8_lossy(&stats.stdout).contains("pairs       6, two documents each"), "{}", said(&stats));
}

#[test]
fn a_long_conversation_becomes_documents_of_one_key() {
    let folder = Folder::new();
    let turns: Vec<_> = (0..20)
        .map(|at| serde_json::json!({"role": (["user", "assistant"][at % 2]), "content": format!("turn {at} of a talk about bridges and rivers")}))
        .collect();
    folder.write("in.json", serde_json::json!([{ "messages": turns }]).to_string());
    let toml = pipeline("use = \"chat\"\npath = \"DIR/in.json\"", "max_tokens = 300\nlonger = \"cut\"", "mask = true");
    folder.report(&toml, &[]);
    let shards = Shards::open(&folder.path("out/shards")).expect("a set");
    let tokenizer = tokenizer(&folder);
    assert!(shards.documents() > 1);
    let mut text = String::new();
    for document in 0..shards.documents() {
        assert_eq!(shards.key(document).expect("a key"), shards.key(0).expect("a key"));
        let ids = shards.document(document).expect("a document").to_vec();
        assert!(ids.len() <= 300);
        text += &tokenizer.decode(&ids).expect("text");
    }
    let whole: String =
        (0..20).map(|at| format!("<|im_start|>{}\nturn {at} of a talk about bridges and rivers<|im_end|>\n", ["user", "assistant"][at % 2])).collect();
    assert_eq!(text, whole);
}

#[test]
fn shards_of_conversations_want_a_word_on_the_mask() {
    let folder = Folder::new();
    folder.write("in.jsonl", PAIRS);
    let refused = |source: &str, sink: &str| {
        let output = folder.run(&pipeline(&format!("use = \"{source}\"\npath = \"DIR/in.jsonl\""), "", sink), &[]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let shown = refused("chat", "");
    assert!(shown.contains("sink `shards`: `chat_template` says which tokens count") && shown.contains("write `mask = true`, or `mask = false`"), "{shown}");
    let shown = refused("pairs", "mask = false");
    assert!(shown.contains("of pairs the answers alone count") && shown.contains("| mask = false") && shown.contains("^^^^^ write `mask = true`"), "{shown}");
}
