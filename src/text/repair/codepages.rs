//! The code pages of one byte a character that UTF-8 is read as by mistake, and which byte each character was.
//!
//! They are the WHATWG's, with one change that is made wherever such mistakes are made: a byte that a page leaves open is read as the control
//! character of that number. `WESTERN` is windows-1252 and ISO-8859-1 at once, since both readings meet in one text.

use std::sync::LazyLock;

use encoding_rs::{Encoding, ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257};

/// Number of a code page, in the order in which they are tried.
pub type Page = usize;
/// windows-1252 and ISO-8859-1.
pub const WESTERN: Page = 0;
/// windows-1251.
pub const CYRILLIC: Page = 1;
/// windows-1250.
pub const CENTRAL: Page = 2;
/// windows-1253.
pub const GREEK: Page = 3;
/// windows-1254.
pub const TURKISH: Page = 4;
/// windows-1257.
pub const BALTIC: Page = 5;
/// ISO-8859-2.
pub const LATIN_2: Page = 6;
/// Mac OS Roman.
pub const MAC: Page = 7;
/// IBM code page 437.
pub const DOS: Page = 8;
/// How many there are.
pub const PAGES: usize = 9;

/// IBM's table of the upper half; encoding_rs does not have it.
const IBM_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Characters below this code are looked up by code; four others have places after them.
const DIRECT: usize = 0x2600;
const PLACES: usize = DIRECT + 4;

/// What a character may have been, over all pages: bit `page` of each field.
#[derive(Clone, Copy, Default)]
pub struct Roles {
    /// The first byte of two, three, four.
    pub lead: [u16; 3],
    /// A byte that goes on.
    pub follow: u16,
    /// The byte C2 or C3, which begins the characters of Latin-1.
    pub latin_lead: u16,
}

struct Tables {
    bytes: Vec<[u8; PAGES]>,
    roles: Vec<Roles>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(build);

fn build() -> Tables {
    let mut bytes = vec![[0; PAGES]; PLACES];
    let mut put = |c: char, page: Page, byte: u8| {
        if let Some(place) = place(c) {
            bytes[place][page] = byte;
        }
    };
    let standard: [(Page, &'static Encoding); 8] = [
        (WESTERN, WINDOWS_1252),
        (CYRILLIC, WINDOWS_1251),
        (CENTRAL, WINDOWS_1250),
        (GREEK, WINDOWS_1253),
        (TURKISH, WINDOWS_1254),
        (BALTIC, WINDOWS_1257),
        (LATIN_2, ISO_8859_2),
        (MAC, MACINTOSH),
    ];
    for byte in 0x80..=0xFF_u8 {
        for (page, encoding) in standard {
            let c = encoding.decode_without_bom_handling(&[byte]).0.chars().next().filter(|c| *c != '\u{FFFD}');
            put(c.unwrap_or(char::from(byte)), page, byte);
        }
        if byte < 0xA0 {
            put(char::from(byte), WESTERN, byte);
        }
    }
    for (c, byte) in IBM_437.chars().zip(0x80..=0xFF) {
        put(c, DOS, byte);
    }
    let roles = (0..PLACES).map(|place| if place == DIRECT + 3 { LOST } else { roles_of(&bytes[place]) }).collect();
    Tables { bytes, roles }
}

/// U+FFFD stands for any byte that goes on.
const LOST: Roles = Roles { lead: [0; 3], follow: (1 << PAGES) - 1, latin_lead: 0 };

fn roles_of(bytes: &[u8; PAGES]) -> Roles {
    let mut roles = Roles::default();
    for (page, byte) in bytes.iter().enumerate() {
        let bit = 1 << page;
        match byte {
            0x80..=0xBF => roles.follow |= bit,
            0xC2..=0xDF => roles.lead[0] |= bit,
            0xE0..=0xEF => roles.lead[1] |= bit,
            0xF0..=0xF4 => roles.lead[2] |= bit,
            _ => {}
        }
        if matches!(byte, 0xC2 | 0xC3) {
            roles.latin_lead |= bit;
        }
    }
    roles
}

#[inline]
fn place(c: char) -> Option<usize> {
    match c {
        '\u{F8FF}' => Some(DIRECT),
        '\u{FB01}' => Some(DIRECT + 1),
        '\u{FB02}' => Some(DIRECT + 2),
        '\u{FFFD}' => Some(DIRECT + 3),
        c if (c as usize) < DIRECT => Some(c as usize),
        _ => None,
    }
}

/// The byte that `page` reads as `c`, of those from 0x80 on.
#[inline]
pub fn byte(page: Page, c: char) -> Option<u8> {
    let bytes = TABLES.bytes.get(place(c)?)?;
    Some(bytes[page]).filter(|byte| *byte >= 0x80)
}

/// What `c` may have been.
#[inline]
pub fn roles(c: char) -> Roles {
    place(c).and_then(|place| TABLES.roles.get(place)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_gives_back_its_bytes() {
        let cases = [(WESTERN, '€', 0x80), (WESTERN, '\u{81}', 0x81), (WESTERN, '\u{80}', 0x80), (CYRILLIC, 'Р', 0xD0), (CENTRAL, 'Ă', 0xC3)];
        let more =
            [(GREEK, 'Ξ', 0xCE), (BALTIC, 'ā', 0xE2), (LATIN_2, 'Ĺ', 0xC5), (MAC, '√', 0xC3), (DOS, '├', 0xC3), (DOS, '\u{a0}', 0xFF), (TURKISH, 'Ş', 0xDE)];
        for (page, c, wanted) in cases.into_iter().chain(more) {
            assert_eq!(byte(page, c), Some(wanted), "{c}");
        }
        assert_eq!((byte(WESTERN, 'a'), byte(WESTERN, '漢'), byte(GREEK, '\u{FFFD}')), (None, None, None));
        for page in 0..PAGES {
            let known = (0x80..0x2600).filter_map(char::from_u32).chain("\u{F8FF}\u{FB01}\u{FB02}".chars()).filter(|c| byte(page, *c).is_some()).count();
            assert!(known == 128 || page == WESTERN && known == 155, "page {page} has {known}");
        }
        assert_eq!(roles('\u{FFFD}').follow.count_ones() as usize, PAGES);
        assert_eq!(roles('Ã').latin_lead & 1, 1);
    }
}
