//! What the model sees of a block: itself, what holds it, what stands beside it and the page.

use super::blocks::{Area, Block, Blocks, role};
use super::echo::{ECHOES, Echo};
use super::hints::Hints;
use super::kin::{Clan, clans, groups, kin_key, twins};
use super::names::GROUP_COUNT;
use super::outline::sections;

/// Levels of areas around a block that are looked at.
const LEVELS: usize = 6;
/// Blocks looked at before and after.
const BESIDE: usize = 3;
const ROLES: usize = role::COUNT as usize;
/// Levels of areas whose likes elsewhere on the page are looked at.
const CLAN_LEVELS: usize = 5;
/// Groups of names whose number of areas on the page is a feature of all its blocks.
const PAGE_GROUPS: [usize; 18] = [2, 3, 7, 8, 9, 17, 27, 28, 29, 34, 35, 36, 37, 38, 39, 42, 43, 52];

/// Features of a block.
pub const FEATURES: usize =
    27 + LEVELS * 5 + GROUP_COUNT + ROLES + BESIDE * 2 * 5 + CLAN_LEVELS * 4 + 5 + 3 + 9 + ECHOES + 8 + 12 + PAGE_GROUPS.len() + Hints::COUNT;

/// A matrix of features, one row a block.
pub struct Table {
    pub values: Vec<f32>,
    /// Whether a block repeats another part of the page (see [`super::kin::Twin`]).
    pub repeats: Vec<bool>,
}

impl Table {
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * FEATURES..(at + 1) * FEATURES]
    }
}

fn log(x: f32) -> f32 {
    (1.0 + x.max(0.0)).ln()
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Sums over the blocks that share a path.
#[derive(Clone, Copy, Default)]
struct Kin {
    blocks: f32,
    units: f32,
    link_units: f32,
    closed: f32,
}

/// Computes the features of every block. Time is linear in blocks (sorting aside).
pub fn features(page: &Blocks, hints: &Hints, echo: &Echo) -> Table {
    let (areas, blocks) = (&page.areas, &page.blocks);
    let mut values = Vec::with_capacity(blocks.len() * FEATURES);
    if blocks.is_empty() {
        return Table { values, repeats: Vec::new() };
    }
    let root = &areas[0];
    let kin = kin(page);
    let twins = twins(page);
    let (top, top_score) = top_area(page);
    let clans = clans(areas);
    let sections = sections(page);
    let facts = page_facts(page);
    let groups = PAGE_GROUPS.map(|bit| log(areas.iter().filter(|a| a.own >> bit & 1 == 1).count() as f32));
    let first_h1 = blocks.iter().position(|b| b.heading == 1);
    let first_long = blocks.iter().position(Block::is_long).unwrap_or(0);
    let last_long = blocks.iter().rposition(Block::is_long).unwrap_or(0);
    let mut before = 0.0;
    for (at, b) in blocks.iter().enumerate() {
        let row_start = values.len();
        let n = &b.counts;
        let home = &areas[b.home as usize];
        let mut f = |v: f32| values.push(v);
        f(n.units);
        f(n.words as f32);
        f(n.chars as f32);
        f(share(n.letters as f32, n.words as f32));
        f(share(b.link_units, n.units.max(1.0)));
        f(b.links as f32);
        f(share(b.bold_units, n.units.max(1.0)));
        f(n.ends as f32);
        f(share(n.ends as f32, n.units));
        f(share(n.commas as f32, n.units));
        f(f32::from(n.is_closed()));
        f(f32::from(n.starts_upper));
        f(share(n.upper as f32, n.letters as f32));
        f(share(n.capitals as f32, n.words as f32));
        f(share(n.digits as f32, n.chars as f32));
        f(share(n.bars as f32, n.words as f32));
        f(n.money as f32);
        f(f32::from(n.rights));
        f(b.images as f32);
        f(f32::from(b.heading));
        f(f32::from(b.list_depth));
        f(f32::from(b.opens_item));
        f(f32::from(b.pre));
        f(f32::from(b.row != u32::MAX));
        f(home.tag as u8 as f32);
        f(areas[home.parent as usize].tag as u8 as f32);
        f(f32::from(home.depth));
        let mut up = b.home as usize;
        for _ in 0..LEVELS {
            let a = &areas[up];
            f(log(a.units));
            f(share(a.link_units, a.units));
            f(log(a.blocks as f32));
            f(share(a.long_blocks as f32, a.blocks as f32));
            f(share(a.units, root.units));
            up = a.parent as usize;
        }
        for bit in 0..GROUP_COUNT {
            let m = 1u64 << bit;
            f(if (home.own | b.inline) & m != 0 {
                3.0
            } else if home.near & m != 0 {
                2.0
            } else if home.all & m != 0 {
                1.0
            } else {
                0.0
            });
        }
        for bit in 0..ROLES {
            f(f32::from(home.roles >> bit & 1 == 1));
        }
        for step in 1..=BESIDE {
            for side in [at.checked_sub(step), Some(at + step)] {
                match side.and_then(|s| blocks.get(s)) {
                    Some(o) => {
                        f(o.counts.units);
                        f(share(o.link_units, o.counts.units.max(1.0)));
                        f(f32::from(o.heading));
                        f(f32::from(o.counts.is_closed()));
                        f(shared_levels(areas, b.home, o.home));
                    }
                    None => (0..5).for_each(|_| f(-1.0)),
                }
            }
        }
        let mut up = b.home as usize;
        for _ in 0..CLAN_LEVELS {
            let Clan { areas: likes, units, link_units, long_blocks } = clans[up];
            f(log(likes));
            f(log(share(units, likes)));
            f(share(units, root.units));
            f(share(long_blocks, likes) - share(link_units, units));
            up = areas[up].parent as usize;
        }
        let k = &kin[at];
        f(k.blocks);
        f(share(k.units, root.units));
        f(share(k.link_units, k.units));
        f(share(k.units, k.blocks));
        f(share(k.closed, k.blocks));
        f(twins[at].count);
        f(twins[at].before);
        f(f32::from(twins[at].repeat));
        let section = &sections[at];
        f(section.heading.map_or(0.0, |h| f32::from(blocks[h as usize].heading)));
        f(section.heading.map_or(-1.0, |h| share(blocks[h as usize].link_units, blocks[h as usize].counts.units.max(1.0))));
        f(section.heading.map_or(-1.0, |h| shared_levels(areas, b.home, blocks[h as usize].home)));
        f(at as f32 - section.first as f32);
        f(section.end as f32 - at as f32);
        f(log(section.units));
        f(share(section.link_units, section.units));
        f(section.long_blocks);
        f(share(section.long_blocks, (section.end - section.first) as f32));
        echo.columns(page.text_of(b)).into_iter().for_each(&mut f);
        f(share(at as f32, blocks.len() as f32));
        f(share(before, root.units));
        f(first_h1.map_or(-1.0, |h| (at as f32 - h as f32).clamp(-200.0, 200.0)));
        f(at as f32 - first_long as f32);
        f(last_long as f32 - at as f32);
        f(inside(areas, b.home, top));
        f(share(areas[top].units, root.units));
        f(top_score);
        facts.iter().for_each(|&v| f(v));
        groups.iter().for_each(|&v| f(v));
        hints.flags().for_each(&mut f);
        before += n.units;
        debug_assert_eq!(values.len() - row_start, FEATURES);
    }
    Table { values, repeats: twins.iter().map(|t| t.repeat).collect() }
}

/// Levels from `a` up to the area that also holds `b`, at most 8.
fn shared_levels(areas: &[Area], a: u32, b: u32) -> f32 {
    let (mut x, mut y) = (a as usize, b as usize);
    let mut steps = 0;
    while x != y && steps < 8 {
        // The later area is never around the earlier one.
        if x > y {
            x = areas[x].parent as usize;
            steps += 1;
        } else {
            y = areas[y].parent as usize;
        }
    }
    steps as f32
}

/// 0 outside, else 1 plus the levels between, at most 9.
fn inside(areas: &[Area], home: u32, top: usize) -> f32 {
    let mut at = home as usize;
    let mut steps = 1;
    while at > top {
        at = areas[at].parent as usize;
        steps += 1;
    }
    if at == top { steps.min(9) as f32 } else { 0.0 }
}

fn kin(page: &Blocks) -> Vec<Kin> {
    let mut out = vec![Kin::default(); page.blocks.len()];
    groups(
        page.blocks.len(),
        |at| kin_key(page, &page.blocks[at]),
        |group| {
            let mut sum = Kin::default();
            for &(_, at) in group {
                let b = &page.blocks[at as usize];
                sum.blocks += 1.0;
                sum.units += b.counts.units;
                sum.link_units += b.link_units;
                sum.closed += f32::from(b.counts.is_closed());
            }
            group.iter().for_each(|&(_, at)| out[at as usize] = sum);
        },
    );
    out
}

/// The area that readability's scoring (Arc90, as in Mozilla Readability) would choose, and its score:
/// long paragraphs give points to the area around and half to the next, less by link density.
fn top_area(page: &Blocks) -> (usize, f32) {
    let mut score = vec![0.0f32; page.areas.len()];
    for b in page.blocks.iter().filter(|b| b.counts.units >= 5.0) {
        let points = (1.0 + b.counts.commas as f32 + (b.counts.units / 17.0).min(3.0)) * (1.0 - share(b.link_units, b.counts.units));
        let parent = page.areas[b.home as usize].parent as usize;
        let grand = page.areas[parent].parent as usize;
        score[parent] += points;
        if grand != parent {
            score[grand] += points / 2.0;
        }
    }
    let mut best = (0, 0.0f32);
    for (at, a) in page.areas.iter().enumerate() {
        let s = score[at] * (1.0 - share(a.link_units, a.units));
        if s > best.1 {
            best = (at, s);
        }
    }
    (best.0, log(best.1))
}

fn page_facts(page: &Blocks) -> [f32; 12] {
    let root = &page.areas[0];
    let count = |bit: u32| page.areas.iter().filter(|a| a.roles & bit != 0 && page.areas[a.parent as usize].roles & bit == 0).count() as f32;
    let units = |test: &dyn Fn(&Block) -> bool| share(page.blocks.iter().filter(|b| test(b)).map(|b| b.counts.units).sum(), root.units);
    let unspaced: u32 = page.blocks.iter().map(|b| b.counts.words).sum();
    [
        log(root.units),
        log(root.blocks as f32),
        share(root.link_units, root.units),
        share(root.long_blocks as f32, root.blocks as f32),
        count(role::ARTICLE),
        count(role::MAIN),
        units(&Block::is_long),
        units(&|b| b.pre),
        units(&|b| b.row != u32::MAX),
        units(&|b| b.list_depth > 0),
        log(root.headings as f32),
        share(root.units, unspaced as f32),
    ]
}
