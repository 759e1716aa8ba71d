//! The trainer's threads: each has room for one batch, and results come back in the order of the work.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::TrainError;
use super::model::Workspace;

/// A pool of threads. What it computes does not depend on how many there are.
pub struct Workers {
    pool: rayon::ThreadPool,
    rooms: Vec<Mutex<Workspace>>,
}

impl Workers {
    /// `threads` threads, at least one.
    pub fn new(threads: usize) -> Result<Self, TrainError> {
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| TrainError::Threads(error.to_string()))?;
        Ok(Self { pool, rooms: (0..threads).map(|_| Mutex::default()).collect() })
    }

    /// Its threads.
    pub fn threads(&self) -> usize {
        self.rooms.len()
    }

    /// Does `work` on every item, in parallel.
    pub fn map<I: Send, T: Send>(&self, items: Vec<I>, work: impl Fn(I, &mut Workspace) -> T + Sync) -> Vec<T> {
        self.install(|| {
            items
                .into_par_iter()
                .with_max_len(1)
                .map(|item| {
                    // A thread of the pool has its room for itself: the lock never waits.
                    let room = &self.rooms[rayon::current_thread_index().unwrap_or(0)];
                    work(item, &mut room.lock().unwrap_or_else(PoisonError::into_inner))
                })
                .collect()
        })
    }

    /// Runs `work` on the pool.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }
}
