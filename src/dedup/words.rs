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

/// Lower-case form of the ASCII characters that stand in words; 0 for the others.
const LOWER: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || b == b'_' {
            table[byte] = b.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// What a character does to the word being read.
enum Role {
    /// Stands in a word.
    Letter,
    /// Is a word.
    Solo,
    /// Belongs to the character before it.
    Mark,
    /// Is not there.
    Nothing,
    /// Ends a word.
    Break,
}

/// Appends a hash for each word of the text, in order.
pub fn word_hashes(text: &str, hashes: &mut Vec<u64>) {
    each_word(text, |hash, _| hashes.push(hash));
}

/// Calls `see` with the hash of each word of the text, in order, and with whether it is a character of a script without spaces.
#[inline]
pub fn each_word(text: &str, mut see: impl FnMut(u64, bool)) {
    let text = composed(text);
    let bytes = text.as_bytes();
    let (mut at, mut word, mut solo) = (0, START, false);
    while let Some(&byte) = bytes.get(at) {
        if let Some(&lower) = LOWER.get(usize::from(byte)) {
            if lower == 0 || solo {
                close(&mut word, solo, &mut see);
                solo = false;
            }
            if lower != 0 {
                word = step(word, u32::from(lower));
            }
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        at += c.len_utf8();
        match role(c) {
            Role::Letter => {
                if solo {
                    close(&mut word, solo, &mut see);
                    solo = false;
                }
                word = lower_step(word, c);
            }
            Role::Solo => {
                close(&mut word, solo, &mut see);
                word = step(word, u32::from(c));
                solo = true;
            }
            Role::Mark if word != START => word = step(word, u32::from(c)),
            Role::Mark | Role::Nothing => {}
            Role::Break => {
                close(&mut word, solo, &mut see);
                solo = false;
            }
        }
    }
    close(&mut word, solo, &mut see);
}

/// Appends a hash for each character of the text's words, and for one space between two words.
pub fn char_hashes(text: &str, hashes: &mut Vec<u64>) {
    let text = composed(text);
    let space = mix(step(START, u32::from(' ')));
    let mut gap = false;
    let first = hashes.len();
    for c in text.chars() {
        match role(c) {
            Role::Letter | Role::Solo | Role::Mark => {
                if std::mem::take(&mut gap) && hashes.len() > first {
                    hashes.push(space);
                }
                hashes.extend(c.to_lowercase().map(|lower| mix(step(START, u32::from(lower)))));
            }
            Role::Nothing => {}
            Role::Break => gap = true,
        }
    }
}

fn close(word: &mut u64, solo: bool, see: &mut impl FnMut(u64, bool)) {
    if *word != START {
        see(mix(*word), solo);
        *word = START;
    }
}

fn step(word: u64, c: u32) -> u64 {
    (word.rotate_left(5) ^ u64::from(c)).wrapping_mul(0xd134_2543_de82_ef95)
}

fn lower_step(word: u64, c: char) -> u64 {
    c.to_lowercase().fold(word, |word, lower| step(word, u32::from(lower)))
}

fn role(c: char) -> Role {
    match c {
        // The common ones first: what follows is table look-ups.
        '\u{4e00}'..='\u{9fff}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' => Role::Solo,
        'а'..='я' | 'А'..='Я' | 'ا'..='غ' | 'α'..='ω' | '가'..='힣' => Role::Letter,
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
        word_hashes(text, &mut hashes);
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
        let mut hashes = Vec::new();
        char_hashes(" A,  b. ", &mut hashes);
        assert_eq!(hashes.len(), 3);
        let mut same = Vec::new();
        char_hashes("a b", &mut same);
        assert_eq!(hashes, same);
    }
}
