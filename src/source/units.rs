//! The documents of a file whose rows stand one after another, on lines, in a list or as records, and the place behind each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::compression::{Damage, Fill, Format, Members, Position, Trail};
use super::csv::records::Records;
use super::elements::Elements;
use super::fields::{Rows, type_name};
use super::lines::{Line, Lines};
use crate::stage::{Fault, Read, Reader, Result, RunError};

/// What holds rows in a file.
pub(super) enum Units {
    Lines(Lines),
    List(Elements),
    Records(Box<Records>),
    /// All has been read.
    Ended,
}

impl Units {
    fn position(&mut self) -> Position {
        match self {
            Units::Lines(lines) => lines.position(),
            Units::List(elements) => elements.position(),
            Units::Records(records) => records.position(),
            Units::Ended => Position::default(),
        }
    }

    fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        match self {
            Units::Lines(lines) => lines.next_line(),
            Units::List(elements) => elements.next_element(),
            Units::Records(records) => records.next_record(),
            Units::Ended => Ok(None),
        }
    }

    fn is_plain(&self) -> bool {
        match self {
            Units::Lines(lines) => lines.format() == Format::Plain,
            Units::List(elements) => elements.format() == Format::Plain,
            Units::Records(records) => records.format() == Format::Plain,
            Units::Ended => true,
        }
    }

    /// The record at hand as a row.
    fn record(&self) -> std::result::Result<Map<String, Value>, Unfit> {
        match self {
            Units::Records(records) => records.row(),
            _ => Ok(Map::new()),
        }
    }

    /// Bytes from [`Units::position`], asked for before a row was read, to the row, where the place of a row does not tell them.
    fn lead(&self) -> u64 {
        match self {
            Units::List(elements) if elements.format() == Format::Plain => elements.lead(),
            Units::Records(records) if records.format() == Format::Plain => records.lead(),
            _ => 0,
        }
    }
}

/// Why a row makes no document, and what was found, in words.
pub(super) type Unfit = (&'static str, String);

pub(super) struct UnitReader {
    units: Units,
    trail: Trail,
    path: PathBuf,
    start: u64,
    rows: Arc<dyn Rows>,
    /// Nothing has been read of the file.
    fresh: bool,
    /// Met when the file was opened.
    damage: Option<Damage>,
    ended: bool,
    position: u64,
    /// Lines given, and those before the one given last.
    lines: u64,
    line: u64,
    /// Where reading began, and the lines before it once they were counted.
    from: (Position, Option<u64>),
}

impl UnitReader {
    fn new(units: Units, path: &Path, rows: Arc<dyn Rows>, from: Position) -> UnitReader {
        let (trail, ended) = (Trail::new(units.is_plain(), from), matches!(units, Units::Ended));
        let from = (from, (from == Position::default()).then_some(0));
        UnitReader { units, trail, path: path.to_owned(), start: 0, rows, fresh: false, damage: None, ended, position: 0, lines: 0, line: 0, from }
    }

    /// Reads a file, or what of it begins at byte `start`, from the place `at` on, if one is given; `open` gives what holds the rows from a position on.
    pub(super) fn open(path: &Path, start: u64, at: Option<u64>, rows: Arc<dyn Rows>, open: impl FnOnce(Position) -> io::Result<Units>) -> Result<UnitReader> {
        let (from, passed) = at.map_or_else(Default::default, Trail::unpack);
        let units = if at == Some(Trail::END) { Units::Ended } else { open(from).map_err(RunError::file("cannot read", path))? };
        let mut reader = UnitReader::new(units, path, rows, from);
        reader.start = start;
        reader.fresh = start == 0 && from == Position::default() && passed == 0;
        for _ in 0..passed {
            reader.pass()?;
        }
        reader.locate()?;
        Ok(reader)
    }

    /// Reads a member of an archive, in whose beginning damage may have been met.
    pub(super) fn of_member(units: Units, path: &Path, rows: Arc<dyn Rows>, damage: Option<Damage>) -> UnitReader {
        UnitReader { fresh: damage.is_none(), damage, ..UnitReader::new(units, path, rows, Position::default()) }
    }

    /// Passes over a line that was given before the reading was broken off.
    fn pass(&mut self) -> Result<()> {
        let position = self.units.position();
        self.trail.passed(position);
        self.units.next().map_err(RunError::file("cannot read", &self.path))?;
        Ok(())
    }

    fn locate(&mut self) -> Result<()> {
        if self.ended {
            self.position = Trail::END;
            return Ok(());
        }
        let now = self.units.position();
        let sentence = || format!("{} holds too many lines in one compressed member; cut it into smaller files", self.path.display());
        self.position = self.trail.pack(now).ok_or_else(|| RunError::stop(sentence()))?;
        Ok(())
    }

    /// The next line's document or fault; `None` at the end.
    fn read(&mut self) -> Result<Option<Read>> {
        if let Some(damage) = self.damage.take() {
            return Ok(Some(fault(damage.kind.name(), damage.detail, damage.offset)));
        }
        loop {
            let start = self.units.position();
            self.trail.passed(start);
            let fresh = std::mem::take(&mut self.fresh);
            let (is_lines, is_records) = (matches!(self.units, Units::Lines(_)), matches!(self.units, Units::Records(_)));
            let line = self.units.next().map_err(RunError::file("cannot read", &self.path))?;
            self.line = self.lines;
            self.lines += u64::from(line.is_some());
            let read = match line {
                None if fresh => {
                    self.ended = true;
                    Err(("empty_file", "nothing to read".to_owned()))
                }
                None => return Ok(None),
                Some(Line::TooLong(len)) => Err(("line_too_long", format!("{} of {len} bytes", if is_lines { "a line" } else { "a row" }))),
                Some(Line::Damaged(damage)) => {
                    self.ended = !is_lines;
                    Err((damage.kind.name(), damage.detail))
                }
                Some(Line::Behind) => {
                    self.ended = true;
                    Err(("not_json", "more stands behind the list that begins the file".to_owned()))
                }
                Some(Line::Unclosed) => {
                    self.ended = true;
                    Err(("unclosed_quote", "a quote that opens in this row is not closed until the end of the file".to_owned()))
                }
                Some(Line::Text(_)) if is_records => self.units.record(),
                Some(Line::Text(text)) => {
                    let text = if start == Position::default() { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
                    if text.trim_ascii().is_empty() {
                        continue;
                    }
                    object(text)
                }
            };
            let at = start.offset + self.units.lead();
            return Ok(Some(match read.and_then(|row| self.rows.read(row, None)) {
                Ok(mut doc) => {
                    doc.origin.offset = at;
                    Read::Doc(Box::new(doc))
                }
                Err((reason, detail)) => fault(reason, self.placed(detail)?, at),
            }));
        }
    }

    /// What was found in a record, with its line: a record may be several, so its number says little. Where reading was taken up in the middle of the file, the lines before are counted now.
    fn placed(&mut self, detail: String) -> Result<String> {
        let Units::Records(records) = &self.units else { return Ok(detail) };
        let before = match self.from {
            (_, Some(known)) => known,
            (from, None) => lines_before(&self.path, from).map_err(RunError::file("cannot read", &self.path))?,
        };
        self.from.1 = Some(before);
        Ok(format!("line {}: {detail}", before + records.line() + 1))
    }
}

/// Line ends of a file before a place in it that is the beginning of a member, or any of a plain file.
fn lines_before(path: &Path, to: Position) -> io::Result<u64> {
    let mut members = Members::open(path)?;
    let (mut lines, mut bytes) = (0, Vec::with_capacity(128 << 10));
    while members.position() < to {
        bytes.clear();
        match members.fill(&mut bytes) {
            Ok(Fill::Data) => {
                let surplus = if members.format() == Format::Plain { members.position().offset.saturating_sub(to.offset) as usize } else { 0 };
                bytes.truncate(bytes.len().saturating_sub(surplus));
                lines += memchr::memchr_iter(b'\n', &bytes).count() as u64;
            }
            Ok(Fill::MemberEnd) => match members.next_member() {
                Ok(true) => {}
                _ => break,
            },
            Err(super::compression::Error::Io(error)) => return Err(error),
            Err(super::compression::Error::Damage(_)) => break,
        }
    }
    Ok(lines)
}

fn fault(reason: &str, detail: String, offset: u64) -> Read {
    Read::Fault(Fault { reason: reason.to_owned(), detail, offset })
}

fn object(line: &[u8]) -> std::result::Result<Map<String, Value>, Unfit> {
    let text = simdutf8::compat::from_utf8(line).map_err(|error| ("not_utf8", format!("byte {} of the line", error.valid_up_to())))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(row)) => Ok(row),
        Ok(other) => Err(("wrong_type", format!("the line holds {}, not an object", type_name(&other)))),
        Err(error) => Err(("not_json", error.to_string())),
    }
}

impl Reader for UnitReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let read = self.read()?;
        self.locate().map(|()| read)
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn consumed(&self) -> u64 {
        match &self.units {
            Units::Lines(lines) => lines.consumed().saturating_sub(self.start),
            Units::List(elements) => elements.consumed(),
            Units::Records(records) => records.consumed(),
            Units::Ended => 0,
        }
    }

    fn line(&self) -> Option<u64> {
        Some(match &self.units {
            Units::List(elements) => elements.line(),
            Units::Records(records) => records.line(),
            Units::Lines(_) | Units::Ended => self.line,
        })
    }
}
