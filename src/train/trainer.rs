//! The training loop: one call a step, so that the caller can show progress, save and stop between any two.
//!
//! The rows of a step are split into groups by their number alone; each group adds up its own gradient on one thread, and the groups'
//! gradients are added in order. So the number of threads changes nothing but the time.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::config::{ModelConfig, initial};
use super::data::{Corpus, Draws, Row, Rows, Sampling};
use super::evaluate::{Report, report};
use super::model::{Losses, Model};
use super::objective::{Sample, Task};
use super::optim::{AdamW, OptimConfig};
use super::workers::Workers;
use super::{Metrics, Point, TrainError};

/// Tokens that go through the model together.
const CHUNK_TOKENS: usize = 512;

/// At most this many gradients are held before they are added up; also the most threads that a step can use.
const MAX_GROUPS: usize = 16;

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
        Ok(Self {
            draws: Draws::new(config.sampling, config.seed, rows.rows()),
            weights: initial(&model.parameters, config.seed),
            adam: AdamW::new(&model.parameters),
            gradients: vec![vec![0.0; model.len()]; groups],
            progress: Progress::default(),
            model,
            task,
            config,
            rows,
            workers,
        })
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
        let Report { loss, bits_per_byte, accuracy } = self.evaluate(heldout)?;
        Ok(Metrics {
            val_loss: loss,
            val_bits_per_byte: bits_per_byte,
            val_accuracy: accuracy,
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
        let parameters = self.model.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.at.len())).collect();
        let (model, task, train, progress) = (self.model.config.clone(), self.task.clone(), self.config.clone(), self.progress.clone());
        let header = checkpoint::Header { model, task, train, progress, parameters };
        checkpoint::write(out, &header, &[&self.weights, &self.adam.mean, &self.adam.square])
    }

    /// Goes on where a checkpoint left off. Model, task, settings and rows must be those it was written with.
    pub fn resume(mut self, from: &mut dyn Read) -> Result<Self, TrainError> {
        let Trainer { model, task, config, weights, adam, .. } = &mut self;
        self.progress = checkpoint::read(from, &model.config, task, config, [weights, &mut adam.mean, &mut adam.square])?;
        Ok(self)
    }

    /// Forward, backward, update; the loss before it.
    fn learn(&mut self) -> Result<f64, TrainError> {
        let samples = self.draw()?;
        self.progress.tokens += samples.iter().map(|sample| sample.tokens as u64).sum::<u64>();
        let targets = samples.iter().map(Sample::predicted).sum::<usize>().max(1) as f64;
        let answers = samples.iter().map(|sample| sample.answers.len()).sum::<usize>().max(1) as f64;
        let scales = [1.0 / targets as f32, 1.0 / answers as f32];
        let (batch, groups) = (samples.len(), self.gradients.len());
        let work: Vec<_> =
            self.gradients.iter_mut().enumerate().map(|(i, gradient)| (&samples[i * batch / groups..(i + 1) * batch / groups], gradient)).collect();
        let together = (CHUNK_TOKENS / self.model.config.seq_len).max(1);
        let (model, weights) = (&self.model, &self.weights);
        let losses = self.workers.map(work, |(samples, gradient), room| {
            gradient.fill(0.0);
            let mut sum = Losses::default();
            for samples in samples.chunks(together) {
                let mut joined = Sample::default();
                samples.iter().for_each(|sample| joined.append(sample));
                let losses = model.learn(weights, &joined, scales, gradient, room);
                sum = Losses { targets: sum.targets + losses.targets, answers: sum.answers + losses.answers };
            }
            sum
        });
        let (adam, weights, gradients) = (&mut self.adam, &mut self.weights, &mut self.gradients);
        let (config, step) = (&self.config, self.progress.step);
        self.workers.install(|| {
            let norm = adam.gather(gradients);
            adam.step(&config.optim, weights, &gradients[0], norm, step, config.steps);
        });
        let sum = |loss: fn(&Losses) -> f64| losses.iter().map(loss).sum::<f64>();
        Ok(sum(|losses| losses.targets) / targets + sum(|losses| losses.answers) / answers)
    }

    /// The samples of the next step.
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
        heldout.map_or(Ok(Report::default()), |corpus| report(&self.model, &self.weights, corpus, &self.task, self.workers))
    }

    fn mark(&mut self, heldout: Option<&dyn Corpus>) -> Result<(), TrainError> {
        let val_loss = self.evaluate(heldout)?.loss;
        let (sum, count) = std::mem::take(&mut self.progress.since);
        self.progress.curve.push(Point { step: self.progress.step, train_loss: sum / count.max(1) as f64, val_loss });
        Ok(())
    }
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
mod tests {
    use super::super::data::{Packs, Tokens, whole};
    use super::super::preset::Preset;
    use super::*;

    /// Documents that count upwards from anywhere, in steps of one, modulo 11: predictable but for their first token.
    fn counting(documents: usize) -> Tokens {
        let mut corpus = Tokens::default();
        for document in 0..documents {
            corpus.push(document as u128, 40, (0..20 + document % 7).map(|i| ((document * 5 + i) % 11) as u32).collect());
        }
        corpus
    }

    fn config() -> TrainConfig {
        let optim = OptimConfig { learning_rate: 1e-2, warmup: 5, ..OptimConfig::default() };
        TrainConfig { steps: 60, batch: 40, seed: 1, sampling: Sampling::Epochs, evaluate_every: 20, optim }
    }

    #[test]
    fn models_learn_to_count_and_threads_change_nothing() {
        let (corpus, heldout) = (counting(100), counting(9));
        let rows = Packs::cut(&corpus, whole(&corpus), 16);
        for preset in [Preset::Gpt, Preset::Llama] {
            let model = ModelConfig::preset(preset, 11, 16, 2, 2, 16);
            let runs: Vec<_> = [1, 3]
                .map(|threads| {
                    let workers = Workers::new(threads).unwrap();
                    let mut trainer = Trainer::new(model.clone(), config(), &rows, &workers).unwrap();
                    while !trainer.finished() {
                        trainer.step(Some(&heldout)).unwrap();
                    }
                    (trainer.metrics(Some(&heldout)).unwrap(), trainer.weights().to_vec())
                })
                .into();
            assert_eq!(runs[0], runs[1]);
            let metrics = &runs[0].0;
            assert!(metrics.val_loss.unwrap() < 0.2, "{preset:?}: {metrics:?}");
            assert_eq!(metrics.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [20, 40, 60]);
            assert_eq!(metrics.val_loss, metrics.curve[2].val_loss);
            assert!(metrics.epochs > 10.0 && metrics.epochs < 20.0, "{}", metrics.epochs);
        }
    }

    #[test]
    fn a_resumed_run_is_the_same_run() {
        let corpus = counting(100);
        let rows = Packs::cut(&corpus, whole(&corpus), 16);
        let workers = Workers::new(2).unwrap();
        let model = ModelConfig::preset(Preset::Llama, 11, 16, 1, 2, 8);
        let mut whole = Trainer::new(model.clone(), config(), &rows, &workers).unwrap();
        let mut saved = Vec::new();
        while !whole.finished() {
            if whole.progress().step == 33 {
                whole.write_to(&mut saved).unwrap();
            }
            whole.step(None).unwrap();
        }
        let fresh = |config| Trainer::new(model.clone(), config, &rows, &workers).unwrap();
        let mut resumed = fresh(config()).resume(&mut saved.as_slice()).unwrap();
        assert_eq!(resumed.progress().step, 33);
        while !resumed.finished() {
            resumed.step(None).unwrap();
        }
        assert_eq!(resumed.progress(), whole.progress());
        assert_eq!(resumed.weights(), whole.weights());

        let refused = |saved: &[u8], config| fresh(config).resume(&mut &saved[..]).err().map(|error| error.to_string());
        assert!(refused(&saved[..saved.len() - 1], config()).is_some());
        assert_eq!(refused(&saved, TrainConfig { seed: 2, ..config() }).unwrap(), "the checkpoint cannot be used: it was written under other settings");
        assert_eq!(refused(&[b'x'; 100], config()).unwrap(), "the checkpoint cannot be used: it does not begin as a checkpoint of this version");
    }

    #[test]
    fn data_that_does_not_fit_is_refused() {
        let corpus = counting(10);
        let workers = Workers::new(1).unwrap();
        let rows = Packs::cut(&corpus, whole(&corpus), 16);
        let mut trainer = Trainer::new(ModelConfig::preset(Preset::Gpt, 10, 16, 1, 1, 8), config(), &rows, &workers).unwrap();
        assert!(matches!(trainer.step(None), Err(TrainError::UnknownId { id: 10, vocab_size: 10 })));
        let mut trainer = Trainer::new(ModelConfig::preset(Preset::Gpt, 11, 15, 1, 1, 8), config(), &rows, &workers).unwrap();
        assert!(matches!(trainer.step(None), Err(TrainError::LongSpan { len: 16, row_len: 15, .. })));
        let nothing = Packs::new(&corpus, Vec::new());
        assert!(matches!(Trainer::new(ModelConfig::preset(Preset::Gpt, 11, 16, 1, 1, 8), config(), &nothing, &workers), Err(TrainError::NoRows)));
        assert_eq!(steps_for(1_000_000, 8, 256), 488);
    }

    /// Losses of ten steps in PyTorch 2.15 from our first weights, by python/torch_step.py.
    #[test]
    fn losses_are_those_of_pytorch() {
        let gpt = [3.385162, 3.343442, 3.286996, 3.142958, 3.132017, 2.833555, 2.643158, 2.547638, 2.406451, 2.352797];
        let llama = [3.370654, 3.269090, 3.160521, 2.950424, 2.751786, 2.504048, 2.285477, 2.119769, 2.023443, 1.906512];
        let mut corpus = Tokens::default();
        for document in 0..40u32 {
            corpus.push(u128::from(document), 1, (0..23).map(|i| (i * (document % 3 + 1) + 7 * document) % 29).collect());
        }
        let rows = Packs::cut(&corpus, whole(&corpus), 16);
        let workers = Workers::new(1).unwrap();
        for (preset, losses) in [(Preset::Gpt, gpt), (Preset::Llama, llama)] {
            let optim = OptimConfig { learning_rate: 3e-2, warmup: 3, ..OptimConfig::default() };
            let config = TrainConfig { steps: 10, batch: 5, seed: 42, sampling: Sampling::InOrder, evaluate_every: 0, optim };
            let mut trainer = Trainer::new(ModelConfig::preset(preset, 29, 16, 2, 2, 16), config, &rows, &workers).unwrap();
            for want in losses {
                let found = trainer.step(None).unwrap().train_loss;
                assert!((found / want - 1.0).abs() < 1e-5, "{preset:?}: {found} against {want}");
            }
        }
    }
}
