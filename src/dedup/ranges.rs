//! Notes of substring deduplication after the first rounds: repeated ranges of documents, and cores whose group is still to be compared.

/// How the names of blobs begin that name the copies in an earlier corpus: `earlier-SPLIT.jsonl`, lines of ordinal, start, end, copy (its id) and copy_start.
pub const EARLIER: &str = "earlier-";
/// Bytes of a note.
pub const WIDTH: usize = 29;

/// A note. Bytes (big-endian) sort ranges by document and start, cores by hash, reach and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A repeated range.
    Range(Range),
    /// A part of a group too large to be compared at once.
    Core(Core),
}

/// A repeated range of a document: in bytes, or, until the last round, in tokens where passages are measured in these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The document.
    pub document: u64,
    /// Its first byte or token.
    pub start: u32,
    /// The one after its last.
    pub end: u32,
    /// The document of the earliest copy of the range's first window; of an earlier corpus where [`super::records::OLD`] is set.
    pub copy: u64,
    /// Where that copy starts.
    pub copy_start: u32,
}

/// An occurrence of bytes that several windows have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Hash of the bytes.
    pub hash: u64,
    /// The windows start 0 to `reach` bytes before the core.
    pub reach: u32,
    /// The document.
    pub document: u64,
    /// The core's first byte.
    pub start: u32,
}

impl Note {
    /// As bytes that sort.
    pub fn to_bytes(self) -> [u8; WIDTH] {
        let mut bytes = [0; WIDTH];
        let (key, kind, fields) = match self {
            Note::Range(range) => (range.document, 0, [range.start, range.end, (range.copy >> 32) as u32, range.copy as u32, range.copy_start]),
            Note::Core(core) => (core.hash, 1, [core.reach, (core.document >> 32) as u32, core.document as u32, core.start, 0]),
        };
        bytes[..8].copy_from_slice(&key.to_be_bytes());
        bytes[8] = kind;
        for (chunk, field) in bytes[9..].chunks_exact_mut(4).zip(fields) {
            chunk.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    /// The inverse; `None` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Note> {
        let bytes: &[u8; WIDTH] = bytes.try_into().ok()?;
        let field = |number: usize| u32::from_be_bytes(std::array::from_fn(|byte| bytes[9 + 4 * number + byte]));
        let pair = |number: usize| u64::from(field(number)) << 32 | u64::from(field(number + 1));
        let key = u64::from_be_bytes(std::array::from_fn(|byte| bytes[byte]));
        match bytes[8] {
            0 => Some(Note::Range(Range { document: key, start: field(0), end: field(1), copy: pair(2), copy_start: field(4) })),
            1 => Some(Note::Core(Core { hash: key, reach: field(0), document: pair(1), start: field(3) })),
            _ => None,
        }
    }
}

impl Note {
    /// The range, if it is one.
    pub fn range(self) -> Option<Range> {
        match self {
            Note::Range(range) => Some(range),
            Note::Core(_) => None,
        }
    }
}

impl Range {
    /// Joins a range to the open one before it where they touch; else gives back the open one and opens the new one.
    pub fn extend(open: &mut Option<Range>, next: Range) -> Option<Range> {
        match open {
            Some(range) if range.document == next.document && range.start <= next.start && next.start <= range.end => {
                range.end = range.end.max(next.end);
                None
            }
            _ => open.replace(next),
        }
    }

    /// The ranges among the rows of one split that lie in one document; the rows are in order.
    pub fn of(rows: &[u8], document: u64) -> impl Iterator<Item = Range> {
        let rows = rows.as_chunks::<WIDTH>().0;
        let key = document.to_be_bytes();
        let from = rows.partition_point(|row| row[..8] < key[..]);
        rows[from..].iter().take_while(move |row| row[..8] == key[..]).filter_map(|row| match Note::from_bytes(row) {
            Some(Note::Range(range)) => Some(range),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(document: u64, start: u32, end: u32) -> Range {
        Range { document, start, end, copy: 1 << 32 | 9, copy_start: 4 }
    }

    #[test]
    fn notes_survive_their_bytes() {
        for note in [Note::Range(range(7 << 32 | 1, 3, 103)), Note::Core(Core { hash: !5, reach: 31, document: 2 << 32 | 8, start: 70_000 })] {
            assert_eq!(Note::from_bytes(&note.to_bytes()), Some(note));
        }
        assert_eq!((Note::from_bytes(&[0; 28]), Note::from_bytes(&[9; 29])), (None, None));
    }

    #[test]
    fn touching_ranges_are_joined_and_found_again() {
        let (mut open, mut rows) = (None, Vec::new());
        let all = [range(1, 0, 5), range(1, 5, 7), range(1, 6, 6), range(1, 8, 9), range(3, 8, 9)];
        let apart: Vec<Range> = all.into_iter().filter_map(|next| Range::extend(&mut open, next)).collect();
        for range in apart.into_iter().chain(open) {
            rows.extend_from_slice(&Note::Range(range).to_bytes());
        }
        let spans = |document| Range::of(&rows, document).map(|range| (range.start, range.end)).collect::<Vec<_>>();
        assert_eq!((spans(1), spans(2), spans(3)), (vec![(0, 7), (8, 9)], vec![], vec![(8, 9)]));
    }
}
