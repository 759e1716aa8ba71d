//! Telephone numbers: international ones with `+`, those of North America, and Chinese mobile numbers.
//!
//! National forms of other countries look like any number; they are taken with their country code only.

use super::groups::Run;
use super::{Found, Kind};

/// Digits of an international number (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Words after which digits are no telephone number.
const OTHER: [&str; 8] = ["isbn", "issn", "doi", "isin", "id:", "no.", "pmid", "arxiv"];

pub(super) fn phone(run: &Run<'_>, at: usize) -> Option<Found> {
    let (start, groups) = international(run, at).or_else(|| north_american(run, at)).or_else(|| chinese(run, at))?;
    let before = run.before(at);
    if OTHER.iter().any(|word| before.contains(word)) {
        return None;
    }
    let end = run.groups.get(at + groups - 1)?.end;
    Some(Found { kind: Kind::Phone, span: start..end })
}

/// Where the number begins, with the bracket that belongs to it.
fn start(run: &Run<'_>, at: usize) -> usize {
    let first = run.groups.get(at).map_or(0, |group| group.start);
    let bracket = run.text.get(..first).is_some_and(|before| before.ends_with('('));
    if bracket && run.between(at).starts_with(')') { first - 1 } else { first }
}

/// `+49 30 1234567`, `0086-138…`: as many groups as make a number.
fn international(run: &Run<'_>, at: usize) -> Option<(usize, usize)> {
    let first = run.groups.get(at)?.start;
    let before = run.text.get(..first)?;
    let plus = if before.ends_with("(+") && run.between(at).starts_with(')') { 2 } else { usize::from(before.ends_with('+')) };
    if plus == 0 {
        return None;
    }
    if !super::begins(run.text, first - plus) || run.digits(at).starts_with('0') {
        return None;
    }
    let mut digits = 0;
    let mut taken = 0usize;
    for group in at..run.groups.len() {
        let more = run.digits(group).len();
        // A new line of thought is not part of the number: "+49 30 1234567 2019".
        if digits + more > *DIGITS.end() || (digits >= 11 && run.between(group - 1) == " " && more == 4) {
            break;
        }
        digits += more;
        taken += 1;
    }
    let end = run.groups.get(at + taken.checked_sub(1)?)?.end;
    (DIGITS.contains(&digits) && super::ends(run.text, end)).then_some((first - plus, taken))
}

/// `(415) 555-2671`, `1-415-555-2671`: area and exchange begin with 2 to 9.
fn north_american(run: &Run<'_>, at: usize) -> Option<(usize, usize)> {
    let lead = usize::from(run.digits(at) == "1" && matches!(run.between(at), "-" | " " | "." | " ("));
    let parts = [0, 1, 2].map(|part| run.digits(at + lead + part));
    let fits = parts.map(str::len) == [3, 3, 4] && parts[..2].iter().all(|part| part.starts_with(|c| c >= '2'));
    let marks = [run.between(at + lead), run.between(at + lead + 1)];
    let written = matches!(marks, ["-", "-"] | [".", "."] | [") " | ")" | ")-", "-" | " " | "."] | [" ", "-"]);
    (fits && written && run.stands_alone(at, at + lead + 3)).then(|| (start(run, at), lead + 3))
}

/// `138 1234 5678`, `13812345678`, `86-13812345678`.
fn chinese(run: &Run<'_>, at: usize) -> Option<(usize, usize)> {
    let lead = usize::from(matches!(run.digits(at), "86" | "0086") && matches!(run.between(at), "-" | " "));
    let is_mobile = |head: &str| head.starts_with('1') && head[1..].starts_with(|c| c >= '3');
    let head = run.digits(at + lead);
    let groups = match head.len() {
        11 if is_mobile(head) => 1,
        3 if is_mobile(head) => {
            let marks = [run.between(at + lead), run.between(at + lead + 1)];
            let lengths = [1, 2].map(|part| run.digits(at + lead + part).len());
            if lengths != [4, 4] || !matches!(marks, ["-", "-"] | [" ", " "]) {
                return None;
            }
            3
        }
        _ => return None,
    };
    run.stands_alone(at, at + lead + groups).then(|| (start(run, at), lead + groups))
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    #[test]
    fn numbers_are_found_as_they_are_written() {
        for number in [
            "+49 30 1234567",
            "+1 (415) 555-2671",
            "+86 138 1234 5678",
            "+442079460958",
            "(415) 555-2671",
            "415-555-2671",
            "415.555.2671",
            "1-415-555-2671",
            "13812345678",
            "138-1234-5678",
            "138 1234 5678",
        ] {
            let text = format!("Tel: {number}, bitte.");
            assert_eq!(all(&text), [("phone", number)], "{text}");
        }
        assert_eq!(all("电话13812345678联系"), [("phone", "13812345678")]);
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "12345678901",
            "115-555-2671",
            "415-155-2671",
            "+0 30 1234567",
            "+12",
            "555-2671",
            "2019-2020-2021",
            "ISBN 415-555-2671",
            "x415-555-2671",
            "415-555-2671-12",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
