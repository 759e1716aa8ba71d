//! Files of rows, each read as what its content shows it to be: JSON lines, one JSON list, Parquet, or a tar archive of these; or as CSV or TSV, which only a name can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{self, Archives, Section, is_archive, is_named};
use super::compression::{Error, Members, Position};
use super::csv::records::Header;
use super::csv::{self, Delimited};
use super::elements::is_list;
use super::fields::Rows;
use super::jsonl::{self, JsonLines, RANGE};
use super::lines::window;
use super::parquet::{self, Table, Tables};
use super::paths;
use crate::stage::{Complaint, OneOrMany, Reader, Result, RunError, Source, Split};
use crate::store;

/// What a file holds.
#[derive(Clone)]
enum Form {
    Lines,
    List,
    /// Parquet, with the bytes of its row groups where its footer can be read.
    Table(Option<Vec<u64>>),
    /// CSV or TSV, with the names of its columns.
    Delimited(Header),
    Archive,
}

/// Files of any form whose rows become documents in one way.
pub(super) struct RowFiles {
    /// In the order of reading.
    order: Vec<PathBuf>,
    forms: BTreeMap<PathBuf, Form>,
    rows: Arc<dyn Rows>,
    max_line: usize,
    /// Whether Parquet and CSV are looked for.
    tables: bool,
}

impl RowFiles {
    /// The files that the key `path` names.
    pub(super) fn expand(entries: &OneOrMany, rows: Arc<dyn Rows>, max_line: usize) -> std::result::Result<RowFiles, Vec<Complaint>> {
        Self::of(entries, rows, max_line, true)
    }

    /// The same, where Parquet and CSV are not looked for.
    pub(super) fn without_tables(entries: &OneOrMany, rows: Arc<dyn Rows>, max_line: usize) -> std::result::Result<RowFiles, Vec<Complaint>> {
        Self::of(entries, rows, max_line, false)
    }

    fn of(entries: &OneOrMany, rows: Arc<dyn Rows>, max_line: usize, tables: bool) -> std::result::Result<RowFiles, Vec<Complaint>> {
        let cannot =
            |path: &Path, cause: io::Error| Complaint::new("path", format!("cannot read `{}`: {cause}", path.display()), "check the file's permissions");
        let order = paths::expand("path", entries)?;
        let mut forms = BTreeMap::new();
        for path in &order {
            forms.insert(path.clone(), form(path, tables, max_line).map_err(|cause| cannot(path, cause))?);
        }
        Ok(RowFiles { order, forms, rows, max_line, tables })
    }

    fn source(&self, path: &Path) -> Box<dyn Source> {
        let (files, rows, max_line) = (vec![path.to_owned()], self.rows.clone(), self.max_line);
        match self.forms.get(path) {
            Some(Form::Delimited(header)) => Box::new(Delimited::one(path, header, csv::Form::by_name(max_line), rows)),
            Some(Form::Table(groups)) => Box::new(Tables { files: vec![(path.to_owned(), groups.clone())], archives: BTreeSet::new(), rows }),
            Some(Form::Archive) => {
                let form = Arc::new(RowMembers { path: path.to_owned(), rows, max_line, tables: self.tables });
                Box::new(Archives { files, form })
            }
            Some(Form::List) => Box::new(JsonLines { files, list: true, rows, max_line, range: RANGE }),
            Some(Form::Lines) | None => Box::new(JsonLines { files, list: false, rows, max_line, range: RANGE }),
        }
    }
}

/// Parquet files begin with four bytes of their own.
fn form(path: &Path, tables: bool, max_line: usize) -> io::Result<Form> {
    let mut head = Vec::new();
    store::open(path)?.take(4).read_to_end(&mut head)?;
    if tables && head == b"PAR1" {
        return Ok(Form::Table(Table::of(path)?.map(|table| table.groups)));
    }
    if is_archive(path)? {
        return Ok(Form::Archive);
    }
    if tables && csv::is_delimited(&path.to_string_lossy()) {
        return csv::Form::by_name(max_line).header(path).map(Form::Delimited);
    }
    match is_list(&mut window(Members::open(path)?, Position::default())?) {
        Ok(true) => Ok(Form::List),
        Ok(false) | Err(Error::Damage(_)) => Ok(Form::Lines),
        Err(Error::Io(error)) => Err(error),
    }
}

impl Source for RowFiles {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits = Vec::new();
        for path in &self.order {
            splits.extend(self.source(path).splits()?);
        }
        Ok(splits)
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        self.source(paths::of(split)?).open(split, at)
    }
}

/// Members that hold rows, told by their names.
struct RowMembers {
    /// Of the archive.
    path: PathBuf,
    rows: Arc<dyn Rows>,
    max_line: usize,
    /// Whether Parquet and CSV are read.
    tables: bool,
}

impl archive::Form for RowMembers {
    fn open(&self, name: &str, member: Section) -> Result<Option<Box<dyn Reader>>> {
        if self.tables {
            if let Some(reader) = parquet::member(name, member.clone(), &self.path, &self.rows)? {
                return Ok(Some(reader));
            }
            if let Some(reader) = csv::Form::by_name(self.max_line).member(name, member.clone(), &self.path, &self.rows)? {
                return Ok(Some(reader));
            }
        }
        if !is_named(name, &[".jsonl", ".ndjson", ".json"]) {
            return Ok(None);
        }
        let reader = Members::new(Box::new(member)).and_then(|members| jsonl::member(members, &self.path, self.rows.clone(), self.max_line));
        reader.map(Some).map_err(RunError::file("cannot read", &self.path))
    }
}
