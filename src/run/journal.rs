//! The journal: what of a run is done, one file a line, each created once and never changed.
//!
//! A line says what was made, and in which folder under `tmp/`, whence the files are moved to their final names. A chunk is a stretch of a split, closed at a
//! fixed amount of input: `journal/<segment>/<split>-<chunk>.json` says what it made and where reading goes on, so a run resumes in the middle of a long
//! file. A key range of a barrier's round is `reduced-<round>-<rank>.json`, what is decided over all of them `decided-<round>.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::RunDir;
use super::ledger::Ledger;
use crate::profile::Profile;
use crate::stage::{Result, RunError};

/// How the name of a profile ends.
const PROFILE: &str = ".profile.json";

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
    /// Its name.
    pub fn name(segment: usize, split: u32, chunk: u32) -> String {
        format!("journal/{segment}/{split:05}-{chunk:03}.json")
    }

    /// Where the profile of its documents stands: apart, because lines are all held in memory.
    pub fn profile_name(segment: usize, split: u32, chunk: u32) -> String {
        format!("journal/{segment}/{split:05}-{chunk:03}{PROFILE}")
    }

    /// True where it is the last of its split.
    pub fn is_last(&self) -> bool {
        self.next.is_none()
    }
}

/// The outcomes of a key range in a round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reduced {
    /// Runs of notes, relative to the run directory.
    pub notes: Vec<String>,
}

impl Reduced {
    /// Its name.
    pub fn name(segment: usize, round: u32, rank: u32) -> String {
        format!("journal/{segment}/reduced-{round}-{rank:03}.json")
    }
}

/// What a barrier has decided over the outcomes of a round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decided {
    /// Counts for the report, those of earlier rounds with them.
    pub counts: BTreeMap<String, u64>,
    /// False where there is another round.
    pub done: bool,
    /// Blobs that were for the rounds alone; they go at the end of the run.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub removed: BTreeSet<String>,
}

impl Decided {
    /// Its name.
    pub fn name(segment: usize, round: u32) -> String {
        format!("journal/{segment}/decided-{round}.json")
    }
}

/// A line as it stands in its file.
#[derive(Serialize, Deserialize)]
struct Entry<T> {
    /// Folder under `tmp/` of the files made.
    made: String,
    what: T,
}

/// Adds a line with the files made in `tmp`; gives the line that stands then, which is another's where one came first.
pub fn commit<T: Serialize + DeserializeOwned>(dir: &RunDir, name: &str, tmp: &Path, what: T) -> Result<T> {
    let entry = Entry { made: dir.seal(tmp)?, what };
    let bytes = serde_json::to_vec(&entry).map_err(RunError::stop)?;
    if dir.create(name, &bytes)? {
        dir.settle(&entry.made)?;
        dir.announce(name, &bytes)?;
        return Ok(entry.what);
    }
    std::fs::remove_dir_all(tmp).map_err(RunError::file("cannot remove", tmp))?;
    read(dir, name)?.ok_or_else(|| RunError::stop(format!("{name} was there and is gone: is the run directory being removed?")))
}

/// A line, once its files stand under their final names; `None` where there is none yet.
pub fn read<T: DeserializeOwned>(dir: &RunDir, name: &str) -> Result<Option<T>> {
    let Some(bytes) = dir.read(name)? else { return Ok(None) };
    let entry: Entry<T> = serde_json::from_slice(&bytes).map_err(damaged(name))?;
    dir.settle(&entry.made)?;
    Ok(Some(entry.what))
}

/// Moves the files of every line of the journal to their final names, for those who are about to take `tmp/` away.
pub fn settle_all(dir: &RunDir) -> Result<()> {
    for segment in dir.names("journal")? {
        for name in dir.names(&format!("journal/{segment}"))?.iter().filter(|name| !name.ends_with(PROFILE)) {
            read::<serde::de::IgnoredAny>(dir, &format!("journal/{segment}/{name}"))?;
        }
    }
    Ok(())
}

fn damaged(name: &str) -> impl Fn(serde_json::Error) -> RunError + '_ {
    move |error| RunError::stop(format!("{name} is damaged ({error}): remove the run directory"))
}

/// Reads on where `chunks` of a split end.
pub fn follow(dir: &RunDir, segment: usize, split: u32, chunks: &mut Vec<Line>) -> Result<()> {
    while chunks.last().is_none_or(|line| !line.is_last()) {
        let Some(line) = read(dir, &Line::name(segment, split, chunks.len() as u32))? else { break };
        chunks.push(line);
    }
    Ok(())
}

/// The same for all splits of a segment, by one look into its folder.
pub fn follow_all(dir: &RunDir, segment: usize, splits: &mut [Vec<Line>]) -> Result<()> {
    let names = dir.names(&format!("journal/{segment}"))?;
    for (split, chunks) in (0u32..).zip(splits) {
        let next = Line::name(segment, split, chunks.len() as u32);
        if next.rsplit('/').next().is_some_and(|next| names.binary_search_by(|name| name.as_str().cmp(next)).is_ok()) {
            follow(dir, segment, split, chunks)?;
        }
    }
    Ok(())
}

/// What the documents of all `lines` look like.
pub fn profile(dir: &RunDir, segment: usize, lines: &[Vec<Line>]) -> Result<Profile> {
    let mut all = Profile::default();
    for line in lines.iter().flatten() {
        let name = Line::profile_name(segment, line.split, line.chunk);
        let Some(bytes) = dir.read(&name)? else { continue };
        all.merge(&serde_json::from_slice(&bytes).map_err(damaged(&name))?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::files::Hold;
    use super::*;

    fn line(chunk: u32, last: bool, consumed: u64) -> Line {
        Line {
            split: 1,
            chunk,
            next: (!last).then_some(Resume { position: 10, ordinal: 2 }),
            ledger: Ledger::default(),
            faults: vec![],
            spool: None,
            notes: vec![],
            parts: vec![],
            files: vec![],
            consumed,
        }
    }

    #[test]
    fn chunks_count_only_without_a_gap() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path(), Hold::Alone).unwrap();
        let add = |line: Line| commit(&dir, &Line::name(0, 1, line.chunk), &dir.fresh_tmp("x").unwrap(), line).unwrap();
        add(line(0, false, 0));
        add(line(2, true, 0));
        let mut all = vec![Vec::new(); 2];
        follow_all(&dir, 0, &mut all).unwrap();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
        add(line(1, false, 0));
        follow_all(&dir, 0, &mut all).unwrap();
        assert_eq!((all[1].len(), all[1][2].next), (3, None));
    }

    #[test]
    fn of_two_attempts_the_first_counts_and_its_files_are_moved_by_whoever_reads() {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = (RunDir::open(root.path(), Hold::Together).unwrap(), RunDir::open(root.path(), Hold::Together).unwrap());
        let make = |dir: &RunDir, text: &str| {
            let tmp = dir.fresh_tmp("0-part").unwrap();
            std::fs::write(tmp.join("part"), text).unwrap();
            tmp
        };
        let (first, second) = (make(&one, "first"), make(&two, "second"));
        // The first dies between its line and the move of its files.
        let entry = Entry { made: one.seal(&first).unwrap(), what: line(0, true, 1) };
        assert!(one.create(&Line::name(0, 1, 0), &serde_json::to_vec(&entry).unwrap()).unwrap());
        assert_eq!(commit(&two, &Line::name(0, 1, 0), &second, line(0, true, 2)).unwrap().consumed, 1);
        assert_eq!(two.read("part").unwrap().unwrap(), b"first");
        assert!(!first.exists() && !second.exists());
    }
}
