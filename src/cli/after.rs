//! What follows a run: training, verdict, expectations.

use super::say::aside;
use super::train::{print_metrics, show_training};
use super::translate::told;
use super::validate::{print_report, show_trial};
use super::{Done, Outcome};
use crate::check::{self, family, gather};
use crate::config::{Config, Entry, Problem, Problems, Table, suggestion};
use crate::run::{Options, Report, Unwatched};
use crate::stage::OneOrMany;
use crate::trial::Verdict;
use crate::{train, trial};

/// True for a sink that writes one shard set where the trainer looks for it.
fn is_whole_shards(sink: &Entry) -> bool {
    let set = |key: &str| sink.table.value::<String>(key).ok();
    sink.recipe == "shards" && set("folder").is_none_or(|folder| folder == "shards") && set("by").is_none()
}

/// A bound of `[expect]`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    /// At least this.
    min: Option<f64>,
    /// At most this.
    max: Option<f64>,
}

/// `[train]`, `[validate]` and `[expect]`, read before anything runs.
pub struct After {
    train: Option<train::session::Settings>,
    validate: Option<trial::Settings>,
    expect: Vec<(String, Bound)>,
    verdicts: Option<Vec<String>>,
}

impl After {
    /// Fills the three tables, or says what is wrong in them.
    pub fn read(config: &Config) -> Result<After, Problems> {
        let mut problems = Vec::new();
        let after = After { train: fill(&config.train, &mut problems), validate: fill(&config.validate, &mut problems), expect: Vec::new(), verdicts: None };
        if let Some(table) = &config.train
            && !config.sinks.iter().any(is_whole_shards)
        {
            let help = "add `[[sink]]` with `use = \"shards\"`, without `folder` and `by`; sets of your own are trained on by `dataprep train FOLDER`";
            problems.push(Problem::at(table.span.clone(), "`[train]` reads `shards/` of the output directory, which nothing writes", help));
        }
        if let Some(settings) = &after.validate {
            problems.extend(trial::problems(config, settings));
        }
        problems.extend([&config.train, &config.validate].into_iter().flatten().flat_map(nothing_at_all));
        let after = After::expectations(config, after, &mut problems);
        Problems::new(problems, config.text.clone()).or(after)
    }

    fn expectations(config: &Config, mut after: After, problems: &mut Vec<Problem>) -> After {
        let Some(table) = &config.expect else { return after };
        for key in table.keys() {
            let known = family(&key).is_ok() || config.stages.iter().any(|stage| key.split_once('/').is_some_and(|(name, _)| name == stage.name));
            if key == "verdict" {
                match table.value::<OneOrMany>(&key) {
                    Ok(OneOrMany(list)) => {
                        let words = Verdict::ALL.map(Verdict::word);
                        let unknown = list.iter().filter(|word| !words.contains(&word.as_str()));
                        let problem = |word: &String| Problem::at(table.place(&key), format!("no verdict is called `{word}`"), suggestion(word, words));
                        problems.extend(unknown.map(problem));
                        after.verdicts = Some(list);
                    }
                    Err(problem) => problems.push(problem),
                }
                continue;
            }
            if !known {
                let help = "`STAGE/REASON` with a stage of this pipeline, `verdict`, or what `dataprep check RUN --metrics` lists, as `kept`";
                problems.push(Problem::at(table.place(&key), format!("`[expect]` knows nothing of `{key}`"), help));
                continue;
            }
            match table.value::<Bound>(&key) {
                Ok(bound) => after.expect.push((key, bound)),
                Err(problem) => problems.push(problem),
            }
        }
        after
    }

    /// The settings of the verdict, standard ones where the file has none.
    pub fn validate_or_default(&mut self) -> &mut trial::Settings {
        self.validate.get_or_insert_with(trial::Settings::default)
    }

    /// Trains, judges and checks.
    pub fn call(self, config: &Config, report: &Report, options: &Options<'_>, quiet: bool) -> Outcome {
        let output = &config.run.output;
        if let Some(settings) = &self.train {
            let metrics = show_training(&output.join("shards"), settings, options, &output.join("train"), quiet)?;
            if !quiet {
                print_metrics(&metrics)?;
            }
        }
        let mut verdict = None;
        if let Some(settings) = &self.validate {
            let unwatched = Options { watch: &Unwatched, ..*options };
            let found = show_trial(quiet, |watch| trial::of_pipeline(config, settings, &output.join("validate"), &unwatched, watch))?;
            if !quiet {
                print_report(&found)?;
            }
            verdict = Some(found.validation.verdict);
        }
        self.check(config, report, verdict)
    }

    fn check(&self, config: &Config, report: &Report, verdict: Option<Verdict>) -> Outcome {
        let Some(table) = &config.expect else { return Ok(Done::Fine) };
        // The run has just written its payloads: to hash them again is for `dataprep check`.
        let facts = gather(&config.run.output, check::Options { quick: true })?.facts;
        let mut unmet = Vec::new();
        for (key, bound) in &self.expect {
            let of_stage = key.split_once('/').and_then(|(stage, reason)| report.drop_rate(stage, reason));
            let Some(value) = of_stage.or_else(|| facts.get(key)?.value()) else {
                let help = "`dataprep check RUN --metrics` lists what was measured; a number inside it is named as `characters/p50` or `values/lang/en`";
                unmet.push(Problem::at(table.place(key), format!("`{key}` is no number that this run has measured"), help));
                continue;
            };
            if bound.min.is_some_and(|min| value < min) || bound.max.is_some_and(|max| value > max) {
                unmet.push(Problem::at(table.place(key), format!("`{key}` is {value:.4}"), "outside of what is expected here"));
            }
        }
        if let Some(wanted) = &self.verdicts {
            let said = verdict.map_or("missing: the pipeline has no `[validate]`".to_owned(), |verdict| verdict.word().to_owned());
            if !wanted.contains(&said) {
                unmet.push(Problem::at(table.place("verdict"), format!("the verdict is {said}"), "not what is expected here"));
            }
        }
        if unmet.is_empty() {
            return Ok(Done::Fine);
        }
        aside(told(Problems::new(unmet, config.text.clone()).to_string().trim_end()));
        Ok(Done::Unmet)
    }
}

fn fill<T: serde::de::DeserializeOwned>(table: &Option<Table>, problems: &mut Vec<Problem>) -> Option<T> {
    let filled = table.as_ref()?.fill::<T>();
    filled.map_err(|found| problems.extend(found)).ok()
}

/// Sizes that are 0, of which nothing could be trained.
fn nothing_at_all(table: &Table) -> Vec<Problem> {
    let sizes = ["layers", "heads", "width", "seq_len", "batch", "steps", "seeds", "tokens"];
    let zero = sizes.into_iter().filter(|key| table.value::<u64>(key).is_ok_and(|size| size == 0));
    zero.map(|key| Problem::at(table.place(key), format!("`{key}` of {} is 0", table.title), "wanted 1 or more")).collect()
}
