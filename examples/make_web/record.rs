//! One record of the crawl: the answer, and what must become of it.

use encoding_rs::{Encoding, GBK, UTF_8, WINDOWS_1252};
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    layout::{Setting, render},
    prose::Page,
    warc::{Answer, Damage},
};

/// The line of `truth.jsonl`; what does not apply stays `null`.
#[derive(Clone, Default)]
pub struct Truth {
    /// `keep`, `edit` (kept, with a part cut out), `drop`, `fault` (a damaged record) or `skip` (no document at all).
    pub fate: &'static str,
    /// `stage/reason` that must take it; none on pages that are kept.
    pub end: Option<&'static str>,
    /// The planted fault; none on clean pages.
    pub fault: Option<&'static str>,
    /// URL of the page that this one copies.
    pub twin: Option<String>,
    /// Likeness to the twin: Jaccard similarity of 5-word shingles.
    pub jaccard: Option<f64>,
    /// File under `fixtures/prose/` whose text the page carries.
    pub prose: Option<String>,
}

impl Truth {
    pub fn keep() -> Self {
        Truth { fate: "keep", ..Truth::default() }
    }

    pub fn drop(fault: &'static str, end: &'static str) -> Self {
        Truth { fate: "drop", end: Some(end), fault: Some(fault), ..Truth::default() }
    }

    pub fn with_fault(mut self, fault: &'static str) -> Self {
        self.fault = Some(fault);
        self
    }

    pub fn of_prose(mut self, page: &Page) -> Self {
        self.prose = (!page.stem.is_empty()).then(|| page.stem.clone());
        self
    }

    pub fn line(&self, url: &str, file: &str) -> Value {
        json!({
            "url": url, "file": file, "fate": self.fate, "end": self.end, "fault": self.fault,
            "twin": self.twin, "jaccard": self.jaccard.map(|likeness| (likeness * 1e4).round() / 1e4), "prose": self.prose,
        })
    }
}

pub struct Record {
    pub url: String,
    pub answer: Answer,
    pub damage: Damage,
    pub truth: Truth,
    /// Place in the crawl: records are written in the order of this number.
    pub order: u64,
}

impl Record {
    pub fn new(url: String, answer: Answer, truth: Truth) -> Self {
        let order = Dice::new(&format!("order {url}")).roll() >> 1;
        Record { url, answer, damage: Damage::None, truth, order }
    }

    /// A place somewhere behind `original`, which therefore survives as the first of the two.
    pub fn behind(mut self, original: &Record) -> Self {
        let room = u64::MAX / 2 - original.order;
        self.order = original.order + 1 + Dice::new(&format!("behind {}", self.url)).roll() % room.max(1);
        self
    }
}

/// How a page says what its bytes mean, and what they are.
#[derive(Clone, Copy)]
pub enum Charset {
    /// UTF-8, named in the header, in the page, or in both.
    Right,
    /// UTF-8 that the header calls ISO-8859-1.
    HeaderLies,
    /// UTF-8 that the page itself calls ISO-8859-1; the header says nothing.
    MetaLies,
    /// GBK called by the name of its older and smaller sibling.
    GbkAsGb2312,
    /// windows-1252 that nobody names.
    Unlabelled1252,
}

/// The page as the server of its host sends it. `print` tells two prints of one page apart.
pub fn answer(page: &Page, neighbours: &[(String, String)], charset: Charset, print: &str) -> Answer {
    let (header, meta, encoding): (Option<&str>, Option<&str>, &'static Encoding) = match charset {
        Charset::Right => match Dice::new(&format!("charset {}", page.host)).below(3) {
            0 => (Some("utf-8"), Some("utf-8"), UTF_8),
            1 => (None, Some("utf-8"), UTF_8),
            _ => (Some("UTF-8"), None, UTF_8),
        },
        Charset::HeaderLies => (Some("ISO-8859-1"), None, UTF_8),
        Charset::MetaLies => (None, Some("iso-8859-1"), UTF_8),
        Charset::GbkAsGb2312 => (None, Some("gb2312"), GBK),
        Charset::Unlabelled1252 => (None, None, WINDOWS_1252),
    };
    let html = render(page, &Setting { neighbours, meta, print });
    let (body, _, lost) = encoding.encode(&html);
    assert!(!lost, "{} does not fit into {}", page.url(), encoding.name());
    let content_type = header.map_or_else(|| "text/html".to_owned(), |label| format!("text/html; charset={label}"));
    Answer { status: "200 OK", content_type, body: body.into_owned() }
}
