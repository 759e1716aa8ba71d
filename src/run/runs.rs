//! Sorted runs of notes on disk, and their merging: how a barrier sorts more than memory holds.
//!
//! A run file holds sorted notes (fixed-width records, or records each after its length), then 257 offsets (u64, little-endian): where the notes
//! of each first key byte begin, and where the last ends. Key ranges are cut at those 256 places, so any grouping of them can be read alone.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::stage::{Global, NoteBuffer, NoteShape, NoteStream, Result, RunError};

const BUCKETS: usize = 256;
const FOOTER: u64 = 8 * (BUCKETS as u64 + 1);
/// Runs of which each stream keeps the files open. There may be tens of thousands, and a process may have a thousand files: the others are opened for each piece read.
const OPEN_RUNS: usize = 128;

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
            return Err(damaged(&path));
        }
        Ok(Run { path, shape, offsets })
    }

    /// Bytes of notes under the first key bytes `from..to`.
    pub fn bytes(&self, from: usize, to: usize) -> u64 {
        self.offsets[to] - self.offsets[from]
    }

    /// The notes under the first key bytes `from..to`, `buffer` bytes at a time.
    fn slice(&self, (from, to): (usize, usize), buffer: usize, keep_open: bool) -> Slice<'_> {
        Slice { run: self, at: self.offsets[from], end: self.offsets[to], size: buffer, keep_open, file: None, piece: Vec::new(), read: 0 }
    }

    fn read_at(&self, file: &mut Option<File>, piece: &mut [u8], at: u64) -> Result<()> {
        let read = match file {
            Some(file) => file.read_exact_at(piece, at),
            none => File::open(&self.path).and_then(|opened| none.insert(opened).read_exact_at(piece, at)),
        };
        read.map_err(RunError::file("cannot read", &self.path))
    }
}

struct Slice<'r> {
    run: &'r Run,
    /// Where the next piece begins, and where the last one ends.
    at: u64,
    end: u64,
    /// Bytes of a piece.
    size: usize,
    keep_open: bool,
    file: Option<File>,
    piece: Vec<u8>,
    /// Bytes of the piece that were given.
    read: usize,
}

impl Slice<'_> {
    /// The next so many bytes; false at the end.
    fn take(&mut self, wanted: usize) -> Result<bool> {
        if self.piece.len() - self.read < wanted {
            let rest = self.piece.len() - self.read;
            let more = (self.end - self.at).min(self.size.max(wanted) as u64) as usize;
            if rest + more < wanted {
                return if rest == 0 { Ok(false) } else { Err(damaged(&self.run.path)) };
            }
            self.piece.copy_within(self.read.., 0);
            self.piece.resize(rest + more, 0);
            self.run.read_at(&mut self.file, &mut self.piece[rest..], self.at)?;
            if !self.keep_open {
                self.file = None;
            }
            (self.read, self.at) = (0, self.at + more as u64);
        }
        Ok(true)
    }

    /// Reads the next note over `note`; false at the end.
    fn next(&mut self, note: &mut Vec<u8>) -> Result<bool> {
        let width = match self.run.shape.width {
            Some(width) => width,
            None => {
                if !self.take(4)? {
                    return Ok(false);
                }
                self.read += 4;
                u32::from_le_bytes(std::array::from_fn(|byte| self.piece[self.read - 4 + byte])) as usize
            }
        };
        if !self.take(width)? {
            return if self.run.shape.width.is_some() { Ok(false) } else { Err(damaged(&self.run.path)) };
        }
        note.clear();
        note.extend_from_slice(&self.piece[self.read..self.read + width]);
        self.read += width;
        Ok(true)
    }
}

fn damaged(path: &Path) -> RunError {
    RunError::stop(format!("{} is damaged: remove the run directory and run again", path.display()))
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
        let mut notes = NoteBuffer { shape: first.shape, bytes: vec![0; total as usize] };
        let mut rest = notes.bytes.as_mut_slice();
        for run in &held {
            let (piece, after) = rest.split_at_mut(run.bytes(from, to) as usize);
            run.read_at(&mut None, piece, run.offsets[from])?;
            rest = after;
        }
        notes.sort();
        return Ok(Box::new(InMemory { notes, at: 0 }));
    }
    let buffer = (memory / held.len()).clamp(4 << 10, 1 << 20);
    let keep_open = held.len() <= OPEN_RUNS;
    let mut merge = Merge { slices: Vec::new(), heap: BinaryHeap::new(), current: Vec::new() };
    for run in held {
        let mut slice = run.slice(range, buffer, keep_open);
        let mut note = Vec::new();
        if slice.next(&mut note)? {
            merge.heap.push(Reverse(Head { prefix: prefix(&note), note, slice: merge.slices.len() }));
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
    /// Its first bytes, which nearly always decide.
    prefix: u64,
    note: Vec<u8>,
    slice: usize,
}

/// The first eight bytes as a number that sorts as they do; zeros where there are fewer.
fn prefix(note: &[u8]) -> u64 {
    match note.first_chunk::<8>() {
        Some(head) => u64::from_be_bytes(*head),
        None => note.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) << (64 - 8 * note.len().max(1)),
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| self.note.cmp(&other.note)).then(self.slice.cmp(&other.slice))
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

struct Merge<'r> {
    slices: Vec<Slice<'r>>,
    heap: BinaryHeap<Reverse<Head>>,
    current: Vec<u8>,
}

impl NoteStream for Merge<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let head = &mut top.0;
        std::mem::swap(&mut self.current, &mut head.note);
        if !self.slices[head.slice].next(&mut head.note)? {
            std::collections::binary_heap::PeekMut::pop(top);
        } else {
            head.prefix = prefix(&head.note);
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
        for number in 0..=OPEN_RUNS as u8 {
            let mut notes = Notes::new(shape);
            for i in (0..200u8).rev().step_by(if number < 3 { 1 } else { 20 }) {
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
        assert_eq!(sorted.len(), 600 + 10 * (OPEN_RUNS - 2));
        assert!(sorted.is_sorted() && sorted.iter().all(|note| note[2] == 2));
        assert_eq!(all(0, u64::MAX), sorted);
        assert_eq!(all(0, 50), sorted);
        assert!(ranges(&runs, 50).len() > 20);
    }
}
