//! The keys `against` and `index`: indexes of an earlier corpus, to whose documents new ones lose, and the index of this one.

use std::path::Path;
use std::sync::Arc;

use crate::dedup::drops;
use crate::dedup::index::{Builder, HEAD, Index, Settings};
use crate::dedup::records::OLD;
use crate::dedup::tokens::Tokens;
use crate::doc::DocId;
use crate::stage::{Complaint, Decision, Drop, OneOrMany, Result, RunError, Shop, Texts};

/// The folder of an index among the files of its stage.
const FOLDER: &str = "index";

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
                let message = format!("{folder} was made with other settings than {}: {settings}", folders.0[0]);
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

/// Writes the index of the documents of which `stays` says so into the decision, as `index/`.
pub fn write(
    decision: &mut Decision,
    (settings, tokens): (Settings, Option<Arc<Tokens>>),
    memory: usize,
    texts: &dyn Texts,
    mut stays: impl FnMut(&Decision, DocId) -> Result<bool>,
) -> Result<()> {
    let folder = decision.folder(FOLDER)?;
    let failed = |error| RunError::file("cannot write the index in", &folder)(error);
    let mut builder = Builder::new(&folder, settings, tokens, memory).map_err(failed)?;
    texts.each(&mut |doc| {
        if stays(decision, doc.id())? {
            builder.add(&doc.name(), doc.url.as_deref(), doc.text()).map_err(failed)?;
        }
        Ok(())
    })?;
    let (head, documents) = builder.finish().map_err(failed)?;
    decision.count("documents_indexed", documents);
    decision.append(&format!("{FOLDER}/{HEAD}"), &head)
}

/// Says of documents, asked for in order, whether they are in no blob `drops-SPLIT`.
pub fn not_dropped() -> impl FnMut(&Decision, DocId) -> Result<bool> {
    let (mut split, mut rows) = (None, Vec::new());
    move |decision, id| {
        if split.replace(id.split) != Some(id.split) {
            rows = decision.get(&format!("drops-{:05}", id.split))?.unwrap_or_default();
        }
        Ok(drops::find(&rows, id.ordinal).is_none())
    }
}

/// An index that cannot be read.
pub fn unread(error: std::io::Error) -> RunError {
    RunError::stop(format!("the index of the earlier corpus: {error}"))
}
