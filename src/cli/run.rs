use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::progress::{LogFormat, watch};
use super::{Done, Outcome, all_threads, count, size};
use crate::plan::Pipeline;
use crate::run::{Options, Report, run};

/// Run a pipeline, or go on with one that was stopped.
#[derive(clap::Args)]
pub struct Run {
    /// The pipeline file.
    file: PathBuf,
    /// Worker threads; the output does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
    /// Override one key, as `--set stage.language.min_score=0.7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How progress is told.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// Set by Ctrl-C; the second one ends the process at once.
pub(super) static STOP: AtomicBool = AtomicBool::new(false);

pub(super) fn stop_on_ctrl_c() {
    // Fails only where a handler stands already, which then does the same.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}
