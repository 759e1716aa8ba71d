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
        buffer.push(pieces);
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
    /// Adds a note given in pieces.
    pub fn push(&mut self, pieces: &[&[u8]]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        debug_assert!(length >= self.shape.key && self.shape.width.is_none_or(|width| width == length));
        if self.shape.width.is_none() {
            self.bytes.extend_from_slice(&(length as u32).to_le_bytes());
        }
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
    }

    /// Puts the notes in byte order: in place where their width is among those that barriers use.
    pub fn sort(&mut self) {
        fn fixed<const N: usize>(bytes: &mut [u8]) {
            bytes.as_chunks_mut::<N>().0.sort_unstable();
        }
        match self.shape.width {
            Some(8) => fixed::<8>(&mut self.bytes),
            Some(16) => fixed::<16>(&mut self.bytes),
            Some(20) => fixed::<20>(&mut self.bytes),
            Some(24) => fixed::<24>(&mut self.bytes),
            Some(25) => fixed::<25>(&mut self.bytes),
            Some(28) => fixed::<28>(&mut self.bytes),
            Some(29) => fixed::<29>(&mut self.bytes),
            Some(32) => fixed::<32>(&mut self.bytes),
            Some(40) => fixed::<40>(&mut self.bytes),
            Some(41) => fixed::<41>(&mut self.bytes),
            _ => {
                let mut all: Vec<&[u8]> = self.iter().collect();
                all.sort_unstable();
                let mut sorted = NoteBuffer { shape: self.shape, bytes: Vec::with_capacity(self.bytes.len()) };
                all.iter().for_each(|note| sorted.push(&[note]));
                self.bytes = sorted.bytes;
            }
        }
    }

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
    fn notes_of_any_width_are_put_in_byte_order() {
        for width in [Some(8), Some(9), Some(16), None] {
            let mut buffer = NoteBuffer { shape: NoteShape { key: 1, width }, bytes: Vec::new() };
            for number in [5u8, 200, 3, 5, 0] {
                buffer.push(&[&[number; 8], &vec![number; width.map_or(usize::from(number), |width| width - 8)]]);
            }
            buffer.sort();
            assert_eq!(buffer.iter().map(|note| note[0]).collect::<Vec<_>>(), [0, 3, 5, 5, 200], "{width:?}");
        }
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
