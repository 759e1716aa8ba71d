//! The words of the page, in each of its languages, from one table.

use serde_json::{Map, Value};

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, simplified.
    Chinese,
}

impl Language {
    /// As `lang` of HTML has it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-Hans",
        }
    }
}

/// Key, English, Chinese.
const TABLE: [(&str, &str, &str); 74] = [
    ("title", "Report of the run", "运行报告"),
    ("kept_of", "documents kept of", "篇文档保留，共读入"),
    ("funnel", "From stage to stage", "逐级流程"),
    ("stage", "Stage", "步骤"),
    ("documents", "Documents", "文档"),
    ("bytes", "Bytes", "字节"),
    ("drops", "Dropped, by reason", "丢弃原因"),
    ("damaged", "damaged", "损坏"),
    ("languages", "Languages", "语言"),
    ("share", "Share", "占比"),
    ("damage", "Visible damage and repeats", "可见损坏与重复"),
    ("fault", "Fault", "问题"),
    ("fields", "Fields and labels", "字段与标签"),
    ("field", "Field", "字段"),
    ("frequent", "Most frequent values", "最常见的值"),
    ("spread", "Lengths and scores", "长度与分数"),
    ("from", "From", "起点"),
    ("count", "Count", "数量"),
    ("median", "median", "中位数"),
    ("tokens", "Tokens", "词元"),
    ("bytes_a_token", "bytes a token", "字节每词元"),
    ("time", "Time by stage, all threads together", "各步骤用时（所有线程合计）"),
    ("seconds", "Seconds", "秒"),
    ("speed", "MB of text a second", "每秒 MB 文本"),
    ("verdict", "The verdict", "评判"),
    ("arm", "Arm", "对照组"),
    ("bpb", "Bits a byte", "每字节比特"),
    ("deviation", "Deviation", "标准差"),
    ("difference", "Difference", "差值"),
    ("interval", "97.5 % interval", "97.5 % 区间"),
    ("ngrams", "N-grams", "n-gram"),
    ("better", "better", "更好"),
    ("worse", "worse", "更差"),
    ("not_resolved", "not resolved", "无法判定"),
    ("browse", "Look at the documents", "查看文档"),
    ("browse_note", "A sample: some of what was kept, and of what was dropped and written down.", "抽样：部分保留的文档，以及部分被丢弃并留样的文档。"),
    ("side", "Side", "去留"),
    ("kept", "kept", "保留"),
    ("dropped", "dropped", "丢弃"),
    ("reason", "Reason", "原因"),
    ("language", "Language", "语言"),
    ("all", "all", "全部"),
    ("search", "Search in texts", "在文本中搜索"),
    ("shown", "shown of", "篇显示，共"),
    ("more", "Show more", "显示更多"),
    ("none", "no document matches", "没有符合条件的文档"),
    ("against", "against", "界限"),
    ("numbers", "Numbers", "数值"),
    ("rules", "What rules measured", "规则的测量值"),
    (
        "rules_note",
        "In the dropped documents that were written down, or in all where the run annotates: bars are documents, the line is the bound of the rule.",
        "取自留样的被丢弃文档；标注模式下取自全部文档。柱形为文档数，竖线为规则的界限。",
    ),
    ("bound", "bound", "界限值"),
    ("near", "Near-duplicates side by side", "近似重复并排对照"),
    (
        "near_note",
        "A sample of the pairs. What only one of the two says is marked; of what they have in common, what stands around it.",
        "抽样。仅一方有的文字已标出；共同部分只显示其前后。",
    ),
    ("alike", "alike", "相似度"),
    ("stays", "stays", "保留"),
    ("goes", "goes", "丢弃"),
    ("sizes", "Sizes of groups of near-duplicates", "近似重复组的大小"),
    ("groups", "Groups", "组数"),
    ("repeats", "Repeated passages", "重复段落"),
    (
        "repeats_note",
        "A sample of the documents that hold some. Struck through is what stands elsewhere too, with the name of a document that holds a copy.",
        "抽样。划线部分在别处也出现，并注明含有副本的文档。",
    ),
    ("copy_in", "also in", "也见于"),
    ("packing", "Tokens and packing", "词元与打包"),
    ("set", "Shards", "分片"),
    ("vocabulary", "Vocabulary", "词表"),
    ("row_tokens", "Tokens a row", "每行词元"),
    ("rows", "Rows", "行数"),
    ("padding", "Padding", "填充"),
    ("cut", "Documents cut", "被切分的文档"),
    ("per_row", "Pieces a row", "每行片段"),
    ("training", "Training", "训练"),
    ("curves", "Held-out loss of each arm by tokens seen", "各对照组的留出损失（按已见词元）"),
    (
        "curves_note",
        "Of a few held-out texts, as the mean of an arm's runs: it shows how training went. The verdict rests on all held-out texts at the end.",
        "取少量留出文本、各次训练的平均：用于查看训练过程。结论以训练结束时的全部留出文本为准。",
    ),
    ("steps", "Steps", "步数"),
    ("loss", "Loss, nats a token", "损失（奈特每词元）"),
];

/// All words of a language by key.
pub fn texts(language: Language) -> Value {
    let word = |(key, english, chinese): &(&str, &str, &str)| {
        let text = match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        ((*key).to_owned(), Value::from(*text))
    };
    Value::Object(TABLE.iter().map(word).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_page_is_in_the_table_and_every_word_of_the_table_on_the_page() {
        let page = concat!(include_str!("page.html"), include_str!("page.js"));
        let words = texts(Language::English);
        let words = words.as_object().unwrap();
        for (_, rest) in page.match_indices("t.").map(|(at, _)| page.split_at(at + 2)) {
            let key: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let before = page[..page.len() - rest.len() - 2].chars().next_back();
            if before.is_some_and(|c| !c.is_alphanumeric() && c != '_' && c != '.') {
                assert!(words.contains_key(&key), "{key}");
            }
        }
        for key in words.keys().filter(|key| !["better", "worse", "not_resolved"].contains(&key.as_str())) {
            assert!(page.contains(&format!("t.{key}")), "{key} is used nowhere");
        }
    }
}
