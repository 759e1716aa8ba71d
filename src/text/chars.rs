//! What a character is, to Unicode and to the tools that the rule sets follow.
//!
//! One table look-up answers for Python's `str` predicates (Unicode 14), for spaCy's English
//! tokenizer (3.8.18) and for datatrove's punctuation sets (0.10.1), which all differ from `char`'s own.

use std::sync::LazyLock;

use super::{
    bytes::pack,
    chars_table::{PALETTE, RUNS},
};

/// `str.isspace`: also the separators U+001C to U+001F.
pub const SPACE: u16 = 1 << 0;
/// `str.isalpha`: a letter of any kind.
pub const ALPHA: u16 = 1 << 1;
/// In datatrove's `PUNCTUATION_SET`: a word of these alone is a symbol.
pub const SYMBOL: u16 = 1 << 2;
/// In datatrove's `TERMINAL_PUNCTUATION`: may end a line of prose, in any script.
pub const TERMINAL: u16 = 1 << 3;
/// Ends a sentence for spaCy's sentencizer, where it stands as a word of its own.
pub const SENTENCE_END: u16 = 1 << 4;
/// General category P.
pub const PUNCT: u16 = 1 << 5;
/// A decimal digit of any script.
pub const DIGIT: u16 = 1 << 6;
/// Split off the front of a word by spaCy.
pub const PREFIX: u16 = 1 << 7;
/// Split off the end of a word by spaCy.
pub const SUFFIX: u16 = 1 << 8;
/// A letter to spaCy's rules, cased or not.
pub const LETTER: u16 = 1 << 9;
/// A lower-case or caseless letter to spaCy.
pub const LOWER: u16 = 1 << 10;
/// An upper-case or caseless letter to spaCy.
pub const UPPER: u16 = 1 << 11;
/// A quotation mark to spaCy (those that are not also letters to it).
pub const QUOTE: u16 = 1 << 12;
/// A full stop after it, at the end of a word, is split off by spaCy.
pub const BEFORE_STOP: u16 = 1 << 13;
/// Split off inside a word by spaCy, whatever stands beside it.
pub const INFIX: u16 = 1 << 14;

static BMP: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut table = vec![0; 1 << 16];
    for pair in RUNS.windows(2) {
        let (from, to) = ((pair[0] >> 6) as usize, (pair[1] >> 6) as usize);
        if from >= table.len() {
            break;
        }
        let to = to.min(table.len());
        table[from..to].fill(PALETTE[(pair[0] & 63) as usize]);
    }
    table
});

/// Classes of the ASCII characters, for loops over bytes.
pub static ASCII: [u16; 128] = ascii();

const fn ascii() -> [u16; 128] {
    let mut table = [0; 128];
    let (mut run, mut c) = (0, 0);
    while c < 128 {
        while run + 1 < RUNS.len() && (RUNS[run + 1] >> 6) as usize <= c {
            run += 1;
        }
        table[c] = PALETTE[(RUNS[run] & 63) as usize];
        c += 1;
    }
    table
}

/// All classes of `c`.
#[inline]
pub fn classes(c: char) -> u16 {
    let code = c as usize;
    if code < 128 {
        return ASCII[code];
    }
    match BMP.get(code) {
        Some(found) => *found,
        None => beyond_bmp(c as u32),
    }
}

fn beyond_bmp(code: u32) -> u16 {
    let next = RUNS.partition_point(|run| run >> 6 <= code);
    RUNS.get(next.wrapping_sub(1)).map_or(0, |run| PALETTE[(run & 63) as usize])
}

/// Whether `c` is in any of the classes `of`.
#[inline]
pub fn is(c: char, of: u16) -> bool {
    classes(c) & of != 0
}

/// `str.isalnum`: a letter, or a number of any kind.
#[inline]
pub fn is_alphanumeric(c: char) -> bool {
    is(c, ALPHA) || c.is_numeric()
}

/// `str.strip`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(|c| is(c, SPACE))
}

/// `str.rstrip`.
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(|c| is(c, SPACE))
}

/// `str.lstrip`.
pub fn strip_start(text: &str) -> &str {
    text.trim_start_matches(|c| is(c, SPACE))
}

/// The number of code points.
#[inline]
pub fn count(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.len() > 32 {
        // So many that their number fits a byte: then many are counted at once.
        let first = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum + u8::from(*byte as i8 >= -0x40));
        return bytes.chunks(192).map(|bytes| usize::from(first(bytes))).sum();
    }
    count_packed(bytes, pack(bytes))
}

/// The number of code points of a word of which [`pack`] has made `packed`.
#[inline]
pub fn count_packed(word: &[u8], packed: u64) -> usize {
    let rest = word.get(8..).unwrap_or_default();
    let following = following(packed) + rest.chunks(8).map(|eight| following(pack(eight))).sum::<u32>();
    word.len() - following as usize
}

/// How many of eight bytes go on a character that began before them: those of the form 10xxxxxx.
#[inline]
fn following(eight: u64) -> u32 {
    (eight >> 7 & !(eight >> 6) & 0x0101_0101_0101_0101).count_ones()
}

/// True for characters of scripts written without spaces between words (Unicode blocks).
pub fn without_spaces(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff            // Thai, Lao
        | 0x1000..=0x109f          // Burmese
        | 0x1780..=0x17ff          // Khmer
        | 0x1950..=0x19df          // Tai Le, New Tai Lue
        | 0x1a20..=0x1aaf          // Tai Tham
        | 0x1b00..=0x1b7f          // Balinese
        | 0x2e80..=0x312f          // radicals, kana, bopomofo
        | 0x31a0..=0xa4cf          // more of these, Han, Yi
        | 0xa980..=0xa9ff          // Javanese, Burmese
        | 0xaa60..=0xaadf          // Burmese, Tai Viet
        | 0xf900..=0xfaff          // Han
        | 0xff66..=0xff9f          // half-width kana
        | 0x16fe0..=0x18fff        // Tangut and others
        | 0x1b000..=0x1b2ff        // older kana
        | 0x20000..=0x3ffff) // Han
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_differ_from_those_of_char() {
        assert!(is('\u{1c}', SPACE) && !'\u{1c}'.is_whitespace());
        assert!(is('\u{3000}', SPACE) && is('\u{85}', SPACE));
        assert!(is('é', ALPHA) && is('漢', ALPHA) && !is('²', ALPHA));
        assert!(is('。', TERMINAL) && is('。', SENTENCE_END) && is('。', SYMBOL));
        assert!(is('٣', DIGIT) && !is('½', DIGIT));
        assert!(is_alphanumeric('²') && !is_alphanumeric('ा') && is_alphanumeric('Ⅳ') && !is_alphanumeric('_'));
        assert!(is('\u{20000}', LETTER) && is('\u{1f600}', INFIX) && !is('\u{10fffd}', INFIX));
    }

    #[test]
    fn strips_as_python_does() {
        assert_eq!(strip("\u{1f}\u{a0} a b\u{2028}\n"), "a b");
        assert_eq!((strip_start(" a "), strip_end(" a ")), ("a ", " a"));
        for n in 0..12 {
            assert_eq!(count(&"aé漢\u{1f600}b".repeat(n)), 5 * n);
        }
    }
}
