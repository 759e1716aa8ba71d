//! Parquet and Arrow for `datasets`.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::columns::Columns;
use super::records::each;
use super::{Out, ShardError};
use crate::shard::Shards;

/// Tokens of a file, about 400 MB.
const FILE_TOKENS: u64 = 100_000_000;

/// `data-00000.parquet` and so on: a row group a batch, compressed with zstd.
pub(super) fn parquet(shards: &Shards, rows: Option<u32>, out: &mut Out) -> Result<(), ShardError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: parquet::errors::ParquetError| ShardError::io("write", &path)(std::io::Error::other(error))
    };
    let mut open: Option<(ArrowWriter<_>, PathBuf)> = None;
    batches(shards, rows, out, &mut |batch, columns, number, out| {
        let Some(batch) = batch else {
            let Some((writer, path)) = open.take() else { return Ok(()) };
            return writer.close().map(|_| ()).map_err(failed(&path));
        };
        if open.is_none() {
            let file = out.create(format!("data-{number:05}.parquet"))?;
            let options = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
            let writer = ArrowWriter::try_new(file.out, columns.schema.clone(), Some(options)).map_err(failed(&file.path))?;
            open = Some((writer, file.path));
        }
        let Some((writer, path)) = &mut open else { return Ok(()) };
        writer.write(batch).and_then(|()| writer.flush()).map_err(failed(path))
    })
}

/// `data-00000.arrow` and so on, streams, and what `datasets.load_from_disk` wants beside them.
pub(super) fn arrow(shards: &Shards, rows: Option<u32>, out: &mut Out) -> Result<(), ShardError> {
    let mut open: Option<(StreamWriter<_>, PathBuf)> = None;
    batches(shards, rows, out, &mut |batch, columns, number, out| {
        let Some(batch) = batch else {
            let Some((mut writer, path)) = open.take() else { return Ok(()) };
            return writer.finish().map_err(ShardError::write(&path));
        };
        if open.is_none() {
            let file = out.create(format!("data-{number:05}.arrow"))?;
            let writer = StreamWriter::try_new(file.out, &columns.schema).map_err(ShardError::write(&file.path))?;
            open = Some((writer, file.path));
        }
        let Some((writer, path)) = &mut open else { return Ok(()) };
        writer.write(batch).map_err(ShardError::write(path))
    })?;
    let files: Vec<_> = out.done.files.iter().map(|name| json!({ "filename": name })).collect();
    let state = json!({
        "_data_files": files,
        "_fingerprint": &shards.manifest().fingerprint().to_string()[..16],
        "_format_columns": null,
        "_format_kwargs": {},
        "_format_type": null,
        "_output_all_columns": false,
        "_split": null,
    });
    for (name, content) in [("state.json", state), ("dataset_info.json", json!({ "citation": "", "description": "", "homepage": "", "license": "" }))] {
        let mut file = out.create(name.to_owned())?;
        file.put(&super::json(&content))?;
        file.close()?;
    }
    Ok(())
}

/// Takes a batch for the file of a number; none ends that file.
type Sink<'a> = dyn FnMut(Option<&RecordBatch>, &Columns, usize, &mut Out) -> Result<(), ShardError> + 'a;

fn batches(shards: &Shards, rows: Option<u32>, out: &mut Out, sink: &mut Sink) -> Result<(), ShardError> {
    let failed = |error: arrow::error::ArrowError| ShardError::Refused(format!("the tokens do not fit Arrow's columns: {error}"));
    let masked = shards.manifest().parts.iter().any(|part| part.mask.is_some());
    let mut columns = Columns::new(rows.is_some(), masked);
    let mut number = 0;
    let empty = each(shards, rows, &mut |record| {
        if let Some(batch) = columns.push(&record).map_err(failed)? {
            sink(Some(&batch), &columns, number, out)?;
            if out.done.tokens / FILE_TOKENS > number as u64 {
                sink(None, &columns, number, out)?;
                number += 1;
            }
        }
        out.count(record.ids.len());
        Ok(())
    })?;
    if let Some(batch) = columns.take().map_err(failed)? {
        sink(Some(&batch), &columns, number, out)?;
    }
    out.done.empty = empty;
    sink(None, &columns, number, out)
}
