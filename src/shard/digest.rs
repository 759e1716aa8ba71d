//! The identity of a written file: name, size, xxh3-128; and the writer that computes it on the way.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::ShardError;

/// A 128-bit xxh3 hash, 32 hexadecimal digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub u128);

impl Digest {
    /// Of bytes in memory.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(xxh3_128(bytes))
    }

    /// Hashes a file in blocks, so that no more than a block of it is held.
    pub fn of_file(path: &Path) -> Result<Digest, ShardError> {
        Digest::of_file_seen(path, &mut |_| ())
    }

    /// The same; `see` is shown every block while it is in the cache. All but the last are of one size, a power of two.
    pub fn of_file_seen(path: &Path, see: &mut dyn FnMut(&[u8])) -> Result<Digest, ShardError> {
        let mut file = File::open(path).map_err(ShardError::io("open", path))?;
        let mut hash = Xxh3::new();
        let mut block = vec![0; 1 << 18];
        loop {
            let mut filled = 0;
            while filled < block.len() {
                match file.read(&mut block[filled..]) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(ShardError::io("read", path)(error)),
                }
            }
            hash.update(&block[..filled]);
            see(&block[..filled]);
            if filled < block.len() {
                return Ok(Digest(hash.digest128()));
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        match u128::from_str_radix(&text, 16) {
            Ok(value) if text.len() == 32 => Ok(Digest(value)),
            _ => Err(format!("`{text}` is not a hash of 32 hexadecimal digits")),
        }
    }
}

/// A file of the set as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Relative to the directory of the manifest.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// Of the whole content.
    pub xxh3: Digest,
}

/// A new file that is hashed while it is written.
pub struct HashedFile {
    path: PathBuf,
    name: String,
    out: BufWriter<File>,
    hash: Xxh3,
    bytes: u64,
}

impl HashedFile {
    /// The file `name` in a folder.
    ///
    /// # Errors
    /// Where it cannot be created.
    pub fn create(dir: &Path, name: String) -> Result<HashedFile, ShardError> {
        let path = dir.join(&name);
        let file = File::create(&path).map_err(ShardError::io("create", &path))?;
        Ok(HashedFile { path, name, out: BufWriter::with_capacity(1 << 18, file), hash: Xxh3::new(), bytes: 0 })
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), ShardError> {
        self.write_all(bytes).map_err(ShardError::io("write", &self.path))
    }

    /// Hands everything to the system and says what was written.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(mut self) -> Result<FileEntry, ShardError> {
        self.out.flush().map_err(ShardError::io("write", &self.path))?;
        Ok(FileEntry { name: self.name, bytes: self.bytes, xxh3: Digest(self.hash.digest128()) })
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_in_pieces_gives_the_hash_of_the_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = HashedFile::create(dir.path(), "a".into()).unwrap();
        file.put(b"to be").unwrap();
        file.put(b" or not").unwrap();
        let entry = file.finish().unwrap();
        assert_eq!(entry.bytes, 12);
        assert_eq!(entry.xxh3, Digest::of(b"to be or not"));
        assert_eq!(entry.xxh3, Digest::of_file(&dir.path().join("a")).unwrap());
    }

    #[test]
    fn json_form_keeps_leading_zeros_and_refuses_other_lengths() {
        let digest = Digest(0xab);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, "\"000000000000000000000000000000ab\"");
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"ab\"").is_err());
    }
}
