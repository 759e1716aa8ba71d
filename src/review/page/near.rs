//! Near-duplicates side by side with their differences, repeated passages in their places, and how large the groups of duplicates are.

use serde::Serialize;
use similar::{Algorithm, ChangeTag, utils::diff_unicode_words};

use super::super::clusters::sizes;
use super::super::{Error, Folder, unreadable};
use super::histogram::Histogram;
use super::numbers::visible;
use crate::dedup::examples::{Example, FILE, Named, Piece, shortened};

/// Bytes of texts, as they are written in the page.
const BYTES: usize = 1 << 20;

/// Characters before and behind a difference that are shown; what two texts have in common besides is left out.
const AROUND: usize = 160;

/// What the page shows of deduplication.
#[derive(Debug, Default, Serialize)]
pub struct Near {
    /// Of each stage that has found groups, how large they are.
    sizes: Vec<Histogram>,
    pairs: Vec<Pair>,
    repeats: Vec<Repeats>,
}

/// Two documents side by side.
#[derive(Debug, PartialEq, Serialize)]
pub struct Pair {
    stage: String,
    similarity: Option<f64>,
    stays: Side,
    goes: Side,
}

/// One of the two.
#[derive(Debug, PartialEq, Serialize)]
pub struct Side {
    name: String,
    spans: Vec<Span>,
}

/// A stretch of a text.
#[derive(Debug, PartialEq, Serialize)]
pub struct Span {
    text: String,
    /// Whether the other document lacks it.
    own: bool,
}

/// A document with its repeated passages.
#[derive(Debug, PartialEq, Serialize)]
pub struct Repeats {
    stage: String,
    name: String,
    pieces: Vec<Piece>,
}

impl Near {
    /// Reads what the stages of a run have left to look at, as much as there is room for.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(folder: &Folder) -> Result<Near, Error> {
        let mut near = Near::default();
        for (stage, sketch) in sizes(folder)? {
            near.sizes.extend(Histogram::of(&stage, &sketch, true, &[]));
        }
        let mut room = BYTES;
        for stage in &folder.stages {
            let path = folder.path.join("artifacts").join(stage).join(FILE);
            if !path.is_file() {
                continue;
            }
            let lines = std::fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
            for line in lines.lines() {
                near.take(stage, serde_json::from_str(line).map_err(|cause| unreadable(&path, cause))?, &mut room);
            }
        }
        Ok(near)
    }

    fn take(&mut self, stage: &str, example: Example, room: &mut usize) {
        let stage = stage.to_owned();
        match example {
            Example::Alike { stays, goes, similarity } => {
                let (stays, goes) = beside(&stays, &goes);
                let spans = stays.spans.iter().chain(&goes.spans);
                if let Some(left) = room.checked_sub(spans.map(|span| written(&span.text)).sum()) {
                    *room = left;
                    self.pairs.push(Pair { stage, similarity, stays, goes });
                }
            }
            Example::Repeats { id, url, pieces } => {
                let shown = |piece: Piece| Piece { text: visible(&piece.text), copy: piece.copy.as_deref().map(visible), ..piece };
                let pieces: Vec<Piece> = pieces.into_iter().map(shown).collect();
                if let Some(left) = room.checked_sub(pieces.iter().map(|piece| written(&piece.text)).sum()) {
                    *room = left;
                    self.repeats.push(Repeats { stage, name: visible(&url.unwrap_or(id)), pieces });
                }
            }
        }
    }
}

/// Bytes of a text in HTML, where a sign that means something takes up to six.
fn written(text: &str) -> usize {
    text.len() + 5 * text.bytes().filter(|byte| b"<>&\"'/".contains(byte)).count()
}

/// Two texts, with the words marked that only one of them has.
fn beside(stays: &Named, goes: &Named) -> (Side, Side) {
    let side = |named: &Named| Side { name: visible(named.url.as_ref().unwrap_or(&named.id)), spans: Vec::new() };
    let (mut left, mut right) = (side(stays), side(goes));
    for (tag, text) in diff_unicode_words(Algorithm::Myers, &stays.text, &goes.text) {
        let own = tag != ChangeTag::Equal;
        let span = || Span { text: visible(&if own { text.to_owned() } else { shortened(text, AROUND, AROUND) }), own };
        if tag != ChangeTag::Insert {
            left.spans.push(span());
        }
        if tag != ChangeTag::Delete {
            right.spans.push(span());
        }
    }
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    fn named(id: &str, text: &str) -> Named {
        Named { id: id.to_owned(), url: None, text: text.to_owned() }
    }

    #[test]
    fn differences_are_marked_in_both_texts() {
        let (left, right) = beside(&named("a", "The old dog sleeps."), &named("b", "The young dog sleeps here."));
        let marked = |side: &Side| side.spans.iter().map(|span| if span.own { format!("[{}]", span.text) } else { span.text.clone() }).collect::<String>();
        assert_eq!((marked(&left).as_str(), marked(&right).as_str()), ("The [old] dog sleeps.", "The [young] dog sleeps[ here]."));
        let long = "同".repeat(2000);
        let (left, _) = beside(&named("a", &format!("{long}甲")), &named("b", &format!("{long}乙")));
        assert_eq!(left.spans.iter().map(|span| span.text.chars().count()).collect::<Vec<_>>(), [2 * AROUND + 3, 1]);
        let (left, right) = beside(&named("a", "我们在河边吃饭"), &named("b", "我们在山上吃饭"));
        assert_eq!((marked(&left).as_str(), marked(&right).as_str()), ("我们在[河边]吃饭", "我们在[山上]吃饭"));
    }

    #[test]
    fn what_stages_left_is_shown_while_there_is_room() {
        let (dir, folder) = testing::folder(false, &["near", "cut"], "", "");
        let pair = Example::Alike { stays: named("a", "x\u{202e}y"), goes: named("b", &"/".repeat(BYTES / 10)), similarity: Some(0.9) };
        let passage = |text: &str, repeated: bool| Piece { text: text.to_owned(), repeated, copy: repeated.then(|| "c".to_owned()) };
        let cut = Example::Repeats { id: "d".into(), url: Some("http://x.example/".into()), pieces: vec![passage("one ", false), passage("two", true)] };
        for (stage, examples) in [("near", vec![&pair, &pair]), ("cut", vec![&cut])] {
            let lines: String = examples.iter().map(|example| serde_json::to_string(example).unwrap() + "\n").collect();
            std::fs::create_dir_all(dir.path().join("artifacts").join(stage)).unwrap();
            std::fs::write(dir.path().join("artifacts").join(stage).join(FILE), lines).unwrap();
        }
        let near = Near::read(&folder).unwrap();
        // There is no room for the second pair, and still some for what is smaller.
        assert_eq!((near.pairs.len(), near.repeats.len(), near.sizes.len()), (1, 1, 0));
        assert_eq!(near.pairs[0].stays.spans.iter().map(|span| span.text.as_str()).collect::<String>(), "x⟨U+202E⟩y");
        assert_eq!((near.repeats[0].name.as_str(), near.repeats[0].pieces[1].copy.as_deref()), ("http://x.example/", Some("c")));
    }
}
