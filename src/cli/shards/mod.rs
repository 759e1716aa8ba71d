//! `dataprep shards`: what is done with token shards once they are written. One file a sub-verb.

mod export;
mod merge;
mod pack;
mod show;
mod stats;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;

pub(super) use show::{describe, seq_len};

use super::{Failure, Outcome};
use crate::shard::{Digest, Manifest, TokenizerEntry, sets};
use crate::tokenizer::Tokenizer;

/// Check, describe, pack, mix and export token shards.
#[derive(Subcommand)]
pub enum Verb {
    Verify(verify::Verify),
    Stats(stats::Stats),
    Show(show::Show),
    Pack(pack::Pack),
    Merge(merge::Merge),
    Export(export::Export),
}

impl Verb {
    pub(super) fn call(self) -> Outcome {
        match self {
            Verb::Verify(verb) => verb.call(),
            Verb::Stats(verb) => verb.call(),
            Verb::Show(verb) => verb.call(),
            Verb::Pack(verb) => verb.call(),
            Verb::Merge(verb) => verb.call(),
            Verb::Export(verb) => verb.call(),
        }
    }
}

/// The shard sets at a path, one at least.
pub(super) fn some(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let found = sets(path);
    if found.is_empty() {
        return Err(Failure(format!(
            "{} holds no token shards: wanted a folder with their manifest.json, or that of a run with a sink `shards`",
            path.display()
        )));
    }
    Ok(found)
}

/// The one shard set at a path.
pub(super) fn one(path: &Path) -> Result<PathBuf, Failure> {
    let mut found = some(path)?;
    match (found.pop(), found.as_slice()) {
        (Some(set), []) => Ok(set),
        (last, first) => {
            let names: Vec<String> = first.iter().chain(&last).map(|set| set.display().to_string()).collect();
            Err(Failure(format!("{} holds several sets of shards: name one of {}", path.display(), names.join(", "))))
        }
    }
}

/// The folder of the run that wrote a set, if the set still lies in it.
pub(super) fn run_of(set: &Path) -> Option<PathBuf> {
    set.ancestors().skip(1).take(3).find(|folder| folder.join("report.json").is_file()).map(Path::to_owned)
}

/// The tokenizer of a set: the file that was named, else what is built in, else what the run has learned.
pub(super) fn tokenizer(set: &Path, named: Option<&Path>, entry: &TokenizerEntry) -> Result<Option<Tokenizer>, Failure> {
    if let Some(path) = named {
        return Ok(Some(Tokenizer::load(&path.display().to_string(), None)?));
    }
    let bytes = Tokenizer::bytes();
    if Digest(bytes.hash()) == entry.xxh3 && bytes.name() == entry.name {
        return Ok(Some(bytes));
    }
    let learned = run_of(set).map(|run| run.join("artifacts").join(&entry.name).join("tokenizer.json"));
    match learned.filter(|path| path.is_file()) {
        Some(path) => Ok(Some(Tokenizer::load(&path.display().to_string(), None)?)),
        None => Ok(None),
    }
}

/// Why a tokenizer is not the one that made a set's ids, if it is not.
pub(super) fn swapped(manifest: &Manifest, tokenizer: &Tokenizer) -> Option<String> {
    let (found, wanted) = (Digest(tokenizer.hash()), manifest.tokenizer.xxh3);
    if found != wanted {
        return Some(format!(
            "the vocabulary is another: the tokenizer `{}` has the xxh3 {found}, the set was made with `{}`, {wanted}",
            tokenizer.name(),
            manifest.tokenizer.name
        ));
    }
    let (found, wanted) = (tokenizer.vocab_size(), manifest.vocab_size);
    (found != wanted).then(|| format!("the tokenizer has {found} entries, the set says {wanted}"))
}

/// Writes a folder that must not be there yet (or is empty): under another name, and moved when it is whole.
fn whole_folder<T>(out: &Path, write: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    let failed = |error: std::io::Error| Failure(format!("cannot write {}: {error}", out.display()));
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) || out.is_file() {
        return Err(Failure(format!("{} is there already: name a folder that is not, or is empty", out.display())));
    }
    let mut name = out.file_name().ok_or_else(|| Failure(format!("{} is no name for a folder", out.display())))?.to_owned();
    name.push(".part");
    let part = out.with_file_name(name);
    let _ = fs::remove_dir_all(&part);
    fs::create_dir_all(&part).map_err(failed)?;
    let done = write(&part).inspect_err(|_| {
        let _ = fs::remove_dir_all(&part);
    })?;
    let _ = fs::remove_dir(out);
    fs::rename(&part, out).map_err(failed)?;
    Ok(done)
}
