//! Adblock lists (the syntax of EasyList, as Adblock Plus documents it), as far as their rules judge the address of a page itself.
//!
//! A page is a request of type `document` that nobody else has made. So rules of other types, rules for third parties or for requests from
//! certain sites, and rules that hide elements say nothing about it; they are counted and left out. Rules that name no type hold, as
//! they do where lists judge addresses of documents (Dolma's taggers).

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder};

use self::pattern::Pattern;
use super::listed::Listed;
use super::url::{Url, host_form, parents};

mod pattern;

/// Rules of lists, ready to judge.
#[derive(Debug, Default)]
pub struct Adblock {
    blocks: Rules,
    excepts: Rules,
}

/// What was read of lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Rules that judge pages.
    pub rules: usize,
    /// Rules that say nothing about pages.
    pub elsewhere: usize,
    /// Regular expressions that the crate `regex` cannot compile, such as those with look-around.
    pub broken: usize,
}

/// Lists in the reading.
#[derive(Default)]
pub struct Builder {
    blocks: Vec<Rule>,
    excepts: Vec<Rule>,
    blocked_hosts: Vec<String>,
    excepted_hosts: Vec<String>,
    read: Read,
}

/// One rule.
#[derive(Debug)]
struct Rule {
    /// As it stands in the list.
    written: String,
    test: Test,
    match_case: bool,
    /// Holds against every exception.
    important: bool,
}

#[derive(Debug)]
enum Test {
    Pattern(Pattern),
    Regex(Regex),
}

/// Rules that say the same of a page.
#[derive(Debug, Default)]
struct Rules {
    /// Those of the form `||host^`.
    hosts: Listed,
    rules: Vec<Rule>,
    /// Finds a literal of each rule that has one; such a rule is looked at where its literal stands.
    literals: Option<AhoCorasick>,
    /// Rules by the number of their literal.
    by_literal: Vec<usize>,
    /// Rules without a literal.
    always: Vec<usize>,
}

/// An address as rules see it.
struct Page<'a> {
    written: &'a str,
    lower: String,
    host: &'a str,
    /// Where the host begins and ends in both texts.
    at: std::ops::Range<usize>,
}

/// What a line is.
enum Line<'a> {
    Nothing,
    Elsewhere,
    Rule { except: bool, body: &'a str, match_case: bool, important: bool },
}

impl Builder {
    /// Reads the lines of a list.
    pub fn read(&mut self, list: &str) {
        for line in list.lines() {
            match classify(line.trim()) {
                Line::Nothing => {}
                Line::Elsewhere => self.read.elsewhere += 1,
                Line::Rule { except, body, match_case, important } => {
                    let (rules, hosts) = if except { (&mut self.excepts, &mut self.excepted_hosts) } else { (&mut self.blocks, &mut self.blocked_hosts) };
                    if let Some(host) = sole_host(body).filter(|_| !important) {
                        hosts.push(host_form(host).into_owned());
                    } else if let Some(test) = test(body, match_case) {
                        rules.push(Rule { written: line.trim().to_owned(), test, match_case, important });
                    } else {
                        self.read.broken += 1;
                        continue;
                    }
                    self.read.rules += 1;
                }
            }
        }
    }

    /// The rules, and what was read. `None` where they are too many to index.
    pub fn finish(mut self) -> Option<(Adblock, Read)> {
        // Sorted hosts take least memory.
        self.blocked_hosts.sort_unstable();
        self.excepted_hosts.sort_unstable();
        let blocks = Rules::new(self.blocked_hosts, self.blocks)?;
        let excepts = Rules::new(self.excepted_hosts, self.excepts)?;
        Some((Adblock { blocks, excepts }, self.read))
    }
}

impl Adblock {
    /// True where no rule blocks.
    pub fn is_empty(&self) -> bool {
        self.blocks.hosts.is_empty() && self.blocks.rules.is_empty()
    }

    /// The rule that blocks this address, as its list has it.
    pub fn blocks(&self, url: &Url<'_>) -> Option<String> {
        let host = url.host.as_deref().filter(|_| !self.is_empty())?;
        let address = format!("{}://{host}{}{}", url.scheme.unwrap_or("http"), port(url.authority), url.rest);
        let start = address.len() - url.rest.len() - port(url.authority).len() - host.len();
        let page = Page { written: &address, lower: address.to_ascii_lowercase(), host, at: start..start + host.len() };
        let (rule, important) = self.blocks.find(&page)?;
        (important || self.excepts.find(&page).is_none()).then_some(rule)
    }
}

impl Rules {
    fn new(hosts: Vec<String>, rules: Vec<Rule>) -> Option<Rules> {
        let (mut literals, mut by_literal, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (number, rule) in rules.iter().enumerate() {
            match rule.literal() {
                Some(literal) => {
                    literals.push(literal.to_ascii_lowercase());
                    by_literal.push(number);
                }
                None => always.push(number),
            }
        }
        let finder = if literals.is_empty() { None } else { Some(AhoCorasick::builder().match_kind(MatchKind::Standard).build(&literals).ok()?) };
        Some(Rules { hosts: Listed::new(hosts)?, rules, literals: finder, by_literal, always })
    }

    /// The first rule that holds, and whether it is important.
    fn find(&self, page: &Page<'_>) -> Option<(String, bool)> {
        let found = self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(&page.lower)).map(|at| self.by_literal[at.pattern().as_usize()]);
        let holding = found.chain(self.always.iter().copied()).filter(|number| self.rules[*number].holds(page));
        // An important rule first, and then the first of the list: the answer does not depend on the order of the search.
        let best = holding.min_by_key(|number| (!self.rules[*number].important, *number));
        if let Some(rule) = best.map(|number| &self.rules[number]).filter(|rule| rule.important) {
            return Some((rule.written.clone(), true));
        }
        let host = parents(page.host).find_map(|parent| self.hosts.get(parent)).map(|host| format!("||{host}^"));
        host.or_else(|| best.map(|number| self.rules[number].written.clone())).map(|rule| (rule, false))
    }
}

impl Rule {
    /// A text that stands in every address for which the rule holds.
    fn literal(&self) -> Option<&str> {
        match &self.test {
            Test::Pattern(pattern) => pattern.literal(),
            Test::Regex(_) => None,
        }
    }

    fn holds(&self, page: &Page<'_>) -> bool {
        let address = if self.match_case { page.written } else { &page.lower };
        match &self.test {
            Test::Pattern(pattern) => pattern.matches(address, page.at.clone()),
            Test::Regex(regex) => regex.is_match(address),
        }
    }
}

/// The port of an authority with its colon, if any.
fn port(authority: &str) -> &str {
    let at = authority.rfind(':').filter(|at| authority[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    at.map_or("", |at| &authority[at..])
}

/// The host of a rule `||host^`.
fn sole_host(body: &str) -> Option<&str> {
    let host = body.strip_prefix("||")?.strip_suffix('^')?;
    (!host.is_empty() && !host.ends_with('.') && !host.contains(['^', '*', '/', '|', ':', '?', '=', '&', '%', '_'])).then_some(host)
}

fn test(body: &str, match_case: bool) -> Option<Test> {
    match body.strip_prefix('/').and_then(|body| body.strip_suffix('/')).filter(|regex| !regex.is_empty()) {
        Some(regex) => RegexBuilder::new(regex).case_insensitive(!match_case).build().ok().map(Test::Regex),
        None => Some(Test::Pattern(Pattern::new(body, match_case))),
    }
}

/// Marks of rules that act on elements of a page, and not on requests.
const ELEMENTS: [&str; 8] = ["##", "#@#", "#?#", "#$#", "#%#", "#@?#", "#@$#", "$$"];

fn classify(line: &str) -> Line<'_> {
    if line.is_empty() || line.starts_with('!') || line.starts_with('[') && line.ends_with(']') || line.starts_with("# ") {
        return Line::Nothing;
    }
    if ELEMENTS.iter().any(|mark| line.contains(mark)) {
        return Line::Elsewhere;
    }
    let (except, line) = line.strip_prefix("@@").map_or((false, line), |line| (true, line));
    let (body, options) = options(line);
    let (mut match_case, mut important) = (false, false);
    let (mut typed, mut page_typed) = (false, false);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.to_ascii_lowercase().as_str() {
            "match-case" => match_case = true,
            "important" => important = true,
            "document" | "doc" | "all" => (typed, page_typed) = (true, true),
            "~third-party" | "~3p" | "first-party" | "1p" => {}
            option if OTHER_TYPES.contains(&option) => typed = true,
            option if option.strip_prefix('~').is_some_and(|option| OTHER_TYPES.contains(&option)) => {}
            _ => return Line::Elsewhere,
        }
    }
    if body.is_empty() || typed && !page_typed {
        return Line::Elsewhere;
    }
    Line::Rule { except, body, match_case, important }
}

/// Types of requests that are no pages.
const OTHER_TYPES: [&str; 19] = [
    "script",
    "image",
    "stylesheet",
    "css",
    "object",
    "object-subrequest",
    "xmlhttprequest",
    "xhr",
    "subdocument",
    "frame",
    "ping",
    "beacon",
    "websocket",
    "webrtc",
    "media",
    "font",
    "popup",
    "background",
    "other",
];

/// A rule without its options, and these. A `$` that no options follow belongs to the rule.
fn options(line: &str) -> (&str, &str) {
    if line.len() > 1 && line.starts_with('/') && line.ends_with('/') {
        return (line, "");
    }
    let is_option = |option: &str| {
        let name = option.split('=').next().unwrap_or_default();
        let name = name.strip_prefix('~').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    match line.rsplit_once('$') {
        // Values of `domain=` are parted by `|`, those of others may hold commas: the first option decides.
        Some((body, options)) if options.split(',').next().is_some_and(is_option) => (body, options),
        _ => (line, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(list: &str) -> (Adblock, Read) {
        let mut builder = Builder::default();
        builder.read(list);
        builder.finish().unwrap()
    }

    fn blocked(list: &str, url: &str) -> Option<String> {
        made(list).0.blocks(&Url::parse(url))
    }

    #[test]
    fn hosts_and_all_below_them() {
        let list = "||bad.example^\n||bücher.example^$all\n||Loud.Example^$document";
        for url in ["http://bad.example", "https://a.bad.example:8080/x", "bad.example/y"] {
            assert_eq!(blocked(list, url).as_deref(), Some("||bad.example^"), "{url}");
        }
        assert_eq!(blocked(list, "http://xn--bcher-kva.example/").as_deref(), Some("||xn--bcher-kva.example^"));
        assert_eq!(blocked(list, "http://loud.example/").as_deref(), Some("||loud.example^"));
        for url in ["http://notbad.example/", "http://bad.example.org/", "http://a.example/?bad.example", "mailto:a@bad.example"] {
            assert_eq!(blocked(list, url), None, "{url}");
        }
    }

    #[test]
    fn exceptions_pass_but_not_before_important_rules() {
        let list = "/casino/\n@@||museum.example^\n@@||pool.example/casino/rules|\n/casino/live^$important";
        assert_eq!(blocked(list, "http://a.example/casino/"), Some("/casino/".into()));
        assert_eq!(blocked(list, "http://www.museum.example/casino/"), None);
        assert_eq!(blocked(list, "http://pool.example/casino/rules"), None);
        assert_eq!(blocked(list, "http://pool.example/casino/rules/2"), Some("/casino/".into()));
        assert_eq!(blocked(list, "http://museum.example/casino/live?x"), Some("/casino/live^$important".into()));
    }

    #[test]
    fn what_says_nothing_about_pages_is_counted() {
        let list = "[Adblock Plus 2.0]\n! a comment\n\nexample.org##.ad\nexample.org#@#.ad\n||a.example^$third-party\n||b.example^$script,image\n\
            ||c.example^$domain=x.example|y.example\n||d.example^$~script\n||e.example^$document,script\n/ads[0-9]+$/\n/(?=x)/\n||f.example^$unheard-of";
        let (rules, read) = made(list);
        assert_eq!(read, Read { rules: 3, elsewhere: 6, broken: 1 });
        let blocks = |url: &str| rules.blocks(&Url::parse(url)).is_some();
        assert!(["http://d.example/", "http://e.example/", "http://x.example/ADS17"].into_iter().all(blocks));
        assert!(!["http://a.example/", "http://b.example/", "http://c.example/", "http://f.example/", "http://x.example/ads17/"].into_iter().any(blocks));
        assert!(made("! nothing").0.is_empty());
    }

    #[test]
    fn case_counts_where_a_rule_says_so() {
        assert_eq!(blocked("/Tag/$match-case", "http://a.example/tag/"), None);
        assert!(blocked("/Tag/x$match-case", "http://a.example/Tag/x").is_some());
        assert!(blocked("/Tag/x", "http://a.example/TAG/X").is_some());
        assert!(blocked("=$(5)", "http://a.example/?price=$(5)").is_some());
    }
}
