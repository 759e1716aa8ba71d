//! What kind of character each code point is, for the split patterns of byte-level BPE.
//!
//! Built once from the Unicode tables of `regex-syntax`, the same that tiktoken's regex engine uses.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

/// `\p{L}`
pub(super) const LETTER: u8 = 1;
/// `\p{N}`
pub(super) const NUMBER: u8 = 1 << 1;
/// `\s`
pub(super) const SPACE: u8 = 1 << 2;
/// None of the three above. Exactly one of the four is set, so that 0 can say "no more text".
pub(super) const OTHER: u8 = 1 << 3;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: can stand in the upper-case half of a word of o200k.
pub(super) const UPPER: u8 = 1 << 4;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: can stand in the lower-case half.
pub(super) const LOWER: u8 = 1 << 5;

const CODE_POINTS: usize = 0x11_0000;

/// A byte for each code point.
pub(super) struct Classes(Box<[u8; CODE_POINTS]>);

impl Classes {
    pub fn get() -> &'static Classes {
        static CLASSES: OnceLock<Classes> = OnceLock::new();
        CLASSES.get_or_init(Classes::build)
    }

    fn build() -> Classes {
        let mut table = vec![0u8; CODE_POINTS];
        let sets = [
            (r"\p{L}", LETTER),
            (r"\p{N}", NUMBER),
            (r"\s", SPACE),
            (r"[^\s\p{L}\p{N}]", OTHER),
            (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", UPPER),
            (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", LOWER),
        ];
        for (set, bit) in sets {
            for (first, last) in ranges(set) {
                table[first..=last].iter_mut().for_each(|class| *class |= bit);
            }
        }
        let boxed = table.into_boxed_slice().try_into();
        Classes(boxed.unwrap_or_else(|_| Box::new([OTHER; CODE_POINTS])))
    }

    #[inline(always)]
    pub fn ascii(&self, byte: u8) -> u8 {
        self.0[byte as usize]
    }

    #[inline(always)]
    pub fn code_point(&self, code: u32) -> u8 {
        self.0.get(code as usize).copied().unwrap_or(OTHER)
    }
}

fn ranges(set: &str) -> Vec<(usize, usize)> {
    let Ok(hir) = regex_syntax::parse(set) else {
        return Vec::new();
    };
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().map(|range| (range.start() as usize, range.end() as usize)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_point_has_exactly_one_kind() {
        let classes = Classes::get();
        let kinds = LETTER | NUMBER | SPACE | OTHER;
        // Surrogates are no characters.
        let odd = (0..0x11_0000).find(|c| char::from_u32(*c).is_some() && (classes.code_point(*c) & kinds).count_ones() != 1);
        assert_eq!(odd, None);
    }

    #[test]
    fn kinds_of_known_characters() {
        let class = |c: char| Classes::get().code_point(c as u32);
        assert_eq!(class('a'), LETTER | LOWER);
        assert_eq!(class('A'), LETTER | UPPER);
        assert_eq!(class('中'), LETTER | UPPER | LOWER);
        assert_eq!(class('\u{301}'), OTHER | UPPER | LOWER);
        assert_eq!(class('½'), NUMBER);
        assert_eq!(class('\u{a0}'), SPACE);
        assert_eq!(class('\u{200b}'), OTHER);
    }
}
