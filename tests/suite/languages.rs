//! The recipes for Chinese and for many languages, on real texts: what they keep, what they drop of what was planted, and whom they treat how.
//!
//! Both sets' bounds were set by looking at these corpora, so what is asserted holds them where they are and is no measure on unseen texts.

use std::collections::BTreeMap;

use dataprep::measures::rules::{Applied, BUILT_IN, ByLanguage};
use dataprep::text::Facts;
use serde_json::Value;

use super::support::{Random, real_data};

fn set(name: &str) -> ByLanguage {
    let toml = BUILT_IN.iter().find(|(known, _)| *known == name).expect("a built-in set").1;
    let mut set = ByLanguage::parse(toml, &mut |_| Err("no lists".into())).expect("a sound set");
    set.split_by(None);
    set
}

/// The rule that drops a text.
fn reason(set: &ByLanguage, lang: &str, text: &str) -> Option<String> {
    match set.of(lang).apply(text, &mut Facts::new(), false, &mut |_| {}) {
        Applied::Drop { reason, .. } => Some(reason),
        _ => None,
    }
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let file = flate2::read::MultiGzDecoder::new(std::fs::File::open(path).expect("a file"));
    serde_json::Deserializer::from_reader(std::io::BufReader::new(file)).into_iter().map(|line| line.expect("JSON")).collect()
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// What stands in a text's place: nothing that anybody wrote.
struct Planter {
    random: Random,
    /// Characters that the corpus has.
    letters: Vec<char>,
}

impl Planter {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.below(of.len())]
    }

    /// Sentences of random characters, about as many as the text has.
    fn gibberish(&mut self, text: &str) -> String {
        let mut left = text.chars().filter(|c| is_han(*c)).count().clamp(100, 1500);
        let mut out = String::new();
        while left > 0 {
            let run = (5 + self.random.below(36)).min(left);
            out.extend((0..run).map(|_| self.letters[self.random.below(self.letters.len())]));
            out.push_str(self.pick(&["，", "。", "！", "；"]));
            left -= run;
        }
        out
    }

    /// The text, the Chinese characters of each line in another order.
    fn shuffled(&mut self, text: &str) -> String {
        let shuffle = |line: &str| {
            let mut letters: Vec<char> = line.chars().filter(|c| is_han(*c)).collect();
            for at in (1..letters.len()).rev() {
                letters.swap(at, self.random.below(at + 1));
            }
            let mut letters = letters.into_iter();
            line.chars().map(|c| if is_han(c) { letters.next().unwrap_or(c) } else { c }).collect::<String>()
        };
        text.lines().map(shuffle).collect::<Vec<_>>().join("\n")
    }

    fn menu(&mut self) -> String {
        const ENTRIES: [&str; 20] = [
            "首页",
            "新闻",
            "联系我们",
            "产品中心",
            "论坛",
            "登录",
            "注册",
            "购物车",
            "网站地图",
            "友情链接",
            "下一页",
            "返回顶部",
            "在线客服",
            "视频",
            "体育",
            "财经",
            "科技",
            "房产",
            "English",
            "关于我们",
        ];
        let entries = 30 + self.random.below(90);
        (0..entries).map(|_| format!("{}{}", self.pick(&ENTRIES), self.pick(&["\n", "\n", " >\n", " | "]))).collect()
    }

    fn keywords(&mut self) -> String {
        const THINGS: [&str; 16] =
            ["手机", "电脑", "招聘", "二手车", "租房", "美食", "旅游", "减肥", "化妆品", "彩票", "贷款", "装修", "健身", "机票", "保险", "整形"];
        const PLACES: [&str; 6] = ["北京", "上海", "广州", "深圳", "成都", "杭州"];
        let between = self.pick(&["，", " ", "、", "。", "\n"]);
        let words = 80 + self.random.below(200);
        let word =
            |planter: &mut Self| format!("{}{}{}", planter.pick(&PLACES), planter.pick(&THINGS), planter.pick(&["网", "公司", "价格", "排名", "哪家好", ""]));
        (0..words).map(|_| word(self)).collect::<Vec<_>>().join(between)
    }
}

#[test]
fn the_chinese_recipe_keeps_prose_and_drops_what_is_planted() {
    let Some(data) = real_data() else { return };
    let texts: Vec<String> = lines(&data.join("text-debian-docs/zh.jsonl.gz")).iter().map(|line| line["text"].as_str().expect("a text").to_owned()).collect();
    let mut letters: Vec<char> = texts.iter().flat_map(|text| text.chars()).filter(|c| is_han(*c)).collect();
    letters.sort_unstable();
    letters.dedup();
    let (set, mut planter) = (set("chinese"), Planter { random: Random(5), letters });
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut judge = |kind, text: &str| {
        let count = counts.entry(kind).or_default();
        *count = (count.0 + 1, count.1 + u32::from(reason(&set, "zh", text).is_some()));
    };
    for text in texts.iter().skip(1).step_by(2) {
        judge("prose", text);
        judge("gibberish", &planter.gibberish(text));
        judge("menu", &planter.menu());
        judge("keywords", &planter.keywords());
        // Many pages are English but for a title; there is little to shuffle in those.
        let (han, all) = (text.chars().filter(|c| is_han(*c)).count(), text.chars().filter(|c| c.is_alphabetic()).count());
        if 10 * han >= all {
            judge("shuffled", &planter.shuffled(text));
        }
    }
    println!("seen and dropped: {counts:?}");
    let share = |kind: &str| f64::from(counts[kind].1) / f64::from(counts[kind].0);
    assert!(share("prose") <= 0.05, "{counts:?}");
    assert!(["gibberish", "shuffled", "menu", "keywords"].iter().all(|kind| counts[kind].0 > 500 && share(kind) >= 0.95), "{counts:?}");
}

#[test]
fn the_multilingual_recipe_treats_languages_alike() {
    let Some(data) = real_data() else { return };
    let set = set("multilingual");
    let mut seen: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for version in lines(&data.join("langid-udhr/udhr.jsonl.gz")) {
        let tag = version["bcp47"].as_str().expect("a tag");
        let primary = tag.split('-').next().unwrap_or_default();
        // Vietnamese in Chinese characters, as it was written a hundred years ago, is none of the recipe's, nor is Kurdish in Latin letters under Sorani's tag.
        if !set.knows(primary) || matches!(tag, "vi-Hani" | "ckb-Latn") {
            continue;
        }
        let mut paragraphs: Vec<&str> = Vec::new();
        for paragraph in version["paragraphs"].as_array().expect("a list").iter().filter_map(Value::as_str) {
            // The data's own: a paragraph may stand there twice.
            if !paragraphs.contains(&paragraph) {
                paragraphs.push(paragraph);
            }
        }
        let mut text = String::new();
        for paragraph in paragraphs {
            text.push_str(paragraph);
            text.push('\n');
            if text.len() >= 2500 {
                seen.entry(primary.to_owned()).or_default().push(reason(&set, tag, &std::mem::take(&mut text)));
            }
        }
    }
    let rate = |reasons: &[Option<String>]| reasons.iter().flatten().count() as f64 / reasons.len() as f64;
    let mut rates: Vec<f64> = seen.values().map(|reasons| rate(reasons)).collect();
    rates.sort_by(f64::total_cmp);
    let median = rates[rates.len() / 2];
    println!("{} languages, median {median}, highest {:?}", rates.len(), rates.last());
    let unequal: Vec<_> = seen.iter().filter(|(_, reasons)| rate(reasons) > median + 0.05).collect();
    assert!(rates.len() > 50 && unequal.is_empty(), "{unequal:?}");
}
