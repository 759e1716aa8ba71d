//! What each token stands for in a text, so that a place among tokens is a place in the text.

use tokenizers::DecoderWrapper;
use tokenizers::Tokenizer as Reference;

use super::hugging_face::to_bytes;
use super::{Engine, Tokenizer};

/// The bytes of every token of a vocabulary.
pub struct Surfaces {
    bytes: Vec<u8>,
    /// By id, where its bytes end.
    ends: Vec<usize>,
}

impl Surfaces {
    /// What a token stands for; nothing for an id that the vocabulary does not have.
    pub fn of(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = id.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(id).and_then(|end| self.bytes.get(start..*end)).unwrap_or_default()
    }
}

impl Tokenizer {
    /// What its tokens stand for in the text as it normalizes it: joined, they are that text, but for the space that WordPiece leaves out before
    /// a word, which is put there, and for the spelling of special tokens.
    pub fn surfaces(&self) -> Surfaces {
        let mut surfaces = Surfaces { bytes: Vec::new(), ends: Vec::with_capacity(self.vocab_size as usize) };
        for id in 0..self.vocab_size {
            match &self.engine {
                Engine::Bytes => surfaces.bytes.push(id as u8),
                Engine::Chars(chars) => surfaces.bytes.extend(chars.decode(id).to_string().bytes()),
                Engine::Ranks(ranks) => surfaces.bytes.extend(ranks.tokens.get(id as usize).into_iter().flatten()),
                Engine::HuggingFace(parsed) => surfaces.bytes.extend(surface(&parsed.reference, id)),
            }
            surfaces.ends.push(surfaces.bytes.len());
        }
        surfaces
    }
}

fn surface(reference: &Reference, id: u32) -> Vec<u8> {
    let Some(piece) = reference.id_to_token(id) else { return Vec::new() };
    match reference.get_decoder() {
        Some(DecoderWrapper::ByteLevel(_)) => to_bytes(&piece).unwrap_or_else(|| piece.into_bytes()),
        Some(DecoderWrapper::WordPiece(_)) => match piece.strip_prefix("##") {
            Some(inside) => inside.into(),
            None => format!(" {piece}").into_bytes(),
        },
        _ => {
            let byte = piece.strip_prefix("<0x").and_then(|rest| u8::from_str_radix(rest.strip_suffix('>')?, 16).ok());
            byte.map_or_else(|| piece.replace('\u{2581}', " ").into_bytes(), |byte| vec![byte])
        }
    }
}
