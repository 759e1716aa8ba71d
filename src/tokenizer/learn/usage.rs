//! How well a vocabulary suits the texts that it was learnt from.

use serde_json::{Value, json};

use super::alphabet::Alphabet;
use super::words::Words;
use super::{LearnOptions, Learned, Learnt, Model};

/// What a language makes of a vocabulary.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Tokens of all its texts.
    pub tokens: u64,
    /// Words of the texts, as the tokenizer splits them.
    pub words: u64,
    /// Bytes of these words.
    pub bytes: u64,
    /// Characters of these words.
    pub characters: u64,
    /// Entries that stand in no text, special tokens and fallback bytes left out of account.
    pub unused: u64,
    /// Entries that could.
    pub pieces: u64,
}

/// Of all words, and by number of language. A letter outside the alphabet is one token for each byte, or one.
pub(super) fn measure(words: &Words, learnt: &Learnt, alphabet: &Alphabet, options: &LearnOptions) -> (Usage, Vec<Usage>) {
    let languages = words.words.iter().flat_map(|word| word.languages.iter().map(|(language, _)| usize::from(*language) + 1)).max().unwrap_or(0);
    let given = super::alphabet::given(options).count();
    let entries = learnt.pieces.len();
    let mut all = Tally::new(entries);
    let mut each: Vec<Tally> = (0..languages).map(|_| Tally::new(entries)).collect();
    // A word of WordPiece with such a letter is unknown as a whole, which its cut says.
    let spells = alphabet.left_out() > 0 && options.model != Model::WordPiece;
    for (word, cut) in words.words.iter().zip(learnt.cuts.iter()) {
        let missing = word.text.chars().filter(|c| spells && !alphabet.has(*c));
        let spelt: usize = missing.map(|c| if options.byte_fallback { c.len_utf8() } else { 1 }).sum();
        let tokens = (cut.len() + spelt) as u64;
        all.add(&word.text, tokens, cut, word.count);
        word.languages.iter().for_each(|(language, count)| each[usize::from(*language)].add(&word.text, tokens, cut, *count));
    }
    (all.usage(given), each.into_iter().map(|tally| tally.usage(given)).collect())
}

struct Tally {
    usage: Usage,
    seen: Vec<bool>,
}

impl Tally {
    fn new(entries: usize) -> Tally {
        Tally { usage: Usage::default(), seen: vec![false; entries] }
    }

    fn add(&mut self, text: &str, tokens: u64, cut: &[u32], count: u64) {
        self.usage.tokens += tokens * count;
        self.usage.words += count;
        self.usage.bytes += text.len() as u64 * count;
        self.usage.characters += text.chars().count() as u64 * count;
        cut.iter().for_each(|id| self.seen[*id as usize] = true);
    }

    fn usage(mut self, given: usize) -> Usage {
        let pieces = self.seen.get(given..).unwrap_or_default();
        self.usage.pieces = pieces.len() as u64;
        self.usage.unused = pieces.iter().filter(|seen| !**seen).count() as u64;
        self.usage
    }
}

/// Sums over whole texts, before any normalization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Texts.
    pub documents: u64,
    /// Their bytes in UTF-8.
    pub bytes: u64,
    /// Their characters.
    pub characters: u64,
    /// What stands between white space.
    pub words: u64,
}

impl Totals {
    /// Those of one text.
    pub fn of(text: &str) -> Totals {
        Totals { documents: 1, bytes: text.len() as u64, characters: text.chars().count() as u64, words: text.split_whitespace().count() as u64 }
    }

    /// Adds those of others.
    pub fn add(&mut self, other: Totals) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.characters += other.characters;
        self.words += other.words;
    }
}

/// What [`super::Learned`] says of the texts, for `usage.json`: sizes, then tokens a word (what white space parts), tokens a character, bytes a token
/// and unused entries, of all texts and by language. Where words were left out, tokens and unused entries are estimates.
pub fn report(learned: &Learned, words: &Words, languages: &[(String, Totals)]) -> Value {
    let mut all = Totals::default();
    languages.iter().for_each(|(_, totals)| all.add(*totals));
    let mut by_language: Vec<(&String, Value)> =
        languages.iter().zip(&learned.by_language).map(|((name, totals), usage)| (name, figures(usage, *totals))).collect();
    by_language.sort_by_key(|(name, _)| *name);
    json!({
        "vocab_size": learned.vocab_size,
        "words": words.seen,
        "words_left_out": words.seen - words.len() as u64,
        "characters_outside_alphabet": learned.letters_left_out,
        "all": figures(&learned.usage, all),
        "by_language": by_language.into_iter().map(|(name, value)| (name.clone(), value)).collect::<serde_json::Map<_, _>>(),
    })
}

fn figures(usage: &Usage, totals: Totals) -> Value {
    let ratio = |part: u64, whole: u64| if whole == 0 { Value::Null } else { json!((part as f64 / whole as f64 * 1e4).round() / 1e4) };
    json!({
        "documents": totals.documents,
        "bytes": totals.bytes,
        "characters": totals.characters,
        "words": totals.words,
        "tokens": usage.tokens,
        "tokens_per_word": ratio(usage.tokens, totals.words),
        "tokens_per_character": ratio(usage.tokens, totals.characters),
        "bytes_per_token": ratio(totals.bytes, usage.tokens),
        "unused_entries": usage.unused,
        "unused_share": ratio(usage.unused, usage.pieces),
    })
}
