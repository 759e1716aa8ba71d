//! Mail addresses: a local part, `@`, a host name of two labels or more.

use memchr::memchr_iter;

use super::{Found, Kind};

/// Longest local part and host name (RFC 5321).
const LOCAL: usize = 64;
const HOST: usize = 255;

pub(super) fn find(text: &str, out: &mut Vec<Found>) {
    let mut floor = 0;
    for at in memchr_iter(b'@', text.as_bytes()) {
        if let Some(start) = local(text, floor, at)
            && let Some(end) = host(text, at + 1)
        {
            out.push(Found { kind: Kind::Email, span: start..end });
            floor = end;
        }
    }
}

/// Where the local part begins.
fn local(text: &str, floor: usize, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-'".contains(&byte);
    let mut start = at;
    while start > floor && is_local(bytes[start - 1]) {
        start -= 1;
        if at - start > LOCAL {
            return None;
        }
    }
    // A dot or a mark before the address ends a sentence or opens a list.
    while start < at && !bytes[start].is_ascii_alphanumeric() && bytes[start] != b'_' {
        start += 1;
    }
    (start < at && bytes[at - 1] != b'.').then_some(start)
}

/// Where the host name ends.
fn host(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut end = 0;
    let mut labels = 0;
    loop {
        let label = rest.get(end..)?;
        let ascii = label.starts_with(|c: char| c.is_ascii_alphanumeric());
        // In a text without spaces the words after the address are no part of it: a label is ASCII, or none of it is.
        let is_part = |c: char| if ascii { c.is_ascii_alphanumeric() || c == '-' } else { c.is_alphanumeric() && !c.is_ascii() };
        let length: usize = label.chars().take(HOST).take_while(|c| is_part(*c)).map(char::len_utf8).sum();
        let length = label.get(..length)?.trim_end_matches('-').len();
        if length == 0 {
            break;
        }
        labels += 1;
        let last = label.get(..length)?;
        let dotted = label.get(length..)?.starts_with('.');
        end += length;
        if end > HOST {
            return None;
        }
        let next_is_part = label.get(length + 1..).and_then(|next| next.chars().next()).is_some_and(char::is_alphanumeric);
        if !(dotted && next_is_part) {
            let named = labels >= 2 && last.chars().count() >= 2 && last.chars().any(char::is_alphabetic);
            return named.then_some(start + end);
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        assert_eq!(all("Mail jane.doe+news@mail.example.co.uk."), [("email", "jane.doe+news@mail.example.co.uk")]);
        assert_eq!(all("(o'neil@example.com), <x_1@example.org>"), [("email", "o'neil@example.com"), ("email", "x_1@example.org")]);
        assert_eq!(all("邮箱：li.wei@example.cn，请联系"), [("email", "li.wei@example.cn")]);
        assert_eq!(all("пиши на ivan@почта.рф сейчас"), [("email", "ivan@почта.рф")]);
        assert_eq!(all("a@b@example.com"), [("email", "b@example.com")]);
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in ["user@localhost", "@handle", "a@b.1", "x.@example.com", "ring@ home.de", "1@2.3"] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
