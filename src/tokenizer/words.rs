//! Words as fixed-size keys: the table of words that are one token, and the cache of words met before.

use xxhash_rust::xxh3::xxh3_64;

/// Up to 15 bytes and their number in 128 bits; 0 is no word.
pub(super) type Key = u128;

const KEY_BYTES: usize = 15;

/// Marks keys of parts of words; lengths leave this bit free.
pub(super) const PIECE: Key = 1 << 127;

/// The key of `text[from..to]`, or `None` when the word is empty or too long.
#[inline(always)]
pub(super) fn key(text: &[u8], from: usize, to: usize) -> Option<Key> {
    let length = to.wrapping_sub(from);
    if length.wrapping_sub(1) >= KEY_BYTES {
        return None;
    }
    let bytes = match text.get(from..from + 16) {
        // One load where the text goes on long enough.
        Some(block) => u128::from_le_bytes(block.try_into().ok()?) & ((1u128 << (8 * length)) - 1),
        None => text.get(from..to)?.iter().rev().fold(0, |key, byte| key << 8 | u128::from(*byte)),
    };
    Some(bytes | (length as u128) << 120)
}

#[inline(always)]
fn hash(key: Key) -> u64 {
    let low = key as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let high = (key >> 64) as u64 ^ 0xd1b5_4a32_d192_ed03;
    let product = u128::from(low) * u128::from(high);
    product as u64 ^ (product >> 64) as u64
}

/// Words of a vocabulary and their ids; open addressing, read only once built.
pub(super) struct WordTable {
    keys: Vec<Key>,
    ids: Vec<u32>,
    mask: usize,
    /// Words longer than a key, by hash, the words themselves beside them.
    long: Vec<Vec<(Box<[u8]>, u32)>>,
}

impl WordTable {
    pub fn new<'a>(words: impl Iterator<Item = (&'a [u8], u32)> + Clone) -> WordTable {
        let count = words.clone().count();
        let slots = (count * 2).next_power_of_two().max(16);
        let mut table =
            WordTable { keys: vec![0; slots], ids: vec![0; slots], mask: slots - 1, long: vec![Vec::new(); (count / 4).next_power_of_two().max(16)] };
        for (word, id) in words {
            match key(word, 0, word.len()) {
                Some(key) => {
                    let slot = table.slot(key);
                    (table.keys[slot], table.ids[slot]) = (key, id);
                }
                None if word.is_empty() => {}
                None => {
                    let slot = table.long_slot(word);
                    table.long[slot].push((word.into(), id));
                }
            }
        }
        table
    }

    #[inline(always)]
    pub fn get(&self, key: Key) -> Option<u32> {
        let slot = self.slot(key);
        (self.keys[slot] == key).then(|| self.ids[slot])
    }

    pub fn get_long(&self, word: &[u8]) -> Option<u32> {
        let found = self.long[self.long_slot(word)].iter().find(|(long, _)| **long == *word);
        found.map(|(_, id)| *id)
    }

    /// The slot that holds the key or the empty one where it belongs; half of all slots are empty.
    #[inline(always)]
    fn slot(&self, key: Key) -> usize {
        let mut slot = hash(key) as usize & self.mask;
        while self.keys[slot] != key && self.keys[slot] != 0 {
            slot = (slot + 1) & self.mask;
        }
        slot
    }

    fn long_slot(&self, word: &[u8]) -> usize {
        xxh3_64(word) as usize & (self.long.len() - 1)
    }
}

/// Ids of words met before, one word a line, the latest stays. It changes the time, never the ids.
pub(super) struct WordCache {
    lines: Vec<Line>,
    /// The ids of words that have more than a line holds.
    more: Vec<[u32; KEY_BYTES]>,
}

const LINES: usize = 1 << 17;
const LINE_IDS: usize = 3;

/// The ids of a word and their number, which is the last of the four, so that all can be copied at once.
#[derive(Clone, Copy)]
struct Line {
    key: Key,
    ids: [u32; LINE_IDS + 1],
}

impl WordCache {
    pub fn new() -> WordCache {
        // Zeros that nobody has written take no memory.
        WordCache { lines: vec![Line { key: 0, ids: [0; LINE_IDS + 1] }; LINES], more: vec![[0; KEY_BYTES]; LINES] }
    }

    pub fn clear(&mut self) {
        self.lines.iter_mut().for_each(|line| line.key = 0);
    }

    /// The line of a word, which is fetched, without waiting for it.
    #[inline(always)]
    pub fn fetch(&self, key: Key) -> usize {
        let at = Self::line(key);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch reads nothing that could fault; every x86-64 processor has it.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(&self.lines[at]).cast());
        }
        at
    }

    #[inline(always)]
    fn line(key: Key) -> usize {
        hash(key) as usize & (LINES - 1)
    }

    /// Appends the ids of a word that is in the cache.
    #[inline(always)]
    pub fn get(&self, key: Key, out: &mut Vec<u32>) -> bool {
        self.get_at(Self::line(key), key, out)
    }

    /// The same, where its line is known.
    #[inline(always)]
    pub fn get_at(&self, at: usize, key: Key, out: &mut Vec<u32>) -> bool {
        let line = &self.lines[at];
        if line.key != key {
            return false;
        }
        let (length, count) = (out.len(), line.ids[LINE_IDS] as usize);
        if count <= LINE_IDS {
            out.extend_from_slice(&line.ids);
            out.truncate(length + count);
        } else {
            out.extend_from_slice(&self.more[at][..count.min(KEY_BYTES)]);
        }
        true
    }

    /// Remembers a word; it has no more ids than bytes.
    #[inline(always)]
    pub fn put(&mut self, key: Key, ids: &[u32]) {
        let (at, count) = (Self::line(key), ids.len());
        if count > KEY_BYTES {
            return;
        }
        let line = &mut self.lines[at];
        let to = if count > LINE_IDS { &mut self.more[at][..] } else { &mut line.ids[..] };
        to[..count].copy_from_slice(ids);
        (line.key, line.ids[LINE_IDS]) = (key, count as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_depend_on_what_follows() {
        let text = b"hello world, this is a longer text";
        assert_eq!(key(text, 0, 5), key(b"hello", 0, 5));
        assert_eq!(key(text, 12, 27), key(&text[12..27], 0, 15));
        assert_ne!(key(b"a\0", 0, 2), key(b"a", 0, 1));
        assert_eq!(key(text, 0, 16), None);
        assert_eq!(key(text, 3, 3), None);
        assert_eq!(key(text, 30, 99), None);
    }

    #[test]
    fn tables_hold_short_and_long_words() {
        let words: Vec<String> = (0..500).map(|i| "w".repeat(i % 40) + &i.to_string()).collect();
        let table = WordTable::new(words.iter().enumerate().map(|(i, word)| (word.as_bytes(), i as u32)));
        for (i, word) in words.iter().enumerate() {
            let found = match key(word.as_bytes(), 0, word.len()) {
                Some(key) => table.get(key),
                None => table.get_long(word.as_bytes()),
            };
            assert_eq!(found, Some(i as u32), "{word}");
        }
        assert_eq!(table.get(key(b"absent", 0, 6).unwrap()), None);
        assert_eq!(table.get_long(b"a word that is not there"), None);
    }

    #[test]
    fn the_cache_gives_back_what_it_was_given() {
        let mut cache = WordCache::new();
        let word = |word: &str| key(word.as_bytes(), 0, word.len()).unwrap();
        let mut out = vec![9];
        assert!(!cache.get(word("word"), &mut out));
        cache.put(word("word"), &[1, 2]);
        cache.put(word("words"), &[3, 4, 5, 6]);
        assert!(cache.get(word("word"), &mut out) && cache.get_at(cache.fetch(word("words")), word("words"), &mut out));
        assert_eq!(out, [9, 1, 2, 3, 4, 5, 6]);
        cache.put(word("no word"), &[7; 16]);
        assert!(!cache.get(word("no word"), &mut out), "a word has no more ids than bytes");
        cache.clear();
        assert!(!cache.get(word("word"), &mut out));
    }
}
