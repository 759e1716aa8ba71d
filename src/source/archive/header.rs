//! The 512 bytes before each member of a tar archive (POSIX ustar and pax, GNU, and the form of Unix V7).

/// Headers and the data of members are padded to it.
pub const BLOCK: usize = 512;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// Path in the archive; what is not UTF-8 in it is replaced.
    pub name: String,
    /// Bytes of data behind the header.
    pub size: u64,
    /// What the data is.
    pub kind: Kind,
}

/// What stands behind a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A file with holes, in GNU's form, which needs a map to be read.
    Sparse,
    /// The long name of the next member, in GNU's form.
    LongName,
    /// Properties of the next member, in the form of pax.
    Pax,
    /// A folder, a link, a device, or properties that do not matter here.
    Other,
}

/// Whether a block is zeros, which end an archive.
pub fn is_end(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

impl Header {
    /// `None` where the block is no header: its checksum is wrong.
    pub fn parse(block: &[u8; BLOCK]) -> Option<Header> {
        const CHECKSUM: std::ops::Range<usize> = 148..156;
        let sum: u64 = block.iter().enumerate().map(|(at, byte)| if CHECKSUM.contains(&at) { u64::from(b' ') } else { u64::from(*byte) }).sum();
        if is_end(block) || number(&block[CHECKSUM])? != sum {
            return None;
        }
        let text = |range: std::ops::Range<usize>| {
            let field = &block[range];
            String::from_utf8_lossy(&field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())]).into_owned()
        };
        let (name, prefix) = (text(0..100), text(345..500));
        // GNU has other fields where POSIX has the first part of a long name.
        let name = if &block[257..263] == b"ustar\0" && !prefix.is_empty() { format!("{prefix}/{name}") } else { name };
        let kind = match block[156] {
            b'0' | b'7' | 0 if !name.ends_with('/') => Kind::File,
            b'S' => Kind::Sparse,
            b'L' => Kind::LongName,
            b'x' => Kind::Pax,
            _ => Kind::Other,
        };
        Some(Header { name, size: number(&block[124..136])?, kind })
    }
}

/// Octal digits between spaces or zeros, or a binary number whose first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
        return bytes.into_iter().try_fold(0u64, |sum, byte| sum.checked_mul(256)?.checked_add(byte.into()));
    }
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| !matches!(byte, b' ' | 0));
    digits.into_iter().try_fold(0u64, |sum, digit| matches!(digit, b'0'..=b'7').then(|| sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')))?)
}

/// The path and the size that the properties of pax give, records of `LENGTH KEY=VALUE\n`.
pub fn properties(mut data: &[u8]) -> (Option<String>, Option<u64>) {
    let (mut path, mut size) = (None, None);
    while let Some(space) = data.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&data[..space]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| data.get(space + 1..length)) else { break };
        let record = String::from_utf8_lossy(record);
        match record.strip_suffix('\n').and_then(|record| record.split_once('=')) {
            Some(("path", value)) => path = Some(value.to_owned()),
            Some(("size", value)) => size = value.parse().ok(),
            _ => {}
        }
        data = &data[length.unwrap_or(data.len())..];
    }
    (path, size)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A header of POSIX's form.
    pub fn header(name: &str, size: usize, kind: u8) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        sealed(block)
    }

    fn sealed(mut block: [u8; BLOCK]) -> [u8; BLOCK] {
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    #[test]
    fn names_sizes_and_kinds_of_every_form() {
        let file = header("文/a.txt", 9, b'0');
        assert_eq!(Header::parse(&file), Some(Header { name: "文/a.txt".into(), size: 9, kind: Kind::File }));
        let mut prefixed = header("a.txt", 9, 0);
        prefixed[345..349].copy_from_slice(b"long");
        assert_eq!(Header::parse(&sealed(prefixed)).unwrap().name, "long/a.txt");
        let mut large = header("a", 0, b'0');
        large[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1]);
        assert_eq!(Header::parse(&sealed(large)).unwrap().size, (3 << 32) + 1);
        for (kind, wanted) in [(b'5', Kind::Other), (b'2', Kind::Other), (b'S', Kind::Sparse), (b'L', Kind::LongName), (b'x', Kind::Pax)] {
            assert_eq!(Header::parse(&header("a", 0, kind)).unwrap().kind, wanted);
        }
        assert_eq!(Header::parse(&header("folder/", 0, 0)).unwrap().kind, Kind::Other);
        let mut torn = file;
        torn[3] ^= 1;
        assert_eq!((Header::parse(&torn), Header::parse(&[0; BLOCK]), Header::parse(&[b'x'; BLOCK])), (None, None, None));
    }

    #[test]
    fn properties_are_records_with_their_lengths() {
        assert_eq!(properties("12 path=a=b\n20 mtime=1000000000\n11 size=7\n".as_bytes()), (Some("a=b".into()), None));
        assert_eq!(properties("12 path=a=b\n10 size=7\n".as_bytes()), (Some("a=b".into()), Some(7)));
        assert_eq!(properties(b"99 path=x\n"), (None, None));
        assert_eq!(properties(b"0 path=x\n"), (None, None));
    }
}
