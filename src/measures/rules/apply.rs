//! Judging a text by a rule set.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::{Action, LineCut, RuleSet, Step, Test, Total};
use crate::text::{Facts, Span, chars, slice};

/// What came of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    Keep,
    /// Kept, with this text in place of the old.
    Edited(String),
    Drop {
        reason: String,
        /// The reason's name in the source.
        alias: String,
        value: f64,
        threshold: f64,
    },
}

/// How one rule judged a text. For a rule that drops lines, `value` is how many it dropped, and `keep` is true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleOutcome<'r> {
    /// The rule, which is the reason as well.
    pub rule: &'r str,
    /// Its name in the source.
    pub alias: &'r str,
    pub keep: bool,
    pub value: f64,
    /// The bound that was broken, else the first bound there is.
    pub threshold: f64,
}

type Sink<'s> = dyn FnMut(RuleOutcome) + 's;

impl RuleSet {
    /// Judges `text`, of which `facts` are the facts.
    ///
    /// Stops at the first rule that fails, unless `audit` is set: then every rule is evaluated, and told to `sink` in the
    /// order in which they would fail. Without `audit`, `sink` hears nothing.
    pub fn apply(&self, text: &str, facts: &mut Facts, audit: bool, sink: &mut Sink) -> Applied {
        let first = self
            .steps
            .iter()
            .position(|step| step.action.of_lines())
            .unwrap_or(self.steps.len());
        let (before, rest) = self.steps.split_at(first);
        let of_lines = rest
            .iter()
            .take_while(|step| step.action.of_lines())
            .count();
        let (of_lines, after) = rest.split_at(of_lines);
        let mut dropped = None;
        self.whole(before, text, facts, audit, sink, &mut dropped);
        if dropped.is_some() && !audit || of_lines.iter().all(|step| !step.on) && after.is_empty() {
            return dropped.unwrap_or(Applied::Keep);
        }
        let mut line = facts.take_line();
        let edited = Pass {
            steps: of_lines,
            cut: self.lines,
            audit,
        }
        .run(text, facts, &mut line, sink, &mut dropped);
        if dropped.is_none() || audit {
            match &edited {
                Some(edited) => {
                    line.reset();
                    self.whole(after, edited, &mut line, audit, sink, &mut dropped);
                }
                None => self.whole(after, text, facts, audit, sink, &mut dropped),
            }
        }
        facts.give_line(line);
        dropped.unwrap_or_else(|| edited.map_or(Applied::Keep, Applied::Edited))
    }

    /// Rules that judge a whole text.
    fn whole(
        &self,
        steps: &[Step],
        text: &str,
        facts: &mut Facts,
        audit: bool,
        sink: &mut Sink,
        dropped: &mut Option<Applied>,
    ) {
        for step in steps.iter().filter(|step| step.on) {
            if let Action::Drop(test) = &step.action {
                let value = test.value(text, facts);
                judge(step, test, value, audit.then_some(&mut *sink), dropped);
                if dropped.is_some() && !audit {
                    return;
                }
            }
        }
    }
}

impl Test {
    fn value(&self, text: &str, facts: &mut Facts) -> f64 {
        (self.measure.of)(text, facts, &self.params)
    }
}

fn judge(
    step: &Step,
    test: &Test,
    value: f64,
    sink: Option<&mut Sink>,
    dropped: &mut Option<Applied>,
) {
    let broken = test.bounds.broken(value);
    let threshold = broken.unwrap_or_else(|| test.bounds.first());
    if let Some(sink) = sink {
        sink(RuleOutcome {
            rule: &step.name,
            alias: &step.alias,
            keep: broken.is_none(),
            value,
            threshold,
        });
    }
    if broken.is_some() && dropped.is_none() {
        *dropped = Some(Applied::Drop {
            reason: step.name.clone(),
            alias: step.alias.clone(),
            value,
            threshold,
        });
    }
}

/// One pass of line rules over a text.
struct Pass<'r> {
    steps: &'r [Step],
    cut: LineCut,
    audit: bool,
}

/// What a step found so far: lines dropped, a sum, or the value that broke its bound.
#[derive(Clone, Copy, Default)]
struct Found {
    sum: f64,
    all: f64,
    /// The value that broke the bound, and when.
    broke: Option<(f64, usize)>,
}

impl Pass<'_> {
    /// The text that the lines left make, where it differs.
    fn run(
        &self,
        text: &str,
        whole: &mut Facts,
        line: &mut Facts,
        sink: &mut Sink,
        dropped: &mut Option<Applied>,
    ) -> Option<String> {
        let mut found = vec![Found::default(); self.steps.len()];
        let mut edited = String::new();
        let (mut kept, mut broken) = (0usize, 0usize);
        for span in self.lines(text, whole) {
            let Some(left) = self.line(text, span, whole, line, &mut found, &mut broken) else {
                if broken > 0 && !self.audit {
                    break;
                }
                continue;
            };
            if kept > 0 {
                edited.push('\n');
            }
            kept += 1;
            edited.push_str(&left);
        }
        self.report(&found, sink, dropped);
        if self.cut.strip {
            let stripped = chars::strip(&edited);
            if stripped.len() < edited.len() {
                edited = stripped.to_owned();
            }
        }
        (edited != text).then_some(edited)
    }

    fn lines(&self, text: &str, whole: &mut Facts) -> Vec<Span> {
        if self.cut.universal {
            return whole.lines(text).to_vec();
        }
        let mut start = 0;
        let ends = memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
        ends.map(|end| (std::mem::replace(&mut start, end as u32 + 1), end as u32))
            .collect()
    }

    /// What is left of the line at `span`; none where it, or the document, is dropped.
    fn line<'t>(
        &self,
        text: &'t str,
        mut span: Span,
        whole: &Facts,
        line: &mut Facts,
        found: &mut [Found],
        broken: &mut usize,
    ) -> Option<Cow<'t, str>> {
        if self.cut.strip {
            let bare = slice(text, span);
            span.0 += (bare.len() - chars::strip_start(bare).len()) as u32;
            span.1 -= (bare.len() - chars::strip_end(bare).len()) as u32;
            span.1 = span.1.max(span.0);
        }
        let mut now = Cow::Borrowed(slice(text, span));
        line.reset();
        let value = |test: &Test, now: &Cow<str>, line: &mut Facts| {
            if test.measure.of_words && matches!(now, Cow::Borrowed(_)) {
                line.learn_words(whole, span);
            }
            test.value(now, line)
        };
        for (step, found) in self
            .steps
            .iter()
            .zip(found.iter_mut())
            .filter(|(step, _)| step.on)
        {
            if let Action::DropByTotal(test, Total::KeptShare) = &step.action {
                found.all += value(test, &now, line);
            }
        }
        for (step, found) in self
            .steps
            .iter()
            .zip(found.iter_mut())
            .filter(|(step, _)| step.on)
        {
            match &step.action {
                Action::Cut(cut) => {
                    if let Cow::Owned(shorter) = cut(&now) {
                        now = Cow::Owned(shorter);
                        line.reset();
                    }
                }
                Action::DropLine(test) => {
                    if test.bounds.broken(value(test, &now, line)).is_some() {
                        found.sum += 1.0;
                        return None;
                    }
                }
                Action::DropByLine(test) => {
                    let value = value(test, &now, line);
                    if test.bounds.broken(value).is_some() {
                        *broken += 1;
                        found.broke.get_or_insert((value, *broken));
                        if !self.audit {
                            return None;
                        }
                    } else {
                        found.sum = value;
                    }
                }
                Action::Drop(_) | Action::DropByTotal(..) => {}
            }
        }
        for (step, found) in self
            .steps
            .iter()
            .zip(found.iter_mut())
            .filter(|(step, _)| step.on)
        {
            if let Action::DropByTotal(test, _) = &step.action {
                found.sum += value(test, &now, line);
            }
        }
        Some(now)
    }

    /// Judges: first what lines broke, in the order in which they did, then the totals.
    fn report(&self, found: &[Found], sink: &mut Sink, dropped: &mut Option<Applied>) {
        let mut order: Vec<_> = self
            .steps
            .iter()
            .zip(found)
            .filter(|(step, _)| step.on)
            .collect();
        order.sort_by_key(|(step, found)| match step.action {
            Action::DropByTotal(..) => (2, 0),
            _ => found.broke.map_or((1, 0), |(_, when)| (0, when)),
        });
        for (step, found) in order {
            let mut sink = self.audit.then_some(&mut *sink);
            match &step.action {
                Action::DropByLine(test) => {
                    let value = found.broke.map_or(found.sum, |(value, _)| value);
                    judge(step, test, value, sink, dropped);
                }
                Action::DropByTotal(test, total) => {
                    let share = if found.all > 0.0 {
                        found.sum / found.all
                    } else {
                        0.0
                    };
                    judge(
                        step,
                        test,
                        if *total == Total::Kept {
                            found.sum
                        } else {
                            share
                        },
                        sink,
                        dropped,
                    );
                }
                Action::DropLine(test) => {
                    if let Some(sink) = &mut sink {
                        let threshold = test.bounds.first();
                        sink(RuleOutcome {
                            rule: &step.name,
                            alias: &step.alias,
                            keep: true,
                            value: found.sum,
                            threshold,
                        });
                    }
                }
                Action::Drop(_) | Action::Cut(_) => {}
            }
        }
    }
}
