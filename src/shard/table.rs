//! Arrow IPC files of the set: written in record batches of a fixed number of rows, mapped and read without a copy.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions};
use arrow::ipc::{Block, root_as_footer};
use bytes::Bytes;
use memmap2::Mmap;

use super::digest::HashedFile;
use super::{Digest, FileEntry, ShardError};

/// Rows of every record batch but the last, so that a row is found by division.
pub(super) const BATCH_ROWS: usize = 1 << 14;

pub(super) struct TableWriter {
    path: PathBuf,
    out: FileWriter<HashedFile>,
}

impl TableWriter {
    pub fn create(dir: &Path, name: String, schema: &SchemaRef) -> Result<TableWriter, ShardError> {
        let file = HashedFile::create(dir, name)?;
        let path = file.path().to_owned();
        let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
        let out = FileWriter::try_new_with_options(file, schema, options).map_err(ShardError::write(&path))?;
        Ok(TableWriter { path, out })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn put(&mut self, batch: &RecordBatch) -> Result<(), ShardError> {
        self.out.write(batch).map_err(ShardError::write(&self.path))
    }

    pub fn finish(self) -> Result<FileEntry, ShardError> {
        let path = self.path;
        let file = self.out.into_inner().map_err(ShardError::write(&path))?;
        file.finish()
    }
}

pub(super) struct Table {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub rows: u64,
}

/// Maps a table after its size and hash were compared with `entry`: what follows parses only bytes that were written here.
pub(super) fn open(dir: &Path, entry: &FileEntry) -> Result<Table, ShardError> {
    let path = dir.join(&entry.name);
    let map = map(&path, entry.bytes)?;
    let found = Digest::of(&map);
    if found != entry.xxh3 {
        return Err(ShardError::damaged(&path, format!("its xxh3 is {found}, the manifest says {}", entry.xxh3)));
    }
    let buffer = Buffer::from(Bytes::from_owner(map));
    let table = parse(&buffer).map_err(|fault| ShardError::damaged(&path, fault))?;
    let (_, full) = table.batches.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
    if full.iter().any(|batch| batch.num_rows() != BATCH_ROWS) {
        return Err(ShardError::damaged(&path, "a record batch has another number of rows"));
    }
    Ok(table)
}

/// Maps a whole file whose size must be `bytes`.
pub(super) fn map(path: &Path, bytes: u64) -> Result<Mmap, ShardError> {
    let file = File::open(path).map_err(ShardError::io("open", path))?;
    let found = file.metadata().map_err(ShardError::io("read", path))?.len();
    if found != bytes {
        return Err(ShardError::damaged(path, format!("it has {found} bytes, the manifest says {bytes}")));
    }
    // SAFETY: shard files are written once and never changed in place; whoever truncates one while it is mapped takes the
    // process down with SIGBUS, as with any mapped file.
    unsafe { Mmap::map(&file) }.map_err(ShardError::io("map", path))
}

fn parse(buffer: &Buffer) -> Result<Table, String> {
    const TOO_SHORT: &str = "it is too short for an Arrow file";
    let tail = buffer.len().checked_sub(10).ok_or(TOO_SHORT)?;
    let last = buffer[tail..].try_into().map_err(|_| TOO_SHORT)?;
    let footer_bytes = read_footer_length(last).map_err(|e| e.to_string())?;
    let start = tail.checked_sub(footer_bytes).ok_or(TOO_SHORT)?;
    let footer = root_as_footer(&buffer[start..tail]).map_err(|e| e.to_string())?;
    let schema = footer.schema().ok_or("it has no schema")?;
    let schema: SchemaRef = Arc::new(fb_to_schema(schema));
    let mut decoder = FileDecoder::new(schema.clone(), footer.version());
    for block in footer.dictionaries().iter().flatten() {
        let data = slice(buffer, block)?;
        decoder.read_dictionary(block, &data).map_err(|e| e.to_string())?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        let data = slice(buffer, block)?;
        let batch = decoder.read_record_batch(block, &data).map_err(|e| e.to_string())?;
        batches.extend(batch);
    }
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    Ok(Table { schema, batches, rows })
}

fn slice(buffer: &Buffer, block: &Block) -> Result<Buffer, String> {
    let numbers = (usize::try_from(block.offset()), usize::try_from(block.metaDataLength()), usize::try_from(block.bodyLength()));
    let (Ok(offset), Ok(head), Ok(body)) = numbers else {
        return Err("a block lies at a negative offset".into());
    };
    match head.checked_add(body).map(|length| (length, length.checked_add(offset))) {
        Some((length, Some(end))) if end <= buffer.len() => Ok(buffer.slice_with_length(offset, length)),
        _ => Err("a block reaches beyond the end".into()),
    }
}
