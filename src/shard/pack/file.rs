//! `packs-<seq_len>.arrow`: an Arrow IPC file with one column, a list of spans a training row.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StructArray, UInt32Array, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::{PackEntry, Span};
use crate::shard::table::{self, BATCH_ROWS, TableWriter};
use crate::shard::{FileEntry, ShardError};

fn span_fields() -> Fields {
    Fields::from(vec![
        Field::new("document", DataType::UInt64, false),
        Field::new("start", DataType::UInt32, false),
        Field::new("length", DataType::UInt32, false),
    ])
}

fn list_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(span_fields()), false))
}

fn column() -> Field {
    Field::new("spans", DataType::List(list_item()), false)
}

/// Holds one record batch.
pub(super) struct PackWriter {
    schema: SchemaRef,
    out: TableWriter,
    row_lengths: Vec<usize>,
    document: Vec<u64>,
    start: Vec<u32>,
    length: Vec<u32>,
}

impl PackWriter {
    pub fn create(dir: &Path, name: String, seq_len: u32) -> Result<PackWriter, ShardError> {
        let metadata = HashMap::from([("seq_len".to_owned(), seq_len.to_string())]);
        let schema: SchemaRef = Arc::new(Schema::new_with_metadata(vec![column()], metadata));
        Ok(PackWriter {
            out: TableWriter::create(dir, name, &schema)?,
            schema,
            row_lengths: Vec::new(),
            document: Vec::new(),
            start: Vec::new(),
            length: Vec::new(),
        })
    }

    pub fn push(&mut self, row: &[Span]) -> Result<(), ShardError> {
        self.row_lengths.push(row.len());
        for span in row {
            self.document.push(span.document);
            self.start.push(span.start);
            self.length.push(span.length);
        }
        if self.row_lengths.len() == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    pub fn finish(mut self) -> Result<FileEntry, ShardError> {
        if !self.row_lengths.is_empty() {
            self.flush()?;
        }
        self.out.finish()
    }

    fn flush(&mut self) -> Result<(), ShardError> {
        let batch = self.take_batch().map_err(ShardError::write(self.out.path()))?;
        self.out.put(&batch)
    }

    fn take_batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let offsets = OffsetBuffer::from_lengths(self.row_lengths.drain(..));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(std::mem::take(&mut self.document))),
            Arc::new(UInt32Array::from(std::mem::take(&mut self.start))),
            Arc::new(UInt32Array::from(std::mem::take(&mut self.length))),
        ];
        let spans = StructArray::try_new(span_fields(), columns, None)?;
        let list = ListArray::try_new(list_item(), offsets, Arc::new(spans), None)?;
        RecordBatch::try_new(self.schema.clone(), vec![Arc::new(list)])
    }
}

/// A mapped pack list, rows in stored order.
pub(in crate::shard) struct PackTable {
    batches: Vec<Columns>,
    rows: u64,
}

struct Columns {
    list: ListArray,
    document: UInt64Array,
    start: UInt32Array,
    length: UInt32Array,
}

impl Columns {
    fn of(batch: &RecordBatch) -> Option<Columns> {
        let list = batch.columns().first()?.as_any().downcast_ref::<ListArray>()?.clone();
        let spans = list.values().as_any().downcast_ref::<StructArray>()?.clone();
        let [document, start, length] = spans.columns() else {
            return None;
        };
        Some(Columns {
            document: document.as_any().downcast_ref::<UInt64Array>()?.clone(),
            start: start.as_any().downcast_ref::<UInt32Array>()?.clone(),
            length: length.as_any().downcast_ref::<UInt32Array>()?.clone(),
            list,
        })
    }
}

impl PackTable {
    pub fn open(dir: &Path, entry: &PackEntry) -> Result<PackTable, ShardError> {
        let table = table::open(dir, &entry.file)?;
        let damaged = |fault: String| ShardError::damaged(&dir.join(&entry.file.name), fault);
        let batches: Option<Vec<Columns>> = table.batches.iter().map(Columns::of).collect();
        let batches = batches.ok_or_else(|| damaged("its column is not a list of spans".into()))?;
        if table.rows != entry.stats.rows {
            return Err(damaged(format!("it has {} rows, the manifest says {}", table.rows, entry.stats.rows)));
        }
        Ok(PackTable { batches, rows: table.rows })
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn row(&self, row: u64) -> Option<Vec<Span>> {
        let row = usize::try_from(row).ok()?;
        let batch = self.batches.get(row / BATCH_ROWS)?;
        let offsets = batch.list.value_offsets();
        let i = row % BATCH_ROWS;
        let (from, to) = (*offsets.get(i)? as usize, *offsets.get(i + 1)? as usize);
        let documents = batch.document.values().get(from..to)?;
        let starts = batch.start.values().get(from..to)?;
        let lengths = batch.length.values().get(from..to)?;
        let spans = documents.iter().zip(starts).zip(lengths);
        let spans = spans.map(|((&document, &start), &length)| Span { document, start, length });
        Some(spans.collect())
    }
}
