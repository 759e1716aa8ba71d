//! What the stage `url` looks for, rule by rule, and how each profile reads a URL.

use std::borrow::Cow;
use std::cell::OnceCell;

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexSet};
use serde::Deserialize;

use crate::text::adblock::Adblock;
use crate::text::listed::{Form, Listed};
use crate::text::url::{HOST, PAGE, Url, decoded, parents, registered_domains, without_www};

/// Whose definitions of the rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Ours.
    Dataprep,
    /// Those of datatrove 0.10's URLFilter.
    Datatrove,
    /// Those of DCLM's re-creation of RefinedWeb.
    Dclm,
}

/// Looks for what is wrong.
type Find = fn(&Lists, &Seen<'_>) -> Option<Found>;

/// A rule: its name, which is the reason of its drops, and how it looks.
pub type Rule = (&'static str, Find);

const OURS: [Rule; 10] = [
    ("not_web", not_web),
    ("broken_url", broken_url),
    ("blocked_domain", blocked_domain),
    ("blocked_host", blocked_host),
    ("blocked_url", blocked_url),
    ("blocked_word", blocked_word),
    ("blocked_soft_words", blocked_soft_words),
    ("blocked_subword", blocked_subword),
    ("blocked_pattern", blocked_pattern),
    ("blocked_adblock", blocked_adblock),
];

const DATATROVE: [Rule; 6] = [
    ("blocked_domain", registered_domain_as_written),
    ("blocked_host", host_as_written),
    ("blocked_url", url_as_written),
    ("blocked_word", blocked_word),
    ("blocked_soft_words", blocked_soft_words),
    ("blocked_subword", blocked_subword),
];

const DCLM: [Rule; 4] =
    [("blocked_host", netloc_without_www), ("blocked_subword", blocked_subword), ("blocked_word", bounded_word), ("blocked_soft_words", bounded_soft_words)];

impl Profile {
    /// Its rules in their order.
    pub fn rules(self) -> &'static [Rule] {
        match self {
            Profile::Dataprep => &OURS,
            Profile::Datatrove => &DATATROVE,
            Profile::Dclm => &DCLM,
        }
    }

    /// Keys of the stage that none of its rules looks at.
    pub fn ignores(self) -> &'static [&'static str] {
        match self {
            Profile::Dataprep => &[],
            Profile::Datatrove => &["hosts", "block", "patterns", "adblock"],
            Profile::Dclm => &["hosts", "urls", "block", "patterns", "adblock"],
        }
    }

    /// How entries of the list of domains are kept.
    pub fn domain_form(self) -> Form {
        match self {
            Profile::Dataprep => HOST,
            Profile::Datatrove => AS_WRITTEN,
            Profile::Dclm => LOWER,
        }
    }

    /// How entries of the list of pages are kept.
    pub fn page_form(self) -> Form {
        if self == Profile::Datatrove { AS_WRITTEN } else { PAGE }
    }

    /// How entries of lists of words are kept.
    pub fn word_form(self) -> Form {
        match self {
            Profile::Dataprep => {
                Form { name: "word", of: |entry| Cow::Owned(entry.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()) }
            }
            Profile::Datatrove => {
                Form { name: "ASCII word", of: |entry| Cow::Owned(entry.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()) }
            }
            Profile::Dclm => LOWER,
        }
    }

    /// What words of a URL are made of.
    fn is_part(self, c: char) -> bool {
        match self {
            Profile::Dataprep => c.is_alphanumeric(),
            Profile::Datatrove => c.is_ascii_alphanumeric(),
            Profile::Dclm => c.is_alphanumeric() || c == '_',
        }
    }
}

/// Entries as they stand in the list.
const AS_WRITTEN: Form = Form { name: "as written", of: |entry| Cow::Borrowed(entry) };

/// Entries in lower case.
const LOWER: Form = Form { name: "lower case", of: |entry| Cow::Owned(entry.to_lowercase()) };

/// What is wrong: the entry that matched, or what was found, in words.
pub struct Found {
    pub words: String,
    /// Value and threshold, where something was counted.
    pub measured: Option<(f64, f64)>,
}

impl From<&str> for Found {
    fn from(entry: &str) -> Found {
        Found { words: entry.to_owned(), measured: None }
    }
}

/// The lists that the rules look into.
pub struct Lists {
    pub domains: Listed,
    pub hosts: Listed,
    pub sites: Listed,
    pub urls: Listed,
    pub words: Listed,
    pub soft_words: Listed,
    pub soft_min: usize,
    pub subwords: AhoCorasick,
    pub patterns: RegexSet,
    pub adblock: Adblock,
    /// `words` and `soft_words` as DCLM looks for them; see [`bounded`].
    pub bounded: [Option<Regex>; 2],
}

/// A URL as the rules look at it.
pub struct Seen<'a> {
    pub profile: Profile,
    /// As it stands in the document.
    pub written: &'a str,
    pub url: &'a Url<'a>,
    /// As [`Url::page`] writes it; few lists need it.
    pub page: OnceCell<String>,
    pub readings: &'a Readings,
}

/// A URL as words are looked for in it; filled only where there are lists of words.
#[derive(Default)]
pub struct Readings {
    /// With what stands between words.
    worded: String,
    /// Run together.
    squeezed: String,
}

impl Readings {
    pub fn fill(&mut self, url: &str, profile: Profile) {
        self.worded.clear();
        self.squeezed.clear();
        match profile {
            Profile::Dataprep => {
                lower(&decoded(url), &mut self.worded);
                let Readings { worded, squeezed } = self;
                words(worded, profile).for_each(|word| squeezed.push_str(word));
            }
            Profile::Datatrove => {
                self.worded.push_str(url);
                self.squeezed.extend(url.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
            }
            Profile::Dclm => {
                lower(url, &mut self.worded);
                self.squeezed.extend(self.worded.chars().filter(|c| !matches!(c, '-' | '.')));
            }
        }
    }
}

fn lower(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// The words of a URL, as the lists have them.
fn words(text: &str, profile: Profile) -> impl Iterator<Item = &str> {
    text.split(move |c: char| !profile.is_part(c)).filter(|word| !word.is_empty())
}

impl Seen<'_> {
    fn host(&self) -> Option<&str> {
        self.url.host.as_deref()
    }

    fn page(&self) -> &str {
        self.page.get_or_init(|| self.url.page())
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        words(&self.readings.worded, self.profile)
    }
}

fn not_web(_: &Lists, seen: &Seen<'_>) -> Option<Found> {
    (!seen.url.is_web()).then(|| seen.url.scheme.unwrap_or_default().into())
}

fn broken_url(_: &Lists, seen: &Seen<'_>) -> Option<Found> {
    (seen.url.is_web() && seen.host().is_none()).then(|| "no host".into())
}

fn blocked_domain(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    if lists.domains.is_empty() && lists.sites.is_empty() {
        return None;
    }
    let domains = registered_domains(seen.host()?);
    let entry = domains.iter().flatten().find_map(|domain| lists.domains.get(domain).or_else(|| lists.sites.get(domain)))?;
    Some(entry.into())
}

fn blocked_host(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let host = seen.host()?;
    let bare = without_www(host);
    // `www.` alone seldom makes a difference: one look each is the rule.
    let forms = [Some(bare), (bare.len() < host.len()).then_some(host)];
    let exact = [&lists.domains, &lists.hosts].into_iter().find_map(|list| forms.into_iter().flatten().find_map(|form| list.get(form)));
    let entry = exact.or_else(|| parents(bare).find_map(|parent| lists.sites.get(parent)))?;
    Some(entry.into())
}

fn blocked_url(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    seen.host().filter(|_| !lists.urls.is_empty())?;
    lists.urls.page(seen.page()).map(Found::from)
}

fn blocked_word(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    seen.words().find_map(|word| lists.words.get(word)).map(Found::from)
}

fn blocked_soft_words(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    several(lists, seen.words().filter_map(|word| lists.soft_words.get(word)))
}

/// Whether enough different soft words were found.
fn several<'a>(lists: &Lists, words: impl Iterator<Item = &'a str>) -> Option<Found> {
    let mut found: Vec<&str> = Vec::new();
    for entry in words {
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    (found.len() >= lists.soft_min).then(|| Found { words: found.join(", "), measured: Some((found.len() as f64, lists.soft_min as f64)) })
}

fn blocked_subword(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let found = lists.subwords.find(&seen.readings.squeezed)?;
    seen.readings.squeezed.get(found.range()).map(Found::from)
}

fn blocked_pattern(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let number = lists.patterns.matches(seen.written).into_iter().next()?;
    lists.patterns.patterns().get(number).map(|pattern| pattern.as_str().into())
}

/// The host in the case in which it is written, by which datatrove compares.
fn written_host<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    let host = seen.url.host.as_deref()?;
    let at = seen.written.to_ascii_lowercase().find(host)?;
    seen.written.get(at..at + host.len())
}

fn registered_domain_as_written(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let [narrow, wide] = registered_domains(seen.host()?);
    // Suffixes that companies offer count as names there.
    let length = wide.or(narrow)?.len();
    let host = written_host(seen)?;
    lists.domains.get(host.get(host.len() - length..)?).map(Found::from)
}

fn host_as_written(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    // An address has no host in its sense.
    registered_domains(seen.host()?)[0]?;
    lists.domains.get(written_host(seen)?).map(Found::from)
}

fn url_as_written(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    lists.urls.get(seen.written).map(Found::from)
}

fn blocked_adblock(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    lists.adblock.blocks(seen.url).map(|rule| rule.as_str().into())
}

/// DCLM's host is what urllib calls netloc, with user and port; every "www" in it is taken out.
fn netloc_without_www(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let has_one = seen.url.scheme.is_some() || seen.written.starts_with("//");
    let netloc = seen.url.authority.to_lowercase().replace("www", "");
    lists.domains.get(netloc.as_str()).filter(|_| has_one).map(Found::from)
}

/// A pattern for the words of a list as DCLM (the crate `retrie` of Python) looks for them: the longest that begins and ends where a word does.
pub fn bounded(words: &Listed) -> Result<Option<Regex>, regex::Error> {
    let mut words: Vec<String> = words.iter().map(|word| regex::escape(&String::from_utf8_lossy(&word))).collect();
    words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    words.dedup();
    if words.is_empty() { Ok(None) } else { Regex::new(&format!(r"\b(?:{})\b", words.join("|"))).map(Some) }
}

fn bounded_word(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    lists.bounded[0].as_ref()?.find(&seen.readings.worded).map(|found| found.as_str().into())
}

fn bounded_soft_words(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    several(lists, lists.bounded[1].as_ref()?.find_iter(&seen.readings.worded).map(|found| found.as_str()))
}

/// What passes whatever else is listed.
pub fn is_allowed(allowed: &Listed, seen: &Seen<'_>) -> bool {
    let Some(host) = seen.host().filter(|_| !allowed.is_empty()) else { return false };
    parents(without_www(host)).any(|parent| allowed.get(parent).is_some()) || allowed.page(seen.page()).is_some()
}
