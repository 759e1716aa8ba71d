//! Text to the words that are counted: the same normalization and split that the learnt tokenizer will use.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{NormalizerWrapper, normalizers::BertNormalizer};

use super::Kind;
use crate::tokenizer::TokenizerError;
use crate::tokenizer::bert::Bert;

/// Made once, shared by all threads.
pub struct PreSplitter {
    kind: Kind,
    /// Present for WordPiece.
    bert: Option<Bert>,
}

impl PreSplitter {
    /// For the words that [`super::learn`] wants for this kind.
    pub fn new(kind: Kind) -> Result<PreSplitter, TokenizerError> {
        let bert = match kind {
            Kind::ByteLevelBpe { .. } => None,
            Kind::WordPiece { lowercase } => {
                let normalizer = NormalizerWrapper::from(BertNormalizer::new(true, true, None, lowercase));
                let bert = Bert::new(&normalizer, &PreTokenizerWrapper::from(BertPreTokenizer));
                let fault = || TokenizerError::Learn { fault: "BERT's normalizer does not behave as expected".into() };
                Some(bert.ok_or_else(fault)?)
            }
        };
        Ok(PreSplitter { kind, bert })
    }

    /// Calls `word` with each word of the text.
    pub fn split(&self, text: &str, word: &mut dyn FnMut(&str)) {
        match (self.kind, &self.bert) {
            (Kind::ByteLevelBpe { pattern, normalize }, _) => {
                let mut buffer = String::new();
                let text = normalize.map_or(text, |form| form.apply(text, &mut buffer));
                pattern.split(text, |from, to| word(&text[from..to]));
            }
            (Kind::WordPiece { .. }, Some(bert)) => bert.words(text, word),
            (Kind::WordPiece { .. }, None) => {}
        }
    }
}
