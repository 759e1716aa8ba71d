//! Learn a tokenizer from the texts that reach this place; a `tokenize` stage after it uses it as `stage:NAME`.
//!
//! A barrier: it counts words over the whole corpus, then learns from the counts. Documents pass unchanged. The result is
//! artifacts/NAME/tokenizer.json, which Hugging Face `tokenizers` reads too (save for `model = "chars"`, a form of our own).
//!
//! ```toml
//! [[stage]]
//! use = "learn_tokenizer"
//! name = "bpe"
//! model = "bpe"
//! vocab_size = 8192
//! ```
//!
//! `bpe` is byte-level BPE as GPT-2 has it (Sennrich et al. 2016; Radford et al. 2019), `wordpiece` is BERT's (Devlin et al. 2019), `chars`
//! gives each character an id. Counts are sorted on disk under the bound of `memory`. Where the different words take more than that, the
//! rarest are left out, and the report counts them (`words_left_out`, `occurrences_left_out`); words longer than 64 characters are learnt
//! from in parts.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::prelude::*;
use crate::stage::{Decision, Global, Next, NoteShape, NoteStream, Notes, Round, RunError};
use crate::tokenizer::learn::{Kind, LearnOptions, PreSplitter, learn};
use crate::tokenizer::{Form, Pattern, Tokenizer};

/// Characters of the longest piece that is counted whole: learning takes time in the square of a word's length.
const LONGEST: usize = 64;

/// Bytes that a word takes besides its own while it waits and while it is learnt from: counts, places, symbols.
const WORD_COST: usize = 160;

/// What to learn.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnTokenizer {
    /// "bpe", "wordpiece" or "chars". Default "bpe".
    model: Model,
    /// Unicode normalization for "bpe": "none", "nfc" or "nfkc". Default "none".
    normalize: Normalize,
    /// Number of ids, special tokens among them. Default 32768; all characters for "chars".
    vocab_size: Option<u32>,
    /// Special tokens, which take the first ids. Default: `<|endoftext|>` for "bpe", BERT's five for "wordpiece"; "chars" has none.
    special_tokens: Option<Vec<String>>,
    /// Lower case without accents, for "wordpiece". Default true.
    lowercase: bool,
    /// How often a pair of pieces must stand in the corpus to become one. Default 2.
    min_count: u64,
    /// Memory for counting and learning; what is more is sorted on disk. Default "256 MiB".
    memory: ByteSize,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Model {
    Bpe,
    Wordpiece,
    Chars,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Normalize {
    None,
    Nfc,
    Nfkc,
}

impl Default for LearnTokenizer {
    fn default() -> LearnTokenizer {
        LearnTokenizer {
            model: Model::Bpe,
            normalize: Normalize::None,
            vocab_size: None,
            special_tokens: None,
            lowercase: true,
            min_count: 2,
            memory: ByteSize::new(256 << 20),
        }
    }
}

impl Recipe for LearnTokenizer {
    const NAME: &'static str = "learn_tokenizer";

    fn spec(&self) -> Spec {
        Spec::new().needs("text")
    }

    fn build(self, _: &mut Shop<'_>) -> Build {
        let normalize = match self.normalize {
            Normalize::None => None,
            Normalize::Nfc => Some(Form::Nfc),
            Normalize::Nfkc => Some(Form::Nfkc),
        };
        let kind = match self.model {
            Model::Bpe => Some(Kind::ByteLevelBpe { pattern: Pattern::Gpt2, normalize }),
            Model::Wordpiece => Some(Kind::WordPiece { lowercase: self.lowercase }),
            Model::Chars => None,
        };
        let special_tokens = self.special_tokens.unwrap_or_else(|| self.model.special_tokens().iter().map(|token| (*token).to_owned()).collect());
        // What is in the vocabulary before anything is learnt.
        let given = special_tokens.len() + if self.model == Model::Bpe { 256 } else { 0 };
        let mut complaints = Vec::new();
        if self.vocab_size.is_some_and(|size| size as usize <= given) {
            complaints.push(Complaint::new("vocab_size", "nothing could be learnt", format!("wanted more than {given}")));
        }
        if self.model == Model::Chars && !special_tokens.is_empty() {
            complaints.push(Complaint::new("special_tokens", "characters have no special tokens", "leave it out"));
        }
        if self.model == Model::Wordpiece && !special_tokens.iter().any(|token| token == "[UNK]") {
            complaints.push(Complaint::new("special_tokens", "WordPiece needs `[UNK]`", "add \"[UNK]\""));
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let learner = match kind {
            Some(kind) => {
                let splitter = PreSplitter::new(kind).map_err(|error| Complaint::new("model", error.to_string(), ""))?;
                let vocab_size = self.vocab_size.unwrap_or(1 << 15);
                Learner::Pieces(splitter, LearnOptions { kind, vocab_size, special_tokens, min_count: self.min_count })
            }
            None => Learner::Chars(self.vocab_size.map_or(usize::MAX, |size| size as usize - 1)),
        };
        Ok(Built::global(Learn { learner, memory: self.memory.as_usize() }))
    }
}

impl Model {
    fn special_tokens(self) -> &'static [&'static str] {
        match self {
            Model::Bpe => &["<|endoftext|>"],
            Model::Wordpiece => &["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            Model::Chars => &[],
        }
    }
}

struct Learn {
    learner: Learner,
    memory: usize,
}

enum Learner {
    Pieces(PreSplitter, LearnOptions),
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
    /// xxh3 of the word, its count (both big-endian), the word.
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
        let mut words: Vec<_> = counts.drain().collect();
        words.sort_unstable();
        for (word, count) in words {
            push(notes, &word, count);
        }
        Ok(())
    }

    fn combine(&self, into: &mut Vec<u8>, other: &[u8]) -> bool {
        let (Some((count, word)), Some((more, same))) = (parts(into), parts(other)) else { return false };
        if word != same {
            return false;
        }
        into[8..16].copy_from_slice(&count.saturating_add(more).to_be_bytes());
        true
    }

    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        // Words of one key: one, unless two share a hash.
        let mut key = Vec::new();
        let mut words: Vec<(String, u64)> = Vec::new();
        while let Some(note) = notes.next()? {
            let (count, word) = parts(note).ok_or_else(torn)?;
            if note[..8] != key[..] {
                words.drain(..).for_each(|(word, count)| push(outcomes, &word, count));
                key.clear();
                key.extend_from_slice(&note[..8]);
            }
            match words.iter_mut().find(|(known, _)| known == word) {
                Some((_, sum)) => *sum = sum.saturating_add(count),
                None => words.push((word.to_owned(), count)),
            }
        }
        words.drain(..).for_each(|(word, count)| push(outcomes, &word, count));
        Ok(())
    }

    fn decide(&self, _: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        // The rarest on top; of equally rare ones the last in the alphabet.
        let mut words: BinaryHeap<Reverse<(u64, Reverse<String>)>> = BinaryHeap::new();
        let (mut bytes, mut left_out, mut occurrences) = (0, 0, 0u64);
        while let Some(note) = outcomes.next()? {
            let (count, word) = parts(note).ok_or_else(torn)?;
            bytes += word.len() + WORD_COST;
            words.push(Reverse((count, Reverse(word.to_owned()))));
            while bytes > self.memory {
                let Some(Reverse((count, Reverse(word)))) = words.pop() else { break };
                bytes -= word.len() + WORD_COST;
                left_out += 1;
                occurrences = occurrences.saturating_add(count);
            }
        }
        let words: Vec<(String, u64)> = words.into_iter().map(|Reverse((count, Reverse(word)))| (word, count)).collect();
        if words.is_empty() {
            return Err(RunError::stop("no text reached `learn_tokenizer`, so there is nothing to learn from: look at the drops of the stages before it"));
        }
        decision.count("words", words.len() as u64);
        decision.count("words_left_out", left_out);
        decision.count("occurrences_left_out", occurrences);
        decision.put(TOKENIZER, self.learner.learn(words)?);
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
            Learner::Pieces(splitter, _) => splitter.split(text, &mut |mut piece| {
                while let Some((end, _)) = piece.char_indices().nth(LONGEST) {
                    word(&piece[..end]);
                    piece = &piece[end..];
                }
                word(piece);
            }),
            Learner::Chars(_) => text.chars().for_each(|c| word(c.encode_utf8(&mut [0; 4]))),
        }
    }

    /// The tokenizer's file. The order of the words says nothing.
    fn learn(&self, mut words: Vec<(String, u64)>) -> Result<Vec<u8>> {
        let learnt = match self {
            Learner::Pieces(_, options) => learn(words, options),
            Learner::Chars(most) => {
                words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                Tokenizer::chars_file(words.iter().take(*most).flat_map(|(word, _)| word.chars()))
            }
        };
        learnt.map_err(RunError::stop)
    }
}

/// Documents go on as they are.
struct Pass;

impl Stage for Pass {
    fn apply(&self, _: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        Ok(Verdict::Keep)
    }
}

fn push(notes: &mut Notes<'_>, word: &str, count: u64) {
    notes.push(&[&xxh3_64(word.as_bytes()).to_be_bytes(), &count.to_be_bytes(), word.as_bytes()]);
}

/// Count and word of a note.
fn parts(note: &[u8]) -> Option<(u64, &str)> {
    let (count, word) = note.get(8..)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*count), std::str::from_utf8(word).ok()?))
}

fn torn() -> RunError {
    RunError::stop("a note of `learn_tokenizer` is damaged: start the run again in an empty directory")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Decided, complaints, decided};
    use super::*;
    use crate::tokenizer::EncodeScratch;

    const TEXTS: [&str; 3] = ["the river and the bridge and the river", "the bridge over the river\n", "河上有桥，桥上有人。 the end"];

    fn count(decided: &Decided, name: &str) -> u64 {
        decided.decision.counts.get(name).copied().unwrap_or_default()
    }

    #[test]
    fn every_model_gives_back_the_text() {
        for toml in ["model = \"bpe\"\nvocab_size = 300", "model = \"chars\""] {
            let decided = decided::<LearnTokenizer>(toml, &TEXTS);
            let tokenizer = Tokenizer::from_bytes("t", &decided.decision.get(TOKENIZER).unwrap().unwrap(), None).unwrap();
            let mut ids = Vec::new();
            tokenizer.encode(TEXTS[2], false, &mut ids, &mut EncodeScratch::new()).unwrap();
            assert_eq!(tokenizer.decode(&ids).unwrap(), TEXTS[2], "{toml}");
            assert!(ids.len() <= TEXTS[2].len() && tokenizer.vocab_size() <= 300, "{} {}", ids.len(), tokenizer.vocab_size());
        }
    }

    #[test]
    fn the_order_of_documents_changes_nothing() {
        let mut turned = TEXTS;
        turned.reverse();
        for toml in ["vocab_size = 280", "model = \"wordpiece\"\nvocab_size = 60", "model = \"chars\""] {
            let file = |texts: &[&str]| decided::<LearnTokenizer>(toml, texts).decision.get(TOKENIZER).unwrap();
            assert_eq!(file(&TEXTS), file(&turned));
        }
    }

    #[test]
    fn the_rarest_words_go_where_memory_is_short() {
        let whole = decided::<LearnTokenizer>("model = \"chars\"", &TEXTS);
        let short = decided::<LearnTokenizer>("model = \"chars\"\nmemory = 1000", &TEXTS);
        assert_eq!((count(&whole, "words_left_out"), count(&short, "words_left_out") > 0), (0, true));
        assert_eq!(count(&whole, "words"), count(&short, "words") + count(&short, "words_left_out"));
        let tokenizer = Tokenizer::from_bytes("t", &short.decision.get(TOKENIZER).unwrap().unwrap(), None).unwrap();
        assert!(tokenizer.token_id("e").is_some() && tokenizer.token_id("桥").is_none());
    }

    #[test]
    fn notes_of_one_word_are_joined_and_others_are_not() {
        let learn = Learn { learner: Learner::Chars(9), memory: 0 };
        let note = |word: &str, count: u64| [&xxh3_64(word.as_bytes()).to_be_bytes()[..], &count.to_be_bytes(), word.as_bytes()].concat();
        let mut into = note("a", 3);
        assert!(learn.combine(&mut into, &note("a", 4)));
        assert_eq!(into, note("a", 7));
        assert!(!learn.combine(&mut into, &note("b", 4)) && !learn.combine(&mut into, b"torn"));
    }

    #[test]
    fn what_cannot_be_learnt_is_said() {
        assert_eq!(complaints::<LearnTokenizer>("vocab_size = 257"), ["vocab_size"]);
        assert_eq!(complaints::<LearnTokenizer>("model = \"chars\"\nspecial_tokens = [\"x\"]"), ["special_tokens"]);
        assert_eq!(complaints::<LearnTokenizer>("model = \"unigram\"").len(), 1);
    }
}
