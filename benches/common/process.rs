//! Time of this process.

/// Processor time of the process, all threads, to a hundredth of a second; not a number where the system does not tell.
pub fn seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process may hold spaces; what comes after the bracket does not. User and system time are the 12th and 13th of the rest.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().ok()).sum::<Option<f64>>().filter(|_| !stat.is_empty()).map_or(f64::NAN, |ticks| ticks / 100.0)
}
