use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::say::{bytes, say};
use super::{Done, Failure, Outcome, count, help, shown, translate, write_whole};

/// Print the manual page of dataprep, or write one for every verb.
#[derive(clap::Args)]
pub struct ManPages {
    /// Write dataprep.1 and a page for each verb, as dataprep-run.1, into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl ManPages {
    pub(super) fn call(self) -> Outcome {
        let mut command = shown();
        command.build();
        let Some(folder) = self.out else {
            bytes(rendered(command)?.as_bytes())?;
            return Ok(Done::Fine);
        };
        std::fs::create_dir_all(&folder).map_err(|cause| Failure(format!("cannot create {}: {cause}", folder.display())))?;
        let pages = pages(&command, "dataprep", &folder)?;
        say!("{} pages in {}", count(pages), folder.display())?;
        Ok(Done::Fine)
    }
}

fn rendered(command: Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    let page = String::from_utf8(page)?;
    Ok(if translate::is_chinese() { help::page(page) } else { page })
}

/// Writes the page of a command and those of its verbs; gives their number.
fn pages(command: &Command, name: &str, folder: &Path) -> Result<u64, Failure> {
    let page = rendered(command.clone())?;
    write_whole(&folder.join(format!("{name}.1")), |out| out.write_all(page.as_bytes()))?;
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help");
    verbs.map(|verb| pages(verb, &format!("{name}-{}", verb.get_name()), folder)).sum::<Result<u64, Failure>>().map(|pages| pages + 1)
}
