//! Files of rows, each read as what its content shows it to be: JSON lines or Parquet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fields::Rows;
use super::jsonl::{JsonLines, RANGE};
use super::parquet::{Table, Tables};
use super::paths;
use crate::stage::{Complaint, OneOrMany, Reader, Result, Source, Split};

/// What a file holds.
#[derive(Clone)]
enum Form {
    Lines,
    /// Parquet, with the bytes of its row groups where its footer can be read.
    Table(Option<Vec<u64>>),
}

/// Files of either form whose rows become documents in one way.
pub(super) struct RowFiles {
    /// In the order of reading.
    order: Vec<PathBuf>,
    forms: BTreeMap<PathBuf, Form>,
    rows: Arc<dyn Rows>,
    max_line: usize,
}

impl RowFiles {
    /// The files that the key `path` names.
    pub(super) fn expand(entries: &OneOrMany, rows: Arc<dyn Rows>, max_line: usize) -> std::result::Result<RowFiles, Vec<Complaint>> {
        let cannot =
            |path: &Path, cause: std::io::Error| Complaint::new("path", format!("cannot read `{}`: {cause}", path.display()), "check the file's permissions");
        let order = paths::expand("path", entries)?;
        let mut forms = BTreeMap::new();
        for path in &order {
            forms.insert(path.clone(), form(path).map_err(|cause| cannot(path, cause))?);
        }
        Ok(RowFiles { order, forms, rows, max_line })
    }

    fn source(&self, path: &Path) -> Box<dyn Source> {
        let rows = self.rows.clone();
        match self.forms.get(path) {
            Some(Form::Table(groups)) => Box::new(Tables { files: vec![(path.to_owned(), groups.clone())], rows }),
            Some(Form::Lines) | None => Box::new(JsonLines { files: vec![path.to_owned()], rows, max_line: self.max_line, range: RANGE }),
        }
    }
}

/// Parquet files begin with four bytes of their own.
fn form(path: &Path) -> std::io::Result<Form> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(if head == b"PAR1" { Form::Table(Table::of(path)?.map(|table| table.groups)) } else { Form::Lines })
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
