//! Which blocks are main content: a chance for each, then the set that promises the best F1.

use super::blocks::{Blocks, role};
use super::names::COMMENT;
use super::tree::NONE;

/// Scenarios looked at where blocks stand and fall together.
const SCENARIOS: u32 = 40;

/// Chooses the blocks that maximise the expected F1 of words, given the chance that each is main content.
///
/// If blocks were independent, the expected F1 of a set S would be about `2 Σ_S pw / (Σ_S w + Σ pw)` with chances p and lengths
/// w, and the best set holds the blocks above some chance (Lewis 1995; Ye et al. 2012). Blocks of one part of a page rather
/// stand and fall together: then the content is all blocks above an unknown bar, which is taken at [`SCENARIOS`] heights. The
/// mean of both is maximised.
pub fn best_set(page: &Blocks, chance: &[f32]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..chance.len()).collect();
    order.sort_by(|&a, &b| chance[b].total_cmp(&chance[a]).then(a.cmp(&b)));
    let (mut taken, mut hit) = (vec![0.0], vec![0.0]);
    for &at in &order {
        let weight = f64::from(page.blocks[at].counts.units.max(0.1));
        taken.push(taken[taken.len() - 1] + weight);
        hit.push(hit[hit.len() - 1] + weight * f64::from(chance[at]));
    }
    let hoped = hit[order.len()];
    let contents: Vec<f64> =
        (0..SCENARIOS).map(|step| (step as f32 + 0.5) / SCENARIOS as f32).map(|bar| taken[order.partition_point(|&at| chance[at] > bar)]).collect();
    let f1 = |hit: f64, sum: f64| if sum > 0.0 { 2.0 * hit / sum } else { 1.0 };
    let mut best = (0.0, 0);
    for (count, &words) in taken.iter().enumerate() {
        let together: f64 = contents.iter().map(|&content| f1(words.min(content), words + content)).sum();
        let apart = if count > 0 { f1(hit[count], words + hoped) } else { 0.0 };
        let expected = together / f64::from(SCENARIOS) + apart;
        if expected > best.0 {
            best = (expected, count);
        }
    }
    let mut chosen = vec![false; chance.len()];
    order[..best.1].iter().for_each(|&at| chosen[at] = true);
    chosen
}

/// Share of the shown words up to which hidden ones are left out.
const HIDDEN_SHARE: f32 = 0.1;

/// Takes back hidden blocks, unless they are so much of the choice that they must be tabs, folded sections or a page that a
/// script unveils.
pub fn leave_hidden(page: &Blocks, chosen: &mut [bool]) {
    let is_hidden = |at: usize| page.areas[page.blocks[at].home as usize].roles & (role::HIDDEN | role::UNSHOWN) != 0;
    let (mut hidden, mut shown) = (0.0, 0.0);
    for at in (0..chosen.len()).filter(|&at| chosen[at]) {
        *(if is_hidden(at) { &mut hidden } else { &mut shown }) += page.blocks[at].counts.units;
    }
    if hidden < HIDDEN_SHARE * shown {
        (0..chosen.len()).filter(|&at| is_hidden(at)).for_each(|at| chosen[at] = false);
    }
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

#[cfg(test)]
mod tests {
    use super::super::blocks::Block;
    use super::super::measure::Counts;
    use super::*;

    fn page(lengths: &[f32]) -> Blocks {
        let block = |&units: &f32| Block {
            text: 0..0,
            home: 0,
            counts: Counts { units, ..Counts::default() },
            links: 0,
            link_units: 0.0,
            bold_units: 0.0,
            inline: 0,
            heading: 0,
            list_depth: 0,
            opens_item: false,
            item_number: 0,
            pre: false,
            language: None,
            row: NONE,
            cell: NONE,
            images: 0,
            marks: 0..0,
        };
        Blocks { blocks: lengths.iter().map(block).collect(), ..Blocks::default() }
    }

    #[test]
    fn the_set_that_promises_most_is_chosen() {
        assert_eq!(best_set(&page(&[50.0, 50.0, 50.0]), &[0.9, 0.05, 0.6]), [true, false, true]);
        // A long doubtful part would cost more than it may bring.
        assert_eq!(best_set(&page(&[100.0, 500.0]), &[0.99, 0.3]), [true, false]);
        // Where most likely nothing is content, nothing is chosen.
        assert_eq!(best_set(&page(&[5.0, 5.0]), &[0.1, 0.05]), [false, false]);
        assert!(best_set(&page(&[]), &[]).is_empty());
    }
}
