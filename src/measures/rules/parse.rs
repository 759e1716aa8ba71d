//! Reading a rule file: every key is known or an error with its place.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Action, Bounds, LineCut, RuleError, RuleSet, Step, Test, Total, cut::CUTS, nearest::suggest,
};
use crate::measures::{Key, List, MEASURES, Params, find};

/// Reads the list file at a path, or says why not.
pub type ReadList<'r> = dyn FnMut(&str) -> Result<String, String> + 'r;

impl RuleSet {
    /// Reads a rule file whose lists all stand in it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(toml: &str) -> Result<Self, Vec<RuleError>> {
        Self::parse_with(toml, &mut |_| {
            Err("lists of their own are not read here".into())
        })
    }

    /// Reads a rule file; lists that it names by path are read by `read`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse_with(toml: &str, read: &mut ReadList) -> Result<Self, Vec<RuleError>> {
        let root = DeTable::parse(toml).map_err(|error| {
            vec![RuleError::new(
                error.message().to_owned(),
                error.span().unwrap_or(0..0),
            )]
        })?;
        let mut parser = Parser {
            read,
            errors: Vec::new(),
        };
        let set = parser.root(&Table::new(root.get_ref(), root.span()));
        if parser.errors.is_empty() {
            Ok(set)
        } else {
            Err(parser.errors)
        }
    }
}

/// A table's entries by key, and its place.
struct Table<'t> {
    entries: BTreeMap<&'t str, (Range<usize>, &'t Spanned<DeValue<'t>>)>,
    span: Range<usize>,
}

impl<'t> Table<'t> {
    fn new(table: &'t DeTable<'t>, span: Range<usize>) -> Self {
        Self {
            entries: table
                .iter()
                .map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value)))
                .collect(),
            span,
        }
    }

    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// Where its first entry stands.
    fn start(&self) -> usize {
        self.entries
            .values()
            .map(|(span, _)| span.start)
            .min()
            .unwrap_or(self.span.start)
    }
}

struct Parser<'r, 'f> {
    read: &'r mut ReadList<'f>,
    errors: Vec<RuleError>,
}

impl Parser<'_, '_> {
    fn error(&mut self, message: impl Into<String>, span: Range<usize>, help: Option<String>) {
        self.errors.push(RuleError::new(message, span).help(help));
    }

    fn root(&mut self, root: &Table) -> RuleSet {
        self.only(root, &["source", "rule", "lines", "line"]);
        let source = self.string(root, "source", true).unwrap_or_default();
        let mut lines = LineCut::default();
        for (_, table) in self.tables(root, "lines") {
            self.only(&table, &["split", "strip"]);
            lines.universal = self
                .choice(&table, "split", &[("newline", false), ("universal", true)])
                .unwrap_or_default();
            lines.strip = self.boolean(&table, "strip");
        }
        let mut rules = self.tables(root, "rule");
        let mut of_lines = self.tables(root, "line");
        rules.sort_by_key(|(start, _)| *start);
        of_lines.sort_by_key(|(start, _)| *start);
        // All line rules are one pass over the lines, so they stay together.
        let first = of_lines.first().map_or(0, |(start, _)| *start);
        let place = rules.iter().filter(|(start, _)| *start < first).count();
        let mut steps = Vec::new();
        let ordered = rules.iter().take(place).map(|t| (t, false));
        let ordered = ordered.chain(of_lines.iter().map(|t| (t, true)));
        for ((_, table), line) in ordered.chain(rules.iter().skip(place).map(|t| (t, false))) {
            if let Some(step) = self.step(table, line) {
                if steps.iter().any(|other: &Step| other.name == step.name) {
                    self.error(
                        format!("there are two rules `{}`", step.name),
                        table.span.clone(),
                        None,
                    );
                }
                steps.push(step);
            }
        }
        if steps.is_empty() && self.errors.is_empty() {
            self.error(
                "a rule set has rules",
                root.span.clone(),
                Some("add a `[[rule]]`".into()),
            );
        }
        RuleSet {
            source,
            steps,
            lines,
        }
    }

    fn step(&mut self, table: &Table, line: bool) -> Option<Step> {
        let kinds: &[&str] = if line {
            &["drop", "drop_line", "cut"]
        } else {
            &["drop"]
        };
        let given: Vec<_> = kinds
            .iter()
            .filter(|kind| table.get(kind).is_some())
            .collect();
        let [kind] = given[..] else {
            self.error(
                format!("a rule has one of `{}`", kinds.join("`, `")),
                table.span.clone(),
                None,
            );
            return None;
        };
        let name = self.string(table, kind, true)?;
        let alias = self
            .string(table, "as", false)
            .unwrap_or_else(|| name.clone());
        let action = if *kind == "cut" {
            self.only(table, &["cut", "as"]);
            Action::Cut(self.choice(table, "cut", CUTS)?)
        } else {
            let total = [("kept", Total::Kept), ("kept_share", Total::KeptShare)];
            let total = if line && *kind == "drop" {
                self.choice(table, "total", &total)
            } else {
                None
            };
            let also: &[&str] = if line && *kind == "drop" {
                &["total"]
            } else {
                &[]
            };
            let test = self.test(table, kind, also)?;
            match (line, *kind, total) {
                (false, ..) => Action::Drop(test),
                (_, "drop_line", _) => Action::DropLine(test),
                (_, _, Some(total)) => Action::DropByTotal(test, total),
                (_, _, None) => Action::DropByLine(test),
            }
        };
        Some(Step {
            name,
            alias,
            action,
            on: true,
        })
    }

    fn test(&mut self, table: &Table, kind: &str, also: &[&str]) -> Option<Test> {
        let name = self.string(table, "measure", true)?;
        let Some(measure) = find(&name) else {
            let span = table
                .get("measure")
                .map_or(table.span.clone(), Spanned::span);
            let help = suggest(&name, MEASURES.iter().map(|measure| measure.name));
            self.error(format!("there is no measure `{name}`"), span, help);
            return None;
        };
        let mut known = vec![kind, "as", "measure"];
        known.extend(also);
        known.extend(Bounds::NAMES);
        known.extend(measure.keys.iter().map(|key| key.name()));
        self.only(table, &known);
        let mut params = Params::default();
        for key in measure.keys {
            if table.get(key.name()).is_none() && *key != Key::Except {
                self.error(
                    format!("measure `{name}` wants `{}`", key.name()),
                    table.span.clone(),
                    None,
                );
                continue;
            }
            match key {
                Key::N => params.n = self.count(table, key.name()),
                Key::Chars => params.chars = self.count(table, key.name()),
                Key::List => params.list = self.list(table, key.name()),
                Key::Except => params.except = self.list(table, key.name()),
            }
        }
        let bounds = Bounds(Bounds::NAMES.map(|bound| self.number(table, bound)));
        if bounds.0.iter().all(Option::is_none) {
            let help = format!("give one of `{}`", Bounds::NAMES.join("`, `"));
            self.error("a rule has a bound", table.span.clone(), Some(help));
        }
        Some(Test {
            measure,
            params,
            bounds,
        })
    }

    /// Reports every key of `table` that is not `known`.
    fn only(&mut self, table: &Table, known: &[&str]) {
        for (key, (span, _)) in &table.entries {
            if !known.contains(key) {
                self.error(
                    format!("there is no key `{key}` here"),
                    span.clone(),
                    suggest(key, known.iter().copied()),
                );
            }
        }
    }

    /// The table or tables at `key`, with the place of each.
    fn tables<'t>(&mut self, table: &Table<'t>, key: &str) -> Vec<(usize, Table<'t>)> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(inner) => {
                    let inner = Table::new(inner, item.span());
                    tables.push((inner.start(), inner));
                }
                _ => self.error(format!("`{key}` holds tables"), item.span(), None),
            }
        }
        tables
    }

    fn string(&mut self, table: &Table, key: &str, wanted: bool) -> Option<String> {
        match table.get(key) {
            Some(value) => match value.get_ref() {
                DeValue::String(text) if !text.is_empty() => return Some(text.to_string()),
                _ => self.error(
                    format!("`{key}` is a string that is not empty"),
                    value.span(),
                    None,
                ),
            },
            None if wanted => self.error(format!("`{key}` is missing"), table.span.clone(), None),
            None => {}
        }
        None
    }

    fn boolean(&mut self, table: &Table, key: &str) -> bool {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::Boolean(on), _)) => *on,
            Some((_, span)) => {
                self.error(format!("`{key}` is `true` or `false`"), span, None);
                false
            }
            None => false,
        }
    }

    fn choice<T: Copy>(&mut self, table: &Table, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let name = self.string(table, key, false)?;
        let found = choices
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, choice)| *choice);
        if found.is_none() {
            let span = table.get(key).map_or(table.span.clone(), Spanned::span);
            let help = suggest(&name, choices.iter().map(|(known, _)| *known));
            self.error(format!("`{key}` is never `{name}`"), span, help);
        }
        found
    }

    fn number(&mut self, table: &Table, key: &str) -> Option<f64> {
        let value = table.get(key)?;
        let digits = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number = digits
            .replace('_', "")
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.error(format!("`{key}` is a number"), value.span(), None);
        }
        number
    }

    fn count(&mut self, table: &Table, key: &str) -> usize {
        let number = self.number(table, key).unwrap_or(1.0);
        if number.fract() != 0.0 || !(1.0..=1e6).contains(&number) {
            let span = table.get(key).map_or(table.span.clone(), Spanned::span);
            self.error(format!("`{key}` is a whole number from 1 on"), span, None);
        }
        number as usize
    }

    fn list(&mut self, table: &Table, key: &str) -> List {
        let Some(value) = table.get(key) else {
            return List::default();
        };
        let list = match value.get_ref() {
            DeValue::String(path) => match (self.read)(path) {
                Ok(text) => List::parse(&text),
                Err(why) => {
                    self.error(
                        format!("cannot read the list `{path}`: {why}"),
                        value.span(),
                        None,
                    );
                    return List::default();
                }
            },
            DeValue::Array(items) => {
                let all_strings = items.iter().all(|item| item.get_ref().is_str());
                let items = items.iter().filter_map(|item| item.get_ref().as_str());
                if all_strings {
                    List::new(items.map(str::to_owned))
                } else {
                    List::default()
                }
            }
            _ => List::default(),
        };
        if list.is_empty() {
            self.error(
                format!("`{key}` is a path or a list of strings"),
                value.span(),
                None,
            );
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(toml: &str) -> (String, String, Option<String>) {
        let errors = RuleSet::parse(toml).unwrap_err();
        let error = errors.first().unwrap();
        (
            error.message.clone(),
            toml[error.span.clone()].to_owned(),
            error.help.clone(),
        )
    }

    fn with(line: &str) -> String {
        format!("source = \"s\"\n[[rule]]\ndrop = \"d\"\n{line}\n")
    }

    #[test]
    fn nothing_unknown_is_passed_over() {
        let (message, at, help) = fault(&with("measure = \"mean_word_lenght\"\nmin = 1"));
        assert_eq!(message, "there is no measure `mean_word_lenght`");
        assert_eq!(
            (at.as_str(), help.as_deref()),
            (
                "\"mean_word_lenght\"",
                Some("did you mean `mean_word_length`?")
            )
        );
        let (message, at, help) = fault(&with("measure = \"words\"\nmin = 1\nmx = 2"));
        assert_eq!(
            (message.as_str(), at.as_str()),
            ("there is no key `mx` here", "mx")
        );
        assert!(help.is_some());
        assert_eq!(fault(&with("measure = \"words\"\nmin = 1\nn = 2")).1, "n");
        assert_eq!(
            fault("source = \"s\"\n[[rules]]\n").2.as_deref(),
            Some("did you mean `rule`?")
        );
        assert_eq!(
            fault("source = \"s\"\n[[line]]\ncut = \"citation\"")
                .2
                .as_deref(),
            Some("did you mean `citations`?")
        );
    }

    #[test]
    fn what_is_wanted_must_be_there() {
        assert_eq!(fault(&with("measure = \"words\"")).0, "a rule has a bound");
        assert_eq!(fault(&with("min = 1")).0, "`measure` is missing");
        assert_eq!(
            fault(&with("measure = \"top_ngram_char_share\"\nmax = 1")).0,
            "measure `top_ngram_char_share` wants `n`"
        );
        assert_eq!(fault(&with("measure = \"words\"\nmin = \"1\"")).1, "\"1\"");
        assert_eq!(
            fault(&with("measure = \"listed_phrases\"\nlist = []\nmax = 1")).0,
            "`list` is a path or a list of strings"
        );
        assert_eq!(fault("source = \"s\"").0, "a rule set has rules");
        assert_eq!(fault("source = ").1, "");
        let twice = with(
            "measure = \"words\"\nmin = 1\n[[rule]]\ndrop = \"d\"\nmeasure = \"words\"\nmax = 9",
        );
        assert_eq!(fault(&twice).0, "there are two rules `d`");
    }

    #[test]
    fn lists_are_read_by_path() {
        let toml = with("measure = \"listed_phrases\"\nlist = \"words/x.txt\"\nmax = 1");
        assert!(
            fault(&toml)
                .0
                .starts_with("cannot read the list `words/x.txt`")
        );
        let mut asked = Vec::new();
        let set = RuleSet::parse_with(&toml, &mut |path| {
            asked.push(path.to_owned());
            Ok("# c\na\n".into())
        });
        assert!(set.is_ok());
        assert_eq!(asked, ["words/x.txt"]);
    }
}
