//! The decompressed bytes of an archive as one stream that several read from, one at a time.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::compression::{Damage, DamageKind, Error, Format, Grow, Members, Position, Window};

/// Bytes by their place in the decompressed archive. To go back costs decompressing once more from the last mark on; it is done after damage alone.
pub struct Stream {
    window: Window,
    at: u64,
    /// A place, and where in the file it is.
    mark: (u64, Position),
    /// Damage that a [`Section`] met: readers of files know I/O errors alone.
    damage: Option<Damage>,
}

impl Stream {
    pub fn open(path: &Path) -> io::Result<Stream> {
        let window = Window::new(Members::open(path)?, Position::default()).map_err(|error| match error {
            Error::Io(error) => error,
            Error::Damage(damage) => io::Error::new(io::ErrorKind::InvalidData, damage.detail),
        })?;
        Ok(Stream { window, at: 0, mark: (0, Position::default()), damage: None })
    }

    /// Bytes of the file used up so far.
    pub fn consumed(&self) -> u64 {
        self.window.consumed()
    }

    pub fn take_damage(&mut self) -> Option<Damage> {
        self.damage.take()
    }

    /// Damage at the place where the stream stands.
    pub fn damaged(&self, kind: DamageKind, detail: String) -> Damage {
        Damage { kind, offset: self.window.position().offset, detail }
    }

    /// Fills `buffer` as far as the archive goes; how far.
    pub fn read_up_to(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        self.seek(at)?;
        let mut filled = 0;
        while filled < buffer.len() {
            let count = self.read(&mut buffer[filled..])?;
            if count == 0 {
                break;
            }
            filled += count;
        }
        Ok(filled)
    }

    /// Goes to a place and makes it the one to come back to.
    pub fn mark(&mut self, at: u64) -> Result<(), Error> {
        self.seek(at)?;
        self.mark = (self.at, self.window.position());
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if !self.at_hand()? {
            return Ok(0);
        }
        let unread = self.window.unread();
        let count = unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&unread[..count]);
        self.window.advance(count);
        self.at += count as u64;
        Ok(count)
    }

    /// Whether there are bytes to read.
    fn at_hand(&mut self) -> Result<bool, Error> {
        while self.window.unread().is_empty() {
            if self.window.grow()? == Grow::MemberEnd && !self.window.next_member()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn seek(&mut self, to: u64) -> Result<(), Error> {
        let plain = self.window.format() == Format::Plain;
        if plain && to.abs_diff(self.at) > self.window.unread().len() as u64 {
            self.window.seek(Position { offset: to, skip: 0 })?;
            self.at = to;
        } else if to < self.at {
            let (at, position) = if to >= self.mark.0 { self.mark } else { Default::default() };
            self.window.seek(position)?;
            self.at = at;
        }
        while self.at < to && self.at_hand()? {
            let step = (self.window.unread().len() as u64).min(to - self.at);
            self.window.advance(step as usize);
            self.at += step;
        }
        Ok(())
    }
}

/// A stretch of an archive as a file of its own.
#[derive(Clone)]
pub struct Section {
    stream: Arc<Mutex<Stream>>,
    start: u64,
    length: u64,
    at: u64,
}

impl Section {
    pub fn new(stream: Arc<Mutex<Stream>>, start: u64, length: u64) -> Section {
        Section { stream, start, length, at: 0 }
    }

    /// Its bytes.
    pub fn len(&self) -> u64 {
        self.length
    }
}

/// A stream that another thread left in the middle of a read is still at a known place.
pub fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let wanted = left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let mut stream = lock(&self.stream);
        let place = self.start + self.at;
        let damage = match stream.seek(place).and_then(|()| stream.read(&mut buffer[..wanted])) {
            Ok(0) => stream.damaged(DamageKind::Truncated, "the archive ends inside a member".to_owned()),
            Ok(count) => {
                self.at += count as u64;
                return Ok(count);
            }
            Err(Error::Io(error)) => return Err(error),
            Err(Error::Damage(damage)) => damage,
        };
        let said = io::Error::new(io::ErrorKind::InvalidData, damage.detail.clone());
        stream.damage = Some(damage);
        Err(said)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
