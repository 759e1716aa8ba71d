//! The elements of a JSON list that fills a file, each with its place, as lines of a file are read.
//!
//! Only brackets and strings are looked at here, so an element that is no JSON costs itself alone. Memory: the element at hand.

use std::io;

use super::compression::{Damage, DamageKind, Error, Format, Grow, Position, Window};
use super::lines::Line;

/// Reads elements.
pub struct Elements {
    window: Window,
    max: usize,
    state: State,
    /// Bytes of the window that the last element given took.
    given: usize,
    /// Bytes between the last place that was told and the element given.
    lead: u64,
    /// Line ends used up, and those before the element given last.
    lines: u64,
    line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    Ended,
}

/// Whether the first character that is no white space opens a list. Nothing is used up.
pub fn is_list(window: &mut Window) -> Result<bool, Error> {
    loop {
        let unread = window.unread();
        let text = unread.strip_prefix(b"\xef\xbb\xbf").unwrap_or(unread);
        if let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            // The mark of the encoding may not be whole yet.
            if *first != 0xef || unread.len() > 3 {
                return Ok(*first == b'[');
            }
        }
        if window.grow()? == Grow::MemberEnd && !window.next_member()? {
            return Ok(false);
        }
    }
}

impl Elements {
    /// The elements of a list; `inside` where the window stands behind an element.
    pub fn new(window: Window, inside: bool, max: usize) -> Elements {
        Elements { window, max, state: if inside { State::Inside } else { State::Before }, given: 0, lead: 0, lines: 0, line: 0 }
    }

    /// How the file is compressed.
    pub fn format(&self) -> Format {
        self.window.format()
    }

    /// Bytes of the file used up so far.
    pub fn consumed(&self) -> u64 {
        self.window.consumed()
    }

    /// Behind the element given last.
    pub fn position(&mut self) -> Position {
        let given = std::mem::take(&mut self.given);
        self.pass(given);
        self.window.position()
    }

    /// Line ends before the element given last.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn pass(&mut self, bytes: usize) {
        self.lines += memchr::memchr_iter(b'\n', &self.window.unread()[..bytes]).count() as u64;
        self.window.advance(bytes);
    }

    /// Bytes from [`Elements::position`], asked for before it was read, to the element given.
    pub fn lead(&self) -> u64 {
        self.lead
    }

    /// The next element; `None` behind the list. Damage ends the list. `Err` is the device's.
    pub fn next_element(&mut self) -> io::Result<Option<Line<'_>>> {
        let given = std::mem::take(&mut self.given);
        self.pass(given);
        self.lead = 0;
        if self.state == State::Ended {
            return Ok(None);
        }
        let ended = |detail: &str| Line::Damaged(Damage { kind: DamageKind::Truncated, offset: 0, detail: detail.to_owned() });
        let found = self.find();
        self.line = self.lines;
        match found {
            Ok(Found::Element(length)) => {
                self.given = length;
                Ok(Some(Line::Text(&self.window.unread()[..length])))
            }
            Ok(Found::TooLong(length)) => Ok(Some(Line::TooLong(length))),
            Ok(Found::End) => {
                self.state = State::Ended;
                Ok(None)
            }
            Ok(Found::Behind) => {
                self.state = State::Ended;
                Ok(Some(Line::Behind))
            }
            Ok(Found::Unclosed) => {
                self.state = State::Ended;
                Ok(Some(ended("the file ends inside its list")))
            }
            Err(Error::Io(error)) => Err(error),
            Err(Error::Damage(damage)) => {
                self.state = State::Ended;
                Ok(Some(Line::Damaged(damage)))
            }
        }
    }

    fn find(&mut self) -> Result<Found, Error> {
        if self.state == State::Before {
            self.skip(|byte| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf))?;
            self.pass(1);
            self.lead += 1;
            self.state = State::Inside;
        }
        // A comma too many or too few loses nothing.
        match self.skip(|byte| byte.is_ascii_whitespace() || byte == b',')? {
            None => return Ok(Found::Unclosed),
            Some(b']') => {
                self.pass(1);
                return Ok(if self.skip(|byte| byte.is_ascii_whitespace())?.is_some() { Found::Behind } else { Found::End });
            }
            Some(_) => {}
        }
        let (mut scan, mut searched, mut passed) = (Scan::default(), 0, 0u64);
        loop {
            if let Some(end) = scan.end(&self.window.unread()[searched..]) {
                let length = searched + end;
                if passed == 0 && length <= self.max {
                    return Ok(Found::Element(length));
                }
                self.pass(length);
                return Ok(Found::TooLong(passed + length as u64));
            }
            searched = self.window.unread().len();
            if searched > self.max || passed > 0 {
                self.pass(searched);
                passed += std::mem::take(&mut searched) as u64;
            }
            if self.window.grow()? == Grow::MemberEnd && !self.window.next_member()? {
                return Ok(Found::Unclosed);
            }
        }
    }

    /// Passes over bytes; the first that is another, if there is one.
    fn skip(&mut self, over: impl Fn(u8) -> bool) -> Result<Option<u8>, Error> {
        loop {
            let unread = self.window.unread();
            let other = unread.iter().position(|byte| !over(*byte));
            let (step, byte) = (other.unwrap_or(unread.len()), other.map(|at| unread[at]));
            self.pass(step);
            self.lead += step as u64;
            if byte.is_some() || (self.window.grow()? == Grow::MemberEnd && !self.window.next_member()?) {
                return Ok(byte);
            }
        }
    }
}

enum Found {
    /// So many bytes of the window.
    Element(usize),
    /// Passed over.
    TooLong(u64),
    End,
    /// Something stands behind the list.
    Behind,
    /// The file ends, the list does not.
    Unclosed,
}

/// Where in an element a search stands.
#[derive(Default)]
struct Scan {
    begun: bool,
    depth: u64,
    string: bool,
    escaped: bool,
}

impl Scan {
    /// Where in `bytes` the element ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.string {
                if std::mem::take(&mut self.escaped) {
                    at += 1;
                    continue;
                }
                at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
                self.escaped = bytes[at] == b'\\';
                self.string = self.escaped;
                at += 1;
                if !self.string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match byte {
                b'"' => self.string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                // Of a number, or of what is no JSON: a bracket that closes nothing stands for itself.
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Some(if self.begun { at } else { at + 1 }),
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::compression::Members;
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let window = || Window::new(Members::new(Box::new(Cursor::new(bytes.to_vec()))).unwrap(), Position::default()).unwrap();
        assert!(is_list(&mut window()).unwrap());
        let mut elements = Elements::new(window(), false, 100);
        let mut found = Vec::new();
        while let Some(line) = elements.next_element().unwrap() {
            found.push(match line {
                Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Line::TooLong(length) => format!("too long: {length}"),
                Line::Damaged(damage) => damage.detail,
                Line::Behind => "behind".to_owned(),
                Line::Unclosed => "of no list".to_owned(),
            });
        }
        found
    }

    #[test]
    fn elements_end_where_their_brackets_and_strings_do() {
        let text = "\u{feff} [ {\"a\": \"]}\\\"[\\\\\"},\n[1, [2]] ,\"x,y\", 3.5,null\n, {\"b\": {\"c\": []}}]\n ";
        let wanted = ["{\"a\": \"]}\\\"[\\\\\"}", "[1, [2]]", "\"x,y\"", "3.5", "null", "{\"b\": {\"c\": []}}"];
        assert_eq!(all(text.as_bytes()), wanted);
        assert_eq!(all(&zstd::bulk::compress(text.as_bytes(), 1).unwrap()), wanted);
        assert!(all(b"[]").is_empty() && all(b" [ ] ").is_empty());
    }

    #[test]
    fn faults_cost_what_they_touch() {
        assert_eq!(all(b"[1,,2 3}4,\"a\"\"b\"]"), ["1", "2", "3", "}", "4", "\"a\"", "\"b\""]);
        assert_eq!(all(b"[1, 2"), ["1", "the file ends inside its list"]);
        assert_eq!(all(b"[{\"a\": 1}, {\"b\": "), ["{\"a\": 1}", "the file ends inside its list"]);
        assert_eq!(all(b"[1] [2]"), ["1", "behind"]);
        let long = format!("[1, \"{}\", 2, \"{}\"]", "x".repeat(99), "é".repeat(100_000));
        assert_eq!(all(long.as_bytes()), ["1", "too long: 101", "2", "too long: 200002"]);
    }
}
