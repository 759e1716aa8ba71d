//! What models that were trained on a run have learnt: the curves of trainings, and the differences of a verdict; and what the trainer was given.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::chart;
use crate::shard::pack::PackEntry;
use crate::shard::{Manifest, sets};

/// Curves that share a chart.
#[derive(Debug, Default, Serialize)]
pub struct Curves {
    lines: Vec<Line>,
    chart: String,
}

/// A curve with its name, the number of its colour, and some of its points for a table.
#[derive(Debug, PartialEq, Serialize)]
pub struct Line {
    name: String,
    colour: usize,
    points: Vec<(f64, f64)>,
}

/// Points of a curve in the table.
const POINTS: usize = 8;

impl Curves {
    fn of(curves: Vec<(String, Vec<(f64, f64)>)>) -> Option<Curves> {
        let curves: Vec<_> = curves.into_iter().filter(|(_, points)| points.len() > 1).collect();
        let chart = chart::lines(&curves.iter().map(|(_, points)| points.clone()).collect::<Vec<_>>());
        let few = |points: &[(f64, f64)]| {
            let step = points.len().div_ceil(POINTS).max(1);
            // The last one is always among them.
            points.iter().rev().step_by(step).rev().copied().collect()
        };
        let line = |(at, (name, points)): (usize, (String, Vec<(f64, f64)>))| Line { name, colour: chart::series(at), points: few(&points) };
        (!chart.is_empty()).then(|| Curves { lines: curves.into_iter().enumerate().map(line).collect(), chart })
    }

    /// Held-out loss against tokens, of each arm of a verdict as the mean of its runs.
    pub fn of_arms(validation: &Value) -> Option<Curves> {
        let arms = validation["arms"].as_array().into_iter().flatten();
        let curve = |arm: &Value| {
            let runs: Vec<_> = arm["curves"].as_array().into_iter().flatten().map(|run| points(run, "tokens", "val_loss")).collect();
            let length = runs.iter().map(Vec::len).min().unwrap_or(0);
            (0..length).map(|at| (runs[0][at].0, runs.iter().map(|run| run[at].1).sum::<f64>() / runs.len() as f64)).collect()
        };
        Curves::of(arms.map(|arm| (arm["name"].as_str().unwrap_or_default().to_owned(), curve(arm))).collect())
    }

    /// Training and held-out loss against steps, of the training that a pipeline ends in.
    pub fn of_training(metrics: &Value) -> Option<Curves> {
        let curve = |name: &str| (name.to_owned(), points(&metrics["curve"], "step", name));
        Curves::of(vec![curve("train_loss"), curve("val_loss")])
    }
}

/// Points of a list of objects; those without a number are left out.
fn points(list: &Value, x: &str, y: &str) -> Vec<(f64, f64)> {
    list.as_array().into_iter().flatten().filter_map(|point| Some((point[x].as_f64()?, point[y].as_f64()?))).collect()
}

/// A chart of the differences of a verdict: of the Transformer, and of the n-gram models below.
pub fn differences(validation: &Value) -> String {
    let number = |value: &Value| value.as_f64();
    let of = |one: &Value| Some((number(&one["mean"])?, [number(&one["interval"][0])?, number(&one["interval"][1])?]));
    let row = |one: &Value| Some([of(one)?, of(&one["ngram"])?]);
    chart::intervals(&validation["differences"].as_array().into_iter().flatten().filter_map(row).collect::<Vec<_>>())
}

/// A set of token shards, and how its documents are packed into rows.
#[derive(Debug, Serialize)]
pub struct Set {
    name: String,
    documents: u64,
    tokens: u64,
    /// UTF-8 bytes of text a token.
    bytes: f64,
    vocabulary: u32,
    packs: Vec<Pack>,
}

/// One pack list.
#[derive(Debug, Serialize)]
pub struct Pack {
    seq_len: u32,
    rows: u64,
    /// Of all places, 0 to 100.
    padding: f64,
    /// Of all documents, 0 to 100.
    cut: f64,
    per_row: f64,
}

/// The sets of a run. One that is damaged is for `dataprep check` to tell of.
pub fn shards(run: &Path) -> Vec<Set> {
    // The arms of a verdict have shards of their own.
    let own = sets(run).into_iter().filter(|set| !set.starts_with(run.join("validate")));
    let set = |path: std::path::PathBuf| {
        let manifest = Manifest::load(&path).ok()?;
        let pack = |entry: &PackEntry| Pack {
            seq_len: entry.seq_len,
            rows: entry.stats.rows,
            padding: 100.0 * entry.stats.padding_share(),
            cut: 100.0 * entry.stats.truncated_share(),
            per_row: entry.stats.documents_per_row(),
        };
        Some(Set {
            name: path.strip_prefix(run).unwrap_or(&path).to_string_lossy().into_owned(),
            documents: manifest.documents,
            tokens: manifest.tokens,
            bytes: manifest.text_bytes as f64 / manifest.tokens.max(1) as f64,
            vocabulary: manifest.vocab_size,
            packs: manifest.packs.iter().map(pack).collect(),
        })
    };
    own.filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn curves_are_read_from_verdicts_and_trainings() {
        let run = |shift: f64| (1..20).map(|at| json!({ "tokens": at * 100, "val_loss": 3.0 - f64::from(at) / 10.0 + shift })).collect::<Vec<_>>();
        let arms = Curves::of_arms(&json!({ "arms": [{ "name": "a", "curves": [run(0.5), run(-0.5)] }, { "name": "old" }] })).unwrap();
        assert_eq!((arms.lines.len(), arms.lines[0].name.as_str(), arms.lines[0].points.last()), (1, "a", Some(&(1900.0, 3.0 - 1.9))));
        assert!(arms.lines[0].points.len() <= POINTS && arms.chart.contains("<polyline"));
        let point = |step: u64, val: Option<f64>| json!({ "step": step, "train_loss": 3.0 / step as f64, "val_loss": val });
        let training = Curves::of_training(&json!({ "curve": [point(1, Some(3.0)), point(2, None), point(3, Some(2.0))] })).unwrap();
        assert_eq!(training.lines.iter().map(|line| line.points.len()).collect::<Vec<_>>(), [3, 2]);
        assert!(Curves::of_arms(&json!({})).is_none());
        assert!(
            differences(&json!({ "differences": [{ "mean": -0.1, "interval": [-0.2, 0.0], "ngram": { "mean": 0.0, "interval": [-0.1, 0.1] } }] }))
                .contains("<circle")
        );
        assert_eq!(differences(&json!({})), "");
    }
}
