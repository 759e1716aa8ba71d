//! A run directory is published in an object store as it comes into being: what gets its final name here is sent there, and only then the journal's line says so.
//!
//! Nothing is renamed there. Parts have names and bytes that do not depend on who writes them, so to send one twice does no harm; a line of the journal is made once, by whoever
//! is first, and another one with other content stops the run. An empty directory begins with what the store holds, so a run can go on on another machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::stage::{Result, RunError};
use crate::store::Folder;

/// Where a run directory is published.
pub struct Mirror {
    address: String,
    folder: Folder,
}

/// Left out: what is only of use to the process that writes it.
fn is_private(name: &str) -> bool {
    name == ".lock" || name.starts_with("tmp/") || name.ends_with(".partial") || name.starts_with("validate/arms/")
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

    /// Fills an empty run directory with what is published.
    pub fn fetch(&self, root: &Path) -> Result<()> {
        for name in self.folder.names().map_err(self.failed("list", ""))? {
            let path = root.join(&name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
            }
            self.folder.fetch(&name, &path).map_err(self.failed("read", &name))?;
        }
        Ok(())
    }

    /// Sends a file that stands under its final name.
    pub fn send(&self, root: &Path, name: &str) -> Result<()> {
        if is_private(name) {
            return Ok(());
        }
        self.folder.send(name, &root.join(name)).map_err(self.failed("write", name))
    }

    /// Sends a small file; one of the journal must be the first of its name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if !name.starts_with("journal/") {
            return self.folder.put(name, bytes.to_vec()).map_err(self.failed("write", name));
        }
        match self.folder.put_new(name, bytes.to_vec()).map_err(self.failed("write", name))? {
            true => Ok(()),
            false => Err(RunError::stop(format!("another process has written {}/{name} with other content: choose another `run.publish`", self.address))),
        }
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

    /// Sends what followed the run: training, verdict, page. `files` are all of the directory.
    pub fn send_rest(&self, root: &Path, files: &[String]) -> Result<()> {
        let there: BTreeSet<String> = self.folder.names().map_err(self.failed("list", ""))?.into_iter().collect();
        // What is written by others than the run may be written anew.
        let follows = |name: &str| !name.contains('/') || name.starts_with("train/") || name.starts_with("validate/");
        files.iter().filter(|name| follows(name) || !there.contains(*name)).try_for_each(|name| self.send(root, name))
    }
}
