//! Reads folders of plain text or HTML files, a document a file.
//!
//! Files ending in `.html`, `.htm` or `.xhtml` (before a suffix of compression) are pages, all others are UTF-8 text. They may be
//! compressed with gzip, zstd, bzip2 or xz. The path survives as column `path`.
//!
//! ```toml
//! [source]
//! use = "text"
//! path = ["books/**/*.txt", "pages"]
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::compression::{DamageKind, Error, Grow, Members, Position, Window};
use super::paths;
use crate::doc::{Doc, Html};
use crate::stage::{Built, ByteSize, Complaint, Fault, OneOrMany, Read, Reader, Recipe, Result, RunError, Shop, Source, Spec, Split};

/// Files, and bytes of them, that are read together as one split.
const TOGETHER: (usize, u64) = (1024, 32 << 20);

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Files, folders or globs: a text or a list of texts.
    path: OneOrMany,
    /// What the files hold: `"html"`, `"text"`, or `"by_suffix"` (default).
    #[serde(default)]
    content: Content,
    /// A file that is longer, once decompressed, is counted as `file_too_large`. Default 256 MiB.
    #[serde(default = "max_file")]
    max_file: ByteSize,
}

/// What files hold.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Told file by file.
    #[default]
    BySuffix,
    /// Pages.
    Html,
    /// UTF-8 text.
    Text,
}

fn max_file() -> ByteSize {
    ByteSize::new(256 << 20)
}

impl Recipe for Text {
    const NAME: &'static str = "text";

    fn spec(&self) -> Spec {
        let spec = match self.content {
            Content::BySuffix => Spec::new().gives("html").gives("text"),
            Content::Html => Spec::new().gives("html"),
            Content::Text => Spec::new().gives("text"),
        };
        let damage = [DamageKind::Truncated, DamageKind::Corrupt, DamageKind::NotAMember].map(DamageKind::name);
        ["empty_file", "not_utf8", "file_too_large"].into_iter().chain(damage).fold(spec, Spec::reason)
    }

    fn build(self, _: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let files = paths::expand("path", &self.path)?;
        Ok(Built::source(Files { files, content: self.content, max_file: self.max_file.as_usize() }))
    }
}

struct Files {
    files: Vec<PathBuf>,
    content: Content,
    max_file: usize,
}

impl Source for Files {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits: Vec<Split> = Vec::new();
        for path in &self.files {
            let one = paths::whole(path)?;
            match splits.last_mut() {
                Some(last) if last.files.len() < TOGETHER.0 && last.bytes + one.bytes <= TOGETHER.1 => {
                    last.files.extend(one.files);
                    last.bytes += one.bytes;
                }
                _ => splits.push(one),
            }
        }
        Ok(splits)
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let next = at.unwrap_or(0) as usize;
        Ok(Box::new(FileReader { files: split.files.clone(), next, consumed: 0, content: self.content, max_file: self.max_file }))
    }
}

struct FileReader {
    files: Vec<String>,
    next: usize,
    consumed: u64,
    content: Content,
    max_file: usize,
}

impl Reader for FileReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let Some(name) = self.files.get(self.next) else { return Ok(None) };
        self.next += 1;
        let path = Path::new(name);
        let (read, len) = read_file(path, self.max_file).map_err(RunError::file("cannot read", path))?;
        self.consumed += len;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err((reason, detail)) => return Ok(Some(fault(reason, format!("{name}: {detail}")))),
        };
        let mut doc = if is_page(name, self.content) {
            Doc::new(None, None, Some(Html { bytes, content_type: None }), None)
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => Doc::new(None, None, None, Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))),
                Err(error) => return Ok(Some(fault("not_utf8", format!("{name}: byte {}", error.utf8_error().valid_up_to())))),
            }
        };
        doc.extra.insert("path".to_owned(), name.as_str().into());
        Ok(Some(Read::Doc(Box::new(doc))))
    }

    fn position(&self) -> u64 {
        self.next as u64
    }

    fn consumed(&self) -> u64 {
        self.consumed
    }
}

fn fault(reason: &str, detail: String) -> Read {
    Read::Fault(Fault { reason: reason.to_owned(), detail, offset: 0 })
}

fn is_page(name: &str, content: Content) -> bool {
    match content {
        Content::Html => true,
        Content::Text => false,
        Content::BySuffix => {
            let name = name.to_ascii_lowercase();
            let bare = ["gz", "zst", "bz2", "xz"].iter().find_map(|suffix| name.strip_suffix(suffix)?.strip_suffix('.')).unwrap_or(&name);
            [".html", ".htm", ".xhtml"].iter().any(|suffix| bare.ends_with(suffix))
        }
    }
}

/// A file's bytes, decompressed, or why there are none (reason and detail); and its length on disk.
type Whole = (std::result::Result<Vec<u8>, (&'static str, String)>, u64);

/// Reads a whole file of at most `max` bytes once decompressed.
fn read_file(path: &Path, max: usize) -> std::io::Result<Whole> {
    let members = Members::open(path)?;
    let len = members.file_len();
    let damaged = |error| match error {
        Error::Io(error) => Err(error),
        Error::Damage(damage) => Ok((Err((damage.kind.name(), damage.detail)), len)),
    };
    let mut window = match Window::new(members, Position::default()) {
        Ok(window) => window,
        Err(error) => return damaged(error),
    };
    loop {
        match window.grow() {
            Ok(Grow::Data) if window.unread().len() > max => {
                return Ok((Err(("file_too_large", format!("more than {max} bytes"))), len));
            }
            Ok(Grow::Data) => {}
            Ok(Grow::MemberEnd) => match window.next_member() {
                Ok(true) => {}
                Ok(false) if window.unread().is_empty() => return Ok((Err(("empty_file", "no bytes to read".to_owned())), len)),
                Ok(false) => return Ok((Ok(window.unread().to_vec()), len)),
                Err(error) => return damaged(error),
            },
            Err(error) => return damaged(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::jsonl::outline;
    use super::*;

    #[test]
    fn files_are_documents_or_faults() {
        let dir = tempfile::tempdir().unwrap();
        let zstd = zstd::bulk::compress(b"<p>page", 1).unwrap();
        let files: [(&str, &[u8]); 6] = [
            ("a.txt", b"\xef\xbb\xbftext"),
            ("b.html.zst", &zstd),
            ("c.txt", b""),
            ("d.txt", b"\xff"),
            ("e.zst", &zstd[..zstd.len() - 2]),
            ("f.md", &[b'x'; 200]),
        ];
        for (name, bytes) in files {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let files = files.iter().map(|(name, _)| dir.path().join(name)).collect();
        let source = Files { files, content: Content::BySuffix, max_file: 100 };
        let splits = source.splits().unwrap();
        assert_eq!((splits.len(), splits[0].files.len()), (1, 6));
        let found = outline(&source);
        assert_eq!(found, ["text", "<p>page", "[empty_file]", "[not_utf8]", "[truncated_data]", "[file_too_large]"]);
    }

    #[test]
    fn pages_are_told_by_their_suffix() {
        assert!(is_page("x/A.HTML.gz", Content::BySuffix) && is_page("a.txt", Content::Html));
        assert!(!is_page("html.txt", Content::BySuffix) && !is_page("a.html", Content::Text));
    }
}
