//! Reads folders of plain text or HTML files, a document a file.
//!
//! Files ending in `.html`, `.htm` or `.xhtml` (before a suffix of compression) are pages, all others are UTF-8 text. They may be
//! compressed with gzip, zstd, bzip2 or xz. The path survives as column `path`.
//!
//! An archive `*.tar` (`*.tar.gz`, `*.tgz` and so on) stands for the files in it, which are read in its order and named by its path and theirs.
//!
//! ```toml
//! [source]
//! use = "text"
//! path = ["books/**/*.txt", "pages"]
//! ```

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::archive::{ArchiveReader, Form, Section, is_archive, is_hidden};
use super::compression::{DamageKind, Error, Grow, Members, Position, Window, bare_name};
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
        let form = FileForm { content: self.content, max_file: self.max_file.as_usize() };
        let files = paths::expand("path", &self.path)?;
        let mut archives = BTreeSet::new();
        for path in files.iter().filter(|path| looks_like_archive(path)) {
            let cannot = |cause| Complaint::new("path", format!("cannot read `{}`: {cause}", path.display()), "check the file's permissions");
            if is_archive(path).map_err(cannot)? {
                archives.insert(path.clone());
            }
        }
        Ok(Built::source(Files { files, archives, form }))
    }
}

/// By its name; a folder may hold very many files, and none is opened before it is read.
fn looks_like_archive(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    bare_name(&name).ends_with(".tar") || [".tgz", ".tbz2", ".tbz", ".txz", ".tzst"].iter().any(|end| name.ends_with(end))
}

struct Files {
    files: Vec<PathBuf>,
    /// Those of them that are archives.
    archives: BTreeSet<PathBuf>,
    form: FileForm,
}

/// What is read of a file.
#[derive(Clone, Copy)]
struct FileForm {
    content: Content,
    max_file: usize,
}

impl Source for Files {
    fn splits(&self) -> Result<Vec<Split>> {
        let mut splits: Vec<Split> = Vec::new();
        let mut together = false;
        for path in &self.files {
            let (one, archive) = (paths::whole(path)?, self.archives.contains(path));
            match splits.last_mut() {
                Some(last) if together && !archive && last.files.len() < TOGETHER.0 && last.bytes + one.bytes <= TOGETHER.1 => {
                    last.files.extend(one.files);
                    last.bytes += one.bytes;
                }
                _ => splits.push(one),
            }
            together = !archive;
        }
        Ok(splits)
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let path = paths::of(split)?;
        if self.archives.contains(path) {
            let form = Arc::new(ArchivedFile { archive: paths::name(path)?, form: self.form });
            return Ok(Box::new(ArchiveReader::open(path, form, at)?));
        }
        Ok(Box::new(FileReader { files: split.files.clone(), next: at.unwrap_or(0) as usize, consumed: 0, form: self.form }))
    }
}

struct FileReader {
    files: Vec<String>,
    next: usize,
    consumed: u64,
    form: FileForm,
}

impl Reader for FileReader {
    fn next(&mut self) -> Result<Option<Read>> {
        let Some(name) = self.files.get(self.next) else { return Ok(None) };
        self.next += 1;
        let path = Path::new(name);
        let members = Members::open(path).map_err(RunError::file("cannot read", path))?;
        self.consumed += members.file_len();
        let mut read = self.form.read(name, members).map_err(RunError::file("cannot read", path))?;
        if let Read::Fault(fault) = &mut read {
            fault.detail = format!("{name}: {}", fault.detail);
        }
        Ok(Some(read))
    }

    fn position(&self) -> u64 {
        self.next as u64
    }

    fn consumed(&self) -> u64 {
        self.consumed
    }
}

impl FileForm {
    /// The document that a file is, under its name.
    fn read(self, name: &str, members: Members) -> io::Result<Read> {
        let fault = |reason: &str, detail: String| Ok(Read::Fault(Fault { reason: reason.to_owned(), detail, offset: 0 }));
        let bytes = match read_file(members, self.max_file)? {
            Ok(bytes) => bytes,
            Err((reason, detail)) => return fault(reason, detail),
        };
        let mut doc = if is_page(name, self.content) {
            Doc::new(None, None, Some(Html { bytes, content_type: None }), None)
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => Doc::new(None, None, None, Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))),
                Err(error) => return fault("not_utf8", format!("byte {}", error.utf8_error().valid_up_to())),
            }
        };
        doc.extra.insert("path".to_owned(), name.into());
        Ok(Read::Doc(Box::new(doc)))
    }
}

/// A file in the archive of this path.
struct ArchivedFile {
    archive: String,
    form: FileForm,
}

impl Form for ArchivedFile {
    fn open(&self, name: &str, member: Section) -> Result<Option<Box<dyn Reader>>> {
        if is_hidden(name) {
            return Ok(None);
        }
        let read = Members::new(Box::new(member)).and_then(|members| self.form.read(&format!("{}/{name}", self.archive), members));
        let read = read.map_err(RunError::file("cannot read", Path::new(&self.archive)))?;
        Ok(Some(Box::new(Once(Some(read)))))
    }
}

/// What has been read already.
struct Once(Option<Read>);

impl Reader for Once {
    fn next(&mut self) -> Result<Option<Read>> {
        Ok(self.0.take())
    }

    fn position(&self) -> u64 {
        u64::from(self.0.is_none())
    }

    fn consumed(&self) -> u64 {
        0
    }
}

fn is_page(name: &str, content: Content) -> bool {
    match content {
        Content::Html => true,
        Content::Text => false,
        Content::BySuffix => {
            let name = name.to_ascii_lowercase();
            [".html", ".htm", ".xhtml"].iter().any(|suffix| bare_name(&name).ends_with(suffix))
        }
    }
}

/// A file's bytes, decompressed, or why there are none: reason and detail.
type Whole = std::result::Result<Vec<u8>, (&'static str, String)>;

/// Reads a whole file of at most `max` bytes once decompressed.
fn read_file(members: Members, max: usize) -> io::Result<Whole> {
    let damaged = |error| match error {
        Error::Io(error) => Err(error),
        Error::Damage(damage) => Ok(Err((damage.kind.name(), damage.detail))),
    };
    let mut window = match Window::new(members, Position::default()) {
        Ok(window) => window,
        Err(error) => return damaged(error),
    };
    loop {
        match window.grow() {
            Ok(Grow::Data) if window.unread().len() > max => {
                return Ok(Err(("file_too_large", format!("more than {max} bytes"))));
            }
            Ok(Grow::Data) => {}
            Ok(Grow::MemberEnd) => match window.next_member() {
                Ok(true) => {}
                Ok(false) if window.unread().is_empty() => return Ok(Err(("empty_file", "no bytes to read".to_owned()))),
                Ok(false) => return Ok(Ok(window.unread().to_vec())),
                Err(error) => return damaged(error),
            },
            Err(error) => return damaged(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive::tests::tar;
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
        let source = Files { files, archives: BTreeSet::new(), form: FileForm { content: Content::BySuffix, max_file: 100 } };
        let splits = source.splits().unwrap();
        assert_eq!((splits.len(), splits[0].files.len()), (1, 6));
        let found = outline(&source);
        assert_eq!(found, ["text", "<p>page", "[empty_file]", "[not_utf8]", "[truncated_data]", "[file_too_large]"]);
    }

    #[test]
    fn archives_stand_for_their_files() {
        let dir = tempfile::tempdir().unwrap();
        let page = zstd::bulk::compress(b"<p>page", 1).unwrap();
        let archive = tar(&[("b/one.txt", b'0', b"one"), ("b/.hidden", b'0', b"x"), ("b/two.html.zst", b'0', &page), ("bad", b'0', b"\xff")]);
        std::fs::write(dir.path().join("b.tar.zst"), zstd::bulk::compress(&archive, 1).unwrap()).unwrap();
        std::fs::write(dir.path().join("a.txt"), "a").unwrap();
        std::fs::write(dir.path().join("c.tar"), "no archive").unwrap();
        std::fs::write(dir.path().join("d.txt"), "d").unwrap();
        let table = format!("path = {:?}", dir.path().display().to_string());
        let source = match testing(&table) {
            Built::Source(source) => source,
            _ => panic!("no source"),
        };
        assert_eq!(source.splits().unwrap().iter().map(|split| split.files.len()).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!(outline(source.as_ref()), ["a", "one", "<other_member>", "<p>page", "[not_utf8]", "no archive", "d"]);
        let mut reader = source.open(&source.splits().unwrap()[1], None).unwrap();
        let Some(Read::Doc(doc)) = reader.next().unwrap() else { panic!("no document") };
        assert!(doc.extra["path"].as_str().unwrap().ends_with("/b.tar.zst/b/one.txt"));
    }

    fn testing(table: &str) -> Built {
        let recipe: Text = toml::from_str(table).unwrap();
        let (mut tags, mut files) = (crate::doc::TagTable::default(), BTreeSet::new());
        let mut shop = Shop { stage: Text::NAME, seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
        recipe.build(&mut shop).unwrap_or_else(|_| panic!("the files are there"))
    }

    #[test]
    fn pages_are_told_by_their_suffix() {
        assert!(is_page("x/A.HTML.gz", Content::BySuffix) && is_page("a.txt", Content::Html));
        assert!(!is_page("html.txt", Content::BySuffix) && !is_page("a.html", Content::Text));
    }
}
