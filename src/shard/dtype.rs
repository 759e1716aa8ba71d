//! How wide a token is on disk, and a view of tokens as they lie there.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The width of a token in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Two bytes: vocabularies of up to 65,536 entries.
    U16,
    /// Four bytes.
    U32,
}

impl Dtype {
    /// The narrowest that holds every id of a vocabulary; 65,536 entries still fit u16.
    pub fn for_vocab(vocab_size: u32) -> Dtype {
        if vocab_size <= 1 << 16 { Dtype::U16 } else { Dtype::U32 }
    }

    /// Bytes a token.
    pub fn width(self) -> usize {
        match self {
            Dtype::U16 => 2,
            Dtype::U32 => 4,
        }
    }

    /// Appends ids as they lie in the payload; each fits the width.
    pub(super) fn put(self, ids: &[u32], out: &mut Vec<u8>) {
        match self {
            Dtype::U16 => out.extend(ids.iter().flat_map(|id| (*id as u16).to_le_bytes())),
            Dtype::U32 => out.extend(ids.iter().flat_map(|id| id.to_le_bytes())),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Dtype::U16 => "u16",
            Dtype::U32 => "u32",
        })
    }
}

/// Tokens in a mapped payload, borrowed and little-endian whatever the machine.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    bytes: &'a [u8],
    dtype: Dtype,
}

impl<'a> Tokens<'a> {
    /// `bytes` beyond a whole number of tokens are not seen.
    pub fn new(bytes: &'a [u8], dtype: Dtype) -> Tokens<'a> {
        let whole = bytes.len() - bytes.len() % dtype.width();
        Tokens { bytes: &bytes[..whole], dtype }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.width()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The id at `i`, or `None` beyond the end.
    pub fn get(&self, i: usize) -> Option<u32> {
        self.slice(i, 1)?.iter().next()
    }

    /// `length` tokens from `start`, or `None` when they are not all there.
    pub fn slice(&self, start: usize, length: usize) -> Option<Tokens<'a>> {
        let width = self.dtype.width();
        let from = start.checked_mul(width)?;
        let to = start.checked_add(length)?.checked_mul(width)?;
        let bytes = self.bytes.get(from..to)?;
        Some(Tokens { bytes, dtype: self.dtype })
    }

    /// The ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + use<'a> {
        let (wide, narrow) = match self.dtype {
            Dtype::U16 => (&[][..], self.bytes),
            Dtype::U32 => (self.bytes, &[][..]),
        };
        let narrow = narrow.as_chunks::<2>().0.iter();
        let wide = wide.as_chunks::<4>().0.iter();
        narrow.map(|b| u32::from(u16::from_le_bytes(*b))).chain(wide.map(|b| u32::from_le_bytes(*b)))
    }

    /// The greatest id; `None` where there is none.
    pub fn max(&self) -> Option<u32> {
        // In the width that they are stored in, so that more are compared at a time.
        match self.dtype {
            Dtype::U16 => self.bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).max().map(u32::from),
            Dtype::U32 => self.bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).max(),
        }
    }

    /// Appends the ids to `out`.
    pub fn copy_to(&self, out: &mut Vec<u32>) {
        match self.dtype {
            Dtype::U16 => {
                let pairs = self.bytes.as_chunks::<2>().0;
                out.extend(pairs.iter().map(|b| u32::from(u16::from_le_bytes(*b))));
            }
            Dtype::U32 => {
                let quads = self.bytes.as_chunks::<4>().0;
                out.extend(quads.iter().map(|b| u32::from_le_bytes(*b)));
            }
        }
    }

    /// The ids, copied.
    pub fn to_vec(&self) -> Vec<u32> {
        let mut out = Vec::with_capacity(self.len());
        self.copy_to(&mut out);
        out
    }

    /// The bytes as they lie on disk.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_up_to_65536_entries() {
        assert_eq!(Dtype::for_vocab(65_536), Dtype::U16);
        assert_eq!(Dtype::for_vocab(65_537), Dtype::U32);
    }

    #[test]
    fn both_widths_read_the_same() {
        let narrow = Tokens::new(&[1, 0, 0xff, 0xff], Dtype::U16);
        let wide = Tokens::new(&[1, 0, 0, 0, 0xff, 0xff, 0, 0], Dtype::U32);
        assert_eq!(narrow.to_vec(), [1, 65_535]);
        assert_eq!(wide.iter().collect::<Vec<_>>(), narrow.iter().collect::<Vec<_>>());
        assert_eq!(wide.get(1), Some(65_535));
        assert_eq!([narrow.max(), wide.max(), Tokens::new(&[], Dtype::U32).max()], [Some(65_535), Some(65_535), None]);
    }

    #[test]
    fn slices_end_where_the_tokens_end() {
        let tokens = Tokens::new(&[1, 0, 2, 0, 9], Dtype::U16);
        assert_eq!(tokens.len(), 2, "the odd byte is no token");
        assert_eq!(tokens.slice(1, 1).unwrap().to_vec(), [2]);
        assert!(tokens.slice(2, 0).unwrap().is_empty());
        assert!(tokens.slice(1, 2).is_none());
        assert!(tokens.slice(usize::MAX, 2).is_none());
    }
}
