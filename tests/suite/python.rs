//! Shards of over 100 MB open in ten lines of numpy, and are read back equal.

use std::fmt::Write;
use std::process::Command;

use super::support::Folder;

const READER: &str = r"
import sys, json, numpy as np
folder, texts = sys.argv[1:]
manifest = json.load(open(f'{folder}/manifest.json'))
dtype = {'u16': '<u2', 'u32': '<u4'}[manifest['dtype']]
parts = [np.memmap(folder + '/' + part['name'] + '.tokens', dtype=dtype, mode='r') for part in manifest['parts']]
wanted = np.frombuffer(''.join(json.loads(line)['text'] for line in open(texts)).encode(), dtype='u1')
found = np.concatenate(parts)
print(len(parts), sum(part.nbytes for part in parts), np.array_equal(found, wanted), manifest['documents'])
";

const DOCUMENTS: usize = 60_000;

#[test]
fn numpy_maps_the_payload() {
    let numpy = Command::new("python3").args(["-c", "import numpy"]).output().is_ok_and(|output| output.status.success());
    if !numpy {
        // The suite of CI installs numpy; a bare machine need not have Python.
        return;
    }
    let folder = Folder::new();
    let mut lines = String::new();
    for document in 0..DOCUMENTS {
        lines.push_str("{\"text\":\"");
        (0..12).for_each(|line| _ = write!(lines, "Line {line} of text {document}, длинная строка, 一行很长的文字, written to be counted."));
        lines.push_str("\"}\n");
    }
    let texts = folder.write("in.jsonl", &lines);
    let report = folder.report(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nfields = { text = \"text\" }\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n",
        &[],
    );
    let shards = folder.path("out/shards");
    let output = Command::new("python3").args(["-c", READER]).args([&shards, &texts]).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let opened = dataprep::shard::Shards::open(&shards).expect("shards");
    assert_eq!(report["documents"]["tokens_written"], opened.tokens());
    let (parts, bytes) = (opened.manifest().parts.len(), 2 * opened.tokens());
    assert!(bytes > 100_000_000, "{bytes}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("{parts} {bytes} True {DOCUMENTS}"));
}
