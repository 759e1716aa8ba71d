use super::super::{Model, Scratch};
use super::*;

/// Texts of two kinds that share some words; the kind shows in the words, in pairs of words and in their endings.
fn texts(count: usize) -> Vec<(usize, String)> {
    let words = ["stone", "river", "click", "cheap", "bridge", "watch", "town", "offer", "字", "Brücke"];
    let text = |number: usize| {
        let label = usize::from(number.is_multiple_of(3));
        let word = |at: usize| {
            let roll = descent::mix((number * 31 + at) as u64) as usize;
            let kind = if roll.is_multiple_of(4) { 1 - label } else { label };
            words[(roll / 4 % 5) * 2 + kind]
        };
        (label, (0..5 + number % 9).map(word).chain([format!("only{number}").as_str()]).collect::<Vec<_>>().join(" "))
    };
    (0..count).map(text).collect()
}

fn examples(texts: &[(usize, String)]) -> Vec<Example<'_>> {
    texts.iter().map(|(label, text)| Example { text, label: *label }).collect()
}

const NAMES: [&str; 2] = ["one", "two"];

fn settings() -> Settings {
    Settings { dim: 20, epochs: 8, learning_rate: 0.5, buckets: 2_000, min_chars: 3, max_chars: 4, seed: 3, ..Settings::default() }
}

fn written(trained: &Trained) -> Vec<u8> {
    let mut bytes = Vec::new();
    trained.write(&mut bytes).unwrap();
    bytes
}

fn quantised(trained: &Trained, how: &Quantise) -> Vec<u8> {
    let mut bytes = Vec::new();
    trained.write_quantised(how, &mut bytes).unwrap();
    bytes
}

/// Probability of `two` for each text.
fn scores(bytes: &[u8], texts: &[(usize, String)]) -> Vec<f32> {
    let model = Model::load(bytes).unwrap();
    let (label, mut scratch) = (model.find_label("two").unwrap(), Scratch::default());
    texts.iter().map(|(_, text)| model.probability(text, label, &mut scratch)).collect()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn threads_change_no_byte_and_seeds_do() {
    let texts = texts(60);
    // Wide enough that three threads have a share.
    let settings = Settings { dim: 390, buckets: 100, epochs: 2, ..settings() };
    assert_eq!([1, 2, 3, 8].map(|threads| descent::sharing(threads, settings.dim)), [1, 2, 3, 3]);
    let run = |threads, seed, hierarchical| {
        let settings = Settings { threads, seed, hierarchical, ..settings.clone() };
        train(&examples(&texts), &NAMES, &settings, &|_| ()).unwrap()
    };
    for hierarchical in [false, true] {
        let alone = run(1, 3, hierarchical);
        for threads in [2, 3, 8] {
            let together = run(threads, 3, hierarchical);
            assert!(written(&alone) == written(&together), "{threads} threads");
        }
        assert!(written(&alone) != written(&run(1, 4, hierarchical)));
    }
    let narrow = Settings { dim: 20, ..settings.clone() };
    let trained = |threads| train(&examples(&texts), &NAMES, &Settings { threads, ..narrow.clone() }, &|_| ()).unwrap();
    let coded = |threads| quantised(&trained(threads), &Quantise::default());
    assert!(coded(1) == coded(3), "quantised");
}

#[test]
fn what_is_learnt_holds_for_texts_not_seen() {
    let (seen, all) = (texts(300), texts(400));
    for (hierarchical, balanced) in [(false, false), (true, false), (false, true)] {
        let trained = train(&examples(&seen), &NAMES, &Settings { hierarchical, balanced, ..settings() }, &|_| ()).unwrap();
        let scores = scores(&written(&trained), &all[300..]);
        let right = scores.iter().zip(&all[300..]).filter(|(score, (label, _))| (**score > 0.5) == (*label == 1)).count();
        assert!(right >= 90, "{right} of 100");
    }
}

#[test]
fn weights_of_labels_move_the_scores_of_rare_ones() {
    let texts = texts(300);
    let mean = |balanced| {
        let trained = train(&examples(&texts), &NAMES, &Settings { balanced, epochs: 2, ..settings() }, &|_| ()).unwrap();
        scores(&written(&trained), &texts).iter().sum::<f32>() / 300.0
    };
    assert!(mean(true) > mean(false) + 0.05, "{} {}", mean(true), mean(false));
}

#[test]
fn quantised_scores_are_close() {
    let texts = texts(300);
    let trained = train(&examples(&texts), &NAMES, &Settings { buckets: 500, ..settings() }, &|_| ()).unwrap();
    let exact = scores(&written(&trained), &texts);
    for (how, most) in [(Quantise { width: 1, norms: true }, 0.01), (Quantise::default(), 0.01), (Quantise { width: 2, norms: false }, 0.05)] {
        let bytes = quantised(&trained, &how);
        let found = apart(&exact, &scores(&bytes, &texts));
        assert!(found < most, "{how:?}: {found}");
        assert!(bytes.len() < written(&trained).len());
    }
}

/// The same descent as it is defined: every feature a row, every occurrence a step. In f64.
fn by_definition(examples: &[Example<'_>], settings: &Settings, trained: &Trained) -> Vec<Vec<f64>> {
    let dictionary = trained.vocabulary.dictionary(trained.args);
    let mut features = super::super::dictionary::Features::default();
    let rows = trained.places.len();
    let start = |row: usize| (0..settings.dim).map(|at| f64::from(descent::start(settings, row as u32, at / 8)[at % 8])).collect::<Vec<f64>>();
    let mut input: Vec<Vec<f64>> = (0..rows).map(start).collect();
    let mut output = vec![vec![0f64; settings.dim]; 2];
    let sizes: Vec<usize> = examples
        .iter()
        .map(|example| {
            dictionary.features(example.text, &mut features);
            features.rows.len()
        })
        .collect();
    let total = (sizes.iter().sum::<usize>() * settings.epochs) as f64;
    let mut done = 0.0;
    for number in (0..settings.epochs).flat_map(|epoch| descent::order(settings.seed, epoch, examples.len())) {
        dictionary.features(examples[number].text, &mut features);
        let share = 1.0 / sizes[number] as f64;
        let hidden: Vec<f64> = (0..settings.dim).map(|at| features.rows.iter().map(|row| input[*row as usize][at]).sum::<f64>() * share).collect();
        let scores: Vec<f64> = output.iter().map(|vector| vector.iter().zip(&hidden).map(|(a, b)| a * b).sum::<f64>().exp()).collect();
        let label = trained.vocabulary.labels.iter().position(|(name, _)| name == NAMES[examples[number].label]).unwrap();
        let rate = f64::from(settings.learning_rate) * (1.0 - done / total);
        let mut gradient = vec![0f64; settings.dim];
        for (at, vector) in output.iter_mut().enumerate() {
            let step = rate * (f64::from(u8::from(at == label)) - scores[at] / (scores[0] + scores[1]));
            for (at, value) in vector.iter_mut().enumerate() {
                gradient[at] += step * *value;
                *value += step * hidden[at];
            }
        }
        for row in &features.rows {
            input[*row as usize].iter_mut().zip(&gradient).for_each(|(value, part)| *value += part * share);
        }
        done += sizes[number] as f64;
    }
    input
}

#[test]
fn rows_trained_together_are_what_each_alone_would_be() {
    let texts = texts(60);
    let settings = Settings { buckets: 5_000, epochs: 3, ..settings() };
    let trained = train(&examples(&texts), &NAMES, &settings, &|_| ()).unwrap();
    let wanted = by_definition(&examples(&texts), &settings, &trained);
    let mut row = vec![0f32; settings.dim];
    let (mut together, mut unseen) = (0, 0);
    for (at, place) in trained.places.iter().enumerate() {
        together += usize::from(matches!(place, Place::Together { .. }));
        if !trained.row(at, &mut row) {
            unseen += 1;
            assert!(row.iter().all(|value| *value == 0.0));
            continue;
        }
        let far = row.iter().zip(&wanted[at]).map(|(found, wanted)| (f64::from(*found) - wanted).abs()).fold(0.0, f64::max);
        assert!(far < 1e-4, "row {at}, {place:?}: {far}");
    }
    assert!(together > 100 && unseen > 100, "{together} {unseen}");
}

#[test]
fn words_are_counted_and_rare_ones_left_out() {
    let texts: Vec<(usize, String)> = [(0, "a b a c"), (1, "b a\tc </s> z"), (1, "d")].map(|(label, text)| (label, text.to_owned())).to_vec();
    let count = |least| Vocabulary::count(&examples(&texts), &NAMES, least, 2);
    let words: Vec<(String, u64)> = count(1).words.into_iter().map(|(word, count)| (String::from_utf8(word).unwrap(), count)).collect();
    assert_eq!(words, [("</s>", 3), ("a", 3), ("b", 2), ("c", 2), ("d", 1)].map(|(word, count)| (word.to_owned(), count)));
    assert_eq!(count(3).words.len(), 2);
    assert_eq!(count(1).labels, [("two".to_owned(), 2), ("one".to_owned(), 1)]);
    assert_eq!(count(1).tokens, 11 + 3);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let texts = texts(20);
    let failed = |names: &[&str], settings: Settings| train(&examples(&texts), names, &settings, &|_| ()).err();
    assert_eq!(failed(&["one", "two", "three"], settings()), Some(TrainError::NoExample("three".into())));
    assert_eq!(failed(&["one", "t w o"], settings()), Some(TrainError::Label("t w o".into())));
    assert!(matches!(failed(&NAMES, Settings { learning_rate: 1e30, ..settings() }), Some(TrainError::Diverged(_))));
    for wrong in [
        Settings { dim: 0, ..settings() },
        Settings { epochs: 0, ..settings() },
        Settings { learning_rate: f32::NAN, ..settings() },
        Settings { word_ngrams: 0, ..settings() },
        Settings { min_chars: 5, ..settings() },
        Settings { buckets: 0, ..settings() },
    ] {
        assert!(matches!(failed(&NAMES, wrong.clone()), Some(TrainError::Setting(..))), "{wrong:?}");
    }
    assert!(failed(&NAMES, Settings { buckets: 0, word_ngrams: 1, max_chars: 0, ..settings() }).is_none());
}
