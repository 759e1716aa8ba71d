//! Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show at the lines of the files.

use std::path::Path;

use serde_json::{Value, json};

use super::Report;

/// One run with all rules that were applied and the findings that are listed.
pub fn sarif(report: &Report) -> Value {
    let applied: Vec<_> = report.outcomes.iter().filter(|outcome| outcome.applied).collect();
    let rule = |outcome: &&super::Outcome| {
        let rule = outcome.rule;
        json!({
            "id": rule.code,
            "name": rule.name,
            "shortDescription": { "text": rule.what },
            "help": { "text": rule.help },
            "defaultConfiguration": { "level": rule.level.name() },
        })
    };
    let results: Vec<Value> = applied
        .iter()
        .enumerate()
        .flat_map(|(index, outcome)| {
            outcome.findings.iter().map(move |finding| {
                let mut place = json!({ "artifactLocation": { "uri": uri(&finding.file) } });
                if let Some(line) = finding.line {
                    place["region"] = json!({ "startLine": line });
                }
                // A row of a table has no line: the message says which it is.
                let message = if finding.line.is_some() { finding.message.clone() } else { format!("{}: {}", finding.place, finding.message) };
                json!({
                    "ruleId": outcome.rule.code,
                    "ruleIndex": index,
                    "level": outcome.rule.level.name(),
                    "message": { "text": message },
                    "locations": [{ "physicalLocation": place }],
                })
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dataprep",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": applied.iter().map(rule).collect::<Vec<_>>(),
            } },
            "results": results,
        }],
    })
}

/// A path as a reference (RFC 3986): all but letters, digits and a few marks are percent-encoded.
fn uri(path: &Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            other => uri += &format!("%{other:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri(Path::new("data/train set.jsonl")), "data/train%20set.jsonl");
        assert_eq!(uri(Path::new("/data/训.jsonl")), "file:///data/%E8%AE%AD.jsonl");
    }
}
