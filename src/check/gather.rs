//! Facts from the files of a finished run, or from a shard set alone. No text is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fact::{Fact, Facts};
use crate::profile::{DAMAGE, Profile};
use crate::run::{PROFILE_FILE, Report};
use crate::shard::{Digest, MANIFEST_FILE, Manifest, sets};

/// Why facts cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing that can be checked.
    #[error("{0} holds neither a finished run nor token shards: name the folder of a run (`run.output` of its pipeline), of shards, or a file of documents")]
    Nothing(PathBuf),
    /// A run that has not ended.
    #[error("the run in {0} has not ended: start it again with the same command, it goes on from where it was")]
    Unfinished(PathBuf),
    /// A file of the run cannot be read.
    #[error("cannot read {path}: {cause}; the run has to be made anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the system or the parser says.
        cause: String,
    },
}

/// How to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave out what reads payloads: their integrity is then not known.
    pub quick: bool,
}

/// What is known of a run, or of shards.
#[derive(Debug, Default)]
pub struct Gathered {
    /// All facts.
    pub facts: Facts,
    /// The shard sets, as far as their manifests can be read.
    pub sets: Vec<(PathBuf, Manifest)>,
    /// Files of documents that the run has written, where its manifest lists them.
    pub documents: Vec<PathBuf>,
    /// The first faults of the source, in words.
    pub unread: Vec<String>,
}

/// All that is known of the run, or of the shards, in `folder`.
///
/// # Errors
/// Where there is none, or its own files are damaged. Damaged data is a fact.
pub fn gather(folder: &Path, options: Options) -> Result<Gathered, Error> {
    look(folder, Look { quick: options.quick, listed: None })
}

/// The same of a run, or of shards, that lie elsewhere: `folder` holds their reports and manifests, and `listed` says how large their files are.
///
/// # Errors
/// As of [`gather`].
pub fn gather_listed(folder: &Path, listed: &BTreeMap<String, u64>) -> Result<Gathered, Error> {
    look(folder, Look { quick: true, listed: Some(listed) })
}

/// How far to look.
#[derive(Clone, Copy)]
struct Look<'a> {
    quick: bool,
    /// Sizes of files that are not here.
    listed: Option<&'a BTreeMap<String, u64>>,
}

impl Look<'_> {
    /// Bytes of a file; `None` where it is missing.
    fn size(self, folder: &Path, name: &str) -> std::io::Result<Option<u64>> {
        match (self.listed, fs::metadata(folder.join(name))) {
            (Some(listed), _) => Ok(listed.get(name).copied()),
            (None, Ok(found)) => Ok(Some(found.len())),
            (None, Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            (None, Err(error)) => Err(error),
        }
    }

    /// What is wrong with the size of a file, if anything is.
    fn fault(self, folder: &Path, name: &str, written: u64) -> Option<String> {
        match self.size(folder, name) {
            Ok(Some(bytes)) if bytes == written => None,
            Ok(Some(bytes)) => Some(format!("{name} has {bytes} bytes, {written} were written")),
            Ok(None) => Some(format!("{name} is missing")),
            Err(error) => Some(format!("cannot read {name}: {error}")),
        }
    }

    /// Sound sizes are no proof of sound bytes, unsound ones are proof enough.
    fn integrity(self, faults: Vec<String>, has_files: bool) -> Fact {
        match (faults.is_empty() && self.quick && has_files, self.listed) {
            (true, Some(_)) => Fact::Unknown(LISTED.to_owned()),
            (true, None) => Fact::Unknown(QUICK.to_owned()),
            _ => Fact::Faults(faults),
        }
    }
}

fn look(folder: &Path, options: Look<'_>) -> Result<Gathered, Error> {
    let mut gathered = Gathered::default();
    let found = sets(folder);
    if folder.join("report.json").is_file() {
        of_run(&mut gathered, folder, options)?;
    } else if folder.join("run.json").is_file() {
        return Err(Error::Unfinished(folder.to_owned()));
    } else if found.is_empty() {
        return Err(Error::Nothing(folder.to_owned()));
    }
    for set in found {
        of_shards(&mut gathered, folder, set, options);
    }
    Ok(gathered)
}

/// Faults of the source that are quoted.
const UNREAD: usize = 5;

const QUICK: &str = "--quick reads no payload";
const LISTED: &str = "what lies in a store is not read, its sizes are right";

impl Facts {
    /// What a profile says.
    pub fn of_profile(profile: &Profile) -> Facts {
        let mut facts = Facts::default();
        of_profile(&mut facts, profile);
        facts
    }

    /// Adds one to a list of faults.
    pub fn add_fault(&mut self, name: &str, fault: String) {
        match self.0.get_mut(name) {
            Some(Fact::Faults(faults)) => faults.push(fault),
            _ => self.put(name, Fact::Faults(vec![fault])),
        }
    }

    fn put(&mut self, name: impl Into<String>, fact: Fact) {
        self.0.insert(name.into(), fact);
    }
}

fn read<T: DeserializeOwned>(path: PathBuf) -> Result<T, Error> {
    let bytes = fs::read(&path).map_err(|error| Error::Damaged { path: path.clone(), cause: error.to_string() })?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Damaged { path, cause: error.to_string() })
}

fn share(part: u64, of: u64) -> Fact {
    Fact::Share { share: part as f64 / of.max(1) as f64, of }
}

#[derive(Deserialize)]
struct RunManifest {
    parts: Vec<(String, String)>,
    /// Runs of earlier versions list none; their parts are looked for by name.
    #[serde(default)]
    files: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    bytes: u64,
    xxh3: Digest,
}

impl Written {
    /// What is wrong with the file, if anything is.
    fn fault(&self, folder: &Path, options: Look<'_>) -> Option<String> {
        if let Some(fault) = options.fault(folder, &self.name, self.bytes) {
            return Some(fault);
        }
        match (!options.quick).then(|| Digest::of_file(&folder.join(&self.name))) {
            Some(Ok(found)) if found != self.xxh3 => Some(format!("{} is not what was written: its hash is another", self.name)),
            Some(Err(error)) => Some(error.to_string()),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Verdict {
    verdict: String,
}

fn of_run(gathered: &mut Gathered, folder: &Path, options: Look<'_>) -> Result<(), Error> {
    let facts = &mut gathered.facts;
    let report: Report = read(folder.join("report.json"))?;
    let documents = &report.documents;
    facts.put("kept", share(documents.written, documents.read));
    let damaged: u64 = report.source.faults.values().sum();
    gathered.unread = report.source.listed.iter().take(UNREAD).map(|one| format!("{}: {}: {}", one.file, one.fault.reason, one.fault.detail)).collect();
    facts.put("faults", share(damaged, documents.read + damaged));
    facts.put("panicked", Fact::Count(report.panicked()));
    for stage in &report.stages {
        let name = format!("drop/{}", stage.name);
        for (reason, drops) in &stage.drops {
            facts.put(format!("{name}/{reason}"), share(*drops, stage.documents_in));
        }
        facts.put(name, share(stage.drops.values().sum(), stage.documents_in));
    }
    of_profile(facts, &read(folder.join(PROFILE_FILE))?);
    let manifest: RunManifest = read(folder.join("manifest.json"))?;
    let mut faults = missing_parts(folder, &manifest, options);
    faults.extend(manifest.files.par_iter().filter_map(|file| file.fault(folder, options)).collect::<Vec<_>>());
    facts.put("integrity", options.integrity(faults, !manifest.files.is_empty()));
    gathered.documents = manifest.files.iter().map(|file| folder.join(&file.name)).collect();
    let validation = folder.join("validate").join("validate.json");
    if validation.is_file() {
        facts.put("verdict", Fact::Text(read::<Verdict>(validation)?.verdict));
    }
    Ok(())
}

/// Parts of which no file is there. Those that are listed as files are looked at one by one.
fn missing_parts(folder: &Path, manifest: &RunManifest, options: Look<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    for group in manifest.parts.chunk_by(|a, b| a.0 == b.0) {
        let within = format!("{}/", group[0].0);
        if manifest.files.iter().any(|file| file.name.starts_with(&within)) {
            continue;
        }
        let inside = folder.join(&group[0].0);
        let mut files = Vec::new();
        match options.listed {
            Some(listed) => files.extend(listed.keys().filter_map(|name| name.strip_prefix(&within)?.rsplit('/').next().map(str::to_owned))),
            None => names_below(&inside, &mut files),
        }
        for (_, part) in group {
            // An output of shards that was taken apart (`forget`) renames its parts; its own manifest answers for them.
            if !inside.join(MANIFEST_FILE).is_file() && !files.iter().any(|file| file.starts_with(part.as_str())) {
                missing.push(format!("{}/{part}.* is missing", group[0].0));
            }
        }
    }
    missing
}

/// Names of the files in a folder and, for outputs by value, in the folders inside.
fn names_below(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            names_below(&entry.path(), names);
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
}

fn of_profile(facts: &mut Facts, profile: &Profile) {
    let of = profile.documents;
    facts.put("documents", Fact::Count(of));
    facts.put("bytes", Fact::Count(profile.bytes));
    facts.put("characters", Fact::Numbers(profile.characters.clone()));
    let script = profile.letters.iter().map(|(name, count)| (name.to_owned(), count)).collect();
    facts.put("script", Fact::Values { values: crate::profile::Shares { counts: script, other: 0 }, of });
    // Those that no document has are a share of 0.
    for name in DAMAGE {
        facts.put(format!("damage/{name}"), share(profile.damage.get(name).copied().unwrap_or(0), of));
    }
    for (name, repeats) in [("texts", &profile.texts), ("ids", &profile.ids)] {
        let (share, sample) = repeats.rate();
        if sample > 0 {
            facts.put(format!("repeated/{name}"), Fact::Share { share, of: sample });
        }
    }
    for (name, count) in &profile.fields {
        facts.put(format!("field/{name}"), share(*count, of));
    }
    for (name, values) in &profile.names {
        facts.put(format!("values/{name}"), Fact::Values { values: values.clone(), of: values.total() });
    }
    for (name, sketch) in &profile.numbers {
        facts.put(format!("numbers/{name}"), Fact::Numbers(sketch.clone()));
    }
    if let Some(tokens) = &profile.tokens {
        facts.put("tokens", Fact::Count(tokens.total()));
        facts.put("tokens/lengths", Fact::Numbers(tokens.lengths.clone()));
        facts.put("tokens/bytes", Fact::Number { value: tokens.bytes as f64 / tokens.total().max(1) as f64, of: tokens.lengths.count() });
        facts.put("tokens/use", Fact::Classes(tokens.classes.clone()));
        facts.put("tokens/frequent", Fact::Values { values: tokens.frequent(), of: tokens.lengths.count() });
    }
}

fn of_shards(gathered: &mut Gathered, folder: &Path, set: PathBuf, options: Look<'_>) {
    let facts = &mut gathered.facts;
    let inside = within(folder, &set);
    let name = if inside.is_empty() {
        "shards".to_owned()
    } else if inside.starts_with("shards") {
        inside
    } else {
        format!("shards/{inside}")
    };
    let manifest = match Manifest::load(&set) {
        Ok(manifest) => manifest,
        Err(fault) => return facts.put(format!("integrity/{name}"), Fact::Faults(vec![fault.to_string()])),
    };
    let faults = match options.listed {
        Some(_) => manifest.files().filter_map(|file| options.fault(folder, &within(folder, &set.join(&file.name)), file.bytes)).collect(),
        None => manifest.verify(&set, options.quick).err().unwrap_or_default().iter().map(ToString::to_string).collect(),
    };
    facts.put(format!("integrity/{name}"), options.integrity(faults, true));
    facts.put(format!("{name}/tokenizer"), Fact::Text(format!("{} {}", manifest.tokenizer.name, manifest.tokenizer.xxh3)));
    facts.put(format!("{name}/vocabulary"), Fact::Count(u64::from(manifest.vocab_size)));
    facts.0.entry("documents".to_owned()).or_insert(Fact::Count(manifest.documents));
    facts.0.entry("tokens".to_owned()).or_insert(Fact::Count(manifest.tokens));
    if let Some(pack) = manifest.packs.first() {
        facts.put(format!("{name}/padding"), Fact::Number { value: pack.stats.padding_share(), of: pack.stats.documents });
        facts.put(format!("{name}/cut"), Fact::Number { value: pack.stats.truncated_share(), of: pack.stats.documents });
    }
    gathered.sets.push((set, manifest));
}

/// How a path is named from a folder on.
fn within(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}
