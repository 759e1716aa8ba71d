//! Stages that are functions of Python: how the library finds them and calls them.

use arrow::array::RecordBatch;
use dataprep::stages::python::{Found, Function, Interpreter};
use pyo3::prelude::*;

use crate::arrow::{Chunks, Table};

/// Tells the library that Python is here.
pub fn embed() {
    dataprep::stages::python::embed(Box::new(CPython));
}

struct CPython;

impl Interpreter for CPython {
    fn find(&self, call: &str) -> Result<Found, String> {
        Python::attach(|py| {
            let found = py.import("dataprep._calls").and_then(|module| module.call_method1("find", (call,))).and_then(|found| found.extract());
            let (function, file) = found.map_err(|error| error.value(py).to_string())?;
            Ok(Found { function: Box::new(Callable(function)), file })
        })
    }
}

struct Callable(Py<PyAny>);

impl Function for Callable {
    fn call(&self, batch: RecordBatch) -> Result<RecordBatch, String> {
        Python::attach(|py| {
            let raised = |error: PyErr| {
                let shown = py.import("dataprep._calls").and_then(|module| module.call_method1("shown", (error.value(py), error.traceback(py))));
                let shown = shown.and_then(|shown| shown.extract());
                shown.unwrap_or_else(|_| error.to_string())
            };
            let answer = self.0.bind(py).call1((Table::new(batch.schema(), vec![batch]),)).map_err(raised)?;
            Chunks::read(&answer).map_err(|error| error.value(py).to_string())?.into_batch()
        })
    }
}
