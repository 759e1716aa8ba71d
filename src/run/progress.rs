//! What a run tells whoever watches it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::Ledger;

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// What is being done: "segment 1 of 3", "dedup_minhash, round 1".
    pub phase: String,
    /// Documents read in this segment, by this process.
    pub documents: u64,
    /// Of these, documents still there at its end.
    pub kept: u64,
    /// Bytes of documents read.
    pub bytes: u64,
    /// Input bytes consumed, of `input`.
    pub consumed: u64,
    /// Input bytes of the segment.
    pub input: u64,
    /// The commonest drop reason so far, as `stage/reason`, with its count.
    pub top_reason: Option<(String, u64)>,
    /// Time since the segment began.
    pub elapsed: Duration,
}

/// Watches a run. Called from workers, a few times a second at most.
pub trait Watch: Sync {
    /// Something has moved on.
    fn update(&self, now: &Snapshot);
    /// A phase has ended.
    fn phase_done(&self, now: &Snapshot);
}

/// Watches nothing.
pub struct Unwatched;

impl Watch for Unwatched {
    fn update(&self, _: &Snapshot) {}
    fn phase_done(&self, _: &Snapshot) {}
}

const INTERVAL: Duration = Duration::from_millis(100);

struct State {
    now: Snapshot,
    reasons: BTreeMap<(String, String), u64>,
    consumed: HashMap<u32, u64>,
    began: Instant,
    told: Instant,
}

/// Adds up what workers do, and tells the watcher.
pub struct Meter<'a> {
    watch: &'a dyn Watch,
    state: Mutex<State>,
}

impl<'a> Meter<'a> {
    /// A meter for one phase with `input` bytes to consume, of which those in `consumed` (by split) are done.
    pub fn new(watch: &'a dyn Watch, phase: String, input: u64, consumed: HashMap<u32, u64>) -> Meter<'a> {
        let now = Instant::now();
        let snapshot = Snapshot { phase, input, consumed: consumed.values().sum(), ..Snapshot::default() };
        watch.update(&snapshot);
        Meter { watch, state: Mutex::new(State { now: snapshot, reasons: BTreeMap::new(), consumed, began: now, told: now }) }
    }

    /// A batch has been worked on.
    pub fn worked(&self, ledger: &Ledger) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now.documents += ledger.read;
        state.now.bytes += ledger.bytes_read;
        state.now.kept += ledger.read - ledger.dropped();
        for (stage, count) in &ledger.stages {
            for (reason, drops) in &count.drops {
                *state.reasons.entry((stage.clone(), reason.clone())).or_default() += drops;
            }
        }
        if state.told.elapsed() >= INTERVAL {
            state.told = Instant::now();
            let now = state.snapshot();
            drop(state);
            self.watch.update(&now);
        }
    }

    /// A split has been written up to so many input bytes.
    pub fn consumed(&self, split: u32, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.consumed.insert(split, bytes);
        state.now.consumed = state.consumed.values().sum();
    }

    /// The phase has ended; gives the bytes of documents read.
    pub fn done(&self) -> u64 {
        let now = self.state.lock().unwrap_or_else(PoisonError::into_inner).snapshot();
        self.watch.phase_done(&now);
        now.bytes
    }
}

impl State {
    fn snapshot(&self) -> Snapshot {
        let top = self.reasons.iter().max_by_key(|(_, count)| **count);
        Snapshot { top_reason: top.map(|((stage, reason), count)| (format!("{stage}/{reason}"), *count)), elapsed: self.began.elapsed(), ..self.now.clone() }
    }
}
