//! Answers of a model's own, and what a reward model thinks of them: the data of PPO.
//!
//! Several answers are drawn for a prompt. The reward of one is the reward model's score, less what its tokens have become likelier than under the model that training began with
//! (Ouyang et al. 2022); how much better than others it is, is told against the mean reward of the other answers to the same prompt (Ahmadian et al. 2024), so there is no critic.

use super::TrainError;
use super::checkpoint::Saved;
use super::model::{Model, Workspace};
use super::objective::{Objective, Sample, Task};
use super::random::Random;

/// Answers to a prompt.
const ANSWERS: usize = 4;

/// What a nat of difference from the first model costs.
const PENALTY: f64 = 0.05;

/// A reward model, trained by [`Objective::Reward`].
pub struct Judge {
    model: Model,
    weights: Vec<f32>,
}

impl Judge {
    /// The reward model of a checkpoint.
    pub fn new(saved: Saved) -> Result<Self, TrainError> {
        if saved.task.objective != Objective::Reward {
            return Err(TrainError::Mismatch("the reward model was not trained by objective `reward`".to_owned()));
        }
        Ok(Self { model: Model::new(saved.model)?, weights: saved.weights })
    }

    /// Whether it can read what a model writes that is trained for `task`.
    pub(super) fn check(&self, task: &Task) -> Result<(), TrainError> {
        let (vocabulary, most) = (self.model.config.vocab_size, self.model.config.seq_len);
        if vocabulary != task.vocab_size || most < task.seq_len {
            let said = format!(
                "the reward model reads {most} of {vocabulary} ids, the model writes {} of {}: train it on the same tokens and rows as long",
                task.seq_len, task.vocab_size
            );
            return Err(TrainError::Mismatch(said));
        }
        if task.token("eos") as usize >= task.vocab_size {
            let said = "the shards name no token `eos` that ends an answer: give --special eos=ID, with the token that `chat_template` ends answers with";
            return Err(TrainError::Mismatch(said.to_owned()));
        }
        Ok(())
    }

    /// The score of each text.
    fn scores(&self, texts: &[Vec<u32>], room: &mut Workspace) -> Vec<f32> {
        let mut sample = Sample::default();
        for text in texts {
            sample.push(text.iter().copied(), std::iter::repeat_n(None, text.len()), 0);
            sample.questions.push(sample.inputs.len() - 1);
        }
        self.model.judge(&self.weights, &sample, room)
    }
}

/// Answers to one prompt.
pub(super) struct Rollout {
    /// A segment an answer, with the tokens of the answer as targets, their nats when they were drawn, and how much better each answer was than the others.
    pub sample: Sample,
    /// The reward model's mean score.
    pub score: f64,
}

/// Who answers and who judges.
pub(super) struct Players<'a> {
    pub task: &'a Task,
    pub model: &'a Model,
    pub weights: &'a [f32],
    /// Weights that training began with.
    pub reference: &'a [f32],
    pub judge: &'a Judge,
}

impl Players<'_> {
    /// Draws answers to the prompt that `asked` holds.
    pub fn answer(&self, asked: &Sample, random: &mut Random, room: &mut Workspace) -> Rollout {
        let prompt = asked.inputs.len();
        let texts = self.draw(&asked.inputs, random, room);
        let scores = self.judge.scores(&texts, room);
        let mut sample = Sample { tokens: asked.tokens, ..Sample::default() };
        for text in &texts {
            let target = |place: usize| text.get(place + 1).copied().filter(|_| place + 1 >= prompt);
            sample.push(text.iter().copied(), (0..text.len()).map(target), 0);
        }
        sample.before = self.model.nats(self.weights, &sample, room).to_vec();
        let reference = self.model.nats(self.reference, &sample, room);
        let rewards = sample.segments.iter().zip(&scores).map(|(segment, score)| {
            let nearer = segment.places.clone().map(|place| f64::from(reference[place]) - f64::from(sample.before[place]));
            f64::from(*score) - PENALTY * nearer.sum::<f64>()
        });
        let rewards: Vec<f64> = rewards.collect();
        let sum: f64 = rewards.iter().sum();
        sample.advantages = vec![0.0; sample.inputs.len()];
        for (segment, reward) in sample.segments.iter().zip(&rewards) {
            let others = (sum - reward) / (ANSWERS - 1) as f64;
            sample.advantages[segment.places.clone()].fill((reward - others) as f32);
        }
        Rollout { score: scores.iter().map(|score| f64::from(*score)).sum::<f64>() / ANSWERS as f64, sample }
    }

    /// Goes on from the prompt token by token, as likely as the model says, until an `eos` or the end of a row.
    fn draw(&self, prompt: &[u32], random: &mut Random, room: &mut Workspace) -> Vec<Vec<u32>> {
        let (mut texts, eos) = (vec![prompt.to_vec(); ANSWERS], self.task.token("eos"));
        loop {
            let ends = |text: &Vec<u32>| text.len() >= self.task.seq_len || text.len() > prompt.len() && text.last() == Some(&eos);
            let open: Vec<usize> = (0..ANSWERS).filter(|answer| !ends(&texts[*answer])).collect();
            if open.is_empty() {
                return texts;
            }
            let mut sample = Sample::default();
            for &answer in &open {
                let text = &texts[answer];
                sample.push(text.iter().copied(), std::iter::repeat_n(None, text.len() - 1).chain([Some(eos)]), 0);
            }
            let logits = self.model.logits(self.weights, &sample, room);
            for (answer, logits) in open.into_iter().zip(logits.chunks_exact(self.model.config.vocab_size)) {
                texts[answer].push(choose(&logits[..self.task.vocab_size], random));
            }
        }
    }
}

/// Draws from the softmax of `logits`.
fn choose(logits: &[f32], random: &mut Random) -> u32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits.iter().map(|logit| f64::from(logit - largest).exp()).collect();
    let mut left = random.unit() * weights.iter().sum::<f64>();
    let chosen = weights.iter().position(|weight| {
        left -= weight;
        left <= 0.0
    });
    chosen.unwrap_or(weights.len() - 1) as u32
}

/// Brings the advantages of a step to a deviation of one, so that learning does not depend on the scale of scores.
pub(super) fn scale(rollouts: &mut [Rollout]) {
    let of_answers =
        rollouts.iter().flat_map(|rollout| rollout.sample.segments.iter().map(|segment| f64::from(rollout.sample.advantages[segment.places.start])));
    let squares: Vec<f64> = of_answers.map(|advantage| advantage * advantage).collect();
    let deviation = (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt() as f32;
    for advantage in rollouts.iter_mut().flat_map(|rollout| &mut rollout.sample.advantages) {
        *advantage /= deviation + 1e-6;
    }
}
