//! Where reading goes on after bytes that gave no record.

use std::io;

use super::super::record::{Fault, FaultKind};
use super::{Lost, Reader, Resume, Seen};
use crate::source::compression::{DamageKind, Error, Format, Grow, Position};

impl Reader {
    /// Finds where reading goes on after a loss and makes the fault of it.
    pub(super) fn recover(&mut self, start: Position, lost: Lost) -> io::Result<Fault> {
        let (mut kind, mut detail, searched) = match lost {
            Lost::Record(kind, detail, resume) => (kind, detail, self.search(resume)),
            Lost::Below(error) => (FaultKind::Garbage, String::new(), Err(error)),
        };
        match searched {
            Ok(()) => {}
            Err(Error::Io(error)) => return Err(error),
            Err(Error::Damage(damage)) => {
                kind = match damage.kind {
                    DamageKind::Truncated => FaultKind::Truncated,
                    DamageKind::Corrupt => FaultKind::CorruptData,
                    DamageKind::NotAMember => FaultKind::Garbage,
                };
                self.window.recover(&damage)?;
                detail = damage.detail;
            }
        }
        let end = self.window.position();
        let at_end = end.offset >= self.window.file_len();
        kind = match kind {
            FaultKind::Garbage if at_end && self.seen == Seen::Nothing => FaultKind::NotAWarc,
            FaultKind::Truncated if !at_end && self.window.format() == Format::Plain => FaultKind::WrongLength,
            kind => kind,
        };
        Ok(Fault { kind, position: start, end, detail })
    }

    /// Goes to the next line that opens a record, or to the member's end.
    fn search(&mut self, resume: Resume) -> Result<(), Error> {
        match resume {
            Resume::Here => return Ok(()),
            Resume::Skip(count) => self.window.advance(count),
            Resume::From(from) => {
                let again = match self.window.format() {
                    Format::Plain => self.window.consumed().saturating_sub(from.offset),
                    _ => from.skip + self.window.position().skip,
                };
                if from != self.window.position() && self.window.pay(again) {
                    self.window.seek(from)?;
                }
            }
        }
        while !self.opens_record()? {
            if !self.skip_line()? {
                break;
            }
        }
        Ok(())
    }

    /// Passes over the rest of the line, however long; `false` at the member's end.
    fn skip_line(&mut self) -> Result<bool, Error> {
        loop {
            let unread = self.window.unread();
            let (limit, more) = self.window.boundary().map_or((unread.len(), true), |at| (at, false));
            if let Some(end) = memchr::memchr(b'\n', &unread[..limit]) {
                self.window.advance(end + 1);
                return Ok(true);
            }
            self.window.advance(limit);
            if !more || self.window.grow()? == Grow::MemberEnd {
                return Ok(false);
            }
        }
    }
}
