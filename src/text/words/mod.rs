//! Cutting a text into words, by a named choice.

mod icu;
mod spacy_en;
mod unicode;

use super::{
    Span,
    chars::{self, SPACE, is},
    slice,
};

/// How a text is cut into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Splitter {
    /// Between white space, then at Unicode's default word boundaries (UAX 29); punctuation marks are words.
    #[default]
    Unicode,
    /// Between white space, as Python's `str.split`.
    Whitespace,
    /// The tokens of spaCy 3.8's blank English, without those of white space: what datatrove uses for English.
    SpacyEn,
    /// As `Unicode`, but Chinese, Japanese, Thai, Lao, Khmer and Burmese by ICU's dictionaries.
    Icu,
    /// Those of `Unicode` that begin with a letter or a number: what DCLM makes n-grams of.
    UnicodeWords,
    /// Between the white space of ASCII, where they begin with a letter or a number: what DCLM counts, by fastText's tokenizer.
    FasttextWords,
}

impl Splitter {
    /// Every splitter with its name in rule and pipeline files.
    pub const NAMES: [(&str, Self); 6] = [
        ("unicode", Self::Unicode),
        ("whitespace", Self::Whitespace),
        ("spacy_en", Self::SpacyEn),
        ("icu", Self::Icu),
        ("unicode_words", Self::UnicodeWords),
        ("fasttext_words", Self::FasttextWords),
    ];

    /// The splitter called `name`.
    pub fn find(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, splitter)| *splitter)
    }

    /// Appends the words of `text` to `words`, in order.
    pub fn split(self, text: &str, words: &mut Vec<Span>) {
        let mut runs = Vec::new();
        if self != Self::FasttextWords {
            find_runs(text, |run| runs.push(run));
        }
        self.split_runs(text, &runs, words);
    }

    /// Appends the words of `text`, of which `runs` are the [runs](find_runs), to `words`, in order.
    pub fn split_runs(self, text: &str, runs: &[Run], words: &mut Vec<Span>) {
        match self {
            Self::Unicode => unicode::split(text, runs, words),
            Self::Whitespace => words.extend(runs.iter().map(|run| run.span)),
            Self::SpacyEn => spacy_en::split(text, runs, words),
            Self::Icu => icu::split(text, runs, words),
            Self::UnicodeWords => {
                let from = words.len();
                unicode::split(text, runs, words);
                keep_alphanumeric(text, words, from);
            }
            Self::FasttextWords => {
                let from = words.len();
                ascii_whitespace(text, words);
                keep_alphanumeric(text, words, from);
            }
        }
    }
}

/// Leaves out those words, from number `from` on, whose first character is neither letter nor number.
fn keep_alphanumeric(text: &str, words: &mut Vec<Span>, from: usize) {
    let mut place = 0;
    words.retain(|word| {
        place += 1;
        place <= from || slice(text, *word).chars().next().is_some_and(chars::is_alphanumeric)
    });
}

/// Appends what lies between the characters that fastText takes for white space.
fn ascii_whitespace(text: &str, words: &mut Vec<Span>) {
    let mut start = 0;
    let space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r' | 0);
    let ends = text.bytes().enumerate().filter(|(_, byte)| space(*byte)).map(|(at, _)| at);
    for end in ends.chain([text.len()]) {
        if start < end {
            words.push((start as u32, end as u32));
        }
        start = end + 1;
    }
}

/// What a run of characters other than white space holds, as bits.
mod kind {
    pub const LETTER: u8 = 1;
    pub const DIGIT: u8 = 2;
    pub const OTHER: u8 = 4;
    pub const HIGH: u8 = 8;
    /// Of a byte alone: white space.
    pub const SPACE: u8 = 16;
    /// Of a byte alone: the lead of U+0085, U+00A0, U+1680, U+2000 to U+205F or U+3000, maybe.
    pub const HIGH_OR_SPACE: u8 = 32;
}

static KIND: [u8; 256] = {
    let mut table = [kind::OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => kind::LETTER,
            b'0'..=b'9' => kind::DIGIT,
            b' ' | b'\t'..=b'\r' | 0x1c..=0x1f => kind::SPACE,
            0xc2 | 0xe1 | 0xe2 | 0xe3 => kind::HIGH_OR_SPACE,
            0x80.. => kind::HIGH,
            _ => kind::OTHER,
        };
        byte += 1;
    }
    table
};

/// What lies between white space.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Where it is.
    pub span: Span,
    /// The kinds of its bytes.
    pub(in crate::text) kinds: u8,
}

/// Calls `each` with every run of characters of `text` other than white space, as `str.split` in Python finds it.
#[inline]
pub fn find_runs(text: &str, mut each: impl FnMut(Run)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let (start, mut kinds) = (at, 0);
        let mut space = 0;
        while let Some(byte) = bytes.get(at) {
            let mut found = KIND[usize::from(*byte)];
            if found >= kind::SPACE {
                space = if found == kind::SPACE { 1 } else { wide_space(text, at) };
                if space > 0 {
                    break;
                }
                found = kind::HIGH;
            }
            kinds |= found;
            at += 1;
        }
        if start < at {
            each(Run { span: (start as u32, at as u32), kinds });
        }
        at += space;
    }
}

/// Bytes of the white space outside ASCII that starts at `at`; 0 where there is none.
fn wide_space(text: &str, at: usize) -> usize {
    let c = text.get(at..).and_then(|rest| rest.chars().next());
    c.filter(|c| is(*c, SPACE)).map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::slice;

    fn words(text: &str, splitter: Splitter) -> Vec<&str> {
        let mut spans = Vec::new();
        splitter.split(text, &mut spans);
        spans.into_iter().map(|span| slice(text, span)).collect()
    }

    #[test]
    fn splits_at_every_kind_of_white_space() {
        let text = "\u{3000}a b\u{a0}c\u{85}é\u{1f}漢字\u{2028}";
        assert_eq!(words(text, Splitter::Whitespace), ["a", "b", "c", "é", "漢字"]);
        assert!(words(" \n\t", Splitter::Whitespace).is_empty());
        assert!(words("", Splitter::Unicode).is_empty());
    }

    #[test]
    fn unicode_words_keep_marks_and_need_no_spaces() {
        assert_eq!(words("It can't be 3.5, no?", Splitter::Unicode), ["It", "can't", "be", "3.5", ",", "no", "?"]);
        assert_eq!(words("漢字", Splitter::Unicode), ["漢", "字"]);
    }

    #[test]
    fn marks_are_no_words_of_dclm() {
        let text = "- It's\u{a0}3.5, (no)\0漢字 …";
        assert_eq!(words(text, Splitter::UnicodeWords), ["It's", "3.5", "no", "漢", "字"]);
        assert_eq!(words(text, Splitter::FasttextWords), ["It's\u{a0}3.5,", "漢字"]);
    }

    #[test]
    fn names_are_unique() {
        assert_eq!(Splitter::find("spacy_en"), Some(Splitter::SpacyEn));
        assert_eq!(Splitter::find("spacy"), None);
    }
}
