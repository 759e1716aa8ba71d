//! From the table as it is written to what the library learns by.

use super::{LearnTokenizer, Model, Normalize, SpecialTokens};
use crate::stage::Complaint;
use crate::tokenizer::Form;
use crate::tokenizer::learn::{self, LearnOptions, SpecialToken, Split, TextForm, Unigram};

impl LearnTokenizer {
    pub(super) fn options(self) -> std::result::Result<LearnOptions, Vec<Complaint>> {
        let unigram = Unigram {
            shrinking_factor: self.shrinking_factor.unwrap_or(Unigram::DEFAULT.shrinking_factor),
            sub_iterations: self.n_sub_iterations.unwrap_or(Unigram::DEFAULT.sub_iterations),
            seed_size: self.seed_size.unwrap_or(Unigram::DEFAULT.seed_size),
        };
        let (model, usual) = match self.model {
            Model::Wordpiece => (learn::Model::WordPiece, "bert"),
            Model::Unigram => (learn::Model::Unigram(unigram), "metaspace"),
            Model::Bpe | Model::Chars => (learn::Model::Bpe, "gpt2"),
        };
        let split: Split = self.split.as_deref().unwrap_or(usual).parse().map_err(|error: String| Complaint::new("split", error, "choose one of them"))?;
        let normalize = match self.normalize {
            Normalize::None => None,
            Normalize::Nfc => Some(Form::Nfc),
            Normalize::Nfkc => Some(Form::Nfkc),
        };
        let text = TextForm { normalize, lowercase: self.lowercase.unwrap_or(self.model == Model::Wordpiece), split };
        let usual = LearnOptions::new(model, text, self.vocab_size.unwrap_or(1 << 15));
        let options = LearnOptions {
            special_tokens: self.special_tokens.map_or(usual.special_tokens, SpecialTokens::into_tokens),
            byte_fallback: self.byte_fallback.unwrap_or(usual.byte_fallback),
            min_count: self.min_count,
            initial_alphabet: self.initial_alphabet,
            limit_alphabet: self.limit_alphabet,
            max_piece_length: self.max_piece_length.or(usual.max_piece_length),
            ..usual
        };
        let mut complaints: Vec<Complaint> =
            options.faults().into_iter().map(|fault| Complaint::new(fault.option, format!("`{}`: {}", fault.option, fault.found), fault.help)).collect();
        let unused = [
            ("shrinking_factor", self.shrinking_factor.is_some()),
            ("n_sub_iterations", self.n_sub_iterations.is_some()),
            ("seed_size", self.seed_size.is_some()),
        ];
        if self.model != Model::Unigram {
            let given = unused.iter().filter(|(_, given)| *given);
            complaints
                .extend(given.map(|(key, _)| Complaint::new(*key, "only unigram models are made in this way", "leave it out, or set model = \"unigram\"")));
        }
        if complaints.is_empty() { Ok(options) } else { Err(complaints) }
    }
}

impl SpecialTokens {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            SpecialTokens::InOrder(tokens) => tokens.is_empty(),
            SpecialTokens::WithIds(tokens) => tokens.is_empty(),
        }
    }

    fn into_tokens(self) -> Vec<SpecialToken> {
        match self {
            SpecialTokens::InOrder(tokens) => SpecialToken::in_order(tokens.iter().map(String::as_str)),
            SpecialTokens::WithIds(tokens) => {
                let mut tokens: Vec<_> = tokens.into_iter().map(|(text, id)| SpecialToken { text, id: Some(id) }).collect();
                tokens.sort_by_key(|token| token.id);
                tokens
            }
        }
    }
}
