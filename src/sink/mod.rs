//! Where documents go: one format a file.

mod by;
pub mod jsonl;
pub mod parquet;
mod row;
pub mod shards;

pub use jsonl::Jsonl;

use crate::stage::Register;

/// Every sink there is.
pub fn register(to: &mut impl Register) {
    to.add::<jsonl::Jsonl>(include_str!("jsonl.rs"));
    to.add::<parquet::Parquet>(include_str!("parquet.rs"));
    to.add::<shards::TokenShards>(include_str!("shards.rs"));
}
