//! Learns a vocabulary from counted words and writes it as a standard tokenizer.json.
//!
//! Texts go through a [`PreSplitter`], which gives the words that are to be counted; counting is the caller's, in whatever
//! memory there is. [`learn`] takes the words with their counts (64 bits) and gives the same merges as Hugging Face's trainer
//! on the same counts.

mod bpe;
mod file;
mod pre_split;

use super::normal::Form;
use super::{Pattern, TokenizerError};
pub use pre_split::PreSplitter;

/// What to learn.
#[derive(Clone, Debug)]
pub struct LearnOptions {
    /// The model and how text reaches it.
    pub kind: Kind,
    /// Entries wanted, special tokens and alphabet included.
    pub vocab_size: u32,
    /// They get the first ids, in this order. WordPiece needs `[UNK]` among them.
    pub special_tokens: Vec<String>,
    /// A pair is merged only when it was seen so often.
    pub min_count: u64,
}

/// A model and how text reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GPT-2's kind: every byte is in the vocabulary.
    ByteLevelBpe {
        /// How text is split.
        pattern: Pattern,
        /// How it is normalized first.
        normalize: Option<Form>,
    },
    /// BERT's kind.
    WordPiece {
        /// Lower case without accents, or as written.
        lowercase: bool,
    },
}

/// What the merges of a trainer are made of: pieces by id, then pairs of ids and what they become.
struct Learnt {
    vocabulary: Vec<String>,
    merges: Vec<(u32, u32)>,
}

/// Learns from words and how often they were seen, in any order; a word may come more than once. The result is the content of
/// a tokenizer.json and depends on the counts alone.
pub fn learn(words: impl IntoIterator<Item = (String, u64)>, options: &LearnOptions) -> Result<Vec<u8>, TokenizerError> {
    let fault = |fault: &str| TokenizerError::Learn { fault: fault.to_owned() };
    let mut words: Vec<(String, u64)> = words.into_iter().collect();
    words.sort_unstable();
    words.dedup_by(|next, word| {
        let same = next.0 == word.0;
        if same {
            word.1 = word.1.saturating_add(next.1);
        }
        same
    });
    if words.is_empty() {
        return Err(fault("there are no words: every document was dropped or is empty"));
    }
    let learnt = match options.kind {
        Kind::ByteLevelBpe { .. } => {
            let chars = super::hugging_face::byte_chars();
            let spell = |word: &str| word.bytes().map(|byte| chars[usize::from(byte)]).collect();
            let words = words.into_iter().map(|(word, count)| (spell(&word), count)).collect();
            bpe::train(words, &chars, "", options)
        }
        Kind::WordPiece { .. } if !options.special_tokens.iter().any(|token| token == "[UNK]") => {
            return Err(fault("WordPiece needs the special token [UNK]"));
        }
        Kind::WordPiece { .. } => bpe::train(words, &[], "##", options),
    };
    file::write(&learnt, options)
}

#[cfg(test)]
mod tests;
