use std::path::PathBuf;

use super::Failure;
use crate::plan::{Pipeline, Plan};
use crate::run::Origin;

/// Which run a verb means that several processes work on.
#[derive(clap::Args)]
pub struct Place {
    /// The run's folder, or the pipeline file, which prepares the folder where nobody has.
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
        let mut plan = Pipeline::parse(&origin.name, &origin.toml, &origin.settings)?.plan()?;
        // The folder may be mounted elsewhere here.
        plan.config.run.output = output;
        Ok(plan)
    }
}
