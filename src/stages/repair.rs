//! Mend text that encodings and typesetting have broken.
//!
//! UTF-8 that was read as another encoding, once or several times (`cafÃ©`, `РїСЂРёРІРµС‚`, `涓枃`), references left in plain text (`&eacute;`), escape
//! sequences of terminals, ligatures, foreign line ends, control characters, letters of another width, and forms other than NFC. It edits the text and
//! drops nothing; clean text passes untouched. Put it after `extract`, and before what measures or compares texts.
//!
//! ```toml
//! [[stage]]
//! use = "repair"
//! normalization = "nfc"               # or "nfkc", "none"
//! width = "letters"                   # Ａ１ｶ become A1カ; ，！ and the ideographic space stay ("all": they too; "keep": none)
//! straight_quotes = false             # “ ” ’ stay
//! invisible = true                    # soft hyphens and zero-width spaces go
//! ```
//!
//! What is broken is told from what is only unusual by counting: a letter and a sign that does not follow letters, a capital after a small
//! letter, and other pairs that nobody writes count one each; what would become of them, and neighbours broken alike, add to it. From three
//! on a sequence of characters is mended. Text that *speaks* of such sequences (`“Ã©”`) is mended too. What was lost stays lost: it becomes U+FFFD.
//!
//! A text that was changed gets the tag `repaired`, a list of what was mended and how often: `["mojibake:12", "line_breaks:3"]`. The kinds are `mojibake`,
//! `double_byte`, `c1`, `entities`, `escapes`, `ligatures`, `width`, `quotes`, `line_breaks`, `controls`, `invisible` and `normalization` (1 a pass).

use super::prelude::*;
use crate::text::repair::{Normalization, Options, Repairer, Width};

/// What to mend.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repair {
    /// UTF-8 that was read as windows-1250 to 1257, ISO-8859-1 or -2, Mac OS Roman or code page 437. Default true.
    mojibake: bool,
    /// UTF-8 that was read as GBK, Shift_JIS or EUC-KR. Default true.
    double_byte: bool,
    /// Control characters U+0080 to U+009F become what windows-1252 has in their place. Default true.
    c1: bool,
    /// HTML references, in texts without `<`. Default true.
    entities: bool,
    /// Escape sequences of terminals are removed. Default true.
    escapes: bool,
    /// Latin ligatures (ﬁ) and digraphs (ǆ) become letters. Default true.
    ligatures: bool,
    /// Half-width and full-width forms that get their usual width: "letters" (default), "all", "keep".
    width: Width,
    /// Curly quotes become straight. Default false.
    straight_quotes: bool,
    /// CR, CR LF, U+2028 and U+2029 become newlines. Default true.
    line_breaks: bool,
    /// Control characters and byte order marks are removed. Default true.
    controls: bool,
    /// Soft hyphens, zero-width spaces and word joiners are removed. Default false.
    invisible: bool,
    /// Unicode's normalization form: "nfc" (default), "nfkc", "none".
    normalization: Normalization,
}

impl Default for Repair {
    fn default() -> Repair {
        let Options { mojibake, double_byte, c1, entities, escapes, ligatures, width, straight_quotes, line_breaks, controls, invisible, normalization } =
            Options::default();
        Repair { mojibake, double_byte, c1, entities, escapes, ligatures, width, straight_quotes, line_breaks, controls, invisible, normalization }
    }
}

impl Recipe for Repair {
    const NAME: &'static str = "repair";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").gives("repaired")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let Repair { mojibake, double_byte, c1, entities, escapes, ligatures, width, straight_quotes, line_breaks, controls, invisible, normalization } = self;
        let options =
            Options { mojibake, double_byte, c1, entities, escapes, ligatures, width, straight_quotes, line_breaks, controls, invisible, normalization };
        Ok(Built::stage(Mend { repairer: Repairer::new(options), repaired: shop.tag("repaired")? }))
    }
}

struct Mend {
    repairer: Repairer,
    repaired: Tag<Vec<String>>,
}

impl Stage for Mend {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        if let Some((text, counts)) = self.repairer.repair(doc.text()) {
            doc.set_tag(self.repaired, counts.iter().map(|(kind, times)| format!("{kind}:{times}")).collect());
            doc.set_text(text);
        }
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    fn repaired(toml: &str, text: &str) -> (String, u32, Option<Vec<String>>) {
        let stage = made::<Repair>(toml);
        let mut doc = Doc::from_text(text);
        assert_eq!(stage.dropped(&mut doc), None);
        let tag = stage.tags.clone().declare::<Vec<String>>("repaired").unwrap();
        (doc.text().to_owned(), doc.revision(), doc.tag(tag).map(<[String]>::to_vec))
    }

    #[test]
    fn a_broken_text_is_mended_and_says_of_what() {
        let (text, revision, kinds) = repaired("", "cafÃ© &amp; thÃ©\r\n");
        assert_eq!((text.as_str(), revision), ("café & thé\n", 1));
        assert_eq!(kinds.unwrap(), ["mojibake:2", "entities:1", "line_breaks:1"]);
    }

    #[test]
    fn a_whole_text_is_not_touched() {
        assert_eq!(repaired("", "“你好，世界！”　café"), ("“你好，世界！”　café".into(), 0, None));
    }

    #[test]
    fn keys_reach_their_options() {
        assert_eq!(repaired("mojibake = false\nnormalization = \"none\"", "cafÃ© e\u{301}").1, 0);
        assert_eq!(repaired("width = \"all\"\nstraight_quotes = true\ninvisible = true", "“a，”\u{ad}").0, "\"a,\"");
        assert_eq!(complaints::<Repair>("width = \"wide\"").len(), 1);
    }
}
