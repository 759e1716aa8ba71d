//! What people read, in Chinese: messages are written in English where they arise, and put into Chinese line by line where they are shown, by the table of [`super::chinese`].
//!
//! A line is a frame (`error: `, `  help: `, the caret under a place) and a message; what the table does not know stays as it is, so does what is quoted from a user's file.

use std::sync::OnceLock;

use super::chinese::{FRAMES, messages};
use crate::review::page::Language;

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// Sets the language of all messages, once.
pub(super) fn speak(language: Language) {
    let _ = LANGUAGE.set(language);
}

/// Whether messages are to be Chinese.
pub(super) fn is_chinese() -> bool {
    LANGUAGE.get() == Some(&Language::Chinese)
}

/// A text of several lines in the language that was set.
pub(super) fn told(text: &str) -> String {
    told_in(text, is_chinese())
}

/// The same in Chinese or not.
pub(super) fn told_in(text: &str, in_chinese: bool) -> String {
    if in_chinese { chinese(text) } else { text.to_owned() }
}

/// A text of several lines in Chinese.
pub(super) fn chinese(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
    // What is quoted from a user's file, and its place.
    let quoted = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    if quoted.starts_with(" | ") || quoted.starts_with("--> ") {
        return line.to_owned();
    }
    // The caret's line ends in what to do; the lines around it are the user's.
    if let Some((gutter, help)) = line.split_once("^ ").filter(|(gutter, _)| gutter.trim_start().starts_with('|')) {
        return format!("{gutter}^ {}", message(help));
    }
    for (english, chinese) in FRAMES {
        if let Some(rest) = line.strip_prefix(english) {
            return format!("{chinese}{}", message(rest));
        }
    }
    message(line)
}

/// A message by the entry of the table that holds most of it; what stands in its places is put into Chinese too.
fn message(english: &str) -> String {
    let fitting = messages().filter_map(|(pattern, chinese)| Some((pattern, chinese, places(pattern, english)?)));
    let Some((pattern, chinese, found)) = fitting.max_by_key(|(pattern, ..)| pattern.len()) else { return english.to_owned() };
    let told: Vec<String> = found.iter().map(|place| if *place == english { english.to_owned() } else { message(place) }).collect();
    // An entry of marks alone says nothing by itself.
    if !pattern.contains(char::is_alphabetic) && told == found {
        return english.to_owned();
    }
    let mut told = told.into_iter();
    let mut parts = chinese.split("{}");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // An entry of another order of words would need numbers; none does.
        out += &told.next().unwrap_or_default();
        out += part;
    }
    out
}

/// What stands in the places `{}` of a pattern, where it fits.
pub(super) fn places<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = pattern.split("{}");
    let mut before = literals.next()?;
    let mut rest = text.strip_prefix(before)?;
    let mut found = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let end = if literals.peek().is_none() { rest.strip_suffix(literal)?.len() } else { rest.find(literal)? };
        let place = &rest[..end];
        // A name in backticks is one name.
        if before.ends_with('`') && literal.starts_with('`') && place.contains('`') {
            return None;
        }
        found.push(place);
        before = literal;
        rest = &rest[end + literal.len()..];
    }
    (rest.is_empty() || !found.is_empty()).then_some(found).filter(|_| pattern.contains("{}") || rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::chinese::ours;
    use super::*;

    #[test]
    fn places_are_found_between_the_words_of_an_entry() {
        assert_eq!(places("{} has no key `{}`", "stage `a` has no key `b`"), Some(vec!["stage `a`", "b"]));
        assert_eq!((places("whole", "whole"), places("whole", "whole thing"), places("a {} c", "a b d")), (Some(vec![]), None, None));
    }

    /// Every entry is written somewhere in the sources, so that none outlives its message; its parts are compared, since messages are made of parts.
    #[test]
    fn every_entry_is_a_message_of_the_sources() {
        fn read(folder: &std::path::Path, all: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    read(&path, all);
                } else if path.extension().is_some_and(|end| end == "rs" || end == "toml") && !path.components().any(|part| part.as_os_str() == "chinese") {
                    all.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut sources = String::new();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        read(&root.join("src"), &mut sources);
        read(&root.join("filters/checks"), &mut sources);
        // Long texts are broken by a backslash, quotes stand behind one; the lines of a doc comment are one text.
        let lines: Vec<&str> = sources.lines().map(str::trim_start).collect();
        let sources = lines.join("\n").replace("\n/// ", " ");
        let joined: String = sources.split("\\\n").collect::<String>().replace("\\\"", "\"").replace("\\n", " ").replace("\\\\", "\\");
        for (english, chinese) in ours().chain(FRAMES) {
            assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
            for part in english.replace('\n', " ").split("{}").map(|part| part.trim_matches(|c: char| !c.is_alphanumeric())).filter(|part| part.len() > 3) {
                assert!(joined.contains(part), "no message says `{part}`, of `{english}`");
            }
        }
    }

    /// No entry is hidden by another, and what stands in its places comes through.
    #[test]
    fn every_entry_is_reached() {
        let filled = |text: &str| {
            let mut number = 0;
            let parts = text.split("{}").map(str::to_owned);
            parts.reduce(|out, part| {
                number += 1;
                format!("{out}«{number}»{part}")
            })
        };
        for (english, chinese) in messages().filter(|(english, _)| english.contains(char::is_alphabetic)) {
            assert_eq!(Some(message(&filled(english).unwrap())), filled(chinese), "{english}");
        }
    }

    /// What stands in the rows of `tests/suite/golden/` is said in Chinese too.
    #[test]
    fn every_golden_text_is_chinese_too() {
        let is_chinese = |text: &str| text.contains(|c: char| ('\u{4E00}'..'\u{A000}').contains(&c));
        let (mut seen, mut english) = (0, Vec::new());
        for name in ["arguments", "pipelines", "stages", "models", "ends", "runs", "verbs"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden").join(format!("{name}.txt"));
            let rows = std::fs::read_to_string(&path).unwrap();
            let said = rows.split("==== ").filter_map(|row| row.split_once("----\n")).map(|(_, said)| said);
            for line in said.flat_map(str::lines) {
                let message = line.strip_prefix("error: ").or_else(|| line.strip_prefix("  help: ")).or_else(|| Some(line.split_once("^ ")?.1));
                let Some(said) = message.filter(|message| !message.is_empty()) else { continue };
                seen += 1;
                if !is_chinese(&super::message(said)) {
                    english.push(said.to_owned());
                }
            }
        }
        assert!(seen > 300 && english.is_empty(), "{seen} seen; without an entry in src/cli/chinese/: {english:#?}");
    }

    #[test]
    fn what_the_table_does_not_know_stays() {
        assert_eq!(chinese("nobody has said this\n 3 | key = 5"), "nobody has said this\n 3 | key = 5");
    }
}
