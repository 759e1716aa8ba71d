//! Reading a rule file: every key is known or an error with its place.

use toml::{Spanned, de::DeTable};

use super::{
    Action, Bounds, LineCut, RuleError, RuleSet, Step, Test, Total,
    cut::{CUTS, Cut},
    nearest::suggest,
    reader::{ReadList, Reader, Table},
};
use crate::{
    measures::{Key, List, MEASURES, Params, find},
    text::Splitter,
};

impl RuleSet {
    /// Reads a rule file whose lists all stand in it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(toml: &str) -> Result<Self, Vec<RuleError>> {
        Self::parse_with(toml, &mut |_| Err("lists of their own are not read here".into()))
    }

    /// Reads a rule file; lists that it names by path are read by `read`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse_with(toml: &str, read: &mut ReadList) -> Result<Self, Vec<RuleError>> {
        let root =
            DeTable::parse(toml).map_err(|error| vec![RuleError::new(format!("this is not TOML: {}", error.message()), error.span().unwrap_or(0..0))])?;
        let mut reader = Reader::new(read);
        let set = reader.root(&Table::new(root.get_ref(), root.span()));
        if reader.errors.is_empty() { Ok(set) } else { Err(reader.errors) }
    }
}

impl Reader<'_, '_> {
    fn root(&mut self, root: &Table) -> RuleSet {
        self.only(root, &["source", "words", "rule", "lines", "line", "bounds"]);
        let source = self.string(root, "source", true).unwrap_or_default();
        let words = self.choice(root, "words", &Splitter::NAMES);
        let mut lines = LineCut::default();
        for (_, table) in self.tables(root, "lines") {
            self.only(&table, &["split", "strip", "keep_empty"]);
            lines.universal = self.choice(&table, "split", &[("newline", false), ("universal", true)]).unwrap_or_default();
            lines.strip = self.boolean(&table, "strip");
            lines.keep_empty = self.boolean(&table, "keep_empty");
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
                    self.error(format!("there are two rules `{}`", step.name), table.span.clone(), Some("give one of them another name".into()));
                }
                steps.push(step);
            }
        }
        if steps.is_empty() && self.errors.is_empty() {
            self.error("the set has no rules", root.span.clone(), Some("add a `[[rule]]`".into()));
        }
        RuleSet { source, words, steps, lines, wants_stop_words: self.wants_stop_words }
    }

    fn step(&mut self, table: &Table, line: bool) -> Option<Step> {
        let kinds: &[&str] = if line { &["drop", "drop_line", "cut"] } else { &["drop"] };
        let given: Vec<_> = kinds.iter().filter(|kind| table.get(kind).is_some()).collect();
        let [kind] = given[..] else {
            let help = format!("give it one of `{}`, with the reason's name", kinds.join("`, `"));
            self.error("this rule does not say what it does", table.span.clone(), Some(help));
            return None;
        };
        let name = self.string(table, kind, true)?;
        let alias = self.string(table, "as", false).unwrap_or_else(|| name.clone());
        let action = if *kind == "cut" {
            Action::Cut(self.cut(table)?)
        } else {
            let total = [("kept", Total::Kept), ("kept_share", Total::KeptShare)];
            let total = if line && *kind == "drop" { self.choice(table, "total", &total) } else { None };
            let also: &[&str] = if line && *kind == "drop" { &["total"] } else { &[] };
            let test = self.test(table, kind, also)?;
            match (line, *kind, total) {
                (false, ..) => Action::Drop(test),
                (_, "drop_line", _) => Action::DropLine(test),
                (_, _, Some(total)) => Action::DropByTotal(test, total),
                (_, _, None) => Action::DropByLine(test),
            }
        };
        Some(Step { name, alias, action, on: true })
    }

    /// Reports what would never be found in lower case.
    fn lower_case(&mut self, table: &Table, list: &List, measure: &str) {
        if let Some(item) = list.iter().find(|item| item.to_lowercase() != **item) {
            let span = table.get("list").map_or(table.span.clone(), Spanned::span);
            let help = format!("write `{}`", item.to_lowercase());
            self.error(format!("`{measure}` looks for `{item}` in lower case"), span, Some(help));
        }
    }

    fn cut(&mut self, table: &Table) -> Option<Cut> {
        let how = self.choice(table, "cut", CUTS)?;
        let keys: &[&str] = if how.wants_list() { &["cut", "as", "list", "max_words"] } else { &["cut", "as"] };
        self.only(table, keys);
        if how.wants_list() && table.get("list").is_none() {
            self.error("this cut wants `list`", table.span.clone(), Some("add `list = [\"...\"]`, or the path of a list".into()));
        }
        let max_words = table.get("max_words").map(|_| self.count(table, "max_words"));
        Some(Cut::new(how, self.list(table, "list"), max_words))
    }

    fn test(&mut self, table: &Table, kind: &str, also: &[&str]) -> Option<Test> {
        let name = self.string(table, "measure", true)?;
        let Some(measure) = find(&name) else {
            let span = table.get("measure").map_or(table.span.clone(), Spanned::span);
            let help = suggest(&name, MEASURES.iter().map(|measure| measure.name));
            self.error(format!("there is no measure `{name}`"), span, help);
            return None;
        };
        let mut known = vec![kind, "as", "measure"];
        known.extend(also);
        known.extend(Bounds::NAMES);
        known.extend(measure.keys.iter().map(|key| key.name()));
        if measure.of_words {
            known.push("words");
        }
        self.only(table, &known);
        let words = self.choice(table, "words", &Splitter::NAMES);
        let mut params = Params::default();
        for key in measure.keys {
            if table.get(key.name()).is_none() && *key != Key::Except {
                self.error(format!("measure `{name}` wants `{}`", key.name()), table.span.clone(), Some(format!("add `{} = ...`", key.name())));
                continue;
            }
            match key {
                Key::N => params.n = self.count(table, key.name()),
                Key::Chars => params.chars = self.count(table, key.name()),
                Key::List => {
                    params.list = self.list(table, key.name());
                    if measure.in_lower_case {
                        self.lower_case(table, &params.list, &name);
                    }
                }
                Key::Except => params.except = self.list(table, key.name()),
            }
        }
        let bounds = Bounds(Bounds::NAMES.map(|bound| self.number(table, bound)));
        if bounds.0.iter().all(Option::is_none) {
            let help = format!("give one of `{}`", Bounds::NAMES.join("`, `"));
            self.error("this rule has no bound", table.span.clone(), Some(help));
        }
        Some(Test { measure, params, words, bounds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(toml: &str) -> (String, String, Option<String>) {
        let errors = RuleSet::parse(toml).unwrap_err();
        let error = errors.first().unwrap();
        (error.message.clone(), toml[error.span.clone()].to_owned(), error.help.clone())
    }

    fn with(line: &str) -> String {
        format!("source = \"s\"\n[[rule]]\ndrop = \"d\"\n{line}\n")
    }

    #[test]
    fn nothing_unknown_is_passed_over() {
        let (message, at, help) = fault(&with("measure = \"mean_word_lenght\"\nmin = 1"));
        assert_eq!(message, "there is no measure `mean_word_lenght`");
        assert_eq!((at.as_str(), help.as_deref()), ("\"mean_word_lenght\"", Some("did you mean `mean_word_length`?")));
        let (message, at, help) = fault(&with("measure = \"words\"\nmin = 1\nmx = 2"));
        assert_eq!((message.as_str(), at.as_str()), ("there is no key `mx` here", "mx"));
        assert!(help.is_some());
        assert_eq!(fault(&with("measure = \"words\"\nmin = 1\nn = 2")).1, "n");
        assert_eq!(fault("source = \"s\"\n[[rules]]\n").2.as_deref(), Some("did you mean `rule`?"));
        assert_eq!(fault("source = \"s\"\n[[line]]\ncut = \"citation\"").2.as_deref(), Some("did you mean `citations`?"));
    }

    #[test]
    fn what_is_wanted_must_be_there() {
        assert_eq!(fault(&with("measure = \"words\"")).0, "this rule has no bound");
        assert_eq!(fault(&with("min = 1")).0, "`measure` is missing");
        assert_eq!(fault(&with("measure = \"top_ngram_char_share\"\nmax = 1")).0, "measure `top_ngram_char_share` wants `n`");
        assert_eq!(fault(&with("measure = \"words\"\nmin = \"1\"")).1, "\"1\"");
        assert_eq!(fault(&with("measure = \"listed_phrases\"\nlist = []\nmax = 1")).0, "`list` is neither the path of a list nor a list of texts");
        assert_eq!(fault("source = \"s\"").0, "the set has no rules");
        assert_eq!(fault("source = ").1, "");
        let twice = with("measure = \"words\"\nmin = 1\n[[rule]]\ndrop = \"d\"\nmeasure = \"words\"\nmax = 9");
        assert_eq!(fault(&twice).0, "there are two rules `d`");
    }

    #[test]
    fn lists_are_read_by_path() {
        let toml = with("measure = \"listed_phrases\"\nlist = \"words/x.txt\"\nmax = 1");
        assert!(fault(&toml).0.starts_with("cannot read the list `words/x.txt`"));
        let mut asked = Vec::new();
        let set = RuleSet::parse_with(&toml, &mut |path| {
            asked.push(path.to_owned());
            Ok("# c\na\n".into())
        });
        assert!(set.is_ok());
        assert_eq!(asked, ["words/x.txt"]);
    }
}
