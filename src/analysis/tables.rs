//! The tables of a run, each read from its files.

use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::table::Table;
use super::wanted::Wanted;
use crate::review::{Document, Error, Folder, files, unreadable};
use crate::shard::{Shards, sets};

/// Names of the tables, with what a row of each is.
pub const TABLES: [(&str, &str); 8] = [
    ("documents", "a kept document, with its tags"),
    ("dropped", "a dropped document that was written down, with the reason"),
    ("annotations", "what one rule said of one document (run.mode = \"annotate\")"),
    ("clusters", "a member of a group of near-duplicates"),
    ("pairs", "two documents that were found alike"),
    ("stages", "a stage: documents and bytes in and out"),
    ("reasons", "a reason of a stage, with the documents dropped for it"),
    ("shards", "a document of a set of token shards"),
];

/// Length of a text in bytes, for which the text itself need not be kept.
const LENGTH: &str = "text_bytes";

/// Reads a table of a run.
///
/// # Errors
/// Where the run has no such table, and what cannot be read.
pub fn read(folder: &Folder, name: &str, wanted: Wanted) -> Result<Table, Error> {
    match name {
        "documents" => documents(folder, wanted),
        "dropped" => dropped(folder, wanted),
        "annotations" => annotations(folder, wanted),
        "clusters" | "pairs" => near(folder, name, wanted),
        "stages" | "reasons" => ledger(folder, name == "stages", wanted),
        "shards" => shards(folder, wanted),
        _ => Err(Error::Cannot(format!("there is no table `{name}`"))),
    }
}

fn documents(folder: &Folder, wanted: Wanted) -> Result<Table, Error> {
    let mut table = Table::new(wanted, &["id", "url", "text", LENGTH]);
    for file in folder.documents()? {
        if files::is_parquet(&file) {
            rows(&file, &mut table, &[])?;
        } else {
            let mut fault = None;
            files::lines(&file, &mut |line| {
                let mut json = serde_json::Deserializer::from_str(line);
                fault = Line(&mut table).deserialize(&mut json).err();
                table.end_row();
                fault.is_none() && !table.only_names()
            })?;
            fault.map_or(Ok(()), |fault| Err(unreadable(&file, fault)))?;
        }
        if table.only_names() {
            break;
        }
    }
    Ok(table)
}

/// The rows of a parquet file, with the same values before each.
fn rows(file: &Path, table: &mut Table, before: &[(&str, &str)]) -> Result<(), Error> {
    let names = files::columns(file)?;
    before.iter().map(|(name, _)| *name).chain(names.iter().map(String::as_str)).for_each(|name| {
        table.place(name);
    });
    if table.only_names() {
        return Ok(());
    }
    let length = table.wants(LENGTH);
    let needed: Vec<bool> = names.iter().map(|name| table.wants(name) || (name == "text" && length)).collect();
    let wanted = |name: &str| names.iter().position(|known| known == name).is_some_and(|at| needed[at]);
    files::rows(file, &wanted, &mut |row| {
        before.iter().for_each(|(name, value)| table.put(name, *value));
        for (name, value) in row {
            if name == "text" && length {
                table.put(LENGTH, value.as_str().map(str::len));
            }
            table.put(&name, value);
        }
        table.end_row();
        true
    })
}

/// One line of JSON, of which only what is wanted is kept.
struct Line<'a>(&'a mut Table);

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.0.place(LENGTH);
        while let Some((place, is_text)) = map.next_key_seed(Name(self.0))? {
            match (place, length.filter(|_| is_text)) {
                (None, None) => {
                    let IgnoredAny = map.next_value()?;
                }
                (place, length) => {
                    let value: Value = map.next_value()?;
                    if let Some(length) = length {
                        self.0.put_at(length, value.as_str().map(str::len).into());
                    }
                    if let Some(place) = place {
                        self.0.put_at(place, value);
                    }
                }
            }
        }
        Ok(())
    }
}

/// A key of a line: where its value goes, and whether it is the text.
struct Name<'a>(&'a mut Table);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = (Option<usize>, bool);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = (Option<usize>, bool);

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.0.place(name), name == "text"))
    }
}

fn dropped(folder: &Folder, wanted: Wanted) -> Result<Table, Error> {
    let names = ["id", "url", "lang", "stage", "reason", "value", "threshold", "detail", "split", "ordinal", "other_split", "other_ordinal", "text", LENGTH];
    let mut table = Table::new(wanted, &names);
    folder.dropped(&mut |document| {
        let Document { id, url, text, lang, stage, reason, value, threshold, other, place, detail, .. } = document;
        for (name, text) in [("id", id), ("url", url), ("lang", lang), ("stage", stage), ("reason", reason), ("detail", detail)] {
            table.put(name, text);
        }
        for (name, number) in [("value", value), ("threshold", threshold)] {
            table.put(name, number);
        }
        let part = |place: &Option<Value>, name: &str| place.as_ref().map_or(Value::Null, |place| place[name].clone());
        for (names, place) in [(["split", "ordinal"], place), (["other_split", "other_ordinal"], other)] {
            names.into_iter().zip(["split", "ordinal"]).for_each(|(name, key)| table.put(name, part(&place, key)));
        }
        table.put(LENGTH, text.as_ref().map(String::len));
        table.put("text", text);
        table.end_row();
        !table.only_names()
    })?;
    Ok(table)
}

fn annotations(folder: &Folder, wanted: Wanted) -> Result<Table, Error> {
    if !folder.annotated {
        return Err(Error::Cannot("this run has no annotations: run it again with --set run.mode=annotate".to_owned()));
    }
    let mut table = Table::new(wanted, &["id", "url", "lang", "stage", "rule", "keep", "value", "threshold"]);
    folder.kept(&mut |document| {
        for said in &document.verdicts {
            for (name, text) in [("id", &document.id), ("url", &document.url), ("lang", &document.lang)] {
                table.put(name, text.as_deref());
            }
            table.put("stage", said.stage.as_str());
            table.put("rule", said.rule.as_str());
            table.put("keep", said.keep);
            table.put("value", said.value);
            table.put("threshold", said.threshold);
            table.end_row();
        }
        !table.only_names()
    })?;
    Ok(table)
}

fn near(folder: &Folder, name: &str, wanted: Wanted) -> Result<Table, Error> {
    let file = if name == "clusters" { "clusters.parquet" } else { "edges.parquet" };
    let found = folder.stages.iter().map(|stage| (stage, folder.path().join("artifacts").join(stage).join(file)));
    let found: Vec<_> = found.filter(|(_, path)| path.is_file()).collect();
    if found.is_empty() {
        return Err(Error::Cannot("no stage of this run has looked for near-duplicates: dedup_minhash does".to_owned()));
    }
    let mut table = Table::new(wanted, &[]);
    for (stage, path) in found {
        rows(&path, &mut table, &[("stage", stage.as_str())])?;
    }
    Ok(table)
}

fn ledger(folder: &Folder, whole: bool, wanted: Wanted) -> Result<Table, Error> {
    let path = folder.path().join("report.json");
    let report: Value = std::fs::read(&path)
        .map_err(|cause| unreadable(&path, cause))
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|cause| unreadable(&path, cause)))?;
    let numbers = ["documents_in", "documents_out", "bytes_in", "bytes_out"];
    let names: &[&str] = if whole {
        &["position", "stage", "use", "documents_in", "documents_out", "bytes_in", "bytes_out", "dropped"]
    } else {
        &["stage", "reason", "documents", "share"]
    };
    let mut table = Table::new(wanted, names);
    for (position, stage) in report["stages"].as_array().into_iter().flatten().enumerate() {
        let drops: Map<String, Value> = stage["drops"].as_object().cloned().unwrap_or_default();
        if whole {
            table.put("position", position + 1);
            table.put("stage", stage["name"].clone());
            table.put("use", stage["use"].clone());
            numbers.iter().for_each(|name| table.put(name, stage[*name].clone()));
            table.put("dropped", drops.values().filter_map(Value::as_u64).sum::<u64>());
            table.end_row();
            continue;
        }
        for (reason, count) in drops {
            table.put("stage", stage["name"].clone());
            table.put("share", count.as_f64().unwrap_or(0.0) / stage["documents_in"].as_f64().unwrap_or(0.0).max(1.0));
            table.put("reason", reason);
            table.put("documents", count);
            table.end_row();
        }
    }
    Ok(table)
}

fn shards(folder: &Folder, wanted: Wanted) -> Result<Table, Error> {
    let found: Vec<_> = sets(folder.path()).into_iter().filter(|set| !set.starts_with(folder.path().join("validate"))).collect();
    if found.is_empty() {
        return Err(Error::Cannot("this run has written no token shards: a sink `shards` does".to_owned()));
    }
    let mut table = Table::new(wanted, &["set", "document", "key", "url", "source", "source_offset", "split", "ordinal", "bytes", "tokens", "flags"]);
    for set in found {
        let name = set.strip_prefix(folder.path()).unwrap_or(&set).to_string_lossy().into_owned();
        let shards = Shards::open(&set).map_err(|cause| Error::Cannot(cause.to_string()))?;
        for document in 0..shards.documents() {
            let info = shards.document_info(document).map_err(|cause| Error::Cannot(cause.to_string()))?;
            table.put("set", name.as_str());
            table.put("document", document);
            if table.wants("key") {
                table.put("key", format!("{:032x}", info.key));
            }
            table.put("url", info.url);
            table.put("source", info.source);
            table.put("source_offset", info.source_offset);
            table.put("split", info.place.split);
            table.put("ordinal", info.place.ordinal);
            table.put("bytes", info.bytes);
            table.put("tokens", info.tokens);
            table.put("flags", info.flags);
            table.end_row();
        }
    }
    Ok(table)
}
