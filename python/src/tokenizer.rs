//! Tokenizers: any that a pipeline can use.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, RecordBatch, UInt32Builder};
use arrow::datatypes::{DataType, Field, Schema};
use dataprep::tokenizer::{EncodeScratch, Pattern, Tokenizer as Inner};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrow::{Chunk, Chunks, Table, Texts};
use crate::{errors, rows};

/// An encoder.
#[pyclass(frozen, module = "dataprep._core")]
pub struct Tokenizer {
    inner: Inner,
}

#[pymethods]
impl Tokenizer {
    /// `bytes` by that name, else a file.
    #[new]
    #[pyo3(signature = (name, pattern = None))]
    fn new(py: Python<'_>, name: &str, pattern: Option<&str>) -> PyResult<Tokenizer> {
        let pattern = match pattern {
            None => None,
            Some("gpt2") => Some(Pattern::Gpt2),
            Some("cl100k") => Some(Pattern::Cl100k),
            Some("o200k") => Some(Pattern::O200k),
            Some(other) => return Err(PyValueError::new_err(format!("there is no pattern `{other}`: one of gpt2, cl100k, o200k"))),
        };
        Ok(Tokenizer { inner: py.detach(|| Inner::load(name, pattern)).map_err(errors::other)? })
    }

    #[getter]
    fn vocab_size(&self) -> u32 {
        self.inner.vocab_size()
    }

    #[getter]
    fn special(&self) -> BTreeMap<String, u32> {
        self.inner.special().clone()
    }

    fn encode(&self, py: Python<'_>, text: &str, special_tokens: bool) -> PyResult<Vec<u32>> {
        py.detach(|| self.ids(text, special_tokens, &mut EncodeScratch::new()))
    }

    fn encode_many(&self, py: Python<'_>, texts: Vec<Option<String>>, special_tokens: bool, threads: Option<usize>) -> PyResult<Vec<Option<Vec<u32>>>> {
        let encoded = py.detach(|| {
            rows::each(texts.len(), rows::threads(threads), EncodeScratch::new, |scratch, row| {
                texts[row].as_deref().map(|text| self.ids(text, special_tokens, scratch)).transpose()
            })
        });
        encoded.into_iter().collect()
    }

    /// The ids of a column `text`, or of a column by itself.
    fn batch(&self, py: Python<'_>, data: &Bound<'_, PyAny>, special_tokens: bool, threads: Option<usize>) -> PyResult<Table> {
        let schema = Arc::new(Schema::new(vec![Field::new("input_ids", DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true))), true)]));
        let mut batches = Vec::new();
        for array in &Chunks::read(data)?.chunks {
            let column = Chunk { rows: array.len(), alone: "text", array }.needed("text")?;
            let texts = Texts::named("text", &column)?;
            let encoded = py.detach(|| {
                rows::each(array.len(), rows::threads(threads), EncodeScratch::new, |scratch, row| {
                    texts.get(row).map(|text| self.ids(text, special_tokens, scratch)).transpose()
                })
            });
            let mut lists = ListBuilder::new(UInt32Builder::new());
            for ids in encoded {
                lists.append_option(ids?.map(|ids| ids.into_iter().map(Some)));
            }
            batches.push(RecordBatch::try_new(schema.clone(), vec![Arc::new(lists.finish()) as ArrayRef]).map_err(errors::other)?);
        }
        Ok(Table::new(schema, batches))
    }

    fn decode(&self, py: Python<'_>, ids: Vec<u32>) -> PyResult<String> {
        py.detach(|| self.inner.decode(&ids)).map_err(errors::other)
    }
}

impl Tokenizer {
    fn ids(&self, text: &str, special_tokens: bool, scratch: &mut EncodeScratch) -> PyResult<Vec<u32>> {
        let mut ids = Vec::new();
        self.inner.encode(text, special_tokens, &mut ids, scratch).map_err(errors::other)?;
        Ok(ids)
    }
}
