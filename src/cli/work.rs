use std::time::Duration;

use super::place::Place;
use super::progress::{LogFormat, watch};
use super::run::{STOP, stop_on_ctrl_c};
use super::{Done, Outcome, all_threads};
use crate::run::{self, Options};

/// Do tasks of a run until it is finished, together with any number of others on any machines that see its folder.
#[derive(clap::Args)]
pub struct Work {
    #[command(flatten)]
    place: Place,
    /// Worker threads of this process; the output does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Seconds without a sign of life after which another process is taken for dead.
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    patience: f64,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
    /// How progress is told.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl Work {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let watch = watch(self.quiet, self.log_format);
        let options = Options { threads: self.threads.unwrap_or_else(all_threads), stop: &STOP, watch: watch.as_ref() };
        run::work(self.place.plan()?, &options, Duration::from_secs_f64(self.patience))?;
        Ok(Done::Fine)
    }
}

/// A number of seconds that is no less than what signs of life need.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (1.0..=1e6).contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is no number of seconds: wanted 1 to 1000000"))
}
