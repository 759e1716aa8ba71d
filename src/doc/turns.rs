//! The turns of a conversation whose words are a document's text.
//!
//! The text is the turns' contents, one under another; beside it, `extra["turns"]` says of each turn who speaks and how many lines it has. So stages that
//! read or edit texts see an ordinary text, and what they take out of it stands nowhere else. An edit that leaves the number of lines as it
//! was (redaction, repair inside lines) leaves the turns whole; after any other edit nobody can say who said what, and the turns are lost.

use serde_json::{Value, json};

use super::Doc;

/// The key of `Doc::extra` that holds who speaks.
pub const TURNS: &str = "turns";

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sets the scene, before the first question.
    System,
    /// Asks.
    User,
    /// Answers.
    Assistant,
    /// The answer of a pair that is preferred.
    Chosen,
    /// The other answer of the pair.
    Rejected,
}

impl Role {
    /// The name in `extra["turns"]`; of the first three the one in OpenAI's messages, which templates use.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Chosen => "chosen",
            Role::Rejected => "rejected",
        }
    }

    /// The role of who speaks in OpenAI's, ShareGPT's or BELLE's files.
    pub fn of_speaker(name: &str) -> Option<Role> {
        Some(match name {
            "system" => Role::System,
            "user" | "human" => Role::User,
            "assistant" | "gpt" => Role::Assistant,
            _ => return None,
        })
    }

    /// The role of a name in `extra["turns"]`.
    fn of(name: &str) -> Option<Role> {
        [Role::System, Role::User, Role::Assistant, Role::Chosen, Role::Rejected].into_iter().find(|role| role.name() == name)
    }
}

/// One turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: &'a str,
}

/// The text of turns and the value of `extra["turns"]`.
pub fn join(turns: &[(Role, String)]) -> (String, Value) {
    let contents: Vec<&str> = turns.iter().map(|(_, content)| content.as_str()).collect();
    let whose = turns.iter().map(|(role, content)| json!({"role": role.name(), "lines": content.split('\n').count()})).collect();
    (contents.join("\n"), Value::Array(whose))
}

impl Doc {
    /// The turns of a conversation; `None` where the document is none, or an edit has changed the number of lines.
    pub fn turns(&self) -> Option<Vec<Turn<'_>>> {
        let mut rest = Some(self.text());
        let mut turns = Vec::new();
        for turn in self.extra.get(TURNS)?.as_array()? {
            let (role, lines) = (Role::of(turn.get("role")?.as_str()?)?, turn.get("lines")?.as_u64()?);
            let text = rest?;
            let end = text.match_indices('\n').nth(usize::try_from(lines).ok()?.checked_sub(1)?).map(|(at, _)| at);
            if end.is_none() && text.split('\n').count() as u64 != lines {
                return None;
            }
            turns.push(Turn { role, content: &text[..end.unwrap_or(text.len())] });
            rest = end.map(|at| &text[at + 1..]);
        }
        rest.is_none().then_some(turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(turns: &[(Role, &str)]) -> Doc {
        let turns: Vec<_> = turns.iter().map(|(role, content)| (*role, (*content).to_owned())).collect();
        let (text, whose) = join(&turns);
        let mut doc = Doc::from_text(text);
        doc.extra.insert(TURNS.to_owned(), whose);
        doc
    }

    #[test]
    fn turns_come_back_and_survive_edits_inside_lines() {
        let said = [(Role::User, "one\n\ntwo\n"), (Role::Assistant, ""), (Role::User, "三"), (Role::Assistant, "a@b.example\nis it")];
        let mut doc = conversation(&said);
        let found: Vec<_> = doc.turns().unwrap().iter().map(|turn| (turn.role, turn.content)).collect();
        assert_eq!(found, said);
        doc.set_text(doc.text().replace("a@b.example", "[mail]"));
        assert_eq!(doc.turns().unwrap()[3], Turn { role: Role::Assistant, content: "[mail]\nis it" });
        for edited in [doc.text().replace("\n\n", "\n"), format!("{}\n", doc.text()), String::new()] {
            doc.set_text(edited.clone());
            assert_eq!(doc.turns(), None, "{edited:?}");
        }
        assert_eq!(Doc::from_text("no conversation").turns(), None);
    }
}
