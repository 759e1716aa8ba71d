//! Record headers: the named fields of WARC (ISO 28500, versions 0.17 to 1.1) and the one line of ARC (versions 1 and 2).

use super::record::Kind;

/// What a header says of its record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: Kind,
    pub id: String,
    pub url: String,
    pub date: String,
    pub content_type: String,
    /// Bytes of the block that follows.
    pub length: u64,
    pub truncated: bool,
    /// The block may open with an HTTP head.
    pub http: bool,
}

/// Whether bytes that stand at a record's place open a WARC header.
pub(super) fn opens_warc(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"WARC/").is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_digit))
}

/// Length of the header at the front of `bytes`, its closing empty line included; `None` when its end is not there yet.
/// Lines may end in LF with any number of CR before it.
pub(super) fn warc_header_len(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| {
        let blank = bytes[at + 1..].iter().take_while(|byte| **byte == b'\r').count();
        (bytes.get(at + 1 + blank) == Some(&b'\n')).then_some(at + blank + 2)
    })
}

/// Reads a whole WARC header. The error names what is wrong.
pub(super) fn parse_warc(bytes: &[u8]) -> Result<Header, String> {
    let mut header = Header {
        kind: Kind::Other,
        id: String::new(),
        url: String::new(),
        date: String::new(),
        content_type: String::new(),
        length: 0,
        truncated: false,
        http: false,
    };
    let (mut kind, mut length) = (None, None);
    for (name, value) in fields(bytes) {
        let Some(name) = name else { return Err(format!("a line without a colon: {}", excerpt(value))) };
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("WARC-Type") {
            kind = Some(Kind::of(&text(value)));
        } else if is("Content-Length") {
            let digits = text(value);
            length = Some(digits.parse().map_err(|_| format!("Content-Length is no number: {}", excerpt(value)))?);
        } else if is("WARC-Record-ID") {
            header.id = text(unbracket(value));
        } else if is("WARC-Target-URI") {
            header.url = text(unbracket(value));
        } else if is("WARC-Date") {
            header.date = text(value);
        } else if is("Content-Type") {
            header.content_type = text(value);
        } else if is("WARC-Truncated") {
            header.truncated = true;
        }
    }
    header.kind = kind.ok_or("no WARC-Type")?;
    header.length = length.ok_or("no Content-Length")?;
    header.http = match header.kind {
        Kind::Response | Kind::Revisit => true,
        Kind::Request => false,
        _ => header.content_type.to_ascii_lowercase().starts_with("application/http"),
    };
    Ok(header)
}

/// Reads the header line of an ARC record, `URL IP date type length`, or with version 2's five more fields before the
/// length; `None` when the line is not one. URLs may hold spaces, so the date, 14 (or 12) digits after an IP, is sought.
pub(super) fn parse_arc(line: &[u8]) -> Option<Header> {
    let line = line.trim_ascii_end();
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    if !(5..=64).contains(&words.len()) {
        return None;
    }
    let length = std::str::from_utf8(words.last()?).ok()?.parse().ok()?;
    let date = (2..words.len() - 2).find(|&at| {
        let digits = words[at];
        matches!(digits.len(), 12 | 14) && digits.iter().all(u8::is_ascii_digit) && is_ip(words[at - 1])
    })?;
    let url_len = words[..date - 1].iter().map(|word| word.len() + 1).sum::<usize>() - 1;
    let url = text(&line[..url_len]);
    if !url.contains(':') {
        return None;
    }
    Some(Header {
        kind: if url.starts_with("filedesc:") { Kind::Warcinfo } else { Kind::Response },
        id: String::new(),
        date: text(words[date]),
        content_type: text(words[date + 1]),
        length,
        truncated: false,
        http: !url.starts_with("filedesc:") && !url.starts_with("dns:"),
        url,
    })
}

/// The `Name: value` fields after the first line, lines that a blank continues joined to theirs.
/// A line without a colon comes with no name.
pub(super) fn fields(bytes: &[u8]) -> impl Iterator<Item = (Option<&[u8]>, &[u8])> {
    let mut rest = memchr::memchr(b'\n', bytes).map_or(&[][..], |end| &bytes[end + 1..]);
    std::iter::from_fn(move || {
        let mut len = line_len(rest);
        if rest[..len].trim_ascii().is_empty() {
            return None;
        }
        while matches!(rest.get(len), Some(b' ' | b'\t')) && !rest[len..len + line_len(&rest[len..])].trim_ascii().is_empty() {
            len += line_len(&rest[len..]);
        }
        let field = &rest[..len];
        rest = &rest[len..];
        Some(match memchr::memchr(b':', field) {
            Some(colon) => (Some(field[..colon].trim_ascii()), field[colon + 1..].trim_ascii()),
            None => (None, field.trim_ascii()),
        })
    })
}

fn line_len(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1)
}

fn is_ip(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':' | b'-'))
}

/// Some writers put URIs in angle brackets, as the grammar of WARC 1.0 has it.
fn unbracket(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"<").and_then(|inner| inner.strip_suffix(b">")).unwrap_or(value)
}

/// UTF-8, else Latin-1, without the line ends of continued fields.
pub(super) fn text(bytes: &[u8]) -> String {
    let joined: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    if joined.contains('\n') { joined.split_ascii_whitespace().collect::<Vec<_>>().join(" ") } else { joined }
}

/// The first bytes of something odd, fit for a message.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes[..bytes.len().min(60)].escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whatever_their_case_brackets_and_line_ends() {
        let bytes = b"WARC/0.17\nwarc-type: response\nWARC-Target-URI: <http://a.example/x y>\nWARC-Record-ID: <urn:uuid:1>\n\
            X-Long: one\n  two\nCONTENT-LENGTH: 7\nWARC-Truncated: length\n\nblock";
        let len = warc_header_len(bytes).unwrap();
        assert_eq!(&bytes[len..], b"block");
        let header = parse_warc(&bytes[..len]).unwrap();
        assert_eq!((header.url.as_str(), header.id.as_str(), header.length), ("http://a.example/x y", "urn:uuid:1", 7));
        assert!(header.truncated && header.http && header.kind == Kind::Response);
    }

    #[test]
    fn bad_headers_say_what_is_wrong() {
        let wrong = |text: &str| parse_warc(text.as_bytes()).unwrap_err();
        assert_eq!(wrong("WARC/1.0\r\nWARC-Type: response\r\n\r\n"), "no Content-Length");
        assert_eq!(wrong("WARC/1.0\r\nContent-Length: 3\r\n\r\n"), "no WARC-Type");
        assert_eq!(wrong("WARC/1.0\r\nContent-Length: -3\r\n\r\n"), "Content-Length is no number: \"-3\"");
        assert_eq!(wrong("WARC/1.0\r\nnonsense\r\n\r\n"), "a line without a colon: \"nonsense\"");
    }

    #[test]
    fn arc_lines_of_both_versions_and_urls_with_spaces() {
        let one = parse_arc(b"http://a.example/b c 192.0.2.1 20080430204825 text/html 680\n").unwrap();
        assert_eq!((one.url.as_str(), one.date.as_str(), one.length), ("http://a.example/b c", "20080430204825", 680));
        let two = parse_arc(b"http://a.example/ 192.0.2.1 20080430204825 text/html 200 abc - 33 x.arc 99\n").unwrap();
        assert_eq!((two.content_type.as_str(), two.length), ("text/html", 99));
        assert_eq!(parse_arc(b"filedesc://x.arc 0.0.0.0 20080430204825 text/plain 75\n").unwrap().kind, Kind::Warcinfo);
        assert_eq!(parse_arc(b"one line of prose that ends in 75\n"), None);
    }
}
