//! Bounds by language from a clean corpus: the quantiles of what the rules measure there.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Action, Bounds, ByLanguage, RuleSet};
use crate::text::Facts;

/// What the rules of a set measured, language by language.
pub struct Fit {
    set: ByLanguage,
    /// By primary language: the values of each rule.
    values: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    documents: BTreeMap<String, usize>,
    facts: Facts,
}

impl Fit {
    /// Nothing seen.
    pub fn new(mut set: ByLanguage) -> Fit {
        set.split_by(None);
        Fit { set, values: BTreeMap::new(), documents: BTreeMap::new(), facts: Facts::new() }
    }

    /// Measures a text of a language, as a BCP 47 tag.
    pub fn see(&mut self, language: &str, text: &str) {
        let primary = language.split('-').next().unwrap_or_default();
        let values = self.values.entry(primary.to_owned()).or_default();
        self.facts.reset();
        self.set.of(primary).apply(text, &mut self.facts, true, &mut |outcome| {
            match values.get_mut(outcome.rule) {
                Some(values) => values.push(outcome.value),
                None => drop(values.insert(outcome.rule.to_owned(), vec![outcome.value])),
            };
        });
        *self.documents.entry(primary.to_owned()).or_default() += 1;
    }

    /// Bounds that at most a share of `lost` of the texts of a language break, rule by rule, as a file of thresholds; for languages with `least` texts
    /// and more. Rules that judge lines are left as they are.
    pub fn thresholds(&mut self, lost: f64, least: usize) -> String {
        let mut out = String::new();
        for (language, values) in &mut self.values {
            let documents = self.documents.get(language).copied().unwrap_or_default();
            if documents < least || language.is_empty() {
                _ = writeln!(out, "# {language}: {documents} documents are too few\n");
                continue;
            }
            _ = writeln!(out, "# {documents} documents\n[{language}]");
            for (rule, bound) in bounds(self.set.of(language)) {
                let Some(values) = values.get_mut(rule) else { continue };
                values.sort_unstable_by(f64::total_cmp);
                // So many values may lie outside, counted from the end that breaks the bound.
                let outside = (lost * values.len() as f64) as usize;
                let is_least = matches!(bound, "min" | "above");
                let Some(value) = (if is_least { values.get(outside) } else { values.iter().rev().nth(outside) }) else { continue };
                _ = writeln!(out, "{rule}.{bound} = {}", rounded(*value, is_least, matches!(bound, "above" | "below")));
            }
            out.push('\n');
        }
        out
    }
}

/// The bounds of the rules that judge a document.
fn bounds(set: &RuleSet) -> Vec<(&str, &'static str)> {
    let mut found = Vec::new();
    for step in set.steps.iter().filter(|step| step.on) {
        if let Action::Drop(test) = &step.action {
            found.extend(Bounds::NAMES.into_iter().zip(test.bounds.0).filter(|(_, bound)| bound.is_some()).map(|(name, _)| (step.name.as_str(), name)));
        }
    }
    found
}

/// Four digits of a value, rounded so that the value itself holds; `strict` bounds lie one step beyond it.
fn rounded(value: f64, is_least: bool, strict: bool) -> f64 {
    let digits = if value == 0.0 { 0 } else { 3 - value.abs().log10().floor() as i32 };
    let step = 10f64.powi(-digits);
    let whole = if is_least { (value / step + 1e-9).floor() - f64::from(u8::from(strict)) } else { (value / step - 1e-9).ceil() + f64::from(u8::from(strict)) };
    // Dividing by a power of ten gives the number that is written with so many digits; multiplying by a fraction may not.
    if digits >= 0 { whole / 10f64.powi(digits) } else { whole * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = "source = \"here\"\n\
        [[rule]]\ndrop = \"short\"\nmeasure = \"words\"\nmin = 3\n\
        [[rule]]\ndrop = \"digits\"\nmeasure = \"digit_char_share\"\nbelow = 0.5\n\
        [[line]]\ndrop_line = \"empty\"\nmeasure = \"chars\"\nmin = 1\n";

    fn fitted(lost: f64) -> String {
        let mut fit = Fit::new(ByLanguage::parse(SET, &mut |_| Err(String::new())).unwrap());
        for n in 1..=100 {
            fit.see("en-GB", &"word ".repeat(n));
        }
        fit.see("de", "12 ab");
        fit.thresholds(lost, 100)
    }

    #[test]
    fn bounds_are_quantiles() {
        assert_eq!(fitted(0.0), "# de: 1 documents are too few\n\n# 100 documents\n[en]\nshort.min = 1\ndigits.below = 1\n\n");
        assert!(fitted(0.05).contains("short.min = 6\n"));
    }

    #[test]
    fn the_set_takes_what_was_fitted() {
        let mut set = ByLanguage::parse(SET, &mut |_| Err(String::new())).unwrap();
        set.set_thresholds(&fitted(0.05)).unwrap();
        set.split_by(None);
        let lost = |n: usize| matches!(set.of("en").apply(&"word ".repeat(n), &mut Facts::new(), false, &mut |_| {}), super::super::Applied::Drop { .. });
        assert_eq!((1..=100).filter(|n| lost(*n)).count(), 5);
    }

    #[test]
    fn values_hold_their_own_bounds() {
        for value in [0.123_456, 12.345_6, 98_765.4, 0.000_123_45, 0.3, 7.0] {
            assert!(rounded(value, true, false) <= value && rounded(value, false, false) >= value, "{value}");
            assert!(rounded(value, true, true) < value && rounded(value, false, true) > value, "{value}");
        }
        assert_eq!((rounded(0.3, false, false), rounded(12.345_6, true, false), rounded(98_765.4, false, false)), (0.3, 12.34, 98_770.0));
    }
}
