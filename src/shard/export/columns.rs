//! Documents or rows as Arrow record batches: `input_ids`, what they are known by or how long their pieces are, and the mask.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Int8Type, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::records::Record;

/// Tokens of a batch, about 4 MB: what a reader that skips ahead has to pass over.
const BATCH_TOKENS: usize = 1 << 20;

pub(super) struct Columns {
    pub schema: SchemaRef,
    masked: bool,
    rows: bool,
    ids: Vec<i32>,
    id_lengths: Vec<usize>,
    lengths: Vec<i32>,
    length_lengths: Vec<usize>,
    loss: Vec<i8>,
    keys: Vec<String>,
    urls: Vec<Option<String>>,
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

fn lists<T: ArrowPrimitiveType>(values: Vec<T::Native>, lengths: &[usize]) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new("item", T::DATA_TYPE, false));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(PrimitiveArray::<T>::from_iter_values(values)), None)?))
}

impl Columns {
    pub fn new(rows: bool, masked: bool) -> Columns {
        let mut fields = vec![Field::new("input_ids", list(DataType::Int32), false)];
        if rows {
            fields.push(Field::new("seq_lens", list(DataType::Int32), false));
        } else {
            fields.extend([Field::new("key", DataType::Utf8, false), Field::new("url", DataType::Utf8, true)]);
        }
        if masked {
            fields.push(Field::new("loss_mask", list(DataType::Int8), false));
        }
        Columns {
            schema: Arc::new(Schema::new(fields)),
            masked,
            rows,
            ids: Vec::new(),
            id_lengths: Vec::new(),
            lengths: Vec::new(),
            length_lengths: Vec::new(),
            loss: Vec::new(),
            keys: Vec::new(),
            urls: Vec::new(),
        }
    }

    /// Takes a record; gives the batch before it where that is full.
    pub fn push(&mut self, record: &Record) -> Result<Option<RecordBatch>, ArrowError> {
        let full = !self.id_lengths.is_empty() && self.ids.len() + record.ids.len() > BATCH_TOKENS;
        let batch = if full { self.take()? } else { None };
        self.ids.extend(record.ids.iter().map(|id| *id as i32));
        self.id_lengths.push(record.ids.len());
        self.lengths.extend(record.lengths.iter().map(|length| *length as i32));
        self.length_lengths.push(record.lengths.len());
        self.loss.extend(record.loss.iter().flatten().map(|loss| *loss as i8));
        if let Some((key, url)) = record.document {
            self.keys.push(format!("{key:032x}"));
            self.urls.push(url.map(str::to_owned));
        }
        Ok(batch)
    }

    /// What has come since the last batch.
    pub fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let id_lengths = std::mem::take(&mut self.id_lengths);
        if id_lengths.is_empty() {
            return Ok(None);
        }
        let mut columns = vec![lists::<Int32Type>(std::mem::take(&mut self.ids), &id_lengths)?];
        let length_lengths = std::mem::take(&mut self.length_lengths);
        if self.rows {
            columns.push(lists::<Int32Type>(std::mem::take(&mut self.lengths), &length_lengths)?);
        } else {
            columns.push(Arc::new(StringArray::from(std::mem::take(&mut self.keys))));
            columns.push(Arc::new(StringArray::from(std::mem::take(&mut self.urls))));
        }
        if self.masked {
            columns.push(lists::<Int8Type>(std::mem::take(&mut self.loss), &id_lengths)?);
        }
        RecordBatch::try_new(self.schema.clone(), columns).map(Some)
    }
}
