//! Samples of an objective for trainers elsewhere, in one order that any number of processes share, and that goes on from anywhere.
//!
//! The order is that of [`crate::shard::reader`](crate::shard::ShardReader): sample `p` of the stream is row `p % rows` of epoch `p / rows`. Rows are those of the set's
//! pack list for as many tokens as the objective takes; where it has none, or the objective wants rows of another make, they are laid out as the bundled
//! trainer does, and held in memory. What is drawn for a sample is what the bundled trainer draws for it: a function of seed, number and row.

use std::collections::BTreeMap;
use std::path::Path;

use super::TrainError;
use super::data::{Row, Rows, Span};
use super::objective::{Objective, Sample, Task};
use crate::shard::mask::{SENTENCE_START, WORD_START};
use crate::shard::{Digest, Epochs, ShardError, ShardReader, Shards, State};

/// What samples are wanted of a set.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What is learned.
    pub objective: Objective,
    /// Places that a segment may take.
    pub seq_len: usize,
    /// Whether an encoder takes the prefix.
    pub encoder: bool,
    /// Masks cover whole words.
    pub whole_words: bool,
    /// A row is always masked, cut or paired in the same way.
    pub fixed: bool,
    /// Special tokens by role, over those that the shards name.
    pub special: BTreeMap<String, u32>,
}

impl Wanted {
    /// The objective over a set.
    ///
    /// # Errors
    /// Where the set does not say what the objective has to know, or a special token is none of its.
    pub fn task(&self, shards: &Shards) -> Result<Task, TrainError> {
        check_marks(shards, self.objective, self.whole_words)?;
        if matches!(self.objective, Objective::Dpo | Objective::Ppo) {
            let said = "the objective needs a model beside its samples: learn it with `dataprep train`";
            return Err(TrainError::Mismatch(said.to_owned()));
        }
        let roles = self.objective.roles();
        if let Some(role) = self.special.keys().find(|role| !roles.contains(&role.as_str())) {
            let roles = roles.join(", ");
            let said = format!("the objective has no special token `{role}`: {}", if roles.is_empty() { "it needs none" } else { &roles });
            return Err(TrainError::Mismatch(said));
        }
        if self.seq_len == 0 {
            return Err(TrainError::Setting("seq_len"));
        }
        let manifest = shards.manifest();
        let mut special = manifest.special.clone();
        special.extend(self.special.clone());
        let task = Task::new(self.objective, self.seq_len, self.encoder, manifest.vocab_size as usize, &special);
        let labels = if matches!(self.objective, Objective::Classify | Objective::Tag) { manifest.labels.len() } else { 0 };
        Ok(Task { whole_words: self.whole_words, fixed: self.fixed, labels, ..task })
    }
}

/// Whether the shards say what an objective has to know.
pub(super) fn check_marks(shards: &Shards, objective: Objective, whole_words: bool) -> Result<(), TrainError> {
    let marks = "`marks = true` in stage `tokenize` and `mask = true` in sink `shards`";
    let preferences = matches!(objective, Objective::Reward | Objective::Dpo | Objective::Ppo);
    let has_pairs = shards.manifest().pairs() > 0;
    let (what, how) = match objective {
        Objective::Nsp | Objective::Sop if !shards.has_mark(SENTENCE_START) => ("where sentences start", marks),
        _ if whole_words && !shards.has_mark(WORD_START) => ("where words start", marks),
        Objective::Sft | Objective::Ppo if !shards.has_masks() => ("which tokens are answers", "stage `chat_template` and `mask = true` in sink `shards`"),
        Objective::Seq2seq if !shards.has_masks() => {
            ("what is input and what target", "source `parallel`, stage `chat_template` and `mask = true` in sink `shards`")
        }
        Objective::Reward | Objective::Dpo if !has_pairs => ("which documents are pairs", "source `pairs` and stage `chat_template`"),
        Objective::Classify | Objective::Tag if shards.manifest().labels.is_empty() => {
            ("which labels there are", "`label` and `labels` in stage `tokenize` and `mask = true` in sink `shards`")
        }
        _ if !preferences && has_pairs => {
            let said =
                "the shards hold pairs, and other objectives than `reward`, `dpo` and `ppo` would learn the rejected answers too: give --objective reward";
            return Err(TrainError::Mismatch(said.to_owned()));
        }
        _ => return Ok(()),
    };
    Err(TrainError::Mismatch(format!("the shards do not say {what}: write them with {how}")))
}

/// Where the rows are.
enum Layout {
    /// In a pack list, on disk.
    Packed(ShardReader),
    /// Laid out here.
    Made(Shards, Vec<Vec<Span>>),
}

/// An open set with an objective. Nothing in it changes, so threads may share it.
pub struct Stream {
    layout: Layout,
    task: Task,
    epochs: Epochs,
    fingerprint: Digest,
}

impl Stream {
    /// Samples in the order of `seed`; where none is given, in that of the pack list, or of 0.
    ///
    /// # Errors
    /// Where the set cannot be read, or does not suit what is wanted.
    pub fn open(dir: &Path, wanted: &Wanted, seed: Option<u64>) -> Result<Stream, TrainError> {
        let unread = |error: ShardError| TrainError::Corpus(error.to_string());
        let shards = Shards::open(dir).map_err(unread)?;
        let task = wanted.task(&shards)?;
        let packs = shards.manifest().packs.iter().find(|pack| wanted.objective.takes_any_rows() && pack.seq_len as usize == task.row_len());
        let (layout, seed) = match packs {
            Some(pack) => {
                let seed = seed.unwrap_or(pack.seed);
                (Layout::Packed(ShardReader::open(dir, pack.seq_len, Some(seed)).map_err(unread)?), seed)
            }
            None => {
                let rows = task.rows(&shards).into_spans();
                (Layout::Made(shards, rows), seed.unwrap_or(0))
            }
        };
        let rows = match &layout {
            Layout::Packed(reader) => reader.rows(),
            Layout::Made(_, rows) => rows.len() as u64,
        };
        if rows == 0 {
            return Err(TrainError::NoRows);
        }
        let mut stream = Stream { layout, task, epochs: Epochs { rows, seed }, fingerprint: Digest(0) };
        let of_task = serde_json::to_string(&stream.task).map_err(|error| TrainError::Io(error.into()))?;
        stream.fingerprint = Digest::of(format!("{} {of_task}", stream.shards().manifest().fingerprint()).as_bytes());
        Ok(stream)
    }

    /// The set.
    pub fn shards(&self) -> &Shards {
        match &self.layout {
            Layout::Packed(reader) => reader.shards(),
            Layout::Made(shards, _) => shards,
        }
    }

    /// The objective and what its samples depend on.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Rows of an epoch, and the seed of their order.
    pub fn epochs(&self) -> Epochs {
        self.epochs
    }

    /// The state after so many samples of the stream.
    pub fn state(&self, position: u64) -> State {
        State::at(position, self.fingerprint, self.epochs)
    }

    /// How many samples of the stream a state has behind it.
    ///
    /// # Errors
    /// Where the state is that of another set, objective, seed or epoch length.
    pub fn resume(&self, state: &State) -> Result<u64, ShardError> {
        state.position(self.fingerprint, self.epochs)
    }

    /// A sample of the stream.
    ///
    /// # Errors
    /// Where a span of its row lies outside of the document: a damaged pack list.
    pub fn sample(&self, position: u64) -> Result<Sample, ShardError> {
        let missing = ShardError::NoRow { index: position, count: self.epochs.rows };
        let row = self.epochs.row(position).ok_or(missing)?;
        let spans = self.spans(row)?;
        for span in &spans {
            let tokens = self.shards().document(span.document as u64)?.len();
            if span.start.checked_add(span.len).is_none_or(|end| end > tokens) {
                return Err(ShardError::Refused(format!("row {row} has a span outside its document: {span:?}; run `dataprep shards verify`")));
            }
        }
        let random = &mut self.task.random(self.epochs.seed, position, row as usize);
        Ok(self.task.sample(&Row::read(self.shards(), spans), self, random))
    }

    fn spans(&self, row: u64) -> Result<Vec<Span>, ShardError> {
        match &self.layout {
            Layout::Packed(reader) => {
                let spans = reader.spans(row)?;
                Ok(spans.iter().map(|span| Span { document: span.document as usize, start: span.start as usize, len: span.length as usize }).collect())
            }
            Layout::Made(_, rows) => rows.get(row as usize).cloned().ok_or(ShardError::NoRow { index: row, count: self.epochs.rows }),
        }
    }
}

impl Rows for Stream {
    fn rows(&self) -> usize {
        self.epochs.rows as usize
    }

    /// Empty where it cannot be read.
    fn row(&self, row: usize) -> Row {
        Row::read(self.shards(), self.spans(row as u64).unwrap_or_default())
    }

    fn epoch_tokens(&self) -> u64 {
        self.shards().tokens()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::ShardReader;
    use crate::shard::tests::write_set;
    use crate::train::corpus::ShardCorpus;

    /// Two documents of pieces that rows of 16 cut; every third token may count.
    fn stream(dir: &Path, objective: Objective) -> Stream {
        let lengths: Vec<usize> = (0..60).map(|document| 3 + document * 7 % 41).collect();
        write_set(dir, &lengths, true, &[16]);
        Stream::open(dir, &Wanted { objective, seq_len: 16, ..Wanted::default() }, Some(5)).unwrap()
    }

    #[test]
    fn causal_rows_are_those_of_the_reader_with_what_follows_them() {
        let dir = tempfile::tempdir().unwrap();
        let stream = stream(dir.path(), Objective::Causal);
        let reader = ShardReader::open(dir.path(), 16, Some(5)).unwrap();
        let (mut targets, rows) = (0, reader.rows());
        for position in [0, 1, rows - 1, rows, 3 * rows + 2] {
            let (sample, row) = (stream.sample(position).unwrap(), reader.sample(position).unwrap());
            assert_eq!((&sample.inputs, &sample.positions), (&row.ids, &row.position_ids));
            let ends: Vec<u32> = sample.segments.iter().map(|segment| segment.places.end as u32).collect();
            assert_eq!(ends, row.cu_seqlens[1..]);
            for (span, segment) in row.spans.iter().zip(&sample.segments) {
                let after = reader.shards().document(span.document).unwrap().get((span.start + span.length) as usize);
                assert_eq!(sample.targets[segment.places.end - 1], after);
            }
            targets += sample.predicted();
        }
        assert!(targets > 50, "{targets}");
    }

    #[test]
    fn draws_are_those_of_the_bundled_trainer() {
        // What labels say is the mask's business; the set of this test has none.
        let drawn = |objective: &Objective| objective.takes_any_rows() && *objective != Objective::Tag;
        for objective in Objective::NAMES.map(|(_, objective)| objective).into_iter().filter(drawn) {
            let dir = tempfile::tempdir().unwrap();
            let stream = stream(dir.path(), objective);
            let corpus = ShardCorpus::open(dir.path()).unwrap();
            // Rows laid out as there; a pack list is stored in one order and read in another.
            let rows = stream.task().rows(&corpus);
            for position in [0, 7, stream.epochs().rows + 7] {
                let row = stream.epochs().row(position).unwrap() as usize;
                let made = if matches!(stream.layout, Layout::Made(..)) { rows.row(row) } else { Row::read(&corpus, stream.spans(row as u64).unwrap()) };
                let wanted = stream.task().sample(&made, &rows, &mut stream.task().random(5, position, row));
                assert_eq!(stream.sample(position).unwrap(), wanted, "{objective:?}");
                assert!(wanted.tokens > 0);
            }
        }
    }

    #[test]
    fn a_state_belongs_to_its_objective() {
        let dir = tempfile::tempdir().unwrap();
        let causal = stream(dir.path(), Objective::Causal);
        let masked = Stream::open(dir.path(), &Wanted { objective: Objective::Mlm, seq_len: 16, ..Wanted::default() }, Some(5)).unwrap();
        let state = causal.state(causal.epochs().rows + 3);
        assert_eq!((state.epoch, state.samples, causal.resume(&state).unwrap()), (1, 3, causal.epochs().rows + 3));
        assert!(masked.resume(&state).unwrap_err().to_string().contains("fingerprint"));
    }

    #[test]
    fn what_a_set_does_not_say_is_told() {
        let dir = tempfile::tempdir().unwrap();
        stream(dir.path(), Objective::Causal);
        let fault = |wanted: Wanted| Stream::open(dir.path(), &wanted, None).err().unwrap().to_string();
        let wanted = |objective| Wanted { objective, seq_len: 16, ..Wanted::default() };
        assert!(fault(wanted(Objective::Sop)).contains("where sentences start"));
        assert!(fault(wanted(Objective::Reward)).contains("which documents are pairs"));
        assert!(fault(Wanted { special: BTreeMap::from([("mask".to_owned(), 3)]), ..wanted(Objective::Causal) }).contains("no special token `mask`"));
        assert!(fault(Wanted { seq_len: 0, ..wanted(Objective::Causal) }).contains("seq_len"));
    }
}
