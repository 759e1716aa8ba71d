use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use super::*;
use crate::ngram::Model;

/// Sentences over some words with uneven frequencies, the same every time.
fn corpus(sentences: u64) -> Vec<Vec<String>> {
    corpus_of(sentences, 100)
}

fn corpus_of(sentences: u64, words: u64) -> Vec<Vec<String>> {
    let mut state = 1u64;
    let mut roll = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let word = |n: u64| format!("w{n}");
    (0..sentences)
        .map(|_| {
            let mut last = 0;
            (0..1 + roll(9))
                .map(|_| {
                    let most = 1 + roll(words);
                    last = if roll(3) == 0 { last + 1 } else { roll(most) };
                    word(last)
                })
                .collect()
        })
        .collect()
}

fn train(settings: Settings, corpus: &[Vec<String>]) -> Result<Trained, NgramError> {
    let mut trainer = Trainer::new(settings)?;
    for sentence in corpus {
        trainer.add(sentence.iter().map(String::as_str))?;
    }
    trainer.finish()
}

fn order(order: usize) -> Settings {
    Settings { order, fallback: Some(Discounts::FALLBACK), folder: std::env::temp_dir(), ..Settings::default() }
}

fn binary(trained: &Trained) -> Vec<u8> {
    let file = tempfile::tempfile().unwrap();
    trained.write_binary(&file).unwrap();
    (&file).rewind().unwrap();
    let mut bytes = Vec::new();
    (&file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn arpa(trained: &Trained) -> String {
    let mut out = Vec::new();
    trained.write_arpa(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The n-grams of an ARPA text with their probabilities and back-off weights, linear.
fn table(arpa: &str) -> BTreeMap<Vec<String>, (f64, f64)> {
    let rows = arpa.lines().filter(|line| line.contains('\t'));
    rows.map(|line| {
        let parts: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| parts.get(at).map_or(1.0, |number| 10f64.powf(number.parse::<f64>().unwrap()));
        (parts[1].split(' ').map(str::to_owned).collect(), (number(0), number(2)))
    })
    .collect()
}

/// The probability of a word after a history, as the definition of a back-off model has it.
fn prob(table: &BTreeMap<Vec<String>, (f64, f64)>, history: &[String], word: &str) -> f64 {
    let whole: Vec<String> = history.iter().cloned().chain([word.to_owned()]).collect();
    match table.get(&whole) {
        Some((prob, _)) => *prob,
        None => table.get(history).map_or(1.0, |(_, backoff)| *backoff) * prob(table, &history[1..], word),
    }
}

#[test]
fn probabilities_of_every_history_sum_to_one() {
    for (n, prune) in [(1, vec![]), (2, vec![]), (3, vec![]), (4, vec![0, 1, 2]), (6, vec![1])] {
        let trained = train(Settings { prune, ..order(n) }, &corpus(600)).unwrap();
        let table = table(&arpa(&trained));
        let words: Vec<&String> = table.keys().filter(|words| words.len() == 1 && words[0] != "<s>").map(|words| &words[0]).collect();
        let histories: BTreeSet<&[String]> = table.keys().filter(|words| words.len() > 1).map(|words| &words[..words.len() - 1]).collect();
        assert!(n == 1 || histories.len() > 60);
        for history in histories.into_iter().chain([[].as_slice()]) {
            let sum: f64 = words.iter().map(|word| prob(&table, history, word)).sum();
            assert!((sum - 1.0).abs() < 1e-5, "order {n}, {history:?}: {sum}");
        }
    }
}

#[test]
fn counts_and_discounts_are_those_of_the_definition() {
    let corpus = corpus_of(2_000, 4_000);
    let trained = train(Settings { fallback: None, ..order(2) }, &corpus).unwrap();
    // Bigrams by brute force; unigrams by the words before them.
    let mut pairs: BTreeMap<(String, String), u64> = BTreeMap::new();
    for sentence in &corpus {
        let with_ends: Vec<String> = ["<s>".to_owned()].into_iter().chain(sentence.iter().cloned()).chain(["</s>".to_owned()]).collect();
        for pair in with_ends.windows(2) {
            *pairs.entry((pair[0].clone(), pair[1].clone())).or_default() += 1;
        }
    }
    let mut after: BTreeMap<&str, u64> = BTreeMap::new();
    pairs.keys().for_each(|(_, word)| *after.entry(word).or_default() += 1);
    assert_eq!(trained.counts(), [after.len() as u64 + 2, pairs.len() as u64]);
    let discounts = |counts: Vec<u64>| {
        let n = [1, 2, 3, 4].map(|k| counts.iter().filter(|count| **count == k).count() as f64);
        let y = n[0] / (n[0] + 2.0 * n[1]);
        [1.0 - 2.0 * y * n[1] / n[0], 2.0 - 3.0 * y * n[2] / n[1], 3.0 - 4.0 * y * n[3] / n[2]]
    };
    let [one, two] = [after.values().copied().collect(), pairs.values().copied().collect()].map(discounts);
    assert_eq!(trained.discounts(), [Discounts(one), Discounts(two)]);
    // One bigram and one word in full.
    let taken = |discounts: [f64; 3], count: u64| discounts[count.min(3) as usize - 1];
    let types: u64 = after.values().sum();
    let left: f64 = after.values().map(|count| taken(one, *count)).sum::<f64>() / types as f64;
    let unigram = |word: &str| (after[word] as f64 - taken(one, after[word])) / types as f64 + left / (after.len() + 1) as f64;
    let table = table(&arpa(&trained));
    let key = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert!((table[&key(&["w1"])].0 - unigram("w1")).abs() < 1e-7);
    let begins: Vec<u64> = pairs.iter().filter(|((first, _), _)| first == "w0").map(|(_, count)| *count).collect();
    let (sum, count) = (begins.iter().sum::<u64>() as f64, pairs[&("w0".to_owned(), "w1".to_owned())]);
    let backoff = begins.iter().map(|count| taken(two, *count)).sum::<f64>() / sum;
    let expected = (count as f64 - taken(two, count)) / sum + backoff * unigram("w1");
    assert!((table[&key(&["w0", "w1"])].0 - expected).abs() < 1e-7);
    assert!((table[&key(&["w0"])].1 - backoff).abs() < 1e-7);
    assert_eq!(table[&key(&["</s>"])].1, 1.0);
}

#[test]
fn both_forms_are_the_same_model() {
    for settings in [order(1), order(2), Settings { prune: vec![0, 1], ..order(5) }] {
        let trained = train(settings, &corpus(300)).unwrap();
        let binary = binary(&trained);
        assert_eq!(crate::ngram::arpa::to_binary(arpa(&trained).as_bytes()).unwrap(), binary);
        let (model, table) = (Model::from_bytes(binary).unwrap(), table(&arpa(&trained)));
        for sentence in corpus(40).iter().chain([&vec!["never".to_owned(), "w1".to_owned(), "w2".to_owned()]]) {
            let mut history = vec!["<s>".to_owned()];
            let mut sum = 0.0;
            for word in sentence.iter().map(String::as_str).chain(["</s>"]) {
                let known = if table.contains_key(&[word.to_owned()][..]) { word } else { "<unk>" };
                let from = history.len().saturating_sub(trained.order() - 1);
                sum += prob(&table, &history[from..], known).log10();
                history.push(known.to_owned());
            }
            let score = f64::from(model.score_line(&sentence.join(" ")));
            assert!((score - sum).abs() < 1e-4, "{sentence:?}: {score} {sum}");
        }
    }
}

#[test]
fn small_texts_have_no_discounts_of_their_own() {
    let tiny = vec![vec!["a".to_owned(), "b".to_owned()]];
    let fault = train(Settings { fallback: None, ..order(3) }, &tiny).err().unwrap().to_string();
    assert!(fault.starts_with("no Kneser-Ney discounts for 1-grams: none has the count 2."), "{fault}");
    let trained = train(order(3), &tiny).unwrap();
    assert_eq!(trained.discounts(), [Discounts::FALLBACK; 3]);
    // </s>, a, b and <unk>, after three bigrams; then <s> a, a b, b </s>; then <s> a b, a b </s>.
    assert_eq!(trained.counts(), [5, 3, 2]);
    assert_eq!(table(&arpa(&trained))[&["a".to_owned()][..]].0 as f32, (0.5 / 3.0 + 0.5 / 4.0) as f32);
}

#[test]
fn pruned_ngrams_leave_their_mass_to_shorter_ones() {
    let counts = |prune: Vec<u32>| train(Settings { prune, ..order(3) }, &corpus(400)).unwrap().counts();
    let (all, some, few) = (counts(vec![]), counts(vec![0, 1]), counts(vec![2]));
    assert!(all[0] == few[0] && all[1] == some[1] && all[2] > some[2] && all[1] > few[1] && some[2] > few[2], "{all:?} {some:?} {few:?}");
    assert!(Trainer::new(Settings { prune: vec![2, 1], ..order(3) }).is_err());
}

#[test]
fn markers_are_no_words_and_nothing_gives_nothing() {
    let mut trainer = Trainer::new(order(2)).unwrap();
    trainer.add(["<s>", "a", "<unk>", "</s>"].into_iter()).unwrap();
    assert_eq!((trainer.markers(), trainer.tokens()), (3, 2));
    assert!(matches!(Trainer::new(order(2)).unwrap().finish(), Err(NgramError::Empty)));
    assert!(matches!(Trainer::new(order(7)), Err(NgramError::Order(7))) && matches!(Trainer::new(order(0)), Err(NgramError::Order(0))));
}

#[test]
fn words_may_take_half_of_the_memory() {
    let corpus = corpus_of(2_000, 4_000);
    let fault = train(Settings { memory: 100_000, ..order(5) }, &corpus).err().unwrap();
    assert!(matches!(fault, NgramError::Memory { words: 400..=600, memory: 100_000 }), "{fault}");
    assert!(train(Settings { memory: 10_000_000, ..order(5) }, &corpus).is_ok());
}

#[test]
fn what_goes_to_files_changes_nothing() {
    let corpus = corpus_of(3_000, 500);
    for (n, prune) in [(1, vec![]), (2, vec![]), (3, vec![1]), (4, vec![0, 1, 2]), (5, vec![]), (6, vec![0, 0, 1])] {
        let [whole, spilled] = [4 << 30, 250_000].map(|memory| train(Settings { memory, prune: prune.clone(), ..order(n) }, &corpus).unwrap());
        assert_eq!((whole.counts(), whole.discounts()), (spilled.counts(), spilled.discounts()));
        assert!(n == 1 || whole.counts()[1] > 1_000, "{:?}", whole.counts());
        assert_eq!(arpa(&whole), arpa(&spilled), "order {n}");
        assert_eq!(binary(&whole), binary(&spilled), "order {n}");
    }
}

#[test]
fn files_lie_in_the_folder_or_training_says_why_not() {
    let settings = Settings { memory: 250_000, folder: "no/such/folder".into(), ..order(3) };
    let fault = train(settings, &corpus_of(3_000, 500)).err().unwrap().to_string();
    assert!(fault.starts_with("cannot keep sorted counts in no/such/folder: ") && fault.ends_with("; make room there, or allow more memory"), "{fault}");
}

#[test]
fn sorted_rows_are_the_same_from_memory_and_from_runs() {
    let folder = std::env::temp_dir();
    let rows = |memory: usize| {
        let mut sorter = spill::Space { folder: folder.clone(), memory }.counter::<3>();
        sorter.allow(memory);
        (0..40_000u32).for_each(|i| sorter.push([i.wrapping_mul(2_654_435_761) % 701, i % 13, 1]).unwrap());
        let mut sorted = sorter.finish().unwrap();
        std::iter::from_fn(move || sorted.next().unwrap()).collect::<Vec<_>>()
    };
    let (whole, runs) = (rows(1 << 30), rows(40_000));
    assert!(whole.is_sorted() && whole.len() == 701 * 13 && whole.iter().map(|row| row[2]).sum::<u32>() == 40_000);
    assert_eq!(whole, runs);
}

#[test]
fn tapes_are_read_as_they_were_written() {
    for memory in [1, 1 << 30] {
        let mut tape = spill::Space { folder: std::env::temp_dir(), memory }.tape(3);
        (0..30_000u32).for_each(|i| tape.push([i, 7, i + 1]).unwrap());
        let mut rows = tape.read().unwrap();
        assert_eq!(rows.seek(&[12_345, 7]).unwrap(), Some(12_346));
        assert_eq!((rows.seek(&[12_345, 8]).unwrap(), rows.row()), (None, Some(&[12_346, 7, 12_347][..])));
        assert_eq!((rows.seek(&[29_999]).unwrap(), rows.seek(&[30_000]).unwrap(), rows.row()), (Some(30_000), None, None));
    }
}
