//! From bytes to text by the WHATWG Encoding rules, with what crawls teach added.
//!
//! Order: byte order mark, HTTP header, `meta` in the page's head, detection. A label that the bytes contradict gives way:
//! text that is valid multi-byte UTF-8 is UTF-8 whatever is declared, and bytes declared as UTF-8 that are not go to detection.

use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Bytes searched for a `meta` label: the standard says 1024; pages with long heads need more.
const PRESCAN: usize = 4096;
/// Share of broken sequences up to which declared UTF-8 is read as UTF-8 with errors.
const FEW_ERRORS: f64 = 0.01;

/// Decoded text and how it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// WHATWG name of the encoding.
    pub encoding: &'static str,
    /// Whether some bytes had no meaning and became U+FFFD.
    pub had_errors: bool,
}

/// Decodes a page. `content_type` is the HTTP header's value.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return run(&bytes[mark..], encoding);
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return run(bytes, encoding);
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        // ASCII reads the same in all encodings but those with escapes, which stay below 0x80.
        let declared = content_type.and_then(header_label).or_else(|| meta_label(bytes));
        if declared.is_none_or(|e| e != encoding_rs::ISO_2022_JP || !bytes.contains(&0x1B)) {
            return Decoded { text: Cow::Borrowed(text), encoding: UTF_8.name(), had_errors: false };
        }
        return run(bytes, encoding_rs::ISO_2022_JP);
    }
    let labels = [content_type.and_then(header_label), meta_label(bytes)].map(|label| label.filter(|e| *e != encoding_rs::REPLACEMENT));
    for encoding in labels.into_iter().flatten() {
        let decoded = run(bytes, encoding);
        if !decoded.had_errors {
            return decoded;
        }
    }
    let almost = run(bytes, UTF_8);
    let broken = almost.text.matches('\u{FFFD}').count();
    let beyond_ascii = bytes.iter().filter(|b| **b >= 0x80).count();
    if mostly_utf8(bytes, broken, beyond_ascii) {
        return almost;
    }
    // A declared encoding with few faults is more trustworthy than a guess.
    for encoding in labels.into_iter().flatten().filter(|e| *e != UTF_8) {
        let decoded = run(bytes, encoding);
        let faults = decoded.text.matches('\u{FFFD}').count();
        if (faults as f64) < FEW_ERRORS * beyond_ascii as f64 {
            return decoded;
        }
    }
    let mut detector = chardetng::EncodingDetector::new();
    detector.feed(bytes, true);
    run(bytes, detector.guess(None, false))
}

/// Whether most of what is not ASCII forms valid UTF-8: a page cut in the middle or with a few foreign bytes.
fn mostly_utf8(bytes: &[u8], broken: usize, beyond_ascii: usize) -> bool {
    broken > 0 && beyond_ascii > 0 && (broken as f64) < 0.1 * beyond_ascii as f64 && bytes.len() > 3
}

/// Whether the bytes are no text: a NUL among the first 8 KB in bytes that are not UTF-16.
pub fn looks_binary(bytes: &[u8]) -> bool {
    if Encoding::for_bom(bytes).is_some() || unmarked_utf16(bytes).is_some() {
        return false;
    }
    let head = &bytes[..bytes.len().min(8192)];
    let control = head.iter().filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B)).count();
    control * 200 > head.len()
}

fn run<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Decoded<'a> {
    let encoding = if encoding == GBK { GB18030 } else { encoding };
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    Decoded { text, encoding: encoding.name(), had_errors }
}

/// UTF-16 without a mark shows as a NUL in every second byte of markup.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(256) & !1];
    if head.len() < 16 {
        return None;
    }
    let (pairs, _) = head.as_chunks::<2>();
    let half = pairs.len() / 2;
    if pairs.iter().filter(|p| p[0] == 0 && p[1] != 0).count() > half && pairs.iter().all(|p| p[1] != 0) {
        Some(UTF_16BE)
    } else if pairs.iter().filter(|p| p[1] == 0 && p[0] != 0).count() > half && pairs.iter().all(|p| p[0] != 0) {
        Some(UTF_16LE)
    } else {
        None
    }
}

fn header_label(value: &str) -> Option<&'static Encoding> {
    label_in(value.as_bytes())
}

/// The encoding named after `charset=` in a header or `content` value.
fn label_in(value: &[u8]) -> Option<&'static Encoding> {
    let lower = value.to_ascii_lowercase();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&lower[at..], b"charset") {
        at += found + 7;
        let rest = lower[at..].trim_ascii_start();
        if let Some(rest) = rest.strip_prefix(b"=") {
            let rest = rest.trim_ascii_start();
            let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
            let end = rest.iter().position(|b| matches!(b, b'"' | b'\'' | b';' | b'>' | b'/') || b.is_ascii_whitespace()).unwrap_or(rest.len());
            return Encoding::for_label(&rest[..end]);
        }
    }
    None
}

/// The label that a `meta` element or XML declaration in the head gives; a UTF-16 label there means UTF-8, since it could be read.
fn meta_label(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(PRESCAN)];
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &head[at..]) {
        at += found;
        let here = &head[at..];
        if here.starts_with(b"<!--") {
            at += memchr::memmem::find(&here[2..], b"-->").map_or(here.len(), |e| e + 5);
            continue;
        }
        let end = memchr::memchr(b'>', here).unwrap_or(here.len());
        let tag = &here[..end];
        let named = |name: &[u8]| tag.len() > name.len() && tag[..name.len()].eq_ignore_ascii_case(name);
        let label = if named(b"<meta") {
            label_in(tag)
        } else if named(b"<?xml") {
            let lower = tag.to_ascii_lowercase();
            memchr::memmem::find(&lower, b"encoding").and_then(|e| label_in(&[b"charset", &lower[e + 8..]].concat()))
        } else {
            None
        };
        if let Some(encoding) = label {
            return Some(match encoding {
                e if e == UTF_16LE || e == UTF_16BE => UTF_8,
                e if e == encoding_rs::X_USER_DEFINED => WINDOWS_1252,
                e => e,
            });
        }
        at += end.max(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], header: Option<&str>) -> (String, &'static str, bool) {
        let d = decode(bytes, header);
        (d.text.into_owned(), d.encoding, d.had_errors)
    }

    #[test]
    fn marks_headers_and_meta() {
        assert_eq!(read(b"\xEF\xBB\xBFa", None), ("a".into(), "UTF-8", false));
        assert_eq!(read(b"\xFF\xFEa\0", None), ("a".into(), "UTF-16LE", false));
        assert_eq!(read(b"\xFE\xFF\0a", Some("text/html; charset=utf-8")).0, "a");
        assert_eq!(read(b"caf\xE9", Some("text/html; charset=ISO-8859-1")), ("café".into(), "windows-1252", false));
        assert_eq!(read(b"<meta charset='gb2312'>\xC4\xE3", None), ("<meta charset='gb2312'>你".into(), "gb18030", false));
        let http_equiv = b"<!-- <meta charset=koi8-r> --><META http-equiv=Content-Type content='text/html; charset=windows-1251'>\xCF";
        assert!(read(http_equiv, None).0.ends_with('П'));
        let utf16: Vec<u8> = "<html><body>hello</body></html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, None).1, "UTF-16LE");
    }

    #[test]
    fn labels_that_the_bytes_contradict() {
        assert_eq!(read("naïve 你好".as_bytes(), Some("text/html; charset=gbk")).0, "naïve 你好");
        assert_eq!(read("café".as_bytes(), Some("text/html; charset=iso-8859-1")).0, "café");
        let latin = b"Le caf\xE9 est tr\xE8s bon \xE0 No\xEBl, d\xE9j\xE0 vu";
        assert_eq!(read(latin, Some("text/html; charset=utf-8")), ("Le café est très bon à Noël, déjà vu".into(), "windows-1252", false));
        let cut = [&"текст".repeat(50).into_bytes()[..], b"\xD1"].concat();
        let (text, encoding, errors) = read(&cut, None);
        assert_eq!((encoding, errors), ("UTF-8", true));
        assert!(text.starts_with("текст"));
    }

    #[test]
    fn detection_without_label() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode("Это обычный русский текст без объявленной кодировки");
        assert_eq!(read(&bytes, None).1, "windows-1251");
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode("これは文字コードの宣言がない日本語の文章です。");
        assert_eq!(read(&bytes, None).1, "Shift_JIS");
    }

    #[test]
    fn binary_content() {
        assert!(looks_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"));
        assert!(!looks_binary("text\nплюс".as_bytes()));
        assert!(!looks_binary(b"\xFF\xFEa\0b\0"));
    }
}
