//! The end of a run: the sinks end, the ledger is balanced, report and manifest are written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::files::RunDir;
use super::journal;
use super::lease;
use super::ledger::Ledger;
use super::report::{ListedFault, Report};
use super::stand::Stand;
use super::{MANIFEST, Manifest, PROFILE_FILE, pretty};
use crate::plan::{Plan, PlannedKind};
use crate::stage::{Result, RunError};

/// Seconds of one segment in this process, for `timing.json`.
#[derive(Default, Serialize)]
pub struct SegmentTime {
    segment: usize,
    /// From the first document to the last.
    pub wall_seconds: f64,
    /// Reducing and deciding.
    pub barrier_seconds: f64,
    /// Bytes of documents read.
    pub bytes: u64,
    /// Of each stage, over all threads.
    pub stage_seconds: BTreeMap<String, f64>,
}

impl SegmentTime {
    /// None yet.
    pub fn of(segment: usize) -> SegmentTime {
        SegmentTime { segment, ..SegmentTime::default() }
    }
}

/// Ends a run all of whose chunks are in the journal.
pub fn finish(plan: &Plan, stand: &Stand, dir: &RunDir, timing: &[SegmentTime]) -> Result<()> {
    let mut all = Ledger::default();
    let (mut listed, mut parts, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for (at, line) in stand.lines.iter().enumerate().flat_map(|(at, lines)| lines.iter().flatten().map(move |line| (at, line))) {
        let mut ledger = line.ledger.clone();
        if at > 0 {
            (ledger.read, ledger.bytes_read) = (0, 0);
        }
        all.add(&ledger);
        let file = plan.splits[line.split as usize].files.first().cloned().unwrap_or_default();
        listed.extend(line.faults.iter().map(|fault| ListedFault { file: file.clone(), fault: fault.clone() }));
        parts.extend(line.parts.iter().cloned());
        files.extend(line.files.iter().cloned());
    }
    parts.sort();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let order: Vec<String> = plan.stages.iter().map(|stage| stage.name.clone()).collect();
    all.balance(&order)?;
    let tmp = dir.fresh_tmp("finish")?;
    for planned in &plan.sinks {
        let folder = planned.sink.folder();
        let names: Vec<String> = parts.iter().filter(|(of, _)| of == folder).map(|(_, name)| name.clone()).collect();
        let (inside, standing) = (tmp.join(folder), dir.path(folder));
        for folder in [&inside, &standing] {
            std::fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
        }
        planned.sink.finish(&standing, &names, &inside)?;
    }
    let barriers = || plan.stages.iter().filter(|stage| matches!(stage.kind, PlannedKind::Global(_))).map(|stage| stage.name.clone());
    let counts = barriers().zip(stand.decided.iter().map(|decided| decided.counts.clone())).collect();
    let last = plan.segments.len() - 1;
    let profile = journal::profile(dir, last, &stand.lines[last])?;
    let reports = [
        ("report.json", pretty(&Report::of(plan, &all, listed, &counts))?),
        (PROFILE_FILE, serde_json::to_vec(&profile).map_err(RunError::stop)?),
        ("timing.json", pretty(&timing)?),
    ];
    for (name, bytes) in reports {
        let path = tmp.join(name);
        std::fs::write(&path, bytes).map_err(RunError::file("cannot write", &path))?;
    }
    let sealed = dir.seal(&tmp)?;
    // A finished run may have been changed since, as by `forget`; this process then comes too late.
    if dir.path(MANIFEST).is_file() {
        return Ok(());
    }
    dir.settle(&sealed)?;
    for (stage, decided) in barriers().zip(&stand.decided) {
        decided.removed.iter().try_for_each(|name| dir.remove(&format!("artifacts/{stage}/{name}")))?;
    }
    let (version, fingerprint) = (env!("CARGO_PKG_VERSION").to_owned(), plan.fingerprint.digest());
    let manifest = Manifest { version, fingerprint, parts, files, artifacts: barriers().collect() };
    let bytes = pretty(&manifest)?;
    dir.create(MANIFEST, &bytes)?;
    dir.announce(MANIFEST, &bytes)?;
    Ok(())
}

/// The report of a finished run.
pub fn report(dir: &RunDir) -> Result<Report> {
    let bytes =
        dir.read("report.json")?.ok_or_else(|| RunError::stop("the run is finished, but its report.json is gone: remove the run directory and run again"))?;
    serde_json::from_slice(&bytes).map_err(|error| RunError::stop(format!("{} is damaged: {error}", dir.path("report.json").display())))
}

/// Takes away what only an unfinished run needs.
pub fn clear(dir: &RunDir) -> Result<()> {
    dir.remove("spool")?;
    dir.remove(lease::FOLDER)?;
    for attempt in dir.names("tmp")? {
        dir.remove(&format!("tmp/{attempt}"))?;
    }
    // Others that wait for the end may be in it again; the last of them takes it away.
    let _ = std::fs::remove_dir(dir.path("tmp"));
    Ok(())
}
