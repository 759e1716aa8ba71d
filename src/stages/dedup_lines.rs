//! Cuts lines that stand more than once in the corpus.
//!
//! Use it on pages of the web: menus, notices and footers are lines that hundreds of pages share. A line is what newlines part; of each group of equal
//! lines the first in input order stays, and with `keep = "none"` none does. Lines of fewer than `min_words` words are left alone, since headings and
//! brackets repeat by nature. A second pass removes nothing, unless `normal = "bytes"` (white space at a seam may change).
//!
//! A document that has lost something and has fewer than `min_left` bytes left goes (`little_left`). With `mode = "drop"` nothing is cut, and a document
//! goes where repeats are more than `max_share` of its bytes (`mostly_repeated`). The decision holds `cuts-SPLIT` (with `"drop"`, `repeats-SPLIT`):
//! document, range, and where the first copy stands. Notes take 32 bytes a line on disk while the run lasts. Equal is what has the same 128-bit hash.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_lines"
//! min_copies = 3
//! min_left = 200
//! ```
//!
//! CCNet's `dedup` calls a line a paragraph and has no bound on words: `min_words = 0`, `keep = "none"`, `same_document = false` come close (it also takes
//! all digits for one, and looks at 50 shards at a time).
//!
//! Source: Wenzek et al. 2020, "CCNet: Extracting high quality monolingual datasets from web crawl data".

use super::passages::{self, Copies, Keys, Mode};
use super::prelude::*;
use super::units::{Units, check_copies};
use crate::dedup::cuts::Snap;
use crate::dedup::normal::Normal;
use crate::dedup::units::Unit;

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupLines {
    /// What of a line counts: `"words"` (default: letters and digits, without case), `"space"` (all but the amount of white space) or `"bytes"`.
    normal: Normal,
    /// Copies from which a line is repeated, itself among them. Default 2.
    min_copies: usize,
    /// Words that a line must have; in scripts without spaces each character is one. Default 5.
    min_words: usize,
    /// Bytes that a line must have. Default 0.
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

impl Default for DedupLines {
    fn default() -> Self {
        DedupLines {
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

impl Recipe for DedupLines {
    const NAME: &'static str = "dedup_lines";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        check_copies(self.min_copies)?;
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        Ok(Built::global(Units {
            unit: Unit::Line,
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
