//! Numbers with a check digit: bank accounts, payment cards, Chinese citizen numbers.

use super::groups::Run;
use super::{Found, Kind, begins, ends};

/// Country and length of its IBANs (registry of ISO 13616).
const IBANS: [(&str, usize); 77] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("XK", 20),
];

/// An IBAN whose first two digits are group `at`, written in one piece or in fours.
pub(super) fn iban(run: &Run<'_>, at: usize) -> Option<Found> {
    let start = run.groups.get(at)?.start.checked_sub(2)?;
    let country = run.text.get(start..start + 2)?;
    let (_, length) = IBANS.iter().find(|(code, _)| *code == country)?;
    let mut signs = Vec::with_capacity(*length);
    let mut end = start;
    for byte in run.text.get(start..)?.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => signs.push(byte),
            b' ' if signs.len() % 4 == 0 && !signs.is_empty() => {}
            _ => break,
        }
        end += 1;
        if signs.len() == *length {
            break;
        }
    }
    let valid = signs.len() == *length && begins(run.text, start) && ends(run.text, end) && remainder(&signs) == 1;
    valid.then_some(Found { kind: Kind::Iban, span: start..end })
}

/// ISO 7064, modulo 97, of the signs after the fourth, then the first four; letters count 10 to 35.
fn remainder(signs: &[u8]) -> u32 {
    signs[4..].iter().chain(&signs[..4]).fold(0, |sum, sign| {
        let value = (*sign as char).to_digit(36).unwrap_or_default();
        (sum * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

/// A card number in one piece, in fours, or as 4-6-5.
pub(super) fn card(run: &Run<'_>, at: usize) -> Option<Found> {
    let lengths: Vec<usize> = (at..run.groups.len().min(at + 5)).map(|group| run.digits(group).len()).collect();
    let groups = match lengths[..] {
        [13..=19, ..] => 1,
        [4, 6, 5, ..] => 3,
        [4, 4, 4, 4, 1..=3, ..] if run.between(at + 3) == run.between(at) => 5,
        [4, 4, 4, 1..=4, ..] => 4,
        _ => return None,
    };
    let mark = run.between(at);
    let even = groups == 1 || matches!(mark, " " | "-") && (at..at + groups - 1).all(|group| run.between(group) == mark);
    let digits: String = (at..at + groups).map(|group| run.digits(group)).collect();
    let span = run.groups.get(at)?.start..run.groups.get(at + groups - 1)?.end;
    (even && run.stands_alone(at, at + groups) && is_issued(&digits) && luhn(&digits)).then_some(Found { kind: Kind::Card, span })
}

/// Begins as the numbers of the large networks do, with a length that they use.
fn is_issued(digits: &str) -> bool {
    let head = |length: usize| digits.get(..length).and_then(|head| head.parse::<u32>().ok()).unwrap_or_default();
    match digits.len() {
        15 => matches!(head(2), 34 | 37),
        13 | 16 | 19 if head(1) == 4 => true,
        16 if matches!(head(2), 51..=55) || matches!(head(4), 2221..=2720) => true,
        16..=19 => matches!(head(2), 62 | 65) || head(4) == 6011 || matches!(head(3), 644..=649) || matches!(head(4), 3528..=3589),
        _ => false,
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| match u32::from(digit - b'0') * (1 + at as u32 % 2) {
            double @ 10.. => double - 9,
            value => value,
        })
        .sum();
    // One digit throughout is a line of a table, not a card.
    sum.is_multiple_of(10) && digits.bytes().any(|digit| Some(digit) != digits.bytes().next())
}

/// A Chinese citizen number (GB 11643): region, date of birth, sequence, check sign.
pub(super) fn id_number(run: &Run<'_>, at: usize) -> Option<Found> {
    let group = *run.groups.get(at)?;
    let digits = run.digits(at);
    let ends_in_x = digits.len() == 17 && run.text.get(group.end..)?.starts_with(['X', 'x']);
    if digits.len() != 18 && !ends_in_x {
        return None;
    }
    let end = group.start + 18;
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or_default();
    let born = (1900..2100).contains(&number(6..10)) && (1..=12).contains(&number(10..12)) && (1..=31).contains(&number(12..14));
    let sum: u32 = digits.bytes().take(17).zip(0..).map(|(digit, place)| u32::from(digit - b'0') * (2u32.pow(17 - place) % 11)).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    let written = run.text.as_bytes()[end - 1].to_ascii_uppercase();
    let valid = (1..=8).contains(&number(0..1)) && born && check == written && begins(run.text, group.start) && ends(run.text, end);
    valid.then_some(Found { kind: Kind::IdNumber, span: group.start..end })
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    #[test]
    fn checked_numbers_are_found() {
        assert_eq!(all("Konto DE89 3704 0044 0532 0130 00."), [("iban", "DE89 3704 0044 0532 0130 00")]);
        assert_eq!(all("GB82WEST12345698765432"), [("iban", "GB82WEST12345698765432")]);
        assert_eq!(all("card 4111 1111 1111 1111, 378282246310005"), [("card", "4111 1111 1111 1111"), ("card", "378282246310005")]);
        assert_eq!(all("5555-5555-5555-4444"), [("card", "5555-5555-5555-4444")]);
        assert_eq!(all("身份证号11010519491231002X。"), [("id_number", "11010519491231002X")]);
    }

    #[test]
    fn a_wrong_check_digit_is_another_number() {
        for text in [
            "DE88 3704 0044 0532 0130 00",
            "GB82WEST12345698765433",
            "4111 1111 1111 1112",
            "110105194912310021",
            "0000000000000000",
            "XX89370400440532013000",
            "11010519491331002X",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
