//! Write the token ids of conversations, with a loss mask on the answers.
//!
//! ```toml
//! [[stage]]
//! use = "chat_template"
//! tokenizer = "stage:bpe"
//! template = "plain"
//! ```
//!
//! Stands where `tokenize` would, behind the source `chat`, `pairs` or `parallel`. `template` is `chatml`, `llama3`, `plain`, `text_to_text` (each turn ended by the end-of-text token and nothing else, behind the source `parallel`), or a file: a `tokenizer_config.json` with its
//! `chat_template`, or the template alone (`*.jinja`). Only answers and the token that ends them count in the loss; that is told from where the
//! template writes them (between `{% generation %}` and `{% endgeneration %}`, else behind the prompt that it makes of the turns before, else what is said and the special token
//! behind it), never by searching ids. Write the shards with `mask = true`. The ids are those of the whole text.
//!
//! With `max_tokens`, the length of a training row, no answer is cut: `packing = "best_fit"` cuts nothing that fits a row. A longer conversation is dropped as
//! `too_long`; with `longer = "cut"` it becomes several documents, each of as many whole exchanges (a question and its answer) as fit, and each begun by the system's turn, since
//! a model is to see it wherever it answers. Only one exchange that is too long by itself drops it then; with `longer = "cut_or_keep"` that one stays whole.
//!
//! A pair becomes two documents, one behind the other: the prompt with the chosen answer, and with the rejected one. Of both the last answer alone counts in the loss. They lie in
//! one row, so `max_tokens` holds for both together.
//!
//! Dropped as well: `turns_lost` (an edit has changed the number of lines, so that nobody knows who said what),
//! `special_token_in_turn` (what is said holds the spelling of a special token, as `<|im_end|>`, and would forge a turn), `empty_answer` and `equal_answers` (an edit has
//! emptied an answer, or made those of a pair equal), `template_failed` (the template raised an exception, or leaves out a part of an answer) and `not_encodable`.

mod sequences;

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use sequences::Sequences;

use super::prelude::*;
use crate::chat::{Message, Template};
use crate::doc::{Role, TURNS};
use crate::stage::{Artifacts, LOSS_MASK, RunError, Vocabulary};
use crate::tokenizer::{EncodeScratch, Tokenizer};

/// Bit 0 of a mask byte: the token counts in the loss.
const LOSS: u8 = 1;

/// How conversations become ids.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatTemplate {
    /// `stage:NAME` for one that a `learn_tokenizer` stage has made, or a `tokenizer.json`.
    tokenizer: String,
    /// "chatml", "llama3", "plain", "text_to_text", a `tokenizer_config.json` or a file `*.jinja`.
    template: String,
    /// Tokens of a conversation, or of both members of a pair, at most. Default: no bound.
    max_tokens: Option<usize>,
    /// What becomes of a conversation beyond `max_tokens`: "drop" (default), "cut" between exchanges, or "cut_or_keep".
    #[serde(default)]
    longer: Longer,
}

/// What becomes of a conversation that is longer than it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Longer {
    /// It is dropped.
    #[default]
    Drop,
    /// It is cut between exchanges; dropped where one of them is too long.
    Cut,
    /// The same, but an exchange that is too long stays whole.
    CutOrKeep,
}

impl Recipe for ChatTemplate {
    const NAME: &'static str = "chat_template";

    fn spec(&self) -> Spec {
        let reasons = ["turns_lost", "special_token_in_turn", "empty_answer", "equal_answers", "template_failed", "not_encodable", "too_long"];
        reasons.into_iter().fold(Spec::new().needs("text").needs(TURNS).gives("tokens").gives(LOSS_MASK), Spec::reason)
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let template = match Template::built_in(&self.template) {
            Some(source) => Source::Jinja(source.to_owned()),
            None => {
                let bytes = shop.read("template", self.template.as_ref())?;
                let help = "wanted \"chatml\", \"llama3\", \"plain\", \"text_to_text\", a tokenizer_config.json or a file *.jinja";
                let text = String::from_utf8(bytes).map_err(|_| Complaint::new("template", format!("`{}` is not UTF-8", self.template), help))?;
                let jinja = self.template.ends_with(".jinja");
                let tried = if jinja { Template::new(&text, BTreeMap::new()) } else { Template::from_config(&text) };
                let template = tried.map_err(|error| Complaint::new("template", format!("cannot read `{}`: {error}", self.template), help))?;
                if jinja { Source::Jinja(text) } else { Source::Config(Box::new(template)) }
            }
        };
        let mut reason = |name: &str| shop.reason(name);
        let reasons = Reasons {
            turns_lost: reason("turns_lost"),
            special_token: reason("special_token_in_turn"),
            empty_answer: reason("empty_answer"),
            equal_answers: reason("equal_answers"),
            template_failed: reason("template_failed"),
            not_encodable: reason("not_encodable"),
            too_long: reason("too_long"),
        };
        if self.longer != Longer::Drop && self.max_tokens.is_none() {
            return Err(Complaint::new(
                "longer",
                "`longer` says what is done beyond `max_tokens`, which is not given",
                "write `max_tokens`, or leave `longer` out",
            )
            .into());
        }
        let made_by = self.tokenizer.strip_prefix("stage:").map(str::to_owned);
        let (max_tokens, longer) = (self.max_tokens.unwrap_or(usize::MAX), self.longer);
        let mut stage = Chat { made_by, source: template, max_tokens, longer, reasons, tools: None };
        if stage.made_by.is_none() {
            let bytes = shop.read("tokenizer", self.tokenizer.as_ref())?;
            let name = self.tokenizer.rsplit(['/', '\\']).next().unwrap_or(&self.tokenizer);
            let complaint = |said: String| Complaint::new("tokenizer", said, "wanted `stage:NAME` or a tokenizer.json with the template's special tokens");
            let tokenizer = Tokenizer::from_bytes(name, &bytes, None).map_err(|error| complaint(error.to_string()))?;
            stage.take(tokenizer).map_err(complaint)?;
        }
        Ok(Built::stage(stage))
    }
}

/// Where the template comes from.
enum Source {
    /// A template that takes its special tokens from the tokenizer.
    Jinja(String),
    /// A template that brings its own.
    Config(Box<Template>),
}

struct Reasons {
    turns_lost: Reason,
    special_token: Reason,
    empty_answer: Reason,
    equal_answers: Reason,
    template_failed: Reason,
    not_encodable: Reason,
    too_long: Reason,
}

struct Chat {
    /// The stage that makes the tokenizer.
    made_by: Option<String>,
    source: Source,
    max_tokens: usize,
    longer: Longer,
    reasons: Reasons,
    tools: Option<Tools>,
}

/// What needs a tokenizer to be there.
struct Tools {
    tokenizer: Tokenizer,
    /// The template of [`Source::Jinja`] with this tokenizer's tokens.
    template: Option<Template>,
    special: AhoCorasick,
    /// The texts of the special tokens.
    names: Vec<String>,
}

/// A conversation for the templates to be tried on.
const PROBE: [Message<'static>; 4] = [
    Message { role: "user", content: "a" },
    Message { role: "assistant", content: "b" },
    Message { role: "user", content: "c" },
    Message { role: "assistant", content: "d" },
];

impl Chat {
    fn take(&mut self, tokenizer: Tokenizer) -> std::result::Result<(), String> {
        let names = tokenizer.special_tokens();
        if names.is_empty() {
            return Err(format!("`{}` recognizes no special tokens in a text, and templates are written with them", tokenizer.name()));
        }
        let token = |(role, id): (&String, &u32)| Some((format!("{role}_token"), tokenizer.piece(*id)?));
        let tokens: BTreeMap<String, String> = tokenizer.special().iter().filter_map(token).collect();
        let own = match &self.source {
            Source::Jinja(source) => Some(Template::new(source, tokens)?),
            Source::Config(_) => None,
        };
        // A template for another vocabulary spells its marks in ordinary letters: no model would learn where a turn ends. Some count the line end behind the mark as well, and some
        // let the mark of the next turn end an answer.
        let template = match (&own, &self.source) {
            (Some(template), _) => template,
            (None, Source::Config(template)) => template,
            (None, Source::Jinja(_)) => return Err("there is no template".to_owned()),
        };
        if let Ok(probe) = template.render(&PROBE, &names) {
            let ends = |span: &std::ops::Range<usize>| {
                let (to, from) = (probe.text[..span.end].trim_end(), probe.text[span.end..].trim_start());
                names.iter().any(|name| to.ends_with(name.as_str()) || from.starts_with(name.as_str()))
            };
            if !probe.answers.iter().any(ends) {
                return Err(format!("answers do not end with a special token of `{}`: its vocabulary is not the template's", tokenizer.name()));
            }
        }
        let special = AhoCorasick::new(&names).map_err(|error| error.to_string())?;
        self.tools = Some(Tools { tokenizer, template: own, special, names });
        Ok(())
    }
}

impl Stage for Chat {
    fn open(&mut self, artifacts: &dyn Artifacts) -> Result<()> {
        let Some(stage) = &self.made_by else { return Ok(()) };
        let file = artifacts.read(stage, TOKENIZER)?;
        let tokenizer = Tokenizer::from_bytes(stage, &file, None).map_err(RunError::stop)?;
        self.take(tokenizer).map_err(RunError::stop)
    }

    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let Some(tools) = &self.tools else {
            return Err(RunError::stop("the tokenizer was not opened"));
        };
        let template = match (&tools.template, &self.source) {
            (Some(template), _) => template,
            (None, Source::Config(template)) => template,
            (None, Source::Jinja(_)) => return Err(RunError::stop("the template was not opened")),
        };
        let drop = |reason: Reason, detail: String| Ok(Verdict::Drop(Drop::plain(reason).detail(detail)));
        let Some(turns) = doc.turns() else {
            return Ok(Verdict::Drop(Drop::plain(self.reasons.turns_lost)));
        };
        if turns.iter().any(|turn| !matches!(turn.role, Role::System | Role::User) && turn.content.trim().is_empty()) {
            return Ok(Verdict::Drop(Drop::plain(self.reasons.empty_answer)));
        }
        if let Some(found) = turns.iter().find_map(|turn| tools.special.find(turn.content).map(|found| &turn.content[found.range()])) {
            return drop(self.reasons.special_token, found.to_owned());
        }
        match (Sequences { chat: self, tools, template, scratch: scratch.buffer::<EncodeScratch>() }).of(&turns) {
            Ok(tokens) => doc.tokens = Some(tokens),
            Err(drop) => return Ok(Verdict::Drop(drop)),
        }
        Ok(Verdict::Keep)
    }

    fn vocabulary(&self) -> Option<Vocabulary> {
        self.tools.as_ref().map(|tools| super::tokenize::vocabulary(&tools.tokenizer))
    }
}

#[cfg(test)]
mod tests;
