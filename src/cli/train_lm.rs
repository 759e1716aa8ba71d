use std::collections::BTreeMap;
use std::io::Seek;
use std::path::{Path, PathBuf};

use super::say::say;
use super::{Done, Failure, Outcome, count, size, write_whole};
use crate::ngram::train::{Discounts, Settings, Trained, Trainer};
use crate::ngram::{Buffers, EachSentence, Normal, Sentences, Tally, Words};
use crate::shard::Shards;
use crate::source::texts::Texts;
use crate::stage::{ByteSize, Dice, RunError};

/// Lines that are held out, or not, together.
const TOGETHER: u64 = 64;

/// Train an n-gram language model (modified Kneser-Ney) that the stage `perplexity` and KenLM read.
#[derive(clap::Args)]
#[command(
    after_help = "Every line with a word is a sentence, or, with --shards, every document, and bits per byte are said too. Remove duplicates first: repeated text spoils\n\
                  the counts that the discounts are computed from. Words are held in memory, some 100 bytes each; n-grams that it has no room for go to files beside the\n\
                  model that is made, some 200 bytes for each distinct 5-gram. The same model comes of any memory."
)]
pub struct TrainLm {
    /// Files, folders or globs: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text; compressed or not.
    #[arg(long, required_unless_present = "shards", num_args = 1.., value_name = "FILES")]
    text: Vec<String>,
    /// Folder of a shard set, in the place of texts: its tokens are the words, spelt as numbers, and each document is a sentence.
    #[arg(long, value_name = "SHARDS", conflicts_with_all = ["text", "field", "normalise", "words"])]
    shards: Option<PathBuf>,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Words of the longest n-grams, 1 to 6.
    #[arg(long, default_value_t = 5)]
    order: usize,
    /// Where the model goes: *.arpa is ARPA text, *.bin KenLM's probing form, which is loaded at once.
    #[arg(long)]
    out: PathBuf,
    /// The form the text is put into: ccnet or none.
    #[arg(long, default_value = "ccnet")]
    normalise: Normal,
    /// What a word is: whitespace, characters, or the path of a tokenizer.json or a unigram model of SentencePiece.
    #[arg(long, default_value = "whitespace")]
    words: String,
    /// Leave out n-grams that occur so often or less: a number each for 2, 3, ... words, as 0,1,1; the last holds for all longer ones.
    #[arg(long, value_delimiter = ',', value_name = "COUNTS")]
    prune: Vec<u32>,
    /// Memory that counting and estimating may take; words may take half of it.
    #[arg(long, default_value = "4 GiB")]
    memory: ByteSize,
    /// Take fixed discounts (0.5, 1, 1.5) for orders where the text gives none, as small or generated text does.
    #[arg(long)]
    discount_fallback: bool,
    /// Share of the text that is not trained on, to measure perplexity with.
    #[arg(long, default_value_t = 0.01)]
    held_out: f64,
    /// Seed of the choice of what is held out.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl TrainLm {
    pub(super) fn call(self) -> Outcome {
        let is_arpa = match self.out.extension().and_then(|end| end.to_str()) {
            Some("arpa") => true,
            Some("bin") => false,
            _ => return Err(Failure(format!("{}: the name must end in .arpa or .bin, which says the form", self.out.display()))),
        };
        if !(0.0..1.0).contains(&self.held_out) {
            return Err(Failure(format!("--held-out {}: wanted a share from 0 to below 1", self.held_out)));
        }
        let mut input = match &self.shards {
            Some(dir) => Input::shards(dir)?,
            None => Input::Texts { cut: self.sentences()?, texts: Texts::open(&self.text, self.field.as_deref())?, buffers: Buffers::default() },
        };
        let fallback = self.discount_fallback.then_some(Discounts::FALLBACK);
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let settings = Settings { order: self.order, prune: self.prune.clone(), memory: self.memory.as_usize(), folder: folder.clone(), fallback };
        let mut trainer = Trainer::new(settings)?;
        let faults = self.pass(&mut input, false, &mut |words, _| trainer.add(words))?;
        for (fault, times) in faults {
            say!("{} documents not read: {fault}", count(times))?;
        }
        let (tokens, markers) = (trainer.tokens(), trainer.markers());
        let trained = trainer.finish()?;
        say!("{} words in sentences, ends of sentences among them", count(tokens))?;
        if markers > 0 {
            say!("{} words left out that are spelt <s>, </s> or <unk>", count(markers))?;
        }
        describe(&trained)?;
        let failed = |error| Failure(format!("cannot write into {}: {error}", folder.display()));
        let mut binary = tempfile::tempfile_in(&folder).map_err(failed)?;
        trained.write_binary(&binary)?;
        binary.rewind().map_err(failed)?;
        let written = write_whole(&self.out, |out| if is_arpa { trained.write_arpa(out) } else { std::io::copy(&mut binary, out).map(|_| ()) })?;
        say!("{}: {}", self.out.display(), size(written))?;
        drop(trained);
        let model = crate::ngram::Model::from_file(&binary)?;
        let (mut held, mut unknown) = (Tally::default(), 0u64);
        self.pass(&mut input, true, &mut |words, length| {
            let log10 = model.score(words.map(|word| model.index(word)).inspect(|id| unknown += u64::from(*id == 0)));
            held.add(log10, length);
            Ok(())
        })?;
        let bits = input.bits_per_byte(&held, &|key| self.is_held_out(key))?.map(|bits| format!(", {bits:.4} bits per byte")).unwrap_or_default();
        match held.perplexity() {
            Some(perplexity) => say!("held out: perplexity {perplexity:.2} over {} words, {} of them unknown{bits}", count(held.words), count(unknown))?,
            None => say!("held out: nothing")?,
        }
        Ok(Done::Fine)
    }

    fn sentences(&self) -> Result<Sentences, Failure> {
        let words = match self.words.as_str() {
            "whitespace" => Words::Whitespace,
            "characters" => Words::Characters,
            path => {
                let file = std::fs::read(path).map_err(|error| {
                    Failure(format!("--words: cannot read {path}: {error}\n  help: give whitespace, characters, or the path of a tokenizer"))
                })?;
                Words::pieces(path, &file)?
            }
        };
        Ok(Sentences { normal: self.normalise, words, whole: false })
    }

    fn is_held_out(&self, key: u128) -> bool {
        Dice::new(self.seed, "train-lm").roll(key) < self.held_out
    }

    /// All sentences that are held out, or all others: lines of texts, a number of them together, or whole documents of shards.
    fn pass(&self, input: &mut Input, held_out: bool, each: &mut EachSentence<'_>) -> Result<BTreeMap<String, u64>, Failure> {
        match input {
            Input::Texts { cut, texts, buffers } => Ok(texts.each(&mut |doc| {
                for (number, line) in (0u64..).zip(doc.text().lines()) {
                    if self.is_held_out(doc.key() ^ u128::from(number / TOGETHER)) == held_out {
                        cut.each(line, buffers, each).map_err(RunError::stop)?;
                    }
                }
                Ok(())
            })?),
            Input::Shards { shards, names } => {
                for document in 0..shards.documents() {
                    if self.is_held_out(shards.key(document)?) == held_out {
                        let ids = shards.document(document)?;
                        if ids.is_empty() {
                            continue;
                        }
                        each(&mut ids.iter().filter_map(|id| names.get(id as usize)).map(String::as_str), ids.len() as u64)?;
                    }
                }
                Ok(BTreeMap::new())
            }
        }
    }
}

/// Where sentences come from.
enum Input {
    Texts {
        cut: Sentences,
        texts: Texts,
        buffers: Buffers,
    },
    /// With the spelling of each token.
    Shards {
        shards: Shards,
        names: Vec<String>,
    },
}

impl Input {
    fn shards(dir: &Path) -> Result<Input, Failure> {
        let shards = Shards::open(dir)?;
        let names = (0..shards.manifest().vocab_size).map(|id| id.to_string()).collect();
        Ok(Input::Shards { shards, names })
    }

    /// Of shards, whose texts' bytes are known, what is comparable between tokenizers; `None` where nothing is held out.
    fn bits_per_byte(&self, held: &Tally, is_held_out: &dyn Fn(u128) -> bool) -> Result<Option<f64>, Failure> {
        let Input::Shards { shards, .. } = self else { return Ok(None) };
        let mut bytes = 0;
        for document in 0..shards.documents() {
            if is_held_out(shards.key(document)?) {
                bytes += shards.document_bytes(document)?;
            }
        }
        Ok((bytes > 0).then(|| -held.log10 * std::f64::consts::LOG2_10 / bytes as f64))
    }
}

fn describe(trained: &Trained) -> std::io::Result<()> {
    for ((order, number), Discounts(discounts)) in (1..).zip(trained.counts()).zip(trained.discounts()) {
        let [once, twice, more] = discounts;
        say!("{order}-grams: {:>12}   discounts {once:.4} {twice:.4} {more:.4}", count(number))?;
    }
    Ok(())
}
