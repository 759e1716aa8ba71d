//! What differs between two runs: settings, counts, and the documents that changed sides, with why.
//!
//! Documents meet by their id, else by their URL. A run that drops writes down one dropped document in so many (`run.dropped`), so one that is missing from
//! both lists of a run was dropped there unseen, or was not in its input: it is `absent`. A run that annotates drops nothing; there a document counts as
//! dropped by the first rule that it fails.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::{Document, Error, Folder, excerpt, unreadable};

/// Characters of an example's text.
const EXCERPT: usize = 160;

/// How a second run differs from a first.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// Settings that differ, by key.
    pub settings: Vec<Setting>,
    /// Totals, and the drops of each reason of each stage: all of them, also where they are equal.
    pub counts: Vec<Count>,
    /// The documents; none where one of the runs has written no documents down.
    pub documents: Option<Documents>,
}

/// A setting that differs.
#[derive(Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key: `run.seed`, `stage.NAME`, `sink.NAME`, `source`, `input`, or `order of stages`.
    pub key: String,
    /// In the first run; none where it is not there.
    pub first: Option<String>,
    /// In the second.
    pub second: Option<String>,
}

/// A number of both runs.
#[derive(Debug, PartialEq, Serialize)]
pub struct Count {
    /// `documents_read`, `STAGE/REASON`, and so on.
    pub name: String,
    /// In the first run; none where it has no such stage.
    pub first: Option<u64>,
    /// In the second.
    pub second: Option<u64>,
}

/// Where a document ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// In the output.
    Kept,
    /// Dropped by a stage for a reason.
    Dropped(String, String),
    /// Neither kept nor written down as dropped.
    Absent,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fate::Kept => out.write_str("kept"),
            Fate::Dropped(stage, reason) => write!(out, "{stage}/{reason}"),
            Fate::Absent => out.write_str("absent"),
        }
    }
}

/// The documents of both runs.
#[derive(Debug, Default, Serialize)]
pub struct Documents {
    /// Kept in both.
    pub kept: u64,
    /// Of these, with another text.
    pub edited: Vec<Example>,
    /// Number of the edited.
    pub edited_count: u64,
    /// Documents that ended elsewhere, the most frequent way first.
    pub moves: Vec<Move>,
    /// Documents whose id another one before them has, which are not followed.
    pub repeated: u64,
    /// Documents without id and URL, which cannot be followed.
    pub unnamed: u64,
}

/// Documents that ended in one place in the first run and in another in the second.
#[derive(Debug, Serialize)]
pub struct Move {
    /// In the first run.
    pub first: Fate,
    /// In the second.
    pub second: Fate,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// A document that ended elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// Its id, else its URL.
    pub name: String,
    /// What was measured where it was dropped, and against what.
    pub measured: Option<(f64, Option<f64>)>,
    /// The beginning of its text.
    pub excerpt: String,
}

/// Compares two runs; of each kind of move at most `examples` documents are named.
///
/// # Errors
/// What cannot be read.
pub fn diff(first: &Folder, second: &Folder, examples: usize) -> Result<Diff, Error> {
    let documents = match follow(first, second, examples) {
        Ok(documents) => Some(documents),
        Err(Error::Cannot(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Diff { settings: settings(first, second)?, counts: counts(first, second)?, documents })
}

fn json(folder: &Folder, name: &str) -> Result<Value, Error> {
    let path = folder.path.join(name);
    let bytes = std::fs::read(&path).map_err(|cause| unreadable(&path, cause))?;
    serde_json::from_slice(&bytes).map_err(|cause| unreadable(&path, cause))
}

/// Pairs two maps by key.
fn paired<'a, T: Clone>(first: &'a BTreeMap<String, T>, second: &'a BTreeMap<String, T>) -> impl Iterator<Item = (String, Option<T>, Option<T>)> + 'a {
    let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    keys.into_iter().map(move |key| (key.clone(), first.get(key).cloned(), second.get(key).cloned()))
}

fn settings(first: &Folder, second: &Folder) -> Result<Vec<Setting>, Error> {
    let all = |folder: &Folder| -> Result<BTreeMap<String, String>, Error> {
        let run = json(folder, "run.json")?;
        let tables = [&run["base"], &run["sinks"]].into_iter().chain(run["segments"].as_array().into_iter().flatten());
        let pairs = tables.filter_map(Value::as_object).flatten();
        let mut all: BTreeMap<String, String> = pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        all.insert("order of stages".to_owned(), folder.stages.join(", "));
        for name in ["version", "input"] {
            all.insert(name.to_owned(), run[name].as_str().unwrap_or_default().to_owned());
        }
        Ok(all)
    };
    let (first, second) = (all(first)?, all(second)?);
    let differing = paired(&first, &second).filter(|(_, first, second)| first != second);
    Ok(differing.map(|(key, first, second)| Setting { key, first, second }).collect())
}

fn counts(first: &Folder, second: &Folder) -> Result<Vec<Count>, Error> {
    let reports = [json(first, "report.json")?, json(second, "report.json")?];
    let mut found = Vec::new();
    for (name, key) in [("documents_read", "read"), ("documents_kept", "written"), ("bytes_kept", "bytes_written"), ("tokens_kept", "tokens_written")] {
        let [first, second] = reports.each_ref().map(|report| report["documents"][key].as_u64());
        found.push(Count { name: name.to_owned(), first, second });
    }
    let stages = |report: &Value| -> BTreeMap<String, BTreeMap<String, u64>> {
        let drops = |stage: &Value| stage["drops"].as_object().into_iter().flatten().filter_map(|(key, count)| Some((key.clone(), count.as_u64()?))).collect();
        report["stages"].as_array().into_iter().flatten().map(|stage| (stage["name"].as_str().unwrap_or_default().to_owned(), drops(stage))).collect()
    };
    let [of_first, of_second] = reports.each_ref().map(stages);
    // The order of the first run's pipeline, then what only the second has.
    let more = second.stages.iter().filter(|stage| !first.stages.contains(stage));
    for stage in first.stages.iter().chain(more) {
        let (first, second) = (of_first.get(stage), of_second.get(stage));
        let reasons: BTreeSet<&String> = [first, second].into_iter().flatten().flat_map(BTreeMap::keys).collect();
        for reason in reasons {
            let count = |drops: Option<&BTreeMap<String, u64>>| drops.map(|drops| drops.get(reason).copied().unwrap_or(0));
            found.push(Count { name: format!("{stage}/{reason}"), first: count(first), second: count(second) });
        }
    }
    Ok(found)
}

/// What is known of a document of the first run.
struct Known {
    fate: usize,
    text: u64,
    measured: Option<(f64, Option<f64>)>,
    seen: bool,
}

/// Where a document of a run ended, and what was measured there.
fn fate(document: &Document) -> (Fate, Option<(f64, Option<f64>)>) {
    let measured = |value: Option<f64>, threshold| value.map(|value| (value, threshold));
    match (&document.stage, &document.reason, document.verdicts.iter().find(|said| !said.keep)) {
        (Some(stage), Some(reason), _) => (Fate::Dropped(stage.clone(), reason.clone()), measured(document.value, document.threshold)),
        (_, _, Some(said)) => (Fate::Dropped(said.stage.clone(), said.rule.clone()), measured(said.value, said.threshold)),
        _ => (Fate::Kept, None),
    }
}

fn name(document: &Document) -> Option<&str> {
    document.id.as_deref().or(document.url.as_deref())
}

fn follow(first: &Folder, second: &Folder, examples: usize) -> Result<Documents, Error> {
    // A missing output is found before a long first pass.
    second.documents()?;
    let mut found = Documents::default();
    let mut fates: Vec<Fate> = vec![Fate::Absent];
    let mut known: HashMap<u128, Known> = HashMap::new();
    let mut moves: BTreeMap<(Fate, Fate), (u64, Vec<Example>)> = BTreeMap::new();
    each(first, &mut |document| {
        let Some(name) = name(&document) else { return found.unnamed += 1 };
        let (ended, measured) = fate(&document);
        let fate = fates.iter().position(|known| *known == ended).unwrap_or_else(|| {
            fates.push(ended);
            fates.len() - 1
        });
        let text = xxh3_64(document.text.as_deref().unwrap_or_default().as_bytes());
        match known.entry(xxh3_128(name.as_bytes())) {
            Entry::Vacant(place) => {
                place.insert(Known { fate, text, measured, seen: false });
            }
            Entry::Occupied(_) => found.repeated += 1,
        }
    })?;
    let example = |document: &Document, measured| Example {
        name: name(document).unwrap_or_default().to_owned(),
        measured,
        excerpt: excerpt(document.text.as_deref(), EXCERPT),
    };
    let mut moved = |from: &Fate, to: Fate, document: &Document, measured| {
        let (count, shown) = moves.entry((from.clone(), to)).or_default();
        *count += 1;
        if shown.len() < examples {
            shown.push(example(document, measured));
        }
    };
    each(second, &mut |document| {
        let Some(name) = name(&document) else { return found.unnamed += 1 };
        let (ended, measured) = fate(&document);
        match known.entry(xxh3_128(name.as_bytes())) {
            Entry::Occupied(place) if place.get().seen => found.repeated += 1,
            Entry::Occupied(mut place) => {
                let before = place.get_mut();
                before.seen = true;
                let from = &fates[before.fate];
                if *from != ended {
                    moved(from, ended, &document, measured.or(before.measured));
                } else if ended == Fate::Kept {
                    found.kept += 1;
                    if before.text != xxh3_64(document.text.as_deref().unwrap_or_default().as_bytes()) {
                        found.edited_count += 1;
                        if found.edited.len() < examples {
                            found.edited.push(example(&document, None));
                        }
                    }
                }
            }
            Entry::Vacant(place) => {
                place.insert(Known { fate: 0, text: 0, measured: None, seen: true });
                moved(&Fate::Absent, ended, &document, measured);
            }
        }
    })?;
    // What the second run has nothing of, in the order of the first.
    each(first, &mut |document| {
        if let Some(before) = name(&document).and_then(|name| known.get_mut(&xxh3_128(name.as_bytes()))).filter(|before| !before.seen) {
            before.seen = true;
            moved(&fates[before.fate], Fate::Absent, &document, before.measured);
        }
    })?;
    found.moves = moves.into_iter().map(|((first, second), (count, examples))| Move { first, second, count, examples }).collect();
    found.moves.sort_by_key(|found| std::cmp::Reverse(found.count));
    Ok(found)
}

/// All documents of a run, kept ones first.
fn each(folder: &Folder, see: &mut dyn FnMut(Document)) -> Result<(), Error> {
    let mut all = |document| {
        see(document);
        true
    };
    folder.kept(&mut all)?;
    folder.dropped(&mut all)
}

#[cfg(test)]
mod tests {
    use super::super::testing::folder;
    use super::*;

    fn run(kept: &str, dropped: &str, seed: &str) -> (tempfile::TempDir, Folder) {
        let (dir, folder) = folder(false, &["rules", "dedup"], kept, dropped);
        let run = serde_json::json!({ "version": "1", "input": "i", "base": { "run.seed": seed }, "segments": [{ "stage.rules": "rules {}" }], "sinks": {} });
        std::fs::write(dir.path().join("run.json"), run.to_string()).unwrap();
        (dir, folder)
    }

    #[test]
    fn documents_that_change_sides_are_followed_by_their_ids() {
        let short = |id: &str, value: f64| {
            format!("{{\"id\":\"{id}\",\"text\":\"t\",\"stage\":\"rules\",\"reason\":\"short\",\"value\":{value},\"threshold\":50.0}}\n")
        };
        let kept = "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"b\",\"text\":\"two\"}\n{\"id\":\"c\",\"text\":\"three\"}\n{\"url\":\"u\",\"text\":\"x\"}\n{\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"again\"}\n";
        let (_one, first) = run(kept, &(short("d", 3.0) + &short("e", 4.0)), "1");
        let kept = "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"b\",\"text\":\"2\"}\n{\"id\":\"d\",\"text\":\"t\"}\n{\"url\":\"u\",\"text\":\"x\"}\n{\"id\":\"new\",\"text\":\"x\"}\n";
        let (_two, second) = run(kept, &(short("c", 9.0) + &short("e", 4.0)), "2");
        let found = diff(&first, &second, 5).unwrap();
        assert_eq!(found.settings, [Setting { key: "run.seed".into(), first: Some("1".into()), second: Some("2".into()) }]);
        let documents = found.documents.unwrap();
        assert_eq!((documents.kept, documents.edited_count, documents.repeated, documents.unnamed), (3, 1, 1, 1));
        assert_eq!(documents.edited[0].name, "b");
        let told: Vec<_> =
            documents.moves.iter().map(|m| (m.first.to_string(), m.second.to_string(), m.count, m.examples[0].name.as_str(), m.examples[0].measured)).collect();
        let dropped = "rules/short".to_owned();
        assert_eq!(
            told,
            [
                ("kept".into(), dropped.clone(), 1, "c", Some((9.0, Some(50.0)))),
                (dropped, "kept".into(), 1, "d", Some((3.0, Some(50.0)))),
                ("absent".into(), "kept".into(), 1, "new", None),
            ]
        );
        let (_three, empty) = run("", "", "1");
        std::fs::remove_dir_all(empty.path.join("docs")).unwrap();
        assert!(diff(&first, &empty, 5).unwrap().documents.is_none());
    }
}
