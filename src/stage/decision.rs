//! What a barrier has decided: named blobs in a directory that the executor commits as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Result, RunError};

/// Named blobs. Small ones are kept in memory until the executor commits them; large ones are best keyed by split.
#[derive(Debug, Default)]
pub struct Decision {
    dir: PathBuf,
    fresh: BTreeMap<String, Vec<u8>>,
    /// Counts for the report, by name: pairs compared, candidates left out by a cap, bytes cut.
    pub counts: BTreeMap<String, u64>,
}

impl Decision {
    /// A decision whose blobs live in `dir`.
    pub(crate) fn at(dir: &Path) -> Decision {
        Decision { dir: dir.to_owned(), ..Decision::default() }
    }

    /// A decision that is never committed, for tests and for libraries.
    pub fn in_memory() -> Decision {
        Decision::default()
    }

    /// Sets a blob. `name` is made of letters, digits, `.`, `-` and `_`.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.fresh.insert(name.to_owned(), bytes);
    }

    /// Reads a blob; `None` where there is none of that name.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if let Some(bytes) = self.fresh.get(name) {
            return Ok(Some(bytes.clone()));
        }
        if self.dir.as_os_str().is_empty() {
            return Ok(None);
        }
        let path = self.dir.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(RunError::file("cannot read", &path)(cause)),
        }
    }

    /// Takes back a blob that is not committed yet.
    pub fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.fresh.remove(name)
    }

    /// Adds to a count.
    pub fn count(&mut self, name: &str, by: u64) {
        *self.counts.entry(name.to_owned()).or_default() += by;
    }

    /// Forgets what is on disk now.
    pub(crate) fn committed(&mut self) {
        self.fresh.clear();
    }

    /// The blobs that are not on disk yet.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fresh.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }
}
