//! SentencePiece's normalizer: a table of replacements, single spaces, `▁` for each, and one before a text.
//!
//! The table is a double array of bytes (Aoe 1989, in the layout of Darts-clone) before the replacements, each of which ends in a byte of 0. The longest entry that the rest of a
//! text begins with is replaced; pieces of the user's go before it and stay as they are.

use super::SPACE;
use super::trie::Trie;

pub(super) struct Normal {
    units: Vec<u32>,
    replacements: Vec<u8>,
    /// Pieces that are not touched.
    kept: Option<Trie>,
    /// Whether a space is put before a text.
    prefix: bool,
    /// Whether spaces at the ends go, and all but one elsewhere.
    squeeze: bool,
}

impl Normal {
    /// `None` where the table is damaged.
    pub fn new(table: &[u8], prefix: bool, squeeze: bool, kept: Option<Trie>) -> Option<Normal> {
        if table.is_empty() {
            return Some(Normal { units: Vec::new(), replacements: Vec::new(), kept, prefix, squeeze });
        }
        let (size, rest) = table.split_first_chunk::<4>()?;
        let (units, replacements) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
        let units = units.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        Some(Normal { units, replacements: replacements.to_vec(), kept, prefix, squeeze })
    }

    /// The normalized text, and where each of its bytes comes from in the text.
    pub fn apply(&self, text: &str) -> (String, Vec<u32>) {
        let (mut out, mut origins) = (String::with_capacity(text.len() + text.len() / 4), Vec::with_capacity(text.len() + text.len() / 4));
        let mut rest = text;
        while self.squeeze && !rest.is_empty() {
            let (replaced, length) = self.first(rest);
            if replaced != " " {
                break;
            }
            rest = &rest[length..];
        }
        if rest.is_empty() {
            return (out, origins);
        }
        let mut put = |c: char, at: usize| {
            out.push(c);
            origins.resize(out.len(), at as u32);
        };
        if self.prefix {
            put(SPACE, text.len() - rest.len());
        }
        let mut after_space = self.squeeze;
        while !rest.is_empty() {
            let (mut replaced, length) = self.first(rest);
            if after_space {
                replaced = replaced.trim_start_matches(' ');
            }
            if !replaced.is_empty() {
                replaced.chars().for_each(|c| put(if c == ' ' { SPACE } else { c }, text.len() - rest.len()));
                after_space = self.squeeze && replaced.ends_with(' ');
            }
            rest = &rest[length..];
        }
        if self.squeeze {
            out.truncate(out.trim_end_matches(SPACE).len());
            origins.truncate(out.len());
        }
        (out, origins)
    }

    /// What stands for the beginning of a text that is not empty, and how many of its bytes that is.
    fn first<'t>(&'t self, text: &'t str) -> (&'t str, usize) {
        if let Some(length) = self.kept.as_ref().and_then(|kept| kept.longest(text.as_bytes())) {
            return (&text[..length], length);
        }
        if let Some((replacement, length)) = self.replacement(text) {
            return (replacement, length);
        }
        let length = text.chars().next().map_or(1, char::len_utf8);
        (&text[..length], length)
    }

    fn replacement<'t>(&'t self, text: &str) -> Option<(&'t str, usize)> {
        let offset = |unit: u32| (unit >> 10) << ((unit & 1 << 9) >> 6);
        let mut place = offset(*self.units.first()?);
        let mut longest = None;
        for (length, byte) in (1..).zip(text.bytes()) {
            place ^= u32::from(byte);
            let Some(unit) = self.units.get(place as usize).filter(|unit| **unit & (1 << 31 | 0xff) == u32::from(byte)) else { break };
            place ^= offset(*unit);
            if unit >> 8 & 1 == 1 && text.is_char_boundary(length) {
                longest = self.units.get(place as usize).map(|value| (value & !(1 << 31), length));
            }
        }
        let (start, length) = longest?;
        let replacement = self.replacements.get(start as usize..)?.split(|byte| *byte == 0).next()?;
        Some((std::str::from_utf8(replacement).ok()?, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_pieces_letters_and_every_byte_knows_its_origin() {
        let apply = |prefix, squeeze, text: &str| Normal::new(&[], prefix, squeeze, None).unwrap().apply(text);
        assert_eq!(apply(true, true, "  a  b ").0, "▁a▁b");
        assert_eq!(apply(false, false, " a  b ").0, "▁a▁▁b▁");
        assert_eq!((apply(true, true, "   ").0.as_str(), apply(true, true, "").0.as_str(), apply(true, false, "").0.as_str()), ("", "", ""));
        assert_eq!(apply(true, true, " 桥 b").1, [1, 1, 1, 1, 1, 1, 4, 4, 4, 5]);
    }

    #[test]
    fn pieces_of_the_user_stay_and_damaged_tables_are_none() {
        let normal = Normal::new(&[], true, true, Some(Trie::new([("a  b", 0)].into_iter()))).unwrap();
        assert_eq!(normal.apply("x  a  b").0, "▁x▁a▁▁b");
        assert!(Normal::new(&[1, 2], true, true, None).is_none() && Normal::new(&[9, 0, 0, 0, 1], true, true, None).is_none());
        let torn = Normal::new(&[8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], true, true, None).unwrap();
        assert_eq!(torn.apply("abc").0, "▁abc");
    }
}
