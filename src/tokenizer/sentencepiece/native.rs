//! A model as SentencePiece runs it, for what no tokenizer.json says the same way: unigram, and BPE with pieces of the user's or without use.

use super::bpe::Bpe;
use super::normal::Normal;
use super::unigram::Unigram;
use super::{BYTE, Found, Kind, Model, UNUSED, USER_DEFINED, users};

/// Gives the ids of SentencePiece's own library.
pub(in super::super) struct Native {
    normal: Normal,
    cut: Cut,
    unknown: u32,
    /// By byte, where unknown characters are spelt in bytes.
    bytes: Option<Vec<u32>>,
}

enum Cut {
    Unigram(Unigram),
    Bpe(Bpe),
}

impl Native {
    /// `None` where the tokenizer.json gives the same ids.
    pub(super) fn new(model: &Model) -> Result<Option<Native>, String> {
        let pieces = &model.pieces;
        let cut = match model.kind {
            Kind::Unigram => Cut::Unigram(Unigram::new(pieces)),
            Kind::Bpe if pieces.iter().any(|piece| matches!(piece.kind, UNUSED | USER_DEFINED)) => Cut::Bpe(Bpe::new(pieces)),
            Kind::Bpe => return Ok(None),
        };
        let normal =
            Normal::new(model.table, model.prefix, model.squeeze, users(pieces)).ok_or("a SentencePiece model whose table of replacements is damaged")?;
        let byte = |byte: usize| (0..).zip(pieces).find(|(_, piece)| piece.kind == BYTE && piece.text == format!("<0x{byte:02X}>")).map(|(id, _)| id);
        Ok(Some(Native { normal, cut, unknown: model.unknown as u32, bytes: (0..256).map(byte).collect() }))
    }

    /// Appends the ids of a text, and to `bounds` where each begins and ends in it, in bytes.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>, mut bounds: Option<&mut Vec<(u32, u32)>>) {
        let (normal, origins) = self.normal.apply(text);
        let mut found = Vec::new();
        match &self.cut {
            Cut::Unigram(unigram) => unigram.cut(&normal, &mut found),
            Cut::Bpe(bpe) => bpe.cut(&normal, &mut found),
        }
        let place = |at: usize| origins.get(at).map_or(text.len() as u32, |at| *at);
        let mut push = |id: u32, start: usize, end: usize| {
            ids.push(id);
            if let Some(bounds) = &mut bounds {
                bounds.push((place(start), place(end)));
            }
        };
        let mut last_unknown = None;
        for Found { id, start, end } in found {
            match (id, &self.bytes) {
                (Some(id), _) => push(id, start, end),
                (None, Some(bytes)) => normal[start..end].bytes().for_each(|byte| push(bytes[usize::from(byte)], start, end)),
                // Unknown characters side by side are one.
                (None, None) if last_unknown == Some(start) => {}
                (None, None) => push(self.unknown, start, end),
            }
            last_unknown = id.is_none().then_some(end);
        }
    }
}
