//! Notes: what a barrier remembers of each document, as bytes that sort.
//!
//! A note is a run of bytes whose first `key` bytes are its key; order is byte order, so numbers are written big-endian. Notes with equal keys
//! meet in one `reduce`.

use super::{Result, RunError};

/// The form of a barrier's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteShape {
    /// Bytes of the key, 1 to 16, at the start of each note; spread evenly (a hash), since ranges are cut by its first byte.
    pub key: usize,
    /// Bytes of each note, key included; `None` where they differ in length.
    pub width: Option<usize>,
}

/// Takes a full buffer of notes to disk.
pub(crate) type Spill<'a> = Box<dyn FnMut(NoteBuffer) -> Result<NoteBuffer> + Send + 'a>;

/// Notes being collected. Where there are more than memory should hold, the executor takes them to disk in between.
pub struct Notes<'a> {
    buffer: NoteBuffer,
    spill: Option<(usize, Spill<'a>)>,
    failed: Option<RunError>,
}

/// Notes in memory.
#[derive(Debug)]
pub(crate) struct NoteBuffer {
    pub shape: NoteShape,
    /// Fixed-width records, or records each after its length (u32, little-endian).
    pub bytes: Vec<u8>,
}

impl<'a> Notes<'a> {
    /// An empty collection that stays in memory.
    pub fn new(shape: NoteShape) -> Notes<'a> {
        Notes { buffer: NoteBuffer { shape, bytes: Vec::new() }, spill: None, failed: None }
    }

    /// A collection that hands over its buffer whenever it passes `limit` bytes.
    pub(crate) fn spilling(shape: NoteShape, limit: usize, spill: Spill<'a>) -> Notes<'a> {
        Notes { spill: Some((limit, spill)), ..Notes::new(shape) }
    }

    /// Adds a note given in pieces, key first. Pieces of a wrong total length for the shape are a fault of the stage's code.
    pub fn push(&mut self, pieces: &[&[u8]]) {
        let buffer = &mut self.buffer;
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        debug_assert!(length >= buffer.shape.key && buffer.shape.width.is_none_or(|width| width == length));
        if buffer.shape.width.is_none() {
            buffer.bytes.extend_from_slice(&(length as u32).to_le_bytes());
        }
        for piece in pieces {
            buffer.bytes.extend_from_slice(piece);
        }
        if let Some((limit, spill)) = &mut self.spill
            && buffer.bytes.len() > *limit
            && self.failed.is_none()
        {
            let full = std::mem::replace(buffer, NoteBuffer { shape: buffer.shape, bytes: Vec::new() });
            match spill(full) {
                Ok(emptied) => *buffer = emptied,
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Their form.
    pub fn shape(&self) -> NoteShape {
        self.buffer.shape
    }

    /// The notes in memory, in the order in which they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.buffer.iter()
    }

    /// The buffer, or why an earlier one could not be taken to disk.
    pub(crate) fn finish(self) -> Result<NoteBuffer> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.buffer),
        }
    }
}

impl NoteBuffer {
    /// The notes in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        let width = self.shape.width;
        std::iter::from_fn(move || {
            let length = match width {
                Some(width) => width,
                None => {
                    let (length, after) = rest.split_first_chunk::<4>()?;
                    rest = after;
                    u32::from_le_bytes(*length) as usize
                }
            };
            let (note, after) = rest.split_at_checked(length)?;
            rest = after;
            (!note.is_empty()).then_some(note)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_as_pushed() {
        let mut fixed = Notes::new(NoteShape { key: 2, width: Some(3) });
        fixed.push(&[b"ab", b"c"]);
        fixed.push(&[b"def"]);
        assert_eq!(fixed.iter().collect::<Vec<_>>(), [b"abc", b"def"]);
        let mut loose = Notes::new(NoteShape { key: 1, width: None });
        loose.push(&[b"a", b""]);
        loose.push(&[b"bcd"]);
        assert_eq!(loose.iter().collect::<Vec<_>>(), [b"a".as_slice(), b"bcd"]);
    }

    #[test]
    fn a_full_buffer_is_handed_over() {
        let mut taken = 0;
        let mut notes = Notes::spilling(
            NoteShape { key: 1, width: Some(1) },
            2,
            Box::new(|mut full| {
                taken += full.iter().count();
                full.bytes.clear();
                Ok(full)
            }),
        );
        for byte in 0..7u8 {
            notes.push(&[&[byte]]);
        }
        assert_eq!(notes.finish().unwrap().iter().count(), 1);
        assert_eq!(taken, 6);
    }
}
