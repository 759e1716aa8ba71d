//! Parts of a page that a server sent late, for a script to put in their place.
//!
//! React's server (18 and later, `ReactFizzServer`) does not wait for slow parts: it sends `<template id="B:0">` (or `P:0`) where a part is to stand, and the
//! part itself further down in `<div hidden id="S:0">`. Readers see the part in its place; so does extraction. What stands there meanwhile is not
//! removed, since the comments that end it are not kept; it seldom holds text.

use std::collections::HashMap;

use super::tag::Attr;
use super::tree::{NONE, NodeId, Tree};

/// Places that lie deeper are left alone, so that looking for their ancestors stays short.
const DEEPEST: usize = 512;

/// Moves late parts to their places.
pub fn place(tree: &mut Tree) {
    let parts = marked(tree, &["S:"]).filter(|id| tree.attr(*id, Attr::Hidden).is_some());
    let parts: Vec<(String, NodeId)> = parts.filter_map(|id| Some((number(tree, id)?.to_owned(), id))).collect();
    if parts.is_empty() {
        return;
    }
    let mut places: HashMap<String, NodeId> = HashMap::new();
    for id in marked(tree, &["B:", "P:"]).filter(|id| tree.element(*id).is_some_and(|element| &*element.name.local == "template")) {
        if let Some(number) = number(tree, id) {
            places.entry(number.to_owned()).or_insert(id);
        }
    }
    for (number, part) in parts {
        if let Some(place) = places.remove(&number)
            && is_shown_outside(tree, place, part)
        {
            while tree.node(part).first != NONE {
                tree.insert_before(place, tree.node(part).first);
            }
        }
    }
}

/// Elements whose id begins so.
fn marked<'a>(tree: &'a Tree, begins: &'a [&str]) -> impl Iterator<Item = NodeId> + 'a {
    (0..tree.nodes.len() as NodeId).filter(move |id| tree.attr(*id, Attr::Id).is_some_and(|name| begins.iter().any(|begin| name.starts_with(begin))))
}

fn number(tree: &Tree, id: NodeId) -> Option<&str> {
    tree.attr(id, Attr::Id)?.split_once(':').map(|(_, number)| number).filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a node hangs in the page, not too deep and not within `part`.
fn is_shown_outside(tree: &Tree, node: NodeId, part: NodeId) -> bool {
    let mut at = node;
    for _ in 0..DEEPEST {
        if at == 0 {
            return true;
        }
        if at == part || at == NONE {
            return false;
        }
        at = tree.node(at).parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::html::{Options, extract};

    fn whole(html: &str) -> String {
        extract(html, &Options { main_content: false, ..Options::default() }).map(|page| page.text).unwrap_or_default()
    }

    #[test]
    fn late_parts_stand_in_their_places() {
        let page = "<h1>Mill</h1><!--$?--><template id=\"B:0\"></template><!--/$--><p>End.</p>\
                    <div hidden id=\"S:0\"><p>First.</p><template id=\"P:1a\"></template><p>Third.</p></div><div hidden id=\"S:1a\"><p>Second.</p></div>";
        assert_eq!(whole(page), "Mill\nFirst.\nSecond.\nThird.\nEnd.");
    }

    #[test]
    fn what_has_no_place_outside_itself_stays() {
        for page in [
            "<p>A.</p><div hidden id=\"S:0\"><p>B.</p><template id=\"B:0\"></template></div>",
            "<p>A.</p><div hidden id=\"S:0\"><p>B.</p></div><template><template id=\"B:0\"></template></template>",
            "<p>A.</p><div hidden id=\"S:0\"><p>B.</p></div><template id=\"B:1\"></template><p id=\"B:0\">",
            "<p>A.</p><div hidden id=\"S:0\"><template id=\"B:1\"></template><p>B.</p></div><div hidden id=\"S:1\"><template id=\"B:0\"></template></div>",
        ] {
            assert_eq!(whole(page), "A.\nB.", "{page}");
        }
    }
}
