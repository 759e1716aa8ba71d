//! Pipelines: planned, and run with the interpreter let go, so that Ctrl-C, progress and stages of Python come through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dataprep::plan::{Forecast, Pipeline, PlannedKind};
use dataprep::run::{Options, Snapshot, Watch};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::json;

use crate::{errors, rows};

/// How often signals are looked for and progress is told.
const TICK: Duration = Duration::from_millis(50);

/// Runs a pipeline; gives the report as JSON, and whether it had been finished before.
#[pyfunction]
#[pyo3(signature = (pipeline, settings, threads = None, on_progress = None))]
pub fn run(
    py: Python<'_>,
    pipeline: &Bound<'_, PyAny>,
    settings: Vec<String>,
    threads: Option<usize>,
    on_progress: Option<Py<PyAny>>,
) -> PyResult<(String, bool)> {
    let pipeline = load(pipeline, &settings)?;
    let config = pipeline.config();
    let later = [("train", config.train.is_some()), ("validate", config.validate.is_some()), ("expect", config.expect.is_some())];
    for (section, _) in later.into_iter().filter(|(_, written)| *written) {
        let said = format!("`[{section}]` is carried out by the command `dataprep run`, not by `dataprep.run`");
        py.import("warnings")?.call_method1("warn", (said,))?;
    }
    let plan = py.detach(|| pipeline.plan()).map_err(errors::problems)?;
    let (stop, told) = (AtomicBool::new(false), Told::default());
    let (summary, raised) = py.detach(|| {
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let _ended = Ended(&told);
                dataprep::run::run(plan, &Options { threads: rows::threads(threads), stop: &stop, watch: &told })
            });
            let mut raised = None;
            loop {
                let (snapshots, ended) = told.wait();
                // What was raised first is what the caller is told.
                if raised.is_none() {
                    raised = Python::attach(|py| tell(py, on_progress.as_ref(), snapshots)).err();
                    stop.fetch_or(raised.is_some(), Ordering::Relaxed);
                }
                if ended {
                    return (worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), raised);
                }
            }
        })
    });
    match (raised, summary) {
        (Some(raised), _) => Err(raised),
        (None, Ok(summary)) => Ok((serde_json::to_string(&summary.report).map_err(errors::other)?, summary.already)),
        (None, Err(error)) => Err(errors::run(error)),
    }
}

/// What a run tells between two ticks.
#[derive(Default)]
struct Told {
    news: Mutex<News>,
    moved: Condvar,
}

#[derive(Default)]
struct News {
    /// Ends of phases, and where the present one stands.
    snapshots: Vec<(Snapshot, bool)>,
    ended: bool,
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, now: &Snapshot, done: bool) {
        let mut news = self.lock();
        if news.snapshots.last().is_some_and(|(_, done)| !done) {
            news.snapshots.pop();
        }
        news.snapshots.push((now.clone(), done));
    }

    fn wait(&self) -> (Vec<(Snapshot, bool)>, bool) {
        let waited = self.moved.wait_timeout_while(self.lock(), TICK, |news| !news.ended);
        let mut news = waited.unwrap_or_else(PoisonError::into_inner).0;
        (std::mem::take(&mut news.snapshots), news.ended)
    }
}

impl Watch for Told {
    fn update(&self, now: &Snapshot) {
        self.put(now, false);
    }

    fn phase_done(&self, now: &Snapshot) {
        self.put(now, true);
    }
}

/// Says that the run has ended, also where it panicked.
struct Ended<'a>(&'a Told);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.moved.notify_all();
    }
}

fn tell(py: Python<'_>, on_progress: Option<&Py<PyAny>>, snapshots: Vec<(Snapshot, bool)>) -> PyResult<()> {
    py.check_signals()?;
    let Some(on_progress) = on_progress else { return Ok(()) };
    for (now, done) in snapshots {
        let Snapshot { phase, documents, kept, bytes, consumed, input, top_reason, elapsed } = now;
        on_progress.call1(py, (phase, documents, kept, bytes, consumed, input, top_reason, elapsed.as_secs_f64(), done))?;
    }
    Ok(())
}

/// What a pipeline would do, as JSON.
#[pyfunction]
pub fn plan(py: Python<'_>, pipeline: &Bound<'_, PyAny>, settings: Vec<String>) -> PyResult<String> {
    let pipeline = load(pipeline, &settings)?;
    let plan = py.detach(|| pipeline.plan()).map_err(errors::problems)?;
    let forecast = Forecast::of(&plan);
    let stages: Vec<_> = plan
        .stages
        .iter()
        .map(|stage| {
            let spec = &stage.spec;
            let barrier = matches!(stage.kind, PlannedKind::Global(_));
            json!({ "name": stage.name, "use": stage.recipe, "needs": spec.needs, "gives": spec.gives, "reasons": stage.reasons, "barrier": barrier })
        })
        .collect();
    let files: Vec<&String> = plan.splits.iter().flat_map(|split| &split.files).collect();
    let outputs: Vec<String> = plan.sinks.iter().map(|sink| plan.config.run.output.join(sink.sink.folder()).display().to_string()).collect();
    let plan = json!({
        "source": plan.source_recipe, "files": files, "input_bytes": forecast.input, "stages": stages, "segments": plan.segments.len(), "outputs": outputs,
        "memory": forecast.memory(), "disk": forecast.disk(), "fingerprint": plan.fingerprint.digest(),
    });
    Ok(plan.to_string())
}

/// A pipeline from a path or a dictionary.
fn load(pipeline: &Bound<'_, PyAny>, settings: &[String]) -> PyResult<Pipeline> {
    let read = match pipeline.cast::<PyDict>() {
        Ok(dict) => Pipeline::parse("pipeline", &toml::to_string(&value(dict, "")?).map_err(errors::other)?, settings),
        Err(_) => Pipeline::load(pipeline.extract::<std::path::PathBuf>()?, settings),
    };
    read.map_err(errors::problems)
}

/// The one `[[stage]]` of a stage by itself.
pub fn stage_toml(recipe: &str, keys: &Bound<'_, PyDict>) -> PyResult<String> {
    let mut table = toml::Table::from_iter([("use".to_owned(), toml::Value::from(recipe))]);
    if let toml::Value::Table(keys) = value(keys, "")? {
        table.extend(keys);
    }
    toml::to_string(&toml::Table::from_iter([("stage".to_owned(), toml::Value::from(vec![table]))])).map_err(errors::other)
}

/// A Python value as TOML; a path is a text, and a key whose value is None is left out.
fn value(object: &Bound<'_, PyAny>, key: &str) -> PyResult<toml::Value> {
    if object.is_instance_of::<PyBool>() {
        return Ok(object.extract::<bool>()?.into());
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(object.extract::<i64>()?.into());
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(object.extract::<f64>()?.into());
    }
    if object.is_instance_of::<PyString>() {
        return Ok(object.extract::<String>()?.into());
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut table = toml::Table::new();
        for (name, item) in dict.iter().filter(|(_, item)| !item.is_none()) {
            let name: String = name.extract().map_err(|_| PyTypeError::new_err(format!("{name} in `{key}` is no key: keys are str")))?;
            table.insert(name.clone(), value(&item, &name)?);
        }
        return Ok(table.into());
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let items = object.try_iter()?.map(|item| value(&item?, key)).collect::<PyResult<Vec<_>>>()?;
        return Ok(toml::Value::Array(items));
    }
    if let Ok(path) = object.extract::<std::path::PathBuf>() {
        let text = path.to_str().ok_or_else(|| PyValueError::new_err(format!("`{key}`: the path {} is not UTF-8", path.display())))?;
        return Ok(text.into());
    }
    Err(PyTypeError::new_err(format!("`{key}`: a pipeline has no value as {}", object.repr()?)))
}
