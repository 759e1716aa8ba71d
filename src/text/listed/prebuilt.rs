//! A set as one file, which loads without being built: `dataprep build-list` writes it.
//!
//! | bytes | what they are |
//! |---|---|
//! | 8 | `dprlist` and the version, 1 |
//! | 16 | name of the form of the texts, filled up with zeros |
//! | 8, 8, 8 | number of texts, bytes of the coded texts, number of slots |
//! | 8 | xxh3 (64 bits) of all that follows |
//! | ... | the filter, 8 bytes for 8 texts and 8 more; the slots, 4 bytes each; the coded texts |
//!
//! Numbers are little-endian. Everything is checked when the file is read, so that a broken one is an error and no wrong answer.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::{Coded, GROUP, Listed, number_bits};

/// What begins such a file.
pub const MAGIC: &[u8; 8] = b"dprlist\x01";

const NAME: usize = 16;

impl Listed {
    /// Writes the set; `form` names the form of its texts, in at most 16 bytes.
    pub fn write(&self, form: &str, mut out: impl Write) -> io::Result<()> {
        let mut name = [0; NAME];
        name.get_mut(..form.len()).ok_or_else(|| broken("the name of the form is too long"))?.copy_from_slice(form.as_bytes());
        let mut body: Vec<u8> = self.filter.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend(self.slots.iter().flat_map(|slot| slot.to_le_bytes()));
        body.extend(&self.texts.bytes);
        out.write_all(MAGIC)?;
        out.write_all(&name)?;
        for number in [self.texts.len as u64, self.texts.bytes.len() as u64, self.slots.len() as u64, xxh3_64(&body)] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&body)
    }

    /// Reads a set whose texts have the form `form`.
    pub(super) fn read(mut file: impl Read, form: &str) -> io::Result<Listed> {
        let mut head = [0; MAGIC.len() + NAME + 32];
        file.read_exact(&mut head)
            .map_err(|error| if error.kind() == io::ErrorKind::UnexpectedEof { broken("a list that is cut off or damaged") } else { error })?;
        let (magic, head) = head.split_at(MAGIC.len());
        let (name, numbers) = head.split_at(NAME);
        if magic != MAGIC {
            return Err(broken("not a list of this version"));
        }
        let name = String::from_utf8_lossy(name);
        let name = name.trim_end_matches('\0');
        if name != form {
            return Err(broken(&format!("a list of the form `{name}`, where `{form}` is wanted")));
        }
        let (numbers, _) = numbers.as_chunks::<8>();
        let [len, coded, slots, digest] = [0, 1, 2, 3].map(|at| u64::from_le_bytes(numbers[at]));
        let filter = len / 8 + 1;
        let slots = slots.checked_mul(4).and_then(|slots| slots.checked_add(8 * filter));
        let size = slots.and_then(|slots| slots.checked_add(coded)).filter(|_| coded <= u64::from(u32::MAX));
        let mut bytes = Vec::new();
        // What the file promises is not taken for its length.
        file.read_to_end(&mut bytes)?;
        if size != Some(bytes.len() as u64) || xxh3_64(&bytes) != digest {
            return Err(broken("a list that is cut off or damaged"));
        }
        let (rest, coded) = bytes.split_at(bytes.len() - coded as usize);
        let (filter, slots) = rest.split_at(8 * filter as usize);
        let filter = filter.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let slots = slots.as_chunks().0.iter().map(|slot| u32::from_le_bytes(*slot)).collect();
        Listed::checked(coded.to_vec(), len as usize, filter, slots).ok_or_else(|| broken("a list whose parts contradict each other"))
    }

    /// The set of these parts, if every text and every slot is sound.
    fn checked(bytes: Vec<u8>, len: usize, filter: Vec<u64>, slots: Vec<u32>) -> Option<Listed> {
        let mut groups = Vec::with_capacity(bytes.len().min(len) / GROUP + 1);
        let (mut at, mut last) = (0, 0);
        for number in 0..len {
            let first = number.is_multiple_of(GROUP);
            if first {
                groups.push(at as u32);
            }
            let (shared, after) = checked_take(&bytes, at)?;
            let (rest, after) = checked_take(&bytes, after)?;
            let known = if first { 0 } else { last };
            at = after.checked_add(rest).filter(|end| *end <= bytes.len() && shared <= known)?;
            last = shared + rest;
        }
        let number_bits = number_bits(len)?;
        let numbers = ((1u64 << number_bits) - 1) as u32;
        let count = slots.iter().filter(|slot| **slot != 0).count();
        let sound = slots.iter().all(|slot| *slot == 0 || (1..=len).contains(&((slot & numbers) as usize)));
        let set = Listed { texts: Coded { bytes, groups, len }, filter, slots, number_bits, count };
        // A search ends at a free slot.
        (at == set.texts.bytes.len() && sound && count < set.slots.len()).then_some(set)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A number of at most 32 bits, as [`super::take`] reads it, if it stands there.
fn checked_take(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = *bytes.get(at).filter(|_| shift < 35)?;
        at += 1;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((number, at));
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (Vec<String>, Vec<u8>) {
        let names: Vec<String> = (0..100).map(|n| format!("host{n}.例.example")).chain(["x".repeat(300), String::new()]).collect();
        let mut file = Vec::new();
        Listed::new(&names).unwrap().write("host", &mut file).unwrap();
        (names, file)
    }

    #[test]
    fn a_set_comes_back_as_it_was() {
        let (names, file) = file();
        let set = Listed::read(&*file, "host").unwrap();
        assert_eq!((set.len(), set.number_bits), (names.len(), Listed::new(&names).unwrap().number_bits));
        assert!(names.iter().all(|name| set.get(name) == Some(name)));
        assert_eq!(set.get("host100.例.example"), None);
        let mut again = Vec::new();
        set.write("host", &mut again).unwrap();
        assert!(again == file);
        let wrong = Listed::read(&*file, "page").unwrap_err().to_string();
        assert_eq!(wrong, "a list of the form `host`, where `page` is wanted");
    }

    #[test]
    fn broken_files_are_errors() {
        let (_, file) = file();
        assert!((0..file.len()).all(|end| Listed::read(&file[..end], "host").is_err()));
        for at in 0..file.len() {
            let mut file = file.clone();
            file[at] ^= 0x41;
            assert!(Listed::read(&*file, "host").is_err(), "{at}");
        }
    }

    #[test]
    fn files_whose_digest_lies_are_errors_or_answer() {
        let (names, file) = file();
        let (body, mut refused) = (MAGIC.len() + NAME + 32, 0);
        for at in MAGIC.len() + NAME..file.len() {
            for bit in [1, 0x40, 0x80] {
                let mut file = file.clone();
                file[at] ^= bit;
                let digest = xxh3_64(&file[body..]);
                file[body - 8..body].copy_from_slice(&digest.to_le_bytes());
                match Listed::read(&*file, "host") {
                    Ok(set) => names.iter().for_each(|name| assert!(set.get(name).is_none_or(|found| found == name))),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 100, "{refused}");
    }
}
