//! Which columns of a table are a document's id, URL, page and text; the rest survive as they are.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::doc::{Doc, Html};
use crate::stage::Complaint;

/// Names of the columns that a document is made of. An empty name reads no column.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// The document's id: a text or a whole number.
    pub id: String,
    /// Where it was fetched.
    pub url: String,
    /// The page as HTML.
    pub html: String,
    /// The text.
    pub text: String,
}

impl Default for Fields {
    fn default() -> Self {
        let [id, url, html, text] = ["id", "url", "html", "text"].map(str::to_owned);
        Self { id, url, html, text }
    }
}

/// How the rows of a table become documents.
pub trait Rows: Send + Sync {
    /// The column whose bytes are a page; empty where there is none.
    fn page(&self) -> &str;

    /// The document of a row, and of a page that is bytes; else the reason and what was found, in words.
    fn read(&self, row: Map<String, Value>, page: Option<Html>) -> Result<Doc, (&'static str, String)>;
}

impl Rows for Fields {
    fn page(&self) -> &str {
        &self.html
    }

    fn read(&self, row: Map<String, Value>, page: Option<Html>) -> Result<Doc, (&'static str, String)> {
        self.document(row, page).map_err(|unfit| (unfit.reason(), unfit.detail(self)))
    }
}

/// Why a row makes no document.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A column holds another type than its field wants.
    WrongType {
        /// The column.
        column: String,
        /// What it holds.
        found: &'static str,
    },
    /// The row has neither a page nor a text.
    NoContent {
        /// The columns that it has, the first of them.
        columns: Vec<String>,
    },
}

/// Columns that a message names.
const NAMED: usize = 8;

impl Unfit {
    /// The name that reports use.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::WrongType { .. } => "wrong_type",
            Self::NoContent { .. } => "missing_field",
        }
    }

    /// What was found, for a person.
    pub fn detail(&self, fields: &Fields) -> String {
        match self {
            Self::WrongType { column, found } => format!("column `{column}` holds {found}"),
            Self::NoContent { columns } if columns.is_empty() => format!("neither `{}` nor `{}` holds a text: the row is empty", fields.html, fields.text),
            Self::NoContent { columns } => {
                format!("neither `{}` nor `{}` holds a text: the row has `{}`", fields.html, fields.text, columns.join("`, `"))
            }
        }
    }
}

impl Fields {
    /// Fields of two meanings must not share a column.
    pub fn check(&self) -> Result<(), Vec<Complaint>> {
        let named = self.named();
        for (at, (key, column)) in named.iter().enumerate() {
            if let Some((other, _)) = named[..at].iter().find(|(_, name)| name == column) {
                let message = format!("column `{column}` is already read as {other}");
                return Err(Complaint::new(format!("fields.{key}"), message, "name another column, or \"\" for none").into());
            }
        }
        if self.html.is_empty() && self.text.is_empty() {
            return Err(Complaint::new("fields", "neither `html` nor `text` is read", "name the column of one of them").into());
        }
        Ok(())
    }

    /// The fields that are read, with their columns.
    pub fn named(&self) -> Vec<(&'static str, &str)> {
        let all = [("id", &self.id), ("url", &self.url), ("html", &self.html), ("text", &self.text)];
        all.into_iter().filter(|(_, column)| !column.is_empty()).map(|(key, column)| (key, column.as_str())).collect()
    }

    /// Columns of a file: those that were named by the user must be among them, and one of `html` and `text` in any case.
    pub fn stand_in(&self, path: &Path, columns: &[String]) -> Result<(), Complaint> {
        let has = |column: &str| columns.iter().any(|known| known == column);
        let help = || format!("the file has {}", columns.join(", "));
        for (key, column) in self.named() {
            if column != key && !has(column) {
                let message = format!("`{}` has no column `{column}`", path.display());
                return Err(Complaint::new(format!("fields.{key}"), message, help()));
            }
        }
        if !has(&self.html) && !has(&self.text) {
            let message = format!("`{}` has neither a column `{}` nor `{}`", path.display(), self.html, self.text);
            return Err(Complaint::new("fields", message, help()));
        }
        Ok(())
    }

    /// Makes a document of a row, and of a page that is bytes. A column that is missing or null is an absent field.
    pub fn document(&self, mut row: Map<String, Value>, page: Option<Html>) -> Result<Doc, Unfit> {
        if [&self.html, &self.text].into_iter().all(|name| name.is_empty() || row.get(name).is_none_or(Value::is_null)) && page.is_none() {
            return Err(Unfit::NoContent { columns: row.keys().take(NAMED).cloned().collect() });
        }
        let (id, is_number) = match row.get(&self.id) {
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                let id = number.to_string();
                row.shift_remove(&self.id);
                (Some(id), true)
            }
            _ => (take_text(&mut row, &self.id)?, false),
        };
        let url = take_text(&mut row, &self.url)?;
        // A page inside a table is text already, whatever encoding its markup names.
        let html =
            take_text(&mut row, &self.html)?.map(|page| Html { bytes: page.into_bytes(), content_type: Some("text/html; charset=utf-8".to_owned()) }).or(page);
        let text = take_text(&mut row, &self.text)?;
        let mut doc = Doc::new(id, url, html, text);
        if is_number {
            doc = doc.with_number_for_name();
        }
        doc.extra = row;
        Ok(doc)
    }
}

fn take_text(row: &mut Map<String, Value>, column: &str) -> Result<Option<String>, Unfit> {
    if column.is_empty() {
        return Ok(None);
    }
    match row.shift_remove(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Unfit::WrongType { column: column.to_owned(), found: type_name(&other) }),
    }
}

/// What kind of JSON value it is, for messages.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(row: Value) -> Result<Doc, Unfit> {
        let Value::Object(row) = row else { panic!("not a row") };
        Fields::default().document(row, None)
    }

    #[test]
    fn fields_are_taken_and_the_rest_survives_in_order() {
        let doc = document(json!({"z": 1, "id": 7, "text": "t", "a": [null], "url": null})).unwrap();
        assert_eq!((doc.name().as_ref(), doc.url.as_deref(), doc.text()), ("7", None, "t"));
        assert_eq!(doc.name_json(), serde_json::json!(7));
        assert_eq!(serde_json::to_string(&doc.extra).unwrap(), r#"{"z":1,"a":[null]}"#);
    }

    #[test]
    fn rows_that_make_no_document_say_why() {
        let unfit = document(json!({"text": 5})).unwrap_err();
        assert_eq!((unfit.reason(), unfit.detail(&Fields::default()).as_str()), ("wrong_type", "column `text` holds a number"));
        let unfit = document(json!({"text": null, "body": "x"})).unwrap_err();
        assert_eq!(unfit.detail(&Fields::default()), "neither `html` nor `text` holds a text: the row has `text`, `body`");
        assert_eq!(document(json!({"text": "t", "id": 1.5})).unwrap_err().reason(), "wrong_type");
    }

    #[test]
    fn a_column_has_one_meaning() {
        let fields: Fields = toml::from_str("text = \"html\"").unwrap();
        assert_eq!(fields.check().unwrap_err()[0].key, "fields.text");
        assert!(toml::from_str::<Fields>("txt = \"a\"").is_err());
        let none: Fields = toml::from_str("text = \"\"\nhtml = \"\"").unwrap();
        assert_eq!(none.check().unwrap_err()[0].key, "fields");
    }

    #[test]
    fn a_missing_column_is_named_with_those_there_are() {
        let columns = ["body".to_owned()];
        let complaint = Fields::default().stand_in(Path::new("x"), &columns).unwrap_err();
        assert_eq!((complaint.key.as_str(), complaint.help.as_str()), ("fields", "the file has body"));
        let fields: Fields = toml::from_str("text = \"body\"\nurl = \"link\"").unwrap();
        let complaint = fields.stand_in(Path::new("x"), &columns).unwrap_err();
        assert_eq!((complaint.key.as_str(), complaint.message.as_str()), ("fields.url", "`x` has no column `link`"));
    }
}
