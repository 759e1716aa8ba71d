//! The only place where files get their final names.
//!
//! A process makes files in a folder of its own, `tmp/<attempt>/...`, and syncs them. Then it creates the line of the journal that names this folder, unless
//! there is such a line already. Only then are the files moved to their final names, by whoever sees the line first ([`RunDir::settle`]). So of several
//! processes that do the same, one counts, and the files of the others stay where nobody looks.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::mirror::Mirror;
use crate::stage::{Result, RunError};

/// How the name of a file ends that is not whole yet; it begins with a dot.
pub const PARTIAL: &str = ".partial";

/// How a process is in a run directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// No other process may be in it.
    Alone,
    /// With others that do tasks of the same run.
    Together,
    /// Looks on, whoever is in it.
    Looking,
}

/// A run directory as this process has it.
pub struct RunDir {
    root: PathBuf,
    /// Where it is published.
    mirror: Option<Mirror>,
    /// Name of this process among all that have ever been in the directory.
    attempt: String,
    /// The lock lives as long as this file is open.
    _lock: Option<File>,
}

impl RunDir {
    /// Creates or opens the directory and takes its lock; `None` where others are in it that stand against that.
    pub fn try_open(root: &Path, hold: Hold) -> Result<Option<RunDir>> {
        let operation = match hold {
            Hold::Alone => FlockOperation::NonBlockingLockExclusive,
            Hold::Together => FlockOperation::NonBlockingLockShared,
            Hold::Looking => return Ok(Some(RunDir { root: root.to_owned(), mirror: None, attempt: attempt(), _lock: None })),
        };
        fs::create_dir_all(root).map_err(RunError::file("cannot create the output directory", root))?;
        let path = root.join(".lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(RunError::file("cannot write in the output directory", &path))?;
        match flock(&lock, operation) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            // Some shared file systems have no locks. Without them nobody is warned, but tasks are committed by creating files all the same.
            Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) => {}
            Err(error) => return Err(RunError::file("cannot lock", &path)(error.into())),
        }
        Ok(Some(RunDir { root: root.to_owned(), mirror: None, attempt: attempt(), _lock: Some(lock) }))
    }

    /// The same, where others in it are an error.
    pub fn open(root: &Path, hold: Hold) -> Result<RunDir> {
        let taken = || format!("another process is running in {}: wait for it, or choose another `run.output`", root.display());
        RunDir::try_open(root, hold)?.ok_or_else(|| RunError::stop(taken()))
    }

    /// Publishes the directory at an address of an object store from now on, and what it holds already. One without a run in it begins with what is published there.
    pub fn publish_at(&mut self, address: &str) -> Result<()> {
        let mirror = Mirror::open(address)?;
        mirror.meet(self)?;
        self.mirror = Some(mirror);
        Ok(())
    }

    /// Every file of the directory, relative to it, sorted.
    pub fn all_files(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        list(&self.root, &mut files, &mut Vec::new())?;
        let mut names: Vec<String> = files.iter().filter_map(|path| Some(path.strip_prefix(&self.root).ok()?.to_string_lossy().into_owned())).collect();
        names.sort();
        Ok(names)
    }

    /// Publishes the line of the journal, or the manifest, whose files are published by now.
    pub fn announce(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.mirror.as_ref().map_or(Ok(()), |mirror| mirror.announce(name, bytes))
    }

    /// Name of this process among all that have ever been in the directory.
    pub fn attempt(&self) -> &str {
        &self.attempt
    }

    /// A path inside the directory.
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.join(inside)
    }

    /// An empty folder of this process under `tmp/`.
    pub fn fresh_tmp(&self, name: &str) -> Result<PathBuf> {
        let path = self.own_tmp().join(name);
        remove(&path)?;
        fs::create_dir_all(&path).map_err(RunError::file("cannot create", &path))?;
        Ok(path)
    }

    fn own_tmp(&self) -> PathBuf {
        self.path("tmp").join(&self.attempt)
    }

    /// Syncs what was made in a folder of [`RunDir::fresh_tmp`] and gives the name under which [`RunDir::settle`] finds it.
    pub fn seal(&self, tmp: &Path) -> Result<String> {
        // Where the folder is gone, somebody has taken this process for dead, and nothing may be committed.
        let mut files = Vec::new();
        let mut folders = vec![tmp.to_owned()];
        fs::metadata(tmp).map_err(RunError::file("cannot read", tmp))?;
        list(tmp, &mut files, &mut folders)?;
        for path in &files {
            File::open(path).and_then(|file| file.sync_all()).map_err(RunError::file("cannot sync", path))?;
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))?;
        let name = tmp.strip_prefix(self.path("tmp")).map_err(RunError::stop)?;
        Ok(name.to_string_lossy().into_owned())
    }

    /// Moves every file of a sealed folder to the same place below the root. Several processes may do so at once, and nothing is left to do for the later.
    pub fn settle(&self, sealed: &str) -> Result<()> {
        let tmp = self.path("tmp").join(sealed);
        if !tmp.is_dir() {
            return Ok(());
        }
        let mut files = Vec::new();
        list(&tmp, &mut files, &mut Vec::new())?;
        files.sort();
        let mut folders: Vec<PathBuf> = Vec::new();
        for from in &files {
            let to = self.path(from.strip_prefix(&tmp).map_err(RunError::stop)?);
            if let Some(folder) = to.parent()
                && !folders.iter().any(|known| known == folder)
            {
                fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
                folders.push(folder.to_owned());
            }
            match fs::rename(from, &to) {
                Err(error) if error.kind() == ErrorKind::NotFound && !from.exists() => {}
                done => done.map_err(RunError::file("cannot rename to", &to))?,
            }
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))?;
        if let Some(mirror) = &self.mirror {
            let mut names = files.iter().filter_map(|from| from.strip_prefix(&tmp).ok()).map(|name| name.to_string_lossy());
            names.try_for_each(|name| mirror.send(self, &name))?;
        }
        remove(&tmp)
    }

    /// Creates a small file, whole or not at all; false, and nothing is done, where one of that name stands.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let (own, to) = (self.own_tmp(), self.path(name));
        let folder = to.parent().unwrap_or(&self.root);
        for folder in [own.as_path(), folder] {
            fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
        }
        let from = own.join(name.replace('/', "-"));
        write_synced(&from, bytes)?;
        let created = match fs::hard_link(&from, &to) {
            Ok(()) => true,
            // The answer to a link that was made may have been lost on the network, and asked for again: the number of links knows.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::metadata(&from).is_ok_and(|meta| meta.nlink() > 1),
            // A file system without links.
            Err(_) => match renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(error) => return Err(RunError::file("cannot create", &to)(error.into())),
            },
        };
        remove(&from)?;
        if created {
            sync_folder(folder)?;
        }
        Ok(created)
    }

    /// Writes a small file over one that may stand, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let to = self.path(name);
        let folder = to.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
        let from = folder.join(format!(".{}.{}{PARTIAL}", name.replace('/', "-"), self.attempt));
        write_synced(&from, bytes)?;
        fs::rename(&from, &to).map_err(RunError::file("cannot rename to", &to))?;
        sync_folder(folder)?;
        self.mirror.as_ref().map_or(Ok(()), |mirror| mirror.send(self, name))
    }

    /// Reads a file of the directory; `None` where it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::file("cannot read", &path)(error)),
        }
    }

    /// Names of what stands in a folder of the directory, sorted; none where there is no such folder.
    pub fn names(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.path(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(RunError::file("cannot read", &path))?,
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<std::io::Result<Vec<_>>>().map_err(RunError::file("cannot read", &path))?;
        names.sort();
        Ok(names)
    }

    /// Removes a file or folder of the directory, if it is there.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        match &self.mirror {
            Some(mirror) if path.is_dir() => mirror.remove_folder(name)?,
            Some(mirror) if path.exists() => mirror.remove(name)?,
            _ => {}
        }
        remove(&path)
    }
}

impl Drop for RunDir {
    /// Takes the folder of this process away, unless something lies in it.
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.own_tmp());
    }
}

/// This process on this machine, and when: a name that no other process has.
fn attempt() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-{:x}", host(), std::process::id(), since.as_nanos())
}

/// Name of this machine.
pub fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(RunError::file("cannot write", path))
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(RunError::file("cannot sync", folder))
}

fn remove(path: &Path) -> Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RunError::file("cannot remove", path)(error)),
        _ => Ok(()),
    }
}

/// Every file and folder below `folder`. One that another process takes away meanwhile is left out.
fn list(folder: &Path, files: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(RunError::file("cannot read", folder))?,
    };
    for entry in entries {
        let path = entry.map_err(RunError::file("cannot read", folder))?.path();
        if path.is_dir() {
            list(&path, files, folders)?;
            folders.push(path);
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_alone_or_together() {
        let root = tempfile::tempdir().unwrap();
        let alone = RunDir::open(root.path(), Hold::Alone).unwrap();
        for hold in [Hold::Alone, Hold::Together] {
            let second = RunDir::open(root.path(), hold).err().unwrap().to_string();
            assert!(second.contains("another process"), "{second}");
        }
        drop(alone);
        let (one, two) = (RunDir::open(root.path(), Hold::Together).unwrap(), RunDir::open(root.path(), Hold::Together).unwrap());
        assert_ne!(one.attempt(), two.attempt());
        assert!(RunDir::try_open(root.path(), Hold::Alone).unwrap().is_none());
    }

    #[test]
    fn what_is_sealed_is_moved_whole_and_once() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path(), Hold::Alone).unwrap();
        let tmp = dir.fresh_tmp("0-0").unwrap();
        fs::create_dir(tmp.join("docs")).unwrap();
        fs::write(tmp.join("docs/b"), "2").unwrap();
        fs::write(tmp.join("docs/a"), "1").unwrap();
        let sealed = dir.seal(&tmp).unwrap();
        assert_eq!(dir.read("docs/a").unwrap(), None);
        dir.settle(&sealed).unwrap();
        dir.settle(&sealed).unwrap();
        assert_eq!(dir.read("docs/a").unwrap().as_deref(), Some(b"1".as_slice()));
        assert_eq!(dir.names("docs").unwrap(), ["a", "b"]);
        // Somebody has taken this process for dead.
        let gone = dir.fresh_tmp("0-1").unwrap();
        fs::remove_dir(&gone).unwrap();
        assert!(dir.seal(&gone).is_err());
        drop(dir);
        assert_eq!(fs::read_dir(root.path().join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn the_first_to_create_a_file_is_the_only_one() {
        let root = tempfile::tempdir().unwrap();
        let won: usize = std::thread::scope(|scope| {
            let work = |number: usize| {
                let dir = RunDir::open(root.path(), Hold::Together).unwrap();
                usize::from(dir.create("journal/0/line.json", number.to_string().repeat(1000).as_bytes()).unwrap())
            };
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || work(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((won, fs::read(root.path().join("journal/0/line.json")).unwrap().len()), (1, 1000));
    }
}
