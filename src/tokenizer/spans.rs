//! Where the tokens of a text lie in it: which of them are in given spans, as a loss mask wants, and where each begins and ends.

use std::ops::Range;

use super::hugging_face::HuggingFace;
use super::{EncodeScratch, Engine, Tokenizer, TokenizerError};

impl Tokenizer {
    /// Appends the ids of a text, without what the tokenizer puts around texts, and for each id whether it belongs to one of `spans`: ascending ranges of
    /// bytes that begin and end between characters. The ids are those of [`Tokenizer::encode`]. A token that lies across the beginning of a span belongs to it, as in the
    /// mask of `transformers`.
    pub fn encode_spans(
        &self,
        text: &str,
        spans: &[Range<usize>],
        ids: &mut Vec<u32>,
        inside: &mut Vec<bool>,
        scratch: &mut EncodeScratch,
    ) -> Result<(), TokenizerError> {
        let (start, mut pieces) = (ids.len(), Vec::new());
        self.encode(text, false, ids, scratch)?;
        let mut at = 0;
        let mut marks = Vec::with_capacity(ids.len() - start);
        for (end, counts) in spans.iter().flat_map(|span| [(span.start, false), (span.end, true)]).chain([(text.len(), false)]) {
            self.encode(text.get(at..end).unwrap_or_default(), false, &mut pieces, scratch)?;
            marks.resize(pieces.len(), counts);
            at = end;
        }
        // Where the pieces' ids are the text's, no token lies across a boundary, and the slower way by offsets is not needed.
        if ids[start..] != pieces {
            marks = self.marks_by_offset(text, spans, ids.len() - start)?;
        }
        inside.extend(marks);
        Ok(())
    }

    /// By the places of tokens, which only a tokenizer.json has; other vocabularies are refused where this would be needed.
    fn marks_by_offset(&self, text: &str, spans: &[Range<usize>], count: usize) -> Result<Vec<bool>, TokenizerError> {
        let fault = |fault: String| TokenizerError::Encode { name: self.name.clone(), fault };
        let Engine::HuggingFace(parsed) = &self.engine else {
            return Err(fault("a token lies across the edge of a span".to_owned()));
        };
        let bounds = bounds(parsed, text).map_err(|error| fault(error.to_string()))?;
        let inside = |(from, to): &(u32, u32)| spans.iter().any(|span| (*from as usize) < span.end && *to as usize > span.start);
        let marks: Vec<bool> = bounds.iter().map(inside).collect();
        if marks.len() == count { Ok(marks) } else { Err(fault("the reference gives another number of tokens".to_owned())) }
    }

    /// First byte of each token and the byte after its last, for the ids of [`Tokenizer::encode`] without special tokens around the text. Of tokens that share a
    /// character, only the first begins before it, and only the last ends after it.
    pub fn bounds(&self, text: &str, ids: &[u32]) -> Result<Vec<(u32, u32)>, TokenizerError> {
        let mut at = 0;
        let mut next = |length: usize| {
            at += length as u32;
            (at - length as u32, at)
        };
        let bounds: Vec<(u32, u32)> = match &self.engine {
            Engine::Bytes => ids.iter().map(|_| next(1)).collect(),
            Engine::Chars(_) => text.chars().map(|c| next(c.len_utf8())).collect(),
            Engine::Ranks(ranks) => ids.iter().map(|id| next(ranks.tokens.get(*id as usize).map_or(0, Vec::len))).collect(),
            Engine::HuggingFace(parsed) => {
                let fault = |fault: tokenizers::Error| TokenizerError::Encode { name: self.name.clone(), fault: fault.to_string() };
                let mut bounds = bounds(parsed, text).map_err(fault)?;
                for place in 1..bounds.len() {
                    let (before, own) = (bounds[place - 1], bounds[place]);
                    if own.0 < before.1 {
                        (bounds[place - 1].1, bounds[place].0) = (own.0, before.1);
                    }
                }
                bounds
            }
        };
        if bounds.len() == ids.len() && bounds.last().is_none_or(|(_, end)| *end as usize <= text.len()) {
            return Ok(bounds);
        }
        Err(TokenizerError::Encode { name: self.name.clone(), fault: "its tokens cannot be placed in the text".to_owned() })
    }

    /// The texts of the special tokens that a tokenizer.json recognizes inside texts; none for other kinds of file.
    pub fn special_tokens(&self) -> Vec<String> {
        let Engine::HuggingFace(parsed) = &self.engine else { return Vec::new() };
        let added = parsed.reference.get_added_tokens_decoder();
        let mut tokens: Vec<String> = added.values().filter(|token| token.special).map(|token| token.content.clone()).collect();
        tokens.sort_unstable();
        tokens
    }

    /// The text of a token of a tokenizer.json, as it stands there.
    pub fn piece(&self, id: u32) -> Option<String> {
        let Engine::HuggingFace(parsed) = &self.engine else { return None };
        parsed.reference.id_to_token(id)
    }
}

/// Where each token begins and ends; those of one character share it.
fn bounds(parsed: &HuggingFace, text: &str) -> tokenizers::Result<Vec<(u32, u32)>> {
    let mut bounds = Vec::new();
    match &parsed.native {
        Some(native) => native.encode(text, &mut Vec::new(), Some(&mut bounds)),
        None => bounds.extend(parsed.reference.encode(text, false)?.get_offsets().iter().map(|(from, to)| (*from as u32, *to as u32))),
    }
    Ok(bounds)
}
