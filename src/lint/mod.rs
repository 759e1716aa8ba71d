//! A lint of fine-tuning data: rules with stable codes over the rows of conversations and pairs.
//!
//! Rows are read as the sources `chat` and `pairs` read them, so a row that they would pass over is found under their reason. What a template makes of a row is what the
//! stage `chat_template` makes of it. Memory is bounded by the evaluation files and by a fixed number of records ([`across`]): a set that has more rows is read more than once.

mod across;
mod evaluation;
mod row;
mod rules;
mod sarif;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::prelude::*;

use across::{RECORDS, Record, Records};
use evaluation::Evaluation;
use row::{Found, Templated};
pub use rules::{Level, Needs, RULES, Rule};
pub use sarif::sarif;

use crate::scratch::Scratch;
use crate::source::conversations::{Row, Talks};
use crate::stage::{Result, RunError};
use crate::text::private::Secrets;

/// Rows that are looked at together, by all threads.
const BATCH: usize = 512;

/// What to look at, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files, folders or globs of conversations and pairs.
    pub files: Vec<String>,
    /// A `tokenizer.json`.
    pub tokenizer: Option<String>,
    /// A template, as `chat_template` takes it.
    pub template: Option<String>,
    /// Tokens of a training row.
    pub seq_len: Option<usize>,
    /// Evaluation files.
    pub evaluation: Vec<String>,
    /// Codes of rules that are not applied.
    pub ignored: Vec<String>,
    /// Findings of each rule that are kept, the first ones; all are counted.
    pub listed: usize,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the file: those that are looked at, then the evaluation files.
    file: u32,
    /// Line or row, from 1.
    at: u64,
}

/// A finding, for people and machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line on which the row begins, from 1, where rows stand on lines.
    pub line: Option<u64>,
    /// The same place for people: `train.jsonl:12`, `train.parquet, row 12`.
    pub place: String,
    /// What was found.
    pub message: String,
}

/// What one rule found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Rule,
    /// Whether it was applied: neither ignored nor without what it needs.
    pub applied: bool,
    /// Findings.
    pub count: u64,
    /// The first of them, in the order of files and rows.
    pub findings: Vec<Finding>,
}

/// What came of all.
#[derive(Clone, Debug)]
pub struct Report {
    /// Rows that were read.
    pub rows: u64,
    /// In the order of [`RULES`].
    pub outcomes: Vec<Outcome>,
}

/// The rules over some files.
///
/// # Errors
/// What cannot be read, a tokenizer and a template that do not fit, evaluation files without a question.
pub fn lint(options: &Options) -> Result<Report> {
    with_records(options, RECORDS)
}

fn with_records(options: &Options, most: usize) -> Result<Report> {
    let talks = Talks::open(&options.files)?;
    let mut findings = Findings::new(options, &talks);
    let templated = match (&options.tokenizer, &options.template) {
        (Some(tokenizer), Some(template)) => Some(Templated::load(tokenizer, template, options.seq_len)?),
        _ => None,
    };
    let evaluation = evaluation(options, &mut findings)?;
    let (secrets, mut rows) = (Secrets::new(), 0);
    let mut next = Some(0);
    while let Some(from) = next {
        let mut records = Records::new(from, most);
        let first = from == 0;
        batches(&talks, &mut |batch| {
            rows += if first { batch.len() as u64 } else { 0 };
            batch.iter().for_each(|row| findings.files[row.file].1 = row.lined);
            let look = |scratch: &mut Scratch, row: Row| -> Result<(Place, Option<Record>, Vec<Found>)> {
                let place = Place { file: row.file as u32, at: row.at };
                let mut doc = match row.read {
                    Ok(doc) => doc,
                    Err(fault) => return Ok((place, None, vec![unfit(&fault.reason, fault.detail)])),
                };
                let record = doc.turns().and_then(|turns| Record::of(&turns, place));
                let mut found = Vec::new();
                if first {
                    if let Some((other, alike)) = evaluation.as_ref().and_then(|evaluation| evaluation.find(&doc.turns()?)) {
                        found.push(("evaluation_prompt", format!("alike to {:.0} % with the question at {}", 100.0 * alike, findings.shown(other))));
                    }
                    found.extend(row::examine(&mut doc, templated.as_ref(), &secrets, scratch)?);
                }
                Ok((place, record, found))
            };
            let seen: Vec<_> = batch.into_par_iter().map_init(Scratch::default, look).collect::<Result<_>>()?;
            for (place, record, found) in seen {
                record.into_iter().for_each(|record| records.add(record));
                found.into_iter().filter(|_| first).for_each(|(rule, message)| findings.add(rule, place, message));
            }
            Ok(())
        })?;
        next = records.end(&mut findings);
    }
    Ok(Report { rows, outcomes: findings.end(options) })
}

/// The rule of a row that is no conversation, and what was found.
fn unfit(reason: &str, detail: String) -> Found {
    match rules::named(reason).name {
        "unreadable_row" => ("unreadable_row", format!("{}: {detail}", reason.replace('_', " "))),
        name => (name, if detail.is_empty() { name.replace('_', " ") } else { detail }),
    }
}

fn batches(talks: &Talks, take: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    talks.each(&mut |row| {
        batch.push(row);
        if batch.len() == BATCH { take(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))) } else { Ok(()) }
    })?;
    take(batch)
}

fn evaluation(options: &Options, findings: &mut Findings) -> Result<Option<Evaluation>> {
    if options.evaluation.is_empty() {
        return Ok(None);
    }
    let talks = Talks::questions(&options.evaluation)?;
    let mut evaluation = Evaluation::new();
    let first = findings.files.len();
    findings.files.extend(talks.files().iter().map(|path| (path.clone(), true)));
    talks.each(&mut |row| {
        findings.files[first + row.file].1 = row.lined;
        if let Ok(doc) = row.read {
            evaluation.add(&doc.turns().unwrap_or_default(), Place { file: (first + row.file) as u32, at: row.at });
        }
        Ok(())
    })?;
    if evaluation.len() == 0 {
        return Err(RunError::stop(
            "--eval: no question of four words or more stands in these files\n  help: a row is a conversation, a pair, or has `prompt`, `question`, `instruction`, `query` or `problem`",
        ));
    }
    Ok(Some(evaluation))
}

/// Places with what is said of each, in their order.
type Listed = BTreeSet<(Place, String)>;

/// What was found so far: of each rule the first places, and how many.
pub(super) struct Findings {
    /// Path, and whether its rows stand on lines.
    files: Vec<(PathBuf, bool)>,
    listed: usize,
    found: BTreeMap<&'static str, (u64, Listed)>,
}

impl Findings {
    fn new(options: &Options, talks: &Talks) -> Findings {
        Findings { files: talks.files().iter().map(|path| (path.clone(), true)).collect(), listed: options.listed, found: BTreeMap::new() }
    }

    fn add(&mut self, rule: &str, place: Place, message: String) {
        let (count, first) = self.found.entry(rules::named(rule).code).or_default();
        *count += 1;
        first.insert((place, message));
        if first.len() > self.listed {
            first.pop_last();
        }
    }

    /// A finding about two rows.
    pub(super) fn beside(&mut self, rule: &str, place: Place, what: &str, other: Place) {
        self.add(rule, place, format!("{what} {}", self.shown(other)));
    }

    fn shown(&self, place: Place) -> String {
        self.files.get(place.file as usize).map_or_else(String::new, |(path, lined)| Talks::shown(path, place.at, *lined))
    }

    fn end(mut self, options: &Options) -> Vec<Outcome> {
        let given = |needs: Needs| match needs {
            Needs::Rows => true,
            Needs::Template => options.tokenizer.is_some() && options.template.is_some(),
            Needs::Length => options.tokenizer.is_some() && options.template.is_some() && options.seq_len.is_some(),
            Needs::Evaluation => !options.evaluation.is_empty(),
        };
        let outcome = |rule: &'static Rule| {
            let applied = given(rule.needs) && !options.ignored.iter().any(|code| code == rule.code);
            let (count, first) = self.found.remove(rule.code).filter(|_| applied).unwrap_or_default();
            let finding = |(place, message): (Place, String)| {
                let (file, lined) = self.files.get(place.file as usize).cloned().unwrap_or_default();
                Finding { place: Talks::shown(&file, place.at, lined), file, line: lined.then_some(place.at), message }
            };
            Outcome { rule, applied, count, findings: first.into_iter().map(finding).collect() }
        };
        RULES.iter().map(outcome).collect()
    }
}

#[cfg(test)]
mod tests;
