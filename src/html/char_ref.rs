//! Character references (WHATWG HTML 13.2.5.72 to 80): `&amp;`, `&#65;`, `&#x41;`.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use std::borrow::Cow;

/// Decodes all references in a piece of text or, with `in_attribute`, of an attribute value. NUL becomes U+FFFD.
pub fn decode(text: &str, in_attribute: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr::memchr2(b'&', 0, bytes) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let (mut at, mut from) = (first, 0);
    loop {
        out.push_str(&text[from..at]);
        if bytes[at] == 0 {
            out.push('\u{FFFD}');
            from = at + 1;
        } else if let Some(used) = one(&bytes[at..], in_attribute, &mut out) {
            from = at + used;
        } else {
            out.push('&');
            from = at + 1;
        }
        match memchr::memchr2(b'&', 0, &bytes[from..]) {
            Some(step) => at = from + step,
            None => break,
        }
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Decodes the reference at the start of `bytes`, which begin with `&`; returns its length.
fn one(bytes: &[u8], in_attribute: bool, out: &mut String) -> Option<usize> {
    match bytes.get(1)? {
        b'#' => numeric(bytes, out),
        b if b.is_ascii_alphanumeric() => named(bytes, in_attribute, out),
        _ => None,
    }
}

fn numeric(bytes: &[u8], out: &mut String) -> Option<usize> {
    let (radix, start) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (16, 3) } else { (10, 2) };
    let mut code = 0u32;
    let mut at = start;
    while let Some(digit) = bytes.get(at).and_then(|b| char::from(*b).to_digit(radix)) {
        code = code.saturating_mul(radix).saturating_add(digit);
        at += 1;
    }
    if at == start {
        return None;
    }
    if bytes.get(at) == Some(&b';') {
        at += 1;
    }
    out.push(match code {
        0x80..=0x9F => C1_REPLACEMENTS[(code - 0x80) as usize].unwrap_or(char::from_u32(code).unwrap_or('\u{FFFD}')),
        0 => '\u{FFFD}',
        _ => char::from_u32(code).unwrap_or('\u{FFFD}'),
    });
    Some(at)
}

fn named(bytes: &[u8], in_attribute: bool, out: &mut String) -> Option<usize> {
    let mut end = 1;
    let mut found = None;
    // The table holds every beginning of a name too, so that the first miss ends the search.
    while let Some(b) = bytes.get(end)
        && (b.is_ascii_alphanumeric() || *b == b';')
    {
        end += 1;
        match std::str::from_utf8(&bytes[1..end]).ok().and_then(|name| NAMED_ENTITIES.get(name)) {
            Some(&(0, _)) => {}
            Some(&pair) => found = Some((end, pair)),
            None => break,
        }
    }
    let (end, (first, second)) = found?;
    let closed = bytes[end - 1] == b';';
    if in_attribute && !closed && bytes.get(end).is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric()) {
        return None;
    }
    out.extend([first, second].into_iter().filter(|c| *c != 0).filter_map(char::from_u32));
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references() {
        let cases = [
            ("a &amp; b &lt;", "a & b <"),
            ("&copy 2024 &notit; &noti", "© 2024 ¬it; ¬i"),
            ("&#65;&#x42;&#x80;&#0;&#xD800;&#9999999999;", "AB€\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("& &; &#; &#x; &xyzzy; &", "& &; &#; &#x; &xyzzy; &"),
            ("&NotEqualTilde;\0", "≂̸\u{FFFD}"),
        ];
        for (from, to) in cases {
            assert_eq!(decode(from, false), to);
        }
        assert_eq!(decode("?a=1&copy=2&amp;b&lt", true), "?a=1&copy=2&b<");
    }
}
