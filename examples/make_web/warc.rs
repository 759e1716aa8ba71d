//! WARC 1.1 files, one gzip member a record, some of them damaged on purpose.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::dice::SEED;

/// Every record bears this date, so that the same code writes the same bytes.
const DATE: &str = "2026-01-01T00:00:00Z";

/// What is wrong with a record as such, whatever page it holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    None,
    /// `Content-Length` promises more bytes than the record has.
    LengthTooLong,
    /// `Content-Length` stops in the middle of the page.
    LengthTooShort,
    /// The gzip member ends in its middle, and the file with it.
    Truncated,
}

/// An HTTP answer as the crawler saw it.
pub struct Answer {
    pub status: &'static str,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// The member that opens a file and says who wrote it.
pub fn info(file: &str) -> io::Result<Vec<u8>> {
    let block = b"software: dataprep make_web\r\nformat: WARC File Format 1.1\r\ndescription: a small web made for tests\r\n";
    let head = format!(
        "WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Date: {DATE}\r\nWARC-Filename: {file}\r\nWARC-Record-ID: {}\r\nContent-Type: application/warc-fields\r\nContent-Length: {}\r\n\r\n",
        id(file),
        block.len()
    );
    member(&[head.as_bytes(), block, b"\r\n\r\n"].concat())
}

/// The member of one answer.
pub fn response(url: &str, answer: &Answer, damage: Damage) -> io::Result<Vec<u8>> {
    let mut block =
        format!("HTTP/1.1 {}\r\nServer: smallweb\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", answer.status, answer.content_type, answer.body.len())
            .into_bytes();
    block.extend_from_slice(&answer.body);
    let length = match damage {
        Damage::LengthTooLong => block.len() + 2_500,
        Damage::LengthTooShort => block.len() / 2,
        _ => block.len(),
    };
    let head = format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Date: {DATE}\r\nWARC-Target-URI: {url}\r\nWARC-Record-ID: {}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n",
        id(url)
    );
    let mut bytes = member(&[head.as_bytes(), &block, b"\r\n\r\n"].concat())?;
    if damage == Damage::Truncated {
        bytes.truncate(bytes.len() * 3 / 5);
    }
    Ok(bytes)
}

fn member(record: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(9));
    gzip.write_all(record)?;
    gzip.finish()
}

fn id(name: &str) -> String {
    let hash = format!("{:032x}", xxh3_128_with_seed(name.as_bytes(), SEED));
    let (a, b, c, d, e) = (&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..]);
    format!("<urn:uuid:{a}-{b}-{c}-{d}-{e}>")
}
