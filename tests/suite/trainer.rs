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

#[test]
fn shards_say_what_an_objective_needs() {
    let folder = Folder::new();
    folder.write("input.txt", "The boat goes out. The boat comes home. 小船出海。小船回家。\n".repeat(80));
    folder.report(
        &PIPELINE.replace("tokenizer = \"stage:chars\"\n", "tokenizer = \"stage:chars\"\nmarks = true\n").replace("seq_len", "mask = true\nseq_len"),
        &[],
    );
    let marked = folder.path("out/shards").display().to_string();
    let size = ["--layers", "1", "--heads", "2", "--width", "16", "--batch", "4", "--steps", "3", "--quiet"];
    for (preset, more) in
        [("bert", vec!["--whole-words"]), ("albert", vec!["--fixed"]), ("t5", vec![]), ("glm", vec!["--special", "mask=1"]), ("transformer", vec![])]
    {
        let out = folder.path(preset).display().to_string();
        let output = dataprep(&["train", &marked, "--preset", preset, "--out", &out], &[&size[..], &more].concat());
        assert!(output.status.success(), "{preset}: {}", said(&output));
        let metrics = folder.json(&format!("{preset}/metrics.json"));
        assert!(metrics["val_loss"].as_f64().is_some_and(|loss| loss > 0.0 && loss < 5.0), "{preset}: {metrics}");
        assert_eq!(metrics["val_accuracy"].is_number(), preset.ends_with("bert"));
    }

    let bare = Folder::new();
    bare.write("input.txt", "The boat goes out. ".repeat(80));
    bare.report(PIPELINE, &[]);
    let bare_shards = bare.path("out/shards").display().to_string();
    let out = bare.path("x").display().to_string();
    for (arguments, want) in [
        (vec!["--preset", "bert"], "do not say where sentences start: write them with `marks = true` in stage `tokenize`"),
        (vec!["--objective", "mlm", "--whole-words"], "do not say where words start"),
        (vec!["--objective", "sft"], "do not say which tokens are answers: write them with stage `chat_template`"),
        (vec!["--objective", "reward"], "do not say which documents are pairs: write them with source `pairs`"),
        (vec!["--preset", "t5", "--objective", "mlm"], "needs an objective that gives something to both: one of prefix_lm, span_corruption, blank_infilling"),
        (vec!["--preset", "berd"], "there is no preset `berd`: did you mean `bert`?"),
        (vec!["--objective", "mln"], "there is no objective `mln`: did you mean `mlm`?"),
        (vec!["--objective", "mlm", "--special", "maks=1"], "the objective has no special token `maks`: mask"),
        (vec!["--special", "mask"], "wanted ROLE=ID, such as mask=103"),
    ] {
        let output = dataprep(&["train", &bare_shards, "--out", &out], &[&size[..], &arguments].concat());
        assert!(!output.status.success() && said(&output).contains(want), "{arguments:?}: {}", said(&output));
    }
}
