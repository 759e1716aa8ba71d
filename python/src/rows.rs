//! Rows of a batch, shared out to threads.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that a thread takes at a time: few, since one page may take as long as a hundred others.
const STRIDE: usize = 8;

/// Threads to use where none are asked for.
pub fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).max(1)
}

/// Calls `work` for every row, each thread with a memory of its own; gives the answers in the order of rows. The threads end with the call, so that a process may fork between
/// two.
pub fn each<M, T: Send>(rows: usize, threads: usize, memory: impl Fn() -> M + Sync, work: impl Fn(&mut M, usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        let mut memory = memory();
        loop {
            let start = next.fetch_add(STRIDE, Ordering::Relaxed);
            if start >= rows {
                return;
            }
            let answers: Vec<T> = (start..rows.min(start + STRIDE)).map(|row| work(&mut memory, row)).collect();
            done.lock().unwrap_or_else(PoisonError::into_inner).push((start, answers));
        }
    };
    std::thread::scope(|scope| {
        (1..threads.min(rows.div_ceil(STRIDE))).for_each(|_| {
            scope.spawn(worker);
        });
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(start, _)| *start);
    done.into_iter().flat_map(|(_, answers)| answers).collect()
}
