//! Which of two corpora trains the better model, and whether this budget can tell.
//!
//! The same model is trained on each arm at one token budget, several times, and scored in bits per byte on the same held-out documents.
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
//! The last two intervals are of independent errors: their squares add up. Only a difference beyond that sum is called `better` or `worse`.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::TrainError;
use super::config::ModelConfig;
use super::data::{Corpus, Packs, Sampling, Span, pieces};
use super::evaluate::evaluate;
use super::model::Model;
use super::statistics::{bootstrap_95, mean, student_95, variance};
use super::trainer::{Progress, TrainConfig, Trainer};
use super::workers::Workers;

/// Fewer runs an arm say nothing about their spread.
pub const MIN_RUNS: usize = 3;

/// Passes over its share that a run may make before the share grows.
const MAX_EPOCHS: u64 = 4;

/// Fewer held-out documents say nothing about theirs.
pub const MIN_HELDOUT: usize = 8;

/// One of the corpora to compare.
#[derive(Clone, Copy)]
pub struct Arm<'a> {
    /// Its name in the report.
    pub name: &'a str,
    /// Its documents.
    pub corpus: &'a dyn Corpus,
}

/// What is trained, on what, and how often. All that a run needs, so that runs can be done in any order and kept.
pub struct Study<'a> {
    arms: Vec<Arm<'a>>,
    heldout: &'a dyn Corpus,
    model: ModelConfig,
    train: TrainConfig,
    runs: usize,
    folds: usize,
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
    /// Tokens trained on.
    pub tokens: u64,
    /// Passes over the run's share of the arm.
    pub epochs: f64,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer bits per byte, beyond what chance explains.
    Better,
    /// More, beyond what chance explains.
    Worse,
    /// This budget cannot tell.
    NotResolved,
}

/// What `validate.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The last arm against the first.
    pub verdict: Verdict,
    /// Every arm after the first, against the first.
    pub differences: Vec<Difference>,
    /// Scores of each arm.
    pub arms: Vec<ArmScore>,
    /// Runs an arm.
    pub seeds: usize,
    /// Tokens that each run trained on.
    pub budget_tokens: u64,
    /// Share of an arm's documents that each run trained on.
    pub share: f64,
    /// Documents held out.
    pub heldout_documents: usize,
    /// Bytes of their text.
    pub heldout_bytes: u64,
    /// Weights of the model.
    pub parameters: usize,
}

/// Scores of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmScore {
    /// Name of the arm.
    pub name: String,
    /// Mean bits per byte of its runs.
    pub bits_per_byte: f64,
    /// Standard deviation of its runs.
    pub spread: f64,
    /// Bits per byte of each run.
    pub runs: Vec<f64>,
    /// Documents of the arm.
    pub documents: usize,
    /// Tokens of the arm.
    pub tokens: u64,
    /// Mean number of passes that its runs made over their share.
    pub epochs: f64,
}

/// An arm against the first one, in bits per byte; below 0 is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The arm.
    pub arm: String,
    /// The arm it is compared with.
    pub against: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Mean of the paired differences.
    pub mean: f64,
    /// 95 % interval of all errors together.
    pub interval: [f64; 2],
    /// Difference of each pair.
    pub pairs: Vec<f64>,
    /// Half-width that the spread of the pairs gives.
    pub of_runs: f64,
    /// Half-width that equal arms of such spread would show.
    pub of_equal_arms: f64,
    /// Half-width that the choice of held-out documents gives.
    pub of_documents: f64,
    /// A smaller difference than this would not have been resolved.
    pub smallest: f64,
}

impl<'a> Study<'a> {
    /// `runs` runs of `train` for each of `arms`. Each needs a document in every fold.
    pub fn new(arms: Vec<Arm<'a>>, heldout: &'a dyn Corpus, model: ModelConfig, train: TrainConfig, runs: usize) -> Result<Self, TrainError> {
        if arms.len() < 2 || runs < MIN_RUNS {
            return Err(TrainError::Study(format!("a verdict needs two arms and {MIN_RUNS} seeds, got {} and {runs}", arms.len())));
        }
        let scored = (0..heldout.documents()).filter(|&document| heldout.tokens(document) > 1).count();
        if scored < MIN_HELDOUT {
            return Err(TrainError::Study(format!("a verdict needs {MIN_HELDOUT} held-out documents of two tokens, got {scored}")));
        }
        let budget = (train.steps * train.batch * model.seq_len) as u64;
        let mut smallest = u64::MAX;
        for arm in &arms {
            let mut folds = vec![0; runs];
            (0..arm.corpus.documents()).for_each(|document| folds[fold(arm.corpus, document, runs)] += arm.corpus.tokens(document) as u64);
            if folds.contains(&0) {
                return Err(TrainError::Study(format!("arm `{}` has too few documents ({}) to part among {runs} seeds", arm.name, arm.corpus.documents())));
            }
            smallest = smallest.min(folds.iter().sum());
        }
        let most = runs.div_ceil(2);
        let folds = (1..most).find(|&folds| MAX_EPOCHS * (smallest / runs as u64) * folds as u64 >= budget).unwrap_or(most);
        Ok(Self { arms, heldout, model, train: TrainConfig { sampling: Sampling::InOrder, evaluate_every: 0, ..train }, runs, folds })
    }

    /// Trains run number `run` of arm number `arm`; `None` if `watch`, called after every step, stops it.
    pub fn run(&self, arm: usize, run: usize, workers: &Workers, watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<Option<Run>, TrainError> {
        let Arm { name, corpus } = self.arms[arm];
        let seed = self.train.seed.wrapping_add(run as u64);
        let takes = |document| (fold(corpus, document, self.runs) + self.runs - run) % self.runs < self.folds;
        let mut share: Vec<Span> = pieces(corpus, self.model.seq_len).filter(|piece| takes(piece.document)).collect();
        share.sort_by_cached_key(|piece| (place(corpus.key(piece.document), piece.start, seed), piece.document));
        let rows = Packs::cut(corpus, share, self.model.seq_len);
        let mut trainer = Trainer::new(self.model.clone(), TrainConfig { seed, ..self.train.clone() }, &rows, workers)?;
        while !trainer.finished() {
            if watch(trainer.step(None)?).is_break() {
                return Ok(None);
            }
        }
        let scores = evaluate(trainer.model(), trainer.weights(), self.heldout, workers)?;
        let metrics = trainer.metrics(None)?;
        let nats = scores.iter().map(|score| score.nats).collect();
        Ok(Some(Run { arm: name.to_string(), run, nats, tokens: metrics.tokens, epochs: metrics.epochs }))
    }

    /// The verdict over all runs of all arms, in any order.
    pub fn judge(&self, runs: &[Run]) -> Result<Validation, TrainError> {
        let bytes: Vec<f64> = (0..self.heldout.documents()).map(|document| self.heldout.bytes(document) as f64).collect();
        let heldout_bytes: f64 = bytes.iter().sum();
        let mut arms = Vec::new();
        let mut documents = Vec::new();
        for arm in &self.arms {
            let mut own: Vec<&Run> = runs.iter().filter(|run| run.arm == arm.name && run.nats.len() == bytes.len()).collect();
            own.sort_by_key(|run| run.run);
            if !own.iter().map(|run| run.run).eq(0..self.runs) {
                return Err(TrainError::Study(format!("arm `{}` has not all of its {} runs", arm.name, self.runs)));
            }
            let bits: Vec<f64> = own.iter().map(|run| run.nats.iter().sum::<f64>() / std::f64::consts::LN_2 / heldout_bytes).collect();
            documents.push((0..bytes.len()).map(|i| mean(&own.iter().map(|run| run.nats[i] / std::f64::consts::LN_2).collect::<Vec<_>>())).collect::<Vec<_>>());
            arms.push(ArmScore {
                name: arm.name.to_string(),
                bits_per_byte: mean(&bits),
                spread: variance(&bits).sqrt(),
                documents: arm.corpus.documents(),
                tokens: (0..arm.corpus.documents()).map(|document| arm.corpus.tokens(document) as u64).sum(),
                epochs: mean(&own.iter().map(|run| run.epochs).collect::<Vec<_>>()),
                runs: bits,
            });
        }
        let differences: Vec<_> = (1..arms.len())
            .map(|i| {
                let changes: Vec<f64> = documents[i].iter().zip(&documents[0]).map(|(arm, first)| arm - first).collect();
                self.difference(&arms[i], &arms[0], bootstrap_95(&changes, &bytes, self.train.seed))
            })
            .collect();
        Ok(Validation {
            verdict: differences.last().map_or(Verdict::NotResolved, |last| last.verdict),
            differences,
            arms,
            seeds: self.runs,
            budget_tokens: (self.train.steps * self.train.batch * self.model.seq_len) as u64,
            share: self.folds as f64 / self.runs as f64,
            heldout_documents: self.heldout.documents(),
            heldout_bytes: heldout_bytes as u64,
            parameters: Model::new(self.model.clone())?.len(),
        })
    }

    fn difference(&self, arm: &ArmScore, first: &ArmScore, of_documents: f64) -> Difference {
        let (runs, folds) = (self.runs as f64, self.folds as f64);
        let of_mean = (runs - 1.0) * folds / (runs * (runs - folds));
        let pairs: Vec<f64> = arm.runs.iter().zip(&first.runs).map(|(arm, first)| arm - first).collect();
        let of_runs = student_95(self.runs - 1) * (variance(&pairs) * of_mean).sqrt();
        let of_equal_arms = student_95(2 * (self.runs - 1)) * ((variance(&arm.runs) + variance(&first.runs)) * of_mean).sqrt();
        let half = of_runs.max(of_equal_arms).hypot(of_documents);
        let mean = mean(&pairs);
        let verdict = if mean + half < 0.0 {
            Verdict::Better
        } else if mean - half > 0.0 {
            Verdict::Worse
        } else {
            Verdict::NotResolved
        };
        let interval = [mean - half, mean + half];
        Difference { arm: arm.name.clone(), against: first.name.clone(), verdict, mean, interval, pairs, of_runs, of_equal_arms, of_documents, smallest: half }
    }
}

/// Where a piece comes in a run: by what it is alone, so that what two arms share comes in the same order, whatever lies between.
fn place(key: u128, start: usize, seed: u64) -> u64 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&key.to_le_bytes());
    bytes[16..].copy_from_slice(&(start as u64).to_le_bytes());
    xxh3_64_with_seed(&bytes, seed)
}

/// The fold of a document, the same in every arm that holds it.
fn fold(corpus: &dyn Corpus, document: usize, folds: usize) -> usize {
    (xxh3_64_with_seed(&corpus.key(document).to_le_bytes(), 0x_f01d) % folds as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::super::config::Preset;
    use super::super::data::Tokens;
    use super::super::optim::OptimConfig;
    use super::super::random::Random;
    use super::*;

    /// Documents of a language of 12 words, in which the next word is one of two; `noisy` of them hold words at random instead.
    fn language(documents: std::ops::Range<u64>, noisy: f64) -> Tokens {
        let mut corpus = Tokens::default();
        for document in documents {
            let mut random = Random::new(document, "document");
            let bad = random.unit() < noisy;
            let mut word = random.below(12) as u32;
            let ids = (0..30 + random.below(30)).map(|_| {
                word = if bad { random.below(12) as u32 } else { (word * 5 + 1 + random.below(2) as u32) % 12 };
                word
            });
            let ids: Vec<u32> = ids.collect();
            corpus.push(u128::from(document), 4 * ids.len() as u64, ids);
        }
        corpus
    }

    fn study<'a>(first: &'a Tokens, last: &'a Tokens, heldout: &'a Tokens, steps: usize, runs: usize) -> Study<'a> {
        let arms = vec![Arm { name: "first", corpus: first }, Arm { name: "last", corpus: last }];
        let optim = OptimConfig { learning_rate: 1e-2, warmup: 3, ..OptimConfig::default() };
        let train = TrainConfig { steps, batch: 8, seed: 1, sampling: Sampling::InOrder, evaluate_every: 0, optim };
        Study::new(arms, heldout, ModelConfig::preset(Preset::Gpt, 12, 16, 1, 2, 8), train, runs).unwrap()
    }

    #[test]
    fn the_better_arm_is_found_and_equal_arms_are_not_told_apart() {
        let (clean, dirty, other, heldout) = (language(0..120, 0.0), language(0..120, 0.6), language(200..320, 0.0), language(400..430, 0.0));
        let workers = Workers::new(2).unwrap();
        let judge = |first, last| {
            let study = study(first, last, &heldout, 30, 5);
            let mut runs = Vec::new();
            for arm in [1, 0] {
                for run in 0..5 {
                    runs.push(study.run(arm, run, &workers, &mut |_| ControlFlow::Continue(())).unwrap().unwrap());
                }
            }
            assert!(study.judge(&runs[1..]).is_err());
            study.judge(&runs).unwrap()
        };
        let better = judge(&dirty, &clean);
        assert_eq!(better.verdict, Verdict::Better, "{better:?}");
        assert_eq!((better.share, better.budget_tokens), (1.0 / 5.0, 30 * 8 * 16));
        let worse = judge(&clean, &dirty);
        assert_eq!(worse.verdict, Verdict::Worse);
        assert_eq!(worse.differences[0].mean, -better.differences[0].mean);
        let same = judge(&clean, &clean);
        assert_eq!((same.verdict, same.differences[0].mean), (Verdict::NotResolved, 0.0));
        assert_eq!(judge(&clean, &other).verdict, Verdict::NotResolved);
    }

    /// Made-up scores of two arms drawn from one corpus: folds differ by chance, seeds and held-out documents too.
    fn resolved(gap: f64, runs: usize, repeats: u64) -> f64 {
        let (arm, heldout) = (language(0..60, 0.0), language(400..430, 0.0));
        let mut found = 0;
        for repeat in 0..repeats {
            let steps = if repeat % 2 == 0 { 1 } else { 1000 };
            let study = study(&arm, &arm, &heldout, steps, runs);
            assert_eq!(study.folds, if steps == 1 { 1 } else { runs.div_ceil(2) });
            let mut random = Random::new(repeat, "noise");
            let mut noise = |size: f64| size * f64::from(random.normal());
            let starts: Vec<f64> = (0..runs).map(|_| noise(0.01)).collect();
            let mut made = Vec::new();
            for (name, shift) in [("first", 0.0), ("last", gap)] {
                let folds: Vec<f64> = (0..runs).map(|_| noise(0.02)).collect();
                let tastes: Vec<f64> = (0..30).map(|_| noise(0.03)).collect();
                for run in 0..runs {
                    let data = (0..study.folds).map(|i| folds[(run + i) % runs]).sum::<f64>() / study.folds as f64;
                    let level = 3.0 + shift + starts[run] + data + noise(0.005);
                    let nats = tastes.iter().enumerate().map(|(i, taste)| (level + taste) * heldout.bytes(i) as f64).collect();
                    made.push(Run { arm: name.into(), run, nats, tokens: 0, epochs: 0.0 });
                }
            }
            found += u64::from(study.judge(&made).unwrap().verdict != Verdict::NotResolved);
        }
        found as f64 / repeats as f64
    }

    #[test]
    fn chance_is_not_resolved_and_real_gaps_are() {
        for runs in [3, 5] {
            let chance = resolved(0.0, runs, 300);
            assert!(chance <= 0.03, "{runs} runs: {chance} of equal arms resolved");
            let real = resolved(0.2, runs, 40);
            assert!(real >= 0.9, "{runs} runs: {real} of real gaps resolved");
        }
    }

    #[test]
    fn studies_that_cannot_tell_anything_are_refused() {
        let (arm, small, heldout) = (language(0..60, 0.0), language(0..2, 0.0), language(400..430, 0.0));
        let train = TrainConfig { steps: 1, batch: 8, seed: 1, sampling: Sampling::InOrder, evaluate_every: 0, optim: OptimConfig::default() };
        let refused = |last: &Tokens, heldout: &Tokens, runs| {
            let arms = vec![Arm { name: "a", corpus: &arm }, Arm { name: "b", corpus: last }];
            Study::new(arms, heldout, ModelConfig::preset(Preset::Gpt, 12, 16, 1, 2, 8), train.clone(), runs).err().map(|error| error.to_string())
        };
        assert_eq!(refused(&arm, &heldout, 2).unwrap(), "a verdict needs two arms and 3 seeds, got 2 and 2");
        assert_eq!(refused(&small, &heldout, 3).unwrap(), "arm `b` has too few documents (2) to part among 3 seeds");
        assert_eq!(refused(&arm, &small, 3).unwrap(), "a verdict needs 8 held-out documents of two tokens, got 2");
    }
}
