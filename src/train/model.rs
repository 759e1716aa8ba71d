//! The Transformer itself: embeddings, a stack of layers or an encoder and a decoder, and what is predicted at the end; over a batch of tokens on one thread.

use std::ops::Range;

use super::config::{ConfigError, Layout, ModelConfig, Parameter, Position};
use super::objective::Sample;
use super::ops::activation::{gelu, gelu_backward};
use super::ops::attention::View;
use super::ops::loss::{Gradients, choose, cross_entropy};
use super::ops::matrix::Output;
use super::ops::norm::{self, Moments};
use super::ops::position::{embed, embed_backward, sinusoids};
use super::stack::{DEVIATION, Kept, Pass, Scratch, Stack, Stream, fit, linear, norm_shape};

/// A model: its shape and where its parameters lie. It holds no weights.
pub struct Model {
    /// The shape.
    pub config: ModelConfig,
    /// All parameters, in the order of the flat vector of weights.
    pub parameters: Vec<Parameter>,
    embedding: Embedding,
    encoder: Option<Stack>,
    /// The decoder, or the only stack.
    stack: Stack,
    transform: Option<Transform>,
    head: Range<usize>,
    classes: Range<usize>,
}

/// What makes a token's first vector; an encoder and its decoder share it.
struct Embedding {
    table: Range<usize>,
    /// From the table's width to the model's.
    up: Option<Range<usize>>,
    positions: Option<Range<usize>>,
    sinusoids: Vec<f32>,
    kinds: Option<Range<usize>>,
    norm: Option<Range<usize>>,
}

/// A layer with GELU and a norm.
struct Transform {
    dense: Range<usize>,
    norm: Range<usize>,
}

/// What the forward pass keeps for the backward pass, and room for both; reused from batch to batch.
#[derive(Default)]
pub struct Workspace {
    source: Side,
    target: Side,
    head: Head,
    scratch: Scratch,
    dstream: Vec<f32>,
    dcontext: Vec<f32>,
    dsmall: Vec<f32>,
    nats: Vec<f32>,
    answers: Vec<(f32, bool)>,
}

/// One stack with its input.
#[derive(Default)]
struct Side {
    stream: Stream,
    /// Rows of a table that is narrower than the model.
    small: Vec<f32>,
    /// What the embeddings' norm takes.
    sum: Vec<f32>,
    moments: Vec<Moments>,
    kept: Kept,
}

/// The places where something is predicted, and what comes of them.
#[derive(Default)]
struct Head {
    /// In the stream of the stack.
    places: Vec<usize>,
    /// In the sample.
    sample_places: Vec<usize>,
    targets: Vec<u32>,
    picked: Vec<f32>,
    dense: Vec<f32>,
    active: Vec<f32>,
    normed: Vec<f32>,
    moments: Vec<Moments>,
    nats: Vec<f32>,
    logits: Vec<f32>,
    dx: Vec<f32>,
    dactive: Vec<f32>,
    dpicked: Vec<f32>,
    asked: Vec<f32>,
    dasked: Vec<f32>,
}

/// Losses of a sample, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Nats of all targets.
    pub targets: f64,
    /// Nats of all answers.
    pub answers: f64,
}

impl Model {
    /// Lays out the parameters of `config`.
    pub fn new(config: ModelConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let (width, bias) = (config.width, config.bias);
        let mut layout = Layout::default();
        let embedding = Embedding {
            table: layout.matrix("embedding", config.vocab_size, config.embedding, DEVIATION, false),
            up: (config.embedding != width).then(|| layout.matrix("embedding.up", width, config.embedding, DEVIATION, bias)),
            positions: (config.position == Position::Learned).then(|| layout.matrix("positions", config.seq_len, width, DEVIATION, false)),
            sinusoids: if config.position == Position::Sinusoidal { sinusoids(config.seq_len, width) } else { Vec::new() },
            kinds: (config.kinds > 0).then(|| layout.matrix("kinds", config.kinds, width, DEVIATION, false)),
            norm: config.embedding_norm.then(|| layout.norm("embedding.norm", width, bias)),
        };
        let encoder = config.encoder.then(|| Stack::new(&mut layout, "encoder", &config, false, true));
        let stack = Stack::new(&mut layout, "layers", &config, config.encoder, !config.encoder);
        let transform = config.transform.then(|| Transform {
            dense: layout.matrix("transform", config.embedding, width, DEVIATION, bias),
            norm: layout.norm("transform.norm", config.embedding, bias),
        });
        let head = if config.tied { embedding.table.clone() } else { layout.matrix("head", config.vocab_size, config.embedding, DEVIATION, false) };
        let classes = if config.classes > 0 { layout.matrix("classes", config.classes, width, DEVIATION, false) } else { 0..0 };
        Ok(Self { parameters: layout.parameters, embedding, encoder, stack, transform, head, classes, config })
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.at.end)
    }

    /// Never: a model has parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nats of each target of `sample`, 0 where there is none; and of each answer, with whether it was found.
    pub fn score<'a>(&self, weights: &[f32], sample: &Sample, room: &'a mut Workspace) -> (&'a [f32], &'a [(f32, bool)]) {
        self.forward(weights, sample, room);
        self.predict(weights, sample, None, room);
        (&room.nats, &room.answers)
    }

    /// Nats of each target of `sample`, 0 where there is none.
    pub fn nats<'a>(&self, weights: &[f32], sample: &Sample, room: &'a mut Workspace) -> &'a [f32] {
        self.score(weights, sample, room).0
    }

    /// The losses of `sample`; adds the gradient of `scales[0]` times that of the targets and `scales[1]` times that of the answers to `gradient`.
    pub fn learn(&self, weights: &[f32], sample: &Sample, scales: [f32; 2], gradient: &mut [f32], room: &mut Workspace) -> Losses {
        self.forward(weights, sample, room);
        self.predict(weights, sample, Some((scales, gradient)), room);
        self.backward(weights, gradient, room);
        let sum = |nats: &mut dyn Iterator<Item = f32>| nats.map(f64::from).sum();
        Losses { targets: sum(&mut room.nats.iter().copied()), answers: sum(&mut room.answers.iter().map(|(nats, _)| *nats)) }
    }

    fn forward(&self, weights: &[f32], sample: &Sample, room: &mut Workspace) {
        let Workspace { source, target, head, .. } = room;
        self.part(sample, &mut source.stream, &mut target.stream, head);
        if let Some(encoder) = &self.encoder {
            self.embed(weights, source);
            encoder.forward(Pass { weights, stream: &source.stream, context: &[] }, &mut source.kept);
        }
        let context = self.encoder.as_ref().map_or(&[][..], |encoder| encoder.output(&source.kept));
        self.embed(weights, target);
        self.stack.forward(Pass { weights, stream: &target.stream, context }, &mut target.kept);
    }

    /// Shares the places of a sample out: all to the stack, or the prefixes to the encoder and the rest to the decoder, whose positions begin anew.
    fn part(&self, sample: &Sample, source: &mut Stream, target: &mut Stream, head: &mut Head) {
        source.clear();
        target.clear();
        head.places.clear();
        head.sample_places.clear();
        head.targets.clear();
        for segment in &sample.segments {
            let border = if self.encoder.is_some() { segment.places.start + segment.prefix } else { segment.places.start };
            let keys = source.push(sample, segment.places.start..border, segment.prefix);
            let first = target.ids.len();
            let prefix = if self.encoder.is_some() { 0 } else { segment.prefix };
            let queries = target.push(sample, border..segment.places.end, prefix);
            if self.encoder.is_some() {
                target.positions.truncate(first);
                target.positions.extend(0..queries.len() as u32);
            }
            if self.encoder.is_some() && !queries.is_empty() {
                target.across.push(View { queries, prefix: keys.len(), keys });
            }
            for (place, target) in (border..segment.places.end).zip(&sample.targets[border..segment.places.end]) {
                if let Some(target) = target {
                    head.places.push(first + place - border);
                    head.sample_places.push(place);
                    head.targets.push(*target);
                }
            }
        }
    }

    fn embed(&self, weights: &[f32], side: &mut Side) {
        let Side { stream, small, sum, moments, kept } = side;
        let (n, width, narrow) = (stream.ids.len(), self.config.width, self.config.embedding);
        let at = &self.embedding;
        let input = kept.input();
        let mut sought = std::mem::take(if at.norm.is_some() { &mut *sum } else { &mut *input });
        let x = fit(&mut sought, n * width);
        x.fill(0.0);
        match &at.up {
            None => embed(&weights[at.table.clone()], &stream.ids, x, width, self.factor()),
            Some(up) => {
                fit(small, n * narrow).fill(0.0);
                embed(&weights[at.table.clone()], &stream.ids, small, narrow, self.factor());
                linear(narrow, width).forward(&weights[up.clone()], small, x, Output::Set);
            }
        }
        if let Some(positions) = &at.positions {
            embed(&weights[positions.clone()], &stream.positions, x, width, 1.0);
        }
        if !at.sinusoids.is_empty() {
            embed(&at.sinusoids, &stream.positions, x, width, 1.0);
        }
        if let Some(kinds) = &at.kinds {
            embed(&weights[kinds.clone()], &stream.kinds, x, width, 1.0);
        }
        if let Some(norm) = &at.norm {
            norm::forward(norm_shape(&self.config), x, &weights[norm.clone()], fit(input, n * width), fit(moments, n));
            *sum = sought;
        } else {
            *input = sought;
        }
    }

    /// What the rows of the embedding are multiplied with: beside sinusoids of length root of half the width, tokens are to be heard.
    fn factor(&self) -> f32 {
        if self.config.position == Position::Sinusoidal { (self.config.width as f32).sqrt() } else { 1.0 }
    }

    /// Adds the gradients of [`Model::embed`], given that of the stack's input.
    fn embed_backward(&self, weights: &[f32], side: &Side, dx: &mut Vec<f32>, dsmall: &mut Vec<f32>, gradient: &mut [f32]) {
        let (width, narrow) = (self.config.width, self.config.embedding);
        let (at, stream) = (&self.embedding, &side.stream);
        if let Some(norm) = &at.norm {
            let dy = std::mem::replace(dx, vec![0.0; dx.len()]);
            norm::backward(norm_shape(&self.config), &side.sum, &weights[norm.clone()], &side.moments, &dy, dx, &mut gradient[norm.clone()]);
        }
        if let Some(kinds) = &at.kinds {
            embed_backward(dx, &stream.kinds, &mut gradient[kinds.clone()], width, 1.0);
        }
        if let Some(positions) = &at.positions {
            embed_backward(dx, &stream.positions, &mut gradient[positions.clone()], width, 1.0);
        }
        match &at.up {
            None => embed_backward(dx, &stream.ids, &mut gradient[at.table.clone()], width, self.factor()),
            Some(up) => {
                let dsmall = fit(dsmall, stream.ids.len() * narrow);
                linear(narrow, width).backward(&weights[up.clone()], &side.small, dx, (dsmall, Output::Set), &mut gradient[up.clone()]);
                embed_backward(dsmall, &stream.ids, &mut gradient[at.table.clone()], narrow, self.factor());
            }
        }
    }

    /// Nats of targets and answers; with `learn` also the gradient of the stack's output, and those of all that stands behind it.
    fn predict(&self, weights: &[f32], sample: &Sample, learn: Option<([f32; 2], &mut [f32])>, room: &mut Workspace) {
        let (width, narrow) = (self.config.width, self.config.embedding);
        let Workspace { target, head, dstream, nats: all, answers, .. } = room;
        let output = self.stack.output(&target.kept);
        let n = head.places.len();
        pick(output, head.places.iter().copied(), &mut head.picked, width);
        let x: &[f32] = match &self.transform {
            None => &head.picked,
            Some(Transform { dense, norm }) => {
                linear(width, narrow).forward(&weights[dense.clone()], &head.picked, fit(&mut head.dense, n * narrow), Output::Set);
                gelu(&head.dense, fit(&mut head.active, n * narrow));
                let (normed, moments) = (fit(&mut head.normed, n * narrow), fit(&mut head.moments, n));
                norm::forward(self.transform_shape(), &head.active, &weights[norm.clone()], normed, moments);
                &head.normed
            }
        };
        let table = &weights[self.head.clone()];
        pick(output, sample.questions.iter().copied(), &mut head.asked, width);
        let classes = &weights[self.classes.clone()];
        let nats = fit(&mut head.nats, n);
        match learn {
            None => {
                cross_entropy(x, table, &head.targets, narrow, nats, None, &mut head.logits);
                *answers = choose(&head.asked, classes, &sample.answers, width, None);
            }
            Some((scales, gradient)) => {
                let dx = fit(&mut head.dx, n * narrow);
                let gradients = Gradients { dx: &mut *dx, dtable: &mut gradient[self.head.clone()], scale: scales[0] };
                cross_entropy(x, table, &head.targets, narrow, nats, Some(gradients), &mut head.logits);
                let dpicked: &[f32] = match &self.transform {
                    None => dx,
                    Some(Transform { dense, norm }) => {
                        let dactive = fit(&mut head.dactive, n * narrow);
                        dactive.fill(0.0);
                        let at = norm.clone();
                        norm::backward(self.transform_shape(), &head.active, &weights[at.clone()], &head.moments, dx, dactive, &mut gradient[at]);
                        gelu_backward(&head.dense, dactive);
                        let dpicked = fit(&mut head.dpicked, n * width);
                        let at = dense.clone();
                        linear(width, narrow).backward(&weights[at.clone()], &head.picked, dactive, (&mut *dpicked, Output::Set), &mut gradient[at]);
                        dpicked
                    }
                };
                fit(dstream, output.len()).fill(0.0);
                put_back(dpicked, head.places.iter().copied(), dstream, width);
                let dasked = fit(&mut head.dasked, head.asked.len());
                let gradients = Gradients { dx: &mut *dasked, dtable: &mut gradient[self.classes.clone()], scale: scales[1] };
                *answers = choose(&head.asked, classes, &sample.answers, width, Some(gradients));
                put_back(dasked, sample.questions.iter().copied(), dstream, width);
            }
        }
        all.clear();
        all.resize(sample.inputs.len(), 0.0);
        head.sample_places.iter().zip(&head.nats).for_each(|(place, nats)| all[*place] = *nats);
    }

    fn transform_shape(&self) -> norm::Shape {
        norm::Shape { width: self.config.embedding, ..norm_shape(&self.config) }
    }

    /// From the gradient of the stack's output, which [`Model::predict`] left, to that of all weights before it.
    fn backward(&self, weights: &[f32], gradient: &mut [f32], room: &mut Workspace) {
        let Workspace { source, target, scratch, dstream, dcontext, dsmall, .. } = room;
        let context = self.encoder.as_ref().map_or(&[][..], |encoder| encoder.output(&source.kept));
        fit(dcontext, context.len()).fill(0.0);
        self.stack.backward(Pass { weights, stream: &target.stream, context }, &target.kept, dstream, dcontext, gradient, scratch);
        self.embed_backward(weights, target, dstream, dsmall, gradient);
        if let Some(encoder) = &self.encoder {
            encoder.backward(Pass { weights, stream: &source.stream, context: &[] }, &source.kept, dcontext, &mut [], gradient, scratch);
            self.embed_backward(weights, source, dcontext, dsmall, gradient);
        }
    }
}

impl Stream {
    fn clear(&mut self) {
        self.ids.clear();
        self.positions.clear();
        self.kinds.clear();
        self.views.clear();
        self.across.clear();
    }

    /// Adds places of a sample that see each other as `prefix` says, and gives where they came to lie.
    fn push(&mut self, sample: &Sample, places: Range<usize>, prefix: usize) -> Range<usize> {
        let start = self.ids.len();
        self.ids.extend(&sample.inputs[places.clone()]);
        self.positions.extend(&sample.positions[places.clone()]);
        self.kinds.extend(&sample.kinds[places]);
        let rows = start..self.ids.len();
        if !rows.is_empty() {
            self.views.push(View { queries: rows.clone(), keys: rows.clone(), prefix });
        }
        rows
    }
}

/// Copies rows of `x` one behind the other.
fn pick(x: &[f32], rows: impl Iterator<Item = usize>, picked: &mut Vec<f32>, width: usize) {
    picked.clear();
    rows.for_each(|row| picked.extend_from_slice(&x[row * width..(row + 1) * width]));
}

/// Adds rows to those of `x` that they were picked from.
fn put_back(picked: &[f32], rows: impl Iterator<Item = usize>, x: &mut [f32], width: usize) {
    for (row, from) in rows.zip(picked.chunks_exact(width)) {
        x[row * width..(row + 1) * width].iter_mut().zip(from).for_each(|(x, p)| *x += p);
    }
}

#[cfg(test)]
mod tests;
