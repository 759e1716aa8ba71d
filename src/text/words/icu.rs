//! Words as `unicode` finds them, but in scripts without spaces by the dictionaries of ICU: Chinese, Japanese, Thai, Lao, Khmer, Burmese.

use icu_segmenter::WordSegmenter;
use unicode_segmentation::UnicodeSegmentation;

use super::{Run, kind, unicode::split_ascii};
use crate::text::{Span, chars::without_spaces, slice};

/// Longest run in bytes that is looked up at once; the search takes memory in proportion.
const LONGEST: usize = 4096;

/// Appends the words and marks of `text`.
pub fn split(text: &str, runs: &[Run], words: &mut Vec<Span>) {
    let segmenter = WordSegmenter::new_dictionary(Default::default());
    for Run { span, kinds } in runs.iter().copied() {
        if kinds & kind::HIGH == 0 {
            split_ascii(text, span, kinds, words);
            continue;
        }
        let piece = slice(text, span);
        if !piece.chars().any(without_spaces) {
            let bounds = piece.split_word_bound_indices();
            words.extend(bounds.map(|(at, word)| (span.0 + at as u32, span.0 + (at + word.len()) as u32)));
            continue;
        }
        let mut start = 0;
        while start < piece.len() {
            let mut end = (start + LONGEST).min(piece.len());
            while !piece.is_char_boundary(end) {
                end -= 1;
            }
            let offset = span.0 + start as u32;
            let mut last = 0;
            for bound in segmenter.segment_str(&piece[start..end]).skip(1) {
                words.push((offset + last, offset + bound as u32));
                last = bound as u32;
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Splitter;

    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        Splitter::Icu.split(text, &mut words);
        words.into_iter().map(|word| slice(text, word)).collect()
    }

    #[test]
    fn scripts_without_spaces_have_words() {
        assert_eq!(words("我们通过软件系统 转动,12 times."), ["我们", "通过", "软件", "系统", "转动", ",", "12", "times", "."]);
        assert_eq!(words("日本語の文章。"), ["日本語", "の", "文章", "。"]);
        assert_eq!(words("ภาษาไทยง่าย"), ["ภาษา", "ไทย", "ง่าย"]);
        assert_eq!(words("ភាសាខ្មែរ"), ["ភាសាខ្មែរ"]);
    }

    #[test]
    fn other_scripts_are_cut_as_by_unicode() {
        for text in ["It can't be 3.5, no?", "Это не так. हिन्दी भाषा!", "데이터 처리", "e\u{301} \u{200d}x", "", "  "] {
            let mut wanted = Vec::new();
            Splitter::Unicode.split(text, &mut wanted);
            assert_eq!(words(text), wanted.into_iter().map(|word| slice(text, word)).collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn words_cover_the_text_however_long_it_is() {
        let text = "我们在河边看到了很多古老的水车".repeat(1000);
        let found = words(&text);
        assert_eq!(found.concat(), text);
        assert!(found.len() > 7_000 && found.len() < 12_000, "{}", found.len());
    }
}
