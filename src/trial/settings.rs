//! What `[validate]` says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::stage::Share;
use crate::train::config::Preset;

/// What `[validate]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The corpora to compare: `"each_stage"`, or a list of the words of [`Arm`] and `"each_stage"`, which stands for `without:STAGE` of each stage.
    pub arms: Arms,
    /// Held-out documents: files of the pipeline's source form, or `.jsonl` with a `text`; a path, or a table of domains and paths. No arm's stages touch
    /// them; their text is only extracted.
    pub heldout: Option<Files>,
    /// Where `heldout` is left out: the share of the documents, chosen by key before any stage, that is held out of every arm.
    pub heldout_share: Share,
    /// What parts the held-out documents into domains: `"lang"`, another tag, or `"column:NAME"`.
    pub heldout_by: Option<String>,
    /// Held-out tokens that are scored, taken document by document by a hash: after every training, so that many cost time.
    pub heldout_tokens: u64,
    /// Minimal pairs of a kind, made from the held-out texts; 0 asks for none.
    pub minimal_pairs: usize,
    /// A tokenizer file, or `"bytes"`. Left out: one is learned from the documents as extracted, which every arm comes from.
    pub tokenizer: Option<String>,
    /// Size of the vocabulary that is learned.
    pub vocab_size: usize,
    /// Trainings of each arm.
    pub seeds: usize,
    /// Seed of the first training; the next ones count on from it.
    pub seed: u64,
    /// Tokens each training sees.
    pub tokens: u64,
    /// The model family. Texts that repeat themselves teach a model sooner to look back than clean ones do. Within these tokens Llama's learns it from either, GPT-2's from the former alone,
    /// which then count as better (web pages, 400,000 tokens: 2.7 and 3.2 bits a byte).
    pub preset: Preset,
    /// Layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width of the model.
    pub width: usize,
    /// Tokens of a training row.
    pub seq_len: usize,
    /// Rows of a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            arms: Arms::Listed(["extracted", "full"].map(|arm| Spanned::new(0..0, arm.to_owned())).into()),
            heldout: None,
            heldout_share: Share::new(0.1),
            heldout_by: None,
            heldout_tokens: 200_000,
            minimal_pairs: 150,
            tokenizer: None,
            vocab_size: 1024,
            seeds: 5,
            seed: 0,
            tokens: 400_000,
            preset: Preset::Llama,
            layers: 2,
            heads: 4,
            width: 64,
            seq_len: 128,
            batch: 8,
            learning_rate: 2e-3,
        }
    }
}

/// A corpus made from the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arm {
    /// `extracted`: the documents as extracted, nothing dropped.
    Extracted,
    /// `full`: the documents as kept by the whole pipeline.
    Full,
    /// `without:STAGE`: as kept by the pipeline less this stage.
    Without(String),
    /// `sample:STAGE`: of `without:STAGE` as many tokens as `full` has, taken at random.
    Sample(String),
    /// `removed:STAGE`: of `without:STAGE` the documents that `full` does not have, so what this stage takes out.
    Removed(String),
}

impl Arm {
    /// What a word of `arms` names; a stage is not looked up.
    pub fn parse(word: &str) -> Option<Arm> {
        match word.split_once(':') {
            None if word == "extracted" => Some(Arm::Extracted),
            None if word == "full" => Some(Arm::Full),
            Some(("without", stage)) => Some(Arm::Without(stage.to_owned())),
            Some(("sample", stage)) => Some(Arm::Sample(stage.to_owned())),
            Some(("removed", stage)) => Some(Arm::Removed(stage.to_owned())),
            _ => None,
        }
    }

    /// Its name in the verdict.
    pub fn name(&self) -> String {
        match self {
            Arm::Extracted => "extracted".to_owned(),
            Arm::Full => "full".to_owned(),
            Arm::Without(stage) => format!("without:{stage}"),
            Arm::Sample(stage) => format!("sample:{stage}"),
            Arm::Removed(stage) => format!("removed:{stage}"),
        }
    }

    /// The stage that it is about.
    pub fn stage(&self) -> Option<&str> {
        match self {
            Arm::Extracted | Arm::Full => None,
            Arm::Without(stage) | Arm::Sample(stage) | Arm::Removed(stage) => Some(stage),
        }
    }
}

/// What `arms` says.
#[derive(Clone, Debug, PartialEq)]
pub enum Arms {
    /// `"each_stage"`: as extracted, as kept, and without each stage.
    EachStage(String),
    /// Words with their places in the pipeline file.
    Listed(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Arms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Arms, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Arms;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of arms, or \"each_stage\"")
            }
            fn visit_str<E>(self, word: &str) -> Result<Arms, E> {
                Ok(Arms::EachStage(word.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Arms, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Arms::Listed(words))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// Named files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(pub Vec<(String, PathBuf)>);

/// What the only file of held-out documents is called.
pub const WHOLE: &str = "heldout";

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Files, D::Error> {
        struct Paths;
        impl<'de> Visitor<'de> for Paths {
            type Value = Files;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a table of names and paths")
            }
            fn visit_str<E>(self, path: &str) -> Result<Files, E> {
                Ok(Files(vec![(WHOLE.to_owned(), path.into())]))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
                // By name, since the order of a table's keys means nothing.
                let mut files = BTreeMap::new();
                while let Some((name, path)) = map.next_entry::<String, PathBuf>()? {
                    files.insert(name, path);
                }
                Ok(Files(files.into_iter().collect()))
            }
        }
        deserializer.deserialize_any(Paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_named_as_they_are_written() {
        for word in ["extracted", "full", "without:a", "sample:c4", "removed:x:y"] {
            assert_eq!(Arm::parse(word).unwrap().name(), word);
        }
        assert_eq!([Arm::parse("without"), Arm::parse("withot:a"), Arm::parse("each_stage")], [None, None, None]);
    }

    #[test]
    fn both_forms_of_a_key_are_read() {
        let read = |toml: &str| toml::from_str::<Settings>(toml).unwrap();
        assert_eq!(read("arms = \"each_stage\"").arms, Arms::EachStage("each_stage".into()));
        let Arms::Listed(words) = read("arms = [\"full\", \"without:a\"]").arms else { panic!("a list") };
        assert_eq!((words[1].get_ref().as_str(), words[1].span()), ("without:a", 16..27));
        assert_eq!(read("heldout = \"h.jsonl\"").heldout, Some(Files(vec![("heldout".into(), "h.jsonl".into())])));
        let named = read("heldout = { web = \"w.jsonl\", news = \"n.jsonl\" }").heldout.unwrap();
        assert_eq!(named.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["news", "web"]);
        assert!(toml::from_str::<Settings>("heldout = 3").unwrap_err().to_string().contains("a path, or a table"));
    }
}
