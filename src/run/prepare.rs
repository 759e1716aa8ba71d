//! What stands in the output directory before a run: nothing, a part of this run, a run that shares its first segments, or what must not be touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{Hold, PARTIAL, RunDir};
use super::{MANIFEST, PROFILE_FILE, Report, finish, journal, lease, pretty};
use crate::plan::{Difference, Fingerprint, Plan};
use crate::stage::{Result, RunError};

/// What of a run another process needs to know that is to do tasks of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the pipeline file, for messages.
    pub name: String,
    /// Its text.
    pub toml: String,
    /// What was laid over it, as `KEY=VALUE`.
    pub settings: Vec<String>,
    /// The folder from which its paths are taken.
    pub folder: PathBuf,
}

const ORIGIN: &str = "pipeline.json";

impl Origin {
    /// That of the run in a directory.
    ///
    /// # Errors
    /// Where there is no run in it.
    pub fn read(run: &Path) -> Result<Origin> {
        let path = run.join(ORIGIN);
        let bytes = std::fs::read(&path).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => {
                RunError::stop(format!("{} holds no run\n  help: name the pipeline file, or the folder that its `run.output` says", run.display()))
            }
            _ => RunError::file("cannot read", &path)(cause),
        })?;
        serde_json::from_slice(&bytes).map_err(|error| RunError::stop(format!("{} is damaged: {error}", path.display())))
    }

    fn of(plan: &Plan) -> Result<Origin> {
        let folder = std::env::current_dir().map_err(RunError::file("cannot find", Path::new(".")))?;
        let mut pieces = plan.config.text.pieces().map(|(name, text)| (name.to_owned(), text.trim_end_matches('\n').to_owned()));
        let (name, toml) = pieces.next().unwrap_or_default();
        Ok(Origin { name, toml, settings: pieces.map(|(_, setting)| setting).collect(), folder })
    }
}

/// How long to wait for another process that prepares the directory, and how often to look.
const WAIT: (u32, Duration) = (100, Duration::from_millis(100));

/// Enters the directory of a run beside other processes; prepares it where nobody has.
pub fn join(plan: &Plan) -> Result<RunDir> {
    no_input_in_output(plan)?;
    let output = &plan.config.run.output;
    for _ in 0..WAIT.0 {
        if let Some(dir) = RunDir::try_open(output, Hold::Together)?
            && let Some(found) = fingerprint(plan, &dir)?
            && plan.fingerprint.compare(&found) == Difference::None
        {
            return Ok(dir);
        }
        match RunDir::try_open(output, Hold::Alone)? {
            Some(dir) => drop(prepare(plan, &dir)?),
            None => std::thread::sleep(WAIT.1),
        }
    }
    Err(RunError::stop(format!("other processes are at another run in {}: wait for them, or choose another `run.output`", output.display())))
}

/// That of the run which stands in the directory.
fn fingerprint(plan: &Plan, dir: &RunDir) -> Result<Option<Fingerprint>> {
    let damaged = |error| {
        let output = plan.config.run.output.display();
        RunError::stop(format!("{output}/run.json is damaged ({error}): remove the directory or choose another `run.output`"))
    };
    dir.read("run.json")?.map(|bytes| serde_json::from_slice(&bytes).map_err(damaged)).transpose()
}

/// What an output directory holds: the report of a finished run of this plan, or nothing that stands in the way.
pub fn prepare(plan: &Plan, dir: &RunDir) -> Result<Option<Report>> {
    let output = plan.config.run.output.display();
    let now = &plan.fingerprint;
    let found = fingerprint(plan, dir)?;
    let difference = match &found {
        Some(found) => now.compare(found),
        None if holds_other_files(&dir.path(""))? => {
            return Err(RunError::stop(format!("{output} holds files that are not of a run: choose another `run.output`, or empty it")));
        }
        None => Difference::None,
    };
    match difference {
        Difference::None => {
            if dir.read(MANIFEST)?.is_some() {
                finish::clear(dir)?;
                return finish::report(dir).map(Some);
            }
        }
        Difference::Everything(key) => {
            return Err(RunError::stop(format!("{output} holds another run, which differs in {key}: choose another `run.output`, or remove the directory")));
        }
        Difference::From(segment, key) => {
            let spool_is_gone = !dir.path(format!("spool/{}", segment - 1)).is_dir();
            let decided = dir.names(&format!("journal/{}", segment - 1))?.iter().any(|name| name.starts_with("decided"));
            if spool_is_gone && decided {
                return Err(RunError::stop(format!(
                    "{output} holds a run that differs in {key} and whose spool is gone, so nothing of it can be reused: choose another `run.output`, or remove the directory"
                )));
            }
            for gone in segment..segment + 64 {
                dir.remove(&format!("journal/{gone}"))?;
                dir.remove(&format!("spool/{gone}"))?;
            }
            let barriers = plan.segments[segment..].iter().filter_map(|segment| segment.barrier);
            for barrier in barriers {
                dir.remove(&format!("artifacts/{}", plan.stages[barrier].name))?;
            }
            for name in [MANIFEST, "report.json", PROFILE_FILE, "dropped"]
                .iter()
                .map(|name| (*name).to_owned())
                .chain(plan.sinks.iter().map(|sink| sink.sink.folder().to_owned()))
            {
                dir.remove(&name)?;
            }
        }
    }
    journal::settle_all(dir)?;
    dir.remove("tmp")?;
    dir.remove(lease::FOLDER)?;
    // The fingerprint comes last: whoever finds it may begin.
    dir.write(ORIGIN, &pretty(&Origin::of(plan)?)?)?;
    dir.write("run.json", &pretty(now)?)?;
    Ok(None)
}

fn holds_other_files(root: &Path) -> Result<bool> {
    let entries = std::fs::read_dir(root).map_err(RunError::file("cannot read", root))?;
    let own = |name: &str| [".lock", ORIGIN].contains(&name) || (name.starts_with('.') && name.ends_with(PARTIAL));
    Ok(entries.flatten().any(|entry| !entry.file_name().to_str().is_some_and(own)))
}

/// Refuses an output directory that holds the input.
pub fn no_input_in_output(plan: &Plan) -> Result<()> {
    let Ok(output) = plan.config.run.output.canonicalize() else { return Ok(()) };
    let inside = |file: &&String| std::path::Path::new(file).canonicalize().is_ok_and(|file| file.starts_with(&output));
    match plan.splits.iter().flat_map(|split| &split.files).find(inside) {
        Some(file) => Err(RunError::stop(format!("the input {file} lies inside `run.output`: choose another output directory"))),
        None => Ok(()),
    }
}
