//! Prefixes, suffixes and infixes of spaCy's English rules, as byte lengths.

use std::sync::LazyLock;

use crate::text::chars::{BEFORE_STOP, INFIX, LETTER, LOWER, PREFIX, QUOTE, SUFFIX, UPPER, classes, is};

/// What is taken off after a digit: units, currencies and the plus sign. (Two of spaCy's units are run together; so are they here.)
static AFTER_DIGIT: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut all: Vec<_> = "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s \
        km/h kmh mph hPa Pa mbar mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм \
        кг г мг м/с км/ч кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام \
        جرام جم كغ ملغ كوب اكواب + $ £ € ¥ ฿ US$ C$ A$ ₽ ﷼ ₴ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₾ ₿"
        .split_whitespace()
        .collect();
    all.sort_unstable();
    all
});

/// Characters of the longest of them.
const LONGEST_AFTER_DIGIT: usize = 5;

/// Bytes of the prefix of `word`; 0 where it has none.
#[inline]
pub fn prefix(word: &str) -> usize {
    let bytes = word.as_bytes();
    match bytes {
        [b'.', b'.', ..] => bytes.iter().take_while(|b| **b == b'.').count(),
        [b'+', b'0'..=b'9', ..] => 0,
        [b'U', b'S', b'$', ..] => 3,
        [b'A' | b'C', b'$', ..] => 2,
        _ => word.chars().next().filter(|c| is(*c, PREFIX)).map_or(0, char::len_utf8),
    }
}

/// Bytes of the suffix of `word`; 0 where it has none. `has_digit` says whether there may be an ASCII digit in it.
#[inline]
pub fn suffix(word: &str, has_digit: bool) -> usize {
    let mut before = word.chars();
    let Some(last) = before.next_back() else {
        return 0;
    };
    match last {
        '.' => return stop(before.as_str()),
        '…' if before.as_str().ends_with('…') => return 2 * last.len_utf8(),
        's' | 'S' => {
            if let Some(mark @ ('\'' | '’')) = before.next_back() {
                return mark.len_utf8() + 1;
            }
        }
        _ => {}
    }
    if has_digit {
        let unit = after_digit(word);
        if unit > 0 {
            return unit;
        }
    }
    if is(last, SUFFIX) { last.len_utf8() } else { 0 }
}

/// Bytes of the full stops that end a word, given what stands before the last.
fn stop(before: &str) -> usize {
    let more = before.bytes().rev().take_while(|b| *b == b'.').count();
    if more > 0 {
        return more + 1;
    }
    let mut letters = before.chars();
    let (last, previous) = (letters.next_back(), letters.next_back());
    let off = last.is_some_and(|c| is(c, BEFORE_STOP))
        || match (previous, last) {
            (Some('°'), Some('F' | 'f' | 'C' | 'c' | 'K' | 'k')) => true,
            (Some(a), Some(b)) => is(a, UPPER) && is(b, UPPER),
            _ => false,
        };
    usize::from(off)
}

/// Bytes of the unit or currency that ends `word` right after a digit.
fn after_digit(word: &str) -> usize {
    let mut letters = word.char_indices().rev().take(LONGEST_AFTER_DIGIT + 1);
    let Some((digit, _)) = letters.find(|(_, c)| c.is_ascii_digit()) else {
        return 0;
    };
    let unit = word.get(digit + 1..).unwrap_or_default();
    if !unit.is_empty() && AFTER_DIGIT.binary_search(&unit).is_ok() { unit.len() } else { 0 }
}

/// The first infix of `word` at or after byte `from`: where it starts, and its bytes.
pub fn infix(word: &str, from: usize) -> Option<(usize, usize)> {
    let mut previous = word.get(..from)?.chars().next_back();
    for (at, c) in word.get(from..)?.char_indices() {
        if !c.is_ascii_alphanumeric() {
            let length = infix_at(previous, c, word.get(from + at + c.len_utf8()..)?);
            if length > 0 {
                return Some((from + at, length));
            }
        }
        previous = Some(c);
    }
    None
}

fn infix_at(previous: Option<char>, c: char, rest: &str) -> usize {
    let next = rest.chars().next();
    let before = |of| previous.is_some_and(|p| is(p, of));
    let after = |of| next.is_some_and(|n| is(n, of));
    let digit_before = previous.is_some_and(|p| p.is_ascii_digit());
    let word_before = digit_before || before(LETTER);
    let found = match c {
        '.' if next == Some('.') => return 1 + rest.bytes().take_while(|b| *b == b'.').count(),
        '.' => before(LOWER | QUOTE) && after(UPPER | QUOTE),
        ',' => before(LETTER) && after(LETTER),
        '+' | '*' | '^' => digit_before && next.is_some_and(|n| n.is_ascii_digit() || n == '-'),
        '-' if digit_before && next.is_some_and(|n| n.is_ascii_digit() || n == '-') => true,
        '-' | '—' if word_before => return hyphens(c, rest),
        '–' | '~' => word_before && after(LETTER),
        ':' | '<' | '>' | '=' | '/' => word_before && after(LETTER),
        _ => classes(c) & INFIX != 0,
    };
    if found { c.len_utf8() } else { 0 }
}

/// Bytes of up to three hyphens or two dashes before a letter; 0 where no letter follows.
fn hyphens(c: char, rest: &str) -> usize {
    let tail = rest.trim_start_matches(c);
    let length = c.len_utf8() + rest.len() - tail.len();
    let most = if c == '-' { 3 } else { 2 * c.len_utf8() };
    if length <= most && tail.starts_with(|n| is(n, LETTER)) { length } else { 0 }
}
