//! Where documents go: one format a file.

mod by;
pub mod jsonl;
pub mod parquet;
mod row;
pub mod shards;

pub use jsonl::Jsonl;

use crate::shard::{FileEntry, HashedFile};
use crate::stage::{Register, Result, RunError, Written};

/// Every sink there is.
pub fn register(to: &mut impl Register) {
    to.add::<jsonl::Jsonl>(include_str!("jsonl.rs"));
    to.add::<parquet::Parquet>(include_str!("parquet.rs"));
    to.add::<shards::TokenShards>(include_str!("shards.rs"));
}

/// Ends a file, which was hashed on the way.
fn written(file: HashedFile) -> Result<Vec<Written>> {
    let FileEntry { name, bytes, xxh3 } = file.finish().map_err(RunError::stop)?;
    Ok(vec![Written { name, bytes, xxh3: xxh3.to_string() }])
}
