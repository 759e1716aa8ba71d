//! Time of this thread.

use std::time::Instant;

/// Seconds that this thread has run, which other processes do not lengthen; the clock where the system does not tell.
pub fn seconds(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok()).map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns / 1e9)
}
