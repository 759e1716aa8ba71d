//! HTML character references left in plain text: `&eacute;`, `&#233;`, `&amp;amp;`.
//!
//! Only whole ones, with their semicolon. Names written in capitals by a program are taken too where HTML has no such name.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Longest name of HTML, with room: what is longer is no reference.
const LONGEST: usize = 40;

/// Decodes every reference; `None` where there is none. Adds their number.
pub fn decode(text: &str, count: &mut u64) -> Option<String> {
    let mut out = String::new();
    let (mut from, mut at) = (0, 0);
    while let Some(step) = text.get(at..).and_then(|rest| memchr::memchr(b'&', rest.as_bytes())) {
        at += step;
        let Some((mut decoded, used)) = text.get(at..).and_then(one) else {
            at += 1;
            continue;
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        at += used;
        *count += 1;
        // `&amp;` may begin another reference: text that was escaped more than once.
        while decoded == "&"
            && let Some((again, used)) = text.get(at..).and_then(after_ampersand)
        {
            decoded = again;
            at += used;
            *count += 1;
        }
        out.push_str(&decoded);
        from = at;
    }
    (from > 0).then(|| out + text.get(from..).unwrap_or_default())
}

/// The reference at the start of `text`, which begins with `&`, and its length.
fn one(text: &str) -> Option<(String, usize)> {
    let (decoded, used) = after_ampersand(text.strip_prefix('&')?)?;
    Some((decoded, used + 1))
}

fn after_ampersand(rest: &str) -> Option<(String, usize)> {
    let end = rest.bytes().take(LONGEST).position(|b| !b.is_ascii_alphanumeric() && b != b'#')?;
    let name = rest.get(..end)?;
    if rest.as_bytes().get(end) != Some(&b';') || name.is_empty() {
        return None;
    }
    let decoded = match name.strip_prefix('#') {
        Some(digits) => String::from(numbered(digits)?),
        None => named(name).or_else(|| capitals(name))?,
    };
    Some((decoded, end + 1))
}

fn numbered(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    match code.ok()? {
        code @ 0x80..=0x9F => C1_REPLACEMENTS.get(code as usize - 0x80).copied().flatten(),
        code if code < 0x20 && !matches!(code, 9 | 10 | 13) => None,
        code => char::from_u32(code),
    }
}

fn named(name: &str) -> Option<String> {
    let (first, second) = *NAMED_ENTITIES.get(format!("{name};").as_str())?;
    let decoded: String = [first, second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32).collect();
    Some(decoded).filter(|decoded| !decoded.is_empty())
}

fn capitals(name: &str) -> Option<String> {
    let all = name.bytes().all(|b| !b.is_ascii_lowercase());
    all.then(|| named(&name.to_ascii_lowercase()).map(|decoded| decoded.to_uppercase())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_references_are_decoded() {
        for (from, to) in [
            ("P&eacute;rez &#233; &#xE9;", "Pérez é é"),
            ("&amp;amp;lt; &amp;b", "< &b"),
            ("P&EACUTE;REZ BUNDESSTRA&SZLIG;E", "PÉREZ BUNDESSTRASSE"),
            ("&nTILDE; &copy &xyzzy; this&not that & &; &#; &#0; &#xD800; &#x80;", "&nTILDE; &copy &xyzzy; this&not that & &; &#; &#0; &#xD800; €"),
        ] {
            assert_eq!(decode(from, &mut 0).as_deref(), Some(to));
        }
        let mut count = 0;
        assert_eq!((decode("AT&T", &mut count), count), (None, 0));
        assert_eq!(decode(&"&amp;".repeat(3).replace("&amp;", "&amp;amp;"), &mut count).as_deref(), Some("&&&"));
    }
}
