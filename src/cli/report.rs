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
    run: PathBuf,
    /// Where the page goes [default: report.html in the run's folder].
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Language of the page: en or zh [default: that of the environment].
    #[arg(long, value_parser = language)]
    lang: Option<Language>,
}

impl Report {
    pub(super) fn call(self) -> Outcome {
        let path = self.output.unwrap_or_else(|| self.run.join(PAGE));
        let bytes = write(&self.run, &path, self.lang.unwrap_or_else(of_environment))?;
        say!("{}, {}", path.display(), size(bytes))?;
        Ok(Done::Fine)
    }
}

/// Writes the page over a run; gives its size.
pub(super) fn write(run: &Path, path: &Path, language: Language) -> Result<u64, Failure> {
    let page = page(&Folder::open(run)?, language)?;
    write_whole(path, |out| out.write_all(page.as_bytes()))
}

fn language(name: &str) -> Result<Language, String> {
    match name {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        _ => Err("wanted en or zh".to_owned()),
    }
}

/// As LC_ALL, LC_MESSAGES or LANG say, the first that is set.
pub(super) fn of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if set.is_some_and(|value| value.starts_with("zh")) { Language::Chinese } else { Language::English }
}
