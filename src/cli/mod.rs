//! The command line: parse, call, print the error, exit code. One file a verb.
//!
//! Exit codes: 0 fine, 1 an expectation or check not met, 2 error.

mod after;
mod arguments;
mod build_index;
mod build_list;
mod check;
mod chinese;
mod clusters;
mod completions;
mod contamination;
mod diff;
mod doctor;
mod examples;
mod explain;
mod extract;
mod few_shot;
mod fit_thresholds;
mod forget;
mod gc;
mod help;
mod index_corpus;
mod inspect;
mod learn_tokenizer;
mod lint;
mod man;
mod place;
mod plan;
mod profile;
mod progress;
mod published;
mod query;
mod report;
mod run;
mod say;
mod shards;
mod slurm;
mod stages;
mod status;
mod task;
mod tasks;
mod to_warc;
mod trace;
mod train;
mod train_classifier;
mod train_lm;
mod translate;
mod validate;
mod vectors;
mod whatif;
mod where_from;
mod work;

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::review::page::Language;

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
    #[command(flatten)]
    messages: Messages,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Args)]
struct Messages {
    /// Language of messages and of this help: zh, or en. Stands before the verb.
    #[arg(long = "lang", id = "messages", env = "LANG", hide_env_values = true, default_value = "en", value_parser = report::language, value_name = "LANG")]
    language: Language,
}

/// What stands before the verb, read first: in which language the rest is spoken.
#[derive(Parser)]
#[command(ignore_errors = true, disable_help_flag = true)]
struct Before {
    #[command(flatten)]
    messages: Messages,
    /// Everything else.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<OsString>,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Run),
    Plan(plan::Plan),
    Doctor(doctor::Doctor),
    Tasks(tasks::Tasks),
    Task(task::Task),
    Work(work::Work),
    Status(status::Status),
    Gc(gc::Gc),
    Slurm(slurm::Slurm),
    Explain(explain::Explain),
    Stages(stages::Stages),
    Trace(trace::Trace),
    #[command(name = "whatif")]
    WhatIf(whatif::WhatIf),
    Clusters(clusters::ShowClusters),
    Report(report::Report),
    Inspect(inspect::Inspect),
    Diff(diff::Diff),
    Query(query::Query),
    Profile(profile::ShowProfile),
    Check(Box<check::Check>),
    Lint(Box<lint::Lint>),
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
    Completions(completions::Completions),
    Man(man::ManPages),
}

/// The command line with examples below the help of every verb: what arguments are parsed by.
fn command() -> clap::Command {
    examples::with_examples(Cli::command())
}

/// The same in the language that was set: what help, completions and manual pages are made of.
fn shown() -> clap::Command {
    if translate::is_chinese() { help::in_chinese(command()) } else { command() }
}

/// The command with the arguments of this process.
pub fn main() -> ExitCode {
    ExitCode::from(call(std::env::args_os()))
}

/// Parses the arguments, of which the first is the name of the program; runs the verb, prints its error, gives the exit code.
pub fn call(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // What is wrong with the arguments is said below, in whichever language stands by then.
    if let Ok(before) = Before::try_parse_from(arguments.clone()) {
        translate::speak(before.messages.language);
    }
    let parsed = command().try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(said) => {
            if let Some(mistake) = arguments::mistake(&said, &command(), &arguments) {
                return complain(&mistake);
            }
            // Help and version come here too. Where nobody listens, there is nobody to tell of it.
            let _ = if translate::is_chinese() { help::print(&shown(), &arguments) } else { said.print() };
            return if said.use_stderr() { 2 } else { 0 };
        }
    };
    let outcome = match cli.verb {
        Verb::Run(verb) => verb.call(),
        Verb::Plan(verb) => verb.call(),
        Verb::Doctor(verb) => verb.call(),
        Verb::Tasks(verb) => verb.call(),
        Verb::Task(verb) => verb.call(),
        Verb::Work(verb) => verb.call(),
        Verb::Status(verb) => verb.call(),
        Verb::Gc(verb) => verb.call(),
        Verb::Slurm(verb) => verb.call(),
        Verb::Explain(verb) => verb.call(),
        Verb::Stages(verb) => verb.call(),
        Verb::Trace(verb) => verb.call(),
        Verb::WhatIf(verb) => verb.call(),
        Verb::Clusters(verb) => verb.call(),
        Verb::Report(verb) => verb.call(),
        Verb::Inspect(verb) => verb.call(),
        Verb::Diff(verb) => verb.call(),
        Verb::Query(verb) => verb.call(),
        Verb::Profile(verb) => verb.call(),
        Verb::Check(verb) => verb.call(),
        Verb::Lint(verb) => verb.call(),
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
        Verb::Completions(verb) => verb.call(),
        Verb::Man(verb) => verb.call(),
    };
    match outcome {
        Ok(Done::Fine) => 0,
        Ok(Done::Unmet) => 1,
        Err(failure) => complain(&failure),
    }
}

/// Shows an error; gives the exit code.
fn complain(Failure(text): &Failure) -> u8 {
    let text = text.trim_end();
    let framed = format!("{}{text}{}", if text.starts_with("error") { "" } else { "error: " }, remedy(text));
    say::aside(translate::told(&framed));
    2
}

/// What to do about a file that cannot be read or written, where the error does not say it.
fn remedy(text: &str) -> &'static str {
    if text.contains("help: ") || text.contains(" --> ") {
        ""
    } else if text.contains("cannot read ") || text.contains("cannot open ") {
        "\n  help: check the path, which is taken from the folder the command runs in, and the file's permissions"
    } else if text.contains("cannot write ") || text.contains("cannot create ") {
        "\n  help: check that the folder is there, may be written to and has room"
    } else {
        ""
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
    fn files_that_cannot_be_had_come_with_a_remedy() {
        assert!(remedy("cannot read a.txt: no such file").contains("check the path"));
        assert!(remedy("cannot write a.txt: no space").contains("has room"));
        assert_eq!([remedy("cannot read a: b\n  help: c"), remedy("error: cannot read `x`\n --> p.toml:1:1"), remedy("stopped")], [""; 3]);
    }

    #[test]
    fn the_arguments_are_well_formed() {
        command().debug_assert();
    }
}
