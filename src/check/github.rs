//! Results of checks as GitHub Actions shows them: an annotation at the line of the check, and a table for the summary of the job.

use super::{Checks, Judged, Outcome, Severity};

/// One workflow command a failure, a warning for what cannot be told; `checks` say where their bounds are written.
pub fn annotations(checks: &Checks, judged: &[Judged], strict: bool) -> String {
    let mut out = String::new();
    for one in judged.iter().filter(|one| one.outcome != Outcome::Pass) {
        let error = strict || (one.outcome == Outcome::Fail && one.severity == Severity::Error);
        let level = if error { "error" } else { "warning" };
        let message = if one.help.is_empty() { one.message.clone() } else { format!("{}: {}", one.message, one.help) };
        let place = checks.text.line_of(one.span.start).map(|(file, line)| (file, line as u64));
        out += &annotation(level, place, &format!("{} ({})", one.check, one.metric), &message);
    }
    out
}

/// One workflow command: `level` is `error` or `warning`, the place a file and its line.
pub fn annotation(level: &str, place: Option<(&str, u64)>, title: &str, message: &str) -> String {
    let place = place.map(|(file, line)| format!("file={},line={line},", property(file))).unwrap_or_default();
    format!("::{level} {place}title={}::{}\n", property(title), data(message))
}

/// A Markdown table of all that did not pass, or a line that all did.
pub fn summary(name: &str, judged: &[Judged]) -> String {
    let failed: Vec<&Judged> = judged.iter().filter(|one| one.outcome != Outcome::Pass).collect();
    let mut out = format!("### dataprep check `{}`\n\n", name.replace('`', "'"));
    if failed.is_empty() {
        return out + &format!("All {} checks pass.\n", judged.len());
    }
    out += "| check | result | what was found | what to do |\n|---|---|---|---|\n";
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;");
    for Judged { check, outcome, message, help, .. } in failed {
        let result = if *outcome == Outcome::Fail { "failed" } else { "cannot be told" };
        out += &format!("| {} | {result} | {} | {} |\n", cell(check), cell(message), cell(help));
    }
    out
}

/// Escaped as the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escaped as a property of one.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::{Fact, Facts, judge};
    use super::*;

    #[test]
    fn commands_cannot_be_broken_out_of() {
        let toml = "[[check]]\nname = \"a,b::c\"\nmetric = \"kept\"\nmin = 0.9\nhelp = \"50%\\nmore | less\"\n";
        let checks = Checks::parse("c.toml", toml).unwrap();
        let judged = judge(&checks, &Facts([("kept".to_owned(), Fact::Share { share: 0.5, of: 9 })].into()), None);
        assert_eq!(annotations(&checks, &judged, false), "::error file=c.toml,line=4,title=a%2Cb%3A%3Ac (kept)::kept is 0.5, below 0.9: 50%25%0Amore | less\n");
        assert!(summary("o", &judged).ends_with("| a,b::c | failed | kept is 0.5, below 0.9 | 50% more \\| less |\n"));
    }
}
