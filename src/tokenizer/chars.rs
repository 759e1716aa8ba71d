//! A vocabulary of characters, kept as a small JSON: `{"type": "chars", "chars": ["\n", " ", "a", ...]}`. Ids are places in
//! the list; the id after the last stands for every other character.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::TokenizerError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    r#type: String,
    chars: Vec<char>,
}

#[derive(Debug)]
pub(super) struct Chars {
    chars: Vec<char>,
    ids: BTreeMap<char, u32>,
}

impl Chars {
    pub fn parse(name: &str, file: &[u8]) -> Result<Chars, TokenizerError> {
        let format = |fault: String| TokenizerError::Format { name: name.to_owned(), fault };
        let File { r#type, chars } = serde_json::from_slice(file).map_err(|e| format(e.to_string()))?;
        if r#type != "chars" {
            return Err(format(format!("its type is `{}`", r#type)));
        }
        let ids: BTreeMap<char, u32> = chars.iter().copied().zip(0..).collect();
        if ids.len() != chars.len() {
            return Err(format("a character is listed twice".into()));
        }
        Ok(Chars { chars, ids })
    }

    pub fn vocab_size(&self) -> u32 {
        self.chars.len() as u32 + 1
    }

    pub fn unknown(&self) -> u32 {
        self.chars.len() as u32
    }

    pub fn encode(&self, text: &str, out: &mut Vec<u32>) {
        out.extend(text.chars().map(|c| self.ids.get(&c).copied().unwrap_or(self.unknown())));
    }

    pub fn decode(&self, id: u32) -> char {
        self.chars.get(id as usize).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The file of a vocabulary that has every character of the texts, sorted.
pub(super) fn to_json(chars: impl IntoIterator<Item = char>) -> Result<Vec<u8>, TokenizerError> {
    let mut chars: Vec<char> = chars.into_iter().collect();
    chars.sort_unstable();
    chars.dedup();
    let file = File { r#type: "chars".into(), chars };
    serde_json::to_vec(&file).map_err(|e| TokenizerError::Learn { fault: e.to_string() })
}
