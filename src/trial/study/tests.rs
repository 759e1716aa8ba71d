use super::super::counting::{Counted, FOLDS};
use super::super::validation::Verdict;
use super::*;
use crate::train::config::Preset;
use crate::train::data::Tokens;
use crate::train::optim::OptimConfig;
use crate::train::random::Random;

/// Documents of a language of 12 words, in which the next word is one of two; `noisy` of them hold words at random instead.
fn language(documents: std::ops::Range<u64>, noisy: f64) -> Tokens {
    let mut corpus = Tokens::default();
    for document in documents {
        let mut random = Random::new(document, "document");
        let bad = random.unit() < noisy;
        let mut word = random.below(12) as u32;
        let ids = (0..30 + random.below(30)).map(|_| {
            word = if bad { random.below(12) as u32 } else { (word * 5 + 1 + random.below(2) as u32) % 12 };
            word
        });
        let ids: Vec<u32> = ids.collect();
        corpus.push(u128::from(document), 4 * ids.len() as u64, ids);
    }
    corpus
}

fn study<'a>(first: &'a Tokens, last: &'a Tokens, heldout: &'a Tokens, steps: usize, runs: usize) -> Study<'a> {
    let arms = vec![Arm { name: "first", corpus: first }, Arm { name: "last", corpus: last }];
    let optim = OptimConfig { learning_rate: 1e-2, warmup: 3, ..OptimConfig::default() };
    let train = TrainConfig { steps, batch: 8, seed: 1, sampling: Sampling::InOrder, evaluate_every: 0, optim };
    let heldout = Heldout::new(vec![("all".to_owned(), Selection::all([heldout as &dyn Corpus]))], None).unwrap();
    Study::new(arms, vec![(1, 0)], heldout, ModelConfig::preset(Preset::Gpt, 12, 16, 1, 2, 8), train, runs).unwrap()
}

fn counted(study: &Study<'_>) -> Vec<Counted> {
    let of = |(number, arm): (usize, &Arm<'_>)| Counted { arm: arm.name.into(), nats: (0..FOLDS).map(|fold| study.count(number, fold).unwrap()).collect() };
    study.arms.iter().enumerate().map(of).collect()
}

#[test]
fn the_better_arm_is_found_and_equal_arms_are_not_told_apart() {
    let (clean, dirty, other, heldout) = (language(0..120, 0.0), language(0..120, 0.6), language(200..320, 0.0), language(400..430, 0.0));
    let workers = Workers::new(2).unwrap();
    let judge = |first, last| {
        let study = study(first, last, &heldout, 30, 5);
        let mut runs = Vec::new();
        for arm in [1, 0] {
            for run in 0..5 {
                runs.push(study.run(arm, run, &workers, &mut |_| ControlFlow::Continue(())).unwrap().unwrap());
            }
        }
        let counted = counted(&study);
        assert!(study.judge(&runs[1..], &counted).is_err() && study.judge(&runs, &counted[1..]).is_err());
        study.judge(&runs, &counted).unwrap()
    };
    let better = judge(&dirty, &clean);
    assert_eq!(better.verdict, Verdict::Better, "{better:?}");
    assert_eq!((better.share, better.budget_tokens), (1.0 / 5.0, 30 * 8 * 16));
    for curve in better.arms.iter().flat_map(|arm| &arm.curves) {
        assert_eq!((curve.len(), curve[9].step), (10, 30));
        // The last row of a pass is a short one.
        assert!((better.budget_tokens - 100..=better.budget_tokens).contains(&curve[9].tokens), "{curve:?}");
        assert!(curve[0].tokens * 9 < curve[9].tokens && curve[9].val_loss.unwrap() < curve[0].val_loss.unwrap(), "{curve:?}");
    }
    let worse = judge(&clean, &dirty);
    assert_eq!(worse.verdict, Verdict::Worse);
    assert_eq!(worse.differences[0].bits.mean, -better.differences[0].bits.mean);
    let same = judge(&clean, &clean);
    assert_eq!((same.verdict, same.differences[0].bits.mean, same.differences[0].ngram.mean), (Verdict::NotResolved, 0.0, 0.0));
    assert_eq!(judge(&clean, &other).verdict, Verdict::NotResolved);
}

/// Made-up scores of two arms drawn from one corpus: folds differ by chance, seeds and held-out documents too.
fn resolved(gap: f64, runs: usize, repeats: u64) -> f64 {
    let (arm, heldout) = (language(0..60, 0.0), language(400..430, 0.0));
    let mut found = 0;
    for repeat in 0..repeats {
        let steps = if repeat % 2 == 0 { 1 } else { 1000 };
        let study = study(&arm, &arm, &heldout, steps, runs);
        assert_eq!(study.folds, if steps == 1 { 1 } else { runs.div_ceil(2) });
        let mut random = Random::new(repeat, "noise");
        let mut noise = |size: f64| size * f64::from(random.normal());
        let starts: Vec<f64> = (0..runs).map(|_| noise(0.01)).collect();
        let (mut made, mut counted) = (Vec::new(), Vec::new());
        for (name, shift) in [("first", 0.0), ("last", gap)] {
            let folds: Vec<f64> = (0..runs).map(|_| noise(0.02)).collect();
            let tastes: Vec<f64> = (0..30).map(|_| noise(0.03)).collect();
            // Of all folds but one, as much by chance as what a run is drawn from.
            let parts: Vec<f64> = (0..FOLDS).map(|_| noise(0.05)).collect();
            let without = |fold: usize| (parts.iter().sum::<f64>() - parts[fold]) / (FOLDS - 1) as f64;
            let bits = |level: f64| tastes.iter().enumerate().map(|(i, taste)| (level + taste) * heldout.bytes(i) as f64).collect();
            counted.push(Counted { arm: name.into(), nats: (0..FOLDS).map(|fold| bits(3.0 + shift + without(fold))).collect() });
            for run in 0..runs {
                let data = (0..study.folds).map(|i| folds[(run + i) % runs]).sum::<f64>() / study.folds as f64;
                let level = 3.0 + shift + starts[run] + data + noise(0.005);
                made.push(Run { arm: name.into(), run, nats: bits(level), margins: Vec::new(), tokens: 0, epochs: 0.0, curve: Vec::new() });
            }
        }
        found += u64::from(study.judge(&made, &counted).unwrap().verdict != Verdict::NotResolved);
    }
    found as f64 / repeats as f64
}

#[test]
fn chance_is_not_resolved_and_real_gaps_are() {
    for runs in [3, 5] {
        let chance = resolved(0.0, runs, 300);
        assert!(chance <= 0.03, "{runs} runs: {chance} of equal arms resolved");
        let real = resolved(0.2, runs, 40);
        assert!(real >= 0.9, "{runs} runs: {real} of real gaps resolved");
    }
}

/// Copies cost an n-gram model what they take the place of; a token that an arm lacks shares what its models leave to the unknown.
#[test]
fn ngram_models_read_equally_much_and_see_copies() {
    let (mut full, mut copies, mut heldout) = (language(0..160, 0.0), language(0..80, 0.0), language(400..430, 0.0));
    for document in 0..80 {
        let mut ids = vec![0; copies.tokens(document)];
        copies.read(document, 0, &mut ids);
        copies.push(1000 + document as u128, 4 * ids.len() as u64, ids);
    }
    full.push(2000, 40, vec![3; 10]);
    heldout.push(500, 8, vec![0, 11]);
    heldout.push(501, 8, vec![0, 12]);
    let arms = vec![Arm { name: "full", corpus: &full }, Arm { name: "copies", corpus: &copies }];
    let held = Heldout::new(vec![("all".to_owned(), Selection::all([&heldout as &dyn Corpus]))], None).unwrap();
    let train = TrainConfig { steps: 30, batch: 8, seed: 1, sampling: Sampling::InOrder, evaluate_every: 0, optim: OptimConfig::default() };
    let study = Study::new(arms, vec![(1, 0)], held, ModelConfig::preset(Preset::Gpt, 20, 16, 1, 2, 8), train, 3).unwrap();
    let all: u64 = (0..copies.documents()).map(|document| copies.bytes(document)).sum();
    let bytes = study.counted_bytes();
    assert!(bytes < all * 15 / 16 && bytes > all * 3 / 4, "without its largest fold: {bytes} of {all}");
    let counted = counted(&study);
    let nats = |arm: usize, document: usize| counted[arm].nats.iter().map(|nats| nats[document]).sum::<f64>() / FOLDS as f64;
    let of_all = |arm: usize| (0..30).map(|document| nats(arm, document)).sum::<f64>();
    assert!(of_all(1) > 1.005 * of_all(0), "{} and {}", of_all(1), of_all(0));
    // Eight tokens of twenty are in no arm: the twelfth is one of them, and is as unlikely as all of them together, by its share.
    assert!(nats(0, 31).is_finite() && nats(0, 31) > nats(0, 30) + 8f64.ln(), "{} and {}", nats(0, 31), nats(0, 30));
}

#[test]
fn studies_that_cannot_tell_anything_are_refused() {
    let (arm, small, heldout) = (language(0..60, 0.0), language(0..2, 0.0), language(400..430, 0.0));
    let train = TrainConfig { steps: 1, batch: 8, seed: 1, sampling: Sampling::InOrder, evaluate_every: 0, optim: OptimConfig::default() };
    let refused = |last: &Tokens, heldout: &Tokens, runs| {
        let arms = vec![Arm { name: "a", corpus: &arm }, Arm { name: "b", corpus: last }];
        let model = ModelConfig::preset(Preset::Gpt, 12, 16, 1, 2, 8);
        let heldout = Heldout::new(vec![("all".to_owned(), Selection::all([heldout as &dyn Corpus]))], None);
        heldout.and_then(|heldout| Study::new(arms, vec![(1, 0)], heldout, model, train.clone(), runs)).err().map(|error| error.to_string())
    };
    assert_eq!(refused(&arm, &heldout, 2).unwrap(), "a verdict needs two arms and 3 seeds, got 2 and 2");
    assert_eq!(refused(&small, &heldout, 3).unwrap(), "arm `b` has too few documents (2) to part among 3 models");
    assert_eq!(refused(&arm, &small, 3).unwrap(), "a verdict needs 8 held-out documents of two tokens, got 2 of `all`");
}
