//! One rule set for each language: its stop words and its bounds, in a set that is written once.
//!
//! ```toml
//! [[rule]]
//! drop = "too_few_stop_words"
//! measure = "distinct_listed_words"
//! list = "stop_words"                 # those of the text's language (crate `stop-words`, which carries stopwords-iso)
//! min = 2
//!
//! [bounds.zh]                         # instead of those of the rules, for texts in Chinese
//! short_words.min = 1.3
//! ```
//!
//! A rule that wants stop words is left out for languages of which there are none.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    RuleError, RuleSet,
    reader::{ReadList, Reader, Table},
};
use crate::text::Splitter;

/// The name of the list that every language has its own of.
pub const STOP_WORDS: &str = "stop_words";

/// A rule set by language.
#[derive(Clone, Debug, Default)]
pub struct ByLanguage {
    /// For texts of every other language, and of none.
    others: RuleSet,
    /// By primary language, ascending.
    languages: Vec<(String, RuleSet)>,
}

/// A bound of one language, and where it stands.
struct Bound {
    language: String,
    rule: String,
    name: String,
    value: f64,
    span: std::ops::Range<usize>,
}

impl ByLanguage {
    /// Reads a rule file; lists that it names by path are read by `read`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(toml: &str, read: &mut ReadList) -> Result<Self, Vec<RuleError>> {
        let others = parse(toml, "", read)?;
        let root =
            DeTable::parse(toml).map_err(|error| vec![RuleError::new(format!("this is not TOML: {}", error.message()), error.span().unwrap_or(0..0))])?;
        let bounds = match root.get_ref().get("bounds").map(|bounds| (bounds.get_ref(), bounds.span())) {
            Some((DeValue::Table(table), span)) => read_bounds(&Table::new(table, span))?,
            Some((_, span)) => return Err(vec![RuleError::new("`bounds` is not a table of languages", span).help(Some("write it as `[bounds.zh]`".into()))]),
            None => Vec::new(),
        };
        let mut set = Self { others, languages: Vec::new() };
        if set.others.wants_stop_words {
            for code in stop_words::available_languages() {
                // Its Kurdish is Sorani, in Arabic letters; Kurmanji is written in Latin ones.
                let language = if *code == "ku" { "ckb" } else { code };
                set.languages.push((language.to_owned(), parse(toml, code, read)?));
            }
        }
        set.languages.sort_by(|a, b| a.0.cmp(&b.0));
        set.bound(&bounds)?;
        Ok(set)
    }

    /// Takes the bounds of a file of thresholds, whose tables are languages.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn set_thresholds(&mut self, toml: &str) -> Result<(), Vec<RuleError>> {
        let root =
            DeTable::parse(toml).map_err(|error| vec![RuleError::new(format!("this is not TOML: {}", error.message()), error.span().unwrap_or(0..0))])?;
        let bounds = read_bounds(&Table::new(root.get_ref(), root.span()))?;
        self.bound(&bounds)
    }

    fn bound(&mut self, bounds: &[Bound]) -> Result<(), Vec<RuleError>> {
        let mut errors = Vec::new();
        for Bound { language, rule, name, value, span } in bounds {
            let set = match self.languages.binary_search_by(|(known, _)| known.cmp(language)) {
                Ok(at) => &mut self.languages[at].1,
                Err(at) => {
                    self.languages.insert(at, (language.clone(), self.others.clone()));
                    &mut self.languages[at].1
                }
            };
            errors.extend(set.override_bound(rule, name, *value).err().map(|error| RuleError { span: span.clone(), ..error }));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The set for texts of a language, as a BCP 47 tag.
    pub fn of(&self, language: &str) -> &RuleSet {
        let primary = language.split('-').next().unwrap_or_default();
        // Norwegian has one list for its two written forms.
        let primary = if matches!(primary, "nb" | "nn") && !self.knows(primary) { "no" } else { primary };
        self.languages.binary_search_by(|(known, _)| known.as_str().cmp(primary)).map_or(&self.others, |at| &self.languages[at].1)
    }

    /// Whether a primary language has bounds or stop words of its own.
    pub fn knows(&self, language: &str) -> bool {
        self.languages.binary_search_by(|(known, _)| known.as_str().cmp(language)).is_ok()
    }

    /// Whether it matters of which language a text is.
    pub fn depends_on_language(&self) -> bool {
        !self.languages.is_empty()
    }

    /// The reasons for which documents may be dropped, in file order.
    pub fn reasons(&self) -> Vec<&str> {
        self.others.reasons()
    }

    /// See [`RuleSet::split_by`].
    pub fn split_by(&mut self, wanted: Option<Splitter>) {
        self.each(|set| set.split_by(wanted));
    }

    /// See [`RuleSet::override_bound`]; for every language.
    ///
    /// # Errors
    /// As there.
    pub fn override_bound(&mut self, rule: &str, bound: &str, value: f64) -> Result<(), RuleError> {
        self.others.override_bound(rule, bound, value)?;
        self.languages.iter_mut().try_for_each(|(_, set)| set.override_bound(rule, bound, value))
    }

    /// See [`RuleSet::disable`]; for every language.
    ///
    /// # Errors
    /// As there.
    pub fn disable(&mut self, rule: &str) -> Result<(), RuleError> {
        self.others.disable(rule)?;
        self.languages.iter_mut().try_for_each(|(_, set)| set.disable(rule))
    }

    fn each(&mut self, mut change: impl FnMut(&mut RuleSet)) {
        change(&mut self.others);
        self.languages.iter_mut().for_each(|(_, set)| change(set));
    }
}

/// The set with the stop words of a language; without the rules that want them where it has none.
fn parse(toml: &str, language: &str, read: &mut ReadList) -> Result<RuleSet, Vec<RuleError>> {
    let words = stop_words::lookup(language).unwrap_or_default();
    let mut set = RuleSet::parse_with(toml, &mut |name| if name == STOP_WORDS { Ok(words.join("\n")) } else { read(name) })?;
    if words.is_empty() {
        set.leave_out_unlisted();
    }
    Ok(set)
}

fn read_bounds(languages: &Table) -> Result<Vec<Bound>, Vec<RuleError>> {
    let mut bounds = Vec::new();
    let mut no_lists = |_: &str| Err(String::new());
    let mut reader = Reader::new(&mut no_lists);
    for (language, (_, rules)) in &languages.entries {
        for (rule, table) in tables(&mut reader, language, rules) {
            for (name, bound) in tables_of_numbers(&mut reader, &rule, table) {
                bounds.push(Bound { language: (*language).to_owned(), rule: rule.clone(), name, value: bound.0, span: bound.1 });
            }
        }
    }
    if reader.errors.is_empty() { Ok(bounds) } else { Err(reader.errors) }
}

fn tables<'t>(reader: &mut Reader, name: &str, value: &'t Spanned<DeValue<'t>>) -> Vec<(String, &'t Spanned<DeValue<'t>>)> {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().map(|(key, value)| (key.get_ref().to_string(), value)).collect(),
        _ => {
            reader.error(format!("`{name}` is not a table"), value.span(), Some("write it as `[bounds.zh]` and `short_words.min = 1.3`".into()));
            Vec::new()
        }
    }
}

fn tables_of_numbers(reader: &mut Reader, rule: &str, value: &Spanned<DeValue>) -> Vec<(String, (f64, std::ops::Range<usize>))> {
    let bounds = tables(reader, rule, value);
    let Some(table) = value.get_ref().as_table() else { return Vec::new() };
    let table = Table::new(table, value.span());
    bounds.iter().filter_map(|(name, value)| Some((name.clone(), (reader.number(&table, name)?, value.span())))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Applied;
    use super::*;
    use crate::text::Facts;

    const SET: &str = "source = \"here\"\n\
        [[rule]]\ndrop = \"short\"\nmeasure = \"words\"\nmin = 3\n\
        [[rule]]\ndrop = \"few_stop_words\"\nmeasure = \"distinct_listed_words\"\nlist = \"stop_words\"\nmin = 2\n\
        [bounds.zh]\nshort.min = 5\n[bounds.qq]\nshort.min = 1\n";

    fn set() -> ByLanguage {
        let mut set = ByLanguage::parse(SET, &mut |_| Err("no lists".into())).unwrap();
        set.split_by(None);
        set
    }

    fn reason(set: &ByLanguage, language: &str, text: &str) -> Option<String> {
        match set.of(language).apply(text, &mut Facts::new(), false, &mut |_| {}) {
            Applied::Drop { reason, .. } => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn each_language_has_its_stop_words_and_bounds() {
        let set = set();
        assert!(set.depends_on_language());
        for (language, text, wanted) in [
            ("en", "the mill and the river", None),
            ("en-GB", "mill river stone", Some("few_stop_words")),
            ("de", "the mill and the river", Some("few_stop_words")),
            ("nb", "møllen og elven er der", None),
            ("zh-Hans", "我们和他们在一起", Some("short")),
            ("zh-Hans", "我们和他们在这里,但是因为工作", None),
            ("qq", "one", None),
            ("xx", "one two three", None),
            ("", "one two", Some("short")),
        ] {
            assert_eq!(reason(&set, language, text).as_deref(), wanted, "{language} {text}");
        }
    }

    #[test]
    fn bounds_are_changed_for_all_and_thresholds_for_some() {
        let mut set = set();
        set.set_thresholds("[de]\nfew_stop_words.min = 1\nshort.min = 1").unwrap();
        assert_eq!(reason(&set, "de", "und"), None);
        set.override_bound("short", "min", 4.0).unwrap();
        assert_eq!((reason(&set, "de", "und").as_deref(), reason(&set, "qq", "one").as_deref()), (Some("short"), Some("short")));
        set.disable("short").unwrap();
        assert_eq!(reason(&set, "qq", "one"), None);
    }

    #[test]
    fn faults_have_places() {
        let errors = |toml: &str| set().set_thresholds(toml).unwrap_err().into_iter().map(|error| (error.message, error.span.start)).collect::<Vec<_>>();
        assert_eq!(errors("[de]\nshot.min = 1"), [("there is no rule `shot`".to_owned(), 16)]);
        assert_eq!(errors("[de]\nshort.max = 1"), [("rule `short` has no bound `max`".to_owned(), 17)]);
        assert_eq!(errors("de = 1"), [("`de` is not a table".to_owned(), 5)]);
        assert_eq!(errors("[de]\nshort = 1").len(), 1);
        assert_eq!(errors("[de]\nshort.min = \"1\"").len(), 1);
        assert!(ByLanguage::parse(&SET.replace("[bounds.qq]", "[bounds.qq.x]"), &mut |_| Err(String::new())).is_err());
    }
}
