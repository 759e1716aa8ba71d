//! The letters that words are spelt in.

use std::collections::BTreeMap;

use super::LearnOptions;
use super::text_form::Split;
use super::words::Words;
use crate::tokenizer::TokenizerError;
use crate::tokenizer::hugging_face::byte_chars;

/// How a word is spelt.
pub(super) enum Spelling {
    /// A letter a byte, as byte-level vocabularies write bytes.
    Bytes(Box<[char; 256]>),
    /// A letter a character.
    Chars,
}

impl Spelling {
    pub fn of(options: &LearnOptions) -> Spelling {
        match options.text.split {
            Split::ByteLevel(_) => Spelling::Bytes(Box::new(byte_chars())),
            Split::Bert | Split::Metaspace => Spelling::Chars,
        }
    }

    /// Calls `letter` with each letter.
    pub fn each(&self, word: &str, letter: &mut dyn FnMut(char)) {
        match self {
            Spelling::Bytes(chars) => word.bytes().for_each(|byte| letter(chars[usize::from(byte)])),
            Spelling::Chars => word.chars().for_each(letter),
        }
    }
}

/// The letters that are entries of the vocabulary.
pub(super) struct Alphabet {
    pub spelling: Spelling,
    /// Letters and their counts.
    kept: BTreeMap<char, u64>,
    /// Letters of the text that are not in it.
    left_out: usize,
}

impl Alphabet {
    /// The letters of the words and those asked for: the most frequent ones where there is a limit, the first in the order of Unicode among equals.
    pub fn of(words: &Words, options: &LearnOptions) -> Alphabet {
        let spelling = Spelling::of(options);
        let mut counts: BTreeMap<char, u64> = BTreeMap::new();
        // Most letters are among few: a table saves the tree for the others.
        let mut common = [0u64; 0x300];
        for word in &words.words {
            spelling.each(&word.text, &mut |c| match common.get_mut(c as usize) {
                Some(count) => *count += word.count,
                None => *counts.entry(c).or_default() += word.count,
            });
        }
        counts.extend(common.iter().zip('\0'..).filter(|(count, _)| **count > 0).map(|(count, c)| (c, *count)));
        let forced: Vec<char> = match &spelling {
            Spelling::Bytes(chars) => chars.to_vec(),
            Spelling::Chars => options.initial_alphabet.chars().collect(),
        };
        forced.iter().for_each(|letter| _ = counts.entry(*letter).or_default());
        let all = counts.len();
        let limit = if matches!(spelling, Spelling::Bytes(_)) { None } else { options.limit_alphabet };
        if let Some(limit) = limit.filter(|limit| *limit < all) {
            let mut order: Vec<(char, u64)> = counts.into_iter().collect();
            order.sort_by_key(|(letter, count)| (!forced.contains(letter), std::cmp::Reverse(*count)));
            order.truncate(limit);
            counts = order.into_iter().collect();
        }
        Alphabet { spelling, left_out: all - counts.len(), kept: counts }
    }

    pub fn has(&self, letter: char) -> bool {
        self.left_out == 0 || self.kept.contains_key(&letter)
    }

    /// In the order of Unicode.
    pub fn letters(&self) -> impl Iterator<Item = char> {
        self.kept.keys().copied()
    }

    /// Letters and how often they were seen.
    pub fn counts(&self) -> impl Iterator<Item = (char, u64)> {
        self.kept.iter().map(|(letter, count)| (*letter, *count))
    }

    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Refuses an alphabet that leaves no room: `entries` are there before anything is learnt.
    pub fn must_fit(&self, entries: usize, options: &LearnOptions) -> Result<(), TokenizerError> {
        if entries <= options.vocab_size as usize {
            return Ok(());
        }
        let fault = format!(
            "special tokens, bytes and the alphabet of {} characters take {entries} entries, and vocab_size is {}: raise vocab_size, set limit_alphabet to keep the most \
             frequent characters alone, or take a byte-level split, whose alphabet is the 256 bytes",
            self.kept.len(),
            options.vocab_size
        );
        Err(TokenizerError::Learn { fault })
    }
}

/// The entries that are there before the alphabet: special tokens, then bytes where unknown characters are spelt in them.
pub(super) fn given(options: &LearnOptions) -> impl Iterator<Item = String> {
    let bytes = (0..=255u8).filter(|_| options.byte_fallback);
    options.special_tokens.iter().map(|token| token.text.clone()).chain(bytes.map(|byte| format!("<0x{byte:02X}>")))
}
