//! Held-out documents by domain, and the minimal pairs made from their texts.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::arms::{self, TEXTS};
use super::probe::{self, Pair};
use super::selection::Selection;
use super::settings::Settings;
use super::study::{Heldout, MIN_HELDOUT, Pairs};
use super::{TrialError, shards};
use crate::run::Options;
use crate::shard::sets;
use crate::train::corpus::ShardCorpus;
use crate::train::data::Corpus;

/// Where domains of too few documents go.
const OTHER: &str = "other";

/// Bytes of held-out text that minimal pairs are made from.
const PROBED: usize = 4 << 20;

/// Kinds of minimal pairs, each with the numbers of its pairs, which lie together.
type Kinds = Vec<(String, Range<usize>)>;

/// What is held out, opened.
pub struct Held {
    /// Domains with the shard sets that make them up.
    domains: Vec<(String, Vec<ShardCorpus>)>,
    /// Documents of domains that are too small even together.
    pub left_out: usize,
    pairs: Option<(ShardCorpus, Kinds)>,
    /// What all of it depends on.
    pub identity: String,
}

impl Held {
    /// Opens the runs of held-out documents, each named for its domain, and makes minimal pairs in `folder`.
    pub fn open(runs: &[(String, PathBuf)], settings: &Settings, tokenizer: &str, folder: &Path, options: &Options<'_>) -> Result<Held, TrialError> {
        let (mut domains, mut small) = (Vec::new(), Vec::new());
        let mut identity = settings.heldout_tokens.to_string();
        for (name, run) in runs {
            let root = run.join("shards");
            for set in sets(&root) {
                let value = set.strip_prefix(&root).ok().map(|rest| rest.to_string_lossy().into_owned()).filter(|rest| !rest.is_empty());
                let domain = match value {
                    None => name.clone(),
                    Some(value) if runs.len() == 1 => value,
                    Some(value) => format!("{name}/{value}"),
                };
                let (corpus, manifest) = shards(&set)?;
                identity.push_str(&format!("{domain} {manifest}"));
                if scored(&corpus) >= MIN_HELDOUT { domains.push((domain, vec![corpus])) } else { small.push(corpus) }
            }
        }
        let enough = small.iter().map(scored).sum::<usize>() >= MIN_HELDOUT || domains.is_empty();
        let left_out = if enough { 0 } else { small.iter().map(|corpus| corpus.documents()).sum() };
        if enough && !small.is_empty() {
            domains.push((OTHER.to_owned(), small));
        }
        let mut held = Held { domains, left_out, pairs: None, identity };
        if settings.minimal_pairs > 0 {
            held.ask_pairs(&texts(runs)?, settings, tokenizer, folder, options)?;
        }
        Ok(held)
    }

    /// Makes pairs and tokenizes them as the arms are.
    fn ask_pairs(&mut self, texts: &[String], settings: &Settings, tokenizer: &str, folder: &Path, options: &Options<'_>) -> Result<(), TrialError> {
        let pairs = probe::pairs(texts, settings.seed, settings.minimal_pairs, MIN_HELDOUT);
        if pairs.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = pairs.iter().enumerate().flat_map(|(number, pair)| lines(number, pair)).collect();
        let written = lines.concat();
        let folder = folder.join(format!("pairs-{:016x}", xxhash_rust::xxh3::xxh3_64(written.as_bytes())));
        let file = folder.join("pairs.jsonl");
        if !file.exists() {
            let write = || std::fs::create_dir_all(&folder).and_then(|()| std::fs::File::create(&file)?.write_all(written.as_bytes()));
            write().map_err(|cause| TrialError::File { path: file.clone(), cause })?;
        }
        let run = arms::make(arms::of_texts(&file, settings, tokenizer, folder.join("run"))?, options)?;
        let (corpus, manifest) = shards(&run.join("shards"))?;
        // A tokenizer that cannot spell every text drops some: which sentence belongs to which is then unknown.
        if corpus.documents() != lines.len() {
            return Ok(());
        }
        self.identity.push_str(&manifest);
        self.pairs = Some((corpus, kinds(&pairs)));
        Ok(())
    }

    /// As the verdict takes it: no domain has more of the tokens that are scored than another.
    pub fn heldout(&self, settings: &Settings) -> Result<Heldout<'_>, TrialError> {
        let share = settings.heldout_tokens / self.domains.len().max(1) as u64;
        let domains = self.domains.iter().map(|(name, corpora)| {
            let all = Selection::all(corpora.iter().map(|corpus| corpus as &dyn Corpus));
            (name.clone(), all.sample(share, settings.seed))
        });
        let pairs = self.pairs.as_ref().map(|(corpus, kinds)| Pairs { corpus, kinds: kinds.clone() });
        Heldout::new(domains.collect(), pairs)
    }

    /// Size of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.domains.first().and_then(|(_, corpora)| corpora.first()).map_or(0, ShardCorpus::vocab_size)
    }
}

fn scored(corpus: &ShardCorpus) -> usize {
    (0..corpus.documents()).filter(|&document| corpus.tokens(document) > 1).count()
}

/// Both members of a pair as documents, the right one first.
fn lines(number: usize, pair: &Pair) -> [String; 2] {
    [("right", &pair.right), ("wrong", &pair.wrong)].map(|(side, text)| format!("{}\n", serde_json::json!({ "id": format!("{number}-{side}"), "text": text })))
}

fn kinds(pairs: &[Pair]) -> Kinds {
    let mut kinds = Kinds::new();
    for (number, pair) in pairs.iter().enumerate() {
        match kinds.last_mut() {
            Some((kind, range)) if *kind == pair.kind => range.end = number + 1,
            _ => kinds.push((pair.kind.clone(), number..number + 1)),
        }
    }
    kinds
}

/// The texts that the runs wrote beside their shards; of very many a part, chosen by hash.
fn texts(runs: &[(String, PathBuf)]) -> Result<Vec<String>, TrialError> {
    #[derive(serde::Deserialize)]
    struct Line {
        text: String,
    }
    let mut texts = Vec::new();
    for (_, run) in runs {
        let folder = run.join(TEXTS);
        let failed = |cause: std::io::Error| TrialError::File { path: folder.clone(), cause };
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&folder).map_err(failed)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().map_err(failed)?;
        files.retain(|path| path.to_string_lossy().contains(".jsonl"));
        files.sort();
        for path in files {
            let open = || zstd::Decoder::new(std::fs::File::open(&path)?);
            for line in BufReader::new(open().map_err(failed)?).lines() {
                let line: Line = serde_json::from_str(&line.map_err(failed)?).map_err(|error| failed(error.into()))?;
                texts.push(line.text);
            }
        }
    }
    if texts.iter().map(String::len).sum::<usize>() > PROBED {
        texts.sort_by_cached_key(|text| xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
        let mut left = PROBED;
        let fitting = texts.iter().take_while(|text| left.checked_sub(text.len()).inspect(|rest| left = *rest).is_some()).count();
        texts.truncate(fitting);
    }
    Ok(texts)
}
