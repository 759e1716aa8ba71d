use super::*;

/// Findings of the rules over several rows, as (code, places).
fn across(lines: &str, most: usize, listed: usize) -> Vec<(&'static str, u64, Vec<String>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.jsonl");
    std::fs::write(&path, lines).unwrap();
    let options = Options { files: vec![path.display().to_string()], listed, ..Options::default() };
    let report = with_records(&options, most).unwrap();
    assert_eq!(report.rows, lines.lines().count() as u64);
    let shown = |outcome: Outcome| {
        let lines = outcome.findings.iter().map(|one| format!("{} of {}", one.line.unwrap(), one.message.rsplit(':').next().unwrap()));
        (outcome.rule.code, outcome.count, lines.collect())
    };
    report.outcomes.into_iter().filter(|outcome| outcome.count > 0).map(shown).collect()
}

/// Forty questions, each answered one to four times.
fn rows() -> String {
    let row = |at: u64| format!("{{\"instruction\": \"question {}\", \"output\": \"answer {}\"}}\n", at % 40, at / 40 % 2);
    (0..100).map(row).collect()
}

#[test]
fn findings_do_not_depend_on_how_many_records_fit() {
    let whole = across(&rows(), RECORDS, 1000);
    assert!(whole.iter().map(|(_, count, _)| count).sum::<u64>() == 60, "{whole:?}");
    for most in [2, 3, 17, 99] {
        assert_eq!(across(&rows(), most, 1000), whole, "{most} records");
    }
}

#[test]
fn the_first_findings_are_kept_and_all_are_counted() {
    let lines = "{\"instruction\": \"q\", \"output\": \"a\"}\n".repeat(5);
    assert_eq!(across(&lines, 2, 2), [("DP302", 4, vec!["2 of 1".to_owned(), "3 of 1".to_owned()])]);
}
