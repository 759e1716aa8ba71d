//! Parts of a page that the user names by CSS selectors: taken as the content, or cut out before it is looked for.
//!
//! Selectors are scraper's, over the tree of the HTML standard. A page is parsed for them and written anew, so they cost about as much as
//! the extraction itself.

use std::collections::HashSet;

use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

/// Selectors, parsed.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    select: Vec<Selector>,
    remove: Vec<Selector>,
}

/// A page cut by [`Parts`].
pub(super) struct Cut {
    pub html: String,
    /// Whether parts to take were found: the body then holds them alone.
    pub selected: bool,
}

impl Parts {
    /// Where one of `select` matches, its text is the content, whole; what matches one of `remove` is left out.
    ///
    /// # Errors
    /// The selector that is none, and why.
    pub fn new(select: &[String], remove: &[String]) -> Result<Parts, (String, String)> {
        // The parser takes a selector that breaks off for a fault of its own.
        let why = |error: String| if error.contains("report this") { "it breaks off".to_owned() } else { error };
        let parse = |text: &String| Selector::parse(text).map_err(|error| (text.clone(), why(error.to_string())));
        let all = |list: &[String]| list.iter().map(parse).collect::<Result<Vec<_>, _>>();
        Ok(Parts { select: all(select)?, remove: all(remove)? })
    }

    /// True where no part is named.
    pub fn is_empty(&self) -> bool {
        self.select.is_empty() && self.remove.is_empty()
    }

    /// Cuts a page.
    pub(super) fn cut(&self, html: &str) -> Cut {
        let mut page = Html::parse_document(html);
        for id in matches(&page, &self.remove) {
            detach(&mut page, id);
        }
        let found = matches(&page, &self.select);
        let body = page.root_element().children().find(|child| matches!(child.value(), Node::Element(e) if e.name() == "body")).map(|body| body.id());
        let Some(body) = body.filter(|_| !found.is_empty()) else { return Cut { html: page.html(), selected: false } };
        if !found.contains(&body) {
            found.iter().for_each(|id| detach(&mut page, *id));
            let rest: Vec<_> = page.tree.get(body).into_iter().flat_map(|body| body.children()).map(|child| child.id()).collect();
            rest.into_iter().for_each(|id| detach(&mut page, id));
            if let Some(mut body) = page.tree.get_mut(body) {
                found.into_iter().for_each(|id| {
                    body.append_id(id);
                });
            }
        }
        Cut { html: page.html(), selected: true }
    }
}

/// Elements that match one of the selectors and lie in no other that does, in document order.
fn matches(page: &Html, selectors: &[Selector]) -> Vec<ego_tree::NodeId> {
    let mut found = Vec::new();
    let mut within = HashSet::new();
    for element in page.tree.nodes().filter_map(ElementRef::wrap) {
        if selectors.iter().any(|selector| selector.matches(&element)) {
            within.insert(element.id());
            found.push(element);
        }
    }
    found.into_iter().filter(|element| !element.ancestors().any(|above| within.contains(&above.id()))).map(|element| element.id()).collect()
}

fn detach(page: &mut Html, id: ego_tree::NodeId) {
    if let Some(mut node) = page.tree.get_mut(id) {
        node.detach();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, extract_parts};
    use super::*;

    const PAGE: &str = "<html lang=de><head><title>Mühle</title></head><body><nav>Start <a href=/x>Weiter</a></nav>\
        <div class=doc><h1>Die Mühle</h1><p>Kurz.<aside class=ad>Kaufen!</aside></p><div class=doc>Innen.</div></div>\
        <script type=application/ld+json>{\"@type\":\"Article\",\"author\":\"A. Müller\"}</script><footer>Impressum</footer></body></html>";

    fn text(select: &[&str], remove: &[&str]) -> String {
        let [select, remove] = [select, remove].map(|list| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        let parts = Parts::new(&select, &remove).unwrap();
        extract_parts(PAGE, &Options::default(), &parts).map(|page| page.text).unwrap_or_default()
    }

    #[test]
    fn selected_parts_are_the_content_whole_and_once() {
        assert_eq!(text(&["div.doc"], &[".ad"]), "Die Mühle\nKurz.\nInnen.");
        assert_eq!(text(&["footer", "nav a"], &[]), "Weiter\nImpressum");
        assert!(text(&["body"], &["script"]).contains("Start Weiter"));
    }

    #[test]
    fn what_the_page_says_of_itself_is_kept() {
        let parts = Parts::new(&["div.doc".to_owned()], &[]).unwrap();
        let page = extract_parts(PAGE, &Options::default(), &parts).unwrap();
        assert_eq!((page.title.as_deref(), page.author.as_deref(), page.lang.as_deref()), (Some("Die Mühle"), Some("A. Müller"), Some("de")));
    }

    #[test]
    fn where_nothing_matches_the_content_is_found_as_ever() {
        assert_eq!(text(&[".none"], &[]), text(&[], &[]));
        let wrong = Parts::new(&[], &["div[".to_owned()]).unwrap_err();
        assert_eq!(wrong.0, "div[");
    }

    #[test]
    fn bombs_end_at_the_bounds() {
        let parts = Parts::new(&[".a .b .c".to_owned()], &["div div:has(p)".to_owned()]).unwrap();
        let reason =
            |html: &str| extract_parts(html, &Options { max_nodes: 50_000, ..Options::default() }, &parts).map_or_else(|reject| reject.reason(), |_| "text");
        assert_eq!(reason(&"<div>".repeat(200_000)), "too_deep");
        assert_eq!(reason(&"<b><p>".repeat(100_000)), "too_many_nodes");
    }
}
