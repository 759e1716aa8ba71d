//! Judging a text by a rule set.

use super::{Action, RuleSet, Step, Test, pass::Pass};
use crate::text::{Facts, Splitter};

/// What came of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It passes as it is.
    Keep,
    /// Kept, with this text in place of the old.
    Edited(String),
    /// It fails.
    Drop {
        /// The rule that it failed first.
        reason: String,
        /// The reason's name in the source.
        alias: String,
        /// What was measured.
        value: f64,
        /// Against what.
        threshold: f64,
    },
}

/// How one rule judged a text.
///
/// A rule that drops lines keeps every text; its `value` is how many lines it dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleOutcome<'r> {
    /// The rule, which is the reason as well.
    pub rule: &'r str,
    /// Its name in the source.
    pub alias: &'r str,
    /// Whether the text passes it.
    pub keep: bool,
    /// What was measured.
    pub value: f64,
    /// The bound that was broken, else the first bound there is.
    pub threshold: f64,
}

/// Where judgements go: all of them to the sink, where there is one; the first drop is kept.
pub struct Verdicts<'s> {
    sink: Option<&'s mut dyn FnMut(RuleOutcome)>,
    dropped: Option<Applied>,
}

impl Verdicts<'_> {
    /// Whether nothing more need be judged.
    fn settled(&self) -> bool {
        self.dropped.is_some() && self.sink.is_none()
    }

    /// Judges `value` by the bounds of `step`.
    pub fn judge(&mut self, step: &Step, test: &Test, value: f64) {
        let broken = test.bounds.broken(value);
        let threshold = broken.unwrap_or_else(|| test.bounds.first());
        self.tell(step, broken.is_none(), value, threshold);
        if broken.is_some() && self.dropped.is_none() {
            let (reason, alias) = (step.name.clone(), step.alias.clone());
            self.dropped = Some(Applied::Drop { reason, alias, value, threshold });
        }
    }

    /// Tells the sink of a step.
    pub fn tell(&mut self, step: &Step, keep: bool, value: f64, threshold: f64) {
        if let Some(sink) = &mut self.sink {
            sink(RuleOutcome { rule: &step.name, alias: &step.alias, keep, value, threshold });
        }
    }
}

impl RuleSet {
    /// Judges `text`, of which `facts` are the facts.
    ///
    /// Stops at the first rule that fails, unless `audit` is set: then every rule is evaluated and told to `sink`, those that fail in the
    /// order in which they would, so that the first is the reason. Without `audit`, `sink` hears nothing.
    pub fn apply(&self, text: &str, facts: &mut Facts, audit: bool, sink: &mut dyn FnMut(RuleOutcome)) -> Applied {
        let mut verdicts = Verdicts { sink: if audit { Some(sink) } else { None }, dropped: None };
        let words = self.words.unwrap_or(facts.splitter());
        let edited = self.judge(text, facts, words, &mut verdicts);
        facts.split_by(words);
        verdicts.dropped.unwrap_or_else(|| edited.map_or(Applied::Keep, Applied::Edited))
    }

    fn judge(&self, text: &str, facts: &mut Facts, words: Splitter, verdicts: &mut Verdicts) -> Option<String> {
        let first = self.steps.iter().position(|step| step.action.of_lines()).unwrap_or(self.steps.len());
        let (before, rest) = self.steps.split_at(first);
        let (of_lines, after) = rest.split_at(rest.partition_point(|step| step.action.of_lines()));
        whole(before, text, facts, words, verdicts);
        if verdicts.settled() || rest.is_empty() {
            return None;
        }
        let mut part = facts.take_part();
        let edited = Pass::new(of_lines, self.lines, words, (text, facts), &mut part, verdicts.sink.is_some()).run(verdicts);
        if let Some(edited) = &edited {
            part.reset();
            whole(after, edited, &mut part, words, verdicts);
        } else {
            whole(after, text, facts, words, verdicts);
        }
        facts.give_part(part);
        edited
    }
}

/// Rules that judge a whole text.
fn whole(steps: &[Step], text: &str, facts: &mut Facts, words: Splitter, verdicts: &mut Verdicts) {
    for step in steps.iter().filter(|step| step.on) {
        if verdicts.settled() {
            return;
        }
        if let Action::Drop(test) = &step.action {
            verdicts.judge(step, test, test.value(text, facts, words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rules: &str) -> RuleSet {
        RuleSet::parse(&format!("source = \"s\"\n{rules}")).unwrap()
    }

    const TWO: &str = "[[rule]]\ndrop = \"short\"\nas = \"s\"\nmeasure = \"chars\"\nmin = 3\n\
        [[rule]]\ndrop = \"one_word\"\nmeasure = \"words\"\nabove = 1\n";

    #[test]
    fn the_first_rule_that_fails_names_the_reason() {
        let apply = |text| set(TWO).apply(text, &mut Facts::new(), false, &mut |_| panic!("no audit"));
        let drop = |reason: &str, alias: &str, value, threshold| Applied::Drop { reason: reason.into(), alias: alias.into(), value, threshold };
        assert_eq!(apply("a b"), Applied::Keep);
        assert_eq!(apply("ab"), drop("short", "s", 2.0, 3.0));
        assert_eq!(apply("abc"), drop("one_word", "one_word", 1.0, 1.0));
        assert_eq!(apply(""), drop("short", "s", 0.0, 3.0));
    }

    #[test]
    fn words_are_found_as_rule_set_and_user_say() {
        let count = |of_set: &str, of_rule: &str, user: Option<Splitter>| {
            let rules = format!("{of_set}\n[[rule]]\ndrop = \"d\"\nmeasure = \"words\"\n{of_rule}\nbelow = 0\n");
            let mut set = set(&rules);
            set.split_by(user);
            let mut facts = Facts::new();
            match set.apply("- it's me, no?", &mut facts, false, &mut |_| {}) {
                Applied::Drop { value, .. } => value,
                _ => f64::NAN,
            }
        };
        let (whitespace, unicode_words) = ("words = \"whitespace\"", "words = \"unicode_words\"");
        assert_eq!((count("", "", None), count(whitespace, "", None), count(whitespace, unicode_words, None)), (6.0, 4.0, 3.0));
        assert_eq!((count(whitespace, "", Some(Splitter::Unicode)), count("", unicode_words, Some(Splitter::Unicode))), (6.0, 3.0));
    }

    #[test]
    fn an_audit_tells_of_every_rule() {
        let mut told = Vec::new();
        let dropped = set(TWO).apply("ab", &mut Facts::new(), true, &mut |outcome| {
            told.push((outcome.rule.to_owned(), outcome.keep, outcome.value, outcome.threshold));
        });
        assert_eq!(told, [("short".into(), false, 2.0, 3.0), ("one_word".into(), false, 1.0, 1.0)]);
        assert!(matches!(dropped, Applied::Drop { reason, .. } if reason == "short"));
    }

    #[test]
    fn rules_behind_line_rules_judge_what_is_left() {
        let lines = "[[line]]\ndrop_line = \"x\"\nmeasure = \"chars\"\nmax = 3\n";
        let after = set(&format!("{lines}{TWO}"));
        let mut facts = Facts::new();
        assert_eq!(after.apply("abcd\na b", &mut facts, false, &mut |_| {}), Applied::Edited("a b".into()));
        facts.reset();
        assert!(matches!(after.apply("abcd\na", &mut facts, false, &mut |_| {}), Applied::Drop { value, .. } if value == 1.0));
        facts.reset();
        assert!(matches!(set(&format!("{TWO}{lines}")).apply("abcd", &mut facts, false, &mut |_| {}), Applied::Drop { .. }));
    }
}
