//! Trains BPE on counted words: merge the most frequent pair, the smallest pair of ids among equals, until the vocabulary is
//! full (Sennrich et al. 2016). Same merges as Hugging Face's `BpeTrainer`, with 64-bit counts instead of 32.
//!
//! Words lie in one arena; for each pair the words that may hold it are listed, so a merge touches only these. The queue is
//! lazy: counts only fall once a pair is queued, so an outdated entry is put back with its count of now.

use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::alphabet::{Alphabet, given};
use super::words::Words;
use super::{Cuts, Entries, LearnOptions, Learnt};
use crate::tokenizer::TokenizerError;

type Pair = (u32, u32);

/// Pairs by a multiplicative hash without a seed; never iterated.
type PairMap<T> = HashMap<Pair, T, BuildHasherDefault<PairHasher>>;

#[derive(Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(26) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// Greatest first: by count, then the smaller pair.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    count: i64,
    pair: std::cmp::Reverse<Pair>,
    /// Words in which the pair arose when it was queued.
    words: Vec<u32>,
}

/// Merges until the vocabulary is full. `prefix` marks pieces that continue a word.
pub(super) fn train(words: &Words, alphabet: &Alphabet, prefix: &str, options: &LearnOptions) -> Result<Learnt, TokenizerError> {
    let mut vocabulary = Vocabulary::default();
    for token in given(options) {
        vocabulary.id(&token);
    }
    for letter in alphabet.letters() {
        vocabulary.id(letter.encode_utf8(&mut [0; 4]));
    }
    let mut arena = Arena::new(words, alphabet, prefix, &mut vocabulary);
    alphabet.must_fit(vocabulary.pieces.len(), options)?;
    let longest = options.max_piece_length.map_or(u32::MAX, |most| most as u32);
    let mut queue = BinaryHeap::new();
    let mut counts: PairMap<i64> = PairMap::default();
    let mut fresh: PairMap<Vec<u32>> = PairMap::default();
    arena.count_pairs(&mut counts, &mut fresh);
    queue_up(&mut fresh, &counts, &mut queue);
    let mut merges = Vec::new();
    let wanted = options.vocab_size as usize;
    while vocabulary.pieces.len() < wanted {
        let Some(mut top) = queue.pop() else { break };
        let pair = top.pair.0;
        let count = counts.get(&pair).copied().unwrap_or(0);
        if top.count != count {
            top.count = count;
            queue.push(top);
            continue;
        }
        if count < 1 || (count as u64) < options.min_count {
            break;
        }
        let right = vocabulary.piece(pair.1);
        let joined = format!("{}{}", vocabulary.piece(pair.0), right.strip_prefix(prefix).unwrap_or(right));
        let merged = vocabulary.id(&joined);
        let length = vocabulary.length(pair.0) + vocabulary.length(pair.1);
        vocabulary.lengths[merged as usize] = length;
        merges.push(pair);
        for word in top.words {
            arena.merge(word, pair, merged, &mut |pair, change| {
                if change > 0 && vocabulary.length(pair.0) + vocabulary.length(pair.1) > longest {
                    return;
                }
                let entry = counts.entry(pair).or_default();
                *entry = entry.saturating_add(change);
                if change > 0 {
                    let words = fresh.entry(pair).or_default();
                    if words.last() != Some(&word) {
                        words.push(word);
                    }
                }
            });
        }
        queue_up(&mut fresh, &counts, &mut queue);
    }
    Ok(Learnt { pieces: vocabulary.pieces, entries: Entries::Merges(merges), cuts: arena.into_cuts() })
}

/// Candidates are ordered by themselves, so the order of the map does not matter.
fn queue_up(fresh: &mut PairMap<Vec<u32>>, counts: &PairMap<i64>, queue: &mut BinaryHeap<Candidate>) {
    for (pair, words) in fresh.drain() {
        let count = counts.get(&pair).copied().unwrap_or(0);
        if count > 0 {
            queue.push(Candidate { count, pair: std::cmp::Reverse(pair), words });
        }
    }
}

#[derive(Default)]
struct Vocabulary {
    pieces: Vec<String>,
    /// Letters of each piece.
    lengths: Vec<u32>,
    ids: BTreeMap<String, u32>,
}

impl Vocabulary {
    /// The id of a piece, which is added if it is not there.
    fn id(&mut self, piece: &str) -> u32 {
        if let Some(id) = self.ids.get(piece) {
            return *id;
        }
        let id = self.pieces.len() as u32;
        self.pieces.push(piece.to_owned());
        self.lengths.push(1);
        self.ids.insert(piece.to_owned(), id);
        id
    }

    fn length(&self, id: u32) -> u32 {
        self.lengths[id as usize]
    }

    fn piece(&self, id: u32) -> &str {
        self.pieces.get(id as usize).map_or("", String::as_str)
    }
}

/// All words as symbols, one behind the other; a merged word shrinks in its place.
struct Arena {
    symbols: Vec<u32>,
    /// Start and length in `symbols`, and the count.
    words: Vec<(usize, u32, i64)>,
}

impl Arena {
    /// Letters outside the alphabet are skipped, as Hugging Face's trainer does.
    fn new(words: &Words, alphabet: &Alphabet, prefix: &str, vocabulary: &mut Vocabulary) -> Arena {
        let mut arena = Arena { symbols: Vec::new(), words: Vec::with_capacity(words.len()) };
        let mut spelling = String::new();
        let mut known: HashMap<(bool, char), u32, BuildHasherDefault<PairHasher>> = HashMap::default();
        for word in &words.words {
            let start = arena.symbols.len();
            let mut first = true;
            alphabet.spelling.each(&word.text, &mut |c| {
                let inside = !std::mem::take(&mut first);
                if !alphabet.has(c) {
                    return;
                }
                let id = *known.entry((inside, c)).or_insert_with(|| {
                    spelling.clear();
                    if inside {
                        spelling.push_str(prefix);
                    }
                    spelling.push(c);
                    vocabulary.id(&spelling)
                });
                arena.symbols.push(id);
            });
            let length = (arena.symbols.len() - start) as u32;
            arena.words.push((start, length, i64::try_from(word.count).unwrap_or(i64::MAX)));
        }
        arena
    }

    fn into_cuts(self) -> Cuts {
        Cuts { places: self.words.iter().map(|(start, length, _)| (*start, *length)).collect(), ids: self.symbols }
    }

    fn count_pairs(&self, counts: &mut PairMap<i64>, places: &mut PairMap<Vec<u32>>) {
        for ((start, length, count), word) in self.words.iter().zip(0..) {
            let symbols = &self.symbols[*start..*start + *length as usize];
            for (left, right) in symbols.iter().zip(symbols.iter().skip(1)) {
                let entry = counts.entry((*left, *right)).or_default();
                *entry = entry.saturating_add(*count);
                let words = places.entry((*left, *right)).or_default();
                if words.last() != Some(&word) {
                    words.push(word);
                }
            }
        }
    }

    /// Merges a pair in a word and reports how the counts of its neighbours change, as Hugging Face's trainer counts them.
    fn merge(&mut self, word: u32, pair: Pair, merged: u32, change: &mut dyn FnMut(Pair, i64)) {
        let (start, length, count) = &mut self.words[word as usize];
        let symbols = &mut self.symbols[*start..*start + *length as usize];
        let (mut read, mut write) = (0, 0);
        while read < symbols.len() {
            if symbols[read] != pair.0 || symbols.get(read + 1) != Some(&pair.1) {
                symbols[write] = symbols[read];
                read += 1;
                write += 1;
                continue;
            }
            if write > 0 {
                let before = symbols[write - 1];
                change((before, pair.0), -*count);
                change((before, merged), *count);
            }
            if let Some(after) = symbols.get(read + 2).copied() {
                change((pair.1, after), -*count);
                change((merged, after), *count);
            }
            symbols[write] = merged;
            read += 2;
            write += 1;
        }
        *length = write as u32;
    }
}
