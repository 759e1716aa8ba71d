//! What is predicted from a stack's outputs: a token at each place that has a target, a class at each that is asked about its text.

use std::ops::Range;

use super::config::{Layout, ModelConfig};
use super::objective::Sample;
use super::ops::activation::{gelu, gelu_backward};
use super::ops::loss::{Answer, Gradients, choose, cross_entropy, scores};
use super::ops::matrix::Output;
use super::ops::norm::{self, Moments};
use super::places::{pick, put_back};
use super::stack::{DEVIATION, fit, linear, norm_shape};

/// Where its parameters lie.
pub(super) struct Head {
    config: ModelConfig,
    transform: Option<Transform>,
    table: Range<usize>,
    classes: Range<usize>,
}

/// A layer with GELU and a norm.
struct Transform {
    dense: Range<usize>,
    norm: Range<usize>,
}

/// The places where something is predicted, what comes of them, and room.
#[derive(Default)]
pub(super) struct Places {
    /// Of targets, in the stream of the stack.
    pub stream: Vec<usize>,
    /// The same in the sample.
    pub sample: Vec<usize>,
    pub targets: Vec<u32>,
    /// What each target counts; empty where all count alike.
    pub weights: Vec<f32>,
    /// Nats of each target.
    pub nats: Vec<f32>,
    /// The answer to each question.
    pub answers: Vec<Answer>,
    picked: Vec<f32>,
    dense: Vec<f32>,
    active: Vec<f32>,
    normed: Vec<f32>,
    moments: Vec<Moments>,
    logits: Vec<f32>,
    dx: Vec<f32>,
    dactive: Vec<f32>,
    dpicked: Vec<f32>,
    asked: Vec<f32>,
    dasked: Vec<f32>,
}

/// What the backward pass gives.
pub(super) struct Back<'a> {
    /// What the losses of targets and of answers are multiplied with.
    pub scales: [f32; 2],
    /// Of the weights, added to.
    pub gradient: &'a mut [f32],
    /// Of the stack's outputs, set.
    pub dstream: &'a mut Vec<f32>,
}

impl Head {
    /// Lays out its parameters; `embedding` is the table of the embedding.
    pub fn new(layout: &mut Layout, config: &ModelConfig, embedding: &Range<usize>) -> Self {
        let (width, narrow) = (config.width, config.embedding);
        let transform = config.transform.then(|| Transform {
            dense: layout.matrix("transform", narrow, width, DEVIATION, config.bias),
            norm: layout.norm("transform.norm", narrow, config.bias),
        });
        let table = if config.tied { embedding.clone() } else { layout.matrix("head", config.vocab_size, narrow, DEVIATION, false) };
        let classes = if config.classes > 0 { layout.matrix("classes", config.classes, width, DEVIATION, false) } else { 0..0 };
        Self { config: config.clone(), transform, table, classes }
    }

    /// Nats of targets and answers; with `back` also the gradient of the stack's `output`, and those of all that stands behind it.
    pub fn predict(&self, weights: &[f32], output: &[f32], sample: &Sample, back: Option<Back>, room: &mut Places) {
        let (width, narrow) = (self.config.width, self.config.embedding);
        self.hidden(weights, output, room);
        pick(output, &sample.questions, &mut room.asked, width);
        let n = room.stream.len();
        let x = if self.transform.is_some() { &room.normed } else { &room.picked };
        let (table, classes) = (&weights[self.table.clone()], &weights[self.classes.clone()]);
        let nats = fit(&mut room.nats, n);
        let Some(Back { scales, gradient, dstream }) = back else {
            cross_entropy(x, table, &room.targets, narrow, nats, None, &mut room.logits);
            room.answers = choose(&room.asked, classes, &sample.answers, width, None);
            return;
        };
        let dx = fit(&mut room.dx, n * narrow);
        let gradients = Gradients { dx: &mut *dx, dtable: &mut gradient[self.table.clone()], scale: scales[0], weights: &room.weights };
        cross_entropy(x, table, &room.targets, narrow, nats, Some(gradients), &mut room.logits);
        let dpicked: &[f32] = match &self.transform {
            None => dx,
            Some(Transform { dense, norm }) => {
                let dactive = fit(&mut room.dactive, n * narrow);
                dactive.fill(0.0);
                let at = norm.clone();
                norm::backward(self.transform_shape(), &room.active, &weights[at.clone()], &room.moments, dx, dactive, &mut gradient[at]);
                gelu_backward(&room.dense, dactive);
                let dpicked = fit(&mut room.dpicked, n * width);
                let at = dense.clone();
                linear(width, narrow).backward(&weights[at.clone()], &room.picked, dactive, (&mut *dpicked, Output::Set), &mut gradient[at]);
                dpicked
            }
        };
        fit(dstream, output.len()).fill(0.0);
        put_back(dpicked, &room.stream, dstream, width);
        let dasked = fit(&mut room.dasked, room.asked.len());
        let gradients = Gradients { dx: &mut *dasked, dtable: &mut gradient[self.classes.clone()], scale: scales[1], weights: &[] };
        room.answers = choose(&room.asked, classes, &sample.answers, width, Some(gradients));
        put_back(dasked, &sample.questions, dstream, width);
    }

    /// Scores of the whole vocabulary at the places of the targets, row after row.
    pub fn logits(&self, weights: &[f32], output: &[f32], room: &mut Places) -> Vec<f32> {
        self.hidden(weights, output, room);
        scores(if self.transform.is_some() { &room.normed } else { &room.picked }, &weights[self.table.clone()], self.config.embedding)
    }

    /// Scores of the classes at the places that are asked about.
    pub fn scores(&self, weights: &[f32], output: &[f32], sample: &Sample, room: &mut Places) -> Vec<f32> {
        pick(output, &sample.questions, &mut room.asked, self.config.width);
        scores(&room.asked, &weights[self.classes.clone()], self.config.width)
    }

    /// What the output table is multiplied with at each place that has a target.
    fn hidden(&self, weights: &[f32], output: &[f32], room: &mut Places) {
        let (width, narrow, n) = (self.config.width, self.config.embedding, room.stream.len());
        pick(output, &room.stream, &mut room.picked, width);
        if let Some(Transform { dense, norm }) = &self.transform {
            linear(width, narrow).forward(&weights[dense.clone()], &room.picked, fit(&mut room.dense, n * narrow), Output::Set);
            gelu(&room.dense, fit(&mut room.active, n * narrow));
            let (normed, moments) = (fit(&mut room.normed, n * narrow), fit(&mut room.moments, n));
            norm::forward(self.transform_shape(), &room.active, &weights[norm.clone()], normed, moments);
        }
    }

    fn transform_shape(&self) -> norm::Shape {
        norm::Shape { width: self.config.embedding, ..norm_shape(&self.config) }
    }
}
