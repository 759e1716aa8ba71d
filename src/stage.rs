//! The whole contract on one page: what a stage, a barrier, a source and a sink are, and what the executor does for them.
//!
//! A [`Stage`] sees one document. A [`Global`] must see the whole corpus before it judges any of it. A [`Source`] gives documents, a
//! [`Sink`] takes them. A [`Recipe`] is the typed table a user writes for any of these; it says what it needs and gives and builds the thing.
//! Everything else (threads, order, counting, files, resuming) is the executor's.

mod decision;
mod notes;
mod shop;
mod spec;
mod values;
mod written;

use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;

pub use decision::Decision;
pub(crate) use notes::NoteBuffer;
pub use notes::{NoteShape, Notes};
pub use shop::{Complaint, Dice, Shop};
pub use spec::{Clash, LABELS, LOSS_MASK, PAIRS, Spec, WORD_STARTS};
pub use values::{ByteSize, OneOrMany, Share};
pub use written::{Vocabulary, Written};

use crate::doc::{Doc, DocId, TagTable};
use crate::scratch::Scratch;

/// Why a run cannot go on: reading, writing or a decision failed. Never the fault of one document's content.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An operation on a file failed.
    #[error("{action} {path}: {cause}")]
    File {
        /// What was tried, as "cannot read".
        action: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Anything else that stops the run, in a full sentence that says what to do.
    #[error("{0}")]
    Stop(String),
}

impl RunError {
    /// For `map_err`: names the file of an I/O error.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
        let path = path.display().to_string();
        move |cause| RunError::File { action, path, cause }
    }

    /// A stop with a sentence.
    pub fn stop(sentence: impl fmt::Display) -> RunError {
        RunError::Stop(sentence.to_string())
    }
}

/// `Err` means that the run stops, resumable; a bad document is a [`Verdict::Drop`].
pub type Result<T> = std::result::Result<T, RunError>;

/// A drop reason of one stage, resolved while the plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(pub(crate) u16);

/// Why a document is dropped: what was measured, against what, because of whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// The fault found.
    pub reason: Reason,
    /// What was measured.
    pub value: Option<f64>,
    /// Against what.
    pub threshold: Option<f64>,
    /// The document because of which this one goes (deduplication).
    pub other: Option<DocId>,
    /// What was found, in words: the listed host, the language.
    pub detail: Option<Box<str>>,
}

impl Drop {
    /// A drop without a measurement.
    pub fn plain(reason: Reason) -> Drop {
        Drop { reason, value: None, threshold: None, other: None, detail: None }
    }

    /// A drop for `value` measured against `threshold`.
    pub fn measured(reason: Reason, value: f64, threshold: f64) -> Drop {
        Drop { value: Some(value), threshold: Some(threshold), ..Drop::plain(reason) }
    }

    /// The same, with what was found in words.
    pub fn detail(self, found: impl Into<Box<str>>) -> Drop {
        Drop { detail: Some(found.into()), ..self }
    }

    /// The same, because of another document.
    pub fn because_of(self, other: DocId) -> Drop {
        Drop { other: Some(other), ..self }
    }
}

/// What a stage says of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// It ends here, counted under its reason.
    Drop(Drop),
}

impl Verdict {
    /// Keep where `keep` holds; else a drop for `value` against `threshold`.
    pub fn keep_if(keep: bool, reason: Reason, value: f64, threshold: f64) -> Verdict {
        if keep { Verdict::Keep } else { Verdict::Drop(Drop::measured(reason, value, threshold)) }
    }
}

/// Looks at one document: edits it, tags it, or drops it. Has no state: the same answer on any thread, in any order.
pub trait Stage: Send + Sync {
    /// Called once when the segment starts, after the barriers before it: reads what earlier stages made (`stage:NAME`).
    fn open(&mut self, _artifacts: &dyn Artifacts) -> Result<()> {
        Ok(())
    }

    /// The verdict over one document.
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict>;

    /// The verdicts over a batch; for stages that gain from batches. The executor calls it where [`Stage::batched`] says so.
    fn apply_batch(&self, docs: &mut [Doc], scratch: &mut Scratch) -> Result<Vec<Verdict>> {
        docs.iter_mut().map(|doc| self.apply(doc, scratch)).collect()
    }

    /// True where `apply_batch` is better than a loop over `apply`. A document's stages run one after another otherwise, while its text is in the cache.
    fn batched(&self) -> bool {
        false
    }

    /// The vocabulary of the tokens it writes, once open.
    fn vocabulary(&self) -> Option<Vocabulary> {
        None
    }
}

/// What finished barriers have left for later stages: named files.
pub trait Artifacts {
    /// The bytes that stage `stage` committed under `name`.
    fn read(&self, stage: &str, name: &str) -> Result<Vec<u8>>;
}

/// The texts of a barrier's segment, by id: to verify what notes only suggest. Thread-safe.
pub trait Texts: Sync {
    /// The text of a document that was observed.
    fn text(&self, id: DocId) -> Result<String>;

    /// The id and the URL of a document that was observed; its place where nothing else is known.
    fn name(&self, id: DocId) -> Result<(String, Option<String>)> {
        Ok((id.to_string(), None))
    }

    /// Calls `see` with every document that was observed, in order.
    fn each(&self, see: &mut dyn FnMut(&Doc) -> Result<()>) -> Result<()>;
}

/// What `reduce` sees beside its notes.
pub struct Round<'a> {
    /// Counted from 0.
    pub number: u32,
    /// The texts of the segment.
    pub texts: &'a dyn Texts,
    /// What earlier rounds have decided.
    pub decided: &'a Decision,
    /// Bytes of memory this call may use for itself.
    pub memory: usize,
}

/// The notes of one key range, or all outcomes of a round, in ascending byte order.
pub trait NoteStream {
    /// The next note, or `None` at the end. The slice is valid until the next call.
    fn next(&mut self) -> Result<Option<&[u8]>>;
}

/// Whether a barrier is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The decision stands.
    Done,
    /// The outcomes of this round are the notes of another.
    Again,
}

/// Must see the whole corpus before judging any of it.
///
/// The executor calls `observe` for every document that reaches the barrier, in parallel; sorts the notes on disk; calls `reduce` for each key range
/// (notes with one key are always in one call; ranges are independent of each other and their cutting says nothing); calls `decide` with the sorted
/// outcomes; repeats while it says `Again`; and puts `stage` at the head of the next segment.
pub trait Global: Send + Sync {
    /// The form of the notes of a round.
    fn shape(&self, round: u32) -> NoteShape;

    /// Notes about one document: pure, and small (digests, ids, offsets).
    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()>;

    /// Works through one key range and writes its outcomes, of the shape of the next round. Only the texts that the notes name may be read.
    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()>;

    /// Turns the outcomes of a round into a decision, or asks for another round over them.
    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next>;

    /// Called once when the decision stands, before it is committed: adds what people may want to look at, with the documents' names.
    fn publish(&self, _decision: &mut Decision, _texts: &dyn Texts) -> Result<()> {
        Ok(())
    }

    /// An ordinary stage over the committed decision, for the documents of one split.
    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>>;

    /// Called once when the plan is made: the input in its order, for those who judge a document by the file it comes from.
    fn learn(&mut self, _splits: &[Split]) {}

    /// What the plan shows of it beside the forecast, in lines.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Joins two notes of one key into the first, where that is possible (counts); `false` keeps both. Called in no fixed order.
    fn combine(&self, _into: &mut Vec<u8>, _other: &[u8]) -> bool {
        false
    }

    /// Bytes of memory that sorting and reducing may take before they use the disk.
    fn memory(&self) -> usize {
        256 << 20
    }

    /// Bytes of notes to expect for a document of `text` bytes: for the forecast.
    fn forecast(&self, text: u64) -> u64;
}

/// A part of the input that is read, resumed and named as a whole: a file, or a byte range or row group of one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// The files it is made of, in order; one, unless small files are read together.
    pub files: Vec<String>,
    /// First byte (or row group); 0 for a whole file.
    pub start: u64,
    /// Byte (or row group) after the last; `None` for the whole file.
    pub end: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What a source finds next.
pub enum Read {
    /// A document; the executor places it.
    Doc(Box<Doc>),
    /// A document that cannot be read: counted, and reading goes on after it.
    Fault(Fault),
    /// A record that is no document (a request, a revisit, an image), counted by kind.
    Skip(&'static str),
}

/// Damage in the input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fault {
    /// The fault found, as `truncated`.
    pub reason: String,
    /// What was seen, in words.
    pub detail: String,
    /// Byte offset in the file.
    pub offset: u64,
}

/// Gives documents.
pub trait Source: Send + Sync {
    /// The input in its order; the same for the same files. Called once when the plan is made.
    fn splits(&self) -> Result<Vec<Split>>;

    /// The key that names what may move, as a branch, and what it stands for now: a run that goes on is planned with that in its place.
    fn pinned(&self) -> Option<(&'static str, String)> {
        None
    }

    /// Opens a split, at a [`Reader::position`] reached earlier if one is given.
    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>>;
}

/// Reads one split.
pub trait Reader: Send {
    /// The next item, `None` at the end. `Err` is I/O only; damage is a [`Read::Fault`].
    fn next(&mut self) -> Result<Option<Read>>;

    /// Where [`Source::open`] can go on with the item after the last one given; opaque to all but this source.
    fn position(&self) -> u64;

    /// Input bytes consumed so far (compressed ones, for compressed files): for progress.
    fn consumed(&self) -> u64;

    /// Lines before the item given last, at the end all of them; `None` where items do not stand on lines.
    fn line(&self) -> Option<u64> {
        None
    }
}

/// Takes documents.
pub trait Sink: Send + Sync {
    /// Folder of this sink's files inside the output directory, as `docs`.
    fn folder(&self) -> &str;

    /// Called once before [`Sink::open`]: the input, in whose splits documents stand.
    fn input(&mut self, _splits: &[Split]) {}

    /// Called once before any part: the vocabulary of the tokens, if there are any.
    fn open(&mut self, _tags: &TagTable, _vocabulary: Option<Vocabulary>) -> Result<()> {
        Ok(())
    }

    /// A new part, to be written inside `dir` under file names that start with `name`. Called when the first document of the part is there.
    fn part(&self, dir: &Path, name: &str) -> Result<Box<dyn Part + '_>>;

    /// Called once when all parts are in place in `dir`, in order; writes what speaks of all of them (manifest, packs) into `scratch`, whence the executor moves it to `dir`.
    fn finish(&self, _dir: &Path, _parts: &[String], _scratch: &Path) -> Result<()> {
        Ok(())
    }
}

/// One part being written.
pub trait Part: Send {
    /// Appends a document.
    fn write(&mut self, doc: &Doc) -> Result<()>;

    /// Ends the part; everything is handed to the system (the executor syncs and renames). Gives the files, from the folder of [`Sink::part`], that the run is to answer for.
    fn close(self: Box<Self>) -> Result<Vec<Written>>;
}

/// The typed table as a user writes it. Derive `Deserialize` with `deny_unknown_fields` on the struct; its doc comments are the manual.
pub trait Recipe: DeserializeOwned + Send + 'static {
    /// What `use = "..."` says.
    const NAME: &'static str;

    /// What it needs and gives.
    fn spec(&self) -> Spec;

    /// Builds what it describes. Complaints name the key they speak of.
    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>>;
}

/// Takes up recipes: what the lists in `stages/`, `source/` and `sink/` are told to.
pub trait Register {
    /// Takes up a recipe; `manual` is the text of its source file, whose header is its manual.
    fn add<R: Recipe>(&mut self, manual: &'static str);
}

/// What a recipe makes.
pub enum Built {
    /// Sees one document.
    Stage(Box<dyn Stage>),
    /// Must see them all first.
    Global(Box<dyn Global>),
    /// Gives documents.
    Source(Box<dyn Source>),
    /// Takes documents.
    Sink(Box<dyn Sink>),
}

impl Built {
    /// Wraps a stage.
    pub fn stage(stage: impl Stage + 'static) -> Built {
        Built::Stage(Box::new(stage))
    }

    /// Wraps a barrier.
    pub fn global(global: impl Global + 'static) -> Built {
        Built::Global(Box::new(global))
    }

    /// Wraps a source.
    pub fn source(source: impl Source + 'static) -> Built {
        Built::Source(Box::new(source))
    }

    /// Wraps a sink.
    pub fn sink(sink: impl Sink + 'static) -> Built {
        Built::Sink(Box::new(sink))
    }
}
