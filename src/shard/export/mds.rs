//! MosaicML's MDS, version 2: `u32 n`, `u32 offset[n + 1]` from the start of the file, the shard's description as JSON, then the samples. A sample is the
//! `u32` size of each column of variable size, then the columns, in order of their names.
//!
//! Documents have the columns `key` and `tokens`, rows `cu_seqlens` and `tokens`; a set with masks has `loss` besides.

use serde_json::{Value, json};

use super::records::{Record, each};
use super::{Out, ShardError};
use crate::shard::{Dtype, Shards};

/// What `MDSWriter` takes where nothing is said.
const SHARD_BYTES: usize = 1 << 26;

pub(super) fn write(shards: &Shards, rows: Option<u32>, out: &mut Out) -> Result<(), ShardError> {
    let manifest = shards.manifest();
    let masked = manifest.parts.iter().any(|part| part.mask.is_some());
    let tokens = match manifest.dtype {
        Dtype::U16 => "ndarray:uint16",
        Dtype::U32 => "ndarray:uint32",
    };
    let first = if rows.is_some() { ("cu_seqlens", "ndarray:uint32") } else { ("key", "str") };
    let columns = [Some(first), masked.then_some(("loss", "ndarray:uint8")), Some(("tokens", tokens))];
    let columns: Vec<(&str, &str)> = columns.into_iter().flatten().collect();
    let mut shard = Shard { columns, dtype: manifest.dtype, ends: Vec::new(), bytes: Vec::new(), written: Vec::new() };
    let empty = each(shards, rows, &mut |record| {
        out.count(record.ids.len());
        shard.push(&record, out)
    })?;
    out.done.empty = empty;
    shard.flush(out)?;
    let mut index = out.create("index.json".to_owned())?;
    index.put(&super::json(&json!({ "shards": shard.written, "version": 2 })))?;
    index.close()
}

struct Shard<'a> {
    columns: Vec<(&'a str, &'a str)>,
    dtype: Dtype,
    /// Of each sample in `bytes`.
    ends: Vec<usize>,
    bytes: Vec<u8>,
    written: Vec<Value>,
}

impl Shard<'_> {
    fn push(&mut self, record: &Record, out: &mut Out) -> Result<(), ShardError> {
        let mut tokens = Vec::new();
        self.dtype.put(&record.ids, &mut tokens);
        let first = match record.document {
            Some((key, _)) => format!("{key:032x}").into_bytes(),
            None => {
                let ends = record.lengths.iter().scan(0u32, |end, length| {
                    *end += length;
                    Some(*end)
                });
                array(&[0].into_iter().chain(ends).flat_map(u32::to_le_bytes).collect::<Vec<u8>>(), 4)
            }
        };
        let loss = record.loss.as_ref().map(|loss| array(loss, 1));
        let bodies: Vec<Vec<u8>> = [Some(first), loss, Some(array(&tokens, self.dtype.width()))].into_iter().flatten().collect();
        let size = bodies.iter().map(|body| 4 + body.len()).sum::<usize>();
        if !self.ends.is_empty() && self.bytes.len() + size > SHARD_BYTES {
            self.flush(out)?;
        }
        for body in &bodies {
            self.bytes.extend((body.len() as u32).to_le_bytes());
        }
        self.bytes.extend(bodies.concat());
        self.ends.push(self.bytes.len());
        Ok(())
    }

    fn description(&self) -> serde_json::Map<String, Value> {
        let Value::Object(description) = json!({
            "column_encodings": self.columns.iter().map(|(_, encoding)| encoding).collect::<Vec<_>>(),
            "column_names": self.columns.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "column_sizes": vec![Value::Null; self.columns.len()],
            "compression": null,
            "format": "mds",
            "hashes": [],
            "size_limit": SHARD_BYTES,
            "version": 2,
        }) else {
            unreachable!("it was written as an object")
        };
        description
    }

    fn flush(&mut self, out: &mut Out) -> Result<(), ShardError> {
        let (ends, bytes) = (std::mem::take(&mut self.ends), std::mem::take(&mut self.bytes));
        if ends.is_empty() {
            return Ok(());
        }
        let mut description = self.description();
        let config = Value::Object(description.clone()).to_string();
        let head = 4 + 4 * (ends.len() + 1) + config.len();
        let total = head + bytes.len();
        if u32::try_from(total).is_err() {
            return Err(ShardError::Refused(format!("mds cannot hold a document of {} bytes: its offsets have 32 bits", bytes.len())));
        }
        let name = format!("shard.{:05}.mds", self.written.len());
        let mut file = out.create(name.clone())?;
        file.put(&(ends.len() as u32).to_le_bytes())?;
        for end in [0].iter().chain(&ends) {
            file.put(&((head + end) as u32).to_le_bytes())?;
        }
        file.put(config.as_bytes())?;
        file.put(&bytes)?;
        file.close()?;
        description.insert("raw_data".to_owned(), json!({ "basename": name, "bytes": total, "hashes": {} }));
        description.insert("samples".to_owned(), json!(ends.len()));
        description.insert("zip_data".to_owned(), Value::Null);
        self.written.push(Value::Object(description));
        Ok(())
    }
}

/// An array of one dimension: a byte that says how wide the length is, the length, the values.
fn array(values: &[u8], width: usize) -> Vec<u8> {
    const ONE_DIMENSION: u8 = 1 << 2;
    const U32_LENGTH: u8 = 2;
    let mut out = Vec::with_capacity(values.len() + 5);
    out.push(ONE_DIMENSION | U32_LENGTH);
    out.extend(((values.len() / width) as u32).to_le_bytes());
    out.extend(values);
    out
}
