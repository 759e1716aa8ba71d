//! A run directory is published in an object store as it comes into being: files that got their final names here are sent there, and only then the line of the
//! journal that speaks of them.
//!
//! Nothing is renamed there. Parts have names and bytes that do not depend on who makes them, so to send one twice does no harm; a line of the journal is made once, by whoever is first.
//! An empty directory begins with what the store holds, so a run can go on on another machine.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

use super::MANIFEST;
use super::files::{Hold, RunDir};
use crate::config::Config;
use crate::stage::{Result, RunError};
use crate::store::Folder;

/// Says which run a directory holds.
const RUN: &str = "run.json";

/// How often a run is listed that changes while it is fetched.
const LISTINGS: usize = 20;

/// Where a run directory is published.
pub struct Mirror {
    address: String,
    folder: Folder,
}

/// Publishes what was written into the directory of a finished run since: training, verdict, page.
///
/// # Errors
/// Where another process is in the directory, or the store does not take it.
pub fn publish_rest(config: &Config) -> Result<()> {
    let Some(address) = &config.run.publish else { return Ok(()) };
    publish(&RunDir::open(&config.run.output, Hold::Alone)?, address)
}

/// Publishes what of the run in a directory is not published, and what may have been written anew.
pub fn publish(dir: &RunDir, address: &str) -> Result<()> {
    Mirror::open(address)?.meet(dir)
}

/// What is only of use to the processes of one machine.
fn is_private(name: &str) -> bool {
    ["tmp/", "tasks/", "validate/arms/"].iter().any(|folder| name.starts_with(folder)) || name.rsplit('/').next().is_some_and(|name| name.starts_with('.'))
}

impl Mirror {
    /// Connects, and makes sure that the store can do what publishing depends on.
    pub fn open(address: &str) -> Result<Mirror> {
        let failed = |cause| RunError::stop(format!("cannot publish to {address}: {cause}"));
        let folder = Folder::at(address).map_err(failed)?;
        if !folder.creates_once().map_err(failed)? {
            return Err(RunError::stop(format!(
                "{address} overwrites an object that must be made only once, so two processes could spoil each other's work there: publish to a store that honours `If-None-Match`"
            )));
        }
        Ok(Mirror { address: address.to_owned(), folder })
    }

    fn failed(&self, what: &str, name: &str) -> impl FnOnce(std::io::Error) -> RunError {
        let place = format!("cannot {what} {}/{name}", self.address);
        move |cause| RunError::stop(format!("{place}: {cause}; start the run again to go on"))
    }

    /// Brings a directory and what is published together: an empty directory is filled, of another what is missing there is sent.
    pub fn meet(&self, dir: &RunDir) -> Result<()> {
        let Some(here) = dir.read(RUN)? else { return self.fetch(dir) };
        match self.folder.read(RUN).map_err(self.failed("read", RUN))? {
            Some(there) if there != here => Err(RunError::stop(format!("{} holds another run: choose another `run.publish`, or empty it", self.address))),
            _ => self.send_missing(dir),
        }
    }

    fn fetch(&self, dir: &RunDir) -> Result<()> {
        let list = || Ok(self.folder.names().map_err(self.failed("list", ""))?.into_iter().filter(|name| !is_private(name)).collect::<BTreeSet<_>>());
        let (mut there, mut here) = (list()?, BTreeSet::new());
        for _ in 0..LISTINGS {
            // Until this file is here the directory counts as empty, so fetching that broke off is done again.
            for name in there.iter().filter(|name| *name != RUN) {
                if here.contains(name) {
                    continue;
                }
                let path = dir.path(name);
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
                }
                match self.folder.fetch(name, &path) {
                    // Another machine has taken it away, or has sent the same bytes again, which some stores call another object.
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => drop(fs::remove_file(&path)),
                    done => {
                        done.map_err(self.failed("read", name))?;
                        here.insert(name.clone());
                    }
                }
            }
            // Another machine may be at this run, and takes away what it has used up only after it has written what comes of it.
            let now = list()?;
            for name in here.extract_if(.., |name| !now.contains(name)) {
                dir.remove(&name)?;
            }
            if now == there && here.len() + usize::from(there.contains(RUN)) == there.len() {
                return if there.contains(RUN) { self.folder.fetch(RUN, &dir.path(RUN)).map_err(self.failed("read", RUN)) } else { Ok(()) };
            }
            there = now;
        }
        Err(RunError::stop(format!("{} changes while it is fetched: wait until no other machine works on the run, and start again", self.address)))
    }

    /// Sends what the store lacks, and what others than the run may have written anew: training, verdict, page. What speaks of other files comes last.
    fn send_missing(&self, dir: &RunDir) -> Result<()> {
        let there: BTreeSet<String> = self.folder.names().map_err(self.failed("list", ""))?.into_iter().collect();
        let follows = |name: &str| !name.contains('/') || name.starts_with("train/") || name.starts_with("validate/");
        let mut files = dir.all_files()?;
        files.retain(|name| follows(name) || !there.contains(name));
        files.sort_by_key(|name| (name == MANIFEST, name.starts_with("journal/")));
        files.iter().try_for_each(|name| self.send(dir, name))
    }

    /// Sends a file that stands under its final name.
    pub fn send(&self, dir: &RunDir, name: &str) -> Result<()> {
        if is_private(name) { Ok(()) } else { self.folder.send(name, &dir.path(name)).map_err(self.failed("write", name)) }
    }

    /// Makes a small object that speaks of others; where one of its name stands, its maker has made the same.
    pub fn announce(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.folder.create(name, bytes.to_vec()).map(drop).map_err(self.failed("write", name))
    }

    /// Removes a file.
    pub fn remove(&self, name: &str) -> Result<()> {
        if is_private(name) { Ok(()) } else { self.folder.remove(name).map_err(self.failed("remove", name)) }
    }

    /// Removes all that lies in a folder.
    pub fn remove_folder(&self, name: &str) -> Result<()> {
        let inside = format!("{name}/");
        if is_private(&inside) {
            return Ok(());
        }
        self.folder.names().map_err(self.failed("list", name))?.iter().filter(|found| found.starts_with(&inside)).try_for_each(|found| self.remove(found))
    }
}
