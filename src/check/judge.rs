//! What comes of each check.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::change::{Change, shown};
use super::fact::{Fact, Facts};
use super::written::{Check, Checks, Severity};

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The bound holds.
    Pass,
    /// It cannot be told.
    Inconclusive,
    /// It does not.
    Fail,
}

/// A check that was made on one fact.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Name of the check.
    pub check: String,
    /// The fact.
    pub metric: String,
    /// What it came to.
    pub outcome: Outcome,
    /// What failing means.
    pub severity: Severity,
    /// What was measured: the fact, or its change.
    pub value: Option<f64>,
    /// Lower bound.
    pub min: Option<f64>,
    /// Upper bound.
    pub max: Option<f64>,
    /// How change was measured, for checks against a baseline.
    pub change: Option<Change>,
    /// The change that chance alone may show.
    pub noise: Option<f64>,
    /// Documents behind it.
    pub documents: Option<u64>,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The first faults, for facts that are a list of them.
    pub examples: Vec<String>,
    /// Where the bound is written.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What to do about a metric that is not there.
const UNMEASURED: &str = "`--metrics` lists what is known of this data; values and scores come from the stages that find them, as `lang` from `language`";

/// Faults that are quoted.
const EXAMPLES: usize = 5;

/// Every check on every fact that it means, in the order of the file; standard checks pass over what a corpus does not have.
pub fn judge(checks: &Checks, facts: &Facts, baseline: Option<&Facts>) -> Vec<Judged> {
    checks.list.iter().flat_map(|check| made(check, checks.standard, facts, baseline)).collect()
}

fn made(check: &Check, standard: bool, facts: &Facts, baseline: Option<&Facts>) -> Vec<Judged> {
    if check.change.is_some() && baseline.is_none() {
        let message = "there is no baseline to compare with: give --baseline FILE".to_owned();
        return if standard { Vec::new() } else { vec![blank(check, &check.metric, Outcome::Inconclusive, message)] };
    }
    let mut names: Vec<&str> = facts.matching(&check.metric);
    if check.change.is_some() {
        // Also facts that are gone.
        names.extend(baseline.iter().flat_map(|baseline| baseline.matching(&check.metric)));
        names.sort_unstable();
        names.dedup();
    }
    let judged = |name: &str| match (check.change, baseline) {
        (Some(change), Some(baseline)) => moved(check, change, name, facts, baseline, standard),
        _ => bounded(check, name, facts, standard),
    };
    names.into_iter().filter_map(judged).collect()
}

fn blank(check: &Check, metric: &str, outcome: Outcome, message: String) -> Judged {
    Judged {
        check: check.name.clone(),
        metric: metric.to_owned(),
        outcome,
        severity: check.severity,
        value: None,
        min: check.min,
        max: check.max,
        change: check.change,
        noise: None,
        documents: None,
        message,
        help: check.help.clone(),
        examples: Vec::new(),
        span: check.span.clone(),
    }
}

/// Whether a value lies within the bounds; else the bound that it breaks.
fn broken(check: &Check, value: f64) -> Option<String> {
    let below = check.min.filter(|min| value < *min).map(|min| format!("below {}", shown(min)));
    below.or_else(|| check.max.filter(|max| value > *max).map(|max| format!("above {}", shown(max))))
}

fn bounded(check: &Check, name: &str, facts: &Facts, standard: bool) -> Option<Judged> {
    let Some(fact) = facts.get(name) else {
        let message = format!("`{name}` was not measured here");
        return (!standard).then(|| Judged { help: UNMEASURED.to_owned(), ..blank(check, name, Outcome::Inconclusive, message) });
    };
    if let Fact::Unknown(why) = &fact {
        return Some(blank(check, name, Outcome::Inconclusive, format!("`{name}` is not known: {why}")));
    }
    let Some(value) = fact.value() else {
        let message = format!("`{name}` is no single number: name one inside it, as `{name}/p50` of numbers or `{name}/VALUE` of values");
        return (!standard).then(|| blank(check, name, Outcome::Inconclusive, message));
    };
    let mut judged = blank(check, name, Outcome::Pass, format!("{name} is {}", shown(value)));
    (judged.value, judged.documents) = (Some(value), fact.of());
    if let Fact::Faults(faults) = &fact {
        judged.examples = faults.iter().take(EXAMPLES).cloned().collect();
    }
    if fact.of().is_some_and(|of| of < check.documents) {
        judged.outcome = Outcome::Inconclusive;
        judged.message += &format!(", over fewer than {} documents", check.documents);
    } else if let Some(broken) = broken(check, value) {
        judged.outcome = Outcome::Fail;
        judged.message += &format!(", {broken}");
    }
    Some(judged)
}

fn moved(check: &Check, change: Change, name: &str, facts: &Facts, baseline: &Facts, standard: bool) -> Option<Judged> {
    let of_stage = |facts: &Facts| zero_of(facts, name);
    let (old, new) = (baseline.get(name).or_else(|| of_stage(baseline)), facts.get(name).or_else(|| of_stage(facts)));
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return Some(blank(check, name, Outcome::Fail, format!("{name} is gone: the baseline has it"))),
        (None, Some(_)) => {
            let message = format!("{name} is new: the baseline does not have it");
            return (!standard).then(|| blank(check, name, Outcome::Inconclusive, message));
        }
        (None, None) => {
            let message = format!("`{name}` was measured neither here nor in the baseline");
            return (!standard).then(|| blank(check, name, Outcome::Inconclusive, message));
        }
    };
    let Some(moved) = change.between(&old, &new) else {
        let message = format!("the change of `{name}` cannot be measured so");
        return (!standard).then(|| blank(check, name, Outcome::Inconclusive, message));
    };
    let mut judged = blank(check, name, Outcome::Pass, format!("{name}: {}", moved.most));
    (judged.value, judged.noise, judged.documents) = (Some(moved.by), Some(moved.noise), new.of());
    let few = [&old, &new].into_iter().filter_map(Fact::of).min().is_some_and(|of| of < check.documents);
    match broken(check, moved.by) {
        Some(broken) if few => {
            judged.outcome = Outcome::Inconclusive;
            judged.message += &format!("; {broken}, over fewer than {} documents", check.documents);
        }
        Some(broken) if moved.by <= moved.noise => {
            judged.outcome = Outcome::Inconclusive;
            judged.message += &format!("; a change of {}, {broken}, may be chance in samples of this size", shown(moved.by));
        }
        Some(broken) => {
            judged.outcome = Outcome::Fail;
            judged.message += &format!("; a change of {}, {broken}", shown(moved.by));
        }
        None => {}
    }
    Some(judged)
}

/// A reason for which a stage dropped nothing is a share of nothing, not an unknown.
fn zero_of(facts: &Facts, name: &str) -> Option<Fact> {
    let (stage, _) = name.strip_prefix("drop/")?.rsplit_once('/')?;
    match facts.0.get(&format!("drop/{stage}"))? {
        Fact::Share { of, .. } => Some(Fact::Share { share: 0.0, of: *of }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(list: &[(&str, Fact)]) -> Facts {
        Facts(list.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone())).collect())
    }

    fn share(share: f64, of: u64) -> Fact {
        Fact::Share { share, of }
    }

    fn outcomes(checks: &str, facts: &Facts, baseline: Option<&Facts>) -> Vec<(Outcome, String)> {
        let checks = Checks::parse("c.toml", checks).unwrap();
        judge(&checks, facts, baseline).into_iter().map(|judged| (judged.outcome, judged.message)).collect()
    }

    #[test]
    fn bounds_hold_fail_or_lack_documents() {
        let facts = facts(&[("kept", share(0.2, 1000)), ("damage/empty", share(0.5, 10)), ("integrity", Fact::Faults(vec!["a is gone".to_owned()]))]);
        let checks = "[[check]]\nname = \"a\"\nmetric = \"kept\"\nmin = 0.1\nmax = 0.3\n[[check]]\nname = \"b\"\nmetric = \"kept\"\nmin = 0.25\n\
                      [[check]]\nname = \"c\"\nmetric = \"damage/*\"\nmax = 0\ndocuments = 50\n[[check]]\nname = \"d\"\nmetric = \"integrity\"\nmax = 0\n\
                      [[check]]\nname = \"e\"\nmetric = \"verdict\"\nmax = 0\n";
        let wanted = [
            (Outcome::Pass, "kept is 0.2"),
            (Outcome::Fail, "kept is 0.2, below 0.25"),
            (Outcome::Inconclusive, "damage/empty is 0.5, over fewer than 50 documents"),
            (Outcome::Fail, "integrity is 1, above 0"),
            (Outcome::Inconclusive, "`verdict` was not measured here"),
        ];
        assert_eq!(outcomes(checks, &facts, None), wanted.map(|(outcome, message)| (outcome, message.to_owned())));
    }

    #[test]
    fn changes_are_told_from_chance_and_what_is_gone_fails() {
        let check = "[[check]]\nname = \"a\"\nmetric = \"drop/*\"\nchange = \"absolute\"\nmax = 0.02\n";
        let before = facts(&[("drop/g", share(0.3, 10_000)), ("drop/g/short", share(0.3, 10_000)), ("drop/old", share(0.1, 10_000))]);
        let after = facts(&[("drop/g", share(0.38, 400)), ("drop/g/long", share(0.1, 9_000)), ("drop/new", share(0.5, 10))]);
        let found = outcomes(check, &after, Some(&before));
        let outcome = |name: &str| found.iter().find(|(_, message)| message.starts_with(name)).map(|(outcome, _)| *outcome);
        assert_eq!(outcome("drop/g:"), Some(Outcome::Inconclusive), "8 points of 400 documents may be chance: {found:?}");
        assert_eq!(outcome("drop/g/short:"), Some(Outcome::Fail), "{found:?}");
        assert_eq!(outcome("drop/g/long:"), Some(Outcome::Fail), "a reason of before that dropped nothing: {found:?}");
        assert_eq!((outcome("drop/old is gone"), outcome("drop/new is new")), (Some(Outcome::Fail), Some(Outcome::Inconclusive)));
        assert_eq!(
            outcomes(check, &before, Some(&before)),
            ["drop/g: 0.3 became 0.3", "drop/g/short: 0.3 became 0.3", "drop/old: 0.1 became 0.1"].map(|message| (Outcome::Pass, message.to_owned()))
        );
        assert!(matches!(&outcomes(check, &before, None)[..], [(Outcome::Inconclusive, message)] if message.contains("--baseline")));
    }
}
