//! Arms: corpora made from a pipeline, or from files, each as a run of its own that ends in shards.
//!
//! An arm is an ordinary run in a folder of its name, so it is counted, resumed and reported like any other. All arms and the held-out documents are
//! tokenized alike.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::TrialError;
use super::settings::{Arm, Arms, Files, Settings, WHOLE};
use crate::config::{Config, Entry, Problem, suggestion};
use crate::plan::{Pipeline, Registry, Shelf};
use crate::run::{Options, run};
use crate::stage::Spec;

/// Stages that belong to tokens, not to text: an arm has its own.
const TOKEN_STAGES: [&str; 2] = ["learn_tokenizer", "tokenize"];

/// Name of the stage that takes the held-out documents out of an arm.
const HELD_OUT: &str = "held_out";

/// Name of the stage that learns the tokenizer of all arms.
const LEARNED: &str = "vocabulary";

/// Folder of the held-out texts beside their shards: what minimal pairs are made from.
pub const TEXTS: &str = "texts";

/// Makes the pipelines of arms from the pipeline in question.
pub struct Workshop<'a> {
    config: &'a Config,
    settings: &'a Settings,
    folder: PathBuf,
    registry: Registry,
    /// All stages that work on texts.
    text: Vec<Entry>,
    /// The stage that gives the text, where the source does not.
    extraction: Vec<Entry>,
}

/// The arms that were asked for.
pub struct Chosen {
    /// In order.
    pub arms: Vec<Arm>,
    /// Stages that `each_stage` could not leave out, since later ones need what they give.
    pub left_in: Vec<String>,
}

impl<'a> Workshop<'a> {
    /// Pipelines whose runs lie under `folder`.
    pub fn new(config: &'a Config, settings: &'a Settings, folder: &Path) -> Workshop<'a> {
        let registry = Registry::default();
        let gives_text = |shelf: &Shelf, entry: &Entry| spec(shelf, entry).is_some_and(|spec| spec.gives.iter().any(|field| field == "text"));
        let text: Vec<Entry> = config.stages.iter().filter(|entry| !TOKEN_STAGES.contains(&entry.recipe.as_str())).cloned().collect();
        let extraction = match gives_text(&registry.sources, &config.source) {
            true => Vec::new(),
            false => text.iter().find(|entry| gives_text(&registry.stages, entry)).cloned().into_iter().collect(),
        };
        Workshop { config, settings, folder: folder.to_owned(), registry, text, extraction }
    }

    /// The arms that the settings ask for; a word that names none is a problem at its place.
    pub fn choose(&self) -> Result<Chosen, Vec<Problem>> {
        let place = self.config.validate.as_ref().map_or(0..0, |table| table.place("arms"));
        let each = "each_stage";
        let words = match &self.settings.arms {
            Arms::EachStage(word) if word == each => ["extracted", "full", each].map(|word| (word.to_owned(), place.clone())).into(),
            Arms::EachStage(word) => return Err(vec![Problem::at(place, format!("`arms` knows nothing of `{word}`"), format!("write \"{each}\" or a list"))]),
            Arms::Listed(words) => words.iter().map(|word| (word.get_ref().clone(), word.span())).collect::<Vec<_>>(),
        };
        let (mut arms, mut left_in, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (word, span) in words {
            let mut add = |arm: Arm| {
                if !arms.contains(&arm) {
                    arms.push(arm)
                }
            };
            if word == each {
                for stage in self.stages() {
                    match self.stands_without(stage) {
                        Ok(()) => add(Arm::Without(stage.to_owned())),
                        Err(_) => left_in.push(stage.to_owned()),
                    }
                }
                continue;
            }
            match self.arm(&word) {
                Ok(arm) => add(arm),
                Err((message, help)) => problems.push(Problem::at(span, message, help)),
            }
        }
        // What a stage does is seen against the whole pipeline.
        if arms.iter().any(|arm| arm.stage().is_some()) && !arms.contains(&Arm::Full) {
            arms.push(Arm::Full);
        }
        if arms.len() < 2 && problems.is_empty() {
            problems.push(Problem::at(place, "a verdict compares two arms or more", "as `[\"extracted\", \"full\"]` or `\"each_stage\"`"));
        }
        if problems.is_empty() { Ok(Chosen { arms, left_in }) } else { Err(problems) }
    }

    /// The arm that a word names, or what is wrong with it and what to do.
    fn arm(&self, word: &str) -> Result<Arm, (String, String)> {
        let known = ["extracted", "full", "without:STAGE", "sample:STAGE", "removed:STAGE", "each_stage"];
        let arm = Arm::parse(word).ok_or_else(|| (format!("there is no arm `{word}`"), suggestion(word, known)))?;
        let Some(stage) = arm.stage() else { return Ok(arm) };
        if self.extraction.iter().any(|entry| entry.name == stage) {
            return Err((
                format!("stage `{stage}` gives the text: no arm can do without it"),
                match self.stages().collect::<Vec<_>>() {
                    none if none.is_empty() => "leave it out: no other stage works on texts".to_owned(),
                    others => format!("one of: {}", others.join(", ")),
                },
            ));
        }
        if !self.stages().any(|name| name == stage) {
            let known: Vec<&str> = self.stages().collect();
            return Err((format!("arm `{word}` names no stage of this pipeline that works on texts"), suggestion(stage, known.iter().copied())));
        }
        match self.stands_without(stage) {
            Ok(()) => Ok(arm),
            Err(problem) => Err((format!("the pipeline does not hold together without `{stage}`"), problem)),
        }
    }

    /// Names of the stages that an arm may be about.
    fn stages(&self) -> impl Iterator<Item = &str> {
        self.text.iter().map(|entry| entry.name.as_str()).filter(|name| self.extraction.iter().all(|entry| entry.name != *name))
    }

    /// Whether every stage still has what it needs without one of them; else who lacks what.
    fn stands_without(&self, stage: &str) -> Result<(), String> {
        let lacking = |left_out: Option<&str>| {
            let mut given: BTreeSet<String> =
                spec(&self.registry.sources, &self.config.source).map(|spec| spec.gives.into_iter().collect()).unwrap_or_default();
            for entry in self.text.iter().filter(|entry| Some(entry.name.as_str()) != left_out) {
                let Some(spec) = spec(&self.registry.stages, entry) else { continue };
                if let Some(need) = spec.needs.iter().find(|need| !given.contains(*need)) {
                    return Some(format!("{} needs `{need}`", entry.table.title));
                }
                given.extend(spec.gives);
            }
            None
        };
        // What is wrong with the whole pipeline says nothing of this stage.
        lacking(Some(stage)).filter(|_| lacking(None).is_none()).map_or(Ok(()), Err)
    }

    /// The pipeline that makes an arm's documents. For arms that are a choice among those of a pipeline without a stage: that pipeline.
    pub fn arm_config(&self, arm: &Arm, tokenizer: &str) -> Result<Config, TrialError> {
        let stages: Vec<Entry> = match arm {
            Arm::Extracted => self.extraction.clone(),
            Arm::Full => self.text.clone(),
            Arm::Without(stage) | Arm::Sample(stage) | Arm::Removed(stage) => self.text.iter().filter(|entry| entry.name != *stage).cloned().collect(),
        };
        let tail = tail(tokenizer, self.settings.seq_len, self.config.run.seed)?;
        let name = match arm.stage() {
            Some(stage) => Arm::Without(stage.to_owned()).name().replace([':', '/'], "-"),
            None => arm.name(),
        };
        let mut made = self.config(&name, self.config.source.clone(), self.not_held_out()?.into_iter().chain(stages).chain(tail.stages).collect());
        made.sinks = tail.sinks;
        Ok(made)
    }

    /// The pipeline that learns the tokenizer from all that arms are made of, and the path of what it learns.
    pub fn learn_tokenizer(&self) -> Result<(Config, PathBuf), TrialError> {
        let learned = learner(self.settings.vocab_size)?;
        let stages = self.not_held_out()?.into_iter().chain(self.extraction.iter().cloned()).chain(learned).collect();
        let mut made = self.config("tokenizer", self.config.source.clone(), stages);
        made.sinks = nothing_but("id")?;
        let path = tokenizer_path(&made.run.output);
        Ok((made, path))
    }

    /// The pipelines of the held-out documents, by the name of their domain.
    pub fn heldout(&self, tokenizer: &str) -> Result<Vec<(String, Config)>, TrialError> {
        let parts = match &self.settings.heldout {
            Some(Files(files)) => files.iter().map(|(name, path)| Ok((name.clone(), source_like(&self.config.source, path)?, Vec::new()))).collect(),
            None => Ok::<_, TrialError>(vec![(WHOLE.to_owned(), self.config.source.clone(), held_out(self.settings, false)?)]),
        }?;
        let make = |(name, source, head): (String, Entry, Vec<Entry>)| {
            let end = heldout_tail(tokenizer, self.settings, self.config.run.seed)?;
            let stages = head.into_iter().chain(self.extraction.iter().cloned()).chain(end.stages).collect();
            let mut made = self.config(&format!("heldout-{name}"), source, stages);
            made.sinks = end.sinks;
            Ok((name, made))
        };
        parts.into_iter().map(make).collect()
    }

    fn not_held_out(&self) -> Result<Vec<Entry>, TrialError> {
        if self.settings.heldout.is_some() { Ok(Vec::new()) } else { held_out(self.settings, true) }
    }

    fn config(&self, name: &str, source: Entry, stages: Vec<Entry>) -> Config {
        let mut made = self.config.clone();
        made.run.output = self.folder.join(name);
        made.run.publish = None;
        made.run.keep_docs = false;
        made.run.mode = crate::config::Mode::Run;
        (made.source, made.stages) = (source, stages);
        (made.train, made.validate, made.expect) = (None, None, None);
        made
    }
}

/// What an entry needs and gives, if it is well written; else planning says what is wrong.
fn spec(shelf: &Shelf, entry: &Entry) -> Option<Spec> {
    Some(shelf.find(&entry.recipe).ok()?.fill(&entry.table).ok()?.spec())
}

/// The pipeline of one corpus given as a file, under `folder`.
pub fn of_file(name: &str, file: &Path, settings: &Settings, tokenizer: &str, folder: &Path) -> Result<Config, TrialError> {
    whole_file(name, file, folder, tail(tokenizer, settings.seq_len, 0)?)
}

/// The same of held-out documents.
pub fn heldout_of_file(name: &str, file: &Path, settings: &Settings, tokenizer: &str, folder: &Path) -> Result<Config, TrialError> {
    whole_file(&format!("heldout-{name}"), file, folder, heldout_tail(tokenizer, settings, 0)?)
}

fn whole_file(name: &str, file: &Path, folder: &Path, mut config: Config) -> Result<Config, TrialError> {
    config.run.output = folder.join(name);
    let (source, extraction) = read_file(&[file])?;
    config.source = source;
    config.stages.splice(0..0, extraction);
    Ok(config)
}

/// A pipeline that learns one tokenizer from all the files, in `folder/tokenizer`; gives the path of its `tokenizer.json`.
pub fn tokenizer_of_files(files: &[&Path], settings: &Settings, folder: &Path) -> Result<(Config, PathBuf), TrialError> {
    let mut config = entries("")?;
    config.run.output = folder.join("tokenizer");
    let (source, extraction) = read_file(files)?;
    config.source = source;
    config.stages = extraction.into_iter().chain(learner(settings.vocab_size)?).collect();
    config.sinks = nothing_but("id")?;
    let path = tokenizer_path(&config.run.output);
    Ok((config, path))
}

/// A pipeline that tokenizes texts of JSON lines as they are.
pub fn of_texts(file: &Path, settings: &Settings, tokenizer: &str, output: PathBuf) -> Result<Config, TrialError> {
    let mut config = tail(tokenizer, settings.seq_len, 0)?;
    config.source = read_file(&[file])?.0;
    config.run.output = output;
    Ok(config)
}

/// Runs an arm and gives its folder.
pub fn make(config: Config, options: &Options<'_>) -> Result<PathBuf, TrialError> {
    let output = config.run.output.clone();
    let plan = Pipeline::of(config).plan()?;
    run(plan, options)?;
    Ok(output)
}

/// The stage that holds documents out of every arm, or in.
fn held_out(settings: &Settings, invert: bool) -> Result<Vec<Entry>, TrialError> {
    let share = settings.heldout_share.get();
    Ok(entries(&format!("[[stage]]\nuse = \"sample\"\nname = \"{HELD_OUT}\"\nshare = {share}\ninvert = {invert}\n"))?.stages)
}

fn learner(vocab_size: usize) -> Result<Vec<Entry>, TrialError> {
    Ok(entries(&format!("[[stage]]\nuse = \"learn_tokenizer\"\nname = \"{LEARNED}\"\nvocab_size = {vocab_size}\n"))?.stages)
}

fn tokenizer_path(output: &Path) -> PathBuf {
    output.join("artifacts").join(LEARNED).join("tokenizer.json")
}

/// A sink that writes no text.
fn nothing_but(field: &str) -> Result<Vec<Entry>, TrialError> {
    Ok(entries(&format!("[[sink]]\nuse = \"jsonl\"\nfields = [\"{field}\"]\n"))?.sinks)
}

/// The last stages and the sink of every arm.
fn tail(tokenizer: &str, seq_len: usize, seed: u64) -> Result<Config, TrialError> {
    let quoted = toml::Value::String(tokenizer.to_owned());
    let mut config =
        entries(&format!("[[stage]]\nuse = \"tokenize\"\ntokenizer = {quoted}\n[[sink]]\nuse = \"shards\"\nseq_len = {seq_len}\npacking = \"concat\"\n"))?;
    config.run.seed = seed;
    Ok(config)
}

/// Those of held-out documents: parted by domain, and their texts beside them.
fn heldout_tail(tokenizer: &str, settings: &Settings, seed: u64) -> Result<Config, TrialError> {
    let mut config = tail(tokenizer, settings.seq_len, seed)?;
    if let Some(by) = &settings.heldout_by {
        config.sinks[0].table.set_text("by", by);
        if by == "lang" {
            let tags = entries("[[stage]]\nuse = \"language\"\n")?.stages;
            config.stages.splice(0..0, tags);
        }
    }
    config.sinks.extend(entries(&format!("[[sink]]\nuse = \"jsonl\"\nfolder = \"{TEXTS}\"\nfields = [\"text\"]\n"))?.sinks);
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
    } else if is(".csv") || is(".tsv") {
        ("csv", "fields = { text = \"text\" }\n")
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
