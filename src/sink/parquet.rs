//! Writes Parquet files, compressed with zstd.
//!
//! Columns are `id`, `url`, `text`, every tag with its type, and `extra`: the columns of the input that no stage knows, as one JSON
//! text. `fields` chooses instead; a column of the input chosen by name is written as text, other values than texts as JSON.
//!
//! ```toml
//! [[sink]]
//! use = "parquet"
//! fields = ["id", "text", "lang"]
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use serde::Deserialize;
use serde_json::Value as Json;

use super::row::{self, Column};
use super::{by, written};
use crate::doc::{Doc, Kind, TagTable, Value};
use crate::shard::HashedFile;
use crate::stage::{Built, Complaint, Part, Recipe, Result, RunError, Shop, Sink, Spec, Vocabulary, Written};

/// Bytes of documents that are handed to the encoder at a time, and encoded bytes at which a row group ends.
const BATCH_BYTES: usize = 8 << 20;
const GROUP_BYTES: usize = 64 << 20;

/// Name of the column that holds what no stage knows.
const EXTRA: &str = "extra";

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parquet {
    /// Names to write, in this order: `id`, `url`, `text`, `html`, `tokens`, `verdicts`, tags, columns of the input. Default: see above.
    fields: Option<Vec<String>>,
    /// Folder inside the output directory. Default `"docs"`.
    folder: Option<String>,
    /// A tag, as `"lang"`, or `"column:NAME"`: each of its values gets an output of its own, as `docs/en/`. Default: one output.
    by: Option<String>,
}

impl Recipe for Parquet {
    const NAME: &'static str = "parquet";

    fn spec(&self) -> Spec {
        by::spec(self.by.as_deref(), row::spec(self.fields.as_deref()))
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        row::check(self.fields.as_deref(), self.folder.as_deref())?;
        by::split(self.by.clone(), Tables::new(self))
    }
}

struct Tables {
    folder: String,
    fields: Option<Vec<String>>,
    columns: Vec<Column>,
    /// Columns of the input go into one.
    rest: bool,
}

impl Tables {
    fn new(recipe: Parquet) -> Self {
        let rest = recipe.fields.is_none();
        Self { folder: recipe.folder.unwrap_or_else(|| "docs".to_owned()), fields: recipe.fields, columns: Vec::new(), rest }
    }

    fn schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> = self.columns.iter().map(|column| Field::new(column.name(), data_type(column), true)).collect();
        if self.rest {
            fields.push(Field::new(EXTRA, DataType::Utf8, true));
        }
        Arc::new(Schema::new(fields))
    }
}

impl Sink for Tables {
    fn folder(&self) -> &str {
        &self.folder
    }

    fn open(&mut self, tags: &TagTable, _: Option<Vocabulary>) -> Result<()> {
        let fixed = ["id", "url", "text"];
        let all = || {
            let tags = tags.iter().map(|(name, _)| name).filter(|name| !fixed.contains(name) && *name != EXTRA);
            fixed.into_iter().chain(tags).map(str::to_owned).collect::<Vec<_>>()
        };
        self.columns = self.fields.clone().unwrap_or_else(all).iter().map(|name| Column::of(name, tags)).collect();
        Ok(())
    }

    fn part(&self, dir: &Path, name: &str) -> Result<Box<dyn Part>> {
        let file = HashedFile::create(dir, format!("{name}.parquet")).map_err(RunError::stop)?;
        let (path, schema) = (file.path().to_owned(), self.schema());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("dataprep ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed(&path))?;
        let mut columns: Vec<Cells> = self.columns.iter().map(Cells::of).collect();
        if self.rest {
            columns.push(Cells::Rest(StringBuilder::new()));
        }
        Ok(Box::new(TablePart { writer, path, schema, columns, waiting: 0, rows: 0 }))
    }
}

fn failed(path: &Path) -> impl Fn(ParquetError) -> RunError {
    let path = path.to_owned();
    move |error| match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => RunError::file("cannot write", &path)(*cause),
            Err(cause) => RunError::stop(format!("cannot write {}: {cause}", path.display())),
        },
        error => RunError::stop(format!("cannot write {}: {error}", path.display())),
    }
}

fn data_type(column: &Column) -> DataType {
    let list = |item| DataType::List(Arc::new(Field::new_list_field(item, true)));
    match column {
        Column::Tokens => list(DataType::UInt32),
        Column::Tag { kind: Kind::Bool, .. } => DataType::Boolean,
        Column::Tag { kind: Kind::Int, .. } => DataType::Int64,
        Column::Tag { kind: Kind::Float, .. } => DataType::Float64,
        Column::Tag { kind: Kind::List, .. } => list(DataType::Utf8),
        _ => DataType::Utf8,
    }
}

/// A column being filled.
enum Cells {
    Text(Column, StringBuilder),
    Tokens(ListBuilder<UInt32Builder>),
    Bool(usize, BooleanBuilder),
    Int(usize, Int64Builder),
    Float(usize, Float64Builder),
    List(usize, ListBuilder<StringBuilder>),
    /// All columns of the input.
    Rest(StringBuilder),
}

impl Cells {
    fn of(column: &Column) -> Self {
        match column {
            Column::Tokens => Self::Tokens(ListBuilder::new(UInt32Builder::new())),
            Column::Tag { slot, kind: Kind::Bool, .. } => Self::Bool(*slot, BooleanBuilder::new()),
            Column::Tag { slot, kind: Kind::Int, .. } => Self::Int(*slot, Int64Builder::new()),
            Column::Tag { slot, kind: Kind::Float, .. } => Self::Float(*slot, Float64Builder::new()),
            Column::Tag { slot, kind: Kind::List, .. } => Self::List(*slot, ListBuilder::new(StringBuilder::new())),
            other => Self::Text(other.clone(), StringBuilder::new()),
        }
    }

    fn push(&mut self, doc: &Doc) {
        let tag = |slot: usize| doc.tags().find(|(at, _)| *at == slot).map(|(_, value)| value);
        match self {
            Self::Text(Column::Text, cells) => cells.append_option(doc.has_text().then(|| doc.text())),
            Self::Text(column, cells) => match column.value(doc) {
                Json::Null => cells.append_null(),
                Json::String(text) => cells.append_value(text),
                other => cells.append_value(other.to_string()),
            },
            Self::Tokens(cells) => match &doc.tokens {
                Some(tokens) => {
                    cells.values().append_slice(&tokens.ids);
                    cells.append(true);
                }
                None => cells.append_null(),
            },
            Self::Bool(slot, cells) => cells.append_option(tag(*slot).and_then(|value| if let Value::Bool(v) = value { Some(*v) } else { None })),
            Self::Int(slot, cells) => cells.append_option(tag(*slot).and_then(|value| if let Value::Int(v) = value { Some(*v) } else { None })),
            Self::Float(slot, cells) => {
                cells.append_option(tag(*slot).and_then(|value| if let Value::Float(v) = value { Some(*v) } else { None }));
            }
            Self::List(slot, cells) => match tag(*slot) {
                Some(Value::List(items)) => {
                    items.iter().for_each(|item| cells.values().append_value(item));
                    cells.append(true);
                }
                _ => cells.append_null(),
            },
            Self::Rest(cells) if doc.extra.is_empty() => cells.append_null(),
            Self::Rest(cells) => cells.append_option(serde_json::to_string(&doc.extra).ok()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(_, cells) | Self::Rest(cells) => Arc::new(cells.finish()),
            Self::Tokens(cells) => ArrayBuilder::finish(cells),
            Self::Bool(_, cells) => Arc::new(cells.finish()),
            Self::Int(_, cells) => Arc::new(cells.finish()),
            Self::Float(_, cells) => Arc::new(cells.finish()),
            Self::List(_, cells) => ArrayBuilder::finish(cells),
        }
    }
}

struct TablePart {
    writer: ArrowWriter<HashedFile>,
    path: PathBuf,
    schema: SchemaRef,
    columns: Vec<Cells>,
    /// Bytes and documents since the last hand-over.
    waiting: usize,
    rows: usize,
}

impl TablePart {
    fn hand_over(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = self.columns.iter_mut().map(Cells::finish).collect();
        let batch =
            RecordBatch::try_new(self.schema.clone(), columns).map_err(|error| RunError::stop(format!("cannot write {}: {error}", self.path.display())))?;
        (self.waiting, self.rows) = (0, 0);
        self.writer.write(&batch).map_err(failed(&self.path))?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush().map_err(failed(&self.path))?;
        }
        Ok(())
    }
}

impl Part for TablePart {
    fn write(&mut self, doc: &Doc) -> Result<()> {
        self.columns.iter_mut().for_each(|cells| cells.push(doc));
        self.waiting += doc.weight();
        self.rows += 1;
        if self.waiting >= BATCH_BYTES { self.hand_over() } else { Ok(()) }
    }

    fn close(mut self: Box<Self>) -> Result<Vec<Written>> {
        self.hand_over()?;
        let path = self.path.clone();
        written(self.writer.into_inner().map_err(failed(&path))?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use arrow::array::{AsArray, cast::as_primitive_array};
    use arrow::datatypes::{Float64Type, UInt32Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use serde_json::json;

    use super::*;
    use crate::doc::Tokens;

    fn written(recipe: &str, tags: &TagTable, doc: &Doc) -> RecordBatch {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Tables::new(toml::from_str(recipe).unwrap());
        sink.open(tags, None).unwrap();
        let mut part = sink.part(dir.path(), "part-00000").unwrap();
        part.write(doc).unwrap();
        part.close().unwrap();
        let file = File::open(dir.path().join("part-00000.parquet")).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap()
    }

    #[test]
    fn tags_keep_their_types_and_the_rest_is_json() {
        let mut tags = TagTable::default();
        let score = tags.declare::<f64>("score").unwrap();
        let hosts = tags.declare::<Vec<String>>("hosts").unwrap();
        tags.declare::<bool>("never_set").unwrap();
        let mut doc = Doc::new(Some("a".into()), None, None, Some("text".into()));
        doc.set_tag(score, 0.5);
        doc.set_tag(hosts, vec!["x".into()]);
        doc.extra.insert("z".into(), json!([1]));
        doc.tokens = Some(Tokens { ids: vec![7, 8], ..Tokens::default() });
        let batch = written("", &tags, &doc);
        let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["id", "url", "text", "score", "hosts", "never_set", "extra"]);
        assert_eq!(as_primitive_array::<Float64Type>(batch.column(3)).value(0), 0.5);
        assert_eq!(batch.column(4).as_list::<i32>().value(0).as_string::<i32>().value(0), "x");
        assert!(batch.column(1).is_null(0) && batch.column(5).is_null(0));
        assert_eq!(batch.column(6).as_string::<i32>().value(0), r#"{"z":[1]}"#);

        let batch = written(r#"fields = ["tokens", "z"]"#, &tags, &doc);
        assert_eq!(batch.column(0).as_list::<i32>().value(0).as_primitive::<UInt32Type>().values(), &[7, 8]);
        assert_eq!(batch.column(1).as_string::<i32>().value(0), "[1]");
    }
}
