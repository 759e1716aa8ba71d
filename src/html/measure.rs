//! Counts over a piece of text that need no spaces between words.

/// What a piece of text is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Words; a letter of a script written without spaces counts as a word of its own.
    pub words: u32,
    /// Words, with letters of scripts written without spaces weighed as [`UNSPACED`] of a word.
    pub units: f32,
    pub chars: u32,
    pub letters: u32,
    pub upper: u32,
    /// Words that start with a capital.
    pub capitals: u32,
    pub digits: u32,
    /// Signs that end a sentence.
    pub ends: u32,
    pub commas: u32,
    /// `|`, `·`, `»`, `/` and the like, which stand between links and labels.
    pub bars: u32,
    /// Signs of currency.
    pub money: u32,
    /// `©` and the like.
    pub rights: bool,
    pub starts_upper: bool,
    pub last: char,
}

/// Length of one letter of an unspaced script, in words of other scripts.
pub const UNSPACED: f32 = 0.6;

/// Whether the letter belongs to a script that is written without spaces between words.
pub fn is_unspaced(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x20000..=0x3FFFF)
}

impl Counts {
    pub fn of(text: &str) -> Counts {
        let mut n = Counts { last: ' ', ..Counts::default() };
        let mut in_word = false;
        let mut chars = 0u32;
        for c in text.chars() {
            chars += 1;
            let word = if c.is_ascii() {
                if c.is_ascii_alphabetic() {
                    n.letters += 1;
                    if c.is_ascii_uppercase() {
                        n.upper += 1;
                    }
                    true
                } else if c.is_ascii_digit() {
                    n.digits += 1;
                    true
                } else {
                    match c {
                        '.' | '!' | '?' => n.ends += 1,
                        ',' | ';' => n.commas += 1,
                        '|' | '/' | '>' => n.bars += 1,
                        '$' => n.money += 1,
                        _ => {}
                    }
                    c == '_'
                }
            } else if is_unspaced(c) {
                n.letters += 1;
                n.words += 1;
                n.units += UNSPACED;
                in_word = false;
                n.last = c;
                continue;
            } else if c.is_alphanumeric() {
                n.letters += 1;
                if c.is_uppercase() {
                    n.upper += 1;
                }
                true
            } else {
                match c {
                    '。' | '！' | '？' | '…' | '．' | '؟' | '۔' | '।' => n.ends += 1,
                    '，' | '、' | '；' | '،' => n.commas += 1,
                    '·' | '•' | '»' | '›' | '→' | '｜' => n.bars += 1,
                    '€' | '£' | '¥' | '￥' | '₹' | '₽' => n.money += 1,
                    '©' | '®' | '™' => n.rights = true,
                    _ => {}
                }
                false
            };
            if word && !in_word {
                let capital = c.is_uppercase();
                n.capitals += u32::from(capital);
                if n.words == 0 {
                    n.starts_upper = capital;
                }
                n.words += 1;
                n.units += 1.0;
            }
            in_word = word;
            if !c.is_whitespace() {
                n.last = c;
            }
        }
        n.chars = chars;
        n
    }

    /// Whether the text ends as a sentence does.
    pub fn is_closed(&self) -> bool {
        matches!(self.last, '.' | '!' | '?' | '…' | '"' | '”' | '»' | ')' | '。' | '！' | '？' | '」' | '）' | '؟' | '۔' | '।')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_script() {
        let n = Counts::of("Hello, big_world 42!");
        assert_eq!((n.words, n.commas, n.ends, n.digits, n.capitals), (3, 1, 1, 2, 1));
        assert!(n.starts_upper && n.is_closed());
        let n = Counts::of("你好，世界。");
        assert_eq!((n.words, n.letters, n.ends), (4, 4, 1));
        assert!((n.units - 2.4).abs() < 1e-6);
        assert_eq!(Counts::of("Привет мир").words, 2);
    }
}
