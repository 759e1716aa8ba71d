use super::say::say;
use super::{Done, Failure, Outcome};
use crate::store::Folder;

/// Try whether an object store can hold what a run publishes: exit code 1 where it cannot.
#[derive(clap::Args)]
pub struct Doctor {
    /// A folder of the store, as s3://bucket/folder; one small object is written there and removed.
    #[arg(long, value_name = "ADDRESS")]
    store: String,
}

impl Doctor {
    pub(super) fn call(self) -> Outcome {
        let failed = |cause: std::io::Error| Failure(format!("cannot use {}: {cause}", self.store));
        let folder = Folder::at(&self.store).map_err(failed)?;
        let once = folder.creates_once().map_err(failed)?;
        say!("{}: written, read and removed", self.store)?;
        if once {
            say!("an object that stands is not overwritten where it must not be: `run.publish` is safe here")?;
            return Ok(Done::Fine);
        }
        say!("an object that stands is overwritten where it must not be: two runs could spoil each other's work, and `run.publish` refuses this store")?;
        Ok(Done::Unmet)
    }
}
