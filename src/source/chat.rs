//! Reads conversations: JSON lines, a JSON list, Parquet or CSV, a conversation a row.
//!
//! What a file holds is told from its content, CSV and TSV from its name (`*.csv`, `*.tsv`).
//!
//! ```toml
//! [source]
//! use = "chat"
//! path = "conversations/*.jsonl.gz"
//! ```
//!
//! | a row has | as in | a turn |
//! |---|---|---|
//! | `messages` | OpenAI | `role`, `content` |
//! | `conversations` and, if wanted, `system` | ShareGPT, BELLE | `from`, `value` (or `role`, `content`) |
//! | `instruction`, `output` and, if wanted, `input` and `system` | Alpaca | one question, one answer; `input` stands a line below `instruction` |
//!
//! Roles are `system`, `user` or `human`, `assistant` or `gpt`. A system turn may stand first; then question and answer take turns, and an answer is last.
//! A conversation that is otherwise is counted and passed over: `unknown_role`, `misordered_turns`, `no_answer` (it has none, or its last question
//! has none), `empty_answer`, `empty_question`.
//!
//! The text of the document is what is said, turn under turn, so filters, deduplication and `redact` work on it. The column `turns` says who speaks for how
//! many lines; it stands in the output in place of the columns above. Other columns survive, save for one named `text`. An edit that changes the number of lines loses the turns,
//! which `chat_template` counts as `turns_lost`. Files may be
//! compressed with gzip, zstd, bzip2 or xz, and may be tar archives of such files, as those of `jsonl`, `csv` and `parquet`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::csv;
use super::fields::{Fields, Rows, type_name};
use super::jsonl::{faults, max_line};
use super::row_files::RowFiles;
use crate::doc::{Doc, Html, Role, TURNS, join};
use crate::stage::{Built, ByteSize, Complaint, OneOrMany, Recipe, Shop, Spec};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// A longer line is counted as `line_too_long` and passed over. Default 64 MiB.
    #[serde(default = "max_line")]
    max_line: ByteSize,
}

impl Recipe for Chat {
    const NAME: &'static str = "chat";

    fn spec(&self) -> Spec {
        let own = ["unknown_role", "misordered_turns", "no_answer", "empty_answer", "empty_question", "not_parquet", "member_too_large"];
        own.into_iter().chain(csv::FAULTS).chain(faults()).fold(Spec::new().gives("text").gives(TURNS), Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        Ok(Built::source(RowFiles::expand(&self.path, Arc::new(Conversations(fields())), self.max_line.as_usize())?))
    }
}

/// The text is made of the turns; of what is left of a row only the id has a meaning.
pub(super) fn fields() -> Fields {
    Fields { url: String::new(), html: String::new(), ..Fields::default() }
}

/// Rows that are conversations.
pub(super) struct Conversations(pub(super) Fields);

/// Why a row is no conversation: the reason, and what was found, in words.
pub(super) type Unfit = (&'static str, String);

impl Rows for Conversations {
    fn page(&self) -> &str {
        ""
    }

    fn read(&self, mut row: Map<String, Value>, _: Option<Html>) -> std::result::Result<Doc, Unfit> {
        let turns = turns(&mut row)?;
        check(&turns)?;
        let (text, whose) = join(&turns);
        row.insert(self.0.text.clone(), text.into());
        row.insert(TURNS.to_owned(), whose);
        Rows::read(&self.0, row, None)
    }
}

/// Takes the turns out of a row.
pub(super) fn turns(row: &mut Map<String, Value>) -> std::result::Result<Vec<(Role, String)>, Unfit> {
    let mut turns = Vec::new();
    let list = ["messages", "conversations"].into_iter().find(|column| row.get(*column).is_some_and(|value| !value.is_null()));
    if list != Some("messages")
        && let Some(system) = text(row, "system")?.filter(|system| !system.trim().is_empty())
    {
        turns.push((Role::System, system));
    }
    let Some(list) = list else {
        let (Some(mut question), Some(answer)) = (text(row, "instruction")?, text(row, "output")?) else {
            return Err(("missing_field", "neither `messages` nor `conversations` nor `instruction` with `output`".to_owned()));
        };
        if let Some(input) = text(row, "input")?.filter(|input| !input.is_empty()) {
            question = format!("{question}\n{input}");
        }
        turns.extend([(Role::User, question), (Role::Assistant, answer)]);
        return Ok(turns);
    };
    turns.extend(messages(list, row.shift_remove(list).unwrap_or_default())?);
    Ok(turns)
}

/// The turns of a list of messages, which stood in the column `column`.
pub(super) fn messages(column: &str, list: Value) -> std::result::Result<Vec<(Role, String)>, Unfit> {
    let Value::Array(entries) = list else {
        return Err(("wrong_type", format!("column `{column}` holds no list")));
    };
    let mut turns = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let Value::Object(mut entry) = entry else {
            return Err(("wrong_type", format!("turn {at} is {}", type_name(&entry))));
        };
        let names = if entry.contains_key("from") { ["from", "value"] } else { ["role", "content"] };
        let [Some(role), Some(content)] = [text(&mut entry, names[0])?, text(&mut entry, names[1])?] else {
            return Err(("missing_field", format!("turn {at} has no `{}` or no `{}`", names[0], names[1])));
        };
        let speaker = Role::of_speaker(&role).ok_or_else(|| ("unknown_role", format!("turn {at} is of `{role}`")))?;
        turns.push((speaker, content));
    }
    Ok(turns)
}

/// The text in a column, taken out of the row; `None` where there is none.
pub(super) fn text(row: &mut Map<String, Value>, column: &str) -> std::result::Result<Option<String>, Unfit> {
    match row.shift_remove(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(("wrong_type", format!("`{column}` holds {}", type_name(&other)))),
    }
}

/// A system turn or none, then question and answer in turn.
pub(super) fn check(turns: &[(Role, String)]) -> std::result::Result<(), Unfit> {
    if !turns.iter().any(|(role, _)| *role == Role::Assistant) {
        return Err(("no_answer", format!("{} turns without an answer", turns.len())));
    }
    let first = usize::from(turns[0].0 == Role::System);
    for (at, (role, content)) in turns.iter().enumerate().skip(first) {
        let wanted = if (at - first) % 2 == 0 { Role::User } else { Role::Assistant };
        if *role != wanted {
            return Err(("misordered_turns", format!("turn {at} is of {}, not of {}", role.name(), wanted.name())));
        }
        if content.trim().is_empty() {
            return Err((if wanted == Role::User { "empty_question" } else { "empty_answer" }, format!("turn {at}")));
        }
    }
    match turns.last() {
        Some((Role::Assistant, _)) => Ok(()),
        _ => Err(("no_answer", "the last question has no answer".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::super::jsonl::outline;
    use super::*;
    use crate::stage::Source as _;

    fn source(path: &Path) -> RowFiles {
        let path = OneOrMany(vec![path.to_str().unwrap().to_owned()]);
        RowFiles::expand(&path, Arc::new(Conversations(fields())), 1000).unwrap_or_else(|_| panic!("the file is there"))
    }

    const MIXED: &str = r#"{"id": 3, "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}], "n": 1}
{"conversations": [{"from": "human", "value": "a\nb"}, {"from": "gpt", "value": "c"}, {"from": "human", "value": "d"}, {"from": "assistant", "value": "e"}], "system": "s"}
{"instruction": "add", "input": "1 1", "output": "2"}
{"messages": [{"role": "tool", "content": "x"}]}
{"messages": [{"role": "user", "content": "x"}]}
{"messages": []}
{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": " \n"}]}
{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "y"}]}
{"messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]}
{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "z"}]}
{"messages": [{"role": "user", "content": ["x"]}]}
{"messages": "x"}
{"text": "x"}
no json
"#;
    const OUTLINE: [&str; 14] = [
        "S\n问\n答",
        "s\na\nb\nc\nd\ne",
        "add\n1 1\n2",
        "[unknown_role]",
        "[no_answer]",
        "[no_answer]",
        "[empty_answer]",
        "[empty_question]",
        "[misordered_turns]",
        "[no_answer]",
        "[wrong_type]",
        "[wrong_type]",
        "[missing_field]",
        "[not_json]",
    ];

    #[test]
    fn every_form_is_read_and_every_fault_is_named_compressed_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        for bytes in [MIXED.as_bytes().to_vec(), zstd::bulk::compress(MIXED.as_bytes(), 3).unwrap()] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(outline(&source(&path)), OUTLINE);
        }
    }

    #[test]
    fn turns_stand_beside_the_text_and_other_columns_survive() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, MIXED).unwrap();
        let source = source(&path);
        let Some(crate::stage::Read::Doc(doc)) = source.open(&source.splits().unwrap()[0], None).unwrap().next().unwrap() else { panic!("no document") };
        let turns: Vec<_> = doc.turns().unwrap().iter().map(|turn| (turn.role, turn.content)).collect();
        assert_eq!(turns, [(Role::System, "S"), (Role::User, "问"), (Role::Assistant, "答")]);
        assert_eq!((doc.name().as_ref(), doc.extra["n"].as_i64(), doc.extra.len()), ("3", Some(1), 2));
    }

    #[test]
    fn tables_are_known_by_their_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let [instruction, output] = ["q", "a"].map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
        let batch = RecordBatch::try_from_iter([("instruction", instruction), ("output", output)]).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert_eq!(outline(&source(&path)), ["q\na"]);
        std::fs::write(&path, "PAR1 and no more").unwrap();
        assert_eq!(outline(&source(&path)), ["[not_parquet]"]);
        // Delimited files by their names, which is all that tells them.
        let path = dir.path().join("x.csv");
        std::fs::write(&path, "instruction,input,output\nadd,1 1,2\nsay,,\"b\nye\"\n\nadd,,\n").unwrap();
        assert_eq!(outline(&source(&path)), ["add\n1 1\n2", "say\nb\nye", "[missing_field]"]);
    }
}
