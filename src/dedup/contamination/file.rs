//! An index as a file: `dataprep build-index` writes it.
//!
//! `dpindex` and the version, 2; then, little-endian: the words of a window (8 bytes), the numbers of sets, items and windows (8 each), xxh3 (64 bits)
//! of the rest; the names of the sets, each after its length (4); set and line of the items (4, 4); hash, check and item of the windows (8, 4, 4).

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::{Index, LONGEST, Window};

/// What begins such a file.
pub const MAGIC: &[u8; 8] = b"dpindex\x02";

impl Index {
    /// Writes the index.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let mut body = Vec::new();
        for set in &self.sets {
            body.extend((set.len() as u32).to_le_bytes());
            body.extend(set.as_bytes());
        }
        self.items.iter().for_each(|(set, line)| body.extend([set.to_le_bytes(), line.to_le_bytes()].concat()));
        for window in &self.windows {
            body.extend(window.hash.to_le_bytes());
            body.extend([window.check.to_le_bytes(), window.item.to_le_bytes()].concat());
        }
        out.write_all(MAGIC)?;
        for number in [self.n as u64, self.sets.len() as u64, self.items.len() as u64, self.windows.len() as u64, xxh3_64(&body)] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&body)
    }

    /// Reads an index.
    ///
    /// # Errors
    /// What cannot be read, and a file that is cut off or damaged.
    pub fn read(mut file: impl Read) -> io::Result<Index> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "an index that is cut off, damaged, or of another version");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (head, body) = bytes.split_at_checked(MAGIC.len() + 40).filter(|(head, _)| head.starts_with(MAGIC)).ok_or_else(broken)?;
        let numbers: Vec<u64> = head[MAGIC.len()..].as_chunks().0.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let &[n, sets, items, windows, digest] = numbers.as_slice() else { return Err(broken()) };
        if digest != xxh3_64(body) {
            return Err(broken());
        }
        parts(body, sets, items, windows).and_then(|(sets, items, windows)| checked(n, sets, items, windows)).ok_or_else(broken)
    }
}

type Parts = (Vec<String>, Vec<(u32, u32)>, Vec<Window>);

fn parts(mut body: &[u8], sets: u64, items: u64, windows: u64) -> Option<Parts> {
    let mut take = |len: usize| {
        let (taken, rest) = body.split_at_checked(len)?;
        body = rest;
        Some(taken)
    };
    let four = |bytes: &[u8], at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let mut names = Vec::new();
    for _ in 0..sets {
        let len = four(take(4)?, 0)?;
        names.push(String::from_utf8(take(len as usize)?.to_vec()).ok()?);
    }
    let places = take(usize::try_from(items.checked_mul(8)?).ok()?)?.as_chunks::<8>().0.iter().map(|item| Some((four(item, 0)?, four(item, 4)?)));
    let places = places.collect::<Option<_>>()?;
    let found = take(usize::try_from(windows.checked_mul(16)?).ok()?)?
        .as_chunks::<16>()
        .0
        .iter()
        .map(|window| Some(Window { hash: u64::from_le_bytes(*window.first_chunk()?), check: four(window, 8)?, item: four(window, 12)? }));
    let found = found.collect::<Option<_>>()?;
    body.is_empty().then_some((names, places, found))
}

fn checked(n: u64, sets: Vec<String>, items: Vec<(u32, u32)>, windows: Vec<Window>) -> Option<Index> {
    let sound = items.iter().all(|(set, _)| (*set as usize) < sets.len())
        && windows.iter().all(|window| (window.item as usize) < items.len())
        && windows.is_sorted_by_key(|window| window.hash);
    let n = usize::try_from(n).ok().filter(|n| (1..=LONGEST).contains(n) && sound)?;
    let mut index = Index { n, sets, items, windows, filter: Vec::new() };
    index.fill();
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::super::Builder;
    use super::*;

    fn index() -> Index {
        let mut builder = Builder::new(2, &[]);
        builder.read("a.jsonl", "\"one two three\"\n\"four five\"".as_bytes()).unwrap();
        builder.read("集.jsonl", "{\"q\": \"six seven\"}".as_bytes()).unwrap();
        builder.finish()
    }

    #[test]
    fn an_index_comes_back_as_it_was_and_joins_others() {
        let mut file = Vec::new();
        index().write(&mut file).unwrap();
        assert_eq!(Index::read(&*file).unwrap(), index());
        let mut builder = Builder::new(2, &[]);
        builder.read("b.jsonl", "\"eight nine\"".as_bytes()).unwrap();
        builder.join(index()).unwrap();
        let joined = builder.finish();
        assert_eq!((joined.items(), joined.windows(), joined.place(3)), (4, 5, ("集.jsonl", 1)));
        assert_eq!(Builder::new(3, &[]).join(index()).unwrap_err().to_string(), "the index holds windows of 2 words, where 3 are wanted");
    }

    #[test]
    fn broken_files_are_errors() {
        let mut file = Vec::new();
        index().write(&mut file).unwrap();
        assert!((0..file.len()).all(|end| Index::read(&file[..end]).is_err()));
        let (body, mut refused) = (MAGIC.len() + 40, 0);
        for at in 0..file.len() {
            let mut bytes = file.clone();
            bytes[at] ^= 0x81;
            assert!(at >= MAGIC.len() && at < MAGIC.len() + 8 || Index::read(&*bytes).is_err(), "{at}");
            let digest = xxh3_64(&bytes[body..]);
            bytes[body - 8..body].copy_from_slice(&digest.to_le_bytes());
            refused += usize::from(Index::read(&*bytes).is_err());
        }
        assert!(refused > 30, "{refused}");
    }
}
