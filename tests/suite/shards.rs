//! `dataprep shards`, `where` and `forget` over what a run has written, through the binary.

use std::path::Path;

use super::support::{Folder, dataprep, said};

/// Standard output of a call that must end with this exit code.
fn told(code: i32, arguments: &[&str]) -> String {
    let output = dataprep(arguments, &[]);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), said(&output))
}

const PASSAGE: &str = "this very passage stands in more than one of the documents and is long enough to be cut out of the later one ";

/// A text of its own for each number, without a passage that comes again.
fn words(at: usize) -> String {
    let word = |n: usize| format!("{:x}", xxhash_rust::xxh3::xxh3_64(format!("{at} {n}").as_bytes()) as u16);
    format!("number {at} {}", (0..20 + 30 * at).map(word).collect::<Vec<_>>().join(" "))
}

/// Two files of nine documents: 3 equals 0, 8 holds a passage of 7; the ids are bytes.
fn run() -> Folder {
    let folder = Folder::new();
    let text = |at: usize| match at {
        3 => words(0),
        7 => format!("before it {PASSAGE}and after"),
        8 => format!("quite another beginning {PASSAGE}with another end"),
        _ => words(at),
    };
    let line =
        |at: usize| format!("{}\n", serde_json::json!({ "id": format!("d{at}"), "url": format!("https://host{}.example/{at}", at % 3), "text": text(at) }));
    folder.write("in/a.jsonl", (0..5).map(line).collect::<String>());
    folder.write("in/b.jsonl", (5..9).map(line).collect::<String>());
    folder.report(
        "[run]\noutput = \"DIR/out\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in\"\n[[stage]]\nuse = \"dedup_exact\"\n\
         [[stage]]\nuse = \"dedup_substring\"\nmin_bytes = 60\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 512\n",
        &[],
    );
    folder
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn shards_are_checked_described_packed_mixed_and_exported() {
    let folder = run();
    let out = shown(&folder.path("out"));
    assert!(told(0, &["shards", "verify", &out]).contains("sound, 8 documents"));
    assert!(told(0, &["shards", "verify", &out, "--quick"]).contains("sound, 8 documents"));
    let stats = told(0, &["shards", "stats", &out]);
    assert!(stats.contains("tokenizer   bytes of 256 entries, u16 tokens") && stats.contains("a.jsonl") && stats.contains("1.000 bytes per token"), "{stats}");
    assert!(stats.contains("best_fit") && stats.contains("text "), "{stats}");
    let packed = told(0, &["shards", "pack", &out, "--seq-len", "100", "--how", "concat"]);
    assert!(packed.contains("rows of 100") && packed.contains("% padding"), "{packed}");
    assert!(told(0, &["shards", "pack", &out, "--seq-len", "100", "--how", "one"]).contains("1.00 pieces a row"));
    assert!(told(2, &["shards", "pack", &out, "--seq-len", "0"]).contains("between 1 and 2^31 - 1"));
    let document = told(0, &["shards", "show", &out, "--document", "1"]);
    assert!(document.contains("document 1, https://host1.example/1, key ") && document.contains("\n  number 1 "), "{document}");
    assert!(document.contains("from a.jsonl at byte ") && document.contains("number 0:1 of the input"), "{document}");
    assert!(told(0, &["shards", "show", &out, "--row", "0", "--seq-len", "100"]).contains("of 100, the rest is padding"));
    assert!(told(2, &["shards", "show", &out, "--row", "9999", "--seq-len", "100"]).contains("no row 9999"));
    let mega = shown(&folder.path("mega"));
    assert!(told(0, &["shards", "export", &out, "--to", "megatron", "--out", &mega]).contains("8 documents"));
    assert!(folder.path("mega/part-00000-000.idx").is_file());
    assert!(told(2, &["shards", "export", &out, "--to", "megatron", "--out", &mega]).contains("is there already"));
    assert!(told(2, &["shards", "export", &out, "--to", "tfrecord", "--out", &mega]).contains("one of: megatron"));
    let mixed = shown(&folder.path("mixed"));
    let merged = told(0, &["shards", "merge", &format!("{out}=0.75"), &format!("{out}/shards=0.25"), "--tokens", "40000", "--out", &mixed]);
    assert!(merged.contains("30,000 tokens, ") && merged.contains("40,000 tokens in "), "{merged}");
    assert!(told(0, &["shards", "verify", &mixed]).contains("40,000 tokens"));
    assert!(told(0, &["shards", "stats", &mixed]).contains("10,000 tokens of "));
    assert!(told(2, &["shards", "merge", &out, "--out", &mixed]).contains("is not SHARDS=WEIGHT"));
    assert!(told(2, &["shards", "stats", &shown(&folder.path("in"))]).contains("holds no token shards"));
}

#[test]
fn damage_is_found_and_told_by_exit_code_1() {
    let folder = run();
    let out = shown(&folder.path("out"));
    let shards = folder.path("out/shards");
    let fault = |name: &str, change: &dyn Fn(&mut Vec<u8>), arguments: &[&str]| {
        let path = shards.join(name);
        let whole = std::fs::read(&path).expect("a file");
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).expect("a file");
        let told = told(1, &[&["shards", "verify", &out], arguments].concat());
        std::fs::write(&path, whole).expect("a file");
        told
    };
    let flip = |at: usize| move |bytes: &mut Vec<u8>| bytes[at] ^= 1;
    let tear = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1);
    assert!(fault("part-00000-000.tokens", &flip(7), &[]).contains("its xxh3 is"));
    assert!(fault("part-00000-000.tokens", &tear, &["--quick"]).contains("the manifest says"));
    for name in ["part-00001-000.docs.arrow", "packs-512.arrow"] {
        assert!(fault(name, &flip(300), &["--quick"]).contains("its xxh3 is"), "{name}");
        assert!(fault(name, &tear, &["--quick"]).contains("the manifest says"), "{name}");
    }
    let manifest = std::fs::read_to_string(shards.join("manifest.json")).expect("the manifest");
    let digit = manifest.find("\"vocab_size\": 256").expect("the vocabulary") + 14;
    assert!(fault("manifest.json", &|bytes| bytes[digit] = b'9', &["--quick"]).contains("its content was changed"));
    assert!(fault("manifest.json", &tear, &["--quick"]).contains("its content was changed"));
    let other = told(1, &["shards", "verify", &out, "--tokenizer", &shown(&folder.write("tokenizer.json", WORDS))]);
    assert!(other.contains("the vocabulary is another"), "{other}");
    assert!(told(0, &["shards", "verify", &out]).contains("sound"));
}

/// A `tokenizer.json` of three words.
const WORDS: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,"model":{"type":"WordLevel","vocab":{"a":0,"b":1,"[UNK]":2},"unk_token":"[UNK]"}}"#;

#[test]
fn a_row_names_its_documents_and_a_takedown_is_proved() {
    let folder = run();
    let out = shown(&folder.path("out"));
    let rows = |sample: usize| told(0, &["where", &out, "--sample", &sample.to_string()]);
    let first = rows(0);
    assert!(first.starts_with("sample 0: number 0 of epoch 0, row "), "{first}");
    // The pack list is read in one order by all: a step of two processes is two stretches of the stream.
    let step = told(0, &["where", &out, "--step", "1", "--rank", "1", "--world", "2", "--batch", "2"]);
    assert_eq!(step, rows(6) + &rows(7));
    assert!(told(2, &["where", &out, "--step", "1", "--rank", "2", "--world", "2", "--batch", "2"]).contains("rank 2 of 2"));
    let all: String = (0..12).map(rows).collect();
    assert!(all.contains("dedup_substring cut bytes ") && all.contains("a copy of which stands in number 1:2"), "{all}");
    assert!(all.contains("https://host2.example/8"), "{all}");

    let url = "https://host0.example/0";
    let dry = told(0, &["forget", &out, "--url", url, "--dry-run"]);
    assert!(
        dry.contains("1 documents would go") && dry.contains("dropped in favour: number 0:3 of the input, https://host0.example/3, by dedup_exact"),
        "{dry}"
    );
    assert!(told(0, &["shards", "show", &out, "--document", "0"]).contains(url));
    let gone = told(0, &["forget", &out, "--url", url, "--host", "HOST2.example"]);
    assert!(gone.contains("4 documents with ") && gone.contains("2 of 2 parts written anew") && gone.contains("none is left"), "{gone}");
    assert!(told(0, &["shards", "verify", &out]).contains("sound, 8 documents"));
    assert!(told(1, &["forget", &out, "--url", url, "--host", "host2.example"]).contains("no document of the shards is meant"));
    assert!(told(0, &["shards", "show", &out, "--document", "0"]).contains("taken out of the set"));
    let left: String = (0..6).map(rows).collect();
    assert!(!left.contains(url) && !left.contains("host2.example") && left.contains("https://host1.example/1"), "{left}");
    let manifest = folder.json("out/shards/manifest.json");
    assert_eq!(manifest["takedowns"][0]["keys"].as_array().map(Vec::len), Some(4));
    let files: Vec<_> = std::fs::read_dir(folder.path("out/shards")).expect("shards").flatten().map(|entry| entry.path()).collect();
    for file in files {
        let bytes = std::fs::read(&file).expect("a file");
        for word in [url, "host2.example"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{} still names {word}", file.display());
        }
    }
    assert!(told(2, &["forget", &out]).contains("nothing is named"));
    assert!(told(2, &["forget", &out, "--key", "xyz"]).contains("is not a key"));
}

#[test]
fn copies_under_another_name_are_named_and_go_when_asked_for() {
    let folder = Folder::new();
    let line = |at: usize, text: &str| format!("{}\n", serde_json::json!({ "url": format!("https://a.example/{at}"), "text": text }));
    folder.write("in.jsonl", line(0, "to be") + &line(1, "or not") + &line(2, "to be"));
    folder.report(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 8\n",
        &[],
    );
    let out = shown(&folder.path("out"));
    let dry = told(0, &["forget", &out, "--url", "https://a.example/0", "--dry-run"]);
    assert!(dry.contains("stays without --copies: document 2, https://a.example/2") && dry.contains("1 documents would go"), "{dry}");
    let gone = told(0, &["forget", &out, "--url", "https://a.example/0", "--copies"]);
    assert!(gone.contains("2 documents with 10 tokens have gone") && !gone.contains("stays"), "{gone}");
    assert!(told(0, &["shards", "verify", &out]).contains("sound, 3 documents, 6 tokens"));
}

#[test]
fn a_run_without_documents_gives_a_sound_set() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"\"}\n{\"text\":\"a\"}\n");
    let toml = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nSTAGE[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 8\n";
    folder.report(&toml.replace("STAGE", ""), &[]);
    let out = shown(&folder.path("out"));
    assert!(told(0, &["shards", "verify", &out]).contains("sound"));
    assert!(told(0, &["shards", "stats", &out]).contains("1 of them empty"), "{}", told(0, &["shards", "stats", &out]));
    std::fs::remove_dir_all(folder.path("out")).expect("the run");
    folder.report(&toml.replace("STAGE", "[[stage]]\nuse = \"sample\"\nshare = 0.0\n"), &[]);
    let verified = told(0, &["shards", "verify", &out]);
    assert!(verified.contains("sound, 0 documents, 0 tokens"), "{verified}");
    for (format, _) in dataprep::shard::export::Format::ALL {
        let to = shown(&folder.path(format));
        assert!(told(0, &["shards", "export", &out, "--to", format, "--out", &to]).contains("0 documents, 0 tokens"), "{format}");
    }
}
