//! Reads preferences: two answers to one prompt, one chosen and one rejected, for reward models and DPO.
//!
//! ```toml
//! [source]
//! use = "pairs"
//! path = "preferences/*.jsonl.gz"
//! ```
//!
//! Files are JSON lines, a JSON list, Parquet, or tar archives of these, told from their content, or CSV, told from its name; compressed or not, a pair a row:
//!
//! | a row has | as in |
//! |---|---|
//! | `prompt` (or `question`) and, if wanted, `system`; `chosen` and `rejected`, each a text | Orca's DPO pairs |
//! | `prompt` as a text or a list of messages; `chosen` and `rejected` as lists with the answer alone | TRL |
//! | `chosen` and `rejected` as lists of messages with all that was said | UltraFeedback, binarized |
//! | `chosen` and `rejected` as texts whose turns begin with `\n\nHuman:` and `\n\nAssistant:` | Anthropic's HH |
//!
//! Messages are those of the source `chat`. The two members must differ in their last answer alone. A pair that is otherwise is counted and passed over: `missing_answer` (one of
//! the two is not there), `equal_answers`, `different_prompts`, `unknown_role`, `misordered_turns`, `no_answer`, `empty_answer`, `empty_question`.
//!
//! The document is a conversation that ends in the two answers: its text is what is said, so filters, deduplication and `redact` see both, and the column `turns` says whose the
//! lines are. It stands in the output in place of the columns above and of `messages`; scores and other columns survive. `chat_template` makes of it two sequences of tokens, prompt and
//! answer each, which lie one behind the other in the shards and in one training row.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::chat::{Unfit, check, fields, messages, text};
use super::csv;
use super::fields::{Fields, Rows};
use super::jsonl::{faults, max_line};
use super::row_files::RowFiles;
use crate::doc::{Doc, Html, Role, TURNS, join};
use crate::stage::{Built, ByteSize, Complaint, OneOrMany, PAIRS, Recipe, Shop, Spec};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// A longer line is counted as `line_too_long` and passed over. Default 64 MiB.
    #[serde(default = "max_line")]
    max_line: ByteSize,
}

impl Recipe for Pairs {
    const NAME: &'static str = "pairs";

    fn spec(&self) -> Spec {
        let pair = ["missing_answer", "equal_answers", "different_prompts"];
        let turns = ["unknown_role", "misordered_turns", "no_answer", "empty_answer", "empty_question", "not_parquet", "member_too_large"];
        pair.into_iter().chain(turns).chain(csv::FAULTS).chain(faults()).fold(Spec::new().gives("text").gives(TURNS).gives(PAIRS), Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        Ok(Built::source(RowFiles::expand(&self.path, Arc::new(Preferences(fields())), self.max_line.as_usize())?))
    }
}

/// Rows that are pairs.
pub(super) struct Preferences(pub(super) Fields);

type Turns = Vec<(Role, String)>;

impl Rows for Preferences {
    fn page(&self) -> &str {
        ""
    }

    fn read(&self, mut row: Map<String, Value>, _: Option<Html>) -> Result<Doc, Unfit> {
        let (text, whose) = join(&pair(&mut row)?);
        row.insert(self.0.text.clone(), text.into());
        row.insert(TURNS.to_owned(), whose);
        Rows::read(&self.0, row, None)
    }
}

/// Takes a pair out of a row: the prompt's turns, then both answers.
pub(super) fn pair(row: &mut Map<String, Value>) -> Result<Turns, Unfit> {
    let answers = ["chosen", "rejected"].map(|column| row.shift_remove(column).filter(|value| !value.is_null()));
    let (chosen, rejected) = match answers {
        [Some(chosen), Some(rejected)] => (chosen, rejected),
        [None, None] => return Err(("missing_field", "neither `chosen` nor `rejected`".to_owned())),
        [chosen, _] => return Err(("missing_answer", format!("no `{}`", if chosen.is_none() { "chosen" } else { "rejected" }))),
    };
    // The chosen conversation once more, in UltraFeedback: what is said must stand in one place.
    row.shift_remove("messages");
    let (prompt, asked) = prompt(row)?;
    let mut turns = member("chosen", chosen, &prompt, asked.as_deref())?;
    let mut other = member("rejected", rejected, &prompt, asked.as_deref())?;
    check(&turns)?;
    check(&other)?;
    let (Some((_, chosen)), Some((_, rejected))) = (turns.pop(), other.pop()) else {
        return Err(("no_answer", "no turns".to_owned()));
    };
    if turns != other {
        return Err(("different_prompts", "the members differ before their last answers".to_owned()));
    }
    if chosen == rejected {
        return Err(("equal_answers", String::new()));
    }
    turns.extend([(Role::Chosen, chosen), (Role::Rejected, rejected)]);
    Ok(turns)
}

/// The prompt's turns, as far as columns of their own hold them; and the question where it is a text.
fn prompt(row: &mut Map<String, Value>) -> Result<(Turns, Option<String>), Unfit> {
    let mut turns = Vec::new();
    if let Some(system) = text(row, "system")?.filter(|system| !system.trim().is_empty()) {
        turns.push((Role::System, system));
    }
    match row.shift_remove("prompt").filter(|prompt| !prompt.is_null()) {
        Some(Value::String(asked)) => Ok((turns, Some(asked))),
        Some(list) => {
            turns.extend(messages("prompt", list)?);
            Ok((turns, None))
        }
        None => Ok((turns, text(row, "question")?)),
    }
}

/// All turns of one member of the pair.
fn member(column: &str, value: Value, prompt: &Turns, asked: Option<&str>) -> Result<Turns, Unfit> {
    let begun = |more: Turns| prompt.iter().cloned().chain(asked.map(|asked| (Role::User, asked.to_owned()))).chain(more).collect();
    let said = match value {
        Value::String(said) if asked.is_some() || prompt.iter().any(|(role, _)| *role == Role::User) => {
            return Ok(begun(vec![(Role::Assistant, said)]));
        }
        Value::String(said) => {
            let turns = transcript(&said).ok_or_else(|| ("missing_field", format!("no `prompt`, and `{column}` does not begin with `\\n\\nHuman:`")))?;
            return Ok(prompt.iter().cloned().chain(turns).collect());
        }
        list => messages(column, list)?,
    };
    if said.first().is_none_or(|(role, _)| *role == Role::Assistant) {
        return Ok(begun(said));
    }
    // The list holds all that was said; a question beside it says it once more.
    match asked.filter(|asked| !said.iter().any(|(role, content)| *role == Role::User && content == asked)) {
        Some(_) => Err(("different_prompts", format!("`{column}` does not hold the question of `prompt`"))),
        None => Ok(prompt.iter().cloned().chain(said).collect()),
    }
}

/// The turns of a text as Anthropic's HH has them.
fn transcript(said: &str) -> Option<Turns> {
    const MARKS: [(&str, Role); 2] = [("\n\nHuman:", Role::User), ("\n\nAssistant:", Role::Assistant)];
    let mark = |at: usize| MARKS.iter().find(|(mark, _)| said[at..].starts_with(mark));
    let mut turns = Vec::new();
    let mut starts: Vec<usize> = said.match_indices("\n\n").map(|(at, _)| at).filter(|at| mark(*at).is_some()).collect();
    if said[..*starts.first()?].trim() != "" {
        return None;
    }
    starts.push(said.len());
    for ends in starts.windows(2) {
        let (name, role) = mark(ends[0])?;
        turns.push((*role, said[ends[0] + name.len()..ends[1]].trim().to_owned()));
    }
    Some(turns)
}

#[cfg(test)]
mod tests {
    use super::super::jsonl::outline;
    use super::*;
    use crate::stage::Source as _;

    fn source(path: &std::path::Path) -> RowFiles {
        let path = OneOrMany(vec![path.to_str().unwrap().to_owned()]);
        RowFiles::expand(&path, Arc::new(Preferences(fields())), 1000).unwrap_or_else(|_| panic!("the file is there"))
    }

    const MIXED: &str = r#"{"prompt": "q", "chosen": "a", "rejected": "b", "score": 3}
{"system": "s", "question": "问", "chosen": "好", "rejected": "不好"}
{"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}
{"prompt": "q", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}], "messages": [{"role": "user", "content": "q"}]}
{"chosen": "\n\nHuman: q\n\nAssistant: a\n\nHuman: why?\n\nIs it?\n\nAssistant: so", "rejected": "\n\nHuman: q\n\nAssistant: a\n\nHuman: why?\n\nIs it?\n\nAssistant: no"}
{"prompt": "q", "chosen": "a", "rejected": "a"}
{"prompt": "q", "chosen": "a"}
{"prompt": "q", "chosen": null, "rejected": "b"}
{"prompt": "q"}
{"prompt": "q", "chosen": "a", "rejected": " "}
{"prompt": "", "chosen": "a", "rejected": "b"}
{"chosen": "a", "rejected": "b"}
{"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: p\n\nAssistant: b"}
{"prompt": "p", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}
{"chosen": [{"role": "user", "content": "q"}], "rejected": [{"role": "user", "content": "q"}]}
{"prompt": "q", "chosen": [{"role": "chosen", "content": "a"}], "rejected": []}
{"prompt": "q", "chosen": 5, "rejected": "b"}
"#;
    const OUTLINE: [&str; 17] = [
        "q\na\nb",
        "s\n问\n好\n不好",
        "q\na\nb",
        "q\na\nb",
        "q\na\nwhy?\n\nIs it?\nso\nno",
        "[equal_answers]",
        "[missing_answer]",
        "[missing_answer]",
        "[missing_field]",
        "[empty_answer]",
        "[empty_question]",
        "[missing_field]",
        "[different_prompts]",
        "[different_prompts]",
        "[no_answer]",
        "[unknown_role]",
        "[wrong_type]",
    ];

    #[test]
    fn every_form_is_read_and_every_fault_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        for bytes in [MIXED.as_bytes().to_vec(), zstd::bulk::compress(MIXED.as_bytes(), 3).unwrap()] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(outline(&source(&path)), OUTLINE);
        }
    }

    #[test]
    fn the_last_two_turns_are_the_answers_and_nothing_is_said_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, MIXED).unwrap();
        let source = source(&path);
        let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
        let mut next = || match reader.next().unwrap() {
            Some(crate::stage::Read::Doc(doc)) => doc,
            _ => panic!("no document"),
        };
        let first = next();
        assert_eq!(first.turns().unwrap().iter().map(|turn| turn.role).collect::<Vec<_>>(), [Role::User, Role::Chosen, Role::Rejected]);
        assert_eq!((first.extra["score"].as_i64(), first.extra.len()), (Some(3), 2));
        for _ in 0..3 {
            let doc = next();
            assert_eq!(doc.extra.len(), 1, "{:?}", doc.extra);
        }
        let last = next();
        let said: Vec<_> = last.turns().unwrap().iter().map(|turn| (turn.role, turn.content)).collect();
        assert_eq!(said[1..4], [(Role::Assistant, "a"), (Role::User, "why?\n\nIs it?"), (Role::Chosen, "so")]);
    }
}
