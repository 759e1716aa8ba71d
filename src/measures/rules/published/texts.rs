//! Texts with a value that is known because they were made so.

use std::sync::LazyLock;

use crate::text::Splitter;

/// Scripts, each by ten of its letters.
const SCRIPTS: [&str; 5] = ["abcdefghij", "абвгдежзик", "ابتثجحخدذر", "कखगघचछजझटठ", "天地玄黄宇宙洪荒日月"];

/// Characters that make many Chinese words in pairs.
const IN_PAIRS: &str = "大小天地人中国学生工作家出来去上下开发动电话车火水山海风雨花草木金日月年时间前后外内东西南北方面心口手头高长老新文明公司";

/// The pairs that ICU's dictionary has for a word.
static PAIRS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pairs = IN_PAIRS.chars().flat_map(|a| IN_PAIRS.chars().map(move |b| [a, b].iter().collect()));
    pairs.filter(|pair: &String| is_word(pair)).collect()
});

/// Whether ICU leaves `text` whole.
pub fn is_word(text: &str) -> bool {
    let mut words = Vec::new();
    Splitter::Icu.split(text, &mut words);
    words == [(0, text.len() as u32)]
}

/// Words of ten letters.
#[derive(Clone, Copy)]
pub struct Script(&'static str);

/// A text and its value.
pub type Made = (String, f64);

impl Script {
    /// All of them.
    pub const ALL: [Self; 5] = [Self(SCRIPTS[0]), Self(SCRIPTS[1]), Self(SCRIPTS[2]), Self(SCRIPTS[3]), Self(SCRIPTS[4])];

    /// Scripts of languages that have bounds of their own.
    pub const THAI: Self = Self("กขคงจฉชซญด");
    pub const LAO: Self = Self("ກຂຄງຈຊຍດຕຖ");
    pub const ETHIOPIC: Self = Self("ሀለሐመሠረሰቀበተ");

    /// Chinese characters.
    pub fn is_han(self) -> bool {
        self.0 == IN_PAIRS || self.0 == SCRIPTS[4]
    }

    /// The same, but whole words of Chinese are pairs of characters.
    pub fn in_pairs(self) -> Self {
        if self.is_han() { Self(IN_PAIRS) } else { self }
    }

    /// The word number `i`, of `length` letters.
    pub fn word(self, i: usize, length: usize) -> String {
        let digits = format!("{i:0length$}");
        digits.bytes().filter_map(|digit| self.0.chars().nth(usize::from(digit - b'0'))).collect()
    }

    /// Words of four letters from number `from` on.
    pub fn words(self, from: usize, count: usize) -> Vec<String> {
        (from..from + count).map(|i| self.word(i, 4)).collect()
    }

    /// `count` pieces, all different but for the last `copies`, which are as the first.
    pub fn repeating(self, count: usize, copies: usize) -> Vec<String> {
        (0..count).map(|i| self.word(if i < count - copies { i } else { 0 }, 4)).collect()
    }

    /// `chars` letters.
    pub fn letters(self, chars: usize) -> String {
        self.0.chars().cycle().take(chars).collect()
    }

    /// A letter that is not of ASCII.
    pub fn foreign(self) -> char {
        self.0.chars().next().filter(|c| !c.is_ascii()).unwrap_or('é')
    }

    /// A word that no splitter cuts, number `i`: of one letter where a script is written without spaces.
    pub fn whole(self, i: usize) -> String {
        match self.0 {
            IN_PAIRS => PAIRS[i].clone(),
            _ if self.is_han() => char::from_u32(0x4e00 + i as u32).into_iter().collect(),
            _ => self.word(i, 4),
        }
    }

    /// Words that no splitter cuts, from number `from` on.
    pub fn wholes(self, from: usize, count: usize) -> Vec<String> {
        (from..from + count).map(|i| self.whole(i)).collect()
    }
}

pub fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// `count` words, `with` of which are changed.
pub fn changed(s: Script, count: usize, with: usize, change: impl Fn(usize, String) -> String) -> Vec<String> {
    s.words(0, count).into_iter().enumerate().map(|(i, word)| if i < with { change(i, word) } else { word }).collect()
}

/// One n-gram `copies` times, other words between and behind.
pub struct Grams {
    pub text: String,
    pub copies: usize,
    /// Letters of a word.
    letters: usize,
    gram: usize,
    words: usize,
}

impl Grams {
    /// `gram` words, `copies` times, each time with a word of its own behind; then about `rest` words, `shorter` of them twice.
    pub fn new(s: Script, gram: usize, shorter: usize, copies: usize, rest: usize) -> Self {
        let letters = s.whole(0).chars().count();
        let repeated: Vec<_> = (0..gram).map(|i| s.whole(i)).collect();
        let mut words = Vec::new();
        for i in 0..copies {
            words.extend(repeated.iter().cloned());
            words.push(s.whole(100 + i));
        }
        for i in 0..2 {
            words.extend((0..shorter).map(|i| s.whole(150 + i)));
            words.push(s.whole(170 + i));
        }
        words.extend((0..rest.saturating_sub(2 * shorter + 2)).map(|i| s.whole(200 + i)));
        Self { text: words.join(" "), copies, letters, gram, words: words.len() }
    }

    fn chars(&self) -> usize {
        self.words * (self.letters + 1) - 1
    }

    /// By the characters of the text, spaces between the words of each n-gram included; `of` of them count.
    pub fn spaced(&self, of: usize) -> f64 {
        ratio(of * (self.gram * (self.letters + 1) - 1), self.chars())
    }

    /// The same without the spaces.
    pub fn unspaced(&self, of: usize) -> f64 {
        ratio(of * self.gram * self.letters, self.chars())
    }

    /// By the characters of the words.
    pub fn of_words(&self) -> f64 {
        ratio(self.copies * self.gram, self.words)
    }

    /// By the characters of all n-grams of `n` words, where `n` is less than there are repeated.
    pub fn of_grams(&self, n: usize) -> f64 {
        ratio(self.copies * (self.gram + 1 - n), self.words + 1 - n)
    }

    /// Letters of a word of `s`.
    pub fn letters(s: Script) -> usize {
        s.whole(0).chars().count()
    }
}

/// How many words must follow, that 31 copies of `gram` words and one more come to `wanted` words.
pub fn rest(gram: usize, wanted: f64) -> usize {
    (wanted - (31 * (gram + 1)) as f64).max(0.0) as usize
}
