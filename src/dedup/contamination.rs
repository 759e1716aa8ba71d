//! Items of evaluation sets in texts: n-grams of words that both hold.
//!
//! Words are those of [`super::words`]. A window is `n` words; where most of these are characters of a script without spaces, it is twice as many,
//! since about two characters make a word there. Each window of an item stands in the index under a 64-bit rolling hash and 32 bits of another
//! hash: among a trillion windows of texts, with ten million in the index, one is taken for another once in two hundred runs or less.

use std::io::{self, BufRead, Read as _};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::mix;
use super::words::each_word;

mod file;

pub use file::MAGIC;

/// Most words of a window: no item is found by more, and the work on a text stays in proportion to it.
pub const LONGEST: usize = 1000;

const BASE: u64 = 0x9fb2_1c65_1e98_df25;

/// Windows of items, and where these come from.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    n: usize,
    /// Names of the sets.
    sets: Vec<String>,
    /// Set and line (from 1) of each item.
    items: Vec<(u32, u32)>,
    /// The windows, ascending by hash, each once.
    windows: Vec<Window>,
    /// A Bloom filter of two bytes a window.
    filter: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    hash: u64,
    check: u32,
    item: u32,
}

/// An index in the making.
#[derive(Default)]
pub struct Builder {
    index: Index,
    words: Words,
    /// Items that are too short for a window.
    short: usize,
    /// Fields that were asked for, and whether any item had them.
    fields: Vec<(String, bool)>,
}

/// A window of a text that an item holds too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Number of its first word in the text.
    pub at: usize,
    /// Its words.
    pub len: usize,
    /// The item, for [`Index::place`].
    pub item: u32,
}

/// Words of one text after another; memory is used again.
#[derive(Default)]
pub struct Words {
    hashes: Vec<u64>,
    /// How many of the words before each are characters.
    solos: Vec<u32>,
    /// Polynomial of the words before each.
    sums: Vec<u64>,
}

impl Words {
    fn read(&mut self, text: &str) {
        let Words { hashes, solos, sums } = self;
        hashes.clear();
        solos.clear();
        sums.clear();
        let (mut solo, mut sum) = (0, 0u64);
        each_word(text, |hash, is_solo| {
            hashes.push(hash);
            solos.push(solo);
            sums.push(sum);
            solo += u32::from(is_solo);
            sum = sum.wrapping_mul(BASE).wrapping_add(hash);
        });
        solos.push(solo);
        sums.push(sum);
    }

    /// Place, length and hash of every window of `n` words, or twice as many characters.
    fn windows(&self, n: usize) -> impl Iterator<Item = (usize, usize, u64)> {
        let power = |n: usize| (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
        let (short, long) = ((n, power(n)), (2 * n, power(2 * n)));
        (0..(self.hashes.len() + 1).saturating_sub(n)).filter_map(move |at| {
            let solos = self.solos[at + n] - self.solos[at];
            let (len, power) = if 2 * solos as usize > n { long } else { short };
            let end = self.sums.get(at + len)?;
            Some((at, len, mix(end.wrapping_sub(self.sums[at].wrapping_mul(power)))))
        })
    }

    /// The second hash of a window.
    fn check(&self, at: usize, len: usize) -> u32 {
        self.hashes[at..at + len].iter().fold(0u64, |sum, word| xxh3_64(&(sum ^ word).to_le_bytes())) as u32
    }
}

impl Builder {
    /// An index of windows of `n` words, 1 to [`LONGEST`], over these fields of the items; over all their texts where none is named.
    pub fn new(n: usize, fields: &[String]) -> Builder {
        let fields = fields.iter().map(|field| (field.clone(), false)).collect();
        Builder { index: Index { n: n.clamp(1, LONGEST), ..Index::default() }, fields, ..Builder::default() }
    }

    /// Adds the items of a set, one JSON object or string a line.
    ///
    /// # Errors
    /// What cannot be read, and a line that is not JSON, with its number.
    pub fn read(&mut self, set: &str, items: impl BufRead) -> io::Result<()> {
        let number = self.set(set);
        for (line, item) in items.lines().enumerate() {
            let item = item?;
            if item.trim().is_empty() {
                continue;
            }
            let value: Value =
                serde_json::from_str(&item).map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {cause}", line + 1)))?;
            let mut text = String::new();
            match &value {
                Value::Object(object) if !self.fields.is_empty() => {
                    for (field, known) in &mut self.fields {
                        if let Some(value) = object.get(field) {
                            *known = true;
                            strings(value, &mut text);
                        }
                    }
                }
                value => strings(value, &mut text),
            }
            self.add(number, line as u32 + 1, &text);
        }
        Ok(())
    }

    /// Adds the items of a set, as [`Builder::read`] does, or all that an index holds, told by how the file begins.
    ///
    /// # Errors
    /// As those of [`Builder::read`] and [`Builder::join`].
    pub fn take(&mut self, name: &str, mut file: impl BufRead) -> io::Result<()> {
        let mut start = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start)?;
        let index = start == MAGIC;
        let whole = io::Cursor::new(start).chain(file);
        if index { Index::read(whole).and_then(|index| self.join(index)) } else { self.read(name, whole) }
    }

    /// Adds all that another index holds.
    ///
    /// # Errors
    /// Where its windows have another length.
    pub fn join(&mut self, other: Index) -> io::Result<()> {
        if other.n != self.index.n {
            let message = format!("the index holds windows of {} words, where {} are wanted", other.n, self.index.n);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let sets: Vec<u32> = other.sets.iter().map(|set| self.set(set)).collect();
        let first = self.index.items.len() as u32;
        self.index.items.extend(other.items.iter().map(|(set, line)| (sets[*set as usize], *line)));
        self.index.windows.extend(other.windows.iter().map(|window| Window { item: first + window.item, ..*window }));
        Ok(())
    }

    fn set(&mut self, name: &str) -> u32 {
        self.index.sets.push(name.to_owned());
        self.index.sets.len() as u32 - 1
    }

    fn add(&mut self, set: u32, line: u32, text: &str) {
        self.words.read(text);
        let item = self.index.items.len() as u32;
        let before = self.index.windows.len();
        let words = &self.words;
        let windows = words.windows(self.index.n).map(|(at, len, hash)| Window { hash, check: words.check(at, len), item });
        self.index.windows.extend(windows);
        if self.index.windows.len() == before {
            self.short += 1;
        } else {
            self.index.items.push((set, line));
        }
    }

    /// Items that are too short to be found.
    pub fn short(&self) -> usize {
        self.short
    }

    /// The first field that was asked for and that no item had.
    pub fn unknown_field(&self) -> Option<&str> {
        self.fields.iter().find(|(_, known)| !known).map(|(field, _)| field.as_str())
    }

    /// The index.
    pub fn finish(self) -> Index {
        let mut index = self.index;
        index.windows.sort_unstable();
        // The first item that holds a window speaks for it.
        index.windows.dedup_by_key(|window| (window.hash, window.check));
        index.windows.shrink_to_fit();
        index.fill();
        index
    }
}

/// Appends every text in a value, a line each.
fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, out)),
        Value::Object(values) => values.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

impl Index {
    /// Words of a window.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of items with a window.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// Number of different windows.
    pub fn windows(&self) -> usize {
        self.windows.len()
    }

    /// The set and the line of an item.
    pub fn place(&self, item: u32) -> (&str, u32) {
        self.items.get(item as usize).map_or(("", 0), |(set, line)| (self.sets[*set as usize].as_str(), *line))
    }

    /// Every window of the text that an item holds, in text order.
    pub fn find(&self, text: &str, words: &mut Words, hits: &mut Vec<Hit>) {
        hits.clear();
        words.read(text);
        hits.extend(words.windows(self.n).filter_map(|(at, len, hash)| {
            let (word, bits) = self.bits(hash);
            if self.filter.get(word)? & bits != bits {
                return None;
            }
            let first = self.windows.partition_point(|window| window.hash < hash);
            let mut same = self.windows[first..].iter().take_while(|window| window.hash == hash).peekable();
            same.peek()?;
            let check = words.check(at, len);
            same.find(|window| window.check == check).map(|window| Hit { at, len, item: window.item })
        }));
    }

    fn fill(&mut self) {
        self.filter = vec![0; self.windows.len().div_ceil(4)];
        for at in 0..self.windows.len() {
            let (word, bits) = self.bits(self.windows[at].hash);
            self.filter[word] |= bits;
        }
    }

    /// The word of the filter for a hash, and three bits in it.
    fn bits(&self, hash: u64) -> (usize, u64) {
        let word = ((u128::from(hash) * self.filter.len() as u128) >> 64) as usize;
        (word, 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
    }
}

/// The text without the lines that a hit touches, and the first of those.
pub fn cut_lines<'t>(text: &'t str, hits: &[Hit]) -> (String, &'t str) {
    let (mut kept, mut first) = (String::with_capacity(text.len()), None);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let mut end = at;
        each_word(line, |_, _| end += 1);
        if hits.iter().any(|hit| hit.at < end && at < hit.at + hit.len) {
            first = first.or(Some(line));
        } else {
            kept.push_str(line);
        }
        at = end;
    }
    (kept, first.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: &str = "{\"question\": \"Which of the seven mills by the river was sold on a Monday?\", \"choices\": [\"the old one\", \"none\"], \"id\": 7}\n\n\
        {\"question\": \"too short\"}\n\"水车磨坊是在哪一年的哪一个星期一被卖给了河边的农夫的\"\n";

    fn index(n: usize, fields: &[&str]) -> Builder {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut builder = Builder::new(n, &fields);
        builder.read("mills.jsonl", ITEMS.as_bytes()).unwrap();
        builder
    }

    fn found(index: &Index, text: &str) -> Vec<(usize, usize, u32)> {
        let mut hits = Vec::new();
        index.find(text, &mut Words::default(), &mut hits);
        hits.iter().map(|hit| (hit.at, hit.len, index.place(hit.item).1)).collect()
    }

    #[test]
    fn windows_of_items_are_found_whatever_stands_around_them() {
        let builder = index(6, &[]);
        assert_eq!(builder.short(), 1);
        let index = builder.finish();
        assert_eq!((index.items(), index.sets.as_slice()), (2, &["mills.jsonl".to_owned()][..]));
        assert_eq!(found(&index, "They asked: which OF the seven\nmills, by a hill"), [(2, 6, 1)]);
        assert_eq!(found(&index, "sold on a Monday the old stone"), [(0, 6, 1)], "fields are read on");
        assert_eq!(found(&index, "Which of the seven mills in the river was sold"), []);
        // Twelve characters stand for six words.
        assert_eq!(found(&index, "我问:磨坊是在哪一年的哪一个星?"), [(2, 12, 4)]);
        assert_eq!(found(&index, "磨坊是在哪一年的哪一"), []);
    }

    #[test]
    fn fields_can_be_chosen() {
        let index = index(3, &["choices"]);
        assert_eq!(index.unknown_field(), None);
        let index = index.finish();
        assert_eq!((found(&index, "it was the old one"), found(&index, "which of the seven")), (vec![(2, 3, 1)], vec![]));
        let mut other = Builder::new(3, &["answer".to_owned()]);
        other.read("x", ITEMS.as_bytes()).unwrap();
        assert_eq!(other.unknown_field(), Some("answer"));
        assert!(Builder::new(3, &[]).read("x", "{}\n{\"a\"".as_bytes()).unwrap_err().to_string().starts_with("line 2"));
    }

    #[test]
    fn every_window_of_every_item_is_found_and_no_other() {
        let mut state = 1u64;
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ["a", "b", "c", "中", "文"][(state >> 33) as usize % 5]
        };
        let items: Vec<Vec<&str>> = (0..30).map(|_| (0..14).map(|_| word()).collect()).collect();
        let mut builder = Builder::new(5, &[]);
        builder.set("random");
        items.iter().for_each(|item| builder.add(0, 1, &item.join(" ")));
        let index = builder.finish();
        let text: Vec<&str> = (0..3000).map(|_| word()).collect();
        let width = |words: &[&str]| if 2 * words[..5].iter().filter(|word| !word.is_ascii()).count() > 5 { 10 } else { 5 };
        let windows = |text: &[&'static str]| -> Vec<(usize, Vec<&'static str>)> {
            (0..=text.len() - 5).filter_map(|at| Some((at, text.get(at..at + width(&text[at..]))?.to_vec()))).collect()
        };
        let held: std::collections::HashSet<Vec<&str>> = items.iter().flat_map(|item| windows(item)).map(|(_, window)| window).collect();
        let wanted: Vec<usize> = windows(&text).into_iter().filter(|(_, window)| held.contains(window)).map(|(at, _)| at).collect();
        let hits: Vec<usize> = found(&index, &text.join(" ")).iter().map(|hit| hit.0).collect();
        assert!(hits == wanted && wanted.len() > 100, "{} {}", hits.len(), wanted.len());
    }

    #[test]
    fn lines_that_a_hit_touches_are_cut() {
        let text = "one two\nthree four\n五六。\nseven";
        let hit = |at, len| Hit { at, len, item: 0 };
        assert_eq!(cut_lines(text, &[hit(3, 2)]), ("one two\nseven".to_owned(), "three four\n"));
        assert_eq!(cut_lines(text, &[hit(6, 1)]), ("one two\nthree four\n五六。\n".to_owned(), "seven"));
        assert_eq!(cut_lines(text, &[]), (text.to_owned(), ""));
    }
}
