use super::super::data::{Packs, Tokens, whole};
use std::collections::BTreeMap;

use super::super::objective::Objective;
use super::super::preset::Preset;
use super::*;
use crate::shard::mask::{LOSS, SENTENCE_START, WORD_START};

/// Documents that count upwards from anywhere, in steps of one, modulo 11: predictable but for their first token.
fn counting(documents: usize) -> Tokens {
    let mut corpus = Tokens::default();
    for document in 0..documents {
        corpus.push(document as u128, 40, (0..20 + document % 7).map(|i| ((document * 5 + i) % 11) as u32).collect());
    }
    corpus
}

fn config() -> TrainConfig {
    let optim = OptimConfig { learning_rate: 1e-2, warmup: 5, ..OptimConfig::default() };
    TrainConfig { steps: 60, batch: 20, seed: 1, sampling: Sampling::Epochs, evaluate_every: 20, optim }
}

#[test]
fn models_learn_to_count_and_threads_change_nothing() {
    let (corpus, heldout) = (counting(100), counting(9));
    let rows = Packs::cut(&corpus, whole(&corpus), 16);
    for preset in [Preset::Gpt, Preset::Llama] {
        let model = ModelConfig::preset(preset, 11, 16, 2, 2, 16);
        let runs: Vec<_> = [1, 3]
            .map(|threads| {
                let workers = Workers::new(threads).unwrap();
                let mut trainer = Trainer::new(model.clone(), config(), &rows, &workers).unwrap();
                while !trainer.finished() {
                    trainer.step(Some(&heldout)).unwrap();
                }
                (trainer.metrics(Some(&heldout)).unwrap(), trainer.weights().to_vec())
            })
            .into();
        assert_eq!(runs[0], runs[1]);
        let metrics = &runs[0].0;
        assert!(metrics.val_loss.unwrap() < 0.2, "{preset:?}: {metrics:?}");
        assert_eq!(metrics.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [20, 40, 60]);
        assert_eq!(metrics.val_loss, metrics.curve[2].val_loss);
        assert!(metrics.epochs > 5.0 && metrics.epochs < 10.0, "{}", metrics.epochs);
    }
}

#[test]
fn a_resumed_run_is_the_same_run() {
    let corpus = counting(100);
    let rows = Packs::cut(&corpus, whole(&corpus), 16);
    let workers = Workers::new(2).unwrap();
    let model = ModelConfig::preset(Preset::Llama, 11, 16, 1, 2, 8);
    let mut whole = Trainer::new(model.clone(), config(), &rows, &workers).unwrap();
    let mut saved = Vec::new();
    while !whole.finished() {
        if whole.progress().step == 33 {
            whole.write_to(&mut saved).unwrap();
        }
        whole.step(None).unwrap();
    }
    let fresh = |config| Trainer::new(model.clone(), config, &rows, &workers).unwrap();
    let mut resumed = fresh(config()).resume(&mut saved.as_slice()).unwrap();
    assert_eq!(resumed.progress().step, 33);
    while !resumed.finished() {
        resumed.step(None).unwrap();
    }
    assert_eq!(resumed.progress(), whole.progress());
    assert_eq!(resumed.weights(), whole.weights());

    let refused = |saved: &[u8], config| fresh(config).resume(&mut &saved[..]).err().map(|error| error.to_string());
    assert!(refused(&saved[..saved.len() - 1], config()).is_some());
    assert_eq!(
        refused(&saved, TrainConfig { seed: 2, ..config() }).unwrap(),
        "the checkpoint cannot be used: it was written under other settings; go on with those, or name another folder"
    );
    assert_eq!(refused(&[b'x'; 100], config()).unwrap(), "the checkpoint cannot be used: it does not begin as a checkpoint of this version");
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let corpus = counting(10);
    let workers = Workers::new(1).unwrap();
    let rows = Packs::cut(&corpus, whole(&corpus), 16);
    let mut trainer = Trainer::new(ModelConfig::preset(Preset::Gpt, 10, 16, 1, 1, 8), config(), &rows, &workers).unwrap();
    assert!(matches!(trainer.step(None), Err(TrainError::UnknownId { id: 10, vocab_size: 10 })));
    let mut trainer = Trainer::new(ModelConfig::preset(Preset::Gpt, 11, 15, 1, 1, 8), config(), &rows, &workers).unwrap();
    assert!(matches!(trainer.step(None), Err(TrainError::LongSpan { len: 16, row_len: 15, .. })));
    let nothing = Packs::new(&corpus, Vec::new());
    assert!(matches!(Trainer::new(ModelConfig::preset(Preset::Gpt, 11, 16, 1, 1, 8), config(), &nothing, &workers), Err(TrainError::NoRows)));
    assert_eq!(steps_for(1_000_000, 8, 256), 488);
}

/// Losses of ten steps in PyTorch 2.15 from our first weights on our batches, by benches/training/torch_parity.py over examples/training_steps.rs, whose corpus this is.
#[test]
fn losses_are_those_of_pytorch() {
    let gpt = [3.384262, 3.342042, 3.284214, 3.136462, 3.062839, 2.792023, 2.602360, 2.460053, 2.336466, 2.232414];
    let llama = [3.371840, 3.268840, 3.160764, 2.966759, 2.745587, 2.519234, 2.281842, 2.091905, 2.008832, 1.904078];
    let bert = [4.206922, 4.209879, 4.203615, 4.204107, 4.267199, 4.145195, 4.182632, 4.054580, 4.120042, 3.882902];
    let mut corpus = Tokens::default();
    for document in 0..40u32 {
        corpus.push(u128::from(document), 1, (0..23).map(|i| (i * (document % 3 + 1) + 7 * document) % 29).collect());
    }
    let workers = Workers::new(1).unwrap();
    for (preset, losses) in [(Preset::Gpt, gpt), (Preset::Llama, llama), (Preset::Bert, bert)] {
        let task = Task::new(preset.objective(), 16, false, 29, &BTreeMap::new());
        let rows = task.rows(&corpus);
        let optim = OptimConfig { learning_rate: 3e-2, warmup: 3, ..OptimConfig::default() };
        let config = TrainConfig { steps: 10, batch: 5, seed: 42, sampling: Sampling::InOrder, evaluate_every: 0, optim };
        let shape = ModelConfig::preset(preset, 29, 16, 2, 2, 16);
        let mut trainer = Trainer::of_task(shape, task, config, &rows, &workers).unwrap();
        for want in losses {
            let found = trainer.step(None).unwrap().train_loss;
            assert!((found / want - 1.0).abs() < 1e-5, "{preset:?}: {found} against {want}");
        }
    }
}

/// Sentences of four tokens: a verb of the sentence's subject, and the same subject again; documents keep to one of two sets of subjects. What pairs, spans
/// and masks ask for can be told from the rest.
fn prose(documents: u32) -> Tokens {
    let mut corpus = Tokens::default();
    for document in 0..documents {
        let subject = |sentence: u32| document % 2 * 4 + (document / 2 + sentence) % 4;
        let ids = (0..6).flat_map(|sentence| [subject(sentence), 8 + subject(sentence), 16 + subject(sentence), subject(sentence)]).collect();
        corpus.push(u128::from(document / 2), 40, ids);
        corpus.mark((0..24).map(|i| if i % 4 == 0 { LOSS | SENTENCE_START | WORD_START } else { LOSS }).collect());
    }
    corpus
}

/// Nats of a token by how often each is.
fn unigram(corpus: &Tokens) -> f64 {
    let mut counts = BTreeMap::new();
    for document in 0..corpus.documents() {
        let mut ids = vec![0; corpus.tokens(document)];
        corpus.read(document, 0, &mut ids);
        ids.into_iter().for_each(|id| *counts.entry(id).or_insert(0.0) += 1.0);
    }
    let total: f64 = counts.values().sum();
    counts.values().map(|count| -count / total * (count / total).ln()).sum()
}

fn learn(preset: Preset, objective: Objective) -> Metrics {
    // Where few tokens of a row are asked for, more rows are needed.
    let steps = if matches!(objective, Objective::Mlm | Objective::Nsp | Objective::Sop) { 240 } else { 60 };
    let (corpus, heldout) = (prose(64), prose(16));
    let shape = ModelConfig::preset(preset, 24, 32, 1, 2, 16);
    let task = Task::new(objective, 32, shape.encoder, 24, &BTreeMap::new());
    let rows = task.rows(&corpus);
    let optim = OptimConfig { learning_rate: 2e-2, warmup: 5, ..OptimConfig::default() };
    let config = TrainConfig { steps, batch: 16, seed: 1, sampling: Sampling::Epochs, evaluate_every: 0, optim };
    let workers = Workers::new(2).unwrap();
    let mut trainer = Trainer::of_task(shape, task, config, &rows, &workers).unwrap();
    while !trainer.finished() {
        trainer.step(None).unwrap();
    }
    trainer.metrics(Some(&heldout)).unwrap()
}

#[test]
fn every_preset_learns_its_objective_and_every_objective_is_learned() {
    let entropy = unigram(&prose(16));
    let published = Preset::NAMES.map(|(_, preset)| (preset, preset.objective()));
    let others = Objective::NAMES.into_iter().map(|(_, objective)| (Preset::Glm, objective));
    let others = others.filter(|(_, objective)| published.iter().all(|(_, known)| known != objective));
    // What goes on from another model, or wants texts of its own, is learned below.
    let elsewhere = [Objective::Seq2seq, Objective::Classify, Objective::Tag, Objective::Dpo, Objective::Ppo];
    let others = others.filter(|(_, objective)| !elsewhere.contains(objective));
    for (preset, objective) in published.into_iter().chain(others) {
        let metrics = learn(preset, objective);
        // Which of two answers is better is a matter of two classes, not of tokens.
        let bound = if objective == Objective::Reward { 2f64.ln() } else { entropy };
        let loss = metrics.val_loss.unwrap();
        assert!(loss < 0.7 * bound, "{preset:?} by {objective:?}: {loss} where guessing by frequency gives {bound}");
        assert_eq!(metrics.val_accuracy.is_some(), matches!(objective, Objective::Nsp | Objective::Sop | Objective::Reward));
    }
}

mod fine_tuning;

#[test]
fn an_encoder_and_a_decoder_want_something_each() {
    let (corpus, workers) = (counting(3), Workers::new(1).unwrap());
    let task = Task::new(Objective::Mlm, 16, true, 11, &BTreeMap::new());
    let rows = task.rows(&corpus);
    let refused = Trainer::of_task(ModelConfig::preset(Preset::T5, 11, 16, 1, 1, 8), task, config(), &rows, &workers).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "a model with encoder and decoder needs an objective that gives something to both: one of prefix_lm, span_corruption, blank_infilling, seq2seq"
    );
}
