//! Secrets that their form gives away: private keys, access tokens of well-known services, signed web tokens.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Found, Kind};

/// How a secret goes on after its first signs.
#[derive(Clone, Copy)]
enum Rest {
    /// That many upper-case letters and digits, no more.
    Upper(usize),
    /// At least that many letters, digits, `_` and `-`.
    Word(usize),
    /// At least so, in three parts with dots between.
    Dotted(usize),
    /// A block up to its closing line.
    Block,
}

/// First signs and what follows, as the services document their tokens.
const FORMS: [(&str, Rest); 19] = [
    ("-----BEGIN ", Rest::Block),
    ("AKIA", Rest::Upper(16)),
    ("ASIA", Rest::Upper(16)),
    ("AIza", Rest::Word(35)),
    ("ghp_", Rest::Word(36)),
    ("gho_", Rest::Word(36)),
    ("ghu_", Rest::Word(36)),
    ("ghs_", Rest::Word(36)),
    ("ghr_", Rest::Word(36)),
    ("github_pat_", Rest::Word(60)),
    ("glpat-", Rest::Word(20)),
    ("xoxb-", Rest::Word(20)),
    ("xoxp-", Rest::Word(20)),
    ("sk_live_", Rest::Word(20)),
    ("rk_live_", Rest::Word(20)),
    ("sk-proj-", Rest::Word(40)),
    ("sk-ant-", Rest::Word(40)),
    ("hf_", Rest::Word(34)),
    ("eyJ", Rest::Dotted(12)),
];

/// Longest private key looked for the end of, in bytes.
const LONGEST_KEY: usize = 16 << 10;

/// Finds secrets; made once.
#[derive(Debug)]
pub struct Secrets {
    heads: Option<AhoCorasick>,
}

impl Secrets {
    /// Prepares the search.
    pub fn new() -> Secrets {
        let heads = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).match_kind(MatchKind::LeftmostFirst).build(FORMS.map(|(head, _)| head));
        // Nineteen short words cannot exceed what an automaton may hold.
        Secrets { heads: heads.ok() }
    }

    pub(super) fn find(&self, text: &str, out: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(hit) = self.heads.as_ref().and_then(|heads| heads.find(aho_corasick::Input::new(text).range(at..))) {
            at = hit.end();
            let fresh = hit.start() == 0 || !is_word(bytes[hit.start() - 1]);
            let rest = FORMS[hit.pattern().as_usize()].1;
            if let Some(end) = Some(rest).filter(|_| fresh).and_then(|rest| end_of(text, hit.start(), hit.end(), rest)) {
                out.push(Found { kind: Kind::Secret, span: hit.start()..end });
                at = end;
            }
        }
    }
}

impl Default for Secrets {
    fn default() -> Secrets {
        Secrets::new()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Where the secret ends that begins at `start` and whose first signs end at `at`; `None` where it is none.
fn end_of(text: &str, start: usize, at: usize, rest: Rest) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = |from: usize, fits: fn(u8) -> bool| (from..bytes.len()).find(|i| !fits(bytes[*i])).unwrap_or(bytes.len());
    match rest {
        Rest::Upper(count) => {
            let end = run(at, is_word);
            let fits = end - at == count && bytes[at..end].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            fits.then_some(end)
        }
        Rest::Word(least) => {
            let end = run(at, is_word);
            // Words in a row with hyphens are prose or a path.
            let mixed = bytes[at..end].iter().any(u8::is_ascii_digit) && bytes[at..end].iter().any(u8::is_ascii_alphabetic);
            (end - at >= least && mixed).then_some(end)
        }
        Rest::Dotted(least) => {
            let first = run(at, is_word);
            let second = run(first + 1, is_word);
            let end = run((second + 1).min(bytes.len()), is_word);
            let dots = bytes.get(first) == Some(&b'.') && bytes.get(second) == Some(&b'.');
            let fits = first - at >= least && dots && second - first > least && end - second > least;
            fits.then_some(end)
        }
        Rest::Block => {
            let line = text.get(at..)?.split('\n').next()?;
            if !line.contains("PRIVATE KEY") {
                return None;
            }
            let block = bytes.get(start..bytes.len().min(start + LONGEST_KEY))?;
            let close = memchr::memmem::find(block, b"-----END ")? + start;
            let end = (close..bytes.len()).find(|i| bytes[*i] == b'\n').unwrap_or(bytes.len());
            Some(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    #[test]
    fn secrets_are_found_whole() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----";
        assert_eq!(all(&format!("here:\n{key}\nend")), [("secret", key)]);
        let made_up = ["AKIA".to_owned() + "ABCDEFGHIJ234567", "ghp_".to_owned() + &"a1B2".repeat(9), format!("eyJ{0}.{0}.{0}", "hbGciOiJIUzI1NiJ9")];
        for secret in made_up {
            assert_eq!(all(&format!("key={secret} ")), [("secret", secret.as_str())]);
        }
    }

    #[test]
    fn what_only_begins_so_stays() {
        for text in [
            "AKIAABC",
            "xAKIAABCDEFGHIJ234567",
            "hf_model",
            "eyJhbGci.x.y",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "sk_live_but-these-are-only-words-here",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
