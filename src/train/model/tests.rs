use std::collections::BTreeMap;

use super::super::config::{Activation, Norm, Placement, Position, Start, initial};
use super::super::data::{Rows, Tokens};
use super::super::objective::{Objective, Task};
use super::super::preset::Preset;
use super::*;
use crate::shard::mask::{LOSS, SENTENCE_START};

/// Two short documents with sentences of three tokens, as a task shows them.
fn sample(task: &Task) -> Sample {
    let mut corpus = Tokens::default();
    for ids in [[1u32, 4, 2, 0, 3, 5, 5, 1, 2], [3, 2, 0, 1, 1, 4, 4, 0, 2]] {
        let marks = (0..ids.len()).map(|i| if i % 3 == 0 { LOSS | SENTENCE_START } else { LOSS }).collect();
        corpus.push(0, 1, ids.to_vec());
        corpus.mark(marks);
    }
    let (rows, mut sample) = (task.rows(&corpus), Sample::default());
    for row in 0..rows.rows().min(3) {
        sample.append(&task.sample(&rows.row(row), &rows, &mut task.random(1, row as u64, row)));
    }
    sample
}

/// The gradient of the whole model along a random direction for each parameter, against central differences; with a smooth nonlinearity in the place of one with a kink.
fn check(model: ModelConfig, task: &Task, named: &str) {
    let activation = if model.activation == Activation::Relu { Activation::Gelu } else { model.activation };
    let model = Model::new(ModelConfig { activation, ..task.fit(model).unwrap() }).unwrap();
    let mut weights = initial(&model.parameters, 1);
    // Fresh weights are so small that every layer is almost linear: enlarge them.
    let stir = initial(&[Parameter { name: "stir".into(), at: 0..model.len(), start: Start::Normal(0.3) }], 1);
    weights.iter_mut().zip(&stir).for_each(|(w, s)| *w += s);
    let (sample, mut room) = (sample(task), Workspace::default());
    assert!(sample.predicted() > 0 || !sample.answers.is_empty());
    let mut gradient = vec![0.0; model.len()];
    let losses = model.learn(&weights, &sample, [1.0, 1.0], &mut gradient, &mut room);
    let sum = |weights: &[f32], room: &mut Workspace| {
        let (nats, answers) = model.score(weights, &sample, room);
        nats.iter().chain(answers.iter().map(|answer| &answer.nats)).map(|nats| f64::from(*nats)).sum::<f64>()
    };
    assert!((losses.targets + losses.answers - sum(&weights, &mut room)).abs() < 1e-9, "{named}");
    for parameter in &model.parameters {
        let direction = initial(&[Parameter { name: "way".into(), at: 0..parameter.at.len(), start: Start::Normal(1.0) }], 5);
        let mut at = |step: f32| {
            let mut moved = weights.clone();
            moved[parameter.at.clone()].iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
            sum(&moved, &mut room)
        };
        let want = (at(1e-3) - at(-1e-3)) / 2e-3;
        let found: f64 = gradient[parameter.at.clone()].iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
        assert!((found - want).abs() < 2e-2 * (1.0 + want.abs()), "{named}, {}: {found} against {want}", parameter.name);
    }
}

#[test]
fn gradients_of_every_preset() {
    for (name, preset) in Preset::NAMES {
        let shape = ModelConfig::preset(preset, 6, 12, 2, 2, 12);
        let task = Task::new(preset.objective(), 12, shape.encoder, 6, &BTreeMap::new());
        check(shape, &task, name);
    }
}

/// What no preset has: other positions and norms, an output table of its own, heads that share keys across to an encoder.
#[test]
fn gradients_of_other_shapes() {
    let shape = ModelConfig::preset(Preset::Gpt, 6, 12, 2, 2, 12);
    let task = |objective, encoder| Task::new(objective, 12, encoder, 6, &BTreeMap::new());
    check(ModelConfig { position: Position::Alibi, tied: false, ..shape.clone() }, &task(Objective::Causal, false), "alibi");
    check(ModelConfig { position: Position::Relative, placement: Placement::Post, ..shape.clone() }, &task(Objective::Reward, false), "relative");
    let t5 = ModelConfig {
        kv_heads: 1,
        position: Position::Rotary,
        norm: Norm::Layer,
        transform: true,
        embedding: 8,
        ..ModelConfig::preset(Preset::T5, 6, 12, 2, 2, 12)
    };
    check(t5, &task(Objective::PrefixLm, true), "encoder with shared keys");
}

#[test]
fn a_fresh_model_knows_nothing() {
    let model = Model::new(ModelConfig::preset(Preset::Gpt, 6, 12, 2, 2, 12)).unwrap();
    let weights = initial(&model.parameters, 1);
    let mut room = Workspace::default();
    let sample = sample(&Task::causal(12, 6));
    let nats = model.nats(&weights, &sample, &mut room);
    assert_eq!((nats[8], nats.len()), (0.0, 18));
    assert!(nats[..8].iter().all(|nats| (nats - 6f32.ln()).abs() < 0.3), "{nats:?}");
}

#[test]
fn presets_have_their_published_parts() {
    let count = |preset, encoder| {
        let task = Task::new(Objective::Causal, 16, encoder, 100, &BTreeMap::new());
        let shape = ModelConfig::preset(preset, 100, 16, 3, 4, 32);
        let shape = if encoder { shape } else { task.fit(shape).unwrap() };
        Model::new(shape).unwrap().len()
    };
    let (norm, square) = (2 * 32, 32 * 32 + 32);
    let layer = 2 * norm + 4 * square + (32 * 128 + 128) + (128 * 32 + 32);
    assert_eq!(count(Preset::Gpt, false), 100 * 32 + 16 * 32 + 3 * layer + norm);
    assert_eq!(count(Preset::Roberta, false), 100 * 32 + 16 * 32 + norm + 3 * layer + square + norm);
    assert_eq!(count(Preset::Albert, false), 100 * 16 + (16 * 32 + 32) + 16 * 32 + 2 * 32 + norm + layer + (32 * 16 + 16) + 2 * 16);
    let (layer, cross) = (2 * 32 + 4 * 1024 + 2 * 4096, 32 + 4 * 1024);
    assert_eq!(count(Preset::T5, true), 100 * 32 + 2 * (3 * layer + 32 + 4 * 32) + 3 * cross);
}
