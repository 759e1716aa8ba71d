//! The indexed spool: the documents between two segments, on disk, readable in order and by id.
//!
//! A part is two files. `NAME.docs` holds documents one after another, each after its length (u64, little-endian). `NAME.idx` holds, for every
//! ordinal from the part's first to its last, 16 bytes: offset of the document in `NAME.docs` and its length; documents that were dropped before
//! have length 0. So a text is found by two short reads, and nothing of it stays in memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::doc::{Doc, DocId, text_of};
use crate::stage::{Result, RunError, Texts};

const ENTRY: u64 = 16;

/// Writes one part.
pub struct SpoolWriter {
    docs: BufWriter<File>,
    index: BufWriter<File>,
    path: PathBuf,
    offset: u64,
    next_ordinal: Option<u32>,
    bytes: Vec<u8>,
}

impl SpoolWriter {
    /// Creates the two files in `dir`.
    pub fn create(dir: &Path, name: &str) -> Result<SpoolWriter> {
        let path = dir.join(format!("{name}.docs"));
        let index = dir.join(format!("{name}.idx"));
        let create = |path: &Path| File::create(path).map_err(RunError::file("cannot write", path));
        Ok(SpoolWriter {
            docs: BufWriter::with_capacity(1 << 18, create(&path)?),
            index: BufWriter::new(create(&index)?),
            path,
            offset: 0,
            next_ordinal: None,
            bytes: Vec::new(),
        })
    }

    /// Appends a document; ordinals ascend.
    pub fn write(&mut self, doc: &Doc) -> Result<()> {
        self.bytes.clear();
        doc.write_wire(&mut self.bytes).map_err(RunError::stop)?;
        let failed = RunError::file("cannot write", &self.path);
        let ordinal = doc.id().ordinal;
        let written = (|| {
            match self.next_ordinal {
                None => self.index.write_all(&entry(u64::from(ordinal), u64::from(doc.id().split)))?,
                Some(next) => {
                    for _ in next..ordinal {
                        self.index.write_all(&entry(0, 0))?;
                    }
                }
            }
            self.index.write_all(&entry(self.offset + 8, self.bytes.len() as u64))?;
            self.docs.write_all(&(self.bytes.len() as u64).to_le_bytes())?;
            self.docs.write_all(&self.bytes)
        })();
        written.map_err(failed)?;
        self.offset += 8 + self.bytes.len() as u64;
        self.next_ordinal = Some(ordinal + 1);
        Ok(())
    }

    /// Hands everything to the system.
    pub fn close(mut self) -> Result<()> {
        self.docs.flush().and_then(|()| self.index.flush()).map_err(RunError::file("cannot write", &self.path))
    }
}

fn entry(a: u64, b: u64) -> [u8; ENTRY as usize] {
    let mut bytes = [0; ENTRY as usize];
    bytes[..8].copy_from_slice(&a.to_le_bytes());
    bytes[8..].copy_from_slice(&b.to_le_bytes());
    bytes
}

fn pair(bytes: &[u8; ENTRY as usize]) -> (u64, u64) {
    let number = |half: &[u8]| half.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    (number(&bytes[..8]), number(&bytes[8..]))
}

/// Reads one part in order.
pub struct SpoolReader {
    docs: BufReader<File>,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl SpoolReader {
    /// Opens the part `name` of `dir`.
    pub fn open(dir: &Path, name: &str) -> Result<SpoolReader> {
        let path = dir.join(format!("{name}.docs"));
        let docs = File::open(&path).map_err(RunError::file("cannot read", &path))?;
        Ok(SpoolReader { docs: BufReader::with_capacity(1 << 18, docs), path, bytes: Vec::new() })
    }

    /// The next document.
    pub fn next(&mut self) -> Result<Option<Doc>> {
        let mut length = [0; 8];
        match self.docs.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(RunError::file("cannot read", &self.path)(error)),
        }
        self.bytes.resize(usize::try_from(u64::from_le_bytes(length)).map_err(RunError::stop)?, 0);
        self.docs.read_exact(&mut self.bytes).map_err(RunError::file("cannot read", &self.path))?;
        Doc::read_wire(&self.bytes).map(Some).map_err(|error| RunError::stop(format!("{}: {error}", self.path.display())))
    }
}

struct PartIndex {
    docs: File,
    index: File,
    first: u32,
    entries: u64,
    path: PathBuf,
}

/// The texts of a whole spool, by id. Files are opened as they are asked for, and only a few are kept open.
pub struct SpoolTexts {
    dir: PathBuf,
    /// Part names by split, with their first ordinals, ascending.
    parts: HashMap<u32, Vec<(u32, String)>>,
    open: Mutex<HashMap<String, Arc<PartIndex>>>,
}

/// Parts whose files are kept open.
const OPEN_PARTS: usize = 128;

impl SpoolTexts {
    /// Over the given parts of `dir`.
    pub fn open(dir: &Path, names: &[String]) -> Result<SpoolTexts> {
        let mut parts: HashMap<u32, Vec<(u32, String)>> = HashMap::new();
        for name in names {
            let path = dir.join(format!("{name}.idx"));
            let mut head = [0; ENTRY as usize];
            let mut file = File::open(&path).map_err(RunError::file("cannot read", &path))?;
            if file.read_exact(&mut head).is_ok() {
                let (first, split) = pair(&head);
                parts.entry(split as u32).or_default().push((first as u32, name.clone()));
            }
        }
        parts.values_mut().for_each(|list| list.sort());
        Ok(SpoolTexts { dir: dir.to_owned(), parts, open: Mutex::default() })
    }

    fn part(&self, id: DocId) -> Result<Arc<PartIndex>> {
        let none = || RunError::stop(format!("document {id} is not in the spool"));
        let parts = self.parts.get(&id.split).ok_or_else(none)?;
        let at = parts.partition_point(|(first, _)| *first <= id.ordinal).checked_sub(1).ok_or_else(none)?;
        let (first, name) = &parts[at];
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = open.get(name) {
            return Ok(part.clone());
        }
        if open.len() >= OPEN_PARTS {
            open.clear();
        }
        let path = self.dir.join(format!("{name}.docs"));
        let index_path = self.dir.join(format!("{name}.idx"));
        let docs = File::open(&path).map_err(RunError::file("cannot read", &path))?;
        let index = File::open(&index_path).map_err(RunError::file("cannot read", &index_path))?;
        let entries = index.metadata().map_err(RunError::file("cannot read", &index_path))?.len() / ENTRY - 1;
        let part = Arc::new(PartIndex { docs, index, first: *first, entries, path });
        open.insert(name.clone(), part.clone());
        Ok(part)
    }

    /// Where the document lies: the part, and offset and length of its bytes there.
    fn find(&self, id: DocId) -> Result<(Arc<PartIndex>, u64, u64)> {
        let part = self.part(id)?;
        let none = || RunError::stop(format!("document {id} is not in the spool"));
        let at = u64::from(id.ordinal - part.first);
        let mut found = [0; ENTRY as usize];
        if at >= part.entries {
            return Err(none());
        }
        part.index.read_exact_at(&mut found, (at + 1) * ENTRY).map_err(RunError::file("cannot read the index of", &part.path))?;
        let (offset, length) = pair(&found);
        if length < 8 { Err(none()) } else { Ok((part, offset, length)) }
    }
}

impl Texts for SpoolTexts {
    fn text(&self, id: DocId) -> Result<String> {
        let (part, offset, length) = self.find(id)?;
        // The text stands first in a document's bytes: its length, then itself.
        let mut head = [0; 8];
        part.docs.read_exact_at(&mut head, offset).map_err(RunError::file("cannot read", &part.path))?;
        let text = u64::from_le_bytes(head).min(length - 8);
        let mut bytes = vec![0; 8 + text as usize];
        part.docs.read_exact_at(&mut bytes, offset).map_err(RunError::file("cannot read", &part.path))?;
        let text = text_of(&bytes).map_err(|error| RunError::stop(format!("{}: {error}", part.path.display())))?;
        Ok(text.to_owned())
    }

    fn name(&self, id: DocId) -> Result<(String, Option<String>)> {
        let (part, offset, length) = self.find(id)?;
        let mut bytes = vec![0; length as usize];
        part.docs.read_exact_at(&mut bytes, offset).map_err(RunError::file("cannot read", &part.path))?;
        let doc = Doc::read_wire(&bytes).map_err(|error| RunError::stop(format!("{}: {error}", part.path.display())))?;
        Ok((doc.name().into_owned(), doc.url))
    }

    fn each(&self, see: &mut dyn FnMut(&Doc) -> Result<()>) -> Result<()> {
        let mut splits: Vec<_> = self.parts.iter().collect();
        splits.sort_unstable();
        for (_, name) in splits.into_iter().flat_map(|(_, parts)| parts) {
            let mut reader = SpoolReader::open(&self.dir, name)?;
            while let Some(doc) = reader.next()? {
                if doc.findings.iter().all(|finding| finding.keep) {
                    see(&doc)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_id_and_documents_come_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for (name, split, ordinals) in [("a", 0, vec![0, 3, 4]), ("b", 0, vec![7]), ("c", 1, vec![2])] {
            let mut writer = SpoolWriter::create(dir.path(), name).unwrap();
            for ordinal in ordinals {
                let mut doc = Doc::from_text(format!("text {split} {ordinal}"));
                doc.place(DocId { split, ordinal });
                writer.write(&doc).unwrap();
            }
            writer.close().unwrap();
        }
        let texts = SpoolTexts::open(dir.path(), &["a".into(), "b".into(), "c".into()]).unwrap();
        for (split, ordinal) in [(0, 0), (0, 3), (0, 4), (0, 7), (1, 2)] {
            assert_eq!(texts.text(DocId { split, ordinal }).unwrap(), format!("text {split} {ordinal}"));
        }
        for (split, ordinal) in [(0, 1), (0, 9), (1, 0), (2, 0)] {
            assert!(texts.text(DocId { split, ordinal }).is_err(), "{split}:{ordinal}");
        }
        assert_eq!(texts.name(DocId { split: 1, ordinal: 2 }).unwrap(), (Doc::from_text("text 1 2").name().into_owned(), None));
        let mut seen = Vec::new();
        texts
            .each(&mut |doc| {
                seen.push((doc.id().split, doc.id().ordinal));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [(0, 0), (0, 3), (0, 4), (0, 7), (1, 2)]);
        let mut reader = SpoolReader::open(dir.path(), "a").unwrap();
        let mut ordinals = Vec::new();
        while let Some(doc) = reader.next().unwrap() {
            ordinals.push(doc.id().ordinal);
        }
        assert_eq!(ordinals, [0, 3, 4]);
    }
}
