//! The example crate builds, runs a pipeline with its own stage, and reads the shards.

use super::support::{Folder, cargo};
use std::path::Path;
use std::process::{Command, Output};

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_crate_of_ones_own_adds_a_stage() {
    let folder = Folder::new();
    let input = folder.write("in.jsonl", "{\"text\":\"quiet words\"}\n{\"text\":\"LOUD WORDS\"}\n{\"text\":\"more quiet words\"}\n");
    let release = Path::new(env!("CARGO_BIN_EXE_dataprep")).parent().expect("target folder");
    let mut build = cargo();
    // Together with the package itself, under the features of this test, the example takes the library that is built already.
    build.args(["build", "--release", "--quiet", "--locked", "--package", "dataprep", "--package", "own_stage"]);
    let features = [("dataprep/stores", cfg!(feature = "stores")), ("dataprep/analysis", cfg!(feature = "analysis"))];
    if features.iter().any(|(_, on)| !on) {
        build.arg("--no-default-features").args(features.iter().filter(|(_, on)| *on).flat_map(|(feature, _)| ["--features", feature]));
    }
    build.arg("--target-dir").arg(release.parent().expect("target folder")).current_dir(env!("CARGO_MANIFEST_DIR"));
    succeeded(build.output().expect("cargo runs"));
    let example = release.with_file_name("release").join("own_stage");
    let said = succeeded(Command::new(example).arg(input).arg(folder.path("out")).output().expect("the example runs"));
    assert!(said.starts_with("read 3, shouting 0.33, documents 2, tokens "), "{said}");
}
