//! Which files a source reads: paths, folders and globs, in an order that depends on their names alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::stage::{Complaint, OneOrMany, Result, RunError, Split};
use crate::store;

/// The files that key `key` names. Each entry is a file, a folder (all files below it whose names do not start with a dot) or a
/// glob (`crawl/**/*.warc.gz`), on this machine or in a store (`s3://bucket/crawl/*.warc.gz`). Entries keep their order, the files of one entry are in byte order of their paths, and a file
/// named twice is read once.
pub fn expand(key: &str, entries: &OneOrMany) -> std::result::Result<Vec<PathBuf>, Vec<Complaint>> {
    let (mut files, mut complaints) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for entry in &entries.0 {
        match expand_one(entry) {
            Ok(found) if found.is_empty() => {
                let message = format!("no file matches `{entry}`");
                complaints.push(Complaint::new(key, message, "check the path; it is taken from the folder the command runs in"));
            }
            Ok(found) => files.extend(found.into_iter().filter(|path| known.insert(path.clone()))),
            Err(said) => complaints.push(Complaint::new(key, said, "write a path or a glob as \"crawl/**/*.warc.gz\"")),
        }
    }
    if entries.0.is_empty() {
        complaints.push(Complaint::new(key, "no path is given", "name at least one file, folder or glob"));
    }
    if complaints.is_empty() { Ok(files) } else { Err(complaints) }
}

fn expand_one(entry: &str) -> std::result::Result<Vec<PathBuf>, String> {
    let path = Path::new(entry);
    if store::is_address(path) {
        return store::list(entry).map_err(|cause| format!("cannot list `{entry}`: {cause}"));
    }
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        walk(path, &mut found).map_err(|cause| format!("cannot read `{entry}`: {cause}"))?;
    } else {
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
        let matches = glob::glob_with(entry, options).map_err(|error| format!("`{entry}` is not a glob: {}", error.msg))?;
        for path in matches {
            let path = path.map_err(|error| format!("cannot read `{}`: {}", error.path().display(), error.error()))?;
            if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(found)
}

/// All files below a folder; links to folders are not followed, so a ring of links cannot hold it.
fn walk(top: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(())
}

/// A split that is a whole file.
pub fn whole(path: &Path) -> Result<Split> {
    let bytes = store::size(path).map_err(RunError::file("cannot read", path))?;
    Ok(Split { files: vec![name(path)?], start: 0, end: None, bytes })
}

/// A path as splits name it.
pub fn name(path: &Path) -> Result<String> {
    let name = path.to_str().ok_or_else(|| RunError::stop(format!("{} is no Unicode path; rename the file", path.display())))?;
    Ok(name.to_owned())
}

/// The one file of a split.
pub fn of(split: &Split) -> Result<&Path> {
    split.files.first().map(Path::new).ok_or_else(|| RunError::stop("a split without a file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entries: &[&str]) -> std::result::Result<Vec<String>, Vec<Complaint>> {
        let entries = OneOrMany(entries.iter().map(|entry| (*entry).to_owned()).collect());
        let files = expand("path", &entries)?;
        Ok(files.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn files_come_in_byte_order_once_each() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        for name in ["c.txt", "a.txt", "B.txt", "b/d.txt", ".hidden", "[x].md"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let at = |rest: &str| format!("{}/{rest}", dir.path().display());
        assert_eq!(found(&[&at("")]).unwrap(), ["B.txt", "[x].md", "a.txt", "d.txt", "c.txt"]);
        assert_eq!(found(&[&at("c.txt"), &at("*.txt")]).unwrap(), ["c.txt", "B.txt", "a.txt"]);
        assert_eq!(found(&[&at("**/*.txt")]).unwrap(), ["B.txt", "a.txt", "d.txt", "c.txt"]);
        assert_eq!(found(&[&at("[x].md")]).unwrap(), ["[x].md"], "a file's own name before the glob");
    }

    #[test]
    fn what_matches_nothing_is_complained_of() {
        let complaints = found(&["nowhere/*.gz", "nowhere.gz"]).unwrap_err();
        assert_eq!(complaints.len(), 2);
        assert_eq!((complaints[0].key.as_str(), complaints[0].message.as_str()), ("path", "no file matches `nowhere/*.gz`"));
    }
}
