//! Reads files compressed with gzip, zstd, bzip2 or xz, or not at all, told apart by their first bytes.
//!
//! A compressed file is a row of *members* (gzip members, zstd frames, bzip2 and xz streams), each decodable by itself.
//! [`Members`] gives their bytes one member at a time and knows where each starts, so that reading can be taken up again
//! in the middle of a file; damage is told from the end of the file, and reading goes on at the next member.
//! [`Window`] is the view of those bytes that parsers read from. Memory: one input buffer and the decoder's window.

mod codec;
mod format;
mod trail;
mod window;

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use codec::Codec;
use memchr::memmem;

use crate::store::{self, Input};

pub use format::Format;
pub use trail::Trail;
pub use window::{Grow, Window};

const BUFFER: usize = 128 << 10;
/// Bytes that must be at hand to tell a member's start.
const MAGIC: usize = 10;

const MAX_DICTIONARY: usize = 16 << 20;

/// A file's name without the suffix of its compression.
pub fn bare_name(name: &str) -> &str {
    name.rsplit_once('.').filter(|(_, suffix)| Format::by_suffix(suffix).is_some()).map_or(name, |(bare, _)| bare)
}

/// A place in a file: the byte `skip` of the decompressed data of the member that starts at byte `offset` of the file.
/// In a plain file `skip` is always 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// First byte of the member, or the byte itself in a plain file.
    pub offset: u64,
    /// Decompressed bytes of the member before it.
    pub skip: u64,
}

impl Position {
    /// The position `bytes` further on in the same member.
    pub fn plus(self, bytes: u64, format: Format) -> Self {
        match format {
            Format::Plain => Self { offset: self.offset + bytes, ..self },
            _ => Self { skip: self.skip + bytes, ..self },
        }
    }
}

/// Damaged data: what is wrong and at which byte of the file the damaged member (or the stray bytes) starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub kind: DamageKind,
    /// Where the damaged member starts.
    pub offset: u64,
    /// What was found, for a person.
    pub detail: String,
}

/// What is wrong with compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The file ends inside a member.
    Truncated,
    /// A member's data cannot be decoded or its checksum is wrong.
    Corrupt,
    /// Where a member should start stand other bytes.
    NotAMember,
}

impl DamageKind {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated_data",
            Self::Corrupt => "corrupt_data",
            Self::NotAMember => "garbage_between_members",
        }
    }
}

/// Why reading stopped: the data or the device.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", .0.detail)]
    /// The data is damaged; reading can go on behind it.
    Damage(Damage),
    #[error(transparent)]
    /// The device failed.
    Io(#[from] io::Error),
}

/// What [`Members::fill`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Bytes were added.
    Data,
    /// The member is complete.
    MemberEnd,
}

/// The members of one file, in order.
pub struct Members {
    input: Box<dyn Input>,
    format: Format,
    codec: Codec,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// Offset in the file of the end of `buffer[..end]`.
    read_to: u64,
    file_len: u64,
    member: u64,
    produced: u64,
    inside: bool,
    /// Damage behind the bytes given last: told only after them, so that it does not matter how many were asked for.
    pending: Option<Damage>,
}

impl Members {
    /// Opens a file; its format is read from its first bytes.
    /// Only where those are damaged does the suffix decide, so that the members behind them are not lost.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut members = Self::new(store::open(path)?)?;
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
        let head = &members.buffer[..members.end];
        if members.format == Format::Plain
            && let Some(format) = Format::by_suffix(suffix)
            && head.iter().take(MAGIC).any(|byte| *byte < b'\t')
            && memmem::find_iter(head, format.needle()).any(|at| format.resumes(&head[at..]))
        {
            members.format = format;
            members.codec = Codec::new(format)?;
        }
        Ok(members)
    }

    /// The members of bytes that need not lie in a file.
    pub fn new(mut input: Box<dyn Input>) -> io::Result<Self> {
        let file_len = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let mut members = Self {
            input,
            format: Format::Plain,
            codec: Codec::Plain,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            at: 0,
            end: 0,
            read_to: 0,
            file_len,
            member: 0,
            produced: 0,
            inside: false,
            pending: None,
        };
        members.want(MAGIC)?;
        members.format = Format::of(&members.buffer[..members.end]);
        members.codec = match members.dictionary()? {
            Some(dictionary) => Codec::with_dictionary(&dictionary)?,
            None => Codec::new(members.format)?,
        };
        Ok(members)
    }

    /// How the file is compressed.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes of the file as it lies on disk.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Bytes of the file used up so far.
    pub fn consumed(&self) -> u64 {
        self.read_to - (self.end - self.at) as u64
    }

    /// Where the next byte that [`Members::fill`] will give stands.
    pub fn position(&self) -> Position {
        match self.format {
            Format::Plain => Position { offset: self.consumed(), skip: 0 },
            _ if self.inside => Position { offset: self.member, skip: self.produced },
            _ => Position { offset: self.consumed(), skip: 0 },
        }
    }

    /// Starts the next member; `false` at the end of the file.
    pub fn next_member(&mut self) -> Result<bool, Error> {
        self.inside = false;
        if self.format != Format::Plain {
            self.skip_padding()?;
        }
        if self.want(MAGIC)? == 0 {
            return Ok(false);
        }
        self.member = self.consumed();
        self.produced = 0;
        if !self.format.starts(&self.buffer[self.at..self.end]) {
            return Err(Error::Damage(self.damage(DamageKind::NotAMember, "bytes that start no member".into())));
        }
        self.codec.begin()?;
        self.inside = true;
        Ok(true)
    }

    /// Adds bytes of the current member to `out`, at most as many as its spare capacity holds (which must not be none).
    pub fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill, Error> {
        if let Some(damage) = self.pending.take() {
            self.inside = false;
            return Err(Error::Damage(damage));
        }
        if !self.inside {
            return Ok(Fill::MemberEnd);
        }
        let before = out.len();
        let mut starved = self.at == self.end;
        loop {
            if starved && !self.refill()? {
                self.inside = false;
                if self.format == Format::Plain {
                    return Ok(Fill::MemberEnd);
                }
                return Err(Error::Damage(self.damage(DamageKind::Truncated, "the file ends inside a compressed member".into())));
            }
            let step = match self.codec.step(&self.buffer[self.at..self.end], out) {
                Ok(step) => step,
                Err(detail) => {
                    self.produced += (out.len() - before) as u64;
                    self.pending = Some(self.damage(DamageKind::Corrupt, detail));
                    return if out.len() > before { Ok(Fill::Data) } else { self.fill(out) };
                }
            };
            self.at += step.consumed;
            let added = out.len() - before;
            self.produced += added as u64;
            self.inside = !step.ended;
            if added > 0 {
                return Ok(Fill::Data);
            }
            if step.ended {
                return Ok(Fill::MemberEnd);
            }
            starved = step.consumed == 0 || self.at == self.end;
        }
    }

    /// Goes to a position that [`Members::position`] gave before, inside its member.
    pub fn seek(&mut self, to: Position) -> Result<(), Error> {
        self.jump(to.offset)?;
        let mut left = to.skip;
        let mut scratch = Vec::with_capacity(BUFFER.min(usize::try_from(left).unwrap_or(BUFFER)));
        if !self.next_member()? {
            return Ok(());
        }
        while left > 0 {
            scratch.clear();
            if scratch.capacity() as u64 > left {
                scratch = Vec::with_capacity(left as usize);
            }
            match self.fill(&mut scratch)? {
                Fill::Data => left -= scratch.len() as u64,
                Fill::MemberEnd if self.next_member()? => {}
                Fill::MemberEnd => break,
            }
        }
        Ok(())
    }

    /// After damage: finds the first byte at or after `from` that looks like a member's start and stands there, so that
    /// [`Members::next_member`] goes on with it; `false` when the file holds none.
    pub fn resync(&mut self, from: u64) -> io::Result<bool> {
        self.jump(from)?;
        let needle = memmem::Finder::new(self.format.needle());
        loop {
            let have = self.want(MAGIC)?;
            if have < self.format.needle().len() || self.format == Format::Plain {
                self.jump(self.file_len)?;
                return Ok(false);
            }
            match needle.find(&self.buffer[self.at..self.end]) {
                Some(hit) => {
                    self.at += hit;
                    self.want(MAGIC)?;
                    if self.format.resumes(&self.buffer[self.at..self.end]) {
                        return Ok(true);
                    }
                    self.at += 1;
                }
                None => self.at = self.end - (needle.needle().len() - 1),
            }
        }
    }

    /// Zero bytes may stand between members (xz pads its streams, tapes pad gzip files).
    fn skip_padding(&mut self) -> io::Result<()> {
        while self.want(1)? > 0 && self.buffer[self.at] == 0 {
            self.at += 1;
        }
        Ok(())
    }

    /// The dictionary that a `.warc.zst` file may carry in its first, skippable frame, itself compressed or not.
    fn dictionary(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some([0x5d, 0x2a, 0x4d, 0x18, a, b, c, d]) = self.buffer[..self.end].first_chunk::<8>() else {
            return Ok(None);
        };
        let len = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
        if len > MAX_DICTIONARY as u64 || len + 8 > self.file_len {
            return Ok(None);
        }
        let mut frame = vec![0; len as usize];
        self.input.seek(SeekFrom::Start(8))?;
        self.input.read_exact(&mut frame)?;
        self.input.seek(SeekFrom::Start(self.read_to))?;
        if Format::Zstd.resumes(&frame) {
            frame = zstd::bulk::decompress(&frame, MAX_DICTIONARY)?;
        }
        Ok(Some(frame))
    }

    fn damage(&self, kind: DamageKind, detail: String) -> Damage {
        Damage { kind, offset: self.member, detail }
    }

    fn jump(&mut self, offset: u64) -> io::Result<()> {
        let offset = offset.min(self.file_len);
        let start = self.read_to - self.end as u64;
        self.inside = false;
        self.pending = None;
        if (start..=self.read_to).contains(&offset) {
            self.at = (offset - start) as usize;
        } else {
            self.input.seek(SeekFrom::Start(offset))?;
            (self.at, self.end, self.read_to) = (0, 0, offset);
        }
        Ok(())
    }

    /// Makes `count` bytes available if the file has them; how many are.
    fn want(&mut self, count: usize) -> io::Result<usize> {
        while self.end - self.at < count && self.refill()? {}
        Ok(self.end - self.at)
    }

    /// Reads more input behind what is not used yet; `false` at the end of the file or when the buffer is full.
    fn refill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    self.read_to += count as u64;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
