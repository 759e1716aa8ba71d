//! The `part-*.docs.arrow` sidecar: a row a document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::table::{self, BATCH_ROWS, TableWriter};
use super::{FileEntry, Place, ShardError};

/// One row: what the payload itself does not say about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Tokens of the part up to and with this document.
    pub end: u64,
    pub key: u128,
    pub source: &'a str,
    pub source_offset: u64,
    pub url: Option<&'a str>,
    pub place: Place,
    pub bytes: u64,
    pub flags: u16,
}

fn schema() -> SchemaRef {
    let source = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("end", DataType::UInt64, false),
        Field::new("key", DataType::FixedSizeBinary(16), false),
        Field::new("source", source, false),
        Field::new("source_offset", DataType::UInt64, false),
        Field::new("url", DataType::Utf8, true),
        Field::new("split", DataType::UInt32, false),
        Field::new("ordinal", DataType::UInt32, false),
        Field::new("bytes", DataType::UInt64, false),
        Field::new("flags", DataType::UInt16, false),
    ]))
}

/// Holds one record batch and the distinct source names of the part.
pub(super) struct DocsWriter {
    schema: SchemaRef,
    out: TableWriter,
    source_ids: BTreeMap<String, i32>,
    source_names: Vec<String>,
    dictionary: Arc<StringArray>,
    end: Vec<u64>,
    key: Vec<u8>,
    source: Vec<i32>,
    source_offset: Vec<u64>,
    url: Vec<Option<String>>,
    split: Vec<u32>,
    ordinal: Vec<u32>,
    bytes: Vec<u64>,
    flags: Vec<u16>,
}

impl DocsWriter {
    pub fn create(dir: &Path, name: String) -> Result<DocsWriter, ShardError> {
        let schema = schema();
        Ok(DocsWriter {
            out: TableWriter::create(dir, name, &schema)?,
            schema,
            source_ids: BTreeMap::new(),
            source_names: Vec::new(),
            dictionary: Arc::new(StringArray::from(Vec::<&str>::new())),
            end: Vec::new(),
            key: Vec::new(),
            source: Vec::new(),
            source_offset: Vec::new(),
            url: Vec::new(),
            split: Vec::new(),
            ordinal: Vec::new(),
            bytes: Vec::new(),
            flags: Vec::new(),
        })
    }

    pub fn push(&mut self, row: &Row) -> Result<(), ShardError> {
        let source = match self.source_ids.get(row.source) {
            Some(id) => *id,
            None => {
                let id = self.source_names.len() as i32;
                self.source_ids.insert(row.source.to_owned(), id);
                self.source_names.push(row.source.to_owned());
                id
            }
        };
        self.source.push(source);
        self.end.push(row.end);
        self.key.extend(row.key.to_be_bytes());
        self.source_offset.push(row.source_offset);
        self.url.push(row.url.map(str::to_owned));
        self.split.push(row.place.split);
        self.ordinal.push(row.place.ordinal);
        self.bytes.push(row.bytes);
        self.flags.push(row.flags);
        if self.end.len() == BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<FileEntry, ShardError> {
        if !self.end.is_empty() {
            self.flush()?;
        }
        self.out.finish()
    }

    fn flush(&mut self) -> Result<(), ShardError> {
        let batch = self.take_batch();
        let batch = batch.map_err(ShardError::write(self.out.path()))?;
        self.out.put(&batch)
    }

    fn take_batch(&mut self) -> Result<RecordBatch, ArrowError> {
        if self.dictionary.len() < self.source_names.len() {
            self.dictionary = Arc::new(StringArray::from_iter_values(&self.source_names));
        }
        let keys = Buffer::from_vec(std::mem::take(&mut self.key));
        let source = Int32Array::from(std::mem::take(&mut self.source));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(std::mem::take(&mut self.end))),
            Arc::new(FixedSizeBinaryArray::try_new(16, keys, None)?),
            Arc::new(DictionaryArray::<Int32Type>::try_new(source, self.dictionary.clone())?),
            Arc::new(UInt64Array::from(std::mem::take(&mut self.source_offset))),
            Arc::new(StringArray::from(std::mem::take(&mut self.url))),
            Arc::new(UInt32Array::from(std::mem::take(&mut self.split))),
            Arc::new(UInt32Array::from(std::mem::take(&mut self.ordinal))),
            Arc::new(UInt64Array::from(std::mem::take(&mut self.bytes))),
            Arc::new(UInt16Array::from(std::mem::take(&mut self.flags))),
        ];
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

/// A mapped sidecar.
pub(super) struct DocsTable {
    path: PathBuf,
    batches: Vec<Columns>,
    rows: u64,
}

struct Columns {
    end: UInt64Array,
    key: FixedSizeBinaryArray,
    source: Int32Array,
    source_names: StringArray,
    source_offset: UInt64Array,
    url: StringArray,
    split: UInt32Array,
    ordinal: UInt32Array,
    bytes: UInt64Array,
    flags: UInt16Array,
}

impl Columns {
    fn of(batch: &RecordBatch) -> Option<Columns> {
        fn column<T: Clone + 'static>(batch: &RecordBatch, index: usize) -> Option<T> {
            batch.columns().get(index)?.as_any().downcast_ref::<T>().cloned()
        }
        let source: DictionaryArray<Int32Type> = column(batch, 2)?;
        Some(Columns {
            end: column(batch, 0)?,
            key: column(batch, 1)?,
            source: source.keys().clone(),
            source_names: source.values().as_any().downcast_ref::<StringArray>()?.clone(),
            source_offset: column(batch, 3)?,
            url: column(batch, 4)?,
            split: column(batch, 5)?,
            ordinal: column(batch, 6)?,
            bytes: column(batch, 7)?,
            flags: column(batch, 8)?,
        })
    }
}

impl DocsTable {
    pub fn open(dir: &Path, entry: &FileEntry) -> Result<DocsTable, ShardError> {
        let path = dir.join(&entry.name);
        let table = table::open(dir, entry)?;
        if table.schema != schema() {
            return Err(ShardError::damaged(&path, "its columns are not those of a docs sidecar"));
        }
        let batches: Option<Vec<Columns>> = table.batches.iter().map(Columns::of).collect();
        Ok(DocsTable { batches: batches.ok_or_else(|| ShardError::damaged(&path, "a column has another type"))?, rows: table.rows, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// First token and the token after the last of a document.
    pub fn bounds(&self, row: u64) -> Option<(u64, u64)> {
        let end = self.end(row)?;
        let start = match row.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => 0,
        };
        Some((start, end))
    }

    pub fn row(&self, row: u64) -> Option<Row<'_>> {
        let (batch, i) = self.locate(row)?;
        let name = usize::try_from(batch.source.value(i)).ok()?;
        Some(Row {
            end: batch.end.value(i),
            key: u128::from_be_bytes(batch.key.value(i).try_into().ok()?),
            source: (name < batch.source_names.len()).then(|| batch.source_names.value(name))?,
            source_offset: batch.source_offset.value(i),
            url: batch.url.is_valid(i).then(|| batch.url.value(i)),
            place: Place { split: batch.split.value(i), ordinal: batch.ordinal.value(i) },
            bytes: batch.bytes.value(i),
            flags: batch.flags.value(i),
        })
    }

    pub fn flags(&self, row: u64) -> Option<u16> {
        let (batch, i) = self.locate(row)?;
        Some(batch.flags.value(i))
    }

    fn end(&self, row: u64) -> Option<u64> {
        let (batch, i) = self.locate(row)?;
        Some(batch.end.value(i))
    }

    fn locate(&self, row: u64) -> Option<(&Columns, usize)> {
        let row = usize::try_from(row).ok()?;
        let batch = self.batches.get(row / BATCH_ROWS)?;
        let i = row % BATCH_ROWS;
        (i < batch.end.len()).then_some((batch, i))
    }
}
