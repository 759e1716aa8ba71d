//! `report.json`: what became of the documents. It holds no time and no host, so that the reports of two runs can be compared line by line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::PANICKED;
use super::ledger::Ledger;
use crate::plan::Plan;
use crate::stage::Fault;

/// The report of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of dataprep.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// True where nothing was dropped but all verdicts written down.
    pub annotated: bool,
    /// Totals.
    pub documents: Totals,
    /// What the source found besides documents.
    pub source: SourceReport,
    /// Each stage in order.
    pub stages: Vec<StageReport>,
    /// Documents written, by language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub languages: BTreeMap<String, u64>,
    /// Folders that hold the output.
    pub outputs: Vec<String>,
}

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Documents read.
    pub read: u64,
    /// Documents dropped by a stage.
    pub dropped: u64,
    /// Documents written.
    pub written: u64,
    /// Bytes of content read.
    pub bytes_read: u64,
    /// Bytes of text written.
    pub bytes_written: u64,
    /// Tokens written.
    pub tokens_written: u64,
}

/// What the source found besides documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Its recipe.
    #[serde(rename = "use")]
    pub recipe: String,
    /// Damage by reason.
    pub faults: BTreeMap<String, u64>,
    /// Records that are no documents, by kind.
    pub skipped: BTreeMap<String, u64>,
    /// The first faults of each stretch of input, one by one.
    pub listed: Vec<ListedFault>,
}

/// A fault with its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFault {
    /// The first file of the split.
    pub file: String,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The counts of one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// Its recipe.
    #[serde(rename = "use")]
    pub recipe: String,
    /// Documents that reached it.
    pub documents_in: u64,
    /// Documents that went on.
    pub documents_out: u64,
    /// Bytes of text that reached it.
    pub bytes_in: u64,
    /// Bytes of text that went on.
    pub bytes_out: u64,
    /// Drops by reason.
    pub drops: BTreeMap<String, u64>,
    /// What a barrier counted besides.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub counts: BTreeMap<String, u64>,
}

impl Report {
    /// Documents over which a stage panicked.
    pub fn panicked(&self) -> u64 {
        self.stages.iter().filter_map(|stage| stage.drops.get(PANICKED)).sum()
    }

    /// The report over a run's ledger; `counts` by stage name.
    pub fn of(plan: &Plan, ledger: &Ledger, listed: Vec<ListedFault>, counts: &BTreeMap<String, BTreeMap<String, u64>>) -> Report {
        let stages = plan.stages.iter().map(|stage| {
            let count = ledger.stages.get(&stage.name).cloned().unwrap_or_default();
            StageReport {
                name: stage.name.clone(),
                recipe: stage.recipe.clone(),
                documents_in: count.documents_in,
                documents_out: count.documents_out,
                bytes_in: count.bytes_in,
                bytes_out: count.bytes_out,
                drops: count.drops,
                counts: counts.get(&stage.name).cloned().unwrap_or_default(),
            }
        });
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: plan.config.run.seed,
            annotated: plan.annotates(),
            documents: Totals {
                read: ledger.read,
                dropped: ledger.dropped(),
                written: ledger.written,
                bytes_read: ledger.bytes_read,
                bytes_written: ledger.bytes_written,
                tokens_written: ledger.tokens_written,
            },
            source: SourceReport { recipe: plan.source_recipe.clone(), faults: ledger.faults.clone(), skipped: ledger.skipped.clone(), listed },
            stages: stages.collect(),
            languages: ledger.languages.clone(),
            outputs: plan.sinks.iter().map(|sink| sink.sink.folder().to_owned()).collect(),
        }
    }

    /// Share of the documents that reached a stage and were dropped there for a reason.
    pub fn drop_rate(&self, stage: &str, reason: &str) -> Option<f64> {
        let found = self.stages.iter().find(|report| report.name == stage)?;
        let drops = found.drops.get(reason).copied().unwrap_or(0);
        Some(if found.documents_in == 0 { 0.0 } else { drops as f64 / found.documents_in as f64 })
    }
}
