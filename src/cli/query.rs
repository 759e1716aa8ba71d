use std::path::PathBuf;

/// Ask a run in SQL: its documents, what was dropped, annotations, near-duplicates, stages, shards.
#[derive(clap::Args)]
#[command(
    after_help = "Without a query the tables and their columns are listed. Only the columns that a query names are read; `text_bytes` is the length of a text.\n\n\
                  Examples:\n  \
                  dataprep query out/web \"SELECT lang, COUNT(*) AS documents, SUM(text_bytes) AS bytes FROM documents GROUP BY lang ORDER BY bytes DESC\"\n  \
                  dataprep query out/web \"SELECT id, value FROM dropped WHERE reason = 'too_few_words' ORDER BY value DESC LIMIT 20\"\n  \
                  dataprep query out/web \"SELECT d.lang, SUM(s.tokens) AS tokens FROM shards s JOIN documents d ON s.url = d.url GROUP BY d.lang\""
)]
pub struct Query {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// The query.
    sql: Option<String>,
    /// Rows to show; 0 for all.
    #[arg(short, default_value_t = 40)]
    n: usize,
    /// Print a line of JSON for each row, all of them.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print comma-separated values, all of them.
    #[arg(long)]
    csv: bool,
}

#[cfg(not(feature = "analysis"))]
impl Query {
    pub(super) fn call(self) -> super::Outcome {
        let Query { run, sql: _, n: _, json: _, csv: _ } = self;
        let message = "this dataprep was built without its feature `analysis`, which answers queries: build it with the default features";
        Err(super::Failure(format!("no query of {}: {message}", run.display())))
    }
}

#[cfg(feature = "analysis")]
mod answers {
    use serde_json::{Map, Value};
    use unicode_width::UnicodeWidthStr;

    use super::super::say::say;
    use super::super::{Done, Outcome, count};
    use super::Query;
    use crate::analysis::{Answer, TABLES, columns, query};
    use crate::review::{Folder, excerpt};

    /// Characters of a cell on the terminal.
    const CELL: usize = 60;

    impl Query {
        pub(in crate::cli) fn call(self) -> Outcome {
            let folder = Folder::open(&self.run)?;
            let Some(sql) = &self.sql else { return list(&folder) };
            let answer = query(&folder, sql)?;
            match (self.json, self.csv) {
                (true, _) => as_json(&answer),
                (_, true) => as_csv(&answer),
                _ => as_table(&answer, if self.n == 0 { usize::MAX } else { self.n }),
            }
        }
    }

    /// The tables that there are.
    fn list(folder: &Folder) -> Outcome {
        for (name, rows) in TABLES {
            // A run without shards, or without annotations, simply lacks a table.
            if let Ok(columns) = columns(folder, name) {
                say!("{name}: {rows}\n  {}", columns.join(", "))?;
            }
        }
        Ok(Done::Fine)
    }

    fn as_json(answer: &Answer) -> Outcome {
        let names = answer.columns();
        for at in 0..answer.rows() {
            let row: Map<String, Value> = names.iter().cloned().zip(answer.row(at)).collect();
            say!("{}", Value::Object(row))?;
        }
        Ok(Done::Fine)
    }

    fn as_csv(answer: &Answer) -> Outcome {
        let line = |cells: Vec<String>| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
        say!("{}", line(answer.columns()))?;
        for at in 0..answer.rows() {
            say!("{}", line(answer.row(at).iter().map(plain).collect()))?;
        }
        Ok(Done::Fine)
    }

    /// A value as text; null is nothing.
    fn plain(value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        }
    }

    /// As RFC 4180 has it.
    fn quoted(cell: &str) -> String {
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    }

    fn as_table(answer: &Answer, most: usize) -> Outcome {
        let shown = answer.rows().min(most);
        let rows: Vec<Vec<Value>> = (0..shown).map(|at| answer.row(at)).collect();
        let names = answer.columns();
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let of_column = |at: usize| cells.iter().map(move |row| row[at].as_str());
        let widths: Vec<usize> =
            names.iter().enumerate().map(|(at, name)| of_column(at).chain([name.as_str()]).map(UnicodeWidthStr::width).max().unwrap_or(0)).collect();
        let right: Vec<bool> = (0..names.len()).map(|at| rows.iter().any(|row| row[at].is_number())).collect();
        let line = |row: &[String]| {
            let padded = row.iter().zip(&widths).zip(&right).map(|((cell, width), right)| {
                let space = " ".repeat(width - cell.width());
                if *right { format!("{space}{cell}") } else { format!("{cell}{space}") }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        say!("{}", line(&names))?;
        say!("{}", line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>()))?;
        for row in &cells {
            say!("{}", line(row))?;
        }
        let rest = answer.rows() - shown;
        if rest > 0 {
            say!("and {} more: -n 0, --json or --csv give all", count(rest as u64))?;
        }
        Ok(Done::Fine)
    }

    fn cell(value: &Value) -> String {
        match value {
            Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, crate::check::shown),
            value => excerpt(Some(&plain(value)), CELL),
        }
    }
}
