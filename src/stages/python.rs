//! Judge and edit texts by a Python function of your own, a batch of documents at a time.
//!
//! This stage runs inside the Python package (`pip install dataprep`): in its command `dataprep`, which is this one, and in `dataprep.run`.
//!
//! ```toml
//! [[stage]]
//! use = "python"
//! call = "my_filters:judge"           # or "filters/judge.py:judge", a file
//! needs = ["text", "url"]
//! gives = { loudness = "float" }
//! reasons = ["shouting"]
//! ```
//!
//! The function gets one Arrow batch, any library's that reads the Arrow C interface (`pyarrow.table(batch)`, `polars.DataFrame(batch)`): a column `id`, and those that
//! `needs` names: `text`, `url`, or tags of earlier stages. It gives one back, of as many rows in the same order, with any of these columns:
//!
//! - `keep`, true or false; nothing is kept. Without it a row is dropped that has a `reason`.
//! - `reason`, one of `reasons`; the first of them where it is null. `value` and `threshold`, numbers: what was measured against what. `detail`, in words.
//! - `text`, the new text; null leaves it as it is.
//! - the tags that `gives` names, each of the type that stands there: "bool", "int", "float", "str" or "list" (of texts).
//!
//! Each row must be judged by itself, since nothing says how documents fall into batches. Threads call the function in turn. The file that holds the function is part of
//! the run's fingerprint, what it imports is not. An error in it stops the run, which goes on from there once it is mended.

mod tags;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use self::tags::AnyTag;
use super::prelude::*;
use crate::doc::Kind;
use crate::stage::RunError;

/// Who runs functions of Python: the Python package, where this is a part of it.
pub trait Interpreter: Send + Sync {
    /// The function that `module:function` or `file.py:function` names.
    ///
    /// # Errors
    /// Where there is none, in a sentence.
    fn find(&self, call: &str) -> std::result::Result<Found, String>;
}

/// A function that was found.
pub struct Found {
    /// It.
    pub function: Box<dyn Function>,
    /// The file that holds it.
    pub file: Option<PathBuf>,
}

/// Takes a batch and gives another.
pub trait Function: Send + Sync {
    /// Called from any thread.
    ///
    /// # Errors
    /// What the function raised, with where.
    fn call(&self, batch: RecordBatch) -> std::result::Result<RecordBatch, String>;
}

static INTERPRETER: OnceLock<Box<dyn Interpreter>> = OnceLock::new();

/// Says who runs functions from now on, in all pipelines of this process. The first to be named stays.
pub fn embed(interpreter: Box<dyn Interpreter>) {
    let _ = INTERPRETER.set(interpreter);
}

/// Which function to call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// `module:function`, or `file.py:function`.
    call: String,
    /// Columns it gets beside `id`: `text`, `url`, tags. Default ["text"].
    #[serde(default = "text")]
    needs: OneOrMany,
    /// Tags it gives, each with its type. Default none.
    #[serde(default)]
    gives: BTreeMap<String, Kind>,
    /// Why it drops documents. Default ["rejected"].
    #[serde(default = "rejected")]
    reasons: OneOrMany,
}

fn text() -> OneOrMany {
    OneOrMany(vec!["text".to_owned()])
}

fn rejected() -> OneOrMany {
    OneOrMany(vec!["rejected".to_owned()])
}

/// Columns of an answer that are not tags.
const ANSWERS: [&str; 6] = ["keep", "reason", "value", "threshold", "detail", "text"];

impl Recipe for Python {
    const NAME: &'static str = "python";

    fn spec(&self) -> Spec {
        let spec = self.needs.0.iter().fold(Spec::new(), Spec::needs);
        let spec = self.gives.keys().fold(spec, Spec::gives);
        self.reasons.0.iter().fold(spec, Spec::reason)
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let Some(interpreter) = INTERPRETER.get() else {
            let help = "`pip install dataprep`, and run this file with the command that comes with it, or with `dataprep.run`";
            return Err(Complaint::new("", "stage `python` needs the Python package: this command has no Python in it", help).into());
        };
        if let Some(name) = self.gives.keys().find(|name| ANSWERS.contains(&name.as_str()) || name.as_str() == "id") {
            return Err(Complaint::new("gives", format!("`{name}` is no tag: the column has a meaning of its own"), "give the tag another name").into());
        }
        let found = interpreter.find(&self.call).map_err(|said| Complaint::new("call", said, "wanted \"module:function\" or \"file.py:function\""))?;
        if let Some(file) = &found.file {
            shop.read("call", file)?;
        }
        let mut columns = Vec::new();
        for name in &self.needs.0 {
            columns.push(match name.as_str() {
                "text" => (name.clone(), Column::Text),
                "url" => (name.clone(), Column::Url),
                tag => {
                    let kind = shop.tag_kind(tag).ok_or_else(|| Complaint::new("needs", format!("`{tag}` is no column"), "one of: text, url, or a tag"))?;
                    (name.clone(), Column::Tag(AnyTag::declare(tag, kind, shop)?))
                }
            });
        }
        let mut gives = Vec::new();
        for (name, kind) in &self.gives {
            gives.push((name.clone(), AnyTag::declare(name, *kind, shop)?));
        }
        let reasons = self.reasons.0.iter().map(|name| (name.clone(), shop.reason(name))).collect();
        Ok(Built::stage(Call { call: self.call, function: found.function, columns, gives, reasons }))
    }
}

enum Column {
    Text,
    Url,
    Tag(AnyTag),
}

struct Call {
    call: String,
    function: Box<dyn Function>,
    columns: Vec<(String, Column)>,
    gives: Vec<(String, AnyTag)>,
    reasons: Vec<(String, Reason)>,
}

impl Stage for Call {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let verdict = self.judge(std::slice::from_mut(doc))?.pop();
        verdict.ok_or_else(|| self.fault("has given no row"))
    }

    fn apply_batch(&self, docs: &mut [Doc], _: &mut Scratch) -> Result<Vec<Verdict>> {
        if docs.is_empty() { Ok(Vec::new()) } else { self.judge(docs) }
    }

    fn batched(&self) -> bool {
        true
    }
}

impl Call {
    fn fault(&self, said: impl std::fmt::Display) -> RunError {
        RunError::stop(format!("`{}` {said}", self.call))
    }

    fn batch(&self, docs: &[Doc]) -> Result<RecordBatch> {
        let texts = |view: fn(&Doc) -> Option<&str>| Arc::new(docs.iter().map(view).collect::<LargeStringArray>()) as ArrayRef;
        let ids = Arc::new(docs.iter().map(|doc| Some(doc.name())).collect::<LargeStringArray>()) as ArrayRef;
        let columns = self.columns.iter().map(|(name, column)| {
            let array = match column {
                Column::Text => texts(|doc| doc.has_text().then(|| doc.text())),
                Column::Url => texts(|doc| doc.url.as_deref()),
                Column::Tag(tag) => tag.column(docs),
            };
            (name.as_str(), array, true)
        });
        RecordBatch::try_from_iter_with_nullable([("id", ids, false)].into_iter().chain(columns)).map_err(RunError::stop)
    }

    fn judge(&self, docs: &mut [Doc]) -> Result<Vec<Verdict>> {
        let answer = self.function.call(self.batch(docs)?).map_err(|said| self.fault(format_args!("has failed:\n{said}")))?;
        if answer.num_rows() != docs.len() {
            return Err(self.fault(format_args!("was given {} rows and gave {}", docs.len(), answer.num_rows())));
        }
        let schema = answer.schema();
        let known = |name: &str| {
            ANSWERS.contains(&name) || name == "id" || self.gives.iter().any(|(tag, _)| tag == name) || self.columns.iter().any(|(column, _)| column == name)
        };
        if let Some(odd) = schema.fields().iter().find(|field| !known(field.name())) {
            return Err(self.fault(format_args!("has given a column `{}`, which `gives` does not list", odd.name())));
        }
        let column = |name: &str, kind: DataType| -> Result<Option<ArrayRef>> {
            let misfit = |error| self.fault(format_args!("has given a column `{name}` that does not fit: {error}"));
            answer.column_by_name(name).map(|column| cast(column, &kind).map_err(misfit)).transpose()
        };
        for (name, tag) in &self.gives {
            let values = column(name, tag.data_type())?.ok_or_else(|| self.fault(format_args!("has given no column `{name}`")))?;
            for (row, doc) in docs.iter_mut().enumerate().filter(|(row, _)| values.is_valid(*row)) {
                tag.set(doc, &values, row);
            }
        }
        let answers = Answers {
            keep: column("keep", DataType::Boolean)?,
            reason: column("reason", DataType::LargeUtf8)?,
            value: column("value", DataType::Float64)?,
            threshold: column("threshold", DataType::Float64)?,
            detail: column("detail", DataType::LargeUtf8)?,
        };
        let texts = column("text", DataType::LargeUtf8)?;
        let mut verdicts = Vec::with_capacity(docs.len());
        for (row, doc) in docs.iter_mut().enumerate() {
            let new = texts.as_ref().and_then(|texts| text_at(texts, row));
            if let Some(new) = new.filter(|new| *new != doc.text()) {
                doc.set_text(new.to_owned());
            }
            verdicts.push(self.verdict(&answers, row)?);
        }
        Ok(verdicts)
    }

    fn verdict(&self, answers: &Answers, row: usize) -> Result<Verdict> {
        let named = answers.reason.as_ref().and_then(|reasons| text_at(reasons, row));
        let keep = match &answers.keep {
            Some(keep) => keep.is_null(row) || keep.as_boolean().value(row),
            None => named.is_none(),
        };
        if keep {
            return Ok(Verdict::Keep);
        }
        let reason = match named {
            Some(named) => self.reasons.iter().find(|(name, _)| name == named),
            None => self.reasons.first(),
        };
        let Some((_, reason)) = reason else {
            return Err(self.fault(format_args!("drops for the reason `{}`, which `reasons` does not list", named.unwrap_or_default())));
        };
        let number =
            |column: &Option<ArrayRef>| column.as_ref().filter(|column| column.is_valid(row)).map(|column| column.as_primitive::<Float64Type>().value(row));
        let detail = answers.detail.as_ref().and_then(|details| text_at(details, row)).map(Into::into);
        Ok(Verdict::Drop(Drop { value: number(&answers.value), threshold: number(&answers.threshold), detail, ..Drop::plain(*reason) }))
    }
}

struct Answers {
    keep: Option<ArrayRef>,
    reason: Option<ArrayRef>,
    value: Option<ArrayRef>,
    threshold: Option<ArrayRef>,
    detail: Option<ArrayRef>,
}

fn text_at(column: &ArrayRef, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.as_string::<i64>().value(row))
}
