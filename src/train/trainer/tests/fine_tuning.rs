//! What goes on from a trained model: labels, preferences, answers of its own; and what reads one text and writes another.

use super::super::super::checkpoint::Saved;
use super::*;
use crate::shard::mask::with_label;

fn tune<'a>(shape: ModelConfig, task: Task, steps: usize, rate: f64, rows: &'a dyn Rows, workers: &'a Workers) -> Trainer<'a> {
    let optim = OptimConfig { learning_rate: rate, warmup: 5, ..OptimConfig::default() };
    let config = TrainConfig { steps, batch: 16, seed: 1, sampling: Sampling::Epochs, evaluate_every: 0, optim };
    Trainer::of_task(shape, task, config, rows, workers).unwrap()
}

fn finish(trainer: &mut Trainer, heldout: &Tokens) -> Metrics {
    while !trainer.finished() {
        trainer.step(None).unwrap();
    }
    trainer.metrics(Some(heldout)).unwrap()
}

fn saved(trainer: &Trainer) -> Saved {
    let mut bytes = Vec::new();
    trainer.write_to(&mut bytes).unwrap();
    Saved::read(&mut bytes.as_slice()).unwrap()
}

/// Texts of one sentence of [`prose`], of which half have one word of another subject: labels say which texts, or which tokens, these are.
fn mistakes(documents: std::ops::Range<u32>, tokens: bool) -> Tokens {
    let mut corpus = Tokens::default();
    for document in documents {
        let mut random = Random::new(u64::from(document), "mistakes");
        let (wrong, subject) = (random.below(2) == 1, random.below(8) as u32);
        let mut ids = vec![subject, 8 + subject, 16 + subject, subject];
        let mut labels = [if tokens { 0 } else { 1 + u8::from(wrong) }; 4];
        if wrong {
            random.bits();
            let place = 1 + random.below(2);
            ids[place] = ids[place] / 8 * 8 + (ids[place] % 8 + 1 + random.below(7) as u32) % 8;
            labels[place] = if tokens { 1 } else { labels[place] };
        }
        corpus.push(u128::from(document), 40, ids);
        corpus.mark(labels.map(|label| with_label(LOSS, label)).to_vec());
    }
    corpus
}

#[test]
fn pretrained_weights_beat_random_ones_at_equal_steps() {
    let (texts, workers) = (prose(64), Workers::new(2).unwrap());
    let shape = ModelConfig::preset(Preset::Roberta, 24, 32, 1, 2, 16);
    let task = Task::new(Objective::Mlm, 32, false, 24, &BTreeMap::new());
    let rows = task.rows(&texts);
    let mut pretrained = tune(shape.clone(), task.clone(), 150, 2e-2, &rows, &workers);
    finish(&mut pretrained, &texts);
    let pretrained = saved(&pretrained);
    for (objective, documents, steps, rate) in [(Objective::Tag, 64, 60, 5e-3), (Objective::Classify, 32, 30, 3e-3)] {
        let tokens = objective == Objective::Tag;
        let (few, heldout) = (mistakes(0..documents, tokens), mistakes(1000..1100, tokens));
        let task = Task { labels: if tokens { 1 } else { 2 }, both_ways: true, ..Task::new(objective, 32, false, 24, &pretrained.task.special) };
        let rows = task.rows(&few);
        let [gained, random] = [true, false].map(|goes_on| {
            let mut trainer = tune(shape.clone(), task.clone(), steps, rate, &rows, &workers);
            if goes_on {
                let weights = pretrained.begin(trainer.model(), 1).unwrap();
                trainer = trainer.begin(weights);
            }
            finish(&mut trainer, &heldout)
        });
        assert!(gained.val_loss.unwrap() < 0.9 * random.val_loss.unwrap(), "{objective:?}: {gained:?} {random:?}");
        assert!(gained.val_accuracy > random.val_accuracy && gained.val_f1.is_some(), "{objective:?}: {gained:?} {random:?}");
        if tokens {
            assert!(gained.val_f1.unwrap() > random.val_f1.unwrap() + 0.3, "{gained:?} {random:?}");
        }
    }
}

#[test]
fn other_shapes_give_no_weights() {
    let (texts, workers) = (prose(8), Workers::new(1).unwrap());
    let task = Task::causal(32, 24);
    let rows = task.rows(&texts);
    let trainer = tune(ModelConfig::preset(Preset::Gpt, 24, 32, 1, 2, 16), task, 1, 1e-3, &rows, &workers);
    let saved = saved(&trainer);
    let longer = Model::new(ModelConfig::preset(Preset::Gpt, 26, 40, 1, 2, 16)).unwrap();
    let weights = saved.begin(&longer, 1).unwrap();
    assert!(weights[..24 * 16] == trainer.weights()[..24 * 16] && weights[26 * 16..][..32 * 16] == trainer.weights()[24 * 16..][..32 * 16]);
    let wider = Model::new(ModelConfig::preset(Preset::Gpt, 24, 32, 1, 2, 32)).unwrap();
    assert_eq!(saved.begin(&wider, 1).err().unwrap().to_string(), "the checkpoint cannot be used: it holds a model of another shape");
}

/// Prompts of two tokens below 8 between a mark and another; the answers are three tokens, from 10 to 12 the good one, from 13 to 15 the bad one, and an end.
fn answers(pairs: u32, seed: u64) -> Tokens {
    let (mut corpus, mut random) = (Tokens::default(), Random::new(seed, "answers"));
    for pair in 0..pairs {
        let prompt = [8, random.below(8) as u32, random.below(8) as u32, 9];
        for first in [10, 13] {
            let answer = (0..3).map(|_| first + random.below(3) as u32).chain([16]);
            corpus.push(u128::from(pair), 1, prompt.into_iter().chain(answer).collect());
            corpus.mark((0..8).map(|place| if place < 4 { 0 } else { LOSS }).collect());
        }
    }
    corpus
}

/// A model that gives both kinds of answer, by both members of each pair.
fn answering(workers: &Workers) -> Saved {
    let pairs = answers(64, 1);
    let eos = BTreeMap::from([("eos".to_owned(), 16)]);
    let task = Task::new(Objective::Sft, 12, false, 17, &eos);
    let rows = task.rows(&pairs);
    let mut trainer = tune(ModelConfig::preset(Preset::Gpt, 17, 12, 1, 2, 16), task, 60, 1e-2, &rows, workers);
    finish(&mut trainer, &answers(8, 2));
    saved(&trainer)
}

#[test]
fn the_better_answer_gains_on_the_other() {
    let (workers, pairs, heldout) = (Workers::new(2).unwrap(), answers(64, 1), answers(32, 2));
    let from = answering(&workers);
    let task = Task::new(Objective::Dpo, 12, false, 17, &from.task.special);
    let rows = task.rows(&pairs);
    let runs: Vec<_> = [1, 2]
        .map(|threads| {
            let workers = Workers::new(threads).unwrap();
            let mut trainer = tune(from.model.clone(), task.clone(), 30, 2e-3, &rows, &workers);
            let weights = from.begin(trainer.model(), 1).unwrap();
            trainer = trainer.begin(weights);
            let before = trainer.metrics(Some(&heldout)).unwrap();
            assert_eq!((before.val_margin, before.val_accuracy), (Some(0.0), Some(0.0)), "nothing has moved yet");
            assert!((before.val_loss.unwrap() - 2f64.ln()).abs() < 1e-9);
            (finish(&mut trainer, &heldout), trainer.weights().to_vec())
        })
        .into();
    assert_eq!(runs[0], runs[1]);
    let metrics = &runs[0].0;
    assert!(metrics.val_margin.unwrap() > 2.0 && metrics.val_accuracy > Some(0.9) && metrics.val_loss < Some(0.6), "{metrics:?}");
}

#[test]
fn answers_become_what_the_reward_model_likes() {
    let (workers, pairs, heldout) = (Workers::new(2).unwrap(), answers(64, 1), answers(32, 2));
    let from = answering(&workers);
    let reward = Task::new(Objective::Reward, 12, false, 17, &from.task.special);
    let rows = reward.rows(&pairs);
    let mut judge = tune(from.model.clone(), reward, 60, 5e-3, &rows, &workers);
    assert!(finish(&mut judge, &heldout).val_accuracy > Some(0.95));
    let task = Task::new(Objective::Ppo, 12, false, 17, &from.task.special);
    let rows = task.rows(&pairs);
    let runs: Vec<_> = [1, 2]
        .map(|threads| {
            let workers = Workers::new(threads).unwrap();
            let trainer = tune(from.model.clone(), task.clone(), 10, 3e-3, &rows, &workers);
            let weights = from.begin(trainer.model(), 1).unwrap();
            let mut trainer = trainer.begin(weights).judged_by(Judge::new(saved(&judge)).unwrap()).unwrap();
            let before = trainer.metrics(Some(&heldout)).unwrap().val_reward.unwrap();
            let metrics = finish(&mut trainer, &heldout);
            assert!(metrics.val_reward.unwrap() > before + 0.5, "{before} {metrics:?}");
            (metrics, trainer.weights().to_vec())
        })
        .into();
    assert_eq!(runs[0], runs[1]);
    assert!(Judge::new(from).is_err(), "a model that was trained to answer does not judge");
}

/// An input names one word of four, one of four others and one that means nothing, in any order; its target is the first two in another language, in an order of its own.
fn translated(documents: u32, seed: u64) -> Tokens {
    let (mut corpus, mut random) = (Tokens::default(), Random::new(seed, "input"));
    for document in 0..documents {
        let (first, second) = (random.below(4) as u32, 4 + random.below(4) as u32);
        let mut input = vec![first, second, 8 + random.below(3) as u32];
        random.shuffle(&mut input);
        corpus.push(u128::from(document), 1, [input, vec![12 + first, 12 + second]].concat());
        corpus.mark((0..5).map(|place| if place < 3 { 0 } else { LOSS }).collect());
    }
    corpus
}

#[test]
fn a_translation_is_learned_by_models_with_and_without_an_encoder() {
    let (texts, heldout, workers) = (translated(256, 1), translated(32, 2), Workers::new(2).unwrap());
    for preset in [Preset::Transformer, Preset::T5, Preset::Glm] {
        let shape = ModelConfig::preset(preset, 20, 12, 1, 2, 32);
        let task = Task::new(Objective::Seq2seq, 12, shape.encoder, 20, &BTreeMap::new());
        let rows = task.rows(&texts);
        let metrics = finish(&mut tune(shape, task, 200, 5e-3, &rows, &workers), &heldout);
        assert!(metrics.val_loss.unwrap() < 0.2, "{preset:?}: {metrics:?}; guessing gives ln 4");
    }
}
