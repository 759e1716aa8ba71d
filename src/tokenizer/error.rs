//! What can go wrong when a tokenizer is loaded, used or learnt.

/// See the messages: each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file system refused.
    #[error("cannot read the tokenizer `{name}`: {source}")]
    Io {
        /// The file.
        name: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Neither of the forms that are known.
    #[error(
        "`{name}` is no tokenizer: {fault}; wanted a Hugging Face tokenizer.json, a unigram model of SentencePiece, tiktoken ranks (a base64 token and \
         its rank a line), \"bytes\" or a character vocabulary"
    )]
    Format {
        /// The file.
        name: String,
        /// What was found.
        fault: String,
    },
    /// Ranks do not say how text is split.
    #[error(
        "`{name}` holds {ranks} ranks, which is no vocabulary known here: say how its text is split (pattern = \"gpt2\", \
         \"cl100k\" or \"o200k\")"
    )]
    UnknownPattern {
        /// The file.
        name: String,
        /// How many.
        ranks: usize,
    },
    /// The reference encoder gave up on a text.
    #[error("`{name}` cannot encode this text: {fault}")]
    Encode {
        /// The tokenizer.
        name: String,
        /// What it says.
        fault: String,
    },
    /// An id that the vocabulary does not have.
    #[error("`{name}` has no token {id}: its vocabulary ends at {vocab_size}")]
    NoToken {
        /// The tokenizer.
        name: String,
        /// The id.
        id: u32,
        /// One more than the largest id.
        vocab_size: u32,
    },
    /// Counted words could not be put on disk, or read back.
    #[error("cannot write or read counted words at {name}: {source}")]
    Spill {
        /// The file or folder.
        name: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Nothing can be learnt from what was given.
    #[error("cannot learn a tokenizer: {fault}")]
    Learn {
        /// What is wrong and what to change.
        fault: String,
    },
}
