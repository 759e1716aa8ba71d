//! Reads Parquet files, a document a row.
//!
//! `fields` says which columns are the document's id, URL, page and text; all other columns survive to the output. A page may be a
//! column of bytes. Row groups are read in parallel. A file that is no Parquet, a damaged row group and a row whose field has another
//! type are counted and passed over; a file that lacks a column named in `fields` stops the run before it starts.
//!
//! A tar archive, compressed or not, stands for the members whose names end in `.parquet`. A member is held in memory while it is read, since Parquet is not read in order: one of
//! more than 1 GiB is counted as `member_too_large`, and must be unpacked.
//!
//! ```toml
//! [source]
//! use = "parquet"
//! path = "data/**/*.parquet"
//! fields = { text = "content" }
//! ```

mod chunks;
pub mod json;
mod member;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use chunks::{Chunks, Failure};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use serde::Deserialize;
use serde_json::Map;

use member::TableMembers;
pub(super) use member::member;

use super::archive::{ArchiveReader, is_archive};
use super::fields::{Fields, Rows};
use super::paths;
use crate::doc::Html;
use crate::stage::{Built, Complaint, Fault, OneOrMany, Read, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

/// Rows decoded at a time: few, since a row may be a whole page.
const BATCH: usize = 64;

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parquet {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// Columns of `id`, `url`, `html` and `text`; by default those names. `""` reads none.
    #[serde(default)]
    fields: Fields,
}

impl Recipe for Parquet {
    const NAME: &'static str = "parquet";

    fn spec(&self) -> Spec {
        let spec = self.fields.named().iter().filter(|(key, _)| *key != "id").fold(Spec::new(), |spec, (key, _)| spec.gives(*key));
        let reasons = ["not_parquet", "corrupt_data", "truncated_data", "empty_file", "member_too_large", "wrong_type", "missing_field"];
        reasons.into_iter().fold(spec, Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        self.fields.check()?;
        let cannot = |path: &Path, cause: std::io::Error| {
            let message = format!("cannot read `{}`: {cause}", path.display());
            Complaint::new("path", message, "check the file's permissions")
        };
        let (mut files, mut archives) = (Vec::new(), BTreeSet::new());
        for path in paths::expand("path", &self.path)? {
            let table = Table::of(&path).map_err(|cause| cannot(&path, cause))?;
            match &table {
                Some(table) => self.fields.stand_in(&path, &table.columns)?,
                None if is_archive(&path).map_err(|cause| cannot(&path, cause))? => {
                    archives.insert(path.clone());
                }
                None => {}
            }
            files.push((path, table.map(|table| table.groups)));
        }
        Ok(Built::source(Tables { files, archives, rows: Arc::new(self.fields) }))
    }
}

/// What a file's footer says.
pub(super) struct Table {
    columns: Vec<String>,
    /// Compressed bytes of each row group.
    pub(super) groups: Vec<u64>,
}

impl Table {
    /// `None` where the file is no Parquet.
    pub(super) fn of(path: &Path) -> std::io::Result<Option<Self>> {
        let file = Chunks::open(path)?;
        let failure = file.failure();
        let Some(builder) = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file)).ok().and_then(std::result::Result::ok) else {
            return failure.take().map_or(Ok(None), Err);
        };
        let groups = builder.metadata().row_groups().iter().map(|group| group.compressed_size().max(0) as u64).collect();
        Ok(Some(Self { columns: builder.schema().fields().iter().map(|field| field.name().clone()).collect(), groups }))
    }
}

/// Parquet files.
pub(super) struct Tables {
    /// Each file with the bytes of its row groups, if it is Parquet.
    pub(super) files: Vec<(PathBuf, Option<Vec<u64>>)>,
    /// Those of them that are archives of Parquet files.
    pub(super) archives: BTreeSet<PathBuf>,
    pub(super) rows: Arc<dyn Rows>,
}

impl Source for Tables {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits = Vec::new();
        for (path, groups) in &self.files {
            let Some(groups) = groups else {
                splits.push(paths::whole(path)?);
                continue;
            };
            for (start, bytes) in (0..).zip(groups) {
                splits.push(Split { files: vec![paths::name(path)?], start, end: Some(start + 1), bytes: *bytes });
            }
        }
        Ok(splits)
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        if self.archives.contains(path) {
            let form = Arc::new(TableMembers { path: path.to_owned(), rows: self.rows.clone() });
            return Ok(Box::new(ArchiveReader::open(path, form, at)?));
        }
        let file = Chunks::open(path).map_err(RunError::file("cannot read", path))?;
        let failure = file.failure();
        let mut reader = RowReader::open(file, split.start as usize, at.unwrap_or(0), path, self.rows.clone());
        (reader.bytes, reader.failure) = (split.bytes, failure);
        Ok(Box::new(reader))
    }
}

/// The place behind everything.
const END: u64 = u64::MAX;

enum State {
    Reading(ParquetRecordBatchReader),
    /// To be told once.
    Broken(&'static str, String),
    Ended,
}

struct RowReader {
    form: Arc<dyn Rows>,
    path: PathBuf,
    state: State,
    batch: RecordBatch,
    next: usize,
    /// Rows of the first batch that were given before the reading was broken off.
    within: usize,
    row: u64,
    rows: u64,
    bytes: u64,
    failure: Failure,
}

impl RowReader {
    /// Reads a row group of a file from a row on.
    fn open<F: ChunkReader + 'static>(file: F, group: usize, row: u64, path: &Path, form: Arc<dyn Rows>) -> RowReader {
        // From the start of the row's batch on, so that damage cuts the same batches as in a run that was not broken off.
        let within = if row == END { 0 } else { row as usize % BATCH };
        let opened = guarded(|| {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
            let rows = builder.metadata().row_groups().get(group).map_or(0, |group| group.num_rows().max(0) as u64);
            let reader = builder.with_row_groups(vec![group]).with_offset((row as usize).saturating_sub(within)).with_batch_size(BATCH).build()?;
            Ok::<_, ParquetError>((reader, rows))
        });
        let (rows, state) = match opened {
            Ok(Ok((reader, rows))) => (rows, State::Reading(reader)),
            Ok(Err(error)) => (0, State::Broken("not_parquet", error.to_string())),
            Err(said) => (0, State::Broken("not_parquet", said)),
        };
        // A fault is an item as well: resumed behind it, nothing is left.
        let state = if row == END { State::Ended } else { state };
        RowReader { within, row, rows, ..RowReader::new(state, path, form) }
    }

    fn new(state: State, path: &Path, form: Arc<dyn Rows>) -> RowReader {
        let batch = RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
        RowReader { form, path: path.to_owned(), state, batch, next: 0, within: 0, row: 0, rows: 0, bytes: 0, failure: Failure::default() }
    }
}

impl Reader for RowReader {
    fn next(&mut self) -> Result<Option<Read>> {
        while self.next >= self.batch.num_rows() {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(None),
                State::Broken(reason, detail) => {
                    if let Some(cause) = self.failure.take() {
                        return Err(RunError::file("cannot read", &self.path)(cause));
                    }
                    let offset = std::mem::replace(&mut self.row, END);
                    return Ok(Some(Read::Fault(Fault { reason: reason.to_owned(), detail, offset })));
                }
                State::Reading(mut reader) => match guarded(|| reader.next().map(|batch| (batch, reader))) {
                    Ok(None) => return Ok(None),
                    Ok(Some((Ok(batch), reader))) => {
                        (self.batch, self.next, self.state) = (batch, std::mem::take(&mut self.within), State::Reading(reader));
                    }
                    Ok(Some((Err(ArrowError::IoError(_, cause)), _))) => return Err(RunError::file("cannot read", &self.path)(cause)),
                    Ok(Some((Err(error), _))) => self.state = State::Broken("corrupt_data", error.to_string()),
                    Err(said) => self.state = State::Broken("corrupt_data", said),
                },
            }
        }
        let read = read_row(&self.batch, self.next, self.row, self.form.as_ref());
        self.next += 1;
        self.row += 1;
        Ok(Some(read))
    }

    fn position(&self) -> u64 {
        self.row
    }

    fn consumed(&self) -> u64 {
        (self.bytes as f64 * self.row.min(self.rows) as f64 / self.rows.max(1) as f64) as u64
    }
}

/// Decoding of damaged pages may panic inside the Parquet library; that is a fault of the data here.
fn guarded<T>(decode: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|said| match said.downcast_ref::<&str>() {
        Some(text) => format!("the Parquet reader gave up: {text}"),
        None => "the Parquet reader gave up".to_owned(),
    })
}

fn read_row(batch: &RecordBatch, at: usize, row: u64, form: &dyn Rows) -> Read {
    let fault = |reason: &str, detail: String| Read::Fault(Fault { reason: reason.to_owned(), detail, offset: row });
    let mut values = Map::new();
    let mut page = None;
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if field.name() == form.page()
            && let Some(bytes) = json::bytes(column, at)
        {
            page = Some(Html { bytes: bytes.to_vec(), content_type: None });
            continue;
        }
        match json::value(column, at) {
            Ok(value) => values.insert(field.name().clone(), value),
            Err(error) => return fault("corrupt_data", error.to_string()),
        };
    }
    match form.read(values, page) {
        Ok(mut doc) => {
            doc.origin.offset = row;
            Read::Doc(Box::new(doc))
        }
        Err((reason, detail)) => fault(reason, detail),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::fs::File;

    use super::super::jsonl::outline;
    use super::*;

    pub(super) fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    fn source(path: &Path) -> Tables {
        let table = Table::of(path).unwrap();
        Tables { files: vec![(path.to_owned(), table.map(|table| table.groups))], archives: BTreeSet::new(), rows: Arc::new(Fields::default()) }
    }

    #[test]
    fn rows_are_documents_and_other_columns_survive() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("one"), None, Some("three")]));
        let html: ArrayRef = Arc::new(BinaryArray::from(vec![None, None, Some(&b"<p>\xff"[..])]));
        let score: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        write(&path, vec![("text", text), ("score", score), ("html", html)]);
        let source = source(&path);
        assert_eq!(source.splits().unwrap().len(), 2);
        assert_eq!(outline(&source), ["one", "[missing_field]", "three"]);
        let Some(Read::Doc(doc)) = source.open(&source.splits().unwrap()[1], None).unwrap().next().unwrap() else { panic!("no document") };
        assert_eq!(doc.html.unwrap().bytes, b"<p>\xff");
        assert_eq!(serde_json::to_string(&doc.extra).unwrap(), r#"{"score":3}"#);
    }

    #[test]
    fn damage_is_counted_wherever_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        std::fs::write(&path, b"no parquet").unwrap();
        assert_eq!(outline(&source(&path)), ["[not_parquet]"]);
        let text: ArrayRef = Arc::new(StringArray::from((0..9).map(|n| format!("text {n}")).collect::<Vec<_>>()));
        write(&path, vec![("text", text)]);
        let sound = std::fs::read(&path).unwrap();
        for at in (4..sound.len()).step_by(61) {
            let mut bytes = sound.clone();
            bytes[at..(at + 9).min(sound.len())].fill(0xa5);
            std::fs::write(&path, bytes).unwrap();
            outline(&source(&path));
        }
    }
}
