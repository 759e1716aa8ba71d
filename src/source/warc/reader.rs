//! Reads WARC and ARC files: every byte ends in a record or in a fault, and damage never ends the reading.
//!
//! A record is believed only when it is closed as the standard says, or a record, a member's end or the file's end
//! follows. Otherwise its length is wrong, and reading goes back to its block and on from the next line that opens a record. Damaged compressed data
//! is passed over up to the next member.

mod resync;

use std::io;
use std::path::Path;

use super::header::{self, Header};
use super::http::{self, Body};
use super::record::{Fault, FaultKind, Item, Record};
use crate::source::compression::{Error, Format, Grow, Members, Position, Window};
use crate::store::Input;

/// Longest WARC header, ARC line or HTTP head.
const MAX_HEAD: usize = 64 << 10;

/// Iterator over the records and faults of one file. An `Err` is the device's, and ends it.
pub struct Reader {
    window: Window,
    /// Bytes of a block, and of a payload after decoding, beyond which a record is a fault.
    max_record: usize,
    seen: Seen,
    done: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Faults,
    Records,
}

/// Why the bytes at hand gave no record.
enum Lost {
    /// A fault found in the record itself; reading goes on where it says.
    Record(FaultKind, String, Resume),
    /// From below: damaged data, or the device.
    Below(Error),
}

enum Resume {
    /// The next line that opens a record, from this position on.
    From(Position),
    /// The same, from so many bytes behind where the window stands.
    Skip(usize),
    /// Where the window stands a record opens, or a member or the file ends.
    Here,
}

impl<E: Into<Error>> From<E> for Lost {
    fn from(error: E) -> Self {
        Self::Below(error.into())
    }
}

impl Reader {
    /// Reads a file from its start.
    pub fn open(path: &Path, max_record: usize) -> io::Result<Self> {
        Self::open_at(path, Position::default(), max_record)
    }

    /// Goes on from a position that an item gave.
    pub fn open_at(path: &Path, from: Position, max_record: usize) -> io::Result<Self> {
        Self::over(Members::open(path)?, from, max_record)
    }

    /// Reads bytes that lie elsewhere than in a file.
    pub fn new(input: Box<dyn Input>, from: Position, max_record: usize) -> io::Result<Self> {
        Self::over(Members::new(input)?, from, max_record)
    }

    fn over(members: Members, from: Position, max_record: usize) -> io::Result<Self> {
        let window = Window::new(members, from).map_err(|error| match error {
            Error::Io(error) => error,
            Error::Damage(damage) => io::Error::new(io::ErrorKind::InvalidData, damage.detail),
        })?;
        let seen = if from == Position::default() { Seen::Nothing } else { Seen::Records };
        Ok(Self { window, max_record, seen, done: false })
    }

    /// How the file is compressed.
    pub fn format(&self) -> Format {
        self.window.format()
    }

    /// Where the next item starts.
    pub fn position(&self) -> Position {
        self.window.position()
    }

    /// Bytes of the file used up so far.
    pub fn consumed(&self) -> u64 {
        self.window.consumed()
    }

    fn read_item(&mut self) -> io::Result<Option<Item>> {
        let mut start = self.window.position();
        let lost = match self.find_start() {
            Ok(false) if self.seen == Seen::Nothing => {
                let detail = "no bytes to read".into();
                return Ok(Some(Item::Fault(Fault { kind: FaultKind::EmptyFile, position: start, end: start, detail })));
            }
            Ok(false) => return Ok(None),
            Ok(true) => {
                start = self.window.position();
                match self.read_record(start) {
                    Ok(record) => return Ok(Some(Item::Record(record))),
                    Err(lost) => lost,
                }
            }
            Err(error) => Lost::Below(error),
        };
        self.recover(start, lost).map(|fault| Some(Item::Fault(fault)))
    }

    /// Passes over line ends and ended members to where a record should start; `false` at the end of the file.
    fn find_start(&mut self) -> Result<bool, Error> {
        loop {
            self.skip_line_ends()?;
            if !self.window.unread().is_empty() {
                return Ok(true);
            }
            if !self.window.next_member()? {
                return Ok(false);
            }
        }
    }

    /// Up to the next other byte or the member's end.
    fn skip_line_ends(&mut self) -> Result<(), Error> {
        loop {
            let unread = self.window.unread();
            let ends = unread.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let all = ends == unread.len();
            self.window.advance(ends);
            if !all || self.window.grow()? == Grow::MemberEnd {
                return Ok(());
            }
        }
    }

    fn read_record(&mut self, start: Position) -> Result<Record, Lost> {
        let header = self.read_header()?;
        let block = self.window.position();
        let format = self.window.format();
        if format == Format::Plain && header.length > self.window.file_len().saturating_sub(block.offset) {
            let detail = format!("Content-Length {} reaches beyond the end of the file", header.length);
            return Err(Lost::Record(FaultKind::Truncated, detail, Resume::From(block)));
        }
        let mut left = header.length;
        if left > self.max_record as u64 {
            self.skip_block(&header, block)?;
            self.check_end(&header, block)?;
            let detail = format!("{} holds {} bytes, more than {}", header.url, header.length, self.max_record);
            return Err(Lost::Record(FaultKind::TooLarge, detail, Resume::Here));
        }
        let head = if header.http { self.read_http(&header, block, &mut left)? } else { None };
        let mut body = Vec::with_capacity(left as usize);
        while body.len() < left as usize {
            let missing = left as usize - body.len();
            if self.window.take(missing, &mut body)? == 0 {
                self.cross_member(&header, block, missing as u64)?;
            }
        }
        self.check_end(&header, block)?;

        let mut truncated = header.truncated;
        let (mut http_status, mut content_type) = (None, header.content_type);
        if let Some(head) = head {
            body = match http::decode(&head, body, self.max_record) {
                Body::Whole(body) => body,
                Body::Cut(body) => {
                    truncated = true;
                    body
                }
                Body::TooLarge => {
                    let detail = format!("{} holds more than {} bytes when decoded", header.url, self.max_record);
                    return Err(Lost::Record(FaultKind::TooLarge, detail, Resume::Here));
                }
            };
            (http_status, content_type) = (head.status, head.content_type);
        }
        let (kind, id, url, date) = (header.kind, header.id, header.url, header.date);
        Ok(Record { kind, id, url, date, http_status, content_type, body, truncated, position: start })
    }

    fn read_header(&mut self) -> Result<Header, Lost> {
        if self.opens_warc()? {
            let Some(len) = self.head_len(header::warc_header_len)? else {
                let (kind, resume) = match self.window.unread().len() {
                    MAX_HEAD.. => (FaultKind::BadHeader, Resume::Skip(1)),
                    _ => (FaultKind::Truncated, Resume::Skip(1)),
                };
                return Err(Lost::Record(kind, "a WARC header without an end".into(), resume));
            };
            let parsed = header::parse_warc(&self.window.unread()[..len]).map_err(|detail| Lost::Record(FaultKind::BadHeader, detail, Resume::Skip(len)))?;
            self.window.advance(len);
            return Ok(parsed);
        }
        let line = self.line_len()?;
        let unread = &self.window.unread()[..line];
        if let Some(parsed) = header::parse_arc(unread) {
            self.window.advance(line);
            return Ok(parsed);
        }
        let detail = format!("no record starts with {}", header::excerpt(unread));
        Err(Lost::Record(FaultKind::Garbage, detail, Resume::Skip(1)))
    }

    /// Whether a WARC header opens where the window stands.
    fn opens_warc(&mut self) -> Result<bool, Error> {
        self.opens_with(b"WARC/")?;
        self.window.want(6)?;
        Ok(header::opens_warc(self.window.unread()))
    }

    /// Whether these bytes come next, be they cut by a member's end.
    fn opens_with(&mut self, opening: &[u8]) -> Result<bool, Error> {
        let have = self.window.want(opening.len())?;
        let cut = (1..opening.len()).contains(&have) && opening.starts_with(self.window.unread());
        if cut && self.window.next_member()? {
            self.window.want(opening.len())?;
        }
        Ok(self.window.unread().starts_with(opening))
    }

    /// Whether a record of either format opens where the window stands.
    fn opens_record(&mut self) -> Result<bool, Error> {
        if self.opens_warc()? {
            return Ok(true);
        }
        let line = self.line_len()?;
        Ok(header::parse_arc(&self.window.unread()[..line]).is_some())
    }

    /// Length of the line at hand, its end included, or of as much of it as the bound and the member allow.
    fn line_len(&mut self) -> Result<usize, Error> {
        let mut searched = 0;
        loop {
            let unread = self.window.unread();
            if let Some(end) = memchr::memchr(b'\n', &unread[searched..]) {
                return Ok(searched + end + 1);
            }
            searched = unread.len();
            if searched >= MAX_HEAD || self.window.grow()? == Grow::MemberEnd {
                return Ok(searched);
            }
        }
    }

    /// Length of the head at the window's front as `measure` finds it, which may go on in the next member; `None` when
    /// its bound or the file's end comes first.
    fn head_len(&mut self, measure: impl Fn(&[u8]) -> Option<usize>) -> Result<Option<usize>, Lost> {
        loop {
            let unread = self.window.unread();
            let have = unread.len();
            let len = measure(&unread[..have.min(MAX_HEAD)]);
            if len.is_some() || have >= MAX_HEAD {
                return Ok(len);
            }
            if self.window.grow()? == Grow::MemberEnd {
                if !self.window.next_member()? {
                    return Ok(None);
                }
                self.window.want(have + 6)?;
                if header::opens_warc(&self.window.unread()[have..]) {
                    let detail = "a member that ends inside a record's head".into();
                    return Err(Lost::Record(FaultKind::BadHeader, detail, Resume::Skip(have)));
                }
            }
        }
    }

    /// Reads the HTTP head that a block of `left` bytes opens with, if it does; `left` becomes what follows.
    fn read_http(&mut self, header: &Header, block: Position, left: &mut u64) -> Result<Option<http::Head>, Lost> {
        if *left < 5 {
            return Ok(None);
        }
        if self.window.want(1)? == 0 {
            self.cross_member(header, block, *left)?;
        }
        if !self.opens_with(b"HTTP/")? {
            return Ok(None);
        }
        let block = usize::try_from(*left).unwrap_or(usize::MAX);
        let found = self.head_len(|bytes| {
            let inside = &bytes[..bytes.len().min(block)];
            http::head_len(inside).or((inside.len() == block).then_some(block))
        })?;
        let Some(len) = found else {
            let unread = self.window.unread().len();
            if unread < MAX_HEAD {
                return Ok(None);
            }
            let from = self.window.position();
            return Err(Lost::Record(FaultKind::BadHttp, "an HTTP head without an end".into(), Resume::From(from)));
        };
        let head = http::parse_head(&self.window.unread()[..len]);
        self.window.advance(len);
        *left -= len as u64;
        Ok(Some(head))
    }

    /// A block goes on in the next member only if that one does not open a record.
    fn cross_member(&mut self, header: &Header, block: Position, missing: u64) -> Result<(), Lost> {
        if self.window.next_member()? && !self.opens_record()? {
            return Ok(());
        }
        let detail = format!("{}: {missing} of {} bytes are missing", header.url, header.length);
        Err(Lost::Record(FaultKind::WrongLength, detail, Resume::From(block)))
    }

    /// Passes over a block that is too large to hold.
    fn skip_block(&mut self, header: &Header, block: Position) -> Result<(), Lost> {
        if self.window.format() == Format::Plain {
            return Ok(self.window.seek(block.plus(header.length, Format::Plain))?);
        }
        let mut left = header.length;
        while left > 0 {
            let have = self.window.want(1)?;
            if have == 0 {
                self.cross_member(header, block, left)?;
                continue;
            }
            let step = left.min(have as u64);
            self.window.advance(step as usize);
            left -= step;
        }
        Ok(())
    }

    /// After a block must stand the two line ends that close a record, or the end of the member or file, or another record.
    fn check_end(&mut self, header: &Header, block: Position) -> Result<(), Lost> {
        self.window.want(4)?;
        let closed = [&b"\r\n\r\n"[..], b"\n\n"].iter().any(|end| self.window.unread().starts_with(end));
        self.skip_line_ends()?;
        if closed || self.window.unread().is_empty() || self.opens_record()? {
            return Ok(());
        }
        let unread = self.window.unread();
        let detail = format!("{}: after {} bytes stands {}", header.url, header.length, header::excerpt(unread));
        Err(Lost::Record(FaultKind::WrongLength, detail, Resume::From(block)))
    }
}

impl Iterator for Reader {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.read_item();
        match &item {
            Ok(Some(Item::Record(_))) => self.seen = Seen::Records,
            Ok(Some(Item::Fault(_))) if self.seen == Seen::Nothing => self.seen = Seen::Faults,
            Ok(Some(Item::Fault(_))) => {}
            Ok(None) | Err(_) => self.done = true,
        }
        item.transpose()
    }
}
