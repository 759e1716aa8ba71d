//! The rules: their codes, which do not change, and what each means.

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A model would learn what is wrong, or the row is lost.
    Error,
    /// Someone should look.
    Warning,
}

impl Level {
    /// As people and SARIF call it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// What has to be given for a rule to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Rows alone.
    Rows,
    /// A tokenizer and a chat template.
    Template,
    /// The length of a training row besides.
    Length,
    /// Evaluation files.
    Evaluation,
}

impl Needs {
    /// The arguments that give it.
    pub fn arguments(self) -> &'static str {
        match self {
            Needs::Rows => "",
            Needs::Template => "--tokenizer and --template",
            Needs::Length => "--tokenizer, --template and --seq-len",
            Needs::Evaluation => "--eval",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable code.
    pub code: &'static str,
    /// Its name; for the form of rows the reason under which the sources `chat` and `pairs` count them.
    pub name: &'static str,
    /// What a finding means.
    pub level: Level,
    /// What it takes.
    pub needs: Needs,
    /// What is found, and why it matters.
    pub what: &'static str,
    /// What to do.
    pub help: &'static str,
}

const fn rule(code: &'static str, name: &'static str, level: Level, needs: Needs, what: &'static str, help: &'static str) -> Rule {
    Rule { code, name, level, needs, what, help }
}

use Level::{Error, Warning};
use Needs::{Evaluation, Length, Rows, Template};

/// All rules, in the order of their codes: 1 the form of a row, 2 the template and its tokens, 3 rows beside each other, 4 private data.
pub static RULES: [Rule; 18] = [
    rule(
        "DP101",
        "unreadable_row",
        Error,
        Rows,
        "A row that is no conversation and no pair: no JSON, no UTF-8, another type, a column missing.",
        "mend the row, or take it out",
    ),
    rule(
        "DP102",
        "unknown_role",
        Error,
        Rows,
        "A turn of a role other than system, user (human) and assistant (gpt).",
        "rename the role; tool calls have no place in these formats",
    ),
    rule(
        "DP103",
        "misordered_turns",
        Error,
        Rows,
        "Question and answer do not take turns behind the system's turn.",
        "join the turns of one speaker, or cut the conversation",
    ),
    rule(
        "DP104",
        "no_answer",
        Error,
        Rows,
        "A conversation without an answer, or whose last question has none: there is nothing to learn.",
        "take the last question out, or the row",
    ),
    rule("DP105", "empty_answer", Error, Rows, "An answer of white space alone: a model would learn to say nothing.", "take the row out"),
    rule("DP106", "empty_question", Error, Rows, "A question of white space alone.", "take the row out, or find out where its question went"),
    rule("DP107", "missing_answer", Error, Rows, "A pair without its chosen or its rejected answer.", "take the pair out"),
    rule("DP108", "equal_answers", Error, Rows, "A pair whose two answers are the same: it prefers nothing.", "take the pair out"),
    rule(
        "DP109",
        "different_prompts",
        Error,
        Rows,
        "A pair whose members differ before their last answers: the preference is not about the answer.",
        "make both begin with the same turns",
    ),
    rule(
        "DP201",
        "special_token_in_turn",
        Error,
        Template,
        "What is said holds the spelling of a special token of the tokenizer and would forge a turn.",
        "take the spelling out of the text",
    ),
    rule(
        "DP202",
        "round_trip",
        Error,
        Template,
        "The template fails on the row, or what is said does not come back from its tokens: a turn is left out or rewritten, characters are lost.",
        "look at what the template does with such a row, or take another",
    ),
    rule(
        "DP203",
        "no_loss",
        Error,
        Template,
        "No token of the row counts in the loss, within the training row: nothing is learned from it.",
        "take the row out, or train on longer rows",
    ),
    rule(
        "DP204",
        "answer_cut",
        Error,
        Length,
        "An answer reaches beyond the training row and would lose its end: a model would learn to break off.",
        "give chat_template `max_tokens` and `longer = \"cut\"`, or train on longer rows",
    ),
    rule(
        "DP301",
        "conflicting_answers",
        Warning,
        Rows,
        "The same turns are answered otherwise in another row. White space does not count.",
        "keep the better answer, or make a pair of the two",
    ),
    rule("DP302", "repeated_row", Warning, Rows, "The same conversation or pair stands in another row. White space does not count.", "add stage `dedup_exact`"),
    rule(
        "DP303",
        "swapped_pair",
        Error,
        Rows,
        "A pair whose chosen answer another row rejects for the same prompt, and the other way around.",
        "find out which of the two was meant, and take the other out",
    ),
    rule(
        "DP304",
        "evaluation_prompt",
        Error,
        Evaluation,
        "A question that stands in an evaluation file, word for word or nearly: the evaluation would measure memory.",
        "take the row out of the training file",
    ),
    rule(
        "DP401",
        "private_data",
        Error,
        Rows,
        "An answer holds a key, a token, or personal data: mail and internet addresses, telephone, bank, card and citizen numbers.",
        "add stage `redact`",
    ),
];

/// The rule of a name.
pub(super) fn named(name: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.name == name).unwrap_or(&RULES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_names_differ() {
        assert!(RULES.windows(2).all(|two| two[0].code < two[1].code));
        let names: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!((names.len(), named("not_json").code, named("swapped_pair").code), (RULES.len(), "DP101", "DP303"));
    }
}
