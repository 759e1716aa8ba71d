//! The compiled half of the Python package `dataprep`: what must be fast, or is the library's own. How it looks to a user is said in `python/dataprep/`.

mod arrow;
mod calls;
mod check;
mod errors;
mod minhash;
mod pipeline;
mod rows;
mod stage;
mod stream;
mod tokenizer;

use pyo3::prelude::*;

/// Runs the command `dataprep` with these arguments, the name of the program first; gives the exit code.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<String>) -> u8 {
    // Stages of Python attach from the threads of a run.
    py.detach(|| dataprep::cli::call(arguments.into_iter().map(Into::into)))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    calls::embed();
    errors::add(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    module.add_function(wrap_pyfunction!(pipeline::run, module)?)?;
    module.add_function(wrap_pyfunction!(pipeline::plan, module)?)?;
    module.add_function(wrap_pyfunction!(check::check, module)?)?;
    module.add_class::<arrow::Table>()?;
    module.add_class::<stage::Stage>()?;
    module.add_class::<minhash::MinHash>()?;
    module.add_class::<tokenizer::Tokenizer>()?;
    module.add_class::<stream::Stream>()
}
