//! Bounds and stop words by language: each bound of a language holds for its texts, and for no others.

use super::{
    Seen, alone,
    cases::{
        Bound::{self, Min},
        Case, Cases, LANGUAGES, WHOLE,
    },
    facts, look, read,
    texts::{Script, changed, ratio},
    toml,
};
use crate::measures::rules::Applied;

/// A bound of some languages, the languages, their script, and the bound of all others.
type Row = (&'static str, Bound, &'static [(&'static [&'static str], Script)], Bound);

const BOUNDS: [Row; 2] = [
    ("too_few_terminal_lines", Min(0.0), &[(&["th"], Script::THAI), (&["lo"], Script::LAO)], Min(0.08)),
    ("too_few_alphabetic_words", Min(0.4), &[(&["am"], Script::ETHIOPIC)], Min(0.7)),
];

/// A text of `script`, of whose [`WHOLE`] lines or words `with` pass, and its share of them.
fn text(rule: &str, script: Script, with: usize) -> (String, f64) {
    let text = if rule == "too_few_terminal_lines" {
        changed(script, WHOLE, with, |_, word| word + "!").join("\n")
    } else {
        // A mark between any two words, and numbers.
        script.words(0, with).join("፡") + &" 12".repeat(WHOLE + 1 - 2 * with)
    };
    (text, ratio(with, WHOLE))
}

/// Cases of the bounds by language, in each language and in others.
fn cases() -> Vec<(Case, Case)> {
    let mut found = Vec::new();
    for (rule, bound, languages, general) in BOUNDS {
        for &(language, script) in languages {
            let case = |bound: Bound, languages: &'static [&'static str]| {
                let mut cases = Cases(Vec::new());
                // Where all texts pass, from nothing on.
                let with = move |k| if bound.value() == 0.0 { k } else { bound.around(WHOLE, k) };
                let half = rule == "too_few_alphabetic_words";
                cases.add(&["multilingual"], rule, bound, move |_, k| text(rule, script, if half { with(k).min(WHOLE / 2) } else { with(k) }));
                cases.0.iter_mut().for_each(|case| case.languages = languages);
                cases.0
            };
            found.extend(case(bound, language).into_iter().zip(case(general, &["", "en", "zh", "km"])));
        }
    }
    found
}

#[test]
fn bounds_of_a_language_are_for_its_texts() {
    for (own, others) in cases() {
        for case in [&own, &others] {
            let (sets, mut facts) = (alone(toml(case.set), case), facts());
            let mut sides = [0, 0];
            for k in case.numbers() {
                match look(&sets, case, &mut facts, k) {
                    Seen::Kept => sides[0] += 1,
                    Seen::Dropped => sides[1] += 1,
                    Seen::Wrong(why) => panic!("{} in {:?}: {why}", case.rule, case.languages),
                }
            }
            // No share is below 0, and no text that is half marks has seven words of ten.
            let wanted = match case.bound.value() {
                0.0 => [61, 0],
                0.7 => [0, 61],
                _ => [20, 20],
            };
            assert!(sides.iter().zip(wanted).all(|(side, wanted)| *side >= wanted), "{} in {:?}: {sides:?}", case.rule, case.languages);
        }
    }
}

#[test]
fn every_bound_of_a_language_is_held() {
    let toml = toml("multilingual");
    let by_language = &toml[toml.find("[bounds.").unwrap()..];
    let cases = cases();
    assert_eq!(by_language.matches(" = ").count(), cases.len(), "a bound has no case");
    for (case, _) in cases {
        let line = format!("[bounds.{}]\n{}.min = ", case.languages[0], case.rule);
        let at = toml.find(&line).unwrap_or_else(|| panic!("there is no {line}")) + line.len();
        let number = toml[at..].lines().next().unwrap();
        for step in [-0.01, 0.01] {
            let changed = number.parse::<f64>().unwrap() + step;
            let mutant = format!("{}{changed:.4}{}", &toml[..at], &toml[at + number.len()..]);
            let (sets, mut facts) = (alone(&mutant, &case), facts());
            assert!(case.numbers().any(|k| matches!(look(&sets, &case, &mut facts, k), Seen::Wrong(_))), "{line}{changed} passes");
        }
    }
}

#[test]
fn languages_without_stop_words_want_none() {
    let read = read(toml("multilingual"));
    let wants = |language: &str| read.of(language).steps.iter().any(|step| step.on && step.name == "too_few_stop_words");
    assert!(LANGUAGES.into_iter().chain(["en-GB", "zh-Hant", "th"]).all(wants));
    assert!(!["", "qq", "lo"].into_iter().any(wants));
}

#[test]
fn texts_without_chinese_have_no_chinese_words() {
    let read = read(toml("chinese"));
    let others = Script::ALL.into_iter().filter(|script| !script.is_han()).map(|script| script.wholes(0, 100).join(" "));
    let more = ["カタカナ ひらがな".repeat(50), "데이터 처리 ".repeat(50), "12 , 。 ".repeat(50), "ภาษาไทย ".repeat(50)];
    for text in others.chain(more) {
        let mut told = Vec::new();
        let applied = read.of("zh").apply(&text, &mut facts(), true, &mut |outcome| {
            if matches!(outcome.rule, "too_many_lone_characters" | "too_few_function_words") {
                told.push((outcome.keep, outcome.value));
            }
        });
        assert_eq!(told, [(true, 0.0); 2], "{text}");
        assert!(matches!(applied, Applied::Drop { reason, .. } if !reason.contains("lone") && !reason.contains("function")), "{text}");
    }
}
