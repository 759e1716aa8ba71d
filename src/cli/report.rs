use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::say::say;
use super::{Done, Failure, Outcome, size, write_whole};
use crate::review::Folder;
use crate::review::page::{Language, PAGE, page};

/// Write report.html for a finished run: one page that opens offline. A run writes it at its end; this makes it anew.
#[derive(clap::Args)]
pub struct Report {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// Where the page goes [default: report.html in the run's folder].
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Language of the page: zh, or en.
    #[arg(long, env = "LANG", hide_env_values = true, default_value = "en", value_parser = language)]
    lang: Language,
}

impl Report {
    pub(super) fn call(self) -> Outcome {
        let path = self.output.unwrap_or_else(|| self.run.join(PAGE));
        let bytes = write(&self.run, &path, self.lang)?;
        say!("{}, {}", path.display(), size(bytes))?;
        Ok(Done::Fine)
    }
}

/// Writes the page over a run; gives its size.
pub(super) fn write(run: &Path, path: &Path, language: Language) -> Result<u64, Failure> {
    let page = page(&Folder::open(run)?, language)?;
    write_whole(path, |out| out.write_all(page.as_bytes()))
}

/// Of a name or of a locale: Chinese where it begins so, else English.
pub(super) fn language(name: &str) -> Result<Language, Infallible> {
    Ok(if name.starts_with("zh") { Language::Chinese } else { Language::English })
}
