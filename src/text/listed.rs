//! A set of short texts from list files: millions of domains in half their bytes, and an answer in a few dozen nanoseconds.
//!
//! The texts are front-coded in groups: each says how many bytes it shares with the one before it, and what follows them. A table of places,
//! open-addressed by hash, leads to them; some bits of the hash in each slot spare most looks. Every answer is checked against the text itself.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use xxhash_rust::xxh3::xxh3_64;

mod prebuilt;

/// Path segments of a page that are looked up, from the front: bounds the work on one URL.
const SEGMENTS: usize = 32;

/// Texts that are coded one after the other; the first of a group shares nothing.
const GROUP: usize = 8;

/// A set of texts.
#[derive(Debug, Default)]
pub struct Listed {
    texts: Coded,
    /// A Bloom filter of a byte a text, whose bits for one text lie in one word: most texts that are not in the set are told from it here, in
    /// memory small enough for a cache.
    filter: Vec<u64>,
    /// Number of a text, counted from 1, and above its bits some of the text's hash; 0 in a free slot. A quarter of the slots is free, so
    /// every search ends.
    slots: Vec<u32>,
    /// Bits of a slot that hold a number.
    number_bits: u32,
    count: usize,
}

/// Texts in their order, front-coded.
#[derive(Debug, Default)]
struct Coded {
    /// Of each text: bytes shared with the one before, length of the rest (both LEB128), the rest.
    bytes: Vec<u8>,
    /// Where each group begins.
    groups: Vec<u32>,
    len: usize,
}

/// How the entries of a list are kept.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What a prebuilt list calls it; at most 16 bytes.
    pub name: &'static str,
    /// The form of an entry.
    pub of: fn(&str) -> Cow<'_, str>,
}

/// A set in the making.
#[derive(Default)]
pub struct Builder {
    /// A prebuilt set, as long as it is all there is.
    whole: Option<Listed>,
    texts: Coded,
    last: Vec<u8>,
}

impl Builder {
    /// Adds a text. Sorted texts take least memory.
    pub fn push(&mut self, text: &str) {
        if let Some(whole) = self.whole.take() {
            whole.iter().for_each(|text| self.add(&text));
        }
        self.add(text.as_bytes());
    }

    fn add(&mut self, text: &[u8]) {
        let shared = if self.texts.len.is_multiple_of(GROUP) {
            // Places over 4 GiB are cut off here and refused by `finish`.
            self.texts.groups.push(self.texts.bytes.len() as u32);
            0
        } else {
            common(&self.last, text)
        };
        let rest = &text[shared..];
        put(&mut self.texts.bytes, shared);
        put(&mut self.texts.bytes, rest.len());
        self.texts.bytes.extend_from_slice(rest);
        self.texts.len += 1;
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
    }

    /// Adds the entries of a list file: text in the form that `form` gives it (bytes that are not UTF-8 are replaced), plain or gzip, or a prebuilt list of
    /// that form.
    pub fn read(&mut self, file: impl Read, form: Form) -> io::Result<()> {
        let mut file = unpacked(file)?;
        // A reader of gzip fills its buffer by pieces, the first of which may be shorter than the mark.
        let mut start = Vec::new();
        file.by_ref().take(prebuilt::MAGIC.len() as u64).read_to_end(&mut start)?;
        let whole = io::Cursor::new(start.clone()).chain(file);
        if start != prebuilt::MAGIC {
            return self.lines(whole, form.of);
        }
        let set = Listed::read(whole, form.name)?;
        if self.texts.len == 0 && self.whole.is_none() {
            self.whole = Some(set);
        } else {
            set.iter().for_each(|text| self.push(&String::from_utf8_lossy(&text)));
        }
        Ok(())
    }

    fn lines(&mut self, mut lines: impl BufRead, form: fn(&str) -> Cow<'_, str>) -> io::Result<()> {
        let mut line = Vec::new();
        let mut first = true;
        while lines.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            let text = if first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
            if let Some(entry) = entry(text) {
                self.push(&form(entry));
            }
            (first, _) = (false, line.clear());
        }
        Ok(())
    }

    /// The set. `None` where it takes more than 4 GiB.
    pub fn finish(self) -> Option<Listed> {
        if self.whole.is_some() {
            return self.whole;
        }
        let mut texts = self.texts;
        u32::try_from(texts.bytes.len()).ok()?;
        let slots = texts.len + texts.len / 3 + 1;
        let number_bits = number_bits(texts.len)?;
        texts.bytes.shrink_to_fit();
        texts.groups.shrink_to_fit();
        let filter = vec![0; texts.len / 8 + 1];
        let mut set = Listed { texts, filter, slots: vec![0; slots], number_bits, count: 0 };
        let (mut at, mut text) = (0, Vec::new());
        for number in 0..set.texts.len {
            at = set.texts.next(at, &mut text);
            let hash = xxh3_64(&text);
            if let Err((slot, mark)) = set.find(&text, hash) {
                let (word, bits) = set.bits(hash);
                set.filter[word] |= bits;
                set.slots[slot] = mark | (number as u32 + 1);
                set.count += 1;
            }
        }
        Some(set)
    }
}

impl Listed {
    /// The set of the entries. `None` where they take more than 4 GiB.
    pub fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Option<Listed> {
        let mut builder = Builder::default();
        entries.into_iter().for_each(|entry| builder.push(entry.as_ref()));
        builder.finish()
    }

    /// The text itself where it is in the set.
    pub fn get<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.count == 0 {
            return None;
        }
        let hash = xxh3_64(text.as_bytes());
        let (word, bits) = self.bits(hash);
        (self.filter[word] & bits == bits && self.find(text.as_bytes(), hash).is_ok()).then_some(text)
    }

    /// The part of a page (`example.org/a/b?c`, see [`super::url::Url::page`]) that is in the set: all of it, it without query, or a path above it.
    pub fn page<'t>(&self, page: &'t str) -> Option<&'t str> {
        let path = page.split('?').next().unwrap_or_default();
        let mut above = path.match_indices('/').skip(1).take(SEGMENTS).map(|(at, _)| &path[..at]);
        self.get(page).or_else(|| self.get(path)).or_else(|| above.find_map(|above| self.get(above)))
    }

    /// Number of different texts.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every text, in the order of the lists, repeated ones too.
    pub fn iter(&self) -> impl Iterator<Item = Vec<u8>> {
        let (mut at, mut text) = (0, Vec::new());
        (0..self.texts.len).map(move |_| {
            at = self.texts.next(at, &mut text);
            text.clone()
        })
    }

    /// The word of the filter for a hash, and the three bits in it.
    fn bits(&self, hash: u64) -> (usize, u64) {
        (place(hash, self.filter.len()), 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
    }

    /// The slot of the text, or the free slot where it belongs with its mark.
    fn find(&self, text: &[u8], hash: u64) -> Result<usize, (usize, u32)> {
        let size = self.slots.len();
        let mut slot = place(hash, size);
        let numbers = ((1u64 << self.number_bits) - 1) as u32;
        let mark = hash as u32 & !numbers;
        loop {
            match self.slots[slot] {
                0 => return Err((slot, mark)),
                held if held & !numbers == mark && self.texts.is((held & numbers) as usize - 1, text) => return Ok(slot),
                _ => slot = (slot + 1) % size,
            }
        }
    }
}

impl Coded {
    /// Reads the text at `at` into `text`, which holds the one before it, and gives the place behind it.
    fn next(&self, at: usize, text: &mut Vec<u8>) -> usize {
        let (shared, rest, end) = self.part(at);
        text.truncate(shared);
        text.extend_from_slice(rest);
        end
    }

    /// Whether the text of this number is `text`.
    fn is(&self, number: usize, text: &[u8]) -> bool {
        let mut at = self.groups[number / GROUP] as usize;
        // Bytes that the text last read has in common with `text`, and its length.
        let (mut same, mut len) = (0, 0);
        for _ in 0..=number % GROUP {
            let (shared, rest, end) = self.part(at);
            if shared <= same {
                same = shared + common(rest, &text[shared..]);
            }
            (len, at) = (shared + rest.len(), end);
        }
        same == text.len() && len == text.len()
    }

    fn part(&self, at: usize) -> (usize, &[u8], usize) {
        let (shared, at) = take(&self.bytes, at);
        let (len, at) = take(&self.bytes, at);
        (shared, &self.bytes[at..at + len], at + len)
    }
}

/// Where a hash falls among `size` places.
fn place(hash: u64, size: usize) -> usize {
    ((u128::from(hash) * size as u128) >> 64) as usize
}

/// Bits that hold the numbers 0 to `len`. `None` where a slot has not so many.
fn number_bits(len: usize) -> Option<u32> {
    Some(len.checked_add(1)?.checked_next_power_of_two()?.ilog2()).filter(|bits| *bits <= u32::BITS)
}

/// What a file holds, plain, gzip or zstd.
pub fn unpacked<'f>(file: impl Read + 'f) -> io::Result<Box<dyn BufRead + 'f>> {
    let mut packed = BufReader::with_capacity(1 << 18, file);
    if packed.fill_buf()?.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(BufReader::with_capacity(1 << 18, zstd::Decoder::with_buffer(packed)?)));
    }
    Ok(if packed.fill_buf()?.starts_with(&[0x1f, 0x8b]) { Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(packed))) } else { Box::new(packed) })
}

/// Length of the common beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn put(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[at];
        at += 1;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return (number, at);
        }
        shift += 7;
    }
}

/// The entry on a line of a list, if any. A `#` begins a comment at the start of a line, and behind a space where a space or nothing follows.
fn entry(line: &str) -> Option<&str> {
    let is_comment = |at: usize| {
        let (before, after) = (line[..at].trim_end(), line[at + 1..].chars().next());
        before.is_empty() || before.len() < at && after.is_none_or(char::is_whitespace)
    };
    // Most lines have no comment.
    let end = if line.contains('#') { line.match_indices('#').map(|(at, _)| at).find(|at| is_comment(*at)) } else { None };
    Some(line[..end.unwrap_or(line.len())].trim()).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn all_entries_are_found_and_nothing_else() {
        let names: Vec<String> = (0..5_000).map(|n| format!("host{n}.example")).chain([String::new(), "长".repeat(300), "x".repeat(70_000)]).collect();
        let set = Listed::new(names.iter().chain(&names)).unwrap();
        assert_eq!((set.len(), set.iter().count()), (5_003, 10_006));
        assert!(names.iter().all(|name| set.get(name) == Some(name)));
        assert!(set.iter().zip(&names).all(|(text, name)| text == name.as_bytes()));
        for other in ["host1.exampl", "host1.example\n", "host5000.example", "ost1.example"] {
            assert_eq!(set.get(other), None);
        }
        assert_eq!(Listed::default().get("a"), None);
    }

    #[test]
    fn pages_are_covered_by_paths_above_them() {
        let set = Listed::new(["a.example/x", "b.example"]).unwrap();
        assert_eq!(set.page("a.example/x/y/z?q=/"), Some("a.example/x"));
        assert_eq!(set.page("a.example/x?q"), Some("a.example/x"));
        assert_eq!([set.page("a.example/xy"), set.page("b.example/x")], [None; 2]);
    }

    const LOWER: Form = Form { name: "lower", of: |entry| Cow::Owned(entry.to_lowercase()) };

    fn read(file: &[u8]) -> io::Result<Vec<String>> {
        let mut builder = Builder::default();
        builder.read(file, LOWER)?;
        Ok(builder.finish().unwrap().iter().map(|text| String::from_utf8(text).unwrap()).collect())
    }

    #[test]
    fn lists_hold_comments() {
        let list = "\u{feff}# a comment\nAlpha\n\n  beta # why\n#gamma\n  #\nC #1\ndelta#1\r\n";
        assert_eq!(read(list.as_bytes()).unwrap(), ["alpha", "beta", "c #1", "delta#1"]);
    }

    #[test]
    fn compressed_lists_are_read() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\nb\xff\n").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(read(&packed).unwrap(), ["a", "b\u{fffd}"]);
        assert!(read(&packed[..packed.len() - 9]).is_err());
    }

    #[test]
    fn prebuilt_lists_stand_alone_or_among_others() {
        let mut prebuilt = Vec::new();
        Listed::new(["b", "a"]).unwrap().write(LOWER.name, &mut prebuilt).unwrap();
        assert_eq!(read(&prebuilt).unwrap(), ["b", "a"]);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&prebuilt).unwrap();
        for files in [[&prebuilt[..], b"C"], [b"C", &packed.finish().unwrap()]] {
            let mut builder = Builder::default();
            files.iter().for_each(|file| builder.read(*file, LOWER).unwrap());
            let set = builder.finish().unwrap();
            assert_eq!((set.len(), ["a", "b", "c", "C"].map(|text| set.get(text).is_some())), (3, [true, true, true, false]));
        }
    }
}
