//! Drop and clean texts by a published set of heuristics, or by one of your own.
//!
//! `set` names a built-in set (`c4`, `chinese`, `code`, `code_c`, `code_html`, `code_python`, `dclm`, `dolma`, `fineweb`, `gopher`, `gopher_repetition`,
//! `madlad`, `multilingual`, `nemo`, `refinedweb`) or the path of a `.toml` file of the same form (see filters/rules/). Rules run in the order of the
//! file; the first that fails names the drop's reason.
//!
//! ```toml
//! [[stage]]
//! use = "rules"
//! set = "gopher"
//! bounds.too_few_words.min = 40              # one bound changed, the set not forked
//! disable = ["too_few_stop_words"]
//! ```
//!
//! The source of each set and of its definitions stands at the head of its file. How a text is cut into words decides many of them:
//! `words = "spacy_en"` follows datatrove's English tokenizer, `"icu"` works for all languages (Unicode's word boundaries, and dictionaries for Chinese,
//! Japanese, Thai, Lao, Khmer and Burmese); `dclm`, `dolma`, `madlad` and `nemo` say themselves how words are found. `multilingual` takes stop words and
//! some bounds by the language that the stage `language` has found.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::language::covers;
use crate::measures::rules::{Applied, BUILT_IN, ByLanguage, RuleError};
use crate::text::Splitter;

/// Which rules a text must pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Name of a built-in set, or the path of a `.toml` file.
    set: String,
    /// How texts are cut into words: "icu", "unicode", "whitespace", "spacy_en", "unicode_words" or "fasttext_words". Default: as the set says, else "icu".
    words: Option<String>,
    /// Bounds to change: `bounds.RULE.min`, `max`, `above` or `below`.
    #[serde(default)]
    bounds: BTreeMap<String, BTreeMap<String, f64>>,
    /// A file of bounds by language, as `dataprep fit-thresholds` writes it; `bounds` above come after it.
    thresholds: Option<String>,
    /// Rules to leave out.
    #[serde(default)]
    disable: Vec<String>,
    /// Judge only documents of these languages (the tag `lang`; `zh` means every form of Chinese); others pass. Default: all, and `lang` is not needed.
    #[serde(default)]
    languages: OneOrMany,
    /// Evaluate the rules after the first that fails as well; a drop then names them all. Default false.
    #[serde(default)]
    audit: bool,
}

impl Recipe for Rules {
    const NAME: &'static str = "rules";

    fn spec(&self) -> Spec {
        // The reasons of a user's file are known once it is read.
        let set = built_in(&self.set).and_then(|text| ByLanguage::parse(text, &mut no_lists).ok()).unwrap_or_default();
        let spec = Spec::new().needs("text");
        let by_language = set.depends_on_language() || self.thresholds.is_some() || !self.languages.0.is_empty();
        let spec = if by_language { spec.needs("lang") } else { spec };
        set.reasons().into_iter().fold(spec, |spec, reason| spec.reason(reason))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut complaints = Vec::new();
        let splitter = match self.words.as_deref() {
            None => None,
            Some(name) => Splitter::find(name),
        };
        if self.words.is_some() && splitter.is_none() {
            let names: Vec<_> = Splitter::NAMES.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no way `{}` to find words", self.words.as_deref().unwrap_or_default());
            complaints.push(Complaint::new("words", message, format!("one of: {}", names.join(", "))));
        }
        let mut set = load(&self.set, shop).unwrap_or_else(|found| {
            complaints.extend(found);
            ByLanguage::default()
        });
        if let (Some(name), true) = (&self.thresholds, complaints.is_empty()) {
            complaints.extend(set_thresholds(&mut set, name, shop).err().unwrap_or_default());
        }
        // Without a set there is nothing to say about bounds.
        if complaints.is_empty() {
            for (rule, bounds) in &self.bounds {
                for (bound, value) in bounds {
                    let changed = set.override_bound(rule, bound, *value);
                    complaints.extend(changed.err().map(|error| complaint(format!("bounds.{rule}.{bound}"), error)));
                }
            }
            let disabled = self.disable.iter().filter_map(|rule| set.disable(rule).err());
            complaints.extend(disabled.map(|error| complaint("disable", error)));
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        set.split_by(splitter);
        let lang = (set.depends_on_language() || !self.languages.0.is_empty()).then(|| shop.tag("lang")).transpose()?;
        let reasons = set.reasons().into_iter().map(|name| (name.to_owned(), shop.reason(name))).collect();
        Ok(Built::stage(Judge { set, lang, languages: self.languages.0, audit: self.audit, reasons }))
    }
}

struct Judge {
    set: ByLanguage,
    /// The language of a document, where it matters.
    lang: Option<Tag<String>>,
    /// Languages of the documents that are judged; all where there is none.
    languages: Vec<String>,
    audit: bool,
    reasons: BTreeMap<String, Reason>,
}

impl Stage for Judge {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let lang = self.lang.and_then(|tag| doc.tag(tag)).unwrap_or_default();
        if !self.languages.is_empty() && !self.languages.iter().any(|wanted| covers(wanted, lang)) {
            return Ok(Verdict::Keep);
        }
        let set = self.set.of(lang);
        let mut findings = Vec::new();
        let audit = self.audit || scratch.audits();
        let facts = scratch.facts(doc);
        let applied = set.apply(doc.text(), facts, audit, &mut |outcome| {
            let finding = Finding::new(outcome.rule, outcome.keep, Some(outcome.value), Some(outcome.threshold));
            findings.push(Finding { alias: Some(outcome.alias.to_owned()), ..finding });
        });
        let failed: Vec<&str> = findings.iter().filter(|finding| !finding.keep).map(|finding| finding.rule.as_str()).collect();
        let also = failed.get(1..).filter(|also| !also.is_empty()).map(|also| format!("also {}", also.join(", ")));
        scratch.report_all(findings);
        Ok(match applied {
            Applied::Keep => Verdict::Keep,
            Applied::Edited(text) => {
                doc.set_text(text);
                Verdict::Keep
            }
            Applied::Drop { reason, value, threshold, .. } => match self.reasons.get(&reason) {
                Some(reason) => Verdict::Drop(Drop { detail: also.map(Into::into), ..Drop::measured(*reason, value, threshold) }),
                None => unreachable!("a set drops only for its own reasons"),
            },
        })
    }
}

fn built_in(set: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(name, _)| *name == set).map(|(_, text)| *text)
}

/// Reads a set; lists that a user's file names lie beside it.
fn load(set: &str, shop: &mut Shop<'_>) -> std::result::Result<ByLanguage, Vec<Complaint>> {
    if let Some(text) = built_in(set) {
        return ByLanguage::parse(text, &mut no_lists).map_err(|errors| located("set", set, text, errors));
    }
    if !set.ends_with(".toml") {
        let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let help = format!("one of: {}; or the path of a .toml file", names.join(", "));
        return Err(Complaint::new("set", format!("there is no rule set `{set}`"), help).into());
    }
    let path = std::path::Path::new(set);
    let bytes = shop.read("set", path)?;
    let text = String::from_utf8(bytes).map_err(|_| Complaint::new("set", format!("`{set}` is not UTF-8"), "save it as UTF-8"))?;
    let mut read = |list: &str| {
        let bytes = shop.read("set", &path.with_file_name(list)).map_err(|complaint| complaint.message)?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    };
    ByLanguage::parse(&text, &mut read).map_err(|errors| located("set", set, &text, errors))
}

/// The sets that are built in name no list files.
fn no_lists(_: &str) -> std::result::Result<String, String> {
    Err("a set that is built in has its lists in itself".to_owned())
}

fn set_thresholds(set: &mut ByLanguage, name: &str, shop: &mut Shop<'_>) -> std::result::Result<(), Vec<Complaint>> {
    let bytes = shop.read("thresholds", name.as_ref())?;
    let text = String::from_utf8(bytes).map_err(|_| Complaint::new("thresholds", format!("`{name}` is not UTF-8"), "save it as UTF-8"))?;
    set.set_thresholds(&text).map_err(|errors| located("thresholds", name, &text, errors))
}

/// Complaints that name the line and column of the file that `key` names.
fn located(key: &str, file: &str, text: &str, errors: Vec<RuleError>) -> Vec<Complaint> {
    let place = |error: RuleError| {
        let before = text.get(..error.span.start).unwrap_or_default();
        let (line, column) = (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
        Complaint::new(key, format!("`{file}`:{line}:{column}: {}", error.message), error.help.unwrap_or_default())
    };
    errors.into_iter().map(place).collect()
}

fn complaint(key: impl Into<String>, error: RuleError) -> Complaint {
    Complaint::new(key, error.message, error.help.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made, try_made};
    use super::*;

    const PROSE: &str = "The river rises in the hills above the town and is crossed by a bridge that was built of stone.";

    #[test]
    fn documents_of_other_languages_pass() {
        let made = made::<Rules>("set = \"gopher\"\nlanguages = [\"en\"]");
        let tag = made.tags.clone().declare::<String>("lang").unwrap();
        let mut verdicts = Vec::new();
        for lang in ["en", "en-GB", "de"] {
            let mut doc = Doc::from_text("short");
            doc.set_tag(tag, lang.to_owned());
            verdicts.push(made.dropped(&mut doc).map(|(reason, _)| reason));
        }
        assert_eq!(verdicts, [Some("too_few_words".to_owned()), Some("too_few_words".to_owned()), None]);
    }

    #[test]
    fn the_first_rule_that_fails_names_the_reason() {
        let (reason, drop) = made::<Rules>("set = \"gopher\"").dropped(&mut Doc::from_text("too short")).unwrap();
        assert_eq!((reason.as_str(), drop.value, drop.threshold), ("too_few_words", Some(2.0), Some(50.0)));
        assert_eq!(made::<Rules>("set = \"gopher\"\nbounds.too_few_words.min = 5").dropped(&mut Doc::from_text(PROSE)), None);
        assert_eq!(made::<Rules>("set = \"gopher\"\ndisable = [\"too_few_words\"]").dropped(&mut Doc::from_text(PROSE)), None);
    }

    #[test]
    fn every_set_that_is_built_in_is_a_stage_and_in_the_manual() {
        let manual = include_str!("rules.rs").split("use ").next().unwrap();
        for (name, _) in BUILT_IN {
            assert!(manual.contains(&format!("`{name}`")), "the manual does not name {name}");
            let dropped = made::<Rules>(&format!("set = \"{name}\"")).dropped(&mut Doc::from_text(""));
            assert!(dropped.is_some(), "{name} keeps a text of nothing");
        }
    }

    #[test]
    fn audits_name_every_rule() {
        let text = "### ### ###";
        let (_, drop) = made::<Rules>("set = \"gopher\"\naudit = true").dropped(&mut Doc::from_text(text)).unwrap();
        assert!(drop.detail.as_deref().is_some_and(|detail| detail.starts_with("also ")), "{drop:?}");
        let findings = made::<Rules>("set = \"gopher\"").findings(&mut Doc::from_text(text));
        assert_eq!(findings[0].alias.as_deref(), Some("gopher_short_doc"));
        assert!(findings.len() > 5 && findings.iter().all(|finding| finding.keep == finding.reason.is_none()));
    }

    #[test]
    fn line_rules_clean_the_text() {
        let stage = made::<Rules>("set = \"c4\"\ndisable = [\"too_few_sentences\"]");
        let mut doc = Doc::from_text(format!("{PROSE}\nHome\n{PROSE}[12]"));
        assert_eq!(stage.dropped(&mut doc), None);
        assert_eq!((doc.text(), doc.revision()), (format!("{PROSE}\n{PROSE}").as_str(), 1));
    }

    #[test]
    fn faults_point_at_their_keys() {
        let found = |toml: &str| complaints::<Rules>(toml);
        assert_eq!(found("set = \"gofer\""), ["set"]);
        assert_eq!(found("set = \"gopher\"\nwords = \"spacey\""), ["words"]);
        let bounds = "set = \"gopher\"\nbounds.too_few_word.min = 1\nbounds.too_few_words.mni = 1\ndisable = [\"x\"]";
        assert_eq!(found(bounds), ["bounds.too_few_word.min", "bounds.too_few_words.mni", "disable"]);
        let help = try_made::<Rules>(bounds).err().unwrap().swap_remove(0).help;
        assert_eq!(help, "did you mean `too_few_words`?");
    }

    #[test]
    fn faults_in_a_file_of_ones_own_have_line_and_column() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            format!("set = {:?}", dir.path().join(name).display().to_string())
        };
        let bad = write("bad.toml", "source = \"me\"\n[[rule]]\ndrop = \"d\"\nmeasure = \"wrds\"\nmin = 1\n");
        let complaint = try_made::<Rules>(&bad).err().unwrap().swap_remove(0);
        assert!(complaint.message.contains("bad.toml`:4:11: there is no measure `wrds`"), "{}", complaint.message);
        write("list.txt", "river\n");
        let good = write("good.toml", "source = \"me\"\n[[rule]]\ndrop = \"no_river\"\nmeasure = \"listed_phrases\"\nlist = \"list.txt\"\nmin = 1\n");
        let stage = made::<Rules>(&good);
        assert_eq!(stage.dropped(&mut Doc::from_text(PROSE)), None);
        assert_eq!(stage.dropped(&mut Doc::from_text("a hill")).unwrap().0, "no_river");
    }
}
