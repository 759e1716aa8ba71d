//! What the second round of the model sees besides: the first round's chances around a block.
//! `benches/training/context.py` computes the same for training.

use super::blocks::Blocks;
use super::kin::{groups, kin_key};

const BESIDE: usize = 4;
const LEVELS: usize = 6;
const WINDOWS: [usize; 3] = [3, 8, 20];
/// Columns added to the features.
pub const CONTEXT: usize = 1 + BESIDE * 2 + WINDOWS.len() + LEVELS + 1 + 4 + 1 + 2;

/// Running sums: `sums[i]` is the sum of the first `i`.
fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain(values.map(|v| {
            sum += v;
            sum
        }))
        .collect()
}

/// Weight of a block: its length in words.
pub fn weight(page: &Blocks, at: usize) -> f64 {
    f64::from(page.blocks[at].counts.units.max(0.1))
}

/// One row of [`CONTEXT`] columns a block.
pub fn context(page: &Blocks, chance: &[f32]) -> Vec<f32> {
    let n = chance.len();
    let chance: Vec<f64> = chance.iter().map(|&p| f64::from(p)).collect();
    let weights: Vec<f64> = (0..n).map(|at| weight(page, at)).collect();
    let sum_w = running(weights.iter().copied());
    let sum_pw = running(chance.iter().zip(&weights).map(|(p, w)| p * w));
    let (total, hoped) = (sum_w[n], sum_pw[n]);
    let (area_w, area_pw) = area_sums(page, &chance, &weights);
    let kin = kin_means(page, &chance, &weights);
    let ranks = ranks(&chance, &weights, total);
    let highest = chance.iter().copied().fold(0.0, f64::max);
    let (best, best_f1) = best_area(&area_w, &area_pw, hoped);
    let mut out = Vec::with_capacity(n * CONTEXT);
    for at in 0..n {
        let mut f = |v: f64| out.push(v as f32);
        f(chance[at]);
        for step in 1..=BESIDE {
            f(at.checked_sub(step).map_or(-1.0, |o| chance[o]));
            f(chance.get(at + step).copied().unwrap_or(-1.0));
        }
        for reach in WINDOWS {
            let (from, to) = (at.saturating_sub(reach), (at + reach + 1).min(n));
            f((sum_pw[to] - sum_pw[from]) / (sum_w[to] - sum_w[from]));
        }
        let mut up = page.blocks[at].home as usize;
        for _ in 0..LEVELS {
            f(area_pw[up] / area_w[up]);
            up = page.areas[up].parent as usize;
        }
        f(kin[at]);
        f(hoped / total);
        f(hoped.ln_1p());
        f(highest);
        f(sum_pw[at] / hoped);
        f(ranks[at]);
        f(f64::from(u8::from(is_inside(page, page.blocks[at].home, best))));
        f(best_f1);
    }
    out
}

fn area_sums(page: &Blocks, chance: &[f64], weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut w, mut pw) = (vec![0.0; page.areas.len()], vec![0.0; page.areas.len()]);
    for (at, b) in page.blocks.iter().enumerate() {
        w[b.home as usize] += weights[at];
        pw[b.home as usize] += chance[at] * weights[at];
    }
    for at in (1..page.areas.len()).rev() {
        let parent = page.areas[at].parent as usize;
        w[parent] += w[at];
        pw[parent] += pw[at];
    }
    (w, pw)
}

fn kin_means(page: &Blocks, chance: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; chance.len()];
    groups(
        chance.len(),
        |at| kin_key(page, &page.blocks[at]),
        |group| {
            let (mut w, mut pw) = (0.0, 0.0);
            for &(_, at) in group {
                w += weights[at as usize];
                pw += chance[at as usize] * weights[at as usize];
            }
            group.iter().for_each(|&(_, at)| out[at as usize] = pw / w);
        },
    );
    out
}

/// Share of the page's words in blocks at least as likely.
fn ranks(chance: &[f64], weights: &[f64], total: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chance.len()).collect();
    order.sort_by(|&a, &b| chance[b].total_cmp(&chance[a]).then(a.cmp(&b)));
    let mut out = vec![0.0; chance.len()];
    let mut sum = 0.0;
    for at in order {
        sum += weights[at];
        out[at] = sum / total;
    }
    out
}

/// The area that would give the best expected F1 if all of it were chosen, the first of equals.
fn best_area(area_w: &[f64], area_pw: &[f64], hoped: f64) -> (usize, f64) {
    let mut best = (0, 0.0);
    for (at, (w, pw)) in area_w.iter().zip(area_pw).enumerate() {
        let f1 = 2.0 * pw / (w + hoped);
        if f1 > best.1 {
            best = (at, f1);
        }
    }
    best
}

fn is_inside(page: &Blocks, home: u32, area: usize) -> bool {
    let mut at = home as usize;
    while at > area {
        at = page.areas[at].parent as usize;
    }
    at == area
}
