//! From HTML to [`Tree`]: html5ever's tree construction with counted bounds.

use super::Reject;
use super::tag::{Attr, Tag};
use super::tokenizer::tokenize;
use super::tree::{Data, NONE, NodeId, Tree};
use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, ExpandedName, QualName, local_name, ns};
use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

/// Bounds on one page, all counted while parsing.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most bytes of the page.
    pub bytes: usize,
    /// Most nodes built.
    pub nodes: usize,
    /// Deepest nesting.
    pub depth: usize,
}

/// Parses a page. Takes time linear in its length (times the depth bound) whatever the markup.
pub fn parse(html: &str, bounds: Bounds) -> Result<Tree, Reject> {
    // Offsets are 32-bit.
    let max = bounds.bytes.min(1 << 30);
    if html.len() > max {
        return Err(Reject::TooLarge { bytes: html.len(), max });
    }
    let sink = Sink { tree: RefCell::new(Tree::new()), bounds, work: Cell::new(0), over: Cell::new(None) };
    // Without scripts, as for a reader that runs none: `noscript` is part of the page.
    let options = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let builder = TreeBuilder::new(sink, options);
    tokenize(html, &builder, |builder| builder.sink.over.get().is_some());
    let sink = builder.sink;
    match sink.over.get() {
        Some(reject) => Err(reject),
        None => Ok(sink.tree.into_inner()),
    }
}

/// html5ever's view of the tree under construction.
struct Sink {
    tree: RefCell<Tree>,
    bounds: Bounds,
    /// Nodes made and moved.
    work: Cell<usize>,
    over: Cell<Option<Reject>>,
}

impl Sink {
    fn count(&self, nodes: usize) {
        let work = self.work.get() + nodes;
        self.work.set(work);
        if work > self.bounds.nodes {
            self.over.set(Some(Reject::TooManyNodes { nodes: work, max: self.bounds.nodes }));
        }
    }

    fn check_depth(&self, depth: u32) {
        if depth as usize > self.bounds.depth {
            self.over.set(Some(Reject::TooDeep { depth: depth as usize, max: self.bounds.depth }));
        }
    }
}

fn kept(attrs: Vec<Attribute>) -> impl Iterator<Item = (Attr, StrTendril)> {
    attrs.into_iter().filter_map(|a| Some((Attr::of(&a.name.local)?, a.value)))
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Tree;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.tree.borrow(), |tree| match &tree.node(*target).data {
            Data::Element(e) => &e.name,
            // The tree builder asks only about elements that it made.
            _ => unreachable!("name of a node that is no element"),
        })
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        let tag = if name.ns == ns!(html) {
            Tag::of(&name.local)
        } else if name.ns == ns!(svg) && name.local == local_name!("svg") {
            Tag::Svg
        } else {
            Tag::Inline
        };
        let is_template = name.expanded() == ExpandedName { ns: &ns!(html), local: &local_name!("template") };
        let mut tree = self.tree.borrow_mut();
        let id = tree.push_element(name, tag, kept(attrs), flags.mathml_annotation_xml_integration_point);
        if is_template {
            let root = tree.push(Data::Document);
            tree.set_contents(id, root);
        }
        self.count(1);
        id
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.tree.borrow_mut().push(Data::Text(0..0))
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.tree.borrow_mut().push(Data::Text(0..0))
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => self.check_depth(tree.append(*parent, node)),
            NodeOrText::AppendText(text) => {
                let last = tree.node(*parent).last;
                if let Some(node) = tree.push_text(last, &text) {
                    tree.append(*parent, node);
                    self.count(1);
                }
            }
        }
    }

    fn append_based_on_parent_node(&self, element: &NodeId, prev: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.tree.borrow().node(*element).parent != NONE;
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(prev, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.tree.borrow().element(*target).map_or(*target, |e| e.contents)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => self.check_depth(tree.insert_before(*sibling, node)),
            NodeOrText::AppendText(text) => {
                let prev = tree.node(*sibling).prev;
                if let Some(node) = tree.push_text(prev, &text) {
                    tree.insert_before(*sibling, node);
                    self.count(1);
                }
            }
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        self.count(1);
        self.tree.borrow_mut().add_missing(*target, kept(attrs));
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.tree.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut tree = self.tree.borrow_mut();
        let mut moved = 0;
        loop {
            let child = tree.node(*node).first;
            if child == NONE {
                break;
            }
            self.check_depth(tree.append(*new_parent, child));
            moved += 1;
        }
        self.count(moved);
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        self.tree.borrow().element(*handle).is_some_and(|e| e.mathml_integration)
    }

    fn allow_declarative_shadow_roots(&self, _: &NodeId) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    const BOUNDS: Bounds = Bounds { bytes: 1 << 24, nodes: 100_000, depth: 512 };

    fn ours(html: &str) -> String {
        let tree = parse(html, BOUNDS).unwrap();
        let mut out = String::new();
        let mut at = tree.following(0, 0, false);
        let mut text = false;
        while let Some(id) = at {
            match &tree.node(id).data {
                Data::Text(range) => {
                    if !text {
                        out.push('\'');
                    }
                    out.push_str(tree.text_of(range));
                    text = true;
                }
                Data::Element(e) => {
                    text = false;
                    let depth = std::iter::successors(Some(id), |&at| Some(tree.node(at).parent).filter(|&p| p != NONE)).count() - 1;
                    write!(out, "<{} {depth}>", &*e.name.local).unwrap();
                }
                Data::Document => {}
            }
            at = tree.following(id, 0, false);
        }
        out
    }

    /// The same from scraper's tree, whose only scripts are those that we keep too.
    fn theirs(html: &str) -> String {
        let tree = scraper::Html::parse_document(html).tree;
        let mut out = String::new();
        let mut text = false;
        for node in tree.root().descendants() {
            match node.value() {
                scraper::Node::Text(t) => {
                    if !text {
                        out.push('\'');
                    }
                    out.push_str(t);
                    text = true;
                }
                scraper::Node::Element(e) => {
                    text = false;
                    write!(out, "<{} {}>", e.name(), node.ancestors().count()).unwrap();
                }
                _ => {}
            }
        }
        out
    }

    #[test]
    fn the_tree_is_that_of_html5ever() {
        let pages = [
            "<!DOCTYPE html><p>a<p>b<div>c</p>d",
            "<p>a<table>b<tr>c<td>d</table>e",
            "<!DOCTYPE html PUBLIC '-//W3C//DTD HTML 4.01//EN' 'http://www.w3.org/TR/html4/strict.dtd'><p>x<table><tr><td>y",
            "<a href=1>x<a href=2>y<b>z<p>q</b>r</a>s",
            "<b class=x><b class=y><b class=z><b class=x><p>deep</b></b>out",
            "<font color=red><font color=red><font color=red><font color=red><p>t",
            "<form><p>a<form>b</form>c</form>d",
            "<svg><title>t</title><![CDATA[x<y]]><p>out</svg><math><mi>a<annotation-xml encoding='text/html'><p>b",
            "<ul><li>a<li>b<ul><li>c</ul></ul><dl><dt>x<dd>y<dt>z</dl>",
            "<select><option>a<option>b<p>c</select>d",
            "<title>a &amp; <b></title><textarea>\n<p>&lt;</textarea><xmp><i></xmp>",
            "<pre>\n\na\r\nb\rc</pre><listing>\nx</listing>",
            "a<!-- x --!>b<!-->c<!--->d<!doctype html>e<?pi?>f</ x>g</>h<3 i< j",
            "<p a=1 A=2 =x b='>' c=\"&quot;\" d=e/f/>t<br/>u<hr id=a/>",
            "&amp;&copy&#x41;&notin;&nosuch; &#0; \u{0}x<p>\u{0}",
            "<body><p>x<body class=y><html lang=de><head><title>late</title>",
            "<table><caption>c<tr><td><table><td>in</table>out<col><tbody><th>h</table>",
            "<nobr>a<nobr>b</nobr><button>x<button>y</button></p></br>",
            "<frameset><frame></frameset>x",
            "<h1>a<h2>b</h1>c<ruby>a<rt>b<rp>c</ruby><p><plaintext>x</p>&amp;",
            "text</body>more</html>still<p",
            "<div attr='unclosed><p>never",
        ];
        for page in pages {
            assert_eq!(ours(page), theirs(page), "{page}");
        }
    }

    #[test]
    fn scripts_are_cut_out_and_json_ld_is_kept() {
        let page = "<script>var a = '<p>x</p><!--<script></script>-->';</script>a<style>p{}</style><script type=application/ld+json>{}</script>b";
        assert_eq!(ours(page), "<html 1><head 2><script 3><body 2>'a<style 3><script 3>'{}'b".replace("'{}'b", "'{}b"));
    }

    #[test]
    fn what_is_open_in_a_noscript_ends_with_it() {
        for (inside, open) in [("<iframe src=x />", "<iframe 4>"), ("<style>p{", "<style 4>"), ("a<!-- b", "'a"), ("<textarea>t", "<textarea 4>'t"), ("", "")] {
            assert_eq!(ours(&format!("<body><noscript>{inside}</noscript><p>b")), format!("<html 1><head 2><body 2><noscript 3>{open}<p 3>'b"));
        }
        // Nothing is open where the page begins.
        assert_eq!(ours("<!-- a --><p>b"), "<html 1><head 2><body 2><p 3>'b");
        // Without an end tag it is the rest of the page.
        assert_eq!(ours("<body><noscript><noscript><iframe>a<p>b"), "<html 1><head 2><body 2><noscript 3><noscript 4><iframe 5>");
    }

    #[test]
    fn a_million_attributes_take_linear_time() {
        let page = format!(
            "<p {}>x",
            (0..1_000_000).fold(String::new(), |mut s, i| {
                write!(s, "a{i} ").unwrap();
                s
            })
        );
        assert!(parse(&page, BOUNDS).is_ok());
        let page = format!("<a {}>x", "b ".repeat(1_000_000));
        assert!(parse(&page, BOUNDS).is_ok());
        assert!(parse(&"<noscript>".repeat(90_000), Bounds { depth: 100_000, ..BOUNDS }).is_ok());
    }
}
