//! Files of code: comments, and the text that a reader of HTML sees.

use memchr::memmem;

use super::{List, Params, share};
use crate::text::{Facts, chars};

/// Share of the characters that lie in comments, their marks not counted.
///
/// The list has the marks that begin a comment as long as its line, and pairs of marks, one space between them, that begin and end one. No comment
/// begins in a literal: between two equal quotes, single or double, of one line, those behind a backslash aside.
pub fn comment_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    share(comment_chars(text, &params.list), facts.chars(text))
}

fn comment_chars(text: &str, list: &List) -> usize {
    // The longest first, so that three quotes are not taken for one.
    let marks = list.iter().map(str::trim).filter(|mark| !mark.is_empty());
    let mut marks: Vec<_> = marks.map(|mark| mark.split_once(' ').unwrap_or((mark, "\n"))).collect();
    marks.sort_by_key(|(open, _)| std::cmp::Reverse(open.len()));
    let mut may_begin = [false; 256];
    for byte in marks.iter().filter_map(|(open, _)| open.bytes().next()).chain(*b"'\"") {
        may_begin[usize::from(byte)] = true;
    }
    let (bytes, mut at, mut found) = (text.as_bytes(), 0, 0);
    // For each kind of quote, up to where none is known to be closed.
    let mut open_until = [0; 2];
    while let Some(ahead) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| may_begin[usize::from(*byte)])) {
        at += ahead;
        let rest = text.get(at..).unwrap_or_default();
        if let Some((inside, close)) = marks.iter().find_map(|(open, close)| Some((rest.strip_prefix(open)?, close))) {
            let length = memmem::find(inside.as_bytes(), close.as_bytes()).unwrap_or(inside.len());
            found += chars::count(inside.get(..length).unwrap_or_default());
            at += rest.len() - inside.len() + length + close.len();
        } else {
            let open = bytes.get(at).and_then(|byte| b"'\"".iter().position(|quote| quote == byte)).and_then(|kind| open_until.get_mut(kind));
            at += match open {
                Some(open) if *open <= at => match literal(rest.as_bytes()) {
                    Ok(length) => length,
                    Err(length) => {
                        *open = at + length;
                        1
                    }
                },
                _ => 1,
            };
        }
    }
    found
}

/// Bytes of the literal at the quote that `rest` begins with, or those of its line where it is not closed in it.
fn literal(rest: &[u8]) -> Result<usize, usize> {
    let quote = rest.first().copied().unwrap_or_default();
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            b'\n' => return Err(at),
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if *byte == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err(rest.len())
}

/// Characters of HTML that are shown: not tags, comments, declarations, scripts and styles. A character reference is one, and so is a run of white space
/// with nothing else between two of these.
pub fn visible_chars(text: &str, _: &mut Facts, _: &Params) -> f64 {
    visible(text) as f64
}

/// Their share of all characters.
pub fn visible_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    share(visible(text), facts.chars(text))
}

fn visible(text: &str) -> usize {
    let (mut found, mut rest, mut piece) = (0, text, Piece::default());
    while let Some(at) = rest.find(['<', '&']) {
        let (shown, markup) = rest.split_at(at);
        piece.add(shown);
        let length = match hidden(markup) {
            Some(length) => {
                found += std::mem::take(&mut piece).chars();
                length
            }
            None => {
                piece.add("&");
                reference(markup)
            }
        };
        rest = markup.get(length..).unwrap_or_default();
    }
    piece.add(rest);
    found + piece.chars()
}

/// Text between two marks.
#[derive(Default)]
struct Piece {
    chars: usize,
    /// It has more than white space.
    inked: bool,
}

impl Piece {
    fn add(&mut self, text: &str) {
        self.chars += chars::count(text);
        self.inked |= text.bytes().any(|byte| !byte.is_ascii_whitespace());
    }

    fn chars(self) -> usize {
        if self.inked { self.chars } else { self.chars.min(1) }
    }
}

/// Bytes of the markup at the start of `markup`, the insides of scripts and styles included; none where it is text.
fn hidden(markup: &str) -> Option<usize> {
    let name = markup.strip_prefix('<')?;
    if name.starts_with("!--") {
        return Some(markup.find("-->").map_or(markup.len(), |at| at + 3));
    }
    if !name.starts_with(|c: char| matches!(c, '!' | '?' | '/') || c.is_ascii_alphabetic()) {
        return None;
    }
    let tag = tag(markup.as_bytes());
    for element in ["script", "style"] {
        let is_element = name.get(..element.len()).is_some_and(|head| head.eq_ignore_ascii_case(element));
        if is_element && !name[element.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Some(tag + closing(markup.get(tag..)?, element));
        }
    }
    Some(tag)
}

/// Bytes of the tag at the start of `markup`; it does not end within a quoted value.
fn tag(markup: &[u8]) -> usize {
    let (mut quote, mut before) = (0, 0);
    for (at, byte) in markup.iter().enumerate() {
        match byte {
            byte if quote == *byte => quote = 0,
            _ if quote != 0 => {}
            b'>' => return at + 1,
            b'"' | b'\'' if before == b'=' => quote = *byte,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = *byte;
        }
    }
    markup.len()
}

/// Bytes before the end tag of `element`.
fn closing(text: &str, element: &str) -> usize {
    let is_end = |at: &usize| text.get(at + 2..at + 2 + element.len()).is_some_and(|name| name.eq_ignore_ascii_case(element));
    text.match_indices("</").map(|(at, _)| at).find(is_end).unwrap_or(text.len())
}

/// Bytes of the character reference at the start of `text`; 1 where there is none.
fn reference(text: &str) -> usize {
    let Some(body) = text.strip_prefix('&') else {
        return 1;
    };
    let name = body.strip_prefix('#').unwrap_or(body);
    let letters = name.bytes().take(32).take_while(u8::is_ascii_alphanumeric).count();
    if letters > 0 && name.as_bytes().get(letters) == Some(&b';') { 1 + body.len() - name.len() + letters + 1 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(text: &str, marks: &[&str]) -> usize {
        comment_chars(text, &List::new(marks.iter().map(|mark| (*mark).to_owned())))
    }

    #[test]
    fn comments_of_two_families() {
        let c = ["//", "/* */"];
        assert_eq!(comments("a // é b\nc /* d\n * e */ f", &c), 4 + 8);
        assert_eq!(comments("s = \"// no\"; t = 'it\\'s // no'; // yes", &c), 4);
        assert_eq!(comments("it's // yes\n", &c), 4);
        assert_eq!((comments("a // b", &[" // "]), comments("a ' // b", &[" "])), (2, 0));
        assert_eq!((comments("/* to the end", &c), comments("//", &c), comments("", &c), comments("a / b", &c)), (11, 0, 0, 0));
        // Linear whatever the quotes.
        assert_eq!(comments(&format!("'{}// c\n'//'// d", "\\'\\\"".repeat(200_000)), &c), 2 + 2);
        let python = ["#", "\"\"\" \"\"\"", "''' '''"];
        assert_eq!(comments("'''é\n# b''' # c\ns = '# no'\n\"\"\"\"quoted\"\"\"", &python), 5 + 2 + 7);
    }

    #[test]
    fn what_html_shows() {
        let of = |text: &str| visible(text);
        assert_eq!(of("<!DOCTYPE html><p class=\"a\">é &amp; &#233;&x <b>c</B></p><!-- <p>no -->"), 9);
        assert_eq!((of("<p>\n  <b> é </b>\n</p> "), of("<a title = \"a > b\" b='>' c=d\">e</a>")), (1 + 3 + 1 + 1, 1));
        assert_eq!(of("<script src=x>if (a < b) no()</SCRIPT>d<style>e</style><styled>f</styled>"), 2);
        assert_eq!((of("a < b & c"), of("<p"), of("<script>no"), of(""), of("<!-- no")), (9, 0, 0, 0, 0));
    }
}
