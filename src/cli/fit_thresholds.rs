use std::io::Write;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome, count, write_whole};
use crate::language::{BUILT_IN, Identifier, Scratch};
use crate::measures::rules::{self, ByLanguage, fit::Fit};
use crate::source::texts::Texts;

/// Fit the bounds of a rule set to a clean corpus, language by language, for `thresholds` of the stage `rules`.
#[derive(clap::Args)]
#[command(
    after_help = "Take texts that are wanted as they are, some hundred a language: encyclopaedias, books, checked pages. Each rule alone then loses at most \
                  --lost of them."
)]
pub struct FitThresholds {
    /// Files, folders or globs: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text; compressed or not.
    #[arg(required = true)]
    texts: Vec<String>,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// The rule set, by name.
    #[arg(long, default_value = "multilingual")]
    set: String,
    /// The language of all texts, as a BCP 47 tag; found text by text where it is not said.
    #[arg(long)]
    lang: Option<String>,
    /// Share of the texts of a language that a rule may lose.
    #[arg(long, default_value_t = 0.01)]
    lost: f64,
    /// Fewest texts that a language must have.
    #[arg(long, default_value_t = 100)]
    least: usize,
    /// The file to write, as thresholds.toml.
    #[arg(short, long)]
    output: PathBuf,
}

impl FitThresholds {
    pub(super) fn call(self) -> Outcome {
        if !(0.0..0.5).contains(&self.lost) {
            return Err(Failure(format!("--lost {}: wanted a share from 0 to below 0.5", self.lost)));
        }
        let Some((_, toml)) = rules::BUILT_IN.iter().find(|(name, _)| *name == self.set) else {
            let names: Vec<&str> = rules::BUILT_IN.iter().map(|(name, _)| *name).collect();
            return Err(Failure(format!("--set: there is no rule set `{}`; one of: {}", self.set, names.join(", "))));
        };
        let set = ByLanguage::parse(toml, &mut |list| Err(format!("no list `{list}`"))).map_err(|errors| Failure(format!("{errors:?}")))?;
        let (identifier, mut scratch) = (Identifier::load(BUILT_IN)?, Scratch::default());
        let mut fit = Fit::new(set);
        let mut documents = 0;
        let faults = Texts::open(&self.texts, self.field.as_deref())?.each(&mut |doc| {
            let lang = self.lang.as_deref().unwrap_or_else(|| identifier.identify(doc.text(), &mut scratch).lang);
            fit.see(lang, doc.text());
            documents += 1;
            Ok(())
        })?;
        let fitted = fit.thresholds(self.lost, self.least);
        let head = "# Bounds by language, by `dataprep fit-thresholds`";
        let share = 100.0 * self.lost;
        write_whole(&self.output, |out| {
            writeln!(out, "{head}: each rule of the set `{}` loses at most {share} % of the texts that it was fitted to.\n\n{fitted}", self.set)
        })?;
        say!("{} documents, {} languages", count(documents), fitted.lines().filter(|line| line.starts_with('[')).count())?;
        for (reason, times) in faults {
            say!("{reason} {}", count(times))?;
        }
        Ok(Done::Fine)
    }
}
