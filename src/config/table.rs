//! One table of the file: keys with their places, checked against the struct they fill.

use std::ops::Range;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::misfit::plainly;
use super::problem::{Problem, suggestion};

/// A table with the place of every key and value.
#[derive(Clone, Debug)]
pub struct Table {
    /// How messages name it: "`[run]`", "stage `rules`".
    pub title: String,
    /// Place of the table's header.
    pub span: Range<usize>,
    pub(super) entries: DeTable<'static>,
}

impl Table {
    /// A table over parsed entries.
    pub(super) fn new(title: String, span: Range<usize>, entries: DeTable<'static>) -> Table {
        Table { title, span, entries }
    }

    /// Place of the value under a dotted key, or of the nearest part of it that exists; else of the table.
    pub fn place(&self, key: &str) -> Range<usize> {
        let mut place = self.span.clone();
        let mut table = Some(&self.entries);
        for part in key.split('.').filter(|part| !part.is_empty()) {
            let Some(value) = table.and_then(|table| table.get(part)) else { break };
            place = value.span();
            table = value.get_ref().as_table();
        }
        place
    }

    /// The keys as written, in file order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.iter().map(|(key, _)| (key.span().start, key.get_ref().to_string())).collect();
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The value of one key.
    pub fn value<T: DeserializeOwned>(&self, key: &str) -> Result<T, Problem> {
        let value = self.entries.get(key).cloned().ok_or_else(|| Problem::at(self.span.clone(), format!("{} lacks the key `{key}`", self.title), ""))?;
        let span = value.span();
        let misfit = |error: toml::de::Error| {
            Problem::at(error.span().unwrap_or(span), format!("`{key}` of {} does not fit", self.title), plainly(error.message().trim()))
        };
        T::deserialize(ValueDeserializer::from(value)).map_err(misfit)
    }

    /// Sets a key to a text, as if the user had written it.
    pub fn set_text(&mut self, key: &str, text: &str) {
        let span = self.place(key);
        self.entries.remove(key);
        self.entries.insert(Spanned::new(span.clone(), key.to_owned().into()), Spanned::new(span, DeValue::String(text.to_owned().into())));
    }

    /// Removes a key and gives its text, if it is one.
    pub(super) fn take_str(&mut self, key: &str) -> Result<Option<(String, Range<usize>)>, Problem> {
        let Some(value) = self.entries.remove(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some((text.to_owned(), value.span()))),
            None => Err(Problem::at(value.span(), format!("`{key}` of {} is not a text", self.title), "write it in quotes")),
        }
    }

    /// Fills a struct, or says every unknown key and the first value that does not fit.
    pub fn fill<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let known = fields_of::<T>();
        let mut problems = Vec::new();
        let mut entries = self.entries.clone();
        if let Some(known) = known {
            let unknown: Vec<_> = self.entries.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())).map(|(key, _)| key.clone()).collect();
            for key in unknown {
                let name = key.get_ref().as_ref();
                problems.push(Problem::at(key.span(), format!("{} has no key `{name}`", self.title), suggestion(name, known.iter().copied())));
                entries.remove(name);
            }
        }
        let value = Spanned::new(self.span.clone(), DeValue::Table(entries));
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(filled) if problems.is_empty() => Ok(filled),
            Ok(_) => Err(problems),
            Err(error) => {
                problems.push(self.misfit(&error));
                Err(problems)
            }
        }
    }

    /// Serde's complaint, in our words.
    fn misfit(&self, error: &toml::de::Error) -> Problem {
        let span = error.span().unwrap_or_else(|| self.span.clone());
        let said = error.message().trim().to_owned();
        if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            let span = self.span.clone();
            return Problem::at(span, format!("{} lacks the key `{field}`", self.title), format!("add `{field} = ...` below this line"));
        }
        let key = self.entries.iter().find(|(_, value)| value.span().start <= span.start && span.end <= value.span().end).map(|(key, _)| key.get_ref());
        let message = match key {
            Some(key) => format!("`{key}` of {} does not fit", self.title),
            None => format!("{} does not fit", self.title),
        };
        Problem::at(span, message, plainly(&said))
    }

    /// A canonical text of the content: keys sorted, places and comments gone; equal texts mean equal settings.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        write_table(&self.entries, &mut out);
        out
    }

    /// The same, but for one key.
    pub fn canonical_without(&self, key: &str) -> String {
        let mut other = self.clone();
        other.entries.remove(key);
        other.canonical()
    }
}

fn write_table(table: &DeTable<'_>, out: &mut String) {
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by(|a, b| a.0.get_ref().cmp(b.0.get_ref()));
    out.push('{');
    for (key, value) in keys {
        out.push_str(&format!("{:?}=", key.get_ref()));
        write_value(value.get_ref(), out);
        out.push(';');
    }
    out.push('}');
}

fn write_value(value: &DeValue<'_>, out: &mut String) {
    match value {
        DeValue::Table(table) => write_table(table, out),
        DeValue::Array(array) => {
            out.push('[');
            for item in array.iter() {
                write_value(item.get_ref(), out);
                out.push(';');
            }
            out.push(']');
        }
        DeValue::String(text) => out.push_str(&format!("{text:?}")),
        DeValue::Integer(number) => out.push_str(&number.to_string()),
        DeValue::Float(number) => out.push_str(&number.to_string()),
        DeValue::Boolean(truth) => out.push_str(&truth.to_string()),
        DeValue::Datetime(date) => out.push_str(&date.to_string()),
    }
}

/// The field names that a struct's derived `Deserialize` asks for; `None` where it is not a struct.
pub fn fields_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    struct Probe<'a>(&'a mut Option<&'static [&'static str]>);

    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = de::value::Error;

        fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], _: V) -> Result<V::Value, Self::Error> {
            *self.0 = Some(fields);
            Err(de::Error::custom("probed"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("probed"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields = None;
    let _ = T::deserialize(Probe(&mut fields));
    fields
}
