//! Typed tags: values that stages leave on a document under a name.
//!
//! Names are resolved to slots while the plan is made, so a stage holds a [`Tag<T>`] and a wrong type or an unknown name cannot
//! happen while documents flow.

use std::marker::PhantomData;

/// A value of a tag.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Str(String),
    /// A list of texts.
    List(Vec<String>),
}

/// The kind of a tag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    Str,
    /// A list of texts.
    List,
}

impl Value {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Str(_) => Kind::Str,
            Value::List(_) => Kind::List,
        }
    }
}

/// A Rust type that a tag can hold.
pub trait TagType: Sized {
    /// How it is read.
    type Ref<'a>;
    /// Its kind.
    const KIND: Kind;
    /// Into a stored value.
    fn into_value(self) -> Value;
    /// Out of a stored value.
    fn view(value: &Value) -> Option<Self::Ref<'_>>;
}

macro_rules! tag_type {
    ($rust:ty, $variant:ident, $view:ty, $get:expr) => {
        impl TagType for $rust {
            type Ref<'a> = $view;
            const KIND: Kind = Kind::$variant;
            fn into_value(self) -> Value {
                Value::$variant(self)
            }
            fn view(value: &Value) -> Option<$view> {
                match value {
                    Value::$variant(inner) => Some($get(inner)),
                    _ => None,
                }
            }
        }
    };
}

tag_type!(bool, Bool, bool, |b: &bool| *b);
tag_type!(i64, Int, i64, |n: &i64| *n);
tag_type!(f64, Float, f64, |x: &f64| *x);

impl TagType for String {
    type Ref<'a> = &'a str;
    const KIND: Kind = Kind::Str;
    fn into_value(self) -> Value {
        Value::Str(self)
    }
    fn view(value: &Value) -> Option<&str> {
        match value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl TagType for Vec<String> {
    type Ref<'a> = &'a [String];
    const KIND: Kind = Kind::List;
    fn into_value(self) -> Value {
        Value::List(self)
    }
    fn view(value: &Value) -> Option<&[String]> {
        match value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

/// A resolved tag name.
#[derive(Debug)]
pub struct Tag<T> {
    slot: u16,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Tag<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Tag<T> {}

impl<T> Tag<T> {
    pub(super) fn slot(self) -> usize {
        usize::from(self.slot)
    }
}

/// The names and kinds of all tags of one pipeline, in the order in which stages declared them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TagTable {
    entries: Vec<(String, Kind)>,
}

impl TagTable {
    /// The tag of that name, declared now if it is new. `Err` gives the kind under which it was declared before.
    pub fn declare<T: TagType>(&mut self, name: &str) -> Result<Tag<T>, Kind> {
        let slot = match self.entries.iter().position(|(known, _)| known == name) {
            Some(slot) if self.entries[slot].1 != T::KIND => return Err(self.entries[slot].1),
            Some(slot) => slot,
            None => {
                self.entries.push((name.to_owned(), T::KIND));
                self.entries.len() - 1
            }
        };
        Ok(Tag { slot: slot as u16, kind: PhantomData })
    }

    /// The slot of a name under which values of that kind stand.
    pub(super) fn slot(&self, name: &str, kind: Kind) -> Option<usize> {
        self.entries.iter().position(|(known, of)| known == name && *of == kind)
    }

    /// The name in a slot.
    pub fn name(&self, slot: usize) -> &str {
        self.entries.get(slot).map_or("", |(name, _)| name)
    }

    /// All names with their kinds, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.entries.iter().map(|(name, kind)| (name.as_str(), *kind))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Doc;
    use super::*;

    #[test]
    fn a_tag_has_one_kind() {
        let mut table = TagTable::default();
        let lang = table.declare::<String>("lang").unwrap();
        assert_eq!(table.declare::<f64>("lang").unwrap_err(), Kind::Str);
        let score = table.declare::<f64>("lang_score").unwrap();
        let mut doc = Doc::from_text("x");
        assert_eq!(doc.tag(lang), None);
        doc.set_tag(score, 0.5);
        doc.set_tag(lang, "en".to_owned());
        assert_eq!((doc.tag(lang), doc.tag(score)), (Some("en"), Some(0.5)));
        assert_eq!(doc.tags().map(|(slot, _)| table.name(slot)).collect::<Vec<_>>(), ["lang", "lang_score"]);
    }
}
