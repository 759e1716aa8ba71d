//! A column that takes its type from what comes.

use polars::prelude::{BooleanChunked, Column, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray, PlSmallStr, StringChunkedBuilder};
use serde_json::Value;

/// Kinds, of which each later one can hold what the earlier ones hold.
enum Cells {
    /// Nothing but nulls so far.
    Nulls,
    Bools(Vec<Option<bool>>),
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    /// Texts as they are, other values as JSON.
    Texts(StringChunkedBuilder),
}

/// A column being filled.
pub struct Growing {
    name: String,
    cells: Cells,
    rows: usize,
}

impl Growing {
    /// One that has no rows yet.
    pub fn new(name: &str) -> Growing {
        Growing { name: name.to_owned(), cells: Cells::Nulls, rows: 0 }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Puts a value into row `row`, which no value was put into; rows between are null.
    pub fn put(&mut self, row: usize, value: Value) {
        self.reach(row);
        self.rows = row + 1;
        loop {
            match (&mut self.cells, &value) {
                (Cells::Nulls, Value::Null) => {}
                (Cells::Bools(cells), Value::Null | Value::Bool(_)) => cells.push(value.as_bool()),
                (Cells::Ints(cells), Value::Null) => cells.push(None),
                (Cells::Ints(cells), Value::Number(number)) if number.is_i64() => cells.push(number.as_i64()),
                (Cells::Floats(cells), Value::Null | Value::Number(_)) => cells.push(value.as_f64()),
                (Cells::Texts(cells), Value::Null) => cells.append_null(),
                (Cells::Texts(cells), Value::String(text)) => cells.append_value(text),
                (Cells::Texts(cells), value) => cells.append_value(value.to_string()),
                _ => {
                    self.widen(row, &value);
                    continue;
                }
            }
            return;
        }
    }

    /// Makes the first `rows` rows hold a kind that has room for `value` too.
    fn widen(&mut self, rows: usize, value: &Value) {
        let cells = std::mem::replace(&mut self.cells, Cells::Nulls);
        let texts = |cells: &mut dyn Iterator<Item = Option<String>>| {
            let mut builder = StringChunkedBuilder::new(PlSmallStr::from_str(&self.name), rows);
            cells.for_each(|cell| builder.append_option(cell));
            Cells::Texts(builder)
        };
        self.cells = match (cells, value) {
            (Cells::Nulls, Value::Bool(_)) => Cells::Bools(vec![None; rows]),
            (Cells::Nulls, Value::Number(number)) if number.is_i64() => Cells::Ints(vec![None; rows]),
            (Cells::Nulls, Value::Number(_)) => Cells::Floats(vec![None; rows]),
            (Cells::Ints(ints), Value::Number(_)) => Cells::Floats(ints.into_iter().map(|cell| cell.map(|number| number as f64)).collect()),
            (Cells::Nulls, _) => texts(&mut std::iter::repeat_n(None, rows)),
            (Cells::Bools(bools), _) => texts(&mut bools.into_iter().map(|cell| cell.map(|value| value.to_string()))),
            (Cells::Ints(ints), _) => texts(&mut ints.into_iter().map(|cell| cell.map(|number| number.to_string()))),
            (Cells::Floats(floats), _) => texts(&mut floats.into_iter().map(|cell| cell.map(|number| Value::from(number).to_string()))),
            (cells @ Cells::Texts(_), _) => cells,
        };
    }

    /// Makes the column `rows` rows long.
    fn reach(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.rows);
        self.rows += missing;
        match &mut self.cells {
            Cells::Nulls => {}
            Cells::Bools(cells) => cells.resize(rows, None),
            Cells::Ints(cells) => cells.resize(rows, None),
            Cells::Floats(cells) => cells.resize(rows, None),
            Cells::Texts(cells) => (0..missing).for_each(|_| cells.append_null()),
        }
    }

    /// The column of polars, `rows` rows long; texts, where nothing was ever put in.
    pub fn finish(mut self, rows: usize) -> Column {
        self.reach(rows);
        let name = PlSmallStr::from_str(&self.name);
        match self.cells {
            Cells::Bools(cells) => BooleanChunked::from_iter_options(name, cells.into_iter()).into_column(),
            Cells::Ints(cells) => Int64Chunked::from_iter_options(name, cells.into_iter()).into_column(),
            Cells::Floats(cells) => Float64Chunked::from_iter_options(name, cells.into_iter()).into_column(),
            Cells::Texts(cells) => cells.finish().into_column(),
            Cells::Nulls => {
                let mut nulls = StringChunkedBuilder::new(name, rows);
                (0..rows).for_each(|_| nulls.append_null());
                nulls.finish().into_column()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(values: &[(usize, Value)], rows: usize) -> String {
        let mut column = Growing::new("c");
        values.iter().for_each(|(row, value)| column.put(*row, value.clone()));
        let column = column.finish(rows);
        let cells: Vec<String> = (0..rows).map(|at| super::super::json(&column.get(at).unwrap()).to_string()).collect();
        format!("{} {}", column.dtype(), cells.join(" "))
    }

    #[test]
    fn types_widen_and_nothing_is_lost() {
        assert_eq!(column(&[(1, json!(true))], 3), "bool null true null");
        assert_eq!(column(&[(0, json!(1)), (1, json!(2))], 2), "i64 1 2");
        assert_eq!(column(&[(0, json!(1)), (1, json!(0.5)), (2, json!(null))], 3), "f64 1.0 0.5 null");
        assert_eq!(column(&[(0, json!(1)), (1, json!("x")), (2, json!([1, "y"]))], 3), r#"str "1" "x" "[1,\"y\"]""#);
        assert_eq!(column(&[(0, json!(0.5)), (2, json!("x"))], 3), r#"str "0.5" null "x""#);
        assert_eq!(column(&[(0, json!(u64::MAX))], 1), "f64 1.8446744073709552e+19");
        assert_eq!(column(&[], 1), "str null");
    }
}
