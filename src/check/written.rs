//! Checks as they are written: a TOML file of `[[check]]` tables.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::fact::FAMILIES;
use crate::config::{Problem, Problems, Table, Text, nearest, tables};

/// What a failed check means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The data is not fit for use.
    #[default]
    Error,
    /// Someone should look.
    Warn,
}

/// A bound on a fact, or on its change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Stable name, for reports.
    name: String,
    /// The fact, or with `*` at its end every fact whose name begins so.
    metric: String,
    /// The fact, or its change, is at least this.
    min: Option<f64>,
    /// At most this.
    max: Option<f64>,
    /// Bounds are of its change against the baseline, measured so.
    change: Option<Change>,
    /// Over fewer documents nothing is said. Default 1, and 100 with `change`.
    documents: Option<u64>,
    /// Default `"error"`.
    #[serde(default)]
    severity: Severity,
    /// What to do when it fails.
    help: Option<String>,
}

/// A check, ready to judge.
#[derive(Clone, Debug)]
pub struct Check {
    /// Stable name, for reports.
    pub name: String,
    /// Which facts.
    pub metric: String,
    /// Lower bound.
    pub min: Option<f64>,
    /// Upper bound.
    pub max: Option<f64>,
    /// Bounds are of its change against the baseline, measured so.
    pub change: Option<Change>,
    /// Over fewer documents nothing is said.
    pub documents: u64,
    /// What failing means.
    pub severity: Severity,
    /// What to do when it fails.
    pub help: String,
    /// Where its bound is written.
    pub span: Range<usize>,
}

/// A file of checks.
#[derive(Clone, Debug)]
pub struct Checks {
    /// In the order of the file.
    pub list: Vec<Check>,
    /// What spans point into.
    pub text: Arc<Text>,
    /// True for the checks that come with dataprep: what a corpus does not have they pass over.
    pub standard: bool,
}

impl Checks {
    /// The checks that come with dataprep (`filters/checks/standard.toml`).
    ///
    /// # Errors
    /// Never, as a test proves.
    pub fn standard() -> Result<Checks, Problems> {
        let checks = Checks::parse("filters/checks/standard.toml", include_str!("../../filters/checks/standard.toml"))?;
        Ok(Checks { standard: true, ..checks })
    }

    /// Checks from a text; `name` is shown in messages.
    ///
    /// # Errors
    /// All that is wrong in it, with places.
    pub fn parse(name: &str, toml: &str) -> Result<Checks, Problems> {
        let (tables, text) = tables(name, toml, "check")?;
        let (mut list, mut problems) = (Vec::<Check>::new(), Vec::new());
        for table in &tables {
            match table.fill::<Written>().and_then(|written| check(written, table).map_err(|problem| vec![problem])) {
                Ok(check) if list.iter().any(|other| other.name == check.name) => {
                    problems.push(Problem::at(table.place("name"), format!("two checks are named `{}`", check.name), "names tell them apart in reports"));
                }
                Ok(check) => list.push(check),
                Err(found) => problems.extend(found),
            }
        }
        Problems::new(problems, text.clone()).or(Checks { list, text, standard: false })
    }
}

fn check(written: Written, table: &Table) -> Result<Check, Problem> {
    let Written { name, metric, min, max, change, documents, severity, help } = written;
    family(&metric).map_err(|(message, help)| Problem::at(table.place("metric"), message, help))?;
    let bound = if max.is_some() { "max" } else { "min" };
    if min.is_none() && max.is_none() {
        let help = if change == Some(Change::Equal) { "add `max = 0`" } else { "add `min`, `max` or both" };
        return Err(Problem::at(table.span.clone(), format!("the check `{name}` has no bound"), help));
    }
    let documents = documents.unwrap_or(if change.is_some() { 100 } else { 1 });
    Ok(Check { name, metric, min, max, change, documents, severity, help: help.unwrap_or_default(), span: table.place(bound) })
}

/// Whether facts of such a name can be; else (what is wrong, what to do).
pub fn family(metric: &str) -> Result<(), (String, String)> {
    let first = metric.split('/').next().unwrap_or_default().trim_end_matches('*');
    let names = FAMILIES.map(|(name, _)| name);
    if names.contains(&first) {
        return Ok(());
    }
    let help = match nearest(first, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("it begins with one of: {}", names.join(", ")),
    };
    Err((format!("nothing is measured under the name `{metric}`"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_checks_are_sound() {
        let checks = Checks::standard().unwrap();
        assert!(checks.list.len() > 20);
        assert!(checks.list.iter().all(|check| !check.help.is_empty()), "a check that fails says what to do");
    }

    #[test]
    fn what_is_wrong_is_shown_with_its_place() {
        let toml = "[[check]]\nname = \"a\"\nmetric = \"langs/en\"\nmax = 1\n[[check]]\nname = \"b\"\nmetric = \"kept\"\nmaxx = 1\n\
                    [[check]]\nname = \"c\"\nmetric = \"kpet\"\nmin = 0\n[[check]]\nname = \"d\"\nmetric = \"kept\"\n\
                    [[check]]\nname = \"e\"\nmetric = \"kept\"\nmin = 0\n[[check]]\nname = \"e\"\nmetric = \"kept\"\nmin = 0\n";
        let shown = Checks::parse("c.toml", toml).unwrap_err().to_string();
        for part in [
            "nothing is measured under the name `langs/en`\n  --> c.toml:3:10",
            "has no key `maxx`\n  --> c.toml:8:1",
            "did you mean `max`?",
            "did you mean `kept`?",
            "the check `d` has no bound",
            "two checks are named `e`",
        ] {
            assert!(shown.contains(part), "{part} is missing from\n{shown}");
        }
    }

    #[test]
    fn a_file_without_checks_is_a_mistake() {
        assert!(Checks::parse("c.toml", "[[chek]]\nname = \"a\"\n").unwrap_err().to_string().contains("did you mean `check`?"));
        assert!(Checks::parse("c.toml", "").unwrap_err().to_string().contains("no `[[check]]`"));
    }
}
