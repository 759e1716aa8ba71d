//! Typed values out of a rule file's tables; what does not fit is an error with its place.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{RuleError, languages::STOP_WORDS, nearest::suggest};
use crate::measures::List;

/// Reads the list file at a path, or says why not.
pub type ReadList<'r> = dyn FnMut(&str) -> Result<String, String> + 'r;

/// A table's entries by key, and its place.
pub struct Table<'t> {
    pub entries: BTreeMap<&'t str, (Range<usize>, &'t Spanned<DeValue<'t>>)>,
    pub span: Range<usize>,
}

impl<'t> Table<'t> {
    pub fn new(table: &'t DeTable<'t>, span: Range<usize>) -> Self {
        Self { entries: table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value))).collect(), span }
    }

    pub fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// Where its first entry stands.
    pub fn start(&self) -> usize {
        self.entries.values().map(|(span, _)| span.start).min().unwrap_or(self.span.start)
    }
}

/// Reads tables, and gathers what is wrong with them.
pub struct Reader<'r, 'f> {
    pub read: &'r mut ReadList<'f>,
    pub errors: Vec<RuleError>,
    /// Whether a rule wants the stop words of a language, which may be none.
    pub wants_stop_words: bool,
}

impl<'r, 'f> Reader<'r, 'f> {
    pub fn new(read: &'r mut ReadList<'f>) -> Self {
        Self { read, errors: Vec::new(), wants_stop_words: false }
    }
}

impl Reader<'_, '_> {
    /// Notes a fault.
    pub fn error(&mut self, message: impl Into<String>, span: Range<usize>, help: Option<String>) {
        self.errors.push(RuleError::new(message, span).help(help));
    }

    /// Reports every key of `table` that is not `known`.
    pub fn only(&mut self, table: &Table, known: &[&str]) {
        for (key, (span, _)) in &table.entries {
            if !known.contains(key) {
                self.error(format!("there is no key `{key}` here"), span.clone(), suggest(key, known.iter().copied()));
            }
        }
    }

    /// The table or tables at `key`, with the place of each.
    pub fn tables<'t>(&mut self, table: &Table<'t>, key: &str) -> Vec<(usize, Table<'t>)> {
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
                _ => self.error(format!("`{key}` is not a list of tables"), item.span(), Some(format!("write `[[{key}]]`"))),
            }
        }
        tables
    }

    /// The string at `key`.
    pub fn string(&mut self, table: &Table, key: &str, wanted: bool) -> Option<String> {
        match table.get(key) {
            Some(value) => match value.get_ref() {
                DeValue::String(text) if !text.is_empty() => return Some(text.to_string()),
                _ => self.error(format!("`{key}` is not a text, or is empty"), value.span(), Some(format!("write `{key} = \"...\"`"))),
            },
            None if wanted => self.error(format!("`{key}` is missing"), table.span.clone(), Some(format!("add `{key} = \"...\"`"))),
            None => {}
        }
        None
    }

    /// The switch at `key`, off where there is none.
    pub fn boolean(&mut self, table: &Table, key: &str) -> bool {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::Boolean(on), _)) => *on,
            Some((_, span)) => {
                self.error(format!("`{key}` is neither true nor false"), span, Some(format!("write `{key} = true`, or leave it out")));
                false
            }
            None => false,
        }
    }

    /// What the name at `key` stands for among `choices`.
    pub fn choice<T: Copy>(&mut self, table: &Table, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let name = self.string(table, key, false)?;
        let found = choices.iter().find(|(known, _)| *known == name).map(|(_, choice)| *choice);
        if found.is_none() {
            let span = table.get(key).map_or(table.span.clone(), Spanned::span);
            let help = suggest(&name, choices.iter().map(|(known, _)| *known));
            self.error(format!("there is no `{name}` for `{key}`"), span, help);
        }
        found
    }

    /// The finite number at `key`.
    pub fn number(&mut self, table: &Table, key: &str) -> Option<f64> {
        let value = table.get(key)?;
        let digits = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number = digits.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.error(format!("`{key}` is not a number"), value.span(), Some(format!("write `{key} = 3` or `{key} = 0.5`")));
        }
        number
    }

    /// The whole number from 1 on at `key`.
    pub fn count(&mut self, table: &Table, key: &str) -> usize {
        let number = self.number(table, key).unwrap_or(1.0);
        if number.fract() != 0.0 || !(1.0..=1e6).contains(&number) {
            let span = table.get(key).map_or(table.span.clone(), Spanned::span);
            self.error(format!("`{key}` is not a whole number from 1 on"), span, Some(format!("write `{key} = 3`")));
        }
        number as usize
    }

    /// The list at `key`, or in the file that it names.
    pub fn list(&mut self, table: &Table, key: &str) -> List {
        let Some(value) = table.get(key) else {
            return List::default();
        };
        let list = match value.get_ref() {
            DeValue::String(path) => match (self.read)(path) {
                Ok(text) => List::parse(&text),
                Err(why) => {
                    let help = "its path is taken from the folder of the rule file";
                    self.error(format!("cannot read the list `{path}`: {why}"), value.span(), Some(help.into()));
                    return List::default();
                }
            },
            DeValue::Array(items) => {
                let all_strings = items.iter().all(|item| item.get_ref().is_str());
                let items = items.iter().filter_map(|item| item.get_ref().as_str());
                if all_strings { List::new(items.map(str::to_owned)) } else { List::default() }
            }
            _ => List::default(),
        };
        if value.get_ref().as_str() == Some(STOP_WORDS) {
            self.wants_stop_words = true;
        } else if list.is_empty() {
            self.error(format!("`{key}` is neither the path of a list nor a list of texts"), value.span(), Some(format!("write `{key} = [\"...\"]`")));
        }
        list
    }
}
