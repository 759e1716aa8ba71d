use std::path::PathBuf;

use super::say::{self, say};
use super::{Done, Failure, Outcome, count, translate};
use crate::config::suggestion;
use crate::review::{Document, Folder, excerpt};

/// Show documents of a run in the terminal: what was kept, or what was dropped, and why.
#[derive(clap::Args)]
#[command(
    after_help = "Dropped documents are those that the run has written down: `run.dropped` says which share of them.\nThe same can be looked at, and searched, in report.html of the run."
)]
pub struct Inspect {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// Documents that this stage has dropped.
    #[arg(long)]
    stage: Option<String>,
    /// Documents that were dropped for this reason.
    #[arg(long)]
    reason: Option<String>,
    /// Documents in this language, or one that it covers: zh is zh-Hans and zh-Hant.
    #[arg(long)]
    lang: Option<String>,
    /// Kept documents too, where neither stage nor reason is given.
    #[arg(long)]
    kept: bool,
    /// Documents to show.
    #[arg(short, default_value_t = 20)]
    n: usize,
    /// Characters of each text to show.
    #[arg(long, default_value_t = 400)]
    characters: usize,
    /// Print lines of JSON, texts whole.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn call(self) -> Outcome {
        let folder = Folder::open(&self.run)?;
        if let Some(stage) = self.stage.as_ref().filter(|stage| !folder.stages.contains(stage)) {
            let help = suggestion(stage, folder.stages.iter().map(String::as_str));
            return Err(Failure(format!("this run has no stage `{stage}`: {help}")));
        }
        let (mut shown, mut failed) = (0, None);
        let mut see = |document: Document| {
            if self.wants(&document) {
                shown += 1;
                failed = self.show(&document).err();
            }
            shown < self.n && failed.is_none()
        };
        let kept = self.kept && self.stage.is_none() && self.reason.is_none();
        if kept {
            folder.kept(&mut see)?;
        } else {
            folder.dropped(&mut see)?;
        }
        if let Some(failed) = failed {
            return Err(failed.into());
        }
        if shown == 0 {
            // What reads JSON takes standard output for documents.
            let nothing = translate::told(&if kept { "no document of this kind was kept".to_owned() } else { self.nothing(&folder) });
            if self.json { say::aside(nothing) } else { say!("{nothing}")? }
        }
        Ok(Done::Fine)
    }

    /// Why no dropped document is there to be shown.
    fn nothing(&self, folder: &Folder) -> String {
        match folder.count_dropped(self.stage.as_deref(), self.reason.as_deref()) {
            0 => "no document of this kind was dropped".to_owned(),
            dropped => format!(
                "{} were dropped, none of this kind is written down\n  help: `run.dropped` is the share to write down: run again with --set run.dropped=1.0 and another --set run.output=DIR",
                count(dropped)
            ),
        }
    }

    fn wants(&self, document: &Document) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let lang = self.lang.as_ref().is_none_or(|tag| document.lang.as_ref().is_some_and(|lang| crate::language::covers(tag, lang)));
        is(&self.stage, &document.stage) && is(&self.reason, &document.reason) && lang
    }

    fn show(&self, document: &Document) -> std::io::Result<()> {
        if self.json {
            return say!("{}", serde_json::to_string(document)?);
        }
        let name = document.url.as_deref().or(document.id.as_deref()).unwrap_or("without a name");
        say!("{name}")?;
        if let (Some(stage), Some(reason)) = (&document.stage, &document.reason) {
            let number = |value: Option<f64>| value.map(crate::check::shown);
            let measured = match (number(document.value), number(document.threshold)) {
                (Some(value), Some(threshold)) => format!(": {value} against {threshold}"),
                (Some(value), None) => format!(": {value}"),
                _ => String::new(),
            };
            let detail = document.detail.as_ref().map_or_else(String::new, |detail| format!(", {detail}"));
            say!("  {stage}: {reason}{measured}{detail}")?;
        }
        say!("  {}\n", excerpt(document.text.as_deref(), self.characters))
    }
}
