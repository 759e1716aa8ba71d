//! A document as bytes, for the spool between two segments.
//!
//! The text comes first, after its length, so that a reader who wants only the text (to verify a near-duplicate, say) reads no more.
//! The form is private to one run directory: it is not a file format to keep.

use super::{Doc, DocId, Html, Origin, Tokens};

/// The bytes are not a document: a torn or foreign spool.
#[derive(Debug, thiserror::Error)]
#[error("a spooled document is damaged: {0}")]
pub struct WireError(&'static str);

/// What is not there is not written: of many short documents the head is the larger part.
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Head {
    id: DocId,
    key: (u64, u64),
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    name_is_number: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// Lengths of the html bytes and of token ids and mask; `None` where the document has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<(u64, u64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pieces: Vec<super::Piece>,
    #[serde(skip_serializing_if = "is_default")]
    has_text: bool,
    #[serde(skip_serializing_if = "is_default")]
    revision: u32,
    #[serde(skip_serializing_if = "is_default")]
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Option<super::Value>>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    extra: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<super::Finding>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The text alone of a document's bytes.
pub fn text_of(bytes: &[u8]) -> Result<&str, WireError> {
    let (text, _) = block(bytes)?;
    simdutf8::basic::from_utf8(text).map_err(|_| WireError("text is not UTF-8"))
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn block(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or(WireError("cut inside a length"))?;
    usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|n| rest.split_at_checked(n)).ok_or(WireError("cut inside a block"))
}

impl Doc {
    /// Appends the document's bytes.
    pub fn write_wire(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let head = Head {
            id: self.id,
            key: ((self.key >> 64) as u64, self.key as u64),
            name: self.name.clone(),
            name_is_number: self.name_is_number,
            url: self.url.clone(),
            content_type: self.html.as_ref().and_then(|html| html.content_type.clone()),
            html: self.html.as_ref().map(|html| html.bytes.len() as u64),
            tokens: self.tokens.as_ref().map(|tokens| (tokens.ids.len() as u64, tokens.mask.len() as u64)),
            pieces: self.tokens.as_ref().map(|tokens| tokens.pieces.clone()).unwrap_or_default(),
            has_text: self.text.is_some(),
            revision: self.revision,
            offset: self.origin.offset,
            member: self.origin.member.clone(),
            tags: self.tags.clone(),
            extra: self.extra.clone(),
            findings: self.findings.clone(),
        };
        put(out, self.text().as_bytes());
        put(out, &serde_json::to_vec(&head).map_err(|_| WireError("head cannot be written"))?);
        if let Some(html) = &self.html {
            put(out, &html.bytes);
        }
        if let Some(tokens) = &self.tokens {
            let ids: Vec<u8> = tokens.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            put(out, &ids);
            put(out, &tokens.mask);
        }
        Ok(())
    }

    /// Reads a document back.
    pub fn read_wire(bytes: &[u8]) -> Result<Doc, WireError> {
        let (text, rest) = block(bytes)?;
        let (head, mut rest) = block(rest)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| WireError("head cannot be read"))?;
        let mut next = || -> Result<&[u8], WireError> {
            let (found, left) = block(rest)?;
            rest = left;
            Ok(found)
        };
        let html = match head.html {
            Some(_) => Some(Html { bytes: next()?.to_vec(), content_type: head.content_type }),
            None => None,
        };
        let tokens = match head.tokens {
            Some(_) => {
                let ids = next()?.as_chunks::<4>().0.iter().map(|id| u32::from_le_bytes(*id)).collect();
                Some(Tokens { ids, mask: next()?.to_vec(), pieces: head.pieces })
            }
            None => None,
        };
        let text = simdutf8::basic::from_utf8(text).map_err(|_| WireError("text is not UTF-8"))?.to_owned();
        Ok(Doc {
            id: head.id,
            key: (u128::from(head.key.0) << 64) | u128::from(head.key.1),
            name: head.name,
            name_is_number: head.name_is_number,
            url: head.url,
            html,
            text: head.has_text.then_some(text),
            revision: head.revision,
            tokens,
            tags: head.tags,
            extra: head.extra,
            findings: head.findings,
            origin: Origin { offset: head.offset, member: head.member },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::TagTable;
    use super::*;

    #[test]
    fn a_document_survives_the_spool() {
        let mut table = TagTable::default();
        let lang = table.declare::<String>("lang").unwrap();
        let mut doc = Doc::new(Some("n".into()), Some("http://a.example/".into()), None, Some("文本 text".into()));
        doc.place(DocId { split: 3, ordinal: 9 });
        doc.set_tag(lang, "zh".into());
        let pieces = vec![super::super::Piece { end: 2, bytes: 9, member: super::super::Member::Stretch }];
        doc.tokens = Some(Tokens { ids: vec![1, 70_000], mask: vec![1, 0], pieces });
        doc.origin = Origin { offset: 5, member: Some("a/b.jsonl".into()) };
        doc.html = Some(Html { bytes: vec![0xff, 0], content_type: Some("text/html".into()) });
        doc.extra.insert("k".into(), serde_json::json!([1, null]));
        let mut bytes = Vec::new();
        doc.write_wire(&mut bytes).unwrap();
        assert_eq!(text_of(&bytes).unwrap(), "文本 text");
        let back = Doc::read_wire(&bytes).unwrap();
        assert_eq!(format!("{doc:?}"), format!("{back:?}"));
        for cut in [0, 7, 12, bytes.len() - 1] {
            assert!(Doc::read_wire(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}
