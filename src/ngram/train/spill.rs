//! Rows of numbers, more than memory holds: kept in order as they come ([`Tape`]), or sorted ([`Sorter`]).
//!
//! What does not fit lies in files without a name in one folder, so that nothing of them stays behind. Rows are read back in blocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Numbers that are turned to bytes at a time.
const BLOCK: usize = 1 << 14;
/// Rows that a sorter has room for at least.
const LEAST: usize = 1 << 10;
/// Rows that are collected before the first joining.
const FIRST: usize = 1 << 20;

/// Where rows may go, and how much memory they may take together.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub folder: PathBuf,
    pub memory: usize,
}

impl Space {
    /// A part of the memory, in bytes.
    fn part(&self, of: usize) -> usize {
        self.memory / of
    }

    /// One of at most twenty tapes that are there at the same time, with a third of the memory between them.
    pub fn tape(&self, width: usize) -> Tape {
        Tape { width, held: Vec::new(), room: (self.part(64) / 4 / width).max(LEAST) * width, file: Numbers::new(&self.folder) }
    }

    /// One of two sorters, with a third of the memory each.
    pub fn sorter<const W: usize>(&self) -> Sorter<W> {
        let mut sorter = Sorter::new(&self.folder, None);
        sorter.allow(self.part(3));
        sorter
    }

    /// The first sorter, which has the memory to itself but for what tapes take. Rows are equal up to their last number, a count, and joined if so.
    pub fn counter<const W: usize>(&self) -> Sorter<W> {
        let join = |first: &mut [u32; W], later: &[u32; W]| {
            let same = first[..W - 1] == later[..W - 1];
            if same {
                first[W - 1] = first[W - 1].saturating_add(later[W - 1]);
            }
            same
        };
        let mut sorter = Sorter::new(&self.folder, Some(join));
        sorter.full = FIRST;
        sorter
    }
}

/// A file of numbers, made when there are any.
struct Numbers {
    folder: PathBuf,
    file: Option<File>,
    length: u64,
}

impl Numbers {
    fn new(folder: &Path) -> Numbers {
        Numbers { folder: folder.to_owned(), file: None, length: 0 }
    }

    fn failed(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("cannot keep sorted counts in {}: {error}; make room there, or allow more memory", self.folder.display()))
    }

    fn append(&mut self, numbers: &[u32]) -> Result<()> {
        self.write(numbers).map_err(|error| self.failed(&error))
    }

    fn write(&mut self, numbers: &[u32]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        file.seek(SeekFrom::End(0))?;
        let mut bytes = Vec::with_capacity(4 * BLOCK.min(numbers.len()));
        for block in numbers.chunks(BLOCK) {
            bytes.clear();
            bytes.extend(block.iter().flat_map(|number| number.to_le_bytes()));
            file.write_all(&bytes)?;
        }
        self.length += numbers.len() as u64;
        Ok(())
    }

    /// So many numbers from a place on.
    fn read(&self, at: u64, count: usize, into: &mut Vec<u32>) -> Result<()> {
        into.clear();
        let Some(mut file) = self.file.as_ref() else { return Ok(()) };
        let mut bytes = vec![0; 4 * BLOCK.min(count)];
        let mut read = || {
            file.seek(SeekFrom::Start(4 * at))?;
            while into.len() < count {
                let block = &mut bytes[..4 * BLOCK.min(count - into.len())];
                file.read_exact(block)?;
                into.extend(block.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number)));
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }
}

/// Rows of one width, read in the order in which they came.
pub(super) struct Tape {
    pub width: usize,
    held: Vec<u32>,
    /// Numbers that are held before they go to the file.
    room: usize,
    file: Numbers,
}

impl Tape {
    pub fn push(&mut self, row: impl IntoIterator<Item = u32>) -> Result<()> {
        if self.held.len() >= self.room {
            self.file.append(&self.held)?;
            self.held.clear();
        }
        self.held.extend(row);
        debug_assert!(self.held.len().is_multiple_of(self.width));
        Ok(())
    }

    /// At the first row.
    pub fn read(&self) -> Result<Rows<'_>> {
        let mut rows = Rows { tape: self, block: Vec::new(), at: 0, next: 0 };
        rows.fill()?;
        Ok(rows)
    }
}

/// A place in a tape.
pub(super) struct Rows<'a> {
    tape: &'a Tape,
    block: Vec<u32>,
    /// The number in the block, or in what the tape holds, at which the row begins.
    at: usize,
    /// Where the block after this one begins in the file.
    next: u64,
}

impl Rows<'_> {
    /// The row at this place; `None` at the end.
    pub fn row(&self) -> Option<&[u32]> {
        let numbers = if self.block.is_empty() { &self.tape.held } else { &self.block };
        numbers.get(self.at..self.at + self.tape.width)
    }

    pub fn advance(&mut self) -> Result<()> {
        self.at += self.tape.width;
        if self.at < self.block.len() || self.block.is_empty() {
            return Ok(());
        }
        self.at = 0;
        self.fill()
    }

    /// Goes on to the row that begins with these numbers, past smaller ones; the row's last number, where there is such a row.
    pub fn seek(&mut self, begin: &[u32]) -> Result<Option<u32>> {
        while let Some(row) = self.row() {
            match row[..begin.len()].cmp(begin) {
                std::cmp::Ordering::Less => self.advance()?,
                std::cmp::Ordering::Equal => return Ok(row.last().copied()),
                std::cmp::Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    fn fill(&mut self) -> Result<()> {
        let left = self.tape.file.length - self.next;
        let count = left.min((self.tape.room.min(BLOCK) / self.tape.width * self.tape.width) as u64) as usize;
        self.tape.file.read(self.next, count, &mut self.block)?;
        self.next += count as u64;
        Ok(())
    }
}

/// Joins the second of two rows with the first, if they are to be one.
type Join<const W: usize> = fn(&mut [u32; W], &[u32; W]) -> bool;

/// Takes rows in any order.
pub(super) struct Sorter<const W: usize> {
    rows: Vec<[u32; W]>,
    join: Option<Join<W>>,
    /// Rows at which they are sorted next, and rows that there is room for.
    full: usize,
    most: usize,
    file: Numbers,
    /// Where each run begins in the file.
    runs: Vec<u64>,
}

impl<const W: usize> Sorter<W> {
    fn new(folder: &Path, join: Option<Join<W>>) -> Sorter<W> {
        Sorter { rows: Vec::new(), join, full: usize::MAX, most: LEAST, file: Numbers::new(folder), runs: Vec::new() }
    }

    /// Sets the bytes that rows may take from now on.
    pub fn allow(&mut self, memory: usize) {
        self.most = (memory / (4 * W)).max(LEAST);
    }

    pub fn push(&mut self, row: [u32; W]) -> Result<()> {
        if self.rows.len() == self.rows.capacity() {
            // In one step to the whole, since a copy half as large would be as much again; what is not used of it takes no memory.
            self.rows.reserve_exact(if self.rows.len() < FIRST { self.rows.len().max(LEAST) } else { self.most.saturating_sub(self.rows.len()).max(LEAST) });
        }
        self.rows.push(row);
        if self.rows.len() < self.full.min(self.most) {
            return Ok(());
        }
        self.settle();
        // A run that is mostly joined again soon is not worth writing.
        if self.rows.len() > self.most / 2 {
            self.spill()?;
        }
        self.full = if self.join.is_some() { (2 * self.rows.len()).max(FIRST) } else { usize::MAX };
        Ok(())
    }

    fn settle(&mut self) {
        self.rows.sort_unstable();
        if let Some(join) = self.join {
            self.rows.dedup_by(|later, first| join(first, later));
        }
    }

    fn spill(&mut self) -> Result<()> {
        self.runs.push(self.file.length);
        self.file.append(self.rows.as_flattened())?;
        self.rows.clear();
        Ok(())
    }

    /// The rows from the least to the greatest, equal ones joined.
    pub fn finish(mut self) -> Result<Sorted<W>> {
        self.settle();
        if self.runs.is_empty() {
            return Ok(Sorted { join: self.join, from: From::Memory(self.rows.into_iter()), next: None });
        }
        if !self.rows.is_empty() {
            self.spill()?;
        }
        self.rows = Vec::new();
        let ends = self.runs.iter().skip(1).copied().chain([self.file.length]);
        let rows = (self.most / self.runs.len()).clamp(LEAST / 8, BLOCK);
        let mut runs: Vec<Run> = self.runs.iter().zip(ends).map(|(next, end)| Run { block: Vec::new(), at: 0, next: *next, end, most: rows * W }).collect();
        let mut least = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            least.extend(run.next(&self.file)?.map(|row| Reverse((row, number))));
        }
        Ok(Sorted { join: self.join, from: From::File { file: self.file, runs, least }, next: None })
    }
}

/// A sorted run that is read from its file.
struct Run {
    block: Vec<u32>,
    at: usize,
    next: u64,
    end: u64,
    /// Numbers that are read at a time.
    most: usize,
}

impl Run {
    fn next<const W: usize>(&mut self, file: &Numbers) -> Result<Option<[u32; W]>> {
        if self.at == self.block.len() {
            let count = (self.end - self.next).min(self.most as u64) as usize;
            file.read(self.next, count, &mut self.block)?;
            self.next += count as u64;
            self.at = 0;
        }
        let row = self.block[self.at..].first_chunk().copied();
        self.at += if row.is_some() { W } else { 0 };
        Ok(row)
    }
}

enum From<const W: usize> {
    Memory(std::vec::IntoIter<[u32; W]>),
    File { file: Numbers, runs: Vec<Run>, least: BinaryHeap<Reverse<([u32; W], usize)>> },
}

/// Sorted rows, read once.
pub(super) struct Sorted<const W: usize> {
    join: Option<Join<W>>,
    from: From<W>,
    /// Read, but not yet given.
    next: Option<[u32; W]>,
}

impl<const W: usize> Sorted<W> {
    pub fn next(&mut self) -> Result<Option<[u32; W]>> {
        let Some(mut row) = self.next.take().map_or_else(|| self.draw(), |row| Ok(Some(row)))? else { return Ok(None) };
        if let Some(join) = self.join {
            while let Some(later) = self.draw()? {
                if !join(&mut row, &later) {
                    self.next = Some(later);
                    break;
                }
            }
        }
        Ok(Some(row))
    }

    fn draw(&mut self) -> Result<Option<[u32; W]>> {
        match &mut self.from {
            From::Memory(rows) => Ok(rows.next()),
            From::File { file, runs, least } => {
                let Some(Reverse((row, number))) = least.pop() else { return Ok(None) };
                least.extend(runs[number].next(file)?.map(|next| Reverse((next, number))));
                Ok(Some(row))
            }
        }
    }
}
