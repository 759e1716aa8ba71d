//! The model itself: embeddings, a stack of layers or an encoder and a decoder, and a head; over a batch of tokens on one thread.

use super::config::{ConfigError, Layout, ModelConfig, Parameter};
use super::embedding::{self, Embedding};
use super::head::{Back, Head, Places};
use super::objective::Sample;
use super::ops::attention::View;
use super::ops::loss::Answer;
use super::stack::{Kept, Pass, Scratch, Stack, Stream, fit};

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
    head: Head,
}

/// What the forward pass keeps for the backward pass, and room for both; reused from batch to batch.
#[derive(Default)]
pub struct Workspace {
    source: Side,
    target: Side,
    places: Places,
    scratch: Scratch,
    dstream: Vec<f32>,
    dcontext: Vec<f32>,
    nats: Vec<f32>,
}

/// One stack with its input.
#[derive(Default)]
struct Side {
    stream: Stream,
    embedded: embedding::Kept,
    kept: Kept,
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
        let mut layout = Layout::default();
        let embedding = Embedding::new(&mut layout, &config);
        let encoder = config.encoder.then(|| Stack::new(&mut layout, "encoder", &config, false, true));
        let stack = Stack::new(&mut layout, "layers", &config, config.encoder, !config.encoder);
        let head = Head::new(&mut layout, &config, &embedding.table);
        Ok(Self { parameters: layout.parameters, embedding, encoder, stack, head, config })
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.at.end)
    }

    /// Never: a model has parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nats of each target of `sample`, 0 where there is none; and the answer to each question.
    pub fn score<'a>(&self, weights: &[f32], sample: &Sample, room: &'a mut Workspace) -> (&'a [f32], &'a [Answer]) {
        self.forward(weights, sample, room);
        self.predict(weights, sample, None, room);
        (&room.nats, &room.places.answers)
    }

    /// Nats of each target of `sample`, 0 where there is none.
    pub fn nats<'a>(&self, weights: &[f32], sample: &Sample, room: &'a mut Workspace) -> &'a [f32] {
        self.score(weights, sample, room).0
    }

    /// Scores of all tokens of the vocabulary at each place of `sample` that has a target, whichever that is.
    pub fn logits(&self, weights: &[f32], sample: &Sample, room: &mut Workspace) -> Vec<f32> {
        self.forward(weights, sample, room);
        self.head.logits(weights, self.stack.output(&room.target.kept), &mut room.places)
    }

    /// Scores of all classes at each place that `sample` asks about.
    pub fn judge(&self, weights: &[f32], sample: &Sample, room: &mut Workspace) -> Vec<f32> {
        self.forward(weights, sample, room);
        self.head.scores(weights, self.stack.output(&room.target.kept), sample, &mut room.places)
    }

    /// The losses of `sample`; adds the gradient of `scales[0]` times that of the targets, each by its weight, and `scales[1]` times that of the answers to `gradient`.
    pub fn learn(&self, weights: &[f32], sample: &Sample, scales: [f32; 2], gradient: &mut [f32], room: &mut Workspace) -> Losses {
        self.forward(weights, sample, room);
        self.predict(weights, sample, Some((scales, gradient)), room);
        self.backward(weights, gradient, room);
        let sum = |nats: &mut dyn Iterator<Item = f32>| nats.map(f64::from).sum();
        Losses { targets: sum(&mut room.nats.iter().copied()), answers: sum(&mut room.places.answers.iter().map(|answer| answer.nats)) }
    }

    fn forward(&self, weights: &[f32], sample: &Sample, room: &mut Workspace) {
        let Workspace { source, target, places, .. } = room;
        self.part(sample, &mut source.stream, &mut target.stream, places);
        if let Some(encoder) = &self.encoder {
            self.embedding.forward(weights, &source.stream, source.kept.input(), &mut source.embedded);
            encoder.forward(Pass { weights, stream: &source.stream, context: &[] }, &mut source.kept);
        }
        let context = self.encoder.as_ref().map_or(&[][..], |encoder| encoder.output(&source.kept));
        self.embedding.forward(weights, &target.stream, target.kept.input(), &mut target.embedded);
        self.stack.forward(Pass { weights, stream: &target.stream, context }, &mut target.kept);
    }

    /// Shares the places of a sample out: all to the stack, or the prefixes to the encoder and the rest to the decoder, whose positions begin anew.
    fn part(&self, sample: &Sample, source: &mut Stream, target: &mut Stream, places: &mut Places) {
        source.clear();
        target.clear();
        places.stream.clear();
        places.sample.clear();
        places.targets.clear();
        places.weights.clear();
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
                    places.stream.push(first + place - border);
                    places.sample.push(place);
                    places.targets.push(*target);
                    places.weights.extend(sample.weights.get(place));
                }
            }
        }
    }

    /// Nats of targets and answers; with `learn` also the gradient of the stack's output, and those of all that stands behind it.
    fn predict(&self, weights: &[f32], sample: &Sample, learn: Option<([f32; 2], &mut [f32])>, room: &mut Workspace) {
        let Workspace { target, places, dstream, nats, .. } = room;
        let back = learn.map(|(scales, gradient)| Back { scales, gradient, dstream });
        self.head.predict(weights, self.stack.output(&target.kept), sample, back, places);
        nats.clear();
        nats.resize(sample.inputs.len(), 0.0);
        places.sample.iter().zip(&places.nats).for_each(|(place, of_place)| nats[*place] = *of_place);
    }

    /// From the gradient of the stack's output, which [`Model::predict`] left, to that of all weights before it.
    fn backward(&self, weights: &[f32], gradient: &mut [f32], room: &mut Workspace) {
        let Workspace { source, target, scratch, dstream, dcontext, .. } = room;
        let context = self.encoder.as_ref().map_or(&[][..], |encoder| encoder.output(&source.kept));
        fit(dcontext, context.len()).fill(0.0);
        self.stack.backward(Pass { weights, stream: &target.stream, context }, &target.kept, dstream, dcontext, gradient, scratch);
        self.embedding.backward(weights, &target.stream, &mut target.embedded, dstream, gradient);
        if let Some(encoder) = &self.encoder {
            encoder.backward(Pass { weights, stream: &source.stream, context: &[] }, &source.kept, dcontext, &mut [], gradient, scratch);
            self.embedding.backward(weights, &source.stream, &mut source.embedded, dcontext, gradient);
        }
    }
}

#[cfg(test)]
mod tests;
