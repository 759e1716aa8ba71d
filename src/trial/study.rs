//! Which of two corpora trains the better model, and whether this budget can tell.
//!
//! The same model is trained on each arm at one token budget, several times, and scored in bits per byte on the same held-out documents, domain by domain.
//! Four things other than the quality of the data move that score, and the interval around a difference has to hold them all:
//!
//! - *Start and order.* Run s of every arm starts from the same weights and takes what the arms share in the same order, so that differences are
//!   taken within pairs. Documents come in pieces of a row, shuffled, so that a small budget still sees many documents.
//! - *Which documents an arm happens to hold.* Two random halves of one corpus are different texts, and trained on whole they differ by the same amount
//!   under every seed: no number of seeds would show that this is chance. So each run trains on its own share of each arm. Documents
//!   fall into as many folds as there are runs, by their key (a document that both arms hold falls into the same fold in both), and run s
//!   takes g folds from s on. With g = 1 runs are independent samples. Where the budget would go through one fold more than four times (up to
//!   which repeated text is about as good as new: Muennighoff et al. 2023), g grows, to half of the folds at most. Then runs overlap, and the variance
//!   between them is multiplied by (S-1) g / (S (S-g)) to give that of the mean: 1/S for g = 1, (S-1)^2/S for g = S-1 (the delete-a-group jackknife).
//!   This is exact for the noise of documents and too much for that of start and order, so it errs towards `not_resolved`.
//! - *Luck with the spread.* Three runs can agree by chance. The half-width is therefore never less than that of a difference of two equal
//!   arms, computed from the spread of runs *within* arms, of which there are twice as many.
//! - *Which documents were held out*, by a bootstrap over them.
//!
//! The errors of runs and of held-out documents are independent: their squares add up. Only a difference beyond that sum is called `better` or `worse`.
//!
//! Beside the Transformer, n-gram models of the same arms are scored ([`super::counting`]): either may resolve a difference, at half the risk. And the
//! Transformer is asked for minimal pairs, of which it has to give the right member more probability. Where these surely contradict each other, nothing is
//! resolved.

#[cfg(test)]
mod tests;

use std::ops::{ControlFlow, Range};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::TrialError;
use super::counting::{FOLDS, Folds};
use super::selection::Selection;
use crate::train::config::{ModelConfig, initial};
use crate::train::data::{Corpus, Packs, Sampling, Span, pieces};
use crate::train::evaluate::evaluate;
use crate::train::model::Model;
use crate::train::trainer::{Progress, TrainConfig, Trainer};
use crate::train::workers::Workers;
use crate::train::{Point, TrainError};

/// Fewer runs an arm say nothing about their spread.
pub const MIN_RUNS: usize = 3;

/// Passes over its share that a run may make before the share grows.
const MAX_EPOCHS: u64 = 4;

/// Fewer held-out documents of a domain, or pairs of a kind, say nothing about theirs.
pub const MIN_HELDOUT: usize = 8;

/// Held-out tokens that [`Study::rehearse_scoring`] scores.
const REHEARSED: u64 = 4096;

/// Points of a run's curve.
const POINTS: usize = 10;

/// Each point scores held-out documents of about this part of the budget, so that all of them together take a twentieth of a training's time.
const OF_BUDGET: u64 = 64;

/// One of the corpora to compare.
#[derive(Clone, Copy)]
pub struct Arm<'a> {
    /// Its name in the report.
    pub name: &'a str,
    /// Its documents.
    pub corpus: &'a dyn Corpus,
}

/// What every trained model is asked.
pub struct Heldout<'a> {
    pub(super) domains: Vec<(String, Range<usize>)>,
    pub(super) documents: Selection<'a>,
    pub(super) pairs: Option<Pairs<'a>>,
}

/// Minimal pairs: document 2i of the corpus is the right member of pair i, document 2i+1 the wrong one.
pub struct Pairs<'a> {
    /// Both members of every pair.
    pub corpus: &'a dyn Corpus,
    /// Each kind with the numbers of its pairs; together they are all pairs, in order.
    pub kinds: Vec<(String, Range<usize>)>,
}

/// What is trained, on what, and how often. All that a run needs, so that runs can be done in any order and kept.
pub struct Study<'a> {
    pub(super) arms: Vec<Arm<'a>>,
    pub(super) compared: Vec<(usize, usize)>,
    pub(super) heldout: Heldout<'a>,
    pub(super) model: ModelConfig,
    pub(super) train: TrainConfig,
    pub(super) runs: usize,
    pub(super) folds: usize,
    /// Of each arm.
    pub(super) counting: Vec<Folds>,
}

/// One model trained on one arm: what the verdict is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the arm.
    pub arm: String,
    /// Number of the run, from 0; runs of one number are a pair.
    pub run: usize,
    /// Nats of each held-out document.
    pub nats: Vec<f64>,
    /// By how many nats the right member of each minimal pair is the likelier one; below 0 where it is not.
    pub margins: Vec<f64>,
    /// Tokens trained on.
    pub tokens: u64,
    /// Passes over the run's share of the arm.
    pub epochs: f64,
    /// Loss along the way; held-out loss is that of a few documents, the same in every run.
    pub curve: Vec<Point>,
}

impl<'a> Heldout<'a> {
    /// Documents of named domains, each with enough of them, and perhaps minimal pairs.
    pub fn new(domains: Vec<(String, Selection<'a>)>, pairs: Option<Pairs<'a>>) -> Result<Self, TrialError> {
        let (mut ranges, mut start) = (Vec::new(), 0);
        for (name, corpus) in &domains {
            let scored = (0..corpus.documents()).filter(|&document| corpus.tokens(document) > 1).count();
            if scored < MIN_HELDOUT {
                return Err(TrialError::Study(format!("a verdict needs {MIN_HELDOUT} held-out documents of two tokens, got {scored} of `{name}`")));
            }
            ranges.push((name.clone(), start..start + corpus.documents()));
            start += corpus.documents();
        }
        let documents = Selection::join(domains.into_iter().map(|(_, corpus)| corpus));
        if ranges.is_empty() {
            return Err(TrialError::Study("a verdict needs held-out documents, got none".to_owned()));
        }
        Ok(Self { domains: ranges, documents, pairs })
    }

    /// Tokens that are scored after every training.
    pub fn tokens(&self) -> u64 {
        let of = |corpus: &dyn Corpus| (0..corpus.documents()).map(|document| corpus.tokens(document) as u64).sum::<u64>();
        of(&self.documents) + self.pairs.as_ref().map_or(0, |pairs| of(pairs.corpus))
    }
}

impl<'a> Study<'a> {
    /// `runs` runs of `train` for each of `arms`, of which each needs a document in every fold. `compared` names pairs of arms, the one in question first
    /// and the one it is held against second; the last pair gives the verdict of the whole.
    pub fn new(
        arms: Vec<Arm<'a>>,
        compared: Vec<(usize, usize)>,
        heldout: Heldout<'a>,
        model: ModelConfig,
        train: TrainConfig,
        runs: usize,
    ) -> Result<Self, TrialError> {
        if arms.len() < 2 || compared.is_empty() || runs < MIN_RUNS {
            return Err(TrialError::Study(format!("a verdict needs two arms and {MIN_RUNS} seeds, got {} and {runs}", arms.len())));
        }
        let budget = (train.steps * train.batch * model.seq_len) as u64;
        let mut smallest = u64::MAX;
        for arm in &arms {
            let mut folds = vec![0; runs];
            (0..arm.corpus.documents()).for_each(|document| folds[fold(arm.corpus, document, runs)] += arm.corpus.tokens(document) as u64);
            if folds.contains(&0) {
                return Err(too_few(arm, runs));
            }
            smallest = smallest.min(folds.iter().sum());
        }
        let most = runs.div_ceil(2);
        let folds = (1..most).find(|&folds| MAX_EPOCHS * (smallest / runs as u64) * folds as u64 >= budget).unwrap_or(most);
        let train = TrainConfig { sampling: Sampling::InOrder, evaluate_every: train.steps.div_ceil(POINTS).max(1), ..train };
        let counting: Vec<Folds> = arms.iter().map(|arm| Folds::new(arm.corpus)).collect();
        if let Some((arm, _)) = arms.iter().zip(&counting).find(|(_, folds)| folds.filled() < MIN_RUNS) {
            return Err(too_few(arm, FOLDS));
        }
        Ok(Self { arms, compared, heldout, model, train, runs, folds, counting })
    }

    /// Folds that each run trains on.
    pub fn folds(&self) -> usize {
        self.folds
    }

    /// Tokens that are scored in every training and after it.
    pub fn scored_tokens(&self) -> u64 {
        let few = self.few(self.budget() / OF_BUDGET);
        let points = self.train.steps.div_ceil(self.train.evaluate_every) as u64;
        self.heldout.tokens() + points * (0..few.documents()).map(|document| few.tokens(document) as u64).sum::<u64>()
    }

    /// Tokens that a run trains on.
    pub(super) fn budget(&self) -> u64 {
        (self.train.steps * self.train.batch * self.model.seq_len) as u64
    }

    /// Held-out documents of about so many tokens.
    fn few(&self, tokens: u64) -> Selection<'_> {
        Selection::all([&self.heldout.documents as &dyn Corpus]).sample(tokens, self.train.seed)
    }

    /// Trains run number `run` of arm number `arm`; `None` if `watch`, called after every step, stops it.
    pub fn run(&self, arm: usize, run: usize, workers: &Workers, watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<Option<Run>, TrialError> {
        let Arm { name, corpus } = self.arms[arm];
        let seed = self.train.seed.wrapping_add(run as u64);
        let takes = |document| (fold(corpus, document, self.runs) + self.runs - run) % self.runs < self.folds;
        let mut share: Vec<Span> = pieces(corpus, self.model.seq_len).filter(|piece| takes(piece.document)).collect();
        share.sort_by_cached_key(|piece| (place(corpus.key(piece.document), piece.start, seed), piece.document));
        let rows = Packs::cut(corpus, share, self.model.seq_len);
        let mut trainer = Trainer::new(self.model.clone(), TrainConfig { seed, ..self.train.clone() }, &rows, workers)?;
        let few = self.few(self.budget() / OF_BUDGET);
        while !trainer.finished() {
            if watch(trainer.step(Some(&few))?).is_break() {
                return Ok(None);
            }
        }
        let nats_of = |corpus: &dyn Corpus| -> Result<Vec<f64>, TrialError> {
            Ok(evaluate(trainer.model(), trainer.weights(), corpus, workers)?.iter().map(|score| score.nats).collect())
        };
        let nats = nats_of(&self.heldout.documents)?;
        let margins = match &self.heldout.pairs {
            Some(pairs) => nats_of(pairs.corpus)?.chunks_exact(2).map(|pair| pair[1] - pair[0]).collect(),
            None => Vec::new(),
        };
        let metrics = trainer.metrics(None)?;
        Ok(Some(Run { arm: name.to_string(), run, nats, margins, tokens: metrics.tokens, epochs: metrics.epochs, curve: metrics.curve }))
    }

    /// Scores a few held-out documents under an untrained model, as every training does with all of them; gives their tokens. For a forecast.
    pub fn rehearse_scoring(&self, workers: &Workers) -> Result<u64, TrialError> {
        let few = self.few(REHEARSED);
        let model = Model::new(self.model.clone()).map_err(TrainError::Model)?;
        let weights = initial(&model.parameters, self.train.seed);
        evaluate(&model, &weights, &few, workers)?;
        Ok((0..few.documents()).map(|document| few.tokens(document) as u64).sum())
    }
}

fn too_few(arm: &Arm<'_>, parts: usize) -> TrialError {
    TrialError::Study(format!("arm `{}` has too few documents ({}) to part among {parts} models", arm.name, arm.corpus.documents()))
}

/// Where a piece comes in a run: by what it is alone, so that what two arms share comes in the same order, whatever lies between.
pub(super) fn place(key: u128, start: usize, seed: u64) -> u64 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&key.to_le_bytes());
    bytes[16..].copy_from_slice(&(start as u64).to_le_bytes());
    xxh3_64_with_seed(&bytes, seed)
}

/// The fold of a document, the same in every arm that holds it.
pub(super) fn fold(corpus: &dyn Corpus, document: usize, folds: usize) -> usize {
    (xxh3_64_with_seed(&corpus.key(document).to_le_bytes(), 0x_f01d) % folds as u64) as usize
}
