//! What another bound would change, told from the annotations of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, Error, Folder, Said, excerpt};

/// Another bound of one rule, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    stage: String,
    rule: String,
    /// The bound and its value; `None` where the rule is left out.
    bound: Option<(Bound, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Min,
    Max,
    Above,
    Below,
}

const BOUNDS: [(&str, Bound); 4] = [("min", Bound::Min), ("max", Bound::Max), ("above", Bound::Above), ("below", Bound::Below)];

impl Change {
    /// Reads `stage.NAME.bounds.RULE.BOUND=VALUE` or `stage.NAME.disable=RULE`, as `--set` of a run has them.
    ///
    /// # Errors
    /// Says what was wanted.
    pub fn parse(text: &str) -> Result<Change, Error> {
        let wanted = || Error::Cannot(format!("`{text}`: wanted stage.NAME.bounds.RULE.min=VALUE (or max, above, below), or stage.NAME.disable=RULE"));
        let (key, value) = text.split_once('=').ok_or_else(wanted)?;
        let parts: Vec<&str> = key.trim().split('.').collect();
        match parts.as_slice() {
            ["stage", stage, "disable"] => {
                let rule = value.trim().trim_matches(['[', ']', '"', '\'']).to_owned();
                Ok(Change { stage: (*stage).to_owned(), rule, bound: None })
            }
            ["stage", stage, "bounds", rule, bound] => {
                let bound = BOUNDS.iter().find(|(name, _)| name == bound).ok_or_else(wanted)?.1;
                let value = value.trim().replace('_', "").parse().map_err(|_| wanted())?;
                Ok(Change { stage: (*stage).to_owned(), rule: (*rule).to_owned(), bound: Some((bound, value)) })
            }
            _ => Err(wanted()),
        }
    }

    fn concerns(&self, said: &Said) -> bool {
        said.stage == self.stage && said.rule == self.rule
    }

    /// Whether a document of this value passes.
    fn keeps(&self, value: f64) -> bool {
        match self.bound {
            None => true,
            Some((Bound::Min, bound)) => value >= bound,
            Some((Bound::Max, bound)) => value <= bound,
            Some((Bound::Above, bound)) => value > bound,
            Some((Bound::Below, bound)) => value < bound,
        }
    }
}

/// A document that changes sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Whether it is kept now.
    pub kept: bool,
    /// Its id, else its URL.
    pub name: String,
    /// What the changed rules measured.
    pub values: Vec<f64>,
    /// The beginning of its text.
    pub excerpt: String,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Documents of the run, and bytes of their texts.
    pub all: (u64, u64),
    /// Kept by the run's own bounds.
    pub before: (u64, u64),
    /// Kept by the others.
    pub after: (u64, u64),
    /// Kept now and not before.
    pub gained: u64,
    /// The other way.
    pub lost: u64,
    /// Of the gained: how many a stage behind has not judged, since they were out when it chose among documents.
    pub unjudged: u64,
    /// Documents that change sides, the first ones of each kind.
    pub examples: Vec<Example>,
}

/// What the changes come to; `examples` documents are shown, half of them gained where there are so many.
///
/// # Errors
/// Where the run has no annotations, or has no such rule, and what cannot be read.
pub fn answer(folder: &Folder, changes: &[Change], examples: usize) -> Result<Answer, Error> {
    if !folder.annotated {
        return Err(Error::Cannot("this run has no annotations: run it again with --set run.mode=annotate".to_owned()));
    }
    let mut answer = Answer::default();
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unanswered = vec![true; changes.len()];
    // Stages that say something of a document only if nothing before them drops it.
    let mut silent = 0;
    let mut longest: BTreeSet<String> = BTreeSet::new();
    folder.kept(&mut |document| {
        for said in &document.verdicts {
            if !rules.get(&said.stage).is_some_and(|known| known.contains(&said.rule)) {
                rules.entry(said.stage.clone()).or_default().insert(said.rule.clone());
            }
        }
        for (unanswered, change) in unanswered.iter_mut().zip(changes) {
            *unanswered &= !document.verdicts.iter().any(|said| change.concerns(said) && (said.value.is_some() || change.bound.is_none()));
        }
        let bytes = document.text.as_deref().map_or(0, str::len) as u64;
        let (before, after) = (document.verdicts.iter().all(|said| said.keep), document.verdicts.iter().all(|said| keeps(said, changes)));
        let add = |sum: &mut (u64, u64)| *sum = (sum.0 + 1, sum.1 + bytes);
        add(&mut answer.all);
        if before {
            add(&mut answer.before);
        }
        if after {
            add(&mut answer.after);
        }
        let stages: BTreeSet<&str> = document.verdicts.iter().map(|said| said.stage.as_str()).collect();
        if before {
            longest.extend(stages.iter().map(|stage| (*stage).to_owned()));
        }
        if before != after {
            let list = if after { &mut gained } else { &mut lost };
            if after && longest.iter().any(|stage| !stages.contains(stage.as_str())) {
                silent += 1;
            }
            if list.len() < examples {
                list.push(example(&document, changes, after));
            }
            *(if after { &mut answer.gained } else { &mut answer.lost }) += 1;
        }
        true
    })?;
    if let Some(change) = unanswered.iter().position(|unanswered| *unanswered).map(|at| &changes[at]) {
        return Err(Error::Cannot(unknown(change, &rules)));
    }
    answer.unjudged = silent;
    let half = examples.div_ceil(2);
    let (more, fewer) = (examples - half.min(lost.len()), examples - half.min(gained.len()));
    gained.truncate(half.max(more));
    lost.truncate(half.max(fewer));
    answer.examples = gained.into_iter().chain(lost).take(examples).collect();
    Ok(answer)
}

fn keeps(said: &Said, changes: &[Change]) -> bool {
    match changes.iter().rev().find(|change| change.concerns(said)) {
        None => said.keep,
        Some(change) => said.value.map_or(said.keep || change.bound.is_none(), |value| change.keeps(value)),
    }
}

fn example(document: &Document, changes: &[Change], kept: bool) -> Example {
    let name = document.id.clone().or_else(|| document.url.clone()).unwrap_or_default();
    let values = document.verdicts.iter().filter(|said| changes.iter().any(|change| change.concerns(said))).filter_map(|said| said.value).collect();
    Example { kept, name, values, excerpt: excerpt(document.text.as_deref(), 100) }
}

fn unknown(change: &Change, rules: &BTreeMap<String, BTreeSet<String>>) -> String {
    match rules.get(&change.stage) {
        None => format!("no stage `{}` has said anything of a document; there are: {}", change.stage, join(rules.keys())),
        Some(known) if known.contains(&change.rule) => format!("rule `{}` measures no number that a bound could be set to", change.rule),
        Some(known) => {
            let (stage, rule) = (&change.stage, &change.rule);
            format!("stage `{stage}` has no rule `{rule}` that judges documents (what edits lines is told by another run); it has: {}", join(known.iter()))
        }
    }
}

fn join<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::folder;
    use super::*;

    fn run() -> (tempfile::TempDir, Folder) {
        let verdict = |stage: &str, rule: &str, keep: bool, value: f64, threshold: f64| {
            format!("{{\"stage\":{stage:?},\"rule\":{rule:?},\"keep\":{keep},\"value\":{value},\"threshold\":{threshold}}}")
        };
        let line = |n: usize, dedup: bool| {
            let mut verdicts = vec![verdict("gopher", "few", n >= 50, n as f64, 50.0), verdict("gopher", "long", n <= 90, n as f64, 90.0)];
            if dedup {
                verdicts.push(verdict("dedup", "near", true, 0.0, 0.75));
            }
            format!("{{\"id\":\"{n}\",\"text\":\"{}\",\"verdicts\":[{}]}}\n", "x".repeat(n), verdicts.join(","))
        };
        folder(true, &["gopher", "dedup"], &(0..100).rev().map(|n| line(n, (50..=90).contains(&n))).collect::<String>(), "")
    }

    fn change(text: &str) -> Vec<Change> {
        vec![Change::parse(text).unwrap()]
    }

    #[test]
    fn bounds_move_documents_from_side_to_side() {
        let (_dir, folder) = run();
        let wider = answer(&folder, &change("stage.gopher.bounds.few.min=20"), 4).unwrap();
        assert_eq!((wider.all.0, wider.before.0, wider.after.0, wider.gained, wider.lost, wider.unjudged), (100, 41, 71, 30, 0, 30));
        assert_eq!(wider.after.1, (20..=90).sum::<u64>());
        assert_eq!(
            wider.examples.iter().map(|example| (example.kept, example.values[0])).collect::<Vec<_>>(),
            [(true, 49.0), (true, 48.0), (true, 47.0), (true, 46.0)]
        );
        let shifted = [change("stage.gopher.bounds.few.min=60"), change("stage.gopher.bounds.long.max=95")].concat();
        let shifted = answer(&folder, &shifted, 4).unwrap();
        assert_eq!((shifted.gained, shifted.lost), (5, 10));
        assert_eq!(shifted.examples.iter().map(|example| example.kept).collect::<Vec<_>>(), [true, true, false, false]);
        assert_eq!(answer(&folder, &change("stage.gopher.disable=long"), 4).unwrap().gained, 9);
        assert_eq!(answer(&folder, &change("stage.gopher.bounds.few.above=50"), 4).unwrap().lost, 1);
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        let (_dir, run) = run();
        let said = |text: &str| answer(&run, &change(text), 4).unwrap_err().to_string();
        assert!(said("stage.gopher.bounds.fw.min=20").ends_with("it has: few, long"));
        assert!(said("stage.goher.disable=few").contains("there are: dedup, gopher"));
        for odd in ["stage.gopher.bounds.few.least=1", "gopher.few=1", "stage.gopher.bounds.few.min=x", "nothing"] {
            assert!(Change::parse(odd).is_err(), "{odd}");
        }
        let (_dir, plain) = folder(false, &["url"], "{}\n", "");
        assert!(answer(&plain, &[], 4).unwrap_err().to_string().contains("run.mode=annotate"));
    }
}
