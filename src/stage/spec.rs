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

    /// Adds a drop reason.
    pub fn reason(mut self, reason: impl Into<String>) -> Spec {
        self.reasons.push(reason.into());
        self
    }
}
