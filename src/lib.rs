//! `dataprep`: from crawl files to clean token shards, and proof that the cleaning helped.
//!
//! A pipeline file is a list of tables; each table is one stage; a stage sees one document; the executor sees everything else.
//!
//! | folder | what is in it |
//! |---|---|
//! | [`doc`], [`stage`], [`scratch`] | what flows, and the whole contract of a stage, a barrier, a source and a sink |
//! | [`config`], [`plan`], [`run`] | what was written, what it means, and the executor |
//! | [`source`], [`sink`], [`stages`] | one format or one stage a file |
//! | [`html`], [`text`], [`language`], [`fasttext`], [`linear`], [`measures`], [`dedup`], [`ngram`], [`tokenizer`], [`shard`], [`profile`] | the pure libraries under the stages |
//! | [`check`], [`lint`], [`review`] | bounds on what a run wrote, rules over fine-tuning data, and what a finished run tells |
//! | [`train`], [`trial`] | the bundled trainer, and the verdict over a pipeline's arms |
//! | [`cli`] | the command |
//!
//! As a library:
//!
//! ```no_run
//! use dataprep::{plan::Pipeline, run::{Options, Unwatched, run}};
//! use std::sync::atomic::AtomicBool;
//!
//! let plan = Pipeline::load("pipeline.toml", &[])?.plan()?;
//! let summary = run(plan, &Options { threads: 2, stop: &AtomicBool::new(false), watch: &Unwatched })?;
//! println!("{} documents kept", summary.report.documents.written);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod chat;
pub mod check;
pub mod cli;
pub mod config;
pub mod dedup;
pub mod doc;
pub mod fasttext;
pub mod html;
pub mod language;
pub mod linear;
pub mod lint;
pub mod measures;
pub mod ngram;
pub mod plan;
pub mod profile;
pub mod review;
pub mod run;
pub mod scratch;
pub mod shard;
pub mod sink;
pub mod source;
pub mod stage;
pub mod stages;
pub mod text;
pub mod tokenizer;
pub mod train;
pub mod trial;
