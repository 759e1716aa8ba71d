//! The HTTP message inside a response record: status, content type, and the body with its codings undone.

use std::io::Read;

use super::header::{fields, text};

/// What an HTTP head says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub status: Option<u16>,
    pub content_type: String,
    pub chunked: bool,
    /// `Content-Encoding`, in the order applied.
    pub codings: Vec<Coding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// A body as decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Whole(Vec<u8>),
    /// The coding broke off or broke; these bytes came before.
    Cut(Vec<u8>),
    TooLarge,
}

/// Length of the head at the front of `bytes` with its closing empty line; `None` when that is not there yet.
pub(super) fn head_len(bytes: &[u8]) -> Option<usize> {
    super::header::warc_header_len(bytes)
}

/// Reads a head. Lines that are no field are passed over, as browsers do.
pub(super) fn parse_head(bytes: &[u8]) -> Head {
    let first = &bytes[..memchr::memchr(b'\n', bytes).unwrap_or(bytes.len())];
    let status = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1);
    let mut head = Head { status: status.and_then(|digits| text(digits).parse().ok()), ..Head::default() };
    for (name, value) in fields(bytes) {
        let Some(name) = name else { continue };
        if name.eq_ignore_ascii_case(b"Content-Type") {
            head.content_type = text(value);
        } else if name.eq_ignore_ascii_case(b"Transfer-Encoding") {
            head.chunked = text(value).to_ascii_lowercase().contains("chunked");
        } else if name.eq_ignore_ascii_case(b"Content-Encoding") {
            head.codings = text(value).split(',').filter_map(|name| Coding::of(name.trim())).collect();
        }
    }
    head
}

impl Coding {
    fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }
}

/// Undoes transfer and content codings. Archives often keep a coding's header for a body that is stored plain, so a body
/// that does not begin as the coding does is taken as it is. `max` bounds the bytes after each step.
pub(super) fn decode(head: &Head, mut body: Vec<u8>, max: usize) -> Body {
    let mut cut = false;
    if head.chunked {
        cut = dechunk(&mut body) == Chunks::Cut;
    }
    for coding in head.codings.iter().rev() {
        match coding.undo(body, max) {
            Body::Whole(plain) => body = plain,
            Body::Cut(plain) => (body, cut) = (plain, true),
            Body::TooLarge => return Body::TooLarge,
        }
    }
    if cut { Body::Cut(body) } else { Body::Whole(body) }
}

impl Coding {
    fn undo(self, body: Vec<u8>, max: usize) -> Body {
        let read = |reader: &mut dyn Read| {
            let mut plain = Vec::new();
            let done = reader.take(max as u64 + 1).read_to_end(&mut plain);
            (plain, done.is_ok())
        };
        let bytes = body.as_slice();
        let (plain, whole) = match self {
            Self::Gzip if bytes.starts_with(&[0x1f, 0x8b]) => read(&mut flate2::bufread::MultiGzDecoder::new(bytes)),
            Self::Zstd if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => match zstd::Decoder::with_buffer(bytes) {
                Ok(mut decoder) => read(&mut decoder),
                Err(_) => (Vec::new(), false),
            },
            Self::Deflate if bytes.first().is_some_and(|byte| byte & 0x0f == 8) => read(&mut flate2::bufread::ZlibDecoder::new(bytes)),
            Self::Deflate => read(&mut flate2::bufread::DeflateDecoder::new(bytes)),
            Self::Brotli => read(&mut brotli_decompressor::Decompressor::new(bytes, 8 << 10)),
            Self::Gzip | Self::Zstd => return Body::Whole(body),
        };
        match (plain.len() > max, whole) {
            (true, _) => Body::TooLarge,
            (false, true) => Body::Whole(plain),
            // Deflate and Brotli have no magic number: an error before the first byte means that the body is plain.
            (false, false) if plain.is_empty() && matches!(self, Self::Deflate | Self::Brotli) => Body::Whole(body),
            (false, false) => Body::Cut(plain),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Chunks {
    Whole,
    /// The last chunk is missing, or what should be a chunk's size is none.
    Cut,
    /// The body does not begin with a chunk: stored without its coding.
    None,
}

/// Undoes chunked transfer in place.
fn dechunk(body: &mut Vec<u8>) -> Chunks {
    let (mut from, mut to) = (0, 0);
    loop {
        let line = body.get(from..).unwrap_or_default();
        let line = &line[..line.len().min(1 << 10)];
        let size = memchr::memchr(b'\n', line).and_then(|end| Some((chunk_size(&line[..end])?, end + 1)));
        let Some((size, line_len)) = size else {
            if from == 0 {
                return Chunks::None;
            }
            body.truncate(to);
            return Chunks::Cut;
        };
        from += line_len;
        let kept = size.min(body.len() - from);
        body.copy_within(from..from + kept, to);
        (from, to) = (from + kept, to + kept);
        if size == 0 || kept < size {
            body.truncate(to);
            return if size == 0 { Chunks::Whole } else { Chunks::Cut };
        }
        from += match body[from..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => 0,
        };
    }
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().filter(|_| digits[0] != b'+')
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn chunked(body: &[u8]) -> Body {
        decode(&Head { chunked: true, ..Head::default() }, body.to_vec(), 100)
    }

    fn coded(coding: Coding, body: &[u8], max: usize) -> Body {
        decode(&Head { codings: vec![coding], ..Head::default() }, body.to_vec(), max)
    }

    #[test]
    fn a_head_is_read_with_or_without_a_status_text() {
        let head = parse_head(b"HTTP/1.1 200\r\ncontent-type: text/html; charset=x\r\nContent-Encoding: gzip, br\r\n\r\n");
        assert_eq!((head.status, head.content_type.as_str()), (Some(200), "text/html; charset=x"));
        assert_eq!(head.codings, [Coding::Gzip, Coding::Brotli]);
    }

    #[test]
    fn chunks_are_joined() {
        assert_eq!(chunked(b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), Body::Whole(b"abc0123456789".to_vec()));
    }

    #[test]
    fn bodies_that_only_claim_chunks_stay() {
        assert_eq!(chunked(b"<html>"), Body::Whole(b"<html>".to_vec()));
    }

    #[test]
    fn broken_chunks_give_what_came_before() {
        assert_eq!(chunked(b"3\r\nabc\r\nzz\r\nd"), Body::Cut(b"abc".to_vec()));
        assert_eq!(chunked(b"9\r\nabc"), Body::Cut(b"abc".to_vec()));
    }

    #[test]
    fn content_codings_are_undone_bounded_and_doubted() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&[b'x'; 50]).unwrap();
        let gzip = encoder.finish().unwrap();
        assert_eq!(coded(Coding::Gzip, &gzip, 50), Body::Whole(vec![b'x'; 50]));
        assert_eq!(coded(Coding::Gzip, &gzip, 49), Body::TooLarge);
        assert_eq!(coded(Coding::Gzip, b"<html>", 50), Body::Whole(b"<html>".to_vec()));
        assert!(matches!(coded(Coding::Gzip, &gzip[..14], 50), Body::Cut(_)));
        let zstd = zstd::bulk::compress(b"plain", 1).unwrap();
        assert_eq!(coded(Coding::Zstd, &zstd, 50), Body::Whole(b"plain".to_vec()));
        assert_eq!(coded(Coding::Brotli, b"\x0b\x02\x80hello\x03", 50), Body::Whole(b"hello".to_vec()));
        assert_eq!(coded(Coding::Brotli, b"<html>", 50), Body::Whole(b"<html>".to_vec()));
        assert_eq!(coded(Coding::Deflate, b"<html>", 50), Body::Whole(b"<html>".to_vec()));
    }
}
