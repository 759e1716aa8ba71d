//! Reads inside tar archives, compressed or not: each member as a file of its own, in the order of the archive.
//!
//! A source says what it reads of a member ([`Form`]); members may be compressed themselves. Memory is bounded by the readers of files: no member is held but a Parquet file, which cannot
//! be read in order. Folders and links are passed over, files that the source does not read are counted as `other_member`. Damage ends an archive, since nothing says where its next member begins; it is counted under the
//! reasons of compression, and what was whole before it has been read.

mod header;
mod stream;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::compression::{Damage, DamageKind, Error, Trail, bare_name};
use super::paths;
use crate::stage::{Fault, Read, Reader, Result, RunError, Source, Split};
use header::{BLOCK, Header, Kind};
pub(super) use stream::Section;
use stream::{Stream, lock};

/// A longer name is damage.
const LONGEST_NAME: u64 = 64 << 10;

/// What a source reads of an archive's members.
pub(super) trait Form: Send + Sync {
    /// The documents of the member `name`; `None` where it is no file of this form.
    fn open(&self, name: &str, member: Section) -> Result<Option<Box<dyn Reader>>>;
}

/// Archives whose members hold what a source reads.
pub(super) struct Archives {
    pub(super) files: Vec<PathBuf>,
    pub(super) form: Arc<dyn Form>,
}

impl Source for Archives {
    fn splits(&self) -> Result<Vec<Split>> {
        self.files.iter().map(|path| paths::whole(path)).collect()
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        Ok(Box::new(ArchiveReader::open(paths::of(split)?, self.form.clone(), at)?))
    }
}

/// Whether the name of a member, in any case and whatever it is compressed with, ends in one of `ends`; hidden ones do not.
pub(super) fn is_named(name: &str, ends: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    !is_hidden(name) && ends.iter().any(|end| bare_name(&lower).ends_with(end))
}

/// Whether the file at `path` is an archive: told by the checksum of its first member's header.
pub(super) fn is_archive(path: &Path) -> io::Result<bool> {
    let mut block = [0; BLOCK];
    match Stream::open(path)?.read_up_to(0, &mut block) {
        Ok(BLOCK) => Ok(Header::parse(&block).is_some()),
        Ok(_) | Err(Error::Damage(_)) => Ok(false),
        Err(Error::Io(error)) => Err(error),
    }
}

/// Whether a member is hidden or the shadow of a file that macOS leaves (`._name`).
pub(super) fn is_hidden(name: &str) -> bool {
    name.rsplit('/').next().unwrap_or_default().starts_with('.')
}

struct Archive {
    stream: Arc<Mutex<Stream>>,
    /// Where the next header stands.
    next: u64,
}

enum Entry {
    File { name: String, start: u64, size: u64 },
    Sparse,
}

impl Archive {
    fn open(path: &Path) -> io::Result<Archive> {
        Ok(Archive { stream: Arc::new(Mutex::new(Stream::open(path)?)), next: 0 })
    }

    /// The next file, `None` at the end of the archive.
    fn next(&mut self) -> std::result::Result<Option<Entry>, Error> {
        let mut stream = lock(&self.stream);
        let (mut long_name, mut size) = (None, None);
        loop {
            let mut block = [0; BLOCK];
            stream.mark(self.next)?;
            let found = stream.read_up_to(self.next, &mut block)?;
            // Not every writer puts the blocks of zeros at the end.
            if found == 0 || (found == BLOCK && header::is_end(&block)) {
                return Ok(None);
            }
            if found < BLOCK {
                return Err(Error::Damage(stream.damaged(DamageKind::Truncated, "the archive ends inside a header".to_owned())));
            }
            let corrupt = |stream: &Stream, what: String| Error::Damage(stream.damaged(DamageKind::Corrupt, what));
            let place = self.next;
            let Some(header) = Header::parse(&block) else {
                return Err(corrupt(&stream, format!("no header of a member stands at byte {place} of the archive")));
            };
            let start = self.next + BLOCK as u64;
            let length = if matches!(header.kind, Kind::File | Kind::Sparse) { size.take().unwrap_or(header.size) } else { header.size };
            let padded = length.checked_next_multiple_of(BLOCK as u64).and_then(|padded| start.checked_add(padded));
            self.next = padded.ok_or_else(|| corrupt(&stream, format!("a member of {length} bytes at byte {place} of the archive")))?;
            match header.kind {
                Kind::File => return Ok(Some(Entry::File { name: long_name.unwrap_or(header.name), start, size: length })),
                Kind::Sparse => return Ok(Some(Entry::Sparse)),
                Kind::Other => {}
                Kind::LongName | Kind::Pax => {
                    if length > LONGEST_NAME {
                        return Err(corrupt(&stream, format!("a name of {length} bytes at byte {place} of the archive")));
                    }
                    let mut data = vec![0; length as usize];
                    if stream.read_up_to(start, &mut data)? < data.len() {
                        return Err(Error::Damage(stream.damaged(DamageKind::Truncated, "the archive ends inside a name".to_owned())));
                    }
                    if header.kind == Kind::LongName {
                        long_name = Some(String::from_utf8_lossy(&data).trim_end_matches('\0').to_owned());
                    } else {
                        let (path, length) = header::properties(&data);
                        (long_name, size) = (path.or(long_name), length);
                    }
                }
            }
        }
    }
}

/// Reads the members of one archive. A place is the number of a member and of an item in it, and whether any member has been read.
pub(super) struct ArchiveReader {
    archive: Archive,
    form: Arc<dyn Form>,
    path: PathBuf,
    member: u64,
    item: u64,
    current: Option<(String, Box<dyn Reader>)>,
    /// No member has been read.
    fresh: bool,
    ended: bool,
}

/// Bits of the number of an item; 26 are left for that of a member.
const ITEM: u32 = 37;
const READ: u64 = 1 << 63;

impl ArchiveReader {
    /// Opens an archive, at a place that [`Reader::position`] gave, if one is given.
    pub(super) fn open(path: &Path, form: Arc<dyn Form>, at: Option<u64>) -> Result<ArchiveReader> {
        let archive = Archive::open(path).map_err(RunError::file("cannot read", path))?;
        let path = path.to_owned();
        let mut reader = ArchiveReader { archive, form, path, member: 0, item: 0, current: None, fresh: true, ended: at == Some(Trail::END) };
        let at = at.filter(|at| *at != Trail::END).unwrap_or(0);
        let (member, item) = ((at & !READ) >> ITEM, at & ((1 << ITEM) - 1));
        while !reader.ended && reader.member < member {
            match reader.archive.next() {
                Ok(Some(_)) => reader.member += 1,
                Ok(None) => reader.ended = true,
                Err(error) => return Err(reader.stop(error)),
            }
        }
        reader.fresh = at & READ == 0;
        for _ in 0..item {
            reader.next()?;
        }
        Ok(reader)
    }

    fn stop(&self, error: Error) -> RunError {
        match error {
            Error::Io(error) => RunError::file("cannot read", &self.path)(error),
            Error::Damage(damage) => RunError::stop(format!("{} has changed since it was read: {}", self.path.display(), damage.detail)),
        }
    }

    fn damaged(&mut self, member: &str, damage: Damage) -> Read {
        self.ended = true;
        let detail = if member.is_empty() { damage.detail } else { format!("{member}: {}", damage.detail) };
        Read::Fault(Fault { reason: damage.kind.name().to_owned(), detail, offset: damage.offset })
    }

    /// What a reader of a file took for a failing device may be damage of the archive.
    fn failed(&mut self, member: &str, error: RunError) -> Result<Read> {
        let damage = lock(&self.archive.stream).take_damage();
        match damage {
            Some(damage) => Ok(self.damaged(member, damage)),
            None => Err(error),
        }
    }

    fn next_member(&mut self) -> Result<Option<Read>> {
        let (name, start, size) = match self.archive.next() {
            Ok(Some(Entry::File { name, start, size })) => (name, start, size),
            Ok(Some(Entry::Sparse)) => {
                self.member += 1;
                return Ok(Some(Read::Skip("sparse_member")));
            }
            Ok(None) => {
                self.ended = true;
                let empty = Fault { reason: "empty_file".to_owned(), detail: "the archive holds no file of this form".to_owned(), offset: 0 };
                return Ok(self.fresh.then_some(Read::Fault(empty)));
            }
            Err(Error::Io(error)) => return Err(RunError::file("cannot read", &self.path)(error)),
            Err(Error::Damage(damage)) => return Ok(Some(self.damaged("", damage))),
        };
        match self.form.open(&name, Section::new(self.archive.stream.clone(), start, size)) {
            Ok(Some(reader)) => {
                self.fresh = false;
                self.current = Some((name, reader));
                Ok(None)
            }
            Ok(None) => {
                self.member += 1;
                Ok(Some(Read::Skip("other_member")))
            }
            Err(error) => self.failed(&name, error).map(Some),
        }
    }
}

impl Reader for ArchiveReader {
    fn next(&mut self) -> Result<Option<Read>> {
        while !self.ended {
            let Some((name, mut reader)) = self.current.take() else {
                match self.next_member()? {
                    Some(read) => return Ok(Some(read)),
                    None => continue,
                }
            };
            match reader.next() {
                Ok(None) => (self.member, self.item) = (self.member + 1, 0),
                Ok(Some(mut read)) => {
                    self.item += 1;
                    match &mut read {
                        Read::Doc(doc) => doc.origin.member = Some(name.clone()),
                        Read::Fault(fault) => fault.detail = format!("{name}: {}", fault.detail),
                        Read::Skip(_) => {}
                    }
                    self.current = Some((name, reader));
                    return Ok(Some(read));
                }
                Err(error) => return self.failed(&name, error).map(Some),
            }
        }
        Ok(None)
    }

    /// The numbers fit: 67 million members of 137 billion items.
    fn position(&self) -> u64 {
        if self.ended { Trail::END } else { (if self.fresh { 0 } else { READ }) | (self.member << ITEM) | self.item }
    }

    fn consumed(&self) -> u64 {
        lock(&self.archive.stream).consumed()
    }
}

#[cfg(test)]
pub(super) mod tests;
