//! What a sink says of its files, and what it must know of tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A file that a sink has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Relative to a folder that the place says where it stands.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// xxh3-128 of the content, in 32 hexadecimal digits.
    pub xxh3: String,
}

impl Written {
    /// The same file, named from the folder that holds `folder`.
    pub fn below(self, folder: &str) -> Written {
        Written { name: format!("{folder}/{}", self.name), ..self }
    }
}

/// What a tokenizing stage writes; a sink of shards needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Name of the tokenizer.
    pub name: String,
    /// Hash of its file, hexadecimal.
    pub hash: String,
    /// Number of ids; every id is below it.
    pub size: u32,
    /// Ids by role (`eos`, `bos`, `pad`, `mask`, `unk`, ...), in alphabetical order of the roles.
    pub special: BTreeMap<String, u32>,
    /// What the labels in the masks of tokens mean, from 1 on.
    pub labels: Vec<String>,
}
