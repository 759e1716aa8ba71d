//! A set of short texts from list files, kept as one block with a table of places: millions of domains in little more than their bytes.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use xxhash_rust::xxh3::xxh3_64;

/// Path segments of a page that are looked up, from the front: bounds the work on one URL.
const SEGMENTS: usize = 32;

/// A set of texts.
#[derive(Debug, Default)]
pub struct Listed {
    /// Every entry, each after a line feed and before one.
    text: String,
    /// Place of an entry in `text`, or 0.
    slots: Vec<u32>,
    /// A byte of each slot's hash: almost always tells another text apart without a look at it.
    marks: Vec<u8>,
    count: usize,
}

impl Listed {
    /// The set of the entries. `None` where they take more than 4 GiB.
    pub fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Option<Listed> {
        let mut text = String::from("\n");
        let mut lines = 0;
        for entry in entries {
            text.push_str(entry.as_ref());
            text.push('\n');
            lines += 1;
        }
        let size = u32::try_from(text.len()).ok()?;
        text.shrink_to_fit();
        let slots = lines + lines / 3 + 1;
        let mut set = Listed { text, slots: vec![0; slots], marks: vec![0; slots], count: 0 };
        let mut start = 1;
        while start < size {
            let entry = set.entry(start);
            let next = start + entry.len() as u32 + 1;
            if let Err((slot, mark)) = set.find(entry) {
                set.slots[slot] = start;
                set.marks[slot] = mark;
                set.count += 1;
            }
            start = next;
        }
        Some(set)
    }

    /// The entry equal to `text`, as it stands in the set.
    pub fn get(&self, text: &str) -> Option<&str> {
        if self.count == 0 {
            return None;
        }
        self.find(text).ok().map(|start| self.entry(start))
    }

    /// The entry equal to a page (`example.org/a/b?c`, see [`super::url::Url::page`]), or else to it without query, or to a path above it.
    pub fn page(&self, page: &str) -> Option<&str> {
        let path = page.split('?').next().unwrap_or_default();
        let mut above = path.match_indices('/').skip(1).take(SEGMENTS).map(|(at, _)| &path[..at]);
        self.get(page).or_else(|| self.get(path)).or_else(|| above.find_map(|above| self.get(above)))
    }

    /// Number of different entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every entry, in the order of the lists, repeated ones too.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n').filter(|entry| !entry.is_empty())
    }

    fn entry(&self, start: u32) -> &str {
        let rest = &self.text[start as usize..];
        &rest[..rest.find('\n').unwrap_or(rest.len())]
    }

    /// The place of the entry, or the free slot where it belongs with its mark. A quarter of the slots is free, so the search ends.
    fn find(&self, text: &str) -> Result<u32, (usize, u8)> {
        let (hash, size) = (xxh3_64(text.as_bytes()), self.slots.len());
        let mut slot = ((u128::from(hash) * size as u128) >> 64) as usize;
        let mark = hash as u8;
        loop {
            match self.slots[slot] {
                0 => return Err((slot, mark)),
                start if self.marks[slot] == mark && self.entry(start) == text => return Ok(start),
                _ => slot = (slot + 1) % size,
            }
        }
    }
}

/// The text of a list file, which may be compressed with gzip; bytes that are not UTF-8 are replaced.
pub fn plain(bytes: Vec<u8>) -> io::Result<String> {
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked)?;
        unpacked
    } else {
        bytes
    };
    Ok(String::from_utf8(bytes).unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned()))
}

/// The entries of a list, one a line. A `#` begins a comment where a space, another `#` or nothing follows (words may begin with one).
pub fn entries(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .map(|line| {
            let is_comment = |at: usize| {
                let before = line[..at].chars().next_back();
                let after = line[at + 1..].chars().next();
                before.is_none_or(char::is_whitespace) && after.is_none_or(|c| c == '#' || c.is_whitespace())
            };
            let end = line.match_indices('#').map(|(at, _)| at).find(|at| is_comment(*at)).unwrap_or(line.len());
            line[..end].trim()
        })
        .filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn all_entries_are_found_and_nothing_else() {
        let names: Vec<String> = (0..5_000).map(|n| format!("host{n}.example")).collect();
        let set = Listed::new(names.iter().chain(&names)).unwrap();
        assert_eq!(set.len(), 5_000);
        assert!(names.iter().all(|name| set.get(name) == Some(name)));
        assert_eq!([set.get("host1.exampl"), set.get("host1.example\n"), set.get("")], [None; 3]);
        assert_eq!(Listed::default().get("a"), None);
    }

    #[test]
    fn pages_are_covered_by_paths_above_them() {
        let set = Listed::new(["a.example/x", "b.example"]).unwrap();
        assert_eq!(set.page("a.example/x/y/z?q=/"), Some("a.example/x"));
        assert_eq!(set.page("a.example/x?q"), Some("a.example/x"));
        assert_eq!([set.page("a.example/xy"), set.page("b.example/x")], [None; 2]);
    }

    #[test]
    fn lists_hold_comments_and_words_that_look_like_them() {
        let list = "\u{feff}# a comment\nalpha\n\n  beta # why\n#gamma\n## heading\n#\ndelta#1\r\n";
        assert_eq!(entries(list).collect::<Vec<_>>(), ["alpha", "beta", "#gamma", "delta#1"]);
    }

    #[test]
    fn compressed_lists_are_read() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\nb\xff\n").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(plain(packed.clone()).unwrap(), "a\nb\u{fffd}\n");
        assert!(plain(packed[..packed.len() - 9].to_vec()).is_err());
    }
}
