//! Concat-and-chunk: documents end to end, a cut at every row.

use super::{Emit, ShardError, Span};

pub(super) struct Concat {
    seq_len: u32,
    row: Vec<Span>,
    room: u32,
}

impl Concat {
    pub fn new(seq_len: u32) -> Concat {
        Concat { seq_len, row: Vec::new(), room: seq_len }
    }

    pub fn push(&mut self, document: u64, length: u32, emit: &mut Emit) -> Result<u32, ShardError> {
        let (mut start, mut pieces) = (0, 0);
        while start < length {
            let take = self.room.min(length - start);
            self.row.push(Span { document, start, length: take });
            pieces += 1;
            start += take;
            self.room -= take;
            if self.room == 0 {
                self.flush(emit)?;
            }
        }
        Ok(pieces)
    }

    /// Takes a pair that fits a row, into the next one where it does not fit this one.
    pub fn push_pair(&mut self, pair: [Span; 2], emit: &mut Emit) -> Result<(), ShardError> {
        if pair[0].length + pair[1].length > self.room {
            self.flush(emit)?;
        }
        for span in pair {
            self.push(span.document, span.length, emit)?;
        }
        Ok(())
    }

    pub fn finish(mut self, emit: &mut Emit) -> Result<(), ShardError> {
        if self.row.is_empty() { Ok(()) } else { self.flush(emit) }
    }

    fn flush(&mut self, emit: &mut Emit) -> Result<(), ShardError> {
        emit(&self.row)?;
        self.row.clear();
        self.room = self.seq_len;
        Ok(())
    }
}
