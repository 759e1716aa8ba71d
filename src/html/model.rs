//! The chance that a block is main content: boosted trees look at each block, then a network that also sees what these said of
//! the blocks around. The log-odds of both are averaged.

use super::blocks::Blocks;
use super::context::{CONTEXT, context};
use super::features::{FEATURES, Table};
use super::forest::Forest;
use super::kin::{groups, kin_key};
use super::net::{GROUPINGS, Grouping, Net};
use super::tree::NONE;
use std::sync::LazyLock;

/// Features, context and the trees' log-odds.
const INPUTS: usize = FEATURES + CONTEXT + 1;
/// Areas, counted from the block outwards, that group blocks for the network.
const GROUP_LEVELS: [usize; GROUPINGS - 1] = [0, 1, 2, 4];
/// Longest weight of a block in means, in words.
const LONGEST: f32 = 300.0;

/// Trained by `benches/training/train.py`; see `filters/models/MODEL.md`.
static MODEL: LazyLock<Option<Model>> = LazyLock::new(|| read(include_bytes!("../../filters/models/main_content.bin")));

struct Model {
    trees: Forest,
    net: Net,
}

fn read(bytes: &[u8]) -> Option<Model> {
    let (trees, rest) = Forest::read(bytes)?;
    let net = Net::read(rest)?;
    (trees.features == FEATURES && net.inputs == INPUTS).then_some(Model { trees, net })
}

fn log_odds(chance: f32) -> f32 {
    let chance = chance.clamp(1e-5, 1.0 - 1e-5);
    chance.ln() - (1.0 - chance).ln()
}

/// One chance a block.
pub fn chances(page: &Blocks, table: &Table) -> Vec<f32> {
    let Some(Model { trees, net }) = &*MODEL else {
        return vec![0.0; page.blocks.len()];
    };
    let early = trees.chances(&table.values);
    let around = context(page, &early);
    let mut rows = Vec::with_capacity(early.len() * INPUTS);
    for ((own, around), &chance) in table.values.chunks_exact(FEATURES).zip(around.chunks_exact(CONTEXT)).zip(&early) {
        // Counts are long-tailed; their roots suit a network better.
        rows.extend(own.iter().map(|v| v.abs().sqrt().copysign(*v)));
        rows.extend_from_slice(around);
        rows.push(log_odds(chance));
    }
    let weights: Vec<f32> = page.blocks.iter().map(|b| b.counts.units.clamp(0.1, LONGEST)).collect();
    let late = net.log_odds(&rows, &weights, &groupings(page));
    early.iter().zip(late).map(|(&early, late)| 1.0 / (1.0 + (-(log_odds(early) + late) / 2.0).exp())).collect()
}

/// Blocks grouped by the areas around them, and by kin.
fn groupings(page: &Blocks) -> [Grouping; GROUPINGS] {
    let by_area = |levels: usize| {
        let mut index = vec![NONE; page.areas.len()];
        let mut grouping = Grouping { of: Vec::with_capacity(page.blocks.len()), count: 0 };
        for block in &page.blocks {
            let above = (0..levels).fold(block.home, |at, _| page.areas[at as usize].parent);
            let group = &mut index[above as usize];
            if *group == NONE {
                *group = grouping.count as u32;
                grouping.count += 1;
            }
            grouping.of.push(*group);
        }
        grouping
    };
    let mut kin = Grouping { of: vec![0; page.blocks.len()], count: 0 };
    groups(
        page.blocks.len(),
        |at| kin_key(page, &page.blocks[at]),
        |group| {
            group.iter().for_each(|&(_, at)| kin.of[at as usize] = kin.count as u32);
            kin.count += 1;
        },
    );
    let [a, b, c, d] = GROUP_LEVELS.map(by_area);
    [a, b, c, d, kin]
}

#[cfg(test)]
mod tests {
    use super::super::{blocks::Style, echo::Echo, features::features, meta::meta, parse, walk};
    use super::*;

    #[test]
    fn the_model_fits_what_is_computed() {
        let Model { trees, net } = MODEL.as_ref().unwrap();
        let tree = parse::parse("<title>T</title><h1>One</h1><p>Two words.<ul><li>three</ul>", parse::Bounds { bytes: 1000, nodes: 1000, depth: 100 }).unwrap();
        let meta = meta(&tree);
        let page = walk::blocks(&tree, meta.body.unwrap_or(0), Style::default());
        let table = features(&page, &meta.hints, &Echo::of(&meta));
        let around = context(&page, &vec![0.5; page.blocks.len()]);
        assert_eq!(page.blocks.len(), 3);
        assert_eq!(table.values.len(), 3 * trees.features);
        assert_eq!(table.values.len() + around.len() + 3, 3 * net.inputs);
    }
}
