//! Deduplication, the pure part: words and shingles, MinHash signatures, greedy choice of survivors; anchors, repeats and cuts.
//!
//! Documents are numbers here (packed so that their order is input order); the barriers in `stages/` know the rest.

pub mod anchors;
pub mod bloom;
pub mod clusters;
pub mod contamination;
pub mod cuts;
pub mod datatrove;
pub mod drops;
pub mod examples;
pub mod greedy;
pub mod index;
pub mod near;
pub mod normal;
pub mod ranges;
pub mod rank;
pub mod recent;
pub mod records;
pub mod repeats;
pub mod shingles;
pub mod signature;
pub mod sketch;
pub mod stars;
pub mod symbols;
pub mod tables;
pub mod tokens;
pub mod units;
pub mod words;

/// Mixes 64 bits so that each bit of the answer depends on all of them. One-to-one, so distinct numbers stay distinct.
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ (x >> 32)
}
