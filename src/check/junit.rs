//! Results of checks as JUnit XML, which every CI system shows.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Judged, Outcome, Severity};

/// One suite, a case for each check on each fact; what cannot be told is a skipped case, or with `strict` a failure.
///
/// # Errors
/// Never, as far as is known: a text cannot fail to be written.
pub fn junit(name: &str, judged: &[Judged], strict: bool) -> Result<String, String> {
    let mut suite = TestSuite::new(name);
    for Judged { check, metric, outcome, severity, message, help, examples, .. } in judged {
        let fails = match outcome {
            Outcome::Pass => false,
            Outcome::Inconclusive => strict,
            Outcome::Fail => strict || *severity == Severity::Error,
        };
        let status = match outcome {
            Outcome::Pass => TestCaseStatus::success(),
            _ if fails => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(message.as_str()).set_description(std::iter::once(help).chain(examples).map(String::as_str).collect::<Vec<_>>().join("\n"));
                status
            }
            _ => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(message.as_str());
                status
            }
        };
        let mut case = TestCase::new(format!("{check}: {metric}"), status);
        case.set_classname(check.as_str());
        suite.add_test_case(case);
    }
    let mut report = Report::new("dataprep check");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Checks, Fact, Facts, judge};
    use super::*;

    fn judged() -> Vec<Judged> {
        let check = |name: &str, metric: &str, rest: &str| format!("[[check]]\nname = \"{name}\"\nmetric = \"{metric}\"\n{rest}\n");
        let toml = [
            check("good", "kept", "min = 0.1"),
            check("bad", "integrity", "max = 0\nhelp = \"copy <again>\""),
            check("soft", "kept", "min = 0.9\nseverity = \"warn\""),
            check("unknown", "verdict", "max = 0"),
        ];
        let facts = [("kept", Fact::Share { share: 0.5, of: 9 }), ("integrity", Fact::Faults(vec!["\"a\" & b".to_owned()]))];
        let checks = Checks::parse("c.toml", &toml.concat()).unwrap();
        assert_eq!(checks.list.iter().map(|Check { name, .. }| name.as_str()).collect::<Vec<_>>(), ["good", "bad", "soft", "unknown"]);
        judge(&checks, &Facts(facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()), None)
    }

    #[test]
    fn failures_have_reasons_and_warnings_are_skipped_unless_strict() {
        let xml = junit("out/web", &judged(), false).unwrap();
        for part in [
            "tests=\"4\"",
            "failures=\"1\"",
            "name=\"good: kept\" classname=\"good\"",
            "message=\"integrity is 1, above 0\"",
            "copy &lt;again&gt;",
            "&amp; b",
            "<skipped message=\"kept is 0.5, below 0.9\"",
        ] {
            assert!(xml.contains(part), "{part} is missing from\n{xml}");
        }
        assert!(junit("out/web", &judged(), true).unwrap().contains("failures=\"3\""));
    }
}
