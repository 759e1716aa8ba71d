//! Some documents of one corpus or of several, as a corpus of their own.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::train::data::Corpus;

/// Documents chosen from corpora that others hold; nothing is copied.
pub struct Selection<'a> {
    documents: Vec<(&'a dyn Corpus, usize)>,
}

impl<'a> Selection<'a> {
    /// All documents of `corpora`, one corpus after the other.
    pub fn all(corpora: impl IntoIterator<Item = &'a dyn Corpus>) -> Self {
        Self { documents: corpora.into_iter().flat_map(|corpus| (0..corpus.documents()).map(move |document| (corpus, document))).collect() }
    }

    /// About `tokens` tokens of it, taken at random document by document: by a hash of the key, so that the choice depends on nothing else. All where there
    /// are no more.
    #[must_use]
    pub fn sample(self, tokens: u64, seed: u64) -> Self {
        let mut drawn: Vec<usize> = (0..self.documents()).collect();
        drawn.sort_by_cached_key(|&document| (xxh3_64_with_seed(&self.key(document).to_le_bytes(), seed), document));
        let mut taken = 0;
        // The document that reaches the bound is taken where that comes nearer to it.
        let enough = drawn.iter().position(|&document| {
            let before = taken;
            taken += self.tokens(document) as u64;
            before >= tokens || taken > tokens && taken - tokens > tokens - before
        });
        drawn.truncate(enough.unwrap_or(drawn.len()));
        drawn.sort_unstable();
        Self { documents: drawn.into_iter().map(|document| self.documents[document]).collect() }
    }

    /// Its documents that `other` does not hold, by their keys.
    #[must_use]
    pub fn beyond(mut self, other: &dyn Corpus) -> Self {
        let held: HashSet<u128> = (0..other.documents()).map(|document| other.key(document)).collect();
        self.documents.retain(|(corpus, document)| !held.contains(&corpus.key(*document)));
        self
    }

    /// All documents of `parts`, one part after the other.
    pub fn join(parts: impl IntoIterator<Item = Selection<'a>>) -> Self {
        Self { documents: parts.into_iter().flat_map(|part| part.documents).collect() }
    }
}

impl Corpus for Selection<'_> {
    fn documents(&self) -> usize {
        self.documents.len()
    }

    fn tokens(&self, document: usize) -> usize {
        let (corpus, document) = self.documents[document];
        corpus.tokens(document)
    }

    fn bytes(&self, document: usize) -> u64 {
        let (corpus, document) = self.documents[document];
        corpus.bytes(document)
    }

    fn key(&self, document: usize) -> u128 {
        let (corpus, document) = self.documents[document];
        corpus.key(document)
    }

    fn read(&self, document: usize, start: usize, ids: &mut [u32]) {
        let (corpus, document) = self.documents[document];
        corpus.read(document, start, ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::Tokens;

    fn corpus(keys: std::ops::Range<u128>) -> Tokens {
        let mut tokens = Tokens::default();
        keys.for_each(|key| tokens.push(key, 7, vec![key as u32; 3 + key as usize % 5]));
        tokens
    }

    fn keys(corpus: &dyn Corpus) -> Vec<u128> {
        (0..corpus.documents()).map(|document| corpus.key(document)).collect()
    }

    #[test]
    fn what_is_chosen_reads_as_it_did() {
        let (first, second) = (corpus(0..3), corpus(10..12));
        let all = Selection::all([&first as &dyn Corpus, &second]);
        assert_eq!(keys(&all), [0, 1, 2, 10, 11]);
        let mut ids = [0; 2];
        all.read(4, 1, &mut ids);
        assert_eq!((ids, all.tokens(4), all.bytes(4)), ([11, 11], 4, 7));
        assert_eq!(keys(&Selection::all([&corpus(0..6) as &dyn Corpus]).beyond(&corpus(2..4))), [0, 1, 4, 5]);
    }

    #[test]
    fn a_sample_holds_as_many_tokens_as_asked_for() {
        let many = corpus(0..400);
        let tokens = |corpus: &dyn Corpus| (0..corpus.documents()).map(|document| corpus.tokens(document) as u64).sum::<u64>();
        let sample = |tokens, seed| Selection::all([&many as &dyn Corpus]).sample(tokens, seed);
        let third = sample(700, 1);
        assert!((697..=703).contains(&tokens(&third)), "{}", tokens(&third));
        let half = sample(1000, 1);
        assert!(keys(&third).iter().all(|key| keys(&half).contains(key)), "a larger sample holds the smaller one");
        assert_ne!(keys(&third), keys(&sample(700, 2)));
        assert_eq!((tokens(&sample(9_000, 1)), sample(0, 1).documents()), (2000, 0));
    }
}
