//! What comes of the pairs found alike: who goes and because of whom, and the tables of pairs and groups.

use std::collections::BTreeMap;

use super::{NearDuplicates, unpack};
use crate::dedup::clusters::{Edge, members};
use crate::dedup::drops;
use crate::dedup::records::OLD;
use crate::dedup::tables::{self, Row};
use crate::stage::{Decision, Result, RunError, Texts};
use crate::stages::against;
use crate::stages::keep::Survivor;

/// Blobs on the way to their tables: rows of two documents and a similarity, 24 bytes.
const EDGES: &str = "edges";
const MEMBERS: &str = "members";

fn push(rows: &mut Vec<u8>, a: u64, b: u64, alike: f64) {
    for number in [a, b, alike.to_bits()] {
        rows.extend_from_slice(&number.to_le_bytes());
    }
}

fn rows(bytes: &[u8]) -> impl ExactSizeIterator<Item = (u64, u64, f64)> {
    let number = |row: &[u8; 24], at: usize| u64::from_le_bytes(std::array::from_fn(|byte| row[at + byte]));
    bytes.as_chunks::<24>().0.iter().map(move |row| (number(row, 0), number(row, 8), f64::from_bits(number(row, 16))))
}

impl NearDuplicates {
    /// Writes the drops of each split, and what the tables are made of.
    pub(super) fn outcome(&self, edges: &[Edge], decision: &mut Decision) {
        let mut found = members(edges, self.rule);
        found.sort_unstable_by_key(|member| (member.leader.doc, member.place.doc));
        let none = matches!(self.keep, Survivor::None);
        let mut gone: Vec<(u64, u64, f64)> = Vec::new();
        let (mut groups, mut last) = (0, None);
        let mut table = Vec::with_capacity(24 * found.len());
        for member in found {
            let (leader, document) = (member.leader.doc, member.place.doc);
            if last != Some(leader) {
                last = Some(leader);
                groups += 1;
                if none && leader & OLD == 0 {
                    gone.push((leader, document, member.alike));
                }
            }
            if document & OLD == 0 {
                gone.push((document, leader, member.alike));
            }
            push(&mut table, leader, document, member.alike);
        }
        gone.sort_unstable_by_key(|(document, ..)| *document);
        let mut blobs: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (document, other, alike) in gone {
            drops::push(blobs.entry(document >> 32).or_default(), document as u32, other, alike);
        }
        blobs.into_iter().for_each(|(split, bytes)| decision.put(&format!("drops-{split:05}"), bytes));
        decision.count("clusters", groups);
        let mut pairs = Vec::with_capacity(24 * edges.len());
        edges.iter().for_each(|edge| push(&mut pairs, edge.later.doc, edge.earlier.doc, edge.alike));
        decision.put(EDGES, pairs);
        decision.put(MEMBERS, table);
    }

    /// Turns them into tables, with the documents' names.
    pub(super) fn tables(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        let failed = |error: parquet::errors::ParquetError| RunError::stop(format!("cannot write the tables of clusters: {error}"));
        let edges = decision.take(EDGES).unwrap_or_default();
        let table = tables::edges(rows(&edges)).map_err(failed)?;
        drop(edges);
        decision.put("edges.parquet", table);
        let members = decision.take(MEMBERS).unwrap_or_default();
        let kept = !matches!(self.keep, Survivor::None);
        let mut rest = rows(&members);
        let (mut cluster, mut size, mut waiting, mut leader) = (0, 0, None, None);
        let table = tables::clusters::<Trouble>(|| {
            let (doc, similarity) = match waiting.take() {
                Some(member) => member,
                None => {
                    let Some((of, document, alike)) = rest.next() else { return Ok(None) };
                    if leader == Some(of) {
                        (document, alike)
                    } else {
                        // A group begins with the one that stays; its size is counted ahead.
                        cluster += u64::from(leader.is_some());
                        leader = Some(of);
                        size = 2 + rows(&members[members.len() - 24 * rest.len()..]).take_while(|(other, ..)| *other == of).count() as u32;
                        waiting = Some((document, alike));
                        (of, 1.0)
                    }
                }
            };
            let (id, url) = match &self.old {
                Some(old) if doc & OLD != 0 => old.doc(doc & !OLD).map(|old| (old.name, old.url)).map_err(against::unread)?,
                _ => texts.name(unpack(doc))?,
            };
            let kept = doc & OLD != 0 || (kept && leader == Some(doc));
            Ok(Some(Row { cluster, size, doc, id, url, kept, similarity }))
        });
        decision.put("clusters.parquet", table.map_err(|Trouble(error)| error)?);
        Ok(())
    }
}

/// What may go wrong while a table is made.
struct Trouble(RunError);

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Trouble {
        Trouble(error)
    }
}

impl From<parquet::errors::ParquetError> for Trouble {
    fn from(error: parquet::errors::ParquetError) -> Trouble {
        Trouble(RunError::stop(format!("cannot write the tables of clusters: {error}")))
    }
}
