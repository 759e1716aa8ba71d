//! Lines of a file, compressed or not, each with its place; of a plain file also only those that start in a byte range.

use std::io;
use std::path::Path;

use super::compression::{Damage, Error, Format, Grow, Members, Position, Window};

/// What stands at a line's place.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end (LF or CR LF).
    Text(&'a [u8]),
    /// A line longer than the bound, passed over; its length as far as it was seen.
    TooLong(u64),
    /// Compressed data that cannot be read; lines go on with the next member, if there is one.
    Damaged(Damage),
    /// Text behind the list that fills a file; nothing of it is read.
    Behind,
    /// A record that ends inside of quotes, with the file.
    Unclosed,
}

/// Reads lines.
pub struct Lines {
    window: Window,
    max: usize,
    end: Option<u64>,
    /// Bytes of the window that the last line given took.
    given: usize,
}

impl Lines {
    /// The lines of a file from a place on that [`Lines::position`] gave; of a plain file those that start before byte `end`.
    pub fn open(path: &Path, from: Position, end: Option<u64>, max: usize) -> io::Result<Self> {
        Self::over(Members::open(path)?, from, end, max)
    }

    /// The lines of a plain file that start in bytes `start` to `end`.
    pub fn open_range(path: &Path, start: u64, end: Option<u64>, max: usize) -> io::Result<Self> {
        Self::range_of(Members::open(path)?, start, end, max)
    }

    fn over(members: Members, from: Position, end: Option<u64>, max: usize) -> io::Result<Self> {
        Ok(Self::of(window(members, from)?, end, max))
    }

    /// The lines of what a window has not read.
    pub(super) fn of(window: Window, end: Option<u64>, max: usize) -> Self {
        Self { window, max, end, given: 0 }
    }

    fn range_of(members: Members, start: u64, end: Option<u64>, max: usize) -> io::Result<Self> {
        let Some(before) = start.checked_sub(1) else { return Self::over(members, Position::default(), end, max) };
        let mut lines = Self::over(members, Position { offset: before, skip: 0 }, end, max)?;
        // The line that holds the byte before the range belongs to the range before.
        match lines.skip_line() {
            Ok(_) => Ok(lines),
            Err(Error::Io(error)) => Err(error),
            Err(Error::Damage(damage)) => Err(io::Error::new(io::ErrorKind::InvalidData, damage.detail)),
        }
    }

    /// How the file is compressed.
    pub fn format(&self) -> Format {
        self.window.format()
    }

    /// Bytes of the file used up so far.
    pub fn consumed(&self) -> u64 {
        self.window.consumed().min(self.end.unwrap_or(u64::MAX))
    }

    /// Where the next line starts.
    pub fn position(&mut self) -> Position {
        self.window.advance(std::mem::take(&mut self.given));
        self.window.position()
    }

    /// The next line; `None` at the end of the file or range. `Err` is the device's.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.position().offset >= self.end.unwrap_or(u64::MAX) {
            return Ok(None);
        }
        let len = match self.find_end() {
            Ok(None) => return Ok(None),
            Ok(Some(len)) if len > self.max => match self.skip_line() {
                Ok(len) => return Ok(Some(Line::TooLong(len))),
                Err(error) => return self.damaged(error),
            },
            Ok(Some(len)) => len,
            Err(error) => return self.damaged(error),
        };
        self.given = len;
        let line = &self.window.unread()[..len];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(Some(Line::Text(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// Length of the line at hand with its end, or a length over the bound as soon as that is passed.
    fn find_end(&mut self) -> Result<Option<usize>, Error> {
        let mut searched = 0;
        loop {
            let unread = self.window.unread();
            if let Some(at) = memchr::memchr(b'\n', &unread[searched..]) {
                return Ok(Some(searched + at + 1));
            }
            searched = unread.len();
            if searched > self.max {
                return Ok(Some(searched));
            }
            if self.window.grow()? == Grow::MemberEnd && !self.window.next_member()? {
                return Ok((searched > 0).then_some(searched));
            }
        }
    }

    /// Passes over the line at hand without holding it; its length.
    fn skip_line(&mut self) -> Result<u64, Error> {
        let mut len = 0;
        loop {
            let unread = self.window.unread();
            let end = memchr::memchr(b'\n', unread);
            let step = end.map_or(unread.len(), |at| at + 1);
            len += step as u64;
            self.window.advance(step);
            if end.is_some() || (self.window.grow()? == Grow::MemberEnd && !self.window.next_member()?) {
                return Ok(len);
            }
        }
    }

    fn damaged(&mut self, error: Error) -> io::Result<Option<Line<'_>>> {
        match error {
            Error::Io(error) => Err(error),
            Error::Damage(damage) => {
                self.window.recover(&damage)?;
                Ok(Some(Line::Damaged(damage)))
            }
        }
    }
}

/// A window at a place that an earlier one gave: that the place cannot be reached is the device's fault.
pub(super) fn window(members: Members, from: Position) -> io::Result<Window> {
    Window::new(members, from).map_err(|error| match error {
        Error::Io(error) => error,
        Error::Damage(damage) => io::Error::new(io::ErrorKind::InvalidData, damage.detail),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn members(bytes: &[u8]) -> Members {
        Members::new(Box::new(Cursor::new(bytes.to_vec()))).unwrap()
    }

    fn all(mut lines: Lines) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            found.push(match line {
                Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Line::TooLong(len) => format!("too long: {len}"),
                Line::Damaged(damage) => format!("{:?} at {}", damage.kind, damage.offset),
                Line::Behind | Line::Unclosed => "of no line".to_owned(),
            });
        }
        found
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn ranges_share_out_every_line_once() {
        let text = b"one\r\ntwo\n\nfour\nthe last without an end";
        let whole = ["one", "two", "", "four", "the last without an end"];
        for size in 1..text.len() as u64 + 3 {
            let mut found = Vec::new();
            for start in (0..text.len() as u64).step_by(size as usize) {
                found.extend(all(Lines::range_of(members(text), start, Some(start + size), 100).unwrap()));
            }
            assert_eq!(found, whole, "ranges of {size} bytes");
        }
    }

    #[test]
    fn lines_run_over_members_and_long_ones_are_passed_over() {
        let text = [b"short\n".to_vec(), vec![b'x'; 100_000], b"\nend".to_vec()].concat();
        let pieces: Vec<u8> = text.chunks(33_333).flat_map(gzip).collect();
        for bytes in [&text, &gzip(&text), &pieces] {
            assert_eq!(all(Lines::over(members(bytes), Position::default(), None, 1000).unwrap()), ["short", "too long: 100001", "end"]);
        }
    }

    #[test]
    fn damage_is_told_and_the_next_member_read() {
        let (one, two) = (gzip(b"a\nb\n"), gzip(b"c\n"));
        let clipped = [&one[..one.len() - 3], &two].concat();
        let found = all(Lines::over(members(&clipped), Position::default(), None, 100).unwrap());
        assert_eq!(found, ["a", "b", "Corrupt at 0", "c"]);
        let found = all(Lines::over(members(&two[..two.len() - 1]), Position::default(), None, 100).unwrap());
        assert_eq!(found, ["c", "Truncated at 0"]);
    }
}
