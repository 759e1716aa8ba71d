//! What a text is written with: characters by script and kind, and characters that no clean text has.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Kinds of characters, in the order of [`NAMES`].
const KINDS: usize = NAMES.len();

/// Scripts that most of the web is written in have a kind of their own, the others share one.
pub const NAMES: [&str; 19] = [
    "latin",
    "digit",
    "space",
    "mark",
    "control",
    "cyrillic",
    "greek",
    "arabic",
    "hebrew",
    "devanagari",
    "indic",
    "thai",
    "hangul",
    "kana",
    "han",
    "other",
    "emoji",
    "private",
    "replacement",
];

const LATIN: usize = 0;
const DIGIT: usize = 1;
const SPACE: usize = 2;
const MARK: usize = 3;
const CONTROL: usize = 4;
const CYRILLIC: usize = 5;
const GREEK: usize = 6;
const ARABIC: usize = 7;
const HEBREW: usize = 8;
const DEVANAGARI: usize = 9;
const INDIC: usize = 10;
const THAI: usize = 11;
const HANGUL: usize = 12;
const KANA: usize = 13;
const HAN: usize = 14;
const OTHER: usize = 15;
const EMOJI: usize = 16;
const PRIVATE: usize = 17;
const REPLACEMENT: usize = 18;

/// Characters by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letters([u64; KINDS]);

impl Letters {
    /// Counts the characters of a text.
    pub fn of(text: &str) -> Letters {
        let mut letters = Letters::default();
        let bytes = text.as_bytes();
        // Bytes beyond ASCII are in none of these classes. Counters of one byte let the compiler compare many at a time.
        for block in bytes.chunks(128) {
            let (mut ascii, mut latin, mut digit, mut space, mut control) = (0u8, 0u8, 0u8, 0u8, 0u8);
            for byte in block {
                ascii += u8::from(*byte < 0x80);
                latin += u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
                digit += u8::from(byte.wrapping_sub(b'0') < 10);
                space += u8::from(*byte == b' ') + u8::from(*byte == b'\n') + u8::from(*byte == b'\t') + u8::from(*byte == b'\r');
                control += u8::from(*byte < 0x20) + u8::from(*byte == 0x7f) - u8::from(*byte == b'\n') - u8::from(*byte == b'\t') - u8::from(*byte == b'\r');
            }
            for (kind, count) in [(LATIN, latin), (DIGIT, digit), (SPACE, space), (CONTROL, control), (MARK, ascii - latin - digit - space - control)] {
                letters.0[kind] += u64::from(count);
            }
        }
        let kinds: &[u8] = &KINDS_OF_BMP;
        let mut at = 0;
        while at < bytes.len() {
            if bytes.get(at..at + 32).is_some_and(<[u8]>::is_ascii) {
                at += 32;
            } else if bytes[at].is_ascii() {
                at += 1;
            } else {
                // The whole run beyond ASCII, so that characters are decoded one after the other.
                let run = text[at..].chars().take_while(|c| !c.is_ascii());
                for c in run {
                    letters.0[kinds.get(c as usize).map_or_else(|| kind(c), |kind| usize::from(*kind))] += 1;
                    at += c.len_utf8();
                }
            }
        }
        letters
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Letters) {
        self.0.iter_mut().zip(other.0).for_each(|(all, more)| *all += more);
    }

    /// (name of the kind, characters), the kinds that were there.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Characters in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Letters of any script.
    pub fn letters(&self) -> u64 {
        self.0[LATIN] + self.0[CYRILLIC..=OTHER].iter().sum::<u64>()
    }

    /// Control characters other than tab and line ends.
    pub fn controls(&self) -> u64 {
        self.0[CONTROL]
    }

    /// Characters that mean what their users have agreed on.
    pub fn private(&self) -> u64 {
        self.0[PRIVATE]
    }

    /// U+FFFD, which a decoder leaves where bytes made no sense.
    pub fn replacements(&self) -> u64 {
        self.0[REPLACEMENT]
    }
}

/// Kinds of the characters of the basic plane, which nearly all texts keep to.
static KINDS_OF_BMP: LazyLock<Vec<u8>> = LazyLock::new(|| (0..1 << 16).map(|code| char::from_u32(code).map_or(0, |c| kind(c) as u8)).collect());

/// By Unicode block, of a character beyond ASCII.
fn kind(c: char) -> usize {
    match u32::from(c) {
        // Frequent punctuation first, since what is in no block of a script is looked up.
        0x2010..=0x2027 | 0x2030..=0x205e | 0x3001..=0x3003 | 0x3008..=0x301f | 0xff01..=0xff0f | 0xff1a..=0xff20 => MARK,
        0x80..=0x9f => CONTROL,
        0xaa | 0xb5 | 0xba | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x24f | 0x1e00..=0x1eff => LATIN,
        0x370..=0x3ff | 0x1f00..=0x1fff => GREEK,
        0x400..=0x52f => CYRILLIC,
        0x590..=0x5ff => HEBREW,
        0x600..=0x6ff | 0x750..=0x77f | 0x8a0..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfefe => ARABIC,
        0x900..=0x97f => DEVANAGARI,
        0x980..=0xdff => INDIC,
        0xe00..=0xe7f => THAI,
        0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => HANGUL,
        0x3040..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9f => KANA,
        0x3005 | 0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x323af => HAN,
        0xe000..=0xf8ff | 0xf0000..=0x10ffff => PRIVATE,
        0xfffd => REPLACEMENT,
        0x2600..=0x27bf | 0x1f000..=0x1faff => EMOJI,
        _ if c.is_alphabetic() => OTHER,
        _ if c.is_whitespace() => SPACE,
        _ if c.is_numeric() => DIGIT,
        _ => MARK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_counted_once_under_its_kind() {
        let counts: Vec<_> = Letters::of("Né 7, Ж中文かな한ไ\u{fffd}\u{0}\u{85}😀\u{e000}").iter().collect();
        let wanted = [
            ("latin", 2),
            ("digit", 1),
            ("space", 2),
            ("mark", 1),
            ("control", 2),
            ("cyrillic", 1),
            ("thai", 1),
            ("hangul", 1),
            ("kana", 2),
            ("han", 2),
            ("emoji", 1),
            ("private", 1),
            ("replacement", 1),
        ];
        assert_eq!(counts, wanted);
    }

    #[test]
    fn every_character_has_one_kind() {
        let text: String = (0..0x11_0000).filter_map(char::from_u32).collect();
        assert_eq!(Letters::of(&text).total(), text.chars().count() as u64);
        for c in text.chars().filter(|c| !c.is_ascii()) {
            assert_eq!(Letters::of(c.encode_utf8(&mut [0; 4])).0[kind(c)], 1, "{c:?}");
        }
        let ascii: Vec<_> = Letters::of(&text[..128]).iter().collect();
        assert_eq!(ascii, [("latin", 52), ("digit", 10), ("space", 4), ("mark", 32), ("control", 30)]);
    }
}
