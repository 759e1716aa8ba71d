//! Cuts lines most of whose word n-grams stand in other documents.
//!
//! Use it where passages are repeated with small changes, which `dedup_lines` and `dedup_substring` leave: a line goes where more than `threshold` of its
//! n-grams stand in an earlier document (`keep = "first"`) or in any other (`"none"`). Repeats inside one document do not count. A line of fewer than
//! `ngram` words is one n-gram, and one of fewer than `min_words` is left alone. A document that has lost something and has fewer than `min_left` bytes
//! left goes (`little_left`); with `mode = "drop"` nothing is cut, and a document goes where such lines are more than `max_share` of its bytes
//! (`mostly_repeated`).
//!
//! ```toml
//! [[stage]]
//! use = "bloom"
//! rate = 0.0001
//! memory = "1 GiB"
//! ```
//!
//! Two passes, so that neither threads nor the order of reading say anything: the first finds the n-grams of several documents, exactly and on disk (24
//! bytes an n-gram while the run lasts); the second looks for those in a Bloom filter, which is of just the size that their number and `rate` ask for. The
//! filter may take half of `memory`; the plan says how many n-grams that holds, and a run that finds more stops before it fills it. A line of 25 words has
//! 13 n-grams, eleven of which must be hit; but one that is a single n-gram goes wrongly as often as `rate` says. With `"first"`, documents of one id (or,
//! without id, of one URL and content) count as one: put `dedup_exact` before. A second pass removes nothing but what another filter takes wrongly.
//!
//! BFF (of DCLM) reads documents once, with seeds drawn at the start, so two runs differ; its run for DCLM had n-grams of 13 words and a threshold of 0.8,
//! the defaults here, at a rate of 0.01. Dolma's deduper takes whole paragraphs or n-grams, at a threshold of 1.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::passages::{self, Copies, Keys, Mode, Passages};
use super::prelude::*;
use crate::dedup::bloom::{Bloom, size};
use crate::dedup::cuts::Snap;
use crate::dedup::mix;
use crate::dedup::units::Unit;
use crate::dedup::words::each_word;
use crate::stage::{Decision, Global, Next, NoteShape, NoteStream, Notes, Round, RunError};

const BASE: u64 = 0x9e37_79b9_7f4a_7c15 | 1;
/// The decision's blobs: the number of n-grams, then their filter.
const COUNT: &str = "count";
const FILTER: &str = "filter";

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BloomFilter {
    /// Words of an n-gram, 1 to 100; in scripts without spaces each character is a word. Default 13.
    ngram: usize,
    /// Words that a line must have. Default 13.
    min_words: usize,
    /// The share of a line's n-grams, 0 to 1, beyond which it goes. Default 0.8.
    threshold: Share,
    /// The share of other n-grams that the filter takes for repeated ones, 0.000001 to 0.5. Default 0.001.
    rate: f64,
    /// Which copies stay: `"first"` (default) in input order, or `"none"`.
    keep: Copies,
    /// What happens: `"cut"` (default) them out, or `"drop"` the document where they are more than `max_share` of its bytes.
    mode: Mode,
    /// With `mode = "drop"`: the share, 0 to 1, beyond which a document goes (`mostly_repeated`). Default 0.5.
    max_share: Option<Share>,
    /// With `mode = "cut"`: bytes that must be left of a document that was cut, or it goes (`little_left`). Default 0: keep it even if empty.
    min_left: Option<usize>,
    /// Memory for sorting, beyond which the disk is used, and for the filter, which must fit into half of it. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for BloomFilter {
    fn default() -> Self {
        BloomFilter {
            ngram: 13,
            min_words: 13,
            threshold: Share::new(0.8),
            rate: 0.001,
            keep: Copies::First,
            mode: Mode::Cut,
            max_share: None,
            min_left: None,
            memory: ByteSize::new(256 << 20),
        }
    }
}

impl Recipe for BloomFilter {
    const NAME: &'static str = "bloom";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        if !(1..=100).contains(&self.ngram) {
            return Err(Complaint::new("ngram", format!("{} is out of range", self.ngram), "give a number from 1 to 100").into());
        }
        if !(0.000_001..=0.5).contains(&self.rate) {
            return Err(Complaint::new("rate", format!("{} is out of range", self.rate), "give a share from 0.000001 to 0.5").into());
        }
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        let lines = Lines { ngram: self.ngram, min_words: self.min_words.max(1), threshold: self.threshold.get(), passages: keys.build(shop, Snap::Line)? };
        Ok(Built::global(SeenElsewhere { lines, rate: self.rate, memory: self.memory.as_usize(), filter: Mutex::default() }))
    }
}

/// Which lines are looked at, and what becomes of them.
#[derive(Clone, Copy)]
struct Lines {
    ngram: usize,
    min_words: usize,
    threshold: f64,
    passages: Passages,
}

#[derive(Default)]
struct Buffers {
    words: Vec<u64>,
    grams: Vec<u64>,
}

impl Lines {
    /// Calls `see` with start and end of each line that counts, and the hashes of its n-grams.
    fn each(&self, text: &str, buffers: &mut Buffers, mut see: impl FnMut(usize, usize, &[u64])) {
        let Buffers { words, grams } = buffers;
        let leaving = (1..self.ngram).fold(1u64, |power, _| power.wrapping_mul(BASE));
        Unit::Line.each(text, |start, end| {
            words.clear();
            grams.clear();
            each_word(&text[start as usize..end as usize], |word, _| words.push(mix(word)));
            if words.len() < self.min_words {
                return;
            }
            let mut hash = 0u64;
            for (at, word) in words.iter().enumerate() {
                if let Some(old) = at.checked_sub(self.ngram) {
                    hash = hash.wrapping_sub(words[old].wrapping_mul(leaving));
                }
                hash = hash.wrapping_mul(BASE).wrapping_add(*word);
                if at + 1 >= self.ngram || at + 1 == words.len() {
                    grams.push(mix(hash));
                }
            }
            see(start as usize, end as usize, grams);
        });
    }
}

struct SeenElsewhere {
    lines: Lines,
    rate: f64,
    memory: usize,
    /// The filter while some split's stage uses it: one for all of them.
    filter: Mutex<Weak<Bloom>>,
}

impl SeenElsewhere {
    /// Keys of the filter for so many n-grams: each, and with `keep = "first"` each with the document in which it is the first.
    fn keys(&self, ngrams: u64) -> u64 {
        if self.lines.passages.first_stays { 2 * ngrams } else { ngrams }
    }
}

/// The filter's key for an n-gram in the first document that has it.
fn first(gram: u64, document: u64) -> u64 {
    mix(gram ^ mix(document))
}

/// What of a document's key says which one it is.
fn short(doc: &Doc) -> u64 {
    doc.key() as u64
}

impl Global for SeenElsewhere {
    /// Round 0: n-gram, document, the document's key. After it: n-gram, key of the first document.
    fn shape(&self, round: u32) -> NoteShape {
        NoteShape { key: 8, width: Some(if round == 0 { 24 } else { 16 }) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let mut all: Vec<u64> = Vec::new();
        self.lines.each(doc.text(), scratch.buffer(), |_, _, grams| all.extend_from_slice(grams));
        all.sort_unstable();
        all.dedup();
        let (id, key) = (doc.id().to_bytes(), short(doc).to_be_bytes());
        all.iter().for_each(|gram| notes.push(&[&gram.to_be_bytes(), &id, &key]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let mut group: Option<([u8; 8], bool)> = None;
        let mut key = [0; 8];
        while let Some(note) = notes.next()? {
            let (Some((gram, _)), Some((_, last))) = (note.split_first_chunk::<8>(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            match &mut group {
                _ if round.number > 0 => outcomes.push(&[note]),
                Some((same, told)) if same == gram => {
                    if !std::mem::replace(told, true) {
                        outcomes.push(&[gram, &key]);
                    }
                }
                _ => (group, key) = (Some((*gram, false)), *last),
            }
        }
        Ok(())
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        if round == 0 {
            let mut ngrams = 0u64;
            while outcomes.next()?.is_some() {
                ngrams += 1;
            }
            let (need, have) = (size(self.keys(ngrams), self.rate), self.memory as u64 / 2);
            if need > have {
                return Err(RunError::stop(format!(
                    "`bloom` has found {ngrams} n-grams of several documents, and a filter of them at rate {} takes {need} bytes, more than half of `memory`: \
                     give it a `memory` of {} bytes or a larger `rate`",
                    self.rate,
                    2 * need
                )));
            }
            decision.count("ngrams_repeated", ngrams);
            decision.put(COUNT, ngrams.to_le_bytes().to_vec());
            return Ok(Next::Again);
        }
        let count = decision.get(COUNT)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).ok_or_else(damaged)?;
        let mut filter = Bloom::new(self.keys(count), self.rate);
        while let Some(note) = outcomes.next()? {
            let (Some((gram, _)), Some((_, document))) = (note.split_first_chunk::<8>(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            let gram = u64::from_be_bytes(*gram);
            filter.insert(gram);
            if self.lines.passages.first_stays {
                filter.insert(first(gram, u64::from_be_bytes(*document)));
            }
        }
        decision.put(FILTER, filter.into_bytes());
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, _: u32) -> Result<Box<dyn Stage>> {
        let mut shared = self.filter.lock().unwrap_or_else(PoisonError::into_inner);
        let filter = match shared.upgrade() {
            Some(filter) => filter,
            None => Arc::new(decision.get(FILTER)?.and_then(Bloom::from_bytes).ok_or_else(damaged)?),
        };
        *shared = Arc::downgrade(&filter);
        Ok(Box::new(Elsewhere { lines: self.lines, filter }))
    }

    fn remarks(&self) -> Vec<String> {
        let million = self.memory as f64 / 2.0 / (size(self.keys(1_000_000), self.rate) as f64);
        vec![format!("half of `memory` holds a filter of {million:.1} million n-grams that several documents have, at rate {}", self.rate)]
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, text: u64) -> u64 {
        // A word and its space take six bytes, roughly.
        24 * text / 6
    }
}

fn damaged() -> RunError {
    RunError::stop("the notes or the filter of bloom are damaged: remove the run's spool and start again")
}

struct Elsewhere {
    lines: Lines,
    filter: Arc<Bloom>,
}

impl Stage for Elsewhere {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let (rule, document) = (&self.lines, short(doc));
        let elsewhere = |gram: u64| self.filter.contains(gram) && !(rule.passages.first_stays && self.filter.contains(first(gram, document)));
        let mut ranges = Vec::new();
        rule.each(doc.text(), scratch.buffer(), |start, end, grams| {
            let hits = grams.iter().filter(|gram| elsewhere(**gram)).count();
            if hits as f64 > rule.threshold * grams.len() as f64 {
                ranges.push((start, end));
            }
        });
        Ok(rule.passages.judge(doc, ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::{Play, apply, build, place, play, roll};
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

    fn run(table: &str, texts: &[String], split: usize, how: Play) -> Vec<String> {
        let global = build::<BloomFilter>(table).unwrap();
        let mut docs: Vec<Doc> = texts.iter().enumerate().map(|(number, text)| Doc::new(Some(number.to_string()), None, None, Some(text.clone()))).collect();
        place(&mut docs, split);
        let played = play(&*global, &docs, how).unwrap();
        apply(&*global, &played.decision, &mut docs).unwrap();
        docs.iter().map(|doc| doc.text().to_owned()).collect()
    }

    /// Texts of lines that take most of their words from few sources.
    fn random(seed: u64) -> Vec<String> {
        let line = |line: u64| {
            let roll = |what: u64| roll(seed, line << 8 | what);
            let words = (0..roll(0) % 9)
                .map(|word| if roll(1 + word) % 9 == 0 { format!("w{}", roll(20 + word) % 50) } else { format!("s{}", roll(40) % 4 * 9 + word) });
            words.collect::<Vec<_>>().join(" ")
        };
        (0..1 + roll(seed, 1 << 40) % 8)
            .map(|text| (0..roll(seed, 1 << 41 | text) % 6).map(|number| line(text << 4 | number)).collect::<Vec<_>>().join("\n"))
            .collect()
    }

    fn grams(line: &str, n: usize) -> Vec<Vec<&str>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.len() <= n { vec![words] } else { words.windows(n).map(<[&str]>::to_vec).collect() }
    }

    #[test]
    fn the_lines_that_go_are_those_of_brute_force() {
        let mut changed = 0;
        for seed in 0..400 {
            let texts = random(seed);
            let (n, none, threshold) = (1 + roll(seed, 7) as usize % 4, roll(seed, 8).is_multiple_of(2), [0.0, 0.5, 0.8][roll(seed, 9) as usize % 3]);
            let mut having: BTreeMap<Vec<&str>, BTreeSet<usize>> = BTreeMap::new();
            for (number, text) in texts.iter().enumerate() {
                text.lines().filter(|line| line.split_whitespace().count() >= 2).flat_map(|line| grams(line, n)).for_each(|gram| {
                    having.entry(gram).or_default().insert(number);
                });
            }
            let stays = |number: usize, line: &str| {
                let all = grams(line, n);
                let hits = all.iter().filter(|gram| having.get(*gram).into_iter().flatten().any(|other| *other < number || none && *other != number)).count();
                line.split_whitespace().count() < 2 || hits as f64 <= threshold * all.len() as f64
            };
            let wanted: Vec<Vec<&str>> =
                texts.iter().enumerate().map(|(number, text)| text.lines().filter(|line| !line.is_empty() && stays(number, line)).collect()).collect();
            let table = format!("ngram = {n}\nmin_words = 2\nthreshold = {threshold:?}\nrate = 0.000001\nkeep = '{}'", if none { "none" } else { "first" });
            let left = run(&table, &texts, 3, CALM);
            let lines: Vec<Vec<&str>> = left.iter().map(|text| text.lines().filter(|line| !line.is_empty()).collect()).collect();
            assert_eq!(lines, wanted, "seed {seed}, {table}, {texts:?}");
            assert_eq!(run(&table, &left, 3, CALM), left, "a second pass removes nothing");
            // Neither order nor ranges nor files say anything, at a rate that errs often too.
            let table = table.replace("0.000001", "0.3");
            assert_eq!(run(&table, &texts, 3, CALM), run(&table, &texts, 1, Play { ranges: 6, seed: seed + 1, memory: 10 }));
            changed += usize::from(left != texts);
        }
        assert!(changed > 200, "{changed}");
    }

    #[test]
    fn a_passage_with_small_changes_goes_in_any_script() {
        let words = |from: usize| (from..from + 40).map(|word| format!("word{word}")).collect::<Vec<_>>().join(" ");
        let chinese: String = "这是一段在许多网页上重复出现的声明文字只有末尾几个字会有所不同其余全部一样".into();
        let texts = [format!("{}\n{chinese}甲", words(0)), format!("new\n{} changed\n{chinese}乙\nend", words(0)), words(100)];
        assert_eq!(run("", &texts, 2, CALM), [texts[0].as_str(), "new\nend", texts[2].as_str()]);
        assert_eq!(run("keep = 'none'", &texts, 2, CALM), ["", "new\nend", texts[2].as_str()]);
        assert_eq!(run("threshold = 1", &texts, 2, CALM), texts);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let global = build::<BloomFilter>("ngram = 1\nmin_words = 1\nmemory = 100").unwrap();
        let text: String = (0..200).map(|word| format!("w{word} ")).collect();
        let mut docs = [Doc::from_text(text.clone()), Doc::from_text(text + "x")];
        place(&mut docs, 2);
        let said = play(&*global, &docs, CALM).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("200 n-grams") && said.contains("give it a `memory` of 1454 bytes"), "{said}");
        assert!(global.remarks()[0].contains("million n-grams"));
        assert!(build::<BloomFilter>("rate = 0").is_err_and(|said| said.contains("rate: 0 is out of range")));
        assert!(build::<BloomFilter>("ngram = 0").is_err_and(|said| said.contains("ngram: 0 is out of range")));
    }
}
