//! litdata's chunks: `u32 n`, `u32 offset[n + 1]` from the start of the file, then the items, bare arrays.
//!
//! Its `TokensLoader` cuts each chunk into blocks and passes over what is left of a chunk behind its last block.

use serde_json::json;

use super::records::each;
use super::{Out, ShardError};
use crate::shard::{Dtype, Shards};

const CHUNK_BYTES: usize = 64 << 20;

pub(super) fn write(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    let dtype = shards.manifest().dtype;
    let mut chunks = Vec::new();
    let mut chunk = Chunk::default();
    let empty = each(shards, None, &mut |record| {
        let bytes = record.ids.len() * dtype.width();
        if !chunk.sizes.is_empty() && chunk.bytes.len() + bytes > CHUNK_BYTES {
            chunks.push(chunk.flush(dtype, out)?);
        }
        out.count(record.ids.len());
        chunk.push(&record.ids, dtype);
        Ok(())
    })?;
    if !chunk.sizes.is_empty() {
        chunks.push(chunk.flush(dtype, out)?);
    }
    out.done.empty = empty;
    // Numbers of numpy's types in litdata's table.
    let code = match dtype {
        Dtype::U16 => 5,
        Dtype::U32 => 6,
    };
    let config = json!({
        "compression": null,
        "chunk_size": null,
        "chunk_bytes": CHUNK_BYTES,
        "data_format": [format!("no_header_numpy:{code}")],
        "data_spec": "[1, {\"type\": null, \"context\": null, \"children_spec\": []}]",
        "encryption": null,
        "item_loader": "TokensLoader",
    });
    let mut index = out.create("index.json".to_owned())?;
    index.put(&super::json(&json!({ "chunks": chunks, "config": config, "updated_at": "0" })))?;
    index.close()
}

#[derive(Default)]
struct Chunk {
    sizes: Vec<usize>,
    bytes: Vec<u8>,
}

impl Chunk {
    fn push(&mut self, ids: &[u32], dtype: Dtype) {
        self.sizes.push(ids.len() * dtype.width());
        dtype.put(ids, &mut self.bytes);
    }

    fn flush(&mut self, dtype: Dtype, out: &mut Out) -> Result<serde_json::Value, ShardError> {
        let (sizes, bytes) = (std::mem::take(&mut self.sizes), std::mem::take(&mut self.bytes));
        let head = 4 * (sizes.len() + 2);
        if u32::try_from(head + bytes.len()).is_err() {
            return Err(ShardError::Refused(format!("litdata cannot hold a document of {} bytes: its offsets have 32 bits", bytes.len())));
        }
        let name = format!("chunk-0-{}.bin", out.done.files.len());
        let mut file = out.create(name.clone())?;
        file.put(&(sizes.len() as u32).to_le_bytes())?;
        let mut offset = head as u32;
        file.put(&offset.to_le_bytes())?;
        for size in &sizes {
            offset += *size as u32;
            file.put(&offset.to_le_bytes())?;
        }
        file.put(&bytes)?;
        file.close()?;
        Ok(json!({ "chunk_bytes": head + bytes.len(), "chunk_size": sizes.len(), "dim": bytes.len() / dtype.width(), "filename": name }))
    }
}
