//! What BERT's normalizer and pre-tokenizer make of each character, asked of the reference once a character and remembered.
//!
//! Both look at one character at a time but for the order of combining marks; characters that take part in reordering are
//! marked, and a text with one of them goes to the reference.

use std::sync::OnceLock;

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{NormalizedString, Normalizer, NormalizerWrapper, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes into the current word.
    Word,
    /// Ends the word.
    Space,
    /// Ends the word and is one by itself.
    Alone,
    /// Only the reference knows.
    Odd,
}

const MOST: usize = 13;

/// Kind and normalized text; a character that vanishes is `Word` without text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub kind: Kind,
    length: u8,
    bytes: [u8; MOST],
}

impl Made {
    #[inline(always)]
    pub fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length).min(MOST)]
    }
}

/// Characters asked about together: few, since an answer takes several microseconds and a script may be used sparsely.
const BLOCK: usize = 16;

pub(super) struct Bert {
    normalizer: NormalizerWrapper,
    pre_tokenizer: PreTokenizerWrapper,
    ascii: Box<[Made; 128]>,
    blocks: Vec<OnceLock<Box<[Made; BLOCK]>>>,
}

/// Marks that survive normalization and have combining classes 216 and 224: whatever has a class is reordered against one.
const LOW_MARK: char = '\u{1d165}';
const HIGH_MARK: char = '\u{302e}';

impl Bert {
    /// `None` when the marks that reveal reordering do not survive.
    pub fn new(normalizer: &NormalizerWrapper, pre_tokenizer: &PreTokenizerWrapper) -> Option<Bert> {
        let mut bert = Bert {
            normalizer: normalizer.clone(),
            pre_tokenizer: pre_tokenizer.clone(),
            ascii: Box::new([ODD; 128]),
            blocks: (0..0x11_0000 / BLOCK).map(|_| OnceLock::new()).collect(),
        };
        let ascii = std::array::from_fn(|byte| bert.ask(char::from(byte as u8)));
        bert.ascii = Box::new(ascii);
        let survives = |mark: char| bert.normalize(&mark.to_string()).is_some_and(|text| text.contains(mark));
        (survives(LOW_MARK) && survives(HIGH_MARK)).then_some(bert)
    }

    /// Calls `word` with each normalized word. A text with a character that depends on its neighbours goes through the
    /// reference as a whole.
    pub fn words(&self, text: &str, word: &mut dyn FnMut(&str)) {
        let mut current = Vec::new();
        let odd = text.chars().any(|c| self.made(c).kind == Kind::Odd);
        if odd {
            let words = self.normalize(text).and_then(|text| self.split(&text));
            words.unwrap_or_default().iter().for_each(|found| word(found));
            return;
        }
        let mut end = |current: &mut Vec<u8>| {
            if let Ok(found) = std::str::from_utf8(current)
                && !found.is_empty()
            {
                word(found);
            }
            current.clear();
        };
        for c in text.chars() {
            let made = self.made(c);
            if made.kind != Kind::Word {
                end(&mut current);
            }
            current.extend_from_slice(made.text());
            if made.kind == Kind::Alone {
                end(&mut current);
            }
        }
        end(&mut current);
    }

    #[inline(always)]
    pub fn ascii(&self, byte: u8) -> &Made {
        &self.ascii[usize::from(byte & 0x7f)]
    }

    pub fn made(&self, c: char) -> &Made {
        let code = c as usize;
        let block = self.blocks[code / BLOCK].get_or_init(|| {
            let first = (code / BLOCK * BLOCK) as u32;
            let ask = |i: usize| char::from_u32(first + i as u32).map_or(ODD, |c| self.ask(c));
            Box::new(std::array::from_fn(ask))
        });
        &block[code % BLOCK]
    }

    fn ask(&self, c: char) -> Made {
        self.try_ask(c).unwrap_or(ODD)
    }

    fn try_ask(&self, c: char) -> Option<Made> {
        let text = self.normalize(&c.to_string())?;
        let beside = |pair: String, apart: String| (self.normalize(&pair)? == apart).then_some(());
        beside(format!("{HIGH_MARK}{c}"), self.normalize(&HIGH_MARK.to_string())? + &text)?;
        beside(format!("{c}{LOW_MARK}"), text.clone() + &self.normalize(&LOW_MARK.to_string())?)?;
        let words = self.split(&format!("a{text}a"))?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (kind, text) = match words[..] {
            [_] => (Kind::Word, &text[..]),
            ["a", "a"] => (Kind::Space, ""),
            ["a", alone, "a"] => (Kind::Alone, alone),
            _ => return None,
        };
        let mut bytes = [0; MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Made { kind, length: text.len() as u8, bytes })
    }

    fn normalize(&self, text: &str) -> Option<String> {
        let mut normalized = NormalizedString::from(text);
        self.normalizer.normalize(&mut normalized).ok()?;
        Some(normalized.get().to_owned())
    }

    fn split(&self, text: &str) -> Option<Vec<String>> {
        let mut words = PreTokenizedString::from(text);
        self.pre_tokenizer.pre_tokenize(&mut words).ok()?;
        let splits = words.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
        Some(splits.into_iter().map(|(word, ..)| word.to_owned()).collect())
    }
}

const ODD: Made = Made { kind: Kind::Odd, length: 0, bytes: [0; MOST] };
