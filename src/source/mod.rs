//! Where documents come from: one format a file. What a file is compressed with is told from its content.

mod archive;
pub mod chat;
pub mod commoncrawl;
pub mod compression;
pub mod conversations;
pub mod csv;
mod elements;
pub mod fields;
pub mod hub;
pub mod jsonl;
pub mod lines;
pub mod pairs;
pub mod parallel;
pub mod parquet;
pub mod paths;
mod row_files;
pub mod text;
pub mod texts;
mod units;
pub mod warc;

use crate::stage::Register;

/// Every source there is.
pub fn register(to: &mut impl Register) {
    to.add::<chat::Chat>(include_str!("chat.rs"));
    to.add::<commoncrawl::CommonCrawl>(include_str!("commoncrawl.rs"));
    to.add::<csv::Csv>(include_str!("csv.rs"));
    to.add::<hub::Hub>(include_str!("hub.rs"));
    to.add::<jsonl::Jsonl>(include_str!("jsonl.rs"));
    to.add::<pairs::Pairs>(include_str!("pairs.rs"));
    to.add::<parallel::Parallel>(include_str!("parallel.rs"));
    to.add::<parquet::Parquet>(include_str!("parquet.rs"));
    to.add::<text::Text>(include_str!("text.rs"));
    to.add::<warc::Warc>(include_str!("warc.rs"));
}
