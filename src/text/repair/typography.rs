//! Characters that are mended one by one: left-overs of typesetting, of terminals and of other systems' line ends.

use unicode_normalization::UnicodeNormalization;

use super::{Counts, Fault, Options, Width};

/// What becomes of one character.
pub enum Edit {
    /// It stays.
    Keep,
    /// It goes.
    Remove(Fault),
    /// It becomes another.
    Replace(Fault, char),
    /// It becomes what Unicode says it is made of.
    Compatible(Fault),
}

/// What `options` do to `c`.
pub fn edit(options: &Options, c: char) -> Edit {
    match c {
        '\r' | '\u{2028}' | '\u{2029}' if options.line_breaks => Edit::Replace(Fault::LineBreak, '\n'),
        '\u{80}'..='\u{9f}' if options.c1 => match windows_1252(c) {
            Some(meant) => Edit::Replace(Fault::C1, meant),
            None => Edit::Keep,
        },
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' if options.controls => {
            Edit::Remove(Fault::Control)
        }
        '\u{ad}' | '\u{200b}' | '\u{2060}' if options.invisible => Edit::Remove(Fault::Invisible),
        'Ĳ' | 'ĳ' | 'ŉ' | 'Ǆ'..='ǌ' | 'Ǳ'..='ǳ' | '\u{fb00}'..='\u{fb06}' if options.ligatures => Edit::Compatible(Fault::Ligature),
        '\u{2bc}' | '\u{2018}'..='\u{201b}' if options.straight_quotes => Edit::Replace(Fault::Quote, '\''),
        '\u{201c}'..='\u{201f}' if options.straight_quotes => Edit::Replace(Fault::Quote, '"'),
        '\u{3000}' if options.width == Width::All => Edit::Replace(Fault::Width, ' '),
        '\u{ff01}'..='\u{ffee}' if changes_width(options.width, c) => Edit::Compatible(Fault::Width),
        _ => Edit::Keep,
    }
}

/// Letters and digits, and the narrow forms of kana and Hangul; with `All` the wide signs too, which Chinese and Japanese text is punctuated with.
fn changes_width(width: Width, c: char) -> bool {
    let letters = matches!(c, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '\u{ff66}'..='\u{ffdc}');
    match width {
        Width::Keep => false,
        Width::Letters => letters,
        Width::All => std::iter::once(c).nfkc().next() != Some(c),
    }
}

/// The character that browsers show for a control character of the second range; `None` for the five that have none.
fn windows_1252(c: char) -> Option<char> {
    let byte = u8::try_from(u32::from(c)).ok()?;
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&byte));
    text.chars().next().filter(|meant| *meant != c)
}

/// Applies [`edit`] to every character; a terminal's escape sequence and a pair of line ends go as one.
pub fn apply(options: &Options, text: &str, counts: &mut Counts) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = after;
        if c == '\u{1b}'
            && options.escapes
            && let Some(used) = escape(after)
        {
            rest = after.get(used..).unwrap_or_default();
            counts.add(Fault::Escape, 1);
            continue;
        }
        if c == '\r' && options.line_breaks && after.starts_with('\n') {
            counts.add(Fault::LineBreak, 1);
            continue;
        }
        match edit(options, c) {
            Edit::Keep => out.push(c),
            Edit::Remove(fault) => counts.add(fault, 1),
            Edit::Replace(fault, to) => {
                out.push(to);
                counts.add(fault, 1);
            }
            Edit::Compatible(fault) => {
                // A mark of its own cell joins the kana before it.
                if matches!(c, 'ﾞ' | 'ﾟ') {
                    let mark = if c == 'ﾞ' { '\u{3099}' } else { '\u{309a}' };
                    let joined = out.chars().next_back().and_then(|last| unicode_normalization::char::compose(last, mark));
                    match joined {
                        Some(joined) => {
                            out.pop();
                            out.push(joined);
                        }
                        None => out.push(if c == 'ﾞ' { '゛' } else { '゜' }),
                    }
                } else {
                    out.extend(std::iter::once(c).nfkc());
                }
                counts.add(fault, 1);
            }
        }
    }
    out
}

/// Bytes of a CSI sequence after its ESC: `[`, numbers, a letter.
fn escape(after: &str) -> Option<usize> {
    let numbers = after.strip_prefix('[')?;
    let end = numbers.bytes().position(|b| !b.is_ascii_digit() && b != b';')?;
    numbers.as_bytes().get(end)?.is_ascii_alphabetic().then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(options: &Options, text: &str) -> String {
        apply(options, text, &mut Counts::default())
    }

    #[test]
    fn defaults_keep_what_writers_chose() {
        let options = Options::default();
        assert_eq!(applied(&options, "ﬂuﬃeﬆ ĳs ǌ"), "fluffiest ijs nj");
        assert_eq!(applied(&options, "“你好，ＡＢＣ１２３！”　Ｕﾀｰﾝ ｶﾞｷﾞﾊﾟ"), "“你好，ABC123！”　Uターン ガギパ");
        assert_eq!(applied(&options, "a\r\nb\rc\u{2028}d\u{85}e"), "a\nb\nc\nd…e");
        assert_eq!(applied(&options, "\u{feff}a\0b\u{7f}\u{1b}[36;44mc\u{1b}[0m\u{1b}d"), "abcd");
        assert_eq!(applied(&options, "a\u{200d}b\u{ad}c\u{200b}d"), "a\u{200d}b\u{ad}c\u{200b}d");
    }

    #[test]
    fn the_rest_is_asked_for() {
        let options = Options { invisible: true, straight_quotes: true, width: Width::All, ..Options::default() };
        assert_eq!(applied(&options, "“a’s” b\u{ad}c\u{200b}d，！　｡"), "\"a's\" bcd,! 。");
        let off = Options { c1: false, line_breaks: false, controls: false, escapes: false, ligatures: false, width: Width::Keep, ..Options::default() };
        assert_eq!(applied(&off, "a\r\nﬁ\u{92}\u{1b}[0mＡ"), "a\r\nﬁ\u{92}\u{1b}[0mＡ");
    }
}
