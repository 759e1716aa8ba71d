use super::place::Place;
use super::say::say;
use super::{Done, Outcome};
use crate::run;

/// Prepare a run and list the tasks that can be done now, one a line; nothing where it is finished. More follow once all are done.
#[derive(clap::Args)]
pub struct Tasks {
    #[command(flatten)]
    place: Place,
}

impl Tasks {
    pub(super) fn call(self) -> Outcome {
        for task in run::tasks(&self.place.plan()?)? {
            say!("{task}")?;
        }
        Ok(Done::Fine)
    }
}
