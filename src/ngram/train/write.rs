//! A trained model as ARPA text and as KenLM's probing file.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::DerefMut;

use memmap2::MmapMut;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

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
        self.orders.len()
    }

    /// N-grams of each order, from 1.
    pub fn counts(&self) -> Vec<u64> {
        self.orders.iter().map(|order| order.kept).collect()
    }

    /// The discounts of each order, from 1.
    pub fn discounts(&self) -> Vec<Discounts> {
        self.orders.iter().map(|order| order.discounts).collect()
    }

    /// Writes ARPA text; numbers have the fewest digits that give them back exactly.
    pub fn write_arpa(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "\\data\\")?;
        for (n, count) in (1..).zip(self.counts()) {
            writeln!(out, "ngram {n}={count}")?;
        }
        for (n, order) in (1..).zip(&self.orders) {
            writeln!(out, "\n\\{n}-grams:")?;
            let mut entries = order.entries()?;
            while let Some(Entry { words, prob, backoff }) = entries.next()? {
                write!(out, "{}", log(prob))?;
                for (number, word) in words.iter().rev().enumerate() {
                    write!(out, "{}{}", if number == 0 { '\t' } else { ' ' }, self.words[*word as usize])?;
                }
                if n < self.order() { writeln!(out, "\t{}", backoff.log10())? } else { writeln!(out)? }
            }
        }
        writeln!(out, "\n\\end\\")
    }

    /// The model itself, held in memory.
    pub fn model(&self) -> Result<Model, NgramError> {
        let (mut tables, words) = self.tables(|size| Ok(vec![0; size]))?;
        tables.extend(words);
        Model::from_bytes(tables)
    }

    /// Makes of an empty file that of KenLM's probing form, the same that its build_binary makes of the ARPA text. The file is mapped
    /// while its tables are filled, so that its pages are the system's to write out where memory is short.
    pub fn write_binary(&self, mut file: &File) -> Result<(), NgramError> {
        let mapped = |size: usize| {
            // A full disk is an error here; found out while the map is written to, it would be the end of the process.
            match fallocate(file, FallocateFlags::empty(), 0, size as u64) {
                Err(Errno::OPNOTSUPP) => file.set_len(size as u64)?,
                other => other?,
            }
            // SAFETY: the file is the caller's own, and nobody else changes it while it is filled.
            unsafe { MmapMut::map_mut(file) }
        };
        let (tables, words) = self.tables(mapped)?;
        drop(tables);
        file.seek(SeekFrom::End(0))?;
        Ok(file.write_all(&words)?)
    }

    /// The tables of KenLM's probing form, in what `zeros` gives to build in, and the words that stand after them.
    fn tables<B: DerefMut<Target = [u8]>>(&self, zeros: impl FnOnce(usize) -> std::io::Result<B>) -> Result<(B, Vec<u8>), NgramError> {
        let mut builder = Builder::new(&self.counts(), zeros)?;
        for order in &self.orders {
            let mut entries = order.entries()?;
            while let Some(Entry { words, prob, backoff }) = entries.next()? {
                match words {
                    [word] => builder.unigram(self.words[*word as usize].as_bytes(), log(prob), backoff.log10()).map(|_| ()),
                    _ => builder.ngram(words, log(prob), backoff.log10()),
                }
                .map_err(NgramError::Kind)?;
            }
        }
        Ok(builder.finish())
    }
}
