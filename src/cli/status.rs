use super::place::Place;
use super::say::say;
use super::{Done, Outcome, count};
use crate::plan::Plan;
use crate::run::{self, Phase};

/// Show how a run is getting on that several processes work on: tasks done, running, slow, silent, failed.
#[derive(clap::Args)]
pub struct Status {
    #[command(flatten)]
    place: Place,
    /// Seconds without a sign of life after which a process is shown as silent.
    #[arg(long, default_value_t = 60.0, value_parser = super::work::seconds)]
    patience: f64,
}

impl Status {
    pub(super) fn call(self) -> Outcome {
        let plan = self.place.plan()?;
        let status = run::status(&plan)?;
        say!("{}", title(status.phase, &plan))?;
        if status.phase == Phase::Finished {
            return Ok(Done::Fine);
        }
        let failed = status.doing.iter().filter(|doing| doing.failed.is_some()).count();
        let running = status.doing.len() - failed;
        let waiting = status.tasks as usize - status.done as usize - status.doing.len();
        let numbers = [status.done as usize, running, failed, waiting].map(|number| count(number as u64));
        let [done, running, failed, waiting] = numbers;
        say!("{} tasks: {done} done, {running} running, {failed} failed, {waiting} waiting", count(u64::from(status.tasks)))?;
        for doing in &status.doing {
            let silence = doing.silence.map(|silence| silence.as_secs_f64());
            let how = match (&doing.failed, silence) {
                (Some(why), _) => format!("failed: {why}"),
                (None, None) => "running, no sign of its process".to_owned(),
                (None, Some(silence)) if silence > self.patience => format!("silent for {silence:.0} s"),
                (None, Some(_)) if doing.slow => "running, slow".to_owned(),
                (None, Some(_)) => "running".to_owned(),
            };
            say!("  {:<18} {:>8.0} s   process {} on {}   {how}", doing.task.to_string(), doing.seconds, doing.who.1, doing.who.0)?;
        }
        Ok(Done::Fine)
    }
}

/// The phase in words, behind its name.
fn title(phase: Phase, plan: &Plan) -> String {
    let barrier = |at: usize| plan.segments.get(at).and_then(|segment| segment.barrier).map_or("", |barrier| &plan.stages[barrier].name);
    match phase {
        Phase::Map(at) => format!("{phase}: segment {} of {}", at + 1, plan.segments.len()),
        Phase::Reduce(at, round) => format!("{phase}: `{}`, key ranges of round {round}", barrier(at)),
        Phase::Decide(at, round) => format!("{phase}: `{}` decides over round {round}", barrier(at)),
        Phase::Finish => format!("{phase}: report and manifests"),
        Phase::Finished => format!("finished: {}", plan.config.run.output.display()),
    }
}
