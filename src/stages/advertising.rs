//! Drop texts that are mostly advertising, or words strung together for search engines, in English and Chinese.
//!
//! A small classifier comes with the program. It looks at windows of 500 characters, at most 64 spread over the text, and a score is the mean of its
//! probabilities in them: about the share of the text that is of that kind. Scores are written to the tags `advertising.advertising`
//! and `advertising.seo`.
//!
//! ```toml
//! [[stage]]
//! use = "advertising"
//! advertising = 0.9                    # greatest score of a text that stays; 1 only writes the tag
//! # list = "lists/shops.txt"           # words and phrases of your own beside it
//! # max_listed = 5                     # a text may hold five of them
//! ```
//!
//! - `advertising`: offers, spam, calls to buy, to join or to ring. `seo`: keywords in a row, link farms, the same phrase in every sentence.
//! - What it takes for advertising is above all the spam of mails and messages. Pages of shops and firms that describe what they sell were neither
//!   among what it was to find nor among what it was to leave. Default bounds are those that about one in a thousand texts known to be none passes, and
//!   they let much advertising through; `filters/models/MODEL.md` says how much. In Chinese it learnt from made sentences only: try it on your texts first.
//! - Texts in other languages score low, whatever they say: bring a list, or a model of your own for the stage `classify`.
//!
//! A list is plain text or gzip, one entry a line; case makes no difference, and an entry is not found inside a word but in scripts without spaces.
//! Reasons: `advertising`, `seo`, the first whose bound the text passes, or `listed`.

use super::categories::{self, Wanted};
use super::prelude::*;

/// How much of what may be in a text.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Advertising {
    /// Greatest score of advertising in a text that stays. Default 0.96.
    advertising: Share,
    /// Greatest score of keywords for search engines. Default 0.1.
    seo: Share,
    /// Files of words that a text may hold `max_listed` of.
    list: OneOrMany,
    /// Most entries of the list that a text may hold. Default 0.
    max_listed: usize,
}

impl Default for Advertising {
    fn default() -> Advertising {
        Advertising { advertising: Share::new(0.96), seo: Share::new(0.1), list: OneOrMany::default(), max_listed: 0 }
    }
}

const NAMES: [&str; 2] = ["advertising", "seo"];

impl Recipe for Advertising {
    const NAME: &'static str = "advertising";

    fn spec(&self) -> Spec {
        categories::spec(Self::NAME, &NAMES)
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        Wanted { names: NAMES, most: [self.advertising, self.seo].map(Share::get), list: self.list, max_listed: self.max_listed }.build(Self::NAME, shop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    fn reason(toml: &str, text: &str) -> Option<String> {
        made::<Advertising>(toml).dropped(&mut Doc::from_text(text)).map(|(reason, _)| reason)
    }

    #[test]
    fn both_kinds_are_found_in_both_languages() {
        for (wanted, text) in [
            ("advertising", "Act now! Limited time offer: save 70% on replica watches, order today, free shipping, click here http://buy.example.biz"),
            ("advertising", "厂家直销面膜，限时特价，买一送一，货到付款，诚招代理，加微信咨询，先到先得！"),
            ("seo", "plumber Boston, cheap plumber Boston, best plumber near me, emergency plumber Boston, plumber prices, plumber reviews, plumber online"),
            ("seo", "广州搬家公司,搬家公司价格,广州搬家公司哪家好,搬家公司电话,居民搬家公司,长途搬家公司,广州开锁公司"),
        ] {
            let found = reason("seo = 1", text).or_else(|| reason("advertising = 1", text));
            assert_eq!(found.as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_trade_is_none() {
        for text in [
            "",
            "A discount raises sales in the short run but may harm the brand, as a study of forty shops found; the effect fades after some weeks.",
            "Search engines rank pages by their links, and keyword stuffing has been punished for twenty years, the lecture explains.",
            "The shop was founded in 1921 and sold shoes and coats until the war; its last owner gave the building to the town.",
            "Thank you for your message. I will be in Leeds on Monday and can bring the papers and the invoice to your office.",
            "广告学教材把促销分为广告、公关和人员推销，书中以一家百货公司为例说明三者的区别。",
            "统计局公布，上月物价上涨百分之零点三，居民消费有所回升，专家认为趋势还会持续。",
            "搜索引擎依据链接和内容为网页排序，堆砌关键词的网页会被降权。",
        ] {
            assert_eq!(reason("", text), None, "{text}");
        }
    }

    #[test]
    fn scores_are_tags_and_lists_stand_beside_them() {
        let mut made = made::<Advertising>("advertising = 1");
        let mut doc = Doc::from_text("Act now! Limited time offer: save 70% on replica watches, order today, click here.");
        made.dropped(&mut doc);
        assert!(doc.tag(made.tags.declare::<f64>("advertising.advertising").unwrap()).unwrap() > 0.9);
        assert!(doc.tag(made.tags.declare::<f64>("advertising.seo").unwrap()).is_some());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "zorkmobile\n").unwrap();
        assert_eq!(reason(&format!("list = {:?}", file.path().display().to_string()), "My Zorkmobile").as_deref(), Some("listed"));
        assert_eq!(complaints::<Advertising>("list = 'no/such'"), ["list"]);
    }
}
