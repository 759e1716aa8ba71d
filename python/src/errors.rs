//! What goes wrong, as Python exceptions.

use dataprep::config::Problems;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(dataprep, Error, PyException, "What every exception of dataprep is.");
create_exception!(dataprep, PipelineError, Error, "A pipeline, or a stage, that is not written as it must be: every mistake with its place and what to do.");
create_exception!(dataprep, RunError, Error, "A run that cannot go on, or stopped; the same call goes on from there.");
create_exception!(dataprep, ShardError, Error, "Token shards that cannot be read, or do not suit what is wanted of them.");

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("Error", py.get_type::<Error>())?;
    module.add("PipelineError", py.get_type::<PipelineError>())?;
    module.add("RunError", py.get_type::<RunError>())?;
    module.add("ShardError", py.get_type::<ShardError>())
}

/// All mistakes, as the command shows them.
pub fn problems(problems: Problems) -> PyErr {
    PipelineError::new_err(problems.to_string().trim_end().to_owned())
}

/// Why a run stopped.
pub fn run(error: dataprep::stage::RunError) -> PyErr {
    RunError::new_err(error.to_string())
}

/// What is wrong with shards.
pub fn shards(error: dataprep::shard::ShardError) -> PyErr {
    ShardError::new_err(error.to_string())
}

/// What is wrong with shards, or with what is wanted of them.
pub fn train(error: dataprep::train::TrainError) -> PyErr {
    ShardError::new_err(error.to_string())
}

/// Anything else.
pub fn other(error: impl std::fmt::Display) -> PyErr {
    Error::new_err(error.to_string())
}
