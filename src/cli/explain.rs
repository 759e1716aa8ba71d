use super::say::say;
use super::{Done, Failure, Outcome, lint, report, translate};
use crate::lint::RULES;
use crate::measures::rules::BUILT_IN;
use crate::plan::{Known, Manual, Registry};
use crate::review::page::Language;

/// Print the manual of a stage, source or sink, or of a rule of `dataprep lint`.
#[derive(clap::Args)]
pub struct Explain {
    /// Its name, as in `use = "NAME"`, or the rule's code.
    name: String,
    /// Language of the manual: zh, or en; that of messages where it is left out.
    #[arg(long, value_parser = report::language)]
    lang: Option<Language>,
}

/// Whether a manual is to be Chinese: as is asked for, else as messages are.
pub(super) fn is_chinese(asked: Option<Language>) -> bool {
    asked.map_or_else(translate::is_chinese, |language| language == Language::Chinese)
}

/// A manual, in English where there is no Chinese one.
pub(super) fn manual(known: &Known, chinese: bool) -> Manual {
    known.chinese_manual().filter(|_| chinese).unwrap_or_else(|| known.manual())
}

impl Explain {
    pub(super) fn call(self) -> Outcome {
        if let Some(rule) = RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(&self.name)) {
            say!("{}", lint::entry(rule).trim_end())?;
            return Ok(Done::Fine);
        }
        let registry = Registry::default();
        let shelves = [("stage", &registry.stages), ("source", &registry.sources), ("sink", &registry.sinks)];
        let found: Vec<_> = shelves.iter().filter_map(|(kind, shelf)| Some((*kind, shelf.find(&self.name).ok()?))).collect();
        if found.is_empty() {
            let names = shelves.iter().flat_map(|(_, shelf)| shelf.iter().map(|known| known.name)).collect::<Vec<_>>();
            let help = match crate::config::nearest(&self.name, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None if BUILT_IN.iter().any(|(name, _)| *name == self.name) => {
                    format!("`{}` is a rule set of the stage `rules`: dataprep explain rules", self.name)
                }
                None => "`dataprep stages` lists them, `dataprep lint --rules` the rules of the lint".to_owned(),
            };
            return Err(Failure(format!("there is no stage, source or sink `{}`\n  help: {help}", self.name)));
        }
        let chinese = is_chinese(self.lang);
        for (kind, known) in found {
            say!("{} {}", translate::told_in(kind, chinese), manual(known, chinese))?;
        }
        Ok(Done::Fine)
    }
}
