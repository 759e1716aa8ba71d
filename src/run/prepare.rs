//! What stands in the output directory before a run: nothing, a part of this run, a run that shares its first segments, or what must not be touched.

use super::files::RunDir;
use super::{PROFILE_FILE, Report, pretty};
use crate::plan::{Difference, Fingerprint, Plan};
use crate::stage::{Result, RunError};

/// What an output directory holds: the report of a finished run of this plan, or nothing that stands in the way.
pub fn prepare(plan: &Plan, dir: &RunDir) -> Result<Option<Report>> {
    let output = plan.config.run.output.display();
    let now = &plan.fingerprint;
    let found = dir.read("run.json")?;
    let difference = match &found {
        Some(bytes) => {
            let found: Fingerprint = serde_json::from_slice(bytes)
                .map_err(|error| RunError::stop(format!("{output}/run.json is damaged ({error}): remove the directory or choose another `run.output`")))?;
            now.compare(&found)
        }
        None if holds_other_files(&dir.path(""))? => {
            return Err(RunError::stop(format!("{output} holds files that are not of a run: choose another `run.output`, or empty it")));
        }
        None => Difference::None,
    };
    match difference {
        Difference::None => {
            if let (Some(_), Some(report)) = (dir.read("manifest.json")?, dir.read("report.json")?) {
                return serde_json::from_slice(&report).map(Some).map_err(|error| RunError::stop(format!("{output}/report.json is damaged: {error}")));
            }
        }
        Difference::Everything(key) => {
            return Err(RunError::stop(format!("{output} holds another run, which differs in {key}: choose another `run.output`, or remove the directory")));
        }
        Difference::From(segment, key) => {
            let spool_is_gone = !dir.path(format!("spool/{}", segment - 1)).is_dir();
            if spool_is_gone && dir.read(&format!("journal/{}/decision.json", segment - 1))?.is_some() {
                return Err(RunError::stop(format!(
                    "{output} holds a run that differs in {key} and whose spool is gone, so nothing of it can be reused: choose another `run.output`, or remove the directory"
                )));
            }
            for gone in segment..segment + 64 {
                dir.remove(&format!("journal/{gone}"))?;
                dir.remove(&format!("spool/{gone}"))?;
            }
            for name in ["manifest.json", "report.json", PROFILE_FILE, "dropped"]
                .iter()
                .map(|name| (*name).to_owned())
                .chain(plan.sinks.iter().map(|sink| sink.sink.folder().to_owned()))
            {
                dir.remove(&name)?;
            }
        }
    }
    dir.remove("tmp")?;
    dir.write("run.json", &pretty(now)?)?;
    Ok(None)
}

fn holds_other_files(root: &std::path::Path) -> Result<bool> {
    let entries = std::fs::read_dir(root).map_err(RunError::file("cannot read", root))?;
    Ok(entries.flatten().any(|entry| entry.file_name() != ".lock" && entry.file_name() != "run.partial"))
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
