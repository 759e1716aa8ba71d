//! The files that a run has written: documents as JSON lines or parquet, and tables as parquet.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use super::{Document, Error, unreadable};
use crate::source::parquet::json;

/// Columns of a parquet file that [`Document`] has.
const COLUMNS: [&str; 5] = ["id", "url", "text", "lang", "verdicts"];

/// Files of documents below a folder, by name: `.jsonl.zst`, or `.parquet` where there are no such.
pub fn of_documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = [Vec::new(), Vec::new()];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".jsonl.zst") {
                found[0].push(path);
            } else if is_parquet(&path) {
                found[1].push(path);
            }
        }
    }
    found.iter_mut().for_each(|files| files.sort());
    found.into_iter().find(|files| !files.is_empty()).unwrap_or_default()
}

/// Whether a file's name says that it is a table.
pub fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "parquet")
}

/// Calls `see` with every document of the files until it answers false.
///
/// # Errors
/// What cannot be read.
pub fn each(files: &[PathBuf], see: &mut dyn FnMut(Document) -> bool) -> Result<(), Error> {
    for file in files {
        let mut goes_on = true;
        let mut fault = None;
        let mut parsed = |document: serde_json::Result<Document>| {
            match document {
                Ok(document) => goes_on = see(document),
                Err(cause) => fault = Some(unreadable(file, cause)),
            }
            goes_on && fault.is_none()
        };
        if is_parquet(file) {
            let wanted = |name: &str| COLUMNS.contains(&name);
            rows(file, &wanted, &mut |row| parsed(serde_json::from_value(Value::Object(row.into_iter().collect::<Map<_, _>>()))))?;
        } else {
            lines(file, &mut |line| parsed(serde_json::from_str(line)))?;
        }
        match fault {
            Some(fault) => return Err(fault),
            None if !goes_on => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

/// Calls `see` with every line of a file compressed by zstd until it answers false.
///
/// # Errors
/// What cannot be read.
pub fn lines(file: &Path, see: &mut dyn FnMut(&str) -> bool) -> Result<(), Error> {
    let failed = |cause: std::io::Error| unreadable(file, cause);
    let mut lines = BufReader::new(zstd::Decoder::new(File::open(file).map_err(failed)?).map_err(failed)?);
    let mut line = String::new();
    while lines.read_line(&mut line).map_err(failed)? > 0 {
        if !see(line.trim_end_matches('\n')) {
            return Ok(());
        }
        line.clear();
    }
    Ok(())
}

/// A row of a table: names and values of the columns that are wanted.
pub type Row = Vec<(String, Value)>;

/// Calls `see` with every row of a parquet file, in columns whose names `wanted` accepts, until it answers false.
///
/// # Errors
/// What cannot be read.
pub fn rows(file: &Path, wanted: &dyn Fn(&str) -> bool, see: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
    let builder = open(file)?;
    let schema = builder.schema().clone();
    let columns: Vec<usize> = (0..schema.fields().len()).filter(|at| wanted(schema.field(*at).name())).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
    for batch in builder.with_projection(mask).build().map_err(|cause| unreadable(file, cause))? {
        let batch = batch.map_err(|cause| unreadable(file, cause))?;
        let schema = batch.schema();
        for at in 0..batch.num_rows() {
            let cell = |(field, column): (&std::sync::Arc<arrow::datatypes::Field>, &arrow::array::ArrayRef)| {
                json::value(column, at).map(|value| (field.name().clone(), value)).map_err(|cause| unreadable(file, cause))
            };
            let row = schema.fields().iter().zip(batch.columns()).map(cell).collect::<Result<Row, _>>()?;
            if !see(row) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Names of the columns of a parquet file.
///
/// # Errors
/// What cannot be read.
pub fn columns(file: &Path) -> Result<Vec<String>, Error> {
    Ok(open(file)?.schema().fields().iter().map(|field| field.name().clone()).collect())
}

fn open(file: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let opened = File::open(file).map_err(|cause| unreadable(file, cause))?;
    ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|cause| unreadable(file, cause))
}
