//! Where the bytes of a Parquet file lie.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::Object;

/// A file whose columns are read where they stand.
pub enum Chunks {
    /// On this machine.
    File(File),
    /// In a store.
    Object(Object),
}

impl Chunks {
    pub fn open(path: &Path) -> io::Result<Chunks> {
        Ok(match Object::at(path)? {
            Some(object) => Chunks::Object(object),
            None => Chunks::File(File::open(path)?),
        })
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        match self {
            Chunks::File(file) => file.len(),
            Chunks::Object(object) => object.size(),
        }
    }
}

impl ChunkReader for Chunks {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(match self {
            Chunks::File(file) => Box::new(file.get_read(start)?),
            Chunks::Object(object) => {
                let mut reader = object.reader();
                reader.seek(SeekFrom::Start(start))?;
                Box::new(reader)
            }
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self {
            Chunks::File(file) => file.get_bytes(start, length),
            // A damaged footer may point anywhere.
            Chunks::Object(object) => match start.checked_add(length as u64).filter(|end| *end <= object.size()) {
                Some(end) => Ok(object.range(start..end)?),
                None => Err(ParquetError::EOF(format!("{length} bytes at byte {start} of {}", object.size()))),
            },
        }
    }
}
