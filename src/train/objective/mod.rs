//! What a model is asked to predict: pure functions from rows of ids to inputs and targets, drawn by seed and number of the sample. They never see a tensor.
//!
//! All objectives speak of one stream of places. A segment of it is what attends to each other: all its places see the first `prefix` of them, and
//! beyond that each sees itself and what stands before it. So a prefix of 0 is a causal model, one of the whole length looks both ways, and what lies
//! between is a prefix language model; where a model has an encoder, this takes the prefix and the decoder the rest. Hence every objective
//! suits every model, but that an encoder wants a prefix and a decoder something behind it.

mod labels;
mod left_to_right;
mod masked;
mod pairs;
mod spans;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::config::ModelConfig;
use super::data::{Corpus, Packs, Row, Rows, whole};
use super::random::Random;
use crate::shard::mask;
pub use left_to_right::causal;

/// What is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// The next token.
    #[default]
    Causal,
    /// The next token of what follows a beginning that is seen both ways.
    PrefixLm,
    /// The next token, where half of the texts have their middle moved to the end (fill-in-the-middle: Bavarian et al. 2022).
    Fim,
    /// The next token of answers: where the shards' mask says that it counts.
    Sft,
    /// Masked tokens (BERT: Devlin et al. 2019; drawn anew each time: RoBERTa, Liu et al. 2019).
    Mlm,
    /// Masked tokens, and whether the second part follows the first or is of another document (BERT).
    Nsp,
    /// Masked tokens, and whether two parts stand in order (ALBERT: Lan et al. 2020).
    Sop,
    /// What stood in spans that are cut out (T5: Raffel et al. 2020).
    SpanCorruption,
    /// The same, span after span behind the text, in an order of their own (GLM: Du et al. 2022).
    BlankInfilling,
    /// Which of two answers is better.
    Reward,
    /// A text behind another, as its translation: where the shards' mask says that it counts (Sutskever et al. 2014, Vaswani et al. 2017).
    Seq2seq,
    /// The next token and, by weights of its own, the one before (ELMo: Peters et al. 2018).
    Bidirectional,
    /// The class of a text.
    Classify,
    /// The class of each token.
    Tag,
    /// That the better of two answers gains on the other, beside the model that training began with (Rafailov et al. 2023).
    Dpo,
    /// Answers of the model's own that a reward model likes (Schulman et al. 2017, Ouyang et al. 2022).
    Ppo,
}

impl Objective {
    /// Every objective with its name.
    pub const NAMES: [(&str, Self); 16] = [
        ("causal", Self::Causal),
        ("prefix_lm", Self::PrefixLm),
        ("fim", Self::Fim),
        ("sft", Self::Sft),
        ("mlm", Self::Mlm),
        ("nsp", Self::Nsp),
        ("sop", Self::Sop),
        ("span_corruption", Self::SpanCorruption),
        ("blank_infilling", Self::BlankInfilling),
        ("reward", Self::Reward),
        ("seq2seq", Self::Seq2seq),
        ("bidirectional", Self::Bidirectional),
        ("classify", Self::Classify),
        ("tag", Self::Tag),
        ("dpo", Self::Dpo),
        ("ppo", Self::Ppo),
    ];

    /// Special tokens that it puts in, by role.
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Causal | Self::Sft | Self::Reward | Self::Bidirectional | Self::Classify | Self::Tag | Self::Dpo => &[],
            Self::PrefixLm | Self::Seq2seq => &["start"],
            Self::Ppo => &["eos"],
            Self::Fim => &["fim_prefix", "fim_suffix", "fim_middle", "eos"],
            Self::Mlm => &["mask"],
            Self::Nsp | Self::Sop => &["mask", "cls", "sep"],
            Self::SpanCorruption => &["start", "eos", "sentinel"],
            Self::BlankInfilling => &["mask", "start", "eos"],
        }
    }

    /// Whether an encoder finds a prefix and a decoder something behind it.
    pub fn has_source(self) -> bool {
        matches!(self, Self::PrefixLm | Self::SpanCorruption | Self::BlankInfilling | Self::Seq2seq)
    }

    /// Whether places see what stands behind them.
    pub fn sees_both_ways(self) -> bool {
        matches!(self, Self::Mlm | Self::Nsp | Self::Sop)
    }

    /// Whether rows may be any stretches of the stream of tokens, as a pack list has them.
    pub fn takes_any_rows(self) -> bool {
        !self.takes_whole_documents() && !matches!(self, Self::Nsp | Self::Sop)
    }

    /// Whether a document, or two that are a pair, is a row.
    pub fn takes_whole_documents(self) -> bool {
        matches!(self, Self::Reward | Self::Dpo) || self.takes_single_documents()
    }

    fn takes_single_documents(self) -> bool {
        matches!(self, Self::Seq2seq | Self::Classify | Self::Ppo)
    }
}

/// An objective, and all that its samples depend on beside rows and random numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The objective.
    pub objective: Objective,
    /// Places that a segment may take.
    pub seq_len: usize,
    /// Whether an encoder takes the prefix, so that it and the rest may take `seq_len` places each.
    pub encoder: bool,
    /// Ids of the shards' vocabulary are below this; random tokens are drawn from them.
    pub vocab_size: usize,
    /// Special tokens by role. Those of the objective that the shards' vocabulary lacks stand behind it. Sentinels go down from `sentinel`.
    pub special: BTreeMap<String, u32>,
    /// Masks cover whole words, as the shards' mask says where they begin.
    pub whole_words: bool,
    /// A row is always masked (or cut, or paired) in the same way, as BERT's data were; else anew each time.
    pub fixed: bool,
    /// Labels that the shards tell apart.
    #[serde(default)]
    pub labels: usize,
    /// Whether a model that labels texts sees them both ways.
    #[serde(default)]
    pub both_ways: bool,
}

/// Inputs of a model and the ids it should predict, one place a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Ids that go in.
    pub inputs: Vec<u32>,
    /// The id to predict at each place, if any.
    pub targets: Vec<Option<u32>>,
    /// What each place's target counts in the gradient; empty where all count alike.
    pub weights: Vec<f32>,
    /// Nats of each place's target under the model that [`Objective::Dpo`] and [`Objective::Ppo`] compare with; else empty.
    pub before: Vec<f32>,
    /// How much better than others the answer is that the place stands in, of [`Objective::Ppo`].
    pub advantages: Vec<f32>,
    /// Position of each token in its segment; in spans of [`Objective::BlankInfilling`] that of the blank.
    pub positions: Vec<u32>,
    /// A second number a place: which of two parts it is of (BERT), or its position in its span (GLM).
    pub kinds: Vec<u32>,
    /// Places that attend to each other; nothing crosses their borders.
    pub segments: Vec<Segment>,
    /// Places whose outputs are asked about their whole text: one a question, or two where they are compared.
    pub questions: Vec<usize>,
    /// The right class of each question.
    pub answers: Vec<u32>,
    /// Tokens of the corpus that it was made of.
    pub tokens: usize,
}

/// Places that attend to each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Where they are.
    pub places: Range<usize>,
    /// How many, from the first on, are seen by all.
    pub prefix: usize,
}

impl Sample {
    /// Adds a segment with positions from 0 on.
    pub(super) fn push(&mut self, ids: impl IntoIterator<Item = u32>, targets: impl IntoIterator<Item = Option<u32>>, prefix: usize) {
        let start = self.inputs.len();
        self.inputs.extend(ids);
        self.targets.extend(targets);
        self.positions.extend(0..(self.inputs.len() - start) as u32);
        self.kinds.resize(self.inputs.len(), 0);
        self.segments.push(Segment { places: start..self.inputs.len(), prefix });
    }

    /// All samples, one behind the other.
    pub fn join(samples: &[Sample]) -> Sample {
        let mut joined = Sample::default();
        samples.iter().for_each(|sample| joined.append(sample));
        joined
    }

    /// Adds a segment whose prefix is `source`, and behind it `target` to be predicted, the first token of it from `start`.
    fn push_pair(&mut self, source: &[u32], start: u32, target: &[u32]) {
        let inputs = source.iter().copied().chain([start]).chain(target.iter().copied()).take(source.len() + target.len());
        let targets = std::iter::repeat_n(None, source.len()).chain(target.iter().copied().map(Some));
        self.push(inputs, targets, source.len());
    }

    /// Puts `other` behind.
    pub fn append(&mut self, other: &Sample) {
        let places = self.inputs.len();
        self.inputs.extend(&other.inputs);
        self.targets.extend(&other.targets);
        self.weights.extend(&other.weights);
        self.before.extend(&other.before);
        self.advantages.extend(&other.advantages);
        self.positions.extend(&other.positions);
        self.kinds.extend(&other.kinds);
        let moved = |segment: &Segment| Segment { places: segment.places.start + places..segment.places.end + places, ..*segment };
        self.segments.extend(other.segments.iter().map(moved));
        self.questions.extend(other.questions.iter().map(|place| place + places));
        self.answers.extend(&other.answers);
        self.tokens += other.tokens;
    }

    /// Number of targets.
    pub fn predicted(&self) -> usize {
        self.targets.iter().flatten().count()
    }
}

impl Task {
    /// `objective` over a vocabulary with these special tokens. Roles that it has no token for get ids behind the vocabulary, in the order of [`Objective::roles`].
    pub fn new(objective: Objective, seq_len: usize, encoder: bool, vocab_size: usize, special: &BTreeMap<String, u32>) -> Task {
        let special_tokens = special.clone();
        let mut task = Task { objective, seq_len, encoder, vocab_size, special: special_tokens, whole_words: false, fixed: false, labels: 0, both_ways: false };
        let mut free = task.model_vocab_size();
        for role in objective.roles().iter().filter(|role| !special.contains_key(**role)) {
            free += if *role == "sentinel" { task.blanks(task.row_len()).max(1) } else { 1 };
            task.special.insert((*role).to_owned(), free as u32 - 1);
        }
        task
    }

    /// The next token, over a vocabulary without special tokens.
    pub fn causal(seq_len: usize, vocab_size: usize) -> Task {
        Task::new(Objective::Causal, seq_len, false, vocab_size, &BTreeMap::new())
    }

    /// A model's shape with what the task needs of it: its ids, its classes, its second positions. Fails where the two do not go together.
    pub fn fit(&self, model: ModelConfig) -> Result<ModelConfig, TrainError> {
        if model.encoder && !self.objective.has_source() {
            let suitable: Vec<_> = Objective::NAMES.iter().filter(|(_, objective)| objective.has_source()).map(|(name, _)| *name).collect();
            let said = format!("a model with encoder and decoder needs an objective that gives something to both: one of {}", suitable.join(", "));
            return Err(TrainError::Mismatch(said));
        }
        if model.recurrent && (self.objective.has_source() || self.objective.sees_both_ways() || self.both_ways) {
            return Err(TrainError::Mismatch("a recurrent model reads in one direction, and the objective wants to see both ways".to_owned()));
        }
        if !model.recurrent && self.objective == Objective::Bidirectional {
            return Err(TrainError::Mismatch("objective `bidirectional` needs a model with weights for both directions: preset elmo".to_owned()));
        }
        let kinds = if self.objective == Objective::BlankInfilling { self.seq_len } else { 2 };
        let kinds = if model.kinds > 0 { model.kinds.max(kinds) } else { 0 };
        Ok(ModelConfig { vocab_size: self.model_vocab_size(), classes: self.classes(), kinds, ..model })
    }

    /// Classes that texts or tokens are told apart by; 1 for a score, 0 where nothing is asked about them.
    pub fn classes(&self) -> usize {
        match self.objective {
            Objective::Nsp | Objective::Sop => 2,
            Objective::Reward => 1,
            Objective::Classify => self.labels,
            // A token may have none.
            Objective::Tag => self.labels + 1,
            _ => 0,
        }
    }

    /// What `sample` is divided by in the mean of its targets' loss: targets, or pairs.
    pub fn counted(&self, sample: &Sample) -> usize {
        if self.objective == Objective::Dpo { sample.segments.len() / 2 } else { sample.predicted() }
    }

    /// Ids of the model are below this.
    pub fn model_vocab_size(&self) -> usize {
        self.special.values().map(|id| *id as usize + 1).fold(self.vocab_size, usize::max)
    }

    /// The most tokens of a document that go into one segment.
    pub fn row_len(&self) -> usize {
        match self.objective {
            Objective::SpanCorruption | Objective::BlankInfilling => {
                // Lengths grow with the number of tokens, so the last that fits is found by halving.
                let (mut fits, mut beyond) = (1, 4 * self.seq_len + 2);
                while beyond - fits > 1 {
                    let middle = usize::midpoint(fits, beyond);
                    *(if self.places(middle) <= self.seq_len { &mut fits } else { &mut beyond }) = middle;
                }
                fits
            }
            Objective::Nsp | Objective::Sop => self.seq_len.saturating_sub(3).max(1),
            // Input and target are cut by themselves.
            Objective::Seq2seq | Objective::Ppo => usize::MAX,
            _ => self.seq_len,
        }
    }

    /// The rows of a corpus: documents end to end, or whole sentences, or pairs, as the objective wants them.
    pub fn rows<'a>(&self, corpus: &'a dyn Corpus) -> Packs<'a> {
        match self.objective {
            Objective::Nsp | Objective::Sop => Packs::sentences(corpus, self.row_len()),
            Objective::Reward | Objective::Dpo => Packs::pairs(corpus, self.seq_len),
            Objective::Classify => Packs::documents(corpus, self.row_len(), |marks| mask::label(marks) > 0),
            Objective::Seq2seq | Objective::Ppo => Packs::documents(corpus, self.row_len(), |_| true),
            _ => Packs::cut(corpus, whole(corpus), self.row_len()),
        }
    }

    /// The random numbers of a draw of a row.
    pub fn random(&self, seed: u64, draw: u64, row: usize) -> Random {
        Random::new(seed, &if self.fixed { format!("row {row}") } else { format!("sample {draw}") })
    }

    /// What is learned from `row`, which is one of `rows`: [`Objective::Nsp`] takes a second part from another of them.
    pub fn sample(&self, row: &Row, rows: &dyn Rows, random: &mut Random) -> Sample {
        let mut sample = match self.objective {
            Objective::Causal => causal(row),
            Objective::PrefixLm => self.prefix_lm(row, random),
            Objective::Fim => self.fill_middle(row, random),
            Objective::Sft | Objective::Dpo => left_to_right::answers(row),
            Objective::Mlm => self.masked(row, random),
            Objective::Nsp => self.next_sentence(row, rows, random),
            Objective::Sop => self.sentence_order(row, random),
            Objective::SpanCorruption => self.span_corruption(row, random),
            Objective::BlankInfilling => self.blank_infilling(row, random),
            Objective::Reward => pairs::reward(row),
            Objective::Seq2seq => self.seq2seq(row),
            Objective::Bidirectional => left_to_right::both_directions(row),
            Objective::Classify => self.classify(row),
            Objective::Tag => self.tag(row),
            Objective::Ppo => self.prompt(row),
        };
        sample.tokens = row.ids.len();
        sample
    }

    /// The token of a role; [`Task::new`] has seen to it that there is one.
    pub(super) fn token(&self, role: &str) -> u32 {
        self.special[role]
    }

    fn is_special(&self, id: u32) -> bool {
        self.special.values().any(|special| *special == id)
    }
}

/// Fewer tokens of a span than this are left as they are where an objective would cut them into parts.
const SHORTEST: usize = 2;

/// Ids, marks and successor of each span of a row.
fn spans(row: &Row) -> impl Iterator<Item = (&[u32], &[u8], Option<u32>, u8)> {
    let mut at = 0;
    row.spans.iter().enumerate().map(move |(i, span)| {
        let here = at..at + span.len;
        at = here.end;
        (&row.ids[here.clone()], &row.marks[here], row.next[i], row.next_marks[i])
    })
}

#[cfg(test)]
mod tests;
