//! Best-fit decreasing over windows of documents: longest first, each into the row that it fills best.
//!
//! Lengths within a window are sorted downwards, ties in document order; a piece goes into the open row with the least room
//! that still takes it, the latest opened among equals. The rows of a window are stored in a seeded order, else a reader
//! that goes through the file would meet all long documents first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Emit, ShardError, Span, pieces};
use crate::shard::Permutation;

pub(super) struct BestFit {
    seq_len: u32,
    seed: u64,
    window: usize,
    /// Pieces shorter than a row, in document order.
    short: Vec<Span>,
    /// Pieces that are a row.
    full: Vec<Span>,
}

impl BestFit {
    pub fn new(seq_len: u32, seed: u64, window: usize) -> BestFit {
        BestFit { seq_len, seed, window: window.max(1), short: Vec::new(), full: Vec::new() }
    }

    pub fn push(&mut self, document: u64, length: u32, emit: &mut Emit) -> Result<u32, ShardError> {
        for piece in pieces(document, length, self.seq_len) {
            if piece.length == self.seq_len {
                self.full.push(piece);
            } else {
                self.short.push(piece);
            }
            if self.short.len() + self.full.len() >= self.window {
                self.flush(emit)?;
            }
        }
        Ok(length.div_ceil(self.seq_len))
    }

    pub fn finish(mut self, emit: &mut Emit) -> Result<(), ShardError> {
        self.flush(emit)
    }

    fn flush(&mut self, emit: &mut Emit) -> Result<(), ShardError> {
        let rows = self.fill();
        let count = (rows.len() + self.full.len()) as u64;
        // The first document tells windows apart, so that each gets an order of its own.
        let first = self.short.iter().chain(&self.full).map(|span| span.document).min().unwrap_or(0);
        let order = Permutation::new(count, self.seed ^ first);
        for i in 0..count {
            let Some(at) = order.get(i).map(|at| at as usize) else {
                break;
            };
            match at.checked_sub(rows.len()) {
                None => emit(&rows[at])?,
                Some(at) => emit(&self.full[at..=at])?,
            }
        }
        self.short.clear();
        self.full.clear();
        Ok(())
    }

    fn fill(&mut self) -> Vec<Vec<Span>> {
        self.short.sort_by_key(|piece| Reverse(piece.length));
        let mut rows: Vec<Vec<Span>> = Vec::new();
        // Open rows by the room they have left, and the rooms that have one.
        let mut open: Vec<Vec<usize>> = vec![Vec::new(); self.seq_len as usize];
        let mut rooms: BTreeSet<u32> = BTreeSet::new();
        for piece in &self.short {
            let best = rooms.range(piece.length..).next().copied();
            let (row, room) = match best.and_then(|room| Some((open[room as usize].pop()?, room))) {
                Some((row, room)) => {
                    if open[room as usize].is_empty() {
                        rooms.remove(&room);
                    }
                    (row, room)
                }
                None => {
                    rows.push(Vec::new());
                    (rows.len() - 1, self.seq_len)
                }
            };
            rows[row].push(*piece);
            let left = room - piece.length;
            if left > 0 {
                open[left as usize].push(row);
                rooms.insert(left);
            }
        }
        rows
    }
}
