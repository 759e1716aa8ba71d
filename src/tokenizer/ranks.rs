//! tiktoken rank files: a base64 token and its rank, which is its id, a line. Merges are implied: two neighbours merge when
//! together they are a token, the lowest rank first.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::byte_level::ByteLevel;
use super::error::TokenizerError;
use super::merges::Merges;
use super::split::Pattern;
use super::words::{WordTable, key};

pub(super) struct Ranks {
    pub engine: ByteLevel,
    /// The bytes of each id.
    pub tokens: Vec<Vec<u8>>,
    /// Special tokens that the vocabulary of this name has besides its ranks.
    pub special: BTreeMap<String, u32>,
}

/// A vocabulary of OpenAI's, recognized by its number of ranks, as PyPI package tiktoken 0.14 defines it.
struct Known {
    name: &'static str,
    ranks: usize,
    pattern: Pattern,
    special: &'static [(&'static str, u32)],
}

const KNOWN: [Known; 4] = [
    Known { name: "r50k_base", ranks: 50_256, pattern: Pattern::Gpt2, special: &[("<|endoftext|>", 50_256)] },
    Known { name: "p50k_base", ranks: 50_280, pattern: Pattern::Gpt2, special: &[("<|endoftext|>", 50_256)] },
    Known {
        name: "cl100k_base",
        ranks: 100_256,
        pattern: Pattern::Cl100k,
        special: &[
            ("<|endoftext|>", 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ],
    },
    Known { name: "o200k_base", ranks: 199_998, pattern: Pattern::O200k, special: &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)] },
];

impl Ranks {
    /// `pattern` overrides what the size of the vocabulary says.
    pub fn parse(name: &str, file: &[u8], pattern: Option<Pattern>) -> Result<Ranks, TokenizerError> {
        let format = |fault: String| TokenizerError::Format { name: name.to_owned(), fault };
        let mut tokens: Vec<(Vec<u8>, u32)> = Vec::new();
        for (number, line) in file.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if !line.is_empty() {
                let token = parse_line(line).ok_or_else(|| format(format!("line {} is not a token and a rank", number + 1)))?;
                tokens.push(token);
            }
        }
        let largest = tokens.iter().map(|(_, rank)| *rank as usize).max().unwrap_or(0);
        if tokens.is_empty() || largest > tokens.len() * 2 + 1000 {
            return Err(format(format!("{} ranks, the largest of them {largest}", tokens.len())));
        }
        let known = KNOWN.iter().find(|known| known.ranks == tokens.len());
        let pattern = pattern.or(known.map(|known| known.pattern));
        let Some(pattern) = pattern else {
            return Err(TokenizerError::UnknownPattern { name: name.to_owned(), ranks: tokens.len() });
        };
        let pairs = pairs(&tokens);
        let engine = ByteLevel::new(None, pattern, &tokens, &pairs, true);
        let engine = engine.ok_or_else(|| format("a byte is missing among its tokens".into()))?;
        let mut by_id = vec![Vec::new(); largest + 1];
        for (token, rank) in tokens {
            by_id[rank as usize] = token;
        }
        let special = known.map_or(&[][..], |known| known.special);
        let special = special.iter().map(|(token, id)| ((*token).to_owned(), *id)).collect();
        Ok(Ranks { engine, tokens: by_id, special })
    }

    /// The name of the vocabulary with so many ranks.
    pub fn known_name(&self) -> Option<&'static str> {
        let ranks = self.tokens.iter().filter(|token| !token.is_empty()).count();
        KNOWN.iter().find(|known| known.ranks == ranks).map(|known| known.name)
    }
}

fn parse_line(line: &[u8]) -> Option<(Vec<u8>, u32)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let token = STANDARD.decode(&line[..space]).ok().filter(|token| !token.is_empty())?;
    let rank = std::str::from_utf8(&line[space + 1..]).ok()?.parse().ok()?;
    Some((token, rank))
}

/// The one way in which each token comes about: the last pair that merges when its bytes alone are encoded. Other ways to cut
/// it into two tokens never meet: until two neighbours merge, what lies within them merges as it does by itself, so they are
/// neighbours only where they are so when the token is encoded alone. A table four times smaller is that much faster.
fn pairs(tokens: &[(Vec<u8>, u32)]) -> Vec<(u32, u32, u32, u32)> {
    let table = WordTable::new(tokens.iter().map(|(token, rank)| (&token[..], *rank)));
    let find = |part: &[u8]| match key(part, 0, part.len()) {
        Some(key) => table.get(key),
        None => table.get_long(part),
    };
    let mut all = Vec::new();
    for (token, rank) in tokens {
        for cut in 1..token.len() {
            let (left, right) = token.split_at(cut);
            if let Some(left) = find(left)
                && let Some(right) = find(right)
            {
                all.push((left, right, *rank, *rank));
            }
        }
    }
    let merges = Merges::new(&all);
    let mut last = Vec::new();
    let mut word = Vec::new();
    for (token, rank) in tokens {
        word.clear();
        word.extend(token.chunks(1).filter_map(find));
        merges.apply_until(&mut word, *rank);
        if let [left, right] = word[..]
            && merges.get(left, right) as u32 == *rank
        {
            last.push((left, right, *rank, *rank));
        }
    }
    last
}
