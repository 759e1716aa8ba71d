//! Words of a text, and the hashed n-grams of characters that stand for them.
//!
//! A word is a run of letters, in lower case; anything else parts words. Each word is written between two edges, and every run of one to
//! five signs of that (an edge counts as a sign, and only stands first or last) becomes a hash of 26 bits; so does the whole word where it has
//! four letters or more. Combining marks of the block U+0300 part words, as in the frequency tables that the model learnt from, and count as
//! n-grams by themselves.

/// Longest n-gram, edges counted.
const ORDER: usize = 5;

/// The sign before and after a word.
pub const EDGE: u32 = b' ' as u32;

/// Letters of a word that is hashed as a whole.
const WHOLE: std::ops::RangeInclusive<usize> = 4..=24;

/// Bits of a hash. One n-gram in seventy that the model does not know is taken for one that it does.
pub const BITS: u32 = 26;

const SEED: u64 = 0x51_7c_c1_b7_27_22_0a_95;
const WHOLE_SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Lower-case letters by code point, 0 for what is no letter.
pub struct Letters {
    table: Box<[u16]>,
}

impl Default for Letters {
    fn default() -> Letters {
        Letters { table: (0..0x2000).map(|code| char::from_u32(code).map_or(0, |c| lower(c) as u16)).collect() }
    }
}

impl Letters {
    /// The lower-case form of a letter, or 0.
    pub fn fold(&self, c: char) -> u32 {
        match self.table.get(c as usize) {
            Some(letter) => u32::from(*letter),
            // Letters without case, of which Chinese, Japanese and Korean texts are made.
            None if matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}') => u32::from(c),
            None => lower(c),
        }
    }
}

fn lower(c: char) -> u32 {
    let mark = matches!(c, '\u{300}'..='\u{36f}');
    // Vowel signs and the like of India are no letters to Unicode, but the words are not to be cut at them.
    let sign = matches!(c, '\u{900}'..='\u{dff}') && !matches!(c, '\u{964}'..='\u{970}') && !c.is_numeric();
    let letter = c.to_lowercase().next().map_or(0, u32::from);
    // Only a few capitals beyond the table's range grow on folding; none inside it leaves the range of u16.
    if mark || sign || c.is_alphabetic() { letter } else { 0 }
}

/// Writes the letters of `text` to `signs`: words between single edges, an edge first and last.
pub fn signs(letters: &Letters, text: &str, signs: &mut Vec<u32>) {
    signs.clear();
    signs.push(EDGE);
    for c in text.chars() {
        let letter = letters.fold(c);
        if (0x300..0x370).contains(&letter) {
            if signs.last() != Some(&EDGE) {
                signs.push(EDGE);
            }
            signs.extend([letter, EDGE]);
        } else if letter != 0 {
            signs.push(letter);
        } else if signs.last() != Some(&EDGE) {
            signs.push(EDGE);
        }
    }
    if signs.last() != Some(&EDGE) {
        signs.push(EDGE);
    }
}

/// Calls `each` with the hash and the number of signs of every n-gram and word of `signs`, in order.
pub fn hashes(signs: &[u32], mut each: impl FnMut(u32, usize)) {
    let mut word = (WHOLE_SEED, 0);
    for (at, first) in signs.iter().enumerate() {
        let mut hash = step(SEED, *first);
        if *first == EDGE {
            if WHOLE.contains(&word.1) {
                each(fold(word.0), word.1);
            }
            word = (WHOLE_SEED, 0);
        } else {
            word = (step(word.0, *first), word.1 + 1);
            each(fold(hash), 1);
        }
        for (more, sign) in signs.iter().skip(at + 1).take(ORDER - 1).enumerate() {
            hash = step(hash, *sign);
            each(fold(hash), more + 2);
            if *sign == EDGE {
                break;
            }
        }
    }
}

/// The hash of one n-gram, as `hashes` gives it.
pub fn hash(signs: impl IntoIterator<Item = u32>) -> u32 {
    fold(signs.into_iter().fold(SEED, step))
}

/// The hash of one whole word, as `hashes` gives it; none for words too short or too long.
pub fn whole(letters: &[u32]) -> Option<u32> {
    WHOLE.contains(&letters.len()).then(|| fold(letters.iter().copied().fold(WHOLE_SEED, step)))
}

fn step(hash: u64, sign: u32) -> u64 {
    (hash.rotate_left(23) ^ u64::from(sign)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn fold(hash: u64) -> u32 {
    (hash >> (64 - BITS)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_without_a_look_is_what_a_look_would_say() {
        let letters = Letters::default();
        assert!((0..0x11_0000).filter_map(char::from_u32).all(|c| letters.fold(c) == lower(c)));
    }

    fn grams(text: &str) -> (String, Vec<u32>) {
        let (mut stream, mut out) = (Vec::new(), Vec::new());
        signs(&Letters::default(), text, &mut stream);
        hashes(&stream, |hash, _| out.push(hash));
        (stream.iter().filter_map(|sign| char::from_u32(*sign)).collect(), out)
    }

    #[test]
    fn words_are_lower_case_between_single_edges() {
        assert_eq!(grams("Über 12 -- Ça-va?").0, " über ça va ");
        assert_eq!(grams("ПРИВЕТ, हिन्दी। 你好").0, " привет हिन्दी 你好 ");
        assert_eq!(grams("o\u{301}k").0, " o \u{301} k ");
        assert_eq!(grams("").0, " ");
    }

    #[test]
    fn every_ngram_and_the_whole_word_are_hashed_once() {
        let (_, mut found) = grams("ab, word");
        let mut wanted: Vec<u32> =
            ["a", "b", " a", "ab", "b ", " ab", "ab ", " ab ", "w", "o", "r", "d", " w", "wo", "or", "rd", "d ", " wo", "wor", "ord", "rd "]
                .into_iter()
                .chain([" wor", "word", "ord ", " word", "word "])
                .map(|gram| hash(gram.chars().map(u32::from)))
                .collect();
        wanted.extend(whole(&"word".chars().map(u32::from).collect::<Vec<_>>()));
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert_eq!(whole(&[97, 98, 99]), None);
        let mut lengths = Vec::new();
        hashes(&[EDGE, 97, 98, EDGE], |_, length| lengths.push(length));
        assert_eq!(lengths, [2, 3, 4, 1, 2, 3, 1, 2]);
    }

    #[test]
    fn an_empty_text_has_no_ngrams() {
        assert!(grams("12.5 % —").1.is_empty());
    }
}
