//! Best-fit decreasing over windows of documents: longest first, each into the row that it fills best.
//!
//! Lengths within a window are sorted downwards, ties in document order; a piece goes into the open row with the least room
//! that still takes it, the latest to have come to that room among equals. Where what is left over adds up to whole rows, the emptiest rows are given up: they hold pieces of documents
//! that are longer than a row, which have to be cut somewhere, and one more cut lets these fill the others. The rows of a window are stored in a seeded order, else a reader
//! that goes through the file would meet all long documents first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Cut, Emit, ShardError, Span, pieces};
use crate::shard::Permutation;

/// A row is topped up only where it has room for this share of a row: smaller pieces say too little to be learned from.
const LEAST_ROOM: u32 = 64;

/// What lies in one row as a whole.
#[derive(Clone, Copy)]
struct Piece {
    span: Span,
    /// Tokens of the document behind it, where the two are a pair.
    partner: u32,
    /// Of a document that is longer than a row.
    long: bool,
}

impl Piece {
    fn tokens(&self) -> u32 {
        self.span.length + self.partner
    }
}

type Row = Vec<Piece>;

pub(super) struct BestFit {
    seq_len: u32,
    seed: u64,
    window: usize,
    /// Pieces shorter than a row, in document order.
    short: Vec<Piece>,
    /// Pieces that are a row.
    full: Vec<Piece>,
}

impl BestFit {
    pub fn new(seq_len: u32, seed: u64, window: usize) -> BestFit {
        BestFit { seq_len, seed, window: window.max(1), short: Vec::new(), full: Vec::new() }
    }

    pub fn push(&mut self, document: u64, length: u32, cut: &Cut, emit: &mut Emit) -> Result<u32, ShardError> {
        let mut count = 0;
        for span in pieces(document, length, self.seq_len, cut) {
            self.take(Piece { span, partner: 0, long: length > self.seq_len }, cut, emit)?;
            count += 1;
        }
        Ok(count)
    }

    /// Takes a pair that fits a row.
    pub fn push_pair(&mut self, pair: [Span; 2], cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        self.take(Piece { span: pair[0], partner: pair[1].length, long: false }, cut, emit)
    }

    pub fn finish(mut self, cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        self.flush(cut, emit)
    }

    fn take(&mut self, piece: Piece, cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        if piece.tokens() == self.seq_len {
            self.full.push(piece);
        } else {
            self.short.push(piece);
        }
        if self.short.len() + self.full.len() >= self.window { self.flush(cut, emit) } else { Ok(()) }
    }

    fn flush(&mut self, cut: &Cut, emit: &mut Emit) -> Result<(), ShardError> {
        // The first document tells windows apart, so that each gets an order of its own.
        let first = self.short.iter().chain(&self.full).map(|piece| piece.span.document).min().unwrap_or(0);
        let short = std::mem::take(&mut self.short);
        let mut rows = self.fill(short);
        self.top_up(&mut rows, cut);
        let count = (rows.len() + self.full.len()) as u64;
        let order = Permutation::new(count, self.seed ^ first);
        let mut spans = Vec::new();
        for at in (0..count).filter_map(|i| order.get(i)).map(|at| at as usize) {
            spans.clear();
            let row = rows.get(at).map_or_else(|| &self.full[at - rows.len()..][..1], Vec::as_slice);
            for Piece { span, partner, .. } in row {
                spans.push(*span);
                spans.extend((*partner > 0).then_some(Span { document: span.document + 1, start: 0, length: *partner }));
            }
            emit(&spans)?;
        }
        self.full.clear();
        Ok(())
    }

    fn fill(&self, mut pieces: Vec<Piece>) -> Vec<Row> {
        pieces.sort_by_key(|piece| Reverse(piece.tokens()));
        let mut rows: Vec<Row> = Vec::new();
        // Open rows by the room they have left; no room is without one.
        let mut open: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for piece in pieces {
            let best = open.range_mut(piece.tokens()..).next().and_then(|(room, rows)| Some((*room, rows.pop()?, rows.is_empty())));
            let (room, row) = match best {
                Some((room, row, last)) => {
                    if last {
                        open.remove(&room);
                    }
                    (room, row)
                }
                None => {
                    rows.push(Vec::new());
                    (self.seq_len, rows.len() - 1)
                }
            };
            rows[row].push(piece);
            let left = room - piece.tokens();
            if left > 0 {
                open.entry(left).or_default().push(row);
            }
        }
        rows
    }

    /// Gives up as many rows as the room of the others can hold, the emptiest first, and cuts their pieces to the measure of that room, the widest first.
    fn top_up(&self, rows: &mut Vec<Row>, cut: &Cut) {
        let least = (self.seq_len / LEAST_ROOM).max(1);
        let room = |row: &Row| self.seq_len - row.iter().map(Piece::tokens).sum::<u32>();
        let mut by_room: Vec<(u32, usize)> = rows.iter().map(room).zip(0..).filter(|(room, _)| *room >= least).collect();
        by_room.sort_unstable_by_key(|(room, row)| (Reverse(*room), *row));
        let spare: u64 = by_room.iter().map(|(room, _)| u64::from(*room)).sum();
        // A row that is given up takes its own room along and needs room for its content: a whole row between them.
        let count = (spare / u64::from(self.seq_len)) as usize;
        let given: Vec<usize> = by_room.iter().map(|(_, row)| *row).filter(|row| rows[*row].iter().all(|piece| piece.long)).take(count).collect();
        let given: BTreeSet<usize> = given.into_iter().collect();
        let mut takers = by_room.into_iter().filter(|(_, row)| !given.contains(row));
        let mut taker = takers.next();
        let mut over = Vec::new();
        for mut piece in given.iter().flat_map(|row| std::mem::take(&mut rows[*row])).collect::<Vec<_>>() {
            while let Some((room, row)) = taker {
                let Span { document, start, length } = piece.span;
                if length <= room {
                    break;
                }
                // What is left of the piece is no scrap either.
                if let Some(at) = cut(document, start, start + room.min(length - least)) {
                    rows[row].push(Piece { span: Span { document, start, length: at - start }, ..piece });
                    piece.span = Span { document, start: at, length: start + length - at };
                }
                taker = takers.next();
            }
            match &mut taker {
                Some((room, row)) => {
                    rows[*row].push(piece);
                    *room -= piece.span.length;
                    if *room < least {
                        taker = takers.next();
                    }
                }
                None => over.push(piece),
            }
        }
        rows.retain(|row| !row.is_empty());
        rows.extend(self.fill(over));
    }
}
