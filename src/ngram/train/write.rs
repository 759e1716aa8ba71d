//! A trained model as ARPA text and as KenLM's probing file.

use std::io::Write;

use super::Trained;
use super::estimate::{Discounts, Entry};
use crate::ngram::build::Builder;
use crate::ngram::{Model, NgramError};

/// Base-10 logarithm; rounding may not make a probability of more than 1.
fn log(prob: f32) -> f32 {
    prob.log10().min(0.0)
}

impl Trained {
    /// The length of its longest n-grams.
    pub fn order(&self) -> usize {
        self.grams.order
    }

    /// N-grams of each order, from 1.
    pub fn counts(&self) -> Vec<u64> {
        (1..=self.order()).map(|order| self.estimate.len(order)).collect()
    }

    /// The discounts of each order, from 1.
    pub fn discounts(&self) -> Vec<Discounts> {
        self.estimate.orders.iter().filter_map(|order| order.discounts).collect()
    }

    /// The unigrams with their words, in the order of their ids.
    fn unigrams(&self) -> impl Iterator<Item = (&str, Entry<'_>)> {
        self.words.iter().map(|word| &**word).zip(self.estimate.entries(&self.grams, 1))
    }

    /// Writes ARPA text; numbers have the fewest digits that give them back exactly.
    pub fn write_arpa(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "\\data\\")?;
        for (order, count) in (1..).zip(self.counts()) {
            writeln!(out, "ngram {order}={count}")?;
        }
        writeln!(out, "\n\\1-grams:")?;
        for (word, Entry { prob, backoff, .. }) in self.unigrams() {
            write!(out, "{}\t{word}", log(prob))?;
            if self.order() > 1 { writeln!(out, "\t{}", backoff.log10())? } else { writeln!(out)? }
        }
        for order in 2..=self.order() {
            writeln!(out, "\n\\{order}-grams:")?;
            for Entry { words, prob, backoff } in self.estimate.entries(&self.grams, order) {
                write!(out, "{}", log(prob))?;
                for (number, word) in words.iter().rev().enumerate() {
                    write!(out, "{}{}", if number == 0 { '\t' } else { ' ' }, self.words[*word as usize])?;
                }
                if order < self.order() { writeln!(out, "\t{}", backoff.log10())? } else { writeln!(out)? }
            }
        }
        writeln!(out, "\n\\end\\")
    }

    /// The file of KenLM's probing form, the same that its build_binary makes of the ARPA text.
    pub fn to_binary(&self) -> Result<Vec<u8>, NgramError> {
        let mut builder = Builder::new(&self.counts())?;
        for (word, Entry { prob, backoff, .. }) in self.unigrams() {
            builder.unigram(word.as_bytes(), log(prob), backoff.log10()).map_err(NgramError::Kind)?;
        }
        for order in 2..=self.order() {
            for Entry { words, prob, backoff } in self.estimate.entries(&self.grams, order) {
                builder.ngram(words, log(prob), backoff.log10()).map_err(NgramError::Kind)?;
            }
        }
        Ok(builder.finish())
    }

    /// The model, to score with.
    pub fn to_model(&self) -> Result<Model, NgramError> {
        Model::from_bytes(self.to_binary()?)
    }
}
