//! What clap and clap_mangen write around our texts.

/// Helps of what clap adds by itself.
pub(super) const MESSAGES: &[(&str, &str)] = &[
    ("Print help", "显示帮助"),
    ("Print help (see more with '--help')", "显示帮助（用 `--help` 显示更多）"),
    ("Print help (see a summary with '-h')", "显示帮助（用 `-h` 只显示概要）"),
    ("Print version", "显示版本"),
    ("Print this message or the help of the given subcommand(s)", "显示这段说明，或某个命令的帮助"),
];

/// Headings of a help.
pub(in super::super) const HEADINGS: &[(&str, &str)] = &[("Commands:", "命令："), ("Arguments:", "参数："), ("Options:", "选项：")];

/// What stands beside a text of the help.
pub(in super::super) const AROUND_TEXTS: &[(&str, &str)] = &[
    ("[OPTIONS]", "[选项]"),
    ("<COMMAND>", "<命令>"),
    ("[COMMAND]", "[命令]"),
    ("Possible values:", "可选值："),
    ("[possible values: ", "[可选值："),
    ("[default: ", "[默认值："),
    ("[env: ", "[环境变量："),
    ("[alias: ", "[别名："),
    ("[aliases: ", "[别名："),
];

/// Headings of a manual page, and what stands beside its texts.
pub(in super::super) const PAGE: &[(&str, &str)] = &[
    (".SH NAME\n", ".SH 名称\n"),
    (".SH SYNOPSIS\n", ".SH 概要\n"),
    (".SH DESCRIPTION\n", ".SH 描述\n"),
    (".SH OPTIONS\n", ".SH 选项\n"),
    (".SH SUBCOMMANDS\n", ".SH 命令\n"),
    (".SH EXTRA\n", ".SH 补充\n"),
    (".SH VERSION\n", ".SH 版本\n"),
    ("\\fIsubcommands\\fR", "\\fI命令\\fR"),
    ("\\fIPossible values:\\fR", "\\fI可选值：\\fR"),
    ("[default: ", "[默认值："),
];
