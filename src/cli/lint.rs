use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::say::say;
use super::translate::told;
use super::{Done, Failure, Outcome, count, write_whole};
use crate::check::{Judged, Outcome as Result, Severity, github, junit};
use crate::config::suggestion;
use crate::lint::{Level, Options, Outcome as Found, RULES, Report, Rule, lint, sarif};

/// Look for what is wrong in fine-tuning data: conversations and preference pairs, by themselves and beside each other. Exit code 1 where there is an error.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  dataprep lint train.jsonl\n  \
                        dataprep lint train.jsonl --eval eval.jsonl --tokenizer tokenizer.json --template chatml --seq-len 2048\n  \
                        dataprep lint 'pairs/*.parquet' --sarif lint.sarif --junit lint.xml --github\n  \
                        dataprep lint --rules                            every rule: its code, what it finds, what to do\n\n\
                        Rows are read as the sources `chat` and `pairs` read them; `dataprep explain chat` and `dataprep explain pairs` show their forms.")]
pub struct Lint {
    /// Files, folders or globs: JSON lines, JSON lists, Parquet, CSV, tar archives; compressed or not.
    #[arg(required_unless_present = "rules")]
    data: Vec<String>,
    /// Evaluation files: no question of theirs may stand in the data.
    #[arg(long, value_name = "FILE")]
    eval: Vec<String>,
    /// The tokenizer that the model has, a tokenizer.json.
    #[arg(long, value_name = "FILE", requires = "template")]
    tokenizer: Option<String>,
    /// Its chat template: chatml, llama3, plain, a tokenizer_config.json or a file *.jinja.
    #[arg(long, value_name = "NAME", requires = "tokenizer")]
    template: Option<String>,
    /// Tokens of a training row.
    #[arg(long, value_name = "N", requires = "tokenizer", value_parser = clap::value_parser!(u32).range(1..))]
    seq_len: Option<u32>,
    /// Rules to leave out, by code.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Findings to list of each rule; all are counted.
    #[arg(long, value_name = "N", default_value_t = 20)]
    list: usize,
    /// Warnings fail too.
    #[arg(long)]
    strict: bool,
    /// Print all rules, and look at nothing.
    #[arg(long)]
    rules: bool,
    /// Print findings as JSON.
    #[arg(long)]
    json: bool,
    /// Also write findings as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Also write results as JUnit XML, a case a rule.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print GitHub annotations.
    #[arg(long)]
    github: bool,
}

impl Lint {
    pub(super) fn call(self) -> Outcome {
        if self.rules {
            say!("{}", RULES.iter().map(entry).collect::<String>().trim_end())?;
            return Ok(Done::Fine);
        }
        if let Some(code) = self.ignore.iter().find(|code| RULES.iter().all(|rule| rule.code != code.as_str())) {
            let codes = RULES.iter().map(|rule| rule.code).collect::<Vec<_>>();
            return Err(Failure(format!("--ignore: there is no rule `{code}`\n  help: {}", suggestion(code, codes))));
        }
        let report = lint(&Options {
            files: self.data.clone(),
            tokenizer: self.tokenizer.clone(),
            template: self.template.clone(),
            seq_len: self.seq_len.map(|length| length as usize),
            evaluation: self.eval.clone(),
            ignored: self.ignore.clone(),
            listed: self.list,
        })?;
        if report.rows == 0 {
            return Err(Failure(format!("no row stands in {}\n  help: name files of conversations or pairs", self.data.join(" "))));
        }
        self.write(&report)?;
        let fails = |found: &Found| found.count > 0 && (self.strict || found.rule.level == Level::Error);
        Ok(if report.outcomes.iter().any(fails) { Done::Unmet } else { Done::Fine })
    }

    fn write(&self, report: &Report) -> std::result::Result<(), Failure> {
        if self.json {
            say!("{}", serde_json::to_string_pretty(&as_json(&self.data, report))?)?;
        } else if self.github {
            let text = annotations(report, self.strict);
            if !text.is_empty() {
                say!("{}", text.trim_end())?;
            }
        } else {
            say!("{}", told(described(&self.data.join(" "), report).trim_end()))?;
        }
        if let Some(path) = &self.sarif {
            let text = serde_json::to_string_pretty(&sarif(report))?;
            write_whole(path, |out| writeln!(out, "{text}"))?;
        }
        if let Some(path) = &self.junit {
            let xml = junit(&self.data.join(" "), &judged(report), self.strict)?;
            write_whole(path, |out| out.write_all(xml.as_bytes()))?;
        }
        Ok(())
    }
}

/// A rule for people.
pub(super) fn entry(rule: &Rule) -> String {
    let needs = if rule.needs.arguments().is_empty() { String::new() } else { format!("\n  needs {}", rule.needs.arguments()) };
    format!("{} {} ({})\n  {}\n  help: {}{needs}\n\n", rule.code, rule.name, rule.level.name(), rule.what, rule.help)
}

/// Findings for people: a line each, and what to do once for each rule.
fn described(name: &str, report: &Report) -> String {
    let mut out = String::new();
    for Found { rule, count: all, findings, .. } in report.outcomes.iter().filter(|found| found.count > 0) {
        out += &format!("{}: {} {}, {} found\n", rule.level.name(), rule.code, rule.name, count(*all));
        findings.iter().for_each(|one| out += &format!("  {}: {}\n", one.place, one.message));
        let more = all - findings.len() as u64;
        if more > 0 {
            out += &format!("  and {} more: --list N shows more of them\n", count(more));
        }
        out += &format!("  help: {}\n\n", rule.help);
    }
    let of = |level: Level| count(report.outcomes.iter().filter(|found| found.rule.level == level).map(|found| found.count).sum());
    out += &format!("{name}: {} rows, {} errors, {} warnings\n", count(report.rows), of(Level::Error), of(Level::Warning));
    let mut missing: Vec<(&str, Vec<&str>)> = Vec::new();
    for rule in report.outcomes.iter().filter(|found| !found.applied && !found.rule.needs.arguments().is_empty()).map(|found| found.rule) {
        match missing.last_mut() {
            Some((needs, codes)) if *needs == rule.needs.arguments() => codes.push(rule.code),
            _ => missing.push((rule.needs.arguments(), vec![rule.code])),
        }
    }
    for (needs, codes) in missing {
        out += &format!("not looked for: {} (give {needs})\n", codes.join(", "));
    }
    out
}

fn as_json(data: &[String], report: &Report) -> serde_json::Value {
    let rule = |found: &Found| {
        let findings: Vec<_> =
            found.findings.iter().map(|one| json!({ "file": one.file, "line": one.line, "place": one.place, "message": one.message })).collect();
        json!({ "code": found.rule.code, "name": found.rule.name, "level": found.rule.level.name(), "applied": found.applied, "count": found.count, "findings": findings })
    };
    json!({ "schema": 1, "data": data, "rows": report.rows, "rules": report.outcomes.iter().map(rule).collect::<Vec<_>>() })
}

fn annotations(report: &Report, strict: bool) -> String {
    let mut out = String::new();
    for Found { rule, findings, .. } in &report.outcomes {
        let level = if strict { "error" } else { rule.level.name() };
        for one in findings {
            let file = one.file.display().to_string();
            let message =
                format!("{}: {}", if one.line.is_some() { &one.message } else { &one.place }, if one.line.is_some() { rule.help } else { &one.message });
            out += &github::annotation(level, Some((&file, one.line.unwrap_or(1))), &format!("{} {}", rule.code, rule.name), &message);
        }
    }
    out
}

/// A result for each rule that was applied.
fn judged(report: &Report) -> Vec<Judged> {
    let one = |found: &Found| Judged {
        check: found.rule.code.to_owned(),
        metric: found.rule.name.to_owned(),
        outcome: if found.count == 0 { Result::Pass } else { Result::Fail },
        severity: if found.rule.level == Level::Error { Severity::Error } else { Severity::Warn },
        value: Some(found.count as f64),
        min: None,
        max: Some(0.0),
        change: None,
        noise: None,
        documents: Some(report.rows),
        message: format!("{} found", count(found.count)),
        help: found.rule.help.to_owned(),
        examples: found.findings.iter().map(|one| format!("{}: {}", one.place, one.message)).collect(),
        span: 0..0,
    };
    report.outcomes.iter().filter(|found| found.applied).map(one).collect()
}
