//! Ids of a text with the tokens that lie in given spans of it: what a loss mask is made of.

use std::ops::Range;

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

    /// By the offsets of the reference, which only a tokenizer.json has; other vocabularies are refused where this would be needed.
    fn marks_by_offset(&self, text: &str, spans: &[Range<usize>], count: usize) -> Result<Vec<bool>, TokenizerError> {
        let fault = |fault: String| TokenizerError::Encode { name: self.name.clone(), fault };
        let Engine::HuggingFace(parsed) = &self.engine else {
            return Err(fault("a token lies across the edge of a span".to_owned()));
        };
        let encoding = parsed.reference.encode(text, false).map_err(|error| fault(error.to_string()))?;
        let inside = |(from, to): &(usize, usize)| spans.iter().any(|span| *from < span.end && *to > span.start);
        let marks: Vec<bool> = encoding.get_offsets().iter().map(inside).collect();
        if marks.len() == count { Ok(marks) } else { Err(fault("the reference gives another number of tokens".to_owned())) }
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
