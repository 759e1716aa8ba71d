//! Drop documents by their URL: listed domains, hosts and pages, and words that the URL contains.
//!
//! Put it first: what it drops need not be parsed. Without any list it drops only what cannot be a web page. A document that has no URL
//! passes, unless `require = true`.
//!
//! ```toml
//! [[stage]]
//! use = "url"
//! block = ["casino.example", "example.org/spam/"]
//! block_words = ["casino"]
//! allow = ["museum.casino.example"]
//! # domains = "lists/adult-domains.txt.gz"      long lists stand in files
//! ```
//!
//! A list file is plain text, or gzip, one entry a line; `#` and a space begin a comment. Case, `www.`, the scheme, a final slash and the
//! way an international host is written make no difference. `%xx` is decoded before words are looked for.
//!
//! Rules in their order, which is that of datatrove's URLFilter (RefinedWeb, Penedo et al. 2023): `not_web` and `broken_url`,
//! `blocked_domain`, `blocked_host`, `blocked_url`, `blocked_word`, `blocked_soft_words`, `blocked_subword`. What is on the allow list
//! passes them all.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::prelude::*;
use crate::text::listed::{Builder, Listed};
use crate::text::url::{Url, decoded, host_form, parents, registered_domains, without_www};

/// Which URLs to drop.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Files of domains. An entry blocks every host of a registered domain that it equals, and the host that it equals.
    domains: OneOrMany,
    /// Files of hosts. An entry blocks that host alone.
    hosts: OneOrMany,
    /// Files of URLs, with or without scheme. An entry blocks the page, and every page below its path.
    urls: OneOrMany,
    /// Files of words. One of them between other characters than letters and digits blocks the URL.
    words: OneOrMany,
    /// Files of words of which `soft_min` different ones block the URL.
    soft_words: OneOrMany,
    /// Number of soft words that block a URL. Default 2.
    soft_min: usize,
    /// Files of parts of words, looked for in the letters and digits of the URL, run together.
    subwords: OneOrMany,
    /// Domains, hosts (with all hosts below them) and URLs to block, written here.
    block: Vec<String>,
    /// Words to block, written here.
    block_words: Vec<String>,
    /// Domains, hosts (with all hosts below them) and URLs that pass whatever else is listed.
    allow: Vec<String>,
    /// Files of the same.
    allow_lists: OneOrMany,
    /// Drop documents without a URL (`no_url`). Default false.
    require: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        let [domains, hosts, urls, words, soft_words, subwords, allow_lists] = Default::default();
        let [block, block_words, allow] = Default::default();
        Filter { domains, hosts, urls, words, soft_words, soft_min: 2, subwords, block, block_words, allow, allow_lists, require: false }
    }
}

const RULES: [(&str, Find); 8] = [
    ("not_web", not_web),
    ("broken_url", broken_url),
    ("blocked_domain", blocked_domain),
    ("blocked_host", blocked_host),
    ("blocked_url", blocked_url),
    ("blocked_word", blocked_word),
    ("blocked_soft_words", blocked_soft_words),
    ("blocked_subword", blocked_subword),
];

impl Recipe for Filter {
    const NAME: &'static str = "url";

    fn spec(&self) -> Spec {
        RULES.iter().fold(Spec::new().reason("no_url"), |spec, (name, _)| spec.reason(*name))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut complaints = Vec::new();
        if self.soft_min == 0 {
            complaints.push(Complaint::new("soft_min", "no soft word at all would block a URL", "wanted 1 or more"));
        }
        let mut load = |key: &str, files: &OneOrMany, inline: &[String], form: fn(&str) -> Cow<'_, str>| {
            read_list(shop, key, files, inline, form).unwrap_or_else(|complaint| {
                complaints.push(complaint);
                Listed::default()
            })
        };
        let (sites, pages) = parted(&self.block);
        let domains = load("domains", &self.domains, &[], host_form);
        let hosts = load("hosts", &self.hosts, &[], host_form);
        let sites = load("block", &OneOrMany::default(), &sites, page_form);
        let urls = load("urls", &self.urls, &pages, page_form);
        let words = load("words", &self.words, &self.block_words, word_form);
        let soft_words = load("soft_words", &self.soft_words, &[], word_form);
        let subwords = load("subwords", &self.subwords, &[], word_form);
        let allowed = load("allow_lists", &self.allow_lists, &self.allow, page_form);
        for (key, list) in [("block", &self.block), ("allow", &self.allow)] {
            if let Some(odd) = list.iter().find(|entry| Url::parse(entry).host.is_none()) {
                complaints.push(Complaint::new(key, format!("`{odd}` is neither host nor URL"), "as \"example.org\" or \"example.org/path/\""));
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        // The fastest kind takes most memory: for lists of the usual length.
        let parts = AhoCorasick::builder().kind((subwords.len() < 10_000).then_some(AhoCorasickKind::DFA)).build(subwords.iter());
        let parts = parts.map_err(|cause| Complaint::new("subwords", cause.to_string(), "shorten the list"))?;
        let lists = Lists { domains, hosts, sites, urls, words, soft_words, soft_min: self.soft_min, subwords: parts };
        let rules = RULES.iter().map(|(name, find)| Rule { name, reason: shop.reason(name), find: *find }).collect();
        Ok(Built::stage(Judge { lists, allowed, rules, no_url: self.require.then(|| shop.reason("no_url")) }))
    }
}

struct Judge {
    lists: Lists,
    /// Hosts and pages, in the form of pages.
    allowed: Listed,
    rules: Vec<Rule>,
    no_url: Option<Reason>,
}

struct Rule {
    name: &'static str,
    reason: Reason,
    find: Find,
}

/// Looks for what is wrong.
type Find = fn(&Lists, &Seen<'_>) -> Option<Found>;

/// What is wrong: the entry that matched, or what was found, in words.
struct Found {
    words: String,
    /// Value and threshold, where something was counted.
    measured: Option<(f64, f64)>,
}

impl From<&str> for Found {
    fn from(entry: &str) -> Found {
        Found { words: entry.to_owned(), measured: None }
    }
}

struct Lists {
    domains: Listed,
    hosts: Listed,
    sites: Listed,
    urls: Listed,
    words: Listed,
    soft_words: Listed,
    soft_min: usize,
    subwords: AhoCorasick,
}

/// A URL as the rules look at it.
struct Seen<'a> {
    scheme: &'a str,
    is_web: bool,
    host: Option<&'a str>,
    /// As [`Url::page`] writes it.
    page: &'a str,
    /// The whole, lower case, `%xx` decoded.
    lower: &'a str,
    /// Its letters and digits.
    squeezed: &'a str,
}

#[derive(Default)]
struct Buffers {
    lower: String,
    squeezed: String,
}

impl Stage for Judge {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let written = doc.url.as_deref().map(str::trim).unwrap_or_default();
        if written.is_empty() {
            return Ok(self.no_url.map_or(Verdict::Keep, |reason| Verdict::Drop(Drop::plain(reason))));
        }
        let url = Url::parse(written);
        let page = url.page();
        if !self.allowed.is_empty() && url.host.as_deref().is_some_and(|host| is_allowed(&self.allowed, host, &page)) {
            return Ok(Verdict::Keep);
        }
        let mut buffers = std::mem::take(scratch.buffer::<Buffers>());
        if !(self.lists.words.is_empty() && self.lists.soft_words.is_empty() && self.lists.subwords.patterns_len() == 0) {
            buffers.fill(written);
        }
        let seen = Seen {
            scheme: url.scheme.unwrap_or_default(),
            is_web: url.is_web(),
            host: url.host.as_deref(),
            page: &page,
            lower: &buffers.lower,
            squeezed: &buffers.squeezed,
        };
        let mut verdict = Verdict::Keep;
        for rule in &self.rules {
            let found = (rule.find)(&self.lists, &seen);
            if scratch.audits() {
                let (value, threshold) = found.as_ref().and_then(|found| found.measured).unzip();
                let keep = found.is_none();
                let reason = (!keep).then(|| rule.name.to_owned());
                scratch.report(Finding { stage: String::new(), rule: rule.name.to_owned(), keep, reason, value, threshold, alias: None });
            }
            if let (Some(found), Verdict::Keep) = (found, &verdict) {
                let (value, threshold) = found.measured.unzip();
                verdict = Verdict::Drop(Drop { value, threshold, ..Drop::plain(rule.reason) }.detail(found.words));
                if !scratch.audits() {
                    break;
                }
            }
        }
        *scratch.buffer() = buffers;
        Ok(verdict)
    }
}

impl Buffers {
    fn fill(&mut self, url: &str) {
        self.lower.clear();
        let decoded = decoded(url);
        if decoded.is_ascii() {
            self.lower.push_str(&decoded);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(decoded.chars().flat_map(char::to_lowercase));
        }
        self.squeezed.clear();
        words(&self.lower).for_each(|word| self.squeezed.push_str(word));
    }
}

fn not_web(_: &Lists, seen: &Seen<'_>) -> Option<Found> {
    (!seen.is_web).then(|| seen.scheme.into())
}

fn broken_url(_: &Lists, seen: &Seen<'_>) -> Option<Found> {
    (seen.is_web && seen.host.is_none()).then(|| "no host".into())
}

fn blocked_domain(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    if lists.domains.is_empty() && lists.sites.is_empty() {
        return None;
    }
    let domains = registered_domains(seen.host?);
    let entry = domains.iter().flatten().find_map(|domain| lists.domains.get(domain).or_else(|| lists.sites.get(domain)))?;
    Some(entry.into())
}

fn blocked_host(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let host = seen.host?;
    let bare = without_www(host);
    // `www.` alone seldom makes a difference: one look each is the rule.
    let forms = [Some(bare), (bare.len() < host.len()).then_some(host)];
    let exact = [&lists.domains, &lists.hosts].into_iter().find_map(|list| forms.into_iter().flatten().find_map(|form| list.get(form)));
    let entry = exact.or_else(|| parents(bare).find_map(|parent| lists.sites.get(parent)))?;
    Some(entry.into())
}

fn blocked_url(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    seen.host.filter(|_| !lists.urls.is_empty())?;
    lists.urls.page(seen.page).map(Found::from)
}

fn blocked_word(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    words(seen.lower).find_map(|word| lists.words.get(word)).map(Found::from)
}

fn blocked_soft_words(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let mut found: Vec<&str> = Vec::new();
    for entry in words(seen.lower).filter_map(|word| lists.soft_words.get(word)) {
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    (found.len() >= lists.soft_min).then(|| Found { words: found.join(", "), measured: Some((found.len() as f64, lists.soft_min as f64)) })
}

fn blocked_subword(lists: &Lists, seen: &Seen<'_>) -> Option<Found> {
    let found = lists.subwords.find(seen.squeezed)?;
    seen.squeezed.get(found.range()).map(Found::from)
}

/// The words of a URL, as the lists have them.
fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_allowed(allowed: &Listed, host: &str, page: &str) -> bool {
    parents(without_www(host)).any(|parent| allowed.get(parent).is_some()) || allowed.page(page).is_some()
}

/// Sites (hosts with all below them) and pages of a list that may hold both.
fn parted(list: &[String]) -> (Vec<String>, Vec<String>) {
    list.iter().cloned().partition(|entry| Url::parse(entry).rest.trim_end_matches('/').is_empty())
}

fn page_form(entry: &str) -> Cow<'_, str> {
    Cow::Owned(Url::parse(entry).page())
}

fn word_form(entry: &str) -> Cow<'_, str> {
    Cow::Owned(entry.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
}

fn read_list(shop: &mut Shop<'_>, key: &str, files: &OneOrMany, inline: &[String], form: fn(&str) -> Cow<'_, str>) -> std::result::Result<Listed, Complaint> {
    let mut list = Builder::default();
    for name in &files.0 {
        let file = shop.open(key, name.as_ref())?;
        list.read(file, form).map_err(|cause| Complaint::new(key, format!("cannot unpack `{name}`: {cause}"), "wanted plain text or gzip"))?;
    }
    inline.iter().for_each(|entry| list.push(&form(entry)));
    list.finish().ok_or_else(|| Complaint::new(key, "the list takes more than 4 GiB", "split it over two stages"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    fn reason(toml: &str, url: &str) -> Option<(String, String)> {
        let mut doc = Doc::new(None, Some(url.into()), None, None);
        let (reason, drop) = made::<Filter>(toml).dropped(&mut doc)?;
        Some((reason, drop.detail.unwrap_or_default().into()))
    }

    fn found(reason: &str, detail: &str) -> Option<(String, String)> {
        Some((reason.into(), detail.into()))
    }

    #[test]
    fn without_lists_only_what_is_no_web_page_goes() {
        assert_eq!(reason("", "https://Example.org/a"), None);
        assert_eq!(reason("", "example.org/a"), None);
        assert_eq!(reason("", "file:///a.txt"), found("not_web", "file"));
        assert_eq!(reason("", "http:///a"), found("broken_url", "no host"));
        assert_eq!(made::<Filter>("").dropped(&mut Doc::from_text("x")), None);
        assert_eq!(made::<Filter>("require = true").dropped(&mut Doc::from_text("x")).unwrap().0, "no_url");
    }

    #[test]
    fn sites_and_pages_are_blocked_in_any_spelling() {
        let toml = r#"block = ["www.casino.example", "bücher.example", "example.org/Spam/", "bad.host.org"]"#;
        assert_eq!(reason(toml, "HTTP://WWW.CASINO.Example:80/x"), found("blocked_domain", "casino.example"));
        assert_eq!(reason(toml, "http://xn--bcher-kva.example/"), found("blocked_domain", "xn--bcher-kva.example"));
        assert_eq!(reason(toml, "http://a.bad.host.org"), found("blocked_host", "bad.host.org"));
        assert_eq!(reason(toml, "http://host.org"), None);
        assert_eq!(reason(toml, "https://example.org/spam/deep/page?x=1"), found("blocked_url", "example.org/spam"));
        assert_eq!(reason(toml, "https://example.org/spammer"), None);
        assert_eq!(reason(toml, "https://notcasino.example/"), None);
    }

    #[test]
    fn words_stand_alone_soft_ones_add_up_and_parts_are_found_anywhere() {
        let dir = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (soft, parts) = (list("soft.txt", "bet\nwin\n"), list("parts.txt", "# parts\nfree money\n"));
        let toml =
            format!("block_words = [\"#Casino\", \"казино\"]\nsoft_words = {soft:?}\nsubwords = [{parts:?}]\nallow = [\"museum.example\", \"a.example/bet/\"]");
        assert_eq!(reason(&toml, "http://a.example/CASINO-7"), found("blocked_word", "casino"));
        assert_eq!(reason(&toml, "http://a.example/%D0%9A%D0%B0%D0%B7%D0%B8%D0%BD%D0%BE"), found("blocked_word", "казино"));
        assert_eq!(reason(&toml, "http://a.example/casinos"), None);
        assert_eq!(reason(&toml, "http://a.example/bet/bet"), None);
        assert_eq!(reason(&toml, "http://b.example/win?bet&win"), found("blocked_soft_words", "win, bet"));
        assert_eq!(reason(&toml, "http://b.example/all-free_money-now"), found("blocked_subword", "freemoney"));
        assert_eq!(reason(&toml, "http://www.museum.example/casino"), None);
        assert_eq!(reason(&toml, "http://a.example/bet/casino"), None);
    }

    #[test]
    fn every_rule_speaks_when_audited() {
        let mut doc = Doc::new(None, Some("http://casino.example/casino".into()), None, None);
        let toml = "block = [\"casino.example\"]\nblock_words = [\"casino\"]";
        let findings = made::<Filter>(toml).findings(&mut doc);
        let failed: Vec<_> = findings.iter().filter(|finding| !finding.keep).map(|finding| finding.rule.as_str()).collect();
        assert_eq!((findings.len(), failed), (8, vec!["blocked_domain", "blocked_host", "blocked_word"]));
    }

    #[test]
    fn complaints_name_their_keys() {
        assert_eq!(complaints::<Filter>("block = [\"mailto:x\"]\nsoft_min = 0\ndomains = \"no/such/file\""), ["soft_min", "domains", "block"]);
    }
}
