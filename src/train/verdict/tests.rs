use super::super::config::Preset;
use super::super::data::Tokens;
use super::super::optim::OptimConfig;
use super::super::random::Random;
use super::*;

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
        assert!(study.judge(&runs[1..]).is_err());
        study.judge(&runs).unwrap()
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
    assert_eq!((same.verdict, same.differences[0].bits.mean), (Verdict::NotResolved, 0.0));
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
        let mut made = Vec::new();
        for (name, shift) in [("first", 0.0), ("last", gap)] {
            let folds: Vec<f64> = (0..runs).map(|_| noise(0.02)).collect();
            let tastes: Vec<f64> = (0..30).map(|_| noise(0.03)).collect();
            for run in 0..runs {
                let data = (0..study.folds).map(|i| folds[(run + i) % runs]).sum::<f64>() / study.folds as f64;
                let level = 3.0 + shift + starts[run] + data + noise(0.005);
                let nats = tastes.iter().enumerate().map(|(i, taste)| (level + taste) * heldout.bytes(i) as f64).collect();
                made.push(Run { arm: name.into(), run, nats, margins: Vec::new(), tokens: 0, epochs: 0.0, curve: Vec::new() });
            }
        }
        found += u64::from(study.judge(&made).unwrap().verdict != Verdict::NotResolved);
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
    assert_eq!(refused(&small, &heldout, 3).unwrap(), "arm `b` has too few documents (2) to part among 3 seeds");
    assert_eq!(refused(&arm, &small, 3).unwrap(), "a verdict needs 8 held-out documents of two tokens, got 2 of `all`");
}
