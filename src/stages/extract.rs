//! Turn pages into text: decode the bytes, find the main content, leave the rest out.
//!
//! Works on what a source gives as `html`; a document that has a text and no page passes unchanged. The page itself is let go. What the
//! page says of itself becomes tags: `title`, `author`, `date`, `site_name`, `canonical_url`, `declared_lang`; `page_kind` is what it is
//! taken for (`article`, `forum`, `product`, `listing`, `documentation`, `service`).
//!
//! ```toml
//! [[stage]]
//! use = "extract"
//! format = "markdown"
//! max_page = "10 MiB"
//! ```
//!
//! The encoding is found by byte order mark, HTTP header, `meta` and detection, in the order of the WHATWG rules. Work on a page is bounded
//! by counts, so that no result depends on the machine. Reasons: `too_large`, `not_text` (images and other binary data), `too_many_nodes`,
//! `too_deep`, `no_content`.

use super::prelude::*;
use crate::html::{self, Format, Options, Page, Parts, Reject};
use crate::text::charset;

/// How pages become text.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extract {
    /// Largest page, in bytes as fetched. Default "10 MiB".
    max_page: ByteSize,
    /// Most nodes of a page. Default 1,000,000.
    max_nodes: usize,
    /// Deepest nesting of elements. Default 512, where browsers stop.
    max_depth: usize,
    /// How the text is written: "text" or "markdown". Default "text".
    format: Writing,
    /// Write links as `[text](target)`. Default false.
    links: bool,
    /// Keep tables. Default true.
    tables: bool,
    /// Keep readers' comments below an article; the threads of a forum are its content. Default true.
    comments: bool,
    /// Look for the main content; with false everything that a page shows is taken. Default true.
    main_content: bool,
    /// CSS selectors: where one matches, the text inside is the content, whole. On other pages it is looked for. Default none.
    select: OneOrMany,
    /// CSS selectors of what to leave out, as `"aside, .cookie-notice"`. Default none.
    remove: OneOrMany,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Writing {
    Text,
    Markdown,
}

impl Default for Extract {
    fn default() -> Extract {
        let Options { max_nodes, max_depth, links, tables, comments, main_content, .. } = Options::default();
        let [select, remove] = Default::default();
        Extract { max_page: ByteSize::new(10 << 20), max_nodes, max_depth, format: Writing::Text, links, tables, comments, main_content, select, remove }
    }
}

const REASONS: [&str; 5] = ["too_large", "not_text", "too_many_nodes", "too_deep", "no_content"];
const TAGS: [&str; 7] = ["title", "author", "date", "site_name", "canonical_url", "declared_lang", "page_kind"];

impl Recipe for Extract {
    const NAME: &'static str = "extract";

    fn spec(&self) -> Spec {
        let spec = TAGS.iter().fold(Spec::new().needs("html").gives("text"), |spec, tag| spec.gives(*tag));
        REASONS.iter().fold(spec, |spec, reason| spec.reason(*reason))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let format = match self.format {
            Writing::Text => Format::Text,
            Writing::Markdown => Format::Markdown,
        };
        let Extract { max_page, max_nodes, max_depth, links, tables, comments, main_content, select, remove, .. } = self;
        let parts = Parts::new(&select.0, &remove.0).map_err(|(selector, why)| {
            let key = if select.0.contains(&selector) { "select" } else { "remove" };
            Complaint::new(key, format!("`{selector}` is no CSS selector: {why}"), "write it as in a style sheet, as \"div.post > p\"")
        })?;
        // Pages are measured as fetched; decoding may make them longer.
        let options = Options { max_bytes: usize::MAX, max_nodes, max_depth, format, links, tables, comments, main_content };
        let mut tags = Vec::new();
        for tag in TAGS {
            tags.push(shop.tag(tag)?);
        }
        Ok(Built::stage(Reader { max_page: max_page.as_usize(), options, parts, tags, reasons: REASONS.map(|name| shop.reason(name)) }))
    }
}

struct Reader {
    max_page: usize,
    options: Options,
    parts: Parts,
    /// In the order of `TAGS`.
    tags: Vec<Tag<String>>,
    /// In the order of `REASONS`.
    reasons: [Reason; 5],
}

impl Stage for Reader {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let [too_large, not_text, too_many_nodes, too_deep, no_content] = self.reasons;
        let Some(page) = doc.html.take() else {
            return Ok(if doc.has_text() { Verdict::Keep } else { Verdict::Drop(Drop::plain(no_content)) });
        };
        if page.bytes.len() > self.max_page {
            return Ok(Verdict::keep_if(false, too_large, page.bytes.len() as f64, self.max_page as f64));
        }
        if charset::looks_binary(&page.bytes) {
            return Ok(Verdict::Drop(Drop::plain(not_text)));
        }
        let decoded = charset::decode(&page.bytes, page.content_type.as_deref());
        match html::extract_parts(&decoded.text, &self.options, &self.parts) {
            Ok(found) => {
                self.write(doc, found);
                Ok(Verdict::Keep)
            }
            Err(reject) => {
                let (value, bound) = reject.measured();
                let reason = match reject {
                    Reject::TooLarge { .. } => too_large,
                    Reject::TooManyNodes { .. } => too_many_nodes,
                    Reject::TooDeep { .. } => too_deep,
                    Reject::NoContent => return Ok(Verdict::Drop(Drop::plain(no_content))),
                };
                Ok(Verdict::keep_if(false, reason, value as f64, bound as f64))
            }
        }
    }
}

impl Reader {
    fn write(&self, doc: &mut Doc, page: Page) {
        let Page { text, title, author, date, site_name, canonical_url, lang, kind, .. } = page;
        doc.set_text(text);
        let values = [title, author, date, site_name, canonical_url, lang, Some(kind.name().to_owned())];
        for (tag, value) in self.tags.iter().zip(values) {
            if let Some(value) = value {
                doc.set_tag(*tag, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;
    use crate::doc::Html;

    fn page(bytes: impl Into<Vec<u8>>) -> Doc {
        Doc::new(None, None, Some(Html { bytes: bytes.into(), content_type: Some("text/html".into()) }), None)
    }

    fn article(text: &str) -> String {
        format!(
            "<html lang=de><head><meta charset=iso-8859-1><title>Br\u{fc}cken</title></head><body><nav><a href=/>Start</a></nav><article><h1>Brücken</h1><p>{text}</p><p>{text}</p></article></body></html>"
        )
    }

    const PROSE: &str = "Die alte Brücke über den Fluss wurde aus Stein gebaut, und sie trägt seit vielen Jahren den Verkehr der Stadt. \
        Wer sie überquert, sieht auf beiden Seiten die Mühlen und dahinter die Hügel, auf denen der Wein wächst.";

    #[test]
    fn a_page_becomes_text_and_tags() {
        let latin: Vec<u8> = article(PROSE).chars().map(|c| c as u8).collect();
        let stage = made::<Extract>("");
        let mut doc = page(latin);
        assert_eq!(stage.dropped(&mut doc), None);
        assert!(doc.text().contains("Wer sie überquert") && doc.html.is_none(), "{:?}", doc.text());
        let tag = |name: &str| doc.tag(stage.tags.clone().declare::<String>(name).unwrap()).map(str::to_owned);
        assert_eq!((tag("title").as_deref(), tag("declared_lang").as_deref(), tag("author")), (Some("Brücken"), Some("de"), None));
        assert!(tag("page_kind").is_some());
    }

    #[test]
    fn parts_are_taken_and_left_out_as_named() {
        let stage = made::<Extract>("select = \"article\"\nremove = [\"h1\"]");
        let mut doc = page(format!("<nav>Menu</nav><article><h1>Title</h1><p>Short.</p></article><p>{PROSE}</p>"));
        assert_eq!((stage.dropped(&mut doc), doc.text()), (None, "Short."));
        let mut doc = page(format!("<meta charset=utf-8><nav>Menu</nav><p>{PROSE}</p>"));
        assert_eq!(made::<Extract>("main_content = false").dropped(&mut doc), None);
        assert_eq!(doc.text(), format!("Menu\n{PROSE}"));
    }

    #[test]
    fn bounds_and_binary_data_have_their_reasons() {
        let dropped = |toml: &str, mut doc: Doc| made::<Extract>(toml).dropped(&mut doc).map(|(reason, drop)| (reason, drop.value, drop.threshold));
        let large = dropped("max_page = \"1 KiB\"", page(vec![b'a'; 1025]));
        assert_eq!(large, Some(("too_large".into(), Some(1025.0), Some(1024.0))));
        assert_eq!(dropped("", page(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice())).unwrap().0, "not_text");
        assert_eq!(dropped("max_nodes = 5", page(article(PROSE))).unwrap().0, "too_many_nodes");
        assert_eq!(dropped("max_depth = 50", page("<div>".repeat(60) + "a")).unwrap().0, "too_deep");
        assert_eq!(dropped("", page("")), Some(("no_content".into(), None, None)));
        assert_eq!(dropped("", Doc::new(None, None, None, None)).unwrap().0, "no_content");
    }

    #[test]
    fn a_text_without_a_page_passes_unchanged() {
        let mut doc = Doc::from_text("as it was");
        assert_eq!(made::<Extract>("").dropped(&mut doc), None);
        assert_eq!((doc.text(), doc.revision()), ("as it was", 0));
        assert_eq!(complaints::<Extract>("format = \"pdf\"").len(), 1);
        assert_eq!(
            complaints::<Extract>(
                "select = \"p\"
remove = [\"div[\"]"
            ),
            ["remove"]
        );
    }
}
