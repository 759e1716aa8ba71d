//! Reads CSV and TSV files, whose first line names the columns; a document a row.
//!
//! `fields` says which columns are the document's id, URL, page and text; all other columns survive to the output, as texts. An empty field is none. Between columns stand commas, in
//! files `*.tsv` and `*.tab` tabs; `delimiter` names another mark. A column without a name, or with that of another, gets the name that pandas gives it (`Unnamed: 0`, `body.1`). A field between quotes may hold line ends and delimiters, and quotes twice; with `quote = ""` quotes are text.
//! Files may be compressed with gzip, zstd, bzip2 or xz. A tar archive stands for the members `*.csv`, `*.tsv` and `*.tab`, each with a header of its own.
//!
//! A row that has more or fewer fields than the header is counted as `ragged_row`, one that is not UTF-8 as `not_utf8`, each told with its line. A quote that is never closed takes the rest of
//! the file with it (`unclosed_quote`), and so does damage in compressed data, since nothing says where behind them a row begins. A file is read by one worker at a time: cut very large ones.
//!
//! ```toml
//! [source]
//! use = "csv"
//! path = "reviews/*.csv.gz"
//! fields = { id = "review_id", text = "body" }
//! ```

pub(super) mod records;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::archive::{self, ArchiveReader, Section, is_archive, is_named};
use super::compression::{DamageKind, Members, Position, bare_name};
use super::fields::{Fields, Rows};
use super::jsonl::max_line;
use super::lines::window;
use super::paths;
use super::units::{UnitReader, Units};
use crate::stage::{Built, ByteSize, Complaint, OneOrMany, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};
use records::{Header, Marks, Records, header, header_of};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// Columns of `id`, `url`, `html` and `text`; by default those names. `""` reads none.
    #[serde(default)]
    fields: Fields,
    /// The character between columns; by default a tab in files `*.tsv` and `*.tab`, a comma in others.
    delimiter: Option<String>,
    /// The character around fields that hold delimiters or line ends. Default `"`; `""` for none.
    #[serde(default = "quote")]
    quote: String,
    /// A longer row is counted as `line_too_long` and passed over. Default 64 MiB.
    #[serde(default = "max_line")]
    max_line: ByteSize,
}

fn quote() -> String {
    "\"".to_owned()
}

/// Why a row makes no document, whatever it holds.
pub(super) const FAULTS: [&str; 2] = ["ragged_row", "unclosed_quote"];

impl Recipe for Csv {
    const NAME: &'static str = "csv";

    fn spec(&self) -> Spec {
        let spec = self.fields.named().iter().filter(|(key, _)| *key != "id").fold(Spec::new(), |spec, (key, _)| spec.gives(*key));
        let damage = [DamageKind::Truncated, DamageKind::Corrupt, DamageKind::NotAMember].map(DamageKind::name);
        let faults = FAULTS.into_iter().chain(["not_utf8", "missing_field", "line_too_long", "empty_file"]);
        faults.chain(damage).fold(spec, Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        self.fields.check()?;
        let form = Arc::new(Form {
            delimiter: self.delimiter.as_deref().map(|mark| one_byte("delimiter", mark)).transpose()?,
            quote: if self.quote.is_empty() { None } else { Some(one_byte("quote", &self.quote)?) },
            max: self.max_line.as_usize(),
        });
        let (mut files, mut archives) = (Vec::new(), BTreeSet::new());
        for path in paths::expand("path", &self.path)? {
            let cannot = |cause: io::Error| Complaint::new("path", format!("cannot read `{}`: {cause}", path.display()), "check the file's permissions");
            if is_archive(&path).map_err(cannot)? {
                archives.insert(path.clone());
                files.push((path, Arc::from([])));
                continue;
            }
            let header = form.header(&path).map_err(cannot)?;
            // A file that cannot be read to the end of its header is counted when it is read.
            if !header.is_empty() {
                self.fields.stand_in(&path, &header).map_err(|complaint| self.with_delimiter(complaint, &header))?;
            }
            files.push((path, header));
        }
        Ok(Built::source(Delimited { files, archives, form, rows: Arc::new(self.fields) }))
    }
}

impl Csv {
    /// A header of one column may be one that another mark cuts.
    fn with_delimiter(&self, complaint: Complaint, header: &Header) -> Complaint {
        match &header[..] {
            [one] if one.contains([';', '\t', '|', ',']) => {
                Complaint { help: format!("{}; where another mark stands between columns, name it, as `delimiter = \";\"`", complaint.help), ..complaint }
            }
            _ => complaint,
        }
    }
}

fn one_byte(key: &str, mark: &str) -> std::result::Result<u8, Complaint> {
    match mark.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n') => Ok(*byte),
        _ => Err(Complaint::new(key, format!("`{mark}` is not one ASCII character"), "write one, as \";\" or \"\\t\"")),
    }
}

/// How delimited files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it was named.
    delimiter: Option<u8>,
    quote: Option<u8>,
    max: usize,
}

impl Form {
    /// Told by each file's name.
    pub(super) fn by_name(max: usize) -> Form {
        Form { delimiter: None, quote: Some(b'"'), max }
    }

    fn marks(&self, name: &str) -> Marks {
        let name = name.to_ascii_lowercase();
        let tabs = [".tsv", ".tab"].iter().any(|end| bare_name(&name).ends_with(end));
        Marks { delimiter: self.delimiter.unwrap_or(if tabs { b'\t' } else { b',' }), quote: self.quote }
    }

    /// Names of the columns of a file; none where its beginning cannot be read.
    pub(super) fn header(&self, path: &Path) -> io::Result<Header> {
        header_of(path, self.marks(&path.to_string_lossy()), self.max)
    }

    /// Reads a split of a file.
    fn open(&self, split: &Split, at: Option<u64>, header: &Header, rows: &Arc<dyn Rows>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        let marks = self.marks(&path.to_string_lossy());
        let open = |from| Ok(Units::Records(Box::new(Records::open(path, from, marks, header.clone(), self.max)?)));
        Ok(Box::new(UnitReader::open(path, 0, at, rows.clone(), open)?))
    }

    /// Reads the rows of a member of the archive at `path`; `None` where it is no delimited file by its name.
    pub(super) fn member(&self, name: &str, member: Section, path: &Path, rows: &Arc<dyn Rows>) -> Result<Option<Box<dyn Reader>>> {
        if !is_delimited(name) {
            return Ok(None);
        }
        let opened = Members::new(Box::new(member)).and_then(|members| header(window(members, Position::default())?, self.marks(name), self.max));
        let (_, records) = opened.map_err(RunError::file("cannot read", path))?;
        let (units, damage) = match records {
            Ok(records) => (Units::Records(Box::new(records)), None),
            Err(damage) => (Units::Ended, Some(damage)),
        };
        Ok(Some(Box::new(UnitReader::of_member(units, path, rows.clone(), damage))))
    }
}

/// Whether a name is one of a delimited file, compressed or not.
pub(super) fn is_delimited(name: &str) -> bool {
    is_named(name, &[".csv", ".tsv", ".tab"])
}

/// Delimited files, each with its header, and archives of them.
pub(super) struct Delimited {
    files: Vec<(PathBuf, Header)>,
    archives: BTreeSet<PathBuf>,
    form: Arc<Form>,
    rows: Arc<dyn Rows>,
}

impl Delimited {
    /// One file.
    pub(super) fn one(path: &Path, header: &Header, form: Form, rows: Arc<dyn Rows>) -> Delimited {
        Delimited { files: vec![(path.to_owned(), header.clone())], archives: BTreeSet::new(), form: Arc::new(form), rows }
    }
}

impl Source for Delimited {
    fn splits(&self) -> Result<Vec<Split>> {
        self.files.iter().map(|(path, _)| paths::whole(path)).collect()
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        if self.archives.contains(path) {
            let form = Arc::new(DelimitedMembers { path: path.to_owned(), form: self.form.clone(), rows: self.rows.clone() });
            return Ok(Box::new(ArchiveReader::open(path, form, at)?));
        }
        let known = self.files.iter().find(|(file, _)| file == path);
        let header = known.map(|(_, header)| header.clone()).unwrap_or_else(|| Arc::from([]));
        self.form.open(split, at, &header, &self.rows)
    }
}

/// Members of an archive that are delimited files.
struct DelimitedMembers {
    /// Of the archive.
    path: PathBuf,
    form: Arc<Form>,
    rows: Arc<dyn Rows>,
}

impl archive::Form for DelimitedMembers {
    fn open(&self, name: &str, member: Section) -> Result<Option<Box<dyn Reader>>> {
        self.form.member(name, member, &self.path, &self.rows)
    }
}
