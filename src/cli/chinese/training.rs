//! What the options and arguments of verbs that train are, for `--help`: models, tokenizers and the verdict.

pub(super) const MESSAGES: &[(&str, &str)] = &[
    ("Seed", "种子"),
    ("Folder of the shards", "分片的文件夹"),
    // The Transformer.
    (
        "A preset is a published shape at the size that `--layers`, `--heads` and `--width` give; any objective can be learned by any preset, but that `t5` and `transformer`, with an encoder and a decoder, need one of prefix_lm, span_corruption, blank_infilling and seq2seq, and `bidirectional` needs `elmo`.",
        "预设（preset）是已发表的模型结构，大小由 `--layers`、`--heads` 和 `--width` 给出；任何预设都可以学任何目标，但带编码器和解码器的 `t5` 和 `transformer` 只能学 prefix_lm、span_corruption、blank_infilling 和 seq2seq 之一，而 `bidirectional` 需要 `elmo`。",
    ),
    ("the next token (gpt, llama, bloom)", "下一个 token（gpt、llama、bloom）"),
    ("what follows a beginning that is seen both ways (transformer)", "双向可见的开头之后的内容（transformer）"),
    ("the next token, half of the texts with their middle at the end", "下一个 token，其中一半文本把中间部分移到末尾"),
    ("the next token of answers, by the loss mask of shards made with `chat_template`", "回答里的下一个 token，按用 `chat_template` 做出的分片的损失掩码"),
    ("masked tokens, masked anew in each epoch (roberta)", "被掩码的 token，每轮重新掩码（roberta）"),
    ("the same, and whether one part follows the other (bert)", "同上，并判断后一段是否接着前一段（bert）"),
    ("the same, and whether two parts stand in order (albert)", "同上，并判断两段的次序是否正确（albert）"),
    ("spans that are cut out (t5)", "被挖去的片段（t5）"),
    ("the same, one after the other behind the text (glm)", "同上，在文本之后逐个填出（glm）"),
    ("the next token and the one before, by LSTMs for each direction (elmo)", "后一个和前一个 token，两个方向各用 LSTM（elmo）"),
    (
        "a target behind its input, as a translation: shards made of the source `parallel` (t5, transformer)",
        "输入之后的目标，如译文：分片由来源 `parallel` 做出（t5、transformer）",
    ),
    (
        "the label of each text, or of each token: shards made with `label` in stage `tokenize`",
        "每篇文本或每个 token 的标注：分片在阶段 `tokenize` 里用 `label` 做出",
    ),
    ("which of two answers is better: neighbouring documents of one key, the better one first", "两个回答哪个更好：键相同的相邻两篇文档，较好的在前"),
    (
        "that the better of two answers gains on the other, from a model that can answer (--from)",
        "从会回答的模型（--from）出发，让两个回答中较好的一个更占优势",
    ),
    (
        "answers of its own that a reward model likes (--from, --reward-model), to the prompts of such shards",
        "对这种分片里的提示，自己生成奖励模型喜欢的回答（--from、--reward-model）",
    ),
    (
        "With --from training begins with the weights of another training, whose shape it takes, as in `dataprep train labelled/shards --from out/bert --objective classify --out out/classifier`.",
        "用 --from 时，训练从另一次训练的权重开始，结构也取自它，如 `dataprep train labelled/shards --from out/bert --objective classify --out out/classifier`。",
    ),
    (
        "nsp and sop need shards that say where sentences start, --whole-words where words do: `marks = true` in stage `tokenize` and `mask = true` in sink `shards`. Special tokens (mask, cls, sep, eos, ...) are those that the shards name; a role that an objective needs and they lack gets an id behind the vocabulary, unless --special names one of it.",
        "nsp 和 sop 需要标出句首的分片，--whole-words 需要标出词首的：在阶段 `tokenize` 里写 `marks = true`，在输出 `shards` 里写 `mask = true`。特殊 token（mask、cls、sep、eos 等）取分片所写的；目标需要而分片没有的，在词表之后得到一个 id，除非 --special 指定词表里的一个。",
    ),
    (
        "OUT gets metrics.json (held-out loss in nats a target, bits per byte for causal, share of right answers for nsp, sop, reward and labels, F1 of labels, margin of dpo, reward of ppo) and checkpoint.bin, from which the same command goes on.",
        "OUT 里会有 metrics.json（留出文本上每个目标的损失，以 nat 计；causal 的每字节比特数；nsp、sop、reward 和标注的正确率；标注的 F1；dpo 的差距；ppo 的奖励）和 checkpoint.bin，同一条命令由此接着训练。",
    ),
    (
        "Model family: gpt, llama, bert, roberta, albert, t5, glm, bloom, elmo or transformer",
        "模型系列：gpt、llama、bert、roberta、albert、t5、glm、bloom、elmo 或 transformer",
    ),
    (
        "What is learned; what the preset was published with, or the model of --from was trained for, where it is left out",
        "学习的目标；不写则用这个预设发表时的目标，或 --from 的模型训练时的目标",
    ),
    ("A checkpoint, or the folder of a training, whose model training begins with", "检查点，或一次训练的文件夹：从它的模型开始训练"),
    ("The checkpoint, or folder, of the reward model for ppo", "ppo 所用奖励模型的检查点或文件夹"),
    ("Mask whole words", "整词掩码"),
    ("Mask, cut or pair a row in the same way in every epoch", "每一轮都以同样的方式给一行加掩码、切分或配对"),
    ("A special token, such as mask=103; may be given several times", "一个特殊 token，如 mask=103；可以写多次"),
    ("Where checkpoints and metrics.json go", "检查点和 metrics.json 写到哪里"),
    ("Steps", "步数"),
    ("Rows of a step", "每步的行数"),
    (
        "Tokens of a row; those of --from, or the first pack list of the shards, where it is left out",
        "每行的 token 数；不写则同 --from 的，或同分片的第一个打包表",
    ),
    ("Layers, of encoder and decoder each", "层数，编码器和解码器各这么多"),
    ("Attention heads", "注意力头数"),
    ("Width", "宽度"),
    ("Highest learning rate", "最高学习率"),
    // Classifiers.
    ("Files, folders or globs of texts that the model is to score high", "模型应打高分的文本：文件、文件夹或通配符"),
    ("Files, folders or globs of texts that it is to score low", "模型应打低分的文本：文件、文件夹或通配符"),
    ("Where the model goes, as model.bin or, with --quantize, model.ftz", "模型写到哪里，如 model.bin，用 --quantize 时如 model.ftz"),
    ("Write a quantised model, as fastText's .ftz: a byte for two numbers", "写成量化的模型，同 fastText 的 .ftz：两个数占一个字节"),
    ("Column of the text in JSON lines and Parquet", "JSON 行和 Parquet 中文本所在的列"),
    ("What is done with a text first; the stage must do the same: plain, dclm or datatrove", "文本先怎样处理；阶段里须用同样的：plain、dclm 或 datatrove"),
    (
        "Share of the documents, chosen by their keys, that is kept back to measure the model on; 0 trains on all",
        "留出多大比例的文档（按键选取）来衡量模型；0 则全部用于训练",
    ),
    ("Numbers in the vector of a feature", "一个特征的向量维数"),
    ("Passes over the documents", "把文档过几遍"),
    ("Learning rate at the start", "开始时的学习率"),
    ("Longest run of words that is a feature", "作为特征的最长词串的词数"),
    ("Shortest run of characters that is a feature", "作为特征的最短字符串的字符数"),
    ("Longest run of characters that is a feature; 0 for none", "作为特征的最长字符串的字符数；0 为不用"),
    ("Rows that hashed n-grams share", "散列的 n 元组共用的行数"),
    ("A rarer word has no row of its own", "出现次数比这少的词没有自己的行"),
    ("Give both kinds the same weight, however many documents they have", "两类权重相同，不管各有多少文档"),
    // N-gram models.
    (
        "Folder of a shard set, in the place of texts: its tokens are the words, spelt as numbers, and each document is a sentence",
        "一套分片的文件夹，代替文本：其中的 token 就是词，写作数，每篇文档是一句",
    ),
    ("Words of the longest n-grams, 1 to 6", "最长的 n 元组的词数，1 到 6"),
    (
        "Where the model goes: *.arpa is ARPA text, *.bin KenLM's probing form, which is loaded at once",
        "模型写到哪里：*.arpa 为 ARPA 文本，*.bin 为 KenLM 的探测表形式，载入即用",
    ),
    ("The form the text is put into: ccnet or none", "文本先变成什么形式：ccnet 或 none"),
    (
        "What a word is: whitespace, characters, or the path of a tokenizer.json or a unigram model of SentencePiece",
        "什么是一个词：whitespace、characters，或 tokenizer.json 或 SentencePiece unigram 模型的路径",
    ),
    (
        "Leave out n-grams that occur so often or less: a number each for 2, 3, ... words, as 0,1,1; the last holds for all longer ones",
        "去掉出现次数不超过这个数的 n 元组：为 2、3 等词各写一个数，如 0,1,1；最后一个也用于所有更长的",
    ),
    ("Memory that counting and estimating may take; words may take half of it", "计数和估计可用的内存；词最多占其中一半"),
    (
        "Take fixed discounts (0.5, 1, 1.5) for orders where the text gives none, as small or generated text does",
        "文本算不出某一阶的折扣时，用固定的折扣（0.5、1、1.5），文本太少或是生成的就会这样",
    ),
    ("Share of the text that is not trained on, to measure perplexity with", "留出多大比例的文本不用于训练，用来衡量困惑度"),
    ("Seed of the choice of what is held out", "选取留出部分的种子"),
    // Tokenizers.
    ("Where the tokenizer goes", "分词器写到哪里"),
    ("bpe, wordpiece or unigram", "bpe、wordpiece 或 unigram"),
    (
        "gpt2, cl100k, llama3, qwen2, o200k, metaspace or bert [default: gpt2 for bpe, bert for wordpiece, metaspace for unigram]",
        "gpt2、cl100k、llama3、qwen2、o200k、metaspace 或 bert [默认值：bpe 用 gpt2，wordpiece 用 bert，unigram 用 metaspace]",
    ),
    ("Number of ids", "id 的个数"),
    ("Unicode normalization: nfc or nfkc", "Unicode 规范化：nfc 或 nfkc"),
    (
        "Lower case; without accents for wordpiece, which has it unless --lowercase=false",
        "转成小写；wordpiece 还去掉重音符号，并且默认就这样做，除非 --lowercase=false",
    ),
    (
        "Special tokens, which take the first ids, or TOKEN=ID [default: those usual for the model]",
        "特殊 token，占用最前面的 id，或写 TOKEN=ID [默认值：该模型通常的那些]",
    ),
    ("How often a pair must stand in the texts to become a piece", "一对片段在文本里至少出现多少次才合并"),
    ("Characters that are in the alphabet even if no text has them", "即使没有文本用到也在字母表里的字符"),
    ("Characters in the alphabet at most", "字母表最多的字符数"),
    (
        "Characters of the longest piece, bytes for byte-level splits [default: 16 for unigram, else no limit]",
        "最长片段的字符数，字节级切分为字节数 [默认值：unigram 为 16，其余不限]",
    ),
    ("Memory for counting and learning", "计数和学习用的内存"),
    (
        "Where a report of tokens a word, bytes a token and unused entries goes, as JSON",
        "用量报告（每词的 token 数、每个 token 的字节数、没有用到的词表项）写到哪里，JSON 格式",
    ),
    // What is asked of models.
    (
        "No weight changes: a text stands behind the examples, each with its label a line below, and the label that the model finds likeliest to come next is its answer. Compare it with the share of the most frequent label, and with `dataprep train --from CHECKPOINT --objective classify`.",
        "权重不变：文本放在样例之后，每个样例的标注写在下一行，模型认为接下来最可能的标注就是它的回答。可与最常见标注所占的比例比较，也可与 `dataprep train --from CHECKPOINT --objective classify` 比较。",
    ),
    (
        "A checkpoint of a model that goes on with texts (gpt, llama, bloom), or the folder of its training",
        "会续写文本的模型（gpt、llama、bloom）的检查点，或其训练的文件夹",
    ),
    ("The tokenizer.json that its shards were made with", "制作其分片所用的 tokenizer.json"),
    ("Texts with labels that stand in front: files, folders or globs", "放在前面的带标注的文本：文件、文件夹或通配符"),
    ("Texts with labels that are asked for", "带标注的文本，要问的就是其标注"),
    ("Column of the label", "标注所在的列"),
    ("Examples of each label, the first of the files", "每种标注的样例数，取文件里最前面的"),
    (
        "Skip-gram with negative sampling over the tokens of the shards, in a minute or so: a quick look at what a corpus teaches. With the tokenizer that made the shards tokens are shown by their texts, as in `--near bridge`; without it by their ids. OUT is in the text form of word2vec.",
        "在分片的 token 上做带负采样的 skip-gram，一分钟左右：快速看看一个语料教了什么。给出制作分片的分词器时，token 以其文本显示，如 `--near bridge`；不给则以 id 显示。OUT 为 word2vec 的文本格式。",
    ),
    ("Where the vectors go; they are only looked at where it is left out", "向量写到哪里；不写则只显示"),
    ("The tokenizer.json that the shards were made with", "制作分片所用的 tokenizer.json"),
    (
        "Tokens whose neighbours are shown: texts as they stand in the tokenizer, or ids; the ten most frequent where it is left out",
        "显示哪些 token 的近邻：分词器里的文本，或 id；不写则为最常见的十个",
    ),
    ("Numbers of a vector", "向量的维数"),
    ("The farthest that a neighbour may stand", "邻词最远的距离"),
    ("Passes over the shards", "把分片过几遍"),
    // Bounds of rules.
    ("The rule set, by name", "规则集的名字"),
    ("The language of all texts, as a BCP 47 tag; found text by text where it is not said", "全部文本的语言，写成 BCP 47 标签；不写则逐篇识别"),
    ("Share of the texts of a language that a rule may lose", "一条规则最多可以丢弃一种语言多大比例的文本"),
    ("Fewest texts that a language must have", "一种语言至少要有的文本数"),
    ("The file to write, as thresholds.toml", "要写的文件，如 thresholds.toml"),
    // The verdict.
    (
        "Ask whether the data got better: train the same small model on two corpora or more and compare what it then makes of held-out text.",
        "问数据是否变好了：用两个以上的语料训练同样的小模型，比较它们在留出文本上的表现。",
    ),
    (
        "All arms have one tokenizer, one token budget, one set of held-out documents and several trainings each. They are scored in bits per byte of held-out text (the mean of its domains) and by minimal pairs made from it; n-gram models of more of each arm's tokens are scored beside them. A difference is called `better` or `worse` only where the interval of either says so, in both together right 95 times of 100; else it is `not_resolved`, and the table says how small a difference could have been seen. Exit code 0 whatever the verdict, unless `[expect] verdict = \"better\"` asks for one.",
        "各个对照组（arm）的分词器、token 预算和留出文档都相同，并且各训练多次。得分为留出文本的每字节比特数（各领域的平均），以及由留出文本做成的最小对立对；旁边还有 n-gram 模型的得分，它们读的是各对照组更多的 token。只有两者之一的区间支持时（两者合计，100 次中 95 次不会判错），差别才判为 `better` 或 `worse`；否则为 `not_resolved`，表里会说明多小的差别本来能够看出。无论结论如何退出码都为 0，除非 `[expect] verdict = \"better\"` 要求一个结论。",
    ),
    (
        "The arms of a pipeline, in `[validate] arms`: `extracted` (nothing dropped), `full` (the whole pipeline), `without:STAGE` (all but one stage), `sample:STAGE` (of that, an equal number of tokens at random), `removed:STAGE` (what the stage takes out), or `\"each_stage\"`.",
        "流水线的对照组写在 `[validate] arms` 里：`extracted`（什么也不丢弃）、`full`（整条流水线）、`without:STAGE`（去掉一个阶段）、`sample:STAGE`（在其基础上随机取同样多的 token）、`removed:STAGE`（这个阶段去掉的内容），或 `\"each_stage\"`。",
    ),
    (
        "Writes `validate.json`, the same on every machine, and `timing.json`, forecast and truth. A verdict that was stopped goes on where it was.",
        "写出在每台机器上都相同的 `validate.json`，以及 `timing.json`（预计的和实际的时间）。中断的评判会从中断处接着做。",
    ),
    ("A pipeline file: its arms are compared as its `[validate]` says", "流水线文件：按其 `[validate]` 比较各对照组"),
    (
        "A corpus to compare, as NAME=FILE (.jsonl, .parquet, .csv, .warc or text); give it twice or more. The verdict is that of the last against the first",
        "要比较的语料，写成 NAME=FILE（.jsonl、.parquet、.csv、.warc 或文本）；至少写两次。结论是最后一个与第一个相比",
    ),
    (
        "Held-out documents, for corpora given as files; several, as NAME=FILE, are domains that count alike",
        "留出文档，用于以文件给出的语料；写成 NAME=FILE 的多个文件是权重相同的各领域",
    ),
    (
        "What parts held-out documents into domains: `lang`, or `column:NAME` for a key of theirs",
        "按什么把留出文档分成领域：`lang`，或用 `column:NAME` 按文档的一个键",
    ),
    ("Where results go, for corpora given as files", "结果写到哪里，用于以文件给出的语料"),
    (
        "Time for all trainings, as 2m or 90s: sets the tokens of each by a rough speed of this program, to no more than the settings say",
        "全部训练的时间，如 2m 或 90s：按本程序的大致速度定出每次训练的 token 数，但不超过设置的数",
    ),
    ("Trainings of each arm", "每个对照组的训练次数"),
    ("Tokens of each training", "每次训练的 token 数"),
    (
        "Override one key of the pipeline file, as validate.arms=each_stage; for corpora given as files a key of `[validate]`, as validate.seq_len=256",
        "临时改动流水线文件的一个键，如 validate.arms=each_stage；用于以文件给出的语料时为 `[validate]` 的一个键，如 validate.seq_len=256",
    ),
];
