//! The command line: parse, call, print the error, exit code. One file a verb.
//!
//! Exit codes: 0 fine, 1 an expectation or check not met, 2 error.

mod after;
mod build_index;
mod build_list;
mod check;
mod clusters;
mod explain;
mod extract;
mod few_shot;
mod fit_thresholds;
mod forget;
mod index_corpus;
mod inspect;
mod learn_tokenizer;
mod plan;
mod profile;
mod progress;
mod report;
mod run;
mod say;
mod shards;
mod stages;
mod to_warc;
mod trace;
mod train;
mod train_classifier;
mod train_lm;
mod validate;
mod vectors;
mod whatif;
mod where_from;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a verb can end with besides an error.
pub(crate) enum Done {
    /// All is well.
    Fine,
    /// An expectation or check is not met.
    Unmet,
}

/// Why a verb failed, ready to be shown.
pub(crate) struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}

pub(crate) type Outcome = Result<Done, Failure>;

/// From crawl files to clean token shards, and proof that the cleaning helped.
#[derive(Parser)]
#[command(name = "dataprep", version, about, after_help = "Start with: dataprep run pipelines/quickstart.toml")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Run),
    Plan(plan::Plan),
    Explain(explain::Explain),
    Stages(stages::Stages),
    Trace(trace::Trace),
    #[command(name = "whatif")]
    WhatIf(whatif::WhatIf),
    Clusters(clusters::ShowClusters),
    Report(report::Report),
    Inspect(inspect::Inspect),
    Profile(profile::ShowProfile),
    Check(Box<check::Check>),
    Extract(extract::Extract),
    ToWarc(to_warc::ToWarc),
    #[command(subcommand)]
    Shards(shards::Verb),
    Where(where_from::Where),
    Forget(forget::Forget),
    BuildList(build_list::BuildList),
    BuildIndex(build_index::BuildIndex),
    IndexCorpus(index_corpus::IndexCorpus),
    Train(train::Train),
    TrainClassifier(train_classifier::TrainClassifier),
    TrainLm(train_lm::TrainLm),
    LearnTokenizer(Box<learn_tokenizer::LearnTokenizer>),
    FewShot(few_shot::FewShot),
    #[command(name = "vectors")]
    Vectors(vectors::LearnVectors),
    FitThresholds(fit_thresholds::FitThresholds),
    Validate(validate::Validate),
}

/// Parses the arguments, runs the verb, prints its error.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run(verb) => verb.call(),
        Verb::Plan(verb) => verb.call(),
        Verb::Explain(verb) => verb.call(),
        Verb::Stages(verb) => verb.call(),
        Verb::Trace(verb) => verb.call(),
        Verb::WhatIf(verb) => verb.call(),
        Verb::Clusters(verb) => verb.call(),
        Verb::Report(verb) => verb.call(),
        Verb::Inspect(verb) => verb.call(),
        Verb::Profile(verb) => verb.call(),
        Verb::Check(verb) => verb.call(),
        Verb::Extract(verb) => verb.call(),
        Verb::ToWarc(verb) => verb.call(),
        Verb::Shards(verb) => verb.call(),
        Verb::Where(verb) => verb.call(),
        Verb::Forget(verb) => verb.call(),
        Verb::BuildList(verb) => verb.call(),
        Verb::BuildIndex(verb) => verb.call(),
        Verb::IndexCorpus(verb) => verb.call(),
        Verb::Train(verb) => verb.call(),
        Verb::TrainClassifier(verb) => verb.call(),
        Verb::TrainLm(verb) => verb.call(),
        Verb::LearnTokenizer(verb) => verb.call(),
        Verb::FewShot(verb) => verb.call(),
        Verb::Vectors(verb) => verb.call(),
        Verb::FitThresholds(verb) => verb.call(),
        Verb::Validate(verb) => verb.call(),
    };
    match outcome {
        Ok(Done::Fine) => ExitCode::SUCCESS,
        Ok(Done::Unmet) => ExitCode::from(1),
        Err(Failure(text)) => {
            let text = text.trim_end();
            say::aside(format_args!("{}{text}", if text.starts_with("error") { "" } else { "error: " }));
            ExitCode::from(2)
        }
    }
}

/// Writes a file under another name beside its place and moves it there, so that no half of it ever stands there, and whoever reads the one of before goes
/// on reading it; gives its size.
fn write_whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| Failure(format!("cannot write {}: {error}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&part).map_err(failed)?);
    write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    std::fs::rename(&part, path).map_err(failed)?;
    Ok(std::fs::metadata(path).map_err(failed)?.len())
}

/// Threads to use where none are asked for.
fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A size for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A count for people: 12,345.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!((count(7), count(1_234), count(1_234_567)), ("7".into(), "1,234".into(), "1,234,567".into()));
        assert_eq!((size(999), size(1_500), size(2_500_000_000)), ("999 B".into(), "1.5 kB".into(), "2.5 GB".into()));
    }

    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
