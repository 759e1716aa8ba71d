//! The compression formats and how their members begin.

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// bzip2 1.0.
    Bzip2,
    /// The .xz format.
    Xz,
}

impl Format {
    /// Tells the format from a file's first bytes (10 suffice).
    pub fn of(head: &[u8]) -> Self {
        [Self::Gzip, Self::Zstd, Self::Bzip2, Self::Xz].into_iter().find(|format| format.starts(head)).unwrap_or(Self::Plain)
    }

    pub(super) fn by_suffix(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "gz" => Self::Gzip,
            "zst" => Self::Zstd,
            "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            _ => return None,
        })
    }

    /// Whether `head` opens a member of this format.
    pub(super) fn starts(self, head: &[u8]) -> bool {
        let zstd_skippable = |magic: &[u8]| magic[0] & 0xf0 == 0x50 && magic[1..] == [0x2a, 0x4d, 0x18];
        match self {
            Self::Plain => true,
            Self::Gzip => head.starts_with(&[0x1f, 0x8b, 8]) && head.get(3).is_some_and(|flags| flags & 0xe0 == 0),
            Self::Zstd => head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || head.first_chunk::<4>().is_some_and(|m| zstd_skippable(m)),
            Self::Bzip2 => head.starts_with(b"BZh") && (head.get(4..10) == Some(b"1AY&SY") || head.get(4..10) == Some(b"\x17\x72\x45\x38\x50\x90")),
            Self::Xz => head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]),
        }
    }

    /// As [`Format::starts`], stricter: used to find a member among damaged bytes, where chance hits must be rare.
    pub(super) fn resumes(self, head: &[u8]) -> bool {
        let likely = |xfl: u8, os: u8| matches!(xfl, 0 | 2 | 4) && (os <= 13 || os == 255);
        match self {
            Self::Gzip => self.starts(head) && head.get(8).zip(head.get(9)).is_some_and(|(x, o)| likely(*x, *o)),
            Self::Zstd => head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
            _ => self.starts(head),
        }
    }

    /// The bytes that a search for [`Format::resumes`] looks for.
    pub(super) fn needle(self) -> &'static [u8] {
        match self {
            Self::Plain => b"",
            Self::Gzip => &[0x1f, 0x8b, 8],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Self::Bzip2 => b"BZh",
            Self::Xz => &[0xfd, b'7', b'z', b'X', b'Z', 0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let told = |head: &[u8]| Format::of(head);
        assert_eq!(told(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Format::Gzip);
        assert_eq!(told(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]), Format::Zstd);
        assert_eq!(told(&[0x5d, 0x2a, 0x4d, 0x18, 0, 0]), Format::Zstd);
        assert_eq!(told(b"BZh91AY&SY"), Format::Bzip2);
        assert_eq!(told(b"BZhello, wo"), Format::Plain);
        assert_eq!(told(b"\xfd7zXZ\0\0"), Format::Xz);
        assert_eq!(told(&[0x1f, 0x8b, 8, 0xff]), Format::Plain);
        assert_eq!(told(b""), Format::Plain);
    }
}
