//! A stage of one's own, in a crate of one's own: nothing in dataprep is touched.
//!
//! `own_stage INPUT.jsonl OUTPUT` runs a pipeline as a library, with a stage that drops texts which shout, and reads the shards it wrote.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dataprep::plan::Pipeline;
use dataprep::run::{Options, Unwatched, run};
use dataprep::shard::Shards;
use dataprep::stages::prelude::*;

/// Drops texts of which more than a share of the cased letters are capitals.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shouting {
    /// Largest share of capitals among cased letters.
    max: Share,
}

impl Recipe for Shouting {
    const NAME: &'static str = "shouting";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").reason("shouting")
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        Ok(Built::stage(Quiet { max: self.max.get(), reason: shop.reason("shouting") }))
    }
}

struct Quiet {
    max: f64,
    reason: Reason,
}

impl Stage for Quiet {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let upper = doc.text().chars().filter(|c| c.is_uppercase()).count();
        let lower = doc.text().chars().filter(|c| c.is_lowercase()).count();
        let share = upper as f64 / (upper + lower).max(1) as f64;
        Ok(Verdict::keep_if(share <= self.max, self.reason, share, self.max))
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else { return Err("usage: own_stage INPUT.jsonl OUTPUT".into()) };
    let toml = format!(
        "[run]\noutput = {output:?}\n[source]\nuse = \"jsonl\"\npath = {input:?}\nfields = {{ text = \"text\" }}\n\
         [[stage]]\nuse = \"shouting\"\nmax = 0.5\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n"
    );
    let plan = Pipeline::parse("own_stage", &toml, &[])?.with::<Shouting>().plan()?;
    let report = run(plan, &Options { threads: 2, stop: &AtomicBool::new(false), watch: &Unwatched })?.report;
    let shards = Shards::open(&Path::new(output).join("shards"))?;
    println!(
        "read {}, shouting {:.2}, documents {}, tokens {}",
        report.documents.read,
        report.drop_rate("shouting", "shouting").unwrap_or(0.0),
        shards.documents(),
        shards.tokens()
    );
    Ok(())
}
