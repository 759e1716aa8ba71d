//! What is known of a corpus, one named fact after another, as checks look at it and as a baseline keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::profile::{Shares, Sketch};

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// How many.
    Count(u64),
    /// A number measured over `of` documents.
    Number {
        /// The number.
        value: f64,
        /// Documents behind it.
        of: u64,
    },
    /// Which share of `of` documents.
    Share {
        /// 0 to 1.
        share: f64,
        /// Documents behind it.
        of: u64,
    },
    /// Which values a field takes, and how often.
    Values {
        /// How often each.
        values: Shares,
        /// Documents behind it.
        of: u64,
    },
    /// How the values of a number are spread.
    Numbers(Sketch),
    /// How often each of a fixed list of classes was seen.
    Classes(Vec<u64>),
    /// What something is called.
    Text(String),
    /// What was found to be wrong, in words.
    Faults(Vec<String>),
    /// Not known, and why, in words.
    Unknown(String),
}

/// Values that a baseline keeps by name; the rest is counted together.
const KEPT_VALUES: usize = 200;

impl Fact {
    /// The number that bounds apply to; `None` for facts that are no number.
    pub fn value(&self) -> Option<f64> {
        match self {
            Fact::Count(count) => Some(*count as f64),
            Fact::Number { value, .. } => Some(*value),
            Fact::Share { share, .. } => Some(*share),
            Fact::Faults(faults) => Some(faults.len() as f64),
            Fact::Values { .. } | Fact::Numbers(_) | Fact::Classes(_) | Fact::Text(_) | Fact::Unknown(_) => None,
        }
    }

    /// Documents behind the fact; `None` where that is no matter.
    pub fn of(&self) -> Option<u64> {
        match self {
            Fact::Number { of, .. } | Fact::Share { of, .. } | Fact::Values { of, .. } => Some(*of),
            Fact::Numbers(sketch) => Some(sketch.count()),
            Fact::Count(_) | Fact::Classes(_) | Fact::Text(_) | Fact::Faults(_) | Fact::Unknown(_) => None,
        }
    }

    /// One of the numbers inside: the share of a value, or a quantile as `p50`.
    fn inside(&self, name: &str) -> Option<Fact> {
        match self {
            Fact::Values { values, of } => {
                let count = values.counts.get(name).copied().unwrap_or(0);
                Some(Fact::Share { share: count as f64 / values.total().max(1) as f64, of: *of })
            }
            Fact::Numbers(sketch) => {
                let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
                let value = sketch.quantile(percent / 100.0).filter(|_| (0.0..=100.0).contains(&percent))?;
                Some(Fact::Number { value, of: sketch.count() })
            }
            _ => None,
        }
    }
}

/// All facts of a corpus by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts(pub BTreeMap<String, Fact>);

/// The first part of the names that facts can have, and what they say.
pub const FAMILIES: [(&str, &str); 18] = [
    ("documents", "documents written"),
    ("bytes", "UTF-8 bytes of their texts"),
    ("kept", "share of the documents read that were written"),
    ("drop", "drop/STAGE and drop/STAGE/REASON: share of the documents that reached a stage"),
    ("faults", "share of what the source gave that was damaged"),
    ("panicked", "documents over which a stage panicked"),
    ("characters", "characters a document, as characters/p50"),
    ("script", "characters by script, as script/han"),
    ("damage", "share of documents with visible damage, as damage/mojibake"),
    ("repeated", "repeated/texts and repeated/ids: share of documents seen before"),
    ("contamination", "share of documents that hold an item of --against"),
    ("field", "share of documents that have a field, as field/url"),
    ("values", "values of a text field, as values/lang/en"),
    ("numbers", "values of a number field, as numbers/lang_score/p50"),
    ("tokens", "tokens, tokens/lengths/p50, tokens/bytes (bytes a token), tokens/use, tokens/frequent/ID"),
    ("shards", "shards/FOLDER/integrity, /tokenizer, /vocabulary, /padding, /cut"),
    ("integrity", "faults of the run's own files; integrity/shards of its shards"),
    ("verdict", "better, worse or not_resolved"),
];

impl Facts {
    /// The fact of that name, or the number inside a fact.
    pub fn get(&self, name: &str) -> Option<Fact> {
        self.0.get(name).cloned().or_else(|| {
            let (outer, inner) = name.match_indices('/').find_map(|(at, _)| Some((self.0.get(&name[..at])?, &name[at + 1..])))?;
            outer.inside(inner)
        })
    }

    /// Names that a pattern means: itself, or with `*` at its end all that begin as it does.
    pub fn matching<'f>(&'f self, pattern: &'f str) -> Vec<&'f str> {
        match pattern.strip_suffix('*') {
            Some(start) => self.0.keys().map(String::as_str).filter(|name| name.starts_with(start)).collect(),
            None => vec![pattern],
        }
    }

    /// As a baseline keeps them: of fields with very many values only the frequent ones, and nothing of what is not known.
    pub fn shortened(&self) -> Facts {
        let shorten = |fact: &Fact| match fact {
            Fact::Values { values, of } => Fact::Values { values: most_frequent(values), of: *of },
            fact => fact.clone(),
        };
        let known = self.0.iter().filter(|(_, fact)| !matches!(fact, Fact::Unknown(_)));
        Facts(known.map(|(name, fact)| (name.clone(), shorten(fact))).collect())
    }
}

fn most_frequent(values: &Shares) -> Shares {
    let mut by_count: Vec<(&String, &u64)> = values.counts.iter().collect();
    by_count.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let counts: BTreeMap<String, u64> = by_count.into_iter().take(KEPT_VALUES).map(|(value, count)| (value.clone(), *count)).collect();
    let kept: u64 = counts.values().sum();
    Shares { other: values.total() - kept, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mut lang = Shares::default();
        ["en", "en", "en", "zh"].iter().for_each(|value| lang.add(value));
        let mut characters = Sketch::default();
        (1..=10).for_each(|length| characters.add(f64::from(length)));
        let facts = [
            ("values/lang", Fact::Values { values: lang, of: 4 }),
            ("characters", Fact::Numbers(characters)),
            ("drop/a", Fact::Share { share: 0.5, of: 8 }),
            ("drop/a/short", Fact::Share { share: 0.25, of: 8 }),
        ];
        Facts(facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect())
    }

    #[test]
    fn numbers_inside_facts_have_names() {
        let value = |name: &str| facts().get(name).and_then(|fact| fact.value());
        assert_eq!(value("values/lang/zh"), Some(0.25));
        assert_eq!(value("values/lang/fr"), Some(0.0));
        assert_eq!(value("characters/p50"), Some(5.0));
        assert_eq!(value("drop/a/short"), Some(0.25));
        assert_eq!([value("characters/median"), value("characters/p101"), value("drop/b"), value("nothing")], [None; 4]);
    }

    #[test]
    fn a_star_means_all_that_begin_so() {
        assert_eq!(facts().matching("drop/*"), ["drop/a", "drop/a/short"]);
        assert_eq!(facts().matching("kept"), ["kept"]);
    }

    #[test]
    fn a_baseline_keeps_frequent_values_and_loses_no_count() {
        let mut host = Shares::default();
        (0..1000).for_each(|i| host.add(&format!("h{i}")));
        (0..50).for_each(|_| host.add("busy"));
        let short = most_frequent(&host);
        assert_eq!((short.counts.len(), short.counts["busy"], short.total()), (KEPT_VALUES, 50, 1050));
    }
}
