//! The executor: everything that is not about one document. Order, threads, counting, files under final names, resuming.

mod barrier;
mod chain;
mod collect;
mod feed;
mod files;
mod finish;
mod journal;
mod lease;
mod ledger;
mod mirror;
mod phase;
mod prepare;
mod progress;
mod report;
mod room;
mod runs;
mod segment;
mod spool;
mod stand;
mod status;
mod survey;
mod work;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use ledger::{Ledger, StageCount};
pub use mirror::publish_rest;
pub use phase::{Phase, Task};
pub use prepare::Origin;
pub use progress::{Snapshot, Unwatched, Watch};
pub use report::{ListedFault, Report, SourceReport, StageReport, Totals};
pub use status::{Doing, Status, gc, status};
pub use survey::survey;

use files::{Hold, RunDir};
use lease::{Leases, with_leases};
use stand::Stand;
use work::Running;

use crate::plan::{Plan, PlannedKind};
use crate::stage::{Global, Result, RunError, Written};

/// What the documents look like that a run has written: a [`crate::profile::Profile`] as JSON.
pub const PROFILE_FILE: &str = "profile.json";

/// Written last: a directory that has one is complete.
const MANIFEST: &str = "manifest.json";

/// How to run.
pub struct Options<'a> {
    /// Worker threads. The output does not depend on them.
    pub threads: usize,
    /// Set from outside (Ctrl-C) to stop; what is finished stays finished.
    pub stop: &'a AtomicBool,
    /// Who watches.
    pub watch: &'a dyn Watch,
}

/// What a run has done.
pub struct Summary {
    /// The report, as in `report.json`.
    pub report: Report,
    /// True where the directory held the finished run already.
    pub already: bool,
}

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: String,
    fingerprint: String,
    /// (folder, part) of every part of every sink, in order.
    parts: Vec<(String, String)>,
    /// Files of documents with their hashes, in order of their names. Files of shards stand in the manifests of their sets.
    files: Vec<Written>,
    artifacts: Vec<String>,
}

/// Runs a plan in its output directory, or goes on with what an earlier process left there. No other process may be in it.
pub fn run(plan: Plan, options: &Options<'_>) -> Result<Summary> {
    prepare::no_input_in_output(&plan)?;
    let mut dir = RunDir::open(&plan.config.run.output, Hold::Alone)?;
    if let Some(address) = &plan.config.run.publish {
        dir.publish_at(address)?;
    }
    if let Some(report) = prepare::prepare(&plan, &dir)? {
        return Ok(Summary { report, already: true });
    }
    let report = Running::new(plan, &dir, options).until_finished(None)?;
    Ok(Summary { report, already: false })
}

/// Does tasks of a run, together with any number of other processes on any machines that see its directory, until the run is finished.
///
/// A process that has given no sign of life for `patience` is taken for dead, and others do what it was doing. Whoever commits a task first counts.
pub fn work(plan: Plan, options: &Options<'_>, patience: Duration) -> Result<Report> {
    together(plan, options, patience, |running, leases| running.until_finished(Some(leases)))
}

/// Does one task of a run, whoever else is at it; false where it was done before.
///
/// # Errors
/// Where its phase has not begun: then tasks of earlier phases are left to do.
pub fn task(plan: Plan, options: &Options<'_>, task: Task) -> Result<bool> {
    together(plan, options, Duration::ZERO, |running, leases| running.one(task, leases))
}

/// Works on a run beside other processes.
fn together<T>(plan: Plan, options: &Options<'_>, patience: Duration, work: impl FnOnce(Running<'_>, &Leases<'_>) -> Result<T>) -> Result<T> {
    let dir = prepare::join(&plan)?;
    let publish = plan.config.run.publish.clone();
    let done = with_leases(&dir, patience, |leases| work(Running::new(plan, &dir, options), leases))?;
    // Whoever was late may have begun again what a finished run does not need.
    if dir.path(MANIFEST).is_file() {
        finish::clear(&dir)?;
        if let Some(address) = publish {
            mirror::publish(&dir, &address)?;
        }
    }
    Ok(done)
}

/// The tasks that can be done now, by any number of processes at once; none where the run is finished. More follow once all of them are done.
pub fn tasks(plan: &Plan) -> Result<Vec<Task>> {
    let dir = prepare::join(plan)?;
    let mut stand = Stand::new(plan);
    stand.advance(plan, &dir)?;
    let phase = stand.phase;
    Ok(stand.todo().into_iter().map(|rank| Task { phase, rank }).collect())
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(RunError::stop)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The barrier of a segment that has one.
fn global(plan: &Plan, segment: usize) -> &dyn Global {
    let barrier = plan.segments[segment].barrier.map(|at| &plan.stages[at].kind);
    match barrier {
        Some(PlannedKind::Global(global)) => global.as_ref(),
        _ => unreachable!("only segments that end in a barrier have phases of one"),
    }
}
