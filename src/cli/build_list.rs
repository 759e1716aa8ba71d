use std::fs::File;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome, count, size, write_whole};
use crate::text::listed::Builder;
use crate::text::url::{HOST, PAGE};

/// Write lists of hosts or URLs in the form in which the stage `url` looks them up, which loads many times as fast.
#[derive(clap::Args)]
#[command(after_help = "A list of hosts serves the keys `domains` and `hosts` of the stage `url`, a list of pages its `urls` and `allow_lists`.")]
pub struct BuildList {
    /// Lists: text or gzip, one entry a line, or lists built before.
    #[arg(required = true)]
    lists: Vec<PathBuf>,
    /// The file to write, as adult.list.
    #[arg(short, long)]
    output: PathBuf,
    /// What the entries are: hosts, or pages (host and path).
    #[arg(long, value_enum, default_value_t = Kind::Hosts)]
    kind: Kind,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Hosts,
    Pages,
}

impl BuildList {
    pub(super) fn call(self) -> Outcome {
        let form = match self.kind {
            Kind::Hosts => HOST,
            Kind::Pages => PAGE,
        };
        let mut list = Builder::default();
        for path in &self.lists {
            let failed = |error: std::io::Error| Failure(format!("cannot read {}: {error}", path.display()));
            list.read(File::open(path).map_err(failed)?, form).map_err(failed)?;
        }
        let list = list.finish().ok_or("the lists take more than 4 GiB: write two files")?;
        let bytes = write_whole(&self.output, |out| list.write(form.name, out))?;
        say!("{} entries, {}", count(list.len() as u64), size(bytes))?;
        Ok(Done::Fine)
    }
}
