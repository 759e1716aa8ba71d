//! What the user wrote: the pipeline file, parsed with the place of every key, and `--set` laid over it. No data file is opened here.

mod misfit;
mod problem;
mod table;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use problem::{Problem, Problems, Text, nearest, suggestion};
pub use table::{Table, fields_of};

use crate::stage::{ByteSize, Share};

/// What `[run]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Seed of every random choice.
    #[serde(default)]
    pub seed: u64,
    /// The run directory, on this machine.
    pub output: PathBuf,
    /// Where the run directory is published as it comes into being: `s3://bucket/folder`, `gs://` or `az://`.
    #[serde(default)]
    pub publish: Option<String>,
    /// `run`, or `annotate`: nothing is dropped, every rule's verdict is written beside the document.
    #[serde(default)]
    pub mode: Mode,
    /// Share of dropped documents kept under `dropped/` with stage, reason, value, threshold and the other document.
    #[serde(default = "one_percent")]
    pub dropped: Share,
    /// Also write `docs/` when no sink does.
    #[serde(default)]
    pub keep_docs: bool,
    /// Input bytes after which a part closes and a run can be resumed.
    #[serde(default = "part_size")]
    pub part: ByteSize,
}

fn one_percent() -> Share {
    Share::new(0.01)
}

fn part_size() -> ByteSize {
    ByteSize::new(256 << 20)
}

/// Whether verdicts are carried out or only written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Drops are carried out.
    #[default]
    Run,
    /// Drops are written down.
    Annotate,
}

/// A source, stage or sink as written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What `use` says.
    pub recipe: String,
    /// Place of `use`.
    pub span: Range<usize>,
    /// Its name in this pipeline: `name`, else `use`.
    pub name: String,
    /// All other keys.
    pub table: Table,
}

/// A pipeline file as written.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `[run]` says.
    pub run: Run,
    /// Place of `run.output`.
    pub output_span: Range<usize>,
    /// `[source]`.
    pub source: Entry,
    /// `[[stage]]`, in order.
    pub stages: Vec<Entry>,
    /// `[[sink]]`, in order.
    pub sinks: Vec<Entry>,
    /// `[train]`.
    pub train: Option<Table>,
    /// `[validate]`.
    pub validate: Option<Table>,
    /// `[expect]`.
    pub expect: Option<Table>,
    /// What spans point into.
    pub text: Arc<Text>,
}

const SECTIONS: [&str; 7] = ["run", "source", "stage", "sink", "train", "validate", "expect"];

impl Config {
    /// Reads a pipeline file and lays `KEY=VALUE` settings over it.
    pub fn load(path: &Path, settings: &[String]) -> Result<Config, Problems> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let problem = Problem::nowhere(format!("cannot read the pipeline file {}: {cause}", path.display()), "give the path of a TOML file");
            Problems::new(vec![problem], Arc::default())
        })?;
        Config::parse(&path.display().to_string(), &text, settings)
    }

    /// The same from a text; `name` is shown in messages.
    pub fn parse(name: &str, toml: &str, settings: &[String]) -> Result<Config, Problems> {
        let (mut root, mut text) = parsed(name, toml)?;
        let mut problems = Vec::new();
        for setting in settings {
            if let Err(problem) = lay_over(&mut root, setting, &mut text) {
                problems.push(problem);
            }
        }
        let text = Arc::new(text);
        let config = Sections { root, text: text.clone(), toml_len: toml.len(), problems: &mut problems }.read();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems::new(problems, text)),
        }
    }
}

fn parsed(name: &str, toml: &str) -> Result<(DeTable<'static>, Text), Problems> {
    let mut text = Text::default();
    text.add(name, toml);
    let (parsed, errors) = DeTable::parse_recoverable(kept(toml.to_owned()));
    if errors.is_empty() {
        return Ok((parsed.into_inner(), text));
    }
    let list = errors.iter().map(|error| {
        let message = format!("this is not TOML: {}", error.message().trim().replace('\n', ", "));
        Problem { message, span: error.span(), help: String::new() }
    });
    Err(Problems::new(list.collect(), Arc::new(text)))
}

/// The tables of a file that is a list of `[[section]]` and nothing else, with what their places point into.
///
/// # Errors
/// Where it is not TOML, holds something else, or holds none.
pub fn tables(name: &str, toml: &str, section: &str) -> Result<(Vec<Table>, Arc<Text>), Problems> {
    let (root, text) = parsed(name, toml)?;
    let mut problems = Vec::new();
    for (key, _) in root.iter().filter(|(key, _)| key.get_ref().as_ref() != section) {
        let name = key.get_ref().as_ref();
        problems.push(Problem::at(key.span(), format!("there is no `{name}` in a file of {section}s"), suggestion(name, [section])));
    }
    let mut found = Vec::new();
    match root.get(section).map(Spanned::get_ref) {
        Some(DeValue::Array(array)) => {
            for item in array.iter() {
                match item.get_ref() {
                    DeValue::Table(table) => found.push(Table::new(format!("this {section}"), item.span(), table.clone())),
                    _ => problems.push(Problem::at(item.span(), format!("this {section} is not a table"), format!("write `[[{section}]]`"))),
                }
            }
        }
        _ => problems.push(Problem::nowhere(format!("{name} has no `[[{section}]]`"), format!("write at least one `[[{section}]]` table"))),
    }
    let text = Arc::new(text);
    Problems::new(problems, text.clone()).or((found, text))
}

/// The one `[[stage]]` of a text that holds nothing else, with what its places point into: for a stage that is used by itself.
///
/// # Errors
/// Where it is not TOML, holds something else, or says not what it is.
pub fn stage_alone(name: &str, toml: &str) -> Result<(Entry, Arc<Text>), Problems> {
    let (mut tables, text) = tables(name, toml, "stage")?;
    let mut problems = Vec::new();
    let table = tables.swap_remove(0);
    if let Some(other) = tables.first() {
        problems.push(Problem::at(other.span.clone(), "there is another stage beside the first", "give one `[[stage]]`"));
    }
    match entry(table, "stage", &mut problems) {
        Some(entry) if problems.is_empty() => Ok((entry, text)),
        _ => Err(Problems::new(problems, text)),
    }
}

/// The parser's tables borrow the text they were parsed from. A pipeline file is a few kilobytes and is read once or twice in a process, so its text is
/// kept for good rather than carried along as a lifetime through every table.
fn kept(text: String) -> &'static str {
    text.leak()
}

/// Sets one key by its path: `run.seed=7`, `stage.NAME.key=value`, `source.path=x`. A value that is not TOML is taken as a text.
fn lay_over(root: &mut DeTable<'static>, setting: &str, text: &mut Text) -> Result<(), Problem> {
    let shown = format!("--set {setting}");
    let start = text.add(shown, setting);
    let here = start..start + setting.len();
    let Some((path, value)) = setting.split_once('=') else {
        return Err(Problem::at(here, "`--set` takes KEY=VALUE", "as `--set stage.language.min_score=0.7`"));
    };
    let value_at = start + path.len() + 1;
    // Spaces before the value make its span point into the joined text.
    let alone = format!("{}x={value}", " ".repeat(value_at - 2));
    let value = match DeTable::parse(kept(alone)).ok().and_then(|mut table| table.get_mut().remove("x")) {
        Some(parsed) => parsed,
        None => Spanned::new(value_at..here.end, DeValue::String(value.to_owned().into())),
    };
    let parts: Vec<&str> = path.split('.').map(str::trim).collect();
    let missing = |part: &str, what: String| Problem::at(here.clone(), format!("`--set` finds no {what} `{part}`"), "see the names in the pipeline file");
    let (mut table, keys) = match parts.as_slice() {
        [list @ ("stage" | "sink"), name, keys @ ..] if !keys.is_empty() => {
            let tables = root.get_mut(*list).and_then(|value| match value.get_mut() {
                DeValue::Array(array) => Some(array),
                _ => None,
            });
            let named = |table: &DeTable<'_>| ["name", "use"].iter().find_map(|key| Some(table.get(*key)?.get_ref().as_str()?.to_owned()));
            let found = tables.and_then(|tables| {
                tables.iter_mut().find_map(|value| match value.get_mut() {
                    DeValue::Table(table) if named(table).as_deref() == Some(*name) => Some(table),
                    _ => None,
                })
            });
            (found.ok_or_else(|| missing(name, (*list).to_owned()))?, keys)
        }
        [_, _, ..] => (root, parts.as_slice()),
        _ => return Err(Problem::at(here, format!("`{path}` is not the path of a key"), "as `run.output`, `source.path` or `stage.NAME.key`")),
    };
    let Some((last, inner)) = keys.split_last() else { return Ok(()) };
    for part in inner {
        let key = Spanned::new(here.clone(), (*part).to_owned().into());
        let value = table.entry(key).or_insert_with(|| Spanned::new(here.clone(), DeValue::Table(DeTable::new())));
        table = match value.get_mut() {
            DeValue::Table(table) => table,
            _ => return Err(Problem::at(here.clone(), format!("`{part}` is not a table"), "give the path of a key")),
        };
    }
    let key = Spanned::new(start..start + path.len(), (*last).to_owned().into());
    table.remove(*last);
    table.insert(key, value);
    Ok(())
}

struct Sections<'a> {
    root: DeTable<'static>,
    text: Arc<Text>,
    toml_len: usize,
    problems: &'a mut Vec<Problem>,
}

impl Sections<'_> {
    fn read(mut self) -> Option<Config> {
        for (key, _) in self.root.iter() {
            let name = key.get_ref().as_ref();
            if !SECTIONS.contains(&name) {
                self.problems.push(Problem::at(key.span(), format!("a pipeline has no section `{name}`"), suggestion(name, SECTIONS)));
            }
        }
        let end = self.toml_len..self.toml_len;
        let run_table = self.table("run");
        if run_table.is_none() && !self.root.contains_key("run") {
            self.problems.push(Problem::at(end.clone(), "the pipeline has no `[run]`", "add `[run]` and `output = \"DIR\"`"));
        }
        let output_span = run_table.as_ref().map_or(end.clone(), |table| table.place("output"));
        if let Some(table) = &run_table
            && table.value::<String>("output").is_ok_and(|output| output.contains("://"))
        {
            let help = "write `output = \"DIR\"` for the work on this machine, and `publish = \"s3://bucket/folder\"` for where all of it goes";
            self.problems.push(Problem::at(output_span.clone(), "`run.output` is a folder of this machine", help));
        }
        let run = run_table.and_then(|table| match table.fill::<Run>() {
            Ok(run) => Some(run),
            Err(found) => {
                self.problems.extend(found);
                None
            }
        });
        let source = self.table("source").and_then(|table| entry(table, "source", self.problems));
        if source.is_none() && !self.root.contains_key("source") {
            self.problems.push(Problem::at(end, "the pipeline has no `[source]`", "add `[source]` with `use = \"warc\"` and `path = \"...\"`"));
        }
        let stages = self.entries("stage");
        let sinks = self.entries("sink");
        let (train, validate, expect) = (self.table("train"), self.table("validate"), self.table("expect"));
        Some(Config { run: run?, output_span, source: source?, stages, sinks, train, validate, expect, text: self.text })
    }

    /// A section that is one table.
    fn table(&mut self, name: &str) -> Option<Table> {
        let (key, value) = self.root.get_key_value(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Table::new(format!("`[{name}]`"), header(key.span(), value), table.clone())),
            _ => {
                self.problems.push(Problem::at(key.span(), format!("`{name}` is not one table"), format!("write `[{name}]`")));
                None
            }
        }
    }

    /// A section that is a list of tables with `use`; names are unique.
    fn entries(&mut self, name: &str) -> Vec<Entry> {
        let Some((key, value)) = self.root.get_key_value(name) else { return Vec::new() };
        let (span, value) = (key.span(), value.get_ref().clone());
        let DeValue::Array(array) = value else {
            self.problems.push(Problem::at(span, format!("`{name}` is not a list of tables"), format!("write `[[{name}]]`")));
            return Vec::new();
        };
        let mut entries: Vec<Entry> = Vec::new();
        for item in array.iter() {
            let DeValue::Table(table) = item.get_ref() else {
                self.problems.push(Problem::at(item.span(), format!("this {name} is not a table"), format!("write `[[{name}]]`")));
                continue;
            };
            let Some(entry) = entry(Table::new(name.to_owned(), item.span(), table.clone()), name, self.problems) else { continue };
            if entries.iter().any(|other| other.name == entry.name) {
                let help = "give one of them another `name = \"...\"`";
                self.problems.push(Problem::at(entry.span.clone(), format!("two {name}s are named `{}`", entry.name), help));
            }
            entries.push(entry);
        }
        entries
    }
}

/// A table with what `use` and `name` say taken out of it.
fn entry(mut table: Table, section: &str, problems: &mut Vec<Problem>) -> Option<Entry> {
    let mut take = |table: &mut Table, key: &str| {
        table.take_str(key).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        })
    };
    let recipe = take(&mut table, "use");
    let name = take(&mut table, "name");
    let Some((recipe, span)) = recipe else {
        problems.push(Problem::at(table.span.clone(), format!("this {section} does not say what it is"), "add `use = \"...\"`"));
        return None;
    };
    let name = name.map_or_else(|| recipe.clone(), |(name, _)| name);
    table.title = if section == "source" { format!("source `{recipe}`") } else { format!("{section} `{name}`") };
    Some(Entry { recipe, span, name, table })
}

/// The header's place: the value's span of a `[table]` starts at its bracket; an inline table has its own.
fn header(key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    let span = value.span();
    if span.is_empty() { key } else { span }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[run]\noutput = \"o\"\n[source]\nuse = \"jsonl\"\npath = \"a\"\n[[stage]]\nuse = \"sample\"\nshare = 0.5\n[[sink]]\nuse = \"jsonl\"\n";

    fn problems(toml: &str, settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        Config::parse("p.toml", toml, &settings).unwrap_err().to_string()
    }

    #[test]
    fn all_problems_are_shown_together() {
        let shown = problems("[run]\nseed = \"x\"\n[sorce]\nuse = 1\n[[stage]]\nshare = 1\n", &[]);
        for part in ["no section `sorce`", "did you mean `source`?", "`seed` of `[run]` does not fit", "p.toml:2:8", "this stage does not say what it is"] {
            assert!(shown.contains(part), "{part} is missing from\n{shown}");
        }
    }

    #[test]
    fn settings_are_laid_over_and_point_at_themselves() {
        let settings = ["run.seed=9".to_owned(), "stage.sample.share=0.25".to_owned(), "source.path=b.jsonl".to_owned()];
        let config = Config::parse("p.toml", SMALL, &settings).unwrap();
        assert_eq!(config.run.seed, 9);
        assert_eq!(config.stages[0].table.canonical(), "{\"share\"=0.25;}");
        assert_eq!(config.source.table.canonical(), "{\"path\"=\"b.jsonl\";}");
        let shown = problems(SMALL, &["run.sed=9", "stage.none.x=1", "run.seed=\"x\""]);
        for part in ["`[run]` has no key `sed`", "finds no stage `none`", "--> --set run.seed=\"x\":1:10"] {
            assert!(shown.contains(part), "{part} is missing from\n{shown}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let shown = problems(&SMALL.replace("output = \"o\"\n", ""), &[]);
        assert!(shown.contains("`[run]` lacks the key `output`") && shown.contains("p.toml:1:"), "{shown}");
    }
}
