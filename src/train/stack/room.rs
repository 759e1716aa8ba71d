//! Room for a pass: what forward keeps for backward, and gradients on their way.

use crate::train::ops::matrix::Output;
use crate::train::ops::norm::Moments;
use crate::train::recurrent;

/// What a stack's forward pass keeps for its backward pass.
#[derive(Default)]
pub struct Kept {
    pub parts: Vec<KeptPart>,
    /// Biases by distance.
    pub bias: Vec<f32>,
    pub last: Vec<f32>,
    pub moments: Vec<Moments>,
}

/// Of one part.
#[derive(Default)]
pub struct KeptPart {
    pub input: Vec<f32>,
    /// What the norm made of the input, or the sum that it takes.
    pub between: Vec<f32>,
    pub moments: Vec<Moments>,
    pub branch: KeptBranch,
}

/// What a branch computed on the way: queries to `attended`, `expanded` and `active`, or what LSTMs keep.
#[derive(Default)]
pub struct KeptBranch {
    pub q: Vec<f32>,
    pub kv: Vec<f32>,
    pub probabilities: Vec<f32>,
    pub attended: Vec<f32>,
    pub expanded: Vec<f32>,
    pub active: Vec<f32>,
    pub directions: [recurrent::Kept; 2],
}

impl Kept {
    /// Where the stack's input goes.
    pub fn input(&mut self) -> &mut Vec<f32> {
        if self.parts.is_empty() {
            self.parts.push(KeptPart::default());
        }
        &mut self.parts[0].input
    }
}

/// Room for gradients, which both stacks of a model share.
#[derive(Default)]
pub struct Scratch {
    pub dbranch: Vec<f32>,
    pub dsum: Vec<f32>,
    pub dattended: Vec<f32>,
    pub dq: Vec<f32>,
    pub dkv: Vec<f32>,
    pub dexpanded: Vec<f32>,
    pub dactive: Vec<f32>,
    pub dbias: Vec<f32>,
}

/// Gradients on their way through a branch.
pub struct Flow<'a> {
    /// Of what it added.
    pub dout: &'a [f32],
    /// Of what it saw: set or added to.
    pub dx: (&'a mut [f32], Output),
    /// Of the encoder's outputs, added to.
    pub dcontext: &'a mut [f32],
    /// Of the weights, added to.
    pub gradient: &'a mut [f32],
    pub scratch: &'a mut Scratch,
}
