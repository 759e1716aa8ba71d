//! Who is at which task, so that several processes do not do the same.
//!
//! A process that takes up a task creates `tasks/<phase>-<rank>.json`; it says that it is alive by touching a file of its own. Both only save work: what
//! counts is the line in the journal, so two processes at one task do no harm.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};
use serde::{Deserialize, Serialize};

use super::files::{RunDir, host};
use super::phase::{Phase, Task};
use crate::stage::{Result, RunError};

/// Folder of the records of tasks.
pub const FOLDER: &str = "tasks";

/// How a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Somebody is at it, or was when last seen.
    Running,
    /// It is committed.
    Done,
    /// It was given up.
    Failed,
}

/// What is written down of a task that somebody has taken up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The process, by the name of its folder under `tmp/`.
    pub attempt: String,
    /// Its machine.
    pub host: String,
    /// Its number there.
    pub pid: u32,
    /// How the task is.
    pub state: State,
    /// When it was taken up, in seconds since 1970 by the clock of that machine.
    pub began: f64,
    /// How long it took; 0 as long as it runs.
    pub seconds: f64,
    /// Why it failed.
    pub said: Option<String>,
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Name of the record of a task.
fn name(task: Task) -> String {
    format!("{FOLDER}/{}-{}.json", task.phase, task.rank)
}

/// Reads the record of a task.
pub fn record(dir: &RunDir, task: Task) -> Result<Option<Record>> {
    let bytes = dir.read(&name(task))?;
    // What is no record is as good as none: it guards no data.
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn alive_file(attempt: &str) -> String {
    format!("tmp/{attempt}/.alive")
}

/// How long a process has given no sign, by the clock of the file system; `None` where there is no sign of it at all.
pub fn silence(dir: &RunDir, attempt: &str, now: SystemTime) -> Option<Duration> {
    let seen = std::fs::metadata(dir.path(alive_file(attempt))).and_then(|meta| meta.modified()).ok()?;
    Some(now.duration_since(seen).unwrap_or_default())
}

/// Touches a file and gives the time at which this happened, by the clock of the file system that all processes share.
pub fn touch(path: &Path) -> Result<SystemTime> {
    let failed = || RunError::file("cannot write", path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed())?;
    stamp(&file).and_then(|()| file.metadata()?.modified()).map_err(failed())
}

fn stamp(file: &File) -> std::io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Ok(futimens(file, &Timestamps { last_access: now, last_modification: now })?)
}

/// Takes up tasks for this process.
pub struct Leases<'a> {
    dir: &'a RunDir,
    /// A process that has given no sign for so long is taken for dead. With no patience, a task is taken up whoever is at it.
    patience: Duration,
}

/// Calls `work` with leases, and gives signs of life as long as it goes on.
pub fn with_leases<T>(dir: &RunDir, patience: Duration, work: impl FnOnce(&Leases<'_>) -> Result<T>) -> Result<T> {
    let path = dir.path(alive_file(dir.attempt()));
    touch(&path)?;
    let file = OpenOptions::new().write(true).open(&path).map_err(RunError::file("cannot write", &path))?;
    let every = (patience / 6).clamp(Duration::from_millis(50), Duration::from_secs(10));
    let (alive, ended) = channel::<()>();
    let result = std::thread::scope(|scope| {
        // Without a sign others may do the same again, which is a loss of time and no more.
        scope.spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let _ = stamp(&file);
            }
        });
        let _alive = alive;
        work(&Leases { dir, patience })
    });
    dir.remove(&alive_file(dir.attempt()))?;
    dir.remove(&format!("tmp/{}/taken", dir.attempt()))?;
    result
}

impl Leases<'_> {
    /// Takes up a task; false where another process is at it or has done it.
    fn claim(&self, task: Task) -> Result<bool> {
        let running = serde_json::to_vec(&self.record(State::Running, now(), None)).map_err(RunError::stop)?;
        if self.patience.is_zero() {
            self.dir.write(&name(task), &running)?;
            return Ok(true);
        }
        if let Some(standing) = record(self.dir, task)? {
            if standing.state == State::Done {
                return Ok(false);
            }
            if standing.state == State::Running {
                let now = touch(&self.dir.path(alive_file(self.dir.attempt())))?;
                if silence(self.dir, &standing.attempt, now).is_some_and(|silence| silence < self.patience) {
                    return Ok(false);
                }
            }
            // Only one of those who take it over finds it there.
            let taken = self.dir.fresh_tmp("taken")?.join("record");
            if std::fs::rename(self.dir.path(name(task)), &taken).is_err() {
                return Ok(false);
            }
            std::fs::remove_file(&taken).map_err(RunError::file("cannot remove", &taken))?;
        }
        self.dir.create(&name(task), &running)
    }

    fn record(&self, state: State, began: f64, said: Option<String>) -> Record {
        let seconds = if state == State::Running { 0.0 } else { now() - began };
        Record { attempt: self.dir.attempt().to_owned(), host: host(), pid: std::process::id(), state, began, seconds, said }
    }

    fn end(&self, task: Task, state: State, began: f64, said: Option<String>) -> Result<()> {
        self.dir.write(&name(task), &serde_json::to_vec(&self.record(state, began, said)).map_err(RunError::stop)?)
    }
}

/// Hands the tasks of a phase to the threads of this process.
pub struct Claims<'a> {
    phase: Phase,
    leases: Option<&'a Leases<'a>>,
    state: Mutex<Claimed>,
}

#[derive(Default)]
struct Claimed {
    todo: VecDeque<u32>,
    /// What is being done, and since when.
    running: Vec<(u32, f64)>,
    taken: usize,
}

impl<'a> Claims<'a> {
    /// Over the ranks that are not done. Without leases this process is alone.
    pub fn new(phase: Phase, todo: Vec<u32>, leases: Option<&'a Leases<'a>>) -> Claims<'a> {
        Claims { phase, leases, state: Mutex::new(Claimed { todo: todo.into(), ..Claimed::default() }) }
    }

    /// The next task that nobody is at; `None` where there is none now.
    pub fn next(&self) -> Result<Option<u32>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(rank) = state.todo.pop_front() {
            if self.leases.map_or(Ok(true), |leases| leases.claim(Task { phase: self.phase, rank }))? {
                state.running.push((rank, now()));
                state.taken += 1;
                return Ok(Some(rank));
            }
        }
        Ok(None)
    }

    /// The task is committed.
    pub fn done(&self, rank: u32) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = state.running.iter().position(|(running, _)| *running == rank) else { return Ok(()) };
        let (rank, began) = state.running.swap_remove(at);
        self.leases.map_or(Ok(()), |leases| leases.end(Task { phase: self.phase, rank }, State::Done, began, None))
    }

    /// All that was taken up and is not committed is given up.
    pub fn give_up(&self, why: &RunError) {
        let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        for (rank, began) in state.running {
            // What stopped the tasks may also stop this; others wait a little longer then.
            let _ = self.leases.map_or(Ok(()), |leases| leases.end(Task { phase: self.phase, rank }, State::Failed, began, Some(why.to_string())));
        }
    }

    /// How many tasks were taken up.
    pub fn taken(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).taken
    }
}
