//! What to learn, and what can be said against it before any text is read.

use super::text_form::{Split, TextForm};

/// What to learn. The names of Hugging Face's trainers stand beside the fields that mean the same.
#[derive(Clone, Debug)]
pub struct LearnOptions {
    /// The kind of vocabulary.
    pub model: Model,
    /// How text becomes words, when learning and when encoding.
    pub text: TextForm,
    /// Entries wanted; special tokens, bytes and alphabet included.
    pub vocab_size: u32,
    /// Special tokens. One without an id takes the lowest that is free, in this order.
    pub special_tokens: Vec<SpecialToken>,
    /// 256 entries `<0x00>` to `<0xFF>` spell characters that are not in the alphabet. Not for byte-level splits, which have every byte anyway.
    pub byte_fallback: bool,
    /// BPE and WordPiece merge a pair only when it was seen so often (`min_frequency`).
    pub min_count: u64,
    /// Characters that are in the alphabet even where no text has them (`initial_alphabet`).
    pub initial_alphabet: String,
    /// So many characters at most are the alphabet, the most frequent ones (`limit_alphabet`). `None` for all.
    pub limit_alphabet: Option<usize>,
    /// Characters of the longest piece, bytes for byte-level splits. `None` is no limit (`max_token_length` is this and one more, `max_piece_length` this).
    pub max_piece_length: Option<usize>,
}

/// A kind of vocabulary and how it is searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Model {
    /// Merges of the most frequent pair (Sennrich et al. 2016).
    Bpe,
    /// Pieces found like BPE's, matched longest first (Devlin et al. 2019).
    WordPiece,
    /// Pieces with probabilities, the most probable cut wins (Kudo 2018).
    Unigram(Unigram),
}

/// How the pieces of a unigram model are searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unigram {
    /// Share of the pieces that stays in each round of pruning (`shrinking_factor`).
    pub shrinking_factor: f64,
    /// Steps of expectation and maximization between two rounds (`n_sub_iterations`).
    pub sub_iterations: u32,
    /// Pieces to begin with at most (`seed_size`).
    pub seed_size: usize,
}

impl Unigram {
    /// SentencePiece's settings.
    pub const DEFAULT: Unigram = Unigram { shrinking_factor: 0.75, sub_iterations: 2, seed_size: 1_000_000 };
    /// Characters of the longest piece where nothing is said.
    pub const MAX_PIECE_LENGTH: usize = 16;
}

/// A token that no text is cut into, with an id of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialToken {
    /// As it is written.
    pub text: String,
    /// Its id, or the lowest that is free.
    pub id: Option<u32>,
}

impl SpecialToken {
    /// Tokens that take the first ids.
    pub fn in_order<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<SpecialToken> {
        texts.into_iter().map(|text| SpecialToken { text: text.to_owned(), id: None }).collect()
    }
}

/// Something wrong with [`LearnOptions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// The option, as pipeline files and the command spell it.
    pub option: &'static str,
    /// What was found.
    pub found: String,
    /// What to do.
    pub help: String,
}

impl LearnOptions {
    /// The usual settings for a model over a form of text.
    pub fn new(model: Model, text: TextForm, vocab_size: u32) -> LearnOptions {
        let special: &[&str] = match (model, text.split) {
            (Model::WordPiece, _) => &["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            (Model::Unigram(_), _) | (_, Split::Metaspace) => &["<unk>", "<s>", "</s>"],
            (Model::Bpe, _) => &["<|endoftext|>"],
        };
        LearnOptions {
            model,
            text,
            vocab_size,
            special_tokens: SpecialToken::in_order(special.iter().copied()),
            byte_fallback: text.split == Split::Metaspace,
            min_count: 2,
            initial_alphabet: String::new(),
            limit_alphabet: None,
            max_piece_length: matches!(model, Model::Unigram(_)).then_some(Unigram::MAX_PIECE_LENGTH),
        }
    }

    /// The token for what cannot be spelt, where the model must have one.
    pub(super) fn unknown(&self) -> Option<&'static str> {
        match (self.model, self.text.split) {
            (Model::WordPiece, _) => Some("[UNK]"),
            (Model::Unigram(_), _) | (_, Split::Metaspace) => Some("<unk>"),
            (Model::Bpe, _) => None,
        }
    }

    /// Entries that are there before anything is learnt, but for the alphabet of the text.
    fn given(&self) -> usize {
        let bytes = self.byte_fallback || matches!(self.text.split, Split::ByteLevel(_));
        self.special_tokens.len() + if bytes { 256 } else { 0 }
    }

    /// All that is wrong with the options themselves.
    pub fn faults(&self) -> Vec<OptionFault> {
        let mut faults = Vec::new();
        let mut fault = |option, found: String, help: String| faults.push(OptionFault { option, found, help });
        let given = self.given();
        if self.vocab_size as usize <= given {
            fault("vocab_size", "nothing could be learnt".into(), format!("wanted more than {given}: special tokens and bytes take so many"));
        }
        let split = self.text.split;
        if (self.model == Model::WordPiece) != (split == Split::Bert) {
            fault("split", "BERT's split and WordPiece go together".into(), "leave `split` out, or take \"metaspace\" or a byte-level pattern".into());
        }
        if self.byte_fallback && split != Split::Metaspace {
            fault("byte_fallback", "only for the split \"metaspace\": others have every byte, or `[UNK]`".into(), "leave it out".into());
        }
        if self.text.normalize.is_some() && split == Split::Bert {
            fault("normalize", "WordPiece has BERT's normalizer".into(), "leave it out; `lowercase` says whether case and accents stay".into());
        }
        if let Some(token) = self.unknown()
            && !self.special_tokens.iter().any(|special| special.text == token)
        {
            fault("special_tokens", format!("this model needs `{token}`"), format!("add \"{token}\""));
        }
        for (i, token) in self.special_tokens.iter().enumerate() {
            let before = &self.special_tokens[..i];
            if token.text.is_empty() {
                fault("special_tokens", "an empty token".into(), "leave it out".into());
            } else if before.iter().any(|other| other.text == token.text) {
                fault("special_tokens", format!("`{}` stands there twice", token.text), "leave one out".into());
            } else if token.id.is_some() && before.iter().any(|other| other.id == token.id) {
                fault("special_tokens", format!("`{}` has the id of another token", token.text), "give it another".into());
            }
            if let Some(id) = token.id.filter(|id| *id >= self.vocab_size) {
                fault(
                    "special_tokens",
                    format!("`{}` has id {id}, and ids end below {}", token.text, self.vocab_size),
                    "give a lower id, or raise `vocab_size`".into(),
                );
            }
        }
        if self.max_piece_length.is_some_and(|most| most < 2) {
            fault("max_piece_length", "pieces of one character are the alphabet".into(), "wanted 2 or more".into());
        }
        if let Model::Unigram(Unigram { shrinking_factor, sub_iterations, seed_size }) = self.model {
            if !(0.1..1.0).contains(&shrinking_factor) {
                fault("shrinking_factor", format!("{shrinking_factor} is out of range"), "wanted a share from 0.1 to below 1; 0.75 is usual".into());
            }
            if sub_iterations == 0 {
                fault("n_sub_iterations", "0 is out of range".into(), "wanted 1 or more; 2 is usual".into());
            }
            if seed_size < self.vocab_size as usize {
                fault("seed_size", format!("{seed_size} is fewer than `vocab_size`"), "leave it out: 1,000,000 is usual".into());
            }
        }
        faults
    }
}
