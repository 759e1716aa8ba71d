//! Checks of a run or of token shards.

use std::path::PathBuf;

use dataprep::check::{Baseline, Checks, Options, gather, judge};
use pyo3::prelude::*;

use crate::errors;

/// Judges a run or a shard set by lists of checks; gives the results as JSON.
#[pyfunction]
pub fn check(py: Python<'_>, folder: PathBuf, checks: Vec<PathBuf>, standard: bool, baseline: Option<PathBuf>, quick: bool) -> PyResult<String> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|cause| errors::other(format!("cannot read {}: {cause}", path.display())));
    let mut lists = if standard { vec![Checks::standard().map_err(errors::problems)?] } else { Vec::new() };
    for path in &checks {
        lists.push(Checks::parse(&path.display().to_string(), &read(path)?).map_err(errors::problems)?);
    }
    let before = match &baseline {
        Some(path) => Some(Baseline::parse(read(path)?.as_bytes()).map_err(|cause| errors::other(format!("{} is no baseline: {cause}", path.display())))?),
        None => None,
    };
    let facts = py.detach(|| gather(&folder, Options { quick })).map_err(errors::other)?.facts;
    let judged: Vec<_> = lists.iter().flat_map(|list| judge(list, &facts, before.as_ref().map(|before| &before.facts))).collect();
    serde_json::to_string(&judged).map_err(errors::other)
}
