//! Blocks, pieces of text that no block-level border runs through, and the areas that hold them.

use super::measure::Counts;
use super::tag::Tag;
use std::borrow::Cow;
use std::ops::Range;

/// A block-level element. Areas stand in document order, so that a parent comes before its children.
#[derive(Clone, Debug)]
pub struct Area {
    /// Index of the area around it; its own index for the first.
    pub parent: u32,
    pub tag: Tag,
    pub depth: u16,
    /// Groups of names (see [`names`]) on the element itself.
    pub own: u64,
    /// Groups on the two areas around it.
    pub near: u64,
    /// Groups on it and everything around it.
    pub all: u64,
    /// Roles around it and its own: bits of [`role`].
    pub roles: u32,
    /// Hash of the names and classes on the way to it; equal for repeated parts of a page.
    pub path: u32,
    pub units: f32,
    pub link_units: f32,
    pub blocks: u32,
    /// Blocks of sentences: 10 words or more, few of them links.
    pub long_blocks: u32,
    pub items: u32,
    pub headings: u32,
    /// Index of the first block inside, and one past the last.
    pub span: Range<u32>,
}

/// Bits for what an element is or stands in.
pub mod role {
    pub const MAIN: u32 = 1;
    pub const ARTICLE: u32 = 1 << 1;
    pub const NAV: u32 = 1 << 2;
    pub const HEADER: u32 = 1 << 3;
    pub const FOOTER: u32 = 1 << 4;
    pub const ASIDE: u32 = 1 << 5;
    pub const FORM: u32 = 1 << 6;
    pub const TABLE: u32 = 1 << 7;
    pub const LIST: u32 = 1 << 8;
    pub const DEFS: u32 = 1 << 9;
    pub const FIGURE: u32 = 1 << 10;
    pub const QUOTE: u32 = 1 << 11;
    pub const BUTTON: u32 = 1 << 12;
    pub const DETAILS: u32 = 1 << 13;
    pub const DIALOG: u32 = 1 << 14;
    /// The attribute `hidden`.
    pub const HIDDEN: u32 = 1 << 15;
    pub const SECTION: u32 = 1 << 16;
    pub const PRE: u32 = 1 << 17;
    pub const SELECT: u32 = 1 << 18;
    pub const ITEMPROP: u32 = 1 << 19;
    pub const BODYPROP: u32 = 1 << 20;
    pub const ADDRESS: u32 = 1 << 21;
    pub const HEADING: u32 = 1 << 22;
    pub const NOSCRIPT: u32 = 1 << 23;
    pub const ARIA_HIDDEN: u32 = 1 << 24;
    /// Hidden by its own style.
    pub const UNSHOWN: u32 = 1 << 25;
    /// Number of roles.
    pub const COUNT: u32 = 26;
}

/// A piece of text.
#[derive(Clone, Debug)]
pub struct Block {
    /// Byte range of [`Blocks::text`].
    pub text: Range<usize>,
    /// Index of the area that holds it.
    pub home: u32,
    pub counts: Counts,
    pub links: u32,
    pub link_units: f32,
    /// Units inside strong or emphasised text.
    pub bold_units: f32,
    /// Groups of names on inline elements inside.
    pub inline: u64,
    pub heading: u8,
    /// Nesting of lists around it, and whether it opens an item.
    pub list_depth: u8,
    pub opens_item: bool,
    /// Number of the item in an ordered list, 0 for none.
    pub item_number: u32,
    pub pre: bool,
    /// Language of a piece of code, where it is declared and Markdown is asked for.
    pub language: Option<Box<str>>,
    /// Area of the table row and cell that hold it, or `NONE`.
    pub row: u32,
    pub cell: u32,
    pub images: u32,
    /// Range of [`Blocks::marks`].
    pub marks: Range<usize>,
}

/// Something to write amid a block's text that is no text of the page: a sign of Markdown or the target of a link. It stands
/// apart, so that what is chosen does not depend on how it is written.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Byte offset in [`Blocks::text`].
    pub at: usize,
    pub sign: Cow<'static, str>,
    /// Whether it belongs to what follows.
    pub opens: bool,
}

impl Block {
    /// Whether it reads as sentences: ten words or more, few of them links.
    pub fn is_long(&self) -> bool {
        self.counts.units >= 10.0 && self.link_units < 0.3 * self.counts.units
    }
}

/// All areas and blocks of a page.
#[derive(Debug, Default)]
pub struct Blocks {
    pub text: String,
    pub areas: Vec<Area>,
    pub blocks: Vec<Block>,
    pub marks: Vec<Mark>,
}

impl Blocks {
    pub fn text_of(&self, block: &Block) -> &str {
        &self.text[block.text.clone()]
    }

    /// The text of a block with its marks.
    pub fn marked(&self, block: &Block) -> Cow<'_, str> {
        let marks = &self.marks[block.marks.clone()];
        if marks.is_empty() {
            return Cow::Borrowed(self.text_of(block));
        }
        let mut out = String::with_capacity(block.text.len() + marks.len() * 2);
        let mut done = block.text.start;
        for mark in marks {
            let mut at = mark.at.clamp(done, block.text.end);
            // The space before an opened element may have been written after the mark was set.
            if mark.opens && self.text[at..block.text.end].starts_with(' ') {
                at += 1;
            }
            out.push_str(&self.text[done..at]);
            out.push_str(&mark.sign);
            done = at;
        }
        out.push_str(&self.text[done..block.text.end]);
        Cow::Owned(out)
    }
}

/// How the text of a block is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Write Markdown marks for strong, emphasis and code.
    pub marks: bool,
    /// Write links as `[text](href)`.
    pub links: bool,
}

/// Adds up what the areas hold, from the inside out.
pub fn sum_up(out: &mut Blocks) {
    for block in &out.blocks {
        let home = &mut out.areas[block.home as usize];
        home.units += block.counts.units;
        home.link_units += block.link_units;
        home.blocks += 1;
        home.long_blocks += u32::from(block.is_long());
        home.items += u32::from(block.opens_item);
        home.headings += u32::from(block.heading > 0);
    }
    for at in (1..out.areas.len()).rev() {
        let (head, tail) = out.areas.split_at_mut(at);
        let from = &tail[0];
        let to = &mut head[from.parent as usize];
        to.units += from.units;
        to.link_units += from.link_units;
        to.blocks += from.blocks;
        to.long_blocks += from.long_blocks;
        to.items += from.items;
        to.headings += from.headings;
    }
}
