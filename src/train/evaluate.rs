//! Loss on held-out documents, in nats a token and in bits per byte; under any objective in nats a target and right answers.

use super::TrainError;
use super::data::{Corpus, Packs, Rows};
use super::model::Model;
use super::objective::{Objective, Sample, Task, causal};
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
    /// Nats a target; nats an answer where there are no targets.
    pub loss: Option<f64>,
    /// Bits a byte, of [`Objective::Causal`].
    pub bits_per_byte: Option<f64>,
    /// Share of the answers that are right.
    pub accuracy: Option<f64>,
}

/// Evaluates `task` on all rows that it makes of `corpus`, which are drawn in the same way every time.
pub fn report(model: &Model, weights: &[f32], corpus: &dyn Corpus, task: &Task, workers: &Workers) -> Result<Report, TrainError> {
    if task.objective == Objective::Causal {
        let scores = evaluate(model, weights, corpus, workers)?;
        return Ok(Report { loss: loss(&scores), bits_per_byte: bits_per_byte(&scores), accuracy: None });
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
        let (nats, answers) = model.score(weights, &sample, room);
        let of_answers: f64 = answers.iter().map(|(nats, _)| f64::from(*nats)).sum();
        let right = answers.iter().filter(|(_, right)| *right).count();
        Ok::<_, TrainError>([nats.iter().map(|nats| f64::from(*nats)).sum(), sample.predicted() as f64, of_answers, answers.len() as f64, right as f64])
    });
    let mut sums = [0.0; 5];
    for found in found {
        sums.iter_mut().zip(found?).for_each(|(sum, found): (&mut f64, f64)| *sum += found);
    }
    let share = |sum: f64, count: f64| (count > 0.0).then(|| sum / count);
    let [nats, targets, of_answers, answers, right] = sums;
    Ok(Report { loss: share(nats, targets).or(share(of_answers, answers)), bits_per_byte: None, accuracy: share(right, answers) })
}

/// Held-out texts are masked, cut and paired alike in every training.
const HELDOUT_SEED: u64 = 0;

#[cfg(test)]
mod tests {
    use super::super::config::{ModelConfig, initial};
    use super::super::data::Tokens;
    use super::super::preset::Preset;
    use super::*;

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
