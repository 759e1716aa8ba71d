//! `dataprep`: from crawl files to clean token shards, and proof that the cleaning helped.
pub mod config;
pub mod doc;
pub mod plan;
pub mod run;
pub mod scratch;
pub mod sink;
pub mod source;
pub mod stage;
pub mod stages;
pub mod text;
