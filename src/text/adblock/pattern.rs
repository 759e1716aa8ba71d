//! The body of an Adblock rule: literals, `*` for anything, `^` for a separator or the end, `|` for either end, `||` for a label of the host.

use std::ops::Range;

use memchr::memmem;

/// A body, taken apart.
#[derive(Debug)]
pub struct Pattern {
    start: Start,
    /// What stands between the stars, `^` left in it.
    pieces: Vec<Box<str>>,
    /// The last piece ends the address.
    ends: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Anywhere,
    Address,
    Label,
}

impl Pattern {
    /// Takes a body apart, in lower case unless its case counts.
    pub fn new(body: &str, match_case: bool) -> Pattern {
        let (start, body) = match (body.strip_prefix("||"), body.strip_prefix('|')) {
            (Some(body), _) => (Start::Label, body),
            (None, Some(body)) => (Start::Address, body),
            (None, None) => (Start::Anywhere, body),
        };
        let (ends, body) = body.strip_suffix('|').map_or((false, body), |body| (true, body));
        // A star at an end undoes the anchor there.
        let start = if body.starts_with('*') { Start::Anywhere } else { start };
        let ends = ends && !body.ends_with('*');
        let body = if match_case { body.to_owned() } else { body.to_ascii_lowercase() };
        Pattern { start, pieces: body.split('*').filter(|piece| !piece.is_empty()).map(Into::into).collect(), ends }
    }

    /// The longest text that every matching address holds, of two bytes or more.
    pub fn literal(&self) -> Option<&str> {
        self.pieces.iter().flat_map(|piece| piece.split('^')).max_by_key(|text| text.len()).filter(|text| text.len() > 1)
    }

    /// Whether the pattern matches an address whose host stands at `host`.
    pub fn matches(&self, address: &str, host: Range<usize>) -> bool {
        let text = address.as_bytes();
        let Some((first, others)) = self.pieces.split_first() else { return true };
        let ends = self.ends && others.is_empty();
        let after = |at: usize| piece_at(first, text, at).filter(|end| !ends || *end == text.len()).is_some_and(|end| self.follow(others, text, end));
        match self.start {
            Start::Address => after(0),
            Start::Label => after(host.start) || host.clone().filter(|at| text[*at] == b'.').any(|dot| after(dot + 1)),
            Start::Anywhere => self.follow(&self.pieces, text, 0),
        }
    }

    /// Whether the pieces stand one behind the other from `at` on. The first place for each leaves most room for the others.
    fn follow(&self, pieces: &[Box<str>], text: &[u8], mut at: usize) -> bool {
        for (number, piece) in pieces.iter().enumerate() {
            let ends = self.ends && number + 1 == pieces.len();
            match find(piece, text, at, ends) {
                Some(end) => at = end,
                None => return false,
            }
        }
        true
    }
}

/// The end of the first place from `at` on where the piece stands; with `ends`, of the place where it ends the address.
fn find(piece: &str, text: &[u8], at: usize, ends: bool) -> Option<usize> {
    if !ends && !piece.contains('^') {
        return memmem::find(text.get(at..)?, piece.as_bytes()).map(|found| at + found + piece.len());
    }
    (at..=text.len()).find_map(|at| piece_at(piece, text, at).filter(|end| !ends || *end == text.len()))
}

/// Where the piece ends that begins at `at`, if it stands there.
fn piece_at(piece: &str, text: &[u8], at: usize) -> Option<usize> {
    piece.bytes().try_fold(at, |at, wanted| match (wanted, text.get(at)) {
        (b'^', None) => Some(at),
        (b'^', Some(byte)) => is_separator(*byte).then_some(at + 1),
        (_, byte) => (byte == Some(&wanted)).then_some(at + 1),
    })
}

/// Anything but letters, digits and `_-.%`; letters of other scripts are letters.
fn is_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `body` matches `http://` and the rest.
    fn matches(body: &str, rest: &str) -> bool {
        let end = rest.find('/').unwrap_or(rest.len());
        Pattern::new(body, false).matches(&format!("http://{rest}"), 7..7 + end)
    }

    #[test]
    fn every_mark_does_what_it_says() {
        let cases = [
            ("||ad.example/x", "www.ad.example/x/y", true),
            ("||ad.example/x", "bad.example/x", false),
            ("||ad.example/x", "a.example/ad.example/x", false),
            ("|http://a.", "a.example/", true),
            ("|a.example", "a.example/", false),
            (".swf|", "a.example/x.swf", true),
            (".swf|", "a.example/x.swf?y", false),
            (".swf^|", "a.example/x.swf?", true),
            ("^ad^", "a.example/ad/", true),
            ("^ad^", "a.example/ad", true),
            ("^ad^", "a.example/ad-1", false),
            ("^ad^", "a.example/ad%20", false),
            ("^ad^", "a.example/adé", false),
            ("/a*/b*c|", "a.example/a/x/b/c/bc", true),
            ("/a*/b*c|", "x.example/b/a/c", false),
            ("*/a*", "x.example/a", true),
            ("||a.example*|", "a.example/x", true),
            ("||x*^y", "a.x.example/y", true),
            ("*", "a.example/", true),
            ("aa*aa", "x.example/aaa", false),
            ("ab*ab|", "x.example/abcabab", true),
        ];
        for (body, rest, wanted) in cases {
            assert_eq!(matches(body, rest), wanted, "{body} {rest}");
        }
    }

    #[test]
    fn a_literal_stands_in_every_match() {
        let literal = |body: &str| Pattern::new(body, false).literal().map(str::to_owned);
        assert_eq!(literal("||Ad.example^*banner").as_deref(), Some("ad.example"));
        assert_eq!([literal("^a^"), literal("*"), literal("")], [None, None, None]);
    }
}
