//! Data-quality checks: bounds on what is known of a corpus, alone and against the facts of another day.
//!
//! [`gather`] reads the [`Facts`] of a run, or of a shard set, from files that the run has written: reports, profiles and manifests, no texts. A [`Check`] bounds
//! one fact, or how far it has moved from a baseline; a list of checks is a TOML file. [`judge`] says of each whether it passes, fails, or cannot be
//! told: too few documents, or a change that two samples of one corpus may well show.

mod change;
mod fact;
mod gather;
pub mod github;
mod judge;
mod junit;
mod written;

pub use change::{Change, movers, shown};
pub use fact::{FAMILIES, Fact, Facts};
pub use gather::{Error, Gathered, Options, gather, gather_listed};
pub use judge::{Judged, Outcome, judge};
pub use junit::junit;
pub use written::{Check, Checks, Severity, family};

use serde::{Deserialize, Serialize};

/// The facts of a corpus on one day, as `baseline.json` keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Version of this form.
    pub schema: u32,
    /// Version of dataprep that measured.
    pub version: String,
    /// The facts.
    pub facts: Facts,
}

/// Of [`Baseline::schema`] now.
const SCHEMA: u32 = 1;

impl Baseline {
    /// A baseline over what is known now.
    pub fn of(facts: &Facts) -> Baseline {
        Baseline { schema: SCHEMA, version: env!("CARGO_PKG_VERSION").to_owned(), facts: facts.shortened() }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Where it is no baseline, or one of another form.
    pub fn parse(json: &[u8]) -> Result<Baseline, String> {
        let baseline: Baseline = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if baseline.schema != SCHEMA {
            return Err(format!("it has form {}, this version of dataprep reads form {SCHEMA}: make it anew with --update-baseline", baseline.schema));
        }
        Ok(baseline)
    }
}
