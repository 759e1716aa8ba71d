//! What people read, in Chinese: messages are written in English where they arise, and put into Chinese line by line where they are shown, by the table of [`super::chinese`].
//!
//! A line is a frame (`error: `, `  help: `, the caret under a place) and a message; what the table does not know stays as it is, so does what is quoted from a user's file.

use std::sync::OnceLock;

use clap::Command;

use super::chinese::{FRAMES, MESSAGES};
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
    if is_chinese() { chinese(text) } else { text.to_owned() }
}

/// A command whose verbs say in Chinese what they do, as far as the table knows it.
pub(super) fn abouts(command: Command) -> Command {
    let about = command.get_about().map(|about| chinese(&about.to_string()));
    let command = if let Some(about) = about { command.about(about) } else { command };
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.into_iter().fold(command, |command, verb| command.mut_subcommand(verb, abouts))
}

/// A text of several lines in Chinese.
pub(super) fn chinese(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
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
    let fitting = MESSAGES.iter().filter_map(|(pattern, chinese)| Some((pattern, chinese, places(pattern, english)?)));
    let Some((_, chinese, found)) = fitting.max_by_key(|(pattern, ..)| pattern.len()) else { return english.to_owned() };
    let mut found = found.into_iter();
    let mut parts = chinese.split("{}");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // An entry of another order of words would need numbers; none does.
        out += &found.next().map_or_else(String::new, |place| if place == english { place.to_owned() } else { message(place) });
        out += part;
    }
    out
}

/// What stands in the places `{}` of a pattern, where it fits.
fn places<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = pattern.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut found = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let end = if literals.peek().is_none() { rest.strip_suffix(literal)?.len() } else { rest.find(literal)? };
        found.push(&rest[..end]);
        rest = &rest[end + literal.len()..];
    }
    (rest.is_empty() || !found.is_empty()).then_some(found).filter(|_| pattern.contains("{}") || rest.is_empty())
}

#[cfg(test)]
mod tests {
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
                } else if path.extension().is_some_and(|end| end == "rs" || end == "toml") && !path.ends_with("chinese.rs") {
                    all.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut sources = String::new();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        read(&root.join("src"), &mut sources);
        read(&root.join("filters/checks"), &mut sources);
        // Long texts are broken by a backslash, quotes stand behind one.
        let joined: String = sources.split("\\\n").map(str::trim_start).collect::<String>().replace("\\\"", "\"").replace("\\n", "\n");
        for (english, chinese) in MESSAGES.iter().chain(&FRAMES) {
            assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
            for part in english.split("{}").map(|part| part.trim_matches(|c: char| !c.is_alphanumeric())).filter(|part| part.len() > 3) {
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
        for (english, chinese) in MESSAGES {
            assert_eq!(Some(message(&filled(english).unwrap())), filled(chinese), "{english}");
        }
    }

    #[test]
    fn what_the_table_does_not_know_stays() {
        assert_eq!(chinese("nobody has said this\n 3 | key = 5"), "nobody has said this\n 3 | key = 5");
    }
}
