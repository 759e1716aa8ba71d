//! Counts words in bounded memory: a table, and sorted runs on disk of what the table could not hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::words::{Sample, Word, Words};
use crate::tokenizer::TokenizerError;

/// Counts words of one corpus.
pub struct Counter {
    /// Bytes that the table may take.
    memory: usize,
    /// Number of an entry and 1 more; 0 is empty. Less than half are taken.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    text: Vec<u8>,
    folder: PathBuf,
    runs: Vec<PathBuf>,
    spilled: u64,
}

struct Entry {
    hash: u64,
    start: u32,
    length: u32,
    count: u64,
}

/// Files that are open at once while they are merged.
const MOST_RUNS: usize = 200;

/// No more text than numbers for it.
const MOST_TEXT: usize = u32::MAX as usize - (1 << 20);

impl Counter {
    /// The table takes about `memory` bytes; what is more goes into files of `folder`, which is made when the first is written and removed in the end.
    pub fn new(memory: usize, folder: &Path) -> Counter {
        Counter { memory, slots: vec![0; 1 << 12], entries: Vec::new(), text: Vec::new(), folder: folder.to_owned(), runs: Vec::new(), spilled: 0 }
    }

    /// Counts a word once more.
    pub fn add(&mut self, word: &str) -> Result<(), TokenizerError> {
        let bytes = word.as_bytes();
        let hash = xxh3_64(bytes);
        let mut slot = self.slot(hash);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let entry = &mut self.entries[number as usize];
            if entry.hash == hash && self.text[entry.start as usize..][..entry.length as usize] == *bytes {
                entry.count += 1;
                return Ok(());
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.entries.push(Entry { hash, start: self.text.len() as u32, length: bytes.len() as u32, count: 1 });
        self.slots[slot] = self.entries.len() as u32;
        self.text.extend_from_slice(bytes);
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        if self.takes() > self.memory || self.text.len() > MOST_TEXT {
            self.spill()?;
        }
        Ok(())
    }

    /// Bytes written to disk so far.
    pub fn spilled(&self) -> u64 {
        self.spilled
    }

    /// The words that fit into `memory` bytes together with what learning makes of them.
    pub fn finish(mut self, memory: usize) -> Result<Words, TokenizerError> {
        let mut sample = Sample::new(memory);
        if self.runs.is_empty() {
            for entry in std::mem::take(&mut self.entries) {
                sample.add(word(&self.text[entry.start as usize..][..entry.length as usize], entry.count)?);
            }
            return sample.finish();
        }
        self.spill()?;
        (self.slots, self.entries, self.text) = Default::default();
        merge(&self.runs, &mut |text, count| {
            sample.add(word(text, count)?);
            Ok(())
        })?;
        sample.finish()
    }

    fn takes(&self) -> usize {
        // A vector that has just grown takes twice what is in it.
        self.slots.len() * 4 + 2 * (self.entries.len() * size_of::<Entry>() + self.text.len())
    }

    fn slot(&self, hash: u64) -> usize {
        (hash >> 20) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for number in 0..self.entries.len() {
            let mut slot = self.slot(self.entries[number].hash);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = number as u32 + 1;
        }
    }

    /// Writes the table in the order of its words and empties it.
    fn spill(&mut self) -> Result<(), TokenizerError> {
        std::fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        if self.runs.len() >= MOST_RUNS {
            let merged = self.folder.join(format!("merged-{}.zst", self.spilled));
            let mut out = Sorted::create(&merged)?;
            let added = merge(&self.runs, &mut |word, count| out.add(word, count));
            // Removed with the others, whatever happened.
            self.runs.push(merged.clone());
            added?;
            out.finish()?;
            self.runs.drain(..MOST_RUNS).for_each(|run| _ = std::fs::remove_file(run));
        }
        let path = self.folder.join(format!("words-{}.zst", self.spilled));
        self.runs.push(path.clone());
        let text = &self.text;
        let bytes = |entry: &Entry| &text[entry.start as usize..][..entry.length as usize];
        self.entries.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
        let mut out = Sorted::create(&path)?;
        for entry in &self.entries {
            out.add(bytes(entry), entry.count)?;
        }
        self.spilled += out.finish()?;
        self.entries.clear();
        self.text.clear();
        self.slots.fill(0);
        Ok(())
    }
}

/// Takes a word and its count.
type Each<'a> = dyn FnMut(&[u8], u64) -> Result<(), TokenizerError> + 'a;

/// Calls `each` with every word of sorted runs and the sum of its counts, in order.
fn merge(runs: &[PathBuf], each: &mut Each<'_>) -> Result<(), TokenizerError> {
    let mut readers = Vec::new();
    let mut heads = BinaryHeap::new();
    for path in runs {
        let mut reader = Run::open(path).map_err(failed(path))?;
        if reader.next().map_err(failed(path))? {
            heads.push(Reverse((reader.word.clone(), readers.len())));
        }
        readers.push(reader);
    }
    let mut current: Option<(Vec<u8>, u64)> = None;
    while let Some(mut head) = heads.peek_mut() {
        let (text, number) = &mut head.0;
        let reader = &mut readers[*number];
        match &mut current {
            Some((word, count)) if word == text => *count += reader.count,
            Some((word, count)) => {
                each(word, *count)?;
                word.clone_from(text);
                *count = reader.count;
            }
            None => current = Some((text.clone(), reader.count)),
        }
        if reader.next().map_err(failed(&runs[*number]))? {
            text.clone_from(&reader.word);
        } else {
            PeekMut::pop(head);
        }
    }
    current.map_or(Ok(()), |(word, count)| each(&word, count))
}

/// A run being written: for each word the bytes that it shares with the one before, those that it does not, its count, and the latter bytes.
struct Sorted<'a> {
    path: &'a Path,
    out: zstd::Encoder<'static, BufWriter<File>>,
    before: Vec<u8>,
    record: Vec<u8>,
}

impl<'a> Sorted<'a> {
    fn create(path: &'a Path) -> Result<Sorted<'a>, TokenizerError> {
        let open = || zstd::Encoder::new(BufWriter::new(File::create(path)?), 1);
        Ok(Sorted { path, out: open().map_err(failed(path))?, before: Vec::new(), record: Vec::new() })
    }

    fn add(&mut self, word: &[u8], count: u64) -> Result<(), TokenizerError> {
        let shared = self.before.iter().zip(word).take_while(|(a, b)| a == b).count();
        self.record.clear();
        for number in [shared as u64, (word.len() - shared) as u64, count] {
            put(number, &mut self.record);
        }
        self.record.extend_from_slice(&word[shared..]);
        self.before.truncate(shared);
        self.before.extend_from_slice(&word[shared..]);
        self.out.write_all(&self.record).map_err(failed(self.path))
    }

    /// Bytes written.
    fn finish(self) -> Result<u64, TokenizerError> {
        let end = || {
            self.out.finish()?.flush()?;
            Ok(std::fs::metadata(self.path)?.len())
        };
        end().map_err(failed(self.path))
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // What cannot be removed is of no use to anyone and does no harm.
        self.runs.iter().for_each(|run| _ = std::fs::remove_file(run));
        if !self.runs.is_empty() {
            _ = std::fs::remove_dir(&self.folder);
        }
    }
}

/// A run being read.
struct Run {
    from: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    word: Vec<u8>,
    count: u64,
}

impl Run {
    fn open(path: &Path) -> io::Result<Run> {
        let from = BufReader::with_capacity(1 << 16, zstd::Decoder::new(File::open(path)?)?);
        Ok(Run { from, word: Vec::new(), count: 0 })
    }

    /// Goes to the next word; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        let Some(shared) = self.number()? else { return Ok(false) };
        let torn = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let rest = self.number()?.ok_or_else(torn)? as usize;
        self.count = self.number()?.ok_or_else(torn)?;
        let shared = shared as usize;
        self.word.resize(shared + rest, 0);
        self.from.read_exact(&mut self.word[shared..])?;
        Ok(true)
    }

    fn number(&mut self) -> io::Result<Option<u64>> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let mut byte = [0];
            if self.from.read(&mut byte)? == 0 {
                return Ok(None);
            }
            number |= u64::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] < 0x80 {
                return Ok(Some(number));
            }
        }
    }
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn put(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn word(bytes: &[u8], count: u64) -> Result<Word, TokenizerError> {
    let text = std::str::from_utf8(bytes).map_err(|_| TokenizerError::Learn { fault: "a file of counted words is damaged: start again".into() })?;
    Ok(Word { text: text.into(), count, languages: Vec::new() })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TokenizerError {
    let name = path.display().to_string();
    move |source| TokenizerError::Spill { name, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(memory: usize, folder: &Path) -> (Words, u64) {
        let mut counter = Counter::new(memory, folder);
        for i in 0..60_000u64 {
            counter.add(&format!("词{}", i * i % 20_011)).unwrap();
        }
        let spilled = counter.spilled();
        (counter.finish(usize::MAX).unwrap(), spilled)
    }

    #[test]
    fn counts_are_the_same_with_files_and_without_and_files_go() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("spill");
        let (whole, none) = count(usize::MAX, &folder);
        let (merged, some) = count(1 << 18, &folder);
        let (_, much) = count(1 << 15, &folder);
        assert_eq!(none, 0);
        assert!(some > 10_000 && much > some, "{some} {much}");
        assert!(whole.len() > 9_000 && whole.words == merged.words);
        assert_eq!(whole.words.iter().map(|word| word.count).sum::<u64>(), 60_000);
        assert!(!folder.exists());
    }

    #[test]
    fn counts_go_beyond_32_bits_on_disk() {
        let mut bytes = Vec::new();
        put(u64::MAX, &mut bytes);
        put(1 << 33, &mut bytes);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        std::fs::write(&path, zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
        let mut run = Run::open(&path).unwrap();
        assert_eq!((run.number().unwrap(), run.number().unwrap(), run.number().unwrap()), (Some(u64::MAX), Some(1 << 33), None));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut counter = Counter::new(0, &file.join("below"));
        let error = counter.add("a").unwrap_err().to_string();
        assert!(error.contains("file/below"), "{error}");
    }
}
