//! Files wherever they lie: a path of this machine, or an address in an object store (`s3://`, `gs://`, `az://`, `abfss://`) or on a web server (`http://`, `https://`).
//!
//! An address travels as a path, so that sources, lists and models take one where they take the other. What is read of a store is read in ranges, several at a time, each tried
//! again where the store fails; an object that changes while it is read is an error. Credentials, region and endpoint come from where the stores' own tools find them (`AWS_*`,
//! `GOOGLE_*`, `AZURE_*`): that is the one environment that library code reads, and it is the crate `object_store` that does. A store's client has threads of its own, since it reads ahead.

#[cfg(feature = "stores")]
mod client;
#[cfg(not(feature = "stores"))]
#[path = "absent.rs"]
mod client;
#[cfg(feature = "stores")]
mod folder;
#[cfg(not(feature = "stores"))]
use client as listing;
#[cfg(feature = "stores")]
mod listing;
#[cfg(feature = "stores")]
mod reader;
#[cfg(not(feature = "stores"))]
use client as web;
#[cfg(feature = "stores")]
mod web;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;

#[cfg(not(feature = "stores"))]
pub use client::Folder;
pub use client::Object;
#[cfg(feature = "stores")]
pub use folder::Folder;

/// Input that can be taken up at an offset: a file, an object, or bytes in a test.
pub trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// Whether a path is an address in a store.
pub fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|name| address(name).is_some())
}

/// The base (`s3://bucket`) and the rest of an address.
fn address(name: &str) -> Option<(&str, &str)> {
    const SCHEMES: [&str; 8] = ["s3", "s3a", "gs", "az", "abfs", "abfss", "http", "https"];
    let (scheme, rest) = name.split_once("://")?;
    if !SCHEMES.contains(&scheme) {
        return None;
    }
    let bucket = rest.split('/').next().unwrap_or_default();
    let base = &name[..scheme.len() + 3 + bucket.len()];
    Some((base, name[base.len()..].trim_start_matches('/')))
}

/// Opens a file or an object.
///
/// # Errors
/// Where there is none, where it may not be read, or where the store fails for long.
pub fn open(path: &Path) -> io::Result<Box<dyn Input>> {
    match Object::at(path)? {
        Some(object) => Ok(Box::new(object.reader())),
        None => Ok(Box::new(File::open(path)?)),
    }
}

/// The same, as a file of this machine: an object is copied, as it is now, into an unnamed one first.
///
/// # Errors
/// As of [`open`], or where there is no room for the copy.
pub fn local(path: &Path) -> io::Result<File> {
    match Object::now(path)? {
        Some(object) => object.copied(),
        None => File::open(path),
    }
}

/// Bytes of a file.
///
/// # Errors
/// As of [`open`].
pub fn size(path: &Path) -> io::Result<u64> {
    Ok(match Object::at(path)? {
        Some(object) => object.size(),
        None => path.metadata()?.len(),
    })
}

/// What changes when the file does: the time of its last change, or the version that a store names.
pub fn stamp(path: &Path) -> Option<String> {
    if let Some(object) = Object::at(path).ok()? {
        return Some(object.version());
    }
    let changed = path.metadata().and_then(|meta| meta.modified()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(changed.as_nanos().to_string())
}

/// Stretches of files, in their order; of objects, several are on their way at a time. One that cannot be read does not keep the others.
///
/// # Errors
/// Each of its own, as of [`open`], or where the file ends before the stretch does.
pub fn stretches(wanted: &[(PathBuf, Range<u64>)]) -> Vec<io::Result<Bytes>> {
    if wanted.iter().all(|(path, _)| is_address(path)) {
        return client::stretches(wanted);
    }
    let read = |(path, range): &(PathBuf, Range<u64>)| {
        let mut input = open(path)?;
        let mut bytes = vec![0; (range.end.saturating_sub(range.start)) as usize];
        input.seek(SeekFrom::Start(range.start))?;
        input.read_exact(&mut bytes)?;
        Ok(bytes.into())
    };
    wanted.iter().map(read).collect()
}

/// The objects that an address names: itself, those below it, or those that match it as a glob; in byte order.
///
/// # Errors
/// Where the store cannot be listed, as web servers cannot.
pub fn list(address: &str) -> io::Result<Vec<PathBuf>> {
    listing::list(address)
}

/// What a web server has answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status, as 200.
    pub status: u16,
    /// Its headers, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// What it said.
    pub body: Bytes,
}

/// Asks a web server, which is shown `token` if there is one. It is asked again while it is busy or cannot be reached.
///
/// # Errors
/// Where it cannot be reached for long. That it refuses is an answer.
pub fn ask(url: &str, token: Option<&str>) -> io::Result<Answer> {
    web::ask(url, token)
}

/// Shows the web server of an address `token` whenever an object of it is read from now on. Servers to which it sends on do not see it.
///
/// # Errors
/// Where the token cannot stand in a header, or the address is no server's.
pub fn sign_in(address: &str, token: &str) -> io::Result<()> {
    web::sign_in(address, token)
}

/// Takes up what a listing says of an object, which is then not asked for.
///
/// # Errors
/// Where the address is none that can be read.
pub fn know(path: &Path, size: u64, version: &str) -> io::Result<()> {
    listing::know(path, size, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        assert_eq!(address("s3://b/a/c.gz"), Some(("s3://b", "a/c.gz")));
        assert_eq!(address("abfss://c@host/x"), Some(("abfss://c@host", "x")));
        assert_eq!(address("https://host"), Some(("https://host", "")));
        for name in ["crawl/*.gz", "/a/b", "c:/x", "ftp://h/x", "stage:bpe"] {
            assert_eq!(address(name), None, "{name}");
        }
    }

    #[test]
    fn a_file_of_this_machine_is_read_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "four").unwrap();
        let mut read = String::new();
        open(&path).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), size(&path).unwrap()), ("four", 4));
        assert!(stamp(&path).is_some() && stamp(&dir.path().join("b")).is_none());
    }
}
