//! Shards open in ten lines of numpy, and are read back equal.

use super::support::Folder;
use std::process::Command;

const READER: &str = r"
import sys, json, numpy as np
folder = sys.argv[1]
manifest = json.load(open(f'{folder}/manifest.json'))
dtype = {'u16': '<u2', 'u32': '<u4'}[manifest['dtype']]
tokens = [np.memmap(folder + '/' + part['name'] + '.tokens', dtype=dtype, mode='r') for part in manifest['parts']]
print(sum(len(part) for part in tokens), sum(int(part.astype(np.uint64).sum()) for part in tokens), int(max(part.max() for part in tokens)))
";

#[test]
fn numpy_maps_the_payload() {
    let numpy = Command::new("python3").args(["-c", "import numpy"]).output().is_ok_and(|output| output.status.success());
    if !numpy {
        // The suite of CI installs numpy; a bare machine need not have Python.
        return;
    }
    let folder = Folder::new();
    let lines: String = (0..3_000).map(|number| format!("{{\"text\":\"Sentence number {number} of a text that is written to be counted.\"}}\n")).collect();
    folder.write("in.jsonl", &lines);
    let report = folder.report(
        "[run]\noutput = \"DIR/out\"\npart = \"200 kB\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nfields = { text = \"text\" }\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n",
        &[],
    );
    let output = Command::new("python3").args(["-c", READER, &folder.path("out/shards").display().to_string()]).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shards = dataprep::shard::Shards::open(&folder.path("out/shards")).expect("shards");
    let mut sum = 0u64;
    let mut most = 0;
    for document in 0..shards.documents() {
        for id in shards.document(document).expect("a document").to_vec() {
            sum += u64::from(id);
            most = most.max(id);
        }
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("{} {sum} {most}", shards.tokens()));
    assert_eq!(report["documents"]["tokens_written"], shards.tokens());
    assert!(shards.manifest().parts.len() > 1, "several parts");
}
