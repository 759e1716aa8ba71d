//! The unread decompressed bytes of a file as one slice, each with its place in the file.

use std::collections::VecDeque;
use std::io;

use super::{Damage, Error, Fill, Format, Members, Position};

/// Bytes decompressed at a time: enough for most headers, small enough that long bodies bypass the window.
const STEP: usize = 16 << 10;
/// Bytes that may be read again in any file, beside four times its length.
const REREAD: u64 = 256 << 20;

/// What [`Window::grow`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grow {
    /// There are more bytes.
    Data,
    /// The current member has ended; [`Window::next_member`] goes on.
    MemberEnd,
}

/// A parser's view of [`Members`].
pub struct Window {
    members: Members,
    data: Vec<u8>,
    at: usize,
    /// Where in `data` each member starts, with its position; the first entry is at or before `at`.
    marks: VecDeque<(usize, Position)>,
    reread: u64,
}

impl Window {
    /// Reads from `from` (which an earlier [`Window::position`] gave) or from the start.
    pub fn new(mut members: Members, from: Position) -> Result<Self, Error> {
        if from != Position::default() {
            members.seek(from)?;
        }
        let reread = REREAD.saturating_add(members.file_len().saturating_mul(4));
        let mut window = Self { members, data: Vec::with_capacity(4 * STEP), at: 0, marks: VecDeque::new(), reread };
        window.restart();
        Ok(window)
    }

    /// How the file is compressed.
    pub fn format(&self) -> Format {
        self.members.format()
    }

    /// Bytes of the file as it lies on disk.
    pub fn file_len(&self) -> u64 {
        self.members.file_len()
    }

    /// Bytes of the file used up so far, those behind the unread bytes included.
    pub fn consumed(&self) -> u64 {
        self.members.consumed()
    }

    /// The unread bytes that are at hand.
    pub fn unread(&self) -> &[u8] {
        &self.data[self.at..]
    }

    /// Where the first unread byte stands.
    pub fn position(&self) -> Position {
        if self.at == self.data.len() {
            return self.members.position();
        }
        let (index, start) = self.marks.iter().rev().find(|(index, _)| *index <= self.at).copied().unwrap_or_default();
        start.plus((self.at - index) as u64, self.format())
    }

    /// How many unread bytes stand before the next member's first byte, if that is at hand.
    pub fn boundary(&self) -> Option<usize> {
        self.marks.iter().find(|(index, _)| *index > self.at).map(|(index, _)| index - self.at)
    }

    /// Passes over `count` unread bytes.
    pub fn advance(&mut self, count: usize) {
        self.at = (self.at + count).min(self.data.len());
    }

    /// Decompresses more of the current member behind the unread bytes.
    pub fn grow(&mut self) -> Result<Grow, Error> {
        if self.at == self.data.len() {
            self.restart();
        } else if self.at > 2 * STEP && self.at > self.data.len() / 2 {
            self.compact();
        }
        self.data.reserve(STEP);
        match self.members.fill(&mut self.data)? {
            Fill::Data => Ok(Grow::Data),
            Fill::MemberEnd => Ok(Grow::MemberEnd),
        }
    }

    /// Makes `count` unread bytes of the current member available if it has them; how many are.
    pub fn want(&mut self, count: usize) -> Result<usize, Error> {
        while self.unread().len() < count && self.grow()? == Grow::Data {}
        Ok(self.unread().len())
    }

    /// Goes on with the next member, behind what is unread; `false` at the end of the file.
    pub fn next_member(&mut self) -> Result<bool, Error> {
        if !self.members.next_member()? {
            return Ok(false);
        }
        if self.at == self.data.len() {
            self.restart();
        } else {
            self.marks.push_back((self.data.len(), self.members.position()));
        }
        Ok(true)
    }

    /// Moves up to `count` bytes of the current member to `out`, past the window where it holds none; how many, 0 only
    /// at the member's end.
    pub fn take(&mut self, count: usize, out: &mut Vec<u8>) -> Result<usize, Error> {
        if self.at < self.data.len() {
            let taken = count.min(self.data.len() - self.at);
            out.extend_from_slice(&self.data[self.at..self.at + taken]);
            self.at += taken;
            return Ok(taken);
        }
        self.data.clear();
        self.at = 0;
        let (before, start) = (out.len(), self.members.position());
        out.reserve_exact(count);
        // `fill` goes up to the capacity, which may be more than was asked for: the surplus comes back to the window.
        self.members.fill(out)?;
        let taken = (out.len() - before).min(count);
        self.data.extend_from_slice(&out[before + taken..]);
        out.truncate(before + taken);
        self.marks.clear();
        self.marks.push_back((0, start.plus(taken as u64, self.format())));
        Ok(taken)
    }

    /// Drops what is unread and goes to a position.
    pub fn seek(&mut self, to: Position) -> Result<(), Error> {
        self.data.clear();
        self.at = 0;
        let done = self.members.seek(to);
        self.restart();
        done
    }

    /// After damage: drops what is unread and goes to the next member; `false` when there is none.
    ///
    /// A clipped member's decoder runs on into the ones behind it, so they are sought from the damaged member's start.
    pub fn recover(&mut self, damage: &Damage) -> io::Result<bool> {
        self.data.clear();
        self.at = 0;
        let behind = damage.offset + 1;
        let again = self.consumed().saturating_sub(behind);
        let from = if self.pay(again) { behind } else { self.consumed() };
        let found = self.members.resync(from);
        self.restart();
        found
    }

    /// Whether so many bytes may be read again. The budget grows with the file, so that no file, however made, is read more than
    /// a few times.
    pub fn pay(&mut self, bytes: u64) -> bool {
        let affordable = bytes <= self.reread;
        if affordable {
            self.reread -= bytes;
        }
        affordable
    }

    fn restart(&mut self) {
        self.data.clear();
        self.at = 0;
        self.marks.clear();
        self.marks.push_back((0, self.members.position()));
    }

    fn compact(&mut self) {
        while self.marks.len() > 1 && self.marks[1].0 <= self.at {
            self.marks.pop_front();
        }
        let (at, format) = (self.at, self.format());
        for (index, start) in &mut self.marks {
            *start = start.plus(at.saturating_sub(*index) as u64, format);
            *index = index.saturating_sub(at);
        }
        self.data.drain(..at);
        self.at = 0;
    }
}
