//! The Transformer itself: forward and backward over a batch of tokens on one thread.

use std::ops::Range;

use super::config::{Activation, ConfigError, Layout, ModelConfig, Norm, Parameter, Position};
use super::objective::Sample;
use super::ops::activation::{gelu, gelu_backward, swiglu, swiglu_backward};
use super::ops::attention::Attention;
use super::ops::loss::{Gradients, cross_entropy};
use super::ops::matrix::{Linear, Output};
use super::ops::norm::{self, Moments};
use super::ops::position::{Rotary, Turn, embed, embed_backward};

/// Deviation of fresh matrices (GPT-2).
const DEVIATION: f32 = 0.02;

/// A model: its shape and where its parameters lie. It holds no weights.
pub struct Model {
    /// The shape.
    pub config: ModelConfig,
    /// All parameters, in the order of the flat vector of weights.
    pub parameters: Vec<Parameter>,
    embedding: Range<usize>,
    positions: Range<usize>,
    layers: Vec<Layer>,
    norm: Range<usize>,
    head: Range<usize>,
    rotary: Option<Rotary>,
}

/// Where the parameters of a layer lie.
struct Layer {
    attention_norm: Range<usize>,
    qkv: Range<usize>,
    attention_out: Range<usize>,
    mlp_norm: Range<usize>,
    up: Range<usize>,
    down: Range<usize>,
}

/// What the forward pass keeps for the backward pass, and room for both; reused from batch to batch.
#[derive(Default)]
pub struct Workspace {
    layers: Vec<Kept>,
    normed: Vec<f32>,
    moments: Vec<Moments>,
    nats: Vec<f32>,
    logits: Vec<f32>,
    dstream: Vec<f32>,
    dbranch: Vec<f32>,
    dattended: Vec<f32>,
    dqkv: Vec<f32>,
    dexpanded: Vec<f32>,
    dactive: Vec<f32>,
}

/// Of one layer: the residual stream before its two parts, and what each part computed on the way.
#[derive(Default)]
struct Kept {
    input: Vec<f32>,
    attention_moments: Vec<Moments>,
    attention_normed: Vec<f32>,
    qkv: Vec<f32>,
    probabilities: Vec<f32>,
    attended: Vec<f32>,
    middle: Vec<f32>,
    mlp_moments: Vec<Moments>,
    mlp_normed: Vec<f32>,
    expanded: Vec<f32>,
    active: Vec<f32>,
}

impl Model {
    /// Lays out the parameters of `config`. Residual projections start smaller with depth, as in GPT-2.
    pub fn new(config: ModelConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let (width, bias) = (config.width, config.bias);
        let residual = DEVIATION / (2.0 * config.layers as f32).sqrt();
        let mut layout = Layout::default();
        let embedding = layout.matrix("embedding", config.vocab_size, width, DEVIATION, false);
        let positions = match config.position {
            Position::Learned => layout.matrix("positions", config.seq_len, width, DEVIATION, false),
            Position::Rotary => 0..0,
        };
        let layers = (0..config.layers)
            .map(|i| Layer {
                attention_norm: layout.norm(&format!("layers.{i}.attention.norm"), width, bias),
                qkv: layout.matrix(&format!("layers.{i}.attention.qkv"), 3 * width, width, DEVIATION, bias),
                attention_out: layout.matrix(&format!("layers.{i}.attention.out"), width, width, residual, bias),
                mlp_norm: layout.norm(&format!("layers.{i}.mlp.norm"), width, bias),
                up: layout.matrix(&format!("layers.{i}.mlp.up"), config.expanded(), width, DEVIATION, bias),
                down: layout.matrix(&format!("layers.{i}.mlp.down"), width, config.hidden, residual, bias),
            })
            .collect();
        let norm = layout.norm("norm", width, bias);
        let head = if config.tied { embedding.clone() } else { layout.matrix("head", config.vocab_size, width, DEVIATION, false) };
        let rotary = (config.position == Position::Rotary).then(|| Rotary::new(config.seq_len, width / config.heads));
        Ok(Self { parameters: layout.parameters, embedding, positions, layers, norm, head, rotary, config })
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.at.end)
    }

    /// Never: a model has parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nats of each target of `sample`, 0 where there is none.
    pub fn nats<'a>(&self, weights: &[f32], sample: &Sample, room: &'a mut Workspace) -> &'a [f32] {
        self.forward(weights, sample, room);
        room.nats.resize(sample.inputs.len(), 0.0);
        cross_entropy(&room.normed, &weights[self.head.clone()], &sample.targets, self.config.width, &mut room.nats, None, &mut room.logits);
        &room.nats
    }

    /// Sum of the nats of `sample`'s targets; adds `scale` times its gradient to `gradient`.
    pub fn learn(&self, weights: &[f32], sample: &Sample, scale: f32, gradient: &mut [f32], room: &mut Workspace) -> f64 {
        self.forward(weights, sample, room);
        self.backward(weights, sample, scale, gradient, room);
        room.nats.iter().map(|nats| f64::from(*nats)).sum()
    }

    fn norm_shape(&self) -> norm::Shape {
        norm::Shape { width: self.config.width, centred: self.config.norm == Norm::Layer }
    }

    fn attention(&self) -> Attention {
        Attention { heads: self.config.heads, width: self.config.width }
    }

    fn forward(&self, weights: &[f32], sample: &Sample, room: &mut Workspace) {
        let (n, width, hidden, expanded) = (sample.inputs.len(), self.config.width, self.config.hidden, self.config.expanded());
        room.layers.resize_with(self.layers.len() + 1, Kept::default);
        let first = fit(&mut room.layers[0].input, n * width);
        first.fill(0.0);
        embed(&weights[self.embedding.clone()], &sample.inputs, first, width);
        if self.config.position == Position::Learned {
            embed(&weights[self.positions.clone()], &sample.positions, first, width);
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = room.layers.split_at_mut(i + 1);
            let kept = &mut before[i];
            let normed = fit(&mut kept.attention_normed, n * width);
            norm::forward(self.norm_shape(), &kept.input, &weights[layer.attention_norm.clone()], normed, fit(&mut kept.attention_moments, n));
            let qkv = fit(&mut kept.qkv, n * 3 * width);
            linear(width, 3 * width).forward(&weights[layer.qkv.clone()], normed, qkv, Output::Set);
            if let Some(rotary) = &self.rotary {
                rotary.turn(qkv, 2 * width, 3 * width, &sample.positions, Turn::Forward);
            }
            let probabilities = fit(&mut kept.probabilities, self.attention().probabilities(&sample.segments));
            let attended = fit(&mut kept.attended, n * width);
            self.attention().forward(qkv, &sample.segments, probabilities, attended);
            kept.middle.clone_from(&kept.input);
            linear(width, width).forward(&weights[layer.attention_out.clone()], attended, &mut kept.middle, Output::Add);

            let normed = fit(&mut kept.mlp_normed, n * width);
            norm::forward(self.norm_shape(), &kept.middle, &weights[layer.mlp_norm.clone()], normed, fit(&mut kept.mlp_moments, n));
            let inner = fit(&mut kept.expanded, n * expanded);
            linear(width, expanded).forward(&weights[layer.up.clone()], normed, inner, Output::Set);
            let active = fit(&mut kept.active, n * hidden);
            match self.config.activation {
                Activation::Gelu => gelu(inner, active),
                Activation::SwiGlu => swiglu(inner, active, hidden),
            }
            let output = &mut after[0].input;
            output.clone_from(&kept.middle);
            linear(hidden, width).forward(&weights[layer.down.clone()], active, output, Output::Add);
        }
        let output = &room.layers[self.layers.len()].input;
        norm::forward(self.norm_shape(), output, &weights[self.norm.clone()], fit(&mut room.normed, n * width), fit(&mut room.moments, n));
    }

    fn backward(&self, weights: &[f32], sample: &Sample, scale: f32, gradient: &mut [f32], room: &mut Workspace) {
        let (n, width, hidden, expanded) = (sample.inputs.len(), self.config.width, self.config.hidden, self.config.expanded());
        let dbranch = fit(&mut room.dbranch, n * width);
        let dattended = fit(&mut room.dattended, n * width);
        let dqkv = fit(&mut room.dqkv, n * 3 * width);
        let dexpanded = fit(&mut room.dexpanded, n * expanded);
        let dactive = fit(&mut room.dactive, n * hidden);
        let dstream = fit(&mut room.dstream, n * width);
        let gradients = Gradients { dx: dbranch, dtable: &mut gradient[self.head.clone()], scale };
        cross_entropy(&room.normed, &weights[self.head.clone()], &sample.targets, width, fit(&mut room.nats, n), Some(gradients), &mut room.logits);
        dstream.fill(0.0);
        let output = &room.layers[self.layers.len()].input;
        norm::backward(self.norm_shape(), output, &weights[self.norm.clone()], &room.moments, dbranch, dstream, &mut gradient[self.norm.clone()]);

        for (layer, kept) in self.layers.iter().zip(&room.layers).rev() {
            let down = linear(hidden, width);
            down.backward(&weights[layer.down.clone()], &kept.active, dstream, dactive, &mut gradient[layer.down.clone()]);
            let inner: &[f32] = match self.config.activation {
                Activation::Gelu => {
                    gelu_backward(&kept.expanded, dactive);
                    dactive
                }
                Activation::SwiGlu => {
                    swiglu_backward(&kept.expanded, dactive, dexpanded, hidden);
                    dexpanded
                }
            };
            let up = linear(width, expanded);
            up.backward(&weights[layer.up.clone()], &kept.mlp_normed, inner, dbranch, &mut gradient[layer.up.clone()]);
            let at = layer.mlp_norm.clone();
            norm::backward(self.norm_shape(), &kept.middle, &weights[at.clone()], &kept.mlp_moments, dbranch, dstream, &mut gradient[at]);

            let out = linear(width, width);
            out.backward(&weights[layer.attention_out.clone()], &kept.attended, dstream, dattended, &mut gradient[layer.attention_out.clone()]);
            self.attention().backward(&kept.qkv, &sample.segments, &kept.probabilities, dattended, dqkv);
            if let Some(rotary) = &self.rotary {
                rotary.turn(dqkv, 2 * width, 3 * width, &sample.positions, Turn::Back);
            }
            let qkv = linear(width, 3 * width);
            qkv.backward(&weights[layer.qkv.clone()], &kept.attention_normed, dqkv, dbranch, &mut gradient[layer.qkv.clone()]);
            let at = layer.attention_norm.clone();
            norm::backward(self.norm_shape(), &kept.input, &weights[at.clone()], &kept.attention_moments, dbranch, dstream, &mut gradient[at]);
        }
        embed_backward(dstream, &sample.inputs, &mut gradient[self.embedding.clone()], width);
        if self.config.position == Position::Learned {
            embed_backward(dstream, &sample.positions, &mut gradient[self.positions.clone()], width);
        }
    }
}

fn linear(inputs: usize, outputs: usize) -> Linear {
    Linear { inputs, outputs }
}

/// `buffer` at a length; what it held is of no meaning.
fn fit<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    buffer.resize(len, T::default());
    buffer
}

#[cfg(test)]
mod tests {
    use super::super::config::{Preset, initial};
    use super::super::data::{Row, Span};
    use super::super::objective::causal;
    use super::*;

    fn sample() -> Sample {
        let spans = vec![Span { document: 0, start: 3, len: 5 }, Span { document: 1, start: 0, len: 3 }];
        causal(&Row { spans, ids: vec![1, 4, 2, 0, 3, 5, 5, 1], next: vec![Some(2), None] })
    }

    /// The gradient of the whole model along random directions, against central differences.
    #[test]
    fn gradients_of_whole_models() {
        for preset in [Preset::Gpt, Preset::Llama] {
            for tied in [true, false] {
                let model = Model::new(ModelConfig { tied, ..ModelConfig::preset(preset, 6, 8, 2, 2, 12) }).unwrap();
                let mut weights = initial(&model.parameters, 1);
                // Fresh weights are so small that every layer is almost linear: enlarge them.
                let stir = initial(&[Parameter { name: "stir".into(), at: 0..model.len(), start: super::super::config::Start::Normal(0.3) }], 1);
                weights.iter_mut().zip(&stir).for_each(|(w, s)| *w += s);
                let (sample, mut room) = (sample(), Workspace::default());
                let mut gradient = vec![0.0; model.len()];
                let loss = model.learn(&weights, &sample, 1.0, &mut gradient, &mut room);
                let again: f64 = model.nats(&weights, &sample, &mut room).iter().map(|nats| f64::from(*nats)).sum();
                assert_eq!(loss, again);
                for parameter in &model.parameters {
                    let direction = initial(&[Parameter { name: "way".into(), at: 0..parameter.at.len(), start: super::super::config::Start::Normal(1.0) }], 5);
                    let mut at = |step: f32| -> f64 {
                        let mut moved = weights.clone();
                        moved[parameter.at.clone()].iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
                        model.nats(&moved, &sample, &mut room).iter().map(|nats| f64::from(*nats)).sum()
                    };
                    let want = (at(2e-3) - at(-2e-3)) / 4e-3;
                    let found: f64 = gradient[parameter.at.clone()].iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
                    assert!((found - want).abs() < 2e-2 * (1.0 + want.abs()), "{preset:?} {}: {found} against {want}", parameter.name);
                }
            }
        }
    }

    #[test]
    fn a_fresh_model_knows_nothing() {
        let model = Model::new(ModelConfig::preset(Preset::Gpt, 6, 8, 2, 2, 12)).unwrap();
        let weights = initial(&model.parameters, 1);
        let mut room = Workspace::default();
        let nats = model.nats(&weights, &sample(), &mut room);
        assert_eq!(nats[7], 0.0);
        assert!(nats[..7].iter().all(|nats| (nats - 6f32.ln()).abs() < 0.3), "{nats:?}");
    }
}
