//! What a run's barriers decided about single documents: which were dropped for the sake of another, and what was cut out of them.
//!
//! Read from the decisions under `artifacts/`, which name every document by its place in the input, and from `dropped/`, which tells the id and URL of the
//! share that was written down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Error, Folder, unreadable};
use crate::dedup::drops;
use crate::dedup::ranges::{EARLIER, Range};
use crate::dedup::records::OLD;

/// A document's place in the input: split, number in it.
pub type Place = (u32, u32);

/// A document that was dropped because of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// Where it stood.
    pub place: Place,
    /// The stage that dropped it.
    pub stage: String,
    /// For whose sake, which may have been dropped itself later.
    pub of: Place,
    /// Similarity that was found, 1 for equal.
    pub alike: f64,
    /// Id or URL, where the run has written them down.
    pub name: Option<String>,
}

/// Bytes that were cut out of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The stage.
    pub stage: String,
    /// First byte, in the text as the stage saw it.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The document in which a copy of them stands.
    pub copy: Copy,
}

/// Where a copy stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copy {
    /// In a document of this run.
    Here(Place),
    /// In one of an earlier corpus, by its id.
    Earlier(String),
}

#[derive(serde::Deserialize)]
struct Earlier {
    ordinal: u32,
    start: u32,
    copy: String,
}

fn unpack(place: u64) -> Place {
    ((place >> 32) as u32, place as u32)
}

impl Folder {
    /// Every document that was dropped for the sake of one of `places`, or of one that was dropped for its sake, and so on; in order of place.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn duplicates(&self, places: &BTreeSet<Place>) -> Result<Vec<Duplicate>, Error> {
        let mut all: BTreeMap<Place, Vec<Duplicate>> = BTreeMap::new();
        for (stage, split, path) in self.decisions("drops-") {
            let rows = std::fs::read(&path).map_err(|cause| unreadable(&path, cause))?;
            // A document of an earlier corpus has no place in this input.
            for (ordinal, other, alike) in drops::each(&rows).filter(|(_, other, _)| other & OLD == 0) {
                let of = unpack(other);
                all.entry(of).or_default().push(Duplicate { place: (split, ordinal), stage: stage.clone(), of, alike, name: None });
            }
        }
        let (mut found, mut open, mut seen) = (Vec::new(), places.iter().copied().collect::<Vec<_>>(), places.clone());
        while let Some(place) = open.pop() {
            for duplicate in all.remove(&place).into_iter().flatten().filter(|duplicate| seen.insert(duplicate.place)) {
                open.push(duplicate.place);
                found.push(duplicate);
            }
        }
        found.sort_by_key(|duplicate| duplicate.place);
        let mut names: BTreeMap<Place, String> = BTreeMap::new();
        if !found.is_empty() {
            self.dropped(&mut |document| {
                let number = |field: &str| document.place.as_ref()?[field].as_u64().and_then(|number| u32::try_from(number).ok());
                if let (Some(split), Some(ordinal), Some(name)) = (number("split"), number("ordinal"), document.url.or(document.id)) {
                    names.insert((split, ordinal), name);
                }
                true
            })?;
        }
        for duplicate in &mut found {
            duplicate.name = names.remove(&duplicate.place);
        }
        Ok(found)
    }

    /// What was cut out of the document at a place.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn cuts(&self, place: Place) -> Result<Vec<Cut>, Error> {
        let mut found = Vec::new();
        for (stage, _, path) in self.decisions("cuts-").into_iter().filter(|(_, split, _)| *split == place.0) {
            let rows = std::fs::read(&path).map_err(|cause| unreadable(&path, cause))?;
            let named = path.with_file_name(format!("{EARLIER}{:05}.jsonl", place.0));
            let lines = if named.exists() { std::fs::read_to_string(&named).map_err(|cause| unreadable(&named, cause))? } else { String::new() };
            let earlier: Vec<Earlier> =
                lines.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(|line: &Earlier| line.ordinal == place.1).collect();
            for range in Range::of(&rows, u64::from(place.0) << 32 | u64::from(place.1)) {
                let name = earlier.iter().find(|line| range.copy & OLD != 0 && line.start == range.start);
                let copy = name.map_or(Copy::Here(unpack(range.copy)), |line| Copy::Earlier(line.copy.clone()));
                found.push(Cut { stage: stage.clone(), start: range.start, end: range.end, copy });
            }
        }
        Ok(found)
    }

    /// The files `artifacts/STAGE/PREFIX<split>` with stage and split, in order of the stages.
    fn decisions(&self, prefix: &str) -> Vec<(String, u32, PathBuf)> {
        let mut found = Vec::new();
        for stage in &self.stages {
            let folder = self.path.join("artifacts").join(stage);
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut files: Vec<(u32, PathBuf)> =
                entries.filter_map(|entry| Some((entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?, entry.path()))).collect();
            files.sort();
            found.extend(files.into_iter().map(|(split, path)| (stage.clone(), split, path)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::folder;
    use super::*;
    use crate::dedup::ranges::Note;

    #[test]
    fn duplicates_of_duplicates_and_cuts_are_found() {
        let dropped = "{\"id\":\"a\",\"url\":\"http://x.example/\",\"place\":{\"split\":0,\"ordinal\":4},\"stage\":\"exact\",\"reason\":\"exact_duplicate\"}\n";
        let (dir, folder) = folder(false, &["exact", "near", "cut"], "", dropped);
        for stage in &folder.stages {
            std::fs::create_dir_all(dir.path().join("artifacts").join(stage)).unwrap();
        }
        let file = |name: &str| dir.path().join("artifacts").join(name);
        // 0:4 went for 1:2, which went for 2:0; 0:5 went for a document that nobody asks for.
        let mut rows = Vec::new();
        rows.extend_from_slice(&drops::row(4, 1 << 32 | 2, 1.0));
        rows.extend_from_slice(&drops::row(5, 9 << 32, 1.0));
        rows.extend_from_slice(&drops::row(6, OLD | 2, 1.0));
        std::fs::write(file("exact/drops-00000"), &rows).unwrap();
        let mut rows = Vec::new();
        rows.extend_from_slice(&drops::row(2, 2 << 32, 0.8));
        std::fs::write(file("near/drops-00001"), &rows).unwrap();
        let found = folder.duplicates(&[(2, 0)].into()).unwrap();
        let told: Vec<_> = found.iter().map(|dup| (dup.place, dup.stage.as_str(), dup.of, dup.alike, dup.name.as_deref())).collect();
        assert_eq!(told, [((0, 4), "exact", (1, 2), 1.0, Some("http://x.example/")), ((1, 2), "near", (2, 0), 0.8, None)]);
        assert!(folder.duplicates(&[(7, 0)].into()).unwrap().is_empty());
        let range = Range { document: 2 << 32 | 3, start: 10, end: 90, copy: 1 << 32 | 7, copy_start: 5 };
        let second = Range { start: 95, end: 99, copy: OLD | 4, ..range };
        std::fs::write(file("cut/cuts-00002"), [range, second].map(|range| Note::Range(range).to_bytes()).concat()).unwrap();
        std::fs::write(file("cut/earlier-00002.jsonl"), "{\"ordinal\":3,\"start\":95,\"end\":99,\"copy\":\"b\",\"copy_start\":0}\n").unwrap();
        let first = Cut { stage: "cut".into(), start: 10, end: 90, copy: Copy::Here((1, 7)) };
        let second = Cut { stage: "cut".into(), start: 95, end: 99, copy: Copy::Earlier("b".into()) };
        assert_eq!(folder.cuts((2, 3)).unwrap(), [first, second]);
        assert!(folder.cuts((2, 4)).unwrap().is_empty() && folder.cuts((1, 3)).unwrap().is_empty());
    }
}
