//! The journal: one file a finished chunk, created only once the chunk's files stand under their final names.
//!
//! A chunk is a stretch of a split, closed at a fixed amount of input. `journal/<segment>/<split>-<chunk>.json` says what it made and where reading goes
//! on, so a run resumes in the middle of a long file. A barrier's decision is one more line: `journal/<segment>/decision.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::RunDir;
use super::ledger::Ledger;
use crate::profile::Profile;
use crate::stage::{Result, RunError};

/// Where reading goes on after a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The source's position.
    pub position: u64,
    /// Ordinal of the next document.
    pub ordinal: u32,
}

/// One finished chunk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Its split.
    pub split: u32,
    /// Its number inside the split, from 0.
    pub chunk: u32,
    /// Where the next chunk begins; `None` at the end of the split.
    pub next: Option<Resume>,
    /// Counts.
    pub ledger: Ledger,
    /// Damage found, for the report (the first of them, per chunk).
    pub faults: Vec<crate::stage::Fault>,
    /// Name of the part in the spool, where this chunk has one.
    pub spool: Option<String>,
    /// Runs of notes, relative to the run directory.
    pub notes: Vec<String>,
    /// Sinks' parts: (folder, name).
    pub parts: Vec<(String, String)>,
    /// Files of theirs, relative to the run directory.
    pub files: Vec<crate::stage::Written>,
    /// Input bytes up to the end of the chunk.
    pub consumed: u64,
}

impl Line {
    /// Its file.
    fn file(segment: usize, split: u32, chunk: u32) -> String {
        format!("journal/{segment}/{split:05}-{chunk:03}.json")
    }

    /// Where the profile of its documents stands.
    fn profile_file(segment: usize, split: u32, chunk: u32) -> String {
        format!("journal/{segment}/{split:05}-{chunk:03}.profile.json")
    }

    /// Adds it to the journal, and before it what its documents look like: apart, because lines are all held in memory.
    pub fn commit(&self, segment: usize, profile: Option<&Profile>, dir: &RunDir) -> Result<()> {
        if let Some(profile) = profile {
            dir.write(&Line::profile_file(segment, self.split, self.chunk), &serde_json::to_vec(profile).map_err(RunError::stop)?)?;
        }
        dir.write(&Line::file(segment, self.split, self.chunk), &serde_json::to_vec(self).map_err(RunError::stop)?)
    }
}

/// A barrier's finished decision.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decided {
    /// Counts for the report.
    pub counts: BTreeMap<String, u64>,
}

/// What a segment has finished: for each split, its chunks in order.
pub fn finished(segment: usize, splits: usize, dir: &RunDir) -> Result<Vec<Vec<Line>>> {
    (0..splits as u32)
        .map(|split| {
            let mut lines: Vec<Line> = Vec::new();
            while lines.last().is_none_or(|line| line.next.is_some()) {
                let name = Line::file(segment, split, lines.len() as u32);
                let Some(bytes) = dir.read(&name)? else { break };
                let line = serde_json::from_slice(&bytes).map_err(|error| RunError::stop(format!("{name} is damaged ({error}): remove the run directory")))?;
                lines.push(line);
            }
            Ok(lines)
        })
        .collect()
}

/// What the documents of all `lines` look like.
pub fn profile(segment: usize, lines: &[Vec<Line>], dir: &RunDir) -> Result<Profile> {
    let mut all = Profile::default();
    for line in lines.iter().flatten() {
        let name = Line::profile_file(segment, line.split, line.chunk);
        let Some(bytes) = dir.read(&name)? else { continue };
        all.merge(&serde_json::from_slice(&bytes).map_err(|error| RunError::stop(format!("{name} is damaged ({error}): remove the run directory")))?);
    }
    Ok(all)
}

/// The decision of a segment's barrier, if it stands.
pub fn decided(segment: usize, dir: &RunDir) -> Result<Option<Decided>> {
    let name = format!("journal/{segment}/decision.json");
    let Some(bytes) = dir.read(&name)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| RunError::stop(format!("{name} is damaged ({error}): remove the run directory")))
}

/// Writes down that a segment's barrier has decided.
pub fn decide(segment: usize, decided: &Decided, dir: &RunDir) -> Result<()> {
    dir.write(&format!("journal/{segment}/decision.json"), &serde_json::to_vec(decided).map_err(RunError::stop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_count_only_without_a_gap() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::hold(root.path()).unwrap();
        let line = |chunk: u32, last: bool| Line {
            split: 1,
            chunk,
            next: (!last).then_some(Resume { position: 10, ordinal: 2 }),
            ledger: Ledger::default(),
            faults: vec![],
            spool: None,
            notes: vec![],
            parts: vec![],
            files: Vec::new(),
            consumed: 0,
        };
        line(0, false).commit(0, None, &dir).unwrap();
        line(2, true).commit(0, None, &dir).unwrap();
        assert_eq!(finished(0, 2, &dir).unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
        line(1, false).commit(0, None, &dir).unwrap();
        let all = finished(0, 2, &dir).unwrap();
        assert_eq!((all[1].len(), all[1][2].next), (3, None));
    }
}
