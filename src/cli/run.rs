use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::after::After;
use super::progress::{LogFormat, watch};
use super::report;
use super::say::{aside, say};
use super::{Outcome, all_threads, count, size, translate};
use crate::plan::Pipeline;
use crate::review::page::{Language, PAGE};
use crate::run::{Options, Report, publish_rest, run};

/// Run a pipeline, or go on with one that was stopped.
#[derive(clap::Args)]
pub struct Run {
    /// The pipeline file.
    file: PathBuf,
    /// Worker threads; the output does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
    /// Override one key, as `--set stage.language.min_score=0.7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Language of report.html: zh, or en.
    #[arg(long, env = "LANG", hide_env_values = true, default_value = "en", value_parser = report::language)]
    lang: Language,
    /// How progress is told.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// Set by Ctrl-C; the second one ends the process at once.
pub(super) static STOP: AtomicBool = AtomicBool::new(false);

pub(super) fn stop_on_ctrl_c() {
    // Fails only where a handler stands already, which then does the same.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

impl Run {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let pipeline = Pipeline::load(&self.file, &self.set)?;
        let config = pipeline.config().clone();
        let after = After::read(&config)?;
        let plan = pipeline.plan()?;
        let threads = self.threads.unwrap_or_else(all_threads);
        let watch = watch(self.quiet, self.log_format);
        let options = Options { threads, stop: &STOP, watch: watch.as_ref() };
        let summary = run(plan, &options)?;
        if !self.quiet {
            say!("{}", funnel(&summary.report).trim_end())?;
            for told in [unread(&summary.report), panicked(&summary.report)].into_iter().flatten() {
                aside(translate::told(&told));
            }
            if summary.already {
                say!("{}", translate::told("finished before: nothing was left to do"))?;
            }
        }
        let output = config.run.output.clone();
        let done = after.call(&config, &summary.report, &options, self.quiet);
        // After the verdict, which the page shows; also where it could not be reached.
        if !summary.already || !output.join(PAGE).is_file() {
            report::write(&output, &output.join(PAGE), self.lang)?;
        }
        publish_rest(&config)?;
        done
    }
}

/// Where nothing at all was read though something was there: the first fault, and what to do.
fn unread(report: &Report) -> Option<String> {
    let first = report.source.listed.first().filter(|_| report.documents.read == 0)?;
    let help = match first.fault.reason.as_str() {
        "missing_field" => "`fields = { text = \"NAME\" }` in `[source]` names the key or column of the text",
        _ => "`source.listed` in report.json names the first places",
    };
    Some(format!("warning: no document was read: {}: {}\n  help: {help}", first.file, first.fault.detail))
}

/// Where a stage panicked.
fn panicked(report: &Report) -> Option<String> {
    let lost = report.panicked();
    let help = "they lie in `quarantine/`; this is a fault of dataprep or of a stage of your own, please report it with one of them";
    (lost > 0).then(|| format!("warning: a stage panicked over {} documents, which are lost\n  help: {help}", count(lost)))
}

/// The funnel as a table: what reached each stage, what went on, and why the rest did not.
fn funnel(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |name: &str, documents: u64, bytes: u64, note: String| {
        out.push_str(format!("{name:<18} {:>10} {:>10}   {note}", count(documents), size(bytes)).trim_end());
        out.push('\n');
    };
    let pairs = |map: &std::collections::BTreeMap<String, u64>| {
        let mut list: Vec<_> = map.iter().collect();
        list.sort_by_key(|(name, number)| (std::cmp::Reverse(**number), *name));
        list.into_iter().map(|(name, number)| format!("{name} {}", count(*number))).collect::<Vec<_>>().join(", ")
    };
    let source = &report.source;
    let faults = if source.faults.is_empty() { String::new() } else { format!("damaged: {}", pairs(&source.faults)) };
    line(&source.recipe, report.documents.read, report.documents.bytes_read, faults);
    for stage in &report.stages {
        let notes = [pairs(&stage.drops), pairs(&stage.counts)].into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; ");
        line(&stage.name, stage.documents_out, stage.bytes_out, notes);
    }
    let tokens = report.documents.tokens_written;
    let written = if tokens > 0 { format!("{} tokens", count(tokens)) } else { String::new() };
    line("written", report.documents.written, report.documents.bytes_written, written);
    out
}
