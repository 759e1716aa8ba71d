//! What verbs do, for `--help`.

pub(super) const MESSAGES: &[(&str, &str)] = &[
    // What verbs do.
    ("From crawl files to clean token shards, and proof that the cleaning helped", "从抓取文件到干净的 token 分片，并证明清洗确有成效"),
    ("Run a pipeline, or go on with one that was stopped", "运行流水线，或接着做完中断的运行"),
    ("Check a pipeline and print what it would do, without running it", "检查流水线并说明它会做什么，但不运行"),
    ("List the sources, stages and sinks", "列出来源、阶段和输出"),
    ("Tell the story of one document of a run, stage by stage, with numbers", "逐阶段讲述一次运行中某篇文档的经历，附上数值"),
    (
        "Say what another bound would keep and drop, from the annotations of a run and without running it",
        "根据一次运行的标注，说明换一个界限会保留和丢弃什么，无需再次运行",
    ),
    ("Show the groups of near-duplicates that a run has found, the largest first", "显示一次运行找到的近似重复组，从最大的开始"),
    ("Show documents of a run in the terminal: what was kept, or what was dropped, and why", "在终端里显示一次运行的文档：保留了什么、丢弃了什么以及原因"),
    (
        "Say what a corpus looks like: counts, lengths, scripts, languages, fields, repeats and visible damage",
        "描述一个语料：数量、长度、文字、语言、字段、重复和可见损坏",
    ),
    ("Print the main text of one HTML page", "打印一个 HTML 页面的正文"),
    ("Check, describe, pack, mix and export token shards", "检查、描述、打包、混合和导出 token 分片"),
    (
        "Name the documents of a training row: key, URL, file and place, and what was cut out of them",
        "说出一个训练行由哪些文档组成：键、网址、文件和位置，以及从中剪掉了什么",
    ),
    ("Train a fastText classifier of two kinds of texts, for the stage `classify`", "训练区分两类文本的 fastText 分类器，供阶段 `classify` 使用"),
    ("Print what makes a shell complete verbs and options of dataprep", "打印让 shell 补全 dataprep 命令和选项的脚本"),
    ("Print the manual page of dataprep, or write one for every verb", "打印 dataprep 的手册页，或为每个命令写一页"),
    ("Try whether an object store can hold what a run publishes: exit code 1 where it cannot", "试一试对象存储能否存放运行发布的内容：不能则退出码为 1"),
    (
        "Prepare a run and list the tasks that can be done now, one a line; nothing where it is finished. More follow once all are done",
        "准备运行，列出现在可以做的任务，每行一个；已完成则什么也不列。全部做完之后还会有后续任务",
    ),
    (
        "Do one task of a run, whoever else is at it: the first to commit counts. Done again, it does nothing",
        "做一次运行的一个任务，不管还有谁在做：先提交的算数。做过的再做什么也不会发生",
    ),
    (
        "Do tasks of a run until it is finished, together with any number of others on any machines that see its folder",
        "与任意多台看得到运行文件夹的机器上的任意多个进程一起做任务，直到运行完成",
    ),
    (
        "Show how a run is getting on that several processes work on: tasks done, running, slow, silent, failed",
        "显示多个进程共同进行的运行的进度：已完成、进行中、缓慢、无声、失败的任务",
    ),
    ("Remove what dead processes have left in the folder of a run. What is committed stays", "清除已死的进程留在运行文件夹里的东西。已提交的保留"),
    ("Write the scripts that run a pipeline on Slurm: arrays of tasks, chained by `afterok`", "写出在 Slurm 上运行流水线的脚本：任务数组，用 `afterok` 相连"),
    ("Print the manual of a stage, source or sink, or of a rule of `dataprep lint`", "打印阶段、来源或输出的手册，或 `dataprep lint` 一条规则的说明"),
    (
        "Write report.html for a finished run: one page that opens offline. A run writes it at its end; this makes it anew",
        "为完成的运行写 report.html：一个可离线打开的页面。运行结束时会写它；这里重新生成",
    ),
    ("Compare two runs: settings, counts, and which documents changed sides, and why", "比较两次运行：设置、计数，以及哪些文档换了去留、为什么"),
    (
        "Ask a run in SQL: its documents, what was dropped, annotations, near-duplicates, stages, shards",
        "用 SQL 查询一次运行：文档、丢弃的文档、标注、近似重复、阶段、分片",
    ),
    (
        "Check data as code is checked: a run, token shards, or files of documents. Exit code 0 where all checks pass, 1 where one fails, 2 where they cannot be made",
        "像检查代码一样检查数据：一次运行、token 分片或文档文件。全部通过退出码为 0，有不通过为 1，无法检查为 2",
    ),
    (
        "Look for what is wrong in fine-tuning data: conversations and preference pairs, by themselves and beside each other. Exit code 1 where there is an error",
        "检查微调数据的问题：对话和偏好对，逐个检查并互相比较。有错误则退出码为 1",
    ),
    ("Pack HTML files and their URLs into a WARC file, one gzip member a record", "把 HTML 文件及其 URL 打包成 WARC 文件，每条记录一个 gzip 成员"),
    (
        "Take documents out of shards, and prove that they have gone. Exit code 1 where there is none to take out",
        "从分片里取出文档，并证明它们已经不在。没有可取的退出码为 1",
    ),
    (
        "Write lists of hosts or URLs in the form in which the stage `url` looks them up, which loads many times as fast",
        "把主机或 URL 的列表写成阶段 `url` 查找所用的形式，载入快许多倍",
    ),
    (
        "Write one index of evaluation sets for the stage `decontaminate`, built once and used by many runs",
        "为阶段 `decontaminate` 写一个评测集的索引，一次做好，多次运行使用",
    ),
    (
        "Write an index of a corpus, so that later ones can be deduplicated against it (`against` in dedup_exact, dedup_minhash and dedup_substring)",
        "写一个语料的索引，以后的语料可以与它去重（dedup_exact、dedup_minhash 和 dedup_substring 的 `against`）",
    ),
    ("Train the bundled Transformer on a shard set.", "在一套分片上训练自带的 Transformer。"),
    (
        "Train an n-gram language model (modified Kneser-Ney) that the stage `perplexity` and KenLM read",
        "训练 n 元语言模型（修正的 Kneser-Ney），供阶段 `perplexity` 和 KenLM 读取",
    ),
    ("Learn a tokenizer.json from texts: byte-level or character BPE, WordPiece, unigram", "从文本学出 tokenizer.json：字节级或字符级 BPE、WordPiece、unigram"),
    ("Ask a trained language model for the labels of texts, by a few examples in front of each.", "在每篇文本前放上几个样例，问训练好的语言模型它的标注。"),
    ("Learn word vectors from a shard set, and show what stands near what.", "从一套分片学出词向量，并显示谁与谁相近。"),
    (
        "Fit the bounds of a rule set to a clean corpus, language by language, for `thresholds` of the stage `rules`",
        "按语言把规则集的界限拟合到干净的语料上，供阶段 `rules` 的 `thresholds` 使用",
    ),
    (
        "Ask whether the data got better: train the same small model on two corpora or more and compare what it then makes of held-out text",
        "问数据是否变好了：用两个以上的语料训练同样的小模型，比较它们在留出文本上的表现",
    ),
    (
        "Prove that shards are whole: every byte, every id, every length, every row. Exit code 1 where they are not",
        "证明分片完好：每个字节、每个 id、每个长度、每一行。不完好退出码为 1",
    ),
    ("Say what shards hold: documents, tokens, lengths, sources, and how full their rows are", "说明分片里有什么：文档、token、长度、来源，以及各行有多满"),
    (
        "Show a document or a training row: where it comes from, its ids, and its text where the tokenizer is at hand",
        "显示一篇文档或一个训练行：来自哪里、它的 id，有分词器时还有文本",
    ),
    ("Make another list of training rows, without tokenizing again", "另做一份训练行的列表，无需重新分词"),
    ("Mix shards by weight into one set, to exact token quotas", "按权重把分片混合成一套，token 配额精确"),
    ("Write shards as another trainer reads them; where its payload is the same bytes, as links", "把分片写成另一个训练器读取的形式；正文字节相同时只建链接"),
];
