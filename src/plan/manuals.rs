//! The manuals in Chinese, one file a recipe under `manuals/zh/`: the header, then a line `键：` and a line a key.

use super::manual::Manual;

macro_rules! manuals {
    ($kind:literal: $($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("manuals/zh/", $kind, "/", $name, ".md")))),*] };
}

pub(super) const SOURCES: &[(&str, &str)] = manuals!("source": "chat", "commoncrawl", "csv", "hub", "jsonl", "pairs", "parallel", "parquet", "text", "warc");

pub(super) const STAGES: &[(&str, &str)] = manuals!(
    "stage": "advertising", "bad_words", "bloom", "chat_template", "classify", "decontaminate", "dedup_exact", "dedup_lines", "dedup_minhash", "dedup_paragraphs",
    "dedup_sentences", "dedup_substring", "extract", "language", "learn_tokenizer", "perplexity", "python", "redact", "repair", "rules", "safety", "sample",
    "tokenize", "url", "url_dedup",
);

pub(super) const SINKS: &[(&str, &str)] = manuals!("sink": "jsonl", "parquet", "shards");

/// The line between the header and the keys.
pub(super) const KEYS: &str = "键：";

impl Manual {
    /// The same in Chinese; a key that the file does not explain keeps its English text.
    pub(super) fn in_chinese(self, file: &str) -> Manual {
        let (header, explained) = file.split_once(&format!("\n{KEYS}\n")).unwrap_or((file, ""));
        let text = |key: &str| explained.lines().find_map(|line| line.strip_prefix("- `")?.strip_prefix(key)?.strip_prefix("`："));
        let keys = self.keys.into_iter().map(|(key, kind, english)| {
            let text = text(&key).map_or(english, str::to_owned);
            (key, kind, text)
        });
        Manual { keys: keys.collect(), header: header.trim().to_owned(), title: KEYS, ..self }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Known, Registry};

    /// What stands between backticks, outside of examples: names, values and paths, which are the same in every language.
    fn spans(text: &str) -> impl Iterator<Item = &str> {
        let prose = text.split("```").enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, prose)| prose);
        prose.flat_map(|prose| prose.split('`').enumerate().filter(|(at, _)| at % 2 == 1).map(|(_, span)| span)).filter(|span| !span.contains(['\n', ' ']))
    }

    fn holds(known: &Known) {
        let (name, english) = (known.name, known.manual());
        let chinese = known
            .chinese_manual()
            .unwrap_or_else(|| panic!("{name} has no Chinese manual: write src/plan/manuals/zh/KIND/{name}.md and name it in manuals.rs"));
        let example = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(chinese.example().map(example), english.example().map(example), "{name}: the example is another");
        assert!(chinese.summary().contains(|c: char| c >= '\u{4E00}'), "{name}: {}", chinese.summary());
        for span in spans(&english.header).filter(|span| !span.starts_with("[text]")) {
            assert!(chinese.header.contains(span), "{name}: the Chinese manual does not speak of `{span}`");
        }
        for ((key, _, english), (_, _, chinese)) in english.keys.iter().zip(&chinese.keys) {
            assert_ne!(english, chinese, "{name}: key `{key}` is not explained in Chinese");
            for span in spans(english).filter(|span| !span.starts_with("[text]")) {
                assert!(chinese.contains(span), "{name}: key `{key}` does not speak of `{span}`");
            }
        }
    }

    #[test]
    fn every_recipe_has_a_chinese_manual_that_says_the_same() {
        let registry = Registry::default();
        for shelf in [&registry.sources, &registry.stages, &registry.sinks] {
            shelf.iter().for_each(holds);
        }
    }

    #[test]
    fn keys_are_listed_under_their_chinese_title() {
        let manual = Registry::default().stages.find("sample").map(|known| known.chinese_manual().unwrap().to_string()).unwrap();
        assert!(manual.contains("\n键：\n  share: Share\n      要保留的文档比例，0 到 1。\n"), "{manual}");
        assert!(!manual.contains("- `share`"), "{manual}");
    }
}
