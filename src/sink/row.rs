//! What the sinks of documents share: the columns that `fields` chooses.

use std::path::{Component, Path};

use serde_json::Value as Json;

use crate::doc::{Doc, Kind, TagTable};
use crate::stage::{Complaint, Spec};

/// One column of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Url,
    Text,
    Html,
    Tokens,
    Verdicts,
    Tag {
        name: String,
        slot: usize,
        kind: Kind,
    },
    /// A column of the input.
    Extra(String),
}

impl Column {
    /// The column of that name. A tag goes before a column of the input.
    pub fn of(name: &str, tags: &TagTable) -> Self {
        match name {
            "id" => Self::Id,
            "url" => Self::Url,
            "text" => Self::Text,
            "html" => Self::Html,
            "tokens" => Self::Tokens,
            "verdicts" => Self::Verdicts,
            _ => match tags.iter().enumerate().find(|(_, (known, _))| *known == name) {
                Some((slot, (_, kind))) => Self::Tag { name: name.to_owned(), slot, kind },
                None => Self::Extra(name.to_owned()),
            },
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::Url => "url",
            Self::Text => "text",
            Self::Html => "html",
            Self::Tokens => "tokens",
            Self::Verdicts => "verdicts",
            Self::Tag { name, .. } | Self::Extra(name) => name,
        }
    }

    /// Its value; null where the document has none. Bytes of a page that are not UTF-8 become replacement characters.
    pub fn value(&self, doc: &Doc) -> Json {
        match self {
            Self::Id => doc.name_json(),
            Self::Url => doc.url.as_deref().into(),
            Self::Text => doc.has_text().then(|| doc.text()).into(),
            Self::Html => doc.html.as_ref().map(|html| String::from_utf8_lossy(&html.bytes).into_owned()).into(),
            Self::Tokens => doc.tokens.as_ref().map(|tokens| tokens.ids.clone()).into(),
            Self::Verdicts => serde_json::to_value(&doc.findings).unwrap_or_default(),
            Self::Tag { slot, .. } => {
                let value = doc.tags().find(|(at, _)| at == slot);
                value.and_then(|(_, value)| serde_json::to_value(value).ok()).unwrap_or_default()
            }
            Self::Extra(name) => doc.extra.get(name).cloned().unwrap_or_default(),
        }
    }
}

/// What chosen fields need of the stages before.
pub(super) fn spec(fields: Option<&[String]>) -> Spec {
    let needed = |name: &&String| matches!(name.as_str(), "text" | "tokens");
    fields.unwrap_or_default().iter().filter(needed).fold(Spec::new(), |spec, name| spec.needs(name))
}

/// A field is written once, and a folder lies inside the output directory.
pub(super) fn check(fields: Option<&[String]>, folder: Option<&str>) -> Result<(), Vec<Complaint>> {
    let mut complaints = Vec::new();
    let fields = fields.unwrap_or_default();
    for (at, name) in fields.iter().enumerate() {
        if fields[..at].contains(name) {
            complaints.push(Complaint::new("fields", format!("`{name}` is named twice"), "name each field once"));
        }
    }
    if let Some(folder) = folder {
        let inside = Path::new(folder).components().all(|part| matches!(part, Component::Normal(_)));
        if folder.is_empty() || !inside {
            let help = "write a name as \"docs\"; it lies inside the output directory";
            complaints.push(Complaint::new("folder", format!("`{folder}` is no folder inside the output directory"), help));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_twice_and_folders_outside_are_complained_of() {
        let fields = ["id".to_owned(), "id".to_owned()];
        assert_eq!(check(Some(&fields), Some("../x")).unwrap_err().iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["fields", "folder"]);
        assert!(check(None, Some("a/b")).is_ok() && check(None, Some("/a")).is_err());
    }
}
