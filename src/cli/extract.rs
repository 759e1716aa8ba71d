use std::io::Read;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome};
use crate::html::{Format, Options, Page, Parts, extract_parts};
use crate::text::charset::decode;

/// Print the main text of one HTML page.
#[derive(clap::Args)]
pub struct Extract {
    /// The page, or `-` for standard input.
    file: PathBuf,
    /// Write Markdown.
    #[arg(long)]
    markdown: bool,
    /// Write links as `[text](target)`.
    #[arg(long)]
    links: bool,
    /// Leave tables out.
    #[arg(long)]
    no_tables: bool,
    /// Leave readers' comments out.
    #[arg(long)]
    no_comments: bool,
    /// Take everything that the page shows, not the main content alone.
    #[arg(long)]
    whole: bool,
    /// Take what matches this CSS selector, if anything does. May be given again.
    #[arg(long, value_name = "CSS")]
    select: Vec<String>,
    /// Leave out what matches this CSS selector. May be given again.
    #[arg(long, value_name = "CSS")]
    remove: Vec<String>,
    /// Print one JSON object: the text, and what the page says of itself.
    #[arg(long)]
    json: bool,
}

impl Extract {
    pub(super) fn call(self) -> Outcome {
        let parts = Parts::new(&self.select, &self.remove)
            .map_err(|(selector, why)| Failure(format!("`{selector}` is no CSS selector: {why}; write it as in a style sheet")))?;
        let mut bytes = Vec::new();
        let read =
            if self.file.as_os_str() == "-" { std::io::stdin().read_to_end(&mut bytes).map(drop) } else { std::fs::read(&self.file).map(|read| bytes = read) };
        read.map_err(|error| Failure(format!("cannot read {}: {error}", self.file.display())))?;
        let options = Options {
            format: if self.markdown { Format::Markdown } else { Format::Text },
            links: self.links,
            tables: !self.no_tables,
            comments: !self.no_comments,
            main_content: !self.whole,
            ..Options::default()
        };
        let html = decode(&bytes, None).text;
        let page = extract_parts(&html, &options, &parts).map_err(|reject| {
            Failure(format!("{} gives no text: {}\n  help: --whole takes everything that the page shows", self.file.display(), reject.reason()))
        })?;
        if self.json {
            say!("{}", described(page))?
        } else {
            say!("{}", page.text)?
        }
        Ok(Done::Fine)
    }
}

/// Under the names of the tags that the stage `extract` writes.
fn described(page: Page) -> serde_json::Value {
    let Page { text, title, author, date, site_name, canonical_url, lang, kind, .. } = page;
    serde_json::json!({
        "text": text, "title": title, "author": author, "date": date, "site_name": site_name, "canonical_url": canonical_url,
        "declared_lang": lang, "page_kind": kind.name(),
    })
}
