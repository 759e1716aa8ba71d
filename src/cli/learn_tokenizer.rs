use std::io::Write;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome, count, size, write_whole};
use crate::source::texts::Texts;
use crate::stage::{ByteSize, RunError};
use crate::tokenizer::Form;
use crate::tokenizer::learn::{Counter, LearnOptions, Model, PreSplitter, SpecialToken, Split, TextForm, Totals, Unigram, learn, report};

/// Learn a tokenizer.json from texts: byte-level or character BPE, WordPiece, unigram.
#[derive(clap::Args)]
#[command(
    after_help = "The file is loaded by Hugging Face tokenizers and transformers, and by the stage `tokenize`. The stage `learn_tokenizer` does the same inside a pipeline, \
                  and its manual (`dataprep explain learn_tokenizer`) says more of the options.\n\
                  Half of the memory is for counting: what is more goes to disk, beside --out, and is removed in the end."
)]
pub struct LearnTokenizer {
    /// Files, folders or globs: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text; compressed or not.
    #[arg(required = true, num_args = 1.., value_name = "FILES")]
    text: Vec<String>,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Where the tokenizer goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// bpe, wordpiece or unigram.
    #[arg(long, default_value = "bpe")]
    model: Kind,
    /// gpt2, cl100k, llama3, qwen2, o200k, metaspace or bert [default: gpt2 for bpe, bert for wordpiece, metaspace for unigram].
    #[arg(long)]
    split: Option<Split>,
    /// Number of ids.
    #[arg(long, default_value_t = 32_768)]
    vocab_size: u32,
    /// Unicode normalization: nfc or nfkc.
    #[arg(long)]
    normalize: Option<Form>,
    /// Lower case; without accents for wordpiece, which has it unless --lowercase=false.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    lowercase: Option<bool>,
    /// Special tokens, which take the first ids, or TOKEN=ID [default: those usual for the model].
    #[arg(long, num_args = 1.., value_name = "TOKENS")]
    special_tokens: Option<Vec<String>>,
    /// How often a pair must stand in the texts to become a piece.
    #[arg(long, default_value_t = 2)]
    min_count: u64,
    /// Characters that are in the alphabet even if no text has them.
    #[arg(long, default_value = "", value_name = "LETTERS")]
    initial_alphabet: String,
    /// Characters in the alphabet at most.
    #[arg(long, value_name = "COUNT")]
    limit_alphabet: Option<usize>,
    /// Characters of the longest piece, bytes for byte-level splits [default: 16 for unigram, else no limit].
    #[arg(long, value_name = "LENGTH")]
    max_piece_length: Option<usize>,
    /// Memory for counting and learning.
    #[arg(long, default_value = "1 GiB")]
    memory: ByteSize,
    /// Where a report of tokens a word, bytes a token and unused entries goes, as JSON.
    #[arg(long, value_name = "FILE")]
    usage: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Bpe,
    Wordpiece,
    Unigram,
}

impl LearnTokenizer {
    pub(super) fn call(self) -> Outcome {
        let options = self.options()?;
        let splitter = PreSplitter::new(&options)?;
        let texts = Texts::open(&self.text, self.field.as_deref())?;
        let mut folder = self.out.clone().into_os_string();
        folder.push(".words");
        let mut counter = Counter::new(self.memory.as_usize() / 2, &PathBuf::from(folder));
        let mut totals = Totals::default();
        let faults = texts.each(&mut |doc| {
            totals.add(Totals::of(doc.text()));
            let mut added = Ok(());
            splitter.split(doc.text(), &mut |word| {
                if added.is_ok() {
                    added = counter.add(word);
                }
            });
            added.map_err(RunError::stop)
        })?;
        for (fault, times) in faults {
            say!("{} documents not read: {fault}", count(times))?;
        }
        let on_disk = counter.spilled();
        let words = counter.finish(self.memory.as_usize())?;
        say!("{} documents, {}: {} different words", count(totals.documents), size(totals.bytes), count(words.seen))?;
        if on_disk > 0 {
            say!("{} of counted words went to disk", size(on_disk))?;
        }
        if words.len() as u64 != words.seen {
            say!("{} of them stand for all: more do not fit into --memory", count(words.len() as u64))?;
        }
        let learned = learn(&words, &options)?;
        if learned.vocab_size < options.vocab_size {
            say!("{} entries only: the texts have no more pieces of --min-count {}", count(u64::from(learned.vocab_size)), options.min_count)?;
        }
        let usage = report(&learned, &words, &[(String::new(), totals)]);
        let all = &usage["all"];
        say!(
            "{} tokens; {} a word, {} a character; {} bytes a token; {} of {} entries unused",
            count(learned.usage.tokens),
            all["tokens_per_word"],
            all["tokens_per_character"],
            all["bytes_per_token"],
            count(learned.usage.unused),
            count(learned.usage.pieces)
        )?;
        if let Some(path) = &self.usage {
            write_whole(path, |out| writeln!(out, "{usage:#}"))?;
        }
        let written = write_whole(&self.out, |out| out.write_all(&learned.file))?;
        say!("{}: {}", self.out.display(), size(written))?;
        Ok(Done::Fine)
    }

    fn options(&self) -> Result<LearnOptions, Failure> {
        let (model, split) = match self.model {
            Kind::Bpe => (Model::Bpe, "gpt2"),
            Kind::Wordpiece => (Model::WordPiece, "bert"),
            Kind::Unigram => (Model::Unigram(Unigram::DEFAULT), "metaspace"),
        };
        let split = self.split.map_or_else(|| split.parse(), Ok).map_err(Failure)?;
        let text = TextForm { normalize: self.normalize, lowercase: self.lowercase.unwrap_or(model == Model::WordPiece), split };
        let usual = LearnOptions::new(model, text, self.vocab_size);
        let special_tokens = match &self.special_tokens {
            Some(tokens) => tokens.iter().map(|token| special(token)).collect(),
            None => usual.special_tokens,
        };
        let options = LearnOptions {
            special_tokens,
            min_count: self.min_count,
            initial_alphabet: self.initial_alphabet.clone(),
            limit_alphabet: self.limit_alphabet,
            max_piece_length: self.max_piece_length.or(usual.max_piece_length),
            ..usual
        };
        let faults: Vec<String> =
            options.faults().into_iter().map(|fault| format!("--{}: {}; {}", fault.option.replace('_', "-"), fault.found, fault.help)).collect();
        if faults.is_empty() { Ok(options) } else { Err(Failure(faults.join("\n"))) }
    }
}

/// `TOKEN` or `TOKEN=ID`; what does not end in a number is all token.
fn special(written: &str) -> SpecialToken {
    match written.rsplit_once('=').and_then(|(text, id)| Some((text, id.parse().ok()?))) {
        Some((text, id)) if !text.is_empty() => SpecialToken { text: text.to_owned(), id: Some(id) },
        _ => SpecialToken { text: written.to_owned(), id: None },
    }
}
