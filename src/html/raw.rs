//! Where comments and the bodies of raw-text elements (script, style and the like) end.

use memchr::memchr;

/// Byte offset at which the body that starts at 0 ends: that of the `<` of its end tag, or the length where there is none.
///
/// `script` adds the escaped and double-escaped states of script data, in which `<!-- <script> ... </script> -->` does not end it.
pub fn raw_end(body: &[u8], name: &[u8], script: bool) -> usize {
    let mut escaped = false;
    let mut doubly = false;
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let found = if escaped { rest.iter().position(|&b| b == b'<' || b == b'-') } else { memchr(b'<', rest) };
        let Some(step) = found else { return body.len() };
        at += step;
        let here = &body[at..];
        if here[0] == b'-' {
            if here.starts_with(b"-->") {
                (escaped, doubly) = (false, false);
                at += 2;
            }
        } else if is_tag(here, b"</", name) {
            if !doubly {
                return at;
            }
            doubly = false;
        } else if script && !escaped && here.starts_with(b"<!--") {
            escaped = true;
            // The two dashes may already belong to a closing `-->`.
            at += 1;
        } else if script && escaped && !doubly && is_tag(here, b"<", name) {
            doubly = true;
        }
        at += 1;
    }
    body.len()
}

fn is_tag(here: &[u8], open: &[u8], name: &[u8]) -> bool {
    let end = open.len() + name.len();
    here.starts_with(open)
        && here.get(open.len()..end).is_some_and(|n| n.eq_ignore_ascii_case(name))
        && here.get(end).is_some_and(|b| matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'/' | b'>'))
}

/// Length of the comment at the start of `bytes`, which begin with `<!--`.
pub fn comment_end(bytes: &[u8]) -> usize {
    let inner = &bytes[4..];
    if inner.starts_with(b">") {
        return 5;
    }
    if inner.starts_with(b"->") {
        return 6;
    }
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&inner[at..], b"--") {
        at += found;
        match &inner[at + 2..] {
            [b'>', ..] => return 4 + at + 3,
            [b'!', b'>', ..] => return 4 + at + 4,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::raw_end;

    #[test]
    fn ends_at_the_end_tag_in_any_case() {
        let cases: [(&[u8], usize); 7] = [
            (b"a<b</ScRiPt >", 3),
            (b"</scripty></script>", 10),
            (b"<!-- </script> -->", 5),
            (b"<!-- <script> </script> --></script>", 27),
            (b"<!-- <script> </script> </script>", 24),
            (b"<!--><script></script>", 13),
            (b"no end </script", 15),
        ];
        for (body, end) in cases {
            assert_eq!(raw_end(body, b"script", true), end, "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(raw_end(b"<!-- <style> </style>", b"style", false), 13);
    }
}
