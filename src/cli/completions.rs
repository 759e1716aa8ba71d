use clap_complete::{Shell, generate};

use super::say::bytes;
use super::{Done, Outcome, shown};

/// Print what makes a shell complete verbs and options of dataprep.
#[derive(clap::Args)]
#[command(after_help = "bash, zsh and fish look into the folders of the examples when they start; a new shell knows it.")]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn call(self) -> Outcome {
        let mut script = Vec::new();
        generate(self.shell, &mut shown(), "dataprep", &mut script);
        bytes(&script)?;
        Ok(Done::Fine)
    }
}
