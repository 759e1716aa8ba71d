//! Sorted runs of notes on disk, and their merging: how a barrier sorts more than memory holds.
//!
//! A run file holds sorted notes (fixed-width records, or records each after its length), then 257 offsets (u64, little-endian): where the notes
//! of each first key byte begin, and where the last ends. Key ranges are cut at those 256 places, so any grouping of them can be read alone.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::stage::{Global, NoteBuffer, NoteShape, NoteStream, Result, RunError};

const BUCKETS: usize = 256;
const FOOTER: u64 = 8 * (BUCKETS as u64 + 1);

/// Sorts notes, joins those that the barrier can join, and writes them as a run. The buffer is given back empty.
pub fn write_run(mut notes: NoteBuffer, global: &dyn Global, path: &Path) -> Result<NoteBuffer> {
    notes.sort();
    combine(&mut notes, global);
    let failed = RunError::file("cannot write", path);
    let written = (|| {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        file.write_all(&notes.bytes)?;
        for offset in offsets(&notes) {
            file.write_all(&offset.to_le_bytes())?;
        }
        file.flush()
    })();
    written.map_err(failed)?;
    notes.bytes.clear();
    Ok(notes)
}

/// Nothing is copied as long as nothing is joined: most barriers join nothing, and the buffer is a good part of their memory.
fn combine(notes: &mut NoteBuffer, global: &dyn Global) {
    let key = notes.shape.key;
    let head = if notes.shape.width.is_none() { 4 } else { 0 };
    let mut joined: Option<NoteBuffer> = None;
    let mut last: Vec<u8> = Vec::new();
    let (mut last_at, mut at) = (0, 0);
    for note in notes.iter() {
        let begins = at;
        at += head + note.len();
        if last.len() >= key && last[..key] == note[..key] && global.combine(&mut last, note) {
            joined.get_or_insert_with(|| NoteBuffer { shape: notes.shape, bytes: notes.bytes[..last_at].to_vec() });
            continue;
        }
        if let Some(out) = &mut joined {
            out.push(&[&last]);
        }
        last_at = begins;
        last.clear();
        last.extend_from_slice(note);
    }
    if let Some(mut out) = joined {
        out.push(&[&last]);
        out.sort();
        *notes = out;
    }
}

fn offsets(notes: &NoteBuffer) -> Vec<u64> {
    let mut offsets = Vec::with_capacity(BUCKETS + 1);
    let head = if notes.shape.width.is_none() { 4 } else { 0 };
    let mut at = 0;
    for note in notes.iter() {
        while offsets.len() <= usize::from(note[0]) {
            offsets.push(at);
        }
        at += head + note.len() as u64;
    }
    offsets.resize(BUCKETS + 1, at);
    offsets
}

/// A run on disk with its offsets.
pub struct Run {
    path: PathBuf,
    shape: NoteShape,
    offsets: Vec<u64>,
}

impl Run {
    /// Opens a run and reads its offsets.
    pub fn open(path: PathBuf, shape: NoteShape) -> Result<Run> {
        let read = || -> std::io::Result<Vec<u64>> {
            let mut file = File::open(&path)?;
            let length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(length.saturating_sub(FOOTER)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
        };
        let offsets = read().map_err(RunError::file("cannot read", &path))?;
        if offsets.len() != BUCKETS + 1 || !offsets.is_sorted() {
            return Err(RunError::stop(format!("{} is damaged: remove the run directory and run again", path.display())));
        }
        Ok(Run { path, shape, offsets })
    }

    /// Bytes of notes under the first key bytes `from..to`.
    pub fn bytes(&self, from: usize, to: usize) -> u64 {
        self.offsets[to] - self.offsets[from]
    }

    fn slice(&self, from: usize, to: usize, buffer: usize) -> Result<Slice> {
        let open = || -> std::io::Result<File> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.offsets[from]))?;
            Ok(file)
        };
        let file = open().map_err(RunError::file("cannot read", &self.path))?;
        let left = self.bytes(from, to);
        Ok(Slice { file: BufReader::with_capacity(buffer, file.take(left)), shape: self.shape, path: self.path.clone() })
    }
}

struct Slice {
    file: BufReader<std::io::Take<File>>,
    shape: NoteShape,
    path: PathBuf,
}

impl Slice {
    /// Reads the next note over `note`; false at the end.
    fn next(&mut self, note: &mut Vec<u8>) -> Result<bool> {
        let mut read = || -> std::io::Result<bool> {
            if std::io::BufRead::fill_buf(&mut self.file)?.is_empty() {
                return Ok(false);
            }
            let length = match self.shape.width {
                Some(width) => width,
                None => {
                    let mut length = [0; 4];
                    self.file.read_exact(&mut length)?;
                    u32::from_le_bytes(length) as usize
                }
            };
            note.resize(length, 0);
            self.file.read_exact(note)?;
            Ok(true)
        };
        read().map_err(RunError::file("cannot read", &self.path))
    }
}

/// Cuts the key space into ranges of at most `limit` bytes of notes each, where a single first key byte does not hold more.
pub fn ranges(runs: &[Run], limit: u64) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut from = 0;
    let mut bytes = 0;
    for bucket in 0..BUCKETS {
        let more: u64 = runs.iter().map(|run| run.bytes(bucket, bucket + 1)).sum();
        if bytes > 0 && bytes + more > limit {
            ranges.push((from, bucket));
            (from, bytes) = (bucket, 0);
        }
        bytes += more;
    }
    if bytes > 0 {
        ranges.push((from, BUCKETS));
    }
    ranges
}

/// The notes of a key range over all runs, in order: sorted in memory where they fit into `memory` bytes, else merged from disk.
pub fn stream(runs: &[Run], range: (usize, usize), memory: usize) -> Result<Box<dyn NoteStream + '_>> {
    let (from, to) = range;
    let total: u64 = runs.iter().map(|run| run.bytes(from, to)).sum();
    let held: Vec<&Run> = runs.iter().filter(|run| run.bytes(from, to) > 0).collect();
    let Some(first) = held.first() else { return Ok(Box::new(Nothing)) };
    if total <= memory as u64 {
        let mut notes = NoteBuffer { shape: first.shape, bytes: Vec::with_capacity(total as usize) };
        for run in &held {
            let mut slice = run.slice(from, to, 1 << 16)?;
            slice.file.read_to_end(&mut notes.bytes).map_err(RunError::file("cannot read", &run.path))?;
        }
        notes.sort();
        return Ok(Box::new(InMemory { notes, at: 0 }));
    }
    let buffer = (memory / held.len()).clamp(4 << 10, 1 << 20);
    let mut merge = Merge { slices: Vec::new(), heap: BinaryHeap::new(), current: Vec::new() };
    for run in held {
        let mut slice = run.slice(from, to, buffer)?;
        let mut note = Vec::new();
        if slice.next(&mut note)? {
            merge.heap.push(Reverse(Head { note, slice: merge.slices.len() }));
            merge.slices.push(slice);
        }
    }
    Ok(Box::new(merge))
}

struct Nothing;

impl NoteStream for Nothing {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        Ok(None)
    }
}

struct InMemory {
    notes: NoteBuffer,
    at: usize,
}

impl NoteStream for InMemory {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let rest = &self.notes.bytes[self.at.min(self.notes.bytes.len())..];
        let (head, length) = match (self.notes.shape.width, rest.split_first_chunk::<4>()) {
            (Some(width), _) => (0, width),
            (None, Some((length, _))) => (4, u32::from_le_bytes(*length) as usize),
            (None, None) => return Ok(None),
        };
        self.at += head + length;
        Ok(rest.get(head..head + length))
    }
}

struct Head {
    note: Vec<u8>,
    slice: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        self.note.cmp(&other.note).then(self.slice.cmp(&other.slice))
    }
}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Head {}

struct Merge {
    slices: Vec<Slice>,
    heap: BinaryHeap<Reverse<Head>>,
    current: Vec<u8>,
}

impl NoteStream for Merge {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let head = &mut top.0;
        std::mem::swap(&mut self.current, &mut head.note);
        if !self.slices[head.slice].next(&mut head.note)? {
            std::collections::binary_heap::PeekMut::pop(top);
        }
        Ok(Some(&self.current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Decision, Next, Notes, Round, Stage};

    struct Sums;
    impl Global for Sums {
        fn shape(&self, _: u32) -> NoteShape {
            NoteShape { key: 2, width: None }
        }
        fn observe(&self, _: &crate::doc::Doc, _: &mut crate::scratch::Scratch, _: &mut Notes<'_>) -> Result<()> {
            Ok(())
        }
        fn reduce(&self, _: &Round<'_>, _: &mut dyn NoteStream, _: &mut Notes<'_>) -> Result<()> {
            Ok(())
        }
        fn decide(&self, _: u32, _: &mut dyn NoteStream, _: &mut Decision) -> Result<Next> {
            Ok(Next::Done)
        }
        fn stage(&self, _: &Decision, _: u32) -> Result<Box<dyn Stage>> {
            Err(RunError::stop("not needed"))
        }
        fn combine(&self, into: &mut Vec<u8>, other: &[u8]) -> bool {
            into[2] += other[2];
            true
        }
        fn forecast(&self, _: u64) -> u64 {
            0
        }
    }

    #[test]
    fn merging_from_disk_equals_sorting_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let shape = Sums.shape(0);
        let mut runs = Vec::new();
        for number in 0..3u8 {
            let mut notes = Notes::new(shape);
            for i in (0..200u8).rev() {
                notes.push(&[&[i.wrapping_mul(7), number], &[1]]);
                notes.push(&[&[i.wrapping_mul(7), number], &[1]]);
            }
            let path = dir.path().join(number.to_string());
            write_run(notes.finish().unwrap(), &Sums, &path).unwrap();
            runs.push(Run::open(path, shape).unwrap());
        }
        let all = |memory: usize, limit: u64| {
            let mut out = Vec::new();
            for range in ranges(&runs, limit) {
                let mut stream = stream(&runs, range, memory).unwrap();
                while let Some(note) = stream.next().unwrap() {
                    out.push(note.to_vec());
                }
            }
            out
        };
        let sorted = all(1 << 20, u64::MAX);
        assert_eq!(sorted.len(), 600);
        assert!(sorted.is_sorted() && sorted.iter().all(|note| note[2] == 2));
        assert_eq!(all(0, u64::MAX), sorted);
        assert_eq!(all(0, 50), sorted);
        assert!(ranges(&runs, 50).len() > 20);
    }
}
