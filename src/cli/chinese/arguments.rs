//! What is wrong with the arguments of the command line.

pub(super) const MESSAGES: &[(&str, &str)] = &[
    ("`{}` has no option `{}`", "`{}` 没有选项 `{}`"),
    ("`{}` has no verb `{}`", "`{}` 没有命令 `{}`"),
    ("`{}` wants a verb", "`{}` 后面要有一个命令"),
    ("`{}` has no place for `{}`", "`{}` 不接受参数 `{}`"),
    ("`{}` is missing {}", "`{}` 缺少 {}"),
    ("`{}` lacks its value", "`{}` 后面要有一个值"),
    ("`{}` takes no value, and got `{}`", "`{}` 不带值，却给出了 `{}`"),
    ("`{}` is no value of `{}`: {}", "`{}` 不能作为 `{}` 的值：{}"),
    ("`{}` stands twice", "`{}` 写了两次"),
    ("`{}` cannot be used with {}", "`{}` 不能与 {} 同时使用"),
    ("did you mean `{}`? `{}` lists all", "是不是 `{}`？`{}` 会列出全部"),
    ("did you mean `{}`? `{}` says what it takes", "是不是 `{}`？`{}` 会说明可以给什么"),
    ("`{}` lists all", "`{}` 会列出全部"),
    ("`{}` shows how it is called", "`{}` 会说明用法"),
    ("`{}` says what it takes", "`{}` 会说明可以给什么"),
    // Why a value is none.
    ("it is an address, and this reads folders of this machine", "这是一个地址，而这里读的是本机的文件夹"),
    (
        "copy it first, as `aws s3 sync {} DIR` does; or `dataprep run` the pipeline whose `run.publish` it is, with an empty `run.output`, which fetches the run",
        "先把它复制下来，例如用 `aws s3 sync {} DIR`；或者对 `run.publish` 写着它的流水线执行 `dataprep run`，让 `run.output` 为空，这样会把运行取回来",
    ),
    ("`{}` is no task: wanted one as `map-0/12`; `dataprep tasks` lists them", "`{}` 不是任务：应形如 `map-0/12`；`dataprep tasks` 会列出它们"),
    (
        "`{}` is no phase of a run: wanted one as `map-0`, `reduce-0-1`, `decide-0-1`, `finish`",
        "`{}` 不是运行的阶段：应形如 `map-0`、`reduce-0-1`、`decide-0-1`、`finish`",
    ),
    ("`{}` is no number of seconds: wanted 1 to 1000000", "`{}` 不是秒数：须为 1 到 1000000"),
    ("wanted ROLE=ID, such as mask=103", "须为 ROLE=ID，例如 mask=103"),
    ("`{}` is not the id of a token", "`{}` 不是 token 的编号"),
    ("there is no form `{}`: one of nfc, nfkc", "没有形式 `{}`：可以是 nfc、nfkc"),
    ("`{}` is no normal form: \"none\" or \"ccnet\"", "`{}` 不是规范形式：可以是 \"none\" 或 \"ccnet\""),
];
