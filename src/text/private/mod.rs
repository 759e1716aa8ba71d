//! Personal data and secrets in a text: where they stand and what they are.
//!
//! Nothing is taken for a number of its kind by its look alone where a check exists: card numbers pass Luhn's sum (ISO/IEC 7812), IBANs the
//! remainder of ISO 7064, Chinese citizen numbers their check digit (GB 11643), addresses must be public ones.

mod email;
mod groups;
mod ip;
mod numbers;
mod phone;
mod secrets;

use std::ops::Range;

pub use secrets::Secrets;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A private key, an access token of a known service, a signed web token.
    Secret,
    /// A mail address.
    Email,
    /// A bank account number.
    Iban,
    /// The number of a payment card.
    Card,
    /// A Chinese citizen identity number.
    IdNumber,
    /// A public IPv4 or IPv6 address.
    Ip,
    /// A telephone number: international, North American or Chinese.
    Phone,
}

impl Kind {
    /// All kinds; where two claim the same characters, the earlier has them.
    pub const ALL: [Kind; 7] = [Kind::Secret, Kind::Email, Kind::Iban, Kind::Card, Kind::IdNumber, Kind::Ip, Kind::Phone];

    /// Its name in settings and tags.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Email => "email",
            Kind::Iban => "iban",
            Kind::Card => "card",
            Kind::IdNumber => "id_number",
            Kind::Ip => "ip",
            Kind::Phone => "phone",
        }
    }
}

/// One finding: bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

/// Everything of the wanted kinds in `text`, in order, without overlaps. Work is linear in the text.
pub fn find(text: &str, kinds: &[Kind], secrets: &Secrets) -> Vec<Found> {
    let mut found = Vec::new();
    if kinds.contains(&Kind::Secret) {
        secrets.find(text, &mut found);
    }
    if kinds.contains(&Kind::Email) {
        email::find(text, &mut found);
    }
    if kinds.contains(&Kind::Ip) {
        ip::find_v6(text, &mut found);
    }
    if kinds.iter().any(|kind| *kind != Kind::Secret && *kind != Kind::Email) {
        groups::find(text, kinds, &mut found);
    }
    without_overlaps(found)
}

/// Whether what was found is reserved for examples and so is nobody's: mail under RFC 2606's names, telephone numbers 555-0100 to 555-0199. Internet addresses for
/// documentation are not found at all.
pub fn is_reserved(kind: Kind, found: &str) -> bool {
    match kind {
        Kind::Email => {
            let host = found.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
            let under = |name: &&str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            ["example.com", "example.net", "example.org", "example", "test", "invalid"].iter().any(under)
        }
        Kind::Phone => {
            let digits: String = found.chars().filter(char::is_ascii_digit).collect();
            matches!(digits.len(), 10 | 11) && digits[digits.len() - 7..].starts_with("55501")
        }
        _ => false,
    }
}

/// Keeps of overlapping findings the one of the earlier kind, then the one that begins first.
fn without_overlaps(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| (one.kind, one.span.start));
    let mut kept = std::collections::BTreeMap::<usize, Found>::new();
    for one in found {
        let before = kept.range(..one.span.end).next_back();
        if before.is_none_or(|(_, other)| other.span.end <= one.span.start) {
            kept.insert(one.span.start, one);
        }
    }
    kept.into_values().collect()
}

/// True where no letter, digit or underscore touches `at` from the left.
fn begins(text: &str, at: usize) -> bool {
    text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !is_joined(c))
}

/// True where none touches it from the right.
fn ends(text: &str, at: usize) -> bool {
    text.get(at..).and_then(|after| after.chars().next()).is_none_or(|c| !is_joined(c))
}

/// Letters of scripts written without spaces stand beside numbers that are none of theirs.
fn is_joined(c: char) -> bool {
    c == '_' || c.is_alphanumeric() && !super::chars::without_spaces(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn all(text: &str) -> Vec<(&'static str, &str)> {
        find(text, &Kind::ALL, &Secrets::new()).into_iter().map(|found| (found.kind.name(), &text[found.span])).collect()
    }

    #[test]
    fn kinds_stand_beside_each_other_without_overlap() {
        let text = "写信到 13812345678@163.com 或拨打13812345678，服务器 8.8.8.8。";
        assert_eq!(all(text), [("email", "13812345678@163.com"), ("phone", "13812345678"), ("ip", "8.8.8.8")]);
        assert_eq!(find(text, &[Kind::Ip], &Secrets::new()).len(), 1);
    }

    #[test]
    fn examples_are_told_from_people() {
        for (kind, found) in
            [(Kind::Email, "a@example.com"), (Kind::Email, "b@mail.Example.org"), (Kind::Email, "c@firma.test"), (Kind::Phone, "+1-202-555-0142")]
        {
            assert!(is_reserved(kind, found), "{found}");
        }
        for (kind, found) in
            [(Kind::Email, "a@notexample.com"), (Kind::Email, "b@example.com.de"), (Kind::Phone, "+1-202-555-2142"), (Kind::Card, "4111111111111111")]
        {
            assert!(!is_reserved(kind, found), "{found}");
        }
    }

    #[test]
    fn ordinary_numbers_are_none_of_it() {
        for text in [
            "In 2019 there were 1,234,567 of them, 3.14159265358979 each, at 12:30:45 on 2021-03-04.",
            "ISBN 978-3-16-148410-0, doi:10.1000/182, order 4111111111111112, version 1.2.3.4, v10.20.30.40",
            "192.168.0.1 127.0.0.1 10.1.2.3 0.0.0.0 224.0.0.1 ::1 fe80::1 1.2.3 1.2.3.4.5 std::string a::b",
            "https://example.org/item/13812345678?id=4155552671 sha 4155552671abc #4155552671",
            "DE00 0000 0000 0000 0000 00, user@localhost, @name, a@b, 100 @ 5.50, 110101199013011234",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }

    #[test]
    fn nothing_breaks_it() {
        for text in [
            "",
            "@",
            "@@@@",
            "1",
            "+",
            "(((((",
            "a@",
            "@b.c",
            "1.1.1.",
            "-----BEGIN PRIVATE KEY-----",
            "AKIA",
            "中@文.网",
            "::::::",
            "+1 (((",
            "\u{301}@\u{301}.de",
        ] {
            let _ = all(text);
        }
        let long = "1 ".repeat(100_000) + &"1".repeat(100_000) + &"a@".repeat(100_000) + &"a:".repeat(100_000);
        let began = all(&long).len();
        assert_eq!(began, 0);
    }
}
