//! `[train]` inside a pipeline and `dataprep train` beside it: the loss falls, metrics are written, a second start does nothing anew.

use super::support::{Folder, dataprep, said};

const PIPELINE: &str = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"text\"\npath = \"DIR/input.txt\"\n[[stage]]\nuse = \"learn_tokenizer\"\nname = \"chars\"\nmodel = \"chars\"\n\
[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:chars\"\n[[sink]]\nuse = \"shards\"\nseq_len = 32\npacking = \"concat\"\n";

#[test]
fn a_character_model_learns_a_pattern() {
    let folder = Folder::new();
    folder.write("input.txt", "the small boat goes out and the small boat comes home again. ".repeat(300));
    let train =
        "[train]\nlayers = 1\nheads = 2\nwidth = 32\nbatch = 8\nsteps = 60\nwarmup = 5\nlearning_rate = 1e-2\nsampling = \"windows\"\nevaluate_every = 30\n";
    folder.report(&format!("{PIPELINE}{train}"), &[]);
    let metrics = folder.json("out/train/metrics.json");
    let loss = metrics["val_loss"].as_f64().expect("a loss");
    assert!(loss < 1.0, "uniform guessing is about 3: {loss}");
    let bits = metrics["val_bits_per_byte"].as_f64().expect("bits");
    // One byte a character, and the first character is not predicted.
    assert!((bits - loss / std::f64::consts::LN_2).abs() < 0.01, "{bits} {loss}");
    assert_eq!(metrics["curve"].as_array().map(Vec::len), Some(2));

    let shards = folder.path("out/shards").display().to_string();
    let out = folder.path("again").display().to_string();
    let arguments = ["--out", &out, "--layers", "1", "--heads", "2", "--width", "32", "--batch", "8", "--steps", "20", "--quiet"];
    let mut losses = Vec::new();
    for threads in ["1", "2"] {
        let _ = std::fs::remove_dir_all(&out);
        let output = dataprep(&["train", &shards, "--threads", threads], &arguments);
        assert!(output.status.success(), "{}", said(&output));
        losses.push(folder.json("again/metrics.json")["val_loss"].clone());
    }
    assert_eq!(losses[0], losses[1], "threads change nothing");
}
