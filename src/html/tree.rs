//! The parsed page: nodes in one vector, linked by index, with only what extraction reads.

use super::tag::{Attr, Tag};
use html5ever::{QualName, tendril::StrTendril};
use std::ops::Range;

/// Index of a node in its [`Tree`]; 0 is the document.
pub type NodeId = u32;

/// Stands for "no node" in the links.
pub const NONE: NodeId = u32::MAX;

/// What a node is.
#[derive(Debug)]
pub enum Data {
    Document,
    Element(Element),
    /// A piece of text: a byte range of [`Tree::text`].
    Text(Range<u32>),
}

/// An element with its kept attributes.
#[derive(Debug)]
pub struct Element {
    pub name: QualName,
    pub tag: Tag,
    /// Range of the tree's attribute list.
    attrs: Range<u32>,
    /// For `template`: the root of its contents, which are no children.
    pub contents: NodeId,
    pub mathml_integration: bool,
}

/// A node and its links.
#[derive(Debug)]
pub struct Node {
    pub parent: NodeId,
    pub prev: NodeId,
    pub next: NodeId,
    pub first: NodeId,
    pub last: NodeId,
    /// Number of ancestors when the node was last attached.
    pub depth: u32,
    pub data: Data,
}

/// A page as a tree in an arena. Dropping it needs no recursion.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// All text of the page, in the order in which it was read.
    pub text: String,
    attrs: Vec<(Attr, StrTendril)>,
}

impl Tree {
    pub fn new() -> Tree {
        let mut tree = Tree::default();
        tree.push(Data::Document);
        tree
    }

    pub fn push(&mut self, data: Data) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node { parent: NONE, prev: NONE, next: NONE, first: NONE, last: NONE, depth: 0, data });
        id
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.node(id).data {
            Data::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The element's role; [`Tag::Inline`] for what is no element.
    pub fn tag(&self, id: NodeId) -> Tag {
        self.element(id).map_or(Tag::Inline, |e| e.tag)
    }

    /// Creates an unattached element with the given kept attributes.
    pub fn push_element(&mut self, name: QualName, tag: Tag, kept: impl Iterator<Item = (Attr, StrTendril)>, mathml_integration: bool) -> NodeId {
        let start = self.attrs.len() as u32;
        self.attrs.extend(kept);
        let attrs = start..self.attrs.len() as u32;
        self.push(Data::Element(Element { name, tag, attrs, contents: NONE, mathml_integration }))
    }

    /// Adds those attributes that the element lacks.
    pub fn add_missing(&mut self, id: NodeId, new: impl Iterator<Item = (Attr, StrTendril)>) {
        let Some(old) = self.element(id).map(|e| e.attrs.clone()) else {
            return;
        };
        let start = self.attrs.len() as u32;
        for at in old {
            self.attrs.push(self.attrs[at as usize].clone());
        }
        for (attr, value) in new {
            if !self.attrs[start as usize..].iter().any(|(a, _)| *a == attr) {
                self.attrs.push((attr, value));
            }
        }
        let attrs = start..self.attrs.len() as u32;
        if let Data::Element(element) = &mut self.node_mut(id).data {
            element.attrs = attrs;
        }
    }

    pub fn attrs(&self, id: NodeId) -> &[(Attr, StrTendril)] {
        match self.element(id) {
            Some(e) => &self.attrs[e.attrs.start as usize..e.attrs.end as usize],
            None => &[],
        }
    }

    pub fn attr(&self, id: NodeId, attr: Attr) -> Option<&str> {
        self.attrs(id).iter().find(|(a, _)| *a == attr).map(|(_, v)| &**v)
    }

    pub fn set_contents(&mut self, id: NodeId, root: NodeId) {
        if let Data::Element(element) = &mut self.node_mut(id).data {
            element.contents = root;
        }
    }

    pub fn detach(&mut self, id: NodeId) {
        let (parent, prev, next) = {
            let n = self.node(id);
            (n.parent, n.prev, n.next)
        };
        if prev != NONE {
            self.node_mut(prev).next = next;
        } else if parent != NONE {
            self.node_mut(parent).first = next;
        }
        if next != NONE {
            self.node_mut(next).prev = prev;
        } else if parent != NONE {
            self.node_mut(parent).last = prev;
        }
        let n = self.node_mut(id);
        (n.parent, n.prev, n.next) = (NONE, NONE, NONE);
    }

    /// Appends `child` as the last child and returns its depth.
    pub fn append(&mut self, parent: NodeId, child: NodeId) -> u32 {
        self.detach(child);
        let (last, depth) = {
            let p = self.node(parent);
            (p.last, p.depth + 1)
        };
        let c = self.node_mut(child);
        (c.parent, c.prev, c.depth) = (parent, last, depth);
        if last == NONE {
            self.node_mut(parent).first = child;
        } else {
            self.node_mut(last).next = child;
        }
        self.node_mut(parent).last = child;
        depth
    }

    /// Puts `child` before `sibling` and returns its depth.
    pub fn insert_before(&mut self, sibling: NodeId, child: NodeId) -> u32 {
        self.detach(child);
        let (parent, prev, depth) = {
            let s = self.node(sibling);
            (s.parent, s.prev, s.depth)
        };
        let c = self.node_mut(child);
        (c.parent, c.prev, c.next, c.depth) = (parent, prev, sibling, depth);
        if prev != NONE {
            self.node_mut(prev).next = child;
        } else if parent != NONE {
            self.node_mut(parent).first = child;
        }
        self.node_mut(sibling).prev = child;
        depth
    }

    /// Stores text and returns its range; joins it to `before` where that ends at the end of the store.
    pub fn push_text(&mut self, before: NodeId, text: &str) -> Option<NodeId> {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        let end = self.text.len() as u32;
        if before != NONE
            && let Data::Text(range) = &mut self.node_mut(before).data
            && range.end == start
        {
            range.end = end;
            return None;
        }
        Some(self.push(Data::Text(start..end)))
    }

    /// The text of a text node.
    pub fn text_of(&self, range: &Range<u32>) -> &str {
        &self.text[range.start as usize..range.end as usize]
    }

    /// The node after `id` in document order within `root`, its subtree left out when `skip` is set.
    pub fn following(&self, id: NodeId, root: NodeId, skip: bool) -> Option<NodeId> {
        let node = self.node(id);
        if !skip && node.first != NONE {
            return Some(node.first);
        }
        let mut at = id;
        while at != root {
            let n = self.node(at);
            if n.next != NONE {
                return Some(n.next);
            }
            at = n.parent;
            if at == NONE {
                return None;
            }
        }
        None
    }

    /// All text below `root`, joined.
    pub fn text_below(&self, root: NodeId) -> String {
        let mut out = String::new();
        let mut at = Some(root);
        while let Some(id) = at {
            if let Data::Text(range) = &self.node(id).data {
                out.push_str(self.text_of(range));
            }
            at = self.following(id, root, false);
        }
        out
    }
}
