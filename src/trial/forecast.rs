//! How long the trainings will take and how much memory they need, measured before they begin.
//!
//! A few steps of the first training and the scoring of a few documents are timed, and thrown away; everything else is a multiple of them.

use std::ops::ControlFlow;
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

/// Times the parts of a training and one n-gram model, and multiplies; of trainings, and of arms whose n-grams are not counted, there are so many.
pub fn forecast(study: &Study<'_>, steps: usize, [trainings, arms]: [usize; 2], workers: &Workers) -> Result<Forecast, TrialError> {
    let (before, begun) = (resident(), Instant::now());
    if arms > 0 {
        study.count(0, 0)?;
    }
    let counting = begun.elapsed().as_secs_f64() * (arms * FOLDS) as f64 / workers.threads() as f64;
    let counted = before + (resident().saturating_sub(before)) * workers.threads() as u64;
    if trainings == 0 {
        return Ok(Forecast { trainings, seconds: counting, memory: counted });
    }
    study.rehearse_scoring(workers)?;
    let begun = Instant::now();
    let scored = study.rehearse_scoring(workers)?;
    let of_scoring = begun.elapsed().as_secs_f64() * study.scored_tokens() as f64 / scored.max(1) as f64;
    let begun = Instant::now();
    // The first step also pays for what is set up once a training.
    let (mut first, mut last, mut done, mut memory) = (Duration::ZERO, Duration::ZERO, 0, 0);
    study.run(0, 0, workers, &mut |progress| {
        (last, done) = (begun.elapsed(), progress.step);
        if done == 1 {
            first = last;
        }
        let enough = done >= STEPS || done > 2 && last - first > ENOUGH || done == steps;
        if enough {
            memory = resident();
        }
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let of_step = if done > 1 { (last - first).as_secs_f64() / (done - 1) as f64 } else { 0.0 };
    let of_training = first.as_secs_f64() + of_step * (steps.max(1) - 1) as f64 + of_scoring;
    Ok(Forecast { trainings, seconds: of_training * trainings as f64 + counting, memory: memory.max(counted) })
}

/// Bytes of memory that this process holds for itself now; 0 where the system does not say. Pages of the shards, which are mapped, are left out: the more
/// arms have been trained on, the more of them are in memory, but the system takes them back whenever it needs to.
pub fn resident() -> u64 {
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
}
