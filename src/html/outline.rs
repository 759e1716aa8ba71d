//! Where a block stands among the headings of its page.

use super::blocks::Blocks;

/// The stretch of blocks from one heading to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Section {
    /// Index of its heading, `None` before the first.
    pub heading: Option<u32>,
    pub first: u32,
    /// One past its last block.
    pub end: u32,
    pub units: f32,
    pub link_units: f32,
    pub long_blocks: f32,
}

/// One section a block.
pub fn sections(page: &Blocks) -> Vec<Section> {
    let blocks = &page.blocks;
    let mut out: Vec<Section> = Vec::with_capacity(blocks.len());
    while out.len() < blocks.len() {
        let first = out.len();
        let headed = blocks[first].heading > 0;
        let body = first + usize::from(headed);
        let length = blocks[body..].iter().position(|b| b.heading > 0).unwrap_or(blocks.len() - body);
        let end = body + length;
        let mut section = Section { heading: headed.then_some(first as u32), first: first as u32, end: end as u32, ..Section::default() };
        for b in &blocks[body..end] {
            section.units += b.counts.units;
            section.link_units += b.link_units;
            section.long_blocks += f32::from(b.is_long());
        }
        out.resize(end, section);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{blocks::Style, parse, walk};
    use super::*;

    #[test]
    fn sections_run_from_heading_to_heading() {
        let html = "<p>before</p><h2>One</h2><p>two words</p><p><a href=/>link</a></p><h2>Empty</h2><h3>Last</h3><p>end</p>";
        let tree = parse::parse(html, parse::Bounds { bytes: 1000, nodes: 1000, depth: 100 }).unwrap();
        let sections = sections(&walk::blocks(&tree, 0, Style::default()));
        let ends: Vec<(Option<u32>, u32)> = sections.iter().map(|s| (s.heading, s.end)).collect();
        assert_eq!(ends, [(None, 1), (Some(1), 4), (Some(1), 4), (Some(1), 4), (Some(4), 5), (Some(5), 7), (Some(5), 7)]);
        assert_eq!((sections[1].units, sections[1].link_units), (3.0, 1.0));
    }
}
