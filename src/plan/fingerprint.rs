//! What the output depends on, hashed piece by piece, so that a difference can be named.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Segment;
use crate::config::Config;
use crate::stage::Split;
use crate::store;

/// Everything that the bytes of a run depend on: settings, data files, the input listing; neither threads nor the output path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Version of dataprep.
    pub version: String,
    /// Hash of the list of input files with their sizes and times.
    pub input: String,
    /// What every segment depends on: `run.seed` and the like, and the source's keys.
    pub base: BTreeMap<String, String>,
    /// For each segment, what its stages depend on, by `stage.NAME`.
    pub segments: Vec<BTreeMap<String, String>>,
    /// What the last segment's output depends on besides, by `sink.NAME`.
    pub sinks: BTreeMap<String, String>,
    /// What a key of the source stood for that names what may move, as the commit of a branch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pinned: BTreeMap<String, String>,
}

/// Where a run keeps its fingerprint.
pub const RUN_FILE: &str = "run.json";

/// The key of a source that says who reads, which does not change what is read.
const TOKEN: &str = "token";

/// How a directory's fingerprint differs from a plan's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    None,
    /// From that segment on; the ones before it can be reused. Names the first key that differs.
    From(usize, String),
    /// From the beginning. Names the first key that differs.
    Everything(String),
}

impl Fingerprint {
    pub(super) fn of(config: &Config, splits: &[Split], files: &BTreeSet<String>, segments: &[Segment]) -> Fingerprint {
        let mut listing = String::new();
        for split in splits {
            for file in &split.files {
                let stamp = store::stamp(file.as_ref());
                listing.push_str(&format!("{file:?} {} {:?} {} {stamp:?}\n", split.start, split.end, split.bytes));
            }
        }
        let mut data = String::new();
        for file in files {
            let content = match store::is_address(file.as_ref()) {
                true => store::stamp(file.as_ref()).unwrap_or_default(),
                false => hex(&std::fs::read(file).unwrap_or_default()),
            };
            data.push_str(&format!("{file:?} {content}\n"));
        }
        let run = &config.run;
        let base = [
            ("run.seed", run.seed.to_string()),
            ("run.mode", format!("{:?}", run.mode)),
            ("run.part", run.part.get().to_string()),
            ("run.dropped", run.dropped.get().to_string()),
            ("source", source(config)),
            ("data files", hex(data.as_bytes())),
        ];
        let stage = |at: usize| {
            let entry = &config.stages[at];
            (format!("stage.{}", entry.name), format!("{} {}", entry.recipe, entry.table.canonical()))
        };
        let segments = segments.iter().map(|segment| segment.stages.clone().chain(segment.barrier).map(stage).collect()).collect();
        let mut sinks: BTreeMap<String, String> =
            config.sinks.iter().map(|entry| (format!("sink.{}", entry.name), format!("{} {}", entry.recipe, entry.table.canonical()))).collect();
        sinks.insert("run.keep_docs".to_owned(), run.keep_docs.to_string());
        Fingerprint {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            input: hex(listing.as_bytes()),
            base: base.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            segments,
            sinks,
            pinned: BTreeMap::new(),
        }
    }

    /// What keys of the source stood for when the run began that the plan would go on with, or that an arm of a verdict belongs to: in its directory, or where it is published.
    pub(super) fn pinned_before(config: &Config) -> BTreeMap<String, String> {
        let arms = config.run.output.ancestors().find(|folder| folder.ends_with("validate/arms"));
        let of_arms = arms.and_then(|arms| arms.ancestors().nth(2));
        let here = [Some(config.run.output.as_path()), of_arms].into_iter().flatten().find_map(|run| std::fs::read(run.join(RUN_FILE)).ok());
        let published = || store::Folder::at(config.run.publish.as_ref()?).and_then(|folder| folder.read(RUN_FILE)).ok()?.map(Vec::from);
        let found: Option<Fingerprint> = here.or_else(published).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        found.filter(|found| found.base.get("source") == Some(&source(config))).map(|found| found.pinned).unwrap_or_default()
    }

    /// How `found`, from an earlier run, differs from this plan.
    pub fn compare(&self, found: &Fingerprint) -> Difference {
        if self.version != found.version {
            return Difference::Everything(format!("the version of dataprep ({} there, {} now)", found.version, self.version));
        }
        if let Some(key) = first_difference(&self.base, &found.base) {
            return Difference::Everything(key);
        }
        if self.input != found.input {
            return Difference::Everything("the list of input files, their sizes or their times".to_owned());
        }
        let empty = BTreeMap::new();
        for at in 0..self.segments.len().max(found.segments.len()) {
            let (now, then) = (self.segments.get(at).unwrap_or(&empty), found.segments.get(at).unwrap_or(&empty));
            if let Some(key) = first_difference(now, then) {
                return if at == 0 { Difference::Everything(key) } else { Difference::From(at, key) };
            }
        }
        match first_difference(&self.sinks, &found.sinks) {
            Some(key) if self.segments.len() > 1 => Difference::From(self.segments.len() - 1, key),
            Some(key) => Difference::Everything(key),
            None => Difference::None,
        }
    }

    /// One short hash of it all.
    pub fn digest(&self) -> String {
        hex(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

fn source(config: &Config) -> String {
    format!("{} {}", config.source.recipe, config.source.table.canonical_without(TOKEN))
}

fn first_difference(now: &BTreeMap<String, String>, then: &BTreeMap<String, String>) -> Option<String> {
    let keys: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    keys.into_iter().find(|key| now.get(*key) != then.get(*key)).cloned()
}

fn hex(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(stages: &[&[(&str, &str)]], seed: &str) -> Fingerprint {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
        Fingerprint {
            version: "1".into(),
            input: "i".into(),
            base: map(&[("run.seed", seed)]),
            segments: stages.iter().map(|s| map(s)).collect(),
            sinks: map(&[]),
            pinned: map(&[]),
        }
    }

    #[test]
    fn the_first_difference_is_named_with_what_can_be_reused() {
        let old = print(&[&[("stage.a", "1")], &[("stage.b", "1")]], "7");
        assert_eq!(old.compare(&old), Difference::None);
        assert_eq!(old.compare(&print(&[&[("stage.a", "1")], &[("stage.b", "2")]], "7")), Difference::From(1, "stage.b".into()));
        assert_eq!(old.compare(&print(&[&[("stage.a", "2")], &[("stage.b", "1")]], "7")), Difference::Everything("stage.a".into()));
        assert_eq!(old.compare(&print(&[&[("stage.a", "1")], &[("stage.b", "1")]], "8")), Difference::Everything("run.seed".into()));
    }
}
