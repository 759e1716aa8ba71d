//! Writes JSON lines, compressed with zstd.
//!
//! A line holds `id`, `url`, `text`, every tag in the order in which stages declared them, and then the columns of the input that no
//! stage knows; where there is no text yet, the page as `html`; in annotate mode also `verdicts`. `fields` chooses instead, in its own
//! order; what a document lacks is then null.
//!
//! ```toml
//! [[sink]]
//! use = "jsonl"
//! fields = ["id", "url", "text", "lang"]
//! ```

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::row::{self, Column};
use super::{by, written};
use crate::doc::{Doc, TagTable};
use crate::shard::HashedFile;
use crate::stage::{Built, Complaint, Part, Recipe, Result, RunError, Shop, Sink, Spec, Vocabulary, Written};

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jsonl {
    /// Names to write, in this order: `id`, `url`, `text`, `html`, `tokens`, `verdicts`, tags, columns of the input. Default: see above.
    fields: Option<Vec<String>>,
    /// Folder inside the output directory. Default `"docs"`.
    folder: Option<String>,
    /// A tag, as `"lang"`, or `"column:NAME"`: each of its values gets an output of its own, as `docs/en/`. Default: one output.
    by: Option<String>,
    /// Level of zstd, 1 to 19. Default 3.
    level: Option<i32>,
}

impl Recipe for Jsonl {
    const NAME: &'static str = "jsonl";

    fn spec(&self) -> Spec {
        by::spec(self.by.as_deref(), row::spec(self.fields.as_deref()))
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        row::check(self.fields.as_deref(), self.folder.as_deref())?;
        if self.level.is_some_and(|level| !(1..=19).contains(&level)) {
            return Err(Complaint::new("level", "not a level of zstd", "write a number from 1 to 19").into());
        }
        by::split(self.by.clone(), JsonLines::new(self))
    }
}

/// The sink that the recipe makes.
pub struct JsonLines {
    folder: String,
    level: i32,
    fields: Option<Vec<String>>,
    columns: Option<Vec<Column>>,
    tags: Vec<String>,
}

impl JsonLines {
    /// Everything a document has, into `docs/`.
    pub fn all_fields() -> Self {
        Self::new(Jsonl::default())
    }

    fn new(recipe: Jsonl) -> Self {
        let folder = recipe.folder.unwrap_or_else(|| "docs".to_owned());
        Self { folder, level: recipe.level.unwrap_or(3), fields: recipe.fields, columns: None, tags: Vec::new() }
    }
}

impl Jsonl {
    /// A sink of everything a document has, into `docs/`.
    pub fn all_fields() -> JsonLines {
        JsonLines::all_fields()
    }
}

impl Sink for JsonLines {
    fn folder(&self) -> &str {
        &self.folder
    }

    fn open(&mut self, tags: &TagTable, _: Option<Vocabulary>) -> Result<()> {
        self.tags = tags.iter().map(|(name, _)| name.to_owned()).collect();
        self.columns = self.fields.as_ref().map(|fields| fields.iter().map(|name| Column::of(name, tags)).collect());
        Ok(())
    }

    fn part(&self, dir: &Path, name: &str) -> Result<Box<dyn Part>> {
        let file = HashedFile::create(dir, format!("{name}.jsonl.zst")).map_err(RunError::stop)?;
        let path = file.path().to_owned();
        let open = || -> io::Result<_> {
            let mut encoder = zstd::Encoder::new(file, self.level)?;
            encoder.include_checksum(true)?;
            Ok(encoder)
        };
        let out = open().map_err(RunError::file("cannot write", &path))?;
        Ok(Box::new(LinePart { out, path, line: Vec::new(), columns: self.columns.clone(), tags: self.tags.clone() }))
    }
}

struct LinePart {
    out: zstd::Encoder<'static, HashedFile>,
    path: PathBuf,
    line: Vec<u8>,
    columns: Option<Vec<Column>>,
    tags: Vec<String>,
}

impl Part for LinePart {
    fn write(&mut self, doc: &Doc) -> Result<()> {
        self.line.clear();
        let line = match &self.columns {
            Some(columns) => chosen(&mut self.line, doc, columns),
            None => everything(&mut self.line, doc, &self.tags),
        };
        line.and_then(|()| self.out.write_all(&self.line)).map_err(RunError::file("cannot write", &self.path))
    }

    fn close(self: Box<Self>) -> Result<Vec<Written>> {
        let out = self.out.finish().map_err(RunError::file("cannot write", &self.path))?;
        written(out)
    }
}

/// The columns a user chose.
fn chosen(out: &mut Vec<u8>, doc: &Doc, columns: &[Column]) -> io::Result<()> {
    for (at, column) in columns.iter().enumerate() {
        key(out, at == 0, column.name())?;
        put(out, &column.value(doc))?;
    }
    end(out, columns.is_empty())
}

/// Everything a document has. Names that were written are not written again for a tag or column that shares them.
fn everything(out: &mut Vec<u8>, doc: &Doc, tags: &[String]) -> io::Result<()> {
    key(out, true, "id")?;
    put(out, &doc.name_json())?;
    key(out, false, "url")?;
    put(out, &doc.url)?;
    let mut taken = vec!["id", "url", "text"];
    match (&doc.html, doc.has_text()) {
        (Some(html), false) => {
            taken.push("html");
            key(out, false, "html")?;
            put(out, &String::from_utf8_lossy(&html.bytes))?;
        }
        _ => {
            key(out, false, "text")?;
            put(out, &doc.text())?;
        }
    }
    if !doc.findings.is_empty() {
        taken.push("verdicts");
        key(out, false, "verdicts")?;
        put(out, &doc.findings)?;
    }
    for (slot, value) in doc.tags() {
        let Some(name) = tags.get(slot).map(String::as_str).filter(|name| !taken.contains(name)) else { continue };
        key(out, false, name)?;
        put(out, value)?;
        taken.push(name);
    }
    for (name, value) in doc.extra.iter().filter(|(name, _)| !taken.contains(&name.as_str())) {
        key(out, false, name)?;
        put(out, value)?;
    }
    end(out, false)
}

fn key(out: &mut Vec<u8>, first: bool, name: &str) -> io::Result<()> {
    out.push(if first { b'{' } else { b',' });
    put(out, name)?;
    out.push(b':');
    Ok(())
}

fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(serde_json::to_writer(out, value)?)
}

fn end(out: &mut Vec<u8>, empty: bool) -> io::Result<()> {
    out.extend_from_slice(if empty { b"{}\n" } else { b"}\n" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doc::{Finding, Tokens};

    fn written(recipe: &str, tags: &TagTable, docs: &[Doc]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = JsonLines::new(toml::from_str(recipe).unwrap());
        sink.open(tags, None).unwrap();
        let mut part = sink.part(dir.path(), "part-00000").unwrap();
        docs.iter().for_each(|doc| part.write(doc).unwrap());
        part.close().unwrap();
        let bytes = std::fs::read(dir.path().join("part-00000.jsonl.zst")).unwrap();
        String::from_utf8(zstd::decode_all(bytes.as_slice()).unwrap()).unwrap()
    }

    fn document() -> (TagTable, Doc) {
        let mut tags = TagTable::default();
        let score = tags.declare::<f64>("score").unwrap();
        let lang = tags.declare::<String>("lang").unwrap();
        let mut doc = Doc::new(Some("a".into()), None, None, Some("tw\u{f6}\n\"".into()));
        doc.set_tag(lang, "de".into());
        doc.set_tag(score, 0.5);
        doc.extra.insert("z".into(), json!([1]));
        doc.extra.insert("lang".into(), json!("from the input"));
        doc.tokens = Some(Tokens { ids: vec![1, 2], ..Tokens::default() });
        (tags, doc)
    }

    #[test]
    fn everything_is_written_in_one_order() {
        let (tags, mut doc) = document();
        let line = "{\"id\":\"a\",\"url\":null,\"text\":\"tw\u{f6}\\n\\\"\",\"score\":0.5,\"lang\":\"de\",\"z\":[1]}\n";
        assert_eq!(written("", &tags, std::slice::from_ref(&doc)), line);
        let (stage, rule) = ("rules".to_owned(), "long".to_owned());
        doc.findings.push(Finding { stage, rule, keep: true, reason: None, value: Some(2.0), threshold: None, alias: None });
        let verdicts = r#","verdicts":[{"stage":"rules","rule":"long","keep":true,"value":2.0,"threshold":null}],"#;
        assert!(written("", &tags, &[doc]).contains(verdicts));
    }

    #[test]
    fn fields_choose_and_order() {
        let (tags, doc) = document();
        let recipe = r#"fields = ["tokens", "z", "lang", "url", "none"]"#;
        assert_eq!(written(recipe, &tags, &[doc]), "{\"tokens\":[1,2],\"z\":[1],\"lang\":\"de\",\"url\":null,\"none\":null}\n");
    }

    #[test]
    fn a_page_without_text_is_written_as_it_is() {
        let html = crate::doc::Html { bytes: b"<p>".to_vec(), content_type: None };
        let doc = Doc::new(Some("a".into()), None, Some(html), None);
        assert_eq!(written("", &TagTable::default(), &[doc]), "{\"id\":\"a\",\"url\":null,\"html\":\"<p>\"}\n");
    }
}
