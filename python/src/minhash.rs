//! MinHash of texts: the digests by which `dedup_minhash` finds its candidates.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, RecordBatch, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema};
use dataprep::dedup::index::Settings;
use dataprep::dedup::shingles::Unit;
use dataprep::dedup::sketch::{Buffers, Profile, Sketch};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrow::{Chunk, Chunks, Table, Texts};
use crate::{errors, rows};

/// Permutations and bands.
#[pyclass(frozen, module = "dataprep._core")]
pub struct MinHash {
    sketch: Sketch,
}

#[pymethods]
impl MinHash {
    #[new]
    fn new(ngram: usize, by: &str, bands: usize, rows: usize, seed: u64) -> PyResult<MinHash> {
        let by = match by {
            "word" => Unit::Word,
            "char" => Unit::Char,
            other => return Err(PyValueError::new_err(format!("there is no unit `{other}`: one of word, char"))),
        };
        for (name, value, most) in [("ngram", ngram, 1000), ("bands", bands, 1000), ("rows", rows, 100)] {
            if value == 0 || value > most {
                return Err(PyValueError::new_err(format!("{name} is {value}: wanted 1 to {most}")));
            }
        }
        Ok(MinHash { sketch: Settings { by, ngram, bands, rows, ..Settings::of(Profile::Fast, seed) }.sketch(None) })
    }

    /// The digest of each band.
    fn one(&self, py: Python<'_>, text: &str) -> Vec<u64> {
        py.detach(|| {
            let mut buffers = Buffers::default();
            self.sketch.digests(text, &mut buffers);
            buffers.digests
        })
    }

    /// The digests of a column `text`, or of a column by itself.
    #[pyo3(signature = (data, threads = None))]
    fn batch(&self, py: Python<'_>, data: &Bound<'_, PyAny>, threads: Option<usize>) -> PyResult<Table> {
        let schema = Arc::new(Schema::new(vec![Field::new("digests", DataType::List(Arc::new(Field::new_list_field(DataType::UInt64, true))), true)]));
        let mut batches = Vec::new();
        for array in &Chunks::read(data)?.chunks {
            let column = Chunk { rows: array.len(), alone: "text", array }.needed("text")?;
            let texts = Texts::named("text", &column)?;
            let digests = py.detach(|| {
                rows::each(array.len(), rows::threads(threads), Buffers::default, |buffers, row| {
                    texts.get(row).map(|text| {
                        self.sketch.digests(text, buffers);
                        buffers.digests.clone()
                    })
                })
            });
            let mut lists = ListBuilder::new(UInt64Builder::new());
            digests.into_iter().for_each(|digests| lists.append_option(digests.map(|digests| digests.into_iter().map(Some))));
            batches.push(RecordBatch::try_new(schema.clone(), vec![Arc::new(lists.finish()) as ArrayRef]).map_err(errors::other)?);
        }
        Ok(Table::new(schema, batches))
    }
}
