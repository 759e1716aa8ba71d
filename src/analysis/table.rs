//! A table being read: the columns that the query needs, and the names of all.

use std::collections::HashMap;

use polars::prelude::{DataFrame, PolarsResult};
use serde_json::Value;

use super::column::Growing;
use super::wanted::Wanted;

/// A table with the rows that were read so far.
pub struct Table {
    wanted: Wanted,
    /// In the order in which they were first seen.
    names: Vec<String>,
    /// Where the column of a name lies, if it is read.
    places: HashMap<String, Option<usize>>,
    columns: Vec<Growing>,
    rows: usize,
}

impl Table {
    /// One with these columns, which it has even if no row does.
    pub fn new(wanted: Wanted, names: &[&str]) -> Table {
        let mut table = Table { wanted, names: Vec::new(), places: HashMap::new(), columns: Vec::new(), rows: 0 };
        for name in names {
            table.place(name);
        }
        table
    }

    /// The names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether a column is read, and not just its name.
    pub fn wants(&self, name: &str) -> bool {
        self.wanted.has(name)
    }

    /// Whether the names of the columns are all that is asked for, so that the first rows are enough.
    pub fn only_names(&self) -> bool {
        self.wanted == Wanted::Names
    }

    /// Where values of that name go, if they are read.
    pub fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.wanted.has(name).then(|| {
            self.columns.push(Growing::new(name));
            self.columns.len() - 1
        });
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// Puts a value into the row that is being read. Of a name that comes twice in a row, the first counts.
    pub fn put_at(&mut self, place: usize, value: Value) {
        if let Some(column) = self.columns.get_mut(place).filter(|column| column.rows() <= self.rows) {
            column.put(self.rows, value);
        }
    }

    /// The same by name.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(place) = self.place(name) {
            self.put_at(place, value.into());
        }
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// As polars has it. Its height is that of its rows even where no column is read.
    pub fn into_frame(self) -> PolarsResult<DataFrame> {
        let rows = self.rows;
        let mut columns = self.columns;
        if columns.is_empty() {
            // Rows can only be counted over a column.
            columns.push(Growing::new(""));
        }
        DataFrame::new(rows, columns.into_iter().map(|column| column.finish(rows)).collect())
    }
}
