//! One pass of line rules over the lines of a text.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::{Action, LineCut, Step, Test, Total, apply::Verdicts};
use crate::text::{Facts, Span, Splitter, chars, slice};

/// A pass over one text.
pub struct Pass<'r, 't> {
    tallies: Vec<Tally<'r>>,
    cut: LineCut,
    /// How words are found, where a rule does not say.
    words: Splitter,
    text: &'t str,
    whole: &'t mut Facts,
    /// Facts of the line at hand.
    line: &'t mut Facts,
    /// Whether to go on after the document is lost.
    audit: bool,
    /// Times that a line has lost the document.
    broken: usize,
}

/// A step and what it has found so far.
struct Tally<'r> {
    step: &'r Step,
    /// Its measure is 0 on every line that is not edited.
    nothing: bool,
    /// Lines dropped, or the sum over lines kept.
    sum: f64,
    /// The sum over all lines.
    all: f64,
    /// The value nearest to breaking the bound.
    worst: Option<f64>,
    /// The first value that broke it, and when.
    broke: Option<(usize, f64)>,
}

impl<'r, 't> Pass<'r, 't> {
    /// A pass of `steps` over `text`, whose facts are `whole`; `line` is working memory.
    pub fn new(steps: &'r [Step], cut: LineCut, words: Splitter, (text, whole): (&'t str, &'t mut Facts), line: &'t mut Facts, audit: bool) -> Self {
        let mut tally = |step: &'r Step| {
            let test = step.action.test().filter(|test| test.measure.adds_up);
            let nothing = test.is_some_and(|test| test.value(text, whole, words) == 0.0);
            Tally { step, nothing, sum: 0.0, all: 0.0, worst: None, broke: None }
        };
        let tallies = steps.iter().filter(|step| step.on).map(&mut tally).collect();
        Self { tallies, cut, words, text, whole, line, audit, broken: 0 }
    }

    /// Judges the text; gives what the lines left make of it, where that differs.
    pub fn run(mut self, verdicts: &mut Verdicts) -> Option<String> {
        if self.tallies.is_empty() {
            return None;
        }
        let mut edited = String::new();
        let mut kept = 0usize;
        for span in self.lines() {
            let left = self.line(span);
            if self.broken > 0 && !self.audit {
                break;
            }
            if let Some(left) = left {
                if kept > 0 {
                    edited.push('\n');
                }
                kept += 1;
                edited.push_str(&left);
            }
        }
        self.report(verdicts);
        let left = if self.cut.strip { chars::strip(&edited) } else { &edited };
        if left == self.text {
            return None;
        }
        Some(if left.len() < edited.len() { left.to_owned() } else { edited })
    }

    fn lines(&mut self) -> Vec<Span> {
        if self.cut.universal {
            return self.whole.lines(self.text).to_vec();
        }
        let mut start = 0;
        let ends = memchr_iter(b'\n', self.text.as_bytes()).chain([self.text.len()]);
        ends.map(|end| (std::mem::replace(&mut start, end as u32 + 1), end as u32)).collect()
    }

    /// What is left of the line at `span`; none where it, or the document, is dropped.
    fn line(&mut self, mut span: Span) -> Option<Cow<'t, str>> {
        if self.cut.strip {
            let left = chars::strip_start(slice(self.text, span));
            span.0 = span.1 - left.len() as u32;
            span.1 = span.0 + chars::strip_end(left).len() as u32;
        }
        let mut now = Cow::Borrowed(slice(self.text, span));
        if now.is_empty() && self.cut.keep_empty {
            return Some(now);
        }
        let Self { tallies, whole, line, words, .. } = self;
        line.reset();
        line.learn_runs(whole, span);
        let mut value = |test: &Test, nothing: bool, now: &Cow<str>, fresh: bool| {
            if fresh {
                line.reset();
            }
            let whole_line = matches!(now, Cow::Borrowed(_));
            if whole_line && nothing {
                return 0.0;
            }
            test.split(line, *words);
            if whole_line && test.measure.of_words {
                line.learn_words(whole, span);
            }
            test.number(now, line)
        };
        for tally in tallies.iter_mut() {
            if let Action::DropByTotal(test, Total::KeptShare) = &tally.step.action {
                tally.all += value(test, tally.nothing, &now, false);
            }
        }
        let mut fresh = false;
        for tally in tallies.iter_mut() {
            match &tally.step.action {
                Action::Cut(cut) => {
                    if let Cow::Owned(shorter) = cut.of(&now) {
                        now = Cow::Owned(shorter);
                        fresh = true;
                    }
                }
                Action::DropLine(test) => {
                    let value = value(test, tally.nothing, &now, std::mem::take(&mut fresh));
                    if test.bounds.broken(value).is_some() {
                        tally.sum += 1.0;
                        return None;
                    }
                }
                Action::DropByLine(test) => {
                    let value = value(test, tally.nothing, &now, std::mem::take(&mut fresh));
                    tally.worst = Some(test.bounds.worse(value, tally.worst.unwrap_or(value)));
                    if test.bounds.broken(value).is_some() {
                        self.broken += 1;
                        tally.broke.get_or_insert((self.broken, value));
                        if !self.audit {
                            return None;
                        }
                    }
                }
                Action::Drop(_) | Action::DropByTotal(..) => {}
            }
        }
        for tally in tallies {
            if let Action::DropByTotal(test, _) = &tally.step.action {
                tally.sum += value(test, tally.nothing, &now, std::mem::take(&mut fresh));
            }
        }
        Some(now)
    }

    /// Judges: first what lines broke, in the order in which they did, then the rest, totals last.
    fn report(&mut self, verdicts: &mut Verdicts) {
        self.tallies.sort_by_key(|tally| match tally.step.action {
            Action::DropByTotal(..) => (2, 0),
            _ => tally.broke.map_or((1, 0), |(when, _)| (0, when)),
        });
        for tally in &self.tallies {
            match &tally.step.action {
                Action::DropByLine(test) => {
                    if let Some(value) = tally.broke.map(|(_, value)| value).or(tally.worst) {
                        verdicts.judge(tally.step, test, value);
                    }
                }
                Action::DropByTotal(test, Total::Kept) => verdicts.judge(tally.step, test, tally.sum),
                Action::DropByTotal(test, Total::KeptShare) => {
                    let share = if tally.all > 0.0 { tally.sum / tally.all } else { 0.0 };
                    verdicts.judge(tally.step, test, share);
                }
                Action::DropLine(test) => verdicts.tell(tally.step, true, tally.sum, test.bounds.first()),
                Action::Drop(_) | Action::Cut(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Applied, RuleSet};
    use crate::text::Facts;

    fn apply(rules: &str, text: &str) -> Applied {
        let set = RuleSet::parse(&format!("source = \"s\"\n{rules}")).unwrap();
        set.apply(text, &mut Facts::new(), false, &mut |_| {})
    }

    const LONG: &str = "[[line]]\ndrop_line = \"long\"\nmeasure = \"chars\"\nmax = 3\n";

    #[test]
    fn lines_are_dropped_and_edited() {
        assert_eq!(apply(LONG, "ab\nabcd\n\nabc"), Applied::Edited("ab\n\nabc".into()));
        assert_eq!(apply(LONG, "ab\nabc\n"), Applied::Keep);
        let cut = format!("[[line]]\ncut = \"citations\"\n{LONG}");
        assert_eq!(apply(&cut, "a[12] \nabcd"), Applied::Edited("a ".into()));
        assert_eq!(apply(&format!("[lines]\nstrip = true\n{cut}"), " a[12] \nabcd\n"), Applied::Edited("a".into()));
        assert_eq!(apply("[lines]\nsplit = \"universal\"\n[[line]]\ncut = \"citations\"\n", "a\r\nb"), Applied::Edited("a\nb".into()));
    }

    #[test]
    fn empty_lines_may_be_left_alone() {
        let rule = "[[line]]\ndrop_line = \"one_word\"\nmeasure = \"words\"\nmin = 2\n";
        assert_eq!(apply(rule, "a b\n\n \nc\nd e"), Applied::Edited("a b\nd e".into()));
        assert_eq!(apply(&format!("[lines]\nkeep_empty = true\n{rule}"), "a b\n\n \nc\nd e"), Applied::Edited("a b\n\nd e".into()));
    }

    #[test]
    fn only_lines_still_there_drop_the_document() {
        let brace = format!("{LONG}[[line]]\ndrop = \"brace\"\nmeasure = \"listed_phrases\"\nlist = [\"{{\"]\nmax = 0\n");
        assert_eq!(apply(&brace, "abc {\nab"), Applied::Edited("ab".into()));
        assert!(matches!(apply(&brace, "ab\n{"), Applied::Drop { reason, value, .. } if reason == "brace" && value == 1.0));
    }

    #[test]
    fn a_cut_may_bring_a_phrase_to_light() {
        let set = "[[line]]\ncut = \"citations\"\n[[line]]\ndrop = \"x\"\nmeasure = \"listed_phrases\"\nlist = [\"xy\"]\nmax = 0\n";
        assert!(matches!(apply(set, "x[1]y"), Applied::Drop { .. }));
    }

    #[test]
    fn totals_are_over_the_lines_kept() {
        let total = |how| format!("{LONG}[[line]]\ndrop = \"few\"\nmeasure = \"words\"\ntotal = \"{how}\"\nmin = 0.5\n");
        assert_eq!(apply(&total("kept_share"), "a b\nc d e"), Applied::Drop { reason: "few".into(), alias: "few".into(), value: 0.4, threshold: 0.5 });
        assert_eq!(apply(&total("kept"), "a b\nc d e"), Applied::Edited("a b".into()));
        assert!(matches!(apply(&total("kept"), "c d e"), Applied::Drop { value: 0.0, .. }));
    }

    #[test]
    fn an_audit_names_first_what_broke_first() {
        let phrase = |p: &str| format!("[[line]]\ndrop = \"{p}\"\nmeasure = \"listed_phrases\"\nlist = [\"{p}\"]\nmax = 0\n");
        let set = RuleSet::parse(&format!("source = \"s\"\n{}{}{}{LONG}", phrase("a"), phrase("b"), phrase("c"))).unwrap();
        let mut told = Vec::new();
        set.apply("x\nb\na\nlong line", &mut Facts::new(), true, &mut |o| told.push((o.rule.to_owned(), o.keep, o.value)));
        let told: Vec<_> = told.iter().map(|(rule, keep, value)| (rule.as_str(), *keep, *value)).collect();
        assert_eq!(told, [("b", false, 1.0), ("a", false, 1.0), ("c", true, 0.0), ("long", true, 1.0)]);
    }
}
