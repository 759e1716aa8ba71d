//! One stage as a function over texts, and over columns of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeStringArray, ListBuilder, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use dataprep::doc::{Doc, Html, Kind, Value};
use dataprep::plan::Alone;
use dataprep::scratch::Scratch;
use dataprep::stage::Verdict;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::arrow::{Chunk, Chunks, Pages, Table, Texts};
use crate::{errors, pipeline, rows};

/// A stage that sees one document.
#[pyclass(frozen, module = "dataprep._core")]
pub struct Stage {
    alone: Alone,
    /// What it reads first: `html`, `text` or `url`.
    main: &'static str,
    /// Tags that it needs, and tags that it gives.
    needs: Vec<(String, Kind)>,
    gives: Vec<(String, Kind)>,
}

/// What the stage said of one document.
struct Said {
    keep: bool,
    reason: Option<String>,
    value: Option<f64>,
    threshold: Option<f64>,
    detail: Option<String>,
    /// What the text is now, where the stage has made or edited it.
    text: Option<String>,
    tags: Vec<Option<Value>>,
}

/// What a document is made of, beside its main field.
#[derive(Default)]
struct Beside {
    id: Option<String>,
    url: Option<String>,
    content_type: Option<String>,
    tags: Vec<Option<Value>>,
}

#[pymethods]
impl Stage {
    /// The stage `use`, with the keys of its table in a pipeline file.
    #[new]
    fn new(recipe: &str, keys: &Bound<'_, PyDict>) -> PyResult<Stage> {
        let toml = pipeline::stage_toml(recipe, keys)?;
        let alone = Alone::parse(&format!("stage {recipe}"), &toml).map_err(errors::problems)?;
        let asks = |field: &str| alone.spec.needs.iter().any(|need| need == field);
        // What has no URL passes the stage `url`, so it needs none; but nothing else is its matter.
        let otherwise = if recipe == "url" { "url" } else { "text" };
        let main = ["html", "text", "url"].into_iter().find(|field| asks(field)).unwrap_or(otherwise);
        let named = |names: &[String]| {
            alone.tags.iter().filter(|(name, _)| names.iter().any(|given| given == name)).map(|(name, kind)| (name.to_owned(), kind)).collect()
        };
        let (needs, gives) = (named(&alone.spec.needs), named(&alone.spec.gives));
        Ok(Stage { alone, main, needs, gives })
    }

    /// The columns it reads.
    #[getter]
    fn needs(&self) -> Vec<&str> {
        std::iter::once(self.main).chain(self.needs.iter().map(|(name, _)| name.as_str())).collect()
    }

    /// The tags it gives.
    #[getter]
    fn gives(&self) -> Vec<&str> {
        self.gives.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The verdict over one document: (keep, reason, value, threshold, detail, text, tags).
    fn one<'py>(&self, py: Python<'py>, main: &Bound<'py, PyAny>, beside: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        let mut doc = self.doc_of(main, beside)?;
        let said = py.detach(|| self.judge(&mut doc, &mut Scratch::default()))?;
        let tags = PyDict::new(py);
        for ((name, _), value) in self.gives.iter().zip(said.tags) {
            tags.set_item(name, value.map(|value| python(py, value)).transpose()?)?;
        }
        let text = doc.has_text().then(|| doc.text());
        Ok((said.keep, said.reason, said.value, said.threshold, said.detail, text, tags).into_pyobject(py)?.into_any())
    }

    /// The verdicts over a table, or over one column of what the stage reads.
    #[pyo3(signature = (data, threads = None))]
    fn batch(&self, py: Python<'_>, data: &Bound<'_, PyAny>, threads: Option<usize>) -> PyResult<Table> {
        let Chunks { chunks, .. } = Chunks::read(data)?;
        let threads = rows::threads(threads);
        let batches =
            chunks.iter().map(|array| self.chunk(py, &Chunk { rows: array.len(), alone: self.main, array }, threads)).collect::<PyResult<Vec<_>>>()?;
        let schema = batches.first().map_or_else(|| Arc::new(Schema::new(self.fields(&DataType::LargeUtf8))), RecordBatch::schema);
        Ok(Table::new(schema, batches))
    }
}

impl Stage {
    fn has_text(&self) -> bool {
        self.main != "url"
    }

    fn document(&self, main: Main<'_>, beside: Beside) -> Doc {
        let Beside { id, url, content_type, tags } = beside;
        let mut doc = match main {
            Main::Page(bytes, decoded) => {
                let content_type = if decoded { Some("text/html; charset=utf-8".to_owned()) } else { content_type };
                Doc::new(id, url, Some(Html { bytes: bytes.to_owned(), content_type }), None)
            }
            Main::Text(text) if self.main == "url" => Doc::new(id, Some(text.to_owned()), None, None),
            Main::Text(text) => Doc::new(id, url, None, Some(text.to_owned())),
        };
        for ((name, _), value) in self.needs.iter().zip(tags) {
            if let Some(value) = value {
                doc.set_tag_named(&self.alone.tags, name, value);
            }
        }
        doc
    }

    fn doc_of(&self, main: &Bound<'_, PyAny>, beside: &Bound<'_, PyDict>) -> PyResult<Doc> {
        let mut made = Beside { tags: vec![None; self.needs.len()], ..Beside::default() };
        for (key, value) in beside.iter() {
            let key: String = key.extract()?;
            match (key.as_str(), self.needs.iter().position(|(name, _)| *name == key)) {
                ("id", _) => made.id = value.extract()?,
                ("url", _) if self.main != "url" => made.url = value.extract()?,
                ("content_type", _) if self.main == "html" => made.content_type = value.extract()?,
                (_, Some(at)) => made.tags[at] = tag_of(self.needs[at].1, &value)?,
                _ => return Err(PyTypeError::new_err(format!("the stage reads no `{key}`: it reads {}", self.needs().join(", ")))),
            }
        }
        if let Ok(text) = main.cast::<PyString>() {
            let text = text.to_str()?;
            return Ok(self.document(if self.main == "html" { Main::Page(text.as_bytes(), true) } else { Main::Text(text) }, made));
        }
        match main.cast::<PyBytes>() {
            Ok(bytes) if self.main == "html" => Ok(self.document(Main::Page(bytes.as_bytes(), false), made)),
            _ => Err(PyTypeError::new_err(format!("the stage reads `{}`, which is {}", self.main, if self.main == "html" { "bytes or str" } else { "str" }))),
        }
    }

    fn judge(&self, doc: &mut Doc, scratch: &mut Scratch) -> PyResult<Said> {
        let revision = doc.revision();
        let verdict = self.alone.stage.apply(doc, scratch).map_err(errors::run)?;
        let tags =
            self.gives.iter().map(|(name, _)| doc.tags().find(|(slot, _)| self.alone.tags.name(*slot) == name).map(|(_, value)| value.clone())).collect();
        let text = (doc.has_text() && doc.revision() != revision).then(|| doc.text().to_owned());
        let said = Said { keep: true, reason: None, value: None, threshold: None, detail: None, text, tags };
        Ok(match verdict {
            Verdict::Keep => said,
            Verdict::Drop(drop) => Said {
                keep: false,
                reason: Some(self.alone.reason(drop.reason).to_owned()),
                value: drop.value,
                threshold: drop.threshold,
                detail: drop.detail.map(Into::into),
                ..said
            },
        })
    }

    fn chunk(&self, py: Python<'_>, chunk: &Chunk<'_>, threads: usize) -> PyResult<RecordBatch> {
        let main = chunk.needed(self.main)?;
        let (pages, texts) = if self.main == "html" { (Some(Pages::named("html", &main)?), None) } else { (None, Some(Texts::named(self.main, &main)?)) };
        let optional = |name: &str| chunk.column(name).filter(|_| name != self.main).map(|column| Texts::named(name, &column)).transpose();
        let (ids, urls, types) = (ids(chunk)?, optional("url")?, if self.main == "html" { optional("content_type")? } else { None });
        let tags = self.needs.iter().map(|(name, kind)| Values::named(name, *kind, &chunk.needed(name)?)).collect::<PyResult<Vec<_>>>()?;
        let judged = py.detach(|| {
            rows::each(chunk.rows, threads, Scratch::default, |scratch, row| {
                let main = match (&pages, &texts) {
                    (Some(pages), _) => pages.get(row).map(|(bytes, decoded)| Main::Page(bytes, decoded)),
                    (_, Some(texts)) => texts.get(row).map(Main::Text),
                    _ => None,
                };
                let own = |column: &Option<Texts>| column.as_ref().and_then(|column| column.get(row)).map(str::to_owned);
                let beside = Beside { id: own(&ids), url: own(&urls), content_type: own(&types), tags: tags.iter().map(|tag| tag.get(row)).collect() };
                main.map(|main| self.judge(&mut self.document(main, beside), scratch)).transpose()
            })
        });
        let said = judged.into_iter().collect::<PyResult<Vec<Option<Said>>>>()?;
        let text = (self.main == "text").then_some(main);
        self.table(said, text)
    }

    fn fields(&self, text: &DataType) -> Vec<Field> {
        let mut fields: Vec<Field> = [
            ("keep", DataType::Boolean),
            ("reason", DataType::Utf8),
            ("value", DataType::Float64),
            ("threshold", DataType::Float64),
            ("detail", DataType::Utf8),
        ]
        .map(|(name, kind)| Field::new(name, kind, true))
        .into();
        if self.has_text() {
            fields.push(Field::new("text", text.clone(), true));
        }
        fields.extend(self.gives.iter().map(|(name, kind)| Field::new(name, arrow_type(*kind), true)));
        fields
    }

    /// A row that had nothing to judge has nulls. A column of texts that were not edited is handed on as it came.
    fn table(&self, said: Vec<Option<Said>>, text: Option<ArrayRef>) -> PyResult<RecordBatch> {
        let of = |said: &Vec<Option<Said>>, part: fn(&Said) -> Option<&str>| said.iter().map(|said| said.as_ref().and_then(part)).collect::<StringArray>();
        let numbers = |part: fn(&Said) -> Option<f64>| said.iter().map(|said| said.as_ref().and_then(part)).collect::<Float64Array>();
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(said.iter().map(|said| said.as_ref().map(|said| said.keep)).collect::<BooleanArray>()),
            Arc::new(of(&said, |said| said.reason.as_deref())),
            Arc::new(numbers(|said| said.value)),
            Arc::new(numbers(|said| said.threshold)),
            Arc::new(of(&said, |said| said.detail.as_deref())),
        ];
        let mut kind = DataType::LargeUtf8;
        if self.has_text() {
            let edited = said.iter().flatten().any(|said| said.text.is_some());
            let texts = match text {
                Some(column) if !edited => column,
                came => {
                    let before = came.as_ref().map(|came| Texts::named("text", came)).transpose()?;
                    let now = said.iter().enumerate().map(|(row, said)| said.as_ref()?.text.as_deref().or_else(|| before.as_ref()?.get(row)));
                    let made: ArrayRef = Arc::new(now.collect::<LargeStringArray>());
                    came.map_or(Ok(made.clone()), |came| cast(&made, came.data_type())).map_err(errors::other)?
                }
            };
            kind = texts.data_type().clone();
            columns.push(texts);
        }
        for (at, (_, tag)) in self.gives.iter().enumerate() {
            columns.push(tag_column(*tag, said.iter().map(|said| said.as_ref().and_then(|said| said.tags[at].as_ref()))));
        }
        RecordBatch::try_new(Arc::new(Schema::new(self.fields(&kind))), columns).map_err(errors::other)
    }
}

enum Main<'a> {
    /// Bytes, and whether they are UTF-8 for certain.
    Page(&'a [u8], bool),
    Text(&'a str),
}

/// Ids are texts or whole numbers.
fn ids(chunk: &Chunk<'_>) -> PyResult<Option<Texts>> {
    let Some(column) = chunk.column("id") else { return Ok(None) };
    let texts = cast(&column, &DataType::LargeUtf8).map_err(errors::other)?;
    Texts::named("id", &texts).map(Some)
}

/// A column of values of a tag.
struct Values(Kind, ArrayRef);

impl Values {
    fn named(name: &str, kind: Kind, column: &ArrayRef) -> PyResult<Values> {
        let fitted = cast(column, &arrow_type(kind));
        fitted.map(|column| Values(kind, column)).map_err(|_| PyValueError::new_err(format!("the column `{name}` holds {}, not {kind:?}", column.data_type())))
    }

    fn get(&self, row: usize) -> Option<Value> {
        let Values(kind, column) = self;
        column.is_valid(row).then(|| match kind {
            Kind::Bool => Value::Bool(column.as_boolean().value(row)),
            Kind::Int => Value::Int(column.as_primitive::<Int64Type>().value(row)),
            Kind::Float => Value::Float(column.as_primitive::<Float64Type>().value(row)),
            Kind::Str => Value::Str(column.as_string::<i32>().value(row).to_owned()),
            Kind::List => Value::List(column.as_list::<i32>().value(row).as_string::<i32>().iter().flatten().map(str::to_owned).collect()),
        })
    }
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Bool => DataType::Boolean,
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Str => DataType::Utf8,
        Kind::List => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
    }
}

fn tag_column<'a>(kind: Kind, values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    match kind {
        Kind::Bool => Arc::new(values.map(|value| if let Some(Value::Bool(truth)) = value { Some(*truth) } else { None }).collect::<BooleanArray>()),
        Kind::Int => Arc::new(values.map(|value| if let Some(Value::Int(number)) = value { Some(*number) } else { None }).collect::<Int64Array>()),
        Kind::Float => Arc::new(values.map(|value| if let Some(Value::Float(number)) = value { Some(*number) } else { None }).collect::<Float64Array>()),
        Kind::Str => Arc::new(values.map(|value| if let Some(Value::Str(text)) = value { Some(text.as_str()) } else { None }).collect::<StringArray>()),
        Kind::List => {
            let mut lists = ListBuilder::new(arrow::array::StringBuilder::new());
            for value in values {
                lists.append_option(if let Some(Value::List(list)) = value { Some(list.iter().map(Some)) } else { None });
            }
            Arc::new(lists.finish())
        }
    }
}

fn tag_of(kind: Kind, value: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if value.is_none() {
        return Ok(None);
    }
    Ok(Some(match kind {
        Kind::Bool => Value::Bool(value.extract()?),
        Kind::Int => Value::Int(value.extract()?),
        Kind::Float => Value::Float(value.extract()?),
        Kind::Str => Value::Str(value.extract()?),
        Kind::List => Value::List(value.extract()?),
    }))
}

fn python(py: Python<'_>, value: Value) -> PyResult<Py<PyAny>> {
    Ok(match value {
        Value::Bool(truth) => truth.into_pyobject(py)?.to_owned().into_any().unbind(),
        Value::Int(number) => number.into_pyobject(py)?.into_any().unbind(),
        Value::Float(number) => number.into_pyobject(py)?.into_any().unbind(),
        Value::Str(text) => text.into_pyobject(py)?.into_any().unbind(),
        Value::List(list) => list.into_pyobject(py)?.into_any().unbind(),
    })
}
