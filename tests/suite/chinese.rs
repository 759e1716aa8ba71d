//! The same messages in both languages: mistakes in a pipeline file, results of checks and of the lint, and the help.

use super::support::{Folder, dataprep, said};

fn shown(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), said(output))
}

/// What a command says in English and in Chinese.
fn both(arguments: &[&str]) -> [String; 2] {
    ["en", "zh"].map(|language| shown(&dataprep(&[&["--lang", language], arguments].concat(), &[])))
}

#[test]
fn mistakes_in_a_pipeline_file() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"a\"}\n");
    let toml = "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n[[stage]]\nuse = \"rules\"\nsett = \"gopher\"\n[[sink]]\nuse = \"jsonl\"\n";
    let file = folder.write("p.toml", toml.replace("DIR", &folder.path("").display().to_string())).display().to_string();
    let [english, chinese] = both(&["plan", &file]);
    let place = |line: usize| format!(" --> {file}:{line}:1\n  |\n");
    assert_eq!(
        english,
        format!(
            "error: stage `rules` lacks the key `set`\n {}6 | [[stage]]\n  | ^^^^^^^^^ add `set = ...` below this line\n\n\
             error: stage `rules` has no key `sett`\n {}8 | sett = \"gopher\"\n  | ^^^^ did you mean `set`?\n",
            place(6),
            place(8)
        )
    );
    assert_eq!(
        chinese,
        format!(
            "错误：阶段 `rules` 缺少键 `set`\n {}6 | [[stage]]\n  | ^^^^^^^^^ 在这一行下面加上 `set = ...`\n\n\
             错误：阶段 `rules` 没有键 `sett`\n {}8 | sett = \"gopher\"\n  | ^^^^ 是不是 `set`？\n",
            place(6),
            place(8)
        )
    );
    let [english, chinese] = both(&["run", "none.toml"]);
    assert!(
        english.starts_with("error: cannot read the pipeline file none.toml: ") && english.ends_with("\n  help: give the path of a TOML file\n"),
        "{english}"
    );
    assert!(chinese.starts_with("错误：无法读取流水线文件 none.toml：") && chinese.ends_with("\n  办法：请给出一个 TOML 文件的路径\n"), "{chinese}");
}

#[test]
fn results_of_checks_and_of_the_lint() {
    let folder = Folder::new();
    let texts: String =
        (0..200).map(|at| format!("{{\"text\": \"{}\"}}\n", if at % 2 == 0 { "twice the same".to_owned() } else { format!("text {at}") })).collect();
    let file = folder.write("c.jsonl", texts).display().to_string();
    let [english, chinese] = both(&["check", &file]);
    for (text, parts) in [
        (
            english,
            [
                "failed: texts_not_repeated: repeated/texts is 0.495, above 0.1\n",
                "^^^ whole texts stand more than once: ",
                "c.jsonl: 6 checks pass, 1 fail, 0 cannot be told\n",
            ],
        ),
        (chinese, ["不通过：texts_not_repeated：repeated/texts 为 0.495，高于 0.1\n", "^^^ 有整篇文本重复：", "c.jsonl：6 项通过，1 项不通过，0 项无法判断\n"]),
    ] {
        for part in parts {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
    }
    let row = |answer: &str| format!("{{\"instruction\": \"What stands there?\", \"output\": \"{answer}\"}}\n");
    let file = folder.write("t.jsonl", row("A bridge.") + &row("Nothing.")).display().to_string();
    let [english, chinese] = both(&["lint", &file]);
    assert!(
        english.starts_with(&format!(
            "warning: DP301 conflicting_answers, 1 found\n  {file}:2: the same turns are answered otherwise at {file}:1\n  help: keep the better answer"
        )),
        "{english}"
    );
    assert!(
        chinese.starts_with(&format!("警告：DP301 conflicting_answers，共 1 处\n  {file}:2：同样的问题另有不同的回答，见 {file}:1\n  办法：保留较好的回答")),
        "{chinese}"
    );
    assert!(chinese.contains("t.jsonl：2 行，0 个错误，1 个警告\n没有检查：DP201, DP202, DP203（需要给出 --tokenizer 和 --template）"), "{chinese}");
}

#[test]
fn mistakes_in_the_arguments() {
    for (arguments, wanted) in [
        (
            &["rnu", "p.toml"][..],
            [
                "`dataprep` has no verb `rnu`\n  help: did you mean `run`? `dataprep help` lists all",
                "`dataprep` 没有命令 `rnu`\n  办法：是不是 `run`？`dataprep help` 会列出全部",
            ],
        ),
        (
            &["check", "c.jsonl", "--quik"],
            [
                "`dataprep check` has no option `--quik`\n  help: did you mean `--quick`? `dataprep help check` lists all",
                "`dataprep check` 没有选项 `--quik`\n  办法：是不是 `--quick`？`dataprep help check` 会列出全部",
            ],
        ),
        (
            &["run"],
            [
                "`dataprep run` is missing `<FILE>`\n  help: `dataprep help run` shows how it is called",
                "`dataprep run` 缺少 `<FILE>`\n  办法：`dataprep help run` 会说明用法",
            ],
        ),
        (
            &["check", "c", "--against", "e", "--ngram", "70000"],
            [
                "`70000` is no value of `--ngram <N>`: 70000 is not in 1..=1000\n  help: `dataprep help check` says what it takes",
                "`70000` 不能作为 `--ngram <N>` 的值：70000 不在 1..=1000 之内\n  办法：`dataprep help check` 会说明可以给什么",
            ],
        ),
    ] {
        for (said, (frame, wanted)) in both(arguments).iter().zip(["error: ", "错误："].into_iter().zip(wanted)) {
            assert_eq!(*said, format!("{frame}{wanted}\n"));
        }
    }
}

#[test]
fn the_help_is_chinese_as_a_whole() {
    let [english, chinese] = both(&["run", "--help"]);
    assert!(english.starts_with("Run a pipeline, or go on with one that was stopped\n\nUsage: dataprep run [OPTIONS] <FILE>\n\nArguments:\n"), "{english}");
    let wanted = "运行流水线，或接着做完中断的运行

用法：dataprep run [选项] <FILE>

参数：
  <FILE>
          流水线文件

选项：
      --threads <THREADS>
          工作线程数；输出与它无关

      --quiet
          除错误外什么也不显示

      --set <KEY=VALUE>
          临时改动一个键，如 `--set stage.language.min_score=0.7`

      --lang <LANG>
          report.html 的语言：zh 或 en

          [环境变量：LANG]
          [默认值：en]

      --log-format <LOG_FORMAT>
          以什么形式报告进度

          可选值：
          - text: 在终端上为实时刷新的一行，在别处为普通的行
          - json: 在标准错误上每行一个 JSON 对象

          [默认值：text]

  -h, --help
          显示帮助（用 `-h` 只显示概要）

示例：
  dataprep run pipelines/quickstart.toml
  dataprep run web.toml --threads 8 --set stage.language.min_score=0.7
";
    // clap indents the empty line above a default.
    assert_eq!(chinese.lines().map(str::trim_end).collect::<Vec<_>>(), wanted.lines().collect::<Vec<_>>());

    let [english, chinese] = both(&["help"]);
    assert!(english.contains("\nCommands:\n  run ") && english.contains("\nOptions:\n      --lang <LANG>  "), "{english}");
    for wanted in [
        "从抓取文件到干净的 token 分片，并证明清洗确有成效\n\n用法：dataprep [选项] <命令>\n\n命令：\n",
        "\n  run               运行流水线，或接着做完中断的运行\n",
        "\n  help              显示这段说明，或某个命令的帮助\n\n选项：\n",
        "\n      --lang <LANG>  消息和本帮助的语言：zh 或 en。写在命令之前 [环境变量：LANG] [默认值：en]\n",
        "\n  -h, --help         显示帮助\n  -V, --version      显示版本\n\n从这里开始：dataprep run pipelines/quickstart.toml\n",
    ] {
        assert!(chinese.contains(wanted), "{wanted} is missing from\n{chinese}");
    }
    assert_eq!(both(&["--help"])[1], chinese);

    let [_, verbs] = both(&["help", "shards"]);
    assert!(verbs.contains("\n用法：dataprep shards <命令>\n\n命令：\n  verify  证明分片完好"), "{verbs}");
    let [_, inner] = both(&["shards", "pack", "-h"]);
    assert!(inner.contains("[默认值：best_fit] [可选值：best_fit, concat, one_per_row]\n"), "{inner}");
    // Where a verb is missing the help stands on standard error.
    let bare = dataprep(&["--lang", "zh", "shards"], &[]);
    assert_eq!((bare.status.code(), said(&bare).contains("命令：\n  verify  证明分片完好")), (Some(2), true), "{}", said(&bare));
    // The language of a verb's own option is its own matter.
    let spoken = shown(&dataprep(&["inspect", "none", "--lang", "zh"], &[]));
    assert!(spoken.starts_with("error: "), "{spoken}");
}

#[test]
fn manual_pages_and_completions_are_chinese_too() {
    let [english, chinese] = both(&["man"]);
    assert!(english.contains(".SH SYNOPSIS\n") && english.contains("[default: en]\nLanguage of messages"), "{english}");
    for wanted in [
        ".SH 名称\ndataprep \\- 从抓取文件",
        ".SH 概要\n",
        "[默认值：en]\n消息和本帮助的语言",
        ".SH 命令\n.TP\ndataprep\\-run(1)\n运行流水线",
        ".SH 补充\n从这里开始",
    ] {
        assert!(chinese.contains(wanted), "{wanted} is missing from\n{chinese}");
    }
    let folder = Folder::new();
    let pages = folder.path("man");
    assert!(dataprep(&["--lang", "zh", "man", "--out", &pages.display().to_string()], &[]).status.success());
    let page = std::fs::read_to_string(pages.join("dataprep-run.1")).unwrap();
    assert!(page.contains("\\fI可选值：\\fR") && page.contains("text: 在终端上为实时刷新的一行"), "{page}");
    for (shell, wanted) in [("bash", "--log-format"), ("zsh", "工作线程数；输出与它无关"), ("fish", "-d '除错误外什么也不显示'")] {
        let [english, chinese] = both(&["completions", shell]);
        assert!(english.contains("--log-format") || english.contains("-l log-format"), "{english}");
        assert!(chinese.contains(wanted), "{wanted} is missing from\n{chinese}");
    }
}
