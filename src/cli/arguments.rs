//! What is wrong with the arguments, said as all else is: what, where, and what to do, in the language that was asked for. clap finds it, and would say it in
//! English and its own way.

use std::error::Error as _;
use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::Failure;
use crate::config::nearest;

/// The message of what clap found; `None` for what is no mistake, as help that was asked for.
pub(super) fn mistake(error: &Error, command: &Command, arguments: &[OsString]) -> Option<Failure> {
    let (verb, command) = verb(command, arguments);
    let (call, help) = (format!("dataprep{verb}"), format!("`dataprep help{verb}`"));
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.as_str()],
        Some(ContextValue::Strings(all)) => all.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let one = |kind| of(kind).last().copied().unwrap_or_default();
    let quoted = |all: Vec<&str>| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let argument = one(ContextKind::InvalidArg);
    let value = one(ContextKind::InvalidValue);
    let (what, then) = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            (format!("`{call}` has no option `{argument}`"), did_you_mean(one(ContextKind::SuggestedArg), &format!("{help} lists all")))
        }
        ErrorKind::UnknownArgument => (format!("`{call}` has no place for `{argument}`"), format!("{help} shows how it is called")),
        ErrorKind::InvalidSubcommand => {
            let typed = one(ContextKind::InvalidSubcommand);
            // clap finds `few-shot` near `wash`.
            let near = nearest(typed, command.get_subcommands().map(Command::get_name));
            (format!("`{call}` has no verb `{typed}`"), did_you_mean(near.unwrap_or_default(), &format!("{help} lists all")))
        }
        ErrorKind::MissingSubcommand => (format!("`{call}` wants a verb"), format!("{help} lists all")),
        ErrorKind::MissingRequiredArgument => {
            (format!("`{call}` is missing {}", quoted(of(ContextKind::InvalidArg))), format!("{help} shows how it is called"))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            (format!("`{argument}` lacks its value"), format!("{help} says what it takes"))
        }
        ErrorKind::InvalidValue => (
            format!("`{value}` is no value of `{argument}`: one of: {}", of(ContextKind::ValidValue).join(", ")),
            did_you_mean(one(ContextKind::SuggestedValue), &format!("{help} says what it takes")),
        ),
        ErrorKind::ValueValidation => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            (format!("`{value}` is no value of `{argument}`: {why}"), format!("{help} says what it takes"))
        }
        ErrorKind::TooManyValues => (format!("`{argument}` takes no value, and got `{value}`"), format!("{help} shows how it is called")),
        ErrorKind::ArgumentConflict if of(ContextKind::PriorArg) == [argument] => {
            (format!("`{argument}` stands twice"), format!("{help} shows how it is called"))
        }
        ErrorKind::ArgumentConflict => {
            (format!("`{argument}` cannot be used with {}", quoted(of(ContextKind::PriorArg))), format!("{help} shows how it is called"))
        }
        kind => (kind.to_string(), format!("{help} shows how it is called")),
    };
    // Some values are refused with the remedy.
    Some(Failure(if what.contains("\n  help: ") { what } else { format!("{what}\n  help: {then}") }))
}

fn did_you_mean(near: &str, else_then: &str) -> String {
    if near.is_empty() { else_then.to_owned() } else { format!("did you mean `{near}`? {else_then}") }
}

/// The verb that the arguments are for, as ` shards merge`, and its command; of the whole program where they name none.
fn verb<'c>(mut command: &'c Command, arguments: &[OsString]) -> (String, &'c Command) {
    let mut verb = String::new();
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        if let Some(next) = command.find_subcommand(word) {
            verb = format!("{verb} {}", next.get_name());
            command = next;
        } else if word == "--lang" {
            words.next();
        } else if !word.as_encoded_bytes().starts_with(b"--lang=") {
            break;
        }
    }
    (verb, command)
}
