//! The two pipelines of the course Happy-LLM over small files of its forms.

use std::path::Path;

use dataprep::shard::Shards;
use dataprep::tokenizer::{EncodeScratch, Tokenizer};

use super::support::{Folder, dataprep, said};

fn run(pipeline: &str, sets: &[String]) {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = dataprep(&["run", pipeline, "--quiet"], &sets);
    assert!(output.status.success(), "{}", said(&output));
}

/// Sentences of the fixture's prose, as JSON lines with `text`.
fn texts(folder: &Folder) -> std::path::PathBuf {
    let lines = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/chat/conversations.jsonl")).expect("the fixture");
    let rows: String = lines.lines().map(|line| format!("{}\n", serde_json::json!({ "text": line }))).collect();
    folder.write("texts.jsonl.gz", gzip(rows.as_bytes()))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

#[test]
fn the_courses_files_become_packed_rows() {
    let folder = Folder::new();
    let input = texts(&folder);
    let out = folder.path("pre");
    let set = |key: &str, value: &str| format!("{key}={value}");
    // The fixture is a dozen short lines in two languages: the bounds of a corpus of web pages would drop them all.
    let mut sets = vec![set("source.path", &input.display().to_string()), set("run.output", &out.display().to_string())];
    sets.push(set("stage.bpe.vocab_size", "400"));
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/happy-llm-pretrain.toml")).expect("the pipeline");
    let lenient = text.replace("[[stage]]\nuse = \"rules\"\nset = \"chinese\"\n", "").replace("[[stage]]\nuse = \"language\"\nkeep = [\"zh\", \"en\"]\n", "");
    assert!(!lenient.contains("rules") && !lenient.contains("language"));
    let pipeline = folder.write("pretrain.toml", lenient);
    run(&pipeline.display().to_string(), &sets);
    let file = std::fs::read(out.join("artifacts/bpe/tokenizer.json")).expect("the tokenizer");
    let tokenizer = Tokenizer::from_bytes("t", &file, None).expect("a tokenizer");
    for (token, id) in ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"].iter().zip(0..) {
        assert_eq!(tokenizer.token_id(token), Some(id));
    }
    let shards = Shards::open(&out.join("shards")).expect("shards");
    assert!(shards.documents() > 5 && shards.manifest().packs[0].stats.padding < 512, "only the last row is padded");

    let sft = folder.path("sft");
    let sets = [
        set("source.path", "fixtures/chat/conversations.jsonl"),
        set("run.output", &sft.display().to_string()),
        set("stage.chat_template.tokenizer", &out.join("artifacts/bpe/tokenizer.json").display().to_string()),
    ];
    run("pipelines/happy-llm-sft.toml", &sets);
    let report = folder.json("sft/report.json");
    let shown = report.to_string();
    for reason in ["no_answer", "empty_answer", "unknown_role", "misordered_turns", "special_token_in_turn"] {
        assert!(shown.contains(&format!("\"{reason}\":1")), "{reason}: {shown}");
    }
    let shards = Shards::open(&sft.join("shards")).expect("shards");
    assert_eq!(shards.documents(), 6, "twelve lines, five faulty, one twice");
    let mut opening = Vec::new();
    tokenizer.encode("<|im_start|>assistant\n", false, &mut opening, &mut EncodeScratch::new()).expect("ids");
    for document in 0..shards.documents() {
        let ids = shards.document(document).expect("a document").to_vec();
        let mut rule = vec![0; ids.len()];
        for start in (0..ids.len()).filter(|at| ids[*at..].starts_with(&opening)) {
            let end = (start..ids.len()).find(|at| ids[*at] == 4).expect("an end");
            rule[start + opening.len()..=end].fill(1);
        }
        assert!(rule.contains(&1));
        assert_eq!(shards.mask(document).expect("a part").expect("a mask"), rule);
        let text = tokenizer.decode(&ids).expect("text");
        assert!(!text.contains("anna.berg"), "{text}");
    }
}
