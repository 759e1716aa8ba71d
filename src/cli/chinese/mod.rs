//! The table of messages in Chinese, in parts: the frame of problems, what is wrong with arguments, what is wrong with pipelines, keys, models and runs, the results of checks, the rules of the lint, and the
//! whole help. What the table does not know is shown in English; tests hold every row of `tests/suite/golden/` and
//! every text of the help against it.

mod arguments;
mod checks;
mod clap;
mod help;
mod models;
mod notes;
mod options;
mod pipeline;
mod runs;
mod stages;
mod system;
mod training;
mod verbs;

/// How a line begins, English and Chinese.
pub(super) const FRAMES: [(&str, &str); 6] = [
    ("error: ", "错误："),
    ("warning: ", "警告："),
    ("  help: ", "  办法："),
    ("failed: ", "不通过："),
    ("cannot tell: ", "无法判断："),
    ("not read: ", "未能读取："),
];

pub(super) use clap::{AROUND_TEXTS, HEADINGS, PAGE};

/// Texts of the help.
const HELP: [&[(&str, &str)]; 4] = [help::MESSAGES, options::MESSAGES, training::MESSAGES, notes::MESSAGES];

/// Messages of ours; `{}` is whatever stands there.
pub(super) fn ours() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = [arguments::MESSAGES, pipeline::MESSAGES, stages::MESSAGES, models::MESSAGES, runs::MESSAGES, checks::MESSAGES, verbs::MESSAGES];
    parts.into_iter().chain(HELP).flatten().copied()
}

/// All messages: ours, and those of the system and of clap that stand in them.
pub(super) fn messages() -> impl Iterator<Item = (&'static str, &'static str)> {
    ours().chain(system::MESSAGES.iter().copied()).chain(clap::MESSAGES.iter().copied())
}

/// Texts of the help, ours and clap's.
#[cfg(test)]
pub(super) fn help_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    HELP.into_iter().chain([clap::MESSAGES]).flatten().copied()
}
