use std::path::PathBuf;

use super::say::say;
use super::{Done, Outcome, count};
use crate::review::Folder;
use crate::review::clusters::{Clusters, Member};

/// Show the groups of near-duplicates that a run has found, the largest first.
#[derive(clap::Args)]
#[command(after_help = "The same stands in artifacts/STAGE/clusters.parquet of the run, and every pair found alike in edges.parquet.")]
pub struct ShowClusters {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// The stage, where several have found groups.
    #[arg(long)]
    stage: Option<String>,
    /// Groups to show.
    #[arg(short, default_value_t = 10)]
    n: usize,
    /// Members to show of each.
    #[arg(short, long, default_value_t = 10)]
    members: usize,
    /// Print a line of JSON for each group.
    #[arg(long)]
    json: bool,
}

impl ShowClusters {
    pub(super) fn call(self) -> Outcome {
        let found = Clusters::largest(&Folder::open(&self.run)?, self.stage.as_deref(), self.n, self.members)?;
        if self.json {
            for group in &found.groups {
                say!("{}", serde_json::to_string(group)?)?;
            }
            return Ok(Done::Fine);
        }
        say!("{}: {} groups with {} documents, {} of which stay", found.stage, count(found.all), count(found.documents), count(found.kept))?;
        for group in &found.groups {
            say!("\ngroup {}: {} documents", group.cluster, count(group.size))?;
            for Member { id, url, kept, similarity, .. } in &group.members {
                let similarity = similarity.map_or_else(|| "     -".to_owned(), |value| format!("{value:.4}"));
                say!("  {} {similarity}  {id}{}", if *kept { "+" } else { "-" }, url.as_ref().map_or_else(String::new, |url| format!("  {url}")))?;
            }
            let rest = group.size - group.members.len() as u64;
            if rest > 0 {
                say!("  and {} more", count(rest))?;
            }
        }
        Ok(Done::Fine)
    }
}
