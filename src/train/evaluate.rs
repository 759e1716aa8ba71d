//! Loss on held-out documents, in nats a token and in bits per byte; under any objective in nats a target and right answers.

use std::collections::BTreeMap;

use super::TrainError;
use super::data::{Corpus, Packs, Rows};
use super::model::Model;
use super::objective::{Objective, Sample, Task, causal};
use super::preference::{margins, pair_loss};
use super::trainer::check_row;
use super::workers::Workers;

/// Tokens evaluated together.
const BATCH_TOKENS: usize = 512;

/// How well a model predicts one document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Negative log-likelihood of all targets.
    pub nats: f64,
    /// Tokens predicted: all but the first.
    pub targets: u64,
    /// UTF-8 bytes of the document's text.
    pub bytes: u64,
}

/// Scores of all documents of `corpus`, each by itself: cut from its start into pieces of the model's `seq_len`, of which none sees another.
pub fn evaluate(model: &Model, weights: &[f32], corpus: &dyn Corpus, workers: &Workers) -> Result<Vec<Score>, TrainError> {
    let packs = Packs::score(corpus, model.config.seq_len);
    let rows: Vec<usize> = (0..packs.rows()).collect();
    let together = BATCH_TOKENS.div_ceil(model.config.seq_len);
    let found = workers.map(rows.chunks(together).collect(), |rows, room| {
        let mut spans = Vec::new();
        let mut sample = Sample::default();
        for row in rows.iter().map(|&row| packs.row(row)) {
            check_row(&row, model.config.seq_len, model.config.vocab_size)?;
            sample.append(&causal(&row));
            spans.extend(row.spans);
        }
        let nats = model.nats(weights, &sample, room);
        let scored = spans.iter().zip(&sample.segments).map(|(span, segment)| {
            let nats: f64 = nats[segment.places.clone()].iter().map(|nats| f64::from(*nats)).sum();
            (span.document, nats, sample.targets[segment.places.clone()].iter().flatten().count() as u64)
        });
        Ok::<_, TrainError>(scored.collect::<Vec<_>>())
    });
    let mut scores: Vec<Score> = (0..corpus.documents()).map(|document| Score { bytes: corpus.bytes(document), ..Score::default() }).collect();
    for found in found {
        for (document, nats, targets) in found? {
            scores[document].nats += nats;
            scores[document].targets += targets;
        }
    }
    Ok(scores)
}

/// Nats a target over all documents; `None` if there is no target.
pub fn loss(scores: &[Score]) -> Option<f64> {
    let targets: u64 = scores.iter().map(|score| score.targets).sum();
    (targets > 0).then(|| scores.iter().map(|score| score.nats).sum::<f64>() / targets as f64)
}

/// Bits a byte of text over all documents, comparable between tokenizers; `None` if there are no bytes.
///
/// The bytes of a document's first token count although it is not predicted: the same for every model judged on the same documents.
pub fn bits_per_byte(scores: &[Score]) -> Option<f64> {
    let bytes: u64 = scores.iter().map(|score| score.bytes).sum();
    (bytes > 0).then(|| scores.iter().map(|score| score.nats).sum::<f64>() / std::f64::consts::LN_2 / bytes as f64)
}

/// How well a model does what an objective asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Nats a target; nats an answer where there are no targets; of [`Objective::Dpo`] its loss of a pair.
    pub loss: Option<f64>,
    /// Bits a byte, of [`Objective::Causal`].
    pub bits_per_byte: Option<f64>,
    /// Share of the answers that are right; of [`Objective::Dpo`], of pairs whose better answer has gained on the other.
    pub accuracy: Option<f64>,
    /// Mean F1 of the labels, of [`Objective::Classify`] and [`Objective::Tag`].
    pub f1: Option<f64>,
    /// By how many nats the better answers have gained on the others, of [`Objective::Dpo`].
    pub margin: Option<f64>,
    /// What the reward model gives, of [`Objective::Ppo`].
    pub reward: Option<f64>,
}

/// Held-out texts are masked, cut and paired alike in every training.
pub(super) const HELDOUT_SEED: u64 = 0;

/// Evaluates `task` on all rows that it makes of `corpus`, which are drawn in the same way every time. `reference` are the weights that [`Objective::Dpo`] compares with.
pub fn report(model: &Model, [weights, reference]: [&[f32]; 2], corpus: &dyn Corpus, task: &Task, workers: &Workers) -> Result<Report, TrainError> {
    if task.objective == Objective::Causal {
        let scores = evaluate(model, weights, corpus, workers)?;
        return Ok(Report { loss: loss(&scores), bits_per_byte: bits_per_byte(&scores), ..Report::default() });
    }
    let rows = task.rows(corpus);
    let numbers: Vec<usize> = (0..rows.rows()).collect();
    let together = BATCH_TOKENS.div_ceil(model.config.seq_len);
    let found = workers.map(numbers.chunks(together).collect(), |numbers, room| {
        let mut sample = Sample::default();
        for &number in numbers {
            let row = rows.row(number);
            check_row(&row, task.row_len(), task.vocab_size)?;
            sample.append(&task.sample(&row, &rows, &mut task.random(HELDOUT_SEED, number as u64, number)));
        }
        let mut sums = Sums { targets: sample.predicted(), ..Sums::default() };
        if task.objective == Objective::Dpo {
            sample.before = model.nats(reference, &sample, room).to_vec();
            sums.margins = margins(&sample, model.nats(weights, &sample, room));
        } else {
            let (nats, answers) = model.score(weights, &sample, room);
            sums.nats = nats.iter().map(|nats| f64::from(*nats)).sum();
            sums.of_answers = answers.iter().map(|answer| f64::from(answer.nats)).sum();
            sums.answers = sample.answers.iter().copied().zip(answers.iter().map(|answer| answer.class)).collect();
        }
        Ok::<_, TrainError>(sums)
    });
    let mut all = Sums::default();
    for found in found {
        let found = found?;
        all.nats += found.nats;
        all.targets += found.targets;
        all.of_answers += found.of_answers;
        all.answers.extend(found.answers);
        all.margins.extend(found.margins);
    }
    Ok(all.report(task))
}

/// Sums over held-out rows.
#[derive(Default)]
struct Sums {
    nats: f64,
    targets: usize,
    of_answers: f64,
    /// What is right, and what was answered.
    answers: Vec<(u32, u32)>,
    margins: Vec<f64>,
}

impl Sums {
    fn report(&self, task: &Task) -> Report {
        let share = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        if task.objective == Objective::Dpo {
            let (count, gained) = (self.margins.len(), self.margins.iter().filter(|margin| **margin > 0.0).count());
            let loss = share(self.margins.iter().map(|margin| pair_loss(*margin)).sum(), count);
            return Report { loss, accuracy: share(gained as f64, count), margin: share(self.margins.iter().sum(), count), ..Report::default() };
        }
        let right = self.answers.iter().filter(|(right, found)| right == found).count();
        let labels = match task.objective {
            Objective::Classify => Some(0),
            // Having no label is none.
            Objective::Tag => Some(1),
            _ => None,
        };
        Report {
            loss: share(self.nats, self.targets).or(share(self.of_answers, self.answers.len())),
            accuracy: share(right as f64, self.answers.len()),
            f1: labels.and_then(|first| mean_f1(&self.answers, first)),
            ..Report::default()
        }
    }
}

/// F1 of each class from `first` on that is right or answered somewhere, in the mean; `None` where there is none.
fn mean_f1(answers: &[(u32, u32)], first: u32) -> Option<f64> {
    let mut classes: BTreeMap<u32, [u32; 2]> = BTreeMap::new();
    for (right, found) in answers {
        // Twice what was found of a class, and what there is of it on both sides.
        for class in [right, found] {
            let [hits, sides] = classes.entry(*class).or_default();
            (*hits, *sides) = (*hits + u32::from(right == found), *sides + 1);
        }
    }
    let scores: Vec<f64> = classes.range(first..).map(|(_, [hits, sides])| f64::from(*hits) / f64::from(*sides)).collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::config::{ModelConfig, initial};
    use super::super::data::Tokens;
    use super::super::preset::Preset;
    use super::*;

    #[test]
    fn f1_is_the_mean_over_labels_that_occur() {
        // Label 1: one of two found, none wrongly; label 2: found once rightly, once wrongly; label 4 nowhere.
        let answers = [(0, 0), (1, 1), (1, 2), (2, 2), (3, 3)];
        assert_eq!(mean_f1(&answers, 1), Some((2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0));
        assert_eq!((mean_f1(&answers[..1], 0), mean_f1(&answers[..1], 1)), (Some(1.0), None));
    }

    #[test]
    fn every_token_but_the_first_is_scored_once_and_documents_alone() {
        let model = Model::new(ModelConfig::preset(Preset::Gpt, 7, 4, 1, 1, 8)).unwrap();
        let weights = initial(&model.parameters, 1);
        let workers = Workers::new(2).unwrap();
        let mut corpus = Tokens::default();
        for (document, len) in [9, 1, 0, 4, 3].into_iter().enumerate() {
            corpus.push(document as u128, 2 * len as u64, (0..len).map(|i| (i * 3 + document as u32) % 7).collect());
        }
        let scores = evaluate(&model, &weights, &corpus, &workers).unwrap();
        assert_eq!(scores.iter().map(|score| score.targets).collect::<Vec<_>>(), [8, 0, 0, 3, 2]);
        let mut alone = Tokens::default();
        alone.push(0, 6, vec![4, 0, 3]);
        assert_eq!(evaluate(&model, &weights, &alone, &workers).unwrap()[0].nats, scores[4].nats);
        let nats: f64 = scores.iter().map(|score| score.nats).sum();
        assert_eq!(loss(&scores), Some(nats / 13.0));
        assert!((bits_per_byte(&scores).unwrap() - nats / 2f64.ln() / 34.0).abs() < 1e-12);
        assert_eq!((loss(&[]), bits_per_byte(&[])), (None, None));
    }
}
