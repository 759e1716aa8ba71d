//! Which documents the page shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Document, Error, Folder, each, files};
use super::numbers::visible;

/// Kept documents on the page.
const KEPT: usize = 300;
/// Dropped ones of each reason of each stage.
const DROPPED: usize = 25;
/// Files of drops that are looked into, evenly chosen, and documents read of each: a large run has written down many more than a page can show.
const FILES: usize = 64;
/// See [`FILES`].
const READ: usize = 500;
/// Bytes of all texts together, so that the page stays under 5 MB.
const BYTES: usize = 3 << 20;
/// Characters of a text.
const CHARACTERS: usize = 6000;

/// A sample of kept and of dropped documents, as the page's script reads them.
pub fn gather(folder: &Folder) -> Result<Value, Error> {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let mut of_reason: BTreeMap<(Option<String>, Option<String>), usize> = BTreeMap::new();
    let mut room = BYTES / 2;
    let drops = files(&folder.path.join("dropped"));
    for file in drops.iter().step_by(drops.len().div_ceil(FILES).max(1)) {
        let mut read = 0;
        each(std::slice::from_ref(file), &mut |document| {
            let seen = of_reason.entry((document.stage.clone(), document.reason.clone())).or_default();
            *seen += 1;
            if *seen <= DROPPED {
                dropped.extend(shown(&document, "dropped", &mut room));
            }
            read += 1;
            read < READ
        })?;
    }
    room += BYTES / 2;
    // A run without documents as JSON lines still has drops to look at.
    let written = folder.kept(&mut |document| {
        kept.extend(shown(&document, "kept", &mut room));
        kept.len() < KEPT && room > 0
    });
    match written {
        Ok(()) | Err(Error::Cannot(_)) => {}
        Err(error) => return Err(error),
    }
    kept.append(&mut dropped);
    Ok(Value::Array(kept))
}

/// A document, where there is room for its text.
fn shown(document: &Document, side: &str, room: &mut usize) -> Option<Value> {
    let text = document.text.as_deref().unwrap_or_default();
    let end = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(at, _)| at);
    *room = room.checked_sub(end)?;
    let cut = end < text.len();
    let said = |text: &Option<String>| text.as_deref().map(visible);
    Some(json!({
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
    }))
}
