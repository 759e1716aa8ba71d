//! What spaCy takes for a URL, an e-mail address or a host name, and leaves whole.
//!
//! `[scheme://][user@]host[:port][/path]`, where host is names and dots up to a lower-case top-level
//! name of two letters or more, or a public IPv4 address. Read off spaCy's `url_match`, 3.8.18.

use crate::text::chars::{ALPHA, DIGIT, LOWER, is};

/// Whether the whole of `word`, which has no white space in it, reads as a URL.
pub fn is_url(word: &str) -> bool {
    if !word.contains('.') {
        return false;
    }
    let after_scheme = word.split_once("://").filter(|(scheme, _)| scheme.chars().nth(1).is_some() && scheme.chars().all(in_scheme)).map(|(_, rest)| rest);
    let after_user = word.match_indices('@').filter(|(at, _)| *at > 0).filter_map(|(at, _)| word.get(at + 1..));
    ends_in_host(word) || after_scheme.is_some_and(ends_in_host) || after_user.into_iter().any(ends_in_host)
}

fn in_scheme(c: char) -> bool {
    matches!(c, '_' | '+' | '-' | '.') || is(c, ALPHA) || c.is_numeric()
}

/// `host[:port][/path]` and nothing more.
fn ends_in_host(text: &str) -> bool {
    after_address(text).is_some_and(ends_after_host) || after_name(text).is_some_and(ends_after_host)
}

fn ends_after_host(rest: &str) -> bool {
    let path = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', '#']);
    path(rest)
        || rest.strip_prefix(':').is_some_and(|port| {
            let digits = port.chars().take_while(|c| is(*c, DIGIT)).count();
            (2..=5).contains(&digits) && path(port.trim_start_matches(|c| is(c, DIGIT)))
        })
}

/// What follows a host name at the start of `text`.
fn after_name(text: &str) -> Option<&str> {
    let mut rest = text;
    let mut labels = 0;
    loop {
        let (mut last, mut size) = (None, 0);
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                let inside = in_label(*c) || matches!(c, '_' | '-');
                let proper = inside && size < 64 && (size > 0 || in_label(*c));
                if proper {
                    (last, size) = (Some(*c), size + 1);
                }
                !proper
            })
            .map_or(rest.len(), |(at, _)| at);
        let (label, tail) = rest.split_at_checked(end)?;
        match tail.strip_prefix('.') {
            Some(after) if last.is_some_and(in_label) => {
                labels += 1;
                rest = after;
            }
            _ if labels == 0 => return None,
            _ => {
                let top = label.find(|c| !is(c, LOWER)).unwrap_or(label.len());
                let letters = label.get(..top)?.chars().count();
                return (2..=63).contains(&letters).then(|| rest.get(top..)).flatten();
            }
        }
    }
}

fn in_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || ('\u{a1}'..='\u{ffff}').contains(&c)
}

/// What follows a public IPv4 address at the start of `text`.
fn after_address(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (address, rest) = text.split_at_checked(end)?;
    let mut parts = [0u32; 4];
    let mut fields = address.split('.');
    for (place, part) in parts.iter_mut().enumerate() {
        let digits = fields.next().filter(|digits| (1..=3).contains(&digits.len()))?;
        let padded = digits.starts_with('0') && (digits.len() > 2 || place == 0 || place == 3);
        *part = digits.parse().ok().filter(|_| !padded)?;
    }
    let [a, b, c, d] = parts;
    let private = matches!((a, b), (10 | 127, _) | (169, 254) | (192, 168) | (172, 16..=31));
    (fields.next().is_none() && (1..=223).contains(&a) && b <= 255 && c <= 255 && (1..=254).contains(&d) && !private).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_urls_from_words_with_dots() {
        for url in ["example.com", "a-b.example.com/x-y", "http://8.8.8.8:80/a", "me@mail-x.org", "https://x.io?a=b", "é.fr"] {
            assert!(is_url(url), "{url}");
        }
        for word in ["end.Next", "a.b", "3.14", "10.0.0.1", "-x.com", "x-.com", "http://host/path", "a.com:1", "x.com,y", "e.g"] {
            assert!(!is_url(word), "{word}");
        }
    }
}
