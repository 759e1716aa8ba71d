//! Character BPE with byte fallback and spaces written as U+2581: Llama 2 style. The model sees the whole text as one word;
//! it is cut here where no merge can reach across, which gives the same ids.

use serde_json::Value;

use super::EncodeScratch;
use super::hugging_face::Model;
use super::merges::Merges;
use super::seams::Seams;
use super::words::{WordTable, key};

const SPACE: &str = "\u{2581}";

pub(super) struct Metaspace {
    /// Single characters that are tokens.
    chars: WordTable,
    /// `<0x00>` to `<0xFF>`.
    bytes: [u32; 256],
    merges: Merges,
    /// Pieces that become one token.
    words: WordTable,
    seams: Seams,
}

impl Metaspace {
    pub fn from_json(json: &Value) -> Option<Metaspace> {
        let normalizers = json["normalizer"]["normalizers"].as_array()?;
        let [prepend, replace] = &normalizers[..] else {
            return None;
        };
        let is_ours = prepend["type"] == "Prepend"
            && prepend["prepend"] == SPACE
            && replace["type"] == "Replace"
            && replace["pattern"]["String"] == " "
            && replace["content"] == SPACE;
        let model = &json["model"];
        let falls_back = model["byte_fallback"] == true && model["ignore_merges"] != true;
        if !is_ours || !json["pre_tokenizer"].is_null() || !falls_back {
            return None;
        }
        Metaspace::new(&Model::of(model)?)
    }

    fn new(model: &Model) -> Option<Metaspace> {
        let id = |token: &str| model.vocabulary.iter().find(|(known, _)| known == token).map(|(_, id)| *id);
        let mut bytes = [0; 256];
        for (byte, slot) in bytes.iter_mut().enumerate() {
            *slot = id(&format!("<0x{byte:02X}>"))?;
        }
        if model.pairs.iter().any(|(left, right, ..)| bytes.contains(left) || bytes.contains(right)) {
            return None;
        }
        let vocabulary = || model.vocabulary.iter().map(|(token, id)| (token.as_bytes(), *id));
        let single = |token: &[u8]| std::str::from_utf8(token).is_ok_and(|token| token.chars().count() == 1);
        let mut engine = Metaspace {
            chars: WordTable::new(vocabulary().filter(|(token, _)| single(token))),
            bytes,
            merges: Merges::new(&model.pairs),
            words: WordTable::new(std::iter::empty()),
            seams: Seams::of(vocabulary().map(|(token, _)| token)),
        };
        let mut word = Vec::new();
        let mut whole = Vec::new();
        for (token, id) in &model.vocabulary {
            word.clear();
            engine.symbols(token, &mut word);
            engine.merges.apply(&mut word);
            if word == [*id] {
                whole.push((token.as_bytes(), *id));
            }
        }
        engine.words = WordTable::new(whole.iter().copied());
        Some(engine)
    }

    pub fn encode(&self, text: &str, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        if text.is_empty() {
            return;
        }
        let mut spaced = std::mem::take(&mut scratch.text);
        spaced.clear();
        spaced.push_str(SPACE);
        for (i, part) in text.split(' ').enumerate() {
            if i > 0 {
                spaced.push_str(SPACE);
            }
            spaced.push_str(part);
        }
        self.seams.cut(&spaced, 0, spaced.len(), |from, to| self.piece(&spaced, from, to, out, scratch));
        scratch.text = spaced;
    }

    #[inline(always)]
    fn piece(&self, text: &str, from: usize, to: usize, out: &mut Vec<u32>, scratch: &mut EncodeScratch) {
        let key = key(text.as_bytes(), from, to);
        if key.is_some_and(|key| scratch.cache.get(key, out)) {
            return;
        }
        let piece = &text[from..to];
        let start = out.len();
        match key.map_or_else(|| self.words.get_long(piece.as_bytes()), |key| self.words.get(key)) {
            Some(id) => out.push(id),
            None => {
                scratch.word.clear();
                self.symbols(piece, &mut scratch.word);
                self.merges.apply(&mut scratch.word);
                out.extend_from_slice(&scratch.word);
            }
        }
        if let Some(key) = key {
            scratch.cache.put(key, &out[start..]);
        }
    }

    fn symbols(&self, piece: &str, symbols: &mut Vec<u32>) {
        for (at, c) in piece.char_indices() {
            let bytes = piece.as_bytes();
            let end = at + c.len_utf8();
            match key(bytes, at, end).and_then(|key| self.chars.get(key)) {
                Some(id) => symbols.push(id),
                None => symbols.extend(bytes[at..end].iter().map(|byte| self.bytes[usize::from(*byte)])),
            }
        }
    }
}
