//! Words of a text as hashes, for shingles.
//!
//! Normalisation: NFC; lower case; a word is a run of letters, digits, combining marks and `_`; everything else (spaces, punctuation, symbols) only
//! separates. Joiners and soft hyphens inside a word are passed over. In scripts written without spaces (Chinese, Japanese kana, Thai, Lao, Khmer,
//! Burmese and their neighbours) each character with its marks is a word of its own; that is decided character by character, so mixed
//! texts come out right without a language label. This is UAX 29 without its rules for apostrophes and points inside a word.

use crate::text::chars::without_spaces;
use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::mix;

const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// The lower-case form of an ASCII letter; digits are their own, and `_` becomes a byte that stands for nothing else.
const fn lower(byte: u8) -> u8 {
    byte | 0x20
}

/// Lower-case form of the ASCII characters that stand in words; 0 for the others.
const LOWER: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || b == b'_' {
            table[byte] = lower(b);
        }
        byte += 1;
    }
    table
};

/// What a character does to the word being read.
enum Role {
    /// Stands in a word.
    Letter,
    /// The same, and is its own lower case.
    Small,
    /// Is a word.
    Solo,
    /// Belongs to the character before it.
    Mark,
    /// Is not there.
    Nothing,
    /// Ends a word.
    Break,
}

/// Calls `see` with the hash of each word of the text, in order, and with whether it is a character of a script without spaces.
#[inline]
pub fn each_word(text: &str, mut see: impl FnMut(u64, bool)) {
    let text = composed(text);
    let bytes = text.as_bytes();
    let (mut at, mut word, mut solo) = (0, Word::default(), false);
    while at < bytes.len() {
        // Most words are up to eight ASCII bytes and a separator: one step each, without a branch on where they end.
        if word.bytes.is_multiple_of(8)
            && !solo
            && let Some(chunk) = bytes[at..].first_chunk::<8>()
        {
            let (length, pack) = leading_word(u64::from_le_bytes(*chunk));
            word.pack = pack;
            word.bytes += length as u32;
            at += length;
            match chunk.get(length) {
                None => {
                    word.join();
                    continue;
                }
                Some(stop) if stop.is_ascii() => {
                    word.close(false, &mut see);
                    at += 1;
                    continue;
                }
                // A character beyond ASCII follows, maybe one of the same word.
                Some(_) => {}
            }
        }
        let byte = bytes[at];
        if let Some(&lower) = LOWER.get(usize::from(byte)) {
            if lower == 0 || solo {
                word.close(solo, &mut see);
                solo = false;
            }
            if lower != 0 {
                word.push(lower);
            }
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        at += c.len_utf8();
        match role(c) {
            role @ (Role::Small | Role::Letter) => {
                if solo {
                    word.close(solo, &mut see);
                    solo = false;
                }
                match role {
                    Role::Small => word.push_char(c),
                    _ => c.to_lowercase().for_each(|lower| word.push_char(lower)),
                }
            }
            Role::Solo => {
                word.close(solo, &mut see);
                word.push_char(c);
                solo = true;
            }
            Role::Mark if word.bytes > 0 => word.push_char(c),
            Role::Mark | Role::Nothing => {}
            Role::Break => {
                word.close(solo, &mut see);
                solo = false;
            }
        }
    }
    word.close(solo, &mut see);
}

/// Calls `see` with a hash for each character of the text's words, and for one space between two words.
pub fn each_char(text: &str, mut see: impl FnMut(u64)) {
    let text = composed(text);
    let space = of_char(' ');
    let (mut gap, mut first) = (false, true);
    for c in text.chars() {
        match role(c) {
            Role::Letter | Role::Small | Role::Solo | Role::Mark => {
                if std::mem::take(&mut gap) && !first {
                    see(space);
                }
                first = false;
                c.to_lowercase().map(of_char).for_each(&mut see);
            }
            Role::Nothing => {}
            Role::Break => gap = true,
        }
    }
}

/// A word as far as it was read: its UTF-8 bytes, hashed eight at a time.
#[derive(Default)]
struct Word {
    hash: u64,
    /// The bytes since the last eight, the first one lowest; none of them is 0.
    pack: u64,
    bytes: u32,
}

impl Word {
    fn push(&mut self, byte: u8) {
        self.pack |= u64::from(byte) << (8 * (self.bytes % 8));
        self.bytes += 1;
        if self.bytes.is_multiple_of(8) {
            self.join();
        }
    }

    #[inline]
    fn push_char(&mut self, c: char) {
        if c.is_ascii() {
            return self.push(lower(c as u8));
        }
        // All bytes at once: what does not fit into the eight goes into the next.
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len() as u32;
        let (c, at) = (u64::from(u32::from_le_bytes(bytes)), self.bytes % 8);
        self.pack |= c << (8 * at);
        self.bytes += length;
        if at + length >= 8 {
            self.join();
            self.pack = if at + length > 8 { c >> (8 * (8 - at)) } else { 0 };
        }
    }

    #[inline]
    fn join(&mut self) {
        self.hash = join(self.hash, self.pack);
        self.pack = 0;
    }

    #[inline]
    fn close(&mut self, solo: bool, see: &mut impl FnMut(u64, bool)) {
        if self.bytes > 0 {
            see(mix(join(self.hash, self.pack)), solo);
            *self = Word::default();
        }
    }
}

#[inline]
fn join(hash: u64, pack: u64) -> u64 {
    ((hash ^ START).rotate_left(29) ^ pack).wrapping_mul(0xd134_2543_de82_ef95)
}

/// The hash of a character.
fn of_char(c: char) -> u64 {
    mix(join(0, u64::from(c)))
}

/// How many of eight bytes, from the lowest on, are ASCII letters, digits and `_`, and these in lower case with 0 above them.
#[inline]
fn leading_word(bytes: u64) -> (usize, u64) {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let low = bytes & !HIGH;
    let folded = low | (ONES * 0x20);
    // The high bit of each byte of `x` that is at least `least`; bytes below 128 do not borrow from each other.
    let from = |x: u64, least: u8| ((x | HIGH) - ONES * u64::from(least)) & HIGH;
    let letter = from(folded, b'a') & !from(folded, b'z' + 1);
    let digit = from(low, b'0') & !from(low, b'9' + 1);
    let line = !from(low ^ (ONES * u64::from(b'_')), 1);
    let other = (!(letter | digit | line) | bytes) & HIGH;
    let length = other.trailing_zeros() as usize / 8;
    let mask = if length == 8 { u64::MAX } else { (1 << (8 * length)) - 1 };
    (length, folded & mask)
}

fn role(c: char) -> Role {
    match c {
        // The common ones first: what follows is table look-ups.
        '\u{4e00}'..='\u{9fff}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' => Role::Solo,
        'а'..='џ' | 'ا'..='غ' | 'ف'..='ي' | 'α'..='ω' | '가'..='힣' => Role::Small,
        'А'..='Я' => Role::Letter,
        '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' => Role::Nothing,
        _ if without_spaces(c) => match is_combining_mark(c) {
            true => Role::Mark,
            false if c.is_alphanumeric() => Role::Solo,
            false => Role::Break,
        },
        '_' => Role::Letter,
        _ if c.is_alphanumeric() => Role::Letter,
        _ if c >= '\u{300}' && is_combining_mark(c) => Role::Mark,
        _ => Role::Break,
    }
}

/// The text in NFC; borrowed where it is so already, which most texts are.
fn composed(text: &str) -> Cow<'_, str> {
    // Below U+0300 (lead byte 0xCC) everything is NFC. Passing over common starters cannot hide a fault: those sit in marks and rare letters.
    let plain = |c: &char| matches!(u32::from(*c), 0..0x300 | 0x400..0x483 | 0x3041..0x3099 | 0x309f..0x30fe | 0x3400..0xa000 | 0xac00..0xd7a4);
    let suspect = text.bytes().any(|byte| byte >= 0xcc) && is_nfc_quick(text.chars().filter(|c| !plain(c))) != IsNormalized::Yes;
    if suspect { Cow::Owned(text.nfc().collect()) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<u64> {
        let mut hashes = Vec::new();
        each_word(text, |hash, _| hashes.push(hash));
        hashes
    }

    fn chars(text: &str) -> Vec<u64> {
        let mut hashes = Vec::new();
        each_char(text, |hash| hashes.push(hash));
        hashes
    }

    #[test]
    fn case_punctuation_and_composition_do_not_count() {
        assert_eq!(words("Hello, World! 42"), words("  hello (world) — 42"));
        assert_eq!(words("Hello world").len(), 2);
        assert_ne!(words("ab c"), words("a bc"));
        assert_eq!(words("ÉTÉ"), words("e\u{301}te\u{301}"));
        assert_eq!(words("co\u{ad}operate"), words("cooperate"));
        assert!(words(" \n…—!").is_empty());
    }

    #[test]
    fn small_letters_are_their_own_lower_case() {
        let small = ('\0'..=char::MAX).filter(|c| matches!(role(*c), Role::Small));
        assert_eq!(small.inspect(|c| assert!(c.is_alphanumeric() && c.to_lowercase().eq([*c]), "{c}")).count(), 48 + 20 + 10 + 25 + 11_172);
    }

    #[test]
    fn words_are_the_same_eight_bytes_at_a_time_and_one_by_one() {
        let mut state = 1u64;
        for _ in 0..3000 {
            let mut text = String::new();
            for _ in 0..40 {
                state = super::mix(state + 1);
                text.push(
                    *['a', 'Z', '9', '_', 'q', 'e', 'n', ' ', ',', '@', '[', '`', '{', '/', ':', '\u{7f}', '\0', 'é', 'Ж', '我', 'K']
                        .get(state as usize % 60)
                        .unwrap_or(&'t'),
                );
            }
            // What is not there between two characters keeps them from being read together.
            let apart: String = text.chars().flat_map(|c| [c, '\u{ad}']).collect();
            assert_eq!(words(&text), words(&apart), "{text:?}");
        }
        for byte in 0..=255u8 {
            let expected = byte.is_ascii_alphanumeric() || byte == b'_';
            assert_eq!(leading_word(u64::from_le_bytes([byte; 8])).0, if expected { 8 } else { 0 }, "{byte}");
            assert_eq!(leading_word(u64::from_le_bytes([b'x', b'Y', byte, b'-', 0, 0, 0, 0])).0, if expected { 3 } else { 2 }, "{byte}");
        }
        assert_ne!(words("a_b"), words("a\u{7f}b"));
        assert_eq!(words("abcdefgh ABCDEFGHI_").len(), 2);
    }

    #[test]
    fn scripts_without_spaces_go_by_character() {
        assert_eq!(words("我们在here吃饭。").len(), 6);
        assert_eq!(words("ภาษาไทย").len(), 7);
        assert_eq!(words("ที่นี่").len(), 2, "marks stay with their letter");
        assert_eq!(words("데이터 처리").len(), 2, "Korean has spaces");
        assert_eq!(words("हिन्दी भाषा").len(), 2, "marks do not cut words");
        assert_eq!(words("中a").len(), 2);
    }

    #[test]
    fn characters_with_one_space_between_words() {
        assert_eq!(chars(" A,  b. ").len(), 3);
        assert_eq!(chars(" A,  b. "), chars("a b"));
    }
}
