//! The operations of a Transformer, forward and backward, on flat f32 slices, row after row; each is checked by finite differences.
//!
//! All run on the thread that calls them and sum in a fixed order. They panic where shapes do not fit: that is a fault of the model, never of data.

pub mod activation;
pub mod attention;
#[cfg(test)]
mod check;
pub mod contrast;
pub mod loss;
pub mod lstm;
pub mod matrix;
pub mod norm;
pub mod position;
pub mod simd;
