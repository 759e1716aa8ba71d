//! What near-duplicate search has found, as parquet for whoever wants to look: the pairs alike, and the groups with their members.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, RecordBatch, StringBuilder, UInt32Builder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::records::OLD;

/// Rows that are encoded together.
const BATCH: usize = 1 << 14;
/// Rows of a row group: what the writer holds in memory, encoded.
const GROUP: usize = 1 << 17;

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Number of the group.
    pub cluster: u64,
    /// Members of the group.
    pub size: u32,
    /// The document, packed; of an earlier corpus where [`OLD`] is set.
    pub doc: u64,
    /// Its id.
    pub id: String,
    /// Its URL.
    pub url: Option<String>,
    /// Whether it stays.
    pub kept: bool,
    /// How alike it is to the one that stays, or to whomever it is most like; not a number where it was not measured.
    pub similarity: f64,
}

fn open(fields: &[(&str, DataType, bool)]) -> Result<(SchemaRef, ArrowWriter<Vec<u8>>), ParquetError> {
    let fields: Vec<Field> = fields.iter().map(|(name, kind, nullable)| Field::new(*name, kind.clone(), *nullable)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP))
        .set_created_by(concat!("dataprep ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?;
    Ok((schema, writer))
}

fn measured(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// Split and ordinal; none for a document of an earlier corpus.
fn place(doc: u64) -> (Option<u32>, Option<u32>) {
    if doc & OLD == 0 { (Some((doc >> 32) as u32), Some(doc as u32)) } else { (None, None) }
}

/// `clusters.parquet`: cluster, size, split, ordinal, id, url, kept, similarity. Split and ordinal are null for documents of an earlier corpus.
/// Rows come from `next`; the table goes piece by piece to `write`.
pub fn clusters<E: From<ParquetError>>(mut next: impl FnMut() -> Result<Option<Row>, E>, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let (schema, mut writer) = open(&[
        ("cluster", DataType::UInt64, false),
        ("size", DataType::UInt32, false),
        ("split", DataType::UInt32, true),
        ("ordinal", DataType::UInt32, true),
        ("id", DataType::Utf8, false),
        ("url", DataType::Utf8, true),
        ("kept", DataType::Boolean, false),
        ("similarity", DataType::Float64, true),
    ])?;
    let (mut cluster, mut size) = (UInt64Builder::new(), UInt32Builder::new());
    let (mut split, mut ordinal) = (UInt32Builder::new(), UInt32Builder::new());
    let (mut id, mut url) = (StringBuilder::new(), StringBuilder::new());
    let (mut kept, mut similarity) = (BooleanBuilder::new(), Float64Builder::new());
    loop {
        let mut rows = 0;
        while rows < BATCH
            && let Some(row) = next()?
        {
            rows += 1;
            cluster.append_value(row.cluster);
            size.append_value(row.size);
            let place = place(row.doc);
            split.append_option(place.0);
            ordinal.append_option(place.1);
            id.append_value(row.id);
            url.append_option(row.url);
            kept.append_value(row.kept);
            similarity.append_option(measured(row.similarity));
        }
        if rows == 0 {
            return write(&writer.into_inner()?);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(cluster.finish()),
            Arc::new(size.finish()),
            Arc::new(split.finish()),
            Arc::new(ordinal.finish()),
            Arc::new(id.finish()),
            Arc::new(url.finish()),
            Arc::new(kept.finish()),
            Arc::new(similarity.finish()),
        ];
        writer.write(&RecordBatch::try_new(schema.clone(), columns).map_err(ParquetError::from)?)?;
        write(&std::mem::take(writer.inner_mut()))?;
    }
}

/// `edges.parquet`: split and ordinal of the later and of the earlier document in survivor order, similarity. Rows come from `next`; the table goes piece
/// by piece to `write`.
pub fn edges<E: From<ParquetError>>(
    mut next: impl FnMut() -> Result<Option<(u64, u64, f64)>, E>,
    mut write: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let number = |name| (name, DataType::UInt32, true);
    let (schema, mut writer) =
        open(&[number("split"), number("ordinal"), number("other_split"), number("other_ordinal"), ("similarity", DataType::Float64, true)])?;
    let mut numbers: [UInt32Builder; 4] = std::array::from_fn(|_| UInt32Builder::new());
    let mut similarity = Float64Builder::new();
    loop {
        let mut rows = 0;
        while rows < BATCH
            && let Some((later, earlier, alike)) = next()?
        {
            rows += 1;
            let (later, earlier) = (place(later), place(earlier));
            numbers.iter_mut().zip([later.0, later.1, earlier.0, earlier.1]).for_each(|(column, value)| column.append_option(value));
            similarity.append_option(measured(alike));
        }
        if rows == 0 {
            return write(&writer.into_inner()?);
        }
        let mut columns: Vec<ArrayRef> = numbers.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        columns.push(Arc::new(similarity.finish()));
        writer.write(&RecordBatch::try_new(schema.clone(), columns).map_err(ParquetError::from)?)?;
        write(&std::mem::take(writer.inner_mut()))?;
    }
}
