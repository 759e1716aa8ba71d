//! Cleaning of lines by the sets that have it: what is left of a text.

use super::{Applied, RuleSet, facts, texts::Script, toml};

/// What the line rules of `set` leave of `text`.
fn left(set: &str, text: &str) -> String {
    let mut set = RuleSet::parse(toml(set)).unwrap();
    for step in &mut set.steps {
        step.on = step.action.of_lines() && step.name != "too_many_words_cut";
    }
    match set.apply(text, &mut facts(), false, &mut |_| {}) {
        Applied::Keep => text.to_owned(),
        Applied::Edited(left) => left,
        Applied::Drop { reason, .. } => panic!("{reason}"),
    }
}

#[test]
fn lines_that_are_no_prose_go() {
    for set in ["dclm", "refinedweb"] {
        for script in Script::ALL {
            let prose = script.words(0, 5).join(" ");
            // Letters without case are not in upper case.
            for line in [
                "ABCD EFG HI a b",
                "1234",
                "3 likes",
                "1,234 Views",
                "(10k followers)",
                "Home",
                " \t",
                "Sign-in",
                "Read more...",
                "items in cart",
                "READ MORE...",
            ] {
                assert_eq!(left(set, &format!("{prose}\n{line}\n{prose}")), format!("{prose}\n{prose}"), "{line}");
            }
            for line in ["", "ABC def", "12 34", "3 likes and more", "likes 3", "2 items", "Read more", "a b c d e f g h i items in cart"] {
                let text = format!("{prose}\n{line}\n{prose}");
                assert_eq!(left(set, &text), text, "{line}");
            }
            for (line, cut) in [
                (format!("Sign-in {prose}"), prose.clone()),
                (format!("{prose} read more..."), prose.clone()),
                (format!("{prose} 0 items in cart"), format!("{prose} 0")),
                (format!("sign-in 2 ITEMS IN CART {} Read more...", script.word(0, 4)), format!("2 {}", script.word(0, 4))),
            ] {
                assert_eq!(left(set, &line), cut);
            }
            // Ten words are short, eleven are not.
            let ten = format!("{} Sign-in", script.words(0, 9).join(" "));
            assert_eq!(left(set, &format!("Sign-in {}", script.words(0, 9).join(" "))), script.words(0, 9).join(" "));
            assert_eq!((left(set, &ten), left(set, &format!("Sign-in {ten}"))), (ten.clone(), format!("Sign-in {ten}")));
        }
    }
}

#[test]
fn lines_go_one_by_one_in_madlad() {
    for script in Script::ALL {
        let prose = script.words(0, 3).join(" ");
        assert_eq!(left("madlad", &format!("{prose}\nHome page\n\nJavaScript is {prose}\n{prose}")), format!("{prose}\n{prose}"));
    }
}
