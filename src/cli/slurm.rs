use std::io::Write;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::say::say;
use super::{Done, Failure, Outcome, write_whole};
use crate::run;

/// Write the scripts that run a pipeline on Slurm: arrays of tasks, chained by `afterok`.
///
/// `sbatch RUN/slurm/next.sh` starts it. `next.sh` lists the tasks that can be done, submits them as an array of `task.sh`, and itself behind them with
/// `afterok`, until nothing is left. How many rounds a barrier takes shows only in the data, so the chain grows as it goes. A task that failed ends the chain;
/// the same command goes on where it ended.
#[derive(clap::Args)]
pub struct Slurm {
    #[command(flatten)]
    place: Place,
    /// Tasks at work at the same time.
    #[arg(long, default_value_t = 64)]
    tasks: u32,
    /// Tasks of an array at most: no more than `MaxArraySize` of the cluster.
    #[arg(long, default_value_t = 1000)]
    array: u32,
    /// Threads of a task; Slurm is asked for as many CPUs.
    #[arg(long, default_value_t = 8)]
    threads: u32,
    /// Memory of a task, as Slurm writes it.
    #[arg(long, default_value = "8G")]
    memory: String,
    /// A line for `#SBATCH` in both scripts, as `--partition=cpu`; may be given several times.
    #[arg(long = "sbatch", value_name = "OPTION", allow_hyphen_values = true)]
    sbatch: Vec<String>,
}

impl Slurm {
    pub(super) fn call(self) -> Outcome {
        let plan = self.place.plan()?;
        // Scripts name the folder alone: it knows the pipeline.
        run::tasks(&plan)?;
        let run = std::path::absolute(&plan.config.run.output)?;
        let command = std::env::current_exe()?;
        let folder = run.join("slurm");
        std::fs::create_dir_all(&folder)?;
        let next = write(&folder, "next.sh", &self.next(&run, &command))?;
        write(&folder, "task.sh", &self.task(&run, &command))?;
        say!("sbatch {}", next.display())?;
        Ok(Done::Fine)
    }

    fn head(&self, name: &str, more: &[String]) -> String {
        let lines = [format!("--job-name={name}"), "--requeue".to_owned()].into_iter().chain(more.iter().cloned()).chain(self.sbatch.iter().cloned());
        lines.fold("#!/bin/bash\n".to_owned(), |text, line| format!("{text}#SBATCH {line}\n")) + "set -euo pipefail\n"
    }

    fn next(&self, run: &Path, command: &Path) -> String {
        let folder = quoted(&run.join("slurm"));
        let head = self.head("dataprep-next", &[format!("--output={}", run.join("slurm").join("%j.log").display())]);
        format!(
            "{head}# An array of all tasks that can be done now, and this script again behind it.\n\
             list={folder}/$SLURM_JOB_ID.tasks\n\
             {} tasks {} > \"$list\"\n\
             count=$(head -n {} \"$list\" | wc -l)\n\
             if [ \"$count\" -eq 0 ]; then rm \"$list\"; echo finished; exit; fi\n\
             array=$(sbatch --parsable --array=0-$((count - 1))%{} --export=ALL,DATAPREP_TASKS=\"$list\" {folder}/task.sh)\n\
             sbatch --dependency=afterok:\"$array\" --kill-on-invalid-dep=yes {folder}/next.sh\n",
            quoted(command),
            quoted(run),
            self.array,
            self.tasks
        )
    }

    fn task(&self, run: &Path, command: &Path) -> String {
        let log = run.join("slurm").join("%A_%a.log");
        let asked = [format!("--output={}", log.display()), format!("--cpus-per-task={}", self.threads), format!("--mem={}", self.memory)];
        format!(
            "{}# One task, by its line in the list. What fails once is done again by hand or by the next chain.\n\
             task=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" \"$DATAPREP_TASKS\")\n\
             exec {} task {} \"$task\" --threads {}\n",
            self.head("dataprep", &asked),
            quoted(command),
            quoted(run),
            self.threads
        )
    }
}

/// A path as the shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    write_whole(&path, |out| out.write_all(text.as_bytes()))?;
    Ok(path)
}
