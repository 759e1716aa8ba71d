//! The only place where files get their final names: written under `tmp/`, synced, renamed, and then the folder synced.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::mirror::Mirror;
use crate::stage::{Result, RunError};

/// A run directory held by this process.
pub struct RunDir {
    root: PathBuf,
    mirror: Option<Mirror>,
    /// The lock lives as long as this file is open.
    _lock: File,
}

impl RunDir {
    /// Creates or opens the directory and takes its lock. One without a run in it begins with what is published at the address `publish`.
    pub fn hold(root: &Path, publish: Option<&str>) -> Result<RunDir> {
        fs::create_dir_all(root).map_err(RunError::file("cannot create the output directory", root))?;
        let path = root.join(".lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(RunError::file("cannot write in the output directory", &path))?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                let mirror = publish.map(Mirror::open).transpose()?;
                if let Some(mirror) = mirror.as_ref().filter(|_| !root.join("run.json").exists()) {
                    mirror.fetch(root)?;
                }
                Ok(RunDir { root: root.to_owned(), mirror, _lock: lock })
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                Err(RunError::stop(format!("another process is running in {}: wait for it, or choose another `run.output`", root.display())))
            }
            Err(error) => Err(RunError::file("cannot lock", &path)(error.into())),
        }
    }

    /// A path inside the directory.
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.join(inside)
    }

    /// An empty folder under `tmp/`.
    pub fn fresh_tmp(&self, name: &str) -> Result<PathBuf> {
        let path = self.path("tmp").join(name);
        remove(&path)?;
        fs::create_dir_all(&path).map_err(RunError::file("cannot create", &path))?;
        Ok(path)
    }

    /// Moves every file below `tmp` to the same place below the root, in sorted order; returns their names. All are synced before the first is moved.
    pub fn publish(&self, tmp: &Path) -> Result<Vec<String>> {
        let mut files = Vec::new();
        list(tmp, tmp, &mut files)?;
        files.sort();
        for name in &files {
            let path = tmp.join(name);
            let file = File::open(&path).map_err(RunError::file("cannot read", &path))?;
            file.sync_all().map_err(RunError::file("cannot write", &path))?;
        }
        let mut folders: Vec<PathBuf> = Vec::new();
        for name in &files {
            let (from, to) = (tmp.join(name), self.path(name));
            if let Some(folder) = to.parent()
                && !folders.iter().any(|known| known == folder)
            {
                fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
                folders.push(folder.to_owned());
            }
            fs::rename(&from, &to).map_err(RunError::file("cannot rename to", &to))?;
        }
        for folder in folders {
            sync_folder(&folder)?;
        }
        if let Some(mirror) = &self.mirror {
            files.iter().try_for_each(|name| mirror.send(&self.root, name))?;
        }
        Ok(files)
    }

    /// Writes one small file so that it is there whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        // There first: what stands here is never looked at again.
        self.mirror.as_ref().map_or(Ok(()), |mirror| mirror.write(name, bytes))?;
        let to = self.path(name);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
        }
        let from = to.with_extension("partial");
        let mut file = File::create(&from).map_err(RunError::file("cannot write", &from))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(RunError::file("cannot write", &from))?;
        fs::rename(&from, &to).map_err(RunError::file("cannot rename to", &to))?;
        to.parent().map_or(Ok(()), sync_folder)
    }

    /// Reads a file of the directory; `None` where it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::file("cannot read", &path)(error)),
        }
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

    /// Publishes what was written into the directory after the run.
    pub fn publish_rest(&self) -> Result<()> {
        let Some(mirror) = &self.mirror else { return Ok(()) };
        let mut files = Vec::new();
        list(&self.root, &self.root, &mut files)?;
        mirror.send_rest(&self.root, &files)
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(RunError::file("cannot sync", folder))
}

fn remove(path: &Path) -> Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(RunError::file("cannot remove", path)(error)),
        _ => Ok(()),
    }
}

fn list(root: &Path, folder: &Path, out: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(RunError::file("cannot read", folder))? {
        let path = entry.map_err(RunError::file("cannot read", folder))?.path();
        if path.is_dir() {
            list(root, &path, out)?;
        } else if let Ok(inside) = path.strip_prefix(root) {
            out.push(inside.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_once_and_files_appear_whole() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::hold(root.path(), None).unwrap();
        let second = RunDir::hold(root.path(), None).err().unwrap().to_string();
        assert!(second.contains("another process"), "{second}");
        let tmp = dir.fresh_tmp("0-0").unwrap();
        fs::create_dir(tmp.join("docs")).unwrap();
        fs::write(tmp.join("docs/b"), "2").unwrap();
        fs::write(tmp.join("docs/a"), "1").unwrap();
        assert_eq!(dir.publish(&tmp).unwrap(), ["docs/a", "docs/b"]);
        assert_eq!(dir.read("docs/a").unwrap().as_deref(), Some(b"1".as_slice()));
        assert_eq!(dir.read("docs/c").unwrap(), None);
    }
}
