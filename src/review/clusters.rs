//! The groups of near-duplicates that a run has found, read from `artifacts/STAGE/clusters.parquet`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, UInt32Type, UInt64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::{Error, Folder, unreadable};
use crate::profile::Sketch;

const FILE: &str = "clusters.parquet";

/// The groups of one stage.
#[derive(Debug)]
pub struct Clusters {
    /// The stage.
    pub stage: String,
    /// Number of all its groups.
    pub all: u64,
    /// Number of their documents.
    pub documents: u64,
    /// Of these, documents that stay.
    pub kept: u64,
    /// The largest, the largest first; of equal ones, the first in the input.
    pub groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Its number in the table.
    pub cluster: u64,
    /// Number of its documents.
    pub size: u64,
    /// The first of them; whoever stays is the first of all.
    pub members: Vec<Member>,
}

/// One document of a group.
#[derive(Debug, Serialize)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its URL.
    pub url: Option<String>,
    /// Its place in the input; none for a document of an earlier corpus.
    pub place: Option<(u32, u32)>,
    /// Whether it stays.
    pub kept: bool,
    /// How alike it is to the one that stays, where that was measured.
    pub similarity: Option<f64>,
}

impl Clusters {
    /// The `n` largest groups of the stage that has found some, with at most `members` members each.
    ///
    /// # Errors
    /// Where no stage of the run, or more than one, has found groups; what cannot be read.
    pub fn largest(folder: &Folder, stage: Option<&str>, n: usize, members: usize) -> Result<Clusters, Error> {
        let table = |stage: &str| folder.path.join("artifacts").join(stage).join(FILE);
        let have: Vec<&String> = folder.stages.iter().filter(|stage| table(stage).is_file()).collect();
        let stage = match (stage, have.as_slice()) {
            (Some(stage), have) if have.iter().any(|other| *other == stage) => stage.to_owned(),
            (None, [one]) => (*one).clone(),
            (_, []) => return Err(Error::Cannot("no stage of this run has looked for near-duplicates: dedup_minhash does".to_owned())),
            (asked, have) => {
                let list = have.iter().map(|stage| format!("`{stage}`")).collect::<Vec<_>>().join(", ");
                let asked = asked.map_or_else(String::new, |stage| format!("`{stage}` has found no groups; "));
                return Err(Error::Cannot(format!("{asked}say which with --stage: {list}")));
            }
        };
        let path = table(&stage);
        let mut found = Clusters { stage, all: 0, documents: 0, kept: 0, groups: Vec::new() };
        // The first pass finds the largest, the second their members: the table may be larger than memory.
        let mut largest: BTreeMap<(std::cmp::Reverse<u64>, u64), ()> = BTreeMap::new();
        let mut last = None;
        each(&path, Some(&["cluster", "size", "kept"]), &mut |batch| {
            let (cluster, size) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_primitive::<UInt32Type>());
            found.documents += batch.num_rows() as u64;
            found.kept += batch.column(2).as_boolean().true_count() as u64;
            for (cluster, size) in cluster.values().iter().zip(size.values()) {
                if last != Some(*cluster) {
                    last = Some(*cluster);
                    found.all += 1;
                    largest.insert((std::cmp::Reverse(u64::from(*size)), *cluster), ());
                    if largest.len() > n {
                        largest.pop_last();
                    }
                }
            }
        })?;
        let mut groups: BTreeMap<u64, Group> =
            largest.keys().map(|(size, cluster)| (*cluster, Group { cluster: *cluster, size: size.0, members: Vec::new() })).collect();
        each(&path, None, &mut |batch| {
            let cluster = batch.column(0).as_primitive::<UInt64Type>();
            let (split, ordinal) = (batch.column(2).as_primitive::<UInt32Type>(), batch.column(3).as_primitive::<UInt32Type>());
            let (id, url) = (batch.column(4).as_string::<i32>(), batch.column(5).as_string::<i32>());
            let (kept, similarity) = (batch.column(6).as_boolean(), batch.column(7).as_primitive::<Float64Type>());
            for row in 0..batch.num_rows() {
                if let Some(group) = groups.get_mut(&cluster.value(row)).filter(|group| group.members.len() < members) {
                    group.members.push(Member {
                        id: id.value(row).to_owned(),
                        url: url.is_valid(row).then(|| url.value(row).to_owned()),
                        place: split.is_valid(row).then(|| (split.value(row), ordinal.value(row))),
                        kept: kept.value(row),
                        similarity: similarity.is_valid(row).then(|| similarity.value(row)),
                    });
                }
            }
        })?;
        found.groups = largest.keys().filter_map(|(_, cluster)| groups.remove(cluster)).collect();
        Ok(found)
    }
}

/// How large the groups are that each stage has found, in order of the stages.
///
/// # Errors
/// What cannot be read.
pub fn sizes(folder: &Folder) -> Result<Vec<(String, Sketch)>, Error> {
    let tables = folder.stages.iter().map(|stage| (stage, folder.path.join("artifacts").join(stage).join(FILE)));
    let mut found = Vec::new();
    for (stage, path) in tables.filter(|(_, path)| path.is_file()) {
        let (mut sketch, mut last) = (Sketch::default(), None);
        each(&path, Some(&["cluster", "size"]), &mut |batch| {
            let (cluster, size) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_primitive::<UInt32Type>());
            for (cluster, size) in cluster.values().iter().zip(size.values()) {
                if last.replace(*cluster) != Some(*cluster) {
                    sketch.add(f64::from(*size));
                }
            }
        })?;
        found.push((stage.clone(), sketch));
    }
    Ok(found)
}

/// Calls `see` with every batch of a table, of all its columns or of some.
fn each(path: &Path, columns: Option<&[&str]>, see: &mut dyn FnMut(&RecordBatch)) -> Result<(), Error> {
    let file = File::open(path).map_err(|cause| unreadable(path, cause))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| unreadable(path, cause))?;
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    for batch in builder.build().map_err(|cause| unreadable(path, cause))? {
        see(&batch.map_err(|cause| unreadable(path, cause))?);
    }
    Ok(())
}
