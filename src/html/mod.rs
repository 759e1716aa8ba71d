//! Main-content extraction from HTML.
//!
//! `parse` builds the tree by the HTML standard, `walk` cuts it into pieces of text, `features` describes them, `model`
//! gives each the chance that it is main content, `select` chooses, `render` writes. Work is bounded by counts, so the
//! result is the same on every machine.

mod area;
mod blocks;
mod char_ref;
mod code;
mod context;
mod doctype;
mod echo;
mod fallback;
mod features;
mod forest;
mod hints;
mod json_ld;
mod kin;
mod kind;
mod measure;
mod meta;
mod model;
mod names;
mod net;
mod outline;
mod parse;
mod parts;
mod raw;
mod render;
mod select;
mod table;
mod tag;
mod tokenizer;
mod tree;
mod walk;

use meta::Meta;
use tree::Tree;

pub use parse::Bounds;
pub use parts::Parts;

/// How the text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Plain text, one block a line.
    #[default]
    Text,
    /// Markdown.
    Markdown,
}

/// Settings of [`extract`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most bytes of a page.
    pub max_bytes: usize,
    /// Most nodes of a page, those moved while parsing counted again.
    pub max_nodes: usize,
    /// Deepest nesting of elements; browsers stop at 512.
    pub max_depth: usize,
    /// Plain text or Markdown.
    pub format: Format,
    /// Write links as `[text](target)`.
    pub links: bool,
    /// Keep tables.
    pub tables: bool,
    /// Keep readers' comments below an article. Threads of a forum are main content and always kept.
    pub comments: bool,
    /// Look for the main content; else everything that the body shows is taken.
    pub main_content: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_bytes: 64 << 20,
            max_nodes: 1_000_000,
            max_depth: 512,
            format: Format::Text,
            links: false,
            tables: true,
            comments: true,
            main_content: true,
        }
    }
}

/// What a page is, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text, often with a date.
    Article,
    /// A thread of posts.
    Forum,
    /// Something to buy.
    Product,
    /// Many entries that lead elsewhere.
    Listing,
    /// A manual or reference.
    Documentation,
    /// What somebody offers, in sections.
    Service,
}

impl Kind {
    /// Its name, as the tag `page_kind` holds it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Article => "article",
            Kind::Forum => "forum",
            Kind::Product => "product",
            Kind::Listing => "listing",
            Kind::Documentation => "documentation",
            Kind::Service => "service",
        }
    }
}

/// A page's main content and what it declares about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The main content, in the form asked for.
    pub text: String,
    /// The title.
    pub title: Option<String>,
    /// The author, as declared.
    pub author: Option<String>,
    /// The date, as declared.
    pub date: Option<String>,
    /// The site's name.
    pub site_name: Option<String>,
    /// The address the page gives as its own.
    pub canonical_url: Option<String>,
    /// The language that the page declares (BCP 47, as written).
    pub lang: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Nodes of the parsed page.
    pub nodes: usize,
}

/// Why a page gives no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// More bytes than are read.
    TooLarge {
        /// Bytes of the page.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// More nodes than are built.
    TooManyNodes {
        /// Nodes built so far.
        nodes: usize,
        /// The bound.
        max: usize,
    },
    /// Nested more deeply than is followed.
    TooDeep {
        /// Depth reached.
        depth: usize,
        /// The bound.
        max: usize,
    },
    /// Nothing that reads as content.
    NoContent,
}

impl Reject {
    /// Name of the reason, for the ledger.
    pub fn reason(&self) -> &'static str {
        match self {
            Reject::TooLarge { .. } => "too_large",
            Reject::TooManyNodes { .. } => "too_many_nodes",
            Reject::TooDeep { .. } => "too_deep",
            Reject::NoContent => "no_content",
        }
    }

    /// The measured value and the bound it broke.
    pub fn measured(&self) -> (usize, usize) {
        match *self {
            Reject::TooLarge { bytes, max } => (bytes, max),
            Reject::TooManyNodes { nodes, max } => (nodes, max),
            Reject::TooDeep { depth, max } => (depth, max),
            Reject::NoContent => (0, 1),
        }
    }
}

impl std::fmt::Display for Reject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (value, bound) = self.measured();
        write!(f, "{} ({value}, bound {bound})", self.reason())
    }
}

impl std::error::Error for Reject {}

/// Extracts the main content of a page.
///
/// # Errors
/// A [`Reject`] when a bound is broken or nothing on the page is content.
pub fn extract(html: &str, options: &Options) -> Result<Page, Reject> {
    let bounds = Bounds { bytes: options.max_bytes, nodes: options.max_nodes, depth: options.max_depth };
    let tree = parse::parse(html, bounds)?;
    text_of(&tree, meta::meta(&tree), options)
}

/// The same of a page of which the user has named parts; what the page says of itself is read from all of it.
///
/// # Errors
/// As [`extract`].
pub fn extract_parts(html: &str, options: &Options, parts: &Parts) -> Result<Page, Reject> {
    if parts.is_empty() {
        return extract(html, options);
    }
    let bounds = Bounds { bytes: options.max_bytes, nodes: options.max_nodes, depth: options.max_depth };
    // Also the proof that the page is within bounds, which scraper's parser does not know.
    let whole = parse::parse(html, bounds)?;
    let cut = parts.cut(html);
    let tree = parse::parse(&cut.html, Bounds { bytes: usize::MAX, ..bounds })?;
    let meta = Meta { body: meta::meta(&tree).body, ..meta::meta(&whole) };
    text_of(&tree, meta, &Options { main_content: options.main_content && !cut.selected, ..options.clone() })
}

fn text_of(tree: &Tree, meta: Meta, options: &Options) -> Result<Page, Reject> {
    let style = blocks::Style { marks: options.format == Format::Markdown, links: options.links };
    let page = walk::blocks(tree, meta.body.unwrap_or(0), style);
    let kind = kind::kind(&page, &meta.hints);
    let mut chosen = if options.main_content { main_content(&page, &meta, kind) } else { vec![true; page.blocks.len()] };
    select::leave_hidden(&page, &mut chosen);
    select::leave_out(&page, &mut chosen, !options.tables, !options.comments && kind != Kind::Forum);
    let text = render::render(&page, &chosen, options);
    let text = fallback::fallback(text, &meta.json_ld);
    if text.is_empty() {
        return Err(Reject::NoContent);
    }
    Ok(Page {
        text,
        title: meta.title,
        author: meta.author,
        date: meta.date,
        site_name: meta.site_name,
        canonical_url: meta.canonical_url,
        lang: meta.lang,
        kind,
        nodes: tree.nodes.len(),
    })
}

/// Which blocks are main content.
fn main_content(page: &blocks::Blocks, meta: &Meta, kind: Kind) -> Vec<bool> {
    let table = features::features(page, &meta.hints, &echo::Echo::of(meta));
    let mut chance = model::chances(page, &table);
    if drops_repeats(kind) && table.repeats.contains(&true) {
        kin::leave_copies(page, &mut chance);
    }
    select::best_set(page, &chance)
}

/// Whether a second copy of a text is there for another screen only. Manuals say the same of many things.
fn drops_repeats(kind: Kind) -> bool {
    kind != Kind::Documentation
}

/// A block as the model sees it: for training.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its text.
    pub text: String,
    /// Length in words, unspaced scripts weighted.
    pub units: f32,
    /// What the model sees of it.
    pub features: Vec<f32>,
    /// Whether it repeats an earlier part of the page word for word, so that only the likelier copy is kept.
    pub repeats: bool,
    /// Indices of the areas around it, from the inside out.
    pub areas: Vec<u32>,
    /// Equal for blocks in like places of repeated parts.
    pub kin: String,
}

/// Describes the blocks of a page for training.
///
/// # Errors
/// As [`extract`], without [`Reject::NoContent`].
pub fn examples(html: &str, options: &Options) -> Result<Vec<Example>, Reject> {
    let bounds = Bounds { bytes: options.max_bytes, nodes: options.max_nodes, depth: options.max_depth };
    let tree = parse::parse(html, bounds)?;
    let meta = meta::meta(&tree);
    let page = walk::blocks(&tree, meta.body.unwrap_or(0), blocks::Style::default());
    let table = features::features(&page, &meta.hints, &echo::Echo::of(&meta));
    let kind = kind::kind(&page, &meta.hints);
    let around = |home: u32| {
        let mut out = vec![home];
        let mut at = home;
        while at != 0 {
            at = page.areas[at as usize].parent;
            out.push(at);
        }
        out
    };
    let describe = |(at, b): (usize, &blocks::Block)| Example {
        text: page.text_of(b).to_owned(),
        units: b.counts.units,
        features: table.row(at).to_vec(),
        repeats: table.repeats[at] && drops_repeats(kind),
        areas: around(b.home),
        kin: format!("{:?}", kin::kin_key(&page, b)),
    };
    Ok(page.blocks.iter().enumerate().map(describe).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        extract(html, &Options::default()).map(|p| p.text).unwrap_or_default()
    }

    const STORY: &str = "The old mill by the river was sold on Monday to a group of neighbours, who plan to grind flour there again.";

    #[test]
    fn keeps_the_story_and_drops_the_frame() {
        let html = format!(
            "<title>Mill sold</title><body><nav><a href=/a>Home</a> <a href=/b>News</a></nav><main><article><h1>Mill sold</h1><p>{STORY}</p><p>{STORY} Again.</p>\
             </article></main><footer><a href=/i>Imprint</a> © 2024</footer>"
        );
        let page = extract(&html, &Options::default()).unwrap();
        assert!(page.text.contains(STORY) && !page.text.contains("Imprint") && !page.text.contains("Home"), "{}", page.text);
        assert_eq!(page.title.as_deref(), Some("Mill sold"));
    }

    #[test]
    fn text_is_laid_out_as_shown() {
        let html = format!(
            "<main><p>{STORY}\n  <b>One</b>&nbsp; line<br>next\u{ad}line</p><ul><li>{STORY}</li><li>{STORY}</li></ul><pre>fn main() {{\n    run();\n}}</pre>\
             <table><tr><th>Year<th>Sacks</tr><tr><td>1901<td>{STORY}</tr></table></main>"
        );
        let out = text(&html);
        assert!(out.contains("again. One line\nnextline\n- The old"), "{out}");
        assert!(out.contains("fn main() {\n    run();\n}"), "{out}");
    }

    #[test]
    fn hidden_words_are_left_out() {
        let shown = STORY.repeat(4);
        let hidden = ["<p hidden>", "<p style='display: none'>", "<p>Seen <span style='visibility:hidden'>"]
            .map(|tag| format!("{tag}Unseen words of the page.</p>"))
            .concat();
        let out = text(&format!("<main><h1>Mill</h1><p>{shown}</p>{hidden}<p>{shown} End.</p></main>"));
        assert!(out.contains("End.") && !out.contains("Unseen"), "{out}");
    }

    #[test]
    fn bombs_end_in_a_reason() {
        let small = Options { max_nodes: 50_000, ..Options::default() };
        let reason = |html: &str| extract(html, &small).map_or_else(|r| r.reason(), |_| "text");
        assert_eq!(reason(&"<div>".repeat(200_000)), "too_deep");
        assert_eq!(reason(&"<p>".repeat(200_000)), "too_many_nodes");
        assert_eq!(reason(&"<table><a>".repeat(100_000)), "too_many_nodes");
        assert_eq!(reason(&"<b><p>".repeat(100_000)), "too_many_nodes");
        assert_eq!(reason(&format!("<td colspan=9007199254740991 rowspan=9007199254740991>{STORY}")), "text");
        assert_eq!(reason(""), "no_content");
        assert_eq!(reason(&"<".repeat(1_000_000)), "no_content");
        assert_eq!(reason(&format!("<p>{}", "word ".repeat(1_000_000))), "text");
    }
}
