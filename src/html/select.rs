//! Which blocks are main content: a probability for each, then the set that promises the best F1.

use super::blocks::Blocks;
use super::names::COMMENT;
use super::tree::NONE;

/// Chooses the blocks that maximise the expected F1 of words, given the probability that each is main content.
///
/// With probabilities p and lengths w the expected F1 of a set S is about `2 Σ_S pw / (Σ_S w + Σ pw)`; the best set holds the
/// blocks above some probability (Lewis 1995; Ye et al. 2012), so sorting and one pass find it.
pub fn best_set(page: &Blocks, chance: &[f32]) -> Vec<bool> {
    let weight = |at: usize| page.blocks[at].counts.units.max(0.1);
    let hoped: f32 = chance.iter().enumerate().map(|(at, p)| p * weight(at)).sum();
    let mut order: Vec<usize> = (0..chance.len()).collect();
    order.sort_by(|&a, &b| chance[b].total_cmp(&chance[a]).then(a.cmp(&b)));
    let (mut hit, mut taken) = (0.0, 0.0);
    let mut best = (0.0, 0);
    for (count, &at) in order.iter().enumerate() {
        hit += chance[at] * weight(at);
        taken += weight(at);
        let f1 = 2.0 * hit / (taken + hoped);
        if f1 > best.0 {
            best = (f1, count + 1);
        }
    }
    let mut chosen = vec![false; chance.len()];
    order[..best.1].iter().for_each(|&at| chosen[at] = true);
    chosen
}

/// Takes back blocks of tables or readers' comments where these are not wanted.
pub fn leave_out(page: &Blocks, chosen: &mut [bool], tables: bool, comments: bool) {
    for (block, chosen) in page.blocks.iter().zip(chosen) {
        let comment = page.areas[block.home as usize].all >> COMMENT & 1 == 1;
        if tables && block.row != NONE || comments && comment {
            *chosen = false;
        }
    }
}
