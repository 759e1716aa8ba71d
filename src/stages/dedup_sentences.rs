//! Cuts runs of three sentences that stand more than once in the corpus.
//!
//! Use it on prose, where the same passage is set in other lines and paragraphs: a run is looked for from every sentence on, so runs overlap, and one goes
//! if an equal one starts earlier in input order, in this document or another; with `keep = "none"` every copy goes. A document of fewer sentences has no
//! run and stays as it is. A second pass may find more, since sentences that a cut has brought together are runs too.
//!
//! A document that has lost something and has fewer than `min_left` bytes left goes (`little_left`). With `mode = "drop"` nothing is cut, and a document
//! goes where repeats are more than `max_share` of its bytes (`mostly_repeated`). The decision holds `cuts-SPLIT` (with `"drop"`, `repeats-SPLIT`):
//! document, range, and where the first copy stands. Notes take 32 bytes a sentence on disk while the run lasts. Equal is what has the same 128-bit hash.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_sentences"
//! min_left = 200
//! ```
//!
//! Sentences end at their marks in any script (Chinese ones need no space after them), and where a paragraph does. C4 discards all but one of any run of
//! three; datatrove's `SentenceDedup` does the same with 64-bit hashes, no bound on words of a run (`min_words = 0`, as here), and then drops documents of
//! fewer than 50 words or 3 sentences: give such a bound by `rules` after this stage.
//!
//! Source: Raffel et al. 2020, "Exploring the limits of transfer learning with a unified text-to-text transformer", section 2.2.

use super::passages::{self, Copies, Keys, Mode};
use super::prelude::*;
use super::units::{Units, check_copies};
use crate::dedup::cuts::Snap;
use crate::dedup::normal::Normal;
use crate::dedup::units::Unit;

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupSentences {
    /// Sentences of a run, 1 to 100. Default 3.
    sentences: usize,
    /// What of a run counts: `"words"` (default: letters and digits, without case), `"space"` (all but the amount of white space) or `"bytes"`.
    normal: Normal,
    /// Copies from which a run is repeated, itself among them. Default 2.
    min_copies: usize,
    /// Words that a run must have; in scripts without spaces each character is one. Default 0.
    min_words: usize,
    /// Bytes that a run must have. Default 0.
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

impl Default for DedupSentences {
    fn default() -> Self {
        DedupSentences {
            sentences: 3,
            normal: Normal::Words,
            min_copies: 2,
            min_words: 0,
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

impl Recipe for DedupSentences {
    const NAME: &'static str = "dedup_sentences";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        check_copies(self.min_copies)?;
        if !(1..=100).contains(&self.sentences) {
            return Err(Complaint::new("sentences", format!("{} is out of range", self.sentences), "give a number from 1 to 100").into());
        }
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        Ok(Built::global(Units {
            unit: Unit::Sentences(self.sentences),
            normal: self.normal,
            min_copies: self.min_copies,
            min_words: self.min_words,
            min_bytes: self.min_bytes,
            same_document: self.same_document,
            passages: keys.build(shop, Snap::Word)?,
            memory: self.memory.as_usize(),
        }))
    }
}
