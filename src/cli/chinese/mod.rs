//! The table of messages in Chinese, in parts: the frame of problems, what is wrong with arguments, what is wrong with pipelines, keys, models and runs, the results of checks, the rules of the lint, and what each
//! verb does. What the table does not know is shown in English; a test holds every row of `tests/suite/golden/` against it.

mod arguments;
mod checks;
mod help;
mod models;
mod pipeline;
mod runs;
mod stages;
mod system;
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

/// Messages of ours; `{}` is whatever stands there.
pub(super) fn ours() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts =
        [arguments::MESSAGES, pipeline::MESSAGES, stages::MESSAGES, models::MESSAGES, runs::MESSAGES, checks::MESSAGES, verbs::MESSAGES, help::MESSAGES];
    parts.into_iter().flatten().copied()
}

/// All messages: ours, and those of the system that stand in them.
pub(super) fn messages() -> impl Iterator<Item = (&'static str, &'static str)> {
    ours().chain(system::MESSAGES.iter().copied())
}
