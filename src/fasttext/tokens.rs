//! The words of a text as fastText parts and hashes them.

/// The sign for the end of a text, a word like others.
pub const END: &[u8] = b"</s>";

/// Bytes of a word that are compared at once.
pub const START: usize = 8;

/// A word and what it is looked up by.
#[derive(Clone, Copy)]
pub struct Token<'t> {
    pub bytes: &'t [u8],
    pub hash: u32,
    /// The first bytes, then zeros, which no word contains.
    pub start: u64,
}

impl<'t> Token<'t> {
    pub fn of(word: &'t [u8]) -> Token<'t> {
        Token { bytes: word, hash: word.iter().fold(FNV, |hash, byte| add(hash, *byte)), start: Self::start(word, word.len()) }
    }

    /// The first bytes of the word of that length at the start of `rest`, as one number.
    fn start(rest: &[u8], length: usize) -> u64 {
        match rest.first_chunk::<START>() {
            Some(start) if length >= START => u64::from_le_bytes(*start),
            Some(start) => u64::from_le_bytes(*start) & ((1 << (8 * length)) - 1),
            None => rest[..length].iter().rev().fold(0, |start, byte| start << 8 | u64::from(*byte)),
        }
    }
}

/// The words of a text, the sign for its end last: as fastText has it, that ends the text wherever it stands.
pub fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text.as_bytes();
    let words = std::iter::from_fn(move || {
        let blanks = rest.iter().position(|byte| !BLANK[usize::from(*byte)])?;
        rest = &rest[blanks..];
        let (mut length, mut hash) = (0, FNV);
        for byte in rest.iter().take_while(|byte| !BLANK[usize::from(**byte)]) {
            hash = add(hash, *byte);
            length += 1;
        }
        let token = Token { bytes: &rest[..length], hash, start: Token::start(rest, length) };
        rest = &rest[length..];
        Some(token)
    });
    words.take_while(|token| token.bytes != END).chain([Token::of(END)])
}

/// The bytes between words.
const BLANK: [bool; 256] = {
    let mut blank = [false; 256];
    let bytes = b" \n\r\t\x0b\x0c\0";
    let mut at = 0;
    while at < bytes.len() {
        blank[bytes[at] as usize] = true;
        at += 1;
    }
    blank
};

/// What the hash of no bytes is.
pub const FNV: u32 = 2_166_136_261;

/// FNV-1a with one more byte.
pub fn add(hash: u32, byte: u8) -> u32 {
    // The original adds signed characters.
    (hash ^ byte as i8 as u32).wrapping_mul(16_777_619)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_blanks_and_the_text_at_the_sign_for_its_end() {
        let words = |text| tokens(text).map(|token| token.bytes).collect::<Vec<_>>();
        assert_eq!(words(" a\tb\0\u{b}cd\n"), [b"a".as_slice(), b"b", b"cd", END]);
        assert_eq!(words("a </s> b"), [b"a".as_slice(), END]);
        for token in tokens("a abcdefg abcdefgh abcdefghi x\nab") {
            let alone = Token::of(token.bytes);
            assert_eq!((token.hash, token.start), (alone.hash, alone.start));
        }
        assert_eq!((words(""), words("字\u{3000}字")), (vec![END], vec!["字\u{3000}字".as_bytes(), END]));
    }
}
