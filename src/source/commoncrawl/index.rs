//! The index of a crawl: which blocks of it may hold a host, and the captures in them.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use super::super::compression::{Members, Position};
use super::super::lines::{Line, Lines, window};
use crate::store::{self, Input};

/// Compressed bytes of one split: neighbouring blocks are read together.
const STRETCH: u64 = 8 << 20;
/// Bytes of `cluster.idx` below which it is read line by line.
const NEAR: u64 = 64 << 10;
/// A longer line of the index is no capture.
const LONGEST: usize = 1 << 20;

/// One page that was fetched, and where its record stands.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Capture {
    /// The sort key: the host backwards (`org,example`), `)`, the path.
    #[serde(skip)]
    pub key: String,
    /// The page's address.
    pub url: String,
    /// What the server called it.
    #[serde(default)]
    pub mime: String,
    /// What the crawl found it to be.
    #[serde(default, rename = "mime-detected")]
    pub mime_detected: String,
    /// The server's answer.
    #[serde(default)]
    pub status: String,
    /// ISO 639-3 codes between commas.
    #[serde(default)]
    pub languages: String,
    /// The archive.
    pub filename: String,
    /// First byte of the record in it.
    #[serde(deserialize_with = "number")]
    pub offset: u64,
    /// Bytes of the record.
    #[serde(deserialize_with = "number")]
    pub length: u64,
}

/// Numbers stand as texts there.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

impl Capture {
    /// Of a line `KEY TIME {JSON}`.
    pub fn parse(line: &str) -> Result<Capture, String> {
        let wanted = || format!("wanted `KEY TIME {{...}}`, found `{}`", line.chars().take(80).collect::<String>());
        let (key, rest) = line.split_once(' ').ok_or_else(wanted)?;
        let (_, json) = rest.split_once(' ').ok_or_else(wanted)?;
        let capture: Capture = serde_json::from_str(json).map_err(|error| error.to_string())?;
        capture.offset.checked_add(capture.length).ok_or_else(wanted)?;
        Ok(Capture { key: key.to_owned(), ..capture })
    }
}

/// Hosts as the index sorts them.
pub struct Hosts {
    /// `org,example`, and whether hosts below it count.
    reversed: BTreeSet<(String, bool)>,
}

impl Hosts {
    /// Of names; the first one that is none comes back with the reason.
    pub fn new(names: &[String]) -> Result<Hosts, (String, &'static str)> {
        let mut reversed = BTreeSet::new();
        for name in names {
            let said = |why| (name.clone(), why);
            let (host, below) = name.strip_prefix("*.").map_or((name.as_str(), false), |host| (host, true));
            let host = host.trim_end_matches('.').to_lowercase();
            if host.is_empty() {
                return Err(said("it is empty"));
            }
            if host.contains(['/', ':', '*', ' ', '?']) {
                return Err(said("it holds more than a host's name"));
            }
            if !host.is_ascii() {
                return Err(said("the index writes it in Punycode, as `xn--fiqs8s`"));
            }
            let host = host.strip_prefix("www.").unwrap_or(&host);
            reversed.insert((host.rsplit('.').collect::<Vec<_>>().join(","), below));
        }
        Ok(Hosts { reversed })
    }

    /// Whether a sort key is of one of them.
    pub fn hold(&self, key: &str) -> bool {
        let host = key.split([')', ':']).next().unwrap_or_default();
        self.reversed.iter().any(|(wanted, below)| host == wanted || (*below && host.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with(','))))
    }

    /// Stretches of keys that hold them, the end excluded. A key goes on with `)`, `,` or `:` behind the host, and of hosts below it there are all between `,` and `-`.
    fn ranges(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.reversed.iter().flat_map(|(host, below)| {
            let after = |from: char, to: char| (format!("{host}{from}"), format!("{host}{to}"));
            [Some(after(')', '*')), below.then(|| after(',', '-')), Some(after(':', ';'))].into_iter().flatten()
        })
    }
}

/// One line of `cluster.idx`: a block of the index by its first key.
struct Block {
    key: String,
    file: String,
    start: u64,
    length: u64,
}

impl Block {
    fn parse(line: &str) -> io::Result<Block> {
        let mut fields = line.trim_end().split('\t');
        let bad = || io::Error::new(io::ErrorKind::InvalidData, format!("no line of an index: `{}`", line.trim_end()));
        let mut next = || fields.next().ok_or_else(bad);
        let key = next()?.split(' ').next().unwrap_or_default().to_owned();
        let (file, start, length) = (next()?.to_owned(), next()?, next()?);
        Ok(Block { key, file, start: start.parse().map_err(|_| bad())?, length: length.parse().map_err(|_| bad())? })
    }
}

/// Stretches of the files in the index's folder that may hold the hosts, or all: file, first byte and the byte behind the last, in the order of the index.
pub fn blocks(folder: &str, hosts: Option<&Hosts>) -> io::Result<Vec<(String, u64, u64)>> {
    let mut input = store::open(Path::new(&format!("{folder}/cluster.idx")))?;
    let size = input.seek(SeekFrom::End(0))?;
    let mut found: Vec<(String, u64, u64)> = Vec::new();
    let mut take = |block: &Block| {
        let (file, end) = (format!("{folder}/{}", block.file), block.start + block.length);
        match found.last_mut() {
            // Blocks that two hosts share are taken once.
            Some((last, _, to)) if *last == file && end <= *to => {}
            Some((last, from, to)) if *last == file && block.start == *to && end - *from <= STRETCH => *to = end,
            _ => found.push((file, block.start, end)),
        }
    };
    let Some(hosts) = hosts else {
        input.rewind()?;
        for line in BufReader::new(input).lines() {
            take(&Block::parse(&line?)?);
        }
        return Ok(found);
    };
    let mut ranges: Vec<_> = hosts.ranges().collect();
    ranges.sort();
    for (from, to) in ranges {
        let start = line_before(&mut input, size, &from)?;
        input.seek(SeekFrom::Start(start))?;
        let mut before: Option<Block> = None;
        for line in BufReader::new(&mut input).lines() {
            let block = Block::parse(&line?)?;
            if block.key.as_str() < from.as_str() {
                before = Some(block);
                continue;
            }
            // The block before the first whose key is large enough ends with keys that may be.
            if let Some(before) = before.take() {
                take(&before);
            }
            if block.key >= to {
                break;
            }
            take(&block);
        }
        if let Some(last) = before {
            take(&last);
        }
    }
    Ok(found)
}

/// Where a line of `cluster.idx` begins that has a smaller key than `key`, not far before the first that has not; 0 where there is none.
fn line_before(input: &mut Box<dyn Input>, size: u64, key: &str) -> io::Result<u64> {
    let (mut low, mut high) = (0, size);
    while high - low > NEAR {
        let middle = low + (high - low) / 2;
        input.seek(SeekFrom::Start(middle))?;
        let mut lines = BufReader::with_capacity(4 << 10, &mut *input);
        // The rest of the line that the middle lies in.
        let skipped = lines.read_until(b'\n', &mut Vec::new())? as u64;
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || Block::parse(&line)?.key.as_str() >= key {
            high = middle;
        } else {
            low = middle + skipped;
        }
    }
    Ok(low)
}

/// The captures of a stretch of a file of the index.
pub struct Captures {
    lines: Lines,
}

impl Captures {
    pub fn open(file: &Path, range: Range<u64>) -> io::Result<Captures> {
        let stretch = Stretch { input: store::open(file)?, range, at: 0 };
        let window = window(Members::new(Box::new(stretch))?, Position::default())?;
        Ok(Captures { lines: Lines::of(window, None, LONGEST) })
    }

    /// The next one, or what is wrong with its line.
    pub fn next(&mut self) -> io::Result<Option<Result<Capture, String>>> {
        Ok(self.lines.next_line()?.map(|line| match line {
            Line::Text(bytes) => std::str::from_utf8(bytes).map_err(|error| error.to_string()).and_then(Capture::parse),
            Line::TooLong(bytes) => Err(format!("a line of {bytes} bytes")),
            Line::Damaged(damage) => Err(damage.detail),
            Line::Behind | Line::Unclosed => Err("text behind the lines".to_owned()),
        }))
    }

    pub fn consumed(&self) -> u64 {
        self.lines.consumed()
    }
}

/// A stretch of a file as a file of its own.
struct Stretch {
    input: Box<dyn Input>,
    range: Range<u64>,
    at: u64,
}

impl Read for Stretch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = (self.range.end - self.range.start).saturating_sub(self.at).min(buffer.len() as u64) as usize;
        let count = self.input.read(&mut buffer[..left])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Stretch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (self.range.end - self.range.start).checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.input.seek(SeekFrom::Start(self.range.start + self.at))?;
        Ok(self.at)
    }
}
