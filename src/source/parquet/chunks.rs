//! Where the bytes of a Parquet file lie.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::{Input, Object};

/// A file whose columns are read where they stand.
pub enum Chunks {
    /// On this machine.
    File(File),
    /// In a store.
    Object(Object, Failure),
}

/// Why a store could not be read: the Parquet library takes that for damage of the file.
#[derive(Clone, Default)]
pub struct Failure(Arc<Mutex<Option<io::Error>>>);

impl Failure {
    /// The first one since it was last asked for.
    pub fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn watch<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let same = io::Error::new(error.kind(), error.to_string());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            same
        })
    }
}

/// An object read in order.
struct Watched(Box<dyn Input>, Failure);

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.watch(self.0.read(buffer))
    }
}

impl Chunks {
    pub fn open(path: &Path) -> io::Result<Chunks> {
        Ok(match Object::at(path)? {
            Some(object) => Chunks::Object(object, Failure::default()),
            None => Chunks::File(File::open(path)?),
        })
    }

    /// Where to look for why it could not be read.
    pub fn failure(&self) -> Failure {
        match self {
            Chunks::File(_) => Failure::default(),
            Chunks::Object(_, failure) => failure.clone(),
        }
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        match self {
            Chunks::File(file) => file.len(),
            Chunks::Object(object, _) => object.size(),
        }
    }
}

impl ChunkReader for Chunks {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(match self {
            Chunks::File(file) => Box::new(file.get_read(start)?),
            Chunks::Object(object, failure) => {
                let mut reader: Box<dyn Input> = Box::new(object.reader());
                reader.seek(SeekFrom::Start(start))?;
                Box::new(Watched(reader, failure.clone()))
            }
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self {
            Chunks::File(file) => file.get_bytes(start, length),
            // A damaged footer may point anywhere.
            Chunks::Object(object, failure) => match start.checked_add(length as u64).filter(|end| *end <= object.size()) {
                Some(end) => Ok(failure.watch(object.range(start..end))?),
                None => Err(ParquetError::EOF(format!("{length} bytes at byte {start} of {}", object.size()))),
            },
        }
    }
}
