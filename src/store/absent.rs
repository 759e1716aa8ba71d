//! Stands in where the feature `stores` was left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{Answer, Input};

/// An object of a store: there is none in this build.
pub enum Object {}

impl Object {
    /// The object at an address, which this build refuses.
    pub fn at(path: &Path) -> io::Result<Option<Object>> {
        if super::is_address(path) { Err(missing()) } else { Ok(None) }
    }

    /// The same.
    pub fn now(path: &Path) -> io::Result<Option<Object>> {
        Object::at(path)
    }

    /// Reads it.
    pub fn reader(&self) -> Box<dyn Input> {
        match *self {}
    }

    /// The bytes of a range.
    pub fn range(&self, _: Range<u64>) -> io::Result<Bytes> {
        match *self {}
    }

    /// Its bytes in a file.
    pub fn copied(&self) -> io::Result<File> {
        match *self {}
    }

    /// Bytes of it.
    pub fn size(&self) -> u64 {
        match *self {}
    }

    /// What the store calls its content.
    pub fn version(&self) -> String {
        match *self {}
    }
}

/// A folder of a store: there is none in this build.
pub enum Folder {}

impl Folder {
    /// The folder at an address, which this build refuses.
    pub fn at(_: &str) -> io::Result<Folder> {
        Err(missing())
    }

    /// All objects below it with their sizes.
    pub fn sizes(&self) -> io::Result<BTreeMap<String, u64>> {
        match *self {}
    }

    /// Names of all objects below it.
    pub fn names(&self) -> io::Result<Vec<String>> {
        match *self {}
    }

    /// Copies an object to a file.
    pub fn fetch(&self, _: &str, _: &Path) -> io::Result<()> {
        match *self {}
    }

    /// Copies a file.
    pub fn send(&self, _: &str, _: &Path) -> io::Result<()> {
        match *self {}
    }

    /// The content of a small object.
    pub fn read(&self, _: &str) -> io::Result<Option<Bytes>> {
        match *self {}
    }

    /// Makes a small object.
    pub fn create(&self, _: &str, _: Vec<u8>) -> io::Result<bool> {
        match *self {}
    }

    /// Removes an object.
    pub fn remove(&self, _: &str) -> io::Result<()> {
        match *self {}
    }

    /// Whether an object is made only where there is none.
    pub fn creates_once(&self) -> io::Result<bool> {
        match *self {}
    }
}

pub fn stretches(wanted: &[(PathBuf, Range<u64>)]) -> Vec<io::Result<Bytes>> {
    wanted.iter().map(|_| Err(missing())).collect()
}

pub fn list(_: &str) -> io::Result<Vec<PathBuf>> {
    Err(missing())
}

pub fn ask(_: &str, _: Option<&str>) -> io::Result<Answer> {
    Err(missing())
}

pub fn sign_in(_: &str, _: &str) -> io::Result<()> {
    Err(missing())
}

pub fn know(_: &Path, _: u64, _: &str) -> io::Result<()> {
    Err(missing())
}

fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this dataprep was built without object stores: build it with the feature `stores`")
}
