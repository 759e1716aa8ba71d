//! What a text is written with: characters by script and kind, and characters that no clean text has.

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

const ASCII: [u8; 128] = {
    let mut kinds = [MARK as u8; 128];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() {
            kinds[at] = LATIN as u8;
        } else if byte.is_ascii_digit() {
            kinds[at] = DIGIT as u8;
        } else if byte == b' ' || byte == b'\n' || byte == b'\t' || byte == b'\r' {
            kinds[at] = SPACE as u8;
        } else if byte.is_ascii_control() {
            kinds[at] = CONTROL as u8;
        }
        at += 1;
    }
    kinds
};

impl Letters {
    /// Counts the characters of a text.
    pub fn of(text: &str) -> Letters {
        // Four tables, so that equal neighbours do not wait for each other.
        let mut tables = [[0u32; KINDS]; 4];
        let mut letters = Letters::default();
        for stretch in text.as_bytes().chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            if stretch[0].is_ascii() {
                for (at, byte) in stretch.iter().enumerate() {
                    tables[at % 4][usize::from(ASCII[usize::from(*byte)])] += 1;
                }
            } else if let Ok(stretch) = std::str::from_utf8(stretch) {
                // Neighbours that are not ASCII make whole characters between them.
                stretch.chars().for_each(|c| letters.0[kind(c)] += 1);
            }
        }
        for table in tables {
            letters.0.iter_mut().zip(table).for_each(|(all, more)| *all += u64::from(more));
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

    /// U+FFFD, which a decoder leaves where bytes made no sense.
    pub fn replacements(&self) -> u64 {
        self.0[REPLACEMENT]
    }
}

/// By Unicode block.
fn kind(c: char) -> usize {
    match u32::from(c) {
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
    fn the_ascii_table_and_the_blocks_agree_with_the_number_of_characters() {
        let text: String = (0..0x3000).filter_map(char::from_u32).collect();
        assert_eq!(Letters::of(&text).total(), text.chars().count() as u64);
    }
}
