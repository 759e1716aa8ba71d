//! Tests of the stage.

use super::*;
use crate::dedup::index::Builder;
use crate::stage::{Drop, Reason, Verdict};
use crate::stages::rehearsal::{Play, apply, build, place, play, roll};
use crate::tokenizer::Tokenizer;

const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

fn corpus(texts: &[String]) -> Vec<Doc> {
    let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
    place(&mut docs, 3);
    docs
}

/// With little memory groups of more than a few contexts are divided.
fn global(min_bytes: usize, keep: Copies, memory: usize) -> Repeats {
    Repeats { anchors: Anchors::new(min_bytes), length: min_bytes, tokens: None, passages: Passages::cutting(keep), old: None, index: None, memory }
}

/// For each symbol of each text whether it lies in a window that goes, by comparing each window with each other.
fn repeated<S: PartialEq>(texts: &[Vec<S>], length: usize, keep: Copies) -> Vec<Vec<bool>> {
    let all: Vec<&[S]> = texts.iter().flat_map(|text| text.windows(length)).collect();
    let mut number = 0;
    let mut found = Vec::new();
    for text in texts {
        let mut gone = vec![false; text.len()];
        for start in 0..(text.len() + 1).saturating_sub(length) {
            let same = |other: usize| all[other] == all[number];
            let goes = (0..number).any(same) || keep == Copies::None && (number + 1..all.len()).any(same);
            gone[start..start + length].iter_mut().for_each(|symbol| *symbol |= goes);
            number += 1;
        }
        found.push(gone);
    }
    found
}

/// The texts without the bytes of windows that go; cuts shrink to whole characters.
fn brute(texts: &[String], length: usize, keep: Copies) -> Vec<String> {
    let bytes: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
    let left = |(text, gone): (&String, Vec<bool>)| {
        // A character goes if all its bytes do.
        let whole = |at: usize, c: char| gone[at..at + c.len_utf8()].iter().all(|gone| *gone);
        text.char_indices().filter(|(at, c)| !whole(*at, *c)).map(|(_, c)| c).collect()
    };
    texts.iter().zip(repeated(&bytes, length, keep)).map(left).collect()
}

fn random(seed: u64) -> Vec<String> {
    let alphabet = ["a", "b", "é", "中"];
    let letters = 2 + roll(seed, 0) % 3;
    let mut texts: Vec<String> = Vec::new();
    for number in 0..1 + roll(seed, 1) % 9 {
        let roll = |what: u64| roll(seed, number << 32 | 9 << 20 | what);
        let mut text: String = (0..roll(0) % 50).map(|i| alphabet[(roll(100 + i) % letters) as usize]).collect();
        match roll(1) % 4 {
            // A passage of an earlier text, a periodic text, or nothing more.
            0 if !texts.is_empty() => {
                let other = &texts[roll(2) as usize % texts.len()];
                text.extend(other.chars().skip(roll(3) as usize % 20).take(roll(4) as usize % 40));
            }
            1 => text += &text.chars().take(1 + roll(5) as usize % 3).collect::<String>().repeat(roll(6) as usize % 20),
            _ => {}
        }
        texts.push(text);
    }
    texts
}

#[test]
fn random_corpora_come_out_as_by_brute_force() {
    let mut cut = 0;
    for seed in 0..1000 {
        let texts = random(seed);
        let length = [2, 3, 5, 8, 13, 20, 31][roll(seed, 2) as usize % 7];
        for keep in [Copies::First, Copies::None] {
            for (memory, how) in [(1 << 20, CALM), (1000, Play { ranges: 7, seed: seed + 1, memory: 100 })] {
                let global = global(length, keep, memory);
                let mut docs = corpus(&texts);
                let played = play(&global, &docs, how).unwrap();
                assert!(apply(&global, &played.decision, &mut docs).unwrap().iter().all(|verdict| *verdict == Verdict::Keep));
                let left: Vec<&str> = docs.iter().map(Doc::text).collect();
                assert_eq!(left, brute(&texts, length, keep), "seed {seed}, length {length}, {keep:?}, texts {texts:?}");
                cut += usize::from(left != texts);
            }
        }
    }
    assert!(cut > 2000, "{cut}");
}

/// An index of texts, for passages from `windows` on.
fn index(texts: &[String], windows: Windows, tokens: Option<Arc<Tokens>>, memory: usize) -> (tempfile::TempDir, Arc<Index>) {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { passages: Some(windows), ..Settings::of(Profile::Fast, 1) };
    let mut builder = Builder::new(dir.path(), settings, tokens, memory).unwrap();
    texts.iter().enumerate().for_each(|(number, text)| builder.add(&format!("old{number}"), None, text).unwrap());
    let (head, _) = builder.finish().unwrap();
    let index = Index::open(dir.path(), &head).unwrap();
    (dir, Arc::new(index))
}

#[test]
fn an_earlier_corpus_counts_as_if_it_stood_before() {
    let (mut cut, mut named) = (0, 0);
    for seed in 0..120 {
        let texts = random(seed);
        let (earlier, new) = texts.split_at(roll(seed, 3) as usize % (texts.len() + 1));
        let shortest = [2, 3, 5, 8, 13][roll(seed, 2) as usize % 5];
        let length = shortest + [0, 0, 1, 7][roll(seed, 4) as usize % 4];
        let (_dir, old) = index(earlier, Windows::Bytes(shortest), None, [1, 1 << 20][seed as usize % 2]);
        for keep in [Copies::First, Copies::None] {
            let (bytes, expected): (Vec<Vec<u8>>, _) = (texts.iter().map(|text| text.clone().into_bytes()).collect(), brute(&texts, length, keep));
            assert_eq!(bytes.len(), expected.len());
            for (memory, how) in [(1 << 20, CALM), (1000, Play { ranges: 7, seed: seed + 1, memory: 100 })] {
                let global = Repeats { anchors: Anchors::new(shortest), length, old: Some(old.clone()), ..global(length, keep, memory) };
                let mut docs = corpus(new);
                let played = play(&global, &docs, how).unwrap();
                for row in docs.iter().flat_map(|doc| rows(&played.decision, doc)) {
                    // What is named stands there, byte by byte.
                    let copy = match row.copy & OLD {
                        0 => new[(row.copy >> 32) as usize * 3 + row.copy as u32 as usize].clone(),
                        _ => old.doc(row.copy & !OLD).unwrap().text,
                    };
                    let own = new[(row.document >> 32) as usize * 3 + row.document as u32 as usize].as_bytes();
                    assert_eq!(own[row.start as usize..][..length], copy.as_bytes()[row.copy_start as usize..][..length], "seed {seed}");
                    named += usize::from(row.copy & OLD != 0);
                }
                apply(&global, &played.decision, &mut docs).unwrap();
                let left: Vec<&str> = docs.iter().map(Doc::text).collect();
                assert_eq!(left, expected[earlier.len()..], "seed {seed}, length {length}, {keep:?}, texts {texts:?}");
                cut += usize::from(left != new);
            }
        }
    }
    assert!(cut > 100 && named > 100, "{cut} {named}");
}

fn rows(decision: &Decision, doc: &Doc) -> Vec<Range> {
    let rows = decision.get(&format!("cuts-{:05}", doc.id().split)).unwrap().unwrap_or_default();
    Range::of(&rows, u64::from_be_bytes(doc.id().to_bytes())).collect()
}

#[test]
fn passages_in_tokens_come_out_as_by_brute_force() {
    // One that knows all but one of the characters; one whose tokens share characters and words.
    let chars = Tokenizer::chars_file("abé".chars()).unwrap();
    let pairs = pairs_of_bytes();
    let all = [chars.as_slice(), pairs.as_bytes()].map(|file| Arc::new(Tokens::new(Tokenizer::from_bytes("t", file, None).unwrap())));
    let mut cut = 0;
    for seed in 0..60 {
        let texts = random(seed);
        let (earlier, new) = texts.split_at(roll(seed, 3) as usize % (texts.len() + 1) / 2);
        let tokens = &all[seed as usize % 2];
        let length = [2, 3, 5, 8, 13, 20][roll(seed, 2) as usize % 6];
        let (_dir, old) = index(earlier, Windows::Tokens(length), Some(tokens.clone()), 1 << 20);
        let mut work = Work::default();
        let ids: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| {
                tokens.read(text, &mut work);
                work.ids.clone()
            })
            .collect();
        for keep in [Copies::First, Copies::None] {
            let expected: Vec<String> = texts
                .iter()
                .zip(repeated(&ids, length, keep))
                .map(|(text, gone)| {
                    let bounds = tokens.bounds(text, &mut work).unwrap();
                    let mut left = text.clone();
                    for run in
                        gone.chunk_by(|a, b| a == b).scan(0, |at, run| Some((std::mem::replace(at, *at + run.len()), run))).collect::<Vec<_>>().iter().rev()
                    {
                        let (from, to) = (bounds[run.0].0 as usize, bounds[run.0 + run.1.len() - 1].1 as usize);
                        if run.1[0] && from < to {
                            left.replace_range(from..to, "");
                        }
                    }
                    left
                })
                .collect();
            for (memory, how) in [(1 << 20, CALM), (1000, Play { ranges: 7, seed: seed + 1, memory: 100 })] {
                let global = Repeats { tokens: Some(tokens.clone()), old: Some(old.clone()), ..global(length, keep, memory) };
                let mut docs = corpus(new);
                let played = play(&global, &docs, how).unwrap();
                apply(&global, &played.decision, &mut docs).unwrap();
                let left: Vec<&str> = docs.iter().map(Doc::text).collect();
                assert_eq!(left, expected[earlier.len()..], "seed {seed}, length {length}, {keep:?}, texts {texts:?}");
                cut += usize::from(left != new);
            }
        }
    }
    assert!(cut > 60, "{cut}");
}

/// A tokenizer.json of bytes and a few pairs of them, among them such as begin or end inside a character.
fn pairs_of_bytes() -> String {
    let mut spare = (0x100u32..).filter_map(char::from_u32);
    let plain = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let chars: Vec<char> = (0..=255u8).map(|byte| if plain(&byte) { char::from(byte) } else { spare.next().unwrap() }).collect();
    let mut vocab: serde_json::Map<String, serde_json::Value> = chars.iter().zip(0..).map(|(c, id)| (c.to_string(), id.into())).collect();
    let merges: Vec<String> = [(b'a', b'a'), (b'a', b'b'), ("é".as_bytes()[1], b'a'), ("中".as_bytes()[1], "中".as_bytes()[2])]
        .iter()
        .map(|(one, two)| format!("{} {}", chars[usize::from(*one)], chars[usize::from(*two)]))
        .collect();
    vocab.extend(merges.iter().zip(256..).map(|(merge, id)| (merge.replace(' ', ""), id.into())));
    let pre = serde_json::json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    serde_json::json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": pre,
        "post_processor": null, "decoder": pre, "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": merges}})
    .to_string()
}

#[test]
fn copies_are_named_and_the_decision_does_not_depend_on_cutting() {
    for seed in 0..200 {
        let docs = corpus(&random(seed));
        let global = global(6, Copies::First, 2000);
        let rows = |how| {
            let decision = play(&global, &docs, how).unwrap().decision;
            (0..4).map(|split| decision.get(&format!("cuts-{split:05}")).unwrap().unwrap_or_default()).collect::<Vec<_>>()
        };
        let calm = rows(CALM);
        assert_eq!(calm, rows(Play { ranges: 20, seed, memory: 0 }));
        for row in docs.iter().flat_map(|doc| Range::of(&calm[doc.id().split as usize], u64::from_be_bytes(doc.id().to_bytes()))) {
            let window = |document: u64, start: u32| {
                let doc = docs.iter().find(|doc| doc.id().to_bytes() == document.to_be_bytes()).unwrap();
                &doc.text().as_bytes()[start as usize..][..6]
            };
            assert_eq!(window(row.document, row.start), window(row.copy, row.copy_start));
            assert!((row.copy, row.copy_start) < (row.document, row.start));
        }
    }
}

#[test]
fn a_notice_stays_once() {
    let notice = "This page is provided as it is, without any warranty of whatever kind, and you use it wholly at your own risk, dear reader.";
    let texts = [format!("First text.\n\n{notice}\n\nIts end."), format!("Second text.\n\n{notice}\n\nIts end too."), notice.to_owned()];
    let run = |table: &str| {
        let mut docs = corpus(&texts);
        let global = build::<DedupSubstring>(table).unwrap();
        let played = play(&*global, &docs, CALM).unwrap();
        let verdicts = apply(&*global, &played.decision, &mut docs).unwrap();
        (docs.iter().map(|doc| doc.text().to_owned()).collect::<Vec<_>>(), verdicts)
    };
    // The repeat reaches from " text." to "Its end".
    let (left, verdicts) = run("");
    assert_eq!(left, [texts[0].as_str(), "Second too.", ""]);
    assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Keep]);
    let (left, verdicts) = run("snap = 'line'\nmin_left = 10");
    assert_eq!(left, [texts[0].as_str(), "Second text.\n\nIts end too.", notice]);
    let drop = Drop::measured(Reason(1), 0.0, 10.0).because_of(DocId { split: 0, ordinal: 0 });
    assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Drop(drop)]);
    // Of the second text all but "Second" and " too." is repeated, of the third all.
    let (left, verdicts) = run("mode = 'drop'\nmax_share = 0.8");
    assert_eq!(left, texts);
    let reasons = verdicts.iter().map(|verdict| if let Verdict::Drop(drop) = verdict { drop.value } else { None });
    assert_eq!(reasons.collect::<Vec<_>>(), [None, Some((texts[1].len() - 11) as f64 / texts[1].len() as f64), Some(1.0)]);
    assert_eq!(run("keep = 'none'\nsnap = 'line'").0, ["First text.\n\nIts end.", "Second text.\n\nIts end too.", ""]);
}

#[test]
fn one_letter_and_a_crowd_take_bounded_work() {
    let mut texts = vec!["a".repeat(30_000), "ab".repeat(10_000)];
    texts.extend(
        (0..2000).map(|number| format!("{number:08x} {} {number:08x}", "the same line in all of these documents, which is long enough to count ".repeat(2))),
    );
    let docs = corpus(&texts);
    let played = play(&global(100, Copies::First, 1 << 20), &docs, CALM).unwrap();
    assert_eq!(played.decision.counts["ranges_repeated"], 2 + 1999);
}

#[test]
fn wrong_tables_are_refused() {
    assert!(build::<DedupSubstring>("min_bytes = 3").is_err_and(|said| said.contains("min_bytes: 3 is out of range")));
    assert!(build::<DedupSubstring>("max_share = 0.5").is_err_and(|said| said.contains("max_share")));
    assert!(build::<DedupSubstring>("mode = 'drop'\nmin_left = 5").is_err_and(|said| said.contains("min_left")));
    assert!(build::<DedupSubstring>("keep = 'last'").is_err());
    assert!(build::<DedupSubstring>("snip = 'word'").is_err());
    assert!(build::<DedupSubstring>("min_tokens = 50").is_err_and(|said| said.contains("min_tokens: tokens are those of a tokenizer")));
    assert!(build::<DedupSubstring>("min_tokens = 5\ntokenizer = 'bytes'").is_err_and(|said| said.contains("min_tokens: 5 is out of range")));
    assert!(build::<DedupSubstring>("min_tokens = 50\nmin_bytes = 50").is_err_and(|said| said.contains("in bytes or in tokens")));
    assert!(build::<DedupSubstring>("tokenizer = 'bytes'").is_err_and(|said| said.contains("tokenizer: passages are measured in bytes")));
    assert!(build::<DedupSubstring>("min_tokens = 50\ntokenizer = 'stage:bpe'").is_err_and(|said| said.contains("before it reads anything")));
}
