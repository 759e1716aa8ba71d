//! Tests of the rule sets in `filters/rules`: for every rule, texts in five scripts on both sides of its bound, made from the bound itself.
//!
//! Bounds stand here a second time, so that a set that is changed is noticed; [`every_number_of_a_set_is_held`] proves that it is.

mod bounds;
mod c4;
mod cases;
mod faults;
mod languages;
mod lines;
mod nothing;
mod repeats;
mod texts;

use super::{Action, Applied, BUILT_IN, Bounds, ByLanguage, RuleSet};
use crate::text::{Facts, Splitter};
use cases::{Case, cases};

fn toml(set: &str) -> &'static str {
    BUILT_IN.iter().find(|(name, _)| *name == set).map(|(_, toml)| *toml).unwrap()
}

fn facts() -> Facts {
    let mut facts = Facts::new();
    facts.split_by(Splitter::SpacyEn);
    facts
}

/// The set of `toml`, which needs no lists but stop words.
fn read(toml: &str) -> ByLanguage {
    ByLanguage::parse(toml, &mut |_| Err("there are no lists".into())).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// What one text showed.
enum Seen {
    Kept,
    Dropped,
    /// The rule did not do as the case says.
    Wrong(String),
}

/// Applies the rule of `case` alone, out of the set of its language, to its text number `k`.
fn look(sets: &[RuleSet], case: &Case, facts: &mut Facts, k: usize) -> Seen {
    let set = &sets[k % sets.len()];
    let (text, value) = case.text(k);
    let keep = case.bound.holds(value);
    // Rules for whole texts tell what they measured in texts that they keep as well.
    let audit = set.steps.iter().any(|step| step.name == case.rule && matches!(step.action, Action::Drop(_)));
    let mut told = None;
    let applied = set.apply(&text, facts, audit, &mut |outcome| {
        if outcome.rule == case.rule {
            told = Some((outcome.value, outcome.threshold));
        }
    });
    facts.reset();
    let dropped = match applied {
        Applied::Keep => None,
        Applied::Edited(left) if left.is_empty() => Some(None),
        Applied::Edited(_) => None,
        Applied::Drop { reason, value, threshold, .. } => Some(Some((reason, value, threshold))),
    };
    if audit && told.is_none() {
        return Seen::Wrong("the rule is left out".into());
    }
    match (&dropped, &told) {
        (Some(_), _) if keep => Seen::Wrong(format!("text {k} of value {value} is dropped")),
        (None, _) if !keep => Seen::Wrong(format!("text {k} of value {value} is kept")),
        (Some(Some((reason, ..))), _) if reason != case.rule => Seen::Wrong(format!("the reason is {reason}")),
        (Some(Some((_, found, threshold))), _) | (_, Some((found, threshold))) if (*found - value).abs() > 1e-12 || *threshold != case.bound.value() => {
            Seen::Wrong(format!("text {k} has {found} by a bound of {threshold}, not {value}"))
        }
        (Some(_), _) => Seen::Dropped,
        (None, _) => Seen::Kept,
    }
}

/// `toml` with the rule of `case` alone, and those lines that it needs, in each language of its texts.
fn alone(toml: &str, case: &Case) -> Vec<RuleSet> {
    let mut read = read(toml);
    if case.set == "multilingual" {
        // As a pipeline has it; the sets of peers are tried with words as datatrove finds them.
        read.split_by(None);
    }
    let mut sets: Vec<_> = case.languages.iter().map(|language| read.of(language).clone()).collect();
    for set in &mut sets {
        // A cut stands several times under one name.
        let others = |name: &str| name != case.rule && !case.with.contains(&name);
        set.steps.iter_mut().filter(|step| others(&step.name)).for_each(|step| step.on = false);
    }
    sets
}

#[test]
fn every_rule_has_twenty_texts_on_either_side() {
    for case in cases() {
        let (sets, mut facts) = (alone(toml(case.set), &case), facts());
        let mut sides = [0, 0];
        for k in case.numbers() {
            match look(&sets, &case, &mut facts, k) {
                Seen::Kept => sides[0] += 1,
                Seen::Dropped => sides[1] += 1,
                Seen::Wrong(why) => panic!("{} of {}: {why}", case.rule, case.set),
            }
        }
        assert!(sides.iter().all(|side| *side >= 20), "{} of {}: {sides:?} kept and dropped", case.rule, case.set);
    }
}

#[test]
fn every_rule_has_a_case() {
    let cases = cases();
    for (name, toml) in BUILT_IN {
        let read = read(toml);
        let set = read.of("");
        let bounded: Vec<_> = set.steps.iter().filter(|step| step.action.test().is_some()).map(|step| step.name.as_str()).collect();
        for rule in &bounded {
            assert!(cases.iter().any(|case| case.set == *name && case.rule == *rule), "{rule} of {name} has no case");
        }
        for case in cases.iter().filter(|case| case.set == *name) {
            assert!(bounded.contains(&case.rule), "{name} has no rule {}", case.rule);
        }
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/filters/rules")).unwrap();
    assert_eq!(files.count(), BUILT_IN.len(), "a file of filters/rules is not tested");
}

/// Each `toml` that differs from the set in one number of the rule of `case`, by one unit of its last place or, of shares, of the second.
fn mutants(case: &Case) -> Vec<(String, String)> {
    let toml = toml(case.set);
    let named = toml.find(&format!("= \"{}\"\n", case.rule)).unwrap();
    let start = toml[..named].rfind('\n').map_or(0, |at| at + 1);
    let end = toml[start..].find("\n\n").map_or(toml.len(), |at| start + at);
    let mut found = Vec::new();
    for line in toml[start..end].lines() {
        let Some((key, number)) = line.split_once(" = ").and_then(|(key, number)| Some((key, number.replace('_', "").parse::<f64>().ok()?))) else {
            continue;
        };
        let unit = if number.fract() == 0.0 && (number != 1.0 || case.bound.value() != 1.0 || key != "below") { 1.0 } else { 0.01 };
        for changed in [number - unit, number + unit] {
            // Lengths and words of n-grams are whole numbers from 1 on.
            if changed >= 1.0 || Bounds::NAMES.contains(&key) {
                let other = format!("{key} = {changed:.4}");
                let other = if Bounds::NAMES.contains(&key) { other } else { format!("{key} = {changed}") };
                found.push((other.clone(), format!("{}{}{}", &toml[..start], toml[start..end].replace(line, &other), &toml[end..])));
            }
        }
    }
    found
}

#[test]
fn every_number_of_a_set_is_held() {
    for case in cases() {
        let mutants = mutants(&case);
        assert!(!mutants.is_empty(), "{} of {} has no number", case.rule, case.set);
        for (change, toml) in mutants {
            let (sets, mut facts) = (alone(&toml, &case), facts());
            let noticed = case.numbers().any(|k| matches!(look(&sets, &case, &mut facts, k), Seen::Wrong(_)));
            assert!(noticed, "{} of {} with {change} passes", case.rule, case.set);
        }
    }
}
