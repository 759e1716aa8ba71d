//! What a run does one after another, and the tasks of which each of these phases is made.
//!
//! A segment is mapped (`map-0`); its barrier reduces key ranges and decides over them, in rounds (`reduce-0-0`, `decide-0-0`, `reduce-0-1`, ...); after
//! the last segment the sinks end (`finish`). The tasks of a phase do not depend on one another; a phase begins when the one before has ended. They follow
//! from the plan and from what the journal says, never from who works: groups of splits of about `run.part` bytes of input, and key ranges of a size.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::stage::Split;

/// One of the phases of a run. Segments and rounds are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Documents of a segment are read and worked on.
    Map(usize),
    /// Key ranges of a round of the segment's barrier are worked on.
    Reduce(usize, u32),
    /// The barrier decides over a round.
    Decide(usize, u32),
    /// The sinks end, and the report is written.
    Finish,
    /// Nothing is left to do.
    Finished,
}

impl Phase {
    /// Later phases have greater places.
    pub fn place(self) -> (usize, u64) {
        match self {
            Phase::Map(at) => (at, 0),
            Phase::Reduce(at, round) => (at, 2 * u64::from(round) + 1),
            Phase::Decide(at, round) => (at, 2 * u64::from(round) + 2),
            Phase::Finish => (usize::MAX, 0),
            Phase::Finished => (usize::MAX, 1),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Phase::Map(at) => write!(f, "map-{at}"),
            Phase::Reduce(at, round) => write!(f, "reduce-{at}-{round}"),
            Phase::Decide(at, round) => write!(f, "decide-{at}-{round}"),
            Phase::Finish => f.write_str("finish"),
            Phase::Finished => f.write_str("finished"),
        }
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Phase, String> {
        let parts: Vec<&str> = text.split('-').collect();
        let phase = match parts.as_slice() {
            ["map", at] => at.parse().ok().map(Phase::Map),
            ["reduce", at, round] => at.parse().ok().zip(round.parse().ok()).map(|(at, round)| Phase::Reduce(at, round)),
            ["decide", at, round] => at.parse().ok().zip(round.parse().ok()).map(|(at, round)| Phase::Decide(at, round)),
            ["finish"] => Some(Phase::Finish),
            _ => None,
        };
        phase.ok_or_else(|| format!("`{text}` is no phase of a run: wanted one as `map-0`, `reduce-0-1`, `decide-0-1`, `finish`"))
    }
}

/// A task: what one command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its phase.
    pub phase: Phase,
    /// Its number in the phase, from 0.
    pub rank: u32,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.phase, self.rank)
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Task, String> {
        let rank = text.split_once('/').and_then(|(phase, rank)| Some((phase, rank.parse().ok()?)));
        let (phase, rank) = rank.ok_or_else(|| format!("`{text}` is no task: wanted one as `map-0/12`; `dataprep tasks` lists them"))?;
        Ok(Task { phase: phase.parse()?, rank })
    }
}

/// Cuts the splits into groups of neighbours that hold at least `bytes` of input each, the last one perhaps less.
pub fn groups(splits: &[Split], bytes: u64) -> Vec<Range<u32>> {
    let mut groups = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (end, split) in (1u32..).zip(splits) {
        sum += split.bytes;
        if sum >= bytes {
            groups.push(start..end);
            (start, sum) = (end, 0);
        }
    }
    let end = splits.len() as u32;
    if start < end {
        groups.push(start..end);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tasks_are_read_as_they_are_written() {
        let phases = [Phase::Map(0), Phase::Reduce(0, 0), Phase::Decide(0, 0), Phase::Reduce(0, 1), Phase::Decide(0, 1), Phase::Map(1), Phase::Finish];
        for phase in phases {
            let task = Task { phase, rank: 12 };
            assert_eq!(task.to_string().parse::<Task>(), Ok(task));
        }
        assert!(phases.map(Phase::place).is_sorted());
        for wrong in ["map-0", "map/1", "map-0/x", "decide-0/1", "finished/0"] {
            assert!(wrong.parse::<Task>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn groups_hold_their_bytes_and_every_split_once() {
        let split = |bytes| Split { files: vec![], start: 0, end: None, bytes };
        let splits: Vec<Split> = [5, 5, 20, 3, 3, 3, 3].map(split).into();
        assert_eq!(groups(&splits, 10), [0..2, 2..3, 3..7]);
        assert_eq!(groups(&splits, 1).len(), 7);
        assert_eq!(groups(&splits, 100).first(), Some(&(0..7)));
        assert!(groups(&[], 10).is_empty());
    }
}
