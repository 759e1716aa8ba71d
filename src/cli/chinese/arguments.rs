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
];
