//! Is a text language at all? Code, numbers, menus, keys and gibberish are not.
//!
//! A pass over the characters gives two dozen shares (of digits, of capitals, of short lines, of the language's commonest words, ...), and a
//! network of one small hidden layer, trained with the language model, gives the probability that the text is no language.

use super::grams::{Letters, hash};
use super::script::Script;
use super::weights::{Error, head};

/// How many numbers describe a text.
pub const FEATURES: usize = 25;

/// Width of the hidden layer.
pub const HIDDEN: usize = 16;

/// Bits of the set of common words, as a power of two.
pub const SET_BITS: u32 = 18;

/// What the n-grams said of a text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Share of the n-grams that the model knows; 1 where the script alone decided.
    pub known: f32,
    /// The same share of those of four signs and more, and of words.
    pub long: f32,
    /// Weights of the best language for each n-gram.
    pub mean: f32,
    /// Probability of the best language.
    pub best: f32,
    /// The script alone decided.
    pub by_script: bool,
}

/// The network, and the common words of each language as a set of hashes.
pub struct Prose {
    common: Vec<u8>,
    hidden: [[f32; FEATURES + 1]; HIDDEN],
    output: [f32; HIDDEN + 1],
}

impl Prose {
    /// Reads what lies behind the weights of the n-grams: the set, then the layers row by row, the bias of each at its end.
    pub fn read(bytes: &[u8]) -> Result<Prose, Error> {
        let (common, mut rest) = bytes.split_at_checked(1 << (SET_BITS - 3)).ok_or(Error::Damaged("set of common words"))?;
        let mut prose = Prose { common: common.to_vec(), hidden: [[0.0; FEATURES + 1]; HIDDEN], output: [0.0; HIDDEN + 1] };
        for value in prose.hidden.iter_mut().flatten().chain(&mut prose.output) {
            *value = f32::from_le_bytes(head(&mut rest)?);
            if !value.is_finite() {
                return Err(Error::Damaged("prose model"));
            }
        }
        Ok(prose)
    }

    /// The probability that a text is no language.
    pub fn against(&self, features: &[f32; FEATURES]) -> f32 {
        let layer =
            |row: &[f32], values: &[f32]| row.iter().zip(values).map(|(weight, value)| weight * value).sum::<f32>() + row.last().copied().unwrap_or(0.0);
        let hidden = std::array::from_fn::<f32, HIDDEN, _>(|at| layer(&self.hidden[at], features).max(0.0));
        1.0 / (1.0 + (-layer(&self.output, &hidden)).exp())
    }

    /// Describes `text`, taken for the language `code` in `script`.
    pub fn features(&self, letters: &Letters, text: &str, code: &str, script: Script, facts: Facts) -> [f32; FEATURES] {
        let unspaced = matches!(script, Script::Han | Script::Kana | Script::Thai | Script::Lao | Script::Khmer | Script::Myanmar | Script::Tibetan);
        let mut tally = Tally { seen: [0; 64], ..Tally::default() };
        let mut word = Word::default();
        for c in text.chars() {
            let letter = letters.fold(c);
            if letter != 0 {
                tally.letters += 1.0;
                word.push(letter, c);
            }
            if (letter == 0 || unspaced) && word.length > 0 {
                let common = self.is_common(common(code, word.hash));
                tally.word(&word, common, c);
                word = Word { after: c, ..Word::default() };
            }
            if letter == 0 {
                word.after = c;
            }
            tally.sign(c, letter != 0);
        }
        if word.length > 0 {
            tally.word(&word, self.is_common(common(code, word.hash)), ' ');
        }
        tally.sign('\n', false);
        tally.features(unspaced, facts)
    }

    fn is_common(&self, at: usize) -> bool {
        self.common.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    }
}

/// The bit of a word in the set of common words: `word` is [`hash`] of its letters.
pub fn common(code: &str, word: u32) -> usize {
    hash(code.bytes().map(u32::from).chain([word])) as usize & ((1 << SET_BITS) - 1)
}

/// A run of letters.
struct Word {
    hash: u32,
    length: u32,
    /// The sign before it.
    after: char,
    capital: bool,
    capitals: u32,
    /// Capitals after small letters.
    humps: u32,
    small_last: bool,
}

impl Default for Word {
    fn default() -> Word {
        Word { hash: hash([]), length: 0, after: ' ', capital: false, capitals: 0, humps: 0, small_last: false }
    }
}

impl Word {
    fn push(&mut self, letter: u32, c: char) {
        let capital = letter != c as u32;
        self.hash = hash([self.hash, letter]);
        self.capital |= capital && self.length == 0;
        self.capitals += u32::from(capital);
        self.humps += u32::from(capital && self.small_last);
        self.small_last = !capital;
        self.length += 1;
    }
}

/// The hash of a word for the set of common words.
pub fn word_hash(letters: impl IntoIterator<Item = u32>) -> u32 {
    letters.into_iter().fold(hash([]), |before, letter| hash([before, letter]))
}

struct Tally {
    letters: f32,
    signs: f32,
    spaces: f32,
    digits: f32,
    stops: f32,
    code: f32,
    words: f32,
    singles: f32,
    capital: f32,
    shouted: f32,
    humps: f32,
    glued: f32,
    common: f32,
    new: f32,
    lines: f32,
    short: f32,
    ended: f32,
    sentences: f32,
    long: f32,
    line: f32,
    token: f32,
    last: char,
    /// A bit for each hash of a word that was there.
    seen: [u64; 64],
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            letters: 0.0,
            signs: 0.0,
            spaces: 0.0,
            digits: 0.0,
            stops: 0.0,
            code: 0.0,
            words: 0.0,
            singles: 0.0,
            capital: 0.0,
            shouted: 0.0,
            humps: 0.0,
            glued: 0.0,
            common: 0.0,
            new: 0.0,
            lines: 0.0,
            short: 0.0,
            ended: 0.0,
            sentences: 0.0,
            long: 0.0,
            line: 0.0,
            token: 0.0,
            last: ' ',
            seen: [0; 64],
        }
    }
}

/// Signs between which letters are no words of a text.
fn glues(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '_' | '=' | '/' | '\\' | '<' | '>' | '{' | '}' | '$' | '@' | '#' | '&' | '+' | '*' | '|')
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '।' | '۔' | '؟' | '…' | '։' | '።' | '။' | '។')
}

impl Tally {
    fn word(&mut self, word: &Word, common: bool, next: char) {
        self.words += 1.0;
        self.singles += f32::from(word.length == 1);
        self.capital += f32::from(word.capital);
        self.shouted += f32::from(word.capitals > 1 && word.capitals == word.length);
        self.humps += f32::from(word.humps > 0);
        self.glued += f32::from(glues(word.after) || glues(next));
        self.common += f32::from(common);
        let (at, bit) = (word.hash as usize % 64, 1 << (word.hash >> 6 & 63));
        self.new += f32::from(self.seen[at] & bit == 0);
        self.seen[at] |= bit;
    }

    fn sign(&mut self, c: char, letter: bool) {
        if c.is_whitespace() {
            self.sentences += f32::from(ends_sentence(self.last));
            self.long += if self.token > 30.0 { self.token } else { 0.0 };
            self.token = 0.0;
            self.spaces += f32::from(c != '\n');
            if c == '\n' {
                if self.line > 0.0 {
                    self.lines += 1.0;
                    self.short += if self.line < 35.0 { self.line } else { 0.0 };
                    self.ended += f32::from(ends_sentence(self.last) || matches!(self.last, '"' | '»' | '”' | ')' | ':' | '」'));
                }
                self.line = 0.0;
                self.last = ' ';
            }
            return;
        }
        self.sentences += f32::from(matches!(c, '。' | '！' | '？'));
        self.signs += 1.0;
        self.line += 1.0;
        self.token += 1.0;
        self.last = c;
        if letter {
            return;
        }
        self.digits += f32::from(c.is_numeric());
        self.stops += f32::from(
            ends_sentence(c)
                || matches!(c, ',' | ';' | ':' | '\'' | '"' | '’' | '“' | '”' | '«' | '»' | '(' | ')' | '-' | '–' | '—' | '、' | '，' | '「' | '」' | '،'),
        );
        self.code += f32::from(c.is_ascii_punctuation() && !matches!(c, '.' | '!' | '?' | ',' | ';' | ':' | '\'' | '"' | '(' | ')' | '-'));
    }

    fn features(&self, unspaced: bool, facts: Facts) -> [f32; FEATURES] {
        let (signs, words, lines) = (self.signs.max(1.0), self.words.max(1.0), self.lines.max(1.0));
        [
            (1.0 + self.letters).ln() / 4.0,
            self.letters / signs * 2.0,
            self.digits / signs * 4.0,
            self.stops / signs * 8.0,
            self.code / signs * 8.0,
            self.spaces / signs * 4.0,
            (self.letters / words).min(30.0) / 5.0,
            self.capital / words * 2.0,
            self.shouted / words * 2.0,
            self.humps / words * 4.0,
            self.glued / words * 2.0,
            (signs / lines).ln() / 3.0,
            self.short / signs * 2.0,
            self.ended / lines * 2.0,
            self.sentences / words * 8.0,
            self.long / signs * 2.0,
            self.common / words * 4.0,
            self.new / words * 2.0,
            self.singles / words * 2.0,
            facts.known * 2.0,
            facts.long * 2.0,
            facts.mean * 4.0,
            facts.best * 2.0,
            f32::from(unspaced),
            f32::from(facts.by_script),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(text: &str) -> [f32; FEATURES] {
        let mut bytes = vec![0; 1 << (SET_BITS - 3)];
        let at = common("en", word_hash("the".bytes().map(u32::from)));
        bytes[at / 8] |= 1 << (at % 8);
        bytes.extend((0..(FEATURES + 1) * HIDDEN + HIDDEN + 1).flat_map(|_| 0f32.to_le_bytes()));
        let prose = Prose::read(&bytes).unwrap();
        let features = prose.features(&Letters::default(), text, "en", Script::Latin, Facts::default());
        assert_eq!(prose.against(&features), 0.5);
        features
    }

    #[test]
    fn shares_are_those_of_the_text() {
        let found = features("The cat saw the DOG.\nfooBar_2 = 17;");
        let near = |at: usize, wanted: f32| assert!((found[at] - wanted).abs() < 1e-5, "{at}: {} is not {wanted}", found[at]);
        near(1, 21.0 / 28.0 * 2.0);
        near(2, 3.0 / 28.0 * 4.0);
        near(4, 2.0 / 28.0 * 8.0);
        near(7, 2.0 / 6.0 * 2.0);
        near(8, 1.0 / 6.0 * 2.0);
        near(9, 1.0 / 6.0 * 4.0);
        near(10, 1.0 / 6.0 * 2.0);
        near(13, 0.5 * 2.0);
        near(14, 1.0 / 6.0 * 8.0);
        near(16, 2.0 / 6.0 * 4.0);
        near(17, 5.0 / 6.0 * 2.0);
    }

    #[test]
    fn nothing_divides_by_nothing() {
        assert!(features("").iter().chain(&features("\n\n \u{301}")).all(|value| value.is_finite()));
        assert!(Prose::read(&[0; 100]).is_err());
    }
}
