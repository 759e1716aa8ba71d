//! An object as a file: read in ranges, more and larger ones the longer it is read in order.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::client::{Object, runtime};

/// Bytes of the first range: whoever looks at a file's head alone costs no more.
const FIRST: u64 = 128 << 10;
/// Bytes of the largest range.
const LARGEST: u64 = 4 << 20;
/// Ranges asked for at a time.
const AHEAD: usize = 4;

/// Reads an object, at most `AHEAD` ranges before who reads.
pub struct Reader {
    object: Object,
    at: u64,
    /// Where the bytes at hand begin.
    start: u64,
    bytes: Bytes,
    /// On their way, in order and without gaps.
    coming: VecDeque<Coming>,
    /// Bytes of the next range.
    step: u64,
    /// Ranges to be on their way.
    ahead: usize,
}

struct Coming {
    range: Range<u64>,
    task: JoinHandle<io::Result<Bytes>>,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    pub(super) fn new(object: Object) -> Reader {
        Reader { object, at: 0, start: 0, bytes: Bytes::new(), coming: VecDeque::new(), step: FIRST, ahead: 1 }
    }

    /// Waits for the bytes at `self.at`, which lies inside the object.
    fn turn(&mut self) -> io::Result<()> {
        while self.coming.front().is_some_and(|coming| !coming.range.contains(&self.at)) {
            self.coming.pop_front();
        }
        if self.coming.is_empty() && self.at != self.start + self.bytes.len() as u64 {
            (self.step, self.ahead) = (FIRST, 1);
        }
        while self.coming.len() < self.ahead {
            let start = self.coming.back().map_or(self.at, |coming| coming.range.end);
            let range = start..(start + self.step).min(self.object.size());
            if range.is_empty() {
                break;
            }
            let (object, wanted) = (self.object.clone(), range.clone());
            self.coming.push_back(Coming { range, task: runtime()?.spawn(async move { object.fetch(wanted).await }) });
            self.step = (self.step * 2).min(LARGEST);
        }
        self.ahead = (self.ahead + 1).min(AHEAD);
        let Some(mut coming) = self.coming.pop_front() else { return Ok(()) };
        self.bytes = runtime()?.block_on(&mut coming.task).map_err(io::Error::other)??;
        self.start = coming.range.start;
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.object.size() || buffer.is_empty() {
            return Ok(0);
        }
        if !(self.start..self.start + self.bytes.len() as u64).contains(&self.at) {
            self.turn()?;
        }
        let unread = &self.bytes[(self.at - self.start) as usize..];
        let count = unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&unread[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.object.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
