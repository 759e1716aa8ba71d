//! The key `against`: indexes of an earlier corpus, to whose documents new ones lose.

use std::path::Path;
use std::sync::Arc;

use crate::dedup::index::{HEAD, Index};
use crate::dedup::records::OLD;
use crate::doc::DocId;
use crate::stage::{Complaint, Drop, OneOrMany, Result, RunError, Shop};

/// Opens indexes as one. Their heads hold the hashes of their other files, so the heads alone enter the run's fingerprint.
pub fn open(shop: &mut Shop<'_>, folders: &OneOrMany) -> std::result::Result<Arc<Index>, Complaint> {
    let mut all: Option<Index> = None;
    for folder in &folders.0 {
        let path = Path::new(folder);
        let head = shop.read("against", &path.join(HEAD))?;
        let refused = |error| Complaint::new("against", format!("{folder} is no index: {error}"), "make one with `dataprep index-corpus`");
        let index = Index::open(path, &head).map_err(refused)?;
        match &mut all {
            None => all = Some(index),
            Some(first) => first.join(index).map_err(|settings| {
                let message = format!("{folder} was made with other settings than {}: {settings:?}", folders.0[0]);
                Complaint::new("against", message, "make both with the same, or use two stages")
            })?,
        }
    }
    all.map(Arc::new).ok_or_else(|| Complaint::new("against", "no index is named", "name a folder, or leave `against` out"))
}

/// The drop because of a document of this run, or of the index, which is then named in words.
pub fn because_of(drop: Drop, other: u64, old: Option<&Index>) -> Result<Drop> {
    match old {
        Some(old) if other & OLD != 0 => Ok(drop.detail(old.doc(other & !OLD).map_err(unread)?.name)),
        _ => Ok(drop.because_of(DocId { split: (other >> 32) as u32, ordinal: other as u32 })),
    }
}

/// An index that cannot be read.
pub fn unread(error: std::io::Error) -> RunError {
    RunError::stop(format!("the index of the earlier corpus: {error}"))
}
