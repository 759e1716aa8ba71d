//! Ids of a text with the bytes that each was made of.

use std::ops::Range;

use super::{EncodeScratch, Engine, Tokenizer, TokenizerError};

impl Tokenizer {
    /// Appends the ids of [`Tokenizer::encode`], and for each the bytes of `text` that it was made of: none for a token that was put in, the same for tokens that share a
    /// character. A tokenizer.json is asked through its reference, which is slower.
    pub fn encode_offsets(
        &self,
        text: &str,
        special_tokens: bool,
        ids: &mut Vec<u32>,
        offsets: &mut Vec<Range<usize>>,
        scratch: &mut EncodeScratch,
    ) -> Result<(), TokenizerError> {
        let fault = |fault: String| TokenizerError::Encode { name: self.name.clone(), fault };
        if let Engine::HuggingFace(parsed) = &self.engine {
            let encoding = parsed.reference.encode(text, special_tokens).map_err(|error| fault(error.to_string()))?;
            ids.extend_from_slice(encoding.get_ids());
            offsets.extend(encoding.get_offsets().iter().map(|(from, to)| *from..*to));
            return Ok(());
        }
        let start = ids.len();
        self.encode(text, special_tokens, ids, scratch)?;
        let mut chars = text.chars();
        let mut at = 0;
        for id in &ids[start..] {
            let len = match &self.engine {
                Engine::Bytes | Engine::HuggingFace(_) => 1,
                Engine::Chars(_) => chars.next().map_or(0, char::len_utf8),
                Engine::Ranks(ranks) => ranks.tokens.get(*id as usize).map_or(0, Vec::len),
            };
            offsets.push(at..at + len);
            at += len;
        }
        if at == text.len() { Ok(()) } else { Err(fault("its tokens do not spell the text".to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_bytes_and_characters() {
        let chars = Tokenizer::from_bytes("chars", &Tokenizer::chars_file("aé".chars()).unwrap(), None).unwrap();
        for (tokenizer, want) in [(Tokenizer::bytes(), vec![0..1, 1..2, 2..3, 3..4]), (chars, vec![0..1, 1..3, 3..4])] {
            let (mut ids, mut offsets, mut plain) = (Vec::new(), Vec::new(), Vec::new());
            let mut scratch = EncodeScratch::new();
            tokenizer.encode_offsets("aéa", true, &mut ids, &mut offsets, &mut scratch).unwrap();
            tokenizer.encode("aéa", true, &mut plain, &mut scratch).unwrap();
            assert_eq!((offsets, ids), (want, plain));
        }
    }
}
