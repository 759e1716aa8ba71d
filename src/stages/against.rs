//! The key `against`: an index of an earlier corpus, to whose documents new ones lose.

use std::path::Path;
use std::sync::Arc;

use crate::dedup::index::{HEAD, Index};
use crate::dedup::records::OLD;
use crate::doc::DocId;
use crate::stage::{Complaint, Drop, Result, RunError, Shop};

/// Opens an index. Its head holds the hash of its other files, so the head alone enters the run's fingerprint.
pub fn open(shop: &mut Shop<'_>, folder: &str) -> std::result::Result<Arc<Index>, Complaint> {
    let folder = Path::new(folder);
    let head = shop.read("against", &folder.join(HEAD))?;
    let index = Index::open(folder, &head);
    index
        .map(Arc::new)
        .map_err(|error| Complaint::new("against", format!("{} is no index: {error}", folder.display()), "make one with `dataprep index-corpus`"))
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
