//! The bits of a mask byte; there is one byte a token in `part-*.mask`.

/// The token counts in the loss.
pub const LOSS: u8 = 1;
/// The token is the first of a sentence (BERT's and T5's objectives).
pub const SENTENCE_START: u8 = 1 << 1;
/// The token is the first of a word (whole-word masking).
pub const WORD_START: u8 = 1 << 2;
