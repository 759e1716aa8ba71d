//! The languages that the model weighs against each other, by the script they are written in.
//!
//! Codes are BCP 47: two letters where there are two. A language's place in `CODES` is its number in the weights; neighbours are kin, which
//! makes the weights compress better.

use super::script::{SCRIPTS, Script};

/// Codes of the languages that share their script with another.
pub const CODES: [&str; 65] = [
    "zh", "ja", "hi", "mr", "ar", "fa", "ur", "ru", "uk", "be", "bg", "mk", "sr", "bs", "hr", "sl", "kk", "mn", "az", "tr", "sk", "cs", "pl", "lt", "lv", "et",
    "fi", "hu", "en", "de", "nl", "af", "nb", "da", "nn", "sv", "is", "fr", "ca", "es", "pt", "it", "la", "ro", "eo", "eu", "ga", "cy", "sq", "id", "ms", "tl",
    "vi", "mi", "sw", "lg", "sn", "so", "st", "tn", "ts", "xh", "zu", "yo", "ne",
];

/// What is no language: code, numbers, menus, gibberish.
pub const NONE: &str = "zxx";

const CYRILLIC: &[&str] = &["ru", "uk", "be", "bg", "mk", "sr", "bs", "kk", "mn", "az"];

/// Every code that a text is ever given.
pub fn codes() -> impl Iterator<Item = &'static str> {
    let by_script = (0..SCRIPTS).filter_map(|number| Script::from_number(number).only()).filter(|code| !CODES.contains(code));
    CODES.into_iter().filter(|code| *code != "zh").chain(["zh-Hans", "zh-Hant"]).chain(by_script).chain([NONE, "und"])
}

/// Bit `n` set: the language `CODES[n]` is written in `script`.
pub fn candidates(script: Script) -> u128 {
    let written = |code: &str| match script {
        Script::Han => matches!(code, "zh" | "ja"),
        Script::Devanagari => matches!(code, "hi" | "mr" | "ne"),
        Script::Arabic => matches!(code, "ar" | "fa" | "ur"),
        Script::Cyrillic => CYRILLIC.contains(&code),
        Script::Latin => {
            !matches!(code, "zh" | "ja" | "hi" | "mr" | "ne" | "ar" | "fa" | "ur") && (!CYRILLIC.contains(&code) || matches!(code, "sr" | "bs" | "az"))
        }
        _ => false,
    };
    CODES.iter().enumerate().filter(|(_, code)| written(code)).map(|(at, _)| 1 << at).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_script_and_stands_once() {
        let scripts = [Script::Latin, Script::Cyrillic, Script::Arabic, Script::Devanagari, Script::Han];
        let all = scripts.iter().fold(0, |all, script| all | candidates(*script));
        assert_eq!(all, (1 << CODES.len()) - 1);
        let mut sorted = CODES;
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(candidates(Script::Thai), 0);
        assert_eq!(candidates(Script::Han).count_ones(), 2);
    }
}
