//! Training samples of token shards, as NumPy arrays that whoever takes them owns.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dataprep::shard::State;
use dataprep::train::objective::{Objective, Sample};
use dataprep::train::stream::{Stream as Inner, Wanted};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;

/// The label of a place where nothing is to be predicted, as cross entropy in PyTorch and JAX takes it.
const NO_LABEL: i64 = -100;

/// An open set with an objective.
#[pyclass(frozen, module = "dataprep._core")]
pub struct Stream {
    inner: Inner,
    objective: Objective,
    width: usize,
    pad: i64,
}

/// What is wanted, as a dictionary with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Keys {
    shards: PathBuf,
    seq_len: usize,
    objective: String,
    seed: Option<u64>,
    encoder: bool,
    whole_words: bool,
    fixed: bool,
    special: BTreeMap<String, u32>,
    pad_id: Option<u32>,
}

#[pymethods]
impl Stream {
    #[new]
    fn new(py: Python<'_>, keys: Keys) -> PyResult<Stream> {
        let Keys { shards, seq_len, objective, seed, encoder, whole_words, fixed, special, pad_id } = keys;
        let Some((_, objective)) = Objective::NAMES.into_iter().find(|(name, _)| *name == objective) else {
            let names: Vec<&str> = Objective::NAMES.iter().map(|(name, _)| *name).collect();
            return Err(PyValueError::new_err(format!("there is no objective `{objective}`: one of {}", names.join(", "))));
        };
        if encoder && !objective.has_source() {
            return Err(PyValueError::new_err("this objective has nothing for an encoder: leave `encoder` out"));
        }
        let wanted = Wanted { objective, seq_len, encoder, whole_words, fixed, special };
        let inner = py.detach(|| Inner::open(&shards, &wanted, seed)).map_err(errors::train)?;
        let named = |role: &str| inner.shards().manifest().special.get(role).copied();
        let pad = i64::from(pad_id.or_else(|| named("pad")).or_else(|| named("eos")).unwrap_or(0));
        // An encoder and its decoder, and the two texts of a pair, have as many places each.
        let width = if encoder || objective == Objective::Reward { 2 * seq_len } else { seq_len };
        Ok(Stream { inner, objective, width, pad })
    }

    /// Rows of an epoch.
    #[getter]
    fn rows(&self) -> u64 {
        self.inner.epochs().rows
    }

    /// Of every order and draw.
    #[getter]
    fn seed(&self) -> u64 {
        self.inner.epochs().seed
    }

    /// Places of a row.
    #[getter]
    fn width(&self) -> usize {
        self.width
    }

    /// Ids are below this.
    #[getter]
    fn vocab_size(&self) -> usize {
        self.inner.task().model_vocab_size()
    }

    /// Special tokens by role.
    #[getter]
    fn special(&self) -> BTreeMap<String, u32> {
        self.inner.task().special.clone()
    }

    /// The state after so many samples, as JSON.
    fn state(&self, position: u64) -> PyResult<String> {
        serde_json::to_string(&self.inner.state(position)).map_err(errors::other)
    }

    /// How many samples a state has behind it.
    fn resume(&self, state: &str) -> PyResult<u64> {
        let state: State = serde_json::from_str(state).map_err(|error| PyValueError::new_err(format!("this is no state of a stream: {error}")))?;
        self.inner.resume(&state).map_err(errors::shards)
    }

    /// A sample as the library makes it, as JSON.
    fn sample(&self, position: u64) -> PyResult<String> {
        serde_json::to_string(&self.inner.sample(position).map_err(errors::shards)?).map_err(errors::other)
    }

    /// Samples by their numbers in the stream, a row each.
    fn batch<'py>(&self, py: Python<'py>, positions: Vec<u64>) -> PyResult<Bound<'py, PyDict>> {
        let (rows, width) = py.detach(|| {
            let samples = positions.iter().map(|position| self.inner.sample(*position)).collect::<Result<Vec<Sample>, _>>().map_err(errors::shards)?;
            // Pieces of a row that bring sentinels of their own may take more than a row has.
            let width = samples.iter().map(|sample| sample.inputs.len()).fold(self.width, usize::max);
            let mut rows = Rows::of(positions.len() * width);
            samples.iter().for_each(|sample| rows.push(sample, width, self.pad));
            Ok::<_, PyErr>((rows, width))
        })?;
        let shape = [positions.len(), width];
        let arrays = PyDict::new(py);
        arrays.set_item("input_ids", rows.input_ids.into_pyarray(py).reshape(shape)?)?;
        arrays.set_item("labels", rows.labels.into_pyarray(py).reshape(shape)?)?;
        arrays.set_item("position_ids", rows.position_ids.into_pyarray(py).reshape(shape)?)?;
        arrays.set_item("document_ids", rows.document_ids.into_pyarray(py).reshape(shape)?)?;
        arrays.set_item("cu_seqlens", rows.cu_seqlens.into_pyarray(py))?;
        if !matches!(self.objective, Objective::Causal | Objective::Sft | Objective::Fim | Objective::Reward) {
            arrays.set_item("prefix_lens", rows.prefix_lens.into_pyarray(py))?;
        }
        if matches!(self.objective, Objective::Nsp | Objective::Sop | Objective::BlankInfilling | Objective::Bidirectional) {
            arrays.set_item("token_type_ids", rows.kinds.into_pyarray(py).reshape(shape)?)?;
        }
        if self.inner.task().classes() > 0 {
            arrays.set_item("questions", rows.questions.into_pyarray(py))?;
            arrays.set_item("answers", rows.answers.into_pyarray(py))?;
        }
        Ok(arrays)
    }
}

/// Rows one behind the other.
struct Rows {
    input_ids: Vec<i64>,
    labels: Vec<i64>,
    position_ids: Vec<i64>,
    document_ids: Vec<i32>,
    kinds: Vec<i64>,
    cu_seqlens: Vec<i32>,
    prefix_lens: Vec<i32>,
    questions: Vec<i64>,
    answers: Vec<i64>,
}

impl Rows {
    fn of(places: usize) -> Rows {
        let of = || Vec::with_capacity(places);
        Rows {
            input_ids: of(),
            labels: of(),
            position_ids: of(),
            document_ids: Vec::with_capacity(places),
            kinds: of(),
            cu_seqlens: vec![0],
            prefix_lens: Vec::new(),
            questions: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Adds a sample, filled up to `width` places. What is filled up is a sequence of its own, of document 0.
    fn push(&mut self, sample: &Sample, width: usize, pad: i64) {
        let (start, places) = (self.input_ids.len(), sample.inputs.len());
        self.input_ids.extend(sample.inputs.iter().map(|id| i64::from(*id)));
        self.labels.extend(sample.targets.iter().map(|target| target.map_or(NO_LABEL, i64::from)));
        self.position_ids.extend(sample.positions.iter().map(|place| i64::from(*place)));
        self.kinds.extend(sample.kinds.iter().map(|kind| i64::from(*kind)));
        for (number, segment) in (1..).zip(&sample.segments) {
            self.document_ids.resize(start + segment.places.end, number);
            self.cu_seqlens.push((start + segment.places.end) as i32);
            self.prefix_lens.push(segment.prefix as i32);
        }
        let end = start + width;
        if places < width {
            self.cu_seqlens.push(end as i32);
            self.prefix_lens.push(0);
        }
        self.input_ids.resize(end, pad);
        self.labels.resize(end, NO_LABEL);
        self.position_ids.resize(end, 0);
        self.kinds.resize(end, 0);
        self.document_ids.resize(end, 0);
        self.questions.extend(sample.questions.iter().map(|place| (start + place) as i64));
        self.answers.extend(sample.answers.iter().map(|answer| i64::from(*answer)));
    }
}
