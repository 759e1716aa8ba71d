use std::path::PathBuf;

use super::Failure;
use crate::plan::{Pipeline, Plan};
use crate::run::Origin;
use crate::store::is_address;

/// A path of this machine, for verbs that read many small pieces of what lies there.
pub(super) fn local(given: &str) -> Result<PathBuf, String> {
    if !is_address(given.as_ref()) {
        return Ok(given.into());
    }
    Err(format!(
        "it is an address, and this reads folders of this machine\n  help: copy it first, as `aws s3 sync {given} DIR` does; or `dataprep run` the pipeline whose `run.publish` it is, \
         with an empty `run.output`, which fetches the run"
    ))
}

/// Which run a verb means that several processes work on.
#[derive(clap::Args)]
pub struct Place {
    /// The run's folder, or the pipeline file, which prepares the folder where nobody has.
    #[arg(value_parser = local)]
    run: PathBuf,
    /// Override one key of the pipeline file, as `--set stage.language.min_score=0.7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Place {
    /// The plan of the run. That of a folder is made as it was first, in the folder from which its paths are taken.
    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        if !self.run.is_dir() {
            return Ok(Pipeline::load(&self.run, &self.set)?.plan()?);
        }
        if !self.set.is_empty() {
            return Err(Failure(format!("the run in {} has its settings: `--set` goes with the pipeline file", self.run.display())));
        }
        let output = std::path::absolute(&self.run)?;
        let origin = Origin::read(&output)?;
        std::env::set_current_dir(&origin.folder).map_err(|error| Failure(format!("cannot go to {}: {error}", origin.folder.display())))?;
        Ok(Pipeline::parse(&origin.name, &origin.toml, &origin.settings)?.at(output).plan()?)
    }
}
