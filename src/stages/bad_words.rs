//! Drop documents that hold words of a list: obscene, hateful, or whatever the list is of.
//!
//! ```toml
//! [[stage]]
//! use = "bad_words"
//! max = 2                                                   # a document may hold two
//! # list = "lists/all.txt"                                  # a longer list, for every language
//! # lists = { en = "lists/en.txt", zh = "lists/zh.txt" }    # or by language, as the tag `lang` says
//! ```
//!
//! A list is plain text or gzip, one word or phrase a line; case makes no difference. A phrase is not found inside a word, but for scripts without
//! spaces, in which it is found anywhere. Without `list` and `lists` a short list of our own is used for every language: English and
//! Chinese words of pornography and abuse that seldom mean anything else. LDNOOBW on GitHub has lists of 28 languages.
//!
//! Lists know no context: medical, legal and historical texts hold such words too, and so does the speech of some groups more than that of others
//! (Dodge et al. 2021 on C4). `max` above 0 and `keep_share` are there for that; look at what was dropped.
//!
//! `profile = "c4"` finds what datatrove's C4BadWordsFilter finds: entries as written in the lower-case text, between characters that Python's `\w` does
//! not match, and anywhere in Japanese, Thai and Chinese; it needs `lists`, and `allow` for the four words that C4 lets pass there (`sm`, `グロ`,
//! `女の子`, `性`). Which documents `keep_share` keeps is chosen by their key, so it does not depend on their order as there.
//!
//! Reasons: `bad_words`, and `no_bad_word_list` where `missing = "drop"` and the document's language has no list.

use std::collections::BTreeMap;

use super::prelude::*;
use super::word_lists;
use crate::language::covers;
use crate::stage::Dice;
use crate::text::phrases::{Edges, Phrases};

/// Which words, and how many of them.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BadWords {
    /// Files of words for every language.
    list: OneOrMany,
    /// Files of words by language.
    lists: BTreeMap<String, OneOrMany>,
    /// Words that pass though they are listed.
    allow: OneOrMany,
    /// Most words of the list that a document may hold. Default 0.
    max: usize,
    /// Share of the documents with more that is kept all the same. Default 0.
    keep_share: Share,
    /// What becomes of documents in a language without list: `"keep"` (default) or `"drop"`.
    missing: Missing,
    /// Whose rules hold: `"dataprep"` (default) or `"c4"`.
    profile: Profile,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Missing {
    Keep,
    Drop,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Dataprep,
    C4,
}

impl Default for BadWords {
    fn default() -> BadWords {
        let [list, allow] = Default::default();
        BadWords { list, lists: BTreeMap::new(), allow, max: 0, keep_share: Share::new(0.0), missing: Missing::Keep, profile: Profile::Dataprep }
    }
}

/// Our own short list.
const BUILT_IN: &str = include_str!("../../filters/words/bad.txt");

/// Languages in which C4 finds a word anywhere.
const C4_FREE: [&str; 3] = ["ja", "th", "zh"];

impl Recipe for BadWords {
    const NAME: &'static str = "bad_words";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").reason("bad_words").reason("no_bad_word_list");
        if self.lists.is_empty() { spec } else { spec.needs("lang") }
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut complaints = Vec::new();
        if !self.list.0.is_empty() && !self.lists.is_empty() {
            complaints.push(Complaint::new("list", "there is a list for every language, and lists by language", "leave one of the two out"));
        }
        if self.lists.is_empty() && self.profile == Profile::C4 {
            complaints.push(Complaint::new("profile", "C4 looks for other words in each language", "name its lists: lists = { en = \"en.txt\" }"));
        }
        if self.lists.is_empty() && self.missing == Missing::Drop {
            complaints.push(Complaint::new("missing", "every language has a list here", "leave it out, or name lists by language in `lists`"));
        }
        let c4 = self.profile == Profile::C4;
        let allowed: Vec<String> = self.allow.0.iter().map(|word| word.to_lowercase()).collect();
        let mut load = |key: &str, files: &OneOrMany, edges: Edges| {
            let words = if files.0.is_empty() { Ok(word_lists::entries(BUILT_IN).collect()) } else { word_lists::read(shop, key, files) };
            let words = words.map_err(|complaint| complaints.push(complaint)).unwrap_or_default();
            // C4 leaves the case of its entries, so that one in capitals is never found in a text in lower case.
            let words = words.iter().map(|word| if c4 { word.clone() } else { word.to_lowercase() }).filter(|word| !allowed.contains(word));
            Phrases::new(words, edges).unwrap_or_else(|| {
                complaints.push(Complaint::new(key, "the list is too long to search for", "shorten it"));
                Phrases::new([""], edges).unwrap_or_else(|| unreachable!("no phrase is too long"))
            })
        };
        let mut lists: Vec<(String, Phrases)> = Vec::new();
        for (lang, files) in &self.lists {
            let edges = match (c4, C4_FREE.contains(&lang.as_str())) {
                (false, _) => Edges::ByScript,
                (true, false) => Edges::Python,
                (true, true) => Edges::Free,
            };
            lists.push((lang.clone(), load(&format!("lists.{lang}"), files, edges)));
        }
        let all = self.lists.is_empty().then(|| load("list", &self.list, Edges::ByScript));
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Built::stage(Search {
            all,
            lang: if lists.is_empty() { None } else { Some(shop.tag("lang")?) },
            lists,
            max: self.max,
            keep_share: self.keep_share.get(),
            dice: shop.dice(),
            found: shop.reason("bad_words"),
            no_list: (self.missing == Missing::Drop).then(|| shop.reason("no_bad_word_list")),
        }))
    }
}

struct Search {
    /// The list of every language.
    all: Option<Phrases>,
    lists: Vec<(String, Phrases)>,
    lang: Option<Tag<String>>,
    max: usize,
    keep_share: f64,
    dice: Dice,
    found: Reason,
    no_list: Option<Reason>,
}

impl Stage for Search {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let lang = self.lang.and_then(|tag| doc.tag(tag)).unwrap_or_default();
        // The list of the narrowest language: `zh-Hant` before `zh`.
        let listed = self.lists.iter().filter(|(tag, _)| covers(tag, lang)).max_by_key(|(tag, _)| tag.len()).map(|(_, list)| list);
        let Some(list) = self.all.as_ref().or(listed) else {
            return Ok(self.no_list.map_or(Verdict::Keep, |reason| Verdict::Drop(Drop::plain(reason).detail(lang))));
        };
        let text = scratch.facts(doc).lowered(doc.text());
        let mut first = None;
        let count = list.find(text).inspect(|place| first = first.take().or_else(|| Some(text[place.clone()].to_owned()))).count();
        let (value, threshold) = (count as f64, self.max as f64);
        let keep = count <= self.max || self.dice.roll(doc.key()) < self.keep_share;
        scratch.report("bad_words", keep, Some(value), Some(threshold));
        if keep {
            return Ok(Verdict::Keep);
        }
        let drop = Drop { value: Some(value), threshold: Some(threshold), ..Drop::plain(self.found) };
        Ok(Verdict::Drop(drop.detail(first.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    fn files() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let lists = format!("lists = {{ en = {:?}, zh = {:?} }}", list("en", "# words\nDarn\ndarn it\n"), list("zh", "坏话\nsm\n"));
        (dir, lists)
    }

    fn dropped(toml: &str, lang: &str, text: &str) -> Option<(String, String, Option<f64>)> {
        let mut made = made::<BadWords>(toml);
        let mut doc = Doc::from_text(text);
        doc.set_tag(made.tags.declare("lang").unwrap(), lang.to_owned());
        let (reason, drop) = made.dropped(&mut doc)?;
        Some((reason, drop.detail.unwrap_or_default().into(), drop.value))
    }

    fn found(word: &str, count: usize) -> Option<(String, String, Option<f64>)> {
        Some(("bad_words".into(), word.into(), Some(count as f64)))
    }

    #[test]
    fn each_language_has_its_list() {
        let (_dir, lists) = files();
        assert_eq!(dropped(&lists, "en", "Well, DARN it, darn."), found("darn", 2));
        assert_eq!(dropped(&lists, "en", "darning 坏话"), None);
        assert_eq!(dropped(&lists, "zh-Hant", "他说坏话了"), found("坏话", 1));
        assert_eq!(dropped(&lists, "fr", "darn"), None);
        assert_eq!(dropped(&format!("{lists}\nmissing = 'drop'"), "fr", "bon").unwrap(), ("no_bad_word_list".into(), "fr".into(), None));
        assert_eq!(dropped(&format!("{lists}\nallow = 'DARN'"), "en", "darn that"), None);
        assert_eq!(dropped(&format!("{lists}\nmax = 2"), "en", "darn darn"), None);
        assert_eq!(dropped(&format!("{lists}\nmax = 2"), "en", "darn darn it darn"), found("darn", 3));
    }

    #[test]
    fn c4_looks_as_c4_does() {
        let (_dir, lists) = files();
        let toml = format!("{lists}\nprofile = 'c4'");
        // Its entry in capitals is never found; a mark is no part of a word there.
        assert_eq!(dropped(&toml, "en", "Darn."), None);
        assert_eq!(dropped(&toml, "en", "a darn it\u{301} b"), found("darn it", 1));
        assert_eq!(dropped(&toml, "zh", "prism"), found("sm", 1));
        assert_eq!(dropped(&format!("{toml}\nallow = ['sm', '性']"), "zh", "prism"), None);
    }

    #[test]
    fn our_own_list_is_for_every_language() {
        assert_eq!(dropped("", "fr", "Un site porno gratuit"), found("porno", 1));
        assert_eq!(dropped("", "zh", "这里有色情网站的链接"), found("色情网站", 1));
        for clean in
            ["", "The assassin classified Essex and Scunthorpe.", "性别平等与性教育", "A pornographer's trial in court.", "Dickens, Hancock and the cockpit"]
        {
            assert_eq!(dropped("", "en", clean), None, "{clean}");
        }
        let list: Vec<&str> = BUILT_IN.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(list.len() >= 40 && list.iter().all(|word| dropped("", "en", word).is_some()));
    }

    #[test]
    fn a_share_may_stay_and_always_the_same() {
        let toml = "keep_share = 0.25";
        let kept = |n: usize| dropped(toml, "en", &format!("porno {n}")).is_none();
        let count = (0..1_000).filter(|n| kept(*n)).count();
        assert!((200..300).contains(&count), "{count}");
        assert!((0..50).all(|n| kept(n) == kept(n)));
    }

    #[test]
    fn contradictions_are_refused() {
        assert_eq!(complaints::<BadWords>("profile = 'c4'\nmissing = 'drop'"), ["profile", "missing"]);
        assert_eq!(complaints::<BadWords>("list = 'no/such'\nlists = { en = 'nor/this' }"), ["list", "lists.en"]);
        assert_eq!(complaints::<BadWords>("list = 'no/such'"), ["list"]);
    }
}
