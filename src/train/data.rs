//! What the trainer needs of a corpus: its documents as ids, and rows of spans to train on.
//!
//! **A row of n ids gives n targets, less those that do not exist.** Packing says which ids share a row and nothing more: the target of a span's
//! last id is the id that follows it in its document, in whichever row that one lies. So over one pass every token of a document except the
//! first is a target exactly once; a document's first token is predicted from nothing, and never from another document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::random::Random;
use crate::shard::mask::{LOSS, SENTENCE_START};

/// Tokenized documents, of which any part can be read.
pub trait Corpus: Sync {
    /// Number of documents.
    fn documents(&self) -> usize;
    /// Tokens of a document.
    fn tokens(&self, document: usize) -> usize;
    /// UTF-8 bytes of the text that a document's tokens spell.
    fn bytes(&self, document: usize) -> u64;
    /// What names a document wherever it appears, as a hash.
    fn key(&self, document: usize) -> u128;
    /// Fills `ids` from `start` on; `start + ids.len()` is at most the document's tokens.
    fn read(&self, document: usize, start: usize, ids: &mut [u32]);
    /// Fills `marks` with the bits of [`crate::shard::mask`], as [`Corpus::read`] does with ids; where nothing is marked, every token counts in the loss.
    fn marks(&self, _document: usize, _start: usize, marks: &mut [u8]) {
        marks.fill(LOSS);
    }
}

/// A stretch of one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Number of the document.
    pub document: usize,
    /// First token.
    pub start: usize,
    /// Tokens, at least one.
    pub len: usize,
}

/// A row to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose ids these are, in order.
    pub spans: Vec<Span>,
    /// Ids of all spans, one after the other.
    pub ids: Vec<u32>,
    /// What is known of each id: the bits of [`crate::shard::mask`].
    pub marks: Vec<u8>,
    /// For each span the id that follows it in its document, if any.
    pub next: Vec<Option<u32>>,
    /// What is known of these.
    pub next_marks: Vec<u8>,
}

/// Rows that can be drawn in any order.
pub trait Rows: Sync {
    /// Number of rows.
    fn rows(&self) -> usize;
    /// One of them.
    fn row(&self, row: usize) -> Row;
    /// Tokens of one pass over the corpus, by which epochs are counted.
    fn epoch_tokens(&self) -> u64;
}

/// Every document cut from its own start into pieces of at most `seq_len`.
pub fn pieces(corpus: &dyn Corpus, seq_len: usize) -> impl Iterator<Item = Span> {
    (0..corpus.documents()).flat_map(move |document| {
        let tokens = corpus.tokens(document);
        (0..tokens).step_by(seq_len).map(move |start| Span { document, start, len: seq_len.min(tokens - start) })
    })
}

/// Every document whole.
pub fn whole(corpus: &dyn Corpus) -> impl Iterator<Item = Span> {
    (0..corpus.documents()).map(|document| Span { document, start: 0, len: corpus.tokens(document) })
}

impl Row {
    /// Reads the ids of `spans`, which lie inside their documents; empty ones are left out.
    pub fn read(corpus: &dyn Corpus, mut spans: Vec<Span>) -> Self {
        spans.retain(|span| span.len > 0);
        let tokens = spans.iter().map(|span| span.len).sum();
        let (mut ids, mut marks) = (vec![0; tokens], vec![0; tokens]);
        let (mut next, mut next_marks) = (Vec::with_capacity(spans.len()), Vec::with_capacity(spans.len()));
        let mut at = 0;
        for span in &spans {
            let here = at..at + span.len;
            at = here.end;
            corpus.read(span.document, span.start, &mut ids[here.clone()]);
            corpus.marks(span.document, span.start, &mut marks[here]);
            let (mut id, mut mark) = ([0], [0]);
            let end = span.start + span.len;
            let follows = end < corpus.tokens(span.document);
            if follows {
                corpus.read(span.document, end, &mut id);
                corpus.marks(span.document, end, &mut mark);
            }
            next.push(follows.then_some(id[0]));
            next_marks.push(mark[0]);
        }
        Self { spans, ids, marks, next, next_marks }
    }
}

/// Rows as some packing laid them out.
pub struct Packs<'a> {
    corpus: &'a dyn Corpus,
    packs: Vec<Vec<Span>>,
}

impl<'a> Packs<'a> {
    /// Rows given span by span, each no longer than the model's `seq_len`.
    pub fn new(corpus: &'a dyn Corpus, packs: Vec<Vec<Span>>) -> Self {
        Self { corpus, packs }
    }

    /// What lies in each row.
    pub fn into_spans(self) -> Vec<Vec<Span>> {
        self.packs
    }

    /// Stretches of documents one after the other, cut every `seq_len` tokens; the last row may be shorter.
    pub fn cut(corpus: &'a dyn Corpus, stretches: impl IntoIterator<Item = Span>, seq_len: usize) -> Self {
        let mut packs: Vec<Vec<Span>> = Vec::new();
        let mut free = 0;
        for Span { document, mut start, len } in stretches {
            let end = start + len;
            while start < end {
                if free == 0 {
                    packs.push(Vec::new());
                    free = seq_len;
                }
                let len = free.min(end - start);
                if let Some(pack) = packs.last_mut() {
                    pack.push(Span { document, start, len });
                }
                start += len;
                free -= len;
            }
        }
        Self { corpus, packs }
    }

    /// Rows of whole [`pieces`], as texts are scored: short pieces share rows.
    pub fn score(corpus: &'a dyn Corpus, seq_len: usize) -> Self {
        let mut packs: Vec<Vec<Span>> = Vec::new();
        let mut free = 0;
        for piece in pieces(corpus, seq_len) {
            match packs.last_mut() {
                Some(pack) if piece.len <= free => pack.push(piece),
                _ => {
                    packs.push(vec![piece]);
                    free = seq_len;
                }
            }
            free -= piece.len;
        }
        Self { corpus, packs }
    }

    /// A row a stretch of whole sentences of one document, as many as `len` tokens hold; a sentence that is longer is cut.
    pub fn sentences(corpus: &'a dyn Corpus, len: usize) -> Self {
        let (mut packs, mut marks) = (Vec::new(), Vec::new());
        for document in 0..corpus.documents() {
            marks.resize(corpus.tokens(document), 0);
            corpus.marks(document, 0, &mut marks);
            let mut start = 0;
            while start < marks.len() {
                let most = (start + len).min(marks.len());
                let begins = |place: &usize| *place == marks.len() || marks[*place] & SENTENCE_START != 0;
                let end = (start + 1..=most).rev().find(begins).unwrap_or(most);
                packs.push(vec![Span { document, start, len: end - start }]);
                start = end;
            }
        }
        Self { corpus, packs }
    }

    /// A row a document, its first `len` tokens: of those whose first token has such marks.
    pub fn documents(corpus: &'a dyn Corpus, len: usize, wanted: impl Fn(u8) -> bool) -> Self {
        let mut packs = Vec::new();
        for Span { document, len: tokens, .. } in whole(corpus).filter(|span| span.len > 0) {
            let mut mark = [0];
            corpus.marks(document, 0, &mut mark);
            if wanted(mark[0]) {
                packs.push(vec![Span { document, start: 0, len: tokens.min(len) }]);
            }
        }
        Self { corpus, packs }
    }

    /// A row a pair of documents, of each its last `len` tokens: two neighbours of one key, of which neither is empty.
    pub fn pairs(corpus: &'a dyn Corpus, len: usize) -> Self {
        let end = |document| {
            let tokens = corpus.tokens(document);
            Span { document, start: tokens.saturating_sub(len), len: tokens.min(len) }
        };
        let (mut packs, mut first) = (Vec::new(), 0);
        while first + 1 < corpus.documents() {
            let pair = vec![end(first), end(first + 1)];
            let one_key = corpus.key(first) == corpus.key(first + 1);
            first += if one_key { 2 } else { 1 };
            if one_key && pair.iter().all(|span| span.len > 0) {
                packs.push(pair);
            }
        }
        Self { corpus, packs }
    }
}

impl Rows for Packs<'_> {
    fn rows(&self) -> usize {
        self.packs.len()
    }

    fn row(&self, row: usize) -> Row {
        Row::read(self.corpus, self.packs[row].clone())
    }

    fn epoch_tokens(&self) -> u64 {
        self.packs.iter().flatten().map(|span| span.len as u64).sum()
    }
}

/// Every window of `seq_len` tokens over all documents end to end, as nanoGPT draws them; documents inside one are still told apart.
pub struct Windows<'a> {
    corpus: &'a dyn Corpus,
    ends: Vec<usize>,
    seq_len: usize,
}

impl<'a> Windows<'a> {
    /// Windows over `corpus`.
    pub fn new(corpus: &'a dyn Corpus, seq_len: usize) -> Self {
        let ends = (0..corpus.documents())
            .scan(0, |end, document| {
                *end += corpus.tokens(document);
                Some(*end)
            })
            .collect();
        Self { corpus, ends, seq_len }
    }

    fn total(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

impl Rows for Windows<'_> {
    fn rows(&self) -> usize {
        // One less than there are windows, so that the last token of each has a successor; a short text is one window.
        self.total().saturating_sub(self.seq_len).max(self.total().min(1))
    }

    fn row(&self, row: usize) -> Row {
        let (mut at, end) = (row, (row + self.seq_len).min(self.total()));
        let first = self.ends.partition_point(|&end| end <= at);
        let mut spans = Vec::new();
        for (document, &document_end) in self.ends.iter().enumerate().skip(first) {
            if at >= end {
                break;
            }
            let document_start = document_end - self.corpus.tokens(document);
            let len = document_end.min(end) - at;
            if len > 0 {
                spans.push(Span { document, start: at - document_start, len });
            }
            at += len;
        }
        Row::read(self.corpus, spans)
    }

    fn epoch_tokens(&self) -> u64 {
        self.total() as u64
    }
}

/// In which order rows are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Every row once an epoch, in an order of its own each time.
    Epochs,
    /// All rows as they come, epoch after epoch.
    InOrder,
    /// Any row at any time.
    Windows,
}

/// The seeded order of draws: which row the n-th one is depends on nothing before it, so training can go on from anywhere.
pub struct Draws {
    sampling: Sampling,
    seed: u64,
    rows: usize,
    epoch: u64,
    order: Vec<usize>,
}

impl Draws {
    /// Draws from `rows` rows, at least one.
    pub fn new(sampling: Sampling, seed: u64, rows: usize) -> Self {
        Self { sampling, seed, rows, epoch: 0, order: Vec::new() }
    }

    /// The row of the n-th draw.
    pub fn row(&mut self, draw: u64) -> usize {
        if self.sampling == Sampling::Windows {
            return Random::new(self.seed, &format!("draw {draw}")).below(self.rows);
        }
        let (epoch, place) = (draw / self.rows as u64, draw % self.rows as u64);
        if self.sampling == Sampling::InOrder {
            return place as usize;
        }
        if self.order.is_empty() || epoch != self.epoch {
            self.epoch = epoch;
            self.order = (0..self.rows).collect();
            Random::new(self.seed, &format!("epoch {epoch}")).shuffle(&mut self.order);
        }
        self.order[place as usize]
    }
}

/// A corpus held in memory.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    documents: Vec<(u128, u64, Vec<u32>)>,
    /// Of the documents that have marks.
    marks: BTreeMap<usize, Vec<u8>>,
}

impl Tokens {
    /// Adds a document: its key, the bytes of its text, its ids.
    pub fn push(&mut self, key: u128, bytes: u64, ids: Vec<u32>) {
        self.documents.push((key, bytes, ids));
    }

    /// Marks the tokens of the document that was added last, a byte each.
    pub fn mark(&mut self, marks: Vec<u8>) {
        self.marks.insert(self.documents.len().saturating_sub(1), marks);
    }
}

impl Corpus for Tokens {
    fn documents(&self) -> usize {
        self.documents.len()
    }

    fn tokens(&self, document: usize) -> usize {
        self.documents[document].2.len()
    }

    fn bytes(&self, document: usize) -> u64 {
        self.documents[document].1
    }

    fn key(&self, document: usize) -> u128 {
        self.documents[document].0
    }

    fn read(&self, document: usize, start: usize, ids: &mut [u32]) {
        ids.copy_from_slice(&self.documents[document].2[start..start + ids.len()]);
    }

    fn marks(&self, document: usize, start: usize, marks: &mut [u8]) {
        match self.marks.get(&document) {
            Some(known) => marks.copy_from_slice(&known[start..start + marks.len()]),
            None => marks.fill(LOSS),
        }
    }
}

#[cfg(test)]
mod tests;
