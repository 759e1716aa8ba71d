use std::path::PathBuf;

use super::say::say;
use super::{Done, Outcome, count, size};
use crate::plan::{Forecast, Pipeline, PlannedKind};

/// Check a pipeline and print what it would do, without running it.
#[derive(clap::Args)]
pub struct Plan {
    /// The pipeline file.
    file: PathBuf,
    /// Override one key, as `--set stage.language.min_score=0.7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Plan {
    pub(super) fn call(self) -> Outcome {
        let plan = Pipeline::load(&self.file, &self.set)?.plan()?;
        let forecast = Forecast::of(&plan);
        say!("input      {} in {} splits ({} source)", size(forecast.input), count(plan.splits.len() as u64), plan.source_recipe)?;
        for (at, (segment, cost)) in plan.segments.iter().zip(&forecast.segments).enumerate() {
            say!("\nsegment {}", at + 1)?;
            if let Some(decided) = segment.decided {
                say!("  {:<18} carries out the decision", plan.stages[decided].name)?;
            }
            for number in segment.stages.clone() {
                let stage = &plan.stages[number];
                say!("  {:<18} {}", stage.name, fields(&stage.spec))?;
            }
            match segment.barrier {
                Some(number) => {
                    let stage = &plan.stages[number];
                    say!("  {:<18} {}; barrier: sees all documents before it judges", stage.name, fields(&stage.spec))?;
                    if let PlannedKind::Global(global) = &stage.kind {
                        for remark in global.remarks() {
                            say!("  {:<18} {remark}", "")?;
                        }
                    }
                    say!("  {:<18} spool {}, notes {}, memory {}", "forecast", size(cost.spool), size(cost.notes), size(cost.memory))?;
                }
                None => {
                    for sink in &plan.sinks {
                        say!("  {:<18} writes {}/", sink.name, plan.config.run.output.join(sink.sink.folder()).display())?;
                    }
                }
            }
        }
        say!(
            "\nforecast   at most {} of memory and {} of disk beside the output, supposing that every document is kept",
            size(forecast.memory()),
            size(forecast.disk())
        )?;
        Ok(Done::Fine)
    }
}

fn fields(spec: &crate::stage::Spec) -> String {
    let list = |verb: &str, names: &[String]| if names.is_empty() { String::new() } else { format!("{verb} {}", names.join(", ")) };
    let parts = [list("needs", &spec.needs), list("gives", &spec.gives), list("drops", &spec.reasons)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}
