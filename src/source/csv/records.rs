//! Records of delimited text, each with its place, as lines of a file are read: a line end between quotes belongs to its field.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::super::compression::{Damage, Error, Format, Grow, Members, Position, Window};
use super::super::lines::{Line, window};
use super::super::units::Unfit;

/// How fields are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Marks {
    /// Between two fields.
    pub(super) delimiter: u8,
    /// Around a field that may hold the others, itself twice; `None` where quotes are text.
    pub(super) quote: Option<u8>,
}

impl Marks {
    fn reader(self) -> Reader {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(self.delimiter).quoting(self.quote.is_some());
        self.quote.iter().for_each(|quote| {
            builder.quote(*quote);
        });
        builder.build()
    }
}

/// Names of the columns; none where the file's beginning cannot be read.
pub(in super::super) type Header = Arc<[String]>;

/// Reads records behind a header.
pub(in super::super) struct Records {
    window: Window,
    reader: Reader,
    header: Header,
    max: usize,
    /// The file's first record, which is the header, is still to come.
    first: bool,
    ended: bool,
    /// Fields of the record at hand, one behind the other, and their ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    /// Bytes used up since the record before, and those of them before the record given.
    passed: u64,
    lead: u64,
    /// Line ends used up, and those before the record given last.
    lines: u64,
    line: u64,
}

enum Found {
    Record,
    TooLong(u64),
    /// The file ends inside of quotes.
    Unclosed,
    End,
}

/// The header of a file.
pub(super) fn header_of(path: &Path, marks: Marks, max: usize) -> io::Result<Header> {
    header(window(Members::open(path)?, Position::default())?, marks, max).map(|(header, _)| header)
}

/// The header that a window's file begins with, and the records behind it.
pub(super) fn header(window: Window, marks: Marks, max: usize) -> io::Result<(Header, std::result::Result<Records, Damage>)> {
    let mut records = Records::new(window, marks, Arc::new([]), true, max);
    let found = match records.pass_header() {
        Ok(found) => found,
        Err(Error::Io(error)) => return Err(error),
        Err(Error::Damage(damage)) => return Ok((Arc::new([]), Err(damage))),
    };
    if let Found::Record = found {
        records.header = records.named();
    }
    Ok((records.header.clone(), Ok(records)))
}

impl Records {
    /// The records of a file from a position on, the header among them only where that is the file's beginning.
    pub(super) fn open(path: &Path, from: Position, marks: Marks, header: Header, max: usize) -> io::Result<Records> {
        Ok(Records::new(window(Members::open(path)?, from)?, marks, header, from == Position::default(), max))
    }

    fn new(window: Window, marks: Marks, header: Header, first: bool, max: usize) -> Records {
        let (bytes, ends) = (vec![0; 4 << 10], vec![0; 16]);
        Records { window, reader: marks.reader(), header, max, first, ended: false, bytes, ends, fields: 0, passed: 0, lead: 0, lines: 0, line: 0 }
    }

    /// How the file is compressed.
    pub(in super::super) fn format(&self) -> Format {
        self.window.format()
    }

    /// Bytes of the file used up so far.
    pub(in super::super) fn consumed(&self) -> u64 {
        self.window.consumed()
    }

    /// Behind the record given last.
    pub(in super::super) fn position(&self) -> Position {
        self.window.position()
    }

    /// Bytes from [`Records::position`], asked for before it was read, to the record given.
    pub(in super::super) fn lead(&self) -> u64 {
        self.lead
    }

    /// Line ends before the record given last.
    pub(in super::super) fn line(&self) -> u64 {
        self.line
    }

    /// The next record, whose fields [`Records::row`] gives; `None` at the end. Damage ends the file, since nothing says where behind it a record begins. `Err` is the device's.
    pub(in super::super) fn next_record(&mut self) -> io::Result<Option<Line<'_>>> {
        (self.passed, self.lead) = (0, 0);
        if self.ended {
            return Ok(None);
        }
        let found = self.find();
        self.ended = !matches!(found, Ok(Found::Record | Found::TooLong(_)));
        match found {
            Ok(Found::Record) => Ok(Some(Line::Text(&self.bytes))),
            Ok(Found::TooLong(length)) => Ok(Some(Line::TooLong(length))),
            Ok(Found::Unclosed) => Ok(Some(Line::Unclosed)),
            Ok(Found::End) => Ok(None),
            Err(Error::Io(error)) => Err(error),
            Err(Error::Damage(damage)) => Ok(Some(Line::Damaged(damage))),
        }
    }

    /// The record at hand as a row: a text a column, null where the field is empty.
    pub(in super::super) fn row(&self) -> std::result::Result<Map<String, Value>, Unfit> {
        if self.fields != self.header.len() {
            return Err(("ragged_row", format!("{} fields, where the header has {}", self.fields, self.header.len())));
        }
        let mut row = Map::new();
        for (column, bytes) in self.header.iter().zip(self.fields()) {
            let text = std::str::from_utf8(bytes).map_err(|error| ("not_utf8", format!("byte {} of column `{column}`", error.valid_up_to())))?;
            row.insert(column.clone(), if text.is_empty() { Value::Null } else { text.into() });
        }
        Ok(row)
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).take(self.fields).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }

    /// The record at hand as names. A column without one, or with one that stands before it, gets the name that pandas gives it, as data sets made with it have it.
    fn named(&self) -> Header {
        let mut names: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for (at, bytes) in self.fields().enumerate() {
            let name = if bytes.is_empty() { format!("Unnamed: {at}") } else { String::from_utf8_lossy(bytes).into_owned() };
            let numbered = (0..).map(|number| if number == 0 { name.clone() } else { format!("{name}.{number}") });
            names.extend(numbered.into_iter().find(|name| known.insert(name.clone())));
        }
        names.into()
    }

    fn find(&mut self) -> Result<Found, Error> {
        if self.first {
            match self.pass_header()? {
                Found::Record => {}
                other => return Ok(other),
            }
        }
        self.record()
    }

    fn pass_header(&mut self) -> Result<Found, Error> {
        self.first = false;
        if self.window.unread().is_empty() && !self.more()? {
            return Ok(Found::End);
        }
        if self.window.want(3)? >= 3 && self.window.unread().starts_with(b"\xef\xbb\xbf") {
            self.pass(3);
        }
        self.record()
    }

    fn record(&mut self) -> Result<Found, Error> {
        // Here, so that a record's place and line are its own.
        self.skip_line_ends()?;
        (self.lead, self.line, self.fields) = (self.passed, self.lines, 0);
        // What came before must not matter, since reading may be taken up at any record; and a mark of the encoding is looked for at the file's beginning alone.
        self.reader.reset();
        self.reader.read_record(b"\n", &mut self.bytes, &mut self.ends);
        let (mut size, mut written) = (0, 0);
        loop {
            let at_end = self.window.unread().is_empty() && !self.more()?;
            // A line end ends the last record too, unless it stands between quotes.
            let input = if at_end { b"\n" } else { self.window.unread() };
            let (result, used, wrote, ended) = self.reader.read_record(input, &mut self.bytes[written..], &mut self.ends[self.fields..]);
            if !at_end {
                self.pass(used);
                size += used as u64;
            }
            (written, self.fields) = (written + wrote, self.fields + ended);
            let is_long = size > self.max as u64;
            match result {
                ReadRecordResult::Record if is_long => return Ok(Found::TooLong(size)),
                ReadRecordResult::Record => return Ok(Found::Record),
                ReadRecordResult::InputEmpty | ReadRecordResult::End if at_end => return Ok(if size == 0 { Found::End } else { Found::Unclosed }),
                _ if is_long => (written, self.fields) = (0, 0),
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
    }

    fn skip_line_ends(&mut self) -> Result<(), Error> {
        loop {
            let unread = self.window.unread();
            let ends = unread.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let all = ends == unread.len();
            self.pass(ends);
            if !all || !self.more()? {
                return Ok(());
            }
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.lines += memchr::memchr_iter(b'\n', &self.window.unread()[..bytes]).count() as u64;
        self.window.advance(bytes);
        self.passed += bytes as u64;
    }

    /// Makes more of the file available; `false` at its end.
    fn more(&mut self) -> Result<bool, Error> {
        while self.window.grow()? == Grow::MemberEnd {
            if !self.window.next_member()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
