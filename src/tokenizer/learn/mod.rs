//! Learns a vocabulary from counted words and writes it as a standard tokenizer.json.
//!
//! Texts go through a [`PreSplitter`], which gives the words that are to be counted; they are counted by a barrier's notes or by a [`Counter`], with 64
//! bits and in bounded memory. [`learn`] takes the words with their counts. BPE and WordPiece have the merges of Hugging Face's trainers on the same
//! counts, ties included; [`Unigram`] follows SentencePiece's trainer.

mod alphabet;
mod bpe;
mod count;
mod file;
mod options;
mod seeds;
mod text_form;
mod unigram;
mod usage;
mod word_piece;
mod words;

use super::TokenizerError;
use alphabet::Alphabet;
pub use count::Counter;
pub use options::{LearnOptions, Model, OptionFault, SpecialToken, Unigram};
pub use text_form::{PreSplitter, Split, TextForm};
pub use usage::{Totals, Usage, report};
pub use words::{Sample, Word, Words};

/// What was learnt.
pub struct Learned {
    /// The content of a tokenizer.json.
    pub file: Vec<u8>,
    /// Entries of the vocabulary.
    pub vocab_size: u32,
    /// Characters of the texts that are not in the alphabet.
    pub letters_left_out: usize,
    /// How all words are cut.
    pub usage: Usage,
    /// The same by number of language.
    pub by_language: Vec<Usage>,
}

/// Pieces by id as they came, what cuts words into them, and the words so cut.
struct Learnt {
    pieces: Vec<String>,
    entries: Entries,
    cuts: Cuts,
}

enum Entries {
    /// Pairs of ids in the order in which they are merged.
    Merges(Vec<(u32, u32)>),
    /// Natural logarithms of probabilities, by id.
    Scores(Vec<f64>),
    /// The longest that matches.
    Longest,
}

/// The pieces of each word, in the order of the words.
#[derive(Default)]
struct Cuts {
    ids: Vec<u32>,
    /// Start and length in `ids`.
    places: Vec<(usize, u32)>,
}

impl Cuts {
    fn push(&mut self, word: impl IntoIterator<Item = u32>) {
        let start = self.ids.len();
        self.ids.extend(word);
        self.places.push((start, (self.ids.len() - start) as u32));
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.places.iter().map(|(start, length)| &self.ids[*start..*start + *length as usize])
    }
}

/// Learns from counted words. The result depends on the words and their counts alone.
pub fn learn(words: &Words, options: &LearnOptions) -> Result<Learned, TokenizerError> {
    let fault = |fault: String| TokenizerError::Learn { fault };
    if let Some(found) = options.faults().first() {
        return Err(fault(format!("{}: {}; {}", found.option, found.found, found.help)));
    }
    if words.is_empty() {
        return Err(fault("there are no words: every document was dropped or is empty".into()));
    }
    let alphabet = Alphabet::of(words, options);
    let learnt = match options.model {
        Model::Bpe => bpe::train(words, &alphabet, "", options)?,
        Model::WordPiece => word_piece::train(words, &alphabet, options)?,
        Model::Unigram(unigram) => unigram::train(words, &alphabet, unigram, options)?,
    };
    let (usage, by_language) = usage::measure(words, &learnt, &alphabet, options);
    let vocabulary = file::place(&learnt.pieces, options)?;
    Ok(Learned {
        file: file::write(&learnt, &vocabulary, options)?,
        vocab_size: vocabulary.len() as u32,
        letters_left_out: alphabet.left_out(),
        usage,
        by_language,
    })
}

#[cfg(test)]
mod tests;
