//! Where a word can be cut before merging: between characters that no token holds side by side, no merge reaches across. The
//! pieces are short enough to be looked up, where a Chinese sentence is one word of fifty bytes.

/// Pairs of neighbours that some token holds, hashed into bits without telling collisions apart: one too many only makes a
/// longer piece.
pub(super) struct Seams(Vec<u64>);

const BITS: u32 = 20;

/// One side of a boundary: a character, or the byte beside the boundary where a token holds only a part of the character.
#[derive(Clone, Copy)]
enum Side {
    Char(char),
    Byte(u8),
}

impl Side {
    fn code(self) -> u64 {
        match self {
            Side::Char(c) => u64::from(c),
            Side::Byte(byte) => 1 << 31 | u64::from(byte),
        }
    }
}

impl Seams {
    pub fn of<'a>(tokens: impl Iterator<Item = &'a [u8]>) -> Seams {
        let mut seams = Seams(vec![0; 1 << (BITS - 6)]);
        for token in tokens {
            for at in (1..token.len()).filter(|at| starts_char(token[*at])) {
                let bit = bit(left(&token[..at]), right(&token[at..]));
                seams.0[bit / 64] |= 1 << (bit % 64);
            }
        }
        seams
    }

    /// Whether no merge reaches across the boundary between two characters of a text, given the bytes beside it.
    #[inline(always)]
    pub fn can_cut(&self, before: char, last: u8, after: char, first: u8) -> bool {
        let has = |left: Side, right: Side| {
            let bit = bit(left, right);
            self.0[bit / 64] >> (bit % 64) & 1 == 1
        };
        let (before, last, after, first) = (Side::Char(before), Side::Byte(last), Side::Char(after), Side::Byte(first));
        !has(before, after) && !has(before, first) && !has(last, after) && !has(last, first)
    }

    /// Calls `piece` with the pieces of `text[from..to]`.
    #[inline(always)]
    pub fn cut(&self, text: &str, from: usize, to: usize, mut piece: impl FnMut(usize, usize)) {
        let bytes = text.as_bytes();
        let mut start = from;
        let mut before = None;
        for (offset, after) in text[from..to].char_indices() {
            let at = from + offset;
            if before.is_some_and(|before| self.can_cut(before, bytes[at - 1], after, bytes[at])) {
                piece(start, at);
                start = at;
            }
            before = Some(after);
        }
        if start < to {
            piece(start, to);
        }
    }
}

#[inline(always)]
fn bit(left: Side, right: Side) -> usize {
    let pair = left.code() << 32 | right.code();
    (pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

fn starts_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// The last character of these bytes if all of it is there, else their last byte.
fn left(bytes: &[u8]) -> Side {
    let start = bytes.iter().rposition(|byte| starts_char(*byte)).unwrap_or(0);
    match std::str::from_utf8(&bytes[start..]).ok().and_then(|text| text.chars().next_back()) {
        Some(c) => Side::Char(c),
        None => Side::Byte(bytes.last().copied().unwrap_or(0)),
    }
}

/// The first character of these bytes if all of it is there, else their first byte.
fn right(bytes: &[u8]) -> Side {
    let end = bytes.iter().skip(1).position(|byte| starts_char(*byte)).map_or(bytes.len(), |end| end + 1);
    match std::str::from_utf8(&bytes[..end]).ok().and_then(|text| text.chars().next()) {
        Some(c) => Side::Char(c),
        None => Side::Byte(bytes.first().copied().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut<'a>(seams: &Seams, text: &'a str) -> Vec<&'a str> {
        let mut pieces = Vec::new();
        seams.cut(text, 0, text.len(), |from, to| pieces.push(&text[from..to]));
        pieces
    }

    #[test]
    fn cuts_lie_where_no_token_does() {
        let seams = Seams::of(["中文".as_bytes(), b"ab", b"abc"].into_iter());
        assert_eq!(cut(&seams, "中文中abcab"), ["中文", "中", "abc", "ab"]);
        assert_eq!(cut(&seams, ""), [""; 0]);
    }

    #[test]
    fn parts_of_characters_hold_all_characters_with_that_part() {
        let text = "中文，"; // e4 b8 ad, e6 96 87, ef bc 8c
        let seams = |token: &'static [u8]| Seams::of([token].into_iter());
        assert_eq!(cut(&seams(b"\xad\xe6"), text), ["中文", "，"]);
        assert_eq!(cut(&seams(b"\xe6\x96\x87\xef\xbc"), text), ["中", "文，"]);
        assert_eq!(cut(&seams(b"\x87\xef\xbc\x8c"), text), ["中", "文，"]);
        assert_eq!(cut(&seams(b"\x96\x87"), text), ["中", "文", "，"]);
    }
}
