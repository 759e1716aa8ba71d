//! Lines and sentences of C4's rules.

use super::{facts, texts::Script, toml};
use crate::measures::rules::{Applied, RuleSet};

/// Whether C4 leaves `line` of a text that holds nothing else; none where the text is dropped.
fn c4_leaves(line: &str) -> Option<bool> {
    let mut set = RuleSet::parse(toml("c4")).unwrap();
    set.disable("too_few_sentences").unwrap();
    match set.apply(line, &mut facts(), false, &mut |_| {}) {
        Applied::Keep => Some(true),
        Applied::Edited(left) => Some(!left.is_empty()),
        Applied::Drop { .. } => None,
    }
}

#[test]
fn c4_lines() {
    for script in Script::ALL {
        let words = script.words(0, 3).join(" ");
        for k in 0..40 {
            let long = script.word(k, 981 + k);
            assert_eq!(c4_leaves(&format!("{words} {long}.")), Some(982 + k <= 1000), "{k}");
            assert_eq!(c4_leaves(&format!("{}.", script.words(k, k % 5 + 1).join("\u{a0}"))), Some(k % 5 + 1 >= 3), "{k}");
        }
        for end in [".", "?", "!", "\"", "'", "....'", ". [1]", ".[edit][12]"] {
            // A citation leaves its space, which is no mark.
            assert_eq!(c4_leaves(&format!("{words}{end}")), Some(!end.contains(' ')), "{end}");
        }
        for end in ["", "...", ",", "…", "。", "....", ")", ".)", ". [x]"] {
            assert_eq!(c4_leaves(&format!("{words}{end}")), Some(false), "{end}");
        }
        for fault in ["JavaScript", "Terms of Use", "privacy policy", "Cookie Policy", "uses cookies", "USE OF COOKIES", "use cookies"] {
            assert_eq!(c4_leaves(&format!("{words} {fault} {words}.")), Some(false), "{fault}");
            assert_eq!(c4_leaves(&format!("{words} {} {words}.", &fault[1..])), Some(true), "{fault}");
        }
        for fault in ["Lorem ipsum", "{", "LOREM IPSUM"] {
            assert_eq!(c4_leaves(&format!("{words} {fault} {words}.")), None, "{fault}");
            // In a line that is dropped before, it kills nothing.
            assert_eq!(c4_leaves(&format!("{words} {fault} {words}")), Some(false), "{fault}");
        }
        assert_eq!(c4_leaves(&format!("javascript {words} {{.")), Some(false));
        assert_eq!(c4_leaves(&format!("lorem ipsum javascript {words}.")), None);
    }
}

#[test]
fn c4_sentences() {
    let mut set = RuleSet::parse(toml("c4")).unwrap();
    for script in Script::ALL {
        for k in 1..40 {
            // Two sentences a line, and one line without a mark.
            let sentence = script.words(k, 3).join(" ");
            let text = format!("{}{}\n{sentence}", format!("{sentence}. {sentence}!\n").repeat(k / 2), format!("{sentence}?\n").repeat(k % 2));
            let applied = set.apply(&text, &mut facts(), false, &mut |_| {});
            match applied {
                Applied::Drop { reason, value, threshold, .. } => {
                    assert_eq!((reason.as_str(), value, threshold), ("too_few_sentences", k as f64, 5.0));
                    assert!(k < 5);
                }
                Applied::Edited(left) => assert!(k >= 5 && left.lines().count() == k / 2 + k % 2),
                Applied::Keep => panic!("a line is dropped"),
            }
        }
    }
    set.disable("no_terminal_punctuation").unwrap();
    let text = "one two three\nfour five six\nseven eight nine\nten eleven twelve\nand so forth";
    assert_eq!(set.apply(text, &mut facts(), false, &mut |_| {}), Applied::Keep);
}
