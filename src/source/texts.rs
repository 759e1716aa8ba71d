//! The texts of files outside a pipeline: JSON lines, parquet, CSV or plain text, told from their names, in the order given.

use std::collections::{BTreeMap, BTreeSet};

use super::compression::bare_name;
use super::csv::Csv;
use super::jsonl::Jsonl;
use super::parquet::Parquet;
use super::paths;
use super::text::Text;
use crate::doc::{Doc, TagTable};
use crate::stage::{Built, Complaint, Fault, OneOrMany, Read, Recipe, Result, RunError, Shop, Source};

/// Files that can be read more than once.
pub struct Texts {
    sources: Vec<Box<dyn Source>>,
}

impl Texts {
    /// Files, folders or globs. `text` names the key or column of the text where that is another.
    pub fn open(entries: &[String], text: Option<&str>) -> Result<Texts> {
        let said =
            |complaints: Vec<Complaint>| RunError::stop(complaints.iter().map(|one| format!("{}: {}", one.message, one.help)).collect::<Vec<_>>().join("\n"));
        let files = paths::expand("text", &OneOrMany(entries.to_vec())).map_err(said)?;
        let fields = toml::Table::from_iter(text.map(|text| ("text".to_owned(), text.into())));
        let sources = files.iter().map(|file| of_file(&paths::name(file)?, &fields, "text").map_err(said)).collect::<Result<_>>()?;
        Ok(Texts { sources })
    }

    /// Calls `each` with every document that has a text. What cannot be read is counted by reason, `no_text` among them.
    pub fn each(&self, each: &mut dyn FnMut(&Doc) -> Result<()>) -> Result<BTreeMap<String, u64>> {
        self.each_or(each, &mut |_| ())
    }

    /// The same; `unread` is shown what the source says of everything that cannot be read.
    pub fn each_or(&self, each: &mut dyn FnMut(&Doc) -> Result<()>, unread: &mut dyn FnMut(&Fault)) -> Result<BTreeMap<String, u64>> {
        let mut faults = BTreeMap::new();
        let mut fault = |reason: &str| *faults.entry(reason.to_owned()).or_insert(0) += 1;
        for source in &self.sources {
            for split in source.splits()? {
                let mut reader = source.open(&split, None)?;
                while let Some(read) = reader.next()? {
                    match read {
                        Read::Doc(doc) if doc.has_text() => each(&doc)?,
                        Read::Doc(_) => fault("no_text"),
                        Read::Fault(damage) => {
                            unread(&damage);
                            fault(&damage.reason);
                        }
                        Read::Skip(_) => {}
                    }
                }
            }
        }
        Ok(faults)
    }
}

/// The source of one file, told from its name: JSON lines, Parquet, CSV, and what is none of these as text, whose `content` is that of the source `text`.
pub(super) fn of_file(name: &str, fields: &toml::Table, content: &str) -> std::result::Result<Box<dyn Source>, Vec<Complaint>> {
    let path = ("path".to_owned(), name.into());
    let rows = || toml::Table::from_iter([path.clone(), ("fields".to_owned(), fields.clone().into())]);
    match ending(name).as_deref() {
        Some("jsonl" | "ndjson" | "json") => source::<Jsonl>(rows()),
        Some("parquet") => source::<Parquet>(rows()),
        Some("csv" | "tsv" | "tab") => source::<Csv>(rows()),
        // A corpus in one file.
        _ => source::<Text>(toml::Table::from_iter([path, ("content".to_owned(), content.into()), ("max_file".to_owned(), "64 GiB".into())])),
    }
}

/// The suffix of a name, before that of compression, in small letters.
pub(super) fn ending(name: &str) -> Option<String> {
    bare_name(name).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase())
}

fn source<R: Recipe>(table: toml::Table) -> std::result::Result<Box<dyn Source>, Vec<Complaint>> {
    let recipe: R = table.try_into().map_err(|error: toml::de::Error| Complaint::new("", error.message(), "check the options"))?;
    let (mut tags, mut files) = (TagTable::default(), BTreeSet::new());
    let mut shop = Shop { stage: R::NAME, seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
    match recipe.build(&mut shop)? {
        Built::Source(source) => Ok(source),
        _ => unreachable!("the recipe of a source builds one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_name_and_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(at("b.txt"), "plain\ntext").unwrap();
        std::fs::write(at("a.jsonl.zst"), zstd::bulk::compress(b"{\"body\": \"one\"}\nnot json\n{\"text\": \"two\"}\n", 1).unwrap()).unwrap();
        std::fs::write(at("c.TSV"), "id\tbody\n1\tthree\n2\n").unwrap();
        let texts = Texts::open(&[at("b.txt"), at("a.jsonl.zst"), at("c.TSV")], Some("body")).unwrap();
        for _ in 0..2 {
            let mut found = Vec::new();
            let faults = texts
                .each(&mut |doc| {
                    found.push(doc.text().to_owned());
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, ["plain\ntext", "one", "three"]);
            assert_eq!((faults.values().sum::<u64>(), faults["ragged_row"]), (3, 1), "{faults:?}");
        }
        assert!(Texts::open(&[at("none.txt")], None).is_err_and(|error| error.to_string().contains("no file matches")));
    }
}
