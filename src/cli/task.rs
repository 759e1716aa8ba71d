use super::place::Place;
use super::progress::{LogFormat, watch};
use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::{Done, Outcome, all_threads};
use crate::run::{self, Options};

/// Do one task of a run, whoever else is at it: the first to commit counts. Done again, it does nothing.
#[derive(clap::Args)]
pub struct Task {
    #[command(flatten)]
    place: Place,
    /// The task, as `dataprep tasks` lists it: `map-0/12`.
    task: run::Task,
    /// Worker threads; the output does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// How progress is told.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl Task {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let watch = watch(false, self.log_format);
        let options = Options { threads: self.threads.unwrap_or_else(all_threads), stop: &STOP, watch: watch.as_ref() };
        if !run::task(self.place.plan()?, &options, self.task)? {
            say!("{} was done before", self.task)?;
        }
        Ok(Done::Fine)
    }
}
