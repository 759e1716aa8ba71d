//! The example crate builds, runs a pipeline with its own stage, and reads the shards.

use super::support::Folder;
use std::process::Command;

#[test]
fn a_crate_of_ones_own_adds_a_stage() {
    let folder = Folder::new();
    let input = folder.write("in.jsonl", "{\"text\":\"quiet words\"}\n{\"text\":\"LOUD WORDS\"}\n{\"text\":\"more quiet words\"}\n");
    let target = std::path::Path::new(env!("CARGO_BIN_EXE_dataprep")).parent().and_then(|release| release.parent()).expect("target folder");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--locked", "--package", "own_stage", "--target-dir"])
        .arg(target)
        .args(["--", &input.display().to_string(), &folder.path("out").display().to_string()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("read 3, shouting 0.33, documents 2, tokens "), "{said}");
}
