//! From texts to the sentences and words that models are trained on and score.

use std::fmt;
use std::str::FromStr;

use super::normal::ccnet;
use super::{NgramError, words};
use crate::text::chars::{SPACE, classes};
use crate::tokenizer::{EncodeScratch, Tokenizer, TokenizerError};

/// The form a text is put into first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normal {
    /// As it is.
    #[default]
    None,
    /// cc_net's: see [`normal::ccnet`](super::normal::ccnet).
    Ccnet,
}

impl FromStr for Normal {
    type Err = String;

    fn from_str(name: &str) -> Result<Normal, String> {
        match name {
            "none" => Ok(Normal::None),
            "ccnet" => Ok(Normal::Ccnet),
            _ => Err(format!("`{name}` is no normal form: \"none\" or \"ccnet\"")),
        }
    }
}

/// What a word is.
#[derive(Debug, Default)]
pub enum Words {
    /// What white space sets off.
    #[default]
    Whitespace,
    /// Every character that is not white space.
    Characters,
    /// The tokens of a tokenizer.json, or of a model of SentencePiece.
    Pieces(Box<Pieces>),
}

/// A tokenizer and the texts of its tokens.
pub struct Pieces {
    tokenizer: Tokenizer,
    texts: Vec<String>,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pieces({})", self.tokenizer.name())
    }
}

impl Words {
    /// Tokens by the content of such a file.
    pub fn pieces(name: &str, file: &[u8]) -> Result<Words, TokenizerError> {
        let tokenizer = Tokenizer::from_bytes(name, file, None)?;
        let fault = || TokenizerError::Format {
            name: name.to_owned(),
            fault: "its tokens have no texts; give a tokenizer.json of Hugging Face or a unigram model of SentencePiece".to_owned(),
        };
        let texts = tokenizer.pieces().ok_or_else(fault)?;
        Ok(Words::Pieces(Box::new(Pieces { tokenizer, texts })))
    }
}

/// How texts are cut.
#[derive(Debug, Default)]
pub struct Sentences {
    /// The form they are put into.
    pub normal: Normal,
    /// What their words are.
    pub words: Words,
    /// The whole text is one sentence, and not each of its lines.
    pub whole: bool,
}

/// Takes the words of a sentence, and how many they are.
pub type EachSentence<'a> = dyn FnMut(&mut dyn Iterator<Item = &str>, u64) -> Result<(), NgramError> + 'a;

/// Buffers that are kept between texts.
#[derive(Default)]
pub struct Buffers {
    normal: String,
    ids: Vec<u32>,
    encoding: EncodeScratch,
}

impl Sentences {
    /// Calls `each` with the words of every sentence that has any, and how many they are. Python's `split`, which the peers count by, knows
    /// more white space than KenLM, which cuts at ASCII alone: the number may be above that of the words.
    pub fn each(&self, text: &str, buffers: &mut Buffers, each: &mut EachSentence<'_>) -> Result<(), NgramError> {
        if self.whole {
            return self.sentence(text, buffers, each);
        }
        text.lines().try_for_each(|line| self.sentence(line, buffers, each))
    }

    fn sentence(&self, text: &str, Buffers { normal, ids, encoding }: &mut Buffers, each: &mut EachSentence<'_>) -> Result<(), NgramError> {
        let text = match self.normal {
            Normal::None => text,
            Normal::Ccnet => {
                normal.clear();
                ccnet(text, normal);
                normal
            }
        };
        match &self.words {
            Words::Whitespace => match count(text) {
                0 => Ok(()),
                count => each(&mut words(text), count),
            },
            Words::Characters => {
                let mut characters = text.split_inclusive(|_| true).filter(|c| !c.starts_with(is_space));
                match characters.clone().count() {
                    0 => Ok(()),
                    count => each(&mut characters, count as u64),
                }
            }
            Words::Pieces(pieces) => {
                ids.clear();
                let encoded = pieces.tokenizer.encode(text, false, ids, encoding);
                encoded.map_err(|error| NgramError::Kind(error.to_string()))?;
                if ids.is_empty() {
                    return Ok(());
                }
                let texts = ids.iter().map(|id| pieces.texts.get(*id as usize).map_or("<unk>", |text| text));
                each(&mut { texts }, ids.len() as u64)
            }
        }
    }
}

fn is_space(c: char) -> bool {
    classes(c) & SPACE != 0
}

/// How many words Python's `split` finds.
fn count(text: &str) -> u64 {
    let (mut count, mut inside, mut at) = (0, false, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let (space, width) = match byte {
            0..=0x7f => (is_space(*byte as char), 1),
            // White space beyond ASCII (U+0085, U+00A0, U+1680, U+2000 to U+205F, U+3000) begins with one of these bytes.
            0xc2 | 0xe1..=0xe3 => text[at..].chars().next().map_or((false, 1), |c| (is_space(c), c.len_utf8())),
            _ => (false, 1),
        };
        count += u64::from(!space && !inside);
        inside = !space;
        at += width;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sentences: &Sentences, text: &str) -> Vec<(Vec<String>, u64)> {
        let mut found = Vec::new();
        let each = &mut |words: &mut dyn Iterator<Item = &str>, count| {
            found.push((words.map(str::to_owned).collect(), count));
            Ok(())
        };
        sentences.each(text, &mut Buffers::default(), each).unwrap();
        found
    }

    #[test]
    fn lines_are_sentences_and_blank_ones_are_none() {
        let own = |words: &[&str], count| (words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), count);
        assert_eq!(cut(&Sentences::default(), "a  B\n \n\u{3000}\nc"), [own(&["a", "B"], 2), own(&["c"], 1)]);
        assert_eq!(cut(&Sentences::default(), "甲\u{3000}乙"), [own(&["甲\u{3000}乙"], 2)], "KenLM cuts at ASCII, Python counts");
        assert_eq!(cut(&Sentences { words: Words::Characters, ..Sentences::default() }, "山 水\n"), [own(&["山", "水"], 2)]);
        let whole = Sentences { normal: Normal::Ccnet, whole: true, ..Sentences::default() };
        assert_eq!(cut(&whole, " A 1\nb "), [own(&["a", "0b"], 2)]);
        assert_eq!(cut(&whole, " \n"), []);
    }

    #[test]
    fn all_white_space_of_unicode_is_counted_at() {
        let spaces: Vec<char> = ('\0'..=char::MAX).filter(|c| is_space(*c)).collect();
        assert!(spaces.len() > 25 && spaces.iter().all(|c| count(&format!("é{c}山{c}{c}x")) == 3), "{spaces:?}");
        assert_eq!(["", " ", "é\u{200b}ß", "«a» ，b。"].map(count), [0, 0, 1, 2]);
    }

    #[test]
    fn tokens_of_a_tokenizer_are_words() {
        let file = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "the": 1, "bridge": 2}}}"#;
        let sentences = Sentences { normal: Normal::Ccnet, words: Words::pieces("t", file.as_bytes()).unwrap(), whole: false };
        assert_eq!(cut(&sentences, "The bridge fell"), [(vec!["the".to_owned(), "bridge".into(), "<unk>".into()], 3)]);
        assert!(Words::pieces("t", b"{}").is_err());
    }
}
