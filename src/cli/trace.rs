use std::path::PathBuf;

use super::say::say;
use super::{Done, Outcome};
use crate::review::{
    Folder,
    story::{self, Fate},
};

/// Tell the story of one document of a run, stage by stage, with numbers.
#[derive(clap::Args)]
#[command(after_help = "A run with --set run.mode=annotate knows what every rule measured; any other knows the reason of a drop.")]
pub struct Trace {
    /// The document: its id or its URL.
    document: String,
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
}

impl Trace {
    pub(super) fn call(self) -> Outcome {
        let folder = Folder::open(&self.run)?;
        let story = story::of(&folder, &self.document)?;
        say!("{}\n{}\n", story.name, story.excerpt)?;
        let width = story.chapters.iter().map(|chapter| chapter.stage.len()).max().unwrap_or_default();
        for chapter in &story.chapters {
            let fate = match &chapter.fate {
                Fate::Passed => "passes".to_owned(),
                Fate::Failed => "would be dropped".to_owned(),
                Fate::Dropped(reason) => format!("dropped: {reason}"),
            };
            say!("{:width$}  {fate}", chapter.stage)?;
            for said in &chapter.rules {
                let mark = if said.keep { " " } else { "x" };
                let value = said.value.map_or_else(String::new, |value| format!("{value:>12.4}"));
                let threshold = said.threshold.map_or_else(String::new, |threshold| format!("  against {threshold}"));
                say!("{:width$}  {mark} {:<32} {value}{threshold}", "", said.rule)?;
            }
        }
        Ok(Done::Fine)
    }
}
