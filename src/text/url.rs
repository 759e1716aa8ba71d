//! URLs as filters see them: scheme, host in lower-case ASCII, the rest; and the domain under which a host was registered.
//!
//! Not a validating parser: what a crawler has fetched is taken apart, whatever its form. Hosts with other characters are written in
//! punycode, so that a list may hold either form. Domains follow the Public Suffix List (crate `psl`).

use std::borrow::Cow;
use std::net::Ipv4Addr;

use memchr::{memchr, memchr3, memrchr};
use psl::{Psl, Type};
use unicode_normalization::UnicodeNormalization;

use super::listed::Form;
use super::punycode;

/// Longest host in bytes, by the rules of DNS; bounds the work on a URL's parents.
const LONGEST_HOST: usize = 253;

/// What stands around a host and never in it.
const OUTSIDE: [char; 9] = ['/', '\\', '?', '#', '@', ':', '[', ']', '\0'];

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// As written, without the colon; `None` for `example.org/page`.
    pub scheme: Option<&'a str>,
    /// Host as written, with user and port; empty where there is none.
    pub authority: &'a str,
    /// Lower-case ASCII, without user, port and final dot; `None` where there is none (`mailto:`, `urn:`).
    pub host: Option<Cow<'a, str>>,
    /// Path and query as written, without the fragment: empty, or beginning with `/` or `?`.
    pub rest: &'a str,
}

impl<'a> Url<'a> {
    /// Takes a URL apart.
    pub fn parse(url: &'a str) -> Url<'a> {
        let url = url.trim();
        let (scheme, after) = match scheme(url) {
            Some((scheme, after)) => (Some(scheme), after),
            None => (None, url),
        };
        let after = memchr(b'#', after.as_bytes()).map_or(after, |end| &after[..end]);
        let authority = match after.strip_prefix("//") {
            Some(authority) => authority,
            None if scheme.is_none() && !after.starts_with('/') => after,
            None => return Url { scheme, authority: "", host: None, rest: after },
        };
        let (authority, rest) = authority.split_at(memchr3(b'/', b'?', b'\\', authority.as_bytes()).unwrap_or(authority.len()));
        Url { scheme, authority, host: host(authority), rest }
    }

    /// True for http and https, and where no scheme is written.
    pub fn is_web(&self) -> bool {
        self.scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
    }

    /// Host and path, comparable: no `www.`, lower case, no slash at the end.
    pub fn page(&self) -> String {
        let host = without_www(self.host.as_deref().unwrap_or_default());
        let mut page = String::with_capacity(host.len() + self.rest.len());
        page.push_str(host);
        if self.rest.is_ascii() {
            page.push_str(self.rest);
            page.make_ascii_lowercase();
        } else {
            page.extend(self.rest.chars().flat_map(char::to_lowercase));
        }
        page.truncate(page.trim_end_matches(is_trailing).len());
        page
    }
}

/// What makes no other page of an address at its end.
fn is_trailing(c: char) -> bool {
    c == '/' || c.is_whitespace()
}

/// Parameters that say where a visitor came from and not what is shown; `utm_` begins many more.
const TRACKING: [&str; 14] = ["fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "mc_cid", "mc_eid", "ref", "ref_src", "_ga", "spm"];

/// The URL without what makes no other page of it: scheme, user, port, `www.`, fragment, slashes at the end, tracking parameters, the order of
/// parameters. The case of the path counts. `None` where there is no host.
pub fn normal(url: &str) -> Option<String> {
    let url = Url::parse(url);
    let (path, query) = url.rest.split_once('?').unwrap_or((url.rest, ""));
    let tracks =
        |name: &str| name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("utm_")) || TRACKING.iter().any(|one| one.eq_ignore_ascii_case(name));
    let mut query: Vec<&str> = query.split('&').map(str::trim).filter(|pair| !pair.is_empty() && !tracks(pair.split('=').next().unwrap_or_default())).collect();
    query.sort_unstable();
    let host = url.host.as_deref()?;
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("{}{}{mark}{}", without_www(host), path.trim_end_matches(is_trailing), query.join("&")))
}

/// The URL as DCLM compares it: without scheme and `www.`, cut where the first `utm_`, `ref` or `feed` begins a query, without a slash at the end.
pub fn normal_dclm(url: &str) -> Option<String> {
    let url = url.trim();
    let bare = url.split_once("://").map_or(url, |(_, bare)| bare);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    let cut = bare.match_indices('?').find(|(at, _)| ["utm_", "ref", "feed"].iter().any(|word| bare[at + 1..].starts_with(word)));
    let bare = cut.map_or(bare, |(at, _)| &bare[..at]);
    Some(bare.strip_suffix('/').unwrap_or(bare).to_owned()).filter(|bare| !bare.is_empty())
}

/// A host of a list as hosts are compared: lower-case ASCII, whatever stood around it.
pub fn host_form(entry: &str) -> Cow<'_, str> {
    // Lists of millions mostly hold hosts as they are compared.
    if is_plain(entry) {
        return Cow::Borrowed(entry);
    }
    Url::parse(entry).host.unwrap_or(Cow::Borrowed(entry))
}

/// How hosts are kept in lists.
pub const HOST: Form = Form { name: "host", of: host_form };

/// How pages are kept in lists: host and path, see [`Url::page`].
pub const PAGE: Form = Form { name: "page", of: |entry| Cow::Owned(Url::parse(entry).page()) };

/// The host without a leading `www.`.
pub fn without_www(mut host: &str) -> &str {
    while let Some(rest) = host.strip_prefix("www.").filter(|rest| rest.contains('.')) {
        host = rest;
    }
    host
}

/// The host and the hosts above it: `a.b.example`, `b.example`, `example`.
pub fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| Some(host.split_once('.')?.1))
}

/// The domains under which a host was registered, narrowest first: with suffixes that companies offer (`a.blogspot.com`), then with those
/// of registries alone (`blogspot.com`), where the two differ. None for an address or a public suffix itself.
pub fn registered_domains(host: &str) -> [Option<&str>; 2] {
    if host.starts_with('[') || host.ends_with(|c: char| c.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_ok() {
        return [None, None];
    }
    let Some(mut suffix) = psl::List.suffix(host.as_bytes()) else { return [None, None] };
    let narrow = one_label_more(host, suffix.as_bytes().len());
    let mut wide = None;
    let mut name = host;
    while suffix.typ() == Some(Type::Private) {
        // The private suffix itself, seen as a name that someone registered.
        let start = name.len() - suffix.as_bytes().len();
        let Some((_, parent)) = name[start..].split_once('.') else { break };
        let Some(registry) = psl::List.suffix(parent.as_bytes()) else { break };
        let is_registry = registry.typ() != Some(Type::Private) && registry.as_bytes().len() == parent.len();
        wide = if is_registry { Some(&name[start..]) } else { one_label_more(parent, registry.as_bytes().len()) };
        (name, suffix) = (parent, registry);
    }
    [narrow, wide.filter(|wide| Some(*wide) != narrow)]
}

/// The last `suffix` bytes of a host and the label before them.
fn one_label_more(host: &str, suffix: usize) -> Option<&str> {
    let dot = host.len().checked_sub(suffix + 1).filter(|dot| *dot > 0)?;
    Some(&host[memrchr(b'.', &host.as_bytes()[..dot]).map_or(0, |before| before + 1)..])
}

/// The URL with `%xx` decoded; bytes that are not UTF-8 are replaced.
pub fn decoded(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let mut bytes = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Splits off the scheme; `example.org:80/` has none.
fn scheme(url: &str) -> Option<(&str, &str)> {
    // Nearly all begin so.
    for known in ["https", "http"] {
        if url.strip_prefix(known).is_some_and(|after| after.starts_with("://")) {
            return Some((known, &url[known.len() + 1..]));
        }
    }
    let (scheme, rest) = url.split_once(':')?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let port = !rest.starts_with("//") && (rest.starts_with(|c: char| c.is_ascii_digit()) && scheme.contains('.') || rest.is_empty());
    (named && !port).then_some((scheme, rest))
}

/// The host of an authority.
fn host(authority: &str) -> Option<Cow<'_, str>> {
    // Nearly all need no further look.
    if is_plain(authority) {
        return Some(Cow::Borrowed(authority));
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let host = host.trim_end_matches('.');
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_address = bracketed.is_some_and(|address| address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')));
    if host.is_empty() || host.len() > LONGEST_HOST || host.contains(char::is_whitespace) || !is_address && host.contains(OUTSIDE) {
        return None;
    }
    if !host.is_ascii() {
        return ascii(host).map(Cow::Owned);
    }
    Some(if host.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(host.to_ascii_lowercase()) } else { Cow::Borrowed(host) })
}

/// Whether a host is written as hosts are compared.
fn is_plain(host: &str) -> bool {
    let plain = host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
    plain && !host.is_empty() && !host.ends_with('.') && host.len() <= LONGEST_HOST
}

/// The ASCII form of a host: compatibility forms folded, lower case, each label in punycode where it needs it. `None` where a folded form would
/// end the host (`\u{2100}` holds a slash), and where it is too long.
fn ascii(host: &str) -> Option<String> {
    let folded: String = host.nfkc().flat_map(char::to_lowercase).nfc().collect();
    let mut out = String::new();
    for label in folded.trim_end_matches(['.', '\u{3002}']).split(['.', '\u{3002}']) {
        if !out.is_empty() {
            out.push('.');
        }
        if label.is_ascii() {
            out.push_str(label);
        } else {
            out.push_str("xn--");
            if !punycode::encode(label, &mut out) {
                return None;
            }
        }
    }
    (!out.is_empty() && out.len() <= LONGEST_HOST && !out.contains(OUTSIDE) && !out.contains(char::is_whitespace)).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        let url = Url::parse(" HTTPS://User:pw@WWW.Example.ORG:8080/A/b?q=1#top ");
        assert_eq!(url, Url { scheme: Some("HTTPS"), authority: "User:pw@WWW.Example.ORG:8080", host: Some("www.example.org".into()), rest: "/A/b?q=1" });
        assert!(url.is_web());
        assert_eq!(without_www("www.example.org"), "example.org");
        assert_eq!(without_www("www.com"), "www.com");
    }

    #[test]
    fn odd_forms_are_not_mistaken() {
        let host = |url: &'static str| Url::parse(url).host.map(Cow::into_owned);
        assert_eq!(host("example.org:80/x").as_deref(), Some("example.org"));
        assert_eq!(host("//example.org./x").as_deref(), Some("example.org"));
        assert_eq!(host("http://[2001:db8::1]:80/").as_deref(), Some("[2001:db8::1]"));
        assert_eq!(host("http://bücher.example/").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(host("http://BÜCHER。example/").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(host("http://bücher。/").as_deref(), Some("xn--bcher-kva"));
        for none in
            ["http://a.\u{2100}.example/", "http://。/", "mailto:a@example.org", "urn:uuid:1", "file:///etc/x", "http://", "http:///x", "", "#", "http://a b/"]
        {
            assert_eq!(host(none), None, "{none}");
        }
        assert_eq!(Url::parse(&format!("http://{}a/", "a.".repeat(200))).host, None);
        assert!(!Url::parse("ftp://example.org/").is_web());
    }

    #[test]
    fn pages_compare_and_words_can_be_read() {
        assert_eq!(Url::parse("HTTP://www.Example.org/Über/?A=1#x").page(), "example.org/über/?a=1");
        assert_eq!(Url::parse("example.org///").page(), "example.org");
        assert_eq!(parents("a.b.example").collect::<Vec<_>>(), ["a.b.example", "b.example", "example"]);
        assert_eq!(decoded("a%20b%C3%A9%zz%4"), "a bé%zz%4");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn what_makes_no_other_page_is_left_out() {
        let same =
            ["http://www.Example.org:80/A/?b=2&a=1&utm_source=x#top", "https://user@example.org/A?a=1&UTM_Medium=y&b=2", "example.org/A//?&a=1&b=2&fbclid"];
        assert!(same.iter().all(|url| normal(url).as_deref() == Some("example.org/A?a=1&b=2")), "{:?}", same.map(normal));
        for other in ["example.org/a?a=1&b=2", "example.org/A?a=1", "m.example.org/A?a=1&b=2", "example.org/A?a=1&b=2&utmost=1"] {
            assert_ne!(normal(other).as_deref(), Some("example.org/A?a=1&b=2"), "{other}");
        }
        assert_eq!(normal("mailto:a@example.org"), None);
        assert_eq!(normal_dclm("https://www.example.org/A/?utm_source=x&id=1").as_deref(), Some("example.org/A"));
        assert_eq!(normal_dclm("http://example.org/A?id=1&ref=2").as_deref(), Some("example.org/A?id=1&ref=2"));
    }

    #[test]
    fn domains_follow_the_public_suffixes() {
        assert_eq!(registered_domains("a.b.example.co.uk"), [Some("example.co.uk"), None]);
        assert_eq!(registered_domains("x.me.blogspot.com"), [Some("me.blogspot.com"), Some("blogspot.com")]);
        assert_eq!(registered_domains("co.uk"), [None, None]);
        assert_eq!(registered_domains("192.0.2.7"), [None, None]);
        assert_eq!(registered_domains("[2001:db8::1]"), [None, None]);
        assert_eq!(registered_domains("a.xn--fiqs8s"), [Some("a.xn--fiqs8s"), None]);
    }
}
