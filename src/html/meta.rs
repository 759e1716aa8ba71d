//! Metadata of a page: title, author, date, site name, canonical URL, language.

use super::hints::Hints;
use super::json_ld::JsonLd;
use super::tag::{Attr, Tag};
use super::tree::{NodeId, Tree};

/// What a page declares about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    pub title: Option<String>,
    pub author: Option<String>,
    pub date: Option<String>,
    pub site_name: Option<String>,
    pub canonical_url: Option<String>,
    pub lang: Option<String>,
    pub description: Option<String>,
    pub hints: Hints,
    pub json_ld: JsonLd,
    /// The first `body`.
    pub body: Option<NodeId>,
}

/// Values in order of trust: the lower number wins.
#[derive(Default)]
struct Best(Option<(u8, String)>);

impl Best {
    fn offer(&mut self, rank: u8, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() && value.len() < 1000 && self.0.as_ref().is_none_or(|(r, _)| rank < *r) {
            self.0 = Some((rank, value));
        }
    }

    fn take(self) -> Option<String> {
        self.0.map(|(_, v)| v)
    }
}

/// Reads the metadata in one pass over the tree.
pub fn meta(tree: &Tree) -> Meta {
    let mut out = Meta::default();
    let (mut title, mut author, mut date, mut site) = (Best::default(), Best::default(), Best::default(), Best::default());
    let mut og_url = None;
    let mut at = Some(0);
    while let Some(id) = at {
        let mut skip = false;
        match tree.tag(id) {
            Tag::Html => {
                out.lang = out.lang.take().or_else(|| tree.attr(id, Attr::Lang).map(|l| l.trim().to_owned()).filter(|l| !l.is_empty() && l.len() < 36))
            }
            Tag::Body if out.body.is_none() => out.body = Some(id),
            Tag::Title => title.offer(3, &tree.text_below(id)),
            Tag::Heading1 => title.offer(2, &tree.text_below(id)),
            Tag::Script => {
                skip = true;
                if tree.attr(id, Attr::Type).is_some_and(|t| t.eq_ignore_ascii_case("application/ld+json")) {
                    out.json_ld.read(&tree.text_below(id));
                }
            }
            Tag::Link if tree.attr(id, Attr::Rel).is_some_and(|r| r.eq_ignore_ascii_case("canonical")) => {
                out.canonical_url = out.canonical_url.take().or_else(|| tree.attr(id, Attr::Href).map(|h| h.trim().to_owned()).filter(|h| !h.is_empty()));
            }
            Tag::Meta => {
                let key = tree.attr(id, Attr::Property).or_else(|| tree.attr(id, Attr::Name)).or_else(|| tree.attr(id, Attr::Itemprop));
                if let (Some(key), Some(value)) = (key, tree.attr(id, Attr::Content)) {
                    match key.trim().to_ascii_lowercase().as_str() {
                        "og:title" => title.offer(1, value),
                        "twitter:title" | "dc.title" => title.offer(2, value),
                        "author" | "dc.creator" | "parsely-author" | "sailthru.author" => author.offer(1, value),
                        "article:author" if !value.contains("://") => author.offer(2, value),
                        "article:published_time" | "datepublished" => date.offer(1, value),
                        "date" | "dc.date" | "dc.date.issued" | "pubdate" | "publishdate" | "parsely-pub-date" | "sailthru.date" => date.offer(2, value),
                        "og:site_name" => site.offer(1, value),
                        "application-name" => site.offer(3, value),
                        "og:type" => out.hints.note_type(value),
                        "og:url" => og_url = og_url.or(Some(value)),
                        "generator" => out.hints.note_generator(value),
                        "description" | "og:description" if out.description.is_none() => out.description = Some(value.trim().to_owned()),
                        _ => {}
                    }
                }
            }
            Tag::Time => {
                if let Some(value) = tree.attr(id, Attr::Datetime) {
                    date.offer(4, value);
                }
            }
            _ => {
                if let Some(kind) = tree.attr(id, Attr::Itemtype) {
                    out.hints.note_type(kind.trim());
                }
                match tree.attr(id, Attr::Itemprop) {
                    Some("author") => author.offer(5, &tree.text_below(id)),
                    Some("datePublished") => date.offer(3, tree.attr(id, Attr::Datetime).or_else(|| tree.attr(id, Attr::Content)).unwrap_or("")),
                    _ => {}
                }
                if tree.attr(id, Attr::Rel) == Some("author") {
                    author.offer(4, &tree.text_below(id));
                }
            }
        }
        at = tree.following(id, 0, skip);
    }
    if let Some(url) = out.canonical_url.as_deref().or(og_url) {
        out.hints.note_url(url);
    }
    let ld = &out.json_ld;
    for (slot, rank, value) in [(&mut title, 1, &ld.headline), (&mut author, 0, &ld.author), (&mut date, 0, &ld.date), (&mut site, 2, &ld.site_name)] {
        if let Some(value) = value {
            slot.offer(rank, value);
        }
    }
    for kind in &ld.types {
        out.hints.note_type(kind);
    }
    (out.title, out.author, out.date, out.site_name) = (title.take(), author.take(), date.take(), site.take());
    out
}
