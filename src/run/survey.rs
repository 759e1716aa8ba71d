//! What a document looks like, for the profile of a run.

use serde_json::Value as Json;

use crate::doc::{Doc, TagTable, Value};
use crate::profile::{Profile, Row};

/// Longer values of text fields are no labels; they count as present and no more.
const LABEL: usize = 64;

/// Counts a document; `tags` names those that stages have left on it.
pub fn survey(doc: &Doc, tags: Option<&TagTable>, profile: &mut Profile) {
    let tokens = doc.tokens.as_ref().map(|tokens| tokens.ids.as_slice());
    profile.add(Row { id: doc.own_name(), text: doc.text(), url: doc.url.as_deref(), tokens });
    if doc.url.is_some() {
        profile.field("url");
    }
    for (slot, value) in doc.tags() {
        let Some(name) = tags.map(|tags| tags.name(slot)) else { continue };
        match value {
            Value::Bool(truth) => profile.name(name, if *truth { "true" } else { "false" }),
            Value::Int(number) => profile.number(name, *number as f64),
            Value::Float(number) => profile.number(name, *number),
            Value::Str(text) => label(profile, name, text),
            Value::List(list) => profile.number(name, list.len() as f64),
        }
        profile.field(name);
    }
    for (name, value) in &doc.extra {
        match value {
            Json::Null => continue,
            Json::Bool(truth) => profile.name(name, if *truth { "true" } else { "false" }),
            Json::Number(number) => profile.number(name, number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => label(profile, name, text),
            Json::Array(_) | Json::Object(_) => {}
        }
        profile.field(name);
    }
}

fn label(profile: &mut Profile, name: &str, text: &str) {
    if text.len() <= LABEL {
        profile.name(name, text);
    }
}
