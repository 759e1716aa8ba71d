use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::contamination::Search;
use super::published::Published;
use super::say::{aside, say};
use super::shards::{swapped, tokenizer};
use super::translate::told;
use super::{Done, Failure, Outcome, count, profile, write_whole};
use crate::check::{
    Baseline, Checks, Fact, Facts, Gathered, Judged, Options, Outcome as Result, Severity, gather, gather_listed, github, judge, junit, movers,
};
use crate::config::{Problem, Problems};
use crate::dedup::contamination::LONGEST;
use crate::doc::Doc;
use crate::shard::sets;
use crate::source::texts::Texts;

/// Check data as code is checked: a run, token shards, or files of documents. Exit code 0 where all checks pass, 1 where one fails, 2 where they cannot be made.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  dataprep check out/web                                     the standard checks\n  \
                        dataprep check out/web --baseline baseline.json --update-baseline   keep what is known today\n  \
                        dataprep check out/web --baseline baseline.json            and compare with it tomorrow\n  \
                        dataprep check corpus.parquet --checks checks.toml --junit checks.xml\n  \
                        dataprep check corpus.jsonl --against eval.jsonl           no evaluation item in it\n\n\
                        A file of checks is a list of tables:\n  [[check]]\n  name = \"mostly_english\"\n  metric = \"values/lang/en\"\n  min = 0.9\n\n\
                        `--metrics` lists what is measured; filters/checks/standard.toml holds the standard checks, in the same form.")]
pub struct Check {
    /// The folder of a run or of token shards, here or in a store; or files: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text.
    #[arg(required = true)]
    data: Vec<String>,
    /// Checks of your own, besides the standard ones.
    #[arg(long, value_name = "FILE")]
    checks: Vec<PathBuf>,
    /// Leave the standard checks out.
    #[arg(long)]
    no_standard: bool,
    /// Evaluation sets, or an index of them by `dataprep build-index`: no item of theirs may stand in the documents.
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Words of an item that count as a part of it, one after the other.
    #[arg(long, value_name = "N", default_value_t = 13, requires = "against", value_parser = clap::value_parser!(u16).range(1..=LONGEST as i64))]
    ngram: u16,
    /// Facts of another day, to compare with.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the facts of today into --baseline, which belongs in git. Checks are made first, against the one that stands there.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Do not read the payloads of shards: their integrity cannot be told then.
    #[arg(long)]
    quick: bool,
    /// What cannot be told, and what is only warned of, fails too.
    #[arg(long)]
    strict: bool,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// List what is measured, with its values, and check nothing.
    #[arg(long)]
    metrics: bool,
    /// Print results as JSON.
    #[arg(long)]
    json: bool,
    /// Also write results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print GitHub annotations.
    #[arg(long)]
    github: bool,
    /// With --github: add a table to this file, the summary of the job.
    #[arg(long, value_name = "FILE", env = "GITHUB_STEP_SUMMARY")]
    summary: Option<PathBuf>,
}

impl Check {
    pub(super) fn call(self) -> Outcome {
        let mut lists = if self.no_standard { Vec::new() } else { vec![Checks::standard()?] };
        for path in &self.checks {
            let text = std::fs::read_to_string(path).map_err(|cause| {
                let help = "--checks takes a TOML file of `[[check]]` tables; `dataprep check --help` shows one";
                Failure(format!("cannot read {}: {cause}\n  help: {help}", path.display()))
            })?;
            lists.push(Checks::parse(&path.display().to_string(), &text)?);
        }
        let known = self.known()?;
        if self.metrics {
            return metrics(&known.facts);
        }
        let facts = &known.facts;
        let baseline = self.baseline()?;
        let mut judged: Vec<Judged> = Vec::new();
        for checks in &lists {
            let mut found = judge(checks, facts, baseline.as_ref().map(|baseline| &baseline.facts));
            for one in found.iter_mut().filter(|one| one.outcome == Result::Fail) {
                match one.metric.as_str() {
                    "contamination" => one.examples.clone_from(&known.items),
                    "faults" => one.examples.clone_from(&known.unread),
                    "tokens/use" => one.examples = known.moved_tokens(baseline.as_ref()),
                    _ => {}
                }
            }
            let annotations = github::annotations(checks, &found, self.strict);
            if self.github && !annotations.is_empty() {
                say!("{}", annotations.trim_end())?;
            }
            if !self.json {
                self.show(checks, &found)?;
            }
            judged.extend(found);
        }
        self.report(&judged)?;
        if let Some(path) = self.baseline.as_ref().filter(|_| self.update_baseline) {
            let json = serde_json::to_string_pretty(&Baseline::of(facts))?;
            write_whole(path, |out| writeln!(out, "{json}"))?;
            aside(format_args!("wrote {}", path.display()));
        }
        Ok(if judged.iter().any(|one| self.fails(one)) { Done::Unmet } else { Done::Fine })
    }

    fn fails(&self, one: &Judged) -> bool {
        match one.outcome {
            Result::Pass => false,
            Result::Inconclusive => self.strict,
            Result::Fail => self.strict || one.severity == Severity::Error,
        }
    }

    fn known(&self) -> std::result::Result<Known, Failure> {
        let published = match &self.data[..] {
            [one] => Published::find(one)?,
            _ => None,
        };
        let folder = match &self.data[..] {
            _ if published.is_some() => published.as_ref().map(|run| run.folder.path()),
            [one] => Some(Path::new(one)).filter(|path| path.is_dir() && (path.join("run.json").is_file() || !sets(path).is_empty())),
            _ => None,
        };
        let mut search = (!self.against.is_empty()).then(|| Search::open(&self.against, self.ngram)).transpose()?;
        let Some(folder) = folder else {
            let mut see = |doc: &Doc| search.iter_mut().for_each(|search| search.see(doc));
            let facts = Facts::of_profile(&profile::of_files(&self.data, self.field.as_deref(), &mut see)?);
            return Ok(Known { facts, pieces: None, items: Vec::new(), unread: Vec::new() }.with(search));
        };
        let Gathered { mut facts, sets, documents, unread } = match &published {
            Some(run) => gather_listed(folder, &run.sizes).map_err(|error| Failure(error.to_string().replace(&folder.display().to_string(), &run.address)))?,
            None => gather(folder, Options { quick: self.quick })?,
        };
        let mut pieces = None;
        for (set, manifest) in &sets {
            // Of the tokenizer that the run has learned, where it still lies beside its shards.
            let Some(tokenizer) = tokenizer(set, None, &manifest.tokenizer)? else { continue };
            if let Some(fault) = swapped(manifest, &tokenizer) {
                facts.add_fault("integrity/tokenizer", fault);
            }
            pieces = pieces.or(tokenizer.pieces());
        }
        if let Some(search) = &mut search {
            if documents.is_empty() {
                let help = "name files of documents instead, or add a sink `jsonl` or `parquet` to the pipeline";
                return Err(Failure(format!("--against: {} holds no documents, only tokens\n  help: {help}", folder.display())));
            }
            let shown = |path: &PathBuf| published.as_ref().map_or_else(|| path.display().to_string(), |run| run.place(path));
            let names: Vec<String> = documents.iter().map(shown).collect();
            Texts::open(&names, self.field.as_deref())?.each(&mut |doc| {
                search.see(doc);
                Ok(())
            })?;
        }
        Ok(Known { facts, pieces, items: Vec::new(), unread }.with(search))
    }

    fn baseline(&self) -> std::result::Result<Option<Baseline>, Failure> {
        let Some(path) = &self.baseline else { return Ok(None) };
        match std::fs::read(path) {
            Ok(bytes) => Baseline::parse(&bytes)
                .map(Some)
                .map_err(|cause| Failure(format!("{} is no baseline: {cause}\n  help: make it anew with --update-baseline", path.display()))),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound && self.update_baseline => Ok(None),
            Err(cause) => Err(Failure(format!("cannot read the baseline {}: {cause}\n  help: make it with --update-baseline", path.display()))),
        }
    }

    /// What did not pass, each with the place of its bound; standard checks that cannot be told in a line each, since nobody can change them.
    fn show(&self, checks: &Checks, judged: &[Judged]) -> std::io::Result<()> {
        let in_short = |one: &&Judged| checks.standard && one.outcome == Result::Inconclusive;
        for one in judged.iter().filter(in_short) {
            say!("{}", told(&format!("cannot tell: {}: {}", one.check, one.message)))?;
        }
        let found: Vec<Problem> = judged
            .iter()
            .filter(|one| one.outcome != Result::Pass && !in_short(one))
            .map(|one| {
                let kind = match one.outcome {
                    Result::Fail if self.fails(one) => "failed",
                    Result::Fail => "warning",
                    _ => "cannot tell",
                };
                let examples: String = one.examples.iter().map(|example| format!("\n  {example}")).collect();
                Problem::at(one.span.clone(), format!("{kind}: {}: {}{examples}", one.check, one.message), one.help.clone())
            })
            .collect();
        if found.is_empty() { Ok(()) } else { say!("{}", told(Problems::new(found, checks.text.clone()).to_string().replace("error: ", "").trim_end())) }
    }

    fn report(&self, judged: &[Judged]) -> std::result::Result<(), Failure> {
        let name = self.data.join(" ");
        let number = |outcome: Result| judged.iter().filter(|one| one.outcome == outcome).count();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&json!({ "schema": 1, "data": self.data, "checks": judged }))?)?;
        } else {
            let [passed, failed, open] = [Result::Pass, Result::Fail, Result::Inconclusive].map(|outcome| count(number(outcome) as u64));
            say!("{}", told(&format!("{name}: {passed} checks pass, {failed} fail, {open} cannot be told")))?;
            if self.baseline.is_none() && !self.no_standard {
                say!("{}", told("with --baseline FILE, changes are checked too"))?;
            }
        }
        if let Some(path) = &self.junit {
            let xml = junit(&name, judged, self.strict)?;
            write_whole(path, |out| out.write_all(xml.as_bytes()))?;
        }
        if let Some(path) = self.summary.as_ref().filter(|_| self.github) {
            let failed = |cause: std::io::Error| Failure(format!("cannot write {}: {cause}", path.display()));
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
            file.write_all(github::summary(&name, judged).as_bytes()).map_err(failed)?;
        }
        Ok(())
    }
}

/// What is known of the data.
struct Known {
    facts: Facts,
    /// What the tokens of shards are called, by id.
    pieces: Option<Vec<String>>,
    /// The first items of evaluation sets that were found.
    items: Vec<String>,
    /// The first faults of the source.
    unread: Vec<String>,
}

/// Tokens that are named where their use has changed.
const MOVERS: usize = 8;

impl Known {
    fn with(mut self, search: Option<Search>) -> Known {
        if let Some(search) = search {
            let (fact, items) = search.end();
            self.facts.0.insert("contamination".to_owned(), fact);
            self.items = items;
        }
        self
    }

    /// The tokens whose share of all tokens has moved most since the baseline.
    fn moved_tokens(&self, baseline: Option<&Baseline>) -> Vec<String> {
        let values = |facts: &Facts| match facts.get("tokens/frequent") {
            Some(Fact::Values { values, .. }) => Some(values),
            _ => None,
        };
        let (Some(old), Some(new)) = (baseline.and_then(|baseline| values(&baseline.facts)), values(&self.facts)) else { return Vec::new() };
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let called = |id: &str| id.parse::<usize>().ok().and_then(|id| self.pieces.as_ref()?.get(id)).map_or_else(String::new, |piece| format!(" {piece:?}"));
        let line = |(id, old, new): (String, f64, f64)| format!("token {id}{}: {} became {} of all", called(&id), percent(old), percent(new));
        movers(&old, &new, MOVERS).into_iter().map(line).collect()
    }
}

/// Everything that is known, a line each.
fn metrics(facts: &Facts) -> Outcome {
    for (name, fact) in &facts.0 {
        match fact {
            Fact::Values { values, of } => say!("{name}  {} values in {} documents", count(values.counts.len() as u64), count(*of))?,
            Fact::Numbers(sketch) => {
                say!("{name}  {} numbers, median {}", count(sketch.count()), sketch.quantile(0.5).map_or_else(String::new, crate::check::shown))?
            }
            Fact::Classes(classes) => say!("{name}  {} classes", count(classes.len() as u64))?,
            Fact::Text(text) => say!("{name}  {text}")?,
            Fact::Unknown(why) => say!("{name}  not known: {why}")?,
            fact => say!("{name}  {}", fact.value().map_or_else(String::new, crate::check::shown))?,
        }
    }
    Ok(Done::Fine)
}
