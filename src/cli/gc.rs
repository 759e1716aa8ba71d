use std::path::PathBuf;
use std::time::Duration;

use super::say::say;
use super::work::seconds;
use super::{Done, Outcome};
use crate::run;

/// Remove what dead processes have left in the folder of a run. What is committed stays.
#[derive(clap::Args)]
pub struct Gc {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// Seconds without a sign of life after which a process is taken for dead. Where no process is in the folder, all are.
    #[arg(long, default_value_t = 600.0, value_parser = seconds)]
    patience: f64,
}

impl Gc {
    pub(super) fn call(self) -> Outcome {
        let removed = run::gc(&self.run, Duration::from_secs_f64(self.patience))?;
        say!("removed what {removed} processes have left")?;
        Ok(Done::Fine)
    }
}
