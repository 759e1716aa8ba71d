//! Find the language of each text and drop what is not wanted or not certain.
//!
//! Writes the tags `lang`, a BCP 47 tag (`en`, `nb`, `zh-Hans`; `und` for a text without letters), and `lang_score`, 0 to 1. With neither
//! `keep`, `drop` nor `min_score` it only writes the tags.
//!
//! ```toml
//! [[stage]]
//! use = "language"
//! keep = ["en", "zh"]                 # `zh` matches `zh-Hans` and `zh-Hant`
//! min_score = 0.65
//! ```
//!
//! The method is that of the crate `whatlang` 0.18: script first, then alphabets and ranked trigrams (Cavnar and Trenkle 1994), 70
//! languages. A text longer than `sample` is judged by three equal pieces of it: beginning, middle and end. The score is whatlang's
//! confidence, which says how far the best language is ahead of the second and is no probability; texts of fewer than 24 bytes of letters
//! get that share of it, because nothing is certain about a word or two. Chinese is told apart by characters that only one of the two
//! ways of writing has; a text without any of them counts as simplified.

use whatlang::Lang;

use super::prelude::*;

/// Bytes of letters below which no score is full.
const ENOUGH: usize = 24;

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
    /// Bytes of a text that are looked at. Default "3 KiB".
    sample: ByteSize,
}

impl Default for Language {
    fn default() -> Language {
        Language { keep: OneOrMany::default(), drop: OneOrMany::default(), min_score: Share::new(0.0), sample: ByteSize::new(3 << 10) }
    }
}

impl Recipe for Language {
    const NAME: &'static str = "language";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").gives("lang").gives("lang_score").reason("wrong_language").reason("unsure_language")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let known = |tag: &str| Lang::all().iter().any(|lang| matches(tag, code(*lang))) || ["zh-Hans", "zh-Hant", "und"].contains(&tag);
        let mut complaints = Vec::new();
        for (key, list) in [("keep", &self.keep), ("drop", &self.drop)] {
            for odd in list.0.iter().filter(|tag| !known(tag)) {
                let known: Vec<_> = Lang::all().iter().map(|lang| code(*lang)).collect();
                let help = match Lang::from_code(odd.to_lowercase()) {
                    Some(lang) => format!("write `{}`", code(lang)),
                    None => format!("one of: {}, zh-Hans, zh-Hant, und", known.join(", ")),
                };
                complaints.push(Complaint::new(key, format!("`{odd}` is no language that is ever found"), help));
            }
        }
        if self.sample.get() < 100 {
            complaints.push(Complaint::new("sample", "too little of a text would be looked at", "wanted 100 bytes or more"));
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Built::stage(Identify {
            keep: self.keep.0,
            drop: self.drop.0,
            min_score: self.min_score.get(),
            sample: self.sample.as_usize(),
            scripts: Scripts::default(),
            lang: shop.tag("lang")?,
            score: shop.tag("lang_score")?,
            wrong: shop.reason("wrong_language"),
            unsure: shop.reason("unsure_language"),
        }))
    }
}

struct Identify {
    keep: Vec<String>,
    drop: Vec<String>,
    min_score: f64,
    sample: usize,
    scripts: Scripts,
    lang: Tag<String>,
    score: Tag<f64>,
    wrong: Reason,
    unsure: Reason,
}

impl Stage for Identify {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let (lang, score) = self.identify(sample(doc.text(), self.sample, scratch.buffer()));
        doc.set_tag(self.lang, lang.to_owned());
        doc.set_tag(self.score, score);
        let listed = |list: &[String]| list.iter().any(|tag| matches(tag, lang));
        let wanted = (self.keep.is_empty() || listed(&self.keep)) && !listed(&self.drop);
        let sure = score >= self.min_score;
        for (reason, keep, threshold) in [("wrong_language", wanted, None), ("unsure_language", sure, Some(self.min_score))] {
            if scratch.audits() {
                let (rule, fault) = (reason.to_owned(), (!keep).then(|| reason.to_owned()));
                scratch.report(Finding { stage: String::new(), rule, keep, reason: fault, value: Some(score), threshold, alias: None });
            }
        }
        Ok(if !wanted {
            Verdict::Drop(Drop { value: Some(score), ..Drop::plain(self.wrong).detail(lang) })
        } else if !sure {
            Verdict::Drop(Drop::measured(self.unsure, score, self.min_score).detail(lang))
        } else {
            Verdict::Keep
        })
    }
}

impl Identify {
    fn identify(&self, text: &str) -> (&'static str, f64) {
        let Some(info) = whatlang::detect(text) else { return ("und", 0.0) };
        let lang = if info.lang() == Lang::Cmn { self.scripts.tag(text) } else { code(info.lang()) };
        let letters: usize = text.chars().filter(|c| c.is_alphabetic()).map(char::len_utf8).take(ENOUGH).sum();
        let confidence = if info.confidence().is_finite() { info.confidence() } else { 0.0 };
        (lang, confidence.clamp(0.0, 1.0) * (letters as f64 / ENOUGH as f64).min(1.0))
    }
}

/// True where `tag` names `lang` or a wider language of it.
fn matches(tag: &str, lang: &str) -> bool {
    lang.strip_prefix(tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The text itself, or three pieces of it where it is longer than `limit` bytes, cut between characters.
fn sample<'a>(text: &'a str, limit: usize, buffer: &'a mut String) -> &'a str {
    if text.len() <= limit {
        return text;
    }
    buffer.clear();
    let piece = limit / 3;
    for start in [0, (text.len() - piece) / 2, text.len() - piece] {
        buffer.push_str(&text[text.ceil_char_boundary(start)..text.floor_char_boundary(start + piece)]);
        buffer.push(' ');
    }
    buffer
}

/// Characters that only one way of writing Chinese has, sorted.
struct Scripts {
    simplified: Vec<char>,
    traditional: Vec<char>,
}

const SIMPLIFIED: &str = "国会来时说对为这个们学发经过还进动长开关问无现实业电种样东头车门见话书马机让给义边达运远连认许论设证评识诉词试该语误请读课谁调谈谢专节单卖卫厂历县参双变号听团围园图圆圣场坏块报夺妇妈孙宝审宽导将层岁岛币师带帮广庄庆库应张归总恋恶惊惯愿战执扩扫扬护担择挥损敌数断条杂权构标树桥检楼欢残汉泪测济满灭灯灵点热爱独环产严丰临举乐习乡买亚亲亿仅从仓价众优传伤体儿党兰兴养军农决况净减几凤凯击刘则创别办务劳势华协卢";
const TRADITIONAL: &str = "國會來時說對為這個們學發經過還進動長開關問無現實業電種樣東頭車門見話書馬機讓給義邊達運遠連認許論設證評識訴詞試該語誤請讀課誰調談謝專節單賣衛廠歷縣參雙變號聽團圍園圖圓聖場壞塊報奪婦媽孫寶審寬導將層歲島幣師帶幫廣莊慶庫應張歸總戀惡驚慣願戰執擴掃揚護擔擇揮損敵數斷條雜權構標樹橋檢樓歡殘漢淚測濟滿滅燈靈點熱愛獨環產嚴豐臨舉樂習鄉買亞親億僅從倉價眾優傳傷體兒黨蘭興養軍農決況淨減幾鳳凱擊劉則創別辦務勞勢華協盧";

impl Default for Scripts {
    fn default() -> Scripts {
        let only = |one: &str, other: &str| {
            let mut chars: Vec<char> = one.chars().filter(|c| !other.contains(*c)).collect();
            chars.sort_unstable();
            chars
        };
        Scripts { simplified: only(SIMPLIFIED, TRADITIONAL), traditional: only(TRADITIONAL, SIMPLIFIED) }
    }
}

impl Scripts {
    fn tag(&self, text: &str) -> &'static str {
        let count = |list: &[char]| text.chars().filter(|c| list.binary_search(c).is_ok()).count();
        if count(&self.traditional) > count(&self.simplified) { "zh-Hant" } else { "zh-Hans" }
    }
}

/// The BCP 47 code of a language.
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
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

    fn lang(stage: &Made, text: &str) -> (String, f64) {
        let mut doc = Doc::from_text(text);
        stage.dropped(&mut doc);
        let mut tags = stage.tags.clone();
        let (lang, score) = (tags.declare::<String>("lang").unwrap(), tags.declare::<f64>("lang_score").unwrap());
        (doc.tag(lang).unwrap().to_owned(), doc.tag(score).unwrap())
    }

    #[test]
    fn languages_and_scripts_are_told_apart() {
        let stage = made::<Language>("");
        assert_eq!(lang(&stage, ENGLISH), ("en".into(), 1.0));
        assert_eq!(lang(&stage, GERMAN).0, "de");
        assert_eq!(lang(&stage, SIMPLE), ("zh-Hans".into(), 1.0));
        assert_eq!(lang(&stage, FULL), ("zh-Hant".into(), 1.0));
        assert_eq!(lang(&stage, "12:30 -- 5 %"), ("und".into(), 0.0));
        let (greek, score) = lang(&stage, "λόγος");
        assert_eq!(greek, "el");
        assert!(score < 0.5, "{score}");
    }

    #[test]
    fn wanted_languages_stay_and_the_rest_say_what_they_are() {
        let stage = made::<Language>("keep = [\"en\", \"zh\"]\nmin_score = 0.65");
        for text in [ENGLISH, SIMPLE, FULL] {
            assert_eq!(stage.dropped(&mut Doc::from_text(text)), None);
        }
        let (reason, drop) = stage.dropped(&mut Doc::from_text(GERMAN)).unwrap();
        assert_eq!((reason.as_str(), drop.detail.as_deref()), ("wrong_language", Some("de")));
        assert!(drop.value.is_some());
        let (reason, drop) = stage.dropped(&mut Doc::from_text("the end")).unwrap_or_else(|| panic!("kept"));
        assert!(reason == "unsure_language" && drop.threshold == Some(0.65) || reason == "wrong_language");
        let hans = made::<Language>("keep = \"zh-Hans\"");
        assert_eq!(hans.dropped(&mut Doc::from_text(FULL)).unwrap().1.detail.as_deref(), Some("zh-Hant"));
        let rest = made::<Language>("drop = [\"de\"]");
        assert_eq!([ENGLISH, GERMAN].map(|text| rest.dropped(&mut Doc::from_text(text)).is_some()), [false, true]);
    }

    #[test]
    fn audits_report_both_rules_and_leave_the_tag() {
        let stage = made::<Language>("keep = \"en\"\nmin_score = 0.5");
        let findings = stage.findings(&mut Doc::from_text(GERMAN));
        let said: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.keep)).collect();
        assert_eq!(said, [("wrong_language", false), ("unsure_language", true)]);
        assert_eq!(lang(&stage, GERMAN).0, "de");
    }

    #[test]
    fn long_texts_are_sampled_between_characters() {
        let long = format!("{}{}", GERMAN.repeat(2), "河".repeat(20_001));
        let mut buffer = String::new();
        let found = sample(&long, 1_000, &mut buffer).to_owned();
        assert!(found.len() <= 1_003 && found.starts_with("Der Fluss") && found.ends_with("河 "), "{}", found.len());
        assert_eq!(lang(&made::<Language>(""), &long).0, "zh-Hans");
    }

    #[test]
    fn unknown_languages_are_refused_with_the_code_to_write() {
        assert_eq!(complaints::<Language>("keep = [\"eng\", \"en\"]\ndrop = \"klingon\"\nsample = 10"), ["keep", "drop", "sample"]);
        assert_eq!(complaints::<Language>("keep = [\"zh\", \"zh-Hant\", \"und\"]"), [""; 0]);
    }

    #[test]
    fn the_lists_of_characters_do_not_overlap() {
        let scripts = Scripts::default();
        assert_eq!(SIMPLIFIED.chars().count(), TRADITIONAL.chars().count());
        assert!(scripts.simplified.iter().all(|c| !scripts.traditional.contains(c)) && scripts.simplified.len() > 150);
    }
}
