//! What a barrier has decided: named blobs in a directory that the executor commits as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Result, RunError};

/// Bytes of appended blobs that are held in memory.
const HELD: usize = 1 << 20;

/// Named blobs. Those that are set are kept in memory until the executor commits them; those that grow by appending go to disk as they grow.
#[derive(Debug, Default)]
pub struct Decision {
    dir: PathBuf,
    /// Where blobs wait for the commit; none where all stay in memory.
    pending: Option<PathBuf>,
    fresh: BTreeMap<String, Vec<u8>>,
    appended: BTreeSet<String>,
    /// Blobs of earlier rounds that are to go.
    pub(crate) removed: BTreeSet<String>,
    held: usize,
    /// Blobs that several key ranges read at once.
    shared: Mutex<BTreeMap<String, Arc<Vec<u8>>>>,
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

    /// Appends to a blob, which takes no memory to speak of however large it grows. A blob is either set or appended to.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        match self.fresh.get_mut(name) {
            Some(blob) => blob.extend_from_slice(bytes),
            None => {
                self.appended.insert(name.to_owned());
                self.fresh.insert(name.to_owned(), bytes.to_vec());
            }
        }
        self.held += bytes.len();
        if self.held > HELD && self.pending.is_some() { self.spill(true) } else { Ok(()) }
    }

    /// An empty folder of the decision, for what is made of several files.
    pub fn folder(&mut self, name: &str) -> Result<PathBuf> {
        let pending = self.pending.as_ref().ok_or_else(|| RunError::stop("a decision in memory has no folders"))?;
        let folder = pending.join(name);
        std::fs::create_dir_all(&folder).map_err(RunError::file("cannot create", &folder))?;
        Ok(folder)
    }

    /// Reads a blob; `None` where there is none of that name.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if self.removed.contains(name) {
            return Ok(None);
        }
        let waiting = if self.appended.contains(name) { self.pending.as_ref() } else { None };
        let begun = waiting.map(|pending| read(&pending.join(name))).transpose()?.flatten();
        match (begun, self.fresh.get(name)) {
            (Some(begun), rest) => Ok(Some([begun.as_slice(), rest.map_or(&[], Vec::as_slice)].concat())),
            (None, Some(bytes)) => Ok(Some(bytes.clone())),
            (None, None) if self.dir.as_os_str().is_empty() => Ok(None),
            (None, None) => read(&self.dir.join(name)),
        }
    }

    /// The same for a large blob of an earlier round, of which all key ranges in work hold one copy.
    pub fn share(&self, name: &str) -> Result<Option<Arc<Vec<u8>>>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = shared.get(name) {
            return Ok(Some(bytes.clone()));
        }
        let Some(bytes) = self.get(name)? else { return Ok(None) };
        Ok(Some(shared.entry(name.to_owned()).or_insert(bytes.into()).clone()))
    }

    /// Takes back a blob that was appended to and is not committed yet, to be read in order.
    pub fn take(&mut self, name: &str) -> Result<Box<dyn Read>> {
        let rest = self.fresh.remove(name).unwrap_or_default();
        let path = self.pending.as_ref().filter(|_| self.appended.remove(name)).map(|pending| pending.join(name));
        let Some(path) = path.filter(|path| path.exists()) else { return Ok(Box::new(Cursor::new(rest))) };
        let begun = File::open(&path).map_err(RunError::file("cannot read", &path))?;
        std::fs::remove_file(&path).map_err(RunError::file("cannot remove", &path))?;
        Ok(Box::new(BufReader::new(begun).chain(Cursor::new(rest))))
    }

    /// Removes a blob that was for later rounds alone. Its file stays until the run ends: who decides the same at the same time, or again after a crash, must find it.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.take(name)?;
        self.removed.insert(name.to_owned());
        Ok(())
    }

    /// Adds to a count.
    pub fn count(&mut self, name: &str, by: u64) {
        *self.counts.entry(name.to_owned()).or_default() += by;
    }

    /// From now on, what grows goes to `pending`, which is there and empty.
    pub(crate) fn begin(&mut self, pending: PathBuf) {
        self.pending = Some(pending);
    }

    /// Writes all blobs that are not on disk yet to where they wait for the commit.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.spill(false)?;
        self.pending = None;
        self.appended.clear();
        Ok(())
    }

    fn spill(&mut self, appended_only: bool) -> Result<()> {
        let Some(pending) = &self.pending else { return Ok(()) };
        for (name, bytes) in std::mem::take(&mut self.fresh) {
            if appended_only && !self.appended.contains(&name) {
                self.fresh.insert(name, bytes);
                continue;
            }
            let path = pending.join(name);
            let written = OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| file.write_all(&bytes));
            written.map_err(RunError::file("cannot write", &path))?;
        }
        self.held = 0;
        Ok(())
    }

    /// The blobs in memory.
    #[cfg(test)]
    pub(crate) fn fresh(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fresh.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(RunError::file("cannot read", path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_goes_to_disk_and_is_whole_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let mut decision = Decision::at(&dir.path().join("committed"));
        decision.begin(dir.path().to_owned());
        decision.put("set", vec![7]);
        let rows: Vec<[u8; 1000]> = (0..5000u32).map(|number| [(number % 251) as u8; 1000]).collect();
        for (number, row) in rows.iter().enumerate() {
            decision.append(&format!("blob-{}", number / 2000), row).unwrap();
            assert!(decision.fresh.values().map(Vec::len).sum::<usize>() <= HELD + 1001);
        }
        assert_eq!(decision.get("blob-1").unwrap().unwrap(), rows[2000..4000].concat());
        assert_eq!((decision.get("set").unwrap(), decision.get("none").unwrap()), (Some(vec![7]), None));
        assert_eq!((decision.share("set").unwrap(), decision.share("none").unwrap()), (Some(vec![7].into()), None));
        assert!(Arc::ptr_eq(&decision.share("set").unwrap().unwrap(), &decision.share("set").unwrap().unwrap()));
        let mut taken = Vec::new();
        decision.append("gone", &[5; 2 * HELD]).unwrap();
        decision.append("gone", &[6]).unwrap();
        decision.take("gone").unwrap().read_to_end(&mut taken).unwrap();
        assert!(taken.len() == 2 * HELD + 1 && taken.ends_with(&[5, 6]) && !dir.path().join("gone").exists());
        std::fs::create_dir(dir.path().join("committed")).unwrap();
        std::fs::write(dir.path().join("committed/earlier"), [1]).unwrap();
        decision.put("later", vec![1]);
        ["earlier", "later", "none"].into_iter().for_each(|name| decision.remove(name).unwrap());
        assert_eq!((decision.get("earlier").unwrap(), decision.get("later").unwrap()), (None, None));
        decision.finish().unwrap();
        for (number, rows) in rows.chunks(2000).enumerate() {
            assert_eq!(std::fs::read(dir.path().join(format!("blob-{number}"))).unwrap(), rows.concat());
        }
        assert_eq!(std::fs::read(dir.path().join("set")).unwrap(), [7]);
    }
}
