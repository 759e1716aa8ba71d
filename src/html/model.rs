//! The chance that a block is main content: two rounds of boosted trees, the second seeing what the first said around it.

use super::blocks::Blocks;
use super::context::{CONTEXT, context};
use super::features::{FEATURES, Table};
use super::forest::Forest;
use std::sync::LazyLock;

/// Trained by `training/train.py`; see `filters/models/MODEL.md`.
static ROUNDS: LazyLock<Option<[Forest; 2]>> = LazyLock::new(|| read(include_bytes!("../../filters/models/main_content.bin")));

fn read(bytes: &[u8]) -> Option<[Forest; 2]> {
    let (first, rest) = Forest::read(bytes)?;
    let (second, rest) = Forest::read(rest)?;
    (rest.is_empty() && first.features == FEATURES && second.features == FEATURES + CONTEXT).then_some([first, second])
}

/// One chance a block.
pub fn chances(page: &Blocks, table: &Table) -> Vec<f32> {
    let Some([first, second]) = &*ROUNDS else {
        return vec![0.0; page.blocks.len()];
    };
    let early = first.chances(&table.values);
    let around = context(page, &early);
    let mut wide = Vec::with_capacity(page.blocks.len() * (FEATURES + CONTEXT));
    for (own, around) in table.values.chunks_exact(FEATURES).zip(around.chunks_exact(CONTEXT)) {
        wide.extend_from_slice(own);
        wide.extend_from_slice(around);
    }
    // The mean of both rounds does a little better across sites than either alone.
    let late = second.chances(&wide);
    early.iter().zip(late).map(|(a, b)| (a + b) / 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_fits_the_features() {
        assert!(ROUNDS.is_some());
    }
}
