//! What flows: one document, edited in place by the stages.
//!
//! A `Doc` is a typed row. It is moved, never cloned: a stage edits it, tags it or drops it. Its text changes only through
//! [`Doc::set_text`], which raises the revision, so that facts remembered about the text ([`crate::scratch::Scratch`]) cannot go stale.

mod tags;
mod turns;
mod wire;

pub use tags::{Kind, Tag, TagTable, TagType, Value};
pub use turns::{Role, TURNS, Turn, join};
pub use wire::{WireError, text_of};

use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::Xxh3;

/// Place of a document in the input: it says order and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct DocId {
    /// Number of the split, in the order of the input listing.
    pub split: u32,
    /// Number of the document inside the split, counted from 0 in reading order.
    pub ordinal: u32,
}

impl DocId {
    /// Big-endian bytes, so that byte order is input order.
    pub fn to_bytes(self) -> [u8; 8] {
        ((u64::from(self.split) << 32) | u64::from(self.ordinal)).to_be_bytes()
    }

    /// The inverse of [`DocId::to_bytes`]; `None` where fewer than 8 bytes are given.
    pub fn from_bytes(bytes: &[u8]) -> Option<DocId> {
        let packed = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
        Some(DocId { split: (packed >> 32) as u32, ordinal: packed as u32 })
    }
}

impl std::fmt::Display for DocId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.split, self.ordinal)
    }
}

/// A page as fetched: bytes whose encoding is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html {
    /// The body of the answer, content encoding undone.
    pub bytes: Vec<u8>,
    /// The HTTP `Content-Type` header, where the source has one.
    pub content_type: Option<String>,
}

/// Token ids of the text, written by `tokenize`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Ids in text order.
    pub ids: Vec<u32>,
    /// One byte a token (bit 0 loss, bit 1 sentence start, bit 2 word start), or empty.
    pub mask: Vec<u8>,
    /// The documents that the text has become, in the order of `ids`; empty where it is one.
    pub pieces: Vec<Piece>,
}

/// One of several documents that a text has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Piece {
    /// Tokens of the text up to and with this document.
    pub end: usize,
    /// UTF-8 bytes of what it says.
    pub bytes: u64,
    /// Which it is.
    pub member: Member,
}

/// What a document is to the text that it is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Member {
    /// Some turns of a long conversation.
    Stretch,
    /// The prompt of a pair with the answer that is preferred.
    Chosen,
    /// The prompt with the other answer; it follows the chosen one.
    Rejected,
}

/// What one rule said of one document; kept beside the document in annotate mode.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Name of the stage.
    pub stage: String,
    /// Name of the rule inside the stage; the reason's name where the stage has one rule.
    pub rule: String,
    /// False where the rule would drop the document.
    pub keep: bool,
    /// The fault, where `keep` is false.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What was measured.
    pub value: Option<f64>,
    /// Against what it was measured.
    pub threshold: Option<f64>,
    /// The reason's name in the source that the rule set follows.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none", default)]
    pub alias: Option<String>,
}

impl Finding {
    /// What the rule `rule` says; a rule that fails is its own reason. The executor fills in the stage's name.
    pub fn new(rule: &str, keep: bool, value: Option<f64>, threshold: Option<f64>) -> Finding {
        Finding { stage: String::new(), rule: rule.to_owned(), keep, reason: (!keep).then(|| rule.to_owned()), value, threshold, alias: None }
    }
}

/// Where a document came from, for the shards' sidecar and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Byte offset of the record in its file.
    pub offset: u64,
    /// Path of that file in an archive, where it lies in one.
    pub member: Option<String>,
}

/// One document.
#[derive(Clone, Debug, Default)]
pub struct Doc {
    id: DocId,
    key: u128,
    name: Option<String>,
    /// The user's id was a number, and is to be one again in the output.
    name_is_number: bool,
    /// Where it was fetched.
    pub url: Option<String>,
    /// The page, until `extract` has read it.
    pub html: Option<Html>,
    text: Option<String>,
    revision: u32,
    /// Token ids, after `tokenize`.
    pub tokens: Option<Tokens>,
    /// Values under names declared at plan time.
    tags: Vec<Option<Value>>,
    /// Columns of the input that no stage knows; they survive to the output.
    pub extra: Map<String, Json>,
    /// What each rule said (annotate mode only).
    pub findings: Vec<Finding>,
    /// Where it was read.
    pub origin: Origin,
}

impl Doc {
    /// A document as a source read it. `name` is the user's id or the WARC record id; the key is made from it, else from URL and content.
    pub fn new(name: Option<String>, url: Option<String>, html: Option<Html>, text: Option<String>) -> Doc {
        let mut hash = Xxh3::new();
        match &name {
            Some(name) => hash.update(name.as_bytes()),
            None => {
                hash.update(url.as_deref().unwrap_or_default().as_bytes());
                hash.update(&[0]);
                match (&text, &html) {
                    (Some(text), _) => hash.update(text.as_bytes()),
                    (None, Some(html)) => hash.update(&html.bytes),
                    (None, None) => {}
                }
            }
        }
        Doc { key: hash.digest128(), name, url, html, text, ..Doc::default() }
    }

    /// A document of text alone, as tests and libraries make them.
    pub fn from_text(text: impl Into<String>) -> Doc {
        Doc::new(None, None, None, Some(text.into()))
    }

    /// Its place in the input.
    pub fn id(&self) -> DocId {
        self.id
    }

    /// Only the executor places documents.
    pub(crate) fn place(&mut self, id: DocId) {
        self.id = id;
    }

    /// 128-bit xxh3 of the user's id, else the record id, else URL and content: drives sampling and every other random choice.
    pub fn key(&self) -> u128 {
        self.key
    }

    /// The user's id or the record id; the key in hexadecimal where there is neither.
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        match &self.name {
            Some(name) => name.into(),
            None => format!("{:032x}", self.key).into(),
        }
    }

    /// The user's id or the record id, where there is one.
    pub fn own_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Remembers that the user's id was a whole number.
    pub fn with_number_for_name(mut self) -> Doc {
        self.name_is_number = true;
        self
    }

    /// The name as the user wrote it: a number where it was one.
    pub fn name_json(&self) -> Json {
        let number = self.name_is_number.then_some(self.name.as_deref()).flatten();
        number.and_then(|digits| serde_json::from_str(digits).ok()).unwrap_or_else(|| self.name().into_owned().into())
    }

    /// The text; empty before `extract`.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// True once a source or a stage has given a text, an empty one included.
    pub fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// Replaces the text and voids what was remembered about it, tokens included.
    pub fn set_text(&mut self, text: String) {
        self.text = Some(text);
        self.revision += 1;
        self.tokens = None;
    }

    /// Counts the changes of the text.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The value of a tag.
    pub fn tag<T: TagType>(&self, tag: Tag<T>) -> Option<T::Ref<'_>> {
        self.tags.get(tag.slot()).and_then(Option::as_ref).and_then(T::view)
    }

    /// Sets a tag.
    pub fn set_tag<T: TagType>(&mut self, tag: Tag<T>, value: T) {
        self.put_tag(tag.slot(), value.into_value());
    }

    /// Sets a tag by its name; false where the table has none of that name for values of that kind.
    pub fn set_tag_named(&mut self, tags: &TagTable, name: &str, value: Value) -> bool {
        let slot = tags.slot(name, value.kind());
        slot.map(|slot| self.put_tag(slot, value)).is_some()
    }

    fn put_tag(&mut self, slot: usize, value: Value) {
        if self.tags.len() <= slot {
            self.tags.resize_with(slot + 1, || None);
        }
        self.tags[slot] = Some(value);
    }

    /// Every tag that is set, as (slot, value), in slot order.
    pub fn tags(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.tags.iter().enumerate().filter_map(|(slot, value)| Some((slot, value.as_ref()?)))
    }

    /// Bytes this document holds in memory, roughly: what batches and windows are bounded by.
    pub fn weight(&self) -> usize {
        let html = self.html.as_ref().map_or(0, |html| html.bytes.len());
        let tokens = self.tokens.as_ref().map_or(0, |tokens| tokens.ids.len() * 4 + tokens.mask.len());
        512 + html + self.text().len() + tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_an_id_sort_as_the_id() {
        let ids = [DocId { split: 0, ordinal: 300 }, DocId { split: 1, ordinal: 2 }, DocId { split: 256, ordinal: 0 }];
        let bytes: Vec<_> = ids.iter().map(|id| id.to_bytes()).collect();
        assert!(bytes.is_sorted());
        assert_eq!(bytes.iter().map(|b| DocId::from_bytes(b).unwrap()).collect::<Vec<_>>(), ids);
        assert_eq!(DocId::from_bytes(&[0; 7]), None);
    }

    #[test]
    fn the_key_follows_the_name_where_there_is_one() {
        let named = |text: &str| Doc::new(Some("a".into()), None, None, Some(text.into())).key();
        assert_eq!(named("x"), named("y"));
        assert_ne!(Doc::from_text("x").key(), Doc::from_text("y").key());
    }

    #[test]
    fn tags_are_set_by_name_where_the_kind_is_right() {
        let (mut tags, mut doc) = (TagTable::default(), Doc::default());
        let (_, lang) = (tags.declare::<f64>("score").unwrap(), tags.declare::<String>("lang").unwrap());
        assert!(doc.set_tag_named(&tags, "lang", Value::Str("de".into())));
        assert!(!doc.set_tag_named(&tags, "score", Value::Int(1)) && !doc.set_tag_named(&tags, "novel", Value::Bool(true)));
        assert_eq!((doc.tag(lang), doc.tags().count()), (Some("de"), 1));
    }

    #[test]
    fn a_new_text_voids_the_tokens() {
        let mut doc = Doc::from_text("a");
        doc.tokens = Some(Tokens { ids: vec![1], ..Tokens::default() });
        doc.set_text("b".into());
        assert_eq!((doc.text(), doc.revision(), doc.tokens.is_none()), ("b", 1, true));
    }
}
