//! What can be said of a row alone.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::doc::{Doc, Role, TagTable, Turn};
use crate::scratch::Scratch;
use crate::stage::{Built, Complaint, Recipe, Result, RunError, Shop, Stage, Verdict};
use crate::stages::chat_template::ChatTemplate;
use crate::text::private::{self, Kind, Secrets};
use crate::tokenizer::Tokenizer;

/// A finding of a row: the rule's name, and what was found.
pub(super) type Found = (&'static str, String);

/// Template and tokenizer, by the stage that makes training rows of conversations.
pub(super) struct Templated {
    stage: Box<dyn Stage>,
    reasons: Vec<String>,
    tokenizer: Tokenizer,
    seq_len: Option<usize>,
}

impl Templated {
    /// Of a tokenizer's file and a template, as `chat_template` takes them.
    pub fn load(tokenizer: &str, template: &str, seq_len: Option<usize>) -> Result<Templated> {
        let said = |complaints: Vec<Complaint>| {
            RunError::stop(complaints.iter().map(|one| format!("--{}: {}\n  help: {}", one.key, one.message, one.help)).collect::<Vec<_>>().join("\n"))
        };
        let table = toml::Table::from_iter([("tokenizer", tokenizer), ("template", template)].map(|(key, value)| (key.to_owned(), value.into())));
        let recipe: ChatTemplate = table.try_into().map_err(|error: toml::de::Error| RunError::stop(error.message()))?;
        let (mut tags, mut files) = (TagTable::default(), BTreeSet::new());
        let mut shop = Shop { stage: ChatTemplate::NAME, seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
        let built = recipe.build(&mut shop).map_err(said)?;
        let Built::Stage(stage) = built else { unreachable!("the recipe of a stage builds one") };
        let reasons = shop.reasons;
        Ok(Templated { stage, reasons, tokenizer: Tokenizer::load(tokenizer, None).map_err(RunError::stop)?, seq_len })
    }

    /// What becomes of a row.
    fn examine(&self, doc: &mut Doc, scratch: &mut Scratch, found: &mut Vec<Found>) -> Result<()> {
        if let Verdict::Drop(drop) = self.stage.apply(doc, scratch)? {
            let detail = drop.detail.as_deref().unwrap_or_default();
            match self.reasons.get(usize::from(drop.reason.0)).map_or("", String::as_str) {
                "special_token_in_turn" => found.push(("special_token_in_turn", format!("`{detail}` is said in it"))),
                "equal_answers" | "empty_answer" => {}
                _ => found.push(("round_trip", format!("the template makes no training row of it: {detail}"))),
            }
            return Ok(());
        }
        let (Some(tokens), Some(turns)) = (&doc.tokens, doc.turns()) else { return Ok(()) };
        let mut begin = 0;
        let ends: Vec<usize> = if tokens.pieces.is_empty() { vec![tokens.ids.len()] } else { tokens.pieces.iter().map(|piece| piece.end).collect() };
        for (number, end) in ends.into_iter().enumerate() {
            let (ids, mask) = (&tokens.ids[begin..end], &tokens.mask[begin..end]);
            begin = end;
            let seen = self.seq_len.unwrap_or(usize::MAX).min(mask.len());
            if mask[..seen].iter().all(|byte| *byte == 0) {
                found.push(("no_loss", format!("none of its {} tokens counts in the loss{}", mask.len(), self.within())));
            } else if mask[seen..].iter().any(|byte| *byte != 0) {
                found.push((
                    "answer_cut",
                    format!("an answer ends at token {}{}", mask.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1), self.within()),
                ));
            }
            let back = bare(&self.tokenizer.decode(ids).map_err(RunError::stop)?);
            let left_out = |role: Role| (role, number) == (Role::Rejected, 0) || (role, number) == (Role::Chosen, 1);
            let mut rest = back.as_str();
            for (at, turn) in turns.iter().enumerate().filter(|(_, turn)| !left_out(turn.role)) {
                let said = bare(turn.content);
                match rest.find(&said) {
                    Some(start) => rest = &rest[start + said.len()..],
                    None => {
                        found.push(("round_trip", format!("turn {at} ({}) does not come back from the tokens", turn.role.name())));
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn within(&self) -> String {
        self.seq_len.map_or_else(String::new, |length| format!(", where a training row has {length}"))
    }
}

/// A text without what tokenizers may normalise: case, compatibility forms, white space.
fn bare(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()).collect()
}

/// Everything found in a conversation or pair by itself.
pub(super) fn examine(doc: &mut Doc, templated: Option<&Templated>, secrets: &Secrets, scratch: &mut Scratch) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (at, turn) in doc.turns().unwrap_or_default().iter().enumerate().filter(|(_, turn)| is_answer(turn)) {
        let mut kinds: Vec<&str> = private::find(turn.content, &Kind::ALL, secrets)
            .into_iter()
            .filter(|one| !private::is_reserved(one.kind, &turn.content[one.span.clone()]))
            .map(|one| one.kind.name())
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            // What was found is not repeated: findings are kept and shown where the data is not.
            found.push(("private_data", format!("turn {at} ({}) holds: {}", turn.role.name(), kinds.join(", "))));
        }
    }
    if let Some(templated) = templated {
        templated.examine(doc, scratch, &mut found)?;
    }
    Ok(found)
}

fn is_answer(turn: &Turn<'_>) -> bool {
    matches!(turn.role, Role::Assistant | Role::Chosen | Role::Rejected)
}
