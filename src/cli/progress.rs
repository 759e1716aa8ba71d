//! Progress for people and for machines.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::say::aside;
use super::{count, size};
use crate::run::{Snapshot, Unwatched, Watch};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A live line on a terminal, plain lines elsewhere.
    Text,
    /// One JSON object a line on standard error.
    Json,
}

/// The watcher for the asked-for format.
pub fn watch(quiet: bool, format: LogFormat) -> Box<dyn Watch> {
    match format {
        LogFormat::Json => {
            // A second run in one process keeps the first subscriber.
            let _ = tracing_subscriber::fmt().json().with_writer(std::io::stderr).try_init();
            Box::new(Json { told: Mutex::new(None) })
        }
        LogFormat::Text if quiet => Box::new(Unwatched),
        LogFormat::Text if std::io::stderr().is_terminal() => Box::new(Live::new()),
        LogFormat::Text => Box::new(Plain { told: Mutex::new(None) }),
    }
}

fn line(now: &Snapshot) -> String {
    let seconds = now.elapsed.as_secs_f64().max(0.001);
    let kept = if now.documents == 0 { 100.0 } else { 100.0 * now.kept as f64 / now.documents as f64 };
    let mut text = format!("{}: {} documents, {}/s, {kept:.0} % kept", now.phase, count(now.documents), size((now.bytes as f64 / seconds) as u64));
    if let Some((reason, drops)) = &now.top_reason {
        text.push_str(&format!(", most dropped by {reason} ({})", count(*drops)));
    }
    text
}

struct Live {
    bar: ProgressBar,
}

impl Live {
    fn new() -> Live {
        let style = ProgressStyle::with_template("{bar:24} {percent:>3} % {eta:>4} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Live { bar: ProgressBar::new(0).with_style(style) }
    }
}

impl Watch for Live {
    fn update(&self, now: &Snapshot) {
        self.bar.set_length(now.input.max(1));
        self.bar.set_position(now.consumed.min(now.input));
        self.bar.set_message(if now.documents == 0 { now.phase.clone() } else { line(now) });
    }

    fn phase_done(&self, now: &Snapshot) {
        self.bar.println(line(now));
    }
}

/// Seconds between plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

fn due(told: &Mutex<Option<Instant>>, every: Duration) -> bool {
    let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let due = told.is_none_or(|at| at.elapsed() >= every);
    if due {
        *told = Some(Instant::now());
    }
    due
}

struct Plain {
    told: Mutex<Option<Instant>>,
}

impl Watch for Plain {
    fn update(&self, now: &Snapshot) {
        if now.documents > 0 && due(&self.told, PLAIN_EVERY) {
            // Too little is known of the speed before a fiftieth is done.
            let left = (now.consumed * 50 > now.input).then(|| now.input.saturating_sub(now.consumed) as f64 * now.elapsed.as_secs_f64() / now.consumed as f64);
            aside(format_args!("{}{}", line(now), left.map_or(String::new(), |seconds| format!(", about {seconds:.0} s left"))));
        }
    }

    fn phase_done(&self, now: &Snapshot) {
        aside(line(now));
    }
}

struct Json {
    told: Mutex<Option<Instant>>,
}

impl Json {
    fn tell(&self, now: &Snapshot, done: bool) {
        let (reason, drops) = now.top_reason.clone().unwrap_or_default();
        tracing::info!(
            phase = now.phase,
            done,
            documents = now.documents,
            kept = now.kept,
            bytes = now.bytes,
            consumed = now.consumed,
            input = now.input,
            top_reason = reason,
            top_drops = drops,
            seconds = now.elapsed.as_secs_f64(),
            "progress"
        );
    }
}

impl Watch for Json {
    fn update(&self, now: &Snapshot) {
        if due(&self.told, Duration::from_secs(1)) {
            self.tell(now, false);
        }
    }

    fn phase_done(&self, now: &Snapshot) {
        self.tell(now, true);
    }
}
