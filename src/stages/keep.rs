//! Who stays of documents that are alike: the key `keep` of every deduplication of whole documents.

use glob::Pattern;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use crate::dedup::rank;
use crate::doc::{Doc, Kind, Tag};
use crate::stage::{Complaint, Shop, Split};

const RULES: &str =
    "\"first\", \"last\", \"longest\", \"newest\", \"highest:TAG\", \"none\", { newest = \"column:NAME\" } or { source_priority = [\"NAME\", ...] }";

/// The key as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A rule by its name.
    Named(String),
    /// The newest by a field.
    Newest(String),
    /// Names or globs of sources, the best first, and the field that holds a document's source.
    SourcePriority(Vec<String>, String),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    newest: Option<String>,
    source_priority: Option<Vec<String>>,
    of: Option<String>,
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keep, D::Error> {
        struct Rule;
        impl<'de> Visitor<'de> for Rule {
            type Value = Keep;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(RULES)
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Keep, E> {
                Ok(Keep::Named(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keep, A::Error> {
                match Written::deserialize(MapAccessDeserializer::new(map))? {
                    Written { newest: Some(field), source_priority: None, of: None } => Ok(Keep::Newest(field)),
                    Written { newest: None, source_priority: Some(sources), of } => Ok(Keep::SourcePriority(sources, of.unwrap_or_else(|| "file".to_owned()))),
                    _ => Err(de::Error::custom("wanted either `newest`, or `source_priority` with or without `of`")),
                }
            }
        }
        deserializer.deserialize_any(Rule)
    }
}

impl Default for Keep {
    fn default() -> Keep {
        Keep::Named("first".to_owned())
    }
}

/// The rule, ready to rank documents.
#[derive(Debug)]
pub enum Survivor {
    /// In input order.
    First,
    /// Against input order.
    Last,
    /// The longest text.
    Longest,
    /// The latest date in a field.
    Newest(Field),
    /// The highest whole number.
    HighestInt(Tag<i64>),
    /// The highest number.
    HighestFloat(Tag<f64>),
    /// The first source in a list; ranks of splits where the source is the file.
    Source(Vec<Pattern>, Field, Vec<u64>),
    /// Nobody.
    None,
}

/// A value of a document.
#[derive(Debug)]
pub enum Field {
    /// The file it was read from.
    File,
    /// Its URL.
    Url,
    /// Its id.
    Id,
    /// A column of the input that no stage knows.
    Column(String),
    /// A text.
    Str(Tag<String>),
    /// True or false.
    Bool(Tag<bool>),
    /// A whole number.
    Int(Tag<i64>),
    /// A number.
    Float(Tag<f64>),
}

/// The tag of that name, whatever its kind.
pub fn tag(shop: &mut Shop<'_>, name: &str, key: &str) -> Result<Field, Complaint> {
    let found = match shop.tags.declare::<f64>(name) {
        Ok(tag) => Ok(Field::Float(tag)),
        Err(Kind::Int) => shop.tags.declare(name).map(Field::Int),
        Err(Kind::Bool) => shop.tags.declare(name).map(Field::Bool),
        Err(Kind::Str) => shop.tags.declare(name).map(Field::Str),
        Err(kind) => Err(kind),
    };
    found.map_err(|_| Complaint::new(key, format!("tag `{name}` holds lists"), "name a tag that holds one value"))
}

fn field(shop: &mut Shop<'_>, written: &str) -> Result<Field, Complaint> {
    match (written, written.split_once(':')) {
        ("file", _) => Ok(Field::File),
        ("url", _) => Ok(Field::Url),
        ("id", _) => Ok(Field::Id),
        (_, Some(("column", name))) => Ok(Field::Column(name.to_owned())),
        (_, Some(("tag", name))) => tag(shop, name, "keep"),
        _ => Err(Complaint::new("keep", format!("`{written}` names no field"), "give \"column:NAME\", \"tag:NAME\", \"url\", \"id\" or \"file\"")),
    }
}

impl Keep {
    /// Fields and tags that the rule reads.
    pub fn needs(&self) -> Option<String> {
        let of = match self {
            Keep::Named(name) if name == "longest" => return Some("text".to_owned()),
            Keep::Named(name) => return name.strip_prefix("highest:").map(str::to_owned),
            Keep::Newest(field) | Keep::SourcePriority(_, field) => field,
        };
        of.strip_prefix("tag:").or((of == "url").then_some("url")).map(str::to_owned)
    }

    /// The rule.
    pub fn build(&self, shop: &mut Shop<'_>) -> Result<Survivor, Complaint> {
        Ok(match self {
            Keep::Named(name) => match (name.as_str(), name.strip_prefix("highest:")) {
                ("first", _) => Survivor::First,
                ("last", _) => Survivor::Last,
                ("longest", _) => Survivor::Longest,
                ("newest", _) => Survivor::Newest(Field::Column("date".to_owned())),
                ("none", _) => Survivor::None,
                (_, Some(name)) => match tag(shop, name, "keep")? {
                    Field::Int(tag) => Survivor::HighestInt(tag),
                    Field::Float(tag) => Survivor::HighestFloat(tag),
                    _ => return Err(Complaint::new("keep", format!("tag `{name}` is not a number"), "name a tag that holds numbers")),
                },
                _ => return Err(Complaint::new("keep", format!("`{name}` is no rule for who stays"), format!("give {RULES}"))),
            },
            Keep::Newest(written) => Survivor::Newest(field(shop, written)?),
            Keep::SourcePriority(sources, of) => {
                let wrong = |source: &str, error: glob::PatternError| {
                    Complaint::new("keep", format!("`{source}` is no name or glob: {error}"), "write `*` for any characters, `?` for one, `[*]` for a star")
                };
                let patterns = sources.iter().map(|source| Pattern::new(source).map_err(|error| wrong(source, error))).collect::<Result<Vec<_>, _>>()?;
                if patterns.is_empty() {
                    return Err(Complaint::new("keep", "`source_priority` lists nothing", "name sources, the best first"));
                }
                Survivor::Source(patterns, field(shop, of)?, Vec::new())
            }
        })
    }
}

impl Survivor {
    /// True where the rank is not the same for all, so that input order alone does not say who stays.
    pub fn ranks(&self) -> bool {
        !matches!(self, Survivor::First | Survivor::None)
    }

    /// Learns of which files the splits are.
    pub fn learn(&mut self, splits: &[Split]) {
        if let Survivor::Source(patterns, Field::File, ranks) = self {
            *ranks = splits.iter().map(|split| split.files.first().map_or(rank::LAST, |file| priority(patterns, file))).collect();
        }
    }

    /// Small for whoever is to stay.
    pub fn rank(&self, doc: &Doc) -> u64 {
        match self {
            Survivor::First | Survivor::None => 0,
            Survivor::Last => !u64::from_be_bytes(doc.id().to_bytes()),
            Survivor::Longest => rank::longest(doc.text().len()),
            Survivor::Newest(field) => field.rank_by(doc, rank::newest, |seconds| rank::highest_int((seconds * 1e6) as i64)),
            Survivor::HighestInt(tag) => doc.tag(*tag).map_or(rank::LAST, rank::highest_int),
            Survivor::HighestFloat(tag) => doc.tag(*tag).map_or(rank::LAST, rank::highest),
            Survivor::Source(_, Field::File, ranks) => ranks.get(doc.id().split as usize).copied().unwrap_or(rank::LAST),
            Survivor::Source(patterns, field, _) => field.rank_by(doc, |text| priority(patterns, text), |number| priority(patterns, &number.to_string())),
        }
    }
}

/// Place in the list of the first entry that matches; a file's name alone may match, too.
fn priority(patterns: &[Pattern], source: &str) -> u64 {
    let name = source.rsplit('/').next().unwrap_or(source);
    patterns.iter().position(|pattern| pattern.matches(source) || pattern.matches(name)).map_or(rank::LAST, |place| place as u64)
}

impl Field {
    /// The value as a text, if the document has one.
    pub fn value(&self, doc: &Doc) -> Option<String> {
        match self {
            Field::File => None,
            Field::Url => doc.url.clone(),
            Field::Id => Some(doc.name().into_owned()),
            Field::Column(name) => doc.extra.get(name).filter(|value| !value.is_null()).map(ToString::to_string),
            Field::Str(tag) => doc.tag(*tag).map(str::to_owned),
            Field::Bool(tag) => doc.tag(*tag).map(|value| value.to_string()),
            Field::Int(tag) => doc.tag(*tag).map(|value| value.to_string()),
            Field::Float(tag) => doc.tag(*tag).map(|value| value.to_string()),
        }
    }

    fn rank_by(&self, doc: &Doc, of_text: impl Fn(&str) -> u64, of_number: impl Fn(f64) -> u64) -> u64 {
        let text = |text: Option<&str>| text.map_or(rank::LAST, &of_text);
        match self {
            Field::File => rank::LAST,
            Field::Url => text(doc.url.as_deref()),
            Field::Id => of_text(&doc.name()),
            Field::Column(name) => match doc.extra.get(name) {
                Some(serde_json::Value::String(value)) => of_text(value),
                Some(serde_json::Value::Number(value)) => value.as_f64().map_or(rank::LAST, of_number),
                _ => rank::LAST,
            },
            Field::Str(tag) => text(doc.tag(*tag)),
            Field::Bool(tag) => text(doc.tag(*tag).map(|value| if value { "true" } else { "false" })),
            Field::Int(tag) => doc.tag(*tag).map_or(rank::LAST, |value| of_number(value as f64)),
            Field::Float(tag) => doc.tag(*tag).filter(|value| !value.is_nan()).map_or(rank::LAST, of_number),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::doc::{DocId, TagTable};

    #[derive(serde::Deserialize)]
    struct Table {
        keep: Keep,
    }

    fn made(toml: &str) -> Result<Survivor, String> {
        let table: Table = toml::from_str(toml).map_err(|error| error.to_string())?;
        let (mut tags, mut files) = (TagTable::default(), BTreeSet::new());
        let quality = tags.declare::<i64>("quality").map_err(|kind| format!("{kind:?}"))?;
        assert_eq!(Doc::default().tag(quality), None);
        let mut shop = Shop { stage: "x", seed: 1, tags: &mut tags, reasons: Vec::new(), files: &mut files };
        table.keep.build(&mut shop).map_err(|complaint| complaint.message)
    }

    /// Numbers of the documents, those first that stay before the others.
    fn order(rule: &str, docs: &mut [Doc]) -> Vec<usize> {
        let mut survivor = made(rule).unwrap();
        let split = |file: &str| Split { files: vec![file.to_owned()], start: 0, end: None, bytes: 1 };
        survivor.learn(&[split("crawl/a.jsonl"), split("books/b.jsonl"), split("wiki/c.jsonl")]);
        docs.iter_mut().enumerate().for_each(|(number, doc)| doc.place(DocId { split: number as u32, ordinal: 0 }));
        let mut order: Vec<usize> = (0..docs.len()).collect();
        order.sort_by_key(|number| (survivor.rank(&docs[*number]), *number));
        order
    }

    #[test]
    fn each_rule_puts_documents_in_its_order() {
        let page = |url: &str, text: &str, date: serde_json::Value| {
            let mut doc = Doc::new(None, Some(url.to_owned()), None, Some(text.to_owned()));
            doc.extra.insert("date".into(), date);
            doc
        };
        let mut docs = [
            page("http://x.example/", "long text", "2023-01-01T00:30:00+01:00".into()),
            page("http://en.wiki.example/", "x", serde_json::Value::Null),
            page("http://y.example/", "text", "2022-12-31T23:45:00Z".into()),
        ];
        assert_eq!(order("keep = 'first'", &mut docs), [0, 1, 2]);
        assert_eq!(order("keep = 'none'", &mut docs), [0, 1, 2]);
        assert_eq!(order("keep = 'last'", &mut docs), [2, 1, 0]);
        assert_eq!(order("keep = 'longest'", &mut docs), [0, 2, 1]);
        assert_eq!(order("keep = 'newest'", &mut docs), [2, 0, 1], "an hour and a quarter apart in spite of the zones");
        assert_eq!(order("keep = { newest = 'column:other' }", &mut docs), [0, 1, 2]);
        assert_eq!(order("keep = 'highest:quality'", &mut docs), [0, 1, 2]);
        assert_eq!(order("keep = { source_priority = ['books/*', 'c.jsonl'] }", &mut docs), [1, 2, 0]);
        assert_eq!(order("keep = { source_priority = ['*.wiki.example*', '*y.*'], of = 'url' }", &mut docs), [1, 2, 0]);
        docs[0].extra["date"] = 1_700_000_000.into();
        assert_eq!(order("keep = 'newest'", &mut docs), [0, 2, 1], "numbers are seconds");
    }

    #[test]
    fn wrong_rules_are_refused() {
        assert!(made("keep = 'best'").is_err_and(|said| said.contains("`best` is no rule")));
        assert!(made("keep = { newest = 'date' }").is_err_and(|said| said.contains("`date` names no field")));
        assert!(made("keep = { source_priority = ['[a'] }").is_err_and(|said| said.contains("no name or glob")));
        assert!(made("keep = { source_priority = [] }").is_err_and(|said| said.contains("lists nothing")));
        assert!(made("keep = { of = 'url' }").is_err_and(|said| said.contains("wanted either")));
        assert!(made("keep = { longest = true }").is_err());
    }
}
