//! What counts as the same text for exact deduplication: a 128-bit xxh3 of the text as normalised.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use xxhash_rust::xxh3::Xxh3;

/// How much of a text's form counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Normal {
    /// Every byte counts.
    Bytes,
    /// NFC; a run of white space counts as one space, and none at the ends.
    Space,
    /// The same, in lower case, without anything but letters, digits and marks.
    Words,
}

/// The digest of a text; `None` where nothing of it counts.
pub fn digest(text: &str, normal: Normal) -> Option<u128> {
    let mut hash = Xxh3::new();
    let mut any = false;
    let mut take = |piece: &str| {
        any |= !piece.is_empty();
        hash.update(piece.as_bytes());
    };
    match normal {
        Normal::Bytes => take(text),
        Normal::Space | Normal::Words => {
            let composed: String;
            let text = if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
                text
            } else {
                composed = text.nfc().collect();
                &composed
            };
            let letter = |c: char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c);
            let words = text.split(|c: char| if normal == Normal::Words { !letter(c) } else { c.is_whitespace() });
            for (number, word) in words.filter(|word| !word.is_empty()).enumerate() {
                if number > 0 {
                    take(" ");
                }
                if normal == Normal::Words { take(&word.to_lowercase()) } else { take(word) }
            }
        }
    }
    any.then(|| hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_composition_do_not_count() {
        let space = |text| digest(text, Normal::Space);
        assert_eq!(space(" a\n\n b\u{a0}c "), space("a b c"));
        assert_eq!(space("e\u{301}"), space("é"));
        assert_ne!(space("a b"), space("ab"));
        assert_ne!(space("A b"), space("a b"));
        assert_eq!((space(" \n"), digest("", Normal::Bytes)), (None, None));
        assert_ne!(digest("a b", Normal::Bytes), digest("a  b", Normal::Bytes));
    }

    #[test]
    fn words_alone_can_count() {
        let words = |text| digest(text, Normal::Words);
        assert_eq!(words("Hello, World!"), words("hello world"));
        assert_ne!(words("hello world"), words("helloworld"));
        assert_eq!(words("— !"), None);
    }
}
