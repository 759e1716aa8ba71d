//! Facts about a text: its words, lines, paragraphs, sentences and n-grams; and what stands around texts: charsets and URLs.
//!
//! Everything here is a pure function of a text. [`Facts`] remembers what was computed for one text, so that ten measures split its words once.

pub mod adblock;
mod bytes;
pub mod census;
pub mod chars;
mod chars_table;
pub mod charset;
mod facts;
pub mod lines;
pub mod listed;
pub mod ngrams;
pub mod phrases;
pub mod private;
pub mod punycode;
pub mod repair;
pub mod repeats;
pub mod sentences;
pub mod url;
pub mod words;

pub use facts::Facts;
pub use words::Splitter;

/// A range of bytes of a text; texts are under 4 GiB.
pub type Span = (u32, u32);

/// The part of `text` in `span`; empty where there is none.
#[inline]
pub fn slice(text: &str, span: Span) -> &str {
    text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
}
