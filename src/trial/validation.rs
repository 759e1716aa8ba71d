//! What all runs come to: scores of the arms, differences with intervals, and the verdict.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::TrialError;
use super::counting::{Counted, FOLDS};
use super::statistics::{bootstrap, mean, ratio, student, variance};
use super::study::{Run, Study};
use crate::train::data::Corpus;
use crate::train::model::Model;
use crate::train::{Point, TrainError};

/// Two measures are looked at, and each may err half as often as a verdict may, which is one time in twenty.
const LEVEL: f64 = 0.975;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer bits per byte, beyond what chance explains.
    Better,
    /// More, beyond what chance explains.
    Worse,
    /// This budget cannot tell, or the two measures contradict each other.
    NotResolved,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 3] = [Verdict::Better, Verdict::Worse, Verdict::NotResolved];

    /// Its word in files and on the terminal.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NotResolved => "not_resolved",
        }
    }
}

/// What `validate.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// That of the last difference.
    pub verdict: Verdict,
    /// Why nothing is resolved, if so.
    pub why: Option<String>,
    /// Pairs of arms.
    pub differences: Vec<Difference>,
    /// Scores of each arm.
    pub arms: Vec<ArmScore>,
    /// Runs an arm.
    pub seeds: usize,
    /// Tokens that each run trained on.
    pub budget_tokens: u64,
    /// Bytes of text that each n-gram model read.
    pub ngram_bytes: u64,
    /// Share of an arm's documents that each run trained on.
    pub share: f64,
    /// Documents held out.
    pub heldout_documents: usize,
    /// Bytes of their text.
    pub heldout_bytes: u64,
    /// Minimal pairs asked.
    pub minimal_pairs: usize,
    /// Weights of the model.
    pub parameters: usize,
}

/// Scores of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmScore {
    /// Name of the arm.
    pub name: String,
    /// Mean over domains (macro average) of the mean bits per byte of its runs.
    pub bits_per_byte: f64,
    /// Standard deviation of its runs.
    pub spread: f64,
    /// Bits per byte of each run.
    pub runs: Vec<f64>,
    /// Bits per byte of each domain.
    pub domains: Vec<DomainScore>,
    /// Bits per byte of the worst domain.
    pub worst_domain: f64,
    /// Mean over domains of the mean bits per byte of its n-gram models.
    pub ngram: f64,
    /// Minimal pairs, where there are any.
    pub probe: Option<PairScore>,
    /// Documents of the arm.
    pub documents: usize,
    /// Tokens of the arm.
    pub tokens: u64,
    /// Mean number of passes that its runs made over their share.
    pub epochs: f64,
    /// Loss against tokens, run by run.
    pub curves: Vec<Vec<Point>>,
}

/// A domain of the held-out documents, or a kind of minimal pairs, under an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainScore {
    /// Its name.
    pub name: String,
    /// Its documents or pairs.
    pub count: usize,
    /// Mean over the runs: bits per byte, or the share of pairs whose right member is the likelier one.
    pub score: f64,
}

/// Answers to the minimal pairs under an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairScore {
    /// Mean over kinds of the share of pairs whose right member is the likelier one; 0.5 is guessing.
    pub accuracy: f64,
    /// That of each run.
    pub runs: Vec<f64>,
    /// That of each kind.
    pub kinds: Vec<DomainScore>,
}

/// An arm against another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The arm.
    pub arm: String,
    /// The arm it is compared with.
    pub against: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Why nothing is resolved, if so.
    pub why: Option<String>,
    /// Bits per byte, arm less the other: below 0 is better.
    #[serde(flatten)]
    pub bits: Estimate,
    /// The same of each domain alone.
    pub domains: Vec<DomainScore>,
    /// Bits per byte of the n-gram models, arm less the other; their pairs leave out the same fold of documents.
    pub ngram: Estimate,
    /// Accuracy on minimal pairs, arm less the other: above 0 is better.
    pub probe: Option<Estimate>,
}

/// A difference and how far chance may have moved it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean of the paired differences.
    pub mean: f64,
    /// Interval of all errors together, of 97.5 %: two of them make a verdict.
    pub interval: [f64; 2],
    /// Difference of each pair of runs.
    pub pairs: Vec<f64>,
    /// Half-width that the spread of the pairs gives.
    pub of_runs: f64,
    /// Half-width that equal arms of such spread would show; 0 where there are runs enough to trust the spread of the pairs.
    pub of_equal_arms: f64,
    /// Half-width that the choice of held-out documents, or of minimal pairs, gives.
    pub of_documents: f64,
    /// A smaller difference than this would not have been resolved.
    pub smallest: f64,
}

/// How the runs of a measure come from the folds of an arm.
#[derive(Clone, Copy)]
struct Design {
    /// Runs, as many as folds.
    runs: usize,
    /// Folds that each run takes.
    folds: usize,
    /// Folds that hold anything.
    filled: usize,
    /// Runs are so few that they may agree by chance.
    few: bool,
}

impl Estimate {
    /// -1 or 1 where the difference is surely below or above 0.
    fn sign(&self) -> i32 {
        i32::from(self.interval[0] > 0.0) - i32::from(self.interval[1] < 0.0)
    }
}

/// One measure of one arm: of each run, and of each thing counted (a document, a pair) as the mean over runs.
struct Measure {
    runs: Vec<f64>,
    counted: Vec<f64>,
    strata: Vec<f64>,
}

impl Measure {
    /// `of_runs` holds, run by run, the value of each thing counted.
    fn new(of_runs: &[Vec<f64>], weights: &[f64], strata: &[Range<usize>]) -> Self {
        let counted: Vec<f64> = (0..weights.len()).map(|i| mean(&of_runs.iter().map(|values| values[i]).collect::<Vec<_>>())).collect();
        Self {
            runs: of_runs.iter().map(|values| ratio(values, weights, strata)).collect(),
            strata: strata.iter().map(|stratum| ratio(&counted, weights, std::slice::from_ref(stratum))).collect(),
            counted,
        }
    }
}

fn scores(names: &[(String, Range<usize>)], scores: &[f64]) -> Vec<DomainScore> {
    names.iter().zip(scores).map(|((name, range), score)| DomainScore { name: name.clone(), count: range.len(), score: *score }).collect()
}

impl Study<'_> {
    /// The verdict over all runs of all arms, in any order.
    pub fn judge(&self, runs: &[Run], counted: &[Counted]) -> Result<Validation, TrialError> {
        let documents = &self.heldout.documents;
        let bytes: Vec<f64> = (0..documents.documents()).map(|document| documents.bytes(document) as f64).collect();
        let domains: Vec<Range<usize>> = self.heldout.domains.iter().map(|(_, range)| range.clone()).collect();
        let kinds: &[(String, Range<usize>)] = self.heldout.pairs.as_ref().map_or(&[], |pairs| &pairs.kinds);
        let kind_ranges: Vec<Range<usize>> = kinds.iter().map(|(_, range)| range.clone()).collect();
        let ones = vec![1.0; kind_ranges.last().map_or(0, |last| last.end)];
        let (mut arms, mut bits, mut answers, mut ngrams) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let in_bits = |nats: &Vec<f64>| -> Vec<f64> { nats.iter().map(|nats| nats / std::f64::consts::LN_2).collect() };
        for arm in &self.arms {
            let mut own: Vec<&Run> =
                runs.iter().filter(|run| run.arm == arm.name && run.nats.len() == bytes.len() && run.margins.len() == ones.len()).collect();
            own.sort_by_key(|run| run.run);
            if !own.iter().map(|run| run.run).eq(0..self.runs) {
                return Err(TrialError::Study(format!("arm `{}` has not all of its {} runs", arm.name, self.runs)));
            }
            let of_runs: Vec<Vec<f64>> = own.iter().map(|run| in_bits(&run.nats)).collect();
            let measured = Measure::new(&of_runs, &bytes, &domains);
            let of_folds = counted.iter().find(|counted| counted.arm == arm.name && counted.nats.len() == FOLDS);
            let of_folds = of_folds.ok_or_else(|| TrialError::Study(format!("arm `{}` has not all of its n-gram models", arm.name)))?;
            let in_ngrams = Measure::new(&of_folds.nats.iter().map(in_bits).collect::<Vec<_>>(), &bytes, &domains);
            // A pair without a likelier member is half right.
            let right = |margin: &f64| if *margin == 0.0 { 0.5 } else { f64::from(u8::from(*margin > 0.0)) };
            let of_runs: Vec<Vec<f64>> = own.iter().map(|run| run.margins.iter().map(right).collect()).collect();
            let answered = Measure::new(&of_runs, &ones, &kind_ranges);
            arms.push(ArmScore {
                name: arm.name.to_string(),
                bits_per_byte: mean(&measured.runs),
                spread: variance(&measured.runs).sqrt(),
                runs: measured.runs.clone(),
                ngram: mean(&in_ngrams.runs),
                worst_domain: measured.strata.iter().copied().fold(0.0, f64::max),
                domains: scores(&self.heldout.domains, &measured.strata),
                probe: (!kinds.is_empty()).then(|| PairScore {
                    accuracy: mean(&answered.runs),
                    runs: answered.runs.clone(),
                    kinds: scores(kinds, &answered.strata),
                }),
                documents: arm.corpus.documents(),
                tokens: (0..arm.corpus.documents()).map(|document| arm.corpus.tokens(document) as u64).sum(),
                epochs: mean(&own.iter().map(|run| run.epochs).collect::<Vec<_>>()),
                curves: own.iter().map(|run| run.curve.clone()).collect(),
            });
            bits.push(measured);
            answers.push(answered);
            ngrams.push(in_ngrams);
        }
        let compare = |&(arm, against): &(usize, usize)| {
            let trained = Design { runs: self.runs, folds: self.folds, filled: self.runs, few: true };
            let counted = Design { runs: FOLDS, folds: FOLDS - 1, filled: self.counting[arm].filled().min(self.counting[against].filled()), few: false };
            let of_bits = self.estimate(trained, [&bits[arm], &bits[against]], &bytes, &domains);
            let of_ngrams = self.estimate(counted, [&ngrams[arm], &ngrams[against]], &bytes, &domains);
            let of_answers = (!kinds.is_empty()).then(|| self.estimate(trained, [&answers[arm], &answers[against]], &ones, &kind_ranges));
            let apart: Vec<f64> = bits[arm].strata.iter().zip(&bits[against].strata).map(|(arm, against)| arm - against).collect();
            let (verdict, why) = weigh(&of_bits, &of_ngrams, of_answers.as_ref());
            Difference {
                arm: arms[arm].name.clone(),
                against: arms[against].name.clone(),
                verdict,
                why,
                bits: of_bits,
                domains: scores(&self.heldout.domains, &apart),
                ngram: of_ngrams,
                probe: of_answers,
            }
        };
        let differences: Vec<Difference> = self.compared.iter().map(compare).collect();
        let (verdict, why) = differences.last().map_or((Verdict::NotResolved, None), |last| (last.verdict, last.why.clone()));
        Ok(Validation {
            verdict,
            why,
            differences,
            arms,
            seeds: self.runs,
            budget_tokens: self.budget(),
            ngram_bytes: self.counted_bytes(),
            share: self.folds as f64 / self.runs as f64,
            heldout_documents: bytes.len(),
            heldout_bytes: bytes.iter().sum::<f64>() as u64,
            minimal_pairs: ones.len(),
            parameters: Model::new(self.model.clone()).map_err(TrainError::Model)?.len(),
        })
    }

    fn estimate(&self, design: Design, [arm, against]: [&Measure; 2], weights: &[f64], strata: &[Range<usize>]) -> Estimate {
        let (runs, folds) = (design.runs as f64, design.folds as f64);
        let of_mean = (runs - 1.0) * folds / (runs * (runs - folds));
        let pairs: Vec<f64> = arm.runs.iter().zip(&against.runs).map(|(arm, against)| arm - against).collect();
        let apart: Vec<f64> = arm.counted.iter().zip(&against.counted).map(|(arm, against)| arm - against).collect();
        let of_runs = student(design.filled - 1, LEVEL) * (variance(&pairs) * of_mean).sqrt();
        let of_equal_arms = student(2 * (design.runs - 1), LEVEL) * ((variance(&arm.runs) + variance(&against.runs)) * of_mean).sqrt();
        let of_equal_arms = if design.few { of_equal_arms } else { 0.0 };
        let of_documents = bootstrap(&apart, weights, strata, LEVEL, self.train.seed);
        let smallest = of_runs.max(of_equal_arms).hypot(of_documents);
        let mean = mean(&pairs);
        Estimate { mean, interval: [mean - smallest, mean + smallest], pairs, of_runs, of_equal_arms, of_documents, smallest }
    }
}

/// How many times its own half-width a difference on minimal pairs must reach before it stops a verdict. It is a second look at a difference that is
/// resolved already, of models that answer little better than by guessing: at once a width of 95 %, 2 of 35 true differences of planted faults were stopped.
const OBJECTION: f64 = 1.25;

/// Bits per byte decide: of the Transformer, of the n-gram models, or of both, unless they or the minimal pairs surely say the opposite.
fn weigh(bits: &Estimate, ngram: &Estimate, probe: Option<&Estimate>) -> (Verdict, Option<String>) {
    let called = |sign: i32| if sign < 0 { Verdict::Better } else { Verdict::Worse };
    let says = |estimate: &Estimate| format!("{} ({:+.4})", called(estimate.sign()).word(), estimate.mean);
    let (sign, said) = match (bits.sign(), ngram.sign()) {
        (0, 0) => {
            let why = format!(
                "the difference of {:.4} bits per byte is below {:.4}, the smallest that this budget could have seen; that of the n-gram models, {:.4}, below {:.4}",
                bits.mean.abs(),
                bits.smallest,
                ngram.mean.abs(),
                ngram.smallest
            );
            return (Verdict::NotResolved, Some(why));
        }
        (0, sign) => (sign, format!("the n-gram models say {}", says(ngram))),
        (sign, other) if other != -sign => (sign, format!("bits per byte say {}", says(bits))),
        _ => return (Verdict::NotResolved, Some(format!("bits per byte say {}, the n-gram models say {}", says(bits), says(ngram)))),
    };
    match probe {
        // More right answers are better, fewer bits are.
        Some(probe) if probe.sign() == sign && probe.mean.abs() > OBJECTION * probe.smallest => {
            let why = format!("{said}, the minimal pairs say {} ({:+.1} points of accuracy)", called(-sign).word(), 100.0 * probe.mean);
            (Verdict::NotResolved, Some(why))
        }
        _ => (called(sign), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(mean: f64, smallest: f64) -> Estimate {
        Estimate { mean, interval: [mean - smallest, mean + smallest], pairs: vec![], of_runs: 0.0, of_equal_arms: 0.0, of_documents: 0.0, smallest }
    }

    #[test]
    fn measures_must_not_contradict_each_other() {
        let of = |bits: f64, ngram: f64, probe: f64| weigh(&estimate(bits, 0.1), &estimate(ngram, 0.01), Some(&estimate(probe, 0.02)));
        assert_eq!(of(-0.2, 0.0, 0.0), (Verdict::Better, None));
        assert_eq!(of(-0.2, -0.02, 0.05), (Verdict::Better, None));
        assert_eq!(of(0.2, 0.0, -0.05), (Verdict::Worse, None));
        // One of the two is enough, whatever the other is too unsure to say.
        assert_eq!(of(-0.09, 0.02, 0.0), (Verdict::Worse, None));
        assert_eq!(of(0.2, -0.009, 0.0), (Verdict::Worse, None));
        let why = |found: (Verdict, Option<String>)| (found.0 == Verdict::NotResolved).then_some(found.1).flatten().unwrap();
        assert_eq!(why(of(-0.2, 0.0, -0.05)), "bits per byte say better (-0.2000), the minimal pairs say worse (-5.0 points of accuracy)");
        assert_eq!(why(of(0.2, 0.02, 0.05)), "bits per byte say worse (+0.2000), the minimal pairs say better (+5.0 points of accuracy)");
        assert_eq!(why(of(0.0, -0.02, -0.05)), "the n-gram models say better (-0.0200), the minimal pairs say worse (-5.0 points of accuracy)");
        assert_eq!(why(of(0.2, -0.02, 0.0)), "bits per byte say worse (+0.2000), the n-gram models say better (-0.0200)");
        // More than its interval, and not enough to object.
        assert_eq!(of(0.2, 0.0, 0.022), (Verdict::Worse, None));
        // The pairs alone decide nothing.
        assert_eq!(
            why(of(-0.05, 0.002, 0.5)),
            "the difference of 0.0500 bits per byte is below 0.1000, the smallest that this budget could have seen; that of the n-gram models, 0.0020, below 0.0100"
        );
        assert_eq!(weigh(&estimate(0.2, 0.1), &estimate(0.0, 0.1), None), (Verdict::Worse, None));
    }
}
