//! How long the trainings will take and how much memory they need, measured before they begin.
//!
//! A few steps of the first training, the scoring of a few documents and an n-gram model on each thread are timed, and thrown away; everything else is a multiple
//! of them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::TrialError;
use super::counting::FOLDS;
use super::study::Study;
use crate::train::workers::Workers;

/// Steps that are timed at most.
const STEPS: usize = 40;

/// Time after which no further step is timed.
const ENOUGH: Duration = Duration::from_millis(1500);

/// Between two looks at the memory held.
const LOOKED_AT: Duration = Duration::from_millis(10);

/// What the trainings are going to take. Goes into `timing.json`, since it differs from machine to machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Trainings still to be done.
    pub trainings: usize,
    /// Seconds for all of them.
    pub seconds: f64,
    /// Bytes of memory that the process will hold for itself; 0 where the system does not say.
    pub memory: u64,
}

/// Times the parts of a training and an n-gram model on each thread, and multiplies; of trainings, and of arms whose n-grams are not counted, there are so many.
pub fn forecast(study: &Study<'_>, steps: usize, [trainings, arms]: [usize; 2], workers: &Workers) -> Result<Forecast, TrialError> {
    let (seconds, memory) = with_memory(|| {
        let mut seconds = 0.0;
        if arms > 0 {
            seconds += of_counting(study, workers)? * arms as f64;
        }
        if trainings > 0 {
            seconds += of_training(study, steps, workers)? * trainings as f64;
        }
        Ok::<_, TrialError>(seconds)
    });
    Ok(Forecast { trainings, seconds: seconds?, memory })
}

/// Seconds for the n-gram models of an arm: as many are timed as will be counted at once, since together they hold the most memory.
fn of_counting(study: &Study<'_>, workers: &Workers) -> Result<f64, TrialError> {
    let begun = Instant::now();
    let at_once = workers.threads().min(FOLDS);
    workers.map((0..at_once).collect(), |fold, _| study.count(0, fold)).into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(begun.elapsed().as_secs_f64() * FOLDS.div_ceil(at_once) as f64)
}

/// Seconds for a training.
fn of_training(study: &Study<'_>, steps: usize, workers: &Workers) -> Result<f64, TrialError> {
    study.rehearse_scoring(workers)?;
    let begun = Instant::now();
    let scored = study.rehearse_scoring(workers)?;
    let of_scoring = begun.elapsed().as_secs_f64() * study.scored_tokens() as f64 / scored.max(1) as f64;
    let begun = Instant::now();
    // The first step also pays for what is set up once a training.
    let (mut first, mut last, mut done) = (Duration::ZERO, Duration::ZERO, 0);
    study.run(0, 0, workers, &mut |progress| {
        (last, done) = (begun.elapsed(), progress.step);
        if done == 1 {
            first = last;
        }
        let enough = done >= STEPS || done > 2 && last - first > ENOUGH || done == steps;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let of_step = if done > 1 { (last - first).as_secs_f64() / (done - 1) as f64 } else { 0.0 };
    Ok(first.as_secs_f64() + of_step * (steps.max(1) - 1) as f64 + of_scoring)
}

/// What `work` gives, and the most memory that the process held for itself meanwhile.
pub fn with_memory<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let most = &AtomicU64::new(resident());
    let given = std::thread::scope(|scope| {
        // It ends with `work`, however that ends.
        let (_working, ended) = channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(LOOKED_AT) == Err(RecvTimeoutError::Timeout) {
                most.fetch_max(resident(), Ordering::Relaxed);
            }
        });
        work()
    });
    (given, most.load(Ordering::Relaxed))
}

/// Bytes of memory that this process holds for itself now; 0 where the system does not say. Pages of the shards, which are mapped, are left out: the more
/// arms have been trained on, the more of them are in memory, but the system takes them back whenever it needs to.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_known_where_the_system_says_it() {
        if std::path::Path::new("/proc/self/status").exists() {
            assert!((1 << 20..1 << 36).contains(&resident()), "{}", resident());
        }
    }

    #[test]
    fn memory_that_is_given_back_was_held() {
        let held = with_memory(|| {
            let room = std::hint::black_box(vec![1u8; 256 << 20]);
            std::thread::sleep(50 * LOOKED_AT);
            std::hint::black_box(room).len()
        });
        assert_eq!(held.0, 256 << 20);
        assert!(held.1 == 0 || held.1 >= 256 << 20, "{held:?}");
        let failed = std::panic::catch_unwind(|| with_memory(|| panic!("a training failed")));
        assert!(failed.is_err());
    }
}
