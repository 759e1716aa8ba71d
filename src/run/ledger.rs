//! What became of every document: counts that add up, by stage and reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stage::{Result, RunError};

/// The counts of one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCount {
    /// Documents that reached it.
    pub documents_in: u64,
    /// Bytes of their texts.
    pub bytes_in: u64,
    /// Documents that went on.
    pub documents_out: u64,
    /// Bytes of their texts after it.
    pub bytes_out: u64,
    /// Dropped documents by reason.
    pub drops: BTreeMap<String, u64>,
}

/// The counts of one stretch of work: a chunk, a segment, a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Documents that the source gave.
    pub read: u64,
    /// Bytes of their content.
    pub bytes_read: u64,
    /// Damaged documents and records, by reason.
    pub faults: BTreeMap<String, u64>,
    /// Records that are no documents, by kind.
    pub skipped: BTreeMap<String, u64>,
    /// Stages by name.
    pub stages: BTreeMap<String, StageCount>,
    /// Documents handed to the sinks.
    pub written: u64,
    /// Bytes of their texts.
    pub bytes_written: u64,
    /// Their tokens.
    pub tokens_written: u64,
    /// Documents written, by language.
    #[serde(default)]
    pub languages: BTreeMap<String, u64>,
}

fn add_all(into: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}

impl Ledger {
    /// Adds another stretch's counts.
    pub fn add(&mut self, other: &Ledger) {
        self.read += other.read;
        self.bytes_read += other.bytes_read;
        self.written += other.written;
        self.bytes_written += other.bytes_written;
        self.tokens_written += other.tokens_written;
        add_all(&mut self.faults, &other.faults);
        add_all(&mut self.skipped, &other.skipped);
        add_all(&mut self.languages, &other.languages);
        for (name, count) in &other.stages {
            let into = self.stages.entry(name.clone()).or_default();
            into.documents_in += count.documents_in;
            into.bytes_in += count.bytes_in;
            into.documents_out += count.documents_out;
            into.bytes_out += count.bytes_out;
            add_all(&mut into.drops, &count.drops);
        }
    }

    /// Documents dropped by any stage.
    pub fn dropped(&self) -> u64 {
        self.stages.values().flat_map(|stage| stage.drops.values()).sum()
    }

    /// Checks that no document has vanished: at every stage, and from source to sinks along the given order of stages.
    pub fn balance(&self, order: &[String]) -> Result<()> {
        let mut flowing = self.read;
        for name in order {
            let count = self.stages.get(name).cloned().unwrap_or_default();
            let drops: u64 = count.drops.values().sum();
            if count.documents_in != flowing || count.documents_in != count.documents_out + drops {
                return Err(RunError::stop(format!(
                    "the ledger does not add up at stage `{name}`: {flowing} documents came, {} went in, {} went out, {drops} were dropped; this is a fault of dataprep, please report it",
                    count.documents_in, count.documents_out
                )));
            }
            flowing = count.documents_out;
        }
        if flowing != self.written {
            return Err(RunError::stop(format!(
                "the ledger does not add up at the sinks: {flowing} documents came, {} were written; this is a fault of dataprep, please report it",
                self.written
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_document_is_found() {
        let stage = |documents_in, documents_out, dropped| StageCount {
            documents_in,
            documents_out,
            drops: [("gone".to_owned(), dropped)].into(),
            ..StageCount::default()
        };
        let mut ledger = Ledger { read: 5, written: 3, ..Ledger::default() };
        ledger.stages.insert("a".into(), stage(5, 4, 1));
        ledger.stages.insert("b".into(), stage(4, 3, 1));
        let order = ["a".to_owned(), "b".to_owned()];
        ledger.balance(&order).unwrap();
        let mut twice = ledger.clone();
        twice.add(&ledger);
        twice.balance(&order).unwrap();
        assert_eq!((twice.dropped(), twice.stages["a"].drops["gone"]), (4, 2));
        ledger.written = 2;
        assert!(ledger.balance(&order).unwrap_err().to_string().contains("at the sinks"));
        ledger.stages.insert("a".into(), stage(5, 3, 1));
        assert!(ledger.balance(&order).unwrap_err().to_string().contains("stage `a`"));
    }
}
