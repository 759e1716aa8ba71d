//! The notes of the barrier.

use xxhash_rust::xxh3::xxh3_64;

use crate::stage::Notes;

/// What a note counts. On disk: 0 for a word or 1 and more for a total, the length of the language, the language, the word.
#[derive(PartialEq, Eq)]
pub(super) struct Counted<'a> {
    /// Empty where none is told.
    pub language: &'a str,
    pub what: What<'a>,
}

#[derive(PartialEq, Eq)]
pub(super) enum What<'a> {
    Word(&'a str),
    /// By the place of the field in [`Totals`].
    Total(u8),
}

impl<'a> Counted<'a> {
    pub fn push(&self, count: u64, notes: &mut Notes<'_>) {
        let (kind, word) = match self.what {
            What::Word(word) => (0, word),
            What::Total(number) => (number + 1, ""),
        };
        let hash = if kind == 0 { xxh3_64(word.as_bytes()) } else { xxh3_64(self.language.as_bytes()) };
        let header = [kind, self.language.len() as u8];
        notes.push(&[&hash.to_be_bytes(), &count.to_be_bytes(), &header, self.language.as_bytes(), word.as_bytes()]);
    }

    pub fn read(note: &'a [u8]) -> Option<(u64, Counted<'a>)> {
        let (count, rest) = note.get(8..)?.split_first_chunk::<8>()?;
        let ([kind, length], rest) = rest.split_first_chunk::<2>()?;
        let (language, word) = rest.split_at_checked(usize::from(*length))?;
        let what = match kind.checked_sub(1) {
            Some(number) => What::Total(number),
            None => What::Word(std::str::from_utf8(word).ok()?),
        };
        Some((u64::from_be_bytes(*count), Counted { language: std::str::from_utf8(language).ok()?, what }))
    }
}
