//! A stack of layers, forward and backward over a batch of tokens on one thread.
//!
//! A layer is two parts, attention and feed-forward, and a third between them where it looks across to an encoder. A part is a norm, a branch and the residual stream
//! around both: `x + branch(norm(x))`, or `norm(x + branch(x))`. So a stack is nothing but a list of parts.

mod room;

use std::ops::Range;

use room::{Flow, KeptBranch, KeptPart};
pub(super) use room::{Kept, Scratch};

use super::config::{Activation, Layout, ModelConfig, Norm, Placement, Position};
use super::ops::activation::{gelu, gelu_backward, relu, relu_backward, swiglu, swiglu_backward};
use super::ops::attention::{Attention, Bias};
use super::ops::matrix::{Linear, Output};
use super::ops::norm;
use super::ops::position::{Distances, Rotary, Turn};
pub(super) use super::places::Stream;
use super::recurrent::Direction;

/// Deviation of fresh matrices (GPT-2).
pub(super) const DEVIATION: f32 = 0.02;

/// Buckets of relative positions (T5).
const BUCKETS: usize = 32;

/// Layers one behind the other.
pub(super) struct Stack {
    config: ModelConfig,
    parts: Vec<Part>,
    /// The norm at the end, where norms stand before the parts.
    norm: Option<Range<usize>>,
    scheme: Scheme,
}

/// Where the parameters of a part lie.
#[derive(Clone)]
struct Part {
    norm: Range<usize>,
    branch: Branch,
}

#[derive(Clone)]
enum Branch {
    /// Over the stack's own tokens, or across to the encoder's.
    Attention {
        across: bool,
        q: Range<usize>,
        kv: Range<usize>,
        out: Range<usize>,
    },
    FeedForward {
        up: Range<usize>,
        down: Range<usize>,
    },
    Recurrent([Direction; 2]),
}

/// What attention knows of positions.
enum Scheme {
    /// Embeddings have told them.
    Embedded,
    Rotary(Rotary),
    Slopes {
        distances: Distances,
        values: Vec<f32>,
    },
    Buckets {
        distances: Distances,
        bucket_of: Vec<usize>,
        table: Range<usize>,
    },
}

/// What all parts of a pass read.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub weights: &'a [f32],
    pub stream: &'a Stream,
    /// Outputs of the encoder.
    pub context: &'a [f32],
}

impl Stack {
    /// Lays out the parameters of a stack called `name`. `across` says whether it looks across to an encoder, `both` whether its tokens see what stands behind them. Projections
    /// into the residual stream start smaller with depth, as in GPT-2.
    pub fn new(layout: &mut Layout, name: &str, config: &ModelConfig, across: bool, both: bool) -> Self {
        let (width, bias) = (config.width, config.bias);
        let residual = DEVIATION / (2.0 * config.layers as f32).sqrt();
        let mut parts = Vec::new();
        let layers = if config.shared { 1 } else { config.layers };
        if config.recurrent {
            parts = (0..layers).map(|layer| Part::recurrent(layout, &format!("{name}.{layer}"), config)).collect();
        }
        for layer in (0..layers).filter(|_| !config.recurrent) {
            for (part, looks_across) in [("attention", false), ("cross", true)].into_iter().take(1 + usize::from(across)) {
                let part = format!("{name}.{layer}.{part}");
                parts.push(Part {
                    norm: layout.norm(&format!("{part}.norm"), width, bias),
                    branch: Branch::Attention {
                        across: looks_across,
                        q: layout.matrix(&format!("{part}.q"), width, width, DEVIATION, bias),
                        kv: layout.matrix(&format!("{part}.kv"), 2 * config.kv_width(), width, DEVIATION, bias),
                        out: layout.matrix(&format!("{part}.out"), width, width, residual, bias),
                    },
                });
            }
            let part = format!("{name}.{layer}.mlp");
            parts.push(Part {
                norm: layout.norm(&format!("{part}.norm"), width, bias),
                branch: Branch::FeedForward {
                    up: layout.matrix(&format!("{part}.up"), config.expanded(), width, DEVIATION, bias),
                    down: layout.matrix(&format!("{part}.down"), width, config.hidden, residual, bias),
                },
            });
        }
        let parts = std::iter::repeat_n(parts, config.layers / layers).flatten().collect();
        let norm = (config.placement == Placement::Pre).then(|| layout.norm(&format!("{name}.norm"), width, bias));
        let distances = Distances::new(config.seq_len);
        let scheme = match config.position {
            Position::Learned | Position::Sinusoidal | Position::None => Scheme::Embedded,
            Position::Rotary => Scheme::Rotary(Rotary::new(config.seq_len, config.head())),
            Position::Alibi => Scheme::Slopes { values: distances.slopes(config.heads), distances },
            Position::Relative => {
                let table = layout.table(&format!("{name}.distances"), config.heads, BUCKETS);
                Scheme::Buckets { bucket_of: distances.buckets(BUCKETS, both), distances, table }
            }
        };
        Self { config: config.clone(), parts, norm, scheme }
    }

    /// Runs over the input that lies in `kept`; the output is in [`Stack::output`].
    pub fn forward(&self, pass: Pass, kept: &mut Kept) {
        let (n, width) = (pass.stream.ids.len(), self.config.width);
        self.spread_bias(pass.weights, &mut kept.bias);
        kept.parts.resize_with(self.parts.len() + 1, KeptPart::default);
        for (i, part) in self.parts.iter().enumerate() {
            let (before, after) = kept.parts.split_at_mut(i + 1);
            let KeptPart { input, between, moments, branch } = &mut before[i];
            let (output, moments, weights) = (&mut after[0].input, fit(moments, n), &pass.weights[part.norm.clone()]);
            match self.config.placement {
                Placement::Pre => {
                    norm::forward(norm_shape(&self.config), input, weights, fit(between, n * width), moments);
                    output.clone_from(input);
                    self.branch_forward(&part.branch, pass, between, &kept.bias, branch, output);
                }
                Placement::Post => {
                    between.clone_from(input);
                    self.branch_forward(&part.branch, pass, input, &kept.bias, branch, between);
                    norm::forward(norm_shape(&self.config), between, weights, fit(output, n * width), moments);
                }
            }
        }
        if let Some(norm) = &self.norm {
            let input = &kept.parts[self.parts.len()].input;
            norm::forward(norm_shape(&self.config), input, &pass.weights[norm.clone()], fit(&mut kept.last, n * width), fit(&mut kept.moments, n));
        }
    }

    /// What came out.
    pub fn output<'a>(&self, kept: &'a Kept) -> &'a [f32] {
        if self.norm.is_some() { &kept.last } else { &kept.parts[self.parts.len()].input }
    }

    /// Turns `dstream`, the gradient of the output, into that of the input; adds to `gradient` and to `dcontext`, the gradient of the encoder's outputs.
    pub fn backward(&self, pass: Pass, kept: &Kept, dstream: &mut Vec<f32>, dcontext: &mut [f32], gradient: &mut [f32], scratch: &mut Scratch) {
        let shape = norm_shape(&self.config);
        let mut dbranch = std::mem::take(&mut scratch.dbranch);
        let mut dsum = std::mem::take(&mut scratch.dsum);
        scratch.dbias.clear();
        scratch.dbias.resize(kept.bias.len(), 0.0);
        if let Some(norm) = &self.norm {
            dsum.clone_from(dstream);
            dstream.fill(0.0);
            let input = &kept.parts[self.parts.len()].input;
            norm::backward(shape, input, &pass.weights[norm.clone()], &kept.moments, &dsum, dstream, &mut gradient[norm.clone()]);
        }
        for (part, kept_part) in self.parts.iter().zip(&kept.parts).rev() {
            let KeptPart { input, between, moments, branch } = kept_part;
            let at = part.norm.clone();
            match self.config.placement {
                Placement::Pre => {
                    let dx = (fit(&mut dbranch, dstream.len()), Output::Set);
                    let flow = Flow { dout: dstream, dx, dcontext: &mut *dcontext, gradient: &mut *gradient, scratch: &mut *scratch };
                    self.branch_backward(&part.branch, pass, between, &kept.bias, branch, flow);
                    norm::backward(shape, input, &pass.weights[at.clone()], moments, &dbranch, dstream, &mut gradient[at]);
                }
                Placement::Post => {
                    fit(&mut dsum, dstream.len()).fill(0.0);
                    norm::backward(shape, between, &pass.weights[at.clone()], moments, dstream, &mut dsum, &mut gradient[at]);
                    dstream.clone_from(&dsum);
                    let dx = (dstream.as_mut_slice(), Output::Add);
                    let flow = Flow { dout: &dsum, dx, dcontext: &mut *dcontext, gradient: &mut *gradient, scratch: &mut *scratch };
                    self.branch_backward(&part.branch, pass, input, &kept.bias, branch, flow);
                }
            }
        }
        self.gather_bias(&scratch.dbias, gradient);
        (scratch.dbranch, scratch.dsum) = (dbranch, dsum);
    }

    /// Adds what a branch makes of `x` to `out`.
    fn branch_forward(&self, branch: &Branch, pass: Pass, x: &[f32], bias: &[f32], kept: &mut KeptBranch, out: &mut [f32]) {
        let (n, config) = (pass.stream.ids.len(), &self.config);
        match branch {
            Branch::Attention { across, q, kv, out: projection } => {
                let seen = if *across { pass.context } else { x };
                let (width, kv_width) = (config.width, config.kv_width());
                let queries = fit(&mut kept.q, n * width);
                linear(width, width).forward(&pass.weights[q.clone()], x, queries, Output::Set);
                let keys = fit(&mut kept.kv, seen.len() / width * 2 * kv_width);
                linear(width, 2 * kv_width).forward(&pass.weights[kv.clone()], seen, keys, Output::Set);
                self.turn(*across, queries, keys, &pass.stream.positions, Turn::Forward);
                let attention = self.attention(*across, pass.stream, bias);
                let probabilities = fit(&mut kept.probabilities, attention.probabilities());
                let attended = fit(&mut kept.attended, n * width);
                attention.forward(queries, keys, probabilities, attended);
                linear(width, width).forward(&pass.weights[projection.clone()], attended, out, Output::Add);
            }
            Branch::FeedForward { up, down } => {
                let expanded = fit(&mut kept.expanded, n * config.expanded());
                linear(config.width, config.expanded()).forward(&pass.weights[up.clone()], x, expanded, Output::Set);
                let active = fit(&mut kept.active, n * config.hidden);
                match config.activation {
                    Activation::Relu => relu(expanded, active),
                    Activation::Gelu => gelu(expanded, active),
                    Activation::SwiGlu => swiglu(expanded, active, config.hidden),
                }
                linear(config.hidden, config.width).forward(&pass.weights[down.clone()], active, out, Output::Add);
            }
            Branch::Recurrent(directions) => {
                for (kind, (direction, kept)) in (0..).zip(directions.iter().zip(&mut kept.directions)) {
                    direction.forward(pass.weights, &pass.stream.steps(kind), x, kept, out);
                }
            }
        }
    }

    /// Gradients of [`Stack::branch_forward`], given that of its output: sets or adds to `dx`, adds to the others.
    fn branch_backward(&self, branch: &Branch, pass: Pass, x: &[f32], bias: &[f32], kept: &KeptBranch, flow: Flow) {
        let Flow { dout, dx: (dx, mode), dcontext, gradient, scratch } = flow;
        let config = &self.config;
        match branch {
            Branch::Attention { across, q, kv, out } => {
                let (width, kv_width) = (config.width, config.kv_width());
                let dattended = fit(&mut scratch.dattended, dout.len());
                linear(width, width).backward(&pass.weights[out.clone()], &kept.attended, dout, (dattended, Output::Set), &mut gradient[out.clone()]);
                let (dq, dkv) = (fit(&mut scratch.dq, kept.q.len()), fit(&mut scratch.dkv, kept.kv.len()));
                let dbias = (!across && !bias.is_empty()).then_some(scratch.dbias.as_mut_slice());
                self.attention(*across, pass.stream, bias).backward(&kept.q, &kept.kv, &kept.probabilities, dattended, (dq, dkv), dbias);
                self.turn(*across, dq, dkv, &pass.stream.positions, Turn::Back);
                linear(width, width).backward(&pass.weights[q.clone()], x, dq, (&mut *dx, mode), &mut gradient[q.clone()]);
                let (seen, dseen) = if *across { (pass.context, dcontext) } else { (x, dx) };
                linear(width, 2 * kv_width).backward(&pass.weights[kv.clone()], seen, dkv, (dseen, Output::Add), &mut gradient[kv.clone()]);
            }
            Branch::FeedForward { up, down } => {
                let dactive = fit(&mut scratch.dactive, kept.active.len());
                linear(config.hidden, config.width).backward(
                    &pass.weights[down.clone()],
                    &kept.active,
                    dout,
                    (dactive, Output::Set),
                    &mut gradient[down.clone()],
                );
                let dexpanded: &[f32] = match config.activation {
                    Activation::Relu => {
                        relu_backward(&kept.expanded, dactive);
                        dactive
                    }
                    Activation::Gelu => {
                        gelu_backward(&kept.expanded, dactive);
                        dactive
                    }
                    Activation::SwiGlu => {
                        let dexpanded = fit(&mut scratch.dexpanded, kept.expanded.len());
                        swiglu_backward(&kept.expanded, dactive, dexpanded, config.hidden);
                        dexpanded
                    }
                };
                linear(config.width, config.expanded()).backward(&pass.weights[up.clone()], x, dexpanded, (dx, mode), &mut gradient[up.clone()]);
            }
            Branch::Recurrent(directions) => {
                if mode == Output::Set {
                    dx.fill(0.0);
                }
                for (kind, (direction, kept)) in (0..).zip(directions.iter().zip(&kept.directions)) {
                    direction.backward(pass.weights, &pass.stream.steps(kind), kept, dout, dx, gradient);
                }
            }
        }
    }

    fn attention<'a>(&'a self, across: bool, stream: &'a Stream, values: &'a [f32]) -> Attention<'a> {
        let distances = match &self.scheme {
            Scheme::Slopes { distances, .. } | Scheme::Buckets { distances, .. } if !across => Some(distances),
            _ => None,
        };
        Attention {
            heads: self.config.heads,
            kv_heads: self.config.kv_heads,
            size: self.config.head(),
            views: if across { &stream.across } else { &stream.views },
            bias: distances.map(|distances| Bias { values, distances, positions: &stream.positions }),
        }
    }

    /// Rotary positions, of the stack's own tokens.
    fn turn(&self, across: bool, q: &mut [f32], kv: &mut [f32], positions: &[u32], way: Turn) {
        if let (Scheme::Rotary(rotary), false) = (&self.scheme, across) {
            let (width, kv_width) = (self.config.width, self.config.kv_width());
            rotary.turn(q, width, width, positions, way);
            rotary.turn(kv, kv_width, 2 * kv_width, positions, way);
        }
    }

    /// Biases of all distances, heads x distances; none where there are no such.
    fn spread_bias(&self, weights: &[f32], bias: &mut Vec<f32>) {
        bias.clear();
        match &self.scheme {
            Scheme::Embedded | Scheme::Rotary(_) => {}
            Scheme::Slopes { values, .. } => bias.extend(values),
            Scheme::Buckets { bucket_of, table, .. } => {
                let heads = weights[table.clone()].chunks_exact(BUCKETS);
                bias.extend(heads.flat_map(|head| bucket_of.iter().map(|bucket| head[*bucket])));
            }
        }
    }

    fn gather_bias(&self, dbias: &[f32], gradient: &mut [f32]) {
        if let Scheme::Buckets { bucket_of, table, .. } = &self.scheme {
            let heads = gradient[table.clone()].chunks_exact_mut(BUCKETS);
            heads.zip(dbias.chunks_exact(bucket_of.len())).for_each(|(head, of_head)| bucket_of.iter().zip(of_head).for_each(|(bucket, d)| head[*bucket] += d));
        }
    }
}

impl Part {
    /// An LSTM layer, of one set of weights a direction.
    fn recurrent(layout: &mut Layout, name: &str, config: &ModelConfig) -> Self {
        let norm = layout.norm(&format!("{name}.norm"), config.width, config.bias);
        Self { norm, branch: Branch::Recurrent(["forward", "backward"].map(|way| Direction::new(layout, &format!("{name}.{way}"), config.width))) }
    }
}

pub(super) fn norm_shape(config: &ModelConfig) -> norm::Shape {
    norm::Shape { width: config.width, centred: config.norm == Norm::Layer }
}

pub(super) fn linear(inputs: usize, outputs: usize) -> Linear {
    Linear { inputs, outputs }
}

/// `buffer` at a length; what it held is of no meaning.
pub(super) fn fit<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    buffer.resize(len, T::default());
    buffer
}
