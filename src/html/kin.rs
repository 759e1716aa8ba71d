//! Blocks and areas alike: same place in repeated parts, or same text.

use super::blocks::{Area, Block, Blocks};
use super::names::hash_of;

/// Shortest text, in words, of which a second copy counts as a repeat.
const REPEAT_WORDS: u32 = 6;

/// Equal for blocks in like places of repeated parts.
pub fn kin_key(page: &Blocks, b: &Block) -> (u32, u8, bool) {
    (page.areas[b.home as usize].path, b.heading, b.opens_item)
}

/// Sorts indices by a key and hands each run of equals, in order of the page, to `each`.
pub fn groups<K: Ord + Copy>(count: usize, key: impl Fn(usize) -> K, mut each: impl FnMut(&[(K, u32)])) {
    let mut order: Vec<(K, u32)> = (0..count).map(|at| (key(at), at as u32)).collect();
    order.sort_unstable();
    order.chunk_by(|a, b| a.0 == b.0).for_each(&mut each);
}

/// Sums over the areas that share a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clan {
    pub areas: f32,
    pub units: f32,
    pub link_units: f32,
    pub long_blocks: f32,
}

/// For each area the sums over all areas with its path.
pub fn clans(areas: &[Area]) -> Vec<Clan> {
    let mut out = vec![Clan::default(); areas.len()];
    groups(
        areas.len(),
        |at| areas[at].path,
        |group| {
            let mut sum = Clan::default();
            for &(_, at) in group {
                let a = &areas[at as usize];
                sum.areas += 1.0;
                sum.units += a.units;
                sum.link_units += a.link_units;
                sum.long_blocks += a.long_blocks as f32;
            }
            group.iter().for_each(|&(_, at)| out[at as usize] = sum);
        },
    );
    out
}

/// How a block's text stands among blocks with the same text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Twin {
    /// Blocks with the text.
    pub count: f32,
    /// Those of them before it.
    pub before: f32,
    /// Whether it repeats, word for word, a longer text of another part of the page: one copy is for other screens.
    pub repeat: bool,
}

fn text_hash(page: &Blocks, at: usize) -> u32 {
    hash_of(page.text_of(&page.blocks[at]).as_bytes())
}

/// The area two levels above a block's own. Copies below the same one belong to one part of the page.
fn part_of(page: &Blocks, at: u32) -> u32 {
    let parent = page.areas[page.blocks[at as usize].home as usize].parent;
    page.areas[parent as usize].parent
}

/// Finds blocks with the same text.
pub fn twins(page: &Blocks) -> Vec<Twin> {
    let mut out = vec![Twin { count: 1.0, before: 0.0, repeat: false }; page.blocks.len()];
    groups(
        page.blocks.len(),
        |at| text_hash(page, at),
        |group| {
            let first = group[0].1;
            for (rank, &(_, at)) in group.iter().enumerate() {
                let long = page.blocks[at as usize].counts.words >= REPEAT_WORDS;
                let repeat = long && rank > 0 && part_of(page, at) != part_of(page, first);
                out[at as usize] = Twin { count: group.len() as f32, before: rank as f32, repeat };
            }
        },
    );
    out
}

/// Keeps a text that stands in several parts of the page in the part of its likeliest copy alone: other copies get no chance.
pub fn leave_copies(page: &Blocks, chance: &mut [f32]) {
    groups(
        page.blocks.len(),
        |at| text_hash(page, at),
        |group| {
            let mut best = group[0].1;
            if group.len() == 1 || page.blocks[best as usize].counts.words < REPEAT_WORDS {
                return;
            }
            for &(_, at) in group {
                if chance[at as usize] > chance[best as usize] {
                    best = at;
                }
            }
            let elsewhere = group.iter().filter(|&&(_, at)| part_of(page, at) != part_of(page, best));
            elsewhere.for_each(|&(_, at)| chance[at as usize] = 0.0);
        },
    );
}

#[cfg(test)]
mod tests {
    use super::super::{blocks::Style, parse, walk};
    use super::*;

    #[test]
    fn a_second_copy_elsewhere_is_a_repeat() {
        let text = "Six words or more in a row.";
        let html = format!("<main><div><p>{text}</p><p>{text}</p><p>Short.</p></div></main><section><div><p>{text}</p><p>Short.</p></div></section>");
        let tree = parse::parse(&html, parse::Bounds { bytes: 1000, nodes: 1000, depth: 100 }).unwrap();
        let page = walk::blocks(&tree, 0, Style::default());
        let twins: Vec<(f32, f32, bool)> = twins(&page).iter().map(|t| (t.count, t.before, t.repeat)).collect();
        assert_eq!(twins, [(3.0, 0.0, false), (3.0, 1.0, false), (2.0, 0.0, false), (3.0, 2.0, true), (2.0, 1.0, false)]);
    }

    #[test]
    fn the_likeliest_copy_is_kept() {
        let text = "Six words or more in a row.";
        let html = format!("<aside><div><p>{text}</p><p>Short.</p></div></aside><main><div><p>{text}</p><p>{text}</p><p>Short.</p></div></main>");
        let tree = parse::parse(&html, parse::Bounds { bytes: 1000, nodes: 1000, depth: 100 }).unwrap();
        let page = walk::blocks(&tree, 0, Style::default());
        let left = |mut chance: [f32; 5]| {
            leave_copies(&page, &mut chance);
            chance
        };
        assert_eq!(left([0.2, 0.5, 0.8, 0.9, 0.5]), [0.0, 0.5, 0.8, 0.9, 0.5]);
        assert_eq!(left([0.9, 0.5, 0.8, 0.9, 0.5]), [0.9, 0.5, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn areas_of_one_path_are_a_clan() {
        let html = "<main><div class=post><p>one two</p></div><div class=post><p>three</p></div><div class=ad><p>four</p></div></main>";
        let tree = parse::parse(html, parse::Bounds { bytes: 1000, nodes: 1000, depth: 100 }).unwrap();
        let page = walk::blocks(&tree, 0, Style::default());
        let clans = clans(&page.areas);
        let of = |block: usize| clans[page.areas[page.blocks[block].home as usize].parent as usize];
        assert_eq!(of(0), Clan { areas: 2.0, units: 3.0, link_units: 0.0, long_blocks: 0.0 });
        assert_eq!((of(0), of(2).areas), (of(1), 1.0));
    }
}
