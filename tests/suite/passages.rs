//! Repeated passages through the binary: the same answer on any threads and files.

use super::support::{Folder, Random, tree};

/// A stage and a count of its report.
const STAGES: [(&str, &str); 6] = [
    ("use = \"dedup_lines\"\nmin_copies = 3", "bytes_repeated"),
    ("use = \"dedup_paragraphs\"\nkeep = \"none\"", "bytes_repeated"),
    ("use = \"dedup_sentences\"\nsentences = 1\nmin_left = 40", "bytes_repeated"),
    ("use = \"dedup_substring\"\nmin_bytes = 60", "bytes_repeated"),
    ("use = \"dedup_substring\"\nmin_bytes = 60\nmode = \"drop\"\nmax_share = 0.4", "bytes_repeated"),
    ("use = \"bloom\"\nngram = 5\nmin_words = 5\nrate = 0.1", "ngrams_repeated"),
];

fn pipeline(stage: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\npart = \"20 kB\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in/*\"\n\
         [[stage]]\n{stage}\nmemory = \"1 MiB\"\n[[sink]]\nuse = \"jsonl\"\n"
    )
}

/// Texts that take part of their paragraphs, lines and sentences from a few others, in two scripts.
fn texts(number: usize) -> Vec<String> {
    let mut lots = Random(5);
    let shared: Vec<String> = (0..40).map(|_| sentence(&mut lots)).collect();
    let piece = |lots: &mut Random| if lots.below(3) == 0 { shared[lots.below(40)].clone() } else { sentence(lots) };
    let mut text = || (0..2 + lots.below(12)).map(|_| piece(&mut lots) + ["\n", " ", "\n\n"][lots.below(3)]).collect::<String>();
    (0..number).map(|_| text()).collect()
}

fn sentence(lots: &mut Random) -> String {
    if lots.below(4) == 0 {
        return (0..8 + lots.below(20)).filter_map(|_| char::from_u32(0x4e00 + lots.below(3000) as u32)).chain(['。']).collect();
    }
    (0..5 + lots.below(9)).map(|_| format!("word{}", lots.below(900))).collect::<Vec<_>>().join(" ") + "."
}

fn write(folder: &Folder, texts: &[String], files: usize) {
    let _ = std::fs::remove_dir_all(folder.path("in"));
    for (file, chunk) in texts.chunks(texts.len().div_ceil(files)).enumerate() {
        let start = file * texts.len().div_ceil(files);
        let lines: String =
            chunk.iter().enumerate().map(|(at, text)| serde_json::json!({ "id": format!("{}", start + at), "text": text }).to_string() + "\n").collect();
        folder.write(&format!("in/{file:03}.jsonl"), lines);
    }
}

#[test]
fn neither_threads_nor_files_say_anything() {
    let texts = texts(300);
    for (stage, count) in STAGES {
        let (mut kept, mut bytes) = (None, None);
        for (files, threads) in [(1, "1"), (7, "2"), (50, "5"), (50, "1")] {
            let folder = Folder::new();
            write(&folder, &texts, files);
            let report = folder.report(&pipeline(stage), &["--threads", threads]);
            assert!(report["stages"][0]["counts"][count].as_u64().is_some_and(|count| count > 100), "{stage}: {}", report["stages"][0]);
            let documents = |kind: &str| report["documents"][kind].as_u64().unwrap_or_default();
            assert_eq!((documents("read"), documents("written") + documents("dropped")), (300, 300), "{stage}");
            let docs: Vec<String> = folder.docs().iter().map(|doc| format!("{} {}", doc["id"], doc["text"])).collect();
            assert!(!docs.is_empty() && *kept.get_or_insert_with(|| docs.clone()) == docs, "{stage}: {files} files, {threads} threads");
            if files == 50 {
                let all = (tree(&folder.path("out/docs")), tree(&folder.path("out/dropped")), tree(&folder.path("out/artifacts")));
                assert_eq!(*bytes.get_or_insert(all), all, "{stage}: {threads} threads");
            }
        }
    }
}
