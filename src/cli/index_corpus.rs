use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::say::{aside, say};
use super::{Done, Failure, Outcome, count, size, write_whole};
use crate::dedup::index::{Builder, HEAD, Settings, Windows};
use crate::dedup::normal::Normal;
use crate::dedup::shingles::Unit;
use crate::dedup::sketch::Profile;
use crate::dedup::tokens::Tokens;
use crate::source::texts::Texts;
use crate::stage::{ByteSize, RunError};
use crate::tokenizer::Tokenizer;

/// Write an index of a corpus, so that later ones can be deduplicated against it (`against` in dedup_exact, dedup_minhash and dedup_substring).
#[derive(clap::Args)]
#[command(after_help = "Example: dataprep index-corpus out/web/docs -o web.index\nThen, in another pipeline: use = \"dedup_minhash\", against = \"web.index\"")]
pub struct IndexCorpus {
    /// Files, folders or globs: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text; compressed or not.
    #[arg(required = true)]
    documents: Vec<String>,
    /// The folder to write.
    #[arg(short, long)]
    output: PathBuf,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// What of a text counts where the same text is sought: space, words or bytes.
    #[arg(long, default_value = "space", value_parser = named::<Normal>)]
    normal: Normal,
    /// Whose shingles and permutations: fast or datatrove.
    #[arg(long, default_value = "fast", value_parser = named::<Profile>)]
    profile: Profile,
    /// What a shingle is made of: word, char or token.
    #[arg(long, default_value = "word", value_parser = named::<Unit>)]
    by: Unit,
    /// Words, characters or tokens in a shingle.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    ngram: u32,
    /// Bands; 16 where this is not given, 14 with the profile datatrove.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    bands: Option<u32>,
    /// Minima in a band; 7 where this is not given, 8 with the profile datatrove.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rows: Option<u32>,
    /// Seed of the permutations.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Bytes from which repeated passages are to be found (dedup_substring), there or from a larger number on; 16 bytes of index for each 33 of text at 100.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(20..=65536))]
    min_bytes: Option<u32>,
    /// The same in tokens.
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(10..=65536), conflicts_with = "min_bytes", requires = "tokenizer")]
    min_tokens: Option<u32>,
    /// A tokenizer file, or bytes: what tokens are.
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<String>,
    /// Memory for a segment; a smaller one makes more segments, each of which is searched.
    #[arg(long, default_value = "1 GiB")]
    memory: ByteSize,
}

/// A value by the name that a pipeline file has for it.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error| error.to_string())
}

impl IndexCorpus {
    pub(super) fn call(self) -> Outcome {
        if self.output.join(HEAD).exists() {
            return Err(Failure(format!("{} holds an index: remove it, or name another folder", self.output.display())));
        }
        let failed = |error: std::io::Error| Failure(format!("cannot write {}: {error}", self.output.display()));
        let base = Settings::of(self.profile, self.seed);
        let settings = Settings {
            normal: self.normal,
            by: self.by,
            ngram: self.ngram as usize,
            bands: self.bands.map_or(base.bands, |bands| bands as usize),
            rows: self.rows.map_or(base.rows, |rows| rows as usize),
            passages: self.min_bytes.map(|bytes| Windows::Bytes(bytes as usize)).or(self.min_tokens.map(|tokens| Windows::Tokens(tokens as usize))),
            ..base
        };
        let used = self.by == Unit::Token || self.min_tokens.is_some();
        let tokens = match &self.tokenizer {
            Some(name) if used => Some(Arc::new(Tokens::new(Tokenizer::load(name, None).map_err(|error| Failure(error.to_string()))?))),
            None if used => return Err(Failure("tokens are those of a tokenizer: give --tokenizer".into())),
            Some(_) => return Err(Failure("nothing goes by tokens: leave --tokenizer out, or give --by token or --min-tokens".into())),
            None => None,
        };
        let texts = Texts::open(&self.documents, self.field.as_deref())?;
        let mut builder = Builder::new(&self.output, settings, tokens, self.memory.as_usize()).map_err(failed)?;
        let faults = texts.each(&mut |doc| {
            let added = builder.add(&doc.name(), doc.url.as_deref(), doc.text());
            added.map_err(RunError::file("cannot write the index in", &self.output))
        })?;
        let (head, documents) = builder.finish().map_err(failed)?;
        write_whole(&self.output.join(HEAD), |out| out.write_all(&head))?;
        if !faults.is_empty() {
            let list: Vec<String> = faults.iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
            aside(format_args!("not read: {}", list.join(", ")));
        }
        let bytes = std::fs::read_dir(&self.output).map_err(failed)?.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum();
        say!("{} documents, {}", count(documents), size(bytes))?;
        Ok(Done::Fine)
    }
}
