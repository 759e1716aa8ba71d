//! The form in which cc_net (Wenzek et al. 2020) gives text to its language models, so that its models and cutoffs can be used.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};
use unicode_normalization::UnicodeNormalization;

use crate::text::chars::{DIGIT, classes};

/// The ranges of general category Mn: marks that neither take room of their own nor enclose.
static ACCENTS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| match regex_syntax::parse(r"\p{Mn}").map(|hir| hir.into_kind()) {
    Ok(HirKind::Class(Class::Unicode(class))) => class.iter().map(|range| (range.start(), range.end())).collect(),
    _ => Vec::new(),
});

fn is_accent(c: char) -> bool {
    let next = ACCENTS.partition_point(|range| range.0 <= c);
    next > 0 && c <= ACCENTS[next - 1].1
}

/// Puts a text into that form: lower case, no accents (which also takes the vowel signs of Arabic, Hebrew and the scripts of India), every digit 0,
/// typographic and full-width punctuation in ASCII, no control characters (so that lines are joined), no white space at either end.
pub fn ccnet(text: &str, out: &mut String) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'));
    if text.is_ascii() {
        out.extend(
            text.bytes().filter(|byte| !byte.is_ascii_control()).map(|byte| if byte.is_ascii_digit() { '0' } else { byte.to_ascii_lowercase() as char }),
        );
        return;
    }
    for c in text.to_lowercase().nfd() {
        match c {
            'a'..='z' | ' ' => out.push(c),
            c if c.is_ascii_digit() => out.push('0'),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {}
            c if c.is_ascii() => out.push(c),
            c => match punctuation(c) {
                Some(plain) => out.push_str(plain),
                None if classes(c) & DIGIT != 0 => out.push('0'),
                None if is_accent(c) => {}
                None => out.push(c),
            },
        }
    }
}

/// What stands for a mark that is not ASCII.
fn punctuation(c: char) -> Option<&'static str> {
    Some(match c {
        '，' | '、' => ",",
        '。' => ".",
        '．' => ". ",
        '…' => "...",
        '：' | '∶' => ":",
        '；' => ";",
        '？' => "?",
        '！' => "!",
        '„' | '“' | '”' | '«' | '»' | '「' | '」' | '《' | '》' => "\"",
        '´' | '’' => "'",
        '（' => "(",
        '）' => ")",
        '【' => "[",
        '】' => "]",
        '〈' => "<",
        '〉' => ">",
        '–' | '━' | '►' => "-",
        '—' => " - ",
        '～' => "~",
        '％' => "%",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        let mut out = String::new();
        ccnet(text, &mut out);
        out
    }

    #[test]
    fn texts_of_many_scripts_take_the_form() {
        assert_eq!(normal("  Hello, World 1234!\t\n"), "hello, world 0000!");
        assert_eq!(normal("a\tb\nc"), "abc", "control characters go, white space or not");
        assert_eq!(normal("Élan VITAL — «ÇA» … №５"), "elan vital  -  \"ca\" ... №0");
        assert_eq!(normal("他说：“好（１２）。”"), "他说:\"好(00).\"");
        assert_eq!(normal("ΟΔΟΣ Йод"), "οδος иод");
        assert_eq!(normal("كِتَابٌ ٣"), "كتاب 0");
        assert_eq!(normal("हिन्दी"), "हिनदी", "spacing vowel signs stay, the others go");
        assert_eq!(normal("각"), "\u{1100}\u{1161}\u{11a8}", "decomposed syllables stay so");
        assert_eq!(normal(" \u{a0}\u{3000}"), "");
    }
}
