//! The training loop: one call a step, so that the caller can show progress, save and stop between any two.
//!
//! The rows of a step are split into groups by their number alone; each group adds up its own gradient on one thread, and the groups'
//! gradients are added in order. So the number of threads changes nothing but the time.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::checkpoint;
use super::config::{ModelConfig, initial};
use super::data::{Corpus, Draws, Row, Rows, Sampling};
use super::evaluate::{self, Report, report};
use super::model::{Losses, Model};
use super::objective::{Objective, Sample, Task};
use super::optim::{AdamW, OptimConfig};
use super::preference::{weigh_answers, weigh_pairs};
use super::random::Random;
use super::rollout::{self, Judge, Players, Rollout};
use super::workers::Workers;
use super::{Metrics, Point, TrainError};

/// Tokens that go through the model together.
const CHUNK_TOKENS: usize = 512;

/// At most this many gradients are held before they are added up; also the most threads that a step can use.
const MAX_GROUPS: usize = 16;

/// Updates for each set of answers that [`Objective::Ppo`] draws.
const UPDATES: usize = 4;

/// Held-out prompts that are answered.
const HELDOUT_PROMPTS: usize = 64;

/// How long to train, and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Steps in all.
    pub steps: usize,
    /// Rows of a step.
    pub batch: usize,
    /// Seed of the first weights and of the order of rows.
    pub seed: u64,
    /// Order of rows.
    pub sampling: Sampling,
    /// Steps between two points of the curve; 0 for the last step only.
    pub evaluate_every: usize,
    /// The optimizer.
    pub optim: OptimConfig,
}

/// How far training is; what a checkpoint holds beside weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Tokens trained on.
    pub tokens: u64,
    /// Loss of the last step, nats a target.
    pub train_loss: f64,
    /// Points of the curve so far.
    pub curve: Vec<Point>,
    /// Sum and number of the losses since the last point.
    since: (f64, usize),
}

/// A model in training.
pub struct Trainer<'a> {
    model: Model,
    task: Task,
    config: TrainConfig,
    rows: &'a dyn Rows,
    workers: &'a Workers,
    draws: Draws,
    weights: Vec<f32>,
    /// The weights that training began with, where it compares with them.
    reference: Vec<f32>,
    judge: Option<Judge>,
    start: u64,
    adam: AdamW,
    gradients: Vec<Vec<f32>>,
    progress: Progress,
}

/// Steps that train on about `tokens` tokens: at least one.
pub fn steps_for(tokens: u64, batch: usize, seq_len: usize) -> usize {
    usize::try_from(tokens / (batch * seq_len).max(1) as u64).unwrap_or(usize::MAX).max(1)
}

impl<'a> Trainer<'a> {
    /// A fresh model that learns to predict the next token.
    pub fn new(model: ModelConfig, config: TrainConfig, rows: &'a dyn Rows, workers: &'a Workers) -> Result<Self, TrainError> {
        let task = Task::causal(model.seq_len, model.vocab_size);
        Self::of_task(model, task, config, rows, workers)
    }

    /// A fresh model, fitted to `task` by [`Task::fit`], which also made the rows.
    pub fn of_task(model: ModelConfig, task: Task, config: TrainConfig, rows: &'a dyn Rows, workers: &'a Workers) -> Result<Self, TrainError> {
        let model = Model::new(task.fit(model)?)?;
        if config.steps == 0 || config.batch == 0 {
            return Err(TrainError::Setting(if config.steps == 0 { "steps" } else { "batch" }));
        }
        if rows.rows() == 0 {
            return Err(TrainError::NoRows);
        }
        let groups = (config.batch * model.config.seq_len).div_ceil(CHUNK_TOKENS).clamp(1, MAX_GROUPS.min(config.batch));
        let weights = initial(&model.parameters, config.seed);
        let trainer = Self {
            draws: Draws::new(config.sampling, config.seed, rows.rows()),
            weights: Vec::new(),
            reference: Vec::new(),
            judge: None,
            start: 0,
            adam: AdamW::new(&model.parameters),
            gradients: vec![vec![0.0; model.len()]; groups],
            progress: Progress::default(),
            model,
            task,
            config,
            rows,
            workers,
        };
        Ok(trainer.begin(weights))
    }

    /// Begins with other weights than random ones; where the objective compares with those that training began with, these are what it takes.
    #[must_use]
    pub fn begin(mut self, weights: Vec<f32>) -> Self {
        self.start = weights.iter().fold(0, |hash, weight| xxh3_64_with_seed(&weight.to_le_bytes(), hash));
        self.reference = if matches!(self.task.objective, Objective::Dpo | Objective::Ppo) { weights.clone() } else { Vec::new() };
        self.weights = weights;
        self
    }

    /// Gives [`Objective::Ppo`] its reward model.
    pub fn judged_by(mut self, judge: Judge) -> Result<Self, TrainError> {
        judge.check(&self.task)?;
        self.judge = Some(judge);
        Ok(self)
    }

    /// Whether all steps are done.
    pub fn finished(&self) -> bool {
        self.progress.step >= self.config.steps
    }

    /// How far training is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Its weights as they are now.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Trains one step; adds a point to the curve when one is due. Does nothing once finished.
    pub fn step(&mut self, heldout: Option<&dyn Corpus>) -> Result<&Progress, TrainError> {
        if self.finished() {
            return Ok(&self.progress);
        }
        let loss = self.learn()?;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { step: self.progress.step });
        }
        self.progress.step += 1;
        self.progress.train_loss = loss;
        self.progress.since = (self.progress.since.0 + loss, self.progress.since.1 + 1);
        let due = self.config.evaluate_every > 0 && self.progress.step.is_multiple_of(self.config.evaluate_every);
        if due || self.finished() {
            self.mark(heldout)?;
        }
        Ok(&self.progress)
    }

    /// What `metrics.json` says of the model as it is now; `seconds` is for the caller to fill.
    pub fn metrics(&self, heldout: Option<&dyn Corpus>) -> Result<Metrics, TrainError> {
        let Report { loss, bits_per_byte, accuracy, f1, margin, reward } = self.evaluate(heldout)?;
        Ok(Metrics {
            val_loss: loss,
            val_bits_per_byte: bits_per_byte,
            val_accuracy: accuracy,
            val_f1: f1,
            val_margin: margin,
            val_reward: reward,
            tokens: self.progress.tokens,
            steps: self.progress.step,
            epochs: self.progress.tokens as f64 / self.rows.epoch_tokens().max(1) as f64,
            parameters: self.model.len(),
            curve: self.progress.curve.clone(),
            seconds: 0.0,
        })
    }

    /// Writes a checkpoint from which [`Trainer::resume`] goes on as if nothing had happened.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<(), TrainError> {
        checkpoint::write(out, &self.header(), &[&self.weights, &self.adam.mean, &self.adam.square])
    }

    fn header(&self) -> checkpoint::Header {
        let parameters = self.model.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.at.len())).collect();
        let (model, task, train, progress) = (self.model.config.clone(), self.task.clone(), self.config.clone(), self.progress.clone());
        checkpoint::Header { model, task, train, progress, parameters, start: self.start }
    }

    /// Goes on where a checkpoint left off. Model, task, settings and rows must be those it was written with.
    pub fn resume(mut self, from: &mut dyn Read) -> Result<Self, TrainError> {
        let expected = self.header();
        self.progress = checkpoint::read(from, &expected, [&mut self.weights, &mut self.adam.mean, &mut self.adam.square])?;
        Ok(self)
    }

    /// Draws samples and learns from them; the loss before it.
    fn learn(&mut self) -> Result<f64, TrainError> {
        let mut samples = self.draw()?;
        self.progress.tokens += samples.iter().map(|sample| sample.tokens as u64).sum::<u64>();
        if self.task.objective == Objective::Ppo {
            let mut rollouts = self.answer(&samples, self.config.seed, self.progress.step)?;
            rollout::scale(&mut rollouts);
            let score = mean_score(&rollouts);
            let samples: Vec<Sample> = rollouts.into_iter().map(|rollout| rollout.sample).collect();
            let first = self.progress.step * UPDATES;
            (first..first + UPDATES).for_each(|update| _ = self.descend(&samples, update, self.config.steps * UPDATES));
            return Ok(-score);
        }
        if self.task.objective == Objective::Dpo {
            let (model, reference) = (&self.model, &self.reference);
            samples = self.workers.map(samples, |mut sample, room| {
                sample.before = model.nats(reference, &sample, room).to_vec();
                sample
            });
        }
        Ok(self.descend(&samples, self.progress.step, self.config.steps))
    }

    /// Forward, backward, and update number `update` of `updates`.
    fn descend(&mut self, samples: &[Sample], update: usize, updates: usize) -> f64 {
        let (model, task, weights) = (&self.model, &self.task, &self.weights);
        let targets = samples.iter().map(|sample| task.counted(sample)).sum::<usize>().max(1) as f64;
        let answers = samples.iter().map(|sample| sample.answers.len()).sum::<usize>().max(1) as f64;
        let scales = [1.0 / targets as f32, 1.0 / answers as f32];
        let (batch, groups) = (samples.len(), self.gradients.len());
        let work: Vec<_> =
            self.gradients.iter_mut().enumerate().map(|(i, gradient)| (&samples[i * batch / groups..(i + 1) * batch / groups], gradient)).collect();
        let together = (CHUNK_TOKENS / model.config.seq_len).max(1);
        let losses = self.workers.map(work, |(samples, gradient), room| {
            gradient.fill(0.0);
            let mut sum = Losses::default();
            for samples in samples.chunks(together) {
                let mut joined = Sample::join(samples);
                let mut preferred = None;
                if matches!(task.objective, Objective::Dpo | Objective::Ppo) {
                    let nats = model.nats(weights, &joined, room);
                    if task.objective == Objective::Dpo {
                        preferred = Some(weigh_pairs(&mut joined, nats));
                    } else {
                        weigh_answers(&mut joined, nats);
                    }
                }
                let losses = model.learn(weights, &joined, scales, gradient, room);
                sum = Losses { targets: sum.targets + preferred.unwrap_or(losses.targets), answers: sum.answers + losses.answers };
            }
            sum
        });
        let (adam, weights, gradients, config) = (&mut self.adam, &mut self.weights, &mut self.gradients, &self.config);
        self.workers.install(|| {
            let norm = adam.gather(gradients);
            adam.step(&config.optim, weights, &gradients[0], norm, update, updates);
        });
        let sum = |loss: fn(&Losses) -> f64| losses.iter().map(loss).sum::<f64>();
        sum(|losses| losses.targets) / targets + sum(|losses| losses.answers) / answers
    }

    /// Answers to prompts, by the model as it is now.
    fn answer(&self, prompts: &[Sample], seed: u64, step: usize) -> Result<Vec<Rollout>, TrainError> {
        let judge = self.judge.as_ref().ok_or_else(|| TrainError::Mismatch("objective `ppo` needs a reward model".to_owned()))?;
        let players = Players { task: &self.task, model: &self.model, weights: &self.weights, reference: &self.reference, judge };
        let numbered = prompts.iter().enumerate().collect();
        let answer = |(number, prompt), room: &mut _| players.answer(prompt, &mut Random::new(seed, &format!("answers {step} {number}")), room);
        Ok(self.workers.map(numbered, answer))
    }

    /// The samples of the next step, as training will see them.
    pub fn draw(&mut self) -> Result<Vec<Sample>, TrainError> {
        let batch = self.config.batch as u64;
        let first = self.progress.step as u64 * batch;
        let row_len = self.task.row_len();
        (first..first + batch)
            .map(|draw| {
                let number = self.draws.row(draw);
                let row = self.rows.row(number);
                check_row(&row, row_len, self.task.vocab_size)?;
                Ok(self.task.sample(&row, self.rows, &mut self.task.random(self.config.seed, draw, number)))
            })
            .collect()
    }

    fn evaluate(&self, heldout: Option<&dyn Corpus>) -> Result<Report, TrainError> {
        let Some(corpus) = heldout else { return Ok(Report::default()) };
        if self.task.objective != Objective::Ppo {
            return report(&self.model, [&self.weights, &self.reference], corpus, &self.task, self.workers);
        }
        let rows = self.task.rows(corpus);
        let prompt = |row| {
            let row = rows.row(row);
            check_row(&row, self.task.row_len(), self.task.vocab_size)?;
            Ok(self.task.sample(&row, &rows, &mut self.task.random(0, 0, 0)))
        };
        let prompts: Vec<Sample> = (0..rows.rows().min(HELDOUT_PROMPTS)).map(prompt).collect::<Result<_, TrainError>>()?;
        let rollouts = self.answer(&prompts, evaluate::HELDOUT_SEED, 0)?;
        Ok(Report { reward: (!rollouts.is_empty()).then(|| mean_score(&rollouts)), ..Report::default() })
    }

    fn mark(&mut self, heldout: Option<&dyn Corpus>) -> Result<(), TrainError> {
        let val_loss = self.evaluate(heldout)?.loss;
        let (sum, count) = std::mem::take(&mut self.progress.since);
        self.progress.curve.push(Point { step: self.progress.step, tokens: self.progress.tokens, train_loss: sum / count.max(1) as f64, val_loss });
        Ok(())
    }
}

fn mean_score(rollouts: &[Rollout]) -> f64 {
    rollouts.iter().map(|rollout| rollout.score).sum::<f64>() / rollouts.len().max(1) as f64
}

/// A row must fit: ids below `vocab_size`, spans of at most `row_len` tokens.
pub(super) fn check_row(row: &Row, row_len: usize, vocab_size: usize) -> Result<(), TrainError> {
    if let Some(span) = row.spans.iter().find(|span| span.len > row_len) {
        return Err(TrainError::LongSpan { document: span.document, len: span.len, row_len });
    }
    match row.ids.iter().chain(row.next.iter().flatten()).find(|id| **id as usize >= vocab_size) {
        Some(&id) => Err(TrainError::UnknownId { id, vocab_size }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
