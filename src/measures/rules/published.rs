//! Tests of the rule sets in `filters/rules`: for every rule, texts in five scripts on both sides of its bound.

mod c4;

use super::{Applied, RuleSet};
use crate::text::{Facts, Splitter};

const GOPHER: &str = include_str!("../../../filters/rules/gopher.toml");
const REPETITION: &str = include_str!("../../../filters/rules/gopher_repetition.toml");
const C4: &str = include_str!("../../../filters/rules/c4.toml");
const FINEWEB: &str = include_str!("../../../filters/rules/fineweb.toml");

const SCRIPTS: [&str; 5] = ["abcdefghij", "абвгдежзик", "ابتثجحخدذر", "कखगघचछजझटठ", "天地玄黄宇宙洪荒日月"];

/// Words of ten letters.
#[derive(Clone, Copy)]
struct Script(&'static str);

impl Script {
    /// The word number `i`, of `length` letters.
    fn word(self, i: usize, length: usize) -> String {
        let digits = format!("{i:0length$}");
        digits.bytes().filter_map(|digit| self.0.chars().nth(usize::from(digit - b'0'))).collect()
    }

    /// Words of four letters from number `from` on.
    fn words(self, from: usize, count: usize) -> Vec<String> {
        (from..from + count).map(|i| self.word(i, 4)).collect()
    }

    /// `count` pieces, all different but for the last `copies`, which are as the first.
    fn repeating(self, count: usize, copies: usize) -> Vec<String> {
        (0..count).map(|i| self.word(if i < count - copies { i } else { 0 }, 4)).collect()
    }
}

fn facts() -> Facts {
    let mut facts = Facts::new();
    facts.split_by(Splitter::SpacyEn);
    facts
}

/// Builds texts 0 to `last`, one script after another; `rule` must find the value that was built, and keep those for which `within` holds:
/// on each side there are twenty.
fn sweep(set: &str, rule: &str, last: usize, within: impl Fn(f64) -> bool, build: impl Fn(Script, usize) -> (String, f64)) {
    let mut set = RuleSet::parse(set).unwrap();
    if rule == "too_many_words" {
        set.override_bound(rule, "max", 50.0).unwrap();
    }
    let mut sides = [0, 0];
    for k in 0..=last {
        let (text, wanted) = build(Script(SCRIPTS[k % SCRIPTS.len()]), k);
        let mut found = None;
        set.apply(&text, &mut facts(), true, &mut |outcome| {
            if outcome.rule == rule {
                found = Some((outcome.value, outcome.keep));
            }
        });
        let (value, keep) = found.unwrap();
        assert!((value - wanted).abs() < 1e-12, "{rule} of text {k}: {value}, not {wanted}");
        assert_eq!(keep, within(value), "{rule} at {value}");
        sides[usize::from(keep)] += 1;
    }
    assert!(sides.iter().all(|side| *side >= 20), "{rule}: {sides:?}");
}

fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn gopher_words() {
    let count = |s: Script, k: usize| (format!("{} !", s.words(0, 20 + k).join(" ")), (20 + k) as f64);
    sweep(GOPHER, "too_few_words", 60, |n| n >= 50.0, count);
    sweep(GOPHER, "too_many_words", 60, |n| n <= 50.0, count);
    let lengths = |short: usize| {
        move |s: Script, k: usize| {
            let words: Vec<_> = (0..60).map(|i| s.word(i, if i < 60 - k { short } else { short + 2 })).collect();
            (words.join(" "), ratio(60 * short + 2 * k, 60))
        }
    };
    sweep(GOPHER, "short_words", 60, |mean| mean >= 3.0, lengths(2));
    sweep(GOPHER, "long_words", 60, |mean| mean <= 10.0, lengths(9));
    let alphabetic = |s: Script, k: usize| (format!("{} {}", s.words(0, 50 + k).join(" "), "12 ".repeat(50 - k)), ratio(50 + k, 100));
    sweep(GOPHER, "too_few_alphabetic_words", 50, |share| share >= 0.8, alphabetic);
    let stop = ["the", "be", "to", "of", "and", "that", "have", "with"];
    let stops = |s: Script, k: usize| (format!("The {} {}", s.words(0, k).join(" "), stop[..k % 8].join(" the ")), (k % 8) as f64);
    sweep(GOPHER, "too_few_stop_words", 160, |n| n >= 2.0, stops);
}

#[test]
fn gopher_marks_and_lines() {
    let marks = |mark: &'static str| move |s: Script, k: usize| (format!("{} {}", s.words(0, 200).join(" "), format!("{mark} ").repeat(k)), ratio(k, 200 + k));
    sweep(GOPHER, "too_many_hashes", 60, |share| share <= 0.1, marks("#"));
    sweep(GOPHER, "too_many_ellipses", 60, |share| share <= 0.1, marks("…"));
    sweep(GOPHER, "too_many_ellipses", 60, |share| share <= 0.1, marks("..."));
    let bullets = |mark: &'static str| {
        move |s: Script, k: usize| {
            let line = |(i, word): (usize, String)| {
                if i < 240 + k { format!(" {mark}{word}") } else { word }
            };
            let lines: Vec<_> = s.words(0, 300).into_iter().enumerate().map(line).collect();
            (lines.join("\n"), ratio(240 + k, 300))
        }
    };
    sweep(GOPHER, "too_many_bullets", 60, |share| share <= 0.9, bullets("- "));
    sweep(GOPHER, "too_many_bullets", 60, |share| share <= 0.9, bullets("•"));
    let ends = |s: Script, k: usize| {
        let line = |(i, word): (usize, String)| {
            if i < k { format!("{word}{} ", ["...", "…"][i % 2]) } else { word }
        };
        let lines: Vec<_> = s.words(0, 100).into_iter().enumerate().map(line).collect();
        (lines.join("\r\n"), ratio(k, 100))
    };
    sweep(GOPHER, "too_many_line_end_ellipses", 60, |share| share <= 0.3, ends);
}

#[test]
fn repeated_lines_and_paragraphs() {
    let pieces = |s: Script, k: usize, between: &str| s.repeating(100, k).join(between);
    sweep(REPETITION, "duplicate_paragraphs", 60, |share| share <= 0.3, |s, k| (pieces(s, k, "\n\n"), ratio(k, 100)));
    sweep(REPETITION, "duplicate_paragraph_chars", 60, |share| share <= 0.2, |s, k| (pieces(s, k, "\n\n"), ratio(4 * k, 598)));
    sweep(REPETITION, "duplicate_lines", 60, |share| share <= 0.3, |s, k| (pieces(s, k, "\n"), ratio(k, 100)));
    sweep(REPETITION, "duplicate_line_chars", 60, |share| share <= 0.2, |s, k| (pieces(s, k, "\n"), ratio(4 * k, 499)));
}

/// An n-gram `k + 1` times, other words between and behind so that `bound` is met about half way to 60.
fn ngrams(s: Script, k: usize, n: usize, rest: f64) -> (String, usize) {
    let rest = rest.max(0.0) as usize;
    let gram = s.words(0, n);
    let mut words = Vec::new();
    for i in 0..=k {
        words.extend(gram.iter().cloned());
        words.push(s.word(100 + i, 4));
    }
    words.extend(s.words(200, rest));
    let chars = 5 * words.len() - 1;
    (words.join(" "), chars)
}

#[test]
fn repeated_ngrams() {
    for (n, bound) in [(2usize, 0.2), (3, 0.18), (4, 0.16)] {
        let rest = 30.0 * ((5 * n - 1) as f64 / bound / 5.0 - (n + 1) as f64);
        sweep(
            REPETITION,
            &format!("top_{n}_gram"),
            60,
            |share| share <= bound,
            |s, k| {
                let (text, chars) = ngrams(s, k, n, rest);
                (text, ratio((5 * n - 1) * (k + 1), chars))
            },
        );
    }
    for (n, bound) in (5usize..=10).zip([0.15, 0.14, 0.13, 0.12, 0.11, 0.1]) {
        let rest = 30.0 * ((4 * n) as f64 / bound / 5.0 - (n + 1) as f64);
        sweep(
            REPETITION,
            &format!("duplicate_{n}_grams"),
            60,
            |share| share <= bound,
            |s, k| {
                let (text, chars) = ngrams(s, k, n, rest);
                (text, ratio(4 * n * k, chars))
            },
        );
    }
}

#[test]
fn fineweb_lines() {
    let terminal = |s: Script, k: usize| {
        let marks = [".", "?", "!", "。", "।", "؟"];
        let line = |(i, word): (usize, String)| {
            if i < k { word + marks[i % 6] } else { word + "\"" }
        };
        let lines: Vec<_> = s.words(0, 200).into_iter().enumerate().map(line).collect();
        (lines.join("\n \n"), ratio(k, 200))
    };
    sweep(FINEWEB, "too_few_terminal_lines", 60, |share| share >= 0.12, terminal);
    let short = |s: Script, k: usize| {
        let lines: Vec<_> = (0..100).map(|i| s.word(i, if i < 40 + k { 30 } else { 31 })).collect();
        (lines.join("\n"), ratio(40 + k, 100))
    };
    sweep(FINEWEB, "too_many_short_lines", 60, |share| share <= 0.67, short);
    let copies = |s: Script, k: usize| (s.repeating(3000, k).join("\n\n"), ratio(k, 3000));
    sweep(FINEWEB, "duplicate_line_chars", 60, |share| share <= 0.01, copies);
    let newlines = |s: Script, k: usize| (format!("{}{}", s.words(0, 100).join(" "), "\n".repeat(k)), ratio(k, 100));
    sweep(FINEWEB, "too_many_newlines", 60, |share| share <= 0.3, newlines);
}

#[test]
fn texts_of_nothing_have_defined_results() {
    let reason = |set: &str, text: &str| match RuleSet::parse(set).unwrap().apply(text, &mut facts(), false, &mut |_| {}) {
        Applied::Drop { alias, .. } => alias,
        _ => "keep".to_owned(),
    };
    for text in ["", " \n ", "word", "!!! ??? ###", "漢字漢字"] {
        assert_eq!(reason(GOPHER, text), "gopher_short_doc");
        assert_eq!(reason(C4, text), "too_few_sentences");
    }
    assert_eq!((reason(REPETITION, ""), reason(REPETITION, " "), reason(REPETITION, "word")), ("empty".into(), "keep".into(), "keep".into()));
    assert_eq!((reason(FINEWEB, ""), reason(FINEWEB, "\n \n"), reason(FINEWEB, "word")), ("empty".into(), "empty".into(), "line_punct_ratio".into()));
    assert_eq!(reason(FINEWEB, "漢字。"), "short_line_ratio");
}
