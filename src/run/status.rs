//! How a run that several processes work on is getting on, and what dead ones have left.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::files::{Hold, RunDir};
use super::lease::{self, State};
use super::phase::{Phase, Task};
use super::stand::Stand;
use super::{MANIFEST, finish, journal};
use crate::plan::Plan;
use crate::stage::{Result, RunError};

/// A task takes long that has run for so many times the median of its phase.
const SLOW: f64 = 3.0;

/// How a run is getting on.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The first phase with something left to do.
    pub phase: Phase,
    /// How many tasks it has.
    pub tasks: u32,
    /// How many of them are committed.
    pub done: u32,
    /// Those that somebody has taken up and not committed.
    pub doing: Vec<Doing>,
}

/// A task that somebody has taken up.
#[derive(Clone, Debug, PartialEq)]
pub struct Doing {
    /// The task.
    pub task: Task,
    /// Machine and number of the process.
    pub who: (String, u32),
    /// Seconds since it was taken up, or until it failed.
    pub seconds: f64,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// How long its process has given no sign of life; `None` where there is no sign at all.
    pub silence: Option<Duration>,
    /// True where it takes much longer than those of its phase that are done.
    pub slow: bool,
}

/// Reads how the run of a plan is getting on. The machines' clocks are taken to agree.
pub fn status(plan: &Plan) -> Result<Status> {
    let Some(dir) = RunDir::try_open(&plan.config.run.output, Hold::Looking)? else { unreachable!("whoever looks on stands against nobody") };
    let mut stand = Stand::new(plan);
    stand.advance(plan, &dir)?;
    let (phase, tasks, todo) = (stand.phase, stand.tasks(), stand.todo());
    let mut took = Vec::new();
    for rank in (0..tasks).filter(|rank| todo.binary_search(rank).is_err()) {
        took.extend(lease::record(&dir, Task { phase, rank })?.filter(|record| record.state == State::Done).map(|record| record.seconds));
    }
    took.sort_by(f64::total_cmp);
    let median = took.get(took.len() / 2).copied().unwrap_or(f64::INFINITY);
    let mut doing = Vec::new();
    for rank in &todo {
        let task = Task { phase, rank: *rank };
        let Some(record) = lease::record(&dir, task)? else { continue };
        let failed = (record.state == State::Failed).then(|| record.said.clone().unwrap_or_default());
        let seconds = if failed.is_some() { record.seconds } else { (lease::now() - record.began).max(0.0) };
        let silence = lease::silence(&dir, &record.attempt, SystemTime::now());
        doing.push(Doing { task, who: (record.host, record.pid), seconds, slow: seconds > SLOW * median, failed, silence });
    }
    Ok(Status { phase, tasks, done: tasks - todo.len() as u32, doing })
}

/// Removes what processes have left that have given no sign of life for `patience`, and that of all where none is in the directory; gives how many that were.
///
/// # Errors
/// Where a process is in the directory that shares it with nobody.
pub fn gc(run: &Path, patience: Duration) -> Result<usize> {
    if !run.join("run.json").is_file() {
        return Err(RunError::stop(format!("{} holds no run\n  help: name the folder that `run.output` of its pipeline says", run.display())));
    }
    let alone = RunDir::try_open(run, Hold::Alone)?;
    let nobody = alone.is_some();
    let dir = alone.map_or_else(|| RunDir::open(run, Hold::Together), Ok)?;
    // What is committed is no rest, even where its process died before it moved its files.
    journal::settle_all(&dir)?;
    let clock = dir.fresh_tmp("gc")?.join("clock");
    let now = lease::touch(&clock)?;
    dir.remove(&format!("tmp/{}", dir.attempt()))?;
    let mut removed = 0;
    for attempt in dir.names("tmp")? {
        if nobody || lease::silence(&dir, &attempt, now).is_some_and(|silence| silence > patience) {
            dir.remove(&format!("tmp/{attempt}"))?;
            removed += 1;
        }
    }
    if nobody {
        dir.remove("tmp")?;
    }
    if nobody && dir.path(MANIFEST).is_file() {
        finish::clear(&dir)?;
    }
    Ok(removed)
}
