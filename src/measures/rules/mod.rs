//! Rule sets: a published filter as a list of measures, bounds and reasons.
//!
//! ```toml
//! source = "where the definitions come from"
//! words = "whitespace"           # how words are found, unless the user says; may be left out
//!
//! [[rule]]                       # judges the document
//! drop = "too_few_words"         # the fault found; names the rule
//! as = "gopher_short_doc"        # what the source calls it; as `drop` where left out
//! measure = "words_not_symbols"
//! min = 50                       # `min`, `max`: inclusive; `above`, `below`: exclusive
//! words = "unicode_words"        # how words are found by this rule, whatever is said elsewhere; may be left out
//!
//! # [bounds.zh] and `list = "stop_words"`: see [`ByLanguage`]
//!
//! [lines]                        # how the `line` rules see lines; may be left out
//! split = "universal"            # any Unicode line end; `newline` (the default): "\n" alone
//! strip = true                   # white space around lines, and around the text made of them
//! keep_empty = true              # lines with nothing in them are judged by no rule
//!
//! [[line]]                       # judges each line, in this order
//! drop_line = "no_full_stop"     # leaves the line out
//! measure = "ends_in_listed"
//! list = [".", "!"]              # words, marks or phrases, or the path of a file with one a line
//! min = 1
//!
//! [[line]]
//! cut = "citations"              # edits the line
//!
//! [[line]]
//! cut = "phrase_at_end"          # `phrase`, `phrase_at_start`: in any case of ASCII, with one white space beside it
//! list = ["read more..."]
//! max_words = 10                 # in lines of no more words between white space
//!
//! [[line]]
//! drop = "curly_bracket"         # drops the document
//! measure = "listed_phrases"
//! list = ["{"]
//! max = 0
//!
//! [[line]]
//! drop = "too_few_sentences"
//! measure = "sentences"
//! total = "kept"                 # the sum over the lines left; `kept_share`: by the sum over all lines
//! min = 5
//! ```
//!
//! Rules run in file order, all `line` rules where the first of them stands; later rules judge the text that the lines left
//! make. The first rule that fails names the reason.

mod apply;
mod cut;
pub mod fit;
mod languages;
mod nearest;
mod parse;
mod pass;
#[cfg(test)]
mod published;
mod reader;

use std::ops::Range;

use super::{Key, Measure, Params};
use crate::text::{Facts, Splitter};
use cut::Cut;

pub use apply::{Applied, RuleOutcome};
pub use languages::ByLanguage;
pub use reader::ReadList;

macro_rules! built_in {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../filters/rules/", $name, ".toml")))),*]
    };
}

/// The rule files that are built in, by name.
pub const BUILT_IN: &[(&str, &str)] = built_in![
    "c4",
    "chinese",
    "code",
    "code_c",
    "code_html",
    "code_python",
    "dclm",
    "dolma",
    "fineweb",
    "gopher",
    "gopher_repetition",
    "madlad",
    "multilingual",
    "nemo",
    "refinedweb"
];

/// What is wrong in a rule file or with a request, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// What is wrong.
    pub message: String,
    /// Bytes of the rule file; empty at 0 where the fault is not in it.
    pub span: Range<usize>,
    /// What to do.
    pub help: Option<String>,
}

impl RuleError {
    fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span, help: None }
    }

    fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// A filter read from a rule file.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    source: String,
    /// How words are found; by what the facts say where there is none.
    words: Option<Splitter>,
    steps: Vec<Step>,
    lines: LineCut,
    /// Whether a rule wants the stop words of the text's language.
    wants_stop_words: bool,
}

#[derive(Clone, Debug)]
struct Step {
    /// The fault, or the edit.
    name: String,
    alias: String,
    action: Action,
    on: bool,
}

#[derive(Clone, Debug)]
enum Action {
    /// Drops the document, judged by its whole text.
    Drop(Test),
    /// Drops the document, judged line by line.
    DropByLine(Test),
    /// Drops the document, judged by a sum over its lines.
    DropByTotal(Test, Total),
    DropLine(Test),
    Cut(Cut),
}

/// A measure and the bounds of what it may be.
#[derive(Clone, Debug)]
struct Test {
    measure: &'static Measure,
    params: Params,
    /// How words are found, whatever the set or the user says.
    words: Option<Splitter>,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Total {
    Kept,
    KeptShare,
}

#[derive(Clone, Copy, Debug, Default)]
struct LineCut {
    universal: bool,
    strip: bool,
    keep_empty: bool,
}

/// In the order of [`Bounds::NAMES`].
#[derive(Clone, Copy, Debug, Default)]
struct Bounds([Option<f64>; 4]);

impl Bounds {
    const NAMES: [&str; 4] = ["min", "max", "above", "below"];

    /// The bound that `value` breaks, if any.
    fn broken(&self, value: f64) -> Option<f64> {
        let [min, max, above, below] = self.0;
        min.filter(|bound| value < *bound)
            .or(max.filter(|bound| value > *bound))
            .or(above.filter(|bound| value <= *bound))
            .or(below.filter(|bound| value >= *bound))
    }

    /// Whichever of two values is nearer to breaking a bound.
    fn worse(&self, a: f64, b: f64) -> f64 {
        let [min, _, above, _] = self.0;
        if min.or(above).is_some() { a.min(b) } else { a.max(b) }
    }

    /// The first bound there is.
    fn first(&self) -> f64 {
        self.0.iter().flatten().next().copied().unwrap_or_default()
    }
}

impl Test {
    /// The number for `text`, whose words are found by `words` if the rule does not say how.
    fn value(&self, text: &str, facts: &mut Facts, words: Splitter) -> f64 {
        self.split(facts, words);
        self.number(text, facts)
    }

    /// Has the words found as the rule says, else by `words`.
    fn split(&self, facts: &mut Facts, words: Splitter) {
        if self.measure.of_words {
            facts.split_by(self.words.unwrap_or(words));
        }
    }

    /// The number for `text`, whose words are found as `facts` has it.
    fn number(&self, text: &str, facts: &mut Facts) -> f64 {
        (self.measure.of)(text, facts, &self.params)
    }
}

impl Action {
    fn of_lines(&self) -> bool {
        !matches!(self, Self::Drop(_))
    }

    fn test(&self) -> Option<&Test> {
        match self {
            Self::Drop(test) | Self::DropByLine(test) | Self::DropByTotal(test, _) | Self::DropLine(test) => Some(test),
            Self::Cut(_) => None,
        }
    }

    fn test_mut(&mut self) -> Option<&mut Test> {
        match self {
            Self::Drop(test) | Self::DropByLine(test) | Self::DropByTotal(test, _) | Self::DropLine(test) => Some(test),
            Self::Cut(_) => None,
        }
    }
}

impl RuleSet {
    /// Where the definitions come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The reasons for which documents may be dropped, in file order.
    pub fn reasons(&self) -> Vec<&str> {
        let drops = |step: &&Step| matches!(step.action, Action::Drop(_) | Action::DropByLine(_) | Action::DropByTotal(..));
        self.steps.iter().filter(drops).map(|step| step.name.as_str()).collect()
    }

    /// All rules, line rules and edits included, in file order.
    pub fn rules(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.name.as_str()).collect()
    }

    /// Finds words as the user wants, else as the set says, else by the script of the text; rules that say how themselves go on doing so.
    pub fn split_by(&mut self, wanted: Option<Splitter>) {
        self.words = wanted.or(self.words).or(Some(Splitter::Icu));
    }

    /// Whether any line may be left out or edited.
    pub fn edits(&self) -> bool {
        self.steps.iter().any(|step| step.on && step.action.of_lines())
    }

    /// Changes the bound `min`, `max`, `above` or `below` of `rule`.
    ///
    /// # Errors
    /// Where there is no such rule, or the rule has no such bound.
    pub fn override_bound(&mut self, rule: &str, bound: &str, value: f64) -> Result<(), RuleError> {
        let step = self.step_mut(rule)?;
        let Some(test) = step.action.test_mut() else {
            return Err(RuleError::new(format!("rule `{rule}` is an edit and has no bounds"), 0..0).help(Some("leave it out, or `disable` the rule".into())));
        };
        let named = Bounds::NAMES.iter().zip(&mut test.bounds.0).filter(|(_, bound)| bound.is_some());
        let mut has = Vec::new();
        for (name, slot) in named {
            if *name == bound {
                *slot = Some(value);
                return Ok(());
            }
            has.push(*name);
        }
        let help = format!("it has `{}`", has.join("`, `"));
        Err(RuleError::new(format!("rule `{rule}` has no bound `{bound}`"), 0..0).help(Some(help)))
    }

    /// Leaves out the rules whose list is empty.
    fn leave_out_unlisted(&mut self) {
        let unlisted = |test: &Test| test.measure.keys.contains(&Key::List) && test.params.list.is_empty();
        self.steps.iter_mut().filter(|step| step.action.test().is_some_and(unlisted)).for_each(|step| step.on = false);
    }

    /// Leaves `rule` out.
    ///
    /// # Errors
    /// Where there is no such rule.
    pub fn disable(&mut self, rule: &str) -> Result<(), RuleError> {
        self.step_mut(rule).map(|step| step.on = false)
    }

    fn step_mut(&mut self, rule: &str) -> Result<&mut Step, RuleError> {
        match self.steps.iter().position(|step| step.name == rule) {
            Some(place) => Ok(&mut self.steps[place]),
            None => {
                let help = nearest::suggest(rule, self.steps.iter().map(|step| step.name.as_str()));
                Err(RuleError::new(format!("there is no rule `{rule}`"), 0..0).help(help))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = "source = \"here\"\n[[rule]]\ndrop = \"short\"\nmeasure = \"words\"\nmin = 3\n\
        [[line]]\ncut = \"citations\"\n";

    #[test]
    fn bounds_are_inclusive_or_strict() {
        let bounds = |place, bound| {
            let mut all = Bounds::default();
            all.0[place] = Some(bound);
            all
        };
        assert_eq!((bounds(0, 2.0).broken(2.0), bounds(0, 2.0).broken(1.9)), (None, Some(2.0)));
        assert_eq!((bounds(1, 2.0).broken(2.0), bounds(1, 2.0).broken(2.1)), (None, Some(2.0)));
        assert_eq!((bounds(2, 2.0).broken(2.1), bounds(2, 2.0).broken(2.0)), (None, Some(2.0)));
        assert_eq!((bounds(3, 2.0).broken(1.9), bounds(3, 2.0).broken(2.0)), (None, Some(2.0)));
    }

    #[test]
    fn unknown_rules_and_bounds_are_errors() {
        let mut set = RuleSet::parse(SET).unwrap();
        assert_eq!((set.reasons(), set.rules(), set.source()), (vec!["short"], vec!["short", "citations"], "here"));
        assert_eq!(set.override_bound("short", "min", 1.0), Ok(()));
        let error = set.override_bound("shot", "min", 1.0).unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `short`?"));
        let error = set.override_bound("short", "max", 1.0).unwrap_err();
        assert_eq!(error.message, "rule `short` has no bound `max`");
        assert!(set.override_bound("citations", "min", 1.0).is_err());
        assert!(set.disable("nothing_like_it").is_err() && set.edits());
        set.disable("citations").unwrap();
        assert!(!set.edits());
    }
}
