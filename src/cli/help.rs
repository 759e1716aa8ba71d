//! `--help`, manual pages and completions in Chinese: all texts of the commands by the table of [`super::chinese`], and what clap and clap_mangen set around
//! them by the form in which they write it.

use std::ffi::OsString;

use clap::builder::styling::Style;
use clap::builder::{PossibleValue, PossibleValuesParser, Resettable, StyledStr, Styles};
use clap::error::{ContextKind, ContextValue, Error, ErrorFormatter};
use clap::{Arg, Command};

use super::chinese::{AROUND_TEXTS, HEADINGS, PAGE, messages};
use super::translate::chinese;

/// A command whose texts are Chinese. It is for showing: the values of its options stay words, from which no verb can be made.
pub(super) fn in_chinese(mut command: Command) -> Command {
    // Only what is built has the arguments and verbs that clap adds by itself.
    command.build();
    verb(command)
}

fn verb(command: Command) -> Command {
    let [about, long_about] = [command.get_about(), command.get_long_about()].map(told);
    let [after, long_after] = [command.get_after_help(), command.get_after_long_help()].map(told);
    let command = command.about(about).long_about(long_about).after_help(after).after_long_help(long_after);
    command.mut_args(argument).mut_subcommands(verb)
}

fn argument(argument: Arg) -> Arg {
    let [help, long_help] = [argument.get_help(), argument.get_long_help()].map(told);
    let values = argument.get_possible_values();
    let argument = argument.help(help).long_help(long_help);
    if values.iter().all(|value| value.get_help().is_none()) {
        return argument;
    }
    argument.value_parser(PossibleValuesParser::new(values.into_iter().map(value)))
}

fn value(value: PossibleValue) -> PossibleValue {
    let help = told(value.get_help());
    value.help(help)
}

fn told(text: Option<&StyledStr>) -> Resettable<StyledStr> {
    let told = text.map(|text| text.to_string().split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n"));
    told.map(StyledStr::from).into()
}

/// A paragraph over several lines is one message where the table has it; of others every line is.
fn paragraph(english: &str) -> String {
    if let Some((_, chinese)) = messages().find(|(message, _)| *message == english.replace('\n', " ")) {
        return chinese.to_owned();
    }
    let lines = english.split('\n').map(|line| match prose(line) {
        Some((code, prose)) => format!("{code}{}", chinese(prose)),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What of a line is to be told, and what stands before it: an indented line is code, with a remark behind two spaces or more.
fn prose(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with("  ") {
        return (!line.is_empty()).then_some(("", line));
    }
    let end = line.trim_start().rfind("  ")? + line.len() - line.trim_start().len() + 2;
    Some(line.split_at(end))
}

/// Prints the help that the arguments ask for.
pub(super) fn print(command: &Command, arguments: &[OsString]) -> std::io::Result<()> {
    let Err(asked) = command.clone().try_get_matches_from(arguments) else { return Ok(()) };
    let text = headings(&asked.render().ansi().to_string(), command.get_styles());
    let mut help = Error::<Written>::new(asked.kind()).with_cmd(command);
    help.insert(ContextKind::Custom, ContextValue::StyledStr(text.into()));
    help.print()
}

/// What is printed as it was put in: clap then knows where it goes, and whether in colours.
struct Written;

impl ErrorFormatter for Written {
    fn format_error(error: &Error<Self>) -> StyledStr {
        match error.get(ContextKind::Custom) {
            Some(ContextValue::StyledStr(text)) => text.clone(),
            _ => StyledStr::new(),
        }
    }
}

/// The headings of a help in Chinese. clap has no means to set them; their style tells them from texts.
fn headings(help: &str, styles: &Styles) -> String {
    let styled = |style: &Style, heading: &str| format!("{style}{heading}{style:#}");
    let usage = styles.get_usage();
    let help = help.replacen(&(styled(usage, "Usage:") + " "), &styled(usage, "用法："), 1);
    let header = styles.get_header();
    let help = HEADINGS.iter().fold(help, |help, (english, chinese)| help.replace(&styled(header, english), &styled(header, chinese)));
    replaced(help, AROUND_TEXTS)
}

/// A manual page with its headings in Chinese.
pub(super) fn page(roff: String) -> String {
    replaced(roff, PAGE)
}

fn replaced(text: String, table: &[(&str, &str)]) -> String {
    table.iter().fold(text, |text, (english, chinese)| text.replace(english, chinese))
}

#[cfg(test)]
mod tests {
    use super::super::chinese::help_texts;
    use super::super::translate::places;
    use super::*;

    fn english() -> Command {
        let mut command = super::super::command();
        command.build();
        command
    }

    /// Every command below one, with the words that call it.
    fn each(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
        visit(command, path);
        for verb in command.get_subcommands() {
            each(verb, &format!("{path} {}", verb.get_name()), visit);
        }
    }

    fn is_chinese(text: &str) -> bool {
        text.contains(|c: char| ('\u{4E00}'..'\u{A000}').contains(&c))
    }

    #[test]
    fn every_text_of_the_help_has_its_chinese() {
        let has = |text: &str| help_texts().any(|(english, _)| places(english, text).is_some());
        let mut missing = Vec::new();
        each(&english(), "dataprep", &mut |command, path| {
            let mut hold = |whose: String, text: Option<&StyledStr>| {
                let text = text.map(ToString::to_string).unwrap_or_default();
                for paragraph in text.split("\n\n").filter(|paragraph| !has(&paragraph.replace('\n', " "))) {
                    let lines = paragraph.lines().filter_map(prose).filter(|(_, line)| !has(line));
                    missing.extend(lines.map(|(_, line)| format!("{whose}: {line}")));
                }
            };
            for text in [command.get_about(), command.get_long_about(), command.get_after_help(), command.get_after_long_help()] {
                hold(format!("`{path}`"), text);
            }
            for argument in command.get_arguments() {
                let name = format!("`{path}`, `{argument}`");
                hold(name.clone(), argument.get_help());
                hold(name.clone(), argument.get_long_help());
                for value in argument.get_possible_values() {
                    hold(format!("{name}, value `{}`", value.get_name()), value.get_help());
                }
            }
        });
        assert!(missing.is_empty(), "write the Chinese of {} lines into src/cli/chinese/: {missing:#?}", missing.len());
    }

    /// What stands at the margin is prose or a heading, so is what ends in a colon.
    #[test]
    fn every_heading_of_the_help_is_chinese() {
        let mut seen = 0;
        each(&in_chinese(super::super::command()), "dataprep", &mut |command, path| {
            for help in [command.clone().render_help(), command.clone().render_long_help()] {
                let help = headings(&help.ansi().to_string(), command.get_styles());
                let help = StyledStr::from(help).to_string();
                for line in help.lines().filter(|line| !line.is_empty() && (!line.starts_with(' ') || line.ends_with(':'))) {
                    assert!(is_chinese(line), "`{path}` says in English: {line}\n{help}");
                    seen += 1;
                }
                for (english, _) in HEADINGS.iter().chain(AROUND_TEXTS) {
                    assert!(!help.contains(english), "`{path}` says `{english}`:\n{help}");
                }
            }
        });
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn code_is_told_from_prose() {
        assert_eq!(prose("Examples:"), Some(("", "Examples:")));
        assert_eq!(prose("  dataprep check a    b"), Some(("  dataprep check a    ", "b")));
        assert_eq!([prose(""), prose("  dataprep check a")], [None; 2]);
    }
}
