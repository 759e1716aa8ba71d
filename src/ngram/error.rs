//! What can be wrong with a model or a training text.

use super::MAX_ORDER;

/// Why a model cannot be read or trained. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NgramError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file is of another kind.
    #[error("{0}")]
    Kind(String),
    /// The header contradicts itself or the file.
    #[error("a damaged KenLM file: {0}; build it again from its ARPA file")]
    Damaged(String),
    /// The ARPA text is not well-formed.
    #[error("line {line}: {fault}")]
    Arpa {
        /// Counted from 1.
        line: u64,
        /// What was found there.
        fault: String,
    },
    /// An order that no model here has.
    #[error("a model of order {0}; wanted 1 to {MAX_ORDER}")]
    Order(u64),
    /// Discounts cannot be computed.
    #[error(
        "no Kneser-Ney discounts for {order}-grams: {fault}. The text is too small, repeats itself or is made by a rule; remove duplicates, give more text, or allow \
         fixed discounts where the data gives none (--discount-fallback)"
    )]
    Discounts {
        /// Length of the n-grams.
        order: usize,
        /// What is odd about the counts of counts.
        fault: String,
    },
    /// More distinct words than memory was allowed for.
    #[error("{words} distinct words take more than half of {memory} bytes; allow more memory, or cut words into pieces (--words)")]
    Memory {
        /// How many there were when it ended.
        words: usize,
        /// What was allowed, in bytes.
        memory: usize,
    },
    /// Nothing to learn from.
    #[error("the text holds no words: name other files, or the key or column in which their text stands")]
    Empty,
}

impl NgramError {
    pub(super) fn damaged(fault: impl Into<String>) -> NgramError {
        NgramError::Damaged(fault.into())
    }
}
