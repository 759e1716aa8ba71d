//! Learn a tokenizer from the texts that reach this place; a `tokenize` stage after it uses it as `stage:NAME`.
//!
//! A barrier: it counts words over the whole corpus, then learns from the counts. Documents pass unchanged. artifacts/NAME/tokenizer.json is a
//! file that Hugging Face `tokenizers` and `transformers` load (save for `model = "chars"`, a form of our own), and artifacts/NAME/usage.json says
//! how it suits the texts: tokens a word, tokens a character, bytes a token and unused entries, of all texts and by language (tag `lang`).
//!
//! ```toml
//! [[stage]]
//! use = "learn_tokenizer"
//! name = "bpe"
//! model = "bpe"
//! vocab_size = 8192
//! ```
//!
//! | `model` | what it is | `split` |
//! |---|---|---|
//! | `bpe` | merges of the most frequent pairs (Sennrich et al. 2016), over bytes as GPT-2 has it, or over characters as Llama 2 has it | "gpt2" (default), "cl100k", "llama3", "qwen2", "o200k"; "metaspace" |
//! | `wordpiece` | BERT's (Devlin et al. 2019) | "bert" |
//! | `unigram` | the most probable pieces (Kudo 2018), as T5 and XLM-R have it | "metaspace" (default) or one of the patterns |
//! | `chars` | an id a character | |
//!
//! `bpe` and `wordpiece` make the merges that the trainers of `tokenizers` make from the same counts, in the same order; `unigram` follows the
//! trainer of SentencePiece. Counts have 64 bits and are sorted on disk under the bound of `memory`. Where the different words take more than that,
//! as Chinese does, whose words are runs between two marks, a sample of the rare ones stands for all of them (priority sampling), frequent ones keep
//! their own counts, and the report says how many were left out (`words_left_out`). Words longer than 1024 characters
//! (64 for `unigram`) are learnt from in parts.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use counted::{Counted, What};

use super::prelude::*;
use crate::doc::Tag;
use crate::stage::{Decision, Global, Next, NoteShape, NoteStream, Notes, Round, RunError};
use crate::tokenizer::Tokenizer;
use crate::tokenizer::learn::{self, LearnOptions, PreSplitter, Sample, Totals, Word, Words};

mod counted;
mod options;

/// The file that says how the vocabulary suits the texts.
const USAGE: &str = "usage.json";

/// Languages that are told apart; further ones are counted as `other`.
const MOST_LANGUAGES: usize = 1000;

/// What to learn.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnTokenizer {
    /// "bpe", "wordpiece", "unigram" or "chars". Default "bpe".
    model: Model,
    /// How texts are cut into words: see above. Default: "gpt2" for "bpe", "bert" for "wordpiece", "metaspace" for "unigram".
    split: Option<String>,
    /// Unicode normalization: "none", "nfc" or "nfkc". Default "none".
    normalize: Normalize,
    /// Lower case; for "wordpiece", without accents. Default true for "wordpiece", else false.
    lowercase: Option<bool>,
    /// Number of ids, special tokens among them. Default 32768; all characters for "chars".
    vocab_size: Option<u32>,
    /// Special tokens: a list, which takes the first ids, or a table of tokens and their ids. Default: `<|endoftext|>` for byte-level "bpe", BERT's five for
    /// "wordpiece", `<unk>`, `<s>`, `</s>` for "metaspace" and "unigram"; "chars" has none.
    special_tokens: Option<SpecialTokens>,
    /// Spell characters outside the alphabet in bytes, with 256 entries for them. Default true for "metaspace"; for no other.
    byte_fallback: Option<bool>,
    /// Characters that are in the alphabet even if no text has them. Default "".
    initial_alphabet: String,
    /// Characters in the alphabet at most, the most frequent ones. Byte-level splits have the 256 bytes. Default: all.
    limit_alphabet: Option<usize>,
    /// How often a pair of pieces must stand in the corpus to become one. Default 2.
    min_count: u64,
    /// Characters (bytes for byte-level splits) of the longest piece. Default 16 for "unigram", else no limit.
    max_piece_length: Option<usize>,
    /// For "unigram": the share of pieces that stays in a round of pruning. Default 0.75.
    shrinking_factor: Option<f64>,
    /// For "unigram": steps of expectation and maximization a round. Default 2.
    n_sub_iterations: Option<u32>,
    /// For "unigram": pieces to begin with. Default 1000000.
    seed_size: Option<usize>,
    /// Memory for counting and learning; what is more is sorted on disk. Default "256 MiB".
    memory: ByteSize,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Model {
    Bpe,
    Wordpiece,
    Unigram,
    Chars,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Normalize {
    None,
    Nfc,
    Nfkc,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpecialTokens {
    InOrder(Vec<String>),
    WithIds(BTreeMap<String, u32>),
}

impl Default for LearnTokenizer {
    fn default() -> LearnTokenizer {
        LearnTokenizer {
            model: Model::Bpe,
            split: None,
            normalize: Normalize::None,
            lowercase: None,
            vocab_size: None,
            special_tokens: None,
            byte_fallback: None,
            initial_alphabet: String::new(),
            limit_alphabet: None,
            min_count: 2,
            max_piece_length: None,
            shrinking_factor: None,
            n_sub_iterations: None,
            seed_size: None,
            memory: ByteSize::new(256 << 20),
        }
    }
}

impl Recipe for LearnTokenizer {
    const NAME: &'static str = "learn_tokenizer";

    fn spec(&self) -> Spec {
        Spec::new().needs("text")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let memory = self.memory.as_usize();
        let learner = if self.model == Model::Chars {
            if self.vocab_size.is_some_and(|size| size < 2) {
                return Err(Complaint::new("vocab_size", "nothing could be learnt", "wanted more than 1").into());
            }
            if self.special_tokens.is_some_and(|tokens| !tokens.is_empty()) {
                return Err(Complaint::new("special_tokens", "characters have no special tokens", "leave it out").into());
            }
            Learner::Chars(self.vocab_size.map_or(usize::MAX, |size| size as usize - 1))
        } else {
            let options = self.options()?;
            let splitter = PreSplitter::new(&options).map_err(|error| Complaint::new("model", error.to_string(), ""))?;
            Learner::Pieces(splitter, Box::new(options))
        };
        // Languages are told apart only where an earlier stage or the source has told them.
        let told = shop.tags.iter().any(|(name, _)| name == "lang");
        let lang = told.then(|| shop.tag("lang")).transpose()?;
        Ok(Built::global(Learn { learner, lang, memory }))
    }
}

struct Learn {
    learner: Learner,
    lang: Option<Tag<String>>,
    memory: usize,
}

enum Learner {
    Pieces(PreSplitter, Box<LearnOptions>),
    /// So many characters; one id more stands for all others.
    Chars(usize),
}

/// Words of one document and how often they stand in it.
#[derive(Default)]
struct Counts(HashMap<Box<str>, u64, BuildHasherDefault<WordHasher>>);

#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Global for Learn {
    /// A hash, a count (both big-endian), what is counted (see [`Counted`]).
    fn shape(&self, _round: u32) -> NoteShape {
        NoteShape { key: 8, width: None }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let counts = &mut scratch.buffer::<Counts>().0;
        self.learner.each_word(doc.text(), &mut |word| match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.into(), 1);
            }
        });
        let language = self.lang.and_then(|tag| doc.tag(tag)).unwrap_or_default();
        let language = &language[..language.floor_char_boundary(255)];
        let mut words: Vec<_> = counts.drain().collect();
        words.sort_unstable();
        for (word, count) in words {
            Counted { language, what: What::Word(&word) }.push(count, notes);
        }
        let totals = Totals::of(doc.text());
        let sums = [totals.documents, totals.bytes, totals.characters, totals.words];
        (0..).zip(sums).for_each(|(number, sum)| Counted { language, what: What::Total(number) }.push(sum, notes));
        Ok(())
    }

    fn combine(&self, into: &mut Vec<u8>, other: &[u8]) -> bool {
        let (Some((count, counted)), Some((more, same))) = (Counted::read(into), Counted::read(other)) else { return false };
        if counted != same {
            return false;
        }
        into[8..16].copy_from_slice(&count.saturating_add(more).to_be_bytes());
        true
    }

    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        // What has one key: one thing, unless languages share a word or words share a hash.
        let mut sums: Vec<(Vec<u8>, u64)> = Vec::new();
        while let Some(note) = notes.next()? {
            let (count, _) = Counted::read(note).ok_or_else(torn)?;
            if sums.first().is_some_and(|(first, _)| first[..8] != note[..8]) {
                flush(&mut sums, outcomes);
            }
            match sums.iter_mut().find(|(known, _)| known[16..] == note[16..]) {
                Some((_, sum)) => *sum = sum.saturating_add(count),
                None => sums.push((note.to_vec(), count)),
            }
        }
        flush(&mut sums, outcomes);
        Ok(())
    }

    fn decide(&self, _: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        // Characters are few: there are no more than Unicode has.
        let mut sample = Sample::new(if matches!(self.learner, Learner::Chars(_)) { usize::MAX } else { self.memory });
        let mut languages: Vec<(String, Totals)> = Vec::new();
        let mut numbers: HashMap<String, u16> = HashMap::new();
        // Words of one hash, which may stand in several languages.
        let (mut key, mut group) = ([0; 8], Vec::<Word>::new());
        while let Some(note) = outcomes.next()? {
            let (count, counted) = Counted::read(note).ok_or_else(torn)?;
            if note[..8] != key {
                group.drain(..).for_each(|word| sample.add(word));
                key.copy_from_slice(&note[..8]);
            }
            let language = match numbers.get(counted.language) {
                Some(number) => *number,
                None => {
                    let name = if languages.len() < MOST_LANGUAGES { counted.language } else { "other" };
                    let number = languages.iter().position(|(known, _)| known == name).unwrap_or(languages.len());
                    if number == languages.len() {
                        languages.push((name.to_owned(), Totals::default()));
                    }
                    numbers.insert(counted.language.to_owned(), number as u16);
                    number as u16
                }
            };
            match counted.what {
                What::Total(number) => {
                    let totals = &mut languages[usize::from(language)].1;
                    let sum = [&mut totals.documents, &mut totals.bytes, &mut totals.characters, &mut totals.words];
                    *sum.into_iter().nth(usize::from(number)).ok_or_else(torn)? += count;
                }
                What::Word(text) => {
                    let share = self.lang.map(|_| (language, count));
                    match group.iter_mut().find(|word| *word.text == *text) {
                        Some(word) => {
                            word.count = word.count.saturating_add(count);
                            word.languages.extend(share);
                        }
                        None => group.push(Word { text: text.into(), count, languages: share.into_iter().collect() }),
                    }
                }
            }
        }
        group.drain(..).for_each(|word| sample.add(word));
        let words = sample.finish().map_err(RunError::stop)?;
        if words.is_empty() {
            return Err(RunError::stop("no text reached `learn_tokenizer`, so there is nothing to learn from: look at the drops of the stages before it"));
        }
        decision.count("words", words.len() as u64);
        decision.count("words_left_out", words.seen - words.len() as u64);
        self.learner.learn(&words, &languages, decision)?;
        Ok(Next::Done)
    }

    fn stage(&self, _: &Decision, _: u32) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Pass))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, text: u64) -> u64 {
        // A third of a text's words are its different ones; with hash, count and length each takes about four times its bytes.
        text.saturating_mul(4) / 3
    }
}

impl Learner {
    fn each_word(&self, text: &str, word: &mut dyn FnMut(&str)) {
        match self {
            Learner::Pieces(splitter, _) => splitter.split(text, word),
            Learner::Chars(_) => text.chars().for_each(|c| word(c.encode_utf8(&mut [0; 4]))),
        }
    }

    /// Puts the tokenizer's file and what there is to say of it into the decision.
    fn learn(&self, words: &Words, languages: &[(String, Totals)], decision: &mut Decision) -> Result<()> {
        match self {
            Learner::Chars(most) => {
                let mut chars: Vec<&Word> = words.iter().collect();
                chars.sort_by_key(|word| std::cmp::Reverse(word.count));
                let file = Tokenizer::chars_file(chars.iter().take(*most).flat_map(|word| word.text.chars())).map_err(RunError::stop)?;
                decision.put(TOKENIZER, file);
            }
            Learner::Pieces(_, options) => {
                let learned = learn::learn(words, options).map_err(RunError::stop)?;
                decision.count("tokens", learned.usage.tokens);
                decision.count("unused_entries", learned.usage.unused);
                for ((name, totals), usage) in languages.iter().zip(&learned.by_language) {
                    let name = if name.is_empty() { "no_lang" } else { name };
                    decision.count(&format!("{name}.bytes"), totals.bytes);
                    decision.count(&format!("{name}.characters"), totals.characters);
                    decision.count(&format!("{name}.words"), totals.words);
                    decision.count(&format!("{name}.tokens"), usage.tokens);
                    decision.count(&format!("{name}.unused_entries"), usage.unused);
                }
                let report = learn::report(&learned, words, languages);
                decision.put(USAGE, format!("{report:#}\n").into_bytes());
                decision.put(TOKENIZER, learned.file);
            }
        }
        Ok(())
    }
}

/// Documents go on as they are.
struct Pass;

impl Stage for Pass {
    fn apply(&self, _: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        Ok(Verdict::Keep)
    }
}

/// Writes sums as notes and forgets them.
fn flush(sums: &mut Vec<(Vec<u8>, u64)>, outcomes: &mut Notes<'_>) {
    for (note, sum) in sums.drain(..) {
        outcomes.push(&[&note[..8], &sum.to_be_bytes(), &note[16..]]);
    }
}

fn torn() -> RunError {
    RunError::stop("a note of `learn_tokenizer` is damaged: start the run again in an empty directory")
}

#[cfg(test)]
mod tests;
