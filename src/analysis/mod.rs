//! SQL over what a finished run has written.
//!
//! polars runs the query; this reads for it the tables that the query names, and of these the columns whose names stand in it, from the files of the run's folder.
//! Texts are read where `text` is named (or `*` is); `text_bytes` is their length without them.
//!
//! | table | a row is |
//! |---|---|
//! | `documents` | a kept document: id, url, text, tags, columns of the input |
//! | `dropped` | a dropped document that was written down: stage, reason, value, threshold, and the document for whose sake it went |
//! | `annotations` | what one rule said of one document, in a run with `run.mode = "annotate"` |
//! | `clusters` | a member of a group of near-duplicates |
//! | `pairs` | two documents that were found alike |
//! | `stages` | a stage of the pipeline: documents and bytes in and out |
//! | `reasons` | a reason of a stage, with the documents dropped for it |
//! | `shards` | a document of a set of token shards |

mod column;
mod table;
mod tables;
mod wanted;

use polars::prelude::{AnyValue, DataFrame, IntoLazy, PolarsError, SortMultipleOptions};
use polars::sql::{SQLContext, extract_table_identifiers};
use serde_json::Value;

use crate::config::suggestion;
use crate::review::{Error, Folder};
pub use tables::TABLES;
use wanted::{Wanted, is_unordered};

/// What a query gives.
pub struct Answer {
    frame: DataFrame,
}

impl Answer {
    /// Names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.frame.get_column_names().into_iter().map(|name| name.to_string()).collect()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// A row, in the order of the columns; what JSON has no number for (NaN) is null.
    pub fn row(&self, at: usize) -> Vec<Value> {
        self.frame.columns().iter().map(|column| column.get(at).map_or(Value::Null, |value| json(&value))).collect()
    }
}

/// The answer of a run to a query.
///
/// # Errors
/// A query that is no SQL, or names a table or column that is not there, with those that are; what cannot be read.
pub fn query(folder: &Folder, sql: &str) -> Result<Answer, Error> {
    let named = extract_table_identifiers(sql, false, true).map_err(|error| said(&error))?;
    let wanted = Wanted::of(sql);
    let mut context = SQLContext::new();
    let mut known: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, _) in TABLES.iter().filter(|(name, _)| named.iter().any(|named| named == name)) {
        let table = tables::read(folder, name, wanted.clone())?;
        known.push((*name, table.names().map(str::to_owned).collect()));
        context.register(name, table.into_frame().map_err(|error| said(&error))?.lazy());
    }
    let frame = context.execute(sql).and_then(|frame| frame.collect()).map_err(|error| refused(&error, &known, &named))?;
    // The same query has the same answer, to the byte. Columns that cannot be sorted (lists) leave it as it is.
    let sorted = is_unordered(sql).then(|| frame.sort(frame.get_column_names_owned(), SortMultipleOptions::default()).ok()).flatten();
    Ok(Answer { frame: sorted.unwrap_or(frame) })
}

/// The columns of a table, as its first file has them.
///
/// # Errors
/// Where the run has no such table, and what cannot be read.
pub fn columns(folder: &Folder, name: &str) -> Result<Vec<String>, Error> {
    Ok(tables::read(folder, name, Wanted::Names)?.names().map(str::to_owned).collect())
}

fn said(error: &PolarsError) -> Error {
    let text = error.to_string();
    Error::Cannot(format!("the query cannot be answered: {}", text.lines().next().unwrap_or_default()))
}

/// An error of a query, with the tables or columns that there are where one is not found.
fn refused(error: &PolarsError, known: &[(&str, Vec<String>)], named: &[String]) -> Error {
    let mut inner = error;
    while let PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } = inner {
        inner = error;
    }
    let text = inner.to_string();
    // polars quotes the name first, in one of two ways.
    let quoted = text.split(['"', '\'', '`']).nth(1).unwrap_or_default();
    let is_column = matches!(inner, PolarsError::ColumnNotFound(_) | PolarsError::SchemaFieldNotFound(_)) || text.contains("no column named");
    if is_column && !quoted.is_empty() {
        let near = suggestion(quoted, known.iter().flat_map(|(_, columns)| columns.iter().map(String::as_str)));
        let tables: Vec<String> = known.iter().map(|(table, columns)| format!("`{table}` has {}", columns.join(", "))).collect();
        let near = if near.starts_with("did you mean") { format!(" {near}") } else { String::new() };
        return Error::Cannot(format!("no table of the query has a column `{quoted}`:{near} {}", tables.join("; ")));
    }
    let is_table = |name: &&String| !known.iter().any(|(known, _)| known == name) && *name == quoted;
    match named.iter().find(is_table) {
        Some(name) => Error::Cannot(format!("there is no table `{name}`: {}", suggestion(name, TABLES.iter().map(|(name, _)| *name)))),
        None => said(inner),
    }
}

fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => (*value).into(),
        AnyValue::String(text) => (*text).into(),
        AnyValue::StringOwned(text) => text.as_str().into(),
        AnyValue::List(list) => list.iter().map(|value| json(&value)).collect(),
        AnyValue::Float32(value) => f64::from(*value).into(),
        AnyValue::Float64(value) => (*value).into(),
        value => match (value.extract::<i64>(), value.extract::<u64>()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => value.to_string().into(),
        },
    }
}
