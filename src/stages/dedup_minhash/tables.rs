//! The tables of pairs and groups, for whoever wants to look.

use std::io::{ErrorKind, Read};

use parquet::errors::ParquetError;

use super::outcome::{EDGES, MEMBERS, SIZES};
use super::{NearDuplicates, damaged, unpack};
use crate::dedup::examples::Chosen;
use crate::dedup::records::OLD;
use crate::dedup::tables::{self, Row};
use crate::stage::{Decision, Result, RunError, Texts};
use crate::stages::keep::Survivor;
use crate::stages::{against, examples};

/// Bytes that a row takes in memory, with a long name and a long URL.
const ROW: usize = 256;

/// The next so many bytes of a blob.
fn take<const N: usize>(blob: &mut dyn Read) -> Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match blob.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(RunError::stop(format!("cannot read what the tables of clusters are made of: {error}"))),
    }
}

fn next_row(blob: &mut dyn Read) -> Result<Option<(u64, u64, f64)>> {
    let number = |row: &[u8; 24], at: usize| u64::from_le_bytes(std::array::from_fn(|byte| row[at + byte]));
    Ok(take::<24>(blob)?.map(|row| (number(&row, 0), number(&row, 8), f64::from_bits(number(&row, 16)))))
}

impl NearDuplicates {
    /// Turns pairs and groups into tables, with the documents' names.
    pub(super) fn tables(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        let mut edges = decision.take(EDGES)?;
        let table = tables::edges::<Trouble>(|| Ok(next_row(&mut *edges)?), |bytes| Ok(decision.append("edges.parquet", bytes)?));
        table.map_err(|Trouble(error)| error)?;
        let (mut members, mut sizes) = (decision.take(MEMBERS)?, decision.take(SIZES)?);
        let kept = !matches!(self.keep, Survivor::None);
        let (mut cluster, mut size, mut waiting, mut leader) = (0, 0, None, None);
        let mut shown = Chosen::default();
        let mut nameless = || -> Result<Option<Row>> {
            let (doc, similarity) = match waiting.take() {
                Some(member) => member,
                None => {
                    let Some((of, document, alike)) = next_row(&mut *members)? else { return Ok(None) };
                    if (of | document) & OLD == 0 {
                        shown.offer([of, document], || alike);
                    }
                    if leader == Some(of) {
                        (document, alike)
                    } else {
                        // A group begins with the one that stays.
                        cluster += u64::from(leader.is_some());
                        leader = Some(of);
                        size = take::<4>(&mut *sizes)?.map(u32::from_le_bytes).ok_or_else(damaged)?;
                        waiting = Some((document, alike));
                        (of, 1.0)
                    }
                }
            };
            let kept = doc & OLD != 0 || (kept && leader == Some(doc));
            Ok(Some(Row { cluster, size, doc, kept, similarity, ..Row::default() }))
        };
        let mut named = Vec::new().into_iter();
        let mut next = || -> Result<Option<Row>> {
            if named.len() == 0 {
                let mut rows = Vec::new();
                while rows.len() < (self.memory / ROW).max(1)
                    && let Some(row) = nameless()?
                {
                    rows.push(row);
                }
                self.name(&mut rows, texts)?;
                named = rows.into_iter();
            }
            Ok(named.next())
        };
        let table = tables::clusters::<Trouble>(|| Ok(next()?), |bytes| Ok(decision.append("clusters.parquet", bytes)?));
        table.map_err(|Trouble(error)| error)?;
        examples::alike(decision, texts, shown)
    }

    /// Names many rows in the order of their documents: those of a group lie anywhere, and the spool is read in one direction instead of all over.
    fn name(&self, rows: &mut [Row], texts: &dyn Texts) -> Result<()> {
        let mut order: Vec<&mut Row> = rows.iter_mut().collect();
        order.sort_unstable_by_key(|row| row.doc);
        for row in order {
            (row.id, row.url) = match &self.old {
                Some(old) if row.doc & OLD != 0 => old.doc(row.doc & !OLD).map(|old| (old.name, old.url)).map_err(against::unread)?,
                _ => texts.name(unpack(row.doc))?,
            };
        }
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

impl From<ParquetError> for Trouble {
    fn from(error: ParquetError) -> Trouble {
        Trouble(RunError::stop(format!("cannot write the tables of clusters: {error}")))
    }
}
