//! Which documents the page shows, and what rules measured in those that were looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::files::{each, of_documents};
use super::super::{Document, Error, Folder};
use super::embedded;
use super::histogram::Measured;
use super::numbers::visible;

/// Kept documents on the page.
const KEPT: usize = 300;
/// Kept documents of a run that annotates whose numbers are looked at.
const ANNOTATED: usize = 5000;
/// Dropped ones of each reason of each stage.
const DROPPED: usize = 25;
/// Files that are looked into, evenly chosen, and dropped documents read of each: a large run has written down many more than a page can show.
const FILES: usize = 64;
/// See [`FILES`].
const READ: usize = 500;
/// Bytes of all documents together as they are written in the page, so that it stays under 5 MB.
const BYTES: usize = 3 << 20;
/// Characters of a text.
const CHARACTERS: usize = 6000;

/// A sample of kept and of dropped documents, as the page's script reads them.
pub fn gather(folder: &Folder, measured: &mut Measured) -> Result<Value, Error> {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let mut of_reason: BTreeMap<(Option<String>, Option<String>), usize> = BTreeMap::new();
    let mut room = BYTES / 2;
    few_of_each(&of_documents(&folder.path.join("dropped")), READ * FILES, READ, &mut |document| {
        measured.see(document);
        let seen = of_reason.entry((document.stage.clone(), document.reason.clone())).or_default();
        *seen += 1;
        if *seen <= DROPPED {
            dropped.extend(shown(document, "dropped", &mut room));
        }
    })?;
    room += BYTES / 2;
    // A run without documents still has drops to look at.
    let files = match folder.documents() {
        Ok(files) => files,
        Err(Error::Cannot(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let read = if folder.annotated { ANNOTATED } else { KEPT };
    let every = read / KEPT;
    let mut number = 0;
    few_of_each(&files, read, read, &mut |document| {
        measured.see(document);
        if number % every == 0 && kept.len() < KEPT {
            kept.extend(shown(document, "kept", &mut room));
        }
        number += 1;
    })?;
    kept.append(&mut dropped);
    Ok(Value::Array(kept))
}

/// Calls `see` with about `all` documents from at most [`FILES`] files, as many of each and at most `most`.
fn few_of_each(files: &[PathBuf], all: usize, most: usize, see: &mut dyn FnMut(&Document)) -> Result<(), Error> {
    let step = files.len().div_ceil(FILES).max(1);
    let share = all.div_ceil(files.len().div_ceil(step).max(1)).min(most);
    for file in files.iter().step_by(step) {
        let mut read = 0;
        each(std::slice::from_ref(file), &mut |document| {
            see(&document);
            read += 1;
            read < share
        })?;
    }
    Ok(())
}

/// A document, where there is room for it.
fn shown(document: &Document, side: &str, room: &mut usize) -> Option<Value> {
    let text = document.text.as_deref().unwrap_or_default();
    let end = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(at, _)| at);
    let cut = end < text.len();
    let said = |text: &Option<String>| text.as_deref().map(visible);
    let shown = json!({
        "side": side,
        "id": said(&document.id),
        "url": said(&document.url),
        "lang": said(&document.lang),
        "stage": said(&document.stage),
        "reason": said(&document.reason),
        "value": document.value,
        "threshold": document.threshold,
        "detail": said(&document.detail),
        "text": visible(&text[..end]) + if cut { "…" } else { "" },
    });
    *room = room.checked_sub(embedded(&shown).len())?;
    Some(shown)
}
