//! What a recipe says of itself before it is built.

/// What a recipe needs and gives, for the check of the plan, and its drop reasons, for the manual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// Fields (`html`, `text`, `url`, `tokens`) and tags it reads.
    pub needs: Vec<String>,
    /// Fields and tags it writes.
    pub gives: Vec<String>,
    /// Why it drops documents.
    pub reasons: Vec<String>,
    /// What must not be given before it as the table stands.
    pub clashes: Vec<Clash>,
    /// What it reads is named by what may move, as a branch ([`crate::stage::Source::pinned`]).
    pub moves: bool,
}

/// What a stage before must not give, because of a key of this table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The field.
    pub given: String,
    /// The key.
    pub key: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Spec {
    /// Needs nothing, gives nothing, drops nothing.
    pub fn new() -> Spec {
        Spec::default()
    }

    /// Adds a need.
    pub fn needs(mut self, field: impl Into<String>) -> Spec {
        self.needs.push(field.into());
        self
    }

    /// Adds something given.
    pub fn gives(mut self, field: impl Into<String>) -> Spec {
        self.gives.push(field.into());
        self
    }

    /// Adds a field that must not be given before, as long as `key` is what it is.
    pub fn clashes(mut self, given: &str, key: &str, message: &str, help: &str) -> Spec {
        let [given, key, message, help] = [given, key, message, help].map(str::to_owned);
        self.clashes.push(Clash { given, key, message, help });
        self
    }

    /// Says that what it reads is named by what may move.
    pub fn moves(self) -> Spec {
        Spec { moves: true, ..self }
    }

    /// Adds a drop reason.
    pub fn reason(mut self, reason: impl Into<String>) -> Spec {
        self.reasons.push(reason.into());
        self
    }
}

/// What a stage gives beside `tokens` where not every token counts in the loss.
pub const LOSS_MASK: &str = "loss_mask";
/// What a stage gives beside `tokens` where it says which of them begin a word.
pub const WORD_STARTS: &str = "word_starts";
/// What a stage gives beside `tokens` where it says which labels they have.
pub const LABELS: &str = "labels";
/// What a source of preferences gives beside `text`.
pub const PAIRS: &str = "pairs";
