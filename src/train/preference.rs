//! Learning from what is preferred, beside another model: direct preference optimisation (DPO) and the clipped objective of PPO. Both come down to what each target counts
//! in the gradient, given its nats under the model as it is now and under the one that it is compared with.

use super::objective::Sample;

/// How closely DPO keeps to the model that training began with (Rafailov et al. 2023).
const BETA: f64 = 0.1;

/// How far PPO lets the probability of a token move from that of the model that drew it, as a share (Schulman et al. 2017).
const CLIP: f32 = 0.2;

/// By how many nats the answer of each pair that is chosen has gained on the other, beside the model of [`Sample::before`]. Segments 2i and 2i+1 are a pair.
pub(super) fn margins(sample: &Sample, nats: &[f32]) -> Vec<f64> {
    let gain = |place: usize| f64::from(sample.before[place]) - f64::from(nats[place]);
    let gains: Vec<f64> = sample.segments.iter().map(|segment| segment.places.clone().map(gain).sum()).collect();
    gains.chunks_exact(2).map(|pair| pair[0] - pair[1]).collect()
}

/// DPO's loss of a pair: `-ln sigmoid(beta margin)`.
pub(super) fn pair_loss(margin: f64) -> f64 {
    let x = -BETA * margin;
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Sets the weights with which the nats of targets have the gradient of DPO's loss; gives that loss, summed over pairs.
pub(super) fn weigh_pairs(sample: &mut Sample, nats: &[f32]) -> f64 {
    let margins = margins(sample, nats);
    sample.weights.clear();
    sample.weights.resize(sample.inputs.len(), 0.0);
    for (pair, margin) in sample.segments.chunks_exact(2).zip(&margins) {
        let pull = (BETA / (1.0 + (BETA * margin).exp())) as f32;
        sample.weights[pair[0].places.clone()].fill(pull);
        sample.weights[pair[1].places.clone()].fill(-pull);
    }
    margins.into_iter().map(pair_loss).sum()
}

/// Sets the weights with which the nats of targets have the gradient of PPO's loss, `-min(r a, clip(r) a)` with r the probability of a target over that it had when it was drawn.
pub(super) fn weigh_answers(sample: &mut Sample, nats: &[f32]) {
    let weigh = |((now, before), advantage): ((&f32, &f32), &f32)| {
        let ratio = (before - now).exp();
        let beyond = if *advantage > 0.0 { ratio > 1.0 + CLIP } else { ratio < 1.0 - CLIP };
        if beyond { 0.0 } else { ratio * advantage }
    };
    sample.weights = nats.iter().zip(&sample.before).zip(&sample.advantages).map(weigh).collect();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::config::{ModelConfig, Parameter, Start, initial};
    use super::super::data::{Rows, Tokens};
    use super::super::model::{Model, Workspace};
    use super::super::objective::{Objective, Task};
    use super::super::preset::Preset;
    use super::*;
    use crate::shard::mask::LOSS;

    /// A pair of answers of three tokens to a prompt of two, a model and its weights.
    fn pair() -> (Model, Vec<f32>, Sample) {
        let mut corpus = Tokens::default();
        for ids in [[1u32, 4, 2, 0, 3], [1, 4, 5, 5, 1]] {
            corpus.push(7, 1, ids.to_vec());
            corpus.mark(vec![0, 0, LOSS, LOSS, LOSS]);
        }
        let task = Task::new(Objective::Dpo, 8, false, 6, &BTreeMap::new());
        let rows = task.rows(&corpus);
        assert_eq!(rows.rows(), 1);
        let sample = task.sample(&rows.row(0), &rows, &mut task.random(1, 0, 0));
        assert_eq!((sample.predicted(), task.counted(&sample)), (6, 1));
        let model = Model::new(task.fit(ModelConfig::preset(Preset::Gpt, 6, 8, 1, 2, 8)).unwrap()).unwrap();
        let mut weights = initial(&model.parameters, 1);
        let stir = initial(&[Parameter { name: "stir".into(), at: 0..weights.len(), start: Start::Normal(0.3) }], 1);
        weights.iter_mut().zip(&stir).for_each(|(w, s)| *w += s);
        (model, weights, sample)
    }

    /// Along a random direction of all weights: the gradient by weighed nats against central differences of the loss itself.
    fn check(weigh: impl Fn(&mut Sample, &[f32]), loss: impl Fn(&Sample, &[f32]) -> f64) {
        let (model, weights, mut sample) = pair();
        let mut room = Workspace::default();
        // As if training had begun elsewhere: nats of other weights.
        let other: Vec<f32> = weights.iter().map(|w| 0.9 * w).collect();
        sample.before = model.nats(&other, &sample, &mut room).to_vec();
        sample.advantages = (0..10).map(|place| if place < 5 { 0.7 } else { -1.3 }).collect();
        let nats = model.nats(&weights, &sample, &mut room).to_vec();
        weigh(&mut sample, &nats);
        let mut gradient = vec![0.0; model.len()];
        model.learn(&weights, &sample, [1.0, 1.0], &mut gradient, &mut room);
        let way = initial(&[Parameter { name: "way".into(), at: 0..weights.len(), start: Start::Normal(1.0) }], 5);
        let mut at = |step: f32| {
            let moved: Vec<f32> = weights.iter().zip(&way).map(|(w, d)| w + step * d).collect();
            loss(&sample, model.nats(&moved, &sample, &mut room))
        };
        let want = (at(1e-3) - at(-1e-3)) / 2e-3;
        let found: f64 = gradient.iter().zip(&way).map(|(g, d)| f64::from(g * d)).sum();
        assert!(want.abs() > 1e-3 && (found - want).abs() < 2e-2 * (1.0 + want.abs()), "{found} against {want}");
    }

    #[test]
    fn gradient_of_dpo() {
        assert!((pair_loss(0.0) - 2f64.ln()).abs() < 1e-12 && pair_loss(100.0) < 1e-4 && (pair_loss(-1000.0) - 100.0).abs() < 1e-6);
        check(|sample, nats| assert!(weigh_pairs(sample, nats) > 0.0), |sample, nats| margins(sample, nats).into_iter().map(pair_loss).sum());
    }

    #[test]
    fn gradient_of_ppo() {
        let loss = |sample: &Sample, nats: &[f32]| {
            let of = |place: usize| {
                let (ratio, gain) = ((sample.before[place] - nats[place]).exp(), sample.advantages[place]);
                -f64::from((ratio * gain).min(ratio.clamp(1.0 - CLIP, 1.0 + CLIP) * gain))
            };
            (0..nats.len()).filter(|place| sample.targets[*place].is_some()).map(of).sum()
        };
        check(weigh_answers, loss);
    }

    #[test]
    fn what_has_moved_far_enough_is_left_alone() {
        let mut sample = Sample { before: vec![1.0; 4], advantages: vec![2.0, 2.0, -2.0, -2.0], ..Sample::default() };
        weigh_answers(&mut sample, &[0.7, 1.3, 1.3, 0.7]);
        let ratio = |moved: f32| moved.exp();
        assert_eq!(sample.weights, [0.0, 2.0 * ratio(1.0 - 1.3), 0.0, -2.0 * ratio(1.0 - 0.7)]);
    }
}
