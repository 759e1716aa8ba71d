//! What tells broken text from text: characters beside each other that no writer puts there, and what they would be if mended.
//!
//! A broken character is read as a letter and one to three more, most of them signs. Each *odd pair* among them and their neighbours counts one: a letter and a
//! sign that does not follow letters, a capital after a small letter, two signs, letters of two scripts, a control character. The measure has
//! the purpose of ftfy's "badness"; its classes come from Unicode's properties instead of lists.

use super::codepages::{CENTRAL, DOS, LATIN_2, MAC, Page, TURKISH, WESTERN};

/// What a character is, as far as its neighbours care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// White space, digits, ASCII punctuation.
    Plain,
    Lower,
    Upper,
    /// A letter without case.
    Letter,
    /// Follows letters: closing quotes, dashes, the ellipsis, the no-break space.
    Closing,
    /// Goes before letters and never after.
    Opening,
    /// Part of a frame.
    Frame,
    /// Any other sign.
    Sign,
    Control,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' => Kind::Lower,
        'A'..='Z' => Kind::Upper,
        '\0'..='\x7f' => Kind::Plain,
        '\u{80}'..='\u{9f}' => Kind::Control,
        'ª' | 'º' | 'µ' | 'ƒ' | '\u{2b0}'..='\u{2ff}' => Kind::Sign,
        '\u{a0}' | '\u{ad}' | '·' | '»' | '›' | '’' | '‘' | '“' | '”' | '–' | '—' | '―' | '…' => Kind::Closing,
        '«' | '‹' | '‚' | '„' | '¡' | '¿' => Kind::Opening,
        '\u{2500}'..='\u{259f}' => Kind::Frame,
        c if c.is_lowercase() => Kind::Lower,
        c if c.is_uppercase() => Kind::Upper,
        c if c.is_alphabetic() => Kind::Letter,
        _ => Kind::Sign,
    }
}

/// Quotes, dashes and the like, which stand beside any word.
pub fn is_punctuation(c: char) -> bool {
    matches!(kind(c), Kind::Closing | Kind::Opening)
}

fn is_letter(kind: Kind) -> bool {
    matches!(kind, Kind::Lower | Kind::Upper | Kind::Letter)
}

/// Latin, Greek and Cyrillic are told apart.
fn script(c: char) -> u32 {
    match c as u32 {
        ..0x370 | 0x1E00..0x1F00 => 0,
        0x370..0x400 | 0x1F00..0x2000 => 1,
        0x400..0x530 => 2,
        _ => 3,
    }
}

/// Whether `b` after `a` is odd; at least one of them is beyond ASCII.
fn odd_pair(a: char, b: char) -> bool {
    use Kind::{Closing, Control, Frame, Lower, Opening, Plain, Sign, Upper};
    match (kind(a), kind(b)) {
        (_, Control) => true,
        (Control | Plain, _) | (_, Plain) => false,
        (Lower, Upper) => true,
        // The ligature stands between plain letters only.
        (a_kind, b_kind) if is_letter(a_kind) && is_letter(b_kind) => script(a) != script(b) || matches!(b, 'œ' | 'Œ') && !a.is_ascii(),
        (Lower | Upper, _) if matches!(a, 'œ' | 'Œ') => true,
        (a_kind, Sign | Opening | Frame) if is_letter(a_kind) => true,
        (Frame, b_kind) | (Sign, b_kind) if is_letter(b_kind) => true,
        (Sign, Sign | Opening | Frame) | (Frame, Sign | Opening) | (Closing | Opening, Sign | Frame) => true,
        _ => false,
    }
}

/// Counts what is odd about `seen`, read by `page` between `before` and `after`. `mended` is what it would be.
pub fn odd(page: Page, before: Option<char>, seen: &[char], after: Option<char>, mended: char) -> u32 {
    let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else { return 0 };
    let letter = |c: Option<char>| c.is_some_and(|c| is_letter(kind(c)));
    let signs = matches!(page, MAC | DOS);
    if signs && !letter(before) {
        // Signs and frames stand alone for good reasons.
        let framed = seen.iter().all(|c| kind(*c) == Kind::Frame);
        if framed || last == 'π' || !(letter(after) || before == Some('\'')) && seen.len() < 3 {
            return 0;
        }
    }
    let inside: u32 = seen.windows(2).map(|pair| if kind(pair[1]) == Kind::Control { 2 } else { u32::from(odd_pair(pair[0], pair[1])) }).sum();
    let into = before.is_some_and(|before| match kind(before) {
        Kind::Lower => odd_pair(before, first),
        b if is_letter(b) => odd_pair(before, first),
        // What begins a word stands after a space.
        _ => matches!(before, '.' | ',' | ';' | ':' | '!' | '?') && mended == '\u{a0}',
    });
    let out_of = after.is_some_and(|after| match (kind(last), kind(after)) {
        (Kind::Sign | Kind::Frame, Kind::Lower) => true,
        (Kind::Lower, Kind::Upper) => after.is_ascii() && seen.len() == 2,
        // Two scripts in one word.
        (a, b) if is_letter(a) && is_letter(b) => after.is_ascii() && script(last) != script(after),
        // A mark with letters on both sides, but for dashes, apostrophes and dots, which join words.
        (Kind::Opening, b) => is_letter(b) && after.is_ascii(),
        // The letter `à` whose second half is a space.
        (Kind::Closing, b) if first == 'Ã' && last == '\u{a0}' => b == Kind::Lower || after == ' ',
        (Kind::Closing, b) => is_letter(b) && (matches!(last, '”' | '“' | '»' | '›' | '‘') || first == 'Ã' && matches!(last, '–' | '—')),
        _ => false,
    });
    // No language writes these two letters before another letter of those pages.
    let pair = matches!(page, WESTERN | TURKISH) && matches!(first, 'Ã' | 'Â') && seen.get(1).is_some_and(|c| is_letter(kind(*c)));
    let quote = page == MAC && seen.len() == 3 && ('\u{2010}'..='\u{2027}').contains(&mended);
    // Nor does a word of Romanian begin with this one.
    let word = matches!(page, CENTRAL | LATIN_2) && first == 'Ă' && !letter(before) && seen.get(1).is_some_and(|c| kind(*c) == Kind::Sign);
    let mark = if mended == '\u{FEFF}' { 2 } else { 0 };
    inside + u32::from(into) + u32::from(out_of) + u32::from(pair || word) + u32::from(quote) + mark
}

/// One for what a reading begins with where that says most of it: the letters `Ã` and `Â`, signs instead of letters, and the three characters of a
/// typographic mark.
pub fn rare_beginning(page: Page, lead: u8, mended: char) -> u32 {
    let latin = matches!(lead, 0xC2 | 0xC3) && matches!(page, WESTERN | TURKISH | MAC | DOS);
    u32::from(latin || ('\u{2000}'..='\u{203F}').contains(&mended))
}

/// The script of a mended character, roughly: neighbours of one script speak for each other. `None` for Latin and signs.
pub fn group(c: char) -> Option<u32> {
    match c as u32 {
        ..0x370 | 0x1E00..0x1F00 | 0x2000..0x2E80 => None,
        0x370..0x400 | 0x1F00..0x2000 => Some(1),
        0x400..0x530 => Some(2),
        0x600..0x780 | 0xFB50..0xFE00 | 0xFE70..=0xFEFE => Some(3),
        0x2E80..0xA000 | 0xFF00..0xFFF0 => Some(4),
        code => Some(code >> 8),
    }
}

/// Whether `c` is common in the writing of some living language. What is rare is mended only in company.
pub fn common(c: char) -> bool {
    matches!(c as u32,
        0xA0..=0x17E | 0x18F | 0x1A0..=0x1A1 | 0x1AF..=0x1B0 | 0x218..=0x21B | 0x259
        | 0x386..=0x3CE | 0x401..=0x45F | 0x490..=0x493 | 0x49A..=0x49B | 0x4A2..=0x4A3 | 0x4AE..=0x4B1 | 0x4D8..=0x4D9 | 0x4E8..=0x4E9
        | 0x531..=0x586 | 0x5D0..=0x5EA | 0x60C..=0x6D4 | 0x6F0..=0x6F9 | 0x900..=0xDFF | 0xE01..=0xEDF | 0xF00..=0xFD8 | 0x1000..=0x10FF
        | 0x1100..=0x137C | 0x1780..=0x17F9 | 0x1E00..=0x1EFF | 0x2010..=0x2027 | 0x2030..=0x203A | 0x20A0..=0x20BF | 0x2116 | 0x2122
        | 0x2190..=0x23FF | 0x2460..=0x27BF | 0x3000..=0x30FF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xFB00..=0xFB06
        | 0xFEFF | 0xFF01..=0xFF9F | 0xFFFD | 0x1F300..=0x1FAFF)
        && !matches!(c, '\u{149}')
}

#[cfg(test)]
mod tests {
    use super::super::codepages::CYRILLIC;
    use super::*;

    fn count(page: Page, text: &str, mended: char) -> u32 {
        let chars: Vec<char> = text.chars().collect();
        let [before, seen @ .., after] = chars.as_slice() else { return 0 };
        odd(page, Some(*before), seen, Some(*after), mended)
    }

    #[test]
    fn what_is_odd_is_counted() {
        assert_eq!(count(WESTERN, "fÃ© ", 'é'), 2);
        assert_eq!(count(WESTERN, " Ã©t", 'é'), 2);
        assert_eq!(count(WESTERN, " â€œa", '“'), 2);
        assert_eq!(count(CYRILLIC, " Р° ", 'а'), 1);
        for (page, clean, mended) in [(WESTERN, "HÃ… ", 'Å'), (CYRILLIC, " Рів", 'в'), (DOS, " ├─ ", 'À'), (MAC, " √π ", 'ù'), (WESTERN, "SÖ» ", 'ֻ')]
        {
            assert_eq!(count(page, clean, mended), 0, "{clean}");
        }
    }
}
