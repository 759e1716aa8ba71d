//! What a recipe builds with: its name, its seed, its reasons and tags, and the files it names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Reason, RunError};
use crate::doc::{Kind, Tag, TagTable, TagType};
use crate::store;

/// What is wrong with one key of a recipe. The plan adds file, line and caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key, dotted for inner ones (`bounds.too_few_words.min`); empty for the whole table.
    pub key: String,
    /// What is wrong, as "tokenizer file is not JSON".
    pub message: String,
    /// What to do, beside the caret.
    pub help: String,
}

impl Complaint {
    /// A complaint about a key.
    pub fn new(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Complaint {
        Complaint { key: key.into(), message: message.into(), help: help.into() }
    }
}

impl From<Complaint> for Vec<Complaint> {
    fn from(one: Complaint) -> Self {
        vec![one]
    }
}

/// A source of choices that depend on the seed, the stage and the document's key, and on nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice of one purpose.
    pub fn new(seed: u64, purpose: &str) -> Dice {
        Dice { seed: xxh3_64_with_seed(purpose.as_bytes(), seed) }
    }

    /// A number in [0, 1) for a document's key.
    pub fn roll(self, key: u128) -> f64 {
        (xxh3_64_with_seed(&key.to_le_bytes(), self.seed) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What a recipe builds with.
pub struct Shop<'a> {
    pub(crate) stage: &'a str,
    pub(crate) seed: u64,
    pub(crate) tags: &'a mut TagTable,
    pub(crate) reasons: Vec<String>,
    pub(crate) files: &'a mut BTreeSet<String>,
}

impl Shop<'_> {
    /// Name of the stage in this pipeline.
    pub fn stage(&self) -> &str {
        self.stage
    }

    /// The run's seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Dice of this stage.
    pub fn dice(&self) -> Dice {
        Dice::new(self.seed, self.stage)
    }

    /// The handle of a drop reason; a new name is taken up.
    pub fn reason(&mut self, name: &str) -> Reason {
        let known = self.reasons.iter().position(|reason| reason == name);
        Reason(known.unwrap_or_else(|| {
            self.reasons.push(name.to_owned());
            self.reasons.len() - 1
        }) as u16)
    }

    /// The handle of a tag this stage reads or writes.
    pub fn tag<T: TagType>(&mut self, name: &str) -> Result<Tag<T>, Vec<Complaint>> {
        self.tags.declare(name).map_err(|kind| {
            let message = format!("tag `{name}` already holds values of kind {kind:?}");
            Complaint::new("", message, "give one of the two another name").into()
        })
    }

    /// The kind of values of a tag that an earlier stage has named.
    pub fn tag_kind(&self, name: &str) -> Option<Kind> {
        self.tags.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// Reads a file that key `key` names. Its content becomes part of the run's fingerprint.
    pub fn read(&mut self, key: &str, path: &Path) -> Result<Vec<u8>, Complaint> {
        let mut bytes = Vec::new();
        self.open(key, path)?.read_to_end(&mut bytes).map_err(|cause| unread(key, path, cause))?;
        Ok(bytes)
    }

    /// Opens such a file, for what need not be in memory as a whole.
    pub fn open(&mut self, key: &str, path: &Path) -> Result<File, Complaint> {
        let file = store::local(path).map_err(|cause| unread(key, path, cause))?;
        self.files.insert(path.display().to_string());
        Ok(file)
    }
}

fn unread(key: &str, path: &Path, cause: std::io::Error) -> Complaint {
    let said = RunError::file("cannot read", path)(cause).to_string();
    Complaint::new(key, said, "check the path; it is taken from the folder the command runs in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_even_and_follow_seed_and_stage() {
        let (a, b) = (Dice::new(7, "sample"), Dice::new(7, "other"));
        let low = (0..10_000u128).filter(|key| a.roll(*key) < 0.25).count();
        assert!((2_300..2_700).contains(&low), "{low}");
        assert_ne!(a.roll(1), b.roll(1));
        assert_eq!(a.roll(1), Dice::new(7, "sample").roll(1));
    }
}
