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
//! A list file is plain text, gzip or zstd, one entry a line; `#` begins a comment. A long one loads ten times as fast once `dataprep
//! build-list` has written it in the form in which it is looked up. Case, `www.`, the scheme, a final slash and the
//! way an international host is written make no difference. `%xx` is decoded before words are looked for.
//!
//! Rules in their order, which is that of datatrove's URLFilter (RefinedWeb, Penedo et al. 2023): `not_web` and `broken_url`,
//! `blocked_domain`, `blocked_host`, `blocked_url`, `blocked_word`, `blocked_soft_words`, `blocked_subword`, and then `blocked_pattern`
//! and `blocked_adblock`. What is on the allow list passes them all.
//!
//! Adblock lists were written for what pages load. Of their rules those hold that judge a page itself: rules that name no type of request, or
//! `$document`, or `$all`; exceptions (`@@`) and `$important` among them. Rules for third parties, for certain sites or types, and rules
//! that hide elements are left out.
//!
//! `profile = "datatrove"` decides as datatrove 0.10 does: hosts and words in the case in which they are written, `urls` as a whole with their
//! scheme, words of ASCII letters and digits, domains by the registries' suffixes alone. `profile = "dclm"` decides as DCLM's re-creation of
//! RefinedWeb: hosts of `domains`, compared with the host and its user and port after every "www" in it is taken out (`www.bad.example`
//! becomes `.bad.example`), then `subwords` in the URL without `-` and `.`, `words`, and `soft_words`, whatever their case.

use std::cell::OnceCell;
use std::io::Read;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Regex, RegexSet};

use self::rules::{Lists, Profile, Readings, Rule, Seen, bounded, is_allowed};
use super::prelude::*;
use crate::text::adblock::{self, Adblock};
use crate::text::listed::{Builder, Form, Listed, unpacked};
use crate::text::url::{HOST, PAGE, Url};

mod rules;

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
    /// Regular expressions (syntax of the crate `regex`), looked for in the URL as written.
    patterns: Vec<String>,
    /// Files in the syntax of Adblock lists (EasyList and its kin), plain or gzip.
    adblock: OneOrMany,
    /// Domains, hosts (with all hosts below them) and URLs that pass whatever else is listed.
    allow: Vec<String>,
    /// Files of the same.
    allow_lists: OneOrMany,
    /// Drop documents without a URL (`no_url`). Default false.
    require: bool,
    /// Whose rules hold: `"dataprep"` (default), `"datatrove"` or `"dclm"`.
    profile: Profile,
}

impl Default for Filter {
    fn default() -> Filter {
        let [domains, hosts, urls, words, soft_words, subwords, adblock, allow_lists] = Default::default();
        let [block, block_words, patterns, allow] = Default::default();
        Filter {
            domains,
            hosts,
            urls,
            words,
            soft_words,
            soft_min: 2,
            subwords,
            block,
            block_words,
            patterns,
            adblock,
            allow,
            allow_lists,
            require: false,
            profile: Profile::Dataprep,
        }
    }
}

impl Recipe for Filter {
    const NAME: &'static str = "url";

    fn spec(&self) -> Spec {
        self.profile.rules().iter().fold(Spec::new().reason("no_url"), |spec, (name, _)| spec.reason(*name))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut complaints = Vec::new();
        if self.soft_min == 0 {
            complaints.push(Complaint::new("soft_min", "no soft word at all would block a URL", "wanted 1 or more"));
        }
        let given = [
            ("hosts", !self.hosts.0.is_empty()),
            ("urls", !self.urls.0.is_empty()),
            ("block", !self.block.is_empty()),
            ("patterns", !self.patterns.is_empty()),
            ("adblock", !self.adblock.0.is_empty()),
        ];
        for (key, _) in given.into_iter().filter(|(key, given)| *given && self.profile.ignores().contains(key)) {
            complaints.push(Complaint::new(
                key,
                format!("`{key}` is not looked at by this profile"),
                "leave it out, or put a second `url` stage behind this one",
            ));
        }
        let mut load = |key: &str, files: &OneOrMany, inline: &[String], form: Form| {
            read_list(shop, key, files, inline, form).unwrap_or_else(|complaint| {
                complaints.push(complaint);
                Listed::default()
            })
        };
        let (sites, pages) = parted(&self.block);
        let (list_page, word_form) = (self.profile.page_form(), self.profile.word_form());
        let domains = load("domains", &self.domains, &[], self.profile.domain_form());
        let hosts = load("hosts", &self.hosts, &[], HOST);
        let sites = load("block", &OneOrMany::default(), &sites, PAGE);
        let urls = load("urls", &self.urls, &pages, list_page);
        let words = load("words", &self.words, &self.block_words, word_form);
        let soft_words = load("soft_words", &self.soft_words, &[], word_form);
        let subwords = load("subwords", &self.subwords, &[], word_form);
        let allowed = load("allow_lists", &self.allow_lists, &self.allow, PAGE);
        let patterns = RegexSet::new(&self.patterns).unwrap_or_else(|cause| {
            let odd = self.patterns.iter().find(|pattern| Regex::new(pattern).is_err()).map_or("", String::as_str);
            let cause = cause.to_string();
            let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("`{odd}` is no regular expression: {cause}");
            complaints.push(Complaint::new("patterns", message, "a sign that means itself stands behind a backslash"));
            RegexSet::empty()
        });
        let adblock = read_adblock(shop, &self.adblock).unwrap_or_else(|complaint| {
            complaints.push(complaint);
            Adblock::default()
        });
        for (key, list) in [("block", &self.block), ("allow", &self.allow)] {
            if let Some(odd) = list.iter().find(|entry| Url::parse(entry).host.is_none()) {
                complaints.push(Complaint::new(key, format!("`{odd}` is neither host nor URL"), "as \"example.org\" or \"example.org/path/\""));
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        // The fastest kind takes most memory: for lists of the usual length.
        let parts =
            AhoCorasick::builder().kind((subwords.len() < 10_000).then_some(AhoCorasickKind::DFA)).build(subwords.iter().filter(|word| !word.is_empty()));
        let parts = parts.map_err(|cause| Complaint::new("subwords", cause.to_string(), "shorten the list"))?;
        let bounded = match self.profile {
            Profile::Dclm => {
                let pattern = |key: &str, list| bounded(list).map_err(|cause| Complaint::new(key, cause.to_string(), "shorten the list"));
                [pattern("words", &words)?, pattern("soft_words", &soft_words)?]
            }
            _ => [None, None],
        };
        let lists = Lists { domains, hosts, sites, urls, words, soft_words, soft_min: self.soft_min, subwords: parts, patterns, adblock, bounded };
        let rules = self.profile.rules().iter().map(|rule| (*rule, shop.reason(rule.0))).collect();
        Ok(Built::stage(Judge { profile: self.profile, lists, allowed, rules, no_url: self.require.then(|| shop.reason("no_url")) }))
    }
}

struct Judge {
    profile: Profile,
    lists: Lists,
    /// Hosts and pages, in the form of pages.
    allowed: Listed,
    rules: Vec<(Rule, Reason)>,
    no_url: Option<Reason>,
}

impl Stage for Judge {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let written = doc.url.as_deref().map(str::trim).unwrap_or_default();
        if written.is_empty() {
            return Ok(self.no_url.map_or(Verdict::Keep, |reason| Verdict::Drop(Drop::plain(reason))));
        }
        let url = Url::parse(written);
        let mut readings = std::mem::take(scratch.buffer::<Readings>());
        if !(self.lists.words.is_empty() && self.lists.soft_words.is_empty() && self.lists.subwords.patterns_len() == 0) {
            readings.fill(written, self.profile);
        }
        let seen = Seen { profile: self.profile, written, url: &url, page: OnceCell::new(), readings: &readings };
        let mut verdict = Verdict::Keep;
        let rules = if is_allowed(&self.allowed, &seen) { &[] } else { self.rules.as_slice() };
        for ((name, find), reason) in rules {
            let found = find(&self.lists, &seen);
            if scratch.audits() {
                let (value, threshold) = found.as_ref().and_then(|found| found.measured).unzip();
                scratch.report(name, found.is_none(), value, threshold);
            }
            if let (Some(found), Verdict::Keep) = (found, &verdict) {
                let (value, threshold) = found.measured.unzip();
                verdict = Verdict::Drop(Drop { value, threshold, ..Drop::plain(*reason) }.detail(found.words));
                if !scratch.audits() {
                    break;
                }
            }
        }
        *scratch.buffer() = readings;
        Ok(verdict)
    }
}

/// Sites (hosts with all below them) and pages of a list that may hold both.
fn parted(list: &[String]) -> (Vec<String>, Vec<String>) {
    list.iter().cloned().partition(|entry| Url::parse(entry).rest.trim_end_matches('/').is_empty())
}

fn read_list(shop: &mut Shop<'_>, key: &str, files: &OneOrMany, inline: &[String], form: Form) -> std::result::Result<Listed, Complaint> {
    let mut list = Builder::default();
    for name in &files.0 {
        let file = shop.open(key, name.as_ref())?;
        list.read(file, form).map_err(|cause| unreadable(key, name, &cause))?;
    }
    inline.iter().for_each(|entry| list.push(&(form.of)(entry)));
    list.finish().ok_or_else(|| Complaint::new(key, "the list takes more than 4 GiB", "split it over two stages"))
}

fn read_adblock(shop: &mut Shop<'_>, files: &OneOrMany) -> std::result::Result<Adblock, Complaint> {
    let mut list = adblock::Builder::default();
    for name in &files.0 {
        let mut bytes = Vec::new();
        let file = shop.open("adblock", name.as_ref())?;
        unpacked(file).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(|cause| unreadable("adblock", name, &cause))?;
        list.read(&String::from_utf8_lossy(&bytes));
    }
    let (rules, read) = list.finish().ok_or_else(|| Complaint::new("adblock", "the lists have too many rules", "split them over two stages"))?;
    if rules.is_empty() && !files.0.is_empty() {
        let message = format!("no rule of these lists blocks a page ({} are about something else)", read.elsewhere);
        return Err(Complaint::new("adblock", message, "wanted rules such as `||host^`; a plain list of hosts goes to `hosts`"));
    }
    Ok(rules)
}

fn unreadable(key: &str, name: &str, cause: &std::io::Error) -> Complaint {
    Complaint::new(key, format!("cannot read `{name}`: {cause}"), "wanted plain text, gzip, or what `dataprep build-list` has written")
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
    fn patterns_see_the_url_as_written() {
        let toml = r#"patterns = ["/[Tt]ag/", "\\.pdf$"]"#;
        assert_eq!(reason(toml, "http://a.example/x.pdf"), found("blocked_pattern", "\\.pdf$"));
        assert_eq!(reason(toml, "http://a.example/Tag/x"), found("blocked_pattern", "/[Tt]ag/"));
        assert_eq!(reason(toml, "http://a.example/TAG/x.pdf?v"), None);
        assert_eq!(complaints::<Filter>("patterns = [\"(\"]"), ["patterns"]);
    }

    #[test]
    fn other_profiles_decide_as_their_tools_do() {
        let dir = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let lists = format!(
            "domains = {:?}\nurls = {:?}\nwords = {:?}\nsoft_words = {:?}\nsubwords = {:?}\n",
            list("domains", "bad.example\nblogspot.com\nx.good.example"),
            list("urls", "other.example/page"),
            list("words", "casino\nfree-bet"),
            list("soft", "bet\nwin"),
            list("sub", "freemoney")
        );
        let cases = [
            ("http://a.bad.example/", "blocked_domain", ""),
            ("http://a.BAD.example/", "", ""),
            ("http://www.bad.example/", "blocked_domain", ""),
            ("http://wwwbad.example/", "", "blocked_host"),
            ("http://bad.example:80/", "blocked_domain", ""),
            ("http://x.blogspot.com/", "blocked_domain", ""),
            ("http://x.good.example/", "blocked_host", "blocked_host"),
            ("http://b.example/free-bet-here", "", "blocked_word"),
            ("http://other.example/page", "", ""),
            ("other.example/page", "blocked_url", ""),
            ("http://b.example/CASINO", "", "blocked_word"),
            ("http://b.example/a_casino_b", "blocked_word", ""),
            ("http://b.example/casino", "blocked_word", "blocked_word"),
            ("http://b.example/bet/Win", "", "blocked_soft_words"),
            ("http://b.example/free-Money", "blocked_subword", "blocked_subword"),
            ("http://b.example/free_money", "blocked_subword", ""),
        ];
        for (url, datatrove, dclm) in cases {
            for (profile, wanted) in [("datatrove", datatrove), ("dclm", dclm)] {
                let lists: String = lists.lines().filter(|line| profile == "datatrove" || !line.starts_with("urls")).map(|line| format!("{line}\n")).collect();
                let found = reason(&format!("{lists}profile = {profile:?}"), url).map(|(reason, _)| reason);
                assert_eq!(found.unwrap_or_default(), wanted, "{profile} {url}");
            }
        }
    }

    #[test]
    fn what_a_profile_would_not_look_at_is_refused() {
        let all = "block = [\"a.example\"]\npatterns = [\"x\"]";
        assert_eq!(complaints::<Filter>(&format!("{all}\nprofile = \"datatrove\"")), ["block", "patterns"]);
        assert_eq!(complaints::<Filter>(&format!("{all}\nprofile = \"dclm\"")), ["block", "patterns"]);
        assert_eq!(complaints::<Filter>("urls = \"no/such/file\"\nprofile = \"dclm\""), ["urls", "urls"]);
        assert_eq!(complaints::<Filter>(all), [""; 0]);
    }

    #[test]
    fn every_rule_speaks_when_audited() {
        let mut doc = Doc::new(None, Some("http://casino.example/casino".into()), None, None);
        let toml = "block = [\"casino.example\"]\nblock_words = [\"casino\"]";
        let findings = made::<Filter>(toml).findings(&mut doc);
        let failed: Vec<_> = findings.iter().filter(|finding| !finding.keep).map(|finding| finding.rule.as_str()).collect();
        assert_eq!((findings.len(), failed), (10, vec!["blocked_domain", "blocked_host", "blocked_word"]));
    }

    #[test]
    fn complaints_name_their_keys() {
        assert_eq!(complaints::<Filter>("block = [\"mailto:x\"]\nsoft_min = 0\ndomains = \"no/such/file\""), ["soft_min", "domains", "block"]);
    }
}
