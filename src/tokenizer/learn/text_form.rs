//! Text to the words that are counted: the same normalization and split that the learnt tokenizer will use.

use std::borrow::Cow;
use std::str::FromStr;

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{NormalizerWrapper, normalizers::BertNormalizer};

use crate::tokenizer::bert::Bert;
use crate::tokenizer::normal::Form;
use crate::tokenizer::{Pattern, TokenizerError};

/// What stands for a space.
pub(super) const SPACE: char = '\u{2581}';

/// Characters of the longest word that is counted whole. Merging takes a look at the whole word for each of its merges; words of more than this are
/// hardly ever seen twice, so that cutting them takes nothing from the counts of others.
const LONGEST: usize = 1024;

/// The same for unigram models, which weigh all cuts of a word.
const LONGEST_WEIGHED: usize = 64;

/// How text becomes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextForm {
    /// Unicode normalization, first.
    pub normalize: Option<Form>,
    /// Lower case, second; with the split `Bert`, without accents too.
    pub lowercase: bool,
    /// The cut into words, which no piece goes beyond.
    pub split: Split,
}

/// The cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// By a pattern; words are spelt in bytes.
    ByteLevel(Pattern),
    /// White space parts words; punctuation and Chinese characters are words by themselves. Spaces are lost.
    Bert,
    /// Before each space, which is written as U+2581; one is put before the text. Lines part words too.
    Metaspace,
}

impl FromStr for Split {
    type Err = String;

    /// By the name that pipeline files and the command use.
    fn from_str(name: &str) -> Result<Split, String> {
        Ok(match name {
            "gpt2" => Split::ByteLevel(Pattern::Gpt2),
            // A tokenizer.json can only spell the pattern as Llama 3 does.
            "cl100k" | "llama3" => Split::ByteLevel(Pattern::Llama3),
            "qwen2" => Split::ByteLevel(Pattern::Qwen2),
            "o200k" => Split::ByteLevel(Pattern::O200k),
            "metaspace" => Split::Metaspace,
            "bert" => Split::Bert,
            _ => return Err(format!("there is no split `{name}`: one of gpt2, cl100k, llama3, qwen2, o200k, metaspace, bert")),
        })
    }
}

/// Made once, shared by all threads.
pub struct PreSplitter {
    form: TextForm,
    /// True where the model's file puts a U+2581 before a text that starts with a space, too.
    doubles_space: bool,
    /// Characters of the longest word.
    longest: usize,
    /// Present for BERT's split.
    bert: Option<Bert>,
}

impl PreSplitter {
    /// For the words that [`super::learn`] wants with these options.
    pub fn new(options: &super::LearnOptions) -> Result<PreSplitter, TokenizerError> {
        let form = options.text;
        let bert = match form.split {
            Split::ByteLevel(_) | Split::Metaspace => None,
            Split::Bert => {
                let normalizer = NormalizerWrapper::from(BertNormalizer::new(true, true, None, form.lowercase));
                let bert = Bert::new(&normalizer, &PreTokenizerWrapper::from(BertPreTokenizer));
                let fault = || TokenizerError::Learn { fault: "BERT's normalizer does not behave as expected".into() };
                Some(bert.ok_or_else(fault)?)
            }
        };
        let longest = if matches!(options.model, super::Model::Unigram(_)) { LONGEST_WEIGHED } else { LONGEST };
        Ok(PreSplitter { form, doubles_space: options.model == super::Model::Bpe, longest, bert })
    }

    /// Calls `word` with each word of the text; one of more than 1024 characters, or 64 for unigram models, comes in parts.
    pub fn split(&self, text: &str, word: &mut dyn FnMut(&str)) {
        let mut part = |mut piece: &str| {
            while piece.len() > self.longest
                && let Some((end, _)) = piece.char_indices().nth(self.longest)
            {
                word(&piece[..end]);
                piece = &piece[end..];
            }
            if !piece.is_empty() {
                word(piece);
            }
        };
        if let Some(bert) = &self.bert {
            return bert.words(text, &mut part);
        }
        let mut buffer = String::new();
        let normal = self.form.normalize.map_or(text, |form| form.apply(text, &mut buffer));
        let text = if self.form.lowercase { lowercase(normal) } else { Cow::Borrowed(normal) };
        match self.form.split {
            Split::ByteLevel(pattern) => pattern.split(&text, |from, to| part(&text[from..to])),
            Split::Metaspace => self.spaced(&text, &mut part),
            Split::Bert => {}
        }
    }

    fn spaced(&self, text: &str, word: &mut dyn FnMut(&str)) {
        if text.is_empty() {
            return;
        }
        let mut current = String::new();
        if self.doubles_space || !text.starts_with([' ', SPACE]) {
            current.push(SPACE);
        }
        for c in text.chars() {
            let c = if c == ' ' { SPACE } else { c };
            let line = c.is_control();
            if line || c == SPACE {
                word(&current);
                current.clear();
            }
            current.push(c);
            if line {
                word(&current);
                current.clear();
            }
        }
        word(&current);
    }
}

/// Each character by itself, as Hugging Face's `Lowercase` has it: a final sigma is not told from another.
fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}
