//! Reads parallel texts: an input and what is to become of it, as its translation, its summary or its label in words.
//!
//! ```toml
//! [source]
//! use = "parallel"
//! path = "wmt/train.jsonl.gz"
//! from = "en"
//! to = "de"
//! prefix = "translate English to German: "
//! ```
//!
//! | a pair is | `from` and `to` are |
//! |---|---|
//! | a row of JSON lines, a JSON list, Parquet, CSV (`*.csv`, `*.tsv`), or a tar archive of these | columns; also of an object in the column `translation`, as WMT has them |
//! | a line with tabs between columns | numbers of columns, as `from = 1` and `to = 2` |
//! | a line of one file and the same line of another, `path = "train.en"` with `target = "train.de"` | not there |
//!
//! `prefix` stands before every input and says what to do, so that one model learns several tasks (T5); sets of several tasks are joined by `dataprep shards merge`. Pairs that
//! are none are counted and passed over: `missing_field`, `wrong_type`, `empty_input`, `empty_target`, `unequal_lines` (one of two files ends before the other).
//!
//! The document is a conversation of one question, the input, and one answer: its text is both, so filters and deduplication see both. `chat_template` with
//! `template = "text_to_text"` makes the tokens, in which the target alone counts, and `dataprep train --objective seq2seq` learns from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::chat::{Unfit, fields, text};
use super::compression::Position;
use super::csv;
use super::fields::{Fields, Rows};
use super::jsonl::{faults, max_line};
use super::lines::{Line, Lines};
use super::paths;
use super::row_files::RowFiles;
use crate::doc::{Doc, Html, Role, TURNS, join};
use crate::stage::{Built, ByteSize, Complaint, Fault, OneOrMany, Read, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// The files whose lines are the targets of those of `path`, in the same order.
    target: Option<OneOrMany>,
    /// Where the input stands: a column's name, or its number between tabs.
    from: Option<Column>,
    /// Where the target stands.
    to: Option<Column>,
    /// What is put before every input.
    #[serde(default)]
    prefix: String,
    /// A longer line is counted as `line_too_long` and passed over. Default 64 MiB.
    #[serde(default = "max_line")]
    max_line: ByteSize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Column {
    Number(usize),
    Name(String),
}

impl Recipe for Parallel {
    const NAME: &'static str = "parallel";

    fn spec(&self) -> Spec {
        let own = ["empty_input", "empty_target", "unequal_lines", "not_parquet"];
        own.into_iter().chain(csv::FAULTS).chain(faults()).fold(Spec::new().gives("text").gives(TURNS), Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let (pairs, max_line) = (Pairs { fields: fields(), prefix: self.prefix }, self.max_line.as_usize());
        let lines = |files: Vec<Vec<PathBuf>>, columns| Built::source(AlignedLines { files, columns, pairs: Arc::new(pairs.clone()), max_line });
        match (&self.target, self.from, self.to) {
            (None, Some(Column::Name(from)), Some(Column::Name(to))) => {
                let rows = Arc::new(Translations { from, to, pairs });
                Ok(Built::source(RowFiles::expand(&self.path, rows, max_line)?))
            }
            (None, Some(Column::Number(from @ 1..)), Some(Column::Number(to @ 1..))) => {
                let files = paths::expand("path", &self.path)?;
                Ok(lines(files.into_iter().map(|path| vec![path]).collect(), (from, to)))
            }
            (Some(target), None, None) => {
                let (inputs, targets) = (paths::expand("path", &self.path)?, paths::expand("target", target)?);
                if inputs.len() != targets.len() {
                    let said = format!("{} files of targets for {} of inputs", targets.len(), inputs.len());
                    return Err(Complaint::new("target", said, "name a file of targets for each file of inputs, in the same order").into());
                }
                Ok(lines(inputs.into_iter().zip(targets).map(|(input, target)| vec![input, target]).collect(), (0, 0)))
            }
            _ => {
                let help = "write `from` and `to` with two columns' names, or with their numbers from 1 on, or `target` with the other file";
                Err(Complaint::new("path", "where inputs and targets stand is not said", help).into())
            }
        }
    }
}

/// What pairs become.
#[derive(Clone)]
struct Pairs {
    fields: Fields,
    prefix: String,
}

impl Pairs {
    fn document(&self, input: &str, target: String, mut row: Map<String, Value>) -> std::result::Result<Doc, Unfit> {
        if input.trim().is_empty() {
            return Err(("empty_input", String::new()));
        }
        if target.trim().is_empty() {
            return Err(("empty_target", String::new()));
        }
        let (text, whose) = join(&[(Role::User, format!("{}{input}", self.prefix)), (Role::Assistant, target)]);
        row.insert(self.fields.text.clone(), text.into());
        row.insert(TURNS.to_owned(), whose);
        Rows::read(&self.fields, row, None)
    }
}

/// Rows that are pairs.
struct Translations {
    from: String,
    to: String,
    pairs: Pairs,
}

impl Rows for Translations {
    fn page(&self) -> &str {
        ""
    }

    fn read(&self, mut row: Map<String, Value>, _: Option<Html>) -> std::result::Result<Doc, Unfit> {
        let mut nested = match row.shift_remove("translation") {
            Some(Value::Object(nested)) => nested,
            Some(other) => {
                row.insert("translation".to_owned(), other);
                Map::new()
            }
            None => Map::new(),
        };
        let mut take = |column: &str| match text(&mut nested, column)? {
            Some(found) => Ok(found),
            None => text(&mut row, column)?.ok_or_else(|| ("missing_field", format!("no `{column}`"))),
        };
        let (input, target) = (take(&self.from)?, take(&self.to)?);
        self.pairs.document(&input, target, row)
    }
}

/// Lines with columns, or the lines of two files.
struct AlignedLines {
    /// One file or two, read together.
    files: Vec<Vec<PathBuf>>,
    /// Numbers of the columns, where it is one.
    columns: (usize, usize),
    pairs: Arc<Pairs>,
    max_line: usize,
}

impl Source for AlignedLines {
    fn splits(&self) -> Result<Vec<Split>> {
        self.files.iter().map(|together| paths::whole(&together[0])).collect()
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        let together = self.files.iter().find(|together| together[0] == path);
        let together = together.ok_or_else(|| RunError::stop(format!("{} is no file of this source", path.display())))?;
        let open = |path: &PathBuf| Lines::open(path, Position::default(), None, self.max_line).map_err(RunError::file("cannot read", path));
        let lines = together.iter().map(open).collect::<Result<_>>()?;
        let mut reader = LineReader { lines, path: path.to_owned(), columns: self.columns, pairs: self.pairs.clone(), read: 0, ended: false };
        for _ in 0..at.unwrap_or(0) {
            reader.next()?;
        }
        Ok(Box::new(reader))
    }
}

struct LineReader {
    /// Of one file or of two.
    lines: Vec<Lines>,
    path: PathBuf,
    columns: (usize, usize),
    pairs: Arc<Pairs>,
    /// Documents and faults so far.
    read: u64,
    ended: bool,
}

/// A line's text, or why there is none; whether reading ends with it.
type Unit = std::result::Result<String, (&'static str, String, bool)>;

fn unit(lines: &mut Lines, path: &Path) -> Result<Option<Unit>> {
    let line = lines.next_line().map_err(RunError::file("cannot read", path))?;
    Ok(line.map(|line| match line {
        Line::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(error) => Err(("not_utf8", format!("byte {} of the line", error.valid_up_to()), false)),
        },
        Line::TooLong(length) => Err(("line_too_long", format!("a line of {length} bytes"), false)),
        // What comes behind is no longer known to stand beside what it belongs to.
        Line::Damaged(damage) => Err((damage.kind.name(), damage.detail, true)),
        Line::Behind | Line::Unclosed => Err(("not_utf8", String::new(), true)),
    }))
}

impl LineReader {
    /// The next pair; `None` at the end.
    fn pair(&mut self) -> Result<Option<std::result::Result<Doc, Unfit>>> {
        let mut units = Vec::new();
        for lines in &mut self.lines {
            units.push(unit(lines, &self.path)?);
        }
        let mut texts = Vec::new();
        for unit in units {
            match unit {
                None => texts.push(None),
                Some(Ok(text)) => texts.push(Some(text)),
                Some(Err((reason, detail, ends))) => {
                    self.ended |= ends;
                    return Ok(Some(Err((reason, detail))));
                }
            }
        }
        let columns = |line: &str| {
            let column = |number: usize| line.split('\t').nth(number - 1).map(str::to_owned).ok_or_else(|| ("missing_field", format!("no column {number}")));
            Ok((column(self.columns.0)?, column(self.columns.1)?))
        };
        let pair = match texts.as_slice() {
            [Some(input), Some(target)] => Ok((input.clone(), target.clone())),
            [Some(line)] => columns(line),
            [None] | [None, None] if self.read == 0 => Err(("empty_file", "nothing to read".to_owned())),
            [None] | [None, None] => return Ok(None),
            _ => Err(("unequal_lines", format!("one file has {} lines, the other more", self.read))),
        };
        self.ended |= texts.contains(&None);
        Ok(Some(pair.and_then(|(input, target)| self.pairs.document(&input, target, Map::new()))))
    }
}

impl Reader for LineReader {
    fn next(&mut self) -> Result<Option<Read>> {
        if self.ended {
            return Ok(None);
        }
        let offset = self.lines[0].position().offset;
        let pair = self.pair()?;
        self.read += u64::from(pair.is_some());
        Ok(pair.map(|pair| match pair {
            Ok(mut doc) => {
                doc.origin.offset = offset;
                Read::Doc(Box::new(doc))
            }
            Err((reason, detail)) => Read::Fault(Fault { reason: reason.to_owned(), detail, offset }),
        }))
    }

    fn position(&self) -> u64 {
        self.read
    }

    fn consumed(&self) -> u64 {
        self.lines[0].consumed()
    }
}

#[cfg(test)]
mod tests {
    use super::super::jsonl::outline;
    use super::*;

    fn built(toml: String) -> std::result::Result<Box<dyn Source>, String> {
        let (mut tags, mut files) = (crate::doc::TagTable::default(), std::collections::BTreeSet::new());
        let recipe: Parallel = toml::from_str(&toml).unwrap();
        let mut shop = Shop { stage: "parallel", seed: 7, tags: &mut tags, reasons: recipe.spec().reasons, files: &mut files };
        match recipe.build(&mut shop) {
            Ok(Built::Source(source)) => Ok(source),
            Ok(_) => Err("no source".to_owned()),
            Err(complaints) => Err(complaints.into_iter().map(|complaint| complaint.key).collect()),
        }
    }

    /// What is read of these files, with `KEYS` for the rest of the table and `DIR` for their folder.
    fn read(files: &[(&str, &[u8])], keys: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, bytes)| std::fs::write(dir.path().join(name), bytes).unwrap());
        let source = built(format!("path = \"DIR/a\"\n{keys}").replace("DIR", &dir.path().display().to_string())).unwrap();
        outline(source.as_ref())
    }

    #[test]
    fn every_form_is_read_and_every_fault_is_named() {
        let rows = "{\"en\": \"good\", \"de\": \"gut\"}\n{\"translation\": {\"en\": \"day\", \"de\": \"Tag\", \"fr\": \"jour\"}}\n{\"en\": \"x\"}\n{\"en\": 1, \"de\": \"y\"}\n{\"en\": \" \", \"de\": \"y\"}\n";
        let keys = "from = \"en\"\nto = \"de\"\nprefix = \"German: \"";
        assert_eq!(read(&[("a", rows.as_bytes())], keys), ["German: good\ngut", "German: day\nTag", "[missing_field]", "[wrong_type]", "[empty_input]"]);
        let table = b"1\tgood\t\xe5\xa5\xbd\r\n2\tday\n\n3\tnight\t \n4\t\xff\tx\n";
        let found = ["good\n好", "[missing_field]", "[missing_field]", "[empty_target]", "[not_utf8]"];
        assert_eq!(read(&[("a", table)], "from = 2\nto = 3"), found);
        assert_eq!(read(&[("a", &zstd::bulk::compress(table, 3).unwrap())], "from = 2\nto = 3"), found);
        assert_eq!(read(&[("a", b"one\ntwo\nthree\n"), ("b", b"un\n\ntrois")], "target = \"DIR/b\""), ["one\nun", "[empty_target]", "three\ntrois"]);
        assert_eq!(read(&[("a", b"one\ntwo\nthree\n"), ("b", b"un\n")], "target = \"DIR/b\""), ["one\nun", "[unequal_lines]"]);
        assert_eq!(read(&[("a", b""), ("b", b"")], "target = \"DIR/b\""), ["[empty_file]"]);
    }

    #[test]
    fn what_is_not_said_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "x").unwrap();
        for (keys, key) in
            [("", "path"), ("from = 1", "path"), ("from = 0\nto = 1", "path"), ("from = \"en\"\nto = 1", "path"), ("target = [\"DIR/a\", \"DIR/\"]", "")]
        {
            let built = built(format!("path = \"DIR/a\"\n{keys}").replace("DIR", &dir.path().display().to_string()));
            assert_eq!(built.err().unwrap_or_default(), key, "{keys}");
        }
    }
}
