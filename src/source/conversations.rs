//! Conversations and pairs of files outside a pipeline, row by row, each with its place: what the sources `chat` and `pairs` read, told from the row itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::chat::{Conversations, Unfit, fields, text, turns};
use super::fields::Rows;
use super::jsonl::max_line;
use super::pairs::{Preferences, pair};
use super::paths;
use super::row_files::RowFiles;
use crate::doc::{Doc, Html, Role, TURNS, join};
use crate::stage::{Complaint, Fault, OneOrMany, Read, Result, RunError, Source};

/// Files that can be read more than once.
pub struct Talks {
    files: Vec<PathBuf>,
    source: RowFiles,
}

/// One row.
pub struct Row {
    /// Number of its file in [`Talks::files`].
    pub file: usize,
    /// The line on which it begins, from 1, or where `lined` is false its number in the file, from 1.
    pub at: u64,
    /// Whether rows of this file stand on lines of it.
    pub lined: bool,
    /// A conversation, or why there is none.
    pub read: std::result::Result<Box<Doc>, Fault>,
}

impl Talks {
    /// Rows to learn from: whole conversations and pairs.
    pub fn open(entries: &[String]) -> Result<Talks> {
        Self::over(entries, Arc::new(Either))
    }

    /// Rows to ask: of conversations and pairs the same, and also what has no answer: turns alone, or a text under one of the usual names.
    pub fn questions(entries: &[String]) -> Result<Talks> {
        Self::over(entries, Arc::new(Questions))
    }

    fn over(entries: &[String], rows: Arc<dyn Rows>) -> Result<Talks> {
        let said = |complaints: Vec<Complaint>| {
            RunError::stop(complaints.iter().map(|one| format!("{}\n  help: {}", one.message, one.help)).collect::<Vec<_>>().join("\n"))
        };
        let entries = OneOrMany(entries.to_vec());
        Ok(Talks { files: paths::expand("path", &entries).map_err(said)?, source: RowFiles::expand(&entries, rows, max_line().as_usize()).map_err(said)? })
    }

    /// The files, in the order of reading.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Calls `each` with every row, in order.
    pub fn each(&self, each: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        let (mut path, mut file, mut lines, mut rows) = (PathBuf::new(), 0, 0, 0);
        for split in self.source.splits()? {
            let of = paths::of(&split)?;
            if of != path {
                file = self.files.iter().position(|known| known == of).unwrap_or_default();
                (path, lines, rows) = (of.to_owned(), 0, 0);
            }
            let mut reader = self.source.open(&split, None)?;
            while let Some(read) = reader.next()? {
                let read = match read {
                    Read::Doc(doc) => Ok(doc),
                    Read::Fault(fault) => Err(fault),
                    Read::Skip(_) => continue,
                };
                rows += 1;
                let line = reader.line();
                each(Row { file, at: line.map_or(rows, |before| lines + before + 1), lined: line.is_some(), read })?;
            }
            lines += reader.line().unwrap_or_default();
        }
        Ok(())
    }

    /// How a place is written: `train.jsonl:12`, or `train.parquet, row 12`.
    pub fn shown(path: &Path, at: u64, lined: bool) -> String {
        if lined { format!("{}:{at}", path.display()) } else { format!("{}, row {at}", path.display()) }
    }
}

/// Rows with `chosen` or `rejected` are pairs, all others conversations.
struct Either;

fn is_pair(row: &Map<String, Value>) -> bool {
    ["chosen", "rejected"].into_iter().any(|column| row.contains_key(column))
}

impl Rows for Either {
    fn page(&self) -> &str {
        ""
    }

    fn read(&self, row: Map<String, Value>, page: Option<Html>) -> std::result::Result<Doc, Unfit> {
        if is_pair(&row) { Preferences(fields()).read(row, page) } else { Conversations(fields()).read(row, page) }
    }
}

/// Columns that evaluation sets keep their question in.
const ASKED: [&str; 5] = ["prompt", "question", "instruction", "query", "problem"];

struct Questions;

impl Rows for Questions {
    fn page(&self) -> &str {
        ""
    }

    fn read(&self, mut row: Map<String, Value>, _: Option<Html>) -> std::result::Result<Doc, Unfit> {
        let said = if is_pair(&row) { pair(&mut row.clone()) } else { turns(&mut row.clone()) };
        let turns = match said {
            Ok(turns) => turns,
            Err(unfit) => match ASKED.into_iter().find_map(|column| text(&mut row, column).transpose()) {
                Some(asked) => vec![(Role::User, asked?)],
                None => return Err(unfit),
            },
        };
        let (said, whose) = join(&turns);
        let mut doc = Doc::from_text(said);
        doc.extra.insert(TURNS.to_owned(), whose);
        Ok(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(talks: &Talks) -> Vec<(u64, bool, String)> {
        let mut found = Vec::new();
        let mut see = |row: Row| {
            found.push((row.at, row.lined, row.read.map_or_else(|fault| format!("[{}]", fault.reason), |doc| doc.text().replace('\n', " "))));
            Ok(())
        };
        talks.each(&mut see).unwrap();
        found
    }

    #[test]
    fn rows_of_every_kind_of_file_have_their_lines() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let lines = "{\"instruction\": \"q\", \"output\": \"a\"}\n\n{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}\nno\n{\"prompt\": \"q\", \"chosen\": \"a\"}\n";
        std::fs::write(at("a.jsonl"), lines).unwrap();
        std::fs::write(at("b.jsonl.zst"), zstd::bulk::compress(lines.as_bytes(), 1).unwrap()).unwrap();
        let wanted = [(1, "q a"), (3, "q a b"), (4, "[not_json]"), (5, "[missing_answer]")].map(|(line, said)| (line, true, said.to_owned()));
        assert_eq!(places(&Talks::open(&[at("a.jsonl")]).unwrap()), wanted);
        assert_eq!(places(&Talks::open(&[at("b.jsonl.zst")]).unwrap()), wanted);
        std::fs::write(at("c.json"), "[\n  {\"instruction\": \"q\",\n   \"output\": \"a\"},\n\n  5\n]\n").unwrap();
        assert_eq!(places(&Talks::open(&[at("c.json")]).unwrap()), [(2, true, "q a".to_owned()), (5, true, "[wrong_type]".to_owned())]);
        let shown = Talks::shown(Path::new("a.parquet"), 3, false);
        assert_eq!((shown.as_str(), Talks::open(&[at("none")]).is_err()), ("a.parquet, row 3", true));
    }

    #[test]
    fn questions_need_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl").display().to_string();
        std::fs::write(
            &path,
            "{\"question\": \"why?\", \"choices\": [\"a\"]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n{\"text\": \"y\"}\n",
        )
        .unwrap();
        let found: Vec<String> = places(&Talks::questions(&[path]).unwrap()).into_iter().map(|(_, _, said)| said).collect();
        assert_eq!(found, ["why?", "x", "[missing_field]"]);
    }
}
