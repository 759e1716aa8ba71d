//! Packs pages into a WARC file: one gzip member a record, the same bytes for the same pages.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use xxhash_rust::xxh3::xxh3_128;

/// Date of every record: a packed page has no time of fetching, and the clock would change the bytes.
const DATE: &str = "2000-01-01T00:00:00Z";

/// Writes records to an open file.
pub struct Writer<W: Write> {
    out: W,
    offset: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file with its `warcinfo` record.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, offset: 0 };
        let about = b"software: dataprep to-warc\r\nformat: WARC File Format 1.0\r\n";
        writer.record("warcinfo", None, "application/warc-fields", &[about])?;
        Ok(writer)
    }

    /// Adds a page as a response with status 200; where its member starts. `content_type` is the HTTP header's value.
    pub fn page(&mut self, url: &str, content_type: &str, html: &[u8]) -> io::Result<u64> {
        let start = self.offset;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", one_line(content_type), html.len());
        self.record("response", Some(url), "application/http; msgtype=response", &[head.as_bytes(), html])?;
        Ok(start)
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn record(&mut self, kind: &str, url: Option<&str>, content_type: &str, block: &[&[u8]]) -> io::Result<()> {
        let url = url.map(one_line);
        let mut named = url.clone().unwrap_or_default().into_bytes();
        named.extend(self.offset.to_le_bytes());
        block.iter().for_each(|part| named.extend_from_slice(part));
        let length: usize = block.iter().map(|part| part.len()).sum();
        let mut header = format!("WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <{}>\r\nWARC-Date: {DATE}\r\n", uuid(xxh3_128(&named)));
        if let Some(url) = url {
            header += &format!("WARC-Target-URI: {url}\r\n");
        }
        header += &format!("Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");

        let mut encoder = GzEncoder::new(Vec::with_capacity(length / 4), Compression::default());
        encoder.write_all(header.as_bytes())?;
        block.iter().try_for_each(|part| encoder.write_all(part))?;
        encoder.write_all(b"\r\n\r\n")?;
        let member = encoder.finish()?;
        self.out.write_all(&member)?;
        self.offset += member.len() as u64;
        Ok(())
    }
}

/// A header's value ends with its line.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A hash in the form of a name-based UUID (RFC 9562, version 8).
fn uuid(hash: u128) -> String {
    let hash = (hash & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{hash:032x}");
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{Item, RecordReader};
    use super::*;
    use crate::source::compression::Position;

    #[test]
    fn pages_come_back_and_their_bytes_do_not_change() {
        let pack = || {
            let mut writer = Writer::new(Vec::new()).unwrap();
            let first = writer.page("http://a.example/\r\nx", "text/html", b"<p>one").unwrap();
            let second = writer.page("http://a.example/2", "text/html; charset=gbk", b"").unwrap();
            (writer.finish().unwrap(), first, second)
        };
        let (bytes, first, second) = pack();
        assert_eq!(pack().0, bytes);
        let read = |from: u64| {
            let from = Position { offset: from, skip: 0 };
            RecordReader::new(Box::new(Cursor::new(bytes.clone())), from, 1 << 20).unwrap().next().unwrap().unwrap()
        };
        let Item::Record(one) = read(first) else { panic!("a fault") };
        assert_eq!((one.url.as_str(), one.body.as_slice()), ("http://a.example/  x", &b"<p>one"[..]));
        let Item::Record(two) = read(second) else { panic!("a fault") };
        assert_eq!((two.content_type.as_str(), two.http_status), ("text/html; charset=gbk", Some(200)));
        assert_eq!((two.id.len(), &two.id[23..24]), (45, "8"));
    }
}
