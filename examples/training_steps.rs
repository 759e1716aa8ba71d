//! Ten training steps of a small model of a preset, as JSON on standard output: its shape, first weights, batches and losses. `benches/training/torch_parity.py` takes the
//! same steps in PyTorch.
//!
//! `training_steps gpt`

use std::collections::BTreeMap;

use dataprep::train::config::ModelConfig;
use dataprep::train::data::{Sampling, Tokens};
use dataprep::train::objective::Task;
use dataprep::train::optim::OptimConfig;
use dataprep::train::preset::Preset;
use dataprep::train::trainer::{TrainConfig, Trainer};
use dataprep::train::workers::Workers;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "gpt".to_owned());
    let (_, preset) = Preset::NAMES.into_iter().find(|(known, _)| *known == name).ok_or("no such preset")?;
    let mut corpus = Tokens::default();
    for document in 0..40u32 {
        corpus.push(u128::from(document), 1, (0..23).map(|i| (i * (document % 3 + 1) + 7 * document) % 29).collect());
    }
    let shape = ModelConfig::preset(preset, 29, 16, 2, 2, 16);
    let task = Task::new(preset.objective(), 16, shape.encoder, 29, &BTreeMap::new());
    let rows = task.rows(&corpus);
    let optim = OptimConfig { learning_rate: 3e-2, warmup: 3, ..OptimConfig::default() };
    let config = TrainConfig { steps: 10, batch: 5, seed: 42, sampling: Sampling::InOrder, evaluate_every: 0, optim };
    let rates: Vec<f64> = (0..config.steps).map(|step| config.optim.rate(step, config.steps)).collect();
    let workers = Workers::new(1)?;
    let mut trainer = Trainer::of_task(shape, task, config.clone(), &rows, &workers)?;
    let parameters: Vec<_> = trainer.model().parameters.iter().map(|parameter| (parameter.name.clone(), parameter.at.len())).collect();
    let weights = trainer.weights().to_vec();
    let (mut batches, mut losses) = (Vec::new(), Vec::new());
    while !trainer.finished() {
        batches.push(trainer.draw()?);
        losses.push(trainer.step(None)?.train_loss);
    }
    let said = serde_json::json!({
        "config": trainer.model().config, "optim": config.optim, "rates": rates,
        "parameters": parameters, "weights": weights, "batches": batches, "losses": losses,
    });
    println!("{said}");
    Ok(())
}
