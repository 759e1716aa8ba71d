//! Tokens a second of training a GPT of 1.9 million weights (width 128, 4 layers, 4 heads, rows of 256, 8 rows a step, 4,096 ids, an output table of its own).
//! `benches/training/torch_speed.py` measures the same in PyTorch.
//!
//! `training_speed THREADS STEPS`

use std::time::Instant;

use dataprep::train::config::ModelConfig;
use dataprep::train::data::{Packs, Sampling, Tokens, whole};
use dataprep::train::optim::OptimConfig;
use dataprep::train::preset::Preset;
use dataprep::train::random::Random;
use dataprep::train::trainer::{TrainConfig, Trainer};
use dataprep::train::workers::Workers;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = std::env::args().skip(1).map(|argument| argument.parse()).collect::<Result<Vec<usize>, _>>()?;
    let [threads, steps] = arguments[..] else { return Err("wanted THREADS STEPS".into()) };
    let (mut corpus, mut random) = (Tokens::default(), Random::new(1, "ids"));
    corpus.push(0, 1, (0..1 << 16).map(|_| random.below(64) as u32).collect());
    let shape = ModelConfig { tied: false, ..ModelConfig::preset(Preset::Gpt, 4096, 256, 4, 4, 128) };
    let rows = Packs::cut(&corpus, whole(&corpus), 256);
    let config = TrainConfig { steps: steps + 1, batch: 8, seed: 1, sampling: Sampling::Epochs, evaluate_every: 0, optim: OptimConfig::default() };
    let workers = Workers::new(threads)?;
    let mut trainer = Trainer::new(shape, config, &rows, &workers)?;
    trainer.step(None)?;
    let (began, before) = (Instant::now(), trainer.progress().tokens);
    while !trainer.finished() {
        trainer.step(None)?;
    }
    let tokens = (trainer.progress().tokens - before) as f64;
    println!(
        "{} weights, {threads} threads: {:.0} tokens/s, loss {:.4}",
        trainer.model().len(),
        tokens / began.elapsed().as_secs_f64(),
        trainer.progress().train_loss
    );
    Ok(())
}
