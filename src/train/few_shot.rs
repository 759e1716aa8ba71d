//! Questions to a language model that has learned no task: which of some continuations of a text is the likeliest (Brown et al. 2020).

use super::TrainError;
use super::checkpoint::Saved;
use super::model::Model;
use super::objective::{Objective, Sample};
use super::workers::Workers;

/// A text and how it may go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What stands before: examples, and the text in question.
    pub prompt: Vec<u32>,
    /// The continuations to choose from, each of one token at least.
    pub choices: Vec<Vec<u32>>,
}

/// The number of the likeliest continuation of each question. Where a row does not hold a prompt, its beginning is left out.
///
/// # Errors
/// Where the model does not go on with texts from left to right, or an id is not of its vocabulary.
pub fn choose(saved: &Saved, questions: &[Question], workers: &Workers) -> Result<Vec<usize>, TrainError> {
    if !matches!(saved.task.objective, Objective::Causal | Objective::Fim | Objective::Sft | Objective::Dpo | Objective::Ppo) {
        return Err(TrainError::Mismatch("only a model that was trained to go on with texts can be asked for the likeliest continuation".to_owned()));
    }
    let (model, seq_len, vocab_size) = (Model::new(saved.model.clone())?, saved.model.seq_len, saved.task.vocab_size);
    let answers = workers.map(questions.iter().collect(), |question: &Question, room| {
        let mut sample = Sample::default();
        for choice in &question.choices {
            let ids: Vec<u32> = question.prompt.iter().chain(choice).copied().collect();
            if let Some(&id) = ids.iter().find(|id| **id as usize >= vocab_size) {
                return Err(TrainError::UnknownId { id, vocab_size });
            }
            // The last token is only asked for.
            let first = ids.len().saturating_sub(seq_len + 1);
            let (ids, asked) = (&ids[first..], question.prompt.len().saturating_sub(first).max(1));
            let targets = ids.iter().enumerate().skip(1).map(|(place, id)| (place >= asked).then_some(*id));
            sample.push(ids[..ids.len() - 1].iter().copied(), targets, 0);
        }
        let nats = model.nats(&saved.weights, &sample, room);
        let sums: Vec<f32> = sample.segments.iter().map(|segment| nats[segment.places.clone()].iter().sum()).collect();
        Ok((0..sums.len()).min_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(0))
    });
    answers.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::config::ModelConfig;
    use super::super::data::{Packs, Sampling, Tokens, whole};
    use super::super::optim::OptimConfig;
    use super::super::preset::Preset;
    use super::super::trainer::{TrainConfig, Trainer};
    use super::*;

    #[test]
    fn the_likeliest_continuation_is_chosen() {
        // Texts that count upwards, modulo 11.
        let mut corpus = Tokens::default();
        (0..60u32).for_each(|document| corpus.push(u128::from(document), 1, (0..20).map(|i| (document * 5 + i) % 11).collect()));
        let (rows, workers) = (Packs::cut(&corpus, whole(&corpus), 16), Workers::new(2).unwrap());
        let optim = OptimConfig { learning_rate: 1e-2, warmup: 5, ..OptimConfig::default() };
        let config = TrainConfig { steps: 60, batch: 20, seed: 1, sampling: Sampling::Epochs, evaluate_every: 0, optim };
        let mut trainer = Trainer::new(ModelConfig::preset(Preset::Gpt, 11, 16, 2, 2, 16), config, &rows, &workers).unwrap();
        while !trainer.finished() {
            trainer.step(None).unwrap();
        }
        let mut bytes = Vec::new();
        trainer.write_to(&mut bytes).unwrap();
        let mut saved = Saved::read(&mut bytes.as_slice()).unwrap();
        let question = |prompt: Vec<u32>| {
            let next = prompt.last().map_or(0, |last| last + 1);
            Question { prompt, choices: [next + 3, next, next + 5].map(|first| vec![first % 11, (first + 1) % 11]).to_vec() }
        };
        let questions = [question((0..9).collect()), question(vec![4, 5, 6]), question((0..40).map(|i| i % 11).collect())];
        assert_eq!(choose(&saved, &questions, &workers).unwrap(), [1, 1, 1], "a prompt that is longer than a row loses its beginning");
        assert!(matches!(choose(&saved, &[question(vec![30])], &workers), Err(TrainError::UnknownId { id: 30, .. })));
        saved.task.objective = Objective::Mlm;
        assert!(choose(&saved, &questions, &workers).is_err());
    }
}
