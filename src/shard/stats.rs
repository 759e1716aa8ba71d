//! What a set holds, in numbers: lengths, sources, bytes a token.

use std::collections::BTreeMap;

use super::{ShardError, Shards};

/// Documents whose lengths lie in one power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthClass {
    /// The longest length of the class, in tokens: 0, 1, 3, 7, 15 and so on.
    pub up_to: u64,
    /// How many.
    pub documents: u64,
    /// Tokens of them.
    pub tokens: u64,
}

/// What came from one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceStats {
    /// How many.
    pub documents: u64,
    /// Tokens of them.
    pub tokens: u64,
    /// UTF-8 bytes of their texts.
    pub bytes: u64,
}

/// A set in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// All of it.
    pub all: SourceStats,
    /// Documents without a token.
    pub empty: u64,
    /// Tokens of the longest document.
    pub longest: u64,
    /// Classes that hold a document, by length.
    pub lengths: Vec<LengthClass>,
    /// By the name of the file.
    pub sources: BTreeMap<String, SourceStats>,
}

impl Stats {
    /// Reads the sidecars once.
    pub fn of(shards: &Shards) -> Result<Stats, ShardError> {
        let mut stats = Stats::default();
        let mut classes: BTreeMap<u32, LengthClass> = BTreeMap::new();
        for index in 0..shards.documents() {
            let document = shards.document_info(index)?;
            let bits = 64 - document.tokens.leading_zeros();
            let class = classes.entry(bits).or_insert(LengthClass { up_to: u64::MAX.checked_shr(64 - bits).unwrap_or(0), documents: 0, tokens: 0 });
            class.documents += 1;
            class.tokens += document.tokens;
            stats.empty += u64::from(document.tokens == 0);
            stats.longest = stats.longest.max(document.tokens);
            stats.all.add(document.tokens, document.bytes);
            match stats.sources.get_mut(document.source) {
                Some(source) => source.add(document.tokens, document.bytes),
                None => stats.sources.entry(document.source.to_owned()).or_default().add(document.tokens, document.bytes),
            }
        }
        stats.lengths = classes.into_values().collect();
        Ok(stats)
    }
}

impl SourceStats {
    fn add(&mut self, tokens: u64, bytes: u64) {
        self.documents += 1;
        self.tokens += tokens;
        self.bytes += bytes;
    }

    /// How many bytes of text a token stands for; 0 where there is none.
    pub fn bytes_per_token(&self) -> f64 {
        if self.tokens == 0 { 0.0 } else { self.bytes as f64 / self.tokens as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::tests::write_set;

    #[test]
    fn lengths_fall_into_powers_of_two() {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path(), &[0, 1, 2, 3, 4, 9, 9], false, &[4]);
        let stats = Stats::of(&Shards::open(dir.path()).unwrap()).unwrap();
        let classes: Vec<_> = stats.lengths.iter().map(|class| (class.up_to, class.documents, class.tokens)).collect();
        assert_eq!(classes, [(0, 1, 0), (1, 1, 1), (3, 2, 5), (7, 1, 4), (15, 2, 18)]);
        assert_eq!((stats.empty, stats.longest, stats.all.documents, stats.all.tokens), (1, 9, 7, 28));
        assert_eq!(stats.all.bytes_per_token(), 3.0);
        assert_eq!(stats.sources.len(), 2, "{:?}", stats.sources);
        assert_eq!(stats.sources.values().map(|source| source.tokens).sum::<u64>(), 28);
    }
}
