//! Cuts paragraphs that stand more than once in the corpus.
//!
//! Use it where texts have blank lines between paragraphs: licences, notices and quotations go whole, and a line that is part of something else stays. A
//! paragraph is lines with no blank line between them; of each group of equal ones the first in input order stays, and with `keep = "none"` none does.
//! Those of fewer than `min_words` words (headings) are left alone. A second pass removes nothing, unless `normal = "bytes"` (white space at a seam may
//! change).
//!
//! A document that has lost something and has fewer than `min_left` bytes left goes (`little_left`). With `mode = "drop"` nothing is cut, and a document
//! goes where repeats are more than `max_share` of its bytes (`mostly_repeated`). The decision holds `cuts-SPLIT` (with `"drop"`, `repeats-SPLIT`):
//! document, range, and where the first copy stands. Notes take 32 bytes a paragraph on disk while the run lasts. Equal is what has the same 128-bit hash.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_paragraphs"
//! mode = "drop"
//! max_share = 0.8
//! ```
//!
//! What CCNet and Dolma call a paragraph is a line: see `dedup_lines`.

use super::passages::{self, Copies, Keys, Mode};
use super::prelude::*;
use super::units::{Units, check_copies};
use crate::dedup::cuts::Snap;
use crate::dedup::normal::Normal;
use crate::dedup::units::Unit;

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupParagraphs {
    /// What of a paragraph counts: `"words"` (default: letters and digits, without case), `"space"` (all but the amount of white space) or `"bytes"`.
    normal: Normal,
    /// Copies from which a paragraph is repeated, itself among them. Default 2.
    min_copies: usize,
    /// Words that a paragraph must have; in scripts without spaces each character is one. Default 5.
    min_words: usize,
    /// Bytes that a paragraph must have. Default 0.
    min_bytes: usize,
    /// Whether copies in one document count; if not, `min_copies` are documents, and the first of them keeps all of its own. Default true.
    same_document: bool,
    /// Which copies stay: `"first"` (default) in input order, or `"none"`.
    keep: Copies,
    /// What happens: `"cut"` (default) them out, or `"drop"` the document where they are more than `max_share` of its bytes.
    mode: Mode,
    /// With `mode = "drop"`: the share, 0 to 1, beyond which a document goes (`mostly_repeated`). Default 0.5.
    max_share: Option<Share>,
    /// With `mode = "cut"`: bytes that must be left of a document that was cut, or it goes (`little_left`). Default 0: keep it even if empty.
    min_left: Option<usize>,
    /// Memory for sorting; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupParagraphs {
    fn default() -> Self {
        DedupParagraphs {
            normal: Normal::Words,
            min_copies: 2,
            min_words: 5,
            min_bytes: 0,
            same_document: true,
            keep: Copies::First,
            mode: Mode::Cut,
            max_share: None,
            min_left: None,
            memory: ByteSize::new(256 << 20),
        }
    }
}

impl Recipe for DedupParagraphs {
    const NAME: &'static str = "dedup_paragraphs";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        check_copies(self.min_copies)?;
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        Ok(Built::global(Units {
            unit: Unit::Paragraph,
            normal: self.normal,
            min_copies: self.min_copies,
            min_words: self.min_words,
            min_bytes: self.min_bytes,
            same_document: self.same_document,
            passages: keys.build(shop, Snap::Line)?,
            memory: self.memory.as_usize(),
        }))
    }
}
