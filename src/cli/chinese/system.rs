//! What the system and the readers of JSON, of numbers and of arguments say, which no source of ours holds.

pub(super) const MESSAGES: &[(&str, &str)] = &[
    ("No such file or directory (os error {})", "没有这个文件或目录（os error {}）"),
    ("Permission denied (os error {})", "没有权限（os error {}）"),
    ("Not a directory (os error {})", "不是目录（os error {}）"),
    ("Is a directory (os error {})", "是目录（os error {}）"),
    ("File exists (os error {})", "文件已存在（os error {}）"),
    ("No space left on device (os error {})", "磁盘空间不足（os error {}）"),
    ("stream did not contain valid UTF-8", "不是有效的 UTF-8"),
    ("incomplete deflate stream", "压缩数据不完整"),
    ("expected ident at line {} column {}", "第 {} 行第 {} 列不是 JSON"),
    ("expected value at line {} column {}", "第 {} 行第 {} 列应有一个值"),
    ("trailing characters at line {} column {}", "第 {} 行第 {} 列有多余的字符"),
    ("EOF while parsing a value at line {} column {}", "第 {} 行第 {} 列过早结束"),
    ("invalid digit found in string", "这不是整数"),
    ("number too large to fit in target type", "这个数太大"),
    ("invalid float literal", "这不是数"),
    ("unknown variant `{}`, expected one of {}", "没有 `{}`，可以是 {}"),
    ("unknown variant `{}`, expected {}", "没有 `{}`，应为 {}"),
    ("{} is not in {}..{}", "{} 不在 {}..{} 之内"),
    ("invalid UTF-8 was detected in one or more arguments", "有参数不是有效的 UTF-8"),
    ("missing field `{}` at line {} column {}", "缺少字段 `{}`（第 {} 行第 {} 列）"),
];
