//! Tests of the stage.

use std::collections::BTreeMap;

use super::*;
use crate::stages::rehearsal::{Play, apply, build, place, play, roll};

const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

fn corpus(texts: &[String]) -> Vec<Doc> {
    let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
    place(&mut docs, 7);
    docs
}

fn verdicts(table: &str, docs: &mut [Doc], how: Play) -> (Vec<Verdict>, BTreeMap<String, u64>) {
    let global = build::<DedupMinhash>(table).unwrap();
    let played = play(&*global, docs, how).unwrap();
    (apply(&*global, &played.decision, docs).unwrap(), played.decision.counts)
}

/// Texts of `words` words over many or few words, most of them revisions of earlier ones.
fn revisions(seed: u64, count: u64, words: u64) -> Vec<String> {
    let mut texts: Vec<Vec<u64>> = Vec::new();
    for number in 0..count {
        let roll = |what: u64| roll(seed, number << 32 | what);
        let mut text = match texts.get(roll(0) as usize % (texts.len() + 2)) {
            Some(old) => old.clone(),
            None => (0..words).map(|word| roll(100 + word) % 5000).collect(),
        };
        for edit in 0..roll(1) % 5 {
            let place = roll(200 + edit) as usize % text.len();
            text[place] = roll(300 + edit) % 5000;
        }
        texts.push(text);
    }
    texts.iter().map(|text| text.iter().map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_copy_goes_because_of_the_first() {
    let text = "The quick brown fox jumps over the lazy dog and runs away into the deep dark forest behind the hill";
    let mut docs = corpus(&[text.to_owned(), "Something else that nobody else says in just these words here".into(), format!("{text}.")]);
    let (verdicts, counts) = verdicts("", &mut docs, CALM);
    assert_eq!(verdicts[..2], [Verdict::Keep, Verdict::Keep]);
    assert_eq!(verdicts[2], Verdict::Drop(Drop::measured(Reason(0), 1.0, 0.75).because_of(DocId { split: 0, ordinal: 0 })));
    assert_eq!((counts["pairs_alike"], counts["pairs_left_out"]), (1, 0));
}

#[test]
fn short_and_wordless_documents_have_their_answer() {
    let texts = ["hello world", "Hello, world!", "hello", "...", "...", "", "我吃饭", "我吃饭。"].map(str::to_owned);
    let dropped: Vec<bool> = verdicts("", &mut corpus(&texts), CALM).0.iter().map(|verdict| *verdict != Verdict::Keep).collect();
    assert_eq!(dropped, [false, true, false, false, false, false, false, true]);
}

/// Small documents in large groups, and a date and a source on each.
fn dated(seed: u64) -> Vec<Doc> {
    let mut docs = corpus(&revisions(seed, 20 + 3 * seed, if seed.is_multiple_of(3) { 12 } else { 60 }));
    for (number, doc) in (0u64..).zip(&mut docs) {
        let date = if roll(seed, number).is_multiple_of(5) { serde_json::Value::Null } else { (roll(seed, number) % 7).into() };
        doc.extra.extend([("date".to_owned(), date), ("source".to_owned(), ["web", "books"][roll(seed, number) as usize / 7 % 2].into())]);
    }
    docs
}

#[test]
fn survivors_are_those_of_brute_force_for_every_rule_and_cutting() {
    type Worth = fn(&Doc) -> i64;
    let rules: [(&str, Worth); 5] = [
        ("'first'", |_| 0),
        ("'last'", |doc| i64::from(doc.id().split * 7 + doc.id().ordinal)),
        ("'longest'", |doc| doc.text().len() as i64),
        ("'newest'", |doc| doc.extra["date"].as_i64().unwrap_or(-1)),
        ("{ source_priority = ['books'], of = 'column:source' }", |doc| i64::from(doc.extra["source"] == "books")),
    ];
    for (seed, (rule, worth)) in (0..40).zip(rules.iter().cycle()) {
        let mut docs = dated(seed);
        let table = format!("ngram = 3\nbands = 10\nrows = 2\nthreshold = 0.6\nkeep = {rule}");
        let global = build::<DedupMinhash>(&table).unwrap();
        let settings = Settings { ngram: 3, bands: 10, rows: 2, ..Settings::of(Profile::Fast, 7) };
        let sketch = settings.sketch(None);
        let seen: Vec<(Vec<u64>, Vec<u64>)> = docs
            .iter()
            .map(|doc| {
                let mut buffers = Buffers::default();
                sketch.digests(doc.text(), &mut buffers);
                let set = sketch.set(doc.text(), &mut buffers);
                (buffers.digests, set)
            })
            .collect();
        // The similarity of two documents that share a band and are alike.
        let measured = |a: usize, b: usize| {
            let meet = seen[a].0.iter().zip(&seen[b].0).any(|(x, y)| x == y);
            if meet { jaccard(&seen[a].1, &seen[b].1, 0.6) } else { None }
        };
        let edges: Vec<Vec<Option<f64>>> = (0..docs.len()).map(|a| (0..docs.len()).map(|b| measured(a, b)).collect()).collect();
        let edge = |a: usize, b: usize| edges[a][b];
        let mut order: Vec<usize> = (0..docs.len()).collect();
        order.sort_by_key(|number| (-worth(&docs[*number]), *number));
        let mut stays = vec![false; docs.len()];
        for (at, later) in order.iter().enumerate() {
            stays[*later] = !order[..at].iter().any(|earlier| stays[*earlier] && edge(*earlier, *later).is_some());
        }
        assert!(stays.contains(&false));
        let mut first = None;
        for (ranges, cut, memory) in [(1, 0, 1 << 20), (5, 3, 3000), (40, 9, 0)] {
            let played = play(&*global, &docs, Play { ranges, seed: cut, memory }).unwrap();
            assert_eq!(played.decision.counts["pairs_left_out"], 0);
            let verdicts = apply(&*global, &played.decision, &mut docs).unwrap();
            for (number, verdict) in verdicts.iter().enumerate() {
                assert_eq!(*verdict == Verdict::Keep, stays[number], "{rule}, seed {seed}, {ranges} ranges, document {number}");
                if let Verdict::Drop(drop) = verdict {
                    let other = drop.other.map(|other| (other.split * 7 + other.ordinal) as usize).unwrap();
                    let place = |number: usize| order.iter().position(|other| *other == number);
                    assert!(stays[other] && place(other) < place(number), "{rule}, seed {seed}, document {number}");
                    assert_eq!(drop.value, edge(other, number), "{rule}, seed {seed}, document {number}");
                }
            }
            assert!(*first.get_or_insert_with(|| verdicts.clone()) == verdicts, "seed {seed}: cutting changed an answer");
        }
        let linked = |a: usize, b: usize| a != b && edge(a, b).is_some();
        // None stays that is like another; and of components, one stays.
        let kept = |table: String, docs: &mut [Doc]| {
            let (verdicts, counts) = verdicts(&table, docs, CALM);
            assert_eq!(counts["pairs_left_out"], 0);
            verdicts.iter().map(|verdict| *verdict == Verdict::Keep).collect::<Vec<_>>()
        };
        let alone: Vec<bool> = (0..docs.len()).map(|a| !(0..docs.len()).any(|b| linked(a, b))).collect();
        let none = kept(table.replace(rule, "'none'"), &mut docs);
        let largest = (0..10).flat_map(|band| seen.iter().map(move |one| (band, one.0[band]))).fold(std::collections::HashMap::new(), |mut buckets, bucket| {
            *buckets.entry(bucket).or_insert(0) += 1;
            buckets
        });
        if largest.values().all(|members| *members <= 16) {
            assert_eq!(none, alone, "{rule}, seed {seed}");
            let mut reached = vec![false; docs.len()];
            let mut roots = vec![false; docs.len()];
            for start in &order {
                roots[*start] = !reached[*start];
                let mut ways = vec![*start];
                while let Some(at) = ways.pop() {
                    if !std::mem::replace(&mut reached[at], true) {
                        ways.extend((0..docs.len()).filter(|other| linked(at, *other)));
                    }
                }
            }
            assert_eq!(kept(format!("{table}\nclusters = 'components'"), &mut docs), roots, "{rule}, seed {seed}");
        } else {
            // Not all pairs of a large bucket are looked at; who stays all the same is like none that stays.
            for (a, b) in (0..docs.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
                assert!(!(none[a] && none[b] && linked(a, b)), "{rule}, seed {seed}");
            }
        }
    }
}

#[test]
fn components_that_do_not_fit_into_memory_are_the_same() {
    for (seed, keep) in (20..44).zip(["'first'", "'longest'", "'none'", "'last'"].iter().cycle()) {
        let docs = dated(seed);
        let splits = vec![Split { files: Vec::new(), start: 0, end: None, bytes: 0 }; docs.len().div_ceil(7)];
        let played = |memory: &str, how: Play, learns: bool| {
            let table = format!("ngram = 3\nbands = 10\nrows = 2\nthreshold = 0.5\nkeep = {keep}\nclusters = 'components'\nmemory = '{memory}'");
            let mut global = build::<DedupMinhash>(&table).unwrap();
            if learns {
                global.learn(&splits);
            }
            let played = play(&*global, &docs, how).unwrap();
            let blobs: BTreeMap<String, Vec<u8>> = played.decision.fresh().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
            (blobs, played.decision.counts, played.rounds)
        };
        let one = played("1 MiB", CALM, false);
        assert!(one.0.contains_key("clusters.parquet") && one.1["clusters"] > 0, "seed {seed}");
        let cut = Play { ranges: 9, seed: 3, memory: 100 };
        for (memory, how, learns, more) in [("1 MiB", cut, true, 0), ("1 KiB", CALM, false, 3), ("1 KiB", cut, true, 3)] {
            let two = played(memory, how, learns);
            assert!(two.2 >= one.2 + more, "seed {seed}: stars take more rounds, {} and {}", one.2, two.2);
            assert!((&one.0, &one.1) == (&two.0, &two.1), "seed {seed}, {keep}");
        }
    }
}

#[test]
fn a_second_pass_drops_nothing() {
    for (seed, keep) in (5..11).zip(["'first'", "'last'", "'longest'", "'newest'", "{ source_priority = ['books'], of = 'column:source' }"].iter().cycle()) {
        for more in ["", "\nclusters = 'components'", "\nby = 'char'", "\nby = 'token'\ntokenizer = 'bytes'"] {
            let table = format!("threshold = 0.6\nkeep = {keep}{more}");
            let mut docs = dated(seed);
            let (first, counts) = verdicts(&table, &mut docs, CALM);
            assert_eq!(counts["pairs_left_out"], 0);
            let (all, mut fates) = (docs.len(), first.iter());
            docs.retain(|_| fates.next() == Some(&Verdict::Keep));
            assert!(docs.len() < all && !docs.is_empty(), "{table}");
            place(&mut docs, 9);
            assert!(verdicts(&table, &mut docs, CALM).0.iter().all(|verdict| *verdict == Verdict::Keep), "{table}");
        }
    }
}

#[test]
fn shingles_of_tokens_are_runs_of_ids() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("chars.json");
    std::fs::write(&file, crate::tokenizer::Tokenizer::chars_file("abcdefgh ".chars()).unwrap()).unwrap();
    let words = |seed: u64, changed: u64| -> String {
        (0..200).map(|at| ["a", "b", "cd", "efg ", "h", "中", "文"][roll(seed + u64::from(at < changed), at) as usize % 7]).collect()
    };
    let texts = [words(1, 0), words(9, 0), words(1, 6)];
    let runs = |text: &str| {
        let chars: Vec<char> = text.chars().collect();
        chars.windows(7).map(<[char]>::to_vec).collect::<std::collections::BTreeSet<_>>()
    };
    let (one, two) = (runs(&texts[0]), runs(&texts[2]));
    let shared = one.intersection(&two).count();
    let alike = shared as f64 / (one.len() + two.len() - shared) as f64;
    let table = format!("by = 'token'\ntokenizer = '{}'\nngram = 7\nbands = 60\nrows = 2\nthreshold = 0.5", file.display());
    let (found, _) = verdicts(&table, &mut corpus(&texts), CALM);
    let gone = Verdict::Drop(Drop::measured(Reason(0), alike, 0.5).because_of(DocId { split: 0, ordinal: 0 }));
    assert_eq!(found, [Verdict::Keep, Verdict::Keep, gone]);
    assert!(build::<DedupMinhash>("by = 'token'").is_err_and(|said| said.contains("tokens are those of a tokenizer")));
    assert!(build::<DedupMinhash>("tokenizer = 'bytes'").is_err_and(|said| said.contains("not made of tokens")));
}

#[test]
fn a_crowd_of_near_copies_is_compared_with_the_first_of_each_bucket_alone() {
    let common = revisions(1, 1, 200).remove(0);
    let mut docs = corpus(&(0..300).map(|number| format!("{common} {number}")).collect::<Vec<_>>());
    let (verdicts, counts) = verdicts("", &mut docs, CALM);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Keep).count(), 1);
    // The first of a few buckets is another one: the last word of the first document made its minimum there.
    assert!((299..4 * 299).contains(&counts["pairs_compared"]), "{counts:?}");
}

#[test]
fn wrong_tables_are_refused() {
    assert!(build::<DedupMinhash>("rows = 0").is_err_and(|said| said.contains("rows: 0 is out of range")));
    assert!(build::<DedupMinhash>("threshold = 1.5").is_err());
    assert!(build::<DedupMinhash>("row = 5").is_err());
}

#[test]
fn the_profile_datatrove_links_what_shares_a_band_unread() {
    // Words of letters: numbers are all one to datatrove.
    let words = (0..300u64).map(|word| format!("{word:b}").replace('0', "o").replace('1', "l"));
    let text = words.collect::<Vec<_>>().join(" ");
    let mut docs = corpus(&[text.clone(), "quite another text, of eight words and more".into(), text + " more", "too short".into(), "too short".into()]);
    let (found, counts) = verdicts("profile = 'datatrove'", &mut docs, CALM);
    let gone = Verdict::Drop(Drop::plain(Reason(0)).because_of(DocId { split: 0, ordinal: 0 }));
    assert_eq!(found, [Verdict::Keep, Verdict::Keep, gone, Verdict::Keep, Verdict::Keep], "who has fewer than five words stays");
    assert_eq!((counts["pairs_compared"], counts["pairs_alike"], counts["clusters"]), (0, 1, 1));
    let (found, _) = verdicts("profile = 'datatrove'\nthreshold = 0.5\nkeep = 'last'", &mut docs, CALM);
    assert!(matches!(&found[0], Verdict::Drop(Drop { value: Some(value), .. }) if *value > 0.99), "{found:?}");
    assert!(build::<DedupMinhash>("profile = 'datatrove'\nclusters = 'greedy'").is_err_and(|said| said.contains("nothing is compared")));
    assert!(build::<DedupMinhash>("profile = 'datatrove'\nby = 'char'").is_err_and(|said| said.contains("words alone")));
}

#[test]
fn bands_and_rows_are_computed_from_the_target_and_the_plan_says_what_they_find() {
    let remarks = |table| build::<DedupMinhash>(table).unwrap().remarks().join("\n");
    assert!(remarks("").contains("16 bands of 7 rows find of the pairs: 11.8 % at 0.5"), "{}", remarks(""));
    assert!(remarks("target = 0.8").contains("13 bands of 7 rows") && remarks("target = 0.8").contains("95.3 % at 0.8"), "{}", remarks("target = 0.8"));
    assert!(build::<DedupMinhash>("target = 0.8\nbands = 3").is_err_and(|said| said.contains("computed from `target`")));
    assert!(build::<DedupMinhash>("target = 0.01").is_err_and(|said| said.contains("cannot be found")));
}
