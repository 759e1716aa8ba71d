//! Documents, or training rows, one after another, as the formats that frame each of them take them.

use super::ShardError;
use crate::shard::{Shards, mask};

/// A document or a row.
pub(super) struct Record<'a> {
    pub ids: Vec<u32>,
    /// A byte a token, 1 where it is learned; for a set with masks.
    pub loss: Option<Vec<u8>>,
    /// What it is known by; for documents.
    pub document: Option<(u128, Option<&'a str>)>,
    /// Tokens of each piece; for rows.
    pub lengths: Vec<u32>,
}

/// Calls `each` with every document that has tokens, or with every row of a pack list in its seeded order. Gives the number of empty documents.
pub(super) fn each<'a>(shards: &'a Shards, rows: Option<u32>, each: &mut dyn FnMut(Record<'a>) -> Result<(), ShardError>) -> Result<u64, ShardError> {
    let mut empty = 0;
    let loss = |bits: &[u8]| bits.iter().map(|bits| bits & mask::LOSS).collect::<Vec<u8>>();
    let Some(seq_len) = rows else {
        for index in 0..shards.documents() {
            let info = shards.document_info(index)?;
            if info.tokens == 0 {
                empty += 1;
                continue;
            }
            let ids = shards.document(index)?.to_vec();
            each(Record { ids, loss: shards.mask(index)?.map(loss), document: Some((info.key, info.url)), lengths: Vec::new() })?;
        }
        return Ok(empty);
    };
    let packs = shards.packs(seq_len)?;
    let masked = shards.manifest().parts.iter().any(|part| part.mask.is_some());
    for row in 0..packs.len() {
        let mut record = Record { ids: Vec::new(), loss: masked.then(Vec::new), document: None, lengths: Vec::new() };
        for span in packs.row(row)? {
            let (start, length) = (span.start as usize, span.length as usize);
            let beyond = || ShardError::Refused(format!("row {row} has a span outside its document: {span:?}; run `dataprep shards verify`"));
            shards.document(span.document)?.slice(start, length).ok_or_else(beyond)?.copy_to(&mut record.ids);
            if let Some(all) = &mut record.loss {
                let bits = shards.mask(span.document)?.and_then(|mask| mask.get(start..start + length)).ok_or_else(beyond)?;
                all.extend(loss(bits));
            }
            record.lengths.push(span.length);
        }
        each(record)?;
    }
    Ok(empty)
}
