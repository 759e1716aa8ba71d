//! Counting the words of a training set.

use std::collections::HashMap;
use std::io::{self, Write};

use super::super::dictionary::{Dictionary, LABEL};
use super::super::format::Args;
use super::super::tokens::tokens;
use super::{Example, in_parts};

/// The words that become rows of a model, and its labels, both from the most frequent to the least; equals by their bytes.
pub struct Vocabulary {
    pub words: Vec<(Vec<u8>, u64)>,
    pub labels: Vec<(String, u64)>,
    /// Words and labels read.
    pub tokens: u64,
}

impl Vocabulary {
    /// Counts words; those that occur less than `least` times become no rows of their own. `names` are the labels that examples number.
    pub fn count(examples: &[Example<'_>], names: &[&str], least: u64, threads: usize) -> Vocabulary {
        let mut counts: HashMap<&[u8], u64> = HashMap::new();
        for part in in_parts(examples, threads, |examples| {
            let mut counts: HashMap<&[u8], u64> = HashMap::new();
            for word in examples.iter().flat_map(|example| tokens(example.text)).map(|token| token.bytes).filter(|word| !word.starts_with(LABEL)) {
                *counts.entry(word).or_default() += 1;
            }
            counts
        }) {
            part.into_iter().for_each(|(word, count)| *counts.entry(word).or_default() += count);
        }
        let tokens = counts.values().sum::<u64>() + examples.len() as u64;
        let mut words: Vec<(Vec<u8>, u64)> = counts.into_iter().filter(|(_, count)| *count >= least).map(|(word, count)| (word.to_vec(), count)).collect();
        words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut labels: Vec<(String, u64)> = names.iter().map(|name| ((*name).to_owned(), 0)).collect();
        examples.iter().for_each(|example| labels[example.label].1 += 1);
        labels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Vocabulary { words, labels, tokens }
    }

    /// What tells the features of a text.
    pub fn dictionary(&self, args: Args) -> Dictionary {
        let labels: Vec<(Vec<u8>, i64)> = self.labels.iter().map(|(name, count)| ([LABEL, name.as_bytes()].concat(), *count as i64)).collect();
        Dictionary::of(args, self.words.iter().map(|(word, _)| word.as_slice()), labels.iter().map(|(label, count)| (label.as_slice(), *count)))
    }

    /// Writes the dictionary part of a model file.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for size in [self.words.len() + self.labels.len(), self.words.len(), self.labels.len()] {
            out.write_all(&(size as i32).to_le_bytes())?;
        }
        out.write_all(&(self.tokens as i64).to_le_bytes())?;
        // No n-gram is left out: the model is not pruned.
        out.write_all(&(-1i64).to_le_bytes())?;
        let words = self.words.iter().map(|(word, count)| (&b""[..], word.as_slice(), count, 0));
        for (before, word, count, kind) in words.chain(self.labels.iter().map(|(label, count)| (LABEL, label.as_bytes(), count, 1))) {
            out.write_all(before)?;
            out.write_all(word)?;
            out.write_all(&[0])?;
            out.write_all(&(*count as i64).to_le_bytes())?;
            out.write_all(&[kind])?;
        }
        Ok(())
    }
}
