//! The languages of the crate `whatlang`: script first, then alphabets and ranked trigrams (Cavnar and Trenkle 1994).

use whatlang::Lang;

/// Bytes of letters below which no score is full.
const ENOUGH: usize = 24;

/// The language of a text as a BCP 47 code, and how far it is ahead of the second, 0 to 1. Texts of fewer than 24 bytes of letters get that
/// share of it, because nothing is certain about a word or two.
pub fn identify(text: &str) -> (&'static str, f64) {
    let Some(info) = whatlang::detect(text) else { return ("und", 0.0) };
    let letters: usize = text.chars().filter(|c| c.is_alphabetic()).map(char::len_utf8).take(ENOUGH).sum();
    let confidence = if info.confidence().is_finite() { info.confidence() } else { 0.0 };
    (code(info.lang()), confidence.clamp(0.0, 1.0) * (letters as f64 / ENOUGH as f64).min(1.0))
}

/// Every code that is ever found.
pub fn codes() -> impl Iterator<Item = &'static str> {
    Lang::all().iter().map(|lang| code(*lang)).chain(["und"])
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
    use super::*;

    #[test]
    fn words_are_less_certain_than_sentences() {
        let (lang, score) = identify("Der Fluss entspringt in den Hügeln über der Stadt und wird dort von einer Brücke aus Stein überspannt.");
        assert!(lang == "de" && score > 0.9, "{lang} {score}");
        let (lang, score) = identify("λόγος");
        assert!(lang == "el" && score < 0.5, "{lang} {score}");
        assert_eq!(identify("12:30 -- 5 %"), ("und", 0.0));
        assert!(codes().any(|code| code == "nb"));
    }
}
