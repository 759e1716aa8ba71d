//! The bits of a mask byte; there is one byte a token in `part-*.mask`.

/// The token counts in the loss.
pub const LOSS: u8 = 1;
/// The token is the first of a sentence (BERT's and T5's objectives).
pub const SENTENCE_START: u8 = 1 << 1;
/// The token is the first of a word (whole-word masking).
pub const WORD_START: u8 = 1 << 2;

/// The most labels that the bits of a mask tell apart.
pub const MAX_LABELS: usize = 31;
const LABEL: u32 = 3;

/// The number of a token's label in the manifest's `labels`, from 1 on; 0 for none. What is said of a whole document is said of each of its tokens.
pub fn label(mask: u8) -> u8 {
    mask >> LABEL
}

/// A mask with a label in it, which is at most [`MAX_LABELS`].
pub fn with_label(mask: u8, label: u8) -> u8 {
    mask & ((1 << LABEL) - 1) | label << LABEL
}
