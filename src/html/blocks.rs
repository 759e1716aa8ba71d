//! From the tree to blocks: pieces of text that no block-level border runs through, and the areas that hold them.

use super::measure::Counts;
use super::names;
use super::tag::{Attr, Tag};
use super::tree::{Data, NONE, NodeId, Tree};
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
    /// Hashes of the words of class and id: a range of [`Blocks::words`].
    pub words: Range<u32>,
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
    pub const HIDDEN: u32 = 1 << 15;
    pub const SECTION: u32 = 1 << 16;
    pub const PRE: u32 = 1 << 17;
    pub const SELECT: u32 = 1 << 18;
    pub const ITEMPROP: u32 = 1 << 19;
    pub const BODYPROP: u32 = 1 << 20;
    pub const ADDRESS: u32 = 1 << 21;
    pub const HEADING: u32 = 1 << 22;
    pub const NOSCRIPT: u32 = 1 << 23;
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
    /// Area of the table row and cell that hold it, or `NONE`.
    pub row: u32,
    pub cell: u32,
    pub images: u32,
}

/// All areas and blocks of a page.
#[derive(Debug, Default)]
pub struct Blocks {
    pub text: String,
    pub areas: Vec<Area>,
    pub blocks: Vec<Block>,
    pub words: Vec<u32>,
}

impl Blocks {
    pub fn text_of(&self, block: &Block) -> &str {
        &self.text[block.text.clone()]
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

/// What holds inside an open element.
#[derive(Clone, Copy)]
struct Frame {
    node: NodeId,
    home: u32,
    tag: Tag,
    links: u16,
    bold: u16,
    list_depth: u8,
    pre: bool,
    row: u32,
    cell: u32,
    item_number: u32,
}

struct Walk<'t> {
    tree: &'t Tree,
    style: Style,
    out: Blocks,
    frames: Vec<Frame>,
    /// The block being filled.
    start: usize,
    links: u32,
    link_units: f32,
    bold_units: f32,
    inline: u64,
    images: u32,
    opens_item: bool,
    breaks: u32,
    /// Whether white space came last and is still unwritten.
    gap: bool,
}

/// Cuts the page below `root` into blocks.
pub fn blocks(tree: &Tree, root: NodeId, style: Style) -> Blocks {
    let mut walk = Walk {
        tree,
        style,
        out: Blocks {
            text: String::with_capacity(tree.text.len() / 2),
            ..Blocks::default()
        },
        frames: Vec::new(),
        start: 0,
        links: 0,
        link_units: 0.0,
        bold_units: 0.0,
        inline: 0,
        images: 0,
        opens_item: false,
        breaks: 0,
        gap: false,
    };
    walk.run(root);
    let mut out = walk.out;
    sum_up(&mut out);
    out
}

impl Walk<'_> {
    fn run(&mut self, root: NodeId) {
        self.open(root);
        let mut at = root;
        let mut descend = true;
        loop {
            let node = self.tree.node(at);
            if descend && node.first != NONE {
                at = node.first;
            } else {
                if descend {
                    self.leave(at);
                }
                if at == root {
                    break;
                }
                if self.tree.node(at).next != NONE {
                    at = self.tree.node(at).next;
                } else {
                    at = self.tree.node(at).parent;
                    self.close(at);
                    descend = false;
                    if at == root {
                        break;
                    }
                    continue;
                }
            }
            descend = self.enter(at);
        }
        self.flush();
    }

    /// Opens a node; false when its children are not to be seen.
    fn enter(&mut self, id: NodeId) -> bool {
        match &self.tree.node(id).data {
            Data::Text(range) => {
                let text = self.tree.text_of(range);
                self.write(text);
                false
            }
            Data::Document => true,
            Data::Element(element) => match element.tag {
                Tag::Script
                | Tag::Unseen
                | Tag::Svg
                | Tag::Meta
                | Tag::Link
                | Tag::Title
                | Tag::Head
                | Tag::Input => false,
                Tag::Image => {
                    self.images += 1;
                    false
                }
                Tag::Break => {
                    self.line_break();
                    false
                }
                Tag::Rule => {
                    self.flush();
                    false
                }
                _ => {
                    self.open(id);
                    true
                }
            },
        }
    }

    /// Closes an opened node that turned out to have no children.
    fn leave(&mut self, id: NodeId) {
        self.close(id);
    }

    fn open(&mut self, id: NodeId) {
        let tag = self.tree.tag(id);
        let outer = self.frames.last().copied().unwrap_or(Frame {
            node: id,
            home: 0,
            tag,
            links: 0,
            bold: 0,
            list_depth: 0,
            pre: false,
            row: NONE,
            cell: NONE,
            item_number: 0,
        });
        let mut frame = Frame {
            node: id,
            tag,
            ..outer
        };
        if tag.is_block() || self.frames.is_empty() {
            self.flush();
            frame.home = self.push_area(id, tag, outer.home);
            match tag {
                Tag::List => {
                    frame.list_depth = outer.list_depth.saturating_add(1);
                    let ordered = self
                        .tree
                        .element(id)
                        .is_some_and(|e| &*e.name.local == "ol");
                    frame.item_number = u32::from(ordered);
                }
                Tag::Item => {
                    self.opens_item = true;
                    if let Some(list) = self.frames.last_mut()
                        && list.tag == Tag::List
                        && list.item_number > 0
                    {
                        list.item_number += 1;
                    }
                }
                Tag::Pre => frame.pre = true,
                Tag::Row => (frame.row, frame.cell) = (frame.home, NONE),
                Tag::Cell | Tag::HeadCell => frame.cell = frame.home,
                _ => {}
            }
        } else {
            for (attr, value) in self.tree.attrs(id) {
                if matches!(attr, Attr::Class | Attr::Id) {
                    self.inline |= names::groups(value);
                }
            }
            match tag {
                Tag::Anchor => {
                    frame.links += 1;
                    self.links += 1;
                }
                Tag::Strong | Tag::Emphasis => frame.bold += 1,
                _ => {}
            }
            self.mark(tag, outer.pre, true);
        }
        self.frames.push(frame);
    }

    fn close(&mut self, id: NodeId) {
        if self.frames.last().is_none_or(|f| f.node != id) {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        if frame.tag.is_block() || self.frames.is_empty() {
            self.frames.push(frame);
            self.flush();
            self.frames.pop();
            if frame.tag == Tag::Item {
                self.opens_item = false;
            }
            let end = self.out.blocks.len() as u32;
            self.out.areas[frame.home as usize].span.end = end;
        } else {
            self.mark(frame.tag, frame.pre, false);
            if frame.tag == Tag::Anchor && self.style.links && frame.links == 1 {
                self.write_target(id);
            }
        }
    }

    fn mark(&mut self, tag: Tag, pre: bool, opening: bool) {
        if !self.style.marks && !self.style.links || pre {
            return;
        }
        let mark = match tag {
            Tag::Strong if self.style.marks => "**",
            Tag::Emphasis if self.style.marks => "*",
            Tag::Code if self.style.marks => "`",
            Tag::Anchor if self.style.links && opening => "[",
            _ => return,
        };
        if opening {
            self.space();
        }
        self.out.text.push_str(mark);
    }

    fn write_target(&mut self, id: NodeId) {
        let href = self.tree.attr(id, Attr::Href).unwrap_or("");
        self.out.text.push_str("](");
        self.out.text.push_str(href.trim());
        self.out.text.push(')');
    }

    fn space(&mut self) {
        if self.gap && self.out.text.len() > self.start && !self.out.text.ends_with('\n') {
            self.out.text.push(' ');
        }
        self.gap = false;
    }

    fn write(&mut self, text: &str) {
        let Some(frame) = self.frames.last().copied() else {
            return;
        };
        let from = self.out.text.len();
        if frame.pre {
            self.out.text.push_str(text);
        } else {
            self.write_collapsed(text);
        }
        if self.out.text.len() > from {
            self.breaks = 0;
            if frame.links > 0 || frame.bold > 0 {
                let units = Counts::of(&self.out.text[from..]).units;
                if frame.links > 0 {
                    self.link_units += units;
                }
                if frame.bold > 0 {
                    self.bold_units += units;
                }
            }
        }
    }

    /// Writes text with runs of white space made one space, as CSS shows it.
    fn write_collapsed(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest
                .bytes()
                .position(|b| {
                    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') || b == 0xC2 || b == 0xE2
                })
                .unwrap_or(rest.len());
            if end > 0 {
                self.space();
                self.out.text.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            let Some(c) = rest.chars().next() else { return };
            match c {
                ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{a0}' | '\u{2003}' | '\u{2002}'
                | '\u{2009}' => self.gap = true,
                '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{200e}' => {}
                _ => {
                    self.space();
                    self.out.text.push(c);
                }
            }
            rest = &rest[c.len_utf8()..];
        }
    }

    fn line_break(&mut self) {
        let pre = self.frames.last().is_some_and(|f| f.pre);
        if pre {
            self.out.text.push('\n');
            return;
        }
        self.breaks += 1;
        if self.breaks > 1 {
            self.flush();
        } else if self.out.text.len() > self.start {
            self.gap = false;
            self.out.text.push('\n');
        }
    }

    /// Ends the block being filled.
    fn flush(&mut self) {
        self.gap = false;
        self.breaks = 0;
        let Some(frame) = self.frames.last().copied() else {
            return;
        };
        let start = self.start;
        if frame.pre {
            let kept = self.out.text[start..].trim_end().len();
            self.out.text.truncate(start + kept);
            let skipped = self.out.text[start..].len()
                - self.out.text[start..]
                    .trim_start_matches(['\n', '\r'])
                    .len();
            self.start += skipped;
        } else {
            let kept = self.out.text[start..].trim_end().len();
            self.out.text.truncate(start + kept);
        }
        let range = self.start..self.out.text.len();
        let counts = Counts::of(&self.out.text[range.clone()]);
        if counts.letters + counts.digits > 0 || frame.pre && !range.is_empty() {
            let heading = self.heading();
            self.out.blocks.push(Block {
                text: range,
                home: frame.home,
                counts,
                links: self.links,
                link_units: self.link_units,
                bold_units: self.bold_units,
                inline: self.inline,
                heading,
                list_depth: frame.list_depth,
                opens_item: self.opens_item,
                item_number: self.item_number(),
                pre: frame.pre,
                row: frame.row,
                cell: frame.cell,
                images: self.images,
            });
            self.opens_item = false;
            self.images = 0;
        } else {
            self.out.text.truncate(start);
        }
        self.start = self.out.text.len();
        (self.links, self.link_units, self.bold_units, self.inline) = (
            self.frames
                .iter()
                .rev()
                .take_while(|f| !f.tag.is_block())
                .filter(|f| f.tag == Tag::Anchor)
                .count() as u32,
            0.0,
            0.0,
            0,
        );
    }

    fn heading(&self) -> u8 {
        self.frames
            .iter()
            .rev()
            .take(4)
            .map(|f| f.tag.heading())
            .find(|&h| h > 0)
            .unwrap_or(0)
    }

    fn item_number(&self) -> u32 {
        self.frames
            .iter()
            .rev()
            .take(4)
            .find(|f| f.tag == Tag::List)
            .map_or(0, |f| f.item_number.saturating_sub(1))
    }

    fn push_area(&mut self, id: NodeId, tag: Tag, parent: u32) -> u32 {
        let index = self.out.areas.len() as u32;
        let first_word = self.out.words.len() as u32;
        let (mut own, mut roles) = (0, role_of(tag));
        let mut path = (tag as u32).wrapping_mul(0x9E37_79B1);
        for (attr, value) in self.tree.attrs(id) {
            match attr {
                Attr::Class | Attr::Id => {
                    own |= names::groups(value);
                    let words = &mut self.out.words;
                    names::words(value, |hash| words.push(hash));
                    if *attr == Attr::Class {
                        path ^= names::hash_of(value.as_bytes()).rotate_left(7);
                    }
                }
                Attr::Role => {
                    roles |= match &**value {
                        "main" => role::MAIN,
                        "article" => role::ARTICLE,
                        "navigation" | "menu" | "menubar" | "tablist" => role::NAV,
                        "banner" => role::HEADER,
                        "contentinfo" => role::FOOTER,
                        "complementary" => role::ASIDE,
                        "search" | "form" => role::FORM,
                        "dialog" | "alertdialog" => role::DIALOG,
                        "button" => role::BUTTON,
                        _ => 0,
                    }
                }
                Attr::Hidden => roles |= role::HIDDEN,
                Attr::AriaHidden if value.eq_ignore_ascii_case("true") => roles |= role::HIDDEN,
                Attr::Style => {
                    let squeezed: String = value
                        .chars()
                        .take(200)
                        .filter(|c| !c.is_whitespace())
                        .collect();
                    if squeezed.contains("display:none") || squeezed.contains("visibility:hidden") {
                        roles |= role::HIDDEN;
                    }
                }
                Attr::Itemprop => {
                    roles |= role::ITEMPROP;
                    if matches!(
                        &**value,
                        "articleBody" | "text" | "description" | "reviewBody" | "mainContentOfPage"
                    ) {
                        roles |= role::BODYPROP;
                    }
                }
                _ => {}
            }
        }
        let (around, above) = match self.out.areas.get(parent as usize) {
            Some(p) if index > 0 => {
                let grand = &self.out.areas[p.parent as usize];
                ((p.all, p.roles, p.path, p.depth), p.own | grand.own)
            }
            _ => ((0, 0, 0, 0), 0),
        };
        let first = self.out.blocks.len() as u32;
        self.out.areas.push(Area {
            parent: if index == 0 { 0 } else { parent },
            tag,
            depth: around.3.saturating_add(1),
            own,
            near: above,
            all: around.0 | own,
            roles: around.1 | roles,
            path: around.2.wrapping_mul(31).wrapping_add(path),
            words: first_word..self.out.words.len() as u32,
            units: 0.0,
            link_units: 0.0,
            blocks: 0,
            long_blocks: 0,
            items: 0,
            headings: 0,
            span: first..first,
        });
        index
    }
}

fn role_of(tag: Tag) -> u32 {
    match tag {
        Tag::Main => role::MAIN,
        Tag::Article => role::ARTICLE,
        Tag::Nav => role::NAV,
        Tag::Header => role::HEADER,
        Tag::Footer => role::FOOTER,
        Tag::Aside => role::ASIDE,
        Tag::Form => role::FORM,
        Tag::Table => role::TABLE,
        Tag::List => role::LIST,
        Tag::DefList => role::DEFS,
        Tag::Figure | Tag::FigCaption => role::FIGURE,
        Tag::Quote => role::QUOTE,
        Tag::Button => role::BUTTON,
        Tag::Details => role::DETAILS,
        Tag::Dialog => role::DIALOG,
        Tag::Section => role::SECTION,
        Tag::Pre => role::PRE,
        Tag::Select => role::SELECT,
        Tag::NoScript => role::NOSCRIPT,
        Tag::Address => role::ADDRESS,
        _ if tag.heading() > 0 => role::HEADING,
        _ => 0,
    }
}

/// Adds up what the areas hold, from the inside out.
fn sum_up(out: &mut Blocks) {
    for block in &out.blocks {
        let home = &mut out.areas[block.home as usize];
        home.units += block.counts.units;
        home.link_units += block.link_units;
        home.blocks += 1;
        home.long_blocks +=
            u32::from(block.counts.units >= 10.0 && block.link_units < 0.3 * block.counts.units);
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
