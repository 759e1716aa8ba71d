//! What stands below the help of a verb: notes, and remarks behind examples.

pub(super) const MESSAGES: &[(&str, &str)] = &[
    ("Start with: {}", "从这里开始：{}"),
    ("Examples:", "示例："),
    ("Example: {}", "示例：{}"),
    ("Then, in another pipeline: {}", "然后在另一条流水线里写：{}"),
    ("A finished run has a profile of what it wrote: {}", "完成的运行带有对其输出的描述：{}"),
    // Runs.
    (
        "A run with --set run.mode=annotate knows what every rule measured; any other knows the reason of a drop.",
        "用 --set run.mode=annotate 做的运行知道每条规则测得的值；其他运行只知道丢弃的原因。",
    ),
    ("The run must have been made with --set run.mode=annotate.", "运行须是用 --set run.mode=annotate 做的。"),
    (
        "The same stands in artifacts/STAGE/clusters.parquet of the run, and every pair found alike in edges.parquet.",
        "同样的内容在运行的 artifacts/STAGE/clusters.parquet 里，找到的每一对相似文档在 edges.parquet 里。",
    ),
    (
        "Dropped documents are those that the run has written down: `run.dropped` says which share of them.",
        "丢弃的文档指运行写下来的那些：`run.dropped` 是写下来的比例。",
    ),
    ("The same can be looked at, and searched, in report.html of the run.", "同样的内容也可以在运行的 report.html 里查看和搜索。"),
    (
        "Documents meet by id, else by URL. One that a run has neither kept nor written down as dropped is `absent` there: `run.dropped = 1.0` writes all of them down.",
        "两边的文档按 id 对应，没有 id 则按 URL。一次运行既没有保留、也没有作为丢弃写下来的文档，在那里为 `absent`：`run.dropped = 1.0` 会全部写下来。",
    ),
    (
        "Without a query the tables and their columns are listed. Only the columns that a query names are read; `text_bytes` is the length of a text.",
        "不给查询语句时列出各表及其列。只读取查询用到的列；`text_bytes` 是文本的长度。",
    ),
    // Data.
    ("the standard checks", "标准检查"),
    ("keep what is known today", "保存今天的测量结果"),
    ("and compare with it tomorrow", "明天再与它比较"),
    ("no evaluation item in it", "里面不得有评测题目"),
    ("A file of checks is a list of tables:", "检查文件是一列表："),
    (
        "`--metrics` lists what is measured; filters/checks/standard.toml holds the standard checks, in the same form.",
        "`--metrics` 列出测量的指标；filters/checks/standard.toml 是标准检查，格式相同。",
    ),
    ("every rule: its code, what it finds, what to do", "每条规则：代码、找出什么、怎么办"),
    (
        "Rows are read as the sources `chat` and `pairs` read them; `dataprep explain chat` and `dataprep explain pairs` show their forms.",
        "各行的读法与来源 `chat` 和 `pairs` 相同；`dataprep explain chat` 和 `dataprep explain pairs` 说明其格式。",
    ),
    (
        "The listing is either tab-separated lines of URL and path, or JSON lines with `id` and `url`, for a folder of `html/ID.html` or `html/ID.html.gz`.",
        "清单可以是以制表符分隔 URL 和路径的行，也可以是带 `id` 和 `url` 的 JSON 行，后者对应一个含 `html/ID.html` 或 `html/ID.html.gz` 的文件夹。",
    ),
    (
        "A list of hosts serves the keys `domains` and `hosts` of the stage `url`, a list of pages its `urls` and `allow_lists`.",
        "主机的列表用于阶段 `url` 的键 `domains` 和 `hosts`，网页的列表用于 `urls` 和 `allow_lists`。",
    ),
    // Shards.
    (
        "Found are files that are missing, cut or changed, ids beyond the vocabulary, lengths and sums that do not add up, rows that reach beyond their documents or leave tokens out, and another tokenizer than the one that made the ids, where it lies in the run or is named.",
        "能发现缺失、截断或改动过的文件，超出词表的 id，对不上的长度和校验和，越出文档或漏掉 token 的行；分词器在运行里或已写明时，还能发现它不是做出这些 id 的那一个。",
    ),
    (
        "Weights are shares of the tokens. A source that is smaller than its quota is gone through again, in another order; the manifest says how often.",
        "权重是所占 token 的比例。小于其配额的来源会换一个次序再过一遍；manifest 里写明过了几遍。",
    ),
    (
        "Samples count from 0 over all epochs, in the order of the library's ShardReader. A step of --world processes with --batch rows each is a stretch of so many samples. `dataprep train` holds back a share and draws in an order of its own: this does not tell its steps.",
        "样本跨所有轮次从 0 数起，按本库 ShardReader 的次序。--world 个进程各取 --batch 行为一步，即这么多个连续的样本。`dataprep train` 会留出一部分，并按自己的次序抽取：这里不能说明它的步。",
    ),
    (
        "Only the parts that hold the documents are written anew, and the lists of the rows that name them. What else a run has left (docs/, dropped/, artifacts/, report.html), and what was exported or mixed before, is not touched.",
        "只重写含有这些文档的分片文件，以及列有它们的打包表。运行留下的其他东西（docs/、dropped/、artifacts/、report.html），和以前导出或混合的分片，都不改动。",
    ),
    // Models.
    (
        "Every line with a word is a sentence, or, with --shards, every document, and bits per byte are said too. Remove duplicates first: repeated text spoils the counts that the discounts are computed from. Words are held in memory, some 100 bytes each; n-grams that it has no room for go to files beside the model that is made, some 200 bytes for each distinct 5-gram. The same model comes of any memory.",
        "每个含有词的行是一句；用 --shards 时每篇文档是一句，并且还给出每字节比特数。请先去重：重复的文本会破坏用来计算折扣的计数。词放在内存里，每个约 100 字节；内存放不下的 n 元组写到模型旁边的文件里，每个不同的 5 元组约 200 字节。内存多少都得到同样的模型。",
    ),
    (
        "Files are JSON lines (.jsonl, .ndjson, .json), Parquet (.parquet) or texts (all else), compressed or not. The labels are `good` and `bad`.",
        "文件为 JSON 行（.jsonl、.ndjson、.json）、Parquet（.parquet）或文本（其余的），可以压缩。标注为 `good` 和 `bad`。",
    ),
    ("A small file: --quantize --bucket 50000 --min-count 2.", "要文件小：--quantize --bucket 50000 --min-count 2。"),
    ("The same texts, options and seed give the same file on any number of threads.", "文本、选项和种子相同，则无论多少线程都得到相同的文件。"),
    (
        "The file is loaded by Hugging Face tokenizers and transformers, and by the stage `tokenize`. The stage `learn_tokenizer` does the same inside a pipeline, and its manual (`dataprep explain learn_tokenizer`) says more of the options.",
        "这个文件可由 Hugging Face 的 tokenizers 和 transformers 以及阶段 `tokenize` 载入。阶段 `learn_tokenizer` 在流水线里做同样的事，其手册（`dataprep explain learn_tokenizer`）对选项说得更多。",
    ),
    (
        "Half of the memory is for counting: what is more goes to disk, beside --out, and is removed in the end.",
        "内存的一半用于计数：超出部分写到 --out 旁边的磁盘上，最后删除。",
    ),
    (
        "Take texts that are wanted as they are, some hundred a language: encyclopaedias, books, checked pages. Each rule alone then loses at most --lost of them.",
        "请给出原样就想要的文本，每种语言几百篇：百科全书、书籍、检查过的网页。这样每条规则单独最多丢弃其中 --lost 的比例。",
    ),
    // The shell.
    (
        "bash, zsh and fish look into the folders of the examples when they start; a new shell knows it.",
        "bash、zsh 和 fish 启动时会查看示例里的文件夹；新开的 shell 就能补全。",
    ),
];
