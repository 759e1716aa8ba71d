//! Damaged URLs, lists, rules and encodings: no panic, and the properties that the stages build on.
//!
//! The suite tries a few thousand of each; `DATAPREP_FUZZ_SECONDS=1800 cargo test --release --test main url_mutations` goes on for half an hour a test.

use dataprep::text::charset;
use dataprep::text::url::{HOST, PAGE, Url, decoded, normal, normal_dclm, parents, registered_domains};
use dataprep::text::{adblock, listed::Builder};

use super::support::{Random, trials};

const URLS: [&str; 12] = [
    "http://www.example.org/a/b?utm_source=x&q=1#top",
    "HTTPS://user:pw@WWW.Example.CO.UK:8080/A/../b/?a=1&b=2",
    "//a.b.blogspot.com./x",
    "http://bücher.example/straße?ä=%C3%B6",
    "http://例え.jp。/道/",
    "http://xn--fiqs8s.xn--fiqs8s/",
    "http://[2001:db8::1]:80/x",
    "http://192.0.2.7/~user/index.html",
    "mailto:someone@example.org",
    "data:text/html,<p>x",
    "example.org:80/x?y:z@w",
    "http://a\u{FF0E}b\u{2100}c\u{200D}.example\\x/..//",
];

/// One of the URLs with characters changed, cut, repeated and joined.
fn damaged(random: &mut Random) -> String {
    let mut url: Vec<char> = URLS[random.below(URLS.len())].chars().collect();
    for _ in 0..random.below(6) {
        let at = random.below(url.len() + 1);
        let end = at + random.below((url.len() - at).min(12) + 1);
        match random.below(5) {
            0 => drop(url.drain(at..end)),
            1 => {
                let part = url[at..end].repeat(1 + random.below(9));
                url.splice(at..at, part);
            }
            2 => url.insert(at, "/:?#@.[]%&=|^*\\ \t\u{0}-_wW\u{3002}\u{FF0F}\u{130}\u{1E9E}\u{AD}\u{202E}".chars().nth(random.below(28)).unwrap_or('/')),
            3 => url.insert(at, char::from_u32(random.below(0x11_0000) as u32).unwrap_or('\u{FFFD}')),
            _ => {
                let other: Vec<char> = URLS[random.below(URLS.len())].chars().collect();
                let from = random.below(other.len());
                url.splice(at..end, other[from..].iter().copied());
            }
        }
    }
    url.into_iter().collect()
}

#[test]
fn forms_of_urls_are_fixed_points_and_hosts_are_hosts() {
    let mut random = Random(11);
    for _ in trials(20_000) {
        let written = damaged(&mut random);
        let url = Url::parse(&written);
        if let Some(host) = url.host.as_deref() {
            assert!(host.is_ascii() && host.len() <= 253 && !host.ends_with('.'), "{written:?} gives {host:?}");
            assert!(
                !host.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_whitespace() || b"/?#\\@".contains(&byte)),
                "{written:?} gives {host:?}"
            );
            assert!(registered_domains(host).iter().flatten().all(|domain| parents(host).any(|parent| parent == *domain)), "{written:?}");
            assert_eq!((HOST.of)(host), host, "{written:?}");
            let page = url.page();
            assert_eq!((PAGE.of)(&page), page, "{written:?}");
        }
        if let Some(once) = normal(&written) {
            assert_eq!(normal(&once).as_deref(), Some(&*once), "{written:?}");
        }
        if let Some(once) = normal_dclm(&written) {
            assert!(once.len() <= written.len());
        }
        assert!(decoded(&written).len() <= 3 * written.len());
    }
}

#[test]
fn lists_hold_what_was_read_into_them() {
    let mut random = Random(12);
    for _ in trials(300) {
        let list: Vec<String> = (0..1 + random.below(40)).map(|_| damaged(&mut random)).collect();
        let mut builder = Builder::default();
        builder.read(list.join("\n").as_bytes(), PAGE).expect("plain text");
        let set = builder.finish().expect("a small list");
        let mut file = Vec::new();
        set.write(PAGE.name, &mut file).expect("memory");
        let mut builder = Builder::default();
        builder.read(&*file, PAGE).expect("what was written");
        let again = builder.finish().expect("a small list");
        assert!(set.iter().eq(again.iter()));
        for text in set.iter() {
            let text = String::from_utf8(text).expect("UTF-8");
            assert_eq!((set.get(&text), again.get(&text)), (Some(&*text), Some(&*text)));
        }
    }
}

/// The rule as a regular expression over addresses, by the syntax's own definitions.
fn as_regex(rule: &str) -> String {
    let (start, body) = match (rule.strip_prefix("||"), rule.strip_prefix('|')) {
        (Some(body), _) => ("^[^:/?#]+://(?:[^/?#:]*\\.)?", body),
        (None, Some(body)) => ("^", body),
        (None, None) => ("", rule),
    };
    let (end, body) = body.strip_suffix('|').map_or(("", body), |body| ("$", body));
    let start = if body.starts_with('*') { "" } else { start };
    let body: String = body
        .chars()
        .map(|c| match c {
            '*' => ".*".to_owned(),
            '^' => "(?:[\\x00-\\x24\\x26-\\x2C\\x2F\\x3A-\\x40\\x5B-\\x5E\\x60\\x7B-\\x7F]|$)".to_owned(),
            c => regex::escape(&c.to_string()),
        })
        .collect();
    format!("(?is){start}{body}{end}")
}

#[test]
fn adblock_rules_match_as_their_regular_expressions_do() {
    const PARTS: [&str; 14] = ["ad", "^", "*", "/", ".example", "a", "-", "b.", "%", "?x=", "|", "||", "é", "1"];
    let mut random = Random(13);
    let (mut matched, mut asked) = (0, 0);
    for _ in trials(20_000) {
        let rule: String = (0..1 + random.below(6)).map(|_| PARTS[random.below(PARTS.len())]).collect();
        let host: String = (0..1 + random.below(3)).map(|_| ["ad", "a.", "b.", "x", "-1", ".example"][random.below(6)]).collect();
        let rest: String = (0..random.below(6)).map(|_| ["/", "ad", "a", "?x=", "-", "b.", "é", "%20", "1", "."][random.below(10)]).collect();
        let written = format!("http://{host}/{rest}");
        let url = Url::parse(&written);
        // What is left of these is another rule.
        let body = rule.trim_start_matches('|').trim_end_matches('|');
        let (Some(host), false) =
            (url.host.as_deref(), body.is_empty() || body.contains('|') || rule.starts_with('/') && rule.ends_with('/') || rule.starts_with("|||"))
        else {
            continue;
        };
        let mut builder = adblock::Builder::default();
        builder.read(&rule);
        let (rules, read) = builder.finish().expect("one rule");
        assert_eq!(read.rules, 1, "{rule}");
        let wanted = regex::Regex::new(&as_regex(&rule)).expect("a regular expression").is_match(&format!("http://{host}{}", url.rest));
        assert_eq!(rules.blocks(&url).is_some(), wanted, "{rule} on {written}");
        (asked, matched) = (asked + 1, matched + u64::from(wanted));
    }
    assert!(matched > 50 && asked > 10 * matched / 9, "{matched} of {asked}");
}

#[test]
fn adblock_lists_of_any_bytes_are_read() {
    let mut random = Random(14);
    for _ in trials(2_000) {
        let rule = format!(
            "{}{}{}",
            ["", "@@", "||", "|", "/"][random.below(5)],
            damaged(&mut random),
            ["", "^", "|", "$document", "$~script,important", "/"][random.below(6)]
        );
        let mut builder = adblock::Builder::default();
        builder.read(&rule);
        if let Some((rules, _)) = builder.finish() {
            let url = damaged(&mut random);
            assert_eq!(rules.blocks(&Url::parse(&url)), rules.blocks(&Url::parse(&url)));
        }
    }
}

#[test]
fn bytes_of_any_kind_are_decoded() {
    const LABELS: [&str; 9] = ["utf-8", "gb2312", "shift_jis", "euc-kr", "iso-2022-jp", "windows-1251", "utf-16le", "x-user-defined", "no such"];
    let mut random = Random(15);
    for _ in trials(5_000) {
        let mut bytes = damaged(&mut random).into_bytes();
        if random.below(3) == 0 {
            bytes.splice(0..0, format!("<meta charset={}>", LABELS[random.below(LABELS.len())]).into_bytes());
        }
        for _ in 0..random.below(20) {
            let at = random.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.below(256) as u8;
            }
        }
        let header = format!("text/html; charset={}", LABELS[random.below(LABELS.len())]);
        let header = (random.below(2) == 0).then_some(header.as_str());
        let once = charset::decode(&bytes, header);
        // A byte becomes one character of at most three bytes.
        assert!(once.text.len() <= 3 * bytes.len() + 3, "{bytes:?}");
        assert_eq!(once, charset::decode(&bytes, header));
    }
}
