//! Arms: corpora made from a pipeline, or from files, each as a run of its own that ends in shards.
//!
//! An arm is an ordinary run in `<output>/<name>/`, so it is counted, resumed and reported like any other. All arms and the held-out documents are
//! tokenized alike.

use std::path::{Path, PathBuf};

use super::TrialError;
use super::settings::{Arm, Settings};
use crate::config::{Config, Entry};
use crate::plan::{Pipeline, Registry};
use crate::run::{Options, run};

/// Stages that belong to tokens, not to text: an arm has its own.
const TOKEN_STAGES: [&str; 2] = ["learn_tokenizer", "tokenize"];

/// Name of the stage that takes the held-out documents out of an arm.
const HELD_OUT: &str = "held_out";

/// The pipelines of the held-out documents and of each arm of `config`, under `folder`.
pub fn of_pipeline(config: &Config, settings: &Settings, tokenizer: &str, folder: &Path) -> Result<(Config, Vec<(String, Config)>), TrialError> {
    let registry = Registry::default();
    let gives_text = |entry: &Entry, source: bool| {
        let shelf = if source { &registry.sources } else { &registry.stages };
        let spec = shelf.find(&entry.recipe).ok().and_then(|known| known.fill(&entry.table).ok()).map(|filled| filled.spec());
        spec.is_some_and(|spec| spec.gives.iter().any(|field| field == "text"))
    };
    let text_stages: Vec<Entry> = config.stages.iter().filter(|entry| !TOKEN_STAGES.contains(&entry.recipe.as_str())).cloned().collect();
    let extraction: Vec<Entry> =
        if gives_text(&config.source, true) { Vec::new() } else { text_stages.iter().find(|entry| gives_text(entry, false)).cloned().into_iter().collect() };
    let tail = tail(tokenizer, settings.seq_len, config.run.seed)?;
    let make = |name: &str, source: Entry, head: Vec<Entry>, stages: &[Entry]| {
        let mut made = config.clone();
        made.run.output = folder.join(name);
        made.run.keep_docs = false;
        made.run.mode = crate::config::Mode::Run;
        made.source = source;
        made.stages = head.into_iter().chain(stages.iter().cloned()).chain(tail.stages.iter().cloned()).collect();
        made.sinks = tail.sinks.clone();
        (made.train, made.validate, made.expect) = (None, None, None);
        made
    };
    let (heldout, head) = match &settings.heldout {
        Some(path) => (make("heldout", source_like(&config.source, path)?, Vec::new(), &extraction), Vec::new()),
        None => {
            let share = settings.heldout_share.get();
            let chosen = entries(&format!("[[stage]]\nuse = \"sample\"\nname = \"{HELD_OUT}\"\nshare = {share}\n"))?;
            let rest = entries(&format!("[[stage]]\nuse = \"sample\"\nname = \"{HELD_OUT}\"\nshare = {share}\ninvert = true\n"))?;
            (make("heldout", config.source.clone(), chosen.stages, &extraction), rest.stages)
        }
    };
    let arms = settings.arms.iter().map(|arm| {
        let stages = match arm {
            Arm::Extracted => &extraction,
            Arm::Full => &text_stages,
        };
        (arm.name().to_owned(), make(arm.name(), config.source.clone(), head.clone(), stages))
    });
    Ok((heldout, arms.collect()))
}

/// The pipeline of one corpus given as a file, under `folder`.
pub fn of_file(name: &str, file: &Path, settings: &Settings, tokenizer: &str, folder: &Path) -> Result<Config, TrialError> {
    let mut config = tail(tokenizer, settings.seq_len, 0)?;
    config.run.output = folder.join(name);
    let (source, extraction) = read_file(&[file])?;
    config.source = source;
    config.stages.splice(0..0, extraction);
    Ok(config)
}

/// A pipeline that learns one tokenizer from all the files, in `folder/tokenizer`; gives the path of its `tokenizer.json`.
pub fn tokenizer_of_files(files: &[&Path], vocab_size: usize, folder: &Path) -> Result<(Config, PathBuf), TrialError> {
    let output = folder.join("tokenizer");
    let mut config = entries(&format!("[[stage]]\nuse = \"learn_tokenizer\"\nname = \"bpe\"\nvocab_size = {vocab_size}\n"))?;
    config.run.output = output.clone();
    config.run.keep_docs = true;
    let (source, extraction) = read_file(files)?;
    config.source = source;
    config.stages.splice(0..0, extraction);
    Ok((config, output.join("artifacts/bpe/tokenizer.json")))
}

/// Runs an arm and gives the folder of its shards.
pub fn make(config: Config, options: &Options<'_>) -> Result<PathBuf, TrialError> {
    let shards = config.run.output.join("shards");
    let plan = Pipeline::of(config).plan()?;
    run(plan, options)?;
    Ok(shards)
}

/// The last stages and the sink of every arm.
fn tail(tokenizer: &str, seq_len: usize, seed: u64) -> Result<Config, TrialError> {
    let quoted = toml::Value::String(tokenizer.to_owned());
    let mut config =
        entries(&format!("[[stage]]\nuse = \"tokenize\"\ntokenizer = {quoted}\n[[sink]]\nuse = \"shards\"\nseq_len = {seq_len}\npacking = \"concat\"\n"))?;
    config.run.seed = seed;
    Ok(config)
}

/// Parses stages and sinks written here.
fn entries(toml: &str) -> Result<Config, TrialError> {
    let head = "[run]\noutput = \".\"\n[source]\nuse = \"jsonl\"\npath = \".\"\n";
    Ok(Config::parse("an arm of the verdict", &format!("{head}{toml}"), &[])?)
}

/// The pipeline's source over other files; a `.jsonl` file is read as texts.
fn source_like(source: &Entry, path: &Path) -> Result<Entry, TrialError> {
    if path.to_string_lossy().contains(".jsonl") {
        return Ok(read_file(&[path])?.0);
    }
    let mut entry = source.clone();
    entry.table.set_text("path", &path.to_string_lossy());
    Ok(entry)
}

/// The source for files of texts, told apart by their names, and the extraction they need.
fn read_file(files: &[&Path]) -> Result<(Entry, Vec<Entry>), TrialError> {
    let names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let is = |end: &str| names.iter().all(|name| name.contains(end));
    let (recipe, rest) = if is(".jsonl") {
        ("jsonl", "fields = { text = \"text\" }\n")
    } else if is(".parquet") {
        ("parquet", "fields = { text = \"text\" }\n")
    } else if is(".warc") {
        ("warc", "")
    } else {
        ("text", "")
    };
    let paths = toml::Value::Array(names.into_iter().map(toml::Value::String).collect());
    let stages = if recipe == "warc" { "[[stage]]\nuse = \"extract\"\n" } else { "" };
    let toml = format!("[run]\noutput = \".\"\n[source]\nuse = \"{recipe}\"\npath = {paths}\n{rest}{stages}");
    let config = Config::parse("an arm of the verdict", &toml, &[])?;
    Ok((config.source, config.stages))
}
