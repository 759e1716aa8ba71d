//! The quick look: which kinds of faults a text may have. Clean text is told from its bytes and one table look-up a character.

use unicode_normalization::char::{canonical_combining_class, compose};
use unicode_normalization::{IsNormalized, is_nfc_quick};

use super::codepages::{Roles, roles};
use super::typography::{Edit, edit};
use super::{Normalization, Options, double_byte, mojibake};

/// What to look at closely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// Something that `typography` edits.
    pub characters: bool,
    /// An ampersand.
    pub ampersand: bool,
    /// UTF-8 read as a code page.
    pub mojibake: bool,
    /// UTF-8 read as an encoding of two bytes.
    pub double_byte: bool,
    /// Characters in another form or order than NFC.
    pub form: bool,
}

const EDITED: u8 = 1;
const IN_PAGES: u8 = 2;
const MARK: u8 = 4;
const EAST_ASIAN: u8 = 8;
const NO_FORM: u8 = 16;
const MAYBE_FORM: u8 = 32;

/// Classes of all characters under some options.
pub struct Scanner {
    classes: Vec<u8>,
    ampersand: bool,
    forms: bool,
}

impl Scanner {
    /// Prepares the table: some milliseconds.
    pub fn new(options: &Options) -> Scanner {
        let mut classes = vec![0; 1 << 16];
        for (code, class) in classes.iter_mut().enumerate() {
            let Some(c) = char::from_u32(code as u32) else { continue };
            if !matches!(edit(options, c), Edit::Keep) || c == '\u{1b}' && options.escapes {
                *class |= EDITED;
            }
            let Roles { lead, follow, .. } = roles(c);
            if options.mojibake && !c.is_ascii() && (lead[0] | lead[1] | lead[2] | follow) != 0 {
                *class |= IN_PAGES;
            }
            if options.double_byte && !c.is_ascii() && double_byte::may_begin(c) {
                *class |= EAST_ASIAN;
            }
            if options.normalization != Normalization::None {
                *class |= form(c);
                if options.normalization == Normalization::Nfkc && unicode_normalization::is_nfkc_quick(std::iter::once(c)) == IsNormalized::No {
                    *class |= NO_FORM;
                }
            }
        }
        Scanner { classes, ampersand: options.entities, forms: options.normalization != Normalization::None }
    }

    #[inline]
    fn class(&self, c: char) -> u8 {
        // Beyond the BMP there are only marks and forms to mind, and none among pictures and rare hanzi.
        match self.classes.get(c as usize) {
            Some(class) => *class,
            None if self.forms && !matches!(c, '\u{1f000}'..='\u{1fbef}' | '\u{20000}'..='\u{2f7ff}') => form(c),
            None => 0,
        }
    }

    /// Looks at a text.
    pub fn look(&self, text: &str) -> Suspicion {
        let bytes = text.as_bytes();
        let mut found = Suspicion { ampersand: self.ampersand && memchr::memchr(b'&', bytes).is_some(), ..Suspicion::default() };
        if controls(bytes) {
            found.characters = bytes.iter().any(|b| b.is_ascii() && self.classes.get(usize::from(*b)).is_some_and(|class| class & EDITED != 0));
        }
        let mut at = 0;
        while let Some(start) = beyond_ascii(bytes, at) {
            at = start + self.run(text, start, &mut found);
        }
        found
    }

    /// Looks at the run of characters beyond ASCII that begins at `start`; its length.
    fn run(&self, text: &str, start: usize, found: &mut Suspicion) -> usize {
        let rest = text.get(start..).unwrap_or_default();
        let mut chars = rest.chars();
        // What the last three characters may have been, but for `plain` characters since, which were nothing else.
        let (mut before, mut plain) = ([Roles::default(); 3], 0);
        let mut last = start.checked_sub(1).and_then(|at| text.as_bytes().get(at)).map_or(char::MAX, |byte| char::from(*byte));
        // The characters up to the place `length` of the run, and the one before it, from the last on.
        let back = |length: usize| text.get(start.saturating_sub(1)..start + length).unwrap_or_default().chars().rev().chain(std::iter::repeat(char::MAX));
        let mut class_of_mark = 0;
        let mut length = 0;
        if rest.chars().next().is_some_and(|first| self.class(first) & EAST_ASIAN != 0) && !found.double_byte {
            found.double_byte = double_byte::may_be(rest);
        }
        loop {
            let next = chars.next();
            let Some(c) = next.filter(|c| !c.is_ascii()) else {
                if !found.mojibake && next == Some(' ') && plain == 0 && before[2].latin_lead != 0 && last.is_uppercase() {
                    found.mojibake = back(length).nth(1).is_some_and(char::is_lowercase);
                }
                return length;
            };
            let class = self.class(c);
            if class & !EAST_ASIAN == 0 {
                (plain, last, class_of_mark) = (plain + 1, c, 0);
                length += c.len_utf8();
                continue;
            }
            if class & (MARK | NO_FORM | MAYBE_FORM) != 0 {
                self.form(c, class, last, &mut class_of_mark, found);
            } else {
                class_of_mark = 0;
            }
            found.characters |= class & EDITED != 0;
            if plain > 0 {
                before.rotate_left(plain.min(3));
                before[3 - plain.min(3)..].fill(Roles::default());
                plain = 0;
            }
            let now = if class & IN_PAGES != 0 { roles(c) } else { Roles::default() };
            if now.follow != 0 && !found.mojibake {
                let [third, second, lead] = before;
                let hit = lead.lead[0] | second.lead[1] & lead.follow | third.lead[2] & second.follow & lead.follow;
                if hit & now.follow != 0 {
                    let mut back = back(length);
                    let [e, d, b, a] = std::array::from_fn(|_| back.next().unwrap_or(char::MAX));
                    let after = chars.as_str().chars().next();
                    found.mojibake = mojibake::may_be(&[a, b, d, e, c], after);
                }
            }
            before = [before[1], before[2], now];
            last = c;
            length += c.len_utf8();
        }
    }

    fn form(&self, c: char, class: u8, last: char, class_of_mark: &mut u8, found: &mut Suspicion) {
        let order = canonical_combining_class(c);
        let joins = class & MAYBE_FORM != 0 && (c as u32 > 0xFFFF || *class_of_mark != 0 || compose(last, c).is_some());
        found.form |= class & NO_FORM != 0 || joins || order != 0 && order < *class_of_mark;
        *class_of_mark = order;
    }
}

/// What normalization has to do with a character.
fn form(c: char) -> u8 {
    let quick = match is_nfc_quick(std::iter::once(c)) {
        IsNormalized::Yes => 0,
        IsNormalized::No => NO_FORM,
        IsNormalized::Maybe => MAYBE_FORM,
    };
    quick | if canonical_combining_class(c) != 0 { MARK } else { 0 }
}

/// Whether there is an ASCII control character other than tab and newline.
fn controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |any, b| any | (*b < 0x20) & (*b != b'\n') & (*b != b'\t') | (*b == 0x7f))
}

/// Place of the next byte from 0x80 on.
fn beyond_ascii(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let mut at = 0;
    let (blocks, _) = rest.as_chunks::<32>();
    for block in blocks {
        if block.iter().fold(0, |all, b| all | b) >= 0x80 {
            break;
        }
        at += 32;
    }
    rest.get(at..)?.iter().position(|b| *b >= 0x80).map(|step| from + at + step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_raises_no_suspicion() {
        let scanner = Scanner::new(&Options::default());
        let texts = [
            "Plain text, of words.\n\tAnd more.",
            "Größe, naïveté — “quoted”…",
            "Січень і Рівне «а»",
            "这条河从城外的山里流出来，人们。",
            "हिन्दी ภาษาไทย தமிழா עִבְרִית",
            "日本語ひらがな 한국어 😀",
        ];
        for text in texts {
            assert_eq!(scanner.look(text), Suspicion::default(), "{text}");
        }
    }

    #[test]
    fn each_fault_is_seen() {
        let scanner = Scanner::new(&Options::default());
        let seen = |text: &str| scanner.look(text);
        assert!(seen("cafÃ©").mojibake && seen("x РґРѕ").mojibake && seen("voilÃ le").mojibake);
        assert!(seen("涓枃鍥藉").double_byte || seen("that鈥檚").double_byte);
        assert!(seen("e\u{301}").form && seen("\u{1100}\u{1161}").form && seen("q\u{301}\u{323}").form);
        assert!(seen("a&b").ampersand);
        for text in ["\u{feff}a", "a\r\n", "\u{1b}[0m", "ﬁ", "\u{92}", "Ａ", "\u{7f}"] {
            assert!(seen(text).characters, "{text:?}");
        }
    }
}
