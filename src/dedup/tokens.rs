//! Texts as ids of tokens, for shingles and passages that are measured in tokens.

use xxhash_rust::xxh3::xxh3_64;

use crate::tokenizer::{EncodeScratch, Tokenizer, TokenizerError};

/// Bit of an id that stands for a piece of text which the vocabulary does not know.
const UNKNOWN: u32 = 1 << 31;

/// A tokenizer, as deduplication uses it: without special tokens around texts, and no two unknown tokens are equal unless their texts are.
pub struct Tokens {
    tokenizer: Tokenizer,
}

/// Working memory.
#[derive(Default)]
pub struct Work {
    scratch: EncodeScratch,
    /// What [`Tokens::read`] has found.
    pub ids: Vec<u32>,
}

impl Tokens {
    /// Over a tokenizer.
    pub fn new(tokenizer: Tokenizer) -> Tokens {
        Tokens { tokenizer }
    }

    /// Hash of the vocabulary's file, hexadecimal.
    pub fn hash(&self) -> String {
        format!("{:032x}", self.tokenizer.hash())
    }

    /// The ids of a text, into `work.ids`; none for a text that the tokenizer refuses. What the vocabulary does not know has the same id everywhere, so it gets
    /// one that follows from its text.
    pub fn read(&self, text: &str, work: &mut Work) {
        let Work { scratch, ids } = work;
        ids.clear();
        let refused = self.tokenizer.encode(text, false, ids, scratch).is_err();
        let unknown = self.tokenizer.special().get("unk");
        if refused {
            ids.clear();
        } else if unknown.is_some_and(|unknown| ids.contains(unknown)) {
            match self.tokenizer.bounds(text, ids) {
                Ok(bounds) => {
                    for (id, (from, to)) in ids.iter_mut().zip(bounds).filter(|(id, _)| Some(&**id) == unknown) {
                        *id = UNKNOWN | xxh3_64(text.as_bytes().get(from as usize..to as usize).unwrap_or_default()) as u32;
                    }
                }
                Err(_) => ids.clear(),
            }
        }
    }

    /// Where each token of a text, whose ids are in `work.ids` by [`Tokens::read`], begins and ends, in bytes. Where several tokens share a character, only the first
    /// begins with it and only the last ends with it.
    pub fn bounds(&self, text: &str, work: &mut Work) -> Result<Vec<(u32, u32)>, TokenizerError> {
        let Work { scratch, ids } = work;
        ids.clear();
        self.tokenizer.encode(text, false, ids, scratch)?;
        self.tokenizer.bounds(text, ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_tokens_are_told_apart_by_their_texts() {
        let file = Tokenizer::chars_file("ab ".chars()).unwrap();
        let tokens = Tokens::new(Tokenizer::from_bytes("c", &file, None).unwrap());
        let mut work = Work::default();
        tokens.read("a中b文中", &mut work);
        let ids = work.ids.clone();
        assert_eq!((ids[0], ids[1], ids[2]), (1, ids[4], 2));
        assert!(ids[1] != ids[3] && ids[1] & ids[3] & UNKNOWN != 0);
        assert_eq!(tokens.bounds("a中b", &mut work).unwrap(), [(0, 1), (1, 4), (4, 5)]);
    }
}
