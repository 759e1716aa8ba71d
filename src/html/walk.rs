//! The walk over the tree that cuts a page into blocks.
use super::area::{hides, push_area};
use super::blocks::{Block, Blocks, Mark, Style, sum_up};
use super::code::{is_line_number, is_line_numbers, language};
use super::measure::Counts;
use super::names;
use super::tag::{Attr, Tag};
use super::tree::{Data, NONE, NodeId, Tree};
use std::borrow::Cow;

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
    first_mark: usize,
    links: u32,
    link_units: f32,
    bold_units: f32,
    inline: u64,
    images: u32,
    opens_item: bool,
    breaks: u32,
    /// Whether white space came last and is still unwritten.
    gap: bool,
    /// Whether a line of preformatted text has ended with its element.
    line_ended: bool,
    language: Option<Box<str>>,
}

/// Cuts the page below `root` into blocks.
pub fn blocks(tree: &Tree, root: NodeId, style: Style) -> Blocks {
    let mut walk = Walk {
        tree,
        style,
        out: Blocks { text: String::with_capacity(tree.text.len() / 2), ..Blocks::default() },
        frames: Vec::new(),
        start: 0,
        first_mark: 0,
        links: 0,
        link_units: 0.0,
        bold_units: 0.0,
        inline: 0,
        images: 0,
        opens_item: false,
        breaks: 0,
        gap: false,
        line_ended: false,
        language: None,
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
                    // Opened, and without children.
                    self.close(at);
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
                Tag::Script | Tag::Unseen | Tag::Svg | Tag::Meta | Tag::Link | Tag::Title | Tag::Head | Tag::Input => false,
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
                // Hidden areas are kept, for tabs and folded sections hold content; hidden words amid a line are not.
                tag if !tag.is_block() && hides(self.tree, id) => false,
                _ if self.frames.last().is_some_and(|f| f.pre) && is_line_number(self.tree, id) => false,
                _ => {
                    self.open(id);
                    true
                }
            },
        }
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
        let mut frame = Frame { node: id, tag, ..outer };
        if outer.pre && is_line(tag) {
            self.line_ended = true;
        } else if tag.is_block() || self.frames.is_empty() {
            self.flush();
            frame.home = push_area(&mut self.out, self.tree, id, outer.home);
            match tag {
                Tag::List => {
                    frame.list_depth = outer.list_depth.saturating_add(1);
                    let ordered = self.tree.element(id).is_some_and(|e| &*e.name.local == "ol");
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
                Tag::Pre => {
                    frame.pre = true;
                    self.language = if self.style.marks { language(self.tree, id) } else { None };
                }
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
        if is_line(frame.tag) && self.frames.last().is_some_and(|f| f.pre) {
            self.line_ended = true;
        } else if frame.tag.is_block() || self.frames.is_empty() {
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
        self.out.marks.push(Mark { at: self.out.text.len(), sign: Cow::Borrowed(mark), opens: opening });
    }

    fn write_target(&mut self, id: NodeId) {
        let href = self.tree.attr(id, Attr::Href).unwrap_or("");
        let sign = format!("]({})", href.trim());
        self.out.marks.push(Mark { at: self.out.text.len(), sign: Cow::Owned(sign), opens: false });
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
            if self.line_ended && self.out.text.len() > self.start && !self.out.text.ends_with('\n') && !text.starts_with('\n') {
                self.out.text.push('\n');
            }
            self.line_ended = false;
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
            let end = rest.bytes().position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') || b == 0xC2 || b == 0xE2).unwrap_or(rest.len());
            if end > 0 {
                self.space();
                self.out.text.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            let Some(c) = rest.chars().next() else { return };
            match c {
                ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{a0}' | '\u{2003}' | '\u{2002}' | '\u{2009}' => self.gap = true,
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
        self.line_ended = false;
        self.breaks = 0;
        let Some(frame) = self.frames.last().copied() else {
            return;
        };
        let start = self.start;
        let kept = self.out.text[start..].trim_end().len();
        self.out.text.truncate(start + kept);
        if frame.pre {
            let text = &self.out.text[start..];
            self.start += text.len() - text.trim_start_matches('\n').len();
        }
        let range = self.start..self.out.text.len();
        let counts = Counts::of(&self.out.text[range.clone()]);
        let numbers = frame.pre && frame.cell != NONE && is_line_numbers(&self.out.text[range.clone()]);
        if !numbers && (counts.letters + counts.digits > 0 || frame.pre && !range.is_empty()) {
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
                language: self.language.take(),
                row: frame.row,
                cell: frame.cell,
                images: self.images,
                marks: self.first_mark..self.out.marks.len(),
            });
            self.opens_item = false;
            self.images = 0;
        } else {
            self.out.text.truncate(start);
            self.out.marks.truncate(self.first_mark);
        }
        self.start = self.out.text.len();
        self.first_mark = self.out.marks.len();
        (self.links, self.link_units, self.bold_units, self.inline) =
            (self.frames.iter().rev().take_while(|f| !f.tag.is_block()).filter(|f| f.tag == Tag::Anchor).count() as u32, 0.0, 0.0, 0);
    }

    fn heading(&self) -> u8 {
        self.frames.iter().rev().take(4).map(|f| f.tag.heading()).find(|&h| h > 0).unwrap_or(0)
    }

    fn item_number(&self) -> u32 {
        self.frames.iter().rev().take(4).find(|f| f.tag == Tag::List).map_or(0, |f| f.item_number.saturating_sub(1))
    }
}

/// Whether an element in preformatted text is a line of it and no part of the page.
fn is_line(tag: Tag) -> bool {
    matches!(tag, Tag::Div | Tag::List | Tag::Item)
}
